"""The overview: what each family of perturbations does to answers, states and margins, in one table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from analyses import margins, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, lowest, said, say, share

NOT_OF_CLEAN = ("ifr", "iv", "iv_at_k", "drift_percent", "margin_erosion", "answer_erosion", "erosion_beyond_chance")
"""What is 0 on the clean image by definition, and is left undefined there."""

Quantity = tuple[statistics.Reduction, tuple[xr.DataArray, ...]]


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, bound) flip rates, accuracy, drift in % of its control and margin erosion, also by kind of question."""
    quantities = of_answers(evidence) | (of_states(evidence) if evidence.primary else {})
    parts: dict[str, xr.DataArray] = {}
    for name, (reduction, pairs) in quantities.items():
        parts |= evidence.compared(name, reduction, *pairs)
    clean = [name for name in parts if name.startswith(NOT_OF_CLEAN) and "family" in parts[name].dims]
    parts |= {name: parts[name].where(parts[name].family != "clean") for name in clean}
    return xr.Dataset(parts | by_kind(evidence, quantities)).assign_attrs(
        identity(evidence),
        site_layer=evidence.primary,
        drift_at=drift_at(evidence),
        k=fewest_conditions(evidence),
        kinds=asked_of_kinds(evidence),
    )


def by_kind(evidence: Evidence, quantities: Mapping[str, Quantity]) -> dict[str, xr.DataArray]:
    """The same quantities for each kind of question; nothing where all are of one kind."""
    if len(set(evidence.kinds.tolist())) < 2:
        return {}
    return {
        f"{name}_by_kind": evidence.by_family(
            reduction, *(evidence.with_kind(each) for each in pairs), within="kind"
        ).value
        for name, (reduction, pairs) in quantities.items()
    }


def asked_of_kinds(evidence: Evidence) -> dict[str, list[str]]:
    """Families whose kinds of questions have different numbers of conditions, and those kinds.

    Pooled, a kind with more conditions weighs more: a rate of pairs and a rate of samples are then of different mixes.
    """
    if not evidence.has_answers or len(set(evidence.kinds.tolist())) < 2:
        return {}
    pairs = evidence.with_kind(evidence.flipped)
    mixed: dict[str, list[str]] = {}
    for family in dict.fromkeys(pairs.family.values.tolist()):
        known = pairs.isel(condition=np.flatnonzero(pairs.family.values == family)).notnull().sum("condition")
        most = {kind: int(known[known.kind.values == kind].max()) for kind in dict.fromkeys(evidence.kinds.tolist())}
        if len(set(most.values())) > 1:
            mixed[family] = [kind for kind, number in most.items() if number]
    return mixed


def fewest_conditions(evidence: Evidence) -> int:
    """The smallest number of conditions that a sample has of a family of perturbations; 1 where there is none."""
    if not evidence.has_answers:
        return 1
    pairs = evidence.perturbed(evidence.flipped)
    sizes = [
        int(known.min())
        for family in dict.fromkeys(pairs.family.values.tolist())
        if len(known := _positive(pairs.isel(condition=np.flatnonzero(pairs.family.values == family))))
    ]
    return min(sizes, default=1)


def _positive(pairs: xr.DataArray) -> "np.ndarray[Any, Any]":
    known = pairs.notnull().sum("condition").values
    return known[known > 0]


def identity(evidence: Evidence) -> dict[str, Any]:
    """Which run this is."""
    run = evidence.run
    named = run.plan.get("settings", {})
    return {
        "model": named.get("model", ""),
        "dataset": named.get("dataset", ""),
        "images": run.images.sizes["image"],
        "samples": run.samples.sizes.get("sample", 0),
    }


def drift_at(evidence: Evidence) -> str:
    """Where the drift of the table was measured and on which scale, as the beginning of a sentence."""
    if not evidence.primary:
        return "No drift: the run kept answers only"
    return f"Drift at {evidence.primary}, in % of {evidence.scale}"


def of_answers(evidence: Evidence) -> dict[str, Quantity]:
    """Flips and accuracy where answers are given, margins of questions with options."""
    if not evidence.has_answers:
        return {}
    found: dict[str, Quantity] = {
        "ifr": (statistics.SHARE, (evidence.flipped,)),
        "iv": (statistics.EVER, (evidence.flipped,)),
        "iv_at_k": (statistics.ever_among(fewest_conditions(evidence)), (evidence.flipped,)),
        "accuracy": (statistics.SHARE, (evidence.correct,)),
    }
    return found | (of_margins(evidence) if evidence.has_options else {})


def of_margins(evidence: Evidence) -> dict[str, Quantity]:
    """What margins lose: of the clean choice, of the right answer, and beyond what a choice brings about."""
    scores, clean = evidence.scores, evidence.scores.sel(condition="clean", drop=True)
    answer = margins.margin(scores, evidence.answer)
    beyond = margins.erosion_beyond_chance(clean, scores)
    return {
        "margin_erosion": (statistics.MEAN, (evidence.erosion,)),
        "answer_erosion": (statistics.MEAN, (evidence.split(answer.sel(condition="clean", drop=True) - answer),)),
        "erosion_beyond_chance": (statistics.MEAN, (evidence.split(beyond),)),
    }


