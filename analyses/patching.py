"""Activation patching: how far a state, put into another forward, takes the margin to where it comes from.

Margins are those of the clean choice over its best rival, read from the options' first tokens, in nats. Source: Zhang &
Nanda 2024, whose logit difference this is; Golovanevsky et al. 2025 (NOTICE) patch pictures in models like these, and
warn that noise leaves what a model knows: states of another real picture stand beside perturbed ones as a control.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import labels, papers
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "patching.effect",
        "How much of the way to the source's margin do the patched states take the base's?",
        "share",
        "(-inf, inf); 0 none, 1 all of it",
        papers.ACTIVATION_PATCHING,
    ),
    Card(
        "patching.towards",
        "How far towards the source's margin do the patched states take the base's?",
        "nats",
        "(-inf, inf)",
        papers.ACTIVATION_PATCHING,
    ),
)


def effect(moved: Array, gap: Array) -> Array:
    """Effect of one patch: moved / gap.

    `moved` is margin(patched) - margin(base), `gap` margin(source) - margin(base). In: moved (pair, ...), gap (pair) or
    as moved. Out: as moved; 0 where the patch changes nothing, 1 where it does all that the source's picture does;
    below 0 and above 1 are possible. nan where either is undefined and where the gap is 0. Pitfalls: a small gap makes
    any effect, so that effects of several pairs are weighed by their gaps (`towards`); effects of groups and layers do
    not add up; what reaches the answer by another way (pictures that later layers read again) is not patched.
    Raises ValueError where labels differ. Source: Zhang & Nanda 2024.

    >>> effect(np.array([[0.5, -2.0]]), np.array([-2.0]))   # 0.5 / -2, -2 / -2
    array([[-0.25,  1.  ]])
    """
    return _of_both(_share, moved, gap)


def towards(moved: Array, gap: Array) -> Array:
    """What a patch moves the margin, counted towards the source's: moved * sign(gap), in nats.

    In and out as of `effect`. The sum over pairs, divided by that of |gap|, is their mean effect weighed by |gap|: that
    of pairs whose pictures hardly differ in the margin hardly counts. nan where either is undefined; 0 where the gap is
    0. Raises ValueError where labels differ. Source: Zhang & Nanda 2024; the weights are ours.

    >>> moved, gap = np.array([0.5, -2.0]), np.array([-2.0, -2.0])
    >>> towards(moved, gap), float(towards(moved, gap).sum() / abs(gap).sum())
    (array([-0.5,  2. ]), 0.375)
    """
    return _of_both(_along, moved, gap)


def _share(moved: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.float64]:
    return moved / np.where(gap == 0, np.nan, gap)


def _along(moved: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.float64]:
    return moved * np.sign(gap)


def _of_both(kernel: Any, moved: Array, gap: Array) -> Array:
    if not labels.labelled(moved=moved, gap=gap):
        values: NDArray[np.float64] = np.asarray(moved, np.float64)
        return kernel(values, labels.repeated(np.asarray(gap, np.float64), values, "gap", "moved"))
    first, second = labels.aligned(moved=moved, gap=gap)
    if extra := [str(dim) for dim in second.dims if dim not in first.dims]:
        raise ValueError(f"gap has a dimension {extra[0]!r} and moved has not. Give one gap for each pair.")
    return labels.apply(kernel, first, second, core=[[], []], dtype=np.float64).transpose(*first.dims)
