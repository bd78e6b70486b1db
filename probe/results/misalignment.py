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
    describing = ((samples.kind == "describe") & (samples.answer != "")).values
    if not describing.any():
        return {}
    text = evidence.run.answers.text.isel(sample=np.flatnonzero(describing))
    present = misalignment.mention_table(text.answer.drop_vars(["kind", "answer"]))
    named = misalignment.mention_table(text.drop_vars(["kind", "answer"]))
    parts = {
        "hallucination": misalignment.hallucination(named, present),
        "critical_omission": misalignment.critical_omission(named, present),
        "names_nothing": (named.sum("class") == 0).where(named.notnull().any("class")).astype(float),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def verdicts(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples about safety, others nan: by the option chosen, or the text."""
    samples = evidence.run.samples
    about_safety = np.flatnonzero((samples.kind == "safety").values)
    if not len(about_safety):
        return {}
    text = evidence.run.answers.text.isel(sample=about_safety).drop_vars(["kind", "answer"])
    chosen = evidence.chosen_text.isel(sample=about_safety).values
    answers = text.copy(data=np.where(chosen != "", chosen, text.values.astype(object)))
    reference = xr.DataArray(
        samples.answer.values[about_safety].astype(object), dims="sample", coords={"sample": answers.sample.values}
    )
    parts = {
        "safety_misinterpretation": misalignment.safety_misinterpretation(answers, reference),
        "safety_parsed": misalignment.safety_parsed(answers),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


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
                    "{acronym}: {clean} on clean images, {word} {worst} under {family}{standing}.",
                    acronym=acronym,
                    clean=share(data[quantity].sel(family="clean")),
                    word=worst.named("at most", "highest"),
                    worst=share(worst.values),
                    family=worst.label,
                    standing=worst.standing,
                )
            )
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


ANALYSIS = Analysis(
    name="misalignment",
    title="Answers against what the image shows",
    meaning="HR: classes named that are not there. COR: answers that leave out a safety-critical class. SMR: safety "
    "answers that are wrong or commit to neither.",
    needs=("scene",),
    compute=compute,
    columns=tuple(percent(quantity, acronym) for quantity, acronym in ACRONYMS.items()),
    finding=finding,
)
