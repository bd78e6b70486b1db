"""What answers invent, what they leave out, and whether they call the road safe when it is not."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from . import scene_answers
from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say, share

ACRONYMS = {"hallucination": "HR", "critical_omission": "COR", "safety_misinterpretation": "SMR"}
"""Quantities of the tables, and what the literature calls their means."""

EMPTY = {
    "empty_description": ("descriptions", "they invent nothing and leave out all"),
    "empty_verdict": ("safety answers", "they count as failures"),
}
"""Shares of empty answers: of what, and what they count as."""


SHARES_OF_MENTIONS = ("hallucination",)
"""Measures that are a share of an answer's mentions; the others are yes or no."""

BY_CAPTIONS = f" C_vlm: the {scene_answers.TOP_K} classes whose captions are nearest to the image."


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) each measure, (condition, bound) the same by condition, and how much it exceeds clean.

    None without any question about a scene.
    """
    found = scene_answers.measured(evidence)
    if not found:
        return None
    parts: dict[str, xr.DataArray] = {}
    for name, pairs in found.items():
        is_rate = name not in SHARES_OF_MENTIONS
        table = evidence.by_family(statistics.SHARE if is_rate else statistics.MEAN, pairs)
        parts[name], parts[f"{name}_defined"] = table.value, table.defined
        parts |= {f"{name}_{side}": table[side] for side in statistics.SIDES}
        parts[f"{name}_by_condition"] = (evidence.rate if is_rate else evidence.interval)(pairs)
        more = pairs - pairs.sel(condition="clean", drop=True)
        parts[f"{name}_increase"] = evidence.values(statistics.MEAN, more)
        parts[f"{name}_increase_by_condition"] = evidence.interval(more)
    cut = evidence.run.answers.cut
    data = xr.Dataset(parts).assign(free_answers=(cut >= 0).sum(), cut_answers=(cut == 1).sum())
    named_by = BY_CAPTIONS if scene_answers.compares_captions(evidence) else ""
    return data.assign_attrs(named_by=named_by)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What each rate rises to from clean, under the family that raises it most."""
    sentences: list[Sentence | None] = []
    for quantity, acronym in ACRONYMS.items():
        worst = highest(data, quantity)
        if worst is not None:
            sentences.append(
                say(
                    data,
                    "{acronym}: {clean} on clean images, {word} under {family}: {worst}{standing}.",
                    acronym=acronym,
                    clean=share(data[quantity].sel(family="clean")),
                    word=worst.named("most", "highest"),
                    worst=share(worst.values),
                    family=worst.label,
                    standing=worst.standing,
                )
            )
    sentences += [_over_clean(data, quantity, acronym) for quantity, acronym in ACRONYMS.items()]
    sentences += [_without_words(data, quantity) for quantity in EMPTY]
    cut = int(data.cut_answers)
    if cut:
        sentences.append(
            say(
                data,
                "{cut} of {all} free answers were cut at their maximum number of tokens: what they had not "
                "named by then counts as left out. Allow more with --max-new-tokens.",
                cut=cut,
                all=int(data.free_answers),
            )
        )
    return said(*sentences)


def _over_clean(data: xr.Dataset, quantity: str, acronym: str) -> Sentence | None:
    """How much a rate exceeds clean over all perturbations; None where there is none."""
    name = f"{quantity}_increase"
    if name not in data or statistics.ALL not in data.family.values:
        return None
    return say(
        data,
        "Over all perturbations {acronym} changes by {more} points.",
        acronym=acronym,
        more=Number(data[name].sel(family=statistics.ALL), 1, 100, signed=True),
    )


def _without_words(data: xr.Dataset, quantity: str) -> Sentence | None:
    """How many answers are empty, and what that counts as; None where none is."""
    worst = highest(data, quantity)
    if worst is None or not float(worst.values.sel(bound="estimate")) > 0:
        return None
    what, counts = EMPTY[quantity]
    return say(
        data,
        "Empty {what}: {rate} under {family}, the {word}; {counts}{standing}.",
        what=what,
        counts=counts,
        **worst.parts("most", "highest share"),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """HR, COR and SMR."""
    from ..figures import intervals

    return intervals.chart(
        {acronym: data[name] for name, acronym in ACRONYMS.items() if name in data},
        along="family",
        axis="rate [%]",
        about="Hallucination, critical omission and safety misinterpretation by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
    )


ANALYSIS = Analysis(
    name="misalignment",
    title="Answers against what the image shows",
    meaning="HR: classes named that are not there. COR: answers that leave out a safety-critical class. SMR: safety "
    "answers that are wrong or commit to neither; parsed: those that commit. Empty answers name nothing, and count."
    "{named_by}",
    needs=("scene",),
    compute=compute,
    columns=(
        percent("hallucination", "HR"),
        percent("names_nothing", "name nothing", at={"bound": "estimate"}),
        percent("empty_description", "empty", at={"bound": "estimate"}),
        percent("critical_omission", "COR"),
        percent(
            "critical_omission_over_all",
            "printed COR",
            at={"bound": "estimate"},
            meaning="over all images, those without a critical class too, as the paper prints it.",
        ),
        percent("safety_misinterpretation", "SMR"),
        percent("safety_among_parsed", "SMR among parsed", at={"bound": "estimate"}),
        percent("safety_parsed", "parsed", at={"bound": "estimate"}),
    ),
    finding=finding,
    figure=figure,
)
