"""By how much the model prefers what it chooses, against three references, and whether the scoring decides."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import flips, margins, statistics

from .analysis import Analysis, Column
from .evidence import Evidence

REFERENCES = ("clean_choice", "answer", "top2")


def compute(evidence: Evidence) -> xr.Dataset:
    """(reference, family, bound) margins [nats], and (normalisation, family, bound) accuracy under each scoring."""
    chosen = (evidence.clean_choice, evidence.answer, "top2")
    found = [evidence.values(statistics.MEAN, evidence.split(margins.margin(evidence.scores, one))) for one in chosen]
    margin = xr.concat(found, xr.IndexVariable("reference", list(REFERENCES)))
    return xr.Dataset({"margin": margin, "accuracy": accuracies(evidence)})


def accuracies(evidence: Evidence) -> xr.DataArray:
    """(normalisation, family, bound) share of right choices when scores are compared in each way."""
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
    rates = [evidence.values(statistics.SHARE, each) for each in right]
    return xr.concat(rates, xr.IndexVariable("normalisation", list(scored)))


def finding(data: xr.Dataset) -> Sequence[str]:
    """Whether another way of scoring would give another accuracy."""
    clean = data.accuracy.sel(family="clean", bound="estimate")
    if not np.isfinite(clean).any():
        return ()
    best, worst = (
        clean.isel(normalisation=int(place("normalisation", skipna=True))) for place in (clean.argmax, clean.argmin)
    )
    if best.normalisation == worst.normalisation:
        return (f"On clean images, {100 * float(best):.1f} % are right however options are scored.",)
    return (
        f"On clean images, options scored by {best.normalisation.item()} give {100 * float(best):.1f} % right, by "
        f"{worst.normalisation.item()} {100 * float(worst):.1f} %.",
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
