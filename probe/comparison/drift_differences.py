"""Whether states of the aligned model of a pair move farther than those of its base, each on its own scale."""

from collections.abc import Sequence

import xarray as xr

from analyses import labels, statistics

from ..results import Evidence
from ..results.analysis import Analysis, Chart
from ..results.sentences import Sentence
from . import families
from .compared import Comparison
from .differences import adjusted, bounds, exchanged
from .shared import CLEAN


def moved(comparison: Comparison, evidence: Evidence) -> tuple[xr.DataArray, xr.DataArray]:
    """(sample, family) drift of a run's primary states, and the control (sample, family) that it is measured against.

    Both where both are defined alone.
    """
    drift = comparison.cut(evidence.primary_drift)
    held = statistics.per_sample(drift, unions=comparison.unions)
    control = comparison.of_samples(evidence.primary_control).drop_vars("image")
    held = held.sel(family=[name for name in held.family.values if name != CLEAN])
    both = held.notnull() & control.notnull()
    return held.where(both), control.where(both).transpose(*held.dims)


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, family, bound) drift in % of control of both models and the difference; p (pair, family)."""
    return on_control(comparison, statistics.percent)


def on_control(comparison: Comparison, statistic: statistics.Statistic) -> xr.Dataset | None:
    """A statistic of drift and its control, of both models of each pair and the difference, with where states are.

    For its p images exchange both, each model's in its own mean controls: states of two models have no common scale.
    """
    if not comparison.pairs or not all(member.evidence.primary for member in comparison.members):
        return None
    made = {name: moved(comparison, comparison.evidence(name)) for name in comparison.names}

    def numbers(run: str) -> families.OfRun:
        drawn = families.resampled(comparison, statistic, *made[run])
        return families.OfRun(drawn, bounds(drawn))

    def scaled(run: str) -> tuple[xr.DataArray, xr.DataArray]:
        drift, control = made[run]
        unit = labels.mean(control, "sample")
        return drift / unit, control / unit

    def p(aligned: str, base: str) -> xr.DataArray:
        return exchanged(statistic, scaled(aligned), scaled(base), seed=comparison.seed)

    return with_sites(comparison, adjusted(comparison.table(**families.of_pairs(comparison, numbers, p))))


def with_sites(comparison: Comparison, data: xr.Dataset) -> xr.Dataset:
    """The same with where each pair's states are, and on what scale."""
    by_pair = {
        pair.name: data.attrs["by_pair"][pair.name]
        | {f"{role}_site": _site(comparison.evidence(getattr(pair, role))) for role in ("base", "aligned")}
        for pair in comparison.pairs
    }
    return data.assign_attrs(by_pair=by_pair)


def _site(evidence: Evidence) -> str:
    return f"{evidence.primary}, against {evidence.scale}"


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether alignment changes how far states move, over all perturbations."""
    verdicts = ("move farther than", "move less far than", "do not move distinguishably farther or less far than")
    text = "Over all perturbations states of {aligned} {verdict} those of {base}: {difference} points of their control."
    return families.finding(data, text, verdicts, digits=1)


def figure(data: xr.Dataset) -> "Chart | None":
    """The difference by family."""
    from ..figures import intervals

    return intervals.chart(
        {"": data.difference},
        along="family",
        axis="drift, aligned − base [points of % of control]",
        about="Drift, aligned − base, by family, with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=0,
    )


ANALYSIS = Analysis(
    name="drift_differences",
    title="Drift, in % of each model's own control",
    meaning="Base: {base_site}. Aligned: {aligned_site}. " + families.MEANING,
    needs=(),
    compute=compute,
    columns=families.columns(digits=1),
    finding=finding,
    figure=figure,
)
