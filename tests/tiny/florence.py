"""A small checkpoint of `hooks.families.florence`."""

import json
from pathlib import Path

from transformers import Florence2Config, Florence2ForConditionalGeneration, Florence2Processor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from . import parts

SIDE = 64
CELLS = 8 * 8


def florence2(path: Path) -> None:
    """Two stages that make one cell of 8 x 8 pixels, before a BART; generation as the hub's files ask for it."""
    words = parts.tokenizer("<image>", extra_special_tokens={"image_token": "<image>"})
    config = Florence2Config(
        vision_config={
            "depths": [1, 2],
            "patch_size": [7, 3],
            "patch_stride": [4, 2],
            "patch_padding": [3, 1],
            "patch_prenorm": [False, True],
            "embed_dim": [16, 32],
            "num_heads": [2, 4],
            "num_groups": [2, 4],
            "window_size": 4,
            "mlp_ratio": 2.0,
            "projection_dim": 64,
            "max_position_embeddings": 16,
            "initializer_range": 0.2,
        },
        text_config={
            "model_type": "bart",
            "vocab_size": len(words) + 8,
            "d_model": 64,
            "encoder_layers": 2,
            "decoder_layers": 3,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 96,
            "decoder_ffn_dim": 96,
            "max_position_embeddings": 512,
            "init_std": 0.15,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 2,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    size = {"height": SIDE, "width": SIDE}
    images = CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False)
    images.image_seq_length = CELLS + 1
    parts.save(path, Florence2ForConditionalGeneration, config, Florence2Processor(images, words))
    generation = {"decoder_start_token_id": 2, "forced_bos_token_id": 1, "forced_eos_token_id": 2, "num_beams": 3}
    generation |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "no_repeat_ngram_size": 3}
    (path / "generation_config.json").write_text(json.dumps(generation))


CASES: dict[str, parts.Save] = {"florence2": florence2}
