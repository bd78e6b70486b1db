"""Corruption error: a model's error under corruptions over a reference's, and its means.

Source: Hendrycks & Dietterich 2019; Mireku et al.; definitions, section 11.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates and `astype` open.

import numpy as np
import xarray as xr

from .. import labels
from ..labels import Array
from .alexnet import ALEXNET_MEAN_ERROR, ALEXNET_SEVERITIES, alexnet_error
from .error_tables import (
    MODELS,
    beside,
    comparable,
    levels,
    named,
    ratio,
    require,
    require_shares,
    whole_mean,
)


def ce(error: Array, reference_error: Array, *, severity: str = "severity") -> Array:
    """Corruption error: a model's error over its reference's, both summed over severities.

    CE = sum_s E / sum_s E_ref. In: error (..., severity), reference_error with the same dimensions and labels; only
    `model`, `pair` and `role` may be missing from it, one reference serving all models. Out: error without `severity`,
    a ratio in [0, inf); below 1 the model errs less. nan where an error of either is undefined at any severity (sums
    over different severities do not compare), which the coordinate `undefined` counts, and where the denominator, the
    sum, is below 0.02, with a `SmallDenominator` warning that names the corruption. Bare arrays have severity last.
    Raises ValueError where labels or dimensions differ and where an error is no share. Source: Hendrycks & Dietterich
    2019, whose reference is AlexNet (use `alexnet_ce`); Mireku et al., Eq. 1, whose reference is the base model.

    >>> ce(np.array([[0.2, 0.4], [0.3, 0.6]]), np.array([[0.4, 0.8], [0.3, 0.3]]))   # 0.6 / 1.2, 0.9 / 0.6
    array([0.5, 1.5])
    """
    if not labels.labelled(error=error, reference_error=reference_error):
        return ce(named(error, severity), named(reference_error, severity), severity=severity).values
    model, reference = comparable(severity, spare=MODELS, error=error, reference_error=reference_error)
    require_shares(error=model, reference_error=reference)
    undefined = (model.isnull() | reference.isnull()).sum(severity)
    return ratio("ce", _total(model, severity), _total(reference, severity)).assign_coords(undefined=undefined)


def relative_ce(
    error: Array,
    reference_error: Array,
    *,
    clean_error: Array,
    clean_reference_error: Array,
    severity: str = "severity",
    corruption: str = "corruption",
) -> Array:
    """Relative corruption error: what a corruption adds to a model's error over what it adds to its reference's.

    sum_s (E - E_clean) / sum_s (E_ref - E_ref,clean). In: as `ce`; the clean errors lack `corruption` and `severity`
    alone. Out: as `ce`, in (-inf, inf); negative where the model errs less than on clean pictures. nan as in `ce`, also
    where the reference gets better under the corruption (a negative denominator). Bare arrays have corruption and
    severity last. Raises ValueError as `ce`. Source: Hendrycks & Dietterich 2019.

    >>> error, reference = np.array([[0.5, 0.75]]), np.array([[0.5, 1.0]])
    >>> relative_ce(error, reference, clean_error=np.array(0.5), clean_reference_error=np.array(0.25))   # 0.25 / 1
    array([0.25])
    """
    given = {"error": error, "reference_error": reference_error}
    clean = {"clean_error": clean_error, "clean_reference_error": clean_reference_error}
    if not labels.labelled(**given, **clean):
        tables = {name: named(array, corruption, severity) for name, array in given.items()}
        shares = {name: named(array) for name, array in clean.items()}
        return relative_ce(**tables, **shares, severity=severity, corruption=corruption).values
    model, reference = comparable(severity, spare=MODELS, error=error, reference_error=reference_error)
    model_clean = beside("clean_error", clean_error, "error", model, severity, corruption)
    own = beside("clean_reference_error", clean_reference_error, "reference_error", reference, severity, corruption)
    require_shares(error=model, reference_error=reference, clean_error=model_clean, clean_reference_error=own)
    added, reference_added = (model - model_clean).transpose(*model.dims), reference - own
    undefined = (added.isnull() | reference_added.isnull()).sum(severity)
    return ratio("relative_ce", _total(added, severity), _total(reference_added, severity)).assign_coords(
        undefined=undefined
    )


def alexnet_ce(error: xr.DataArray, *, severity: str = "severity", corruption: str = "corruption") -> xr.DataArray:
    """Corruption error against AlexNet, whose error is given as the mean over the five severities alone.

    CE = sum_s E / (5 mean error of AlexNet): the sum over five severities is five times their mean. In: error (...,
    corruption, severity) with names of `ALEXNET_MEAN_ERROR` and exactly the severities 1-5. Out: without `severity`, as
    `ce`. nan where an error is undefined, counted by the coordinate `undefined`. Raises ValueError for other
    corruptions or severities, TypeError for bare arrays. Meant for errors on ImageNet; the benchmark's mCE is `mce` of
    all 15 corruptions. Source: Hendrycks & Dietterich 2019.

    >>> error = alexnet_error().expand_dims(severity=[1, 2, 3, 4, 5]) / 2
    >>> alexnet_ce(error).values[:3].round(3)   # half of AlexNet's error
    array([0.5, 0.5, 0.5])
    """
    if not labels.labelled(error=error):
        raise TypeError("error: a bare array, whose corruptions have no names to look AlexNet's error up by.")
    require("error", error, corruption)
    steps = levels("error", error, severity)
    if sorted(steps.tolist()) != list(ALEXNET_SEVERITIES):
        raise ValueError(
            f"error has the severities {steps.tolist()}; AlexNet's error is known as the mean over 1-5. Choose another "
            "reference for other severities, with `ce`."
        )
    if corruption not in error.coords:
        raise ValueError(f"error has no names along {corruption!r}: without them AlexNet's error cannot be looked up.")
    unknown = [str(name) for name in error[corruption].values if name not in ALEXNET_MEAN_ERROR]
    if unknown:
        raise ValueError(f"no error of AlexNet under {unknown[0]!r}. There are: {', '.join(ALEXNET_MEAN_ERROR)}.")
    require_shares(error=error)
    total = _total(error.astype(np.float64), severity)
    reference = len(ALEXNET_SEVERITIES) * alexnet_error().rename(corruption=corruption).sel(
        {corruption: error[corruption].values}
    )
    return ratio("alexnet_ce", total, reference).assign_coords(undefined=error.isnull().sum(severity))


def mce(ce: Array, *, corruption: str = "corruption") -> Array:
    """Mean corruption error: the mean of CE over corruptions, each weighing the same.

    In: (..., corruption) from `ce`. Out: without `corruption`, a ratio in [0, inf); the reference's own is 1. nan where
    the CE of any corruption is: a mean over fewer corruptions is another quantity, so leave one out knowingly, with
    .sel. The coordinate `undefined` counts them. Bare arrays have corruption last. Source: Hendrycks & Dietterich 2019.

    >>> mce(np.array([[0.5, 1.5], [0.5, np.nan]]))
    array([ 1., nan])
    """
    if not isinstance(ce, xr.DataArray):
        return mce(named(ce, corruption), corruption=corruption).values
    return whole_mean("ce", ce, corruption)


def mcr(mce: Array) -> Array:
    """Mean corruption robustness: 1 - mCE.

    In: mCE, any shape. Out: the same, in (-inf, 1]; 0 for the reference itself, negative for models that err more. nan
    where mCE is. Source: Mireku et al., Table 10.

    >>> mcr(np.array([1.0, 1.5]))
    array([ 0. , -0.5])
    """
    return (1.0 - mce).drop_attrs(deep=False) if isinstance(mce, xr.DataArray) else 1.0 - np.asarray(mce, np.float64)


def relative_mce_within_pair(
    aligned_error: Array, base_error: Array, *, severity: str = "severity", corruption: str = "corruption"
) -> Array:
    """Relative mCE with the base model as the reference: mCE(aligned) / mCE(base), where mCE(base) is 1.

    So it is the mCE of the aligned model against its base. In: two tables (..., corruption, severity) of one shape.
    Out: without these two, a ratio in [0, inf); below 1 alignment lowers the error. nan, `undefined`, warnings and
    errors as `ce` and `mce`. Source: Mireku et al., Eq. 1 and 2; their Table 4 holds `relative_mce_global` instead.

    >>> relative_mce_within_pair(np.array([[0.2, 0.4], [0.3, 0.6]]), np.array([[0.4, 0.8], [0.3, 0.3]]))
    array(1.)
    """
    given = {"aligned_error": aligned_error, "base_error": base_error}
    if not labels.labelled(**given):
        tables = {name: named(array, corruption, severity) for name, array in given.items()}
        return relative_mce_within_pair(**tables, severity=severity, corruption=corruption).values
    aligned, base = comparable(severity, corruption, **given)
    return mce(ce(aligned, base, severity=severity), corruption=corruption)


def relative_mce_global(aligned_mce: Array, base_mce: Array) -> Array:
    """Relative mCE with one reference for all pairs: mCE(aligned) / mCE(base), each against that third model.

    In: two arrays of mCE of one shape and with the same labels, from the same corruptions and the same reference. Out:
    the same, a ratio in [0, inf); below 1 alignment lowers the error. nan where either is, and where mCE(base) is below
    0.02, with a `SmallDenominator` warning. Raises ValueError where labels differ. Differs from
    `relative_mce_within_pair`: a ratio of means, not a mean of ratios. Source: Mireku et al., Eq. 2 and Table 4.

    >>> relative_mce_global(np.array([0.75, 1.5]), np.array([1.5, 1.0]))
    array([0.5, 1.5])
    """
    if not labels.labelled(aligned_mce=aligned_mce, base_mce=base_mce):
        return relative_mce_global(named(aligned_mce), named(base_mce)).values
    aligned, base = comparable(aligned_mce=aligned_mce, base_mce=base_mce)
    return ratio("relative_mce_global", aligned, base)


def macro(values: Array, *, dataset: str = "dataset") -> Array:
    """Macro mean: the mean over datasets, each weighing the same.

    Of ratios it is the mean of the datasets' ratios, not the ratio of the means. In: (..., dataset), such as mCE or
    relative mCE. Out: without `dataset`, in the values' unit. nan where a dataset's value is; the coordinate
    `undefined` counts them. Bare arrays have dataset last. Source: Mireku et al., Tables 3 and 4.

    >>> macro(np.array([0.5, 1.5, 1.0]))
    array(1.)
    """
    if not isinstance(values, xr.DataArray):
        return macro(named(values, dataset), dataset=dataset).values
    return whole_mean("values", values, dataset)


def _total(table: xr.DataArray, severity: str) -> xr.DataArray:
    return table.sum(severity, skipna=False)
