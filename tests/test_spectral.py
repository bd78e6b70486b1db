"""Band powers against loops over frequencies, pure waves, and Parseval."""

import dask.array
import numpy as np
import pytest
import torch
import xarray as xr
from PIL import Image

from analyses import dirichlet, kernels, spectral
from probe.extraction.reductions import structure
from probe.perturbations.frequency import FAMILIES


def picture(shape: tuple[int, ...] = (12, 17), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, size=shape)


def wave(rows: int, columns: int, down: int, right: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return np.cos(2 * np.pi * (down * y / rows + right * x / columns))


def test_edges_are_those_of_the_definition() -> None:
    # 8 x 8: the farthest frequency is (-4, -4), r_max = sqrt(32)
    r_max = np.sqrt(32)
    np.testing.assert_allclose(kernels.radial_edges(8, 8), np.geomspace(1, r_max + 1, 4) - 1)
    np.testing.assert_allclose(kernels.radial_edges(8, 8, 4, "equal_width"), np.linspace(0, r_max, 5))


@pytest.mark.parametrize("edges", kernels.EDGES)
def test_band_power_agrees_with_a_loop_over_shifted_frequencies(edges: str) -> None:
    image = picture()
    power = np.abs(np.fft.fftshift(np.fft.fft2(image))) ** 2
    limits = kernels.radial_edges(12, 17, 3, edges)
    groups: list[list[float]] = [[], [], []]
    for row in range(12):
        for column in range(17):
            radius = np.hypot(row - 6, column - 8)
            band = max(k for k in range(3) if radius >= limits[k] or k == 0)
            groups[band].append(power[row, column])
    np.testing.assert_allclose(spectral.band_power(image, edges=edges), [np.mean(group) for group in groups])


def test_equal_count_bands_are_nearly_equal() -> None:
    band = kernels.radial_bands(32, 32, 4, "equal_count")
    counts = np.bincount(band.ravel())
    assert counts.sum() == 1024
    assert np.abs(counts - 256).max() < 16


def test_parseval() -> None:
    image = picture()
    bands = np.bincount(kernels.radial_bands(12, 17, 3, "geometric").ravel(), minlength=3)
    total = (spectral.band_power(image) * bands).sum()
    assert total == pytest.approx((image**2).sum() * image.size)


def test_a_flat_picture_is_all_mean() -> None:
    np.testing.assert_allclose(spectral.band_power(np.full((8, 8), 3.0), keep_dc=False)[1:], 0, atol=1e-12)
    # the lowest of 3 bands of 8 x 8 reaches to radius 0.88: it holds DC alone, (sum of the picture)^2
    np.testing.assert_allclose(spectral.band_power(np.full((8, 8), 3.0)), [(3 * 64) ** 2, 0, 0], atol=1e-12)


def test_a_wave_lies_in_its_own_band() -> None:
    # radius 5 of at most sqrt(8^2 + 8^2) = 11.3: edges 0, 1.31, 4.33, 11.3
    result = spectral.band_power(wave(16, 16, 3, 4))
    assert result.argmax() == 2
    np.testing.assert_allclose(result[:2], 0, atol=1e-9)


def test_channels_stay_apart_and_integers_are_exact() -> None:
    image = picture((12, 17, 3)).astype(np.uint8)
    result = spectral.band_power(image)
    assert result.shape == (3, 3)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result[1], spectral.band_power(image[..., 1].astype(float)))


def test_a_band_without_frequencies_and_a_picture_with_a_hole_are_undefined() -> None:
    assert np.isnan(kernels.image_spectrum(np.ones((2, 2)))[1])  # radii 0, 1, 1.41; the middle band is 0.34 to 0.80
    broken = picture()
    broken[3, 3] = np.nan
    assert np.isnan(spectral.band_power(broken)).all()


def test_token_spectrum_is_the_mean_over_features() -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 5))
    expected = np.mean([kernels.image_spectrum(x[..., k]) for k in range(5)], axis=0)
    np.testing.assert_allclose(kernels.token_spectrum(x), expected)


@pytest.mark.parametrize("keep_dc", [True, False])
def test_numpy_torch_and_dask_agree(keep_dc: bool) -> None:
    x = np.random.default_rng(1).normal(2, 1, size=(4, 14, 14, 32)).astype(np.float32)
    expected = kernels.token_spectrum(x, keep_dc=keep_dc)
    assert expected.dtype == np.float32
    on_torch = kernels.token_spectrum(torch.from_numpy(x), keep_dc=keep_dc)
    np.testing.assert_allclose(on_torch.numpy(), expected, rtol=1e-5)
    lazy = kernels.token_spectrum(dask.array.from_array(x, chunks=(1, 14, 14, 32)), keep_dc=keep_dc)
    np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-6)
    bfloat = kernels.token_spectrum(torch.from_numpy(x).bfloat16(), keep_dc=keep_dc)
    assert bfloat.dtype == torch.float32


