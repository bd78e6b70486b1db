"""Which spatial frequencies of the picture the answers hang on: sweeps, noise in bands, single waves."""

import json

import numpy as np
import xarray as xr

from analyses.frequency import coherence, heatmap, sensitivity, thresholds

from .evidence import Evidence
from .result import Result, Row, estimate

Parts = dict[str, xr.DataArray]

SWEEPS = {"low_pass": thresholds.low_pass, "high_pass": thresholds.high_pass}

QUANTITIES = {
    "low_pass_threshold": ("low-pass flip threshold", 2, 1),
    "low_pass_never": ("never flips under low-pass, %", 1, 100),
    "high_pass_threshold": ("high-pass flip threshold", 2, 1),
    "high_pass_never": ("never flips under high-pass, %", 1, 100),
}


def compute(evidence: Evidence) -> Result | None:
    """Flip thresholds, slopes, coherence and heat map; None for a run without the suites `frequency` and `fourier`."""
    parts = sweeps(evidence) | noise(evidence) | waves(evidence)
    if not parts:
        return None
    data = xr.Dataset(parts)
    meaning = (
        "Threshold: the first cutoff, in shares of the highest frequency, at which the answer changes, where it does. "
        "Slope: per squared level of noise. Coherence (ours): whether both bands hurt the same questions."
    )
    return Result("frequency", "Spectral sensitivity", data, rows(data), meaning, findings(data))


def sweeps(evidence: Evidence) -> Parts:
    """Where the answer changes as fine or coarse structure goes, and how often it never does."""
    parts: Parts = {}
    for name, threshold in SWEEPS.items():
        if evidence.asked and (sweep := of_family(evidence, evidence.flipped, name)) is not None:
            first = threshold(sweep)
            never = first.never.astype(float).reset_coords(drop=True)
            parts[f"{name}_threshold"] = evidence.interval(first.reset_coords(drop=True))
            parts[f"{name}_never"] = evidence.interval(never.assign_coords(sample=first.sample))
    return parts


def noise(evidence: Evidence) -> Parts:
    """How fast margin and state answer to noise in each band, and whether both bands hurt the same questions."""
    parts: Parts = {}
    if evidence.asked and (lost := of_family(evidence, evidence.erosion, "band_noise")) is not None:
        parts["erosion_slope"] = evidence.interval(sensitivity.slope(lost).reset_coords(drop=True))
        if len(set(lost.band.values.tolist())) > 1:
            parts["coherence"] = coherence.cross_frequency(lost, seed=evidence.seed).reset_coords(drop=True)
    if evidence.site and (moved := of_family(evidence, evidence.speaking_drift, "band_noise")) is not None:
        parts["drift_slope"] = evidence.interval(sensitivity.slope(moved).reset_coords(drop=True))
    return parts


def waves(evidence: Evidence) -> Parts:
    """The Fourier heat maps: what each single wave does, by cycles down (i) and across (j)."""
    given = {"flips": evidence.flipped, "erosion": evidence.erosion} if evidence.asked else {}
    given |= {"drift": evidence.speaking_drift} if evidence.site else {}
    maps: Parts = {}
    for name, pairs in given.items():
        if (found := of_family(evidence, pairs, "fourier_basis")) is not None:
            maps[f"map_{name}"] = evidence.interval(heatmap.fourier(found).drop_vars("measured"))
    return maps


def of_family(evidence: Evidence, pairs: xr.DataArray, family: str) -> xr.DataArray | None:
    """The pairs of one family, its parameters as coordinates; None where the run has no condition of it."""
    chosen = np.flatnonzero(pairs.family.values == family)
    if not len(chosen):
        return None
    told = evidence.run.conditions.parameters.sel(condition=pairs.condition.values[chosen]).values
    parameters = [json.loads(text) for text in told]
    names = {name: ("condition", [each[name] for each in parameters]) for name in parameters[0]}
    return pairs.isel(condition=chosen).assign_coords(names)


def rows(data: xr.Dataset) -> tuple[Row, ...]:
    """One quantity a row."""
    listed = [
        {"quantity": text, "value": estimate(data[name], digits, factor)}
        for name, (text, digits, factor) in QUANTITIES.items()
        if name in data
    ]
    for name, text in (
        ("erosion_slope", "margin erosion per level², noise"),
        ("drift_slope", "drift per level², noise"),
    ):
        if name in data:
            listed += [
                {"quantity": f"{text} in the {band} band", "value": estimate(data[name].sel(band=band), 6)}
                for band in data[name].band.values.tolist()
            ]
    if "coherence" in data:
        listed += [
            {
                "quantity": f"coherence of the bands at ε = {each:g}",
                "value": estimate(data.coherence.sel(epsilon=each), 2),
            }
            for each in data.coherence.epsilon.values.tolist()
        ]
    return tuple(listed) + strongest_waves(data)


def strongest_waves(data: xr.Dataset) -> tuple[Row, ...]:
    """The wave with the largest mean of each map."""
    found: list[Row] = []
    for name in ("map_flips", "map_erosion", "map_drift"):
        if name in data and np.isfinite(middle := data[name].sel(bound="estimate")).any():
            where = {dim: int(place) for dim, place in middle.argmax(["i", "j"], skipna=True).items()}
            wave = data[name].isel(where)
            text = f"most {name.removeprefix('map_')} under one wave: i = {int(wave.i)}, j = {int(wave.j)}"
            found.append({"quantity": text, "value": estimate(wave, 4)})
    return tuple(found)


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """How much fine structure the answers need."""
    if "low_pass_threshold" not in data:
        return ()
    return (
        f"{estimate(data.low_pass_never, 1, 100)} % of the answers survive the whole low-pass sweep; the others change "
        f"at a cutoff of {estimate(data.low_pass_threshold, 2)} on average.",
    )
