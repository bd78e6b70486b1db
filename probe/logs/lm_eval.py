"""The sample logs of lm-evaluation-harness and lmms-eval: `samples_TASK_DATE.jsonl`, `DATE_samples_TASK.jsonl`.

A line holds the question (`doc`, which lmms-eval leaves out), what was sent (`arguments`, there `input`), what came
back (`resps`) and that after a filter (`filtered_resps`). Free answers are read from `resps`, as they came, for they
are scored by our own rules; lmms-eval leaves `resps` out where the filter changed nothing. Options have a request each,
whose response is [log-likelihood, is greedy], as texts. A task with several filters has a line for each: the first
counts.

Source: EleutherAI/lm-evaluation-harness 0.4.13 and EvolvingLMMs-Lab/lmms-eval 0.7.3, `evaluator.py` and
`loggers/evaluation_tracker.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ..datasets.rows import RowError
from . import values
from .answered import FURTHER, NO_ANSWER, OTHER_FORM, Answered, AskedInLog, Unread
from .record import Record

NAME = "lm-eval or lmms-eval samples"

IDS = ("id", "question_id", "idx", "index", "qid", "sample_id", "pid")
"""What a benchmark may call the ids of its questions."""

QUESTIONS, OPTIONS = ("question", "query", "prompt"), ("choices", "options")
IMAGES = ("image_id", "image", "image_path")


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of such a log."""
    return "doc_id" in record and ("resps" in record or "filtered_resps" in record)


def read(records: Iterable[Record | Unread]) -> Iterator[Answered | Unread]:
    """The answers of a log."""
    kept: str | None = None
    for record in records:
        if isinstance(record, Unread):
            yield record
        elif not is_one(record.values):
            yield Unread(record.line, OTHER_FORM, 'it has no "doc_id" with "resps" or "filtered_resps".')
        else:
            used = str(record.values.get("filter", ""))
            kept = used if kept is None else kept
            if used != kept:
                why = f"it is of the filter {used!r}, and those of {kept!r} are read: the responses are the same."
                yield Unread(record.line, FURTHER, why)
            else:
                yield _answered(record)


def _answered(record: Record) -> Answered | Unread:
    entry = record.values
    doc = cast(dict[str, Any], entry["doc"]) if isinstance(entry.get("doc"), dict) else {}
    try:
        scores = _log_likelihoods(entry.get("filtered_resps"))
        text = None if scores else _text(entry)
        if scores is None and text is None:
            return Unread(record.line, NO_ANSWER, '"resps" and "filtered_resps" are empty.')
        continuations = _continuations(entry)
        if scores is not None and continuations and len(continuations) < len(scores):  # the same without the question
            scores = scores[: len(continuations)]
        return Answered(
            record.line,
            _ids(entry, doc),
            condition=values.text(doc.get("condition")) or "",
            text=text,
            log_likelihoods=scores,
            asked=_asked(entry, doc, continuations if scores else ()),
        )
    except RowError as error:
        return Unread(record.line, NO_ANSWER, str(error))


def _ids(entry: Mapping[str, Any], doc: Mapping[str, Any]) -> dict[str, str]:
    """The benchmark's own ids, of the question or beside a score, then the row's number."""
    found = values.ids(doc, IDS)
    for part in entry.values():
        if isinstance(part, dict) and part is not doc:
            found = values.ids(cast(dict[str, Any], part), IDS) | found
    return found | values.ids(entry, ("doc_id",))


def _log_likelihoods(responses: Any) -> tuple[float, ...] | None:
    """The log-likelihood of each request; None where the responses are texts."""
    if not isinstance(responses, list) or not responses:
        return None
    pairs = [_pair(each) for each in cast(list[Any], responses)]
    return None if None in pairs else tuple(values.number(pair) for pair in pairs)


def _pair(response: Any) -> Any:
    """The first of [log-likelihood, is greedy]; None for anything else."""
    while isinstance(response, list) and len(cast(list[Any], response)) == 1:
        response = response[0]
    is_pair = isinstance(response, list) and len(cast(list[Any], response)) == 2
    return response[0] if is_pair and str(response[1]) in ("True", "False") else None


def _text(entry: Mapping[str, Any]) -> str | None:
    """The first text that came back: of several of a question the first is the answer."""
    for name in ("resps", "filtered_resps"):
        found = entry.get(name)
        while isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, str):
            return found
    return None


def _continuations(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The options as they were scored, each once; none where the log does not have them."""
    arguments = entry.get("arguments")
    if not isinstance(arguments, dict):
        return ()
    sent = [each.get("arg_1") for each in cast(dict[str, Any], arguments).values() if isinstance(each, dict)]
    return tuple(dict.fromkeys(each.strip() for each in sent if isinstance(each, str)))


def _asked(entry: Mapping[str, Any], doc: Mapping[str, Any], continuations: tuple[str, ...]) -> AskedInLog:
    stated = values.first(doc, OPTIONS)
    options = continuations or (None if stated is None else values.listed(stated))
    target = values.text(entry.get("target"))
    answer = None if target in (None, "") else target
    if answer is not None and options and answer not in options and answer.isdecimal():  # which option, from 0
        answer = options[int(answer)] if int(answer) < len(options) else answer
    image = values.first(doc, IMAGES)
    return AskedInLog(
        question=values.text(values.first(doc, QUESTIONS)) or _sent(entry),
        options=options or None,
        answer=answer,
        image=values.name(image) or "",
        metadata=values.metadata(doc, (*QUESTIONS, *OPTIONS, *IMAGES, *IDS, "answer", "condition")),
    )


def _sent(entry: Mapping[str, Any]) -> str:
    """What was sent, where the question itself is not in the log."""
    arguments = entry.get("arguments")
    first = next(iter(cast(dict[str, Any], arguments).values()), {}) if isinstance(arguments, dict) else {}
    sent = cast(dict[str, Any], first).get("arg_0") if isinstance(first, dict) else None
    return values.text(sent) or values.text(entry.get("input")) or ""
