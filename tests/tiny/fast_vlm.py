"""A small checkpoint of `hooks.families.fast_vlm`."""

from pathlib import Path

import torch
from transformers import FastVlmConfig, FastVlmForConditionalGeneration, LlavaProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from . import parts

SIDE, CELL = 256, 64


def _seeing(config: FastVlmConfig) -> FastVlmForConditionalGeneration:
    """The model with convolutions that pass on what they read: those of timm's begin close to nothing."""
    model = FastVlmForConditionalGeneration(config)
    for name, parameter in model.model.vision_tower.named_parameters():
        if parameter.ndim == 4 and parameter.shape[1] * parameter.shape[2] > 1:
            torch.nn.init.kaiming_normal_(parameter)
        elif "gamma" in name or "layer_scale" in name:
            torch.nn.init.constant_(parameter, 0.2)
    return model


def fast_vlm(path: Path) -> None:
    """Five stages, each of one block; 4 x 4 cells of a picture."""
    words = parts.tokenizer("<image>")
    seen = {
        "model_type": "timm_wrapper",
        "architecture": "fastvit_mci3",
        "do_pooling": True,
        "global_pool": "avg",
        "hidden_size": 64,
        "initializer_range": 0.1,
        "model_args": {
            "inference_mode": True,
            "layers": [1, 1, 1, 1, 1],
            "embed_dims": [8, 8, 16, 32, 32],
        },
    }
    config = FastVlmConfig(
        vision_config=seen,
        text_config=parts.text(len(words), model_type="qwen2"),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // CELL) ** 2,
    )
    size = {"height": SIDE, "width": SIDE}
    images = CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False)
    processor = LlavaProcessor(
        images, words, patch_size=CELL, vision_feature_select_strategy="full", chat_template=parts.chat("<image>")
    )
    parts.save(path, _seeing, config, processor)


CASES: dict[str, parts.Save] = {"fast_vlm": fast_vlm}
