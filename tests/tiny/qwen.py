"""Small checkpoints of `hooks.families.qwen`, in files as the hub has them."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedTokenizerFast

from . import parts
from .parts import Save

SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
NAMED = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}
CHAT = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MOST, LEAST = 40, 4
"""Merged tokens of an image."""


def text(tokenizer: PreTrainedTokenizerFast, **settings: Any) -> dict[str, Any]:
    """Four layers, heads of 16 features whose 8 rotations are split between time, row and column."""
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    vocabulary = {"pad_token_id": None, "bos_token_id": None, "eos_token_id": end}
    rope = {"rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    return (
        parts.text(len(tokenizer), **vocabulary, num_hidden_layers=4, rope_parameters={"rope_type": "default", **rope})
        | settings
    )


def vision(patch: int, **settings: Any) -> dict[str, Any]:
    """Four blocks, whose merger gives 64 features."""
    return {
        "depth": 4,
        "num_heads": 4,
        "patch_size": patch,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "initializer_range": 0.1,
        **settings,
    }


def pixels(patch: int) -> tuple[int, int]:
    """The least and the most pixels of an image."""
    return LEAST * (2 * patch) ** 2, MOST * (2 * patch) ** 2


def tokenizer() -> PreTrainedTokenizerFast:
    """Qwen's special tokens, and no token that begins a text."""
    return parts.tokenizer(*SPECIALS, pad_token="<|endoftext|>", bos_token=None, eos_token="<|im_end|>")


def write(path: Path, name: str, content: dict[str, Any]) -> None:
    """One json file of a checkpoint."""
    (path / name).write_text(json.dumps(content, indent=2))