def test_labelled_pictures_give_labelled_bands() -> None:
    images = xr.DataArray(
        picture((2, 3, 12, 17)), dims=("image", "channel", "y", "x"), coords={"image": ["a", "b"]}
    ).transpose("image", "y", "x", "channel")
    result = spectral.band_power(images, bands=4)
    assert dict(result.sizes) == {"image": 2, "channel": 3, "band": 4}
    np.testing.assert_allclose(result.band_high[:-1], result.band_low[1:])
    lazy = spectral.band_power(images.chunk(image=1, y=5), bands=4)
    xr.testing.assert_allclose(lazy.compute(), result)
    tokens = images.rename(y="row", x="col", channel="feature")
    np.testing.assert_allclose(spectral.token_spectrum(tokens, bands=4), result.mean("channel"))


def test_frames_have_spectra_of_their_own_which_are_averaged() -> None:
    tokens = xr.DataArray(
        np.random.default_rng(2).normal(size=(3, 4, 6, 7, 5)), dims=("image", "frame", "row", "col", "feature")
    )
    result = spectral.token_spectrum(tokens, grid=("frame", "row", "col"))
    assert dict(result.sizes) == {"image": 3, "band": 3}
    np.testing.assert_allclose(result, spectral.token_spectrum(tokens).mean("frame"))
    np.testing.assert_allclose(result.band_high, spectral.token_spectrum(tokens).band_high)
    bare = spectral.token_spectrum(tokens.values, grid=("frame", "row", "col"))
    np.testing.assert_allclose(bare, result)
    # one frame alone: feature by feature, band by band, over 6 x 7 frequencies
    band = kernels.radial_bands(6, 7, 3, "geometric")
    power = np.mean([np.abs(np.fft.fft2(tokens.values[0, 1, ..., k])) ** 2 for k in range(5)], axis=0)
    expected = [power[band == k].mean() for k in range(3)]
    np.testing.assert_allclose(spectral.token_spectrum(tokens.values[0, 1:2], grid=("frame", "row", "col")), expected)
    with pytest.raises(ValueError, match=r"grid=\('col',\): a token grid has"):
        spectral.token_spectrum(tokens, grid=("col",))


def test_spectra_reduced_during_capture_are_those_of_the_labelled_function() -> None:
    tokens = torch.randn(2, 3 * 4 * 5, 8, generator=torch.Generator().manual_seed(0))
    captured = structure(tokens, (3, 4, 5))["spectrum"]
    unfolded = dirichlet.unfold(xr.DataArray(tokens.numpy(), dims=("layer", "token", "feature")), (3, 4, 5))
    result = spectral.token_spectrum(unfolded, grid=("frame", "row", "col"))
    np.testing.assert_allclose(captured.numpy(), result, rtol=1e-5)
    assert "spectrum" not in structure(tokens, (3, 4, 4))  # tokens that do not fill the grid have none


def test_a_ragged_grid_padded_with_nan_is_undefined_for_its_image_alone() -> None:
    tokens = xr.DataArray(np.random.default_rng(3).normal(size=(3, 6, 7, 5)), dims=("image", "row", "col", "feature"))
    tokens[1, 4:] = np.nan
    result = spectral.token_spectrum(tokens)
    assert result.isnull().all("band").values.tolist() == [False, True, False]
    np.testing.assert_array_equal(result[[0, 2]], spectral.token_spectrum(tokens[[0, 2]]))


@pytest.mark.parametrize("size", [(9, 8), (24, 34), (5, 40), (12, 17), (1, 1)])
def test_resizing_is_pillows_without_its_rounding(size: tuple[int, int]) -> None:
    image = picture().astype(np.float32)
    expected = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
    result = spectral.resized(image, rows=size[0], columns=size[1])
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-3)
    levels = np.random.default_rng(0).integers(0, 256, (12, 17, 3)).astype(np.uint8)
    rounded = np.asarray(Image.fromarray(levels).resize(size[::-1], Image.Resampling.BICUBIC))
    # Pillow rounds and clips twice, after either pass
    assert np.abs(np.clip(spectral.resized(levels, rows=size[0], columns=size[1]), 0, 255) - rounded).mean() < 0.5


