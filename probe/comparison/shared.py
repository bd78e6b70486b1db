"""What the runs of a comparison have in common: samples and conditions by their ids, the rest is left out aloud."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .members import Member

SHOWN = 3
CLEAN = "clean"


@dataclass(frozen=True)
class Shared:
    """The ids of the samples and conditions that all runs have, the families of the latter, and what was left out.

    Samples are in the order of their ids, conditions in that of the first run. `notes` are sentences for the user.
    """

    samples: tuple[str, ...]
    conditions: tuple[str, ...]
    families: tuple[str, ...]
    severities: tuple[int, ...]
    images: tuple[str, ...]
    datasets: tuple[str, ...]
    notes: tuple[str, ...]


def shared_by(members: Sequence[Member]) -> Shared:
    """What the runs have in common.

    Raises ValueError where they share no sample or not the clean condition, and where one id stands for two questions:
    another dataset, image, picture, question, options or answer.
    """
    rows = [_rows(member) for member in members]
    samples = sorted(set(rows[0]).intersection(*rows[1:]))
    if not samples:
        raise ValueError(f"the runs have no sample in common: {'; '.join(map(_of_what, members))}.")
    _require_same(members, rows, samples)
    tables = [_conditions(member) for member in members]
    conditions = [name for name in tables[0] if all(name in other for other in tables[1:])]
    if CLEAN not in conditions:
        raise ValueError("the runs have no clean condition in common. Extract them with the same command.")
    for member, table in zip(members[1:], tables[1:], strict=True):
        _require_same_conditions(members[0], tables[0], member, table, conditions)
    families, severities = zip(*(tables[0][name] for name in conditions), strict=True)
    notes = [*_left_out(members, rows, tables, len(samples), len(conditions)), *_settings(members)]
    of_sample = [rows[0][name] for name in samples]
    return Shared(
        tuple(samples), tuple(conditions), families, severities,
        tuple(row["image"] for row in of_sample), tuple(row["dataset"] for row in of_sample), tuple(notes),
    )  # fmt: skip


def _rows(member: Member) -> dict[str, dict[str, Any]]:
    """Sample id -> what must be the same in all runs."""
    run = member.evidence.run
    table, images = run.samples, run.images
    pictures = dict(zip(images.image.values.tolist(), images.sha256.values.tolist(), strict=True))
    whole = str(run.plan.get("settings", {}).get("dataset", ""))
    columns = {
        "dataset": [name or whole for name in table.dataset.values.tolist()],
        "image": table.image.values.tolist(),
        "question": table.question.values.tolist(),
        "options": [tuple(text for text in row if text) for row in table.option_text.values.tolist()],
        "answer": table.answer.values.tolist(),
        "right answers": [tuple(text for text in row if text) for row in table.reference_text.values.tolist()],
    }
    columns["picture"] = [pictures[image] for image in columns["image"]]
    each = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return dict(zip(table.sample.values.tolist(), each, strict=True))


def _conditions(member: Member) -> dict[str, tuple[str, int]]:
    """Condition id -> its family and severity, in the run's order."""
    table = member.evidence.run.conditions
    columns = (table[name].values.tolist() for name in ("condition", "family", "severity"))
    return {name: (family, int(severity)) for name, family, severity in zip(*columns, strict=True)}


def _require_same(members: Sequence[Member], rows: Sequence[dict[str, Any]], samples: Sequence[str]) -> None:
    first = rows[0]
    for member, other in zip(members[1:], rows[1:], strict=True):
        for sample in samples:
            for what, value in first[sample].items():
                theirs = other[sample][what]
                if value == theirs or (what == "picture" and "" in (value, theirs)):
                    continue
                raise ValueError(
                    f"sample {sample!r} has another {what} in {members[0].name} than in {member.name}: "
                    f"{_short(value)} against {_short(theirs)}. One id must stand for one question about one picture: "
                    "extract both runs from the same data."
                )


def _require_same_conditions(
    first: Member, ours: dict[str, Any], other: Member, theirs: dict[str, Any], conditions: Sequence[str]
) -> None:
    for name in conditions:
        if ours[name] != theirs[name]:
            raise ValueError(
                f"condition {name!r} is {ours[name]} in {first.name} and {theirs[name]} in {other.name} (family, "
                "severity). Extract both runs with the same version."
            )


def _left_out(
    members: Sequence[Member], rows: Sequence[Any], tables: Sequence[Any], samples: int, conditions: int
) -> Iterator[str]:
    for what, of_runs, kept in (("samples", rows, samples), ("conditions", tables, conditions)):
        lost = [(member.name, len(each)) for member, each in zip(members, of_runs, strict=True) if len(each) > kept]
        if lost:
            told = ", ".join(f"{name} loses {count - kept:,} of {count:,}" for name, count in lost)
            yield f"Compared on the {kept:,} {what} that all runs have: {told}."


def _settings(members: Sequence[Member]) -> Iterator[str]:
    """Settings under which equal ids do not stand for equal pictures or questions."""
    for key, said in (
        ("seed", "random perturbations of the same condition are not the same pictures"),
        ("prompt", "they were not asked in the same words"),
    ):
        values = {member.name: member.evidence.run.plan.get("settings", {}).get(key) for member in members}
        if len(set(values.values())) > 1:
            told = ", ".join(f"{name}: {'default' if value is None else value}" for name, value in values.items())
            yield f"The runs differ in their {key} ({told}): {said}."


def _of_what(member: Member) -> str:
    row = _rows(member)
    datasets = ", ".join(sorted({each["dataset"] for each in row.values()}))
    return f"{member.name} has {len(row):,} of {datasets or 'an unnamed dataset'} ({_some(sorted(row))})"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def order(values: Any, wanted: Sequence[str]) -> "np.ndarray[Any, Any]":
    """The positions of the wanted labels among the values."""
    places = {str(value): place for place, value in enumerate(values)}
    return np.array([places[name] for name in wanted], np.intp)
