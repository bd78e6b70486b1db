"""A small checkpoint of `hooks.families.git`."""

from pathlib import Path

from transformers import BertTokenizer, GitConfig, GitForCausalLM, GitProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from . import parts

SIDE = 32


def git(path: Path) -> None:
    """A tower of 4 x 4 patches, and a BERT that reads from left to right."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?:'\""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = BertTokenizer(
        vocab={word: i for i, word in enumerate([*words, "bus", "yes", "no"])},
        model_input_names=["input_ids", "attention_mask"],
    )
    config = GitConfig(
        vision_config=parts.vision(image_size=SIDE),
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=512,
        initializer_range=0.2,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    size = {"height": SIDE, "width": SIDE}
    images = CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False)
    parts.save(path, GitForCausalLM, config, GitProcessor(images, tokenizer))


CASES: dict[str, parts.Save] = {"git": git}
