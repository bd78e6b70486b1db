"""Laws of spectra that hold for any picture of any size."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import kernels, spectral

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
pictures = st.tuples(st.integers(2, 9), st.integers(2, 9)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 255).map(float))
)
edges = st.sampled_from(kernels.EDGES)
bands = st.integers(1, 5)


@laws
@given(pictures, bands, edges)
def test_every_frequency_lies_in_exactly_one_band(x, count: int, how: str) -> None:
    band = kernels.radial_bands(*x.shape, count, how)
    assert ((band >= 0) & (band < count)).all()
    size = np.bincount(band.ravel(), minlength=count)
    mean = kernels.image_spectrum(x, count, how)
    np.testing.assert_array_equal(np.isnan(mean), size == 0)
    total = (np.nan_to_num(mean) * size).sum()
    np.testing.assert_allclose(total, (x**2).sum() * x.size, rtol=1e-9, atol=1e-9)  # Parseval


@laws
@given(pictures, bands, edges, st.integers(-9, 9))
def test_contrast_squares_the_power_and_brightness_moves_the_mean_alone(x, count: int, how: str, shift: int) -> None:
    power = kernels.image_spectrum(x, count, how)
    np.testing.assert_allclose(kernels.image_spectrum(shift * x, count, how), shift**2 * power, rtol=1e-9, atol=1e-9)
    without = kernels.image_spectrum(x, count, how, keep_dc=False)
    brighter = kernels.image_spectrum(x + shift, count, how, keep_dc=False)
    np.testing.assert_allclose(brighter, without, rtol=1e-7, atol=1e-6)


@laws
@given(pictures, bands, edges, st.integers(0, 9), st.integers(0, 9))
def test_rolling_and_mirroring_leave_the_power(x, count: int, how: str, down: int, right: int) -> None:
    power = kernels.image_spectrum(x, count, how)
    for other in (np.roll(x, (down, right), (0, 1)), x[::-1], x[:, ::-1]):
        np.testing.assert_allclose(kernels.image_spectrum(other, count, how), power, rtol=1e-9, atol=1e-6)


@laws
@given(pictures, st.integers(1, 20), st.integers(1, 20), st.integers(-9, 9), st.integers(-9, 9))
def test_resizing_is_linear_and_leaves_a_flat_picture_flat(x, rows: int, columns: int, factor: int, shift: int) -> None:
    small = spectral.resized(x, rows=rows, columns=columns)
    assert small.shape == (rows, columns)
    result = spectral.resized(factor * x + shift, rows=rows, columns=columns)
    np.testing.assert_allclose(result, factor * small + shift, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(spectral.resized(np.full_like(x, shift), rows=rows, columns=columns), shift, atol=1e-12)


@laws
@given(pictures, st.integers(1, 20), st.integers(1, 20))
def test_resizing_knows_no_left_or_right_nor_which_axis_is_which(x, rows: int, columns: int) -> None:
    small = spectral.resized(x, rows=rows, columns=columns)
    for mirrored, expected in ((x[::-1], small[::-1]), (x[:, ::-1], small[:, ::-1])):
        np.testing.assert_allclose(spectral.resized(mirrored, rows=rows, columns=columns), expected, atol=1e-9)
    np.testing.assert_allclose(spectral.resized(x.T, rows=columns, columns=rows), small.T, atol=1e-9)
