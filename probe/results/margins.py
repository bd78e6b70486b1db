"""By how much the model prefers what it chooses, against three references, and whether the scoring decides."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import flips, labels, margins, statistics

from .analysis import Analysis, Column
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share

REFERENCES = ("clean_choice", "answer", "top2")


def compute(evidence: Evidence) -> xr.Dataset:
    """(reference, family, bound) margins [nats], and (normalisation, family, bound) accuracy under each scoring."""
    chosen = (evidence.clean_choice, evidence.answer, "top2")
    found = [evidence.values(statistics.MEAN, evidence.split(margins.margin(evidence.scores, one))) for one in chosen]
    margin = xr.concat(found, xr.IndexVariable("reference", list(REFERENCES)))
    right = right_by_normalisation(evidence)
    rates = [evidence.values(statistics.SHARE, right.sel(normalisation=name)) for name in right.normalisation.values]
    accuracy = xr.concat(rates, right.normalisation)
    apart = widest_difference(evidence, right)
    return xr.Dataset({"margin": margin, "accuracy": accuracy, "normalisation_range": apart})


def right_by_normalisation(evidence: Evidence) -> xr.DataArray:
    """(normalisation, sample, condition) whether the choice is right when scores are compared in each way."""
    samples, answers = evidence.run.samples, evidence.run.answers
    exists = samples.option_text != ""
    counts = answers.token_count.sel(condition="clean", drop=True)
    text = samples.option_text.astype(object)
    scored = {
        "sum": margins.score(answers.log_likelihood),
        "token": margins.score(answers.log_likelihood, counts, normalize="token"),
        "char": margins.score(answers.log_likelihood, normalize="char", text=text),
        "byte": margins.score(answers.log_likelihood, normalize="byte", text=text),
        "sum_with_end_of_turn": margins.score(answers.log_likelihood, end_of_turn=answers.end_of_turn),
    }
    choices = (margins.choice(margins.complete(scores, exists)) for scores in scored.values())
    right = [evidence.split(flips.correct(choice, evidence.answer)) for choice in choices]
    return xr.concat(right, xr.IndexVariable("normalisation", list(scored)))


def widest_difference(evidence: Evidence, right: xr.DataArray) -> xr.DataArray:
    """(bound) by how much clean accuracy differs between the best and the worst way, images drawn again for both."""
    clean = right.sel(condition="clean", drop=True)
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


ANALYSIS = Analysis(
    name="margins",
    title="Margins",
    meaning="Log-likelihood over the best other option; the clean choice's margin falls below 0 where it flips.",
    needs=("options",),
    compute=compute,
    columns=(
        Column("margin", "of the clean choice", unit="nats", at={"reference": "clean_choice"}),
        Column("margin", "of the right answer", unit="nats", at={"reference": "answer"}),
        Column("margin", "of the best option", unit="nats", at={"reference": "top2"}),
    ),
    finding=finding,
)
