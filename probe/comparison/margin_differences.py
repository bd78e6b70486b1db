"""How far base and aligned models prefer what they choose: quantiles of the clean margin of the same questions."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import statistics

from ..results.analysis import Analysis, Chart, Column
from ..results.sentences import Number, Sentence, said, say
from .compared import Comparison
from .differences import LEVEL, adjusted
from .margin_quantiles import MEAN, ROWS, described


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, quantile, bound) margins of both models [nats] and the difference; p (pair, quantile)."""
    if not comparison.pairs or not all(member.evidence.has_scores for member in comparison.members):
        return None
    aligned, base = comparison.of_pairs(comparison.margin_quantiles)
    margins, other = comparison.of_pairs(comparison.clean_margins.to_dataset(name="margin"))
    rows = [
        remade(margins.margin.sel(pair=pair), other.margin.sel(pair=pair), comparison.seed) for pair in margins.pair
    ]
    p = xr.DataArray(rows, coords={"pair": margins.pair.values, "quantile": list(ROWS)})
    parts = {"base": base, "aligned": aligned, "difference": aligned - base}
    bounded = {name: statistics.bounds(part).transpose("pair", "quantile", "bound") for name, part in parts.items()}
    return adjusted(comparison.table(**bounded, margin_p=p))


def remade(aligned: xr.DataArray, base: xr.DataArray, seed: int) -> NDArray[np.float64]:
    """(quantile) p of the differences of one pair's quantiles and means, over the questions that both have."""
    both = (aligned.notnull() & base.notnull()).values
    one, other = aligned.values[both], base.values[both]
    if not len(one):
        return np.full(len(ROWS), np.nan)
    return statistics.remade_p(described, one, other, cluster=aligned.image.values[both], seed=seed)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether alignment changes how far the model prefers its choice."""
    mean = data.sel(quantile=MEAN)
    told = bool(mean.margin_adjusted_p < LEVEL)
    wider = "wider" if mean.difference[0] > 0 else "narrower"
    return said(
        say(
            data,
            "On clean images margins of {aligned} are "
            + (f"{wider} than" if told else "not distinguishable from")
            + " those of {base}: {difference} on average.",
            aligned=data.attrs["aligned"],
            base=data.attrs["base"],
            difference=Number(mean.difference.values, unit="nats", signed=True),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """The difference of the quantiles."""
    from ..figures import intervals

    return intervals.chart(
        {"": data.difference},
        along="quantile",
        axis="margin on clean images, aligned − base [nats]",
        about="Difference of the quantiles of clean margins, with 95 % intervals.",
        reference=0,
    )


ANALYSIS = Analysis(
    name="margin_differences",
    title="Margins of base and aligned on clean images, nats",
    meaning="Log-likelihood of the choice over the best other option: quantiles over the questions, and the mean. "
    "Difference: of the quantiles, aligned - base. p: images swap sides; adjusted for {tests_said} "
    "of this table.",
    needs=(),
    compute=compute,
    columns=(
        Column("base", "base"),
        Column("aligned", "aligned"),
        Column("difference", "difference"),
        Column("margin_adjusted_p", "adjusted p", digits=3),
    ),
    finding=finding,
    figure=figure,
    rows="quantile",
)
