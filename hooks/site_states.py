"""From states on the device to the arrays of each site: split by picture, pooled, reduced and moved to the host."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import trace
from .families import Inputs
from .reading import SiteStates
from .request import Request
from .sites import Site

if TYPE_CHECKING:
    from .model import Model


def by_picture(model: "Model", states: trace.States, pictures: Sequence[Inputs]) -> list[trace.States]:
    """Split a batch's states by picture: each (token, feature), with CLS first where the vision tower has one."""
    split: list[trace.States] = [{} for _ in pictures]
    for point, state in states.items():
        if point[0] == "language":
            counts = [int(model.family.tokens.at_image(model.config, picture).sum()) for picture in pictures]
            parts: Sequence[Tensor] = [
                model.family.tokens.language_rows(model.config, part, picture)
                for part, picture in zip(state.split(counts), pictures, strict=True)
            ]
        else:
            parts = model.family.tokens.vision_rows(model.config, state, pictures, point[0])
        for own, part in zip(split, parts, strict=True):
            own[point] = part
    return split


def image_states(
    model: "Model",
    request: Request,
    index: int,
    states: Sequence[trace.States],
    pictures: Sequence[Inputs],
    *,
    pooled: Tensor | None = None,
) -> dict[str, SiteStates]:
    """A view's states at the image-level sites, by slug, from the states of each of its pictures.

    `pooled` (feature) is the model's own pooled output. A view without pictures has none.
    """
    sites = request.image_sites if pictures else []
    return {site.slug: _image_site(model, request, index, site, states, pictures, pooled) for site in sites}


def _image_site(
    model: "Model",
    request: Request,
    index: int,
    site: Site,
    states: Sequence[trace.States],
    pictures: Sequence[Inputs],
    pooled: Tensor | None,
) -> SiteStates:
    if not site.kind.layered:
        assert pooled is not None
        return SiteStates(to_numpy(pooled[None]))
    leading = model.family.tokens.leading(model.config) if site.tower == "vision" else 0
    whole = [_joined([each[site.tower, layer] for each in states], leading) for layer in site.layers]
    layers = torch.stack([OF_IMAGE[site.kind.name](state, leading * len(states)) for state in whole])
    if not site.has_tokens:
        return SiteStates(to_numpy(layers))
    grids = tuple(model.family.tokens.grid(model.config, picture, site.tower) for picture in pictures)
    reduced = {} if request.reduce is None else request.reduce(index, site, layers, grids)
    return SiteStates(
        pooled=to_numpy(_mean(layers)),
        tokens=to_numpy(layers) if site.slug in request.keep_tokens else None,
        grids=grids,
        reduced={name: to_numpy(value) for name, value in reduced.items()},
    )


def sample_states(
    model: "Model", request: Request, by_question: Sequence[Mapping[str, Tensor]]
) -> dict[str, SiteStates]:
    """A view's states at the sample-level sites, by slug.

    `by_question`: for each question slug -> (layer, feature); the states are nan where a question has none.
    """
    by_slug: dict[str, SiteStates] = {}
    for site in request.sample_sites:
        shape = (len(by_question), len(site.layers), site.features)
        pooled = torch.full(shape, torch.nan, dtype=getattr(torch, model.dtype), device=model.device)
        for k, states in enumerate(by_question):
            if site.slug in states:
                pooled[k] = states[site.slug]
        by_slug[site.slug] = SiteStates(to_numpy(pooled))
    return by_slug


def to_numpy(value: Tensor) -> np.ndarray:
    """A tensor as an array; bfloat16, which numpy does not have, as its bits in uint16."""
    value = value.detach().cpu().contiguous()
    if value.dtype == torch.bfloat16:
        return value.view(torch.int16).numpy().view(np.uint16)
    return value.numpy()


def _mean(tokens: Tensor) -> Tensor:
    # float32: a sum over hundreds of 16-bit tokens loses digits
    return tokens.float().mean(-2).to(tokens.dtype)


def _joined(states: Sequence[Tensor], leading: int) -> Tensor:
    """The pictures' states (token, feature) as those of one image: what precedes each grid first, then all grids."""
    if len(states) == 1:
        return states[0]
    return torch.cat([*(state[:leading] for state in states), *(state[leading:] for state in states)])


OF_IMAGE: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "patches": lambda state, leading: state[leading:],
    "image": lambda state, leading: state[leading:],
    "mean": lambda state, leading: _mean(state[leading:]),
    "cls": lambda state, leading: state[0] if leading == 1 else _mean(state[:leading]),
}
"""Per kind of layered image-level state: (one image's states (token, feature), how many precede the grid's) -> (token,
feature) or (feature)."""
