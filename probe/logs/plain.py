"""Plain logs: a record has an id, an answer, and perhaps the condition and what was asked.

    {"sample": "s1", "condition": "fog:3", "text": "(B) a bus"}
    {"sample": "s1", "condition": "fog:3", "choice": "B"}
    {"sample": "s1", "condition": "fog:3", "log_likelihoods": [-3.2, -0.4], "question": "What is it?",
     "options": ["a car", "a bus"], "answer": "a bus", "image": "i1"}

`probe export` writes this form. Other names of the columns are known too, and `--columns text=said` names others.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..closest import did_you_mean
from ..datasets import fields
from ..datasets.columns import is_absent
from ..datasets.rows import RowError
from . import values
from .answered import NO_ANSWER, OTHER_FORM, Answered, AskedInLog, Unread
from .json_lines import loads
from .record import Record

NAME = "a plain log"

NAMES: Mapping[str, tuple[str, ...]] = {
    "sample": ("sample", "sample_id", "id", "question_id", "idx", "index", "doc_id"),
    "condition": ("condition", "condition_id"),
    "text": ("text", "prediction", "response", "output", "model_output", "model_answer", "generated_text"),
    "choice": ("choice", "chosen", "predicted"),
    "log_likelihoods": ("log_likelihoods", "log_likelihood", "loglikelihoods", "loglikelihood"),
    "token_counts": ("token_counts", "token_count"),
    "end_of_turn": ("end_of_turn",),
    "cut": ("cut",),
    "question": ("question",),
    "options": ("options", "choices"),
    "answer": ("answer", "ground_truth", "target", "label", "gt"),
    "references": ("references", "answers"),
    "kind": ("kind",),
    "image": ("image", "image_id", "image_path"),
    "dataset": ("dataset",),
    "metadata": ("metadata",),
}
"""What may stand for each of our columns, the likeliest first."""

ANSWERS = ("text", "choice", "log_likelihoods")

OF_EXPORT = (
    "family", "severity", "parameters", "correct", "flipped", "forms_log_likelihoods", "forms_choice",
    "pictures", "sha256", "prompt", "seed",
)  # fmt: skip
"""Columns of our own tables and manifests that say nothing of a sample."""

Columns = Mapping[str, str]
"""Our column -> the one of the log."""


def columns(texts: Iterable[str]) -> dict[str, str]:
    """The columns of texts such as `sample=idx,text=said`. Raises ValueError for what is no such text.

    >>> columns(["sample=idx,text=said"])
    {'sample': 'idx', 'text': 'said'}
    """
    found: dict[str, str] = {}
    for pair in (part for each in texts for part in each.split(",") if part.strip()):
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not equals or not theirs:
            raise ValueError(f"columns {pair!r} is no pair. Write for example sample=id,text=said.")
        if ours not in NAMES:
            hint = did_you_mean(ours, NAMES)
            raise ValueError(f"columns {pair!r}: {ours!r} is unknown.{hint} Known: {', '.join(NAMES)}.")
        if ours in found:
            raise ValueError(f"columns {pair!r}: {ours!r} is given twice. Give it once.")
        found[ours] = theirs
    return found


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether a record names a sample and has a place for an answer, by the names that we know."""
    used = _used(record, {})
    return "sample" in used and any(name in used for name in ANSWERS)


def _used(record: Mapping[str, Any], named: Columns) -> dict[str, str]:
    """Our column -> the one of this record; those that it has not are left out."""
    found = {ours: next((each for each in known if each in record), "") for ours, known in NAMES.items()}
    return {ours: theirs for ours, theirs in (found | dict(named)).items() if theirs in record}


def read(records: Iterable[Record | Unread], named: Columns) -> Iterator[Answered | Unread]:
    """The answers of a log, whose columns are those named, or known by their names."""
    for record in records:
        yield record if isinstance(record, Unread) else _answered(record, named)


def _answered(record: Record, named: Columns) -> Answered | Unread:
    used = _used(record.values, named)
    own = {ours: record.values[theirs] for ours, theirs in used.items()}
    if (sample := values.name(own.get("sample"))) is None:
        what = named.get("sample") or " or ".join(NAMES["sample"][:3])
        return Unread(record.line, OTHER_FORM, f"it has no id ({what}). Name its column: --columns sample=COLUMN.")
    if all(own.get(name) is None for name in ANSWERS) or _is_blank(own, record):
        reason = values.text(record.values.get("undefined")) or values.text(record.values.get("error"))
        why = f"sample {sample!r}: {reason or 'text, choice and log_likelihoods are all missing'}."
        return Unread(record.line, NO_ANSWER, why)
    try:
        return Answered(
            record.line,
            {used["sample"]: sample},
            condition=values.name(own.get("condition")) or "",
            text=values.text(own.get("text")),
            choice=_choice(own.get("choice")),
            log_likelihoods=values.numbers(own.get("log_likelihoods")),
            token_counts=values.numbers(own.get("token_counts")),
            end_of_turn=values.numbers(own.get("end_of_turn")),
            cut=_switch(own.get("cut")),
            asked=_asked(own, record.values, used),
        )
    except RowError as error:
        return Unread(record.line, OTHER_FORM, f"sample {sample!r}: {error}")


def _is_blank(own: Mapping[str, Any], record: Record) -> bool:
    """Whether all answers are empty cells, as of a sample that could not be asked; an empty text alone is an answer."""
    told = "undefined" in record.values or "error" in record.values or "choice" in own or "log_likelihoods" in own
    return told and all(is_absent(own.get(name)) for name in ANSWERS)


def _choice(value: Any) -> str | int | None:
    if is_absent(value):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str | int):
        raise RowError(f"the choice {fields.brief(value)} is no option.")
    return value


def _switch(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


def _loaded(value: Any) -> Any:
    """Metadata, of a cell as JSON. Raises RowError for a text that is none."""
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        return loads(value)
    except ValueError:
        raise RowError(f"its metadata, {fields.brief(value)}, is no JSON object.") from None


def _asked(own: Mapping[str, Any], record: Mapping[str, Any], used: Columns) -> AskedInLog:
    more = _loaded(own.get("metadata"))
    left = {*used.values(), *OF_EXPORT}
    return AskedInLog(
        question=values.text(own.get("question")) or "",
        options=values.listed(own.get("options")) or None,
        answer=values.text(values.first(own, ("answer",))),
        references=values.listed(own.get("references")) or (),
        kind=values.text(own.get("kind")) or "",
        image=values.name(own.get("image")) or "",
        dataset=values.name(own.get("dataset")) or "",
        metadata=values.metadata(record, left) | (values.metadata(more) if isinstance(more, dict) else {}),
    )
