"""A benchmark's own numbers beside the mean score: POPE's F1, CHAIR, CircularEval, the mean of BLINK's tasks."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import flips, scoring, statistics
from analyses.scoring import Measure, Scorer

from .analysis import Analysis, percent
from .evidence import Evidence
from .free_answers import OFFICIAL
from .sentences import Sentence, said, say, share

Terms = tuple[NDArray[np.float64], NDArray[np.float64]]


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, measure, bound) each measure of the run's benchmarks, by likelihood and by text; None without any."""
    tables: dict[str, xr.Dataset] = {}
    for (scorer, measure, how), terms in measured(evidence).items():
        pairs = [evidence.split(evidence.given.copy(data=each)) for each in terms]
        name = f"{titled(measure.name)}, {how}" if how else titled(measure.name)
        tables[name] = evidence.by_family(statistics.RATIO, *pairs)
        tables[name].attrs["meaning"] = f"{scorer.benchmark}: {measure.meaning.rstrip('.')}"
    if not tables:
        return None
    index = xr.IndexVariable("measure", list(tables))
    data = xr.Dataset({"value": xr.concat([table.value for table in tables.values()], index)})
    data = data.assign(defined=xr.concat([table.defined for table in tables.values()], index))
    meanings = dict.fromkeys(f"{name.partition(',')[0]} ({table.attrs['meaning']})" for name, table in tables.items())
    return data.assign_attrs(measures=". ".join(meanings))


def titled(name: str) -> str:
    """A measure's name as a heading.

    >>> titled("f1"), titled("chair_s"), titled("yes_ratio")
    ('F1', 'CHAIRs', 'yes ratio')
    """
    return {"f1": "F1", "chair_i": "CHAIRi", "chair_s": "CHAIRs"}.get(name, name.replace("_", " "))


def measured(evidence: Evidence) -> Mapping[tuple[Scorer, Measure, str], Terms]:
    """The terms (sample, condition) of every measure: by likelihood, by forms, and of texts as officially read."""
    found: dict[tuple[Scorer, Measure, str], Terms] = {}
    names = evidence.run.samples.dataset.values
    for scorer in dict.fromkeys(
        scoring.SCORERS[name] for name in dict.fromkeys(names.tolist()) if name in scoring.SCORERS
    ):
        own = np.array([scoring.SCORERS.get(name) is scorer for name in names.tolist()], np.bool_)
        for how, (parsed, correct) in answers(evidence, own).items():
            for measure in scorer.measures:
                terms = measure.terms(parsed, correct, [evidence.free.asked[row] for row in np.flatnonzero(own)])
                found[scorer, measure, how] = (over_all_samples(terms[0], own), over_all_samples(terms[1], own))
    return found


def answers(evidence: Evidence, own: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.object_], NDArray[np.float64]]]:
    """What the samples of a benchmark answer and how right that is: by likelihood, by forms, and by their texts."""
    found: dict[str, tuple[NDArray[np.object_], NDArray[np.float64]]] = {}
    choices = {"likelihood": evidence.choice, "forms": evidence.choice_by_forms} if evidence.has_options else {}
    for how, choice in choices.items():
        if choice is not None and (choice.values[own] >= 0).any():
            chosen = evidence.text_of(choice).values[own].astype(object)
            chosen[chosen == ""] = None
            found[how] = chosen, flips.correct(choice, evidence.answer).values[own]
    if evidence.free.are_read[own].any():
        free = evidence.free
        found["text"] = free.parsed(OFFICIAL)[own], free.correct(OFFICIAL)[own]
    return found if len(found) > 1 else dict(zip(("",), found.values(), strict=False))


def over_all_samples(terms: NDArray[np.float64], own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Back to every sample of the run, nan where it is of another benchmark."""
    whole = np.full((len(own), *terms.shape[1:]), np.nan)
    whole[own] = terms
    return whole


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What the benchmark's numbers are on clean images, and over all perturbations."""
    return said(
        *(
            say(
                data,
                "{name}: {clean} on clean images, {all} over all perturbations.",
                name=str(name)[:1].upper() + str(name)[1:],
                clean=share(data.value.sel(measure=name, family="clean")),
                all=share(data.value.sel(measure=name, family=statistics.ALL)),
            )
            for name in data.measure.values
        )
    )


ANALYSIS = Analysis(
    name="benchmark",
    title="The benchmark's own numbers",
    meaning="{measures}.",
    needs=("given",),
    compute=compute,
    columns=(percent("value", "{measure}"),),
    finding=finding,
)
