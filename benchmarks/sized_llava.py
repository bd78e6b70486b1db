"""A LLaVA of any size with random weights, the processor of LLaVA-1.5, and a table of pictures to ask it about."""

import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import tiny
from tiny.parts import chat, save, text, tokenizer, vision
from transformers import LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
from transformers.models.clip import CLIPImageProcessor

SIDE, PATCH = 336, 14


@dataclass(frozen=True)
class Tower:
    """Width, feed-forward width, layers and heads."""

    width: int
    inner: int
    layers: int
    heads: int


def checkpoint(folder: Path, vision_tower: Tower, language: Tower, *, head_dim: int | None = None) -> None:
    """Write a checkpoint: 576 tokens of 336x336 pixels."""
    words = tokenizer("<image>")
    config = LlavaConfig(
        vision_config=vision(
            model_type="clip_vision_model", image_size=SIDE, patch_size=PATCH, hidden_size=vision_tower.width,
            num_hidden_layers=vision_tower.layers, num_attention_heads=vision_tower.heads,
            intermediate_size=vision_tower.inner, projection_dim=8,
        ),
        text_config=text(
            len(words), model_type="llama", hidden_size=language.width, num_hidden_layers=language.layers,
            intermediate_size=language.inner, num_attention_heads=language.heads, num_key_value_heads=language.heads,
            head_dim=head_dim or language.width // language.heads, max_position_embeddings=4096,
            initializer_range=0.02,
        ),
        image_token_index=words.get_vocab()["<image>"],
    )  # fmt: skip
    images = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    processor = LlavaProcessor(
        images, words, patch_size=PATCH, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=chat("<image>"),
    )  # fmt: skip
    save(folder, LlavaForConditionalGeneration, config, processor)


def dataset(folder: Path, size: tuple[int, int], images: int) -> Path:
    """A table of pictures (height, width) with one yes/no question each."""
    rows = ["image,question,options,answer"]
    for seed in range(images):
        Image.fromarray(tiny.picture(seed, *size)).save(folder / f"{seed}.png", compress_level=1)
        rows.append(f"{seed}.png,is there a bus?,yes|no,yes")
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    return folder / "data.csv"
