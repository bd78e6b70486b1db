"""Attention knockout: what an answer loses where its text cannot attend to the picture in a window of layers.

Margins are those of the clean choice over its best rival, in nats. Source: Geva et al. 2023, whose knockout this is;
Neo et al. 2025 cut attention to pictures in models like these.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

import numpy as np
from numpy.typing import NDArray

from . import intervention_papers, labels
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "knockout.lost",
        "How much of its margin does an answer lose where text cannot attend to the picture in these layers?",
        "nats",
        "(-inf, inf); 0 nothing lost, below 0 gained",
        intervention_papers.ATTENTION_KNOCKOUT,
    ),
)


def lost(margin: Array, base: Array) -> Array:
    """Margin lost by a cut: margin(base) - margin(cut).

    In: margin (pair, ...) under cuts, base (pair) or (pair, ...) without, in nats. Out: as margin, in nats; 0 where a
    cut changes nothing, below 0 where the answer leads by more. nan where either is undefined. Pitfalls: what is cut is
    shared out among the other tokens, which are then attended to more than the model has learnt; what earlier layers
    have carried to other tokens is still there, so that windows do not add up; as many other tokens, cut in the same
    layers, tell how much any cut of this size costs. Raises ValueError where labels differ. Source: Geva et al. 2023.

    >>> lost(np.array([[1.5, 2.5]]), np.array([2.0]))
    array([[ 0.5, -0.5]])
    """
    if not labels.labelled(margin=margin, base=base):
        values: NDArray[np.float64] = np.asarray(margin, np.float64)
        return np.asarray(labels.repeated(np.asarray(base, np.float64), values, "base", "margin"), np.float64) - values
    first, second = labels.aligned(margin=margin, base=base)
    if extra := [str(dim) for dim in second.dims if dim not in first.dims]:
        raise ValueError(f"base has a dimension {extra[0]!r} and margin has not. Give one base for each pair.")
    return (second - first).transpose(*first.dims)
