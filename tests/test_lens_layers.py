"""From which layer on an answer is settled, and where a perturbed reading leaves the clean one."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import lens

readings = arrays(np.int64, (3, 4, 6), elements=st.integers(-1, 2))


def test_an_answer_is_settled_from_where_its_sign_stays():
    # signs + - + +: from layer 2; - - -: from the start; + + -: at the last layer alone
    margins = np.array([[1.0, -1.0, 1.0, 2.0], [-1.0, -1.0, -2.0, -1.0], [1.0, 2.0, 1.0, -1.0]])
    np.testing.assert_array_equal(lens.decision_layer(margins), [2, 0, 3])


def test_without_a_last_margin_nothing_is_settled_and_an_undefined_one_below_is_no_agreement():
    margins = np.array([[1.0, 1.0, np.nan], [1.0, 1.0, 0.0], [1.0, np.nan, 1.0]])
    np.testing.assert_array_equal(lens.decision_layer(margins), [np.nan, np.nan, 2])


@given(readings, readings)
def test_a_reading_diverges_where_a_loop_over_the_layers_says(clean, perturbed):
    made = lens.divergence_layer(clean, perturbed)
    for place in np.ndindex(made.shape):
        one, other = clean[place], perturbed[place]
        expected = np.nan
        if one[-1] != other[-1] and one[-1] >= 0 and other[-1] >= 0:
            expected = len(one) - 1
            while expected and one[expected - 1] != other[expected - 1]:
                expected -= 1
        np.testing.assert_equal(made[place], expected)


@given(arrays(np.float64, (4, 5), elements=st.floats(-2, 2)))
def test_no_scale_of_the_margins_moves_the_layer(margins):
    np.testing.assert_array_equal(lens.decision_layer(margins), lens.decision_layer(margins * 7))


def test_layers_are_named_by_their_numbers():
    margins = xr.DataArray([[1.0, -1.0, -1.0]], dims=("sample", "layer"), coords={"layer": [0, 8, 16]})
    assert lens.decision_layer(margins).item() == 8
    clean = xr.DataArray([[0, 0, 0]], dims=("sample", "layer"), coords={"layer": [0, 8, 16]})
    perturbed = clean.expand_dims(condition=["a"], axis=1).copy(data=[[[0, 0, 1]]])
    assert lens.divergence_layer(clean, perturbed).item() == 16
    with pytest.raises(ValueError, match="layer"):
        lens.divergence_layer(clean.assign_coords(layer=[1, 2, 3]), perturbed)
