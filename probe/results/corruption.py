"""How the error grows with the severity of a corruption."""

import numpy as np
import xarray as xr

from analyses import corruption
from analyses.corruption.alexnet import ALEXNET_SEVERITIES

from .evidence import Evidence
from .result import Result, estimate


def compute(evidence: Evidence) -> Result | None:
    """Error by corruption and severity; None where no condition has a severity or no right answer is known."""
    severities = evidence.run.conditions.severity.values
    if not evidence.asked or not (severities > 0).any() or not evidence.correct.notnull().any():
        return None
    wrong = 1.0 - evidence.correct
    table = corruption.unfold(wrong)
    clean = wrong.sel(condition="clean", drop=True)
    # per sample, severity 0 in front: (sample, corruption, severity)
    first = clean.broadcast_like(table.isel(severity=0, drop=True)).expand_dims(severity=[0.0])
    curve = xr.concat([first, table], "severity", coords="minimal", compat="override").transpose(*table.dims)
    data = xr.Dataset(
        {"error": evidence.interval(curve), "added": evidence.interval((table - clean).mean("severity"))},
        attrs={"missing": table.attrs["missing"]},
    )
    data = data.assign(against_alexnet(data.error))
    return Result("corruption", "Error by severity", data, rows(data), MEANING, findings(data))


MEANING = (
    "Share of wrong answers in %, clean at severity 0; `added` is the mean over the severities minus clean. "
    "CE and mCE need a reference model: `corruption.ce` of two runs."
)


def against_alexnet(error: xr.DataArray) -> dict[str, xr.DataArray]:
    """CE with AlexNet's errors as the reference (IC), for the corruptions that have all five severities."""
    known = [name for name in error.corruption.values if name in corruption.ALEXNET_MEAN_ERROR]
    steps = [step for step in error.severity.values if step in ALEXNET_SEVERITIES]
    if len(steps) < len(ALEXNET_SEVERITIES):
        return {}
    table = error.sel(corruption=known, severity=steps, bound="estimate", drop=True).dropna("corruption")
    return {"ce_alexnet": corruption.alexnet_ce(table).drop_vars("undefined")} if table.size else {}


def rows(data: xr.Dataset) -> tuple[dict[str, str], ...]:
    """A row per corruption, a column per severity."""
    steps = data.severity.values
    return tuple(
        {"corruption": name}
        | {
            f"{step:g}": percent(data.error.sel(corruption=name, severity=step, bound="estimate").item())
            for step in steps
        }
        | {"added": estimate(data.added.sel(corruption=name), 1, 100)}
        for name in data.corruption.values.tolist()
    )


def percent(share: float) -> str:
    """A share as percent; a dash where undefined."""
    return f"{100 * share:.1f}" if np.isfinite(share) else "–"


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """The corruption that adds most errors."""
    middle = data.added.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return ()
    worst = data.added.isel(corruption=int(middle.argmax("corruption", skipna=True)))
    sure = "the interval excludes 0" if float(worst.sel(bound="low")) > 0 else "the interval includes 0"
    return (f"{worst.corruption.item()} adds most errors: {estimate(worst, 1, 100)} points over clean; {sure}.",)
