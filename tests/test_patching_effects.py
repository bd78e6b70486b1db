"""The numbers of activation patching: effects, and what they are weighed by."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from analyses import patching

nats = st.floats(-50, 50, allow_subnormal=False)


def test_an_effect_is_the_share_of_the_gap_that_a_patch_closes() -> None:
    base, source, patched = 3.0, -1.0, np.array([[3.0, 1.0, -1.0, 4.0]])
    found = patching.effect(patched - base, np.array([source - base]))
    np.testing.assert_allclose(found, [[0.0, 0.5, 1.0, -0.25]])  # (p - 3) / (-1 - 3)


@given(base=nats, source=nats, patched=nats)
def test_the_way_towards_the_source_is_the_effect_times_the_size_of_the_gap(base, source, patched) -> None:
    moved, gap = np.array([patched - base]), np.array([source - base])
    way, share = patching.towards(moved, gap), patching.effect(moved, gap)
    assert np.isnan(share[0]) == (gap[0] == 0)
    if gap[0] != 0:
        np.testing.assert_allclose(share * abs(gap), way, atol=1e-9)
    else:
        assert way[0] == 0


def test_both_directions_of_a_pair_have_one_scale() -> None:
    clean, perturbed, halfway = 2.0, -2.0, 0.0
    one = patching.effect(np.array([halfway - clean]), np.array([perturbed - clean]))
    other = patching.effect(np.array([halfway - perturbed]), np.array([clean - perturbed]))
    assert one == other == 0.5


def test_what_is_undefined_stays_undefined() -> None:
    moved = np.array([[np.nan, 1.0], [1.0, 1.0]])
    assert np.isnan(patching.effect(moved, np.array([2.0, np.nan]))).tolist() == [[True, False], [True, True]]
    assert np.isnan(patching.towards(moved, np.array([2.0, np.nan]))).tolist() == [[True, False], [True, True]]


def test_labelled_pairs_are_matched_by_their_labels() -> None:
    moved = xr.DataArray([[1.0, 2.0]], dims=("pair", "layer"), coords={"pair": ["a"]})
    found = patching.effect(moved, xr.DataArray([4.0], dims="pair", coords={"pair": ["a"]}))
    assert found.dims == ("pair", "layer")
    np.testing.assert_allclose(found, [[0.25, 0.5]])
    with pytest.raises(ValueError, match="one gap for each pair"):
        patching.effect(moved.isel(layer=0), moved)
    with pytest.raises(ValueError, match="pair"):
        patching.effect(moved, xr.DataArray([4.0], dims="pair", coords={"pair": ["b"]}))
