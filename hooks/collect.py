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
from .reading import Grid, SiteStates
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
                model.family.tokens.language_rows(model.config, part, image)
                for part, image in zip(state.split(counts), images, strict=True)
            ]
        else:
            parts = model.family.tokens.vision_rows(model.config, state, images, point[0])
        for mine, part in zip(split, parts, strict=True):
            mine[point] = part
    return split


def image_states(
    model: "Model", request: Request, index: int, states: trace.States, image: Inputs, *, pooled: Tensor | None = None
) -> dict[str, SiteStates]:
    """A view's states at the image-level sites, by slug; `pooled` (feature) is the family's own pooled output."""
    return {site.slug: _image_site(model, request, index, site, states, image, pooled) for site in request.image_sites}


def _image_site(
    model: "Model",
    request: Request,
    index: int,
    site: Site,
    states: trace.States,
    image: Inputs,
    pooled: Tensor | None,
) -> SiteStates:
    if not site.kind.layered:
        assert pooled is not None
        return SiteStates(to_numpy(pooled[None]))
    leading = model.family.tokens.leading(model.config) if site.tower == "vision" else 0
    layers = torch.stack([OF_IMAGE[site.kind.name](states[site.tower, layer], leading) for layer in site.layers])
    if not site.has_tokens:
        return SiteStates(to_numpy(layers))
    grid = model.family.tokens.grid(model.config, image, site.tower)
    reduced = {} if request.reduce is None else request.reduce(index, site, layers, grid)
    return SiteStates(
        pooled=to_numpy(_mean(layers)),
        tokens=to_numpy(layers) if site.slug in request.keep_tokens else None,
        grid=grid,
        reduced={name: to_numpy(value) for name, value in reduced.items()},
    )


def sample_states(
    model: "Model", request: Request, by_question: Sequence[Mapping[str, Tensor]]
) -> dict[str, SiteStates]:
    """A view's states at the sample-level sites, by slug.

    `by_question`: per question slug -> (layer, feature); where it has none, the states are nan.
    """
    made: dict[str, SiteStates] = {}
    for site in request.sample_sites:
        shape = (len(by_question), len(site.layers), site.features)
        pooled = torch.full(shape, torch.nan, dtype=getattr(torch, model.dtype), device=model.device)
        for k, states in enumerate(by_question):
            if site.slug in states:
                pooled[k] = states[site.slug]
        made[site.slug] = SiteStates(to_numpy(pooled))
    return made


def to_numpy(value: Tensor) -> np.ndarray:
    """A tensor on the host; bfloat16, which numpy has not, as its bits in uint16."""
    value = value.detach().cpu().contiguous()
    if value.dtype == torch.bfloat16:
        return value.view(torch.int16).numpy().view(np.uint16)
    return value.numpy()


def _mean(tokens: Tensor) -> Tensor:
    # float32: sums over hundreds of 16-bit tokens lose digits
    return tokens.float().mean(-2).to(tokens.dtype)


GridTokens = Callable[[Tensor, int], Tensor]
"""(one image's states (token, feature), how many come before the grid's) -> (token, feature) or (feature)."""

OF_IMAGE: Mapping[str, GridTokens] = {
    "patches": lambda state, leading: state[leading:],
    "image": lambda state, leading: state[leading:],
    "mean": lambda state, leading: _mean(state[leading:]),
    "cls": lambda state, leading: state[0],
}
"""Per layered kind of image-level state: what it takes of the states of its tower at one image."""
