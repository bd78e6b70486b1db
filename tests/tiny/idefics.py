"""Small checkpoints of `hooks.families.idefics`: up to 3x3 tiles of 32x32 pixels and a thumbnail, 2x2 tokens each.

Files are as the hub's. Idefics3 spells out the places of its tiles, SmolVLM has a token for each.
"""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)
from transformers.models.smolvlm.processing_smolvlm import DEFAULT_CHAT_TEMPLATE

from .parts import Save, text, tokenizer, vision

TILE, LONGEST, TOKENS = 32, 96, 4
MARKS = ("<fake_token_around_image>", "<image>", "<end_of_utterance>")
PLACES = ("<global-img>", *(f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)))


def save(path: Path, model_class: Any, config_class: Any, *, name: str, begin: str, marks: tuple, scale: int) -> None:
    """A SigLIP tower whose patches are merged `scale` x `scale` into 2x2 tokens, and a Llama."""
    words = tokenizer(begin, *marks, bos_token=begin, eos_token="<end_of_utterance>")
    ids = {f"{kind}_token_id": getattr(words, f"{kind}_token_id") for kind in ("bos", "eos", "pad")}
    config = config_class(
        vision_config=vision(image_size=TILE, patch_size=TILE // (2 * scale)),
        text_config=text(len(words), model_type="llama", **ids),
        scale_factor=scale,
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(0)
    model_class(config).save_pretrained(path)
    words.save_pretrained(path)
    pictures = {
        "image_processor_type": f"{name}ImageProcessor",
        "processor_class": f"{name}Processor",
        "do_image_splitting": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "size": {"longest_edge": LONGEST},
        "max_image_size": {"longest_edge": TILE},
    }
    (path / "preprocessor_config.json").write_text(json.dumps(pictures))
    made = {"image_seq_len": TOKENS, "processor_class": f"{name}Processor"}
    (path / "processor_config.json").write_text(json.dumps(made))
    template = DEFAULT_CHAT_TEMPLATE.replace("<|im_start|>", begin)
    (path / "chat_template.json").write_text(json.dumps({"chat_template": template}))


def idefics3(path: Path) -> None:
    """Idefics3 on Llama 3: 4x4 patches a tile."""
    save(
        path,
        Idefics3ForConditionalGeneration,
        Idefics3Config,
        name="Idefics3",
        begin="<|begin_of_text|>",
        marks=MARKS,
        scale=2,
    )


def smolvlm2(path: Path) -> None:
    """SmolVLM2: 8x8 patches a tile, and a processor with a part for videos."""
    save(
        path,
        SmolVLMForConditionalGeneration,
        SmolVLMConfig,
        name="SmolVLM",
        begin="<|im_start|>",
        marks=(*MARKS, *PLACES),
        scale=4,
    )


CASES: dict[str, Save] = {"idefics3": idefics3, "smolvlm2": smolvlm2}
