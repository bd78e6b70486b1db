"""What answers about a scene come to: invented and left-out classes, dangers that are denied, wrong safety answers.

Everything is per sample and condition first, nan where a sample was asked something else. An empty answer counts: it
invents nothing, leaves out all, and is no verdict. Source: Cheng, sections 3 to 5; definitions, section 10.
"""

import re
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import misalignment
from analyses.misalignment import CITYSCAPES
from stores.object_arrays import with_objects

from .. import prompts
from .evidence import Evidence

TOP_K = 5
"""How many classes a model that compares captions names: those nearest to the image. The paper does not say its K."""

_PRESENCE = re.compile(r"Is there an? (.+?)(?: visible)? in (?:the|this) image\?")


def measured(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of every measure that the run's questions allow."""
    found = descriptions(evidence) | verdicts(evidence)
    if (denied := presence_omission(evidence)) is not None:
        found["presence_omission"] = denied
    return found


def descriptions(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples that describe a scene; the reference text names what is there."""
    describing = describing_samples(evidence)
    if not len(describing):
        return {}
    text = evidence.free.texts.isel(sample=describing)
    present = misalignment.mention_table(_right_answers(evidence, describing, text))
    named = _named(evidence, describing, text)
    parts = {
        "hallucination": misalignment.hallucination(named, present),
        "critical_omission": misalignment.critical_omission(named, present),
        "critical_omission_over_all": misalignment.critical_omission_over_all(named, present),
        "names_nothing": (named.sum("class") == 0).where(named.notnull().any("class")).astype(float),
        "empty_description": is_empty(text),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def describing_samples(evidence: Evidence) -> NDArray[np.intp]:
    """Places of the samples that describe a scene of which it is known what it shows."""
    samples = evidence.run.samples
    # captions of a benchmark are scored by its own objects
    own = np.array([scorer is None for scorer in evidence.free.scorers], np.bool_)
    return np.flatnonzero(((samples.kind == "describe") & (samples.answer != "")).values & own)


def compares_captions(evidence: Evidence) -> bool:
    """Whether scenes are described by choosing among classes."""
    describing = describing_samples(evidence)
    return evidence.has_options and bool((evidence.run.samples.option_text.values[describing] != "").any())


def verdicts(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples about safety: by the option chosen, or the text."""
    about_safety = np.flatnonzero((evidence.run.samples.kind == "safety").values)
    if not len(about_safety):
        return {}
    answers = _given(evidence, about_safety)
    reference = _right_answers(evidence, about_safety, answers)
    parts = {
        "safety_misinterpretation": misalignment.safety_misinterpretation(answers, reference),
        "safety_among_parsed": misalignment.safety_misinterpretation_among_parsed(answers, reference),
        "safety_parsed": misalignment.safety_parsed(answers),
        "empty_verdict": is_empty(answers),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def class_omission(evidence: Evidence) -> xr.DataArray | None:
    """(sample, condition, class) 1 where a class that is there is denied when its presence is asked, 0 where affirmed.

    nan where another class was asked, or one that is not there; None where no presence of a class is asked.
    """
    asked = asked_classes(evidence)
    places = np.flatnonzero(asked != "")
    if not len(places):
        return None
    answers = _given(evidence, places)
    says = answers.copy(deep=False, data=np.vectorize(misalignment.says_yes, [np.float64])(answers.values))
    there = evidence.run.samples.answer.values[places].astype(object) == "yes"
    omitted = (1.0 - says).where(xr.DataArray(there, dims="sample"))
    classes = [name for name in CITYSCAPES if name in set(asked[places].tolist())]
    columns = xr.DataArray(asked[places][:, None] == np.array(classes, object), dims=("sample", "class"))
    spread = omitted.where(columns).assign_coords({"class": classes})
    return _over_all_samples(evidence, spread.transpose("sample", "condition", "class"))


def presence_omission(evidence: Evidence) -> xr.DataArray | None:
    """(sample, condition) whether any critical class of an image is denied, at the first sample that asks for one.

    nan at every other sample, where no critical class is there, and where an answer is undefined; None as above.
    """
    by_class = class_omission(evidence)
    if by_class is None:
        return None
    critical = by_class.isel({"class": np.flatnonzero(np.isin(by_class["class"].values, [*CITYSCAPES.critical]))})
    asked = asked_classes(evidence)
    is_there = (evidence.run.samples.answer.values.astype(object) == "yes") & np.isin(asked, [*CITYSCAPES.critical])
    per_sample = critical.max("class").transpose("sample", "condition")
    values, whole = per_sample.values, np.full(per_sample.shape, np.nan)
    rows_of: dict[Any, list[int]] = {}
    for row in np.flatnonzero(is_there).tolist():
        rows_of.setdefault(per_sample.image.values[row], []).append(row)
    for rows in rows_of.values():
        whole[rows[0]] = np.max(values[rows], axis=0)  # nan travels
    return per_sample.copy(deep=False, data=whole)


def asked_classes(evidence: Evidence) -> NDArray[Any]:
    """(sample) the class whose presence is asked, "" where that is none of the vocabulary's.

    Where a run has several prompts, only what is asked under `presence` counts: each class once.
    """
    questions, entries = evidence.run.samples.question.values.tolist(), evidence.run.sample_metadata
    several = any(prompts.ASKED_AS in one for one in entries)
    found = [
        "" if kind != "yesno" or (several and one.get(prompts.ASKED_AS) != "presence") else _class_of(question, one)
        for kind, question, one in zip(evidence.kinds.tolist(), questions, entries, strict=True)
    ]
    return np.array(found, object)


def _class_of(question: str, metadata: dict[str, Any]) -> str:
    asked = _PRESENCE.match(question)
    word = str(metadata.get(prompts.CLASS) or (asked[1] if asked else ""))
    try:
        return CITYSCAPES.class_of(word)
    except ValueError:
        return ""


def is_empty(text: xr.DataArray) -> xr.DataArray:
    """1 where an answer has not a word, 0 where it has, nan where there is none."""
    flat: list[object] = text.values.reshape(-1).tolist()
    empty = [float(not one.strip()) if isinstance(one, str) else np.nan for one in flat]
    return text.copy(deep=False, data=np.reshape(np.asarray(empty, np.float64), text.shape))


def _named(evidence: Evidence, describing: NDArray[np.intp], text: xr.DataArray) -> xr.DataArray:
    """(sample, condition, class) what the answers name: in words, or as the classes with the nearest captions."""
    named = misalignment.mention_table(text)
    if not compares_captions(evidence):
        return named
    options = evidence.run.samples.option_text.values[describing].astype(object)
    scores = evidence.scores.isel(sample=describing).transpose("sample", "condition", "option").values
    values = named.values.copy()
    for row in np.flatnonzero((options != "").any(axis=1)).tolist():
        offered = [place for place, name in enumerate(options[row].tolist()) if name in CITYSCAPES]
        nearest = misalignment.top_classes(scores[row][:, offered], k=min(TOP_K, len(offered)))
        values[row] = np.where(np.isnan(nearest).any(axis=-1, keepdims=True), np.nan, 0.0)
        values[row][:, [list(CITYSCAPES).index(options[row][place]) for place in offered]] = nearest
    return named.copy(deep=False, data=values)


def _given(evidence: Evidence, places: NDArray[np.intp]) -> xr.DataArray:
    """(sample, condition) the text of the option chosen, else the free answer."""
    text = evidence.free.texts.isel(sample=places)
    chosen = evidence.chosen_text.isel(sample=places).values
    return with_objects(text, np.where(chosen != "", chosen, text.values))


def _right_answers(evidence: Evidence, places: NDArray[np.intp], like: xr.DataArray) -> xr.DataArray:
    answers = evidence.run.samples.answer.values[places].astype(object)
    return xr.DataArray(answers, dims="sample", coords={"sample": like.sample.values})


def _over_all_samples(evidence: Evidence, part: xr.DataArray) -> xr.DataArray:
    """Back to every sample of the run, nan where the question was another one."""
    answers = evidence.run.answers
    whole = part.reset_coords(drop=True).reindex(sample=answers.sample.values).astype(np.float64)
    along = {"image": ("sample", answers.image.values)}
    along |= {name: ("condition", answers[name].values) for name in ("family", "severity")}
    return evidence.split(whole.assign_coords(along).transpose("sample", "condition", ...))
