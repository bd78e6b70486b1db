"""Whether confidence matches accuracy: calibration errors, debiased, plain and of a calibrated model."""

from typing import Any

import numpy as np
from scipy.stats import foldnorm, t

from . import statistics as by
from .answers import Found, right_of
from .reading import EVERY, Raw

BINS = 15
SIMULATED = 500


def calibration(raw: Raw) -> Found:
    """ECE over 15 bins of confidence, by family; the calibrated model's answers are drawn with another seed."""
    odds = np.exp(raw.scores - raw.scores.max(axis=-1, keepdims=True))
    sure, right = raw.split(odds.max(axis=-1) / odds.sum(axis=-1)), right_of(raw)
    confidence, accuracy = by.mean(raw, sure).times(100), by.share(raw, right).times(100)
    rows, drawn, high = {}, {}, {}
    for row, places in raw.groups.items():
        x, y = sure[:, places], right[:, places]
        plain, chance = expected(x, y), by_chance(x)
        high[row] = float(np.quantile(chance, 0.975))
        estimate, low, top, drawn[row] = debiased(raw, x, y)
        bounds = (max(estimate, 0), 0 if plain <= high[row] else max(low, 0), min(top, 1))
        rows[row] = {
            "ECE, debiased %": tuple(100 * one for one in bounds),
            "as it is %": (100 * plain,),
            "calibrated %": (100 * chance.mean(),),
            "confidence %": confidence[row],
            "accuracy %": accuracy[row],
        }
    column = by.Column({name: row["ECE, debiased %"] for name, row in rows.items()}, drawn)
    worst, words = by.ranked(column, raw.unions[EVERY])
    over = "overconfident" if rows[worst]["confidence %"][0] > rows[worst]["accuracy %"][0] else "underconfident"
    no_more = [] if rows["clean"]["as it is %"][0] > 100 * high["clean"] else ["no more than"]
    clean = [*rows["clean"]["ECE, debiased %"], *no_more]
    return rows, [clean, [*rows[worst]["ECE, debiased %"], over, *words]]


def bins_of(sure: Any) -> Any:
    """The bin of each confidence, closed on the right."""
    return np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)


def expected(sure: Any, right: Any) -> float:
    """The plain calibration error of the pairs that have both."""
    known = ~np.isnan(sure) & ~np.isnan(right)
    apart = np.bincount(bins_of(sure[known]), right[known] - sure[known], minlength=BINS)
    return float(np.abs(apart).sum() / known.sum())


def by_chance(sure: Any) -> Any:
    """(simulated) the errors of a model that is as right as it is sure; a question's conditions share their luck."""
    luck = np.random.default_rng(20240601).random((SIMULATED, len(sure)))
    known = ~np.isnan(sure)
    place, question, values = bins_of(sure[known]), np.nonzero(known)[0], sure[known]
    return np.array([np.abs(np.bincount(place, (one[question] < values) - values)).sum() / len(values) for one in luck])


def debiased(raw: Raw, sure: Any, right: Any) -> tuple[float, float, float, Any]:
    """The error less what chance adds, where a bin's accuracy varies by image; bounds, and each draw's."""
    known = ~np.isnan(sure) & ~np.isnan(right)
    image = np.broadcast_to(raw.image[:, None], sure.shape)[known]
    parts = np.zeros((raw.images, BINS, 3))
    for one, part in enumerate((np.ones(known.sum()), sure[known], right[known])):
        np.add.at(parts[:, :, one], (image, bins_of(sure[known])), part)
    drawn = np.array([_debiased(parts, times) for times in by.weights(raw.images)])
    estimate = _debiased(parts, np.ones(raw.images))
    n = raw.images
    half = t.ppf(0.975, n - 1) * drawn.std(ddof=1) * np.sqrt(n / (n - 1))
    return estimate, estimate - half, max(estimate + half, np.quantile(drawn, 0.975)), drawn


def _debiased(parts: Any, times: Any) -> float:
    count, total, hits = np.moveaxis(np.tensordot(times, parts, axes=1), -1, 0)
    some = count > 0
    count, total, hits, parts = count[some], total[some], hits[some], parts[:, some]
    share, away = hits / count, np.abs(hits - total) / count
    sd = np.sqrt((times[:, None] * (parts[..., 2] - share * parts[..., 0]) ** 2).sum(axis=0)) / count
    varies = sd > 1e-12
    by_luck = away.copy()
    by_luck[varies] = _folded(away[varies], sd[varies])
    return float((count * (2 * away - by_luck)).sum() / count.sum())


def _folded(mean: Any, sd: Any) -> Any:
    return foldnorm.mean(mean / sd, scale=sd)
