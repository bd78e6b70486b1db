"""Elastic transforms: the field against scipy's gaussian, reading between pixels against scipy's interpolation."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from probe.perturbations.common import elastic

ELASTIC, AUTHORS = elastic.FAMILIES
SIZES = [(1, 1), (1, 60), (2, 2), (3, 4), (32, 32), (33, 200), (200, 33)]


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def ramps(height, width):
    """Each pixel's value is its own place: row, column, 0."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, 0 * rows], axis=-1).astype(np.float32)


def made(family, pixels, level, seed=0):
    return family.function(pixels, np.random.default_rng(seed), **family.settings(family.at(level)))


@pytest.mark.parametrize("size", [(1, 1), (1, 33), (33, 2), (150, 101)])
@pytest.mark.parametrize("sigmas", [(0.02, 0.4), (2.24, 3.1), (171, 171)])
def test_a_field_is_smoothed_by_a_gaussian_with_mirrored_ends(size, sigmas):
    field = np.random.default_rng(0).integers(-65535, 65536, size).astype(float)
    exact = ndimage.gaussian_filter(field, sigmas, mode="reflect", truncate=3)
    assert np.abs(elastic._smoothed(field, sigmas) - exact).max() < 1 / elastic.GRAIN


@pytest.mark.parametrize(("edge", "mode"), [(0.5, "reflect"), (0, "mirror")])
@pytest.mark.parametrize("size", [(40, 50), (2, 3), (200, 120)])
def test_reading_between_pixels_is_linear_and_mirrors_the_picture_beyond_its_borders(edge, mode, size):
    values, rng = noise(*size).astype(np.float32), np.random.default_rng(1)
    rows, columns = (rng.uniform(-2.5 * side, 3.5 * side, size) for side in size)
    rows[0], columns[:, 0] = 0, size[1] - 1
    exact = [ndimage.map_coordinates(values[..., channel], (rows, columns), order=1, mode=mode) for channel in range(3)]
    assert np.abs(elastic._read(values, rows, columns, edge=edge) - np.stack(exact, axis=-1)).max() < 1e-3


@pytest.mark.parametrize("size", [(64, 90), (160, 120)])
def test_displacements_are_a_few_px_at_any_size(size):
    # uniform in ±0.005 h: 0.005 h / √3; a gaussian of σ px divides by 2 √π σ, here σ² = 0.01 h · 0.01 w
    alpha, (height, width) = 30, size
    expected = alpha * 0.005 * height / np.sqrt(3) / (2 * np.sqrt(np.pi) * 0.01 * np.sqrt(height * width))
    moves = []
    for seed in range(12):
        across, down = elastic._displacements(*size, np.random.default_rng(seed), sigmas=(0.01 * height, 0.01 * width))
        moves += [alpha * 0.005 * height * across, alpha * 0.005 * height * down]
    assert np.std(moves) == pytest.approx(expected, rel=0.1)
    assert abs(np.mean(moves)) < 0.1 * expected


def test_pixels_are_read_where_the_field_says():
    # away from the borders a ramp shows its own displacement
    down, across = np.full((30, 40), 2.25), np.full((30, 40), -3.5)
    found = elastic._displaced(ramps(30, 40), down, across) - ramps(30, 40)
    assert np.allclose(found[4:-4, 4:-4], [2.25, -3.5, 0])


@pytest.mark.parametrize("size", [(60, 60), (45, 90), (90, 45)])
def test_the_affine_map_moves_the_three_corners_of_the_central_square_by_what_is_drawn(size):
    height, width = size
    moves = np.array([[2, -3], [4, 1], [-1, 5]])
    # the square's half side is 45 // 3 = 15 px (20 px of 60)
    half = min(size) // 3
    x, y = width // 2, height // 2
    corners = [(x + half, y + half), (x + half, y - half), (x - half, y - half)]
    found = elastic._affine(ramps(height, width), moves)
    for (x, y), (right, down) in zip(corners, moves, strict=True):
        if x + right < width and y + down < height:
            assert found[y + down, x + right].tolist() == pytest.approx([y, x, 0], abs=1e-3)


@pytest.mark.parametrize("size", SIZES)
def test_without_amplitude_nothing_moves(size):
    pixels, rng = noise(*size), np.random.default_rng(0)
    assert np.array_equal(ELASTIC.function(pixels, rng, alpha=0.0), pixels)
    assert np.array_equal(AUTHORS.function(pixels, rng, alpha=0.0, sigma=0.1, affine=0.0), pixels)


@pytest.mark.parametrize("family", elastic.FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("size", SIZES)
def test_a_flat_picture_stays_flat_however_small_it_is(family, size):
    flat = np.full((*size, 3), 165, np.uint8)
    assert all(np.array_equal(made(family, flat, level), flat) for level in range(1, 6))


@pytest.mark.parametrize("family", elastic.FAMILIES, ids=lambda family: family.name)
def test_pictures_are_the_same_in_blocks_of_any_size_and_differ_between_draws(family, monkeypatch):
    pixels = noise(60, 70)
    first, other = made(family, pixels, 2), made(family, pixels, 2, seed=1)
    monkeypatch.setattr(elastic, "BLOCK", 300)
    assert np.array_equal(made(family, pixels, 2), first)
    assert not np.array_equal(first, other)


def test_the_constants_at_224_px_are_the_authors():
    found = [{name: 224 * value for name, value in one.items()} for one in AUTHORS.severities.values()]
    rows = [(2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)]
    assert found == [pytest.approx({"alpha": 244 * a, "sigma": 244 * s, "affine": 244 * m}) for a, s, m in rows]


def test_the_change_grows_with_severity_but_not_in_the_authors_transform():
    photographs = data.astronaut(), data.coffee(), data.chelsea()

    def errors(family):
        return [
            np.mean([np.mean((made(family, each, level) - each.astype(np.float32)) ** 2) for each in photographs])
            for level in range(1, 6)
        ]

    assert errors(ELASTIC) == sorted(errors(ELASTIC))
    assert np.argmax(errors(AUTHORS)) == 1
    assert np.argmin(errors(AUTHORS)) == 2
