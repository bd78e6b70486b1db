"""Which spatial frequencies of the picture the answers hang on: sweeps, noise in bands, single waves."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from analyses import statistics
from analyses.frequency import coherence, heatmap, sensitivity, thresholds

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import FEW, Number, Sentence, highest, said, say, share

Parts = dict[str, xr.DataArray]

SWEEPS = {"low_pass": thresholds.low_pass_survival, "high_pass": thresholds.high_pass_survival}


def compute(evidence: Evidence) -> xr.Dataset | None:
    """Answers that outlast a sweep, slopes, coherence and heat maps, as far as the run has their conditions."""
    parts = sweeps(evidence) | noise(evidence) | waves(evidence)
    return xr.Dataset(parts) if parts else None


def sweeps(evidence: Evidence) -> Parts:
    """Which share of the answers is unchanged as fine or coarse structure goes, and where half have changed."""
    parts: Parts = {}
    for name, survival in SWEEPS.items():
        if evidence.has_answers and (by_radius := of_family(evidence, evidence.flipped, name)) is not None:
            unchanged = survival(by_radius)
            if unchanged.sizes["cutoff"]:
                parts |= {f"{name}_{part}": values for part, values in outlast(evidence, unchanged, name).items()}
    return parts


def outlast(evidence: Evidence, unchanged: xr.DataArray, name: str) -> Parts:
    """(cutoff, bound) the share of answers unchanged, (bound) the median threshold, and how many questions these are.

    Questions with an undefined choice before the first flip are left out, and counted.
    """
    share = evidence.rate(unchanged)
    known = unchanged.isel(cutoff=0).notnull().values
    return {
        "unchanged": share.rename(cutoff=f"{name}_cutoff"),
        "median": median(share),
        "questions": xr.DataArray(known.sum()),
        "left_out": xr.DataArray((~known & (evidence.given.sel(condition="clean") >= 0).values).sum()),
    }


def median(share: xr.DataArray) -> xr.DataArray:
    """(bound) the cutoff at which half of the answers have changed; an end that lies beyond the sweep is undefined."""
    found = thresholds.median(share)
    ascending = share.cutoff.values[0] < share.cutoff.values[-1]
    # the lower end of the share reaches one half first
    first, last = (found.sel(bound=bound).item() for bound in ("low", "high"))
    values = [found.sel(bound="estimate").item(), *((first, last) if ascending else (last, first))]
    return found.copy(deep=False, data=values) if np.isfinite(values[0]) else found.copy(deep=False, data=[np.nan] * 3)


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
    """The Fourier heat maps: what each single wave does, by cycles down (i) and across (j); and by wave, to compare."""
    given = {"flips": evidence.flipped} if evidence.has_answers else {}
    given |= {"erosion": evidence.erosion} if evidence.has_options else {}
    given |= {"drift": evidence.primary_drift} if evidence.primary else {}
    maps: Parts = {}
    for name, pairs in given.items():
        if (found := of_family(evidence, pairs, "fourier_basis")) is not None:
            bounded = evidence.rate if name == "flips" else evidence.interval
            maps[f"map_{name}"] = bounded(heatmap.fourier(found).drop_vars("measured"))
            each = by_wave(found)
            lead = statistics.leads(evidence.resampled(statistics.mean, each), "wave")
            maps |= {f"wave_{name}": bounded(each)} | {f"wave_{name}_{side}": lead[side] for side in statistics.SIDES}
    return maps


def by_wave(pairs: xr.DataArray) -> xr.DataArray:
    """(sample, wave) the pairs by the waves that were run, each named by its cycles."""
    names = [f"i = {i:g}, j = {j:g}" for i, j in zip(pairs.i.values.tolist(), pairs.j.values.tolist(), strict=True)]
    along = [name for name, coord in pairs.coords.items() if "condition" in coord.dims]
    return pairs.drop_vars(along).rename(condition="wave").assign_coords(wave=names)


def of_family(evidence: Evidence, pairs: xr.DataArray, family: str) -> xr.DataArray | None:
    """The pairs of one family, its parameters as coordinates; None where the run has no condition of it."""
    chosen = np.flatnonzero(pairs.family.values == family)
    if not len(chosen):
        return None
    texts = evidence.run.conditions.parameters.sel(condition=pairs.condition.values[chosen]).values
    parameters = [json.loads(text) for text in texts]
    names = {name: ("condition", [each[name] for each in parameters]) for name in parameters[0]}
    return pairs.isel(condition=chosen).assign_coords(names)


WAVES: dict[str, tuple[str, str, Callable[[xr.DataArray], Number]]] = {
    "flips": ("flips", "share of flips", share),
    "erosion": ("margin erosion", "margin erosion", lambda values: Number(values, 2, unit="nats")),
    "drift": ("drift", "drift", lambda values: Number(values, 3)),
}
"""What single waves are compared by: what one brings most of, what one has the highest of, and how it is written."""


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How many answers outlast the loss of fine and of coarse structure, and which single wave does most."""
    sentences: list[Sentence | None] = []
    for name, gone in (("low_pass", "fine structure is gone down to"), ("high_pass", "coarse structure is gone up to")):
        if f"{name}_unchanged" in data:
            sentences += outlasting(data, name, gone)
    for name, (most_of, highest_of, written) in WAVES.items():
        most = highest(data, f"wave_{name}", "wave")
        if most is not None:
            sentences.append(
                say(
                    data,
                    "Of single waves, {wave} {stands}, {value}{standing}.",
                    wave=most.label,
                    stands=most.named(f"brings most {most_of}", f"has the highest {highest_of}"),
                    value=written(most.values),
                    standing=most.standing,
                )
            )
    return said(*sentences)


