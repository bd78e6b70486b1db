"""Flips: whether the answer changed, how often, and from what to what.

A flip is 1.0, no flip 0.0, and nan where either choice is undefined. The verdict on single choices lies in `choices`,
their crossing with the right answer in `transitions`; both are offered here.
Source: Wani et al. 2026; definitions, section 4.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from . import labels, papers
from .cards import Card
from .choices import accuracy, answer_index, correct, entropy, flipped, semantic_overlay_conditions
from .labels import Array
from .transitions import transition_rates, transitions, yes_no_rates

__all__ = [
    "CARDS",
    "accuracy",
    "answer_index",
    "correct",
    "entropy",
    "ever_flipped",
    "flipped",
    "rates",
    "semantic_overlay_conditions",
    "transition_rates",
    "transitions",
    "yes_no_rates",
]

CARDS = (
    Card(
        "flips.flipped",
        "Did the choice change?",
        "1 flipped, 0 kept",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "flips.rates",
        "How often does a family change the choice (IFR), and how many samples does it ever change (IV)?",
        "share",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("flips.correct", "Is the choice the right answer?", "1 right, 0 wrong", "{0, 1}"),
    Card("flips.accuracy", "How often is the choice the right answer?", "share", "[0, 1]"),
    Card(
        "flips.transitions",
        "Did the perturbation break a right answer, mend a wrong one, or neither?",
        "1 so, 0 not so",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "flips.transition_rates",
        "What share of right answers breaks, and of wrong ones is mended?",
        "share",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "flips.yes_no_rates",
        "Are false alarms or misses of yes/no questions corrected, and right answers kept?",
        "share",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("flips.entropy", "How scattered are a sample's choices over all conditions?", "nats", "[0, ln(options)]"),
    Card(
        "flips.semantic_overlay_conditions",
        "Which written letters contradict the clean choice, and which repeats it?",
        "true or false",
        "{false, true}",
        papers.HIDDEN_INSTABILITY,
    ),
)


def rates(
    flipped: Array,
    *,
    family: Any,
    sample: str = "sample",
    condition: str = "condition",
    any_of: Sequence[str] | None = None,
) -> xr.Dataset:
    """How often each family flips the choice (IFR) and what share of samples it ever flips (IV).

    ifr = flipped pairs / defined pairs; iv = samples with a flip / samples with a defined pair.
    In: flipped (sample, condition, ...), `family` a coordinate name or the labels of the conditions; `any_of` the
    families that count as "any", by default all but "clean". Out: Dataset over `family`: ifr, iv, and the counts
    `pairs`, `samples`, `undefined`; apart from it `any_ifr` (pairs pooled), `any_ifr_mean` (mean of the families' ifr)
    and `any_iv` (union), whose attribute `families` lists what they hold. All in [0, 1]; nan where nothing is defined.
    Raises ValueError for a family in `any_of` that is not there. Intervals: `summary`. Source: Wani et al. 2026.

    >>> import numpy as np
    >>> result = rates(np.array([[1, 0, 1], [0, 0, 0]]), family=["shift", "shift", "blur"])
    >>> result.ifr.values, result.iv.values   # shift: 1 of 4 pairs, 1 of 2 samples
    (array([0.25, 0.5 ]), array([0.5, 0.5]))
    >>> float(result.any_ifr)   # 2 of 6 pairs
    0.3333333333333333
    """
    array = labels.by_sample(flipped, sample, condition)
    groups = labels.families(array, family, condition)
    chosen = labels.union(groups, any_of)
    members = [array.isel({condition: places}) for places in groups.values()]
    index = xr.IndexVariable("family", list(groups))
    result: xr.Dataset = xr.concat([_rates(one, sample, condition) for one in members], index)
    pooled = array.isel({condition: labels.places(groups, chosen)})
    whole = _rates(pooled, sample, condition)
    return result.assign(
        any_ifr=whole.ifr.assign_attrs(families=chosen),
        any_ifr_mean=labels.mean(result.ifr.sel(family=chosen), "family").assign_attrs(families=chosen),
        any_iv=whole.iv.assign_attrs(families=chosen),
    )


def ever_flipped(flipped: Array, *, condition: str = "condition") -> Array:
    """Whether any condition flips the sample: 1 yes, 0 no, nan where none is defined.

    In: (sample, condition, ...). Out: (sample, ...). Undefined conditions are passed over.

    >>> import numpy as np
    >>> ever_flipped(np.array([[0.0, 1.0], [0.0, np.nan], [np.nan, np.nan]]))
    array([ 1.,  0., nan])
    """
    array = labels.by_sample(flipped, "sample", condition)
    defined = array.notnull()
    result = (array.where(defined, 0) > 0).any(condition).astype(np.float64).where(defined.any(condition))
    return result if isinstance(flipped, xr.DataArray) else result.values


def _rates(flipped: xr.DataArray, sample: str, condition: str) -> xr.Dataset:
    pairs, defined = [sample, condition], flipped.notnull()
    ever: xr.DataArray = ever_flipped(flipped, condition=condition)
    return xr.Dataset(
        {
            "ifr": labels.mean(flipped, pairs),
            "iv": labels.mean(ever, sample),
            "pairs": defined.sum(pairs),
            "samples": ever.notnull().sum(sample),
            "undefined": (~defined).sum(pairs),
        }
    )
