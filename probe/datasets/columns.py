"""Which column of a user's table is what: `--columns question=q,options=A+B+C+D,answer=gt`.

What is not named is looked for under its own name. A cell of options is a list, a JSON list, or texts between `|`;
`options=A+B+C` takes one option from each of several columns, the empty ones left out. An answer can be an option, its
letter, or its number counted from 0 where the cell holds a whole number. All other columns are metadata.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from ..closest import did_you_mean
from ..prompts import letter
from . import fields, strict_json
from .jsonl import KEYS
from .rows import RowError
from .strict_json import JsonError

Pairs = tuple[tuple[str, str], ...]


def parse(texts: Iterable[str]) -> Pairs:
    """Pairs (what it is to us, the column) of texts such as `image=path,question=q`.

    >>> parse(["image=path,question=q", "options=A+B"])
    (('image', 'path'), ('question', 'q'), ('options', 'A+B'))

    Raises ValueError for what is no such text, an unknown word and one given twice.
    """
    pairs: list[tuple[str, str]] = []
    for text in (part for each in texts for part in each.split(",") if part.strip()):
        ours, equals, column = (part.strip() for part in text.partition("="))
        if not equals or not column:
            raise ValueError(f"columns {text!r} is no pair. Write for example question=q,image=path.")
        if ours not in KEYS:
            raise ValueError(
                f"columns {text!r}: {ours!r} is unknown.{did_you_mean(ours, KEYS)} Known: {', '.join(KEYS)}."
            )
        if ours in dict(pairs):
            raise ValueError(f"columns {text!r}: {ours!r} is given twice. Give it once.")
        pairs.append((ours, column))
    return tuple(pairs)


def entry(
    record: Mapping[str, Any], columns: Pairs, *, pictures: Sequence[str] = ("image", "images")
) -> dict[str, Any]:
    """The line of a JSONL file that a record stands for. `pictures` are the names of what is left to the caller.

    >>> row = {"q": "What is it?", "A": "a bus", "B": "a car", "C": None, "gt": "B"}
    >>> entry(row, parse(["question=q,options=A+B+C,answer=gt"]))
    {'question': 'What is it?', 'options': ['a bus', 'a car'], 'answer': 'a car'}

    Raises RowError where a named column is not there, or a cell cannot be what it should be.
    """
    named = dict(columns)
    used = {part for column in named.values() for part in column.split("+")}
    if absent := [part for part in used if part not in record]:
        raise RowError(f"there is no column {', '.join(map(repr, sorted(absent)))}; there are: {', '.join(record)}.")
    found: dict[str, Any] = {}
    for ours in KEYS:
        column = named.get(ours, ours)
        if ours in pictures or not (ours in named or column in record):
            continue
        value = options(record, column) if ours == "options" else record[column]
        if not is_absent(value):
            found[ours] = value
    for ours in ("question", "id", "kind", "dataset"):
        if ours in found and not isinstance(found[ours], str):
            found[ours] = str(found[ours])
    if "references" in found:
        found["references"] = listed(found["references"])
    if "answer" in found:
        found["answer"] = answer(found["answer"], found.get("options", ()))
    return found | {
        name: value for name, value in record.items() if name not in (*used, *KEYS) and fields.is_plain(value)
    }


def is_absent(value: Any) -> bool:
    """Whether a cell holds nothing: an empty text, null, or not a number."""
    return value is None or value == "" or (isinstance(value, float) and value != value)


def options(record: Mapping[str, Any], column: str) -> list[str] | None:
    """The options in a column, or in several joined by +."""
    if "+" in column:
        cells = [record[name] for name in column.split("+")]
        return [str(cell) for cell in cells if not is_absent(cell)]
    return None if is_absent(record[column]) else listed(record[column])


def listed(value: Any) -> list[str]:
    """A cell that holds several texts.

    >>> listed('["a bus", "a car"]'), listed("a bus | a car"), listed(("a bus",))
    (['a bus', 'a car'], ['a bus', 'a car'], ['a bus'])
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = strict_json.loads(value)
        except JsonError as error:
            reason = error.reason.removeprefix("this is no JSON: ")
            raise RowError(f"{fields.brief(value)} is no JSON list ({reason}).") from None
    if isinstance(value, str):
        return [part.strip() for part in value.split("|")]
    if isinstance(value, Mapping):  # such as {"text": [...], "label": [...]}
        value = cast(Mapping[str, Any], value).get("text", [])
    if isinstance(value, Iterable):
        return [each if isinstance(each, str) else str(each) for each in cast(Iterable[Any], value)]
    raise RowError(f"{fields.brief(value)} is no list of texts.")


def answer(value: Any, among: Sequence[str]) -> str:
    """The right option of a cell that holds it, its letter, or its number counted from 0.

    >>> answer("B", ["a bus", "a car"]), answer(0, ["a bus", "a car"]), answer("red", [])
    ('a car', 'a bus', 'red')
    """
    if isinstance(value, bool) and [option.lower() for option in among] in (["yes", "no"], ["no", "yes"]):
        return next(option for option in among if option.lower() == ("yes" if value else "no"))
    if isinstance(value, int | float) and not isinstance(value, bool) and among and str(value) not in among:
        if not math.isfinite(value) or value != int(value) or not 0 <= value < len(among):
            raise RowError(f"the answer {value!r} is no place among {len(among)} options, counted from 0.")
        return among[int(value)]
    text = str(value)
    if among and text not in among:
        letters = [letter(place) for place in range(len(among))]
        bare = text.strip().strip("().").upper()
        if bare in letters:
            return among[letters.index(bare)]
    return text
