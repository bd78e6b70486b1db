"""Intervals by image: bootstrap, Wilson on the effective number, jackknife, and leads over the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import comb
from scipy.stats import norm, t

from .reading import Raw

Z = norm.ppf(0.975)


def weights(images: int, resamples: int = 2000, seed: int = 0) -> Any:
    """(draw, image) how often each image is drawn."""
    generator, rows = np.random.default_rng(seed), []
    for start, stop in pairwise([*range(0, resamples, 256), resamples]):
        rows += list(generator.integers(images, size=(stop - start, images), dtype=np.int64))
    return np.array([np.bincount(row, minlength=images) for row in rows], float)


def sums(values: Any, image: Any, images: int) -> Any:
    """(image, ...) sums over an image's samples of what is defined."""
    result = np.zeros((images, *values.shape[1:]))
    np.add.at(result, image, np.nan_to_num(values))
    return result


def quantiles(estimate: float, drawn: Any) -> tuple[float, float, float]:
    """Estimate and 95 % of its defined draws."""
    known = drawn[np.isfinite(drawn)]
    if not len(known) or not np.isfinite(estimate):
        return float(estimate), np.nan, np.nan
    return float(estimate), *map(float, np.quantile(known, [0.025, 0.975]))


def over(numerator: Any, denominator: Any) -> Any:
    """The quotient; nan over 0."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator > 0)


def average(values: Any, axis: int) -> Any:
    """Mean of what is defined."""
    known = ~np.isnan(values)
    return over(np.where(known, values, 0).sum(axis=axis), known.sum(axis=axis).astype(float))


def wilson(cases: Any, trials: Any, variance: Any = None) -> tuple[float, float, float]:
    """Of cases and trials (image): the rate, and Wilson's interval on the effective number of trials."""
    tried, total = int((trials > 0).sum()), trials.sum()
    if not total:
        return np.nan, np.nan, np.nan
    p = cases.sum() / total
    if variance is None:
        variance = tried / max(tried - 1, 1) * ((cases - p * trials) ** 2).sum() / total**2
    if p * (1 - p) < 1e-15 or variance <= 1e-15 * p * (1 - p):
        n = float(tried)
    else:
        worth = p * (1 - p) / variance
        with_case, without = int((cases > 0).sum()), int((cases < trials).sum())
        seen = min(with_case, without)
        n = worth * (Z / t.ppf(0.975, max(tried - 1, 1))) ** 2
        if seen < 20:
            n = max(worth * (Z / t.ppf(0.975, max(min(seen, tried - 1), 1))) ** 2, min(n, tried))
    middle, half = (p + Z**2 / (2 * n)) / (1 + Z**2 / n), Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    half /= 1 + Z**2 / n
    return p, max(middle - half, 0.0) if p > 0 else 0.0, min(middle + half, 1.0) if p < 1 else 1.0


def jackknife(estimate: float, without: Any) -> tuple[float, float, float]:
    """A number and what leaving each image out implies."""
    n = len(without)
    half = t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return estimate, estimate - half, estimate + half


@dataclass(frozen=True)
class Column:
    """What a quantity comes to under each family and union, and in each draw of images; rows hold three numbers."""

    rows: dict[str, tuple[float, ...]]
    drawn: Mapping[str, Any]

    def times(self, scale: float) -> dict[str, tuple[float, ...]]:
        return {name: tuple(scale * number for number in row) for name, row in self.rows.items()}


def column(raw: Raw, groups: Any, numbers: Callable[[Any], tuple[Any, Any]]) -> Column:
    found = {name: numbers(places) for name, places in groups.items()}
    for name, families in raw.unions.items():
        parts = [np.append(found[one][0], found[one][1]) for one in families]
        both = average(np.array(parts), 0)
        found[f"{name}: mean of families"] = both[0], both[1:]
    rows = {name: quantiles(*found[name]) for name in found}
    return Column(rows, {name: drawn for name, (_, drawn) in found.items()})


def mean(raw: Raw, pairs: Any) -> Column:
    """Of (sample, view): the mean over samples of each sample's mean over a family's conditions."""
    drawn = weights(raw.images)

    def numbers(places: Any) -> tuple[Any, Any]:
        each = average(pairs[:, places], 1)
        parts = sums(np.stack([each, ~np.isnan(each)], axis=1), raw.image, raw.images)
        total, again = parts.sum(axis=0), drawn @ parts
        return over(total[0], total[1]), over(again[:, 0], again[:, 1])

    return column(raw, raw.groups, numbers)


