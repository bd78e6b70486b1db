"""CE corruption by corruption: against one reference for all, and of the aligned model against its base."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart, Column
from ..results.sentences import Number, Sentence, highest, said, say
from .compared import Comparison
from .differences import adjusted, bounds, swapped


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, dataset, corruption, bound) CE and relative CE within the pair; p (pair, dataset, corruption)."""
    if not comparison.pairs or not comparison.has_corruption_errors:
        return None
    within = comparison.with_macro(comparison.pair_ce)
    lead = statistics.leads(within, "corruption")
    added = comparison.added_wrong
    each = [
        added.isel(condition=(added.family == name).values).mean("condition", skipna=False)
        for name in comparison.corruptions
    ]
    parts = xr.concat(each, xr.IndexVariable("corruption", list(comparison.corruptions)))
    parts = comparison.with_macro(parts.to_dataset(name="parts")).parts
    last = {"dataset": comparison.rows[-1]}
    numbers = {
        "within_pair": bounds(within),
        "relative_ce": bounds(comparison.with_macro(comparison.pair_relative_ce)),
        "error_difference": parts.sum("sample", skipna=False).reset_coords(drop=True),
        "error_p": swapped(parts, seed=comparison.seed),
        **{f"overall_{side}": lead[side].sel(last, drop=True) for side in statistics.SIDES},
    }
    if comparison.global_ce is not None:
        aligned, base = comparison.of_pairs(comparison.with_macro(comparison.global_ce))
        numbers |= {"base_ce": bounds(base), "aligned_ce": bounds(aligned)}
    data = adjusted(comparison.table(**numbers))
    overall = {
        name: data[f"{name}"].sel(last, drop=True) for name in ("within_pair", "relative_ce", "error_adjusted_p")
    }
    shown = {f"overall_{name}" if name != "within_pair" else "overall": values for name, values in overall.items()}
    return data.assign(shown).assign_attrs(overall=comparison.rows[-1])


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which corruption alignment costs most."""
    worst = highest(data, "overall", "corruption")
    if worst is None:
        return ()
    return said(
        say(
            data,
            "Within the pair ({overall}) CE is {word} under {corruption}: {ce}{standing}.",
            overall=data.attrs["overall"],
            word=worst.named("largest", "highest"),
            corruption=worst.label,
            ce=Number(worst.values),
            standing=worst.standing,
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """CE within the pair, corruption by corruption."""
    from ..figures import intervals

    return intervals.chart(
        {str(name): data.within_pair.sel(dataset=name) for name in data.dataset.values.tolist()},
        along="corruption",
        axis="CE within the pair [1: as the base]",
        about="Corruption error of the aligned model over that of its base, by corruption, with 95 % intervals.",
        reference=1,
    )


ANALYSIS = Analysis(
    name="corruption_errors",
    title="Corruption error within the pair",
    meaning="CE: error of the aligned model over that of its base, both summed over severities. Rel. CE: what "
    "the corruption adds to the one over what it adds to the other. It and p, of the difference in error, are of "
    "{overall}; p is adjusted for {tests_said} of this table, each dataset's among them.",
    needs=(),
    compute=compute,
    columns=(
        Column("within_pair", "{dataset}"),
        Column("overall_relative_ce", "rel. CE"),
        Column("overall_error_adjusted_p", "adj. p", digits=3),
    ),
    finding=finding,
    figure=figure,
    rows="corruption",
)
