"""From states on the device to the arrays of each site: split by picture, pooled, reduced and moved to the host."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import trace
from .families import Inputs
from .reading import Grid, SiteStates
from .request import Request
from .sites import Site

if TYPE_CHECKING:
    from .model import Model


TOGETHER = 2**25
"""Numbers of the views that are copied, reduced and moved together: the copy takes memory beside the states."""


def by_picture(model: "Model", states: trace.States, pictures: Sequence[Inputs]) -> list[trace.States]:
    """Split a batch's states by picture: each (token, feature), with CLS first where the vision tower has one."""
    split: list[trace.States] = [{} for _ in pictures]
    for point, state in states.items():
        if trace.part_of(point) == "language":
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


@dataclass(frozen=True)
class ViewStates:
    """The states of one view: its index among all views, the states and the inputs of each of its pictures.

    `pooled` (feature) is the model's own pooled output, where it has one.
    """

    index: int
    states: Sequence[trace.States]
    pictures: Sequence[Inputs]
    pooled: Tensor | None = None


def image_states(model: "Model", request: Request, views: Sequence[ViewStates]) -> list[dict[str, SiteStates]]:
    """The states of each view at the image-level sites, by slug. A view without pictures has none."""
    made: list[dict[str, SiteStates]] = [{} for _ in views]
    shown = [place for place, view in enumerate(views) if view.pictures]
    for site in request.image_sites:
        states = _image_site(model, request, site, [views[place] for place in shown])
        for place, own in zip(shown, states, strict=True):
            made[place][site.slug] = own
    return made


def _image_site(model: "Model", request: Request, site: Site, views: Sequence[ViewStates]) -> list[SiteStates]:
    if not site.kind.layered:
        pooled = [view.pooled for view in views if view.pooled is not None]
        assert len(pooled) == len(views)
        return [SiteStates(row[None]) for row in copied(torch.stack(pooled))] if views else []
    grid, leading = model.family.tokens.grid, 0
    if site.tower == "vision":
        leading = model.family.tokens.leading(model.config)
    made: dict[int, SiteStates] = {}
    states = [[_of_image(site, view, layer, leading) for layer in site.layers] for view in views]
    grids = [
        tuple(grid(model.config, picture, site.tower) for picture in view.pictures) if site.has_tokens else ()
        for view in views
    ]
    for places in _alike([(each[0].shape, own) for each, own in zip(states, grids, strict=True)], states):
        # (view, layer, [token,] feature)
        layers = torch.stack([state for place in places for state in states[place]]).unflatten(0, (len(places), -1))
        indices = [views[place].index for place in places]
        for place, own in zip(places, _of_alike(request, indices, site, layers, grids[places[0]]), strict=True):
            made[place] = own
    return [made[place] for place in range(len(views))]


def _of_alike(
    request: Request, indices: Sequence[int], site: Site, layers: Tensor, grids: tuple[Grid, ...]
) -> list[SiteStates]:
    """The states of views of one shape, from (view, layer, [token,] feature)."""
    if not site.has_tokens:
        return [SiteStates(pooled) for pooled in copied(layers)]
    reduced = {} if request.reduce is None else request.reduce(indices, site, layers, grids)
    pooled, by_name = copied(_mean(layers)), {name: copied(value) for name, value in reduced.items()}
    tokens = copied(layers) if site.slug in request.keep_tokens else None
    return [
        SiteStates(
            pooled=pooled[k],
            tokens=None if tokens is None else tokens[k],
            grids=grids,
            reduced={name: value[k] for name, value in by_name.items()},
        )
        for k in range(len(indices))
    ]


def _of_image(site: Site, view: ViewStates, layer: int, leading: int) -> Tensor:
    """A view's state at one layer of a site: ([token,] feature)."""
    whole = _joined([each[site.tower, layer] for each in view.states], leading)
    return OF_IMAGE[site.kind.name](whole, leading * len(view.states))


def _alike(keys: Sequence[Hashable], states: Sequence[Sequence[Tensor]]) -> Iterator[list[int]]:
    """The places of equal keys together, in portions of `TOGETHER` numbers."""
    groups: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    for places in groups.values():
        most = max(1, TOGETHER // sum(state.numel() for state in states[places[0]]))
        yield from (places[start : start + most] for start in range(0, len(places), most))


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
        by_slug[site.slug] = SiteStates(copied(pooled))
    return by_slug


def copied(value: Tensor) -> np.ndarray:
    """A tensor as `to_numpy` gives it, not to be read before `devices.wait`: the device copies while it goes on.

    PyTorch copies from a GPU without blocking into memory that it pins for that, and keeps for the next copies.
    """
    return to_numpy(value.detach().contiguous().to("cpu", non_blocking=True))


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
