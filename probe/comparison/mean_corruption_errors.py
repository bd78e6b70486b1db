"""mCE of base and aligned models, and the relative mCE of each pair in both readings (Mireku et al., Eq. 1 and 2)."""

from collections.abc import Sequence

import xarray as xr

from analyses import corruption

from ..results.analysis import Analysis, Chart, Column
from ..results.sentences import Number, Sentence, said, say
from .compared import Comparison
from .differences import LEVEL, adjusted, bounds, derived, swapped


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, dataset, bound) mCE of both models, mCR, and relative mCE in both readings; p (pair, dataset).

    Macro of a relative mCE is the mean of the datasets' ratios, not the ratio of their macros.
    """
    if not comparison.pairs or not comparison.has_corruption_errors:
        return None
    within = comparison.with_macro(derived(corruption.mce, comparison.pair_ce))
    families = list(comparison.corruptions)
    added = comparison.added_wrong
    each = [added.isel(condition=(added.family == name).values).mean("condition", skipna=False) for name in families]
    over_all = xr.concat(each, "corruption").mean("corruption", skipna=False)  # each corruption weighs the same
    parts = comparison.with_macro(over_all.to_dataset(name="parts")).parts
    numbers = {
        "relative_mce_within_pair": bounds(within),
        "error_difference": parts.sum("sample", skipna=False).reset_coords(drop=True),
        "error_p": swapped(parts, seed=comparison.seed),
    }
    return adjusted(comparison.table(**numbers | against_reference(comparison)))


def against_reference(comparison: Comparison) -> dict[str, xr.DataArray]:
    """What is measured against one reference for all pairs; nothing without one."""
    if comparison.global_ce is None:
        return {}
    aligned, base = comparison.of_pairs(derived(corruption.mce, comparison.global_ce))
    relative = derived(corruption.relative_mce_global, aligned, base)
    found = {"base_mce": base, "aligned_mce": aligned, "relative_mce_global": relative}
    found = {name: comparison.with_macro(numbers) for name, numbers in found.items()}
    found |= {f"{role}_mcr": derived(corruption.mcr, found[f"{role}_mce"]) for role in ("base", "aligned")}
    return {name: bounds(numbers) for name, numbers in found.items()}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether the aligned model errs more under corruption than its base, in each reading."""
    last = data.isel(dataset=-1)
    names = {"dataset": str(last.dataset.item()), "aligned": data.attrs["aligned"], "base": data.attrs["base"]}
    told = bool(last.error_adjusted_p < LEVEL)
    more = "more" if last.error_difference > 0 else "less"
    verdict = f"errs {more} than" if told else "is not distinguishable in its errors from"
    readings = [
        say(
            data,
            "Under corruptions ({dataset}) {aligned} {verdict} {base}: relative mCE {within} within the pair.",
            verdict=verdict,
            within=Number(last.relative_mce_within_pair.values),
            **names,
        )
    ]
    if "relative_mce_global" in data:
        within, by_reference = (last[f"relative_mce_{name}"].values for name in ("within_pair", "global"))
        apart = (within[0] - 1) * (by_reference[0] - 1) < 0
        readings.append(
            say(
                data,
                "As the ratio of mCEs against {reference} it is {relative}"
                + (", on the other side of 1: the readings disagree." if apart else "."),
                reference=data.attrs["reference"],
                relative=Number(by_reference),
            )
        )
    return said(*readings)


def figure(data: xr.Dataset) -> "Chart | None":
    """The relative mCE in both readings."""
    from ..figures import intervals

    shown = {"within the pair": "relative_mce_within_pair", "against the reference": "relative_mce_global"}
    return intervals.chart(
        {text: data[name] for text, name in shown.items() if name in data},
        along="dataset",
        axis="relative mCE [1: as the base]",
        about="Relative mean corruption error by dataset, with 95 % intervals.",
        reference=1,
    )


ANALYSIS = Analysis(
    name="mean_corruption_errors",
    title="Mean corruption error",
    meaning="{reference_said}In pair: relative mCE with the base as the reference, below 1 where alignment lowers the "
    "error. p: of the difference in error over all corruptions, images swap sides; adjusted for {tests_said} of this "
    "table.",
    needs=(),
    compute=compute,
    columns=(
        Column("base_mce", "mCE base"),
        Column("aligned_mce", "mCE aligned"),
        Column("aligned_mcr", "mCR aligned", at={"bound": "estimate"}),
        Column("relative_mce_global", "Rel. mCE", digits=3),
        Column("relative_mce_within_pair", "in pair", digits=3),
        Column("error_adjusted_p", "adj. p", digits=3),
    ),
    finding=finding,
    figure=figure,
    rows="dataset",
)
