"""How the error grows with the severity of a corruption."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import corruption, statistics
from analyses.corruption.alexnet import ALEXNET_SEVERITIES

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say


def compute(evidence: Evidence) -> xr.Dataset:
    """(corruption, severity, bound) error, clean at severity 0, and what the severities add to it on average."""
    wrong = 1.0 - evidence.correct
    table = corruption.unfold(wrong)
    clean = wrong.sel(condition="clean", drop=True)
    # per sample, severity 0 in front: (sample, corruption, severity)
    first = clean.broadcast_like(table.isel(severity=0, drop=True)).expand_dims(severity=[0.0])
    curve = xr.concat([first, table], "severity", coords="minimal", compat="override").transpose(*table.dims)
    shared = table.notnull().any("sample").all("corruption")
    # where no severity is one of all, each has its own mean, and they are not compared
    over = table.isel(severity=np.flatnonzero(shared if shared.any() else np.ones(len(shared))))
    added = (over - clean).mean("severity")
    image = {"image": ("sample", evidence.run.answers.image.values)}
    lead = statistics.leads(evidence.resampled(statistics.mean, added.assign_coords(image)), "corruption")
    data = xr.Dataset(
        {
            "error": evidence.rate(curve),
            "added": evidence.interval(added),
            **{f"added_{side}": lead[side] for side in statistics.SIDES},
        },
        attrs={
            "missing": table.attrs["missing"],
            "compared": bool(shared.any()),
            "severities": spelled(over.severity.values.tolist()),
        },
    )
    return data.assign(against_alexnet(data.error))


def spelled(severities: Sequence[float]) -> str:
    """The severities in words.

    >>> spelled([1.0]), spelled([1.0, 3.0, 5.0])
    ('1', '1, 3 and 5')
    """
    *some, last = (f"{each:g}" for each in severities)
    return f"{', '.join(some)} and {last}" if some else last


def against_alexnet(error: xr.DataArray) -> dict[str, xr.DataArray]:
    """CE with AlexNet's errors as the reference (IC), for the corruptions that have all five severities."""
    known = [name for name in error.corruption.values if name in corruption.ALEXNET_MEAN_ERROR]
    steps = [step for step in error.severity.values if step in ALEXNET_SEVERITIES]
    if len(steps) < len(ALEXNET_SEVERITIES):
        return {}
    table = error.sel(corruption=known, severity=steps, bound="estimate", drop=True).dropna("corruption")
    return {"ce_alexnet": corruption.alexnet_ce(table).drop_vars("undefined")} if table.size else {}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """The corruption that adds most errors."""
    worst = highest(data, "added", "corruption") if data.attrs["compared"] else None
    if worst is None:
        return ()
    return said(
        say(
            data,
            "Of the families with severities {corruption} {adds}: {added} points over clean, averaged over severity "
            "{severities}{standing}.",
            corruption=worst.label,
            severities=data.attrs["severities"],
            adds=worst.named("adds most errors", "has the highest rise of the error"),
            added=Number(worst.values, 1, 100),
            standing=worst.standing,
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Error by severity, a panel for each corruption."""
    from ..figures import curves

    return curves.chart(
        {"": data.error},
        curves.Axes("severity [level]", "wrong answers [%]"),
        along="severity",
        panel="corruption",
        about="Share of wrong answers by severity for each corruption, clean at 0, with 95 % intervals.",
        scale=100,
    )


ANALYSIS = Analysis(
    name="corruption",
    title="Error by severity",
    meaning="Share of wrong answers in %, clean at severity 0; `added`: their mean at severity {severities}, minus "
    "clean. CE and mCE need a reference model: `corruption.ce` of two runs.",
    needs=("answers", "severities"),
    compute=compute,
    columns=(
        Column("error", "{severity:g}", digits=1, scale=100, at={"bound": "estimate"}),
        percent("added", "added"),
    ),
    finding=finding,
    figure=figure,
    rows="corruption",
)
