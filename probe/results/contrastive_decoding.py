"""Whether answers get better where what the model says to a distorted picture is taken away (VCD)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from analyses import decisions, flips, margins, statistics
from analyses.decisions import ALPHA, BETA

from . import distorted
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say
from .yes_no import DIFFERENCE, places, said_yes

PLAIN = "as it is"
"""The readout of the picture alone."""

SHARES = ("accuracy", "precision", "recall", "yes")
"""Measures that are shares of trials; F1 is none."""

Terms = dict[str, tuple[xr.DataArray, xr.DataArray]]


def compute(evidence: Evidence) -> xr.Dataset:
    """(readout, bound) accuracy, and precision, recall, F1 and yes of yes/no questions, as it is and contrasted."""
    taken = {f"against {name}": name for name in distorted.conditions(evidence.run).values()}
    plain = of_plain(evidence)
    found = [plain, *(contrasted(evidence, condition) for condition in taken.values())]
    data = xr.concat(found, xr.IndexVariable("readout", [PLAIN, *taken]), join="outer", coords="minimal")
    return data.assign_attrs(alpha=ALPHA, beta=BETA)


def of_plain(evidence: Evidence) -> xr.Dataset:
    """(bound) what the clean answers come to as they are; one view an input."""
    terms = measured(evidence, evidence.clean_choice)
    return values(evidence, terms).assign(views=1, questions=terms["accuracy"][1].sum())


def contrasted(evidence: Evidence, condition: str) -> xr.Dataset:
    """(bound) the same with a condition taken away, and the change; (family, bound) that of each family's answers."""
    away = evidence.scores.sel(condition=condition, drop=True)
    choice = margins.choice(decisions.contrastive_scores(evidence.scores, away))
    clean = choice.sel(condition="clean", drop=True)
    before, after = (
        measured(evidence, each.where(clean >= 0, -1).astype(np.int64)) for each in (evidence.clean_choice, clean)
    )
    moved = evidence.split(flips.correct(choice, evidence.answer)) - evidence.correct
    data = values(evidence, after).assign(views=2, questions=after["accuracy"][1].sum())
    data = data.assign(changes(evidence, before, after))
    one_by_one = moved.sel(condition="clean")
    return data.assign(
        wrong_to_right=(one_by_one > 0).sum(),
        right_to_wrong=(one_by_one < 0).sum(),
        family_accuracy_change=evidence.values(DIFFERENCE, moved),
    ).reset_coords(drop=True)


def measured(evidence: Evidence, choice: xr.DataArray) -> Terms:
    """(sample) twice for each measure: their sums' ratio is the measure; those of yes where yes/no is asked."""
    right = flips.correct(choice, evidence.answer)
    known = xr.ones_like(right).where(right.notnull())
    terms: Terms = {"accuracy": (right, known)}
    if "yesno" not in evidence.kinds:
        return terms
    yes, no = places(evidence)
    spoken, true = (said_yes(each, yes, no) for each in (choice, evidence.answer))
    both = spoken * true
    alone = (spoken * 1.0).where(both.notnull()), (true * 1.0).where(both.notnull())
    terms["precision"], terms["recall"] = (both, alone[0]), (both, alone[1])
    terms["f1"], terms["yes"] = (2 * both, alone[0] + alone[1]), (alone[0], both * 0 + 1)
    return terms


def values(evidence: Evidence, terms: Terms) -> xr.Dataset:
    """(bound) each measure with its interval: shares Wilson's, F1 a percentile one."""
    found = {name: evidence.rate(above.where(below > 0)) for name, (above, below) in terms.items() if name in SHARES}
    if "f1" in terms:
        found["f1"] = statistics.bounds(evidence.resampled(statistics.ratio, *map(bare, terms["f1"])))
    return xr.Dataset({name: each.reset_coords(drop=True) for name, each in found.items()})


