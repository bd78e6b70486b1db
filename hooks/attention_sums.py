"""From the weights of one query to its shares: sums over groups of tokens, evenness over the image's places, sinks.

An image place is an attention sink in a layer where its state, as it enters the block, has a massive feature: one of at
least `MASSIVE` times the root mean square of all of them. Source: Kang et al. 2025, who look at the features alone that
are massive in the first token; all are looked at here.
"""

from dataclasses import dataclass
from math import nan

import torch
from torch import Tensor

from .reading import AttentionReadout, Grid
from .site_states import to_numpy

MASSIVE = 20.0
"""How many times the root mean square a massive feature is at least (Kang et al. 2025)."""


@dataclass(frozen=True)
class Shown:
    """Where one row's pictures are among the keys of the language model.

    `image` (slot) bool: which slots of its prefix hold pictures; none where layers attend across to them. `places`
    (place) int: the keys of the grid's tokens, in its order, without thumbnails and separators. `grid`: the common
    layout of all pictures, None where they have none. `text`: the slot behind the last that holds a picture or stands
    for one. `sinks` (layer, place) float: 1 where a place is a sink, 0 where not, nan where that is undefined.
    """

    image: Tensor
    places: Tensor
    grid: Grid | None
    text: int
    sinks: Tensor


@dataclass(frozen=True)
class Weights:
    """The weights of one query a row in some layers: (row, layer, head, key), and the numbers of these layers."""

    values: Tensor
    layers: tuple[int, ...]


def massive(peaks: Tensor, features: int) -> Tensor:
    """Which states have a massive feature, by their peaks: 1 or 0; nan where no state of so many features can.

    >>> massive(torch.tensor([3.0, 20.0]), 4096)
    tensor([0., 1.])
    """
    # a feature is at most the root of their number times their root mean square
    return (peaks >= MASSIVE).float() if features > MASSIVE**2 else torch.full_like(peaks, torch.nan)


def evenness(weights: Tensor, left_out: Tensor | None = None) -> Tensor:
    """Entropy of weights (..., place), made to sum to 1, over that of an even spread: in [0, 1].

    `left_out` (..., place) is 1 where a place does not count; nan gives nan. nan where fewer than two places count, and
    where all weights are 0.

    >>> evenness(torch.tensor([[0.2, 0.2], [0.3, 0.0], [0.0, 0.0]]))
    tensor([1., 0., nan])
    """
    counts = torch.ones_like(weights) if left_out is None else (1 - left_out).expand_as(weights)
    shares = weights * counts
    shares = shares / shares.sum(-1, keepdim=True)
    places = counts.sum(-1)
    spread = torch.special.entr(shares).sum(-1) / places.log()
    return torch.where(places > 1, spread.clamp(0.0, 1.0), torch.nan)


def readout(
    row: int, shown: Shown, own: Weights, across: Weights | None, *, layers: int, tokens: int
) -> AttentionReadout:
    """One row's sums in layers 0 to `layers` - 1: over its `tokens` in the sequence, and across to the pictures."""
    heads = own.values.shape[2]
    device, places = own.values.device, len(shown.places)
    sums = torch.full((len(SUMS), layers, heads), torch.nan, device=device)
    by_head = torch.full((layers, heads, places), torch.nan, device=device)
    at, values = list(own.layers), own.values[row]  # (layer, head, slot)
    sums[SUMS.index("question"), at] = values[..., shown.text :].sum(-1)
    if not len(shown.image) or not shown.image[0]:
        sums[SUMS.index("first"), at] = values[..., 0]
    looking = own if shown.image.any() else across
    if looking is not None and places:
        at, values = list(looking.layers), looking.values[row]
        to_image = values if looking is across else values[..., : len(shown.image)][..., shown.image]
        to_places, sinks = values[..., shown.places], shown.sinks[at][:, None]
        sums[SUMS.index("image"), at] = to_image.sum(-1)
        sums[SUMS.index("sinks"), at] = (to_places * sinks).sum(-1)
        sums[SUMS.index("entropy"), at] = evenness(to_places)
        sums[SUMS.index("entropy_without_sinks"), at] = evenness(to_places, sinks)
        by_head[at] = to_places
    return AttentionReadout(
        **dict(zip(SUMS, to_numpy(sums), strict=True)),
        places=to_numpy(by_head.mean(1)),
        sink_places=to_numpy(shown.sinks),
        grid=shown.grid,
        even=int(shown.image.sum()) / tokens if shown.image.any() else nan,
        places_by_head=to_numpy(by_head),
    )


SUMS = ("image", "question", "first", "sinks", "entropy", "entropy_without_sinks")
"""The parts of a readout that each layer and head has one of."""
