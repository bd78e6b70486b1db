"""What the small checkpoints share: a tokenizer for any text, a small language model, saving."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import CONFIG_MAPPING, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING, PreTrainedTokenizerFast, ProcessorMixin

from hooks.processors import pictures_only

Save = Callable[[Path], Any]
"""Writes a checkpoint to a folder."""

CHAT = (
    "{% for m in messages %}USER: "
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% else %}\n{{ c['text'] }}{% endif %}{% endfor %}\n"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def chat(image: str) -> str:
    """A chat template that writes `image` where the image is."""
    return CHAT.replace("IMAGE", image)


def tokenizer(*specials: str, **settings: Any) -> PreTrainedTokenizerFast:
    """Byte-level BPE over a few sentences, so that " yes" is one token and any text tokenises.

    Ids 0-2 are <pad>, <s>, </s>; `specials` follow. `settings` go to the tokenizer (bos_token, extra tokens ...).
    """
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320 + len(specials),
        special_tokens=["<pad>", "<s>", "</s>", *specials],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(["USER: ASSISTANT: yes no", "is there a bus? yes", "a car? no", "a bus"] * 5, trainer)
    chosen = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "extra_special_tokens": [*specials]}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **{**chosen, **settings})


def text(vocabulary: int, **settings: Any) -> dict[str, Any]:
    """Settings of a small grouped-query language model, for text configs of most families."""
    return {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "initializer_range": 0.15,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **settings,
    }


def vision(**settings: Any) -> dict[str, Any]:
    """Settings of a small ViT, for vision configs of most families."""
    return {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 8,
        "initializer_range": 0.1,
        **settings,
    }


DEEPSEEK = {
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 2,
    "topk_group": 1,
    "moe_intermediate_size": 32,
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 16,
    "num_key_value_heads": 4,
}
"""Settings of a small DeepSeek: latent attention, and experts in groups."""


def save(path: Path, model_class: Any, config: Any, processor: Any, seed: int = 0) -> None:
    """Random weights, config and processor as `save_pretrained` writes them."""
    torch.manual_seed(seed)
    model_class(config).save_pretrained(path)
    processor.save_pretrained(path)


def save_type(
    path: Path,
    model_type: str,
    processor: str,
    images: Any,
    words: PreTrainedTokenizerFast,
    *,
    template: str,
    **config: Any,
) -> None:
    """A checkpoint of one of the library's types, from the settings of its config and its processor without videos.

    Settings in `config` whose names begin with `processor_` go to the processor.
    """
    names = [name for name in config if name.startswith("processor_")]
    settings = {name.removeprefix("processor_"): config.pop(name) for name in names}
    made = CONFIG_MAPPING[model_type](**config)
    with pictures_only():
        named = {"image_processor": images, "tokenizer": words, "chat_template": template}
        whole = getattr(transformers, processor)(**named, **settings)
        torch.manual_seed(0)
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING[type(made)](made).save_pretrained(path)
        ProcessorMixin.save_pretrained(whole, path)  # some save more of their part for videos
