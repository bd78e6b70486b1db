"""By how much the model prefers what it chooses, against three references, and whether the scoring decides."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from analyses import flips, labels, margins, statistics

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share

REFERENCES = ("clean_choice", "answer", "top2")

NORMALISATIONS = ("sum", "token", "char", "byte", "sum_with_end_of_turn")
"""The ways in which options of unequal length are compared, the last one where a run has the ends of turns."""


def compute(evidence: Evidence) -> xr.Dataset:
    """(reference, family, bound) margins [nats], and (normalisation, family, bound) accuracy under each scoring."""
    chosen = (evidence.clean_choice, evidence.answer, "top2")
    found = [evidence.values(statistics.MEAN, evidence.split(margins.margin(evidence.scores, one))) for one in chosen]
    margin = xr.concat(found, xr.IndexVariable("reference", list(REFERENCES)))
    rates: list[xr.DataArray] = []
    clean: list[xr.DataArray] = []
    names = NORMALISATIONS if has_ends_of_turns(evidence) else NORMALISATIONS[:-1]
    for right in right_by_normalisation(evidence, names):
        rates.append(evidence.values(statistics.SHARE, right))
        clean.append(right.sel(condition="clean", drop=True))
    index = xr.IndexVariable("normalisation", list(names))
    apart = widest_difference(evidence, xr.concat(clean, index))
    return xr.Dataset({"margin": margin, "accuracy": xr.concat(rates, index), "normalisation_range": apart})


def has_ends_of_turns(evidence: Evidence) -> bool:
    """Whether the run was told to score the end of the turn after each option."""
    return bool(evidence.run.answers.end_of_turn.sel(condition="clean").notnull().any())


def right_by_normalisation(evidence: Evidence, names: Sequence[str]) -> Iterator[xr.DataArray]:
    """(sample, condition) whether the choice is right when scores are compared in each way, one after the other."""
    samples, answers = evidence.run.samples, evidence.run.answers
    exists = samples.option_text != ""
    counts = answers.token_count.sel(condition="clean", drop=True)
    text = samples.option_text.astype(object)
    beside: Mapping[str, Mapping[str, Any]] = {
        "sum": {},
        "token": {"token_count": counts, "normalize": "token"},
        "char": {"normalize": "char", "text": text},
        "byte": {"normalize": "byte", "text": text},
        "sum_with_end_of_turn": {"end_of_turn": answers.end_of_turn},
    }
    for name in names:
        scores = margins.score(answers.log_likelihood, **beside[name])
        choice = margins.choice(margins.complete(scores, exists))
        del scores  # as large as the run's answers
        yield evidence.split(flips.correct(choice, evidence.answer))


def widest_difference(evidence: Evidence, clean: xr.DataArray) -> xr.DataArray:
    """(bound) by how much clean accuracy differs between the best and the worst way, images drawn again for both.

    `clean` (normalisation, sample): whether the choice on the clean image is right.
    """
    middle = labels.mean(clean, "sample")
    if not np.isfinite(middle).any():
        return xr.DataArray(np.full(3, np.nan), dims="bound", coords={"bound": list(statistics.BOUNDS)})
    best, worst = (clean.isel(normalisation=int(place("normalisation"))) for place in (middle.argmax, middle.argmin))
    return evidence.interval((best - worst).reset_coords(drop=True))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether another way of scoring would give another accuracy."""
    clean = data.accuracy.sel(family="clean", bound="estimate")
    if not np.isfinite(clean).any():
        return ()
    apart = data.normalisation_range
    best, worst = (
        str(data.normalisation.values[int(place("normalisation"))]) for place in (clean.argmax, clean.argmin)
    )
    if not Number(apart).excludes_zero:
        return said(
            say(
                data,
                "On clean images {rate} are right by summed log-likelihoods; no other "
                "normalisation is distinguishable from that.",
                rate=share(data.accuracy.sel(family="clean", normalisation="sum")),
            )
        )
    return said(
        say(
            data,
            "On clean images, options scored by {best} give {apart} points more right than by {worst}.",
            best=best,
            worst=worst,
            apart=Number(apart, 1, 100),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Margins against the three references."""
    from ..figures import intervals

    names = {"clean_choice": "of the clean choice", "answer": "of the right answer", "top2": "of the best option"}
    return intervals.chart(
        {text: data.margin.sel(reference=name) for name, text in names.items()},
        along="family",
        axis="margin [nats]",
        about="Mean margins by family, with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=0,
    )


ANALYSIS = Analysis(
    name="margins",
    title="Margins",
    meaning="Log-likelihood over the best other option; the clean choice's margin falls below 0 where it flips.",
    needs=("options", "scores"),
    compute=compute,
    columns=(
        Column("margin", "of the clean choice", unit="nats", at={"reference": "clean_choice"}),
        Column("margin", "of the right answer", unit="nats", at={"reference": "answer"}),
        Column("margin", "of the best option", unit="nats", at={"reference": "top2"}),
    ),
    finding=finding,
    figure=figure,
)
