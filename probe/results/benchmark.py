"""A benchmark's own numbers beside the mean score: POPE's F1, CHAIR, CircularEval, the mean of BLINK's tasks."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import flips, scoring, statistics
from analyses.scoring import Measure, Scorer

from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .free_answers import OFFICIAL
from .sentences import Sentence, said, say, share

READINGS = {
    "likelihood": "by likelihood",
    "chosen": "by the option that was chosen",
    "forms": "by surface forms",
    "text": "of the free answers",
}
"""How answers are read, and how that is said; the last one that a run has is shown."""

Terms = tuple[NDArray[np.float64], NDArray[np.float64]]


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, measure, reading, bound) each measure of the run's benchmarks, by each reading; None without any.

    Readings: options by likelihood, by forms, and texts as officially read; the last that there is is shown.
    """
    tables: dict[str, dict[str, xr.Dataset]] = {}
    meanings: list[str] = []
    for scorer, measure, reading, terms in measured(evidence):
        pairs = [evidence.split(evidence.given.copy(deep=False, data=each)) for each in terms]
        tables.setdefault(titled(measure.name), {})[reading] = evidence.by_family(statistics.RATIO, *pairs)
        meanings.append(f"{titled(measure.name)} ({scorer.benchmark}): {measure.meaning.rstrip('.')}")
    if not tables:
        return None
    shown = next(reading for reading in reversed(READINGS) if any(reading in each for each in tables.values()))
    return xr.Dataset({"value": stacked(tables, "value"), "defined": stacked(tables, "defined")}).assign_attrs(
        reading=shown, by=READINGS[shown], measures=". ".join(dict.fromkeys(meanings))
    )


def stacked(tables: Mapping[str, Mapping[str, xr.Dataset]], name: str) -> xr.DataArray:
    """(measure, reading, family, ...) one variable of all tables; undefined where a measure has no such reading."""
    rows = [
        xr.concat([table[name] for table in by_reading.values()], xr.IndexVariable("reading", list(by_reading)))
        for by_reading in tables.values()
    ]
    return xr.concat(rows, xr.IndexVariable("measure", list(tables)), join="outer")


def titled(name: str) -> str:
    """A measure's name as a heading.

    >>> titled("f1"), titled("chair_s"), titled("yes_ratio")
    ('F1', 'CHAIRs', 'yes ratio')
    """
    return {"f1": "F1", "chair_i": "CHAIRi", "chair_s": "CHAIRs"}.get(name, name.replace("_", " "))


def measured(evidence: Evidence) -> Iterator[tuple[Scorer, Measure, str, Terms]]:
    """The terms (sample, condition) of each measure: by likelihood, by forms, and of texts as officially read."""
    names = evidence.run.samples.dataset.values
    for scorer in dict.fromkeys(
        scoring.SCORERS[name] for name in dict.fromkeys(names.tolist()) if name in scoring.SCORERS
    ):
        own = np.array([scoring.SCORERS.get(name) is scorer for name in names.tolist()], np.bool_)
        for how, (parsed, correct) in answers(evidence, own).items():
            for measure in scorer.measures:
                terms = measure.terms(parsed, correct, [evidence.free.asked[row] for row in np.flatnonzero(own)])
                yield scorer, measure, how, (over_all_samples(terms[0], own), over_all_samples(terms[1], own))


def answers(evidence: Evidence, own: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.object_], NDArray[np.float64]]]:
    """What the samples of a benchmark answer and how right that is: by likelihood, by forms, and by their texts."""
    found: dict[str, tuple[NDArray[np.object_], NDArray[np.float64]]] = {}
    by = "chosen" if evidence.are_chosen else "likelihood"
    choices = {by: evidence.choice, "forms": evidence.choice_by_forms} if evidence.has_options else {}
    for how, choice in choices.items():
        if choice is not None and (choice.values[own] >= 0).any():
            chosen = evidence.text_of(choice).values[own].astype(object)
            chosen[chosen == ""] = None
            found[how] = chosen, flips.correct(choice, evidence.answer).values[own]
    if evidence.free.are_read[own].any():
        free = evidence.free
        found["text"] = free.parsed(OFFICIAL)[own], free.correct(OFFICIAL)[own]
    return found


def over_all_samples(terms: NDArray[np.float64], own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Back to every sample of the run, nan where it is of another benchmark."""
    whole = np.full((len(own), *terms.shape[1:]), np.nan)
    whole[own] = terms
    return whole


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What the benchmark's numbers are on clean images, and over all perturbations."""
    value = data.value.sel(reading=data.attrs["reading"])
    return said(
        *(
            say(
                data,
                "{name} {by}: {clean} on clean images, {all} over all perturbations.",
                name=str(name)[:1].upper() + str(name)[1:],
                by=data.attrs["by"],
                clean=share(value.sel(measure=name, family="clean")),
                all=share(value.sel(measure=name, family=statistics.ALL)),
            )
            for name in data.measure.values
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Each number of the benchmark, as the table shows it."""
    from ..figures import intervals

    value = data.value.sel(reading=data.attrs["reading"])
    return intervals.chart(
        {str(name): value.sel(measure=name) for name in data.measure.values.tolist()},
        along="family",
        axis="value [%]",
        about="The benchmark's own numbers by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
    )


ANALYSIS = Analysis(
    name="benchmark",
    title="The benchmark's own numbers, {by}",
    meaning="{measures}.",
    needs=("given",),
    compute=compute,
    columns=(percent("value", "{measure}"),),
    finding=finding,
    figure=figure,
)
