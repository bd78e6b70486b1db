"""What happens to the grids of tokens and of pixels: roughness, and power by band of frequency."""

from typing import Any

import numpy as np
from PIL import Image

from . import statistics as by
from .answers import Found, flips_of
from .reading import CONTROLS, EVERY, Raw

BANDS = ("low", "middle", "high")
ROUNDING = 1e-6


def pearson(raw: Raw, x: Any, y: Any) -> by.Column:
    """Of (sample, view) twice: r over all pairs of a family that have both, images drawn; nan for controls."""
    times = np.vstack([np.ones(raw.images), by.weights(raw.images)])

    def numbers(places: Any) -> tuple[Any, Any]:
        if not places or any(raw.views[place][0] in CONTROLS for place in places):
            return np.nan, np.full(len(times) - 1, np.nan)
        a, b = x[:, places], y[:, places]
        known = ~np.isnan(a) & ~np.isnan(b)
        image = np.broadcast_to(raw.image[:, None], a.shape)[known]
        a, b = a[known], b[known]
        if len(a) < 3 or np.ptp(a) <= 1e-12 * np.abs(a).max() or np.ptp(b) <= 1e-12 * np.abs(b).max():
            return np.nan, np.full(len(times) - 1, np.nan)
        a, b = ((one - one.mean()) / one.std() for one in (a, b))
        parts = by.sums(np.stack([np.ones(len(a)), a, b, a * a, b * b, a * b], axis=1), image, raw.images)
        n, sa, sb, aa, bb, ab = (times @ parts).T
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (ab - sa * sb / n) / np.sqrt((aa - sa**2 / n) * (bb - sb**2 / n))
        r = np.where(n >= 3, np.clip(r, -1, 1), np.nan)
        return r[0], r[1:]

    return by.column(raw, raw.groups, numbers)


def dirichlet(raw: Raw, drift: Any) -> Found:
    """Roughness of the projector's tokens, its change, and how that goes with drift and with fine structure."""
    energy, free = (raw.per_sample(f"sites/projector-patches/{name}")[:, :, 0] for name in ("dirichlet", "dirichlet_scale_free"))  # fmt: skip  # noqa: E501
    change, proportion = raw.split(energy - energy[:, :1]), by.mean(raw, raw.split(free - free[:, :1]))
    flipped = flips_of(raw)
    some = {name: np.where(flipped == value, change, np.nan) for name, value in (("kept", 0), ("flipped", 1))}
    columns = {
        "energy": by.mean(raw, raw.split(energy)),
        "change": by.mean(raw, change),
        "change, scale-free": proportion,
        "change, kept": by.mean(raw, some["kept"]),
        "change, flipped": by.mean(raw, some["flipped"]),
        "r with drift": pearson(raw, change, drift),
        "r with the pixels' high band": pearson(raw, change, pixel_change(raw)[..., 2]),
    }
    rows = {row: {name: column.rows[row] for name, column in columns.items()} for row in proportion.rows}
    for row in rows:
        if "mean of families" in row:
            rows[row]["energy"] = (np.nan,)
    means, r = rows[f"{EVERY}: mean of families"], "r with drift"
    stayed, count = (int((~np.isnan(some[name][:, raw.groups[EVERY]])).sum()) for name in ("kept", "flipped"))
    sentences = [_most_changed(raw, proportion)]
    if count >= 20 and _of_all(raw, rows, "change, kept") and _of_all(raw, rows, "change, flipped"):
        sentences.append([*means["change, kept"], stayed, *means["change, flipped"], count])
    return rows, [one for one in [*sentences, [*means[r], *rows[EVERY][r]]] if one]


def _of_all(raw: Raw, rows: Any, name: str) -> bool:
    return bool(np.isfinite([rows[family][name][0] for family in raw.unions[EVERY]]).all())


def _most_changed(raw: Raw, column: by.Column) -> list[Any]:
    ends = [by.ranked(column, raw.unions[EVERY], sign) for sign in (1, -1)]
    first, words = max(ends, key=lambda end: abs(column.rows[end[0]][0]))
    estimate, low, high = column.rows[first]
    rougher = "rougher" if estimate > 0 else "smoother"
    return [estimate, low, high, rougher, *words] if low > 0 or high < 0 else []


