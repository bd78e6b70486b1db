"""Severity curves of both models of a pair, and where the one that was better at first becomes the worse one."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import corruption

from ..results.analysis import Analysis, Chart, Column
from ..results.sentences import Sentence, said, say
from .compared import Comparison
from .differences import adjusted, bounds, derived, swapped


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, dataset, corruption, severity, bound) error of both, clean at severity 0; (pair, dataset, corruption) crossover.

    A corruption has nan at severities of others alone; its crossover is looked for over its own, clean among them.
    """  # noqa: E501
    if not comparison.pairs or not comparison.has_corruption_errors:
        return None
    clean = comparison.with_macro(comparison.clean_errors)
    curves: list[xr.Dataset] = []
    crossings: list[xr.DataArray] = []
    for table in comparison.corrupted.values():
        whole = derived(corruption.severity_curve, comparison.with_macro(table), clean)
        aligned, base = comparison.of_pairs(whole)
        crossings.append(corruption.crossover_severity(aligned.estimate, base.estimate).drop_vars("undefined"))
        parts = {"aligned": aligned, "base": base, "advantage": derived(lambda a, b: b - a, aligned, base)}
        curves.append(xr.Dataset({name: bounds(part) for name, part in parts.items()}))
    data: xr.Dataset = xr.concat(curves, "corruption", join="outer")
    data = data.assign(crossover=xr.concat(crossings, "corruption"), advantage_p=tested(comparison, data))
    data = adjusted(comparison.table(**{str(name): values for name, values in data.data_vars.items()}))
    last = {"dataset": comparison.rows[-1]}
    overall = {f"overall_{name}": data[name].sel(last, drop=True) for name in ("advantage", "crossover")}
    return data.assign(overall).assign_attrs(overall=comparison.rows[-1])


def tested(comparison: Comparison, data: xr.Dataset) -> xr.DataArray:
    """(pair, dataset, corruption, severity) p of the difference; nan on clean images, tested elsewhere."""
    parts = comparison.with_macro(comparison.added_wrong.to_dataset(name="parts")).parts
    p = swapped(parts, seed=comparison.seed)
    severity = ("condition", np.array(comparison.shared.severities, np.float64))
    families = list(comparison.corruptions)
    family = ("condition", list(comparison.shared.families))
    p = p.assign_coords(severity=severity, family=family)
    laid = corruption.unfold(p.isel(condition=np.isin(p.family.values, families)))
    return laid.reindex(corruption=families, severity=data.severity.values)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which corruptions the two change places."""
    if not bool(data.overall_advantage.notnull().any()):
        return ()
    crossed = data.overall_crossover.dropna("corruption")
    names = {"overall": data.attrs["overall"], "base": data.attrs["base"], "aligned": data.attrs["aligned"]}
    if not crossed.size:
        return said(say(data, "{base} and {aligned} change places under no corruption ({overall}).", **names))
    told = ", ".join(
        f"{name} at severity {step:g}"
        for name, step in zip(crossed.corruption.values, crossed.values.tolist(), strict=True)
    )
    return said(
        say(
            data,
            "By their estimates ({overall}) {base} and {aligned} change places under {count} of {all} corruptions: "
            "{told}.",
            count=crossed.size,
            all=data.sizes["corruption"],
            told=told,
            **names,
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Both models' error by severity, and where they change places."""
    from ..figures import curves

    whole = data.sel(dataset=data.attrs["overall"])
    return curves.chart(
        {"base": whole.base, "aligned": whole.aligned},
        curves.Axes("severity [level]", "wrong answers [%]"),
        along="severity",
        panel="corruption",
        about="Share of wrong answers by severity for each corruption and model, with 95 % intervals; lines where the "
        "models change places.",
        scale=100,
        turns=curves.Turns(data.overall_crossover),
    )


ANALYSIS = Analysis(
    name="severity_crossovers",
    title="By severity: error of the base - of the aligned model, in points ({overall})",
    meaning="Above 0 the aligned model errs less; clean at severity 0. Crossover: the first severity at which the one "
    "that was better at first is the worse one, by the estimates alone. Both curves and p are in the data.",
    needs=(),
    compute=compute,
    columns=(
        Column("overall_advantage", "{severity:g}", digits=1, scale=100),
        Column("overall_crossover", "crossover", digits=0),
    ),
    finding=finding,
    figure=figure,
    rows="corruption",
)
