"""Scores: how right the answers are, by the option that is most likely and by the text that was written."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import flips, statistics

from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .free_answers import NONE, OFFICIAL
from .sentences import Sentence, said, say, share

LIKELIHOOD, CHOSEN, FORMS = "likelihood", "chosen", "forms"

BY = {LIKELIHOOD: "by likelihood", CHOSEN: "by the option that was chosen", FORMS: "by surface forms"}


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, reading, bound) the mean score under each reading, what they agree on, and what cannot be read.

    None without a right answer.
    """
    scored = readings(evidence)
    if not any(bool(each.notnull().any()) for each in scored.values()):
        return None
    tables = [evidence.by_family(statistics.SHARE, evidence.split(each)) for each in scored.values()]
    index = xr.IndexVariable("reading", list(scored))
    data = xr.Dataset(
        {
            "score": xr.concat([table.value for table in tables], index),
            "answers": xr.concat([table.defined for table in tables], index),
        }
    )
    return data.assign(beside(evidence)).assign_attrs(said_of(evidence))


def readings(evidence: Evidence) -> Mapping[str, xr.DataArray]:
    """(sample, condition) how right answers are, by reading: options by likelihood, then texts; overlays not split."""
    found: dict[str, xr.DataArray] = {}
    if evidence.has_options:
        found[CHOSEN if evidence.are_chosen else LIKELIHOOD] = flips.correct(evidence.choice, evidence.answer)
    if evidence.choice_by_forms is not None:
        found[FORMS] = flips.correct(evidence.choice_by_forms, evidence.answer)
    for place in range(evidence.free.readings):
        scores = evidence.free.correct(place)
        found[evidence.free.reading_name(place)] = evidence.given.copy(deep=False, data=scores)
    return found


def beside(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(family, bound) how many free answers cannot be read, and beside options how many name the likeliest one."""
    if not evidence.free.readings:
        return {}
    asked = evidence.free.are_given & evidence.free.are_read[:, None]
    places = range(evidence.free.readings)
    index = xr.IndexVariable("text_reading", [evidence.free.reading_name(place) for place in places])
    empty = [is_none(evidence.free.parsed(place)) for place in places]
    found = {"unread": xr.concat([rate(evidence, np.where(asked, each, np.nan)) for each in empty], index)}
    if evidence.has_options and not evidence.are_chosen:
        parsed = evidence.free.parsed(OFFICIAL)
        both = asked & (evidence.choice.values >= 0)
        same = np.where(both, parsed == evidence.chosen_text.values, np.nan).astype(np.float64)
        found["agreement"] = rate(evidence, same)
    return found


def is_none(parsed: NDArray[Any]) -> NDArray[np.float64]:
    """1 where no answer could be read."""
    return np.equal(parsed, NONE).astype(np.float64)


def rate(evidence: Evidence, pairs: NDArray[np.float64]) -> xr.DataArray:
    """(family, bound) the share of pairs (sample, condition), as an array, in which something holds."""
    return evidence.values(statistics.SHARE, evidence.split(evidence.given.copy(deep=False, data=pairs)))


def said_of(evidence: Evidence) -> dict[str, str]:
    """What each reading of a text means, for the legend; and the one whose unread answers the table shows."""
    read = zip(evidence.free.scorers, evidence.free.are_read, strict=True)
    scorers = {scorer.benchmark: scorer for scorer, is_read in read if scorer and is_read}
    meanings = [
        f"{reading.name} ({name}): {reading.meaning.rstrip('.')}."
        for name, scorer in scorers.items()
        for reading in scorer.readings
    ]
    if not meanings:
        return {"readings": "No free answers: extract with --free-answers to score what is written too."}
    names = [evidence.free.reading_name(place) for place in range(evidence.free.readings)]
    strictest = "strict" if "strict" in names else names[0]
    return {"readings": " ".join(meanings), "text_reading": strictest}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What the readings come to on clean images, and whether they agree."""
    clean = data.sel(family="clean")
    sentences = [
        say(
            data,
            "Score {reading}: {score} on clean images.",
            reading=BY.get(str(name), f"by the {name} reading of the free answers"),
            score=share(clean.score.sel(reading=name)),
        )
        for name in data.reading.values
    ]
    if "agreement" in data:
        sentences.append(
            say(
                data,
                "On clean images {same} of the free answers name the likeliest option.",
                same=share(clean.agreement),
            )
        )
    return said(*sentences)


def figure(data: xr.Dataset) -> "Chart | None":
    """The mean score under each reading."""
    from ..figures import intervals

    return intervals.chart(
        {f"by {name}": data.score.sel(reading=name) for name in data.reading.values.tolist()},
        along="family",
        axis="mean score [%]",
        about="Mean score by family and reading, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
    )


ANALYSIS = Analysis(
    name="scores",
    title="Scores by reading",
    meaning="Mean score in %: likelihood: of the most likely option; chosen: of the one that was named; forms: of the "
    "option whose surface forms together are. {readings}",
    needs=("answers", "readings"),
    compute=compute,
    columns=(
        percent("score", "{reading}"),
        percent("agreement", "agreement", meaning="free answers that name the most likely option"),
        percent("unread", "unread, {text_reading}", meaning="free answers in which that reading finds no answer"),
    ),
    finding=finding,
    figure=figure,
)