def test_the_same_size_is_the_same_picture_and_a_hole_undoes_it() -> None:
    image = picture((12, 17, 3))
    np.testing.assert_array_equal(spectral.resized(image, rows=12, columns=17), image)
    image[3, 3, 0] = np.nan
    result = spectral.resized(image, rows=6, columns=6)
    assert np.isnan(result[..., 0]).all()
    assert not np.isnan(result[..., 1:]).any()
    with pytest.raises(ValueError, match="rows=0"):
        spectral.resized(image, rows=0, columns=6)


def test_resized_pictures_keep_their_other_labels_in_three_libraries() -> None:
    images = xr.DataArray(
        picture((2, 12, 17, 3)),
        dims=("image", "y", "x", "channel"),
        coords={"image": ["a", "b"], "channel": list("rgb"), "y": np.arange(12)},
    )
    result = spectral.resized(images, rows=6, columns=10)
    assert result.dims == images.dims
    assert set(result.coords) == {"image", "channel"}
    np.testing.assert_allclose(result, spectral.resized(images.values, rows=6, columns=10))
    np.testing.assert_allclose(result[1, ..., 2], spectral.resized(images.values[1, ..., 2], rows=6, columns=10))
    xr.testing.assert_allclose(spectral.resized(images.chunk(image=1, y=5), rows=6, columns=10).compute(), result)
    on_torch = spectral.resized(torch.from_numpy(images.values), rows=6, columns=10)
    np.testing.assert_allclose(on_torch.numpy(), result)
    lazy = spectral.resized(dask.array.from_array(images.values, chunks=(1, 12, 17, 3)), rows=6, columns=10)
    np.testing.assert_allclose(lazy.compute(), result)
    first = spectral.resized(images.values.transpose(1, 2, 0, 3), rows=6, columns=10, dims=(0, 1))
    np.testing.assert_allclose(first, result.values.transpose(1, 2, 0, 3))


def test_pictures_of_two_sizes_are_compared_only_once_resized() -> None:
    clean = xr.DataArray(picture((12, 17)), dims=("y", "x"))
    smaller = spectral.resized(clean, rows=11, columns=15)
    before, after = spectral.band_power(clean), spectral.band_power(smaller)
    for compare in (spectral.change, spectral.relative_change):
        with pytest.raises(ValueError, match=r"differ in 'band_low'.*`resized`"):
            compare(before, after)
    back = spectral.band_power(spectral.resized(smaller, rows=12, columns=17))
    change = spectral.relative_change(before, back)
    assert change[0].item() == pytest.approx(0, abs=0.02)  # the coarse part is all there
    assert change[2].item() < -0.1  # the fine part is lost
    with pytest.raises(ValueError, match="differ in 'band_low'"):
        spectral.change(before, spectral.band_power(clean, edges="equal_width"))
    several = xr.concat([before, 2 * before], "condition")
    assert spectral.change(before, several).dims == ("condition", "band")


def test_a_low_pass_empties_the_fine_band_and_keeps_the_coarse() -> None:
    family = next(family for family in FAMILIES if family.name == "low_pass")
    pixels = np.random.default_rng(0).integers(64, 192, (32, 32, 3)).astype(np.uint8)
    passed = family.function(pixels, np.random.default_rng(0), cutoff=0.5)
    # of 2 bands of equal width the border is rho = 1/2, that of the cutoff
    change = spectral.relative_change(
        *(spectral.band_power(x, bands=2, edges="equal_width", keep_dc=False) for x in (pixels, passed))
    )
    np.testing.assert_allclose(change[:, 0], 0, atol=0.01)
    np.testing.assert_allclose(change[:, 1], -1, atol=0.01)  # but for rounding to levels


def test_change_by_hand() -> None:
    clean, perturbed = np.array([4.0, 2.0, 0.0]), np.array([3.0, 3.0, 0.0])
    np.testing.assert_allclose(spectral.change(clean, perturbed), [-1, 1, 0])
    np.testing.assert_allclose(spectral.relative_change(clean, perturbed), [-0.25, 0.5, 0], rtol=1e-8)


