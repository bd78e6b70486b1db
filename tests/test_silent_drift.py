"""Drift that the answer reads and silent drift, against the projection written out with the rows themselves."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses import drift

seeds = st.integers(0, 2**32 - 1)


def drawn(seed, *, options=4, features=12, samples=5, conditions=3):
    draw = np.random.default_rng(seed)
    rows = draw.standard_normal((samples, options, features))
    move = draw.standard_normal((samples, conditions, features))
    change = np.einsum("sof,scf->sco", rows, move)
    return rows, move, change, np.einsum("sof,spf->sop", rows, rows)


def projected(rows, move):
    """|P dh| by an orthonormal basis of the differences of the rows."""
    basis, _ = np.linalg.qr((rows[1:] - rows[0]).T)
    return np.linalg.norm(basis.T @ move)


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_the_length_read_is_that_of_the_projection_on_the_differences_of_the_rows(seed):
    rows, move, change, products = drawn(seed)
    made = drift.length_read(change, products[:, None])
    expected = [[projected(rows[s], move[s, c]) for c in range(move.shape[1])] for s in range(len(rows))]
    np.testing.assert_allclose(made, expected, rtol=1e-6)
    whole = np.linalg.norm(move, axis=-1)
    np.testing.assert_allclose(drift.silent(made, whole) ** 2 + made**2, whole**2, rtol=1e-9)
    share = drift.share_read(made, whole)
    assert ((share >= 0) & (share <= 1)).all()


@given(seeds, st.floats(-50, 50))
@settings(max_examples=25, deadline=None)
def test_what_moves_all_logits_alike_is_not_read(seed, shift):
    _, _, change, products = drawn(seed)
    np.testing.assert_allclose(
        drift.length_read(change + shift, products[:, None]), drift.length_read(change, products[:, None]), rtol=1e-5
    )


def test_two_orthogonal_rows_read_the_move_along_their_difference():
    # w1 = (1, 0), w2 = (0, 1), dh = (3, 4): along (1, -1)/sqrt(2) lies (3 - 4)/sqrt(2)
    read = drift.length_read(np.array([3.0, 4.0]), np.eye(2))
    assert read == pytest.approx(1 / np.sqrt(2))
    assert drift.silent(read, np.array(5.0)) == pytest.approx(np.sqrt(25 - 0.5))
    assert drift.share_read(read, np.array(5.0)) == pytest.approx(0.5 / 25)


def test_options_without_a_row_of_their_own_are_left_out():
    rows, move, change, products = drawn(1)
    change[:, :, 3] = np.nan
    products[:, 3], products[:, :, 3] = np.nan, np.nan
    np.testing.assert_allclose(
        drift.length_read(change, products[:, None])[0, 0], projected(rows[0][:3], move[0, 0]), rtol=1e-6
    )
    assert (drift.dimensions_read(products) == 2).all()
    change[:, :, 1:] = np.nan
    assert np.isnan(drift.length_read(change, products[:, None])).all()


def test_rows_in_one_line_span_one_dimension():
    rows = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    assert drift.dimensions_read(rows @ rows.T) == 1
    assert drift.length_read(rows @ np.array([2.0, 7.0]), rows @ rows.T) == pytest.approx(2.0)


def test_nothing_moved_has_no_share():
    read = drift.length_read(np.zeros(2), np.eye(2))
    assert read == 0
    assert np.isnan(drift.share_read(read, np.array(0.0)))


def test_labels_decide_what_belongs_together():
    _, _, change, products = drawn(2)
    names = {"sample": list("abcde")}
    first = xr.DataArray(change, dims=("sample", "condition", "option"), coords=names)
    second = xr.DataArray(products, dims=("sample", "option", "other_option"), coords=names)
    np.testing.assert_allclose(
        drift.length_read(first, second.isel(sample=[3, 1, 4, 0, 2]).sortby("sample")).values,
        drift.length_read(change, products[:, None]),
    )
    with pytest.raises(ValueError, match="sample"):
        drift.length_read(first, second.assign_coords(sample=list("vwxyz")))
