"""The answers of all logs by sample and condition, each once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from . import reading
from .answer_index import AnswerIndex, Given
from .answered import UNREADABLE, Answered, AskedInLog, LogError, Unread
from .plain import Columns
from .reading import Log
from .sources import Source
from .troubles import Troubles

LOOKED_AT = 1_000
"""Answers by which it is told what the samples of a log are known by."""

REPEATED = "lines left out beside another answer to the same"
UNKNOWN = "lines of samples that the dataset does not have"
NO_CONDITION = "lines of a condition that cannot be kept"
OTHER_QUESTION = "lines with another question than an earlier one under the same id"

LONGEST_CONDITION = 200
"""Characters of the name of a condition."""

Known = Mapping[str, str]
"""What a sample may be called in a log -> its id in the dataset."""


@dataclass
class Gathered:
    """What logs say: answers by sample and condition, what was asked, their formats, and what could not be used."""

    answers: AnswerIndex = field(default_factory=AnswerIndex)
    asked: dict[str, AskedInLog] = field(default_factory=dict[str, AskedInLog])
    formats: dict[str, str] = field(default_factory=dict[str, str])
    lines: int = 0
    troubles: Troubles = field(default_factory=Troubles)


def known_ids(ids: Collection[str]) -> Known:
    """What the samples of a dataset may be called: their ids, or what is left where all begin alike.

    >>> known_ids(["coco-random-1", "coco-random-12"])["12"], known_ids(["a", "b"])
    ('coco-random-12', {'a': 'a', 'b': 'b'})
    """
    own = {name: name for name in ids}
    shared = _shared(min(ids), max(ids)).rstrip("0123456789") if len(ids) > 1 else ""
    return {name.removeprefix(shared): name for name in ids} | own if shared else own


def _shared(first: str, last: str) -> str:
    """What two texts begin with: of the first and last of many in their order, what all begin with."""
    length = next((k for k, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:length]


def gather(
    sources: Iterable[Source], columns: Columns, known: Known | None = None, *, epoch: int | None = None
) -> Gathered:
    """Read all logs. `known` are the samples of a dataset; without it every sample of the logs is taken.
    `epoch` as of `reading.read`.

    Raises LogError for a log of which nothing can be read.
    """
    found = Gathered()
    for source in sources:
        log = reading.read(source.path, columns, epoch)
        found.formats[str(source.path)] = log.format
        before = found.lines
        try:
            _of_log(log, source, found, known)
        except LogError as error:  # in the middle of it: what came before is there
            if found.lines == before:
                raise
            found.troubles.add(UNREADABLE, source.path.name, str(error))
    return found


def _of_log(log: Log, source: Source, found: Gathered, known: Known | None) -> None:
    first = list(islice(log.answers, LOOKED_AT))
    name = _name(log, first, known)
    for each in chain(first, log.answers):
        where = f"{source.path.name} line {each.line}"
        if isinstance(each, Unread):
            found.troubles.add(each.trouble, where, each.why)
        elif (sample := name(each)) is None:
            called = ", ".join(each.ids.values())
            found.troubles.add(UNKNOWN, where, f"{called!r} is no sample of it.")
        else:
            _add(found, sample, each.condition or source.condition, each, where)


def _add(found: Gathered, sample: str, condition: str, answer: Answered, where: str) -> None:
    if reason := _unwritable(condition):
        found.troubles.add(NO_CONDITION, where, reason)
        return
    earlier = found.answers.find(sample, condition)
    if earlier is not None:
        why = f"sample {sample!r} has an answer under {condition} already ({earlier.where})."
        found.troubles.add(REPEATED, where, why)
        return
    before = found.asked.get(sample)
    if before is not None and before.question and answer.asked.question not in ("", before.question):
        found.troubles.add(OTHER_QUESTION, where, f"sample {sample!r} asks {answer.asked.question[:100]!r}.")
        return
    found.asked[sample] = answer.asked if before is None else _merged(before, answer.asked)
    found.lines += 1
    given = Given(
        where,
        None if answer.text is None else writable(answer.text),
        answer.choice,
        answer.log_likelihoods,
        answer.token_counts,
        answer.end_of_turn,
        answer.cut,
        answer.asked.options,
    )
    found.answers.add(sample, condition, given)


def writable(text: str) -> str:
    """A text as a run can keep it: null characters and halves of characters are written out.

    >>> writable("a\\0b\\ud800")
    'a\\\\x00b\\\\ud800'
    """
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def _unwritable(condition: str) -> str:
    """Why no run could keep a condition's name; "" where one can."""
    if len(condition) > LONGEST_CONDITION:
        return f"the name of its condition has {len(condition):,} characters, and {LONGEST_CONDITION} are kept."
    return "" if writable(condition) == condition else f"the name of its condition, {condition!r}, is no text."


def _merged(before: AskedInLog, now: AskedInLog) -> AskedInLog:
    """What two lines say of a sample: the first, with the metadata in which both agree."""
    same = {name: value for name, value in before.metadata.items() if now.metadata.get(name, value) == value}
    if len(same) == len(before.metadata):
        return before
    return AskedInLog(**{**vars(before), "metadata": same})


def _name(log: Log, first: Iterable[Answered | Unread], known: Known | None) -> Callable[[Answered], str | None]:
    """How a sample of a log is told: by the column of ids of which most are known, or which differ most."""
    names: dict[str, set[str]] = {}
    hits: dict[str, int] = {}
    for each in _answers(first):
        for column, value in each.ids.items():
            names.setdefault(column, set()).add(value)
            hits[column] = hits.get(column, 0) + (known is not None and value in known)
    if not names:
        return lambda answer: next(iter(answer.ids.values()), None) if known is None else None
    if known is None:
        column = max(names, key=lambda each: len(names[each]))
        return lambda answer: answer.ids.get(column)
    column = max(hits, key=lambda each: hits[each])
    return lambda answer: known.get(answer.ids.get(column, ""))


def _answers(found: Iterable[Answered | Unread]) -> Iterator[Answered]:
    return (each for each in found if isinstance(each, Answered))
