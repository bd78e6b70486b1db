"""How often a family of perturbations flips the choice, and how many samples it ever flips.

Source: Wani et al. 2026; definitions, section 4.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from .. import labels
from ..labels import Array


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
    Raises ValueError for a family in `any_of` that is not there. Intervals: `statistics`. Source: Wani et al. 2026.

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
