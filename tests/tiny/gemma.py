"""Small Gemma 3 and PaliGemma checkpoints: SigLIP, a Gemma, and their tokenizer with its runs of newlines."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, models, normalizers, trainers
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3Processor,
    GemmaTokenizer,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    T5Gemma2Config,
    T5Gemma2ForConditionalGeneration,
)
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from . import parts
from .parts import Save

FIRST = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
TURNS = ["<start_of_turn>", "<end_of_turn>"]
NEWLINES = [AddedToken("\n" * count, normalized=False, special=False) for count in (1, 2, 3, 4)]
SENTENCES = ["user model yes no", "is there a bus? yes", "a car? no", "a bus and nothing else"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' }}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<start_of_image>{% else %}{{ c['text'] | trim }}"
    "{% endif %}{% endfor %}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
WINDOW = 12
"""Fewer tokens than an image has."""


def tokenizer(**special: str) -> GemmaTokenizer:
    """BPE with byte fallback and spaces as letters, as Gemma's; `special` names further special tokens."""
    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    backend.normalizer = normalizers.Replace(" ", "▁")
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = [chr(code) for code in range(33, 127)] + ["▁"]
    backend.train_from_iterator(
        SENTENCES * 5,
        trainers.BpeTrainer(
            vocab_size=430, special_tokens=[*FIRST, *fallback], initial_alphabet=letters, show_progress=False
        ),
    )
    made = json.loads(backend.to_str())["model"]
    merges = [tuple(pair) for pair in made["merges"]]
    tokens = GemmaTokenizer(vocab=made["vocab"], merges=merges, add_bos_token=True, extra_special_tokens=special)
    tokens.add_tokens(NEWLINES)
    return tokens


def vision(**settings: Any) -> dict[str, Any]:
    """SigLIP on 8x8 patches."""
    return parts.vision(model_type="siglip_vision_model", vision_use_head=False, image_size=64, **settings)


def text(vocabulary: int, **settings: Any) -> dict[str, Any]:
    """A small grouped-query Gemma, whose heads are wider than its width would make them."""
    ids = {"eos_token_id": 1, "bos_token_id": 2}
    return parts.text(vocabulary, **ids, **{"num_hidden_layers": 4, "head_dim": 24, **settings})


def randomise(model: torch.nn.Module) -> None:
    """Give the parameters that are born as zeros (projection, norms, biases) values."""
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(std=0.2)


def save(path: Path, model_class: Any, config: Any, processor: Any) -> None:
    """Random weights, config and processor."""
    torch.manual_seed(0)
    model = model_class(config)
    randomise(model)
    model.save_pretrained(path)
    processor.save_pretrained(path)


def gemma3(path: Path, *, window: int = 1024, template: str | None = TEMPLATE) -> None:
    """8x8 patches averaged to 4x4 tokens, one layer in three with full attention."""
    tokens = tokenizer(image_token="<image_soft_token>", boi_token="<start_of_image>", eoi_token="<end_of_image>")
    tokens.add_tokens([AddedToken(token, special=True) for token in TURNS])
    start, end, image = tokens.boi_token_id, tokens.eoi_token_id, tokens.image_token_id
    layers = ["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"]
    stops = [1, tokens.convert_tokens_to_ids("<end_of_turn>")]
    config = Gemma3Config(
        text_config=text(len(tokens), sliding_window=window, layer_types=layers, query_pre_attn_scalar=24),
        vision_config=vision(),
        mm_tokens_per_image=16,
        boi_token_index=start,
        eoi_token_index=end,
        image_token_index=image,
        eos_token_id=stops if template else 1,
    )
    pixels = Gemma3ImageProcessorPil(size={"height": 64, "width": 64}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    processor = Gemma3Processor(pixels, tokens, chat_template=template, image_seq_length=16)
    save(path, Gemma3ForConditionalGeneration, config, processor)


def gemma3_base(path: Path) -> None:
    """Without chat template, with windows that are shorter than an image."""
    gemma3(path, window=WINDOW, template=None)


def paligemma(path: Path, **settings: Any) -> None:
    """8x8 patches, each a token, before a Gemma, or another text model of these settings."""
    tokens = tokenizer(image_token="<image>")
    pixels = SiglipImageProcessorPil(size={"height": 64, "width": 64}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    pixels.image_seq_length = 64
    processor = PaliGemmaProcessor(pixels, tokens)
    config = PaliGemmaConfig(
        text_config=text(len(tokens), **{"model_type": "gemma", "num_key_value_heads": 1, **settings}),
        vision_config=vision(),
        projection_dim=64,
        hidden_size=64,
        image_token_index=tokens.image_token_id,
        vocab_size=len(tokens),
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
    )
    save(path, PaliGemmaForConditionalGeneration, config, processor)


def paligemma2(path: Path) -> None:
    """Gemma 2, with soft caps and every other layer behind a window that is shorter than an image."""
    paligemma(path, model_type="gemma2", num_key_value_heads=2, query_pre_attn_scalar=24, sliding_window=WINDOW)


def t5gemma2(path: Path) -> None:
    """Encoder and decoder of four layers each, one in four with full attention."""
    tokens = tokenizer(image_token="<image_soft_token>", boi_token="<start_of_image>", eoi_token="<end_of_image>")
    layers = ["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"]
    small = text(len(tokens), sliding_window=WINDOW, layer_types=layers, query_pre_attn_scalar=24)
    marks = {"boi_token_index": tokens.boi_token_id, "eoi_token_index": tokens.eoi_token_id}
    config = T5Gemma2Config(
        encoder={"text_config": small, "vision_config": vision(), "mm_tokens_per_image": 16, **marks},
        decoder=small,
        image_token_index=tokens.image_token_id,
    )
    pixels = Gemma3ImageProcessorPil(size={"height": 64, "width": 64}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    save(path, T5Gemma2ForConditionalGeneration, config, Gemma3Processor(pixels, tokens, image_seq_length=16))


CASES: dict[str, Save] = {
    "gemma3": gemma3,
    "gemma3_base": gemma3_base,
    "paligemma": paligemma,
    "paligemma2": paligemma2,
    "t5gemma2": t5gemma2,
}
