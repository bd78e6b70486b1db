"""Small checkpoints of `hooks.families.internvl`: tiles of 32x32 pixels, 4x4 patches, 2x2 tokens."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import InternVLConfig, InternVLForConditionalGeneration

from .parts import Save, chat, text, tokenizer, vision

NAMED = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
PICTURES = {
    "processor_class": "InternVLProcessor",
    "image_processor_type": "GotOcr2ImageProcessorFast",
    "crop_to_patches": False,
    "min_patches": 1,
    "max_patches": 6,
    "size": {"height": 32, "width": 32},
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def save(path: Path, language: dict[str, Any], tower: dict[str, Any]) -> None:
    """A checkpoint with its processor in the hub's files; what transformers starts at zero is random too."""
    words = tokenizer(*NAMED.values(), extra_special_tokens=NAMED)
    config = InternVLConfig(
        vision_config=vision(layer_scale_init_value=1.0, **tower),
        text_config=text(len(words), **language),
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    model = InternVLForConditionalGeneration(config)
    for parameter in (each for each in model.parameters() if not each.any()):
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(path)
    words.chat_template = chat("<IMG_CONTEXT>\n")
    words.save_pretrained(path)
    settings = {"processor_class": "InternVLProcessor", "image_seq_length": 4}
    (path / "processor_config.json").write_text(json.dumps(settings))
    (path / "preprocessor_config.json").write_text(json.dumps(PICTURES))


def internvl3(path: Path) -> None:
    """InternVL3 and small 2.5: the layers of InternViT-300M before Qwen2."""
    save(path, {"model_type": "qwen2"}, {"attention_bias": True})


def internvl2_5(path: Path) -> None:
    """InternVL 2.5 with InternLM2, which transformers runs as Llama, behind the norms of InternViT-6B."""
    save(path, {"model_type": "llama"}, {"norm_type": "rms_norm", "use_qk_norm": True})


CASES: dict[str, Save] = {"internvl3": internvl3, "internvl2_5": internvl2_5}
