"""Runs made from tables of errors, without a model: which answers are wrong is written down, condition by condition."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import stores

OPTIONS = ("right", "wrong", "other")


def make(
    folder: Path,
    wrong: Mapping[str, Mapping[str, int | Sequence[int]]],
    *,
    size: int,
    samples_of_image: int = 1,
    order: Sequence[int] | None = None,
    parameters: int | None = None,
    leave: Sequence[str] = (),
) -> Path:
    """A run of `size` questions to each dataset, where `wrong[dataset][condition]` of them are answered wrongly.

    A number stands for the first so many questions; a list says for each question which option is chosen, -1 for none.
    Conditions are written `family:severity`. `order` reorders the samples, `leave` names those that the run lacks.
    """
    conditions = list(next(iter(wrong.values())))
    rows = [(dataset, k) for dataset in wrong for k in range(size)]
    rows = [row for row in rows if name(*row) not in leave]
    rows = [rows[place] for place in order] if order is not None else rows
    images = list(dict.fromkeys(f"{dataset}-i{k // samples_of_image:03}" for dataset, k in rows))
    samples = tuple(
        stores.SampleRow(
            name(dataset, k), images.index(f"{dataset}-i{k // samples_of_image:03}"), f"Question {k}?", "right", "mcq",
            OPTIONS, dataset=dataset,
        )
        for dataset, k in rows
    )  # fmt: skip
    layout = stores.Layout(len(images), tuple(images), samples, tuple(map(condition, conditions)))
    counted = {} if parameters is None else {"parameters": {"float32": parameters}}
    plan = stores.hashed({"settings": {"model": folder.name, "dataset": "made"}})
    stores.create(folder, layout, plan=plan, provenance={"model": {"source": folder.name, **counted}})
    writer, written = stores.Writer(folder, layout), layout.block_samples(0)
    for unit in layout.units():
        arrays = layout.blank(unit)
        for place, row in enumerate(written):
            dataset, number = row.dataset, int(row.sample_id.rpartition("-")[2])
            entry = wrong[dataset][conditions[unit.condition]]
            chosen = int(number < entry) if isinstance(entry, int) else entry[number]
            scores = np.where(np.arange(3) == chosen, -1.0, -2.0) if chosen >= 0 else np.nan
            arrays["answers/log_likelihood"][place] = scores
            arrays["answers/token_count"][place] = 1
        writer.commit(unit, arrays, report={})
    return folder


def name(dataset: str, number: int) -> str:
    """The id of a sample."""
    return f"{dataset}-{number:04}"


def condition(text: str) -> stores.ConditionRow:
    """`fog:3` is the family fog at severity 3."""
    family, _, severity = text.partition(":")
    return stores.ConditionRow(text, family, int(severity) if severity else -1)
