"""Whether perturbed answers and states go where the model goes when it sees nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from analyses import drift, priors, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say, share

PRIOR = "white"
"""The condition that stands for seeing nothing: HI's blank image."""

MEAN_OF_FLIPS = replace(statistics.SHARE, is_share=False)
"""As a share sums over all pairs, of numbers that are none, such as a difference of shares."""

Parts = dict[str, xr.DataArray]

MEDIAN_RESAMPLES = 500
"""Fewer than for means: a median is no function of sums, so that each resample is computed by itself."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) drift to prior of margin and state, and the share of flips that end at the prior's choice."""
    parts = (of_answers(evidence) if evidence.has_options else {}) | (of_states(evidence) if evidence.primary else {})
    return xr.Dataset(parts) if parts else None


def of_answers(evidence: Evidence) -> Parts:
    """D2P of the margin, its median over pairs because single ones divide by a small difference, and of the choice."""
    margin = evidence.margin
    clean, prior = (margin.sel(condition=name, drop=True) for name in ("clean", PRIOR))
    along = evidence.split(priors.margin_drift(clean, margin, prior))
    mean = evidence.by_family(statistics.MEAN, along)
    parts = {"margin": medians(evidence, along), "margin_mean": mean.value, "margin_defined": mean.defined}
    return parts | by_kind(evidence, along) | of_choices(evidence)


def medians(evidence: Evidence, along: xr.DataArray, within: str | None = None) -> xr.DataArray:
    """(family, bound) median over pairs, of all samples or (kind, ...) of each kind of question."""
    table = statistics.by_family(
        statistics.pooled(statistics.median),
        along,
        within=within,
        unions=evidence.unions,
        resamples=MEDIAN_RESAMPLES,
        seed=evidence.seed,
    )
    return table.value


def by_kind(evidence: Evidence, along: xr.DataArray) -> Parts:
    """(kind, family, bound) the same median for each kind of question; nothing where all are of one kind."""
    chosen = np.flatnonzero((evidence.run.samples.option_text != "").any("option").values)
    asked = evidence.with_kind(along).isel(sample=chosen)
    if len(set(asked.kind.values.tolist())) < 2:
        return {}
    return {"margin_by_kind": medians(evidence, asked, within="kind").sortby("kind")}


def of_choices(evidence: Evidence) -> Parts:
    """The share of flips that land on the prior's choice, among those that had several ways to go; chance beside it."""
    choice, options = evidence.choice, (evidence.run.samples.option_text != "").sum("option")
    options = xr.DataArray(options.values, dims="sample", coords={"sample": choice.sample.values})
    prior = choice.sel(condition=PRIOR, drop=True)
    landed = priors.flips_to_prior(choice, evidence.clean_choice, prior, options)
    chance = (1.0 / (options - 1).where(options > 1)).where(landed.notnull()).transpose(*landed.dims)
    chance = chance.assign_coords({name: coord for name, coord in landed.coords.items() if name not in chance.coords})
    rate = evidence.by_family(statistics.SHARE, evidence.split(landed))
    return {
        "flip_to_prior": rate.value,
        "flip_to_prior_flips": rate.defined,
        **{f"flip_to_prior_{side}": rate[side] for side in statistics.SIDES},
        "flip_to_prior_chance": evidence.values(MEAN_OF_FLIPS, evidence.split(chance)),
        "flip_to_prior_over_chance": evidence.values(MEAN_OF_FLIPS, evidence.split(landed - chance)),
    }


def of_states(evidence: Evidence) -> Parts:
    """Drift to prior of the states that stand for the model."""
    states, layer = evidence.states(evidence.primary_site), [evidence.primary_layer]
    measured = states.measured(_towards_prior, layer, beside=PRIOR)["distance"]
    moved = evidence.of_samples(measured).isel(layer=0, drop=True)
    along = evidence.split(priors.along_way(moved.sel(condition="clean", drop=True), moved))
    return {"state": evidence.values(statistics.MEAN, along)}


def _towards_prior(prior: xr.DataArray, states: xr.DataArray) -> Parts:
    return {"distance": drift.cosine(prior, states)}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether flips end at what the model answers without seeing anything more often than chance has it."""
    if "flip_to_prior" not in data:
        return ()
    every = data.sel(family=statistics.ALL)
    flips = int(every.flip_to_prior_flips)
    apart = Number(every.flip_to_prior_over_chance, 1, 100, "points", signed=True)
    certain = f", whose interval {'excludes' if apart.excludes_zero else 'includes'} 0"
    overall = say(
        data,
        "Of {flips} flips that could go to the answer to a white image or elsewhere, {landed} went there; chance is "
        "{chance}, the difference {apart}{certain}.",
        flips=f"{flips:,}",
        landed=share(every.flip_to_prior, flips),
        chance=share(every.flip_to_prior_chance.sel(bound="estimate")),
        apart=apart,
        certain=certain if np.isfinite(apart.bounds).all() else "",
    )
    return said(overall, _highest(data))


def _highest(data: xr.Dataset) -> Sentence | None:
    """The perturbation under which most flips go there, beside its chance."""
    most = highest(data, "flip_to_prior")
    if most is None:
        return None
    own = data.sel(family=most.label)
    return say(
        data,
        "That share is {word} under {family}: {rate} of {flips} flips, {apart} over chance{standing}.",
        flips=int(own.flip_to_prior_flips),
        apart=Number(own.flip_to_prior_over_chance, 1, 100, "points", signed=True),
        **most.parts("most", "highest", cases=own.flip_to_prior_flips),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How far states and margins go to the prior, and how many flips end there."""
    from ..figures import intervals, stacked

    along = {"margin, median": "margin", "state": "state"}
    way = intervals.chart(
        {text: data[name] for text, name in along.items() if name in data},
        along="family",
        axis="way to the prior [0: clean image, 1: white image]",
        about="Drift to the prior of margin and state by family, with 95 % intervals.",
        unions=data.attrs["unions"],
        without=("clean", PRIOR),
        reference=1,
    )
    if "flip_to_prior" not in data:
        return way
    chance = data.flip_to_prior_chance.sel(bound="estimate", drop=True)
    flips = intervals.chart(
        {"flips that end at the prior": data.flip_to_prior, "chance": chance},
        along="family",
        axis="share of the flips that could go there or elsewhere [%]",
        about="Share of flips that end at the prior's choice, beside chance, by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
        without=("clean", PRIOR),
    )
    return stacked.chart(way, flips)


ANALYSIS = Analysis(
    name="priors",
    title="Drift to prior",
    meaning="0: as on the clean image, 1: as on a white one. Single margins divide by small numbers: hence the median. "
    "Flips to prior: of those with several ways to go, to an answer to the white image that is not the clean one; "
    "chance: were the other options alike.",
    needs=("white",),
    compute=compute,
    columns=(
        Column("margin", "margin, median"),
        Column("margin_by_kind", "{kind}"),
        Column("state", "state"),
        percent("flip_to_prior", "flips to prior"),
        percent("flip_to_prior_chance", "chance", at={"bound": "estimate"}),
        Column("flip_to_prior_flips", "flips", digits=0),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean", PRIOR),
)
