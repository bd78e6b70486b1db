"""Whether the aligned model of a pair changes its answers more often than its base: IFR by family."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart
from ..results.sentences import Sentence
from . import families
from .compared import Comparison
from .differences import adjusted, exchanged


def flipped(comparison: Comparison) -> xr.DataArray:
    """(run, sample, condition) 1 where the answer differs from the run's own clean one, defined for all runs or none.

    Of semantic overlays each run has those that contradict its own clean choice (HI).
    """
    whole = [comparison.cut(member.evidence.unsplit_flipped).notnull() for member in comparison.members]
    is_defined = xr.concat(whole, xr.IndexVariable("run", comparison.names)).all("run")
    found = [comparison.cut(member.evidence.flipped) for member in comparison.members]
    return xr.concat(found, xr.IndexVariable("run", comparison.names)).where(is_defined)


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, family, bound) share of flipped answers of both models and the difference; p (pair, family)."""
    if not comparison.pairs or not all(member.evidence.has_answers for member in comparison.members):
        return None
    table = flipped(comparison)

    def share(run: str) -> families.OfRun:
        return families.share(comparison, table.sel(run=run, drop=True))

    return adjusted(comparison.table(**families.of_pairs(comparison, share, lambda a, b: p_value(comparison, a, b))))


def p_value(comparison: Comparison, aligned: str, base: str) -> xr.DataArray:
    """(family) p of the difference in the share of flipped answers between two runs."""
    table = flipped(comparison)
    counted = [families.totals(comparison, table.sel(run=run, drop=True)) for run in (aligned, base)]
    return exchanged(statistics.ratio, *counted, seed=comparison.seed)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether alignment changes how often answers flip, over all perturbations."""
    verdicts = ("flip more often than", "flip less often than", "do not flip distinguishably more or less often than")
    text = "Over all perturbations answers of {aligned} {verdict} those of {base}: {difference} points."
    return families.finding(data, text, verdicts, scale=100, digits=1)


def figure(data: xr.Dataset) -> "Chart | None":
    """The difference by family."""
    from ..figures import intervals

    return intervals.chart(
        {"": data.difference},
        along="family",
        axis="flipped answers, aligned − base [points]",
        about="Flipped answers, aligned − base, by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
        reference=0,
    )


ANALYSIS = Analysis(
    name="flip_differences",
    title="Flipped answers (IFR), in %",
    meaning=f"Share of answers that differ from the model's own clean one. {families.MEANING}",
    needs=(),
    compute=compute,
    columns=families.columns(digits=1, scale=100),
    finding=finding,
    figure=figure,
)
