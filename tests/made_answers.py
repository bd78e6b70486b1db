"""Runs written by hand: questions, scores and texts as a test says, in any order of samples, options and conditions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import stores
from probe.results import Evidence

Answers = Mapping[tuple[str, str], Any]
"""(sample, condition) -> its scores by option text, or its free answer."""


def evidence(
    path: Path,
    samples: Sequence[stores.SampleRow],
    conditions: Sequence[stores.ConditionRow],
    images: Sequence[str],
    *,
    scores: Answers | None = None,
    texts: Answers | None = None,
    seed: int = 0,
) -> Evidence:
    """A run of these answers. What `texts` does not name was not asked for a free answer."""
    layout = stores.Layout(3, tuple(images), tuple(samples), tuple(conditions))
    plan = stores.hashed({"settings": {"model": "made", "dataset": "made"}})
    stores.create(path, layout, plan=plan, provenance={"model": {"source": "made"}})
    writer = stores.Writer(path, layout)
    by_id = {row.sample_id: row for row in samples}
    for unit in layout.units():
        arrays, condition = layout.blank(unit), conditions[unit.condition].condition_id
        first = layout.sample_rows(unit.block).start
        for name, row in by_id.items():
            if row.image_index // layout.block_size != unit.block:
                continue
            place = layout.sample_index(name) - first
            for k, option in enumerate(row.options):
                arrays["answers/log_likelihood"][place, k] = (scores or {})[name, condition][option]
            if (text := (texts or {}).get((name, condition))) is not None:
                arrays["answers/text"][place], arrays["answers/cut"][place] = text, 0
        writer.commit(unit, arrays, report={})
    return Evidence(stores.open_run(path), seed=seed)


def condition(name: str) -> stores.ConditionRow:
    """`fog:3` is the family fog at severity 3."""
    family, _, severity = name.partition(":")
    return stores.ConditionRow(name, family, int(severity) if severity else -1)


def random_scores(rng: np.random.Generator, options: Sequence[str], conditions: Sequence[str]) -> Answers:
    """Scores of one question under each condition, by option text, clean first: perturbed ones stray from clean."""
    clean = 2 * rng.normal(size=len(options))
    strayed = [clean if name == "clean" else clean + rng.normal(size=len(options)) for name in conditions]
    return {name: dict(zip(options, row.tolist(), strict=True)) for name, row in zip(conditions, strayed, strict=True)}
