"""How good foretold probabilities of flips are: ranking, squared error, and the risk that is left at each coverage.

Source: Hanley & McNeil 1982; Brier 1950; Geifman & El-Yaniv 2017.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, pairs
from ..instability.ranking import Ranked
from ..statistics import ALL
from ..statistics.resampling import BOUNDS, Counts, Floats, all_draws, percentiles
from . import risk

MEASURES = ("auroc", "brier", "aurc")
DRAWS = 32
"""Draws whose curves are held at once."""


def compared(
    probability: xr.DataArray,
    flipped: xr.DataArray,
    *,
    family: str = "family",
    image: str = "image",
    resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """AUROC, Brier score and area under the risk-coverage curve of several models, by family, and what each gains.

    In: probability (model, sample, condition) of a flip, flipped (sample, condition), with coordinates `family` and
    `image`. Only pairs that all models foretell count, so that models are compared on the same. Out: Dataset (family,
    model, bound) of `auroc`, `brier` (mean squared difference to 0 or 1), `aurc` (`risk.area`), each in [0, 1] with a
    percentile interval by image, and `auroc_gain` and so on: the model's less the first model's, with the same images
    drawn for both. The last family, "all perturbations", is the mean over the families of which all three are defined.
    `flips` and `pairs` (family) count, and `risk` (family, model, coverage) is the curve at tenths. AUROC is nan where
    all pairs flip or none does; all are where there is no pair. Raises ValueError where labels differ.

    >>> along = {"family": ("condition", ["a"]), "image": ("sample", list("wxyz"))}
    >>> flipped = xr.DataArray([[1.0], [0.0], [0.0], [1.0]], dims=("sample", "condition"), coords=along)
    >>> foretold = xr.concat([flipped * 0 + 0.5, flipped], "model")
    >>> found = compared(foretold, flipped, resamples=4).sel(family="a", bound="estimate")
    >>> found.auroc.values.tolist(), found.brier_gain.values.tolist()
    ([0.5, 1.0], [0.0, -0.25])
    """
    verdict, given = labels.aligned(flipped=flipped, probability=probability)
    verdict, given = verdict.transpose("sample", "condition"), given.transpose("model", "sample", "condition")
    names, codes = np.unique(pairs.images_of(verdict, image), return_inverse=True)
    groups = {name: own for name, own in labels.families(verdict, family).items() if name != "clean"}
    weights = all_draws(len(names), resamples, seed)
    shape = (len(groups), given.sizes["model"], len(MEASURES))
    estimate, drawn = np.full(shape, np.nan), np.full((len(weights), *shape), np.nan)
    counts, curves = np.zeros((2, len(groups)), np.int64), np.full((*shape[:2], len(risk.COVERAGES)), np.nan)
    for place, own in enumerate(groups.values()):
        flips, foretold = verdict.values[:, own], given.values[:, :, own]
        known = ~np.isnan(flips) & ~np.isnan(foretold).any(axis=0)
        counts[:, place] = flips[known].sum(), known.sum()
        rows = np.broadcast_to(codes.reshape(-1)[:, None], flips.shape)[known]
        for model in range(shape[1]) if known.any() else ():
            pair = foretold[model][known], flips[known] > 0, rows
            estimate[place, model] = _measured(*pair, np.ones((1, len(names)), np.uint8))[0]
            drawn[:, place, model] = _measured(*pair, weights) if len(names) > 1 else np.nan
            curves[place, model] = risk.curve(pair[0], pair[1])
    coords = {"family": [*groups, ALL], "bound": list(BOUNDS)}
    found = _tables(_with_mean(estimate), _with_mean(drawn), level)
    made = {name: (("family", "model", "bound"), each) for name, each in found.items()}
    data = xr.Dataset(made, coords=coords if "model" not in given.coords else coords | {"model": given.model})
    both = np.append(counts, counts.sum(axis=1, keepdims=True), axis=1)
    data = data.assign(flips=("family", both[0]), pairs=("family", both[1]))
    return data.assign(
        risk=(("family", "model", "coverage"), _with_mean(curves)), coverage=("coverage", np.array(risk.COVERAGES))
    ).set_coords("coverage")


def _measured(foretold: Floats, flipped: NDArray[np.bool_], image: NDArray[np.intp], weights: Counts) -> Floats:
    """(draw, measure) of pairs, each image counting as often as it is drawn: weights (draw, image)."""
    ranked = Ranked.of(foretold, flipped, image).areas(weights)[:, 0]
    images = weights.shape[1]
    squares = np.bincount(image, (foretold - flipped) ** 2, images)
    count = weights @ np.bincount(image, minlength=images)
    brier = (weights @ squares) / np.where(count > 0, count, np.nan)
    areas = np.concatenate(
        [risk.areas(foretold, flipped, some[:, image].astype(np.float64)) for some in _blocks(weights)]
    )
    return np.stack([ranked, brier, areas], axis=-1)


def _blocks(weights: Counts) -> Iterator[Counts]:
    yield from (weights[start : start + DRAWS] for start in range(0, len(weights), DRAWS))


def _with_mean(values: Floats) -> Floats:
    """(..., family, model, k) with the mean over the families of which all numbers are defined, behind the others."""
    known = ~np.isnan(values).any(axis=(-1, -2), keepdims=True)
    count = known.sum(axis=-3, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=-3, keepdims=True)
    return np.concatenate([values, total / np.where(count > 0, count, np.nan)], axis=-3)


def _tables(estimate: Floats, drawn: Floats, level: float) -> dict[str, Floats]:
    bounds = percentiles(estimate, drawn, level)
    gained = percentiles(estimate - estimate[..., :1, :], drawn - drawn[..., :1, :], level)
    found = {name: bounds[:, :, k] for k, name in enumerate(MEASURES)}
    return found | {f"{name}_gain": gained[:, :, k] for k, name in enumerate(MEASURES)}
