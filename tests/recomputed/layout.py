"""Whether the arrangement of the inputs survives: nearest neighbours and CKA, above what questions alone give."""

from hashlib import sha256
from typing import Any

import numpy as np

from . import statistics as by
from .answers import Found
from .reading import EVERY, Raw
from .states import unit

SHUFFLES = 10


def alignment(raw: Raw, states: Any) -> tuple[Found, list[float]]:
    """Of the states (sample, condition, feature) that stand for the model; and the numbers of title and legend."""
    clean, inputs = states[:, 0], len(states)
    k = min(10, (inputs - 1) // 4)
    near = [neighbours(states[:, place], k) for place in range(states.shape[1])]
    kept = raw.split(np.stack([np.minimum(near[0], one).sum(axis=1) / k for one in near], axis=1))
    circles = [shuffled(raw, number) for number in range(SHUFFLES)]
    floor = by.average(np.array([_overlap(clean, near[0], taken, k) for taken in circles]), 0)
    shared, above = by.mean(raw, kept), _above(raw, kept, floor)
    rows = {
        row: {"shared nearest %": shared.times(100)[row], "above the floor, %": above.times(100)[row]}
        for row in shared.rows
    }
    cka_floor = np.nan
    for biased, headings in ((False, ("CKA", "CKA above the floor")), (True, ("biased", None))):
        found, below = _of_families(raw, states, circles, biased)
        cka_floor = cka_floor if biased else below[0]
        for row in rows:
            whole = found.get(row, np.full(1 + raw.images, np.nan))
            rows[row][headings[0]] = _bounded(whole)
            if headings[1]:
                rows[row][headings[1]] = _bounded((whole - below) / (1 - below))
    worst, words = by.ranked(shared, raw.unions[EVERY], -1)
    drawn = by.weights(raw.images)
    known = by.sums(np.stack([floor, ~np.isnan(floor)], axis=1), raw.image, raw.images)
    total = known.sum(axis=0)
    left = [100 * one for one in by.quantiles(total[0] / total[1], by.over(*(drawn @ known).T))]
    chance = 100 * k / (inputs - 1)
    sentence = [inputs, *rows[worst]["shared nearest %"], k, *left, chance, *words]
    return (rows, [sentence]), [k, inputs, chance, left[0], cka_floor]


def neighbours(states: Any, k: int) -> Any:
    """(sample, sample) 1 for the k nearest others by cosine of clipped states; the last places shared by ties."""
    limit = np.sort(np.abs(states), axis=None)[int(0.95 * states.size)]
    directions = unit(np.clip(states, -limit, limit))
    similar = directions @ directions.T
    np.fill_diagonal(similar, -np.inf)
    last = np.sort(similar, axis=1)[:, -k][:, None]
    inside, tied = similar > last + 1e-12, np.abs(similar - last) <= 1e-12
    return inside + tied * (k - inside.sum(axis=1, keepdims=True)) / tied.sum(axis=1, keepdims=True)


def _overlap(clean: Any, near: Any, taken: Any, k: int) -> Any:
    other = neighbours(clean[np.where(taken < 0, np.arange(len(taken)), taken)], k)
    return np.where(taken < 0, np.nan, np.minimum(near, other).sum(axis=1) / k)


def shuffled(raw: Raw, number: int) -> Any:
    """(sample) whose state a sample takes: that of the next image round a circle of its question and clean answer."""
    strata = [f"{text.partition(': ')[2]}\0{said}" for text, said in zip(raw.asked, raw.said[:, 0], strict=True)]
    taken = np.full(len(strata), -1)
    for stratum in set(strata):
        own = sorted(np.flatnonzero(np.array(strata, object) == stratum), key=lambda row: raw.ids[row])
        of_image: dict[str, list[int]] = {}
        for row in own:
            of_image.setdefault(str(raw.names[row]), []).append(row)
        circle = sorted(of_image, key=lambda name: sha256(f"0.{number}\0{stratum}\0{name}".encode()).digest())
        for name, following in zip(circle, circle[1:] + circle[:1], strict=True):
            for place, row in enumerate(of_image[name]):
                given = of_image[following]
                taken[row] = given[place % len(given)] if len(circle) > 1 else -1
    return taken


def _above(raw: Raw, kept: Any, floor: Any) -> by.Column:
    drawn = by.weights(raw.images)
    below = by.sums(np.stack([floor, ~np.isnan(floor)], axis=1), raw.image, raw.images)

    def numbers(places: Any) -> tuple[Any, Any]:
        each = by.average(kept[:, places], 1)
        parts = by.sums(np.stack([each, ~np.isnan(each)], axis=1), raw.image, raw.images)
        found = []
        for times in (np.ones((1, raw.images)), drawn):
            value, least = (by.over(*(times @ one).T) for one in (parts, below))
            found.append((value - least) / (1 - least))
        return found[0][0], found[1]

    return by.column(raw, raw.groups, numbers)


def cka(x: Any, y: Any, *, biased: bool) -> float:
    """Linear CKA of two kernels (sample, sample): of doubly centred ones, or of ones centred without their diagonal."""
    a, b = (_centred(one, biased) for one in (x, y))
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def _centred(kernel: Any, biased: bool) -> Any:
    n = len(kernel)
    if biased:
        return kernel - kernel.mean(axis=0) - kernel.mean(axis=1, keepdims=True) + kernel.mean()
    kernel = kernel - np.diag(np.diag(kernel))
    rows = kernel.sum(axis=1)
    centred = kernel - rows / (n - 2) - rows[:, None] / (n - 2) + rows.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0)
    return centred


def _without_each(x: Any, y: Any, blocks: Any, biased: bool) -> Any:
    """CKA of all samples (sample, feature), then without each block of them in turn: (1 + block)."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    a, b = x @ x.T, y @ y.T
    found = [cka(a, b, biased=biased)]
    for block in blocks:
        kept = np.flatnonzero(~block)
        found.append(cka(a[np.ix_(kept, kept)], b[np.ix_(kept, kept)], biased=biased))
    return np.array(found)


def _of_families(raw: Raw, states: Any, circles: Any, biased: bool) -> tuple[dict[str, Any], Any]:
    """(1 + image) the mean over a family's conditions, by row; and the floor alike."""
    clean, views = states[:, 0], []
    for _, condition, mask in raw.views:
        if mask.sum() < 4:
            views.append(np.full(1 + raw.images, np.nan))
            continue
        blocks = [raw.image[mask] == image for image in range(raw.images)]
        views.append(_without_each(clean[mask], states[mask, condition], blocks, biased))
    floors = []
    for taken in circles:
        own = np.flatnonzero(taken >= 0)
        blocks = [(raw.image[own] == image) | (raw.image[taken[own]] == image) for image in range(raw.images)]
        floors.append(_without_each(clean[own], clean[taken[own]], blocks, biased))
    found = {row: [views[place] for place in places] for row, places in raw.groups.items()}
    means = {row: np.mean([one for one in each if np.isfinite(one[0])], axis=0) for row, each in found.items()}
    return means, np.mean(floors, axis=0)


def _bounded(numbers: Any) -> tuple[float, ...]:
    return tuple(min(one, 1.0) if np.isfinite(one) else one for one in by.jackknife(numbers[0], numbers[1:]))