def relative(power: Any) -> Any:
    """(sample, condition, band) change of power in shares of the clean one."""
    clean = power[:, :1]
    return (power - clean) / (np.abs(clean) + 1e-8)


def spectrum(raw: Raw) -> Found:
    """Change of the power of the projector's token grid by band, where the grid is the clean one."""
    power = raw.per_sample("sites/projector-patches/spectrum")[:, :, 0]
    grid = raw.per_sample("sites/projector-patches/grid")
    same = (grid == grid[:, :1]).all(axis=-1)
    moved = raw.split(np.where(same[..., None], relative(power), np.nan))
    columns = {f"{band} %": by.mean(raw, moved[..., place]).times(100) for place, band in enumerate(BANDS)}
    other = raw.split(np.where(same, 0, 1))
    rows = {row: {name: column[row] for name, column in columns.items()} for row in raw.groups}
    for row, places in raw.groups.items():
        rows[row]["pairs on another grid"] = (int(np.nansum(other[:, places])),)
    return rows, [[one for band in BANDS for one in rows[EVERY][f"{band} %"]]]


def pixel_change(raw: Raw) -> Any:
    """(sample, view, band) change of the pictures' power; what is rounding is 0."""
    power = raw.per_sample("pictures/band_power").mean(axis=2)
    rounding = np.abs(power - power[:, :1]) <= ROUNDING * np.abs(power[:, :1])
    return raw.split(np.where(rounding, 0, relative(power)))


def pixel_spectrum(raw: Raw) -> Found:
    """Change of the pictures' power by band, of all pairs and of those that flipped."""
    moved, flipped = pixel_change(raw), flips_of(raw)
    columns = {f"{band} %": by.mean(raw, moved[..., place]) for place, band in enumerate(BANDS)}
    fine = columns["high %"]
    for place, band in enumerate(BANDS):
        columns[f"{band}, flips %"] = by.mean(raw, np.where(flipped == 1, moved[..., place], np.nan))
    scaled = {name: column.times(100) for name, column in columns.items()}
    rows = {row: {name: column[row] for name, column in scaled.items()} for row in fine.rows}
    for row in rows:
        count = np.nansum(flipped[:, raw.groups[row]]) if row in raw.groups else np.nan
        rows[row]["flips"] = (count,)
    sentences = []
    for sign, verb in ((1, "grows"), (-1, "shrinks")):
        first, words = by.ranked(fine, raw.unions[EVERY], sign)
        estimate, low, high = rows[first]["high %"]
        if sign * estimate > 0 and (low > 0 or high < 0):
            sentences.append([estimate, low, high, verb, *words])
    means, count = rows[f"{EVERY}: mean of families"], rows[EVERY]["flips"][0]
    if count >= 20 and _of_all(raw, rows, "low, flips %"):
        whole, some = ([one for band in BANDS for one in means[f"{band}{end}"]] for end in (" %", ", flips %"))
        sentences.append([*whole, *some, count])
    return rows, sentences


def band_power(pixels: Any, size: tuple[int, int]) -> Any:
    """(channel, band) mean of |FFT2|^2 in three bands with geometric edges, of a picture brought to a size."""
    rows, columns = size
    down, across = np.meshgrid(*(np.fft.fftfreq(n) * n for n in size), indexing="ij")
    radius = np.sqrt(down**2 + across**2)
    edges = np.geomspace(1, radius.max() + 1, 4) - 1
    band = (radius >= edges[1]).astype(int) + (radius >= edges[2])
    found = []
    for channel in np.moveaxis(pixels.astype(np.float32), -1, 0):
        if channel.shape != size:
            channel = np.asarray(Image.fromarray(channel).resize((columns, rows), Image.Resampling.BICUBIC))
        power = np.abs(np.fft.fft2(channel.astype(float))) ** 2
        found.append([power[band == place].mean() for place in range(3)])
    return np.array(found)
