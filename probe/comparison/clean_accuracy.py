"""How often base and aligned models are right on clean images, dataset by dataset."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart, Column, percent
from ..results.sentences import Number, Sentence, said, say
from .compared import MACRO, Comparison
from .differences import LEVEL, adjusted, bounds, derived, swapped
from .shared import CLEAN


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, dataset, bound) accuracy of both models and the difference, with its p: (pair, dataset)."""
    if not comparison.pairs or not bool(comparison.correct.notnull().any()):
        return None
    right = comparison.with_macro(derived(lambda error: 1.0 - error, comparison.clean_errors))
    aligned, base = comparison.of_pairs(right)
    shown_aligned, shown_base = comparison.of_pairs(rates(comparison).to_dataset(name="value"))
    parts = comparison.added_wrong.sel(condition=CLEAN, drop=True).to_dataset(name="parts")
    p = swapped(comparison.with_macro(parts).parts, seed=comparison.seed)
    return adjusted(
        comparison.table(
            base=shown_base.value,
            aligned=shown_aligned.value,
            difference=bounds(derived(lambda a, b: a - b, aligned, base)),
            difference_p=p,
        )
    )


def rates(comparison: Comparison) -> xr.DataArray:
    """(run, dataset, bound) accuracy of each run on clean images, with the interval of a rate; macro below several."""
    clean = comparison.correct.sel(condition=CLEAN).drop_vars(["condition", "family"])
    masked = (clean * comparison.is_of_dataset).rename(dataset="condition").transpose("run", "sample", "condition")
    found: list[xr.DataArray] = []
    for run in comparison.names:  # a dataset stands where by_family has a family: its macro weighs them alike
        table = statistics.by_family(
            statistics.SHARE, masked.sel(run=run, drop=True), family=comparison.datasets,
            unions={MACRO: comparison.datasets}, seed=comparison.seed,
        )  # fmt: skip
        macro = table.mean_of_families.sel(family=[MACRO])
        whole = xr.concat([table.value.sel(family=comparison.datasets), macro], "family")
        found.append(whole.rename(family="dataset").sel(dataset=comparison.rows))
    return xr.concat(found, xr.IndexVariable("run", comparison.names))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether alignment changes how often the model is right, over all datasets."""
    last = data.isel(dataset=-1)
    told = bool(last.difference_adjusted_p < LEVEL)
    text = (
        "On clean images ({dataset}) the accuracy of {aligned} is {difference} points {word} that of {base}."
        if told
        else "On clean images ({dataset}) the accuracy of {aligned} is not distinguishable from that of {base}: "
        "a difference of {difference} points."
    )
    change = last.difference.values
    parts = {"word": "above" if change[0] > 0 else "below"} if told else {}
    shown = Number(abs(change[0]), 1, 100) if told else Number(change, 1, 100, signed=True)
    return said(
        say(
            data,
            text,
            dataset=str(last.dataset.item()),
            aligned=data.attrs["aligned"],
            base=data.attrs["base"],
            difference=shown,
            **parts,
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """Both accuracies, and their difference."""
    from ..figures import intervals, stacked

    both = intervals.chart(
        {"base": data.base, "aligned": data.aligned},
        along="dataset",
        axis="right on clean images [%]",
        about="Accuracy of both models on clean images by dataset, with 95 % intervals.",
        scale=100,
    )
    apart = intervals.chart(
        {"": data.difference},
        along="dataset",
        axis="aligned − base [points]",
        about="Their difference, with 95 % intervals.",
        scale=100,
        reference=0,
    )
    return stacked.chart(both, apart)


ANALYSIS = Analysis(
    name="clean_accuracy",
    title="Accuracy on clean images",
    meaning="Mean score of the answers in %. Difference: aligned - base, in points, images drawn for both at once. "
    "p: images swap sides; adjusted for {tests_said} of this table, of all pairs. Macro: mean of the datasets.",
    needs=(),
    compute=compute,
    columns=(
        percent("base", "base"),
        percent("aligned", "aligned"),
        Column("difference", "difference", digits=1, scale=100),
        Column("difference_p", "p", digits=3),
        Column("difference_adjusted_p", "adjusted p", digits=3),
    ),
    finding=finding,
    figure=figure,
    rows="dataset",
)