def percent(raw: Raw, pairs: Any, control: Any) -> Column:
    """100 mean(drift) / mean(control), of (sample, view) and (sample)."""
    drawn = weights(raw.images)

    def numbers(places: Any) -> tuple[Any, Any]:
        each = average(pairs[:, places], 1)
        known = ~np.isnan(each) & ~np.isnan(control)
        parts = sums(np.where(known[:, None], np.stack([each, control], axis=1), 0), raw.image, raw.images)
        total, again = parts.sum(axis=0), drawn @ parts
        return 100 * over(total[0], total[1]), 100 * over(again[:, 0], again[:, 1])

    return column(raw, raw.groups, numbers)


def cohen(raw: Raw, pairs: Any, control: Any) -> Column:
    """Drift minus control in pooled standard deviations."""
    each_draw = np.vstack([np.ones(raw.images), weights(raw.images)])[:, raw.image]

    def numbers(places: Any) -> tuple[Any, Any]:
        x = average(pairs[:, places], 1)
        known = ~np.isnan(x) & ~np.isnan(control)
        w = each_draw[:, known]
        n, middles, scatter = w.sum(axis=1), [], 0.0
        for values in (x[known], control[known]):
            away = values - values.mean()
            shift = w @ away / n
            middles.append(values.mean() + shift)
            scatter = scatter + w @ away**2 - n * shift**2
        result = (middles[0] - middles[1]) / np.sqrt(scatter / (2 * n - 2))
        return result[0], result[1:]

    return column(raw, raw.groups, numbers)


def share(raw: Raw, cases: Any, trials: Any = None, *, chosen: Any = None) -> Column:
    """Of (sample, view) cases, nan where there is no trial: cases over trials, with Wilson's interval."""
    tried = (~np.isnan(cases)).astype(float) if trials is None else trials
    both = np.where((np.isnan(cases) | np.isnan(tried))[..., None], 0, np.stack([cases, tried], axis=-1))
    return _shares(raw, lambda places: both[:, places].sum(axis=1), chosen)


def ever(raw: Raw, happened: Any, *, chosen: Any = None) -> Column:
    """The share of samples in which it happens under at least one condition."""

    def of(places: Any) -> Any:
        known = ~np.isnan(happened[:, places])
        case = (np.nan_to_num(happened[:, places]) > 0).any(axis=1)
        return np.stack([case, known.any(axis=1)], axis=1).astype(float)

    return _shares(raw, of, chosen)


def ever_among(raw: Raw, happened: Any, k: int, *, chosen: Any = None) -> Column:
    """The same under k conditions drawn at random."""

    def of(places: Any) -> Any:
        n = (~np.isnan(happened[:, places])).sum(axis=1)
        f = (np.nan_to_num(happened[:, places]) > 0).sum(axis=1)
        enough = n >= k
        case = 1 - over(comb(n - f, k), comb(n, k))
        return np.stack([np.where(enough, case, 0), enough], axis=1).astype(float)

    return _shares(raw, of, chosen)


def _shares(raw: Raw, of: Callable[[Any], Any], chosen: Any) -> Column:
    inside = np.ones(len(raw.image), bool) if chosen is None else chosen
    parts = {name: sums(of(places)[inside], raw.image[inside], raw.images) for name, places in raw.groups.items()}
    for name, families in raw.unions.items():
        each = [parts[one] / max(parts[one][:, 1].sum(), 1e-300) for one in families]
        parts[f"{name}: mean of families"] = np.sum(each, axis=0)
    drawn = weights(raw.images)
    rows = {name: wilson(*part.T) for name, part in parts.items()}
    return Column(rows, {name: over(*(drawn @ part).T) for name, part in parts.items()})


def most(column: Column, names: Any, sign: int = 1) -> tuple[str, bool, str]:
    """The highest (sign -1: lowest) of some rows, whether it is told from the next, and the next."""
    known = [name for name in names if np.isfinite(column.rows[name][0])]
    first, second = sorted(known, key=lambda name: -sign * column.rows[name][0])[:2]
    ahead = sign * (column.rows[first][0] - column.rows[second][0])
    lead = quantiles(ahead, sign * (column.drawn[first] - column.drawn[second]))
    return first, lead[1] > 0, second


def ranked(column: Column, names: Any, sign: int = 1) -> tuple[str, list[str]]:
    """The entry that is highest (lowest), and the words that a sentence must hold about it."""
    first, told, second = most(column, names, sign)
    return first, [first] if told else [first, f"{UNTOLD} {second}"]


UNTOLD = "not distinguishable from"
"""What a sentence says where the images do not tell the first from the next."""
