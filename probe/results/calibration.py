"""Whether the model's confidence among the options still matches how often it is right."""

from collections.abc import Sequence

import xarray as xr

from analyses import calibration, statistics

from .analysis import Analysis, percent
from .evidence import Evidence
from .sentences import Sentence, highest, said, say, share


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, bound) ECE, confidence and accuracy, and the reliability of the clean answers by bin."""
    sure = evidence.split(calibration.confidence(evidence.scores))
    error = evidence.by_family(statistics.pooled(calibration.binned_error()), sure, evidence.correct)
    clean = calibration.reliability(sure.sel(condition="clean"), evidence.correct.sel(condition="clean"))
    data = xr.Dataset(
        {
            "ece": error.value,
            **{f"ece_{side}": error[side] for side in statistics.SIDES},
            "confidence": evidence.values(statistics.MEAN, sure),
            "accuracy": evidence.values(statistics.SHARE, evidence.correct),
        }
    )
    return data.assign({f"reliability_{name}": clean[name] for name in ("confidence", "accuracy", "count")})


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether the model grows overconfident."""
    worst = highest(data, "ece")
    if worst is None:
        return ()
    sure, right = (float(data[part].sel(family=worst.label, bound="estimate")) for part in ("confidence", "accuracy"))
    return said(
        say(
            data,
            "Confidence misleads {most} under {family}: ECE {error}, {direction}; on clean images {clean}{standing}.",
            most=worst.named("most", "by the highest ECE"),
            family=worst.label,
            error=share(worst.values),
            direction="overconfident" if sure > right else "underconfident",
            clean=share(data.ece.sel(family="clean")),
            standing=worst.standing,
        )
    )


ANALYSIS = Analysis(
    name="calibration",
    title="Calibration",
    meaning="ECE: mean distance of confidence and accuracy over 15 bins of confidence; biased upwards for few answers.",
    needs=("answers",),
    compute=compute,
    columns=(percent("ece", "ECE"), percent("confidence", "confidence"), percent("accuracy", "accuracy")),
    finding=finding,
)
