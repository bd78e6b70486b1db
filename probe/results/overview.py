"""The overview: what each family of perturbations does to answers, states and margins, in one table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from analyses import drift, statistics

from .analysis import Analysis, Column, percent
from .evidence import Evidence
from .sentences import certainty, estimate, highest, lowest, share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_OF_CLEAN = ("ifr", "iv", "drift_percent", "cohen_d", "margin_erosion")
"""What is 0 on the clean image by definition, and is left undefined there."""


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, bound) flip rates, accuracy, drift in % of its control and margin erosion."""
    parts = (of_answers(evidence) if evidence.has_options else {}) | (of_states(evidence) if evidence.primary else {})
    data = xr.Dataset({name: table.value for name, table in parts.items()})
    counts = {f"{name}_{count}": table[count] for name, table in parts.items() for count in ("defined", "undefined")}
    data = data.assign(counts).assign_attrs(
        identity(evidence), site_layer=evidence.primary, drift_at=drift_at(evidence)
    )
    perturbed = data.family != "clean"
    return data.assign({name: data[name].where(perturbed) for name in NOT_OF_CLEAN if name in data})


def identity(evidence: Evidence) -> dict[str, Any]:
    """Which run this is."""
    run = evidence.run
    named = run.plan.get("settings", {})
    in_dataset = run.samples.sizes.get("sample", 0)
    return {
        "model": named.get("model", ""),
        "dataset": named.get("dataset", ""),
        "images": run.images.sizes["image"],
        "samples": in_dataset,
    }


def drift_at(evidence: Evidence) -> str:
    """Where the drift of the table was measured, as the beginning of a sentence."""
    return f"Drift at {evidence.primary}" if evidence.primary else "No drift: the run kept answers only"


def of_answers(evidence: Evidence) -> dict[str, xr.Dataset]:
    """Flips, accuracy and margins of questions with options."""
    return {
        "ifr": evidence.by_family(statistics.SHARE, evidence.flipped),
        "iv": evidence.by_family(statistics.EVER, evidence.flipped),
        "accuracy": evidence.by_family(statistics.SHARE, evidence.correct),
        "margin_erosion": evidence.by_family(statistics.MEAN, evidence.erosion),
    }


def of_states(evidence: Evidence) -> dict[str, xr.Dataset]:
    """Drift of the states that stand for the model, on the scale of unrelated samples."""
    control = drift.control(evidence.primary_states.sel(condition="clean", drop=True), seed=evidence.seed)
    return {
        "drift_percent": evidence.by_family(statistics.PERCENT, evidence.primary_drift, control),
        "cohen_d": evidence.by_family(statistics.COHEN_D, evidence.primary_drift, control),
    }


def finding(data: xr.Dataset) -> Sequence[str]:
    """What moved outside, inside and in between, and under which family most."""
    sentences = (outside(data), inside(data), margins(data), accuracy(data))
    return [sentence for sentence in sentences if sentence]


def outside(data: xr.Dataset) -> str:
    """How often answers changed, and under which family most."""
    if (most := highest(data, "ifr")) is None:
        return ""
    every = data.sel(family=statistics.ALL)
    if every.ifr.sel(bound="estimate").isnull():
        return f"Outside: answers flip most under the control {most.family.item()} ({share(most)})."
    return (
        f"Outside: {share(every.ifr)} of all answers flipped, and {share(every.iv)} of the questions flipped at least "
        f"once; highest under {most.family.item()} ({share(most)})."
    )


def inside(data: xr.Dataset) -> str:
    """How far states moved on the scale of unrelated samples."""
    if (most := highest(data, "drift_percent")) is None:
        return ""
    if data.drift_percent.sel(family=statistics.ALL, bound="estimate").isnull():
        moved = f"{estimate(most, 1)} % of the distance between unrelated samples"
        return f"Inside: states move farthest under the control {most.family.item()}, by {moved}."
    every = estimate(data.drift_percent.sel(family=statistics.ALL), 1)
    return (
        f"Inside: states moved by {every} % of the distance between unrelated samples; farthest under "
        f"{most.family.item()} ({estimate(most, 1)} %)."
    )


def margins(data: xr.Dataset) -> str:
    """Where the margin of the clean choice shrinks most, and whether the interval excludes none at all."""
    if (most := highest(data, "margin_erosion")) is None:
        return ""
    return (
        f"Margins: the clean choice loses most of its margin under {most.family.item()} ({estimate(most, 2)} nats; "
        f"{certainty(most)})."
    )


def accuracy(data: xr.Dataset) -> str:
    """What the perturbations cost in accuracy."""
    if (worst := lowest(data, "accuracy")) is None:
        return ""
    clean = share(data.accuracy.sel(family="clean"))
    return f"Accuracy: {clean} on clean images, lowest under {worst.family.item()} ({share(worst)})."


def figure(data: xr.Dataset) -> "Figure | None":
    """What moved inside against what moved outside, where the run holds both."""
    if not {"ifr", "drift_percent"} <= set(data.data_vars):
        return None
    from .figures import stability_map

    return stability_map(data)


ANALYSIS = Analysis(
    name="overview",
    title="{model} on {dataset}: {images} images, {samples} questions",
    meaning="{drift_at}. Small: 95 % intervals, by image.",
    needs=("options_or_states",),
    compute=compute,
    columns=(
        percent("ifr", "IFR", meaning="answers that differ from the clean answer, of all (question, condition) pairs"),
        percent("iv", "IV", meaning="questions whose answer flips under at least one condition of the family"),
        percent("accuracy", "acc.", meaning="answers that are right"),
        Column(
            "drift_percent",
            "drift",
            unit="%",
            digits=0,
            meaning="in % of control drift; 100: as far as unrelated samples (another image and question) lie apart",
        ),
        Column("cohen_d", "d", digits=1, meaning="Cohen's d of drift against control; below 0: less than control"),
        Column("margin_erosion", "erosion", meaning="how much of the clean choice's margin is lost, in nats"),
    ),
    finding=finding,
    figure=figure,
)
