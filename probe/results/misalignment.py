"""What answers invent, what they leave out, and whether they call the road safe when it is not."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import misalignment, statistics

from .analysis import Analysis, percent
from .evidence import Evidence
from .sentences import Sentence, highest, said, say, share

ACRONYMS = {"hallucination": "HR", "critical_omission": "COR", "safety_misinterpretation": "SMR"}
"""Quantities of the tables, and what the literature calls their means."""

EMPTY = {
    "empty_description": ("descriptions", "they invent nothing and leave out all"),
    "empty_verdict": ("safety answers", "they count as failures"),
}
"""Shares of empty answers: of what, and what they count as."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) HR, COR and SMR, (condition, bound) the same by condition; None without any reference."""
    found = descriptions(evidence) | verdicts(evidence)
    if not found:
        return None
    # a hallucination is a share of its answer's mentions, the others are yes or no
    tables = {
        name: evidence.by_family(statistics.MEAN if name == "hallucination" else statistics.SHARE, pairs)
        for name, pairs in found.items()
    }
    data = xr.Dataset({name: table.value for name, table in tables.items()})
    data = data.assign({f"{name}_{side}": table[side] for name, table in tables.items() for side in statistics.SIDES})
    data = data.assign({f"{name}_defined": table.defined for name, table in tables.items()})
    cut = evidence.run.answers.cut
    data = data.assign(free_answers=(cut >= 0).sum(), cut_answers=(cut == 1).sum())
    by_condition = {
        name: (evidence.interval if name == "hallucination" else evidence.rate)(pairs) for name, pairs in found.items()
    }
    return data.assign({f"{name}_by_condition": values for name, values in by_condition.items()})


def descriptions(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples that describe a scene, others nan; the reference text names what is there."""
    samples = evidence.run.samples
    # captions of a benchmark are scored by its own objects
    own = np.array([scorer is None for scorer in evidence.free.scorers], np.bool_)
    describing = np.flatnonzero(((samples.kind == "describe") & (samples.answer != "")).values & own)
    if not len(describing):
        return {}
    text = evidence.free.texts.isel(sample=describing)
    reference = xr.DataArray(
        samples.answer.values[describing].astype(object), dims="sample", coords={"sample": text.sample.values}
    )
    present, named = misalignment.mention_table(reference), misalignment.mention_table(text)
    parts = {
        "hallucination": misalignment.hallucination(named, present),
        "critical_omission": misalignment.critical_omission(named, present),
        "names_nothing": (named.sum("class") == 0).where(named.notnull().any("class")).astype(float),
        "empty_description": is_empty(text),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def verdicts(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples about safety, others nan: by the option chosen, or the text."""
    samples = evidence.run.samples
    about_safety = np.flatnonzero((samples.kind == "safety").values)
    if not len(about_safety):
        return {}
    text = evidence.free.texts.isel(sample=about_safety)
    chosen = evidence.chosen_text.isel(sample=about_safety).values
    answers = text.copy(data=np.where(chosen != "", chosen, text.values))
    reference = xr.DataArray(
        samples.answer.values[about_safety].astype(object), dims="sample", coords={"sample": answers.sample.values}
    )
    parts = {
        "safety_misinterpretation": misalignment.safety_misinterpretation(answers, reference),
        "safety_among_parsed": misalignment.safety_misinterpretation_among_parsed(answers, reference),
        "safety_parsed": misalignment.safety_parsed(answers),
        "empty_verdict": is_empty(answers),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def is_empty(text: xr.DataArray) -> xr.DataArray:
    """1 where an answer has not a word, 0 where it has, nan where there is none."""
    flat: list[object] = text.values.reshape(-1).tolist()
    empty = [float(not one.strip()) if isinstance(one, str) else np.nan for one in flat]
    return text.copy(data=np.reshape(np.asarray(empty, np.float64), text.shape))


def _over_all_samples(evidence: Evidence, part: xr.DataArray) -> xr.DataArray:
    """Back to every sample of the run, nan where the question was another one."""
    answers = evidence.run.answers
    whole = part.reset_coords(drop=True).reindex(sample=answers.sample.values).astype(np.float64)
    along = {"image": ("sample", answers.image.values)}
    along |= {name: ("condition", answers[name].values) for name in ("family", "severity")}
    return evidence.split(whole.assign_coords(along).transpose("sample", "condition"))


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


ANALYSIS = Analysis(
    name="misalignment",
    title="Answers against what the image shows",
    meaning="HR: classes named that are not there. COR: answers that leave out a safety-critical class. SMR: safety "
    "answers that are wrong or commit to neither; parsed: those that commit. Empty answers name nothing, and count.",
    needs=("scene",),
    compute=compute,
    columns=(
        percent("hallucination", "HR"),
        percent("names_nothing", "name nothing", at={"bound": "estimate"}),
        percent("empty_description", "empty", at={"bound": "estimate"}),
        percent("critical_omission", "COR"),
        percent("safety_misinterpretation", "SMR"),
        percent("safety_among_parsed", "SMR among parsed"),
        percent("safety_parsed", "parsed", at={"bound": "estimate"}),
    ),
    finding=finding,
)
