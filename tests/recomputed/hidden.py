"""What moves behind answers that stay, and whether drift goes with flips."""

from typing import Any

import numpy as np

from . import statistics as by
from .answers import Found, erosion_of, flips_of, margin
from .reading import EVERY, Raw
from .states import NEAREST, apart, drift_of, others_of, primary_of, redrawn_quantile, unit


def instability(raw: Raw, sites: Any) -> Found:
    """Nearer to another image, harmless and dangerous; beyond the nearest with another answer; eroded."""
    site, flipped = primary_of(sites), flips_of(raw)
    nearer = {name: nearer_of(raw, states) for name, states in sites.items()}
    columns = {
        name: by.share(raw, pairs)
        for name, pairs in zip(("nearer to another %", "harmless %", "dangerous %"), nearer[site], strict=True)
    }
    columns["eroded %"] = by.share(raw, _kept(raw, erosion_of(raw) > 0))
    table = {name: column.times(100) for name, column in columns.items()}
    far = beyond(raw, sites[site])
    rows = {row: {name: table[name][row] for name in columns} | {"beyond %": far[row]} for row in raw.groups}
    for union in raw.unions:
        means = f"{union}: mean of families"
        rows[means] = {name: table[name][means] for name in list(columns)[:3]}
        rows[means] |= {"beyond %": (np.nan,), "eroded %": (np.nan,)}
    kept = int((~np.isnan(_kept(raw, flipped)[:, raw.groups[EVERY]])).sum())
    hidden = _hidden(raw, nearer)
    compared = int((~np.isnan(nearer[site][0][:, raw.groups[EVERY]])).sum())  # not those whose question is asked once
    return rows, [[compared, *hidden], [kept, *rows[EVERY]["eroded %"]], readout(raw, sites)]


def _kept(raw: Raw, verdict: Any) -> Any:
    clean = np.array([family == "clean" for family, *_ in raw.views])
    return np.where((flips_of(raw) == 0) & ~clean, verdict.astype(float), np.nan)


def nearer_of(raw: Raw, states: Any) -> tuple[Any, Any, Any]:
    """(sample, view) three times, of kept pairs: nearer to another image's clean state, harmless, dangerous."""
    moved, said = unit(states), raw.said[:, 0]
    clean, own = moved[:, 0], (moved * moved[:, :1]).sum(axis=-1)
    same, other = np.full(own.shape, -np.inf), np.full(own.shape, -np.inf)
    for row in range(len(said)):
        for best, alike in ((same, said == said[row]), (other, said != said[row])):
            pool = (raw.asked == raw.asked[row]) & (raw.image != raw.image[row]) & alike
            if pool.any():
                best[row] = (moved[row][:, None] * clean[pool]).sum(axis=-1).max(axis=1)  # equal states: equal sums
    lonely = np.isinf(same) & np.isinf(other)
    nearer = np.where(lonely, np.nan, np.maximum(same, other) > own)
    harmless = np.where(lonely, np.nan, (nearer > 0) & (same >= other))
    parts = (raw.split(one) for one in (nearer, harmless, nearer - harmless))
    kept = _kept(raw, np.zeros(flips_of(raw).shape))
    first, second, third = (one + kept for one in parts)
    return first, second, third


def beyond(raw: Raw, states: Any) -> dict[str, Any]:
    """Of kept pairs, in %: drift beyond the nearest 5 % of unrelated pairs with another clean answer."""
    others, said = others_of(raw), raw.said[:, 0]
    distances = np.where(said[:, None] != said[others], apart(states[:, 0], others), np.nan)
    limits, moved = redrawn_quantile(raw, distances, NEAREST), drift_of(raw, states)
    kept, drawn = _kept(raw, np.zeros(moved.shape)), by.weights(raw.images)
    found = {}
    for row, places in raw.groups.items():
        inside = (moved + kept)[:, places]
        known = ~np.isnan(inside)
        trials = by.sums(known.sum(axis=1).astype(float), raw.image, raw.images)
        shares = []
        for limit, times in zip(limits[1:], drawn, strict=True):
            cases = by.sums((known & (inside > limit)).sum(axis=1).astype(float), raw.image, raw.images)
            shares.append(times @ cases / (times @ trials) if times @ trials else np.nan)
        cases = by.sums((known & (inside > limits[0])).sum(axis=1).astype(float), raw.image, raw.images)
        found[row] = tuple(100 * one for one in by.wilson(cases, trials, np.nanvar(shares) if trials.any() else None))
    return found


