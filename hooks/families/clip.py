"""CLIP and its relatives: an image tower and a text tower, compared by a scaled cosine."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .contrast import Contrast, scaled_cosine, tempered_cosine
from .family import FIXED, Family, Limit, Modules, Reuse
from .tokens import ImageTokens, Inputs, vit_grid, vit_leading


def towers(pooled: Callable[[Any], int]) -> Callable[[Any], dict[str, Tower]]:
    """The image tower, with the width of its pooled output; the text tower has no sites: captions are encoded whole."""

    def of(config: Any) -> dict[str, Tower]:
        vision = config.vision_config
        kinds = kinds_of("vision", without=() if vit_leading(config) else ("cls",))
        return {"vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, kinds, pooled(config))}

    return of


def roberta_positions(config: Any) -> int:
    """RoBERTa numbers positions from one past the padding id."""
    return config.text_config.max_position_embeddings - config.text_config.pad_token_id - 1


def biased_cosine(module: nn.Module, image: Tensor, text: Tensor) -> Tensor:
    """SigLIP's logits, of which the sigmoid is p(the caption fits): logit scale x cosine + logit bias."""
    return scaled_cosine(module, image, text) + module.get_parameter("logit_bias")


def naflex_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of patches into which the processor cuts the picture, keeping its aspect ratio."""
    rows, cols = image["spatial_shapes"][0].tolist()
    return (1, rows, cols)


def naflex_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Each image's patches, without the padding that follows them."""
    counts = [int(image["spatial_shapes"].prod()) for image in images]
    return [mine[:count] for mine, count in zip(state, counts, strict=True)]


def limit_patches(processor: Any, count: int) -> None:
    """Let the processor resize pictures to at most `count` patches."""
    if count < 1:
        raise ValueError(f"an image has at least 1 patch, not {count}. Ask for 1 or more.")
    processor.image_processor.max_num_patches = count


def without_registers(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """CLS and patches of each image, without the register tokens between them."""
    after = 1 + config.vision_config.num_register_tokens
    return [torch.cat([own[:1], own[after:]]) for own in state]


CLIP = Family(
    name="clip",
    model_types=("clip",),
    modules=Modules(vision="vision_model.encoder.layers"),
    tokens=ImageTokens(towers(lambda config: config.projection_dim), vit_grid, leading=vit_leading),
    reuse=Reuse(image_prefix="none"),
    kind="contrastive",
    auto_class="AutoModel",
    limit=FIXED,
    text_only=False,
    examples=(
        "openai/clip-vit-base-patch32",
        "openai/clip-vit-base-patch16",
        "openai/clip-vit-large-patch14",
        "openai/clip-vit-large-patch14-336",
        "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    ),
)

CHINESE_CLIP = replace(
    CLIP,
    name="chinese_clip",
    model_types=("chinese_clip",),
    examples=(
        "OFA-Sys/chinese-clip-vit-base-patch16",
        "OFA-Sys/chinese-clip-vit-large-patch14",
        "OFA-Sys/chinese-clip-vit-large-patch14-336px",
        "OFA-Sys/chinese-clip-vit-huge-patch14",
    ),
)

ALTCLIP = replace(
    CLIP,
    name="altclip",
    model_types=("altclip",),
    contrast=Contrast(longest=roberta_positions),
    examples=("BAAI/AltCLIP", "BAAI/AltCLIP-m9"),
)

SIGLIP = replace(
    CLIP,
    name="siglip",  # SigLIP 2 at fixed resolution too
    model_types=("siglip",),
    tokens=replace(CLIP.tokens, towers=towers(lambda config: config.vision_config.hidden_size)),
    contrast=Contrast(caption=str.lower, padded=True, similarity=biased_cosine),
    examples=(
        "google/siglip-base-patch16-224",
        "google/siglip-large-patch16-384",
        "google/siglip-so400m-patch14-384",
        "google/siglip2-base-patch16-224",
        "google/siglip2-large-patch16-384",
        "google/siglip2-so400m-patch14-384",
        "google/siglip2-giant-opt-patch16-384",
    ),
)

SIGLIP2_NAFLEX = replace(
    SIGLIP,
    name="siglip2_naflex",
    model_types=("siglip2",),
    tokens=replace(SIGLIP.tokens, grid=naflex_grid, vision_rows=naflex_rows),
    limit=Limit(limit_patches, "max patches"),
    examples=("google/siglip2-base-patch16-naflex", "google/siglip2-so400m-patch16-naflex"),
)

METACLIP_2 = replace(
    CLIP,
    name="metaclip_2",
    model_types=("metaclip_2",),
    examples=("facebook/metaclip-2-worldwide-huge-quickgelu", "facebook/metaclip-2-worldwide-giant"),
)

CLIPSEG = replace(
    CLIP,
    name="clipseg",  # the CLIP inside it; its decoder, which makes masks, is not loaded
    model_types=("clipseg",),
    examples=("CIDAS/clipseg-rd64-refined", "CIDAS/clipseg-rd16"),
)

TIPSV2 = replace(
    CLIP,
    name="tipsv2",
    model_types=("tipsv2",),
    modules=Modules(vision="vision_model.encoder.layer"),
    tokens=ImageTokens(
        towers(lambda config: config.vision_config.hidden_size),
        vit_grid,
        leading=vit_leading,
        vision_rows=without_registers,
    ),
    contrast=Contrast(padded=True, similarity=tempered_cosine),
    examples=("google/tipsv2-b14", "google/tipsv2-l14", "google/tipsv2-so400m14", "google/tipsv2-g14"),
)

FAMILIES = (CLIP, SIGLIP, SIGLIP2_NAFLEX, CHINESE_CLIP, ALTCLIP, METACLIP_2, CLIPSEG, TIPSV2)
