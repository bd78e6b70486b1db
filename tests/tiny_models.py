"""Small random-weight LLaVA and CLIP checkpoints on disk, with locally made tokenizers: the files a hub id gives."""

import atexit
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

import hooks

ON_CPU = hooks.LoadOptions(device="cpu")
SIZE, PATCH = 32, 8
GRID = (1, SIZE // PATCH, SIZE // PATCH)
IMAGE_TOKENS = (SIZE // PATCH) ** 2
VISION_LAYERS, LANGUAGE_LAYERS = 3, 4
TEMPLATE = (
    "{% for m in messages %}USER: "
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>{% endif %}{% endfor %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}\n{{ c['text'] }}{% endif %}{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


@lru_cache(maxsize=1)
def root() -> Path:
    """A directory for checkpoints that goes away with the process."""
    path = Path(mkdtemp(prefix="tiny-models-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def picture(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """A smooth random image, (height, width, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3))
    rows, cols = np.arange(height) * 5 // height, np.arange(width) * 6 // width
    return coarse[rows][:, cols].astype(np.uint8)


@lru_cache(maxsize=1)
def llava_path() -> Path:
    """A LLaVA checkpoint on disk."""
    return save_llava(root() / "llava")


def save_llava(path: Path) -> Path:
    """CLIP vision tower with CLS dropped, grouped-query Llama, chat template."""
    tokenizer = _byte_pairs()
    image, pad, bos, eos = tokenizer.convert_tokens_to_ids(["<image>", "<pad>", "<s>", "</s>"])
    config = LlavaConfig(
        vision_config=_vision(),
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": LANGUAGE_LAYERS,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "initializer_range": 0.15,
            "bos_token_id": bos,
            "eos_token_id": eos,
            "pad_token_id": pad,
        },
        image_token_index=image,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        bos_token_id=bos,
        eos_token_id=eos,
        pad_token_id=pad,
    )
    processor = LlavaProcessor(
        _image_processor(),
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    return _save(path, LlavaForConditionalGeneration, config, processor)


@lru_cache(maxsize=1)
def clip_path() -> Path:
    """A CLIP checkpoint on disk."""
    return save_clip(root() / "clip")


def save_clip(path: Path) -> Path:
    """CLIP with a character-level vocabulary."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*alphabet, *(letter + "</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])
    eos = len(words) - 1
    text = {
        "vocab_size": len(words),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 48,
        "eos_token_id": eos,
        "bos_token_id": eos - 1,
        "pad_token_id": eos,
    }
    config = CLIPConfig(text_config=text, vision_config=_vision(), projection_dim=24)
    return _save(path, CLIPModel, config, CLIPProcessor(_image_processor(), tokenizer))


@lru_cache(maxsize=8)
def llava(options: hooks.LoadOptions = ON_CPU) -> hooks.Model:
    """The tiny LLaVA, loaded once per options."""
    return hooks.load(str(llava_path()), options)


@lru_cache(maxsize=8)
def clip(options: hooks.LoadOptions = ON_CPU) -> hooks.Model:
    """The tiny CLIP, loaded once per options."""
    return hooks.load(str(clip_path()), options)


def _vision() -> dict[str, Any]:
    return {
        "model_type": "clip_vision_model",
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_hidden_layers": VISION_LAYERS,
        "num_attention_heads": 4,
        "image_size": SIZE,
        "patch_size": PATCH,
        "projection_dim": 24,
        "initializer_range": 0.1,
    }


def _image_processor() -> Any:
    size = {"height": SIZE, "width": SIZE}
    return CLIPImageProcessor(
        size=size, crop_size=size, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.25] * 3
    )


def _byte_pairs() -> PreTrainedTokenizerFast:
    """Byte-level BPE over a few sentences, so that " yes" is one token and any text tokenises."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<pad>", "<image>", "<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(["USER: ASSISTANT: yes no", "is there a bus? yes", "a car? no", "a bus"] * 5, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", extra_special_tokens=["<image>"]
    )


def _save(path: Path, model_class: Any, config: Any, processor: Any) -> Path:
    torch.manual_seed(0)
    model_class(config).save_pretrained(path)
    processor.save_pretrained(path)
    return path
