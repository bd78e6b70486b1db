"""Step 3.7 and DeepSeek-OCR 2: the vision tower reads the whole picture in one call, then crops of it in another.

The grid is that of the whole picture. The positions of its crops, if it has any, come before it and are left out.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .family import Family, Modules, Reuse
from .tokens import ImageTokens, Inputs, three_towers, vit_grid, vit_towers

STRIDE = 4
"""Patches a side that Step's convolutions make one token of, and DeepSeek's, before its encoder."""


def step_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The patches of the whole picture; before the projector convolutions make one token of 4 x 4."""
    _, rows, cols = vit_grid(config, image, "vision")
    merge = 1 if tower == "vision" else STRIDE
    return (1, -(-rows // merge), -(-cols // merge))


def step_positions(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """The last positions: (position, feature) -> (token, feature)."""
    _, rows, cols = step_grid(config, image, "language")
    return state[-rows * cols :]


def query_towers(config: Any) -> dict[str, Tower]:
    """The encoder behind a SAM, which reads its tokens and as many queries."""
    encoder = config.vision_config.encoder_config
    return three_towers(encoder.num_hidden_layers, encoder.hidden_size, config.get_text_config())


def query_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """SAM's tokens of the whole picture; after the encoder its queries, which have no place in it."""
    patch = config.vision_config.sam_config.patch_size * STRIDE
    rows, cols = (side // patch for side in image["pixel_values"].shape[-2:])
    return (1, rows, cols) if tower == "vision" else (1, 1, rows * cols)


def query_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """SAM's tokens without the queries that follow them, or the projected queries."""
    count = query_grid(config, images[0], "projector")[-1]
    return list(state[:, :count].unbind(0))


def query_positions(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """The queries before the separator, which is last: (position, feature) -> (token, feature)."""
    return state[-1 - query_grid(config, image, "language")[-1] : -1]


STEP3P7 = Family(
    name="step3p7",
    model_types=("step3p7",),
    modules=Modules(
        vision="model.vision_model.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(vit_towers, step_grid, language_rows=step_positions),
    reuse=Reuse(image_prefix="causal", closing_marks=True),
    examples=("stepfun-ai/Step-3.7-Flash",),
)

DEEPSEEK_OCR2 = Family(
    name="deepseek_ocr2",
    model_types=("deepseek_ocr2",),
    modules=Modules(
        vision="model.vision_tower.vision_encoder.layers",
        projector="model.multi_modal_projector",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(query_towers, query_grid, vision_rows=query_rows, language_rows=query_positions),
    reuse=Reuse(image_prefix="causal"),
    examples=("deepseek-ai/DeepSeek-OCR-2",),
)

FAMILIES = (STEP3P7, DEEPSEEK_OCR2)
