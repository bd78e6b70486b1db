"""Whether the aligned model of a pair ever changes its answer to more questions than its base: IV by family."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart
from ..results.sentences import Sentence
from . import families
from .compared import Comparison
from .differences import adjusted, exchanged
from .flip_differences import flipped


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, family, bound) share of questions that ever flip, of both models and the difference; p (pair, family)."""
    if not comparison.pairs or not all(member.evidence.has_answers for member in comparison.members):
        return None
    table = flipped(comparison)

    def ever(run: str) -> xr.DataArray:
        return families.ever(comparison, table.sel(run=run, drop=True))

    def share(run: str) -> families.OfRun:
        drawn = families.resampled(comparison, statistics.mean, ever(run))
        shown = families.shown(comparison, statistics.EVER, table.sel(run=run, drop=True))
        return families.OfRun(drawn, shown.sel(family=drawn.family.values))

    def p(aligned: str, base: str) -> xr.DataArray:
        return exchanged(statistics.mean, (ever(aligned),), (ever(base),), seed=comparison.seed)

    return adjusted(comparison.table(**families.of_pairs(comparison, share, p)))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether alignment changes how many questions ever flip, over all perturbations."""
    verdicts = (
        "ever flips on more questions than",
        "ever flips on fewer questions than",
        "does not ever flip on distinguishably more or fewer questions than",
    )
    text = "Over all perturbations {aligned} {verdict} {base}: {difference} points."
    return families.finding(data, text, verdicts, scale=100, digits=1)


def figure(data: xr.Dataset) -> "Chart | None":
    """The difference by family."""
    from ..figures import intervals

    return intervals.chart(
        {"": data.difference},
        along="family",
        axis="questions that ever flip, aligned − base [points]",
        about="Questions that ever flip, aligned − base, by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
        reference=0,
    )


ANALYSIS = Analysis(
    name="ever_flip_differences",
    title="Questions that ever flip (IV), in %",
    meaning=f"Share of questions whose answer differs under at least one condition of the family. {families.MEANING}",
    needs=(),
    compute=compute,
    columns=families.columns(digits=1, scale=100),
    finding=finding,
    figure=figure,
)
