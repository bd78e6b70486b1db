"""Small against large: what perturbations do to each run's model, beside the number of its parameters."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart, Column, percent
from ..results.sentences import Number, Sentence, said, say
from . import families
from .clean_accuracy import rates
from .compared import Comparison
from .differences import LEVEL, bounds, derived
from .drift_differences import moved
from .flip_differences import flipped, p_value


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(run, family, bound) IFR, IV, drift in % of control and Cohen's d, runs from the smallest to the largest model.

    Also (run) parameters, nan where the run does not say how many, and (run, bound) accuracy on clean images.
    """
    index = xr.IndexVariable("run", comparison.names)
    sizes = xr.DataArray([member.parameters for member in comparison.members], dims="run", coords={"run": index})
    found: dict[str, xr.DataArray] = {"parameters": sizes}
    if bool(comparison.correct.notnull().any()):
        found["accuracy"] = rates(comparison).sel(dataset=comparison.rows[-1], drop=True)
    if all(member.evidence.has_answers for member in comparison.members):
        found |= of_flips(comparison)
    parts = [of_states(comparison, name) for name in comparison.names]
    data = xr.concat(parts, index, join="outer").assign(found)
    order = np.lexsort((data.run.values, data.parameters.values))  # nan last
    data = data.isel(run=order)
    over_all = data.sel(family=statistics.ALL, drop=True) if "family" in data.dims else xr.Dataset()
    data = data.assign(
        {f"overall_{name}": over_all[name] for name in ("ifr", "iv", "percent", "d") if name in over_all}
    )
    table = comparison.table(**{str(name): values for name, values in data.data_vars.items()})
    return from_small_to_large(comparison, table)


def of_flips(comparison: Comparison) -> dict[str, xr.DataArray]:
    """(run, family, bound) share of flipped answers, and of questions that ever flip."""
    table, index = flipped(comparison), xr.IndexVariable("run", comparison.names)
    found: dict[str, xr.DataArray] = {}
    for name, reduction in (("ifr", statistics.SHARE), ("iv", statistics.EVER)):
        runs = (table.sel(run=run, drop=True) for run in comparison.names)
        values = [families.shown(comparison, reduction, one) for one in runs]
        found[name] = xr.concat(values, index)
    return found


def of_states(comparison: Comparison, run: str) -> xr.Dataset:
    """(family, bound) drift of a run's primary states; nothing where it kept none."""
    if not comparison.evidence(run).primary:
        return xr.Dataset()
    drift, control = moved(comparison, comparison.evidence(run))
    made = {
        name: bounds(families.resampled(comparison, statistic, drift, control))
        for name, statistic in (("percent", statistics.percent), ("d", statistics.cohen_d))
    }
    return xr.Dataset(made).assign(site=comparison.evidence(run).primary)


def from_small_to_large(comparison: Comparison, data: xr.Dataset) -> xr.Dataset:
    """The same with the difference in flips between the largest and the smallest model, where their sizes are known."""
    known = data.parameters.dropna("run")
    if "ifr" not in data or known.size < 2 or float(known[0]) == float(known[-1]):
        return data
    small, large = str(known.run.values[0]), str(known.run.values[-1])
    table = flipped(comparison)
    of_small, of_large = (families.share(comparison, table.sel(run=name, drop=True)).drawn for name in (small, large))
    apart = derived(lambda a, b: a - b, of_large, of_small).sel(family=statistics.ALL, drop=True)
    p = p_value(comparison, large, small).sel(family=statistics.ALL, drop=True)
    return data.assign(size_difference=bounds(apart), size_p=p).assign_attrs(small=small, large=large)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether the largest model flips less often than the smallest."""
    if "size_difference" not in data:
        return ()
    told = bool(data.size_p < LEVEL)
    less = "less" if data.size_difference[0] < 0 else "more"
    counts = {name: f"{data.parameters.sel(run=data.attrs[name]).item() / 1e6:,.1f}" for name in ("small", "large")}
    return said(
        say(
            data,
            "Answers of the largest model ({large}, {of_large} million parameters) "
            + (f"flip {less} often than" if told else "do not flip distinguishably more or less often than")
            + " those of the smallest ({small}, {of_small} million): {difference} points.",
            large=data.attrs["large"],
            of_large=counts["large"],
            small=data.attrs["small"],
            of_small=counts["small"],
            difference=Number(data.size_difference.values, 1, 100, signed=True),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Accuracy and flips of each run's model."""
    from ..figures import intervals

    shown = {"right on clean images": "accuracy", "flipped": "overall_ifr", "ever flipped": "overall_iv"}
    return intervals.chart(
        {text: data[name] for text, name in shown.items() if name in data},
        along="run",
        axis="share [%]",
        about="Accuracy on clean images, flipped answers and questions that ever flip by model, with 95 % intervals.",
        scale=100,
    )


ANALYSIS = Analysis(
    name="by_model",
    title="By model, from small to large",
    meaning="Millions of parameters, – where the run does not say how many. Right: on clean images. Over all "
    "perturbations: flipped answers (IFR), questions that ever flip (IV), drift in % of each model's own control, and "
    "Cohen's d. By family in the data.",
    needs=(),
    compute=compute,
    columns=(
        Column("parameters", "parameters", unit="million", digits=1, scale=1e-6),
        percent("accuracy", "right"),
        percent("overall_ifr", "flipped"),
        percent("overall_iv", "ever"),
        Column("overall_percent", "drift", unit="%", digits=0),
        Column("overall_d", "d", digits=1),
    ),
    finding=finding,
    figure=figure,
    rows="run",
)
