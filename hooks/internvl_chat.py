"""OpenGVLab's own InternVL checkpoints (`internvl_chat`) in the format of transformers (`internvl`).

    python -m hooks.internvl_chat OpenGVLab/InternVL2_5-2B OpenGVLab/InternVL2_5-2B-MPO-hf OUT

The first is the one to convert, the second one of the same architecture that transformers can read. The result has the
second one's config and processor and the first one's weights, renamed. No code of either is run.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from .provenance import ModelError, locate

RENAMED = (
    (r"^vision_model\.", "model.vision_tower."),
    (r"^mlp1\.0\.", "model.multi_modal_projector.layer_norm."),
    (r"^mlp1\.1\.", "model.multi_modal_projector.linear_1."),
    (r"^mlp1\.3\.", "model.multi_modal_projector.linear_2."),
    (r"^language_model\.(output|lm_head)\.", "lm_head."),
    (r"^language_model\.model\.", "model.language_model."),
    (r"\.class_embedding$", ".cls_token"),
    (r"\.patch_embedding\.", ".patch_embeddings.projection."),
    (r"\.position_embedding$", ".position_embeddings"),
    (r"\.encoder\.layers\.", ".encoder.layer."),
    (r"\.ls(\d)$", r".lambda_\1"),
    (r"\.attn\.proj\.", ".attention.projection_layer."),
    (r"\.attn\.", ".attention."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.tok_embeddings\.", ".embed_tokens."),
    (r"\.attention\.wo\.", ".self_attn.o_proj."),
    (r"\.attention\.wqkv\.", ".self_attn.qkv."),
    (r"\.feed_forward\.w1\.", ".mlp.gate_proj."),
    (r"\.feed_forward\.w2\.", ".mlp.down_proj."),
    (r"\.feed_forward\.w3\.", ".mlp.up_proj."),
    (r"\.attention_norm\.", ".input_layernorm."),
    (r"\.ffn_norm\.", ".post_attention_layernorm."),
)
"""Names of InternViT and InternLM2, the latter as Llama; Qwen2 keeps its own."""


def convert(source: str, like: str, out: Path) -> None:
    """Write `source` in transformers' format to a new folder, with the config and processor of `like`.

    Raises ModelError where the two are not of one architecture.
    """
    origin, sibling = locate(source, None, weights=True), locate(like, None, weights=False)
    config = transformers.AutoConfig.from_pretrained(sibling)
    weights = {name: value for file in sorted(origin.glob("*.safetensors")) for name, value in load_file(file).items()}
    made = renamed(weights, config)
    with torch.device("meta"):
        wanted = transformers.AutoModelForImageTextToText.from_config(config).state_dict()
    shapes, expected = ({name: tuple(value.shape) for name, value in each.items()} for each in (made, wanted))
    if shapes != expected:
        wrong = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items() ^ expected.items())[:4])
        raise ModelError(f"{source!r} and {like!r} differ in architecture ({wrong}, ...). Give a sibling of one size.")
    out.mkdir(parents=True)
    for file in sibling.iterdir():
        if file.suffix in {".json", ".jinja", ".txt", ".model"} and not file.name.endswith(".index.json"):
            shutil.copy(file, out)
    save_file(made, out / "model.safetensors", metadata={"format": "pt"})


def renamed(weights: Mapping[str, Tensor], config: Any) -> dict[str, Tensor]:
    """Weights by transformers' names, with queries, keys and values split."""
    made: dict[str, Tensor] = {}
    for name, value in weights.items():
        new = name
        for pattern, replacement in RENAMED:
            new = re.sub(pattern, replacement, new)
        if ".qkv." not in new:
            made[new] = value.contiguous()
            continue
        parts = value.chunk(3) if "vision_tower" in new else grouped(value, config.text_config)
        for part, kind in zip(parts, "qkv", strict=True):
            made[new.replace(".qkv.", f".{kind}_proj.")] = part.contiguous()
    return made


def grouped(value: Tensor, text: Any) -> tuple[Tensor, Tensor, Tensor]:
    """InternLM2's packed weights split: each key-value head has its queries, then its key, then its value."""
    heads, groups = text.num_key_value_heads, text.num_attention_heads // text.num_key_value_heads
    packed = value.unflatten(0, (heads, groups + 2, -1))
    return packed[:, :groups].flatten(0, 2), packed[:, -2].flatten(0, 1), packed[:, -1].flatten(0, 1)


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
