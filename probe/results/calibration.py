"""Whether the model's confidence among the options still tells how often it is right."""

import numpy as np
import xarray as xr

from analyses import calibration, statistics

from .evidence import Evidence
from .result import Result, estimate


def compute(evidence: Evidence) -> Result | None:
    """ECE, confidence and accuracy per family; None where no right answer is known."""
    if not evidence.asked or not evidence.correct.notnull().any():
        return None
    sure = evidence.split(calibration.confidence(evidence.scores))
    data = xr.Dataset(
        {
            "ece": expected_error(evidence, sure),
            "confidence": evidence.means(sure).value,
            "accuracy": evidence.rate(evidence.correct),
        }
    )
    clean = calibration.reliability(sure.sel(condition="clean"), evidence.correct.sel(condition="clean"))
    data = data.assign({f"reliability_{name}": clean[name] for name in ("confidence", "accuracy", "count")})
    rows = tuple(
        {"family": name}
        | {
            "ECE %": estimate(data.ece.sel(family=name), 1, 100),
            "confidence %": estimate(data.confidence.sel(family=name), 1, 100),
            "accuracy %": estimate(data.accuracy.sel(family=name), 1, 100),
        }
        for name in data.family.values.tolist()
    )
    meaning = (
        "ECE: mean distance of confidence and accuracy over 15 bins of confidence; biased upwards for few answers."
    )
    return Result("calibration", "Calibration", data, rows, meaning, findings(data))


def expected_error(evidence: Evidence, sure: xr.DataArray) -> xr.DataArray:
    """(family, bound) ECE over all pairs of a family, with intervals by image."""
    families = dict.fromkeys(sure.family.values.tolist())
    groups = {name: np.flatnonzero(sure.family.values == name) for name in families}
    groups["any"] = np.flatnonzero(sure.family.isin(evidence.any_of).values)
    images = sure.image.values
    bounds = []
    for places in groups.values():
        pairs = [part.isel(condition=places).transpose("sample", "condition") for part in (sure, evidence.correct)]
        flat = [part.values.reshape(-1) for part in pairs]
        cluster = np.repeat(images, len(places))
        bounds.append(statistics.bootstrap(calibration.binned_error(), *flat, cluster=cluster, seed=evidence.seed))
    return xr.DataArray(
        np.asarray(bounds, np.float64),
        dims=("family", "bound"),
        coords={"family": list(groups), "bound": list(statistics.BOUNDS)},
    )


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Whether the model grows overconfident."""
    values = data.ece.drop_sel(family=["clean", "any"], errors="ignore")
    middle = values.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return ()
    worst = values.isel(family=int(middle.argmax("family", skipna=True)))
    name = worst.family.item()
    sure, right = (float(data[part].sel(family=name, bound="estimate")) for part in ("confidence", "accuracy"))
    direction = "overconfident" if sure > right else "underconfident"
    return (
        f"Confidence misleads most under {name}: ECE {estimate(worst, 1, 100)} %, {direction}; on clean images "
        f"{estimate(data.ece.sel(family='clean'), 1, 100)} %.",
    )