def save(path: Path, generation: str, processor: str, image: dict[str, Any], **configs: Any) -> None:
    """Weights, config, tokenizer and the image processor's settings."""
    words = tokenizer()
    ids = {name: words.convert_tokens_to_ids(token) for name, token in NAMED.items()}
    config = getattr(transformers, f"{generation}Config")(
        text_config=text(words, **configs.pop("text")), vision_config=configs.pop("vision"), **ids, **configs
    )
    torch.manual_seed(0)
    getattr(transformers, f"{generation}ForConditionalGeneration")(config).save_pretrained(path)
    words.save_pretrained(path)
    settings = json.loads((path / "tokenizer_config.json").read_text())
    write(path, "tokenizer_config.json", {**settings, "tokenizer_class": "Qwen2Tokenizer"})
    patches = {"temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    write(path, "preprocessor_config.json", {**patches, "processor_class": processor, **image})


def save_qwen2_vl_base(path: Path) -> None:
    """No chat template; a flat config as before transformers 5, with tied embeddings."""
    least, most = pixels(14)
    image = {"patch_size": 14, "min_pixels": least, "max_pixels": most, "image_processor_type": "Qwen2VLImageProcessor"}
    tower = vision(14, embed_dim=32, hidden_size=64, mlp_ratio=2)
    save(path, "Qwen2VL", "Qwen2VLProcessor", image, text={}, vision=tower, tie_word_embeddings=True)
    config = json.loads((path / "config.json").read_text())
    nested = config.pop("text_config")
    rope = nested.pop("rope_parameters")
    scaling = {"type": "mrope", "mrope_section": rope["mrope_section"]}
    config["vision_config"]["model_type"] = "qwen2_vl"
    write(path, "config.json", {**nested, **config, "rope_theta": rope["rope_theta"], "rope_scaling": scaling})


def save_qwen2_vl(path: Path) -> None:
    """The chat template in a file of its own, as processors had it before transformers 5."""
    save_qwen2_vl_base(path)
    write(path, "chat_template.json", {"chat_template": CHAT})


def save_qwen2_5_vl(path: Path) -> None:
    """Windows of 2 x 2 merged tokens in every other block; a generation config that samples and penalises."""
    least, most = pixels(14)
    image = {"patch_size": 14, "min_pixels": least, "max_pixels": most, "image_processor_type": "Qwen2VLImageProcessor"}
    windows = {"window_size": 56, "fullatt_block_indexes": [1, 3]}
    tower = vision(14, hidden_size=32, intermediate_size=48, out_hidden_size=64, **windows)
    save(path, "Qwen2_5_VL", "Qwen2_5_VLProcessor", image, text={}, vision=tower)
    write(path, "chat_template.json", {"chat_template": CHAT})
    ends = json.loads((path / "config.json").read_text())["text_config"]["eos_token_id"]
    generation = {"do_sample": True, "eos_token_id": [ends], "repetition_penalty": 1.05, "temperature": 1e-06}
    write(path, "generation_config.json", generation)


def qwen3_vision() -> dict[str, Any]:
    """Learned positions on a 6 x 6 grid; after blocks 1 and 3 the states go on to the language model."""
    places = {"num_position_embeddings": 36, "deepstack_visual_indexes": [0, 2]}
    return vision(16, hidden_size=32, intermediate_size=48, out_hidden_size=64, **places)


def add_qwen3_files(path: Path) -> None:
    """The chat template among the tokenizer's settings, and the video part's settings in a file."""
    settings = json.loads((path / "tokenizer_config.json").read_text())
    write(path, "tokenizer_config.json", {**settings, "chat_template": CHAT})
    write(path, "chat_template.json", {"chat_template": CHAT})
    video = {"video_processor_type": "Qwen3VLVideoProcessor", "processor_class": "Qwen3VLProcessor", "patch_size": 16}
    write(path, "video_preprocessor_config.json", {**video, "merge_size": 2, "temporal_patch_size": 2})


def qwen3_image() -> dict[str, Any]:
    """Settings that name the fast image processor."""
    least, most = pixels(16)
    size = {"shortest_edge": least, "longest_edge": most}
    return {"size": size, "patch_size": 16, "image_processor_type": "Qwen2VLImageProcessorFast"}


def qwen3_text() -> dict[str, Any]:
    """Heads wider than the width shared among them, and interleaved rotations."""
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    return {"head_dim": 16, "num_attention_heads": 8, "rope_parameters": rope}


def save_qwen3_vl(path: Path) -> None:
    """Deepstack from two blocks of the vision tower into the first two of four language blocks."""
    save(path, "Qwen3VL", "Qwen3VLProcessor", qwen3_image(), text=qwen3_text(), vision=qwen3_vision())
    add_qwen3_files(path)


def save_qwen3_vl_moe(path: Path) -> None:
    """Four experts, two of which see a token; a processor as transformers 5 saves one, with its video part nested."""
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    save(path, "Qwen3VLMoe", "Qwen3VLProcessor", qwen3_image(), text=qwen3_text() | experts, vision=qwen3_vision())
    add_qwen3_files(path)
    nested = {
        "image_processor": json.loads((path / "preprocessor_config.json").read_text()),
        "video_processor": json.loads((path / "video_preprocessor_config.json").read_text()),
    }
    write(path, "processor_config.json", {**nested, "processor_class": "Qwen3VLProcessor"})
    for name in ("preprocessor_config.json", "video_preprocessor_config.json"):
        (path / name).unlink()


def qwen3_5_text() -> dict[str, Any]:
    """Three layers of linear attention to one of full attention."""
    rope = {"mrope_section": [1, 1, 0], "mrope_interleaved": True, "partial_rotary_factor": 0.25}
    rope |= {"rope_type": "default", "rope_theta": 10000.0}
    linear = {"linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8}
    # smaller weights: what is summed over long prompts stays small, and so does its rounding
    return {"head_dim": 16, "rope_parameters": rope, **linear, "linear_value_head_dim": 8, "initializer_range": 0.1}


def save_qwen3_5(path: Path) -> None:
    """No deepstack; the first three of four language layers are of linear attention."""
    tower = qwen3_vision()
    del tower["deepstack_visual_indexes"]
    save(path, "Qwen3_5", "Qwen3VLProcessor", qwen3_image(), text=qwen3_5_text(), vision=tower)
    add_qwen3_files(path)


def save_qwen3_5_moe(path: Path) -> None:
    """The same with experts: four, two of which see a token, and one that sees all."""
    tower = qwen3_vision()
    del tower["deepstack_visual_indexes"]
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    experts |= {"shared_expert_intermediate_size": 32}
    save(path, "Qwen3_5Moe", "Qwen3VLProcessor", qwen3_image(), text=qwen3_5_text() | experts, vision=tower)
    add_qwen3_files(path)


CASES: dict[str, Save] = {
    "qwen2_vl": save_qwen2_vl,
    "qwen2_vl_base": save_qwen2_vl_base,
    "qwen2_5_vl": save_qwen2_5_vl,
    "qwen3_vl": save_qwen3_vl,
    "qwen3_vl_moe": save_qwen3_vl_moe,
    "qwen3_5": save_qwen3_5,
    "qwen3_5_moe": save_qwen3_5_moe,
}