def outlasting(data: xr.Dataset, name: str, gone: str) -> tuple[Sentence | None, Sentence | None]:
    """The share of the answers that a whole sweep leaves unchanged, and where half have changed, if they have."""
    last = data[f"{name}_unchanged"].isel({f"{name}_cutoff": -1})
    questions = int(data[f"{name}_questions"])
    unchanged = say(
        data,
        "{unchanged} of {questions} answers are unchanged when {gone} a cutoff of {cutoff}.",
        unchanged=share(last, questions),
        questions=questions,
        gone=gone,
        cutoff=f"{last[f'{name}_cutoff'].item():g}",
    )
    half = say(
        data,
        "Half of {questions} answers have changed when {gone} a cutoff of {median}.",
        questions=questions,
        gone=gone,
        median=Number(data[f"{name}_median"]) if questions >= FEW else Number([np.nan]),
    )
    return unchanged, half


def figure(data: xr.Dataset) -> "Chart | None":
    """The sweeps, the slopes under noise, and the heat maps of single waves, as far as there are any."""
    from ..figures import curves, intervals, squares, stacked

    sweeps = {
        f"{name.replace('_', '-')}": data[f"{name}_unchanged"].rename({f"{name}_cutoff": "cutoff"})
        for name in SWEEPS
        if f"{name}_unchanged" in data
    }
    slopes = {
        "erosion_slope": "margin erosion [nats per 1,000 squared levels of noise]",
        "drift_slope": "drift [per 1,000 squared levels of noise]",
    }
    maps = {
        "flips": squares.Map(data.map_flips, "flips [%]", 100) if "map_flips" in data else None,
        "erosion": squares.Map(data.map_erosion, "margin erosion [nats]") if "map_erosion" in data else None,
        "drift": squares.Map(data.map_drift, "drift [1 − cos]") if "map_drift" in data else None,
    }
    return stacked.chart(
        curves.chart(
            sweeps,
            curves.Axes("cutoff [share of the highest frequency]", "unchanged answers [%]", reference=50),
            along="cutoff",
            about="Share of answers that are unchanged down to, or up to, a cutoff, with 95 % intervals.",
            scale=100,
        ),
        *(
            intervals.chart(
                {"": data[name]}, along="band", axis=axis, about=f"{axis}, by band.", scale=1000, reference=0
            )
            for name, axis in slopes.items()
            if name in data
        ),
        squares.chart(
            {name: one for name, one in maps.items() if one is not None}, about="Heat maps over single waves."
        ),
    )


ANALYSIS = Analysis(
    name="frequency",
    title="Spectral sensitivity",
    meaning="Unchanged: answers that have not changed by a cutoff, in shares of the highest frequency, from the clean "
    "picture on; the flat picture at the end of a sweep is left out. Slope: per squared level of noise. Coherence "
    "(ours): whether both bands hurt the same questions.",
    needs=("frequencies",),
    compute=compute,
    columns=(
        percent("low_pass_unchanged", "unchanged down to low-pass {low_pass_cutoff:g},"),
        Column("low_pass_median", "low-pass cutoff at which half have changed"),
        Column("low_pass_questions", "questions under low-pass", digits=0),
        Column("low_pass_left_out", "left out, choice undefined under low-pass", digits=0),
        percent("high_pass_unchanged", "unchanged up to high-pass {high_pass_cutoff:g},"),
        Column("high_pass_median", "high-pass cutoff at which half have changed"),
        Column("high_pass_questions", "questions under high-pass", digits=0),
        Column("high_pass_left_out", "left out, choice undefined under high-pass", digits=0),
        Column("erosion_slope", "margin erosion per level², noise in the {band} band", digits=6),
        Column("drift_slope", "drift per level², noise in the {band} band", digits=6),
        Column("coherence", "coherence of the bands at ε = {epsilon:g}"),
    ),
    finding=finding,
    figure=figure,
    rows="",
)
