"""Small forwards of a model on synthetic pictures, which the checks examine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .. import trace
from ..encoding import image_grids, split_pictures
from ..families import Inputs
from ..site_states import by_picture
from ..sites import available, parse_all
from . import kinds
from .kinds import fed

if TYPE_CHECKING:
    from ..model import Model

Size = tuple[int, int]
"""(height, width)."""

SIZES: tuple[Size, ...] = ((224, 224), (160, 320), (90, 60))
LARGE: Size = (1344, 2016)
"""A picture that is cut where tiles are as large as in published models."""

SEVERAL = ((SIZES[0], SIZES[0]), (SIZES[1], SIZES[2]), (SIZES[0], SIZES[2], SIZES[1]))
"""Views of two and three pictures, of equal sizes and of different ones."""

TOLERANCE = {"float32": 1e-4, "float16": 0.05, "bfloat16": 0.25, "int8": 0.5}
"""Nats by which two orders of the same sums may differ.

NF4 weights compute in one of the float types. int8 also rounds activations, with columns of outliers chosen per call,
so that its results vary with the batch.
"""


def tolerance(model: "Model") -> float:
    """Nats by which the scores of one question may differ when they are computed in two ways."""
    return TOLERANCE["int8" if model.blueprint.options.quantize == "int8" else model.dtype]


def picture(height: int, width: int) -> np.ndarray:
    """A synthetic picture of two gradients and a ramp, (height, width, 3) uint8."""
    rows, cols = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, cols * 255 // width, (rows + cols) % 256], axis=-1).astype(np.uint8)


def pictures(sizes: Sequence[Size]) -> tuple[np.ndarray, ...]:
    """Synthetic pictures of these (height, width); neighbours differ, also where their sizes do not."""
    return tuple(np.roll(picture(*size), k, axis=-1) for k, size in enumerate(sizes))


def shown_sizes(model: "Model") -> tuple[tuple[Size, ...], ...]:
    """The sizes of the pictures of each view that is checked: one, and two and three where a view may have several.

    A large one is among them where the smaller ones are not cut into tiles, but it is.
    """
    single = tuple((size,) for size in SIZES)
    if _tiles(model, LARGE) > 1 and all(_tiles(model, size) == 1 for size in SIZES):
        single = (*single, (LARGE,))
    return (*single, *SEVERAL) if model.family.tokens.several else single


def _tiles(model: "Model", size: Size) -> int:
    """How many tiles a picture is cut into, 1 where the model cannot take one of this size."""
    try:
        return max(tiles for tiles, _, _ in image_grids(model.blueprint, *size).values())
    except ValueError:
        return 1


def inputs_of(model: "Model", *pixels: np.ndarray) -> dict[str, Tensor]:
    """What the processor makes of a view of these pictures, with a question where the model takes one."""
    return kinds.of(model).inputs(model, pixels)


def method(model: "Model") -> str:
    """The method of the model that is called on an image."""
    return kinds.of(model).method(model)


def states_of(model: "Model", pixels: np.ndarray) -> tuple[trace.States, Inputs]:
    """One picture's token states at every layer of every tower that has them, and the inputs that they come from."""
    return states_of_each(model, [pixels])[0]


def states_of_each(model: "Model", shown: Sequence[np.ndarray]) -> list[tuple[trace.States, Inputs]]:
    """`states_of` each picture of one view."""
    inputs = inputs_of(model, *shown)
    sites = parse_all(available(model.towers), model.towers)
    reads = trace.points(model, [site for site in sites if site.has_tokens])
    mask = kinds.of(model).at_image(model, inputs)
    _, states = trace.run(
        model, fed(model, inputs), reads=reads, select={"language": lambda state: state[mask]}, method=method(model)
    )
    each = split_pictures(model.blueprint, inputs, len(shown))
    return list(zip(by_picture(model, states, each), each, strict=True))


def flat_index(model: "Model", state: Tensor, inputs: Inputs, tower: str) -> Tensor:
    """The places of one image's tokens (token, feature) in a flattened state of vision or projector.

    In grid order, CLS first.
    """
    places = torch.arange(state.numel(), device=state.device).view(state.shape)
    return model.family.tokens.vision_rows(model.config, places, [inputs], tower)[0]


def largest_difference(a: Tensor, b: Tensor) -> float:
    """The largest absolute difference of two tensors."""
    return float((a.float() - b.float()).abs().max())