def test_labelled_change_keeps_to_its_images() -> None:
    clean = xr.DataArray(picture((2, 3)), dims=("image", "band"), coords={"image": ["a", "b"]})
    moved = xr.concat([clean, 2 * clean], "condition").assign_coords(condition=["clean", "x"])
    result = spectral.relative_change(clean, moved)
    assert result.dims == moved.dims
    np.testing.assert_allclose(result.sel(condition="x"), 1.0)
    with pytest.raises(ValueError, match="differ in 'image'"):
        spectral.change(clean, moved.assign_coords(image=["a", "c"]))
    with pytest.raises(ValueError, match="shapes differ"):
        spectral.change(np.ones(3), np.ones(4))


def test_unknown_edges_and_no_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="Choose one of geometric"):
        spectral.band_power(picture(), edges="log")
    with pytest.raises(ValueError, match="at least 1 band"):
        spectral.band_power(picture(), bands=0)


def test_shifting_a_picture_around_leaves_its_spectrum() -> None:
    image = picture()
    np.testing.assert_allclose(spectral.band_power(np.roll(image, (3, -5), (0, 1))), spectral.band_power(image))


def field(rows: int, columns: int) -> np.ndarray:
    """One smooth field of four features, sampled on a grid: (row, column, feature)."""
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    waves = [(0, 0), (1, 0), (2, 1), (4, 3)]
    return np.stack([1 + np.cos(2 * np.pi * (i * y[:, None] + j * x[None, :])) for i, j in waves], axis=-1)


def test_the_same_field_on_two_grids_has_no_change_of_its_token_spectrum() -> None:
    fine, coarse = spectral.token_spectrum(field(14, 14)), spectral.token_spectrum(field(13, 13))
    apart = spectral.relative_change(fine, coarse)
    # DC is (sum of the tokens)^2, and a wave (n / 2)^2 at each of its two places: both grow with n^2, n tokens
    assert apart[0] == pytest.approx((169 / 196) ** 2 - 1)
    assert (apart < -0.05).all(), "what has not changed looks changed"
    fourteen, thirteen = np.array([1, 14, 14]), np.array([1, 13, 13])
    for compare in (spectral.change, spectral.relative_change):
        assert np.isnan(compare(fine, coarse, clean_grid=fourteen, perturbed_grid=thirteen)).all()
        np.testing.assert_array_equal(compare(fine, fine, clean_grid=fourteen, perturbed_grid=fourteen), np.zeros(3))
    with pytest.raises(ValueError, match="the grid of one side alone"):
        spectral.change(fine, coarse, clean_grid=fourteen)


def test_spectra_of_a_run_are_compared_on_equal_and_known_grids_alone() -> None:
    shapes = {"a": [(14, 14), (13, 13), (14, 14)], "b": [(12, 14), (12, 14), (14, 12)]}
    power = np.array([[spectral.token_spectrum(field(*shape)) for shape in each] for each in shapes.values()])
    coords = {"image": list(shapes), "condition": ["clean", "shift", "turn"], "layer": [0, 6]}
    dims = ("image", "condition", "layer", "band")
    spectra = xr.DataArray(np.repeat(power[:, :, None], 2, axis=2), dims=dims, coords=coords)
    grid = xr.DataArray(
        [[[1, *shape] for shape in each] for each in shapes.values()],
        dims=("image", "condition", "axis"),
        coords={name: coords[name] for name in ("image", "condition")},
    )

    def change(grids: xr.DataArray) -> xr.DataArray:
        clean, own = (array.sel(condition="clean", drop=True) for array in (spectra, grids))
        return spectral.relative_change(clean, spectra, clean_grid=own, perturbed_grid=grids)

    result = change(grid)
    assert result.dims == dims
    equal = [[True, False, True], [True, True, False]]
    assert result.same_grid.values.tolist() == equal, "as many tokens in other rows and columns are another grid"
    for place, defined in np.ndenumerate(equal):
        np.testing.assert_array_equal(result.values[place], np.zeros((2, 3)) if defined else np.full((2, 3), np.nan))
    unknown = grid.copy()
    unknown[0] = -1  # of pictures without a common grid
    assert change(unknown).same_grid.values.tolist() == [[False] * 3, equal[1]]
    lazy = spectral.relative_change(
        *(array.chunk(image=1) for array in (spectra.sel(condition="clean", drop=True), spectra)),
        clean_grid=grid.sel(condition="clean", drop=True).chunk(image=1),
        perturbed_grid=grid.chunk(image=1),
    )
    xr.testing.assert_identical(lazy.compute(), result)
    with pytest.raises(ValueError, match="a grid belongs to one picture"):
        spectral.change(spectra[:, 0], spectra, clean_grid=grid[:, 0], perturbed_grid=grid[:, 1])
