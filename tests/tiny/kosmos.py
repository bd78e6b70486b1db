"""A small checkpoint of `hooks.families.kosmos`."""

from pathlib import Path

from transformers import Kosmos2Config, Kosmos2ForConditionalGeneration, Kosmos2Processor, XLMRobertaTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from . import parts

SIDE, QUERIES = 32, 64


def kosmos_2(path: Path) -> None:
    """As many queries as the processor makes places, which it marks in a mask."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?!:'-"
    pieces = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    pieces += [(piece, -3.0) for piece in ("▁", *letters, "▁bus", "▁yes", "▁no")]
    tokenizer = XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    size = {"height": SIDE, "width": SIDE}
    images = CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False)
    processor = Kosmos2Processor(images, tokenizer, num_patch_index_tokens=4)
    config = Kosmos2Config(
        vision_config=parts.vision(image_size=SIDE),
        text_config={
            "vocab_size": len(tokenizer),
            "embed_dim": 48,
            "layers": 3,
            "ffn_dim": 64,
            "attention_heads": 4,
            "max_position_embeddings": 512,
            "init_std": 0.2,
            "dropout": 0.0,
        },
        latent_query_num=QUERIES,
    )
    parts.save(path, Kosmos2ForConditionalGeneration, config, processor)


CASES: dict[str, parts.Save] = {"kosmos-2": kosmos_2}
