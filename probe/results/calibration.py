"""Whether the model's confidence among the options still matches how often it is right."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import calibration, statistics

from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .sentences import Sentence, highest, said, say, share


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, bound) ECE, confidence and accuracy, and the reliability of the clean answers by bin."""
    sure, right = evidence.split(calibration.confidence(evidence.scores)), evidence.correct
    clean = calibration.reliability(sure.sel(condition="clean"), right.sel(condition="clean"))
    shares = xr.Dataset(
        {"confidence": evidence.values(statistics.MEAN, sure), "accuracy": evidence.values(statistics.SHARE, right)}
    )
    table = evidence.by_family(statistics.pooled(calibration.binned_debiased_error()), sure, right)
    shares = shares.assign({f"ece_debiased_{side}": table[side] for side in statistics.SIDES})
    families = shares.family.values.tolist()
    each = [error_of(evidence, sure, right, evidence.unions.get(name, [name])) for name in families]
    data = shares.merge(xr.concat(each, xr.IndexVariable("family", families)))
    return data.assign({f"reliability_{name}": clean[name] for name in ("confidence", "accuracy", "count")})


def error_of(evidence: Evidence, sure: xr.DataArray, right: xr.DataArray, families: Sequence[str]) -> xr.Dataset:
    """(bound) the calibration error over the pairs of some families, debiased, plain, and a calibrated model's."""
    own = np.flatnonzero(sure.family.isin(list(families)).values)
    error = calibration.error_by_image(sure.isel(condition=own), right.isel(condition=own), seed=evidence.seed)
    names = {"debiased": "ece_debiased", "plain": "ece", "calibrated": "ece_calibrated", "pairs": "ece_pairs"}
    return error.rename({**names, "calibrated_high": "ece_calibrated_high"}).drop_vars(["images", "undefined"])


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether the clean answers are calibrated, and whether the model grows overconfident."""
    clean = data.sel(family="clean")
    more = "more than" if clean.ece > clean.ece_calibrated_high else "no more than"
    calm = say(
        data,
        "On clean images the calibration error (ECE, debiased) is {error}, {more} a calibrated model with these "
        "confidences would show by chance.",
        error=share(clean.ece_debiased),
        more=more,
    )
    worst = highest(data, "ece_debiased")
    if worst is None:
        return said(calm)
    sure, right = (float(data[part].sel(family=worst.label, bound="estimate")) for part in ("confidence", "accuracy"))
    return said(
        calm,
        say(
            data,
            "The calibration error is {word} under {family}: {rate}, {direction}{standing}.",
            direction="overconfident" if sure > right else "underconfident",
            **worst.parts("largest", "highest"),
        ),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """The calibration error by family, and the reliability of the clean answers."""
    from ..figures import intervals, reliability, stacked

    error = intervals.chart(
        {"debiased": data.ece_debiased, "a calibrated model": data.ece_calibrated},
        along="family",
        axis="calibration error, ECE [%]",
        about="Expected calibration error by family, with 95 % intervals, beside that of a calibrated model.",
        scale=100,
        unions=data.attrs["unions"],
    )
    clean = reliability.chart(
        data.reliability_confidence,
        data.reliability_accuracy,
        data.reliability_count,
        about="Share of right clean answers against their confidence; calibrated on the diagonal.",
    )
    return stacked.chart(error, clean)


ANALYSIS = Analysis(
    name="calibration",
    title="Calibration",
    meaning="ECE: mean distance of confidence and accuracy over 15 bins of confidence, less what chance adds to it "
    "(Kumar et al. 2019); as it is; and what a calibrated model with these confidences gets (simulated).",
    needs=("right_options", "scores"),
    compute=compute,
    columns=(
        percent("ece_debiased", "ECE, debiased"),
        percent("ece", "as it is"),
        percent("ece_calibrated", "calibrated"),
        percent("confidence", "confidence"),
        percent("accuracy", "accuracy"),
    ),
    finding=finding,
    figure=figure,
)
