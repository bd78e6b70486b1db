"""All pairs of a sample and a perturbation: what each is chosen by, and how they lie on the plane."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..results import Evidence
from ..results.instability import CODES, UNKNOWN, verdicts_at

BINS = (48, 32)
"""Of the density: along the margin and along drift."""

JUDGED = 1_000
"""Samples of which it is asked whether kept answers hide something: each state is set against those of all images."""

DANGEROUS = CODES["dangerous"][0]


@dataclass(frozen=True)
class Population:
    """All pairs (sample, condition) under perturbations; controls, and overlays that repeat the clean answer, left out.

    `conditions` (condition) are their places among the run's. `known`: whether anything was measured. `flipped` is 1 or
    0, `drift` in % of the control, `margin` that of the clean choice [nats]; all three nan where undefined. `verdict`
    is a place in `instability.CODES`, of the `judged` (sample) alone. `clean_margin` (sample) [nats].
    """

    conditions: NDArray[np.intp]
    known: NDArray[np.bool_]
    flipped: NDArray[np.float64]
    drift: NDArray[np.float64]
    margin: NDArray[np.float64]
    clean_margin: NDArray[np.float64]
    verdict: NDArray[np.int8]
    judged: NDArray[np.bool_]

    @cached_property
    def is_flip(self) -> NDArray[np.bool_]:
        """(sample, condition) whether the answer changed."""
        return self.known & (self.flipped == 1)

    @cached_property
    def is_dangerous(self) -> NDArray[np.bool_]:
        """(sample, condition) whether it stayed, with the state nearer to another image's that has another answer."""
        return self.known & (self.verdict == DANGEROUS)

    @cached_property
    def on_plane(self) -> NDArray[np.bool_]:
        """(sample, condition) whether a pair has a place on the plane of drift against margin."""
        return self.known & np.isfinite(self.drift) & np.isfinite(self.margin) & np.isfinite(self.flipped)


@dataclass(frozen=True)
class Density:
    """How many pairs lie where: `kept` and `flipped` (margin, drift), between the edges [nats] and [%]."""

    margin_edges: NDArray[np.float64]
    drift_edges: NDArray[np.float64]
    kept: NDArray[np.int64]
    flipped: NDArray[np.int64]


def of_run(evidence: Evidence, *, seed: int = 0, most: int = JUDGED) -> Population:
    """The pairs of a run, none where it asks nothing; where it has more than `most` samples, so many are judged."""
    if not evidence.asks:
        return _empty()
    flipped = evidence.flipped.transpose("sample", "condition")
    places = np.flatnonzero(evidence.is_perturbed(flipped))
    shape = (flipped.sizes["sample"], len(places))
    moved = _on(evidence.flipped, places)
    drift = drift_percent(evidence)
    drift = np.full(shape, np.nan) if drift is None else _on(drift, places)
    # an overlay that neither contradicts the clean choice nor repeats it stands for nothing
    counts = _on(evidence.split(xr.ones_like(evidence.unsplit_flipped)), places) == 1
    answered = evidence.free.are_given[:, places]
    judged = np.zeros(shape[0], np.bool_)
    judged[np.random.default_rng(seed).permutation(shape[0])[:most]] = True
    verdict = _verdicts(evidence, judged)
    return Population(
        conditions=places,
        known=counts & (np.isfinite(moved) | np.isfinite(drift) | answered),
        flipped=moved,
        drift=drift,
        margin=_on(evidence.split(evidence.margin), places),
        clean_margin=np.asarray(evidence.margin.sel(condition="clean").values, np.float64),
        verdict=np.full(shape, UNKNOWN, np.int8) if verdict is None else verdict[:, places],
        judged=judged,
    )


def drift_percent(evidence: Evidence) -> xr.DataArray | None:
    """(sample, condition) drift of the states that stand for the model, in % of the mean control; None without states.

    One control for all samples: the mean over a family's pairs is then the number in the tables.
    """
    if not evidence.primary:
        return None
    control = float(evidence.primary_control.mean())
    return 100 * evidence.primary_drift / (control if control > 0 else np.nan)


def density(population: Population, bins: tuple[int, int] = BINS) -> Density | None:
    """How many of all pairs lie where on the plane; None where none has a place there."""
    there = population.on_plane
    if not there.any():
        return None
    margin, drift, flipped = population.margin[there], population.drift[there], population.is_flip[there]
    ranges = _range(margin), _range(drift)
    kept, *edges = np.histogram2d(margin[~flipped], drift[~flipped], bins, ranges)
    moved, *_ = np.histogram2d(margin[flipped], drift[flipped], bins, ranges)
    return Density(edges[0], edges[1], kept.astype(np.int64), moved.astype(np.int64))


def _verdicts(evidence: Evidence, judged: NDArray[np.bool_]) -> NDArray[np.int8] | None:
    """(sample, condition of the run) at the states that stand for the model; None where there is nothing to judge."""
    if not (evidence.primary and evidence.has_answers):
        return None
    codes = verdicts_at(evidence, evidence.primary_site, [evidence.primary_layer], of=judged)
    return codes.isel(layer=0).transpose("sample", "condition").values


def _on(pairs: xr.DataArray, places: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(pairs.transpose("sample", "condition").values[:, places], np.float64)


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _empty() -> Population:
    none = np.full((0, 0), np.nan)
    return Population(
        conditions=np.zeros(0, np.intp),
        known=none == 0,
        flipped=none,
        drift=none,
        margin=none,
        clean_margin=np.zeros(0),
        verdict=none.astype(np.int8),
        judged=np.zeros(0, np.bool_),
    )
