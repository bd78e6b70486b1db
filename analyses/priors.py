"""Drift to prior: whether a perturbation moves the model towards what it says without an image.

The prior is the model's response to the blank image: white, of the same size, under the same prompt. Margins,
representations and choices can each move there. Source: Wani et al. 2026; definitions, section 8.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates and `astype` open.

from typing import Any

import numpy as np
import xarray as xr

from . import drift, kernels, labels, papers
from .cards import Card
from .flips import choices
from .labels import Array

CARDS = (
    Card(
        "priors.margin_drift",
        "How far along the way to its prior does a perturbation take the margin?",
        "share of the way from clean (0) to prior (1)",
        "(-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "priors.embedding_drift",
        "How much nearer to the prior's representation does a perturbation bring the state?",
        "share of the distance from clean (0) to prior (1)",
        "(-inf, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "priors.flips_to_prior",
        "When the choice flips, and has more than one way to go, is the new one what the model picks without an image?",
        "1 so, 0 another choice",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "priors.flip_to_prior_rate",
        "What share of the flips that could go elsewhere lands on the prior's choice?",
        "share of flips",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
)

LEAST = 1e-6
"""nats between the margins of clean and prior, below which there is no way to be along."""

LEAST_OPTIONS = 3
"""Options below which a flip has one place to go."""


def margin_drift(clean: Array, perturbed: Array, prior: Array) -> Array:
    """Drift to prior of the margin: D2P = (m(perturbed) - m(clean)) / (m(prior) - m(clean)).

    In: margins of the same option (the clean choice): clean and prior (sample, ...), perturbed (sample, condition,
    ...). Out: as perturbed, float64, unitless: 0 unmoved, 1 at the prior, above 1 beyond it, below 0 away from it. nan
    where a margin is undefined and where |m(prior) - m(clean)| < 1e-6. Raises ValueError where labels differ.
    Source: Wani et al. 2026.

    >>> margin_drift(np.array([2.0, 1.0]), np.array([[2.0, 0.5], [0.0, 1.0]]), np.array([-1.0, 1.0]))   # -1.5 / -3
    array([[0. , 0.5],
           [nan, nan]])
    """
    if not labels.labelled(clean=clean, perturbed=perturbed, prior=prior):
        moved = np.asarray(perturbed)
        ends = {"clean": np.asarray(clean), "prior": np.asarray(prior)}
        return _share(moved, *(labels.repeated(end, moved, name, "perturbed") for name, end in ends.items()))
    start, moved, end = labels.aligned(clean=clean, perturbed=perturbed, prior=prior)
    labels.require_dims("clean", start, "perturbed", moved)
    labels.require_dims("prior", end, "perturbed", moved)
    return labels.apply(_share, moved, start, end, core=[[], [], []], dtype=np.float64).transpose(*moved.dims)


def embedding_drift(
    clean: Array, perturbed: Array, prior: Array, *, metric: str = "cosine", dim: str | int = "feature"
) -> Array:
    """Drift to prior of a representation: 1 - d(perturbed, prior) / d(clean, prior).

    In: states (..., dim) three times; `perturbed` may have a `condition` dimension that the others lack; `metric`
    "cosine" or "euclidean". Out: as perturbed without `dim`, unitless, (-inf, 1]: 0 as far from the prior as clean, 1
    at the prior, below 0 farther away. A state that moves sideways, neither nearer nor farther, has 0 too: `drift`
    tells. nan where a distance is undefined (a zero vector) and where clean and prior are the same. Raises ValueError
    for another metric and where labels differ; bare arrays as in `drift.cosine`. Source: Wani et al. 2026.

    >>> clean, prior = np.array([[4.0, 1.0]]), np.array([[0.0, 1.0]])
    >>> embedding_drift(clean, np.array([[1.0, 1.0]]), prior, metric="euclidean")   # 1 - 1/4
    array([0.75])
    """
    if metric not in kernels.METRICS:
        raise ValueError(f"metric={metric!r}: unknown. Choose one of {', '.join(kernels.METRICS)}.")
    distance = {"cosine": drift.cosine, "euclidean": drift.euclidean}[metric]
    if labels.labelled(clean=clean, perturbed=perturbed, prior=prior):
        start, moved, end = labels.aligned(clean=clean, perturbed=perturbed, prior=prior)
        labels.require_dims("clean", start, "perturbed", moved)
        return along_way(distance(end, start, dim=dim), distance(end, moved, dim=dim))
    labels.require_same_shape(clean=clean, perturbed=perturbed, prior=prior)
    left, whole = distance(prior, perturbed, dim=dim), distance(prior, clean, dim=dim)
    return 1.0 - left / np.where(whole > 0, whole, np.nan)


def along_way(clean: xr.DataArray, perturbed: xr.DataArray) -> xr.DataArray:
    """`embedding_drift` from the distances to the prior, of the clean state and of the perturbed one.

    In: clean (sample, ...), perturbed (sample, condition, ...), labelled alike. Out: as perturbed.

    >>> along_way(xr.DataArray([4.0], dims="sample"), xr.DataArray([[1.0]], dims=("sample", "condition"))).values
    array([[0.75]])
    """
    return (1.0 - perturbed / clean.where(clean > 0)).transpose(*perturbed.dims)


def flips_to_prior(choice: Array, clean_choice: Array, prior_choice: Array, options: Array | None = None) -> Array:
    """Whether each flip lands on the prior's choice, among the flips that could and need not.

    In: choice (sample, condition, ...), clean_choice and prior_choice (sample, ...): option indices or texts; options,
    the number of options of each sample (sample), or one for all; without it all count as having three or more. Out: as
    choice, float64: 1 the flip lands there, 0 elsewhere; nan where there is no flip or a choice is undefined, where the
    prior's choice is the clean one, which no flip can land on, and where there are fewer than three options, so that a
    flip has nowhere else to go. By chance a flip lands there once in (options - 1). Raises ValueError where labels
    differ. Source: Wani et al. 2026; which flips count is ours.

    >>> flips_to_prior(np.array([[0, 1, 2, -1], [0, 1, 1, 1]]), np.array([0, 0]), np.array([2, 1]), np.array([3, 2]))
    array([[nan,  0.,  1., nan],
           [nan, nan, nan, nan]])
    """
    given: Array = LEAST_OPTIONS if options is None else options
    if np.ndim(given):
        labels.labelled(choice=choice, options=given)
    flipped = choices.flipped(choice, clean_choice)
    landed = 1.0 - choices.flipped(choice, prior_choice)
    could = choices.flipped(prior_choice, clean_choice)  # 1 where the prior's choice is another than the clean one
    if not isinstance(landed, xr.DataArray):
        could = np.where(np.broadcast_to(given, could.shape) >= LEAST_OPTIONS, could, np.nan)
        return np.where((flipped == 1) & (labels.repeated(could, landed, "options", "choice") == 1), landed, np.nan)
    landed, flipped, could, many = labels.aligned(
        choice=landed, flipped=flipped, prior_choice=could, options=_numbers(given)
    )
    return landed.where((flipped == 1) & (could == 1) & (many >= LEAST_OPTIONS)).transpose(*landed.dims)


def flip_to_prior_rate(
    choice: Array,
    clean_choice: Array,
    prior_choice: Array,
    options: Array | None = None,
    *,
    dim: str = "sample",
    condition: str = "condition",
) -> xr.DataArray:
    """Share of flips that land on the prior's choice, over one dimension: the mean of `flips_to_prior`.

    In: as `flips_to_prior`; bare arrays are (sample, condition, ...). Out: DataArray without `dim`, in [0, 1], with the
    coordinates `flips`, the number of flips that it is the share of; `chance`, the share that flips at random would
    have, the mean of 1 / (options - 1) over the same flips, nan without `options`; and `undefined`, the number of pairs
    of which nobody knows whether they flip or where to. nan where no flip counts. Raises ValueError where labels differ
    or `dim` is missing.
    Interval: `statistics.bootstrap(statistics.mean, flips_to_prior(...), cluster="image")`.

    >>> choice, clean, prior = np.array([[1, 0], [2, 0], [0, 0]]), np.array([0, 0, 0]), np.array([2, 2, 2])
    >>> rate = flip_to_prior_rate(choice, clean, prior, 4)
    >>> rate.values, rate.flips.values   # of two flips under the first condition one lands on 2
    (array([0.5, nan]), array([2, 0]))
    >>> rate.chance.values.round(3)   # each had three places to go
    array([0.333,   nan])
    """
    landed = labels.by_sample(flips_to_prior(choice, clean_choice, prior_choice, options), condition=condition)
    if dim not in landed.dims:
        raise ValueError(f"no dimension {dim!r} among {dict(landed.sizes)} to average over. Name it with `dim=`.")
    given: Array = np.nan if options is None else options
    many = labels.by_sample(given) if np.ndim(given) else xr.DataArray(given)
    chance = (1.0 / (many - 1).where(many > 1)).where(landed.notnull())
    known = [choices.flipped(choice, one) for one in (clean_choice, prior_choice)]
    lost, unknown = (labels.by_sample(one, condition=condition) for one in (known[0], known[0] + known[1]))
    beside = {
        "flips": landed.notnull().sum(dim),
        "chance": labels.mean(chance, dim),
        "undefined": (unknown.isnull() & (lost != 0)).sum(dim),
    }
    return labels.mean(landed, dim).assign_coords(beside)


def _numbers(options: Array) -> xr.DataArray:
    return options if isinstance(options, xr.DataArray) else xr.DataArray(int(options))


def _share(perturbed: Any, clean: Any, prior: Any) -> Any:
    moved, start, end = (np.asarray(x, np.float64) for x in (perturbed, clean, prior))
    with np.errstate(invalid="ignore"):  # an infinite margin is no place to be between: inf - inf is nan
        way = end - start
        return (moved - start) / np.where(np.abs(way) >= LEAST, way, np.nan) + 0.0  # no -0
