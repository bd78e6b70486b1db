"""From states on the device to a view's arrays: what is kept, pooled and reduced of image-level sites."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import trace
from .continuation import PaddingSide
from .families import Inputs
from .reading import Grid, Reading
from .sites import Site

if TYPE_CHECKING:
    from .model import Model

Reduce = Callable[[int, Site, Tensor, Grid], Mapping[str, Tensor]]
"""(view index, site, tokens (layer, token, feature) on the device, grid) -> named tensors to keep instead of tokens."""


@dataclass(frozen=True)
class Request:
    """The settings of one `capture.read`, checked: what to keep and how to batch."""

    sites: tuple[Site, ...]
    batch_size: int
    keep_tokens: frozenset[str]
    reduce: Reduce | None
    max_new_tokens: int
    padding_side: PaddingSide
    end_of_turn: bool

    @property
    def image_sites(self) -> list[Site]:
        return [site for site in self.sites if site.per == "image"]

    @property
    def sample_sites(self) -> list[Site]:
        return [site for site in self.sites if site.per == "sample"]


def by_image(model: "Model", states: trace.States, images: Sequence[Inputs]) -> list[trace.States]:
    """Split a batch's states by image: each (token, feature), CLS still first where the vision tower has one."""
    split: list[trace.States] = [{} for _ in images]
    for point, state in states.items():
        if point[0] == "language":
            counts = [int((image["input_ids"] == model.blueprint.image_token).sum()) for image in images]
            parts: Sequence[Tensor] = [
                model.family.language_rows(model.config, part, image)
                for part, image in zip(state.split(counts), images, strict=True)
            ]
        else:
            parts = model.family.vision_rows(model.config, state, images, point[0])
        for mine, part in zip(split, parts, strict=True):
            mine[point] = part
    return split


def image_reading(
    model: "Model", request: Request, index: int, states: trace.States, image: Inputs, *, pooled: Tensor | None = None
) -> Reading:
    """The image-level part of a view's reading; `pooled` (feature) is the family's own pooled output."""
    reading = Reading()
    for site in request.image_sites:
        if site.tokens == "pooled":
            assert pooled is not None
            reading.pooled[site.slug] = to_numpy(pooled[None])
            continue
        layers = torch.stack([_cut(model, site, states[site.tower, layer]) for layer in site.layers])
        if not site.has_tokens:
            reading.pooled[site.slug] = to_numpy(layers)
            continue
        grid = model.family.grid(model.config, image, site.tower)
        reading.grid[site.slug] = grid
        reading.pooled[site.slug] = to_numpy(_mean(layers))
        if site.slug in request.keep_tokens:
            reading.tokens[site.slug] = to_numpy(layers)
        if request.reduce is not None:
            reduced = request.reduce(index, site, layers, grid)
            reading.reduced[site.slug] = {name: to_numpy(value) for name, value in reduced.items()}
    return reading


def to_numpy(value: Tensor) -> np.ndarray:
    """A tensor on the host; bfloat16, which numpy has not, as its bits in uint16."""
    value = value.detach().cpu().contiguous()
    if value.dtype == torch.bfloat16:
        return value.view(torch.int16).numpy().view(np.uint16)
    return value.numpy()


def _cut(model: "Model", site: Site, state: Tensor) -> Tensor:
    """The tokens that a site asks for, of one image's states: (token, feature) -> (token, feature) or (feature)."""
    leading = model.family.leading(model.config) if site.tower == "vision" else 0
    if site.tokens == "cls":
        return state[0]
    return _mean(state[leading:]) if site.tokens == "mean" else state[leading:]


def _mean(tokens: Tensor) -> Tensor:
    # float32: sums over hundreds of 16-bit tokens lose digits
    return tokens.float().mean(-2).to(tokens.dtype)
