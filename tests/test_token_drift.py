"""Drift token by token: only where the clean and the perturbed picture have the same grid."""

import numpy as np
import pytest
import torch
import xarray as xr
from scipy.spatial import distance

from analyses import drift

NAN = np.nan


def pictures() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray, xr.DataArray]:
    """Tokens of three pictures, clean and under two conditions; the second condition changes the grid of picture b."""
    rng = np.random.default_rng(0)
    coords = {"image": ["a", "b", "c"], "layer": [0, 5]}
    clean = xr.DataArray(rng.normal(size=(3, 2, 6, 4)), dims=("image", "layer", "token", "feature"), coords=coords)
    names = {"condition": ["shift", "scale"], "family": ("condition", ["shift", "scale"])}
    moved = clean + xr.DataArray(
        rng.normal(size=(3, 2, 2, 6, 4)), dims=("image", "condition", "layer", *clean.dims[2:])
    )
    moved = moved.assign_coords(names).transpose("image", "condition", ...)
    grid = xr.DataArray([[1, 2, 3], [1, 2, 3], [1, 1, 4]], dims=("image", "axis"), coords={"image": ["a", "b", "c"]})
    grids = grid.expand_dims(condition=2, axis=1).copy().assign_coords(names)
    grids[1, 1] = [1, 3, 2]
    clean[2, :, 4:], moved[2, :, :, 4:] = NAN, NAN  # picture c has four tokens
    return clean, moved, grid, grids


def test_token_drift_by_hand() -> None:
    # cos of (1,0) and (0,1) is 0; of (3,4) and (4,3) is 24/25
    clean, moved = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 1.0], [4.0, 3.0]])
    grid = np.array([1, 1, 2])
    np.testing.assert_allclose(drift.tokens(clean, moved, grid, grid), [1.0, 1 / 25])
    # |(1,0) - (0,1)| = sqrt 2, and the same again
    np.testing.assert_allclose(drift.tokens(clean, moved, grid, grid, metric="euclidean"), [np.sqrt(2)] * 2)


def test_token_drift_agrees_with_a_loop_and_is_undefined_on_other_grids() -> None:
    clean, moved, grid, grids = pictures()
    result = drift.tokens(clean, moved, grid, grids)
    assert result.dims == ("image", "condition", "layer", "token")
    assert result.family.values.tolist() == ["shift", "scale"]
    assert result.same_grid.values.tolist() == [[True, True], [True, False], [True, True]]
    for i in range(3):
        for j in range(2):
            for token in range(6):
                one = result[i, j, 1, token].item()
                if (i, j) == (1, 1) or (i == 2 and token >= 4):
                    assert np.isnan(one)
                else:
                    assert one == pytest.approx(distance.cosine(clean[i, 1, token], moved[i, j, 1, token]))


def test_an_unknown_grid_is_no_equal_grid() -> None:
    clean, moved, grid, grids = pictures()
    for unknown in (-1, NAN):
        holes = grids.astype(float)
        holes[0, 0] = unknown
        other = grid.astype(float)
        other[0] = unknown
        assert drift.tokens(clean, moved, grid, holes)[0, 0].isnull().all()
        assert drift.tokens(clean, moved, other, holes)[0].isnull().all()
        assert drift.tokens(clean, moved, grid, holes)[0, 1].notnull().all()


def test_numpy_torch_and_dask_agree() -> None:
    clean, moved, grid, grids = pictures()
    expected = drift.tokens(clean, moved, grid, grids)
    lazy = drift.tokens(*(array.chunk(image=1) for array in (clean, moved, grid, grids)))
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), expected)
    bare = [array.isel(condition=1).values if "condition" in array.dims else array.values for array in pictures()]
    bare[2], bare[3] = bare[2][:, None], bare[3][:, None]
    np.testing.assert_array_equal(drift.tokens(*bare), expected[:, 1])
    on_torch = drift.tokens(*(torch.from_numpy(array) for array in bare))
    np.testing.assert_allclose(on_torch.numpy(), expected[:, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        (1, lambda x: x.isel(token=slice(0, 5)), "differ in 'token': 6 against 5"),
        (1, lambda x: x.isel(image=slice(0, 2)), "differ in 'image': only in clean: 'c'"),
        (2, lambda x: x.isel(image=slice(0, 2)), "differ in 'image'"),
        (2, lambda x: x.isel(image=0, drop=True), "a grid belongs to one picture"),
        (3, lambda x: x.isel(condition=0), "a grid belongs to one picture"),
        (3, lambda x: x.rename(axis="side"), "needs .condition, image, axis."),
    ],
)
def test_mismatched_pictures_are_refused_by_name(place: int, change, message: str) -> None:
    arrays = list(pictures())
    arrays[place] = change(arrays[place])
    with pytest.raises(ValueError, match=message):
        drift.tokens(*arrays)


def test_an_unknown_metric_and_mixed_arrays_are_refused() -> None:
    clean, moved, grid, grids = pictures()
    with pytest.raises(ValueError, match="Choose one of cosine, euclidean"):
        drift.tokens(clean, moved, grid, grids, metric="manhattan")
    with pytest.raises(TypeError, match="clean_grid: a bare array"):
        drift.tokens(clean, moved, grid.values, grids)
    with pytest.raises(ValueError, match="shapes differ"):
        drift.tokens(clean.values, moved.values, grid.values, grids.values)
