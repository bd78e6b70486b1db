"""By how much the model prefers what it chooses, by every yardstick, and whether the way of scoring decides."""

import numpy as np
import xarray as xr

from analyses import flips, margins

from .evidence import Evidence
from .result import Result, estimate

REFERENCES = ("clean_choice", "answer", "top2")


def compute(evidence: Evidence) -> Result | None:
    """Margins from three references, and accuracy under every normalisation; None where nothing was to be chosen."""
    if not evidence.asked:
        return None
    margin = xr.concat([evidence.means(lead).value for lead in leads(evidence)], "reference")
    data = xr.Dataset({"margin": margin.assign_coords(reference=list(REFERENCES)), "accuracy": accuracies(evidence)})
    rows = tuple(
        {"family": name}
        | {
            f"lead of {reference.replace('_', ' ')}": estimate(data.margin.sel(family=name, reference=reference), 2)
            for reference in REFERENCES
        }
        for name in data.family.values.tolist()
    )
    meaning = "Log-likelihood over the best other option, nats; the clean choice's lead falls below 0 where it flips."
    return Result("margins", "Margins", data, rows, meaning, findings(data))


def leads(evidence: Evidence) -> list[xr.DataArray]:
    """(sample, condition) margins of the clean choice, of the right answer, and of the best option."""
    references = (evidence.clean_choice, evidence.answer, "top2")
    return [evidence.split(margins.margin(evidence.scores, reference)) for reference in references]


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
    rates = [
        evidence.rate(evidence.split(flips.correct(margins.choice(margins.complete(scores, exists)), evidence.answer)))
        for scores in scored.values()
    ]
    return xr.concat(rates, xr.IndexVariable("normalisation", list(scored)))


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Whether another way of scoring would give another accuracy."""
    clean = data.accuracy.sel(family="clean", bound="estimate")
    if not np.isfinite(clean).any():
        return ()
    best, worst = (
        clean.isel(normalisation=int(place("normalisation", skipna=True))) for place in (clean.argmax, clean.argmin)
    )
    return (
        f"On clean images, options scored by {best.normalisation.item()} give {100 * float(best):.1f} % right, by "
        f"{worst.normalisation.item()} {100 * float(worst):.1f} %.",
    )
