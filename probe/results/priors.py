"""Whether perturbed answers and states go where the model goes when it sees nothing."""

from collections.abc import Sequence

import xarray as xr

from analyses import priors, statistics

from .analysis import Analysis, Column, percent
from .evidence import Evidence
from .sentences import Sentence, highest, said, say, share

PRIOR = "white"
"""The condition that stands for seeing nothing: HI's blank image."""

MEDIAN_RESAMPLES = 500
"""Fewer than for means: a median is no function of sums, so that each resample is computed by itself."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) drift to prior of margin and state, and the share of flips that end at the prior's choice."""
    parts = (of_answers(evidence) if evidence.has_options else {}) | (of_states(evidence) if evidence.primary else {})
    if not parts:
        return None
    return xr.Dataset({name: table.value for name, table in parts.items()})


def of_answers(evidence: Evidence) -> dict[str, xr.Dataset]:
    """D2P of the margin, its median over pairs because single ones divide by a small difference, and of the choice."""
    margin = evidence.margin
    clean, prior = (margin.sel(condition=name, drop=True) for name in ("clean", PRIOR))
    along = evidence.split(priors.margin_drift(clean, margin, prior))
    choice = evidence.choice.sel(condition=PRIOR, drop=True)
    to_prior = evidence.split(priors.flips_to_prior(evidence.choice, evidence.clean_choice, choice))
    median = statistics.pooled(statistics.median)
    return {
        "margin": statistics.by_family(
            median, along, unions=evidence.unions, resamples=MEDIAN_RESAMPLES, seed=evidence.seed
        ),
        "margin_mean": evidence.by_family(statistics.MEAN, along),
        "flip_to_prior": evidence.by_family(statistics.SHARE, to_prior),
    }


def of_states(evidence: Evidence) -> dict[str, xr.Dataset]:
    """Drift to prior of the states that stand for the model."""
    states = evidence.primary_states
    clean, prior = (states.sel(condition=name, drop=True) for name in ("clean", PRIOR))
    along = evidence.split(priors.embedding_drift(clean, states, prior))
    return {"state": evidence.by_family(statistics.MEAN, along)}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How often a flip ends at what the model answers without seeing anything."""
    most = highest(data, "flip_to_prior")
    if most is None:
        return ()
    return said(
        say(
            data,
            "Where answers flip, they flip to the answer to a white image most often under {family} ({share} of "
            "its flips).",
            family=most.label,
            share=share(most.values),
        )
    )


ANALYSIS = Analysis(
    name="priors",
    title="Drift to prior",
    meaning="0: as on the clean image, 1: as on a white one. Single margins divide by small numbers: hence the median.",
    needs=("white",),
    compute=compute,
    columns=(Column("margin", "margin, median"), Column("state", "state"), percent("flip_to_prior", "flips to prior")),
    finding=finding,
    hidden_rows=("clean", PRIOR),
)
