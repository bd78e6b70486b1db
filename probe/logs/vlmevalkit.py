"""The prediction tables of VLMEvalKit: `MODEL_BENCHMARK.xlsx`, also as .tsv and .csv.

A row has `index`, `question`, the options under their letters A, B, C …, `answer` (a letter, Yes or No, a text, or a
list of texts), what the model said in `prediction`, and what else the benchmark says of it.

Source: open-compass/VLMEvalKit, `vlmeval/inference.py` and `vlmeval/dataset`; no release of it could be had where this
was written, so that it rests on its documentation and on tables of its form.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..datasets.columns import is_absent
from ..datasets.rows import RowError
from ..prompts import is_yes_no
from . import values
from .answered import NO_ANSWER, OTHER_FORM, Answered, AskedInLog, Unread
from .record import Record

NAME = "a VLMEvalKit table"

NEEDED = ("index", "question", "prediction")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
OF_SAMPLE = ("image_path", "image", "question", "hint", "answer", "prediction", "index", "condition", *LETTERS)


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether a record is a row of such a table."""
    return all(name in record for name in NEEDED)


def read(records: Iterable[Record | Unread]) -> Iterator[Answered | Unread]:
    """The answers of a table."""
    for record in records:
        yield record if isinstance(record, Unread) else _answered(record)


def _answered(record: Record) -> Answered | Unread:
    row = record.values
    if not is_one(row):
        return Unread(record.line, OTHER_FORM, f"it has not all of the columns {', '.join(NEEDED)}.")
    if (index := values.name(row["index"])) is None:
        return Unread(record.line, NO_ANSWER, "its index is empty.")
    if is_absent(row["prediction"]):
        return Unread(record.line, NO_ANSWER, "its prediction is empty.")
    try:
        asked = _asked(row)
    except RowError as error:
        return Unread(record.line, OTHER_FORM, str(error))
    condition = values.text(row.get("condition")) or ""
    return Answered(record.line, {"index": index}, condition, text=values.text(row["prediction"]), asked=asked)


def _asked(row: Mapping[str, Any]) -> AskedInLog:
    options = tuple(str(row[letter]).strip() for letter in LETTERS if not is_absent(row.get(letter)))
    answer = values.text(values.first(row, ("answer",)))
    references: tuple[str, ...] = ()
    if answer is not None and not options:
        if is_yes_no((answer, "no" if answer.strip().lower() == "yes" else "yes")):
            options = ("Yes", "No") if answer.strip().istitle() else ("yes", "no")
        elif answer.lstrip().startswith("["):
            references, answer = values.listed(answer) or (), None
    hint, question = values.text(values.first(row, ("hint",))), values.text(row["question"]) or ""
    return AskedInLog(
        question=f"{hint}\n{question}" if hint else question,
        options=options or None,
        answer=answer,
        references=references,
        image=_image(row),
        metadata=values.metadata(row, OF_SAMPLE),
    )


def _image(row: Mapping[str, Any]) -> str:
    """The picture's path, or the row whose picture is shown; a picture itself, in base64, is no name."""
    named = values.name(values.first(row, ("image_path", "image"))) or ""
    return named if len(named) <= 200 else ""
