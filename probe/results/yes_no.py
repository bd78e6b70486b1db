"""Yes and no apart: how often either is said, kept and corrected, on clean images and under each family (POPE, HI)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from analyses import statistics, yes_or_no

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share

Parts = dict[str, xr.DataArray]

DIFFERENCE = replace(statistics.SHARE, is_share=False)
"""Of two shares over the same pairs."""

OUTCOMES = {
    "true_positives": (1, 1),
    "false_positives": (1, 0),
    "true_negatives": (0, 0),
    "false_negatives": (0, 1),
}
"""Whether yes is said, and whether it is right to say it."""

RATES = (
    "true_positive_stability",
    "true_negative_stability",
    "false_positive_correction",
    "false_negative_correction",
)
"""Shares of right answers kept and of wrong ones corrected."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) shares of yes, of right answers kept and wrong ones corrected; (family) counts of outcomes."""
    said = answers(evidence)
    if said is None:
        return None
    now, before, right = said
    parts = shares(evidence, now, before) | counts(evidence, now, before, right)
    asked = {"questions": before.sel(condition="clean").notnull().sum()}
    return xr.Dataset(parts | stability(evidence, now, before, right) | asked)


def answers(evidence: Evidence) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray] | None:
    """(sample, condition) whether yes is said now, on the clean image, and rightly; None where nobody says either."""
    yes, no = places(evidence)
    every = said_yes(evidence.choice, yes, no)
    if not every.notnull().any():
        return None
    now = evidence.split(every)
    pairs = now * 0  # 0 where a pair counts
    before = (every.sel(condition="clean", drop=True) + pairs).transpose(*now.dims)
    return now, before, (said_yes(evidence.answer, yes, no) + pairs).transpose(*now.dims)


def places(evidence: Evidence) -> tuple[xr.DataArray, xr.DataArray]:
    """(sample) the places of yes and no among the options of yes/no questions, found by their texts; -1 elsewhere."""
    samples = evidence.run.samples
    asked = (samples.kind == "yesno").values
    yes, no = (place.reset_coords(drop=True) for place in yes_or_no.places(samples.option_text))
    return yes.where(asked, -1), no.where(asked, -1)


def said_yes(choice: xr.DataArray, yes: xr.DataArray, no: xr.DataArray) -> xr.DataArray:
    """As choice: 1 yes, 0 no, nan for neither."""
    asked = (yes >= 0) & (choice >= 0)
    return (choice == yes).astype(np.float64).where(asked & ((choice == yes) | (choice == no))).transpose(*choice.dims)


def shares(evidence: Evidence, now: xr.DataArray, before: xr.DataArray) -> Parts:
    """How often yes is said under each family, of the same questions on clean images, and the difference."""
    return {
        "yes": evidence.values(statistics.SHARE, now),
        "yes_clean": evidence.values(statistics.SHARE, before),
        "yes_added": evidence.values(DIFFERENCE, now - before),
    }


def counts(evidence: Evidence, now: xr.DataArray, before: xr.DataArray, right: xr.DataArray) -> Parts:
    """How many pairs are true and false positives and negatives, and how many of them were so on the clean image."""
    found: Parts = {}
    for name, (spoken, true) in OUTCOMES.items():
        for suffix, answers in (("", now), ("_clean", before)):
            cases = ((answers == spoken) & (right == true)).astype(np.float64).where((answers + right).notnull())
            table = evidence.by_family(statistics.SHARE, cases)
            share_of = table.value.sel(bound="estimate", drop=True)
            found[f"{name}{suffix}"] = (share_of * table.defined).fillna(0.0).round().astype(np.int64)
    return found


def stability(evidence: Evidence, now: xr.DataArray, before: xr.DataArray, right: xr.DataArray) -> Parts:
    """The shares of right answers kept and of wrong ones corrected, by what was said on clean; their cases."""
    found: Parts = {}
    for name, (spoken, true) in OUTCOMES.items():
        cases = ((before == spoken) & (right == true)).astype(np.float64)
        happened = ((now == true) & (cases > 0)).astype(np.float64)  # now as it is right to say
        rate = evidence.by_family(statistics.SHARE, happened, cases)
        quantity = f"{name[:-1]}_{'stability' if spoken == true else 'correction'}"
        found[quantity] = rate.value.where(rate.family != "clean")
        found[f"{quantity}_cases"] = rate.defined
        found[f"{quantity}_questions"] = (cases.sel(condition="clean") > 0).sum()
    return found


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether the perturbations make the model say yes more often, and which right answers hold."""
    every = data.sel(family=statistics.ALL)
    added = Number(every.yes_added, 1, 100, "points", signed=True)
    certain = f", whose interval {'excludes' if added.excludes_zero else 'includes'} 0"
    return said(
        say(
            data,
            "The model says yes to {clean} of {questions} yes/no questions on clean images and to {now} under "
            "perturbations, a shift of {added}{certain}.",
            clean=share(data.yes.sel(family="clean")),
            questions=int(data.questions),
            now=share(every.yes),
            added=added,
            certain=certain if np.isfinite(added.bounds).all() else "",
        ),
        say(
            data,
            "Of the answers that were right on the clean image, {yes} of yes and {no} of no stay under perturbations.",
            yes=share(every.true_positive_stability, every.true_positive_stability_questions),
            no=share(every.true_negative_stability, every.true_negative_stability_questions),
        ),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How often yes is said, and how many right answers of either kind stay."""
    from ..figures import intervals

    return intervals.chart(
        {
            "yes": data.yes,
            "right yes kept": data.true_positive_stability,
            "right no kept": data.true_negative_stability,
        },
        along="family",
        axis="share of the answers [%]",
        about="Shares of yes, and of right answers that stay, by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
    )


ANALYSIS = Analysis(
    name="yes_no",
    title="Yes and no",
    meaning="Of the yes/no questions: yes, said now and of the same questions on clean images; right yes and right no "
    "that stay; wrong yes and wrong no that become right; pairs with a right yes (TP), a wrong yes (FP), and so on.",
    needs=("yes_no",),
    compute=compute,
    columns=(
        percent("yes", "yes"),
        percent("yes_clean", "clean", at={"bound": "estimate"}),
        percent("true_positive_stability", "right yes kept"),
        percent("true_negative_stability", "right no kept"),
        percent("false_positive_correction", "wrong yes corrected"),
        percent("false_negative_correction", "wrong no corrected"),
        Column("true_positives", "TP", digits=0),
        Column("false_positives", "FP", digits=0),
        Column("true_negatives", "TN", digits=0),
        Column("false_negatives", "FN", digits=0),
    ),
    finding=finding,
    figure=figure,
)
