"""How far states move: drift on the scale of unrelated inputs, and the layer at which it first passes them."""

from hashlib import sha256
from typing import Any

import numpy as np

from . import statistics as by
from .answers import Found
from .reading import EVERY, Raw

PAIRS = 25
NEAREST = 0.05


def sites_of(raw: Raw) -> dict[str, Any]:
    """(sample, condition, feature) at every site and layer of the run, sites in the order of its record."""
    record = raw.root.attrs["layout"]["sites"] if "layout" in raw.root.attrs else None
    groups = {group.attrs["site"]: name for name, group in raw.root["sites"].groups()}
    order = [spec["site"] for spec in record] if record else list(groups)
    return {name: states for site in order for name, states in raw.states(groups[site]).items()}


def primary_of(sites: Any) -> str:
    """The last layer of the states that stand for the model."""
    return [name for name in sites if name.endswith(":context_last")][-1]


def cosine(a: Any, b: Any) -> Any:
    """1 - cos along the last axis."""
    apart = unit(a) - unit(b)
    return (apart**2).sum(axis=-1) / 2


def unit(x: Any) -> Any:
    """Vectors over their length."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, np.nan)


def drift_of(raw: Raw, states: Any) -> Any:
    """(sample, view) cosine drift."""
    return raw.split(cosine(states, states[:, :1]))


def others_of(raw: Raw, *, same_question: bool = True) -> Any:
    """(sample, pair) samples of other images, under the same question or any; -1 where there are fewer."""
    found = np.full((len(raw.ids), PAIRS), -1)
    for row, name in enumerate(raw.ids.tolist()):
        within = (raw.asked == raw.asked[row]) | (not same_question)
        pool = np.flatnonzero(within & (raw.image != raw.image[row]))
        pool = pool[np.lexsort((raw.ids[pool], raw.image[pool]))]
        seed = int.from_bytes(sha256(f"0\0{name}".encode()).digest()[:16], "big")
        count = min(PAIRS, len(pool))
        chosen = np.random.default_rng(seed).choice(len(pool), count, replace=False, shuffle=False)
        found[row, :count] = pool[np.sort(chosen)]
    return found


def apart(clean: Any, others: Any, distance: Any = cosine) -> Any:
    """(sample, pair) distances of clean states (sample, feature)."""
    return np.where(others < 0, np.nan, distance(clean[:, None], clean[others]))


def drift(raw: Raw, sites: Any) -> Found:
    """Drift of the states that stand for the model against two controls; where it is highest of all sites."""
    site = primary_of(sites)
    states, clean = sites[site], sites[site][:, 0]
    same, any_ = others_of(raw), others_of(raw, same_question=False)
    moved, length = drift_of(raw, states), raw.split(np.linalg.norm(states - states[:, :1], axis=-1))
    control, unrelated = (by.average(apart(clean, others), 1) for others in (same, any_))
    far = by.average(apart(clean, any_, lambda a, b: np.linalg.norm(a - b, axis=-1)), 1)
    columns = {
        "1 - cos": by.mean(raw, moved),
        "of control %": by.percent(raw, moved, control),
        "d": by.cohen(raw, moved, control),
        "HI: %": by.percent(raw, moved, unrelated),
        "HI: d": by.cohen(raw, moved, unrelated),
        "HI: L2 %": by.percent(raw, length, far),
        "HI: L2 d": by.cohen(raw, length, far),
    }
    rows = {row: {name: column.rows[row] for name, column in columns.items()} for row in raw.groups}
    overall = overall_drift(raw, sites, same)
    first, words = by.ranked(overall, list(sites))
    return rows, [[*overall.rows[first], *words]]


def overall_drift(raw: Raw, sites: Any, others: Any) -> by.Column:
    """Drift over all perturbations in % of its control, at each site and layer."""
    every = [
        by.percent(raw, drift_of(raw, states), by.average(apart(states[:, 0], others), 1)) for states in sites.values()
    ]
    found = {name: column.rows[EVERY] for name, column in zip(sites, every, strict=True)}
    return by.Column(found, {name: column.drawn[EVERY] for name, column in zip(sites, every, strict=True)})


def redrawn_quantile(raw: Raw, distances: Any, order: float, resamples: int = 2000) -> Any:
    """A quantile of distances (sample, pair) as they are, then in each draw of images: (1 + draw)."""
    known = ~np.isnan(distances)
    values, image = distances[known], np.broadcast_to(raw.image[:, None], distances.shape)[known]
    place = np.argsort(values, kind="stable")
    values, image = values[place], image[place]
    found = [np.quantile(values, order)]
    for times in by.weights(raw.images, resamples).astype(int):
        drawn = np.repeat(values, times[image])
        found.append(_quantile_of_sorted(drawn, order))
    return np.array(found)


def _quantile_of_sorted(values: Any, order: float) -> float:
    if not len(values):
        return np.nan
    place = order * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def where_first(raw: Raw, sites: Any) -> Found:
    """The first layer of the language model at which mean drift passes the nearest unrelated pairs, and their mean."""
    layers = {name: states for name, states in sites.items() if name.endswith(":context_last")}
    others, drawn = others_of(raw), by.weights(raw.images)
    counts = np.bincount(raw.image, minlength=raw.images)
    passed: dict[str, list[Any]] = {"beyond nearest 5 %": [], "beyond mean": []}
    rows: dict[str, dict[str, Any]] = {row: {} for row in raw.groups}
    for place, states in enumerate(layers.values()):
        distances, moved = apart(states[:, 0], others), drift_of(raw, states)
        control = by.average(distances, 1)
        each = by.sums(control, raw.image, raw.images)
        means = np.append(each.sum() / counts.sum(), drawn @ each / (drawn @ counts))
        limits = redrawn_quantile(raw, distances, NEAREST)
        column, shares = by.mean(raw, moved), by.percent(raw, moved, control)
        numbers = {row: np.append(column.rows[row][0], column.drawn[row]) for row in rows}
        passed["beyond nearest 5 %"].append({row: numbers[row] > limits for row in rows})
        passed["beyond mean"].append({row: numbers[row] > means for row in rows})
        for row in rows:
            rows[row][f"layer {place} %"] = shares.rows[row]
    for name, each in passed.items():
        for row in rows:
            inside = np.array([one[row] for one in each])
            first = np.where(inside.any(axis=0), inside.argmax(axis=0), np.inf)
            low, high = np.quantile(first[1:], [0.025, 0.975], method="inverted_cdf")
            rows[row][name] = first[0], low, high
    return rows, [_in_words(rows[EVERY])]


def _in_words(row: dict[str, Any]) -> list[Any]:
    numbers: list[Any] = [5]
    for name, before in (("beyond nearest 5 %", "pairs"), ("beyond mean", "mean")):
        estimate, *bounds = row[name]
        if np.isinf(estimate) and np.isinf(bounds[0]):
            numbers.append(f"{before} at no layer")
        else:
            numbers += [one if np.isfinite(one) else "none" for one in (estimate, *bounds)]
    return numbers
