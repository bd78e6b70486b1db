"""How far base and aligned models prefer what they choose: quantiles of the clean margin of the same questions."""

from collections.abc import Sequence

import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Column
from ..results.sentences import Number, Sentence, said, say
from .compared import Comparison
from .differences import LEVEL, adjusted, shares_of_sum, swapped
from .margin_quantiles import MEAN, ROWS


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, quantile, bound) margins of both models [nats] and the difference; p of the difference of the means."""
    if not comparison.pairs or not all(member.evidence.has_options for member in comparison.members):
        return None
    aligned, base = comparison.of_pairs(comparison.margin_quantiles)
    margins, other = comparison.of_pairs(comparison.clean_margins.to_dataset(name="margin"))
    p = swapped(shares_of_sum(margins.margin - other.margin), seed=comparison.seed)
    of_means = p.expand_dims(quantile=[MEAN], axis=-1).reindex(quantile=list(ROWS))
    parts = {"base": base, "aligned": aligned, "difference": aligned - base}
    bounded = {name: statistics.bounds(part).transpose("pair", "quantile", "bound") for name, part in parts.items()}
    return adjusted(comparison.table(**bounded, mean_p=of_means))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether alignment changes how far the model prefers its choice."""
    mean = data.sel(quantile=MEAN)
    told = bool(mean.mean_adjusted_p < LEVEL)
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


ANALYSIS = Analysis(
    name="margin_differences",
    title="Margins of base and aligned on clean images, nats",
    meaning="Log-likelihood of the choice over the best other option: quantiles over the questions, and the mean. "
    "Difference: of the quantiles, aligned - base. p: of the means, images swap sides; adjusted for {tests_said} "
    "of this table.",
    needs=(),
    compute=compute,
    columns=(
        Column("base", "base"),
        Column("aligned", "aligned"),
        Column("difference", "difference"),
        Column("mean_adjusted_p", "adjusted p", digits=3),
    ),
    finding=finding,
    rows="quantile",
)
