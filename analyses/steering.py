"""Steering: a direction from perturbed to clean states, added to other forwards, and what it mends and breaks.

The direction of a family is the mean of clean minus perturbed states over pairs of other images; it is added, at a
strength, to the state at one layer. Source: Liu, Ye & Zou 2024 (VTI), who add such directions to mend hallucinations;
theirs is the first principal component of the differences, ours their mean, and what it breaks stands beside what it
mends.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import intervention_papers, labels
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "steering.directions",
        "Which way do clean states lie from perturbed ones, as other images tell it?",
        "as the states",
        "(-inf, inf)",
        intervention_papers.LATENT_STEERING,
    ),
    Card(
        "steering.mended",
        "Does steering bring an answer back that a perturbation flipped?",
        "share",
        "[0, 1]",
        intervention_papers.LATENT_STEERING,
    ),
    Card(
        "steering.broken",
        "Does steering flip an answer that a perturbation left as it was?",
        "share",
        "[0, 1]",
        intervention_papers.LATENT_STEERING,
    ),
)


def directions(difference: ArrayLike, fold: ArrayLike) -> NDArray[np.float64]:
    """Mean difference of clean and perturbed states over the pairs of all other folds.

    In: difference (pair, ...), clean minus perturbed, and fold (pair), whole numbers from 0; pairs of one image share
    a fold, so that no image steers itself. Out: (fold, ...) in the unit of the states; row f serves the pairs of fold
    f. Pairs that are nan are left out; nan where no pair is left. Pitfalls: a direction of few pairs is mostly noise of
    their images; its length shrinks where differences point different ways, so that strengths of families do not
    compare. Raises ValueError where there is not one fold a pair. Source: Liu, Ye & Zou 2024, the mean instead of the
    first component being ours.

    >>> directions([[1.0], [3.0], [8.0]], [0, 0, 1])   # fold 0 by 8, fold 1 by (1 + 3) / 2
    array([[8.],
           [2.]])
    """
    differences, folds = np.asarray(difference, np.float64), np.asarray(fold)
    if folds.shape != differences.shape[:1]:
        raise ValueError(f"fold has shape {folds.shape}, difference {differences.shape}. Give one fold for each pair.")
    known = ~np.isnan(differences)
    others = folds[None] != np.arange(folds.max(initial=-1) + 1)[:, None]  # (fold, pair)
    sums = np.tensordot(others.astype(np.float64), np.where(known, differences, 0.0), axes=1)
    counts = np.tensordot(others.astype(np.float64), known.astype(np.float64), axes=1)
    return sums / np.where(counts > 0, counts, np.nan)


def mended(choice: Array, before: Array, clean: Array) -> Array:
    """1 where a flipped answer is the clean one again, 0 where not; nan where it had not flipped.

    In: choice (pair, ...) under steering, before (pair) without it, clean (pair), as indices of options, -1 for none.
    Out: as choice; nan also where one of the three is none. Pitfall: a direction that leads every answer to one option
    mends all flips away from that option; `broken` and another direction of the same length tell. Raises ValueError
    where labels differ. Source: Liu, Ye & Zou 2024; the reading is ours.

    >>> mended(np.array([[0, 1], [0, 0]]), np.array([1, 0]), np.array([0, 0]))
    array([[ 1.,  0.],
           [nan, nan]])
    """
    return _of_three(_mended, choice, before, clean)


def broken(choice: Array, before: Array, clean: Array) -> Array:
    """1 where an answer that had stayed leaves the clean one, 0 where it stays; nan where it had flipped.

    In and out as of `mended`. Raises ValueError where labels differ. Source: Liu, Ye & Zou 2024; the reading is ours.

    >>> broken(np.array([[0, 1], [0, 0]]), np.array([1, 0]), np.array([0, 0]))
    array([[nan, nan],
           [ 0.,  0.]])
    """
    return _of_three(_broken, choice, before, clean)


Choices = NDArray[np.int64]


def _mended(choice: Choices, before: Choices, clean: Choices) -> NDArray[np.float64]:
    return np.where(_known(choice, before, clean) & (before != clean), choice == clean, np.nan)


def _broken(choice: Choices, before: Choices, clean: Choices) -> NDArray[np.float64]:
    return np.where(_known(choice, before, clean) & (before == clean), choice != clean, np.nan)


def _known(*choices: Choices) -> NDArray[np.bool_]:
    return np.logical_and.reduce(np.broadcast_arrays(*(each >= 0 for each in choices)))


def _of_three(kernel: Callable[..., Any], choice: Array, before: Array, clean: Array) -> Array:
    if not labels.labelled(choice=choice, before=before, clean=clean):
        values: Choices = np.asarray(choice)
        beside = {"before": before, "clean": clean}
        return kernel(values, *(labels.repeated(np.asarray(x), values, name, "choice") for name, x in beside.items()))
    first, *others = labels.aligned(choice=choice, before=before, clean=clean)
    return labels.apply(kernel, first, *others, core=[[], [], []], dtype=np.float64).transpose(*first.dims)
