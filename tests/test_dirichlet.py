"""Dirichlet energy against hand counts, loops and the graph Laplacian."""

import dask.array
import networkx
import numpy as np
import pytest
import torch
import xarray as xr

from analyses import correlation, dirichlet, drift, kernels


def tokens(shape: tuple[int, ...] = (1, 4, 5), features: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(*shape, features))


def edges_by_hand(frames: int, rows: int, columns: int) -> list[tuple[tuple[int, int, int], tuple[int, int, int]]]:
    places = [(t, r, c) for t in range(frames) for r in range(rows) for c in range(columns)]
    ahead = [((t, r, c), (t, r + dr, c + dc)) for t, r, c in places for dr, dc in ((0, 1), (1, 0))]
    return [(u, v) for u, v in ahead if v in places]


def test_energy_by_hand() -> None:
    # 2 x 2, one feature: 0 1 / 0 3. right: 1, 9; down: 0, 4; 4 edges: 14 / 4
    grid = np.array([[[0.0], [1.0]], [[0.0], [3.0]]])
    assert dirichlet.energy(grid) == pytest.approx(3.5)
    # mean 1, squared distances 1, 0, 1, 4: mean 1.5
    assert dirichlet.energy(grid, scale_free=True) == pytest.approx(3.5 / 1.5)


@pytest.mark.parametrize("shape", [(1, 4, 5), (3, 2, 4), (1, 1, 6), (2, 5, 1)])
def test_energy_agrees_with_a_loop_over_edges(shape: tuple[int, int, int]) -> None:
    x = tokens(shape)
    edges = edges_by_hand(*shape)
    expected = sum(((x[u] - x[v]) ** 2).sum() for u, v in edges) / len(edges)
    assert kernels.dirichlet_energy(x) == pytest.approx(expected)


def test_energy_is_the_laplacian_form() -> None:
    x = tokens((1, 4, 5))
    graph = networkx.grid_2d_graph(4, 5)
    laplacian = networkx.laplacian_matrix(graph, nodelist=sorted(graph)).toarray()
    flat = x.reshape(20, 3)
    expected = 2 * np.trace(flat.T @ laplacian @ flat) / (2 * graph.number_of_edges())
    assert kernels.dirichlet_energy(x) == pytest.approx(expected)


def test_frames_are_not_neighbours() -> None:
    still = np.broadcast_to(np.arange(3.0)[:, None, None, None], (3, 2, 2, 1))
    assert kernels.dirichlet_energy(still) == 0


def test_a_grid_without_edges_is_undefined() -> None:
    assert np.isnan(kernels.dirichlet_energy(tokens((1, 1, 1))))


def test_undefined_tokens_make_the_energy_undefined() -> None:
    x = tokens((2, 1, 4, 5))
    x[0, 0, 1, 1, 0], x[1, 0, 0, 0, 0] = np.nan, np.inf
    assert np.isnan(kernels.dirichlet_energy(x)).all()
    assert np.isnan(kernels.dirichlet_energy(x, scale_free=True)).all()


def test_the_scale_free_energy_of_constant_tokens_is_undefined() -> None:
    assert np.isnan(kernels.dirichlet_energy(np.full((1, 7, 7, 3), 0.1, np.float32), scale_free=True))


@pytest.mark.parametrize("scale_free", [False, True])
def test_numpy_torch_and_dask_agree(scale_free: bool) -> None:
    x = tokens((6, 2, 14, 14), 64).astype(np.float32)
    expected = kernels.dirichlet_energy(x, scale_free)
    assert expected.dtype == np.float32
    np.testing.assert_allclose(kernels.dirichlet_energy(torch.from_numpy(x), scale_free).numpy(), expected, rtol=1e-6)
    lazy = kernels.dirichlet_energy(dask.array.from_array(x, chunks=(2, 2, 14, 14, 64)), scale_free)
    np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-6)


def test_float32_is_close_to_float64() -> None:
    x = tokens((1, 24, 24), 1024) + 5
    single = kernels.dirichlet_energy(x.astype(np.float32))
    assert single == pytest.approx(kernels.dirichlet_energy(x), rel=1e-5)


def test_labelled_tokens_give_labelled_energy() -> None:
    x = xr.DataArray(
        tokens((2, 3, 4, 5)),
        dims=("image", "layer", "row", "col", "feature"),
        coords={"image": ["a", "b"], "layer": [0, 1, 2]},
    )
    result = dirichlet.energy(x.transpose("feature", "row", "image", "col", "layer"))
    assert set(result.dims) == {"image", "layer"}
    assert result.sel(image="b", layer=2).item() == pytest.approx(float(dirichlet.energy(x[1, 2].values)))
    video = x.rename(layer="frame")
    assert dirichlet.energy(video, grid=("frame", "row", "col")).dims == ("image",)
    lazy = dirichlet.energy(x.chunk(image=1, row=1))
    xr.testing.assert_allclose(lazy.compute(), dirichlet.energy(x))


def test_bare_axes_can_be_numbered() -> None:
    x = tokens((4, 5))
    assert dirichlet.energy(x.transpose(2, 1, 0), grid=(2, 1), dim=0) == pytest.approx(float(dirichlet.energy(x)))


def test_a_grid_has_two_or_three_dimensions() -> None:
    with pytest.raises(ValueError, match="frame, row, column"):
        dirichlet.energy(tokens(), grid=("row",))
    with pytest.raises(ValueError, match="add a frame axis"):
        kernels.dirichlet_energy(np.ones((4, 4, 3)))
    with pytest.raises(ValueError, match="no dimension 'row'"):
        dirichlet.energy(xr.DataArray(np.ones((4, 3)), dims=("token", "feature")))


