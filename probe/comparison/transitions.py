"""From one model's answers to the other's, on the same pictures: who is right where, and how often they agree."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import statistics

from ..results.analysis import Analysis, Chart, Column, percent
from ..results.sentences import Sentence, said, say, share
from . import families
from .compared import Comparison
from .differences import LEVEL, adjusted, swapped
from .members import Pair

UNREAD = "?"
"""The text of an answer that cannot be read."""


def compute(comparison: Comparison) -> xr.Dataset | None:
    """(pair, family, bound) shares of the four outcomes, which are 1 in all, and of equal answers; p (pair, family)."""
    if not comparison.pairs or not all(member.evidence.has_answers for member in comparison.members):
        return None
    tables = {pair.name: of_pair(comparison, pair) for pair in comparison.pairs}
    data = families.concatenated(tables, "pair")
    return adjusted(comparison.table(**{str(name): values for name, values in data.data_vars.items()}))


def of_pair(comparison: Comparison, pair: Pair) -> xr.Dataset:
    """The shares of one pair: (family, bound)."""
    base, aligned = (comparison.right.sel(run=name, drop=True) for name in (pair.base, pair.aligned))
    happened = {
        "both_right": base * aligned,
        "base_only": base * (1 - aligned),
        "aligned_only": (1 - base) * aligned,
        "both_wrong": (1 - base) * (1 - aligned),
        "agreement": agreement(comparison, pair),
    }
    tables = {
        name: statistics.by_family(statistics.SHARE, pairs, unions=comparison.unions, seed=comparison.seed)
        for name, pairs in happened.items()
    }
    made = {name: table.value for name, table in tables.items()} | {"answers": tables["both_right"].defined}
    counted = {name: families.totals(comparison, happened[name], clean=True) for name in ("aligned_only", "base_only")}
    gained, lost = (families.portions(*counted[name]) for name in ("aligned_only", "base_only"))
    return xr.Dataset(made).assign(right_p=swapped(gained - lost, seed=comparison.seed))


def agreement(comparison: Comparison, pair: Pair) -> xr.DataArray:
    """(sample, condition) 1 where both give one answer, right or wrong; nan where there is none, or both are unread."""
    base, aligned = (comparison.cut(comparison.evidence(name).given_text) for name in (pair.base, pair.aligned))
    ours, theirs = base.values.astype(object), aligned.values.astype(object)
    missing = (ours == "") | (theirs == "") | ((ours == UNREAD) & (theirs == UNREAD))
    return base.copy(deep=False, data=np.where(missing, np.nan, (ours == theirs).astype(np.float64)))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Which of the two is right where the other is not, over all perturbations."""
    over_all = data.sel(family=statistics.ALL)
    told = bool(over_all.right_adjusted_p < LEVEL)
    names = {"base": data.attrs["base"], "aligned": data.attrs["aligned"]}
    return said(
        say(
            data,
            "Over all perturbations {base} alone is right in {lost} and {aligned} alone in {gained} of the answers, "
            + ("which are distinguishable." if told else "which are not distinguishable."),
            lost=share(over_all.base_only),
            gained=share(over_all.aligned_only),
            **names,
        ),
        say(data, "They give one answer in {same} of the cases.", same=share(over_all.agreement)),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How often one of the two alone is right."""
    from ..figures import intervals

    return intervals.chart(
        {"only the base is right": data.base_only, "only the aligned model is right": data.aligned_only},
        along="family",
        axis="share of the answers [%]",
        about="Shares of answers that only one of the models has right, by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
    )


ANALYSIS = Analysis(
    name="transitions",
    title="From the base model's answers to the aligned one's",
    meaning="Who is right, in % of the answers to the same questions about the same pictures: both, only the base, "
    "only the aligned model, neither. A score of at least 0.5 is right. Agree: one answer, right or wrong. p: only the "
    "base against only the aligned model, images swap sides; adjusted for {tests_said}.",
    needs=(),
    compute=compute,
    columns=(
        percent("both_right", "both"),
        percent("base_only", "base"),
        percent("aligned_only", "aligned"),
        percent("both_wrong", "neither"),
        percent("agreement", "agree"),
        Column("right_adjusted_p", "adj. p", digits=3),
    ),
    finding=finding,
    figure=figure,
)