def changes(evidence: Evidence, before: Terms, after: Terms) -> dict[str, xr.DataArray]:
    """(bound) how much each measure grows, with the same images drawn for all."""
    index = xr.IndexVariable("measure", list(before))
    first, second = (
        evidence.resampled(
            statistics.ratio, *(xr.concat([bare(each[side]) for each in terms.values()], index) for side in (0, 1))
        )
        for terms in (before, after)
    )
    grown = statistics.bounds(second - first).reset_coords(drop=True)
    return {f"{name}_change": grown.sel(measure=name, drop=True) for name in before}


def bare(term: xr.DataArray) -> xr.DataArray:
    """A term with its samples and images alone, without coordinates in which two might differ."""
    return term.reset_coords([name for name in term.coords if name not in ("sample", "image")], drop=True)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What contrasting changes, and how many of the contrasts help."""
    changes = data.accuracy_change.isel(readout=slice(1, None))
    if not changes.sizes["readout"]:
        return ()
    first = str(changes.readout.values[0])
    better = int((changes.sel(bound="low") > 0).sum())
    worse = int((changes.sel(bound="high") < 0).sum())
    moved = Number(changes.sel(readout=first), 1, 100, "points", signed=True)
    own = data.sel(readout=first)
    one = say(
        data,
        "Contrastive decoding (VCD, α = {alpha}, β = {beta}) {name} changes accuracy on clean images by {moved}, for "
        "two views an input instead of one: {wrong_to_right} answers go from wrong to right, {right_to_wrong} from "
        "right to wrong.",
        alpha=f"{data.attrs['alpha']:g}",
        beta=f"{data.attrs['beta']:g}",
        name=first,
        moved=moved,
        wrong_to_right=f"{int(own.wrong_to_right):,}",
        right_to_wrong=f"{int(own.right_to_wrong):,}",
    )
    several = say(
        data,
        "Of {count} such contrasts {better} raise accuracy and {worse} lower it beyond their own intervals.",
        count=changes.sizes["readout"],
        better=better,
        worse=worse,
    )
    return said(one, several if changes.sizes["readout"] > 1 else None)


def figure(data: xr.Dataset) -> "Chart | None":
    """How much each contrast changes each measure."""
    from ..figures import intervals

    names = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1", "yes": "yes"}
    return intervals.chart(
        {title: data[f"{name}_change"] for name, title in names.items() if f"{name}_change" in data},
        along="readout",
        axis="change against the answers as they are [points]",
        about="Change of accuracy, precision, recall, F1 and share of yes by what is taken away, with 95 % intervals.",
        scale=100,
        without=(PLAIN,),
        reference=0,
    )


def points(variable: str, heading: str, **settings: Any) -> Column:
    """A column of differences of shares."""
    return Column(variable, heading, unit="points", digits=1, scale=100, **settings)


ANALYSIS = Analysis(
    name="contrastive_decoding",
    title="Contrastive decoding",
    meaning="Of the clean answers: (1 + α) log p under the picture − α log p under a distorted one, α = {alpha:g}, "
    "among options with at least β = {beta:g} of the likeliest one's probability (VCD). Precision, recall, F1 and yes "
    "of yes/no questions; changes are paired, on the questions that have both.",
    needs=("right_options", "distorted"),
    compute=compute,
    columns=(
        percent("accuracy", "accuracy"),
        points("accuracy_change", "change"),
        percent("precision", "precision"),
        percent("recall", "recall"),
        percent("f1", "F1"),
        points("f1_change", "change of F1"),
        percent("yes", "yes"),
        Column("views", "views an input", digits=0, meaning="What an answer costs: pictures shown with the question."),
        points(
            "family_accuracy_change",
            "change under perturbations",
            at={"family": statistics.ALL},
            meaning="Change of accuracy of the answers to perturbed pictures, all perturbations together.",
        ),
    ),
    finding=finding,
    figure=figure,
    rows="readout",
)
