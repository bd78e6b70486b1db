"""At which depth of a model states first move behind answers that stay.

The measure is this project's own; definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import xarray as xr

from ..statistics.by_family import Unions, by_family
from ..statistics.reductions import SHARE
from .unchanged_answers import QUANTILE, hidden_pairs

LEAST = 0.05
"""More than one unchanged answer in twenty: what counts as having moved."""


def where_first(
    drift: xr.DataArray,
    control: xr.DataArray,
    flipped: xr.DataArray,
    *,
    quantile: float = QUANTILE,
    least: float = LEAST,
    family: Any = "family",
    image: Any = "image",
    unions: Unions | None = None,
    layer: str = "layer",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """The first layer at which states move beyond control behind answers that stay, per family of perturbations.

    In: drift (sample, condition, layer, ...), control (sample, layer, ..., pair) and flipped (sample, condition) as
    `hidden_pairs`; `family`, `image` and `unions` as `statistics.by_family`. Out: Dataset with hidden (family, layer,
    ..., bound), the share of the unchanged answers whose state moved beyond the control's quantile, layers ascending,
    its counts `defined` and `undefined`, and `first_layer` (family, ...): the shallowest layer at which the interval of
    hidden lies above `least`, so that more than that share of the unchanged answers sits on a state as far off as
    unrelated ones, beyond what the choice of images explains. nan where no layer does, or none is defined. The
    intervals are for one layer each, not for all at once: with many layers raise `level`. Raises ValueError without a
    layer dimension or labels of layers, for a share outside [0, 1], and where labels differ.

    >>> import numpy as np
    >>> dims = ("sample", "condition", "layer")
    >>> drift = xr.DataArray(np.full((40, 1, 3), [0.1, 0.5, 0.7]), dims=dims, coords={"layer": [0, 8, 16]})
    >>> control = xr.DataArray(np.full((40, 3), 0.4), dims=("sample", "layer"), coords={"layer": [0, 8, 16]})
    >>> flipped = xr.DataArray(np.zeros((40, 1)), dims=("sample", "condition"))
    >>> result = where_first(drift, control, flipped, family=["blur"], image=range(40))
    >>> result.hidden.sel(family="blur", bound="estimate").values, result.first_layer.values   # blur, and all
    (array([0., 1., 1.]), array([8., 8.]))
    """
    if layer not in drift.dims or layer not in drift.coords:
        raise ValueError(f"drift has dimensions {drift.dims} and no labels of {layer!r}. Name yours with `layer=`.")
    if not 0 <= least <= 1:
        raise ValueError(f"least={least}: a share lies between 0 and 1, such as {LEAST}.")
    verdicts = hidden_pairs(drift, control, flipped, quantile=quantile)
    verdicts = verdicts.drop_vars("threshold", errors="ignore")
    table = by_family(
        SHARE, verdicts, family=family, image=image, unions=unions, resamples=resamples, seed=seed, level=level
    ).sortby(layer)
    low = table.value.sel(bound="low", drop=True)
    first = low[layer].where(low > least).min(layer)
    return table.rename(value="hidden").assign(first_layer=first.drop_attrs(deep=False)).assign_attrs(least=least)
