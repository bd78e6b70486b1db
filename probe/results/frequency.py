"""Which spatial frequencies of the picture the answers hang on: sweeps, noise in bands, single waves."""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses.frequency import coherence, heatmap, sensitivity, thresholds

from .analysis import Analysis, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share

Parts = dict[str, xr.DataArray]

SWEEPS = {"low_pass": thresholds.low_pass, "high_pass": thresholds.high_pass}


def compute(evidence: Evidence) -> xr.Dataset | None:
    """Flip thresholds, slopes, coherence and heat maps, as far as the run has their conditions."""
    parts = sweeps(evidence) | noise(evidence) | waves(evidence)
    return xr.Dataset(parts) if parts else None


def sweeps(evidence: Evidence) -> Parts:
    """Where the answer changes as fine or coarse structure goes, and how often it never does."""
    parts: Parts = {}
    for name, threshold in SWEEPS.items():
        if evidence.has_options and (by_radius := of_family(evidence, evidence.flipped, name)) is not None:
            first = threshold(by_radius)
            never = first.never.astype(float).reset_coords(drop=True)
            parts[f"{name}_threshold"] = evidence.interval(first.reset_coords(drop=True))
            parts[f"{name}_never"] = evidence.rate(never.assign_coords(sample=first.sample))
    return parts


def noise(evidence: Evidence) -> Parts:
    """How fast margin and state respond to noise in each band, and whether both bands hurt the same questions."""
    parts: Parts = {}
    if evidence.has_options and (lost := of_family(evidence, evidence.erosion, "band_noise")) is not None:
        parts["erosion_slope"] = evidence.interval(sensitivity.slope(lost).reset_coords(drop=True))
        if len(set(lost.band.values.tolist())) > 1:
            parts["coherence"] = coherence.cross_frequency(lost, seed=evidence.seed).reset_coords(drop=True)
    if evidence.primary and (moved := of_family(evidence, evidence.primary_drift, "band_noise")) is not None:
        parts["drift_slope"] = evidence.interval(sensitivity.slope(moved).reset_coords(drop=True))
    return parts


def waves(evidence: Evidence) -> Parts:
    """The Fourier heat maps: what each single wave does, by cycles down (i) and across (j)."""
    given = {"flips": evidence.flipped, "erosion": evidence.erosion} if evidence.has_options else {}
    given |= {"drift": evidence.primary_drift} if evidence.primary else {}
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
    texts = evidence.run.conditions.parameters.sel(condition=pairs.condition.values[chosen]).values
    parameters = [json.loads(text) for text in texts]
    names = {name: ("condition", [each[name] for each in parameters]) for name in parameters[0]}
    return pairs.isel(condition=chosen).assign_coords(names)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How much fine structure the answers need, and which single wave does most."""
    sentences: list[Sentence | None] = []
    if "low_pass_threshold" in data:
        sentences.append(
            say(
                data,
                "{never} of the answers survive the whole low-pass sweep; the others change at a cutoff of {cutoff} on "
                "average.",
                never=share(data.low_pass_never),
                cutoff=Number(data.low_pass_threshold),
            )
        )
    for name in ("flips", "erosion", "drift"):
        if f"map_{name}" in data and np.isfinite(middle := data[f"map_{name}"].sel(bound="estimate")).any():
            where = {dim: int(place) for dim, place in middle.argmax(["i", "j"], skipna=True).items()}
            wave = data[f"map_{name}"].isel(where)
            sentences.append(
                say(
                    data,
                    "Of single waves, i = {i}, j = {j} gives the highest {name}: {value}.",
                    i=int(wave.i),
                    j=int(wave.j),
                    name=name,
                    value=Number(wave, 4),
                )
            )
    return said(*sentences)


ANALYSIS = Analysis(
    name="frequency",
    title="Spectral sensitivity",
    meaning="Threshold: the first cutoff, in shares of the highest frequency, at which the answer changes, where it "
    "does. Slope: per squared level of noise. Coherence (ours): whether both bands hurt the same questions.",
    needs=("frequencies",),
    compute=compute,
    columns=(
        Column("low_pass_threshold", "low-pass flip threshold"),
        percent("low_pass_never", "never flips under low-pass,"),
        Column("high_pass_threshold", "high-pass flip threshold"),
        percent("high_pass_never", "never flips under high-pass,"),
        Column("erosion_slope", "margin erosion per level², noise in the {band} band", digits=6),
        Column("drift_slope", "drift per level², noise in the {band} band", digits=6),
        Column("coherence", "coherence of the bands at ε = {epsilon:g}"),
    ),
    finding=finding,
    rows="",
)