def test_tokens_unfold_row_by_row_and_lose_their_padding() -> None:
    flat = xr.DataArray(np.arange(2 * 14).reshape(2, 14), dims=("image", "token"), coords={"image": ["a", "b"]})
    grid = dirichlet.unfold(flat, (2, 2, 3))
    assert grid.dims == ("image", "frame", "row", "col")
    assert grid.sel(image="b")[1, 1, 2] == 14 + 11
    with pytest.raises(ValueError, match="14 tokens for a grid"):
        dirichlet.unfold(flat, (1, 4, 4))


def ragged() -> tuple[xr.DataArray, xr.DataArray]:
    """Tokens of three pictures at two layers on three grids, the shorter ones padded."""
    grid = xr.DataArray([[1, 2, 3], [1, 2, 2], [2, 1, 3]], dims=("image", "axis"), coords={"image": ["a", "b", "c"]})
    flat = xr.DataArray(
        tokens((3, 2, 7), 4), dims=("image", "layer", "token", "feature"), coords={"image": ["a", "b", "c"]}
    )
    count = grid.prod("axis")
    return flat.where(xr.DataArray(np.arange(7), dims="token") < count), grid


@pytest.mark.parametrize("scale_free", [False, True])
def test_ragged_grids_are_measured_one_by_one(scale_free: bool) -> None:
    flat, grid = ragged()
    result = dirichlet.ragged_energy(flat, grid, scale_free=scale_free)
    assert result.dims == ("image", "layer")
    for i, shape in enumerate(grid.values):
        laid = dirichlet.unfold(flat[i], tuple(shape))
        alone = dirichlet.energy(laid, grid=("frame", "row", "col"), scale_free=scale_free)
        np.testing.assert_allclose(result[i], alone, rtol=1e-12)
    np.testing.assert_array_equal(dirichlet.ragged_energy(flat.values, grid.values, scale_free=scale_free), result)
    lazy = dirichlet.ragged_energy(flat.chunk(image=1, layer=1), grid.chunk(image=2), scale_free=scale_free)
    xr.testing.assert_identical(lazy.compute(), result)
    single = dirichlet.ragged_energy(flat.astype(np.float32), grid, scale_free=scale_free)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, result, rtol=1e-5)


def test_a_picture_whose_grid_is_unknown_or_too_large_has_no_energy() -> None:
    flat, grid = ragged()
    odd = grid.astype(float)
    odd[0], odd[1] = np.nan, [-1, -1, -1]
    odd[2] = [1, 4, 4]
    assert dirichlet.ragged_energy(flat, odd).isnull().all()
    flat[0, 1, 2] = np.nan
    assert dirichlet.ragged_energy(flat, grid).isnull().values.tolist() == [[False, True], [False] * 2, [False] * 2]


def test_ragged_grids_must_belong_to_their_pictures() -> None:
    flat, grid = ragged()
    with pytest.raises(ValueError, match="give each picture its own grid"):
        dirichlet.ragged_energy(flat, grid.isel(image=0, drop=True))
    with pytest.raises(ValueError, match="differ in 'image'"):
        dirichlet.ragged_energy(flat, grid[:2])
    with pytest.raises(ValueError, match="frames, rows and columns"):
        dirichlet.ragged_energy(flat, grid[:, :2])
    with pytest.raises(ValueError, match="leading ones"):
        dirichlet.ragged_energy(flat.values, grid.values[:2])


def test_change_by_hand_and_its_labels() -> None:
    # 3.5 - 2 and 1 - 2; 4 - 4
    np.testing.assert_array_equal(
        dirichlet.change(np.array([2.0, 4.0]), np.array([[3.5, 1.0], [4.0, np.nan]])), [[1.5, -1.0], [0.0, np.nan]]
    )
    after = xr.DataArray(
        tokens((3, 2, 4)), dims=("image", "condition", "layer", "x"), coords={"image": ["a", "b", "c"]}
    )
    before = after.isel(condition=0).assign_coords(condition="clean")
    result = dirichlet.change(before, after)
    assert result.dims == after.dims
    assert (result.isel(condition=0) == 0).all()
    xr.testing.assert_identical(dirichlet.change(before.chunk(image=1), after.chunk(image=1)).compute(), result)
    with pytest.raises(ValueError, match="differ in 'image': only in clean: 'c'; only in perturbed: none"):
        dirichlet.change(before, after[:2])
    with pytest.raises(ValueError, match="a dimension 'layer'"):
        dirichlet.change(before.isel(layer=0, drop=True), after)


def test_change_of_energy_correlates_with_drift_by_image() -> None:
    rng = np.random.default_rng(4)
    clean = xr.DataArray(rng.normal(size=(20, 4, 4, 8)), dims=("image", "row", "col", "feature"))
    clean = clean.assign_coords(image=[f"i{i:02}" for i in range(20)])
    noise = xr.DataArray(rng.normal(size=(20, 3, 4, 4, 8)), dims=("image", "condition", "row", "col", "feature"))
    moved = clean + xr.DataArray([0.2, 0.5, 1.0], dims="condition") * noise
    rougher = dirichlet.change(dirichlet.energy(clean), dirichlet.energy(moved))
    far = drift.cosine(clean, moved).mean(["row", "col"])
    pairs = [array.stack(pair=("image", "condition")).reset_index("pair") for array in (rougher, far)]
    result = correlation.interval(*pairs, dim="pair", cluster="image", resamples=200)
    estimate, low, high = result.values
    assert estimate == pytest.approx(
        np.corrcoef(rougher.values.ravel(), far.transpose(*rougher.dims).values.ravel())[0, 1]
    )
    assert 0.5 < low < estimate < high < 1
