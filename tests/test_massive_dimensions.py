"""Massive dimensions: drift with every feature on its own scale, and the share of the largest dimensions."""

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine
from sklearn.preprocessing import StandardScaler

from analyses import drift

seeds = st.integers(0, 2**32 - 1)


def states(seed, *, samples=6, conditions=2, features=9):
    draw = np.random.default_rng(seed)
    scale = np.exp(draw.normal(0, 3, features))
    clean = draw.standard_normal((samples, features)) * scale + scale
    moved = clean[:, None] + draw.standard_normal((samples, conditions, features)) * scale * 0.3
    others = draw.standard_normal((20, features)) * scale + scale
    return (
        xr.DataArray(clean, dims=("sample", "feature")),
        xr.DataArray(moved, dims=("sample", "condition", "feature")),
        xr.DataArray(others, dims=("sample", "feature")),
    )


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_standardised_drift_is_the_cosine_of_what_scikit_learns_scaler_gives(seed):
    clean, moved, others = states(seed)
    made = drift.standardised(clean, moved, mean=others.mean("sample"), deviation=others.std("sample"))
    scaler = StandardScaler().fit(others.values)
    first = scaler.transform(clean.values)
    for c in range(moved.sizes["condition"]):
        second = scaler.transform(moved.values[:, c])
        np.testing.assert_allclose(made[:, c], [cosine(a, b) for a, b in zip(first, second, strict=True)], atol=1e-6)


@given(seeds, st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_no_unit_of_a_feature_changes_standardised_drift(seed, unit):
    clean, moved, others = states(seed)
    factor = xr.DataArray(np.r_[unit, np.ones(8)], dims="feature")

    def measured(by):
        fitted = others * by
        return drift.standardised(clean * by, moved * by, mean=fitted.mean("sample"), deviation=fitted.std("sample"))

    plain, scaled = measured(1.0), measured(factor)
    np.testing.assert_allclose(scaled, plain, atol=1e-6)


def test_the_share_of_the_largest_is_that_of_their_squares():
    still = xr.DataArray(np.zeros((1, 5)), dims=("sample", "feature"))
    moved = xr.DataArray([[3.0, -1.0, 2.0, 0.0, 1.0]], dims=("sample", "feature"))
    # squares 9 1 4 0 1: 9 + 4 + 1 of 15
    np.testing.assert_allclose(drift.share_of_largest(still, moved), [14 / 15])
    np.testing.assert_allclose(drift.share_of_largest(still, moved, count=9), [1.0])


def test_what_did_not_move_or_is_unknown_has_no_share():
    still = xr.DataArray([[1.0, 2.0], [1.0, np.nan]], dims=("sample", "feature"))
    assert drift.share_of_largest(still, still).isnull().all()
    mean, deviation = xr.DataArray([0.0, 0.0], dims="feature"), xr.DataArray([1.0, 1.0], dims="feature")
    made = drift.standardised(still, still, mean=mean, deviation=deviation)
    assert float(made[0]) < 1e-6
    assert np.isnan(made[1])


def test_a_feature_that_never_varies_is_left_out():
    clean = xr.DataArray([[5.0, 1.0, 0.0]], dims=("sample", "feature"))
    moved = xr.DataArray([[9.0, 0.0, 1.0]], dims=("sample", "feature"))
    mean = xr.DataArray([5.0, 0.0, 0.0], dims="feature")
    made = drift.standardised(clean, moved, mean=mean, deviation=xr.DataArray([0.0, 1.0, 1.0], dims="feature"))
    np.testing.assert_allclose(made, [1.0], atol=1e-6)  # (1, 0) against (0, 1)
