"""Small checkpoints of BLIPs that write text."""

from pathlib import Path
from typing import Any

from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipForQuestionAnswering,
    BlipProcessor,
)
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from . import parts

SIDE = 32


def save(path: Path, model_class: Any) -> None:
    """A ViT, and BERTs that end a text with [SEP]."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?:'"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate([*words, "bus", "yes", "no", "[DEC]", "[ENC]"])})
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 40,
        "encoder_hidden_size": 40,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": 256,
        "initializer_range": 0.15,
        "label_smoothing": 0.0,
        "pad_token_id": 0,
        "sep_token_id": 3,
        "bos_token_id": len(tokenizer) - 2,
        "eos_token_id": 3,
    }
    config = BlipConfig(
        text_config=text, vision_config=parts.vision(hidden_size=40, image_size=SIDE), initializer_range=0.15
    )
    images = BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    parts.save(path, model_class, config, BlipProcessor(images, tokenizer))


def blip_caption(path: Path) -> None:
    """The decoder writes on behind the prompt."""
    save(path, BlipForConditionalGeneration)


def blip_vqa(path: Path) -> None:
    """An encoder reads the question, the decoder answers."""
    save(path, BlipForQuestionAnswering)


CASES: dict[str, parts.Save] = {"blip_caption": blip_caption, "blip_vqa": blip_vqa}