def _hidden(raw: Raw, nearer: Any) -> list[Any]:
    tables = {name: [by.share(raw, pairs) for pairs in three] for name, three in nearer.items()}
    overall = by.Column(
        {name: three[0].rows[EVERY] for name, three in tables.items()},
        {name: three[0].drawn[EVERY] for name, three in tables.items()},
    )
    site, words = by.ranked(overall, list(nearer))
    rows = [three.times(100) for three in tables[site]]
    ceiling = [*rows[0]["another_image"]]
    return [*(one for row in rows for one in row[EVERY]), 0, *ceiling, *words]


def auroc(raw: Raw, score: Any, flipped: Any, times: Any) -> Any:
    """(draw) how often a flipped pair scores above another, ties half; images weighed in each draw."""
    known = ~np.isnan(score) & ~np.isnan(flipped)
    image = np.broadcast_to(raw.image[:, None], score.shape)[known]
    place = np.argsort(score[known], kind="stable")
    values, hit, image = score[known][place], flipped[known][place] > 0, image[place]
    starts = np.flatnonzero(np.append(True, np.diff(values) > 0))
    found = []
    for weight in times:
        each = weight[image]
        flips, others = (np.add.reduceat(np.where(one, each, 0), starts) for one in (hit, ~hit))
        below = np.cumsum(others) - others / 2
        found.append((flips * below).sum() / (flips.sum() * others.sum()) if flips.sum() * others.sum() else np.nan)
    return np.array(found)


def readout(raw: Raw, sites: Any) -> list[Any]:
    """How well drift goes with flips at the best site; drift under other families, and a small clean margin."""
    flipped, places = flips_of(raw), raw.groups[EVERY]
    once, times = np.ones((1, raw.images)), by.weights(raw.images)
    moved = {name: drift_of(raw, states)[:, places] for name, states in sites.items()}
    hit = flipped[:, places]
    areas = {name: auroc(raw, score, hit, once)[0] for name, score in moved.items()}
    site = max(areas, key=lambda name: np.nan_to_num(areas[name], nan=-1))
    small = np.broadcast_to(-margin(raw.scores, raw.choice[:, :1])[:, :1], hit.shape)
    small = np.where(np.isnan(hit), np.nan, small)
    flips = int(np.nansum(np.where(np.isnan(moved[site]), np.nan, hit)))
    numbers = [
        by.quantiles(areas[site], auroc(raw, moved[site], hit, times)),
        out_of_family(raw, sites[site], flipped),
        by.quantiles(auroc(raw, small, hit, once)[0], auroc(raw, small, hit, times)),
    ]
    return [flips, *numbers[0], *numbers[1], *numbers[2], site]


def out_of_family(raw: Raw, states: Any, flipped: Any) -> tuple[float, float, float]:
    """How well a sample's mean drift under the other families tells its flips within one, on average."""
    families, moved = raw.unions[EVERY], drift_of(raw, states)
    means = {name: by.average(moved[:, raw.groups[name]], 1) for name in families}
    times = np.vstack([np.ones(raw.images), by.weights(raw.images)])
    found = []
    for name in families:
        elsewhere = by.average(np.array([means[one] for one in families if one != name]), 0)
        hit = flipped[:, raw.groups[name]]
        found.append(auroc(raw, np.broadcast_to(elsewhere[:, None], hit.shape), hit, times))
        found[-1] = found[-1] if np.isfinite(found[-1][0]) else np.full(len(times), np.nan)
    area = by.average(np.array(found), 0)
    return by.quantiles(area[0], area[1:])