def of_states(evidence: Evidence) -> dict[str, Quantity]:
    """Drift of the states that stand for the model, on the scale of the run's control."""
    return {"drift_percent": (statistics.PERCENT, (evidence.primary_drift, evidence.primary_control))}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What moved outside, inside and in between, and under which family most."""
    return said(outside(data), inside(data), eroded(data), accuracy(data))


def outside(data: xr.Dataset) -> Sentence | None:
    """How often answers changed, and under which family most."""
    most = highest(data, "ifr")
    if most is None:
        return None
    every = data.sel(family=statistics.ALL)
    return say(
        data,
        "Outside: {flipped} of {pairs} answers under perturbations differ from the clean answer, {word} under "
        "{family}: {rate}{standing}. {ever} of {questions} questions flip under at least one condition.",
        flipped=share(every.ifr),
        pairs=f"{int(every.ifr_defined):,}",
        ever=share(every.iv),
        questions=int(data.attrs["samples"]),
        word=most.named("most", "highest"),
        family=most.label,
        rate=share(most.values),
        standing=most.standing,
    )


def inside(data: xr.Dataset) -> Sentence | None:
    """How far states moved on the scale of the control."""
    most = highest(data, "drift_percent")
    if most is None:
        return None
    return say(
        data,
        "Inside: under perturbations the states at {site} drift by {drift} of {scale}, {word} under {family}: "
        "{most}{standing}.",
        drift=Number(data.drift_percent.sel(family=statistics.ALL), 1, unit="%"),
        scale=data.attrs["drift_at"].partition(" in % of ")[2],
        site=data.attrs["site_layer"],
        word=most.named("most", "with the highest mean"),
        family=most.label,
        most=Number(most.values, 1, unit="%"),
        standing=most.standing,
    )


def eroded(data: xr.Dataset) -> Sentence | None:
    """Whether margins shrink over all perturbations, by a reference that was not chosen on the clean scores."""
    tested = {
        "answer_erosion": "the lead of the right answer over the best other falls",
        "erosion_beyond_chance": "the lead of the clean choice falls, beyond what its choice brings about,",
    }
    for name, who in tested.items():
        most = highest(data, name)
        if most is not None:
            whole = Number(data[name].sel(family=statistics.ALL), 2, unit="nats")
            return say(
                data,
                "Margins: under perturbations {who} by {whole}{certain}, {word} under {family}: {most}{standing}.",
                who=who,
                whole=whole,
                certain=certainty(whole),
                word=most.named("most", "with the highest mean"),
                family=most.label,
                most=Number(most.values, 2, unit="nats"),
                standing=most.standing,
            )
    return None


def certainty(size: Number) -> str:
    """Whether the interval excludes none at all, as the end of a sentence; nothing where there is no interval."""
    if not np.isfinite(size.bounds).all():
        return ""
    return " (the interval excludes 0)" if size.excludes_zero else " (the interval includes 0)"


def accuracy(data: xr.Dataset) -> Sentence | None:
    """What the perturbations cost in accuracy."""
    worst = lowest(data, "accuracy")
    if worst is None:
        return None
    return say(
        data,
        "Accuracy: {clean} on clean images, {all} over all perturbations, {word} under {family}: {rate}{standing}.",
        clean=share(data.accuracy.sel(family="clean")),
        all=share(data.accuracy.sel(family=statistics.ALL)),
        word="lowest",
        family=worst.label,
        rate=share(worst.values),
        standing=worst.standing,
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """What moved inside against what moved outside, where the run holds both."""
    from ..figures import plane

    if not {"ifr", "drift_percent"} <= set(data.data_vars):
        return None
    return plane.chart(
        plane.Axis(data.ifr, "answers that flipped [%]", scale=100),
        plane.Axis(data.drift_percent, "drift of the state [% of control]"),
        along="family",
        about="Share of flipped answers against drift of the state, a point for each family, with 95 % intervals. "
        f"{data.attrs['drift_at']}.",
        unions=data.attrs["unions"],
        line=plane.Line(100, "100 %: as far as the control"),
    )


ANALYSIS = Analysis(
    name="overview",
    title="{model} on {dataset}: {images} images, {samples} questions",
    meaning="{drift_at}. Below each number its 95 % interval, by image. In sentences, most (farthest, fewest) "
    "means that the interval of the difference to the next excludes 0.",
    needs=("given_or_states",),
    compute=compute,
    columns=(
        percent("ifr", "IFR", meaning="answers that differ from the clean answer, of all (question, condition) pairs"),
        percent(
            "iv",
            "IV",
            meaning="questions whose answer flips under at least one condition of the family; grows with their number",
        ),
        percent("iv_at_k", "IV@{k}", meaning="the same under {k} of the family's conditions, drawn at random"),
        percent("accuracy", "accuracy", meaning="answers that are right"),
        Column("drift_percent", "drift", unit="%", digits=0, meaning="in % of the control; 100: as far as that"),
        Column(
            "margin_erosion",
            "erosion",
            unit="nats",
            meaning="how much of its lead over the best other option the clean choice loses",
        ),
    ),
    finding=finding,
    figure=figure,
)
