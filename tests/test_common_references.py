"""The common corruptions against other implementations: scipy's, scikit-image's, Pillow's, and loops written out."""

import colorsys
import math
from io import BytesIO
from itertools import product

import numpy as np
import PIL.Image
import pytest
from scipy import ndimage, stats
from skimage import color as scikit_color

from probe.perturbations import FAMILIES
from probe.perturbations.common import blur, digital, elastic, fog, noise
from probe.perturbations.common.motion import line_blur
from probe.perturbations.common.zoom import clipped_zoom

SEVERITIES = (1, 2, 3, 4, 5)
SIZES = [(1, 1), (2, 3), (32, 32), (33, 517), (517, 33), (1, 40), (224, 224)]
each_severity = pytest.mark.parametrize("severity", SEVERITIES)


def random_pixels(height, width, *channels):
    return np.random.default_rng(0).integers(0, 256, (height, width, *(channels or (3,)))).astype(np.uint8)


def severity_of(name, severity):
    return dict(FAMILIES[name].settings(FAMILIES[name].at(severity)))


def made(name, pixels, severity=None, *, rng=0, **settings):
    settings = severity_of(name, severity) if severity else settings
    return FAMILIES[name].function(pixels, np.random.default_rng(rng) if isinstance(rng, int) else rng, **settings)


def test_the_severities_that_the_paper_s_table_leaves_out():
    assert [severity_of("gaussian_blur", s)["sigma"] for s in SEVERITIES] == [1, 2, 3, 4, 6]
    assert [severity_of("speckle_noise", s)["sigma"] for s in SEVERITIES] == [0.15, 0.2, 0.35, 0.45, 0.6]
    rows = enumerate(((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)), 1)
    assert all(severity_of("saturate", s) == {"factor": factor, "offset": offset} for s, (factor, offset) in rows)


@each_severity
def test_gaussian_blur_is_a_gaussian_with_its_fractions_cut_off(severity):
    pixels, sigma = random_pixels(60, 75), severity_of("gaussian_blur", severity)["sigma"]
    exact = ndimage.gaussian_filter(pixels.astype(float), (sigma, sigma, 0), mode="nearest", truncate=4)
    assert np.abs(blur.blurred(pixels, sigma=sigma) - exact).max() < 1e-3
    assert np.array_equal(made("gaussian_blur", pixels, severity), np.floor(blur.blurred(pixels, sigma=sigma)))


@pytest.mark.parametrize("sigma", [0.7, 1.5, 6, 40])
def test_sums_of_bytes_are_exact_so_that_no_machine_rounds_them_otherwise(sigma):
    pixels = random_pixels(50, 60)
    found = blur.blurred(pixels, sigma=sigma)
    assert np.array_equal(found * blur.UNIT**2, np.rint(found * blur.UNIT**2))
    turned = blur.blurred(np.ascontiguousarray(pixels.transpose(1, 0, 2)[::-1]), sigma=sigma)
    assert np.array_equal(turned, found.transpose(1, 0, 2)[::-1])


def disc(radius, edge):
    """The mean over a disc in a square of at least 17 px, its rim softened, the square's own border mirrored."""
    side, reach = (8, 1) if radius <= 8 else (radius, 2)
    down, across = np.mgrid[-side : side + 1, -side : side + 1]
    inside = (down**2 + across**2 <= radius**2).astype(float)
    gaussian = np.exp(-(np.arange(-reach, reach + 1.0) ** 2) / (2 * edge**2))
    for axis in (0, 1):
        inside = ndimage.correlate1d(inside, gaussian / gaussian.sum(), axis=axis, mode="mirror")
    return inside / (down**2 + across**2 <= radius**2).sum()


@each_severity
def test_defocus_blur_is_the_mean_over_a_disc_with_its_fractions_cut_off(severity):
    pixels, kernel = random_pixels(60, 75), disc(**severity_of("defocus_blur", severity))
    exact = ndimage.correlate(pixels.astype(float), kernel[..., None], mode="mirror")
    difference = made("defocus_blur", pixels, severity) - np.minimum(exact, 255)
    assert difference.max() < 1e-4
    assert difference.min() > -1 - 1e-4


@pytest.mark.parametrize("photons", [0.1, 1.0, 2.5, 3.0, 60.0, 500.0])
def test_the_table_of_shot_noise_holds_the_poisson_distribution_of_every_level(photons):
    bits, own, values = noise._alias_table(photons)
    shares = own.reshape(256, 1 << bits) / 2**32
    values = values.reshape(256, 1 << bits, 2)
    rest = 1 / (1 << bits) - shares
    for level in range(256):
        found = np.bincount(values[level, :, 0], shares[level], 256) + np.bincount(
            values[level, :, 1], rest[level], 256
        )
        counts = np.arange(int(np.ceil(photons)))
        exact = np.bincount((counts / photons * 255).astype(int), stats.poisson.pmf(counts, photons * level / 255), 256)
        exact[255] += stats.poisson.sf(counts[-1], photons * level / 255)
        assert np.abs(found - exact).max() < 256 * 2**-32


def colours(height=120, width=170):
    """Any colour, and all those whose largest or smallest channels are equal, black, grey and white among them."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    pixels[:27, 0] = list(product((0, 128, 255), repeat=3))
    pixels[40:60, :, 1] = pixels[40:60, :, 0]
    pixels[60:80, :, 2] = pixels[60:80, :, 1]
    pixels[80:100, :, 2] = pixels[80:100, :, 0]
    pixels[100:] = pixels[100:, :, :1]
    return pixels.astype(np.uint8)


@each_severity
def test_brightness_adds_to_the_value_of_hsv_and_saturate_scales_and_shifts_its_saturation(severity):
    bright, full = (scikit_color.rgb2hsv(colours() / 255) for _ in range(2))
    bright[..., 2] = np.clip(bright[..., 2] + severity_of("brightness", severity)["amount"], 0, 1)
    saturate = severity_of("saturate", severity)
    full[..., 1] = np.clip(full[..., 1] * saturate["factor"] + saturate["offset"], 0, 1)
    for name, hsv in (("brightness", bright), ("saturate", full)):
        wanted = (scikit_color.hsv2rgb(hsv) * 255).astype(np.uint8)
        assert np.array_equal(made(name, colours(), severity), wanted), name


def test_hsv_is_that_of_the_standard_library():
    pixels = colours(30, 40)
    brighter = [colorsys.rgb_to_hsv(*rgb) for rgb in pixels.reshape(-1, 3) / 255]
    wanted = [colorsys.hsv_to_rgb(hue, saturation, min(value + 0.2, 1)) for hue, saturation, value in brighter]
    # one level: where the exact value is whole, the last bit decides on which side it is cut
    apart = made("brightness", pixels, amount=0.2) - 255 * np.reshape(wanted, pixels.shape)
    assert apart.min() > -1 - 1e-9
    assert apart.max() < 1e-9


@each_severity
def test_contrast_draws_each_channel_to_its_mean(severity):
    scaled = colours() / 255
    means = scaled.mean((0, 1), keepdims=True)
    wanted = np.clip((scaled - means) * severity_of("contrast", severity)["factor"] + means, 0, 1)
    assert np.array_equal(made("contrast", colours(), severity), (wanted * 255).astype(np.uint8))


def slopes(height=90, width=121):
    """Colour slopes, edges and no symmetry."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(2 * y + x) % 256, (x * y) // 32 % 256, 255 * ((x // 9 + y // 7) % 2)], axis=-1).astype(np.uint8)


@each_severity
def test_jpeg_compression_is_what_pillow_writes_and_reads(severity):
    for size in SIZES:
        file = BytesIO()
        PIL.Image.fromarray(slopes(*size)).save(file, "JPEG", **severity_of("jpeg_compression", severity))
        with PIL.Image.open(file) as read:
            assert np.array_equal(made("jpeg_compression", slopes(*size), severity), np.asarray(read)), size


def test_pixelate_at_a_half_repeats_the_means_of_two_by_two_pixels():
    means = slopes(90, 120).reshape(45, 2, 60, 2, 3).mean(axis=(1, 3))
    repeated = means.repeat(2, axis=0).repeat(2, axis=1)
    # rounded twice: along the rows, then along the columns
    assert np.abs(digital.pixelate(slopes(90, 120), np.random.default_rng(0), fraction=0.5) - repeated).max() <= 1


@each_severity
@pytest.mark.parametrize(("height", "width"), [(90, 121), (33, 517)])
def test_pixelate_leaves_its_share_of_rows_and_columns_cut_to_whole_ones(severity, height, width):
    fraction = severity_of("pixelate", severity)["fraction"]
    result = made("pixelate", slopes(height, width), severity).astype(int)
    rows = 1 + np.any(np.diff(result, axis=0), axis=(1, 2)).sum()
    columns = 1 + np.any(np.diff(result, axis=1), axis=(0, 2)).sum()
    assert (rows, columns) == (int(height * fraction), int(width * fraction))


def test_pixelate_leaves_one_pixel_at_least():
    flat = made("pixelate", slopes(), fraction=0.0)
    assert np.all(flat == flat[0, 0])
    assert np.abs(flat[0, 0] - slopes().mean((0, 1))).max() <= 1


def ramps(height, width):
    """Each pixel's value is its own place: row, column, 0."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, 0 * rows], axis=-1).astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (1, 33), (33, 2), (150, 101)])
@pytest.mark.parametrize("sigmas", [(0.02, 0.4), (2.24, 3.1), (171, 171)])
def test_a_field_is_smoothed_by_a_gaussian_with_mirrored_ends(size, sigmas):
    field = np.random.default_rng(0).integers(-65535, 65536, size).astype(float)
    exact = ndimage.gaussian_filter(field, sigmas, mode="reflect", truncate=3)
    assert np.abs(elastic._smoothed(field, sigmas) - exact).max() < 1 / elastic.GRAIN


@pytest.mark.parametrize(("edge", "mode"), [(0.5, "reflect"), (0, "mirror")])
@pytest.mark.parametrize("size", [(40, 50), (2, 3), (200, 120)])
def test_reading_between_pixels_is_linear_and_mirrors_the_picture_beyond_its_borders(edge, mode, size):
    values, rng = random_pixels(*size).astype(np.float32), np.random.default_rng(1)
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


def test_elastic_constants_of_imagenet_c_at_224_px_are_the_authors():
    made_ = FAMILIES["elastic_transform.imagenet_c"].severities.values()
    rows = [(2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)]
    wanted = [{"alpha": 244 * a, "sigma": 244 * s, "affine": 244 * m} for a, s, m in rows]
    assert [{name: 224 * value for name, value in one.items()} for one in made_] == [pytest.approx(w) for w in wanted]


def visited(pixels, rng, *, reach, times):
    """From the bottom right, every pixel takes the present value of the one drawn for it."""
    pixels = pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(times):
        places = iter(rng.integers((2 * reach) ** 2, size=(height - 2 * reach) * (width - 2 * reach), dtype=np.uint16))
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                right, down = divmod(int(next(places)), 2 * reach)
                pixels[row, column] = pixels[row + down - reach, column + right - reach]
    return pixels


@pytest.mark.parametrize("size", [(20, 31), (9, 40), (33, 12)])
@pytest.mark.parametrize(("reach", "times"), [(1, 2), (2, 1), (2, 3), (3, 2), (4, 2)])
def test_glass_blur_visits_one_pixel_after_another(size, reach, times):
    pixels = random_pixels(*size)
    # a sigma of 0.1 px changes nothing
    found = made("glass_blur", pixels, rng=5, sigma=0.1, reach=reach, times=times)
    assert np.array_equal(found, visited(pixels, np.random.default_rng(5), reach=reach, times=times))


@each_severity
def test_glass_blur_is_blur_then_visits_then_blur_with_fractions_cut_off(severity):
    pixels, settings = random_pixels(40, 50), severity_of("glass_blur", severity)
    sigma, reach, times = (settings[part] for part in ("sigma", "reach", "times"))
    smooth = blur.blurred(pixels, sigma=sigma).astype(np.uint8)
    moved = visited(smooth, np.random.default_rng(1), reach=reach, times=times)
    assert np.array_equal(made("glass_blur", pixels, severity, rng=1), np.floor(blur.blurred(moved, sigma=sigma)))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (8, 40), (40, 8)])
def test_a_picture_too_small_to_visit_is_only_blurred(size):
    twice = random_pixels(*size)
    for _ in range(2):
        twice = blur.blurred(twice, sigma=1.5).astype(np.uint8)
    assert np.array_equal(made("glass_blur", random_pixels(*size), 5), twice)


def moved_sum(values, radius, sigma, angle):
    """Step by step: the k-th picture is read k px further along the line, borders repeated, and weighs exp(-k²/2σ²)."""
    height, width = values.shape[:2]
    total, weights = np.zeros(values.shape), 0.0
    for step in range(2 * radius + 1):
        down = math.ceil(step * math.sin(math.radians(angle)) - 0.5)
        right = math.ceil(step * math.cos(math.radians(angle)) - 0.5)
        if abs(down) >= height or abs(right) >= width:
            break
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + right, 0, width - 1)
        weight = math.exp(-(step**2) / (2 * sigma**2))
        total, weights = total + weight * values[rows][:, columns], weights + weight
    return total / weights


@pytest.mark.parametrize("angle", [0, 10, 30.5, 45, -44.9, -90, -100, -135, 179])
@pytest.mark.parametrize("settings", [{"radius": 10, "sigma": 3.0}, {"radius": 20, "sigma": 15.0}])
def test_a_line_blur_is_the_weighted_sum_of_pictures_moved_along_the_line(angle, settings):
    for pixels in (random_pixels(60, 75), random_pixels(8, 12)):  # of which a line of 41 px is longer
        found = line_blur(pixels.astype(np.float32), angle=angle, **settings)
        # 41 weights rounded to 1/65536: at most 41 * 255 / 131072 = 0.08
        assert np.abs(found - moved_sum(pixels, angle=angle, **settings)).max() < 0.08


def test_a_line_blur_by_hand():
    # weights 1, exp(-1/2) = 0.6065, exp(-2) = 0.1353, sum 1.7419: shares 0.5741, 0.3482, 0.0777
    row = np.array([[0, 0, 0, 100, 0]], np.float32)
    found = line_blur(row, radius=1, sigma=1, angle=0)
    # each value takes those that follow it to the right, so that light is drawn out to the left
    assert found[0].tolist() == pytest.approx([0, 7.77, 34.82, 57.41, 0], abs=0.01)
    assert line_blur(row.T, radius=1, sigma=1, angle=90)[:, 0].tolist() == pytest.approx(found[0].tolist())


@pytest.mark.parametrize("angle", [0, 20, 45, -70])
def test_a_line_blur_is_the_same_in_single_and_double_precision_and_channel_by_channel(angle):
    single, double = (random_pixels(50, 60).astype(kind) for kind in (np.float32, np.float64))
    found, exact = (line_blur(values, radius=20, sigma=15, angle=angle) for values in (single, double))
    assert (found.dtype, exact.dtype) == (np.float32, np.float64)
    assert np.array_equal(found, exact)
    for channels in (1, slice(1, 2)):
        assert np.array_equal(line_blur(single[..., channels], radius=20, sigma=15, angle=angle), found[..., channels])


@each_severity
def test_motion_blur_draws_one_angle_within_45_degrees_and_cuts_fractions_off(severity):
    angle, pixels = np.random.default_rng(severity).uniform(-45, 45), random_pixels(60, 70)
    exact = line_blur(pixels.astype(np.float32), angle=angle, **severity_of("motion_blur", severity))
    assert np.array_equal(made("motion_blur", pixels, severity, rng=severity), np.floor(exact))


def enlarged(values, factor):
    """The centre cut out, enlarged by scipy, and what is too much cut evenly from both ends."""
    cuts = [math.ceil(size / factor) for size in values.shape[:2]]
    first = [(size - cut) // 2 for size, cut in zip(values.shape[:2], cuts, strict=True)]
    centre = values[first[0] : first[0] + cuts[0], first[1] : first[1] + cuts[1]].astype(np.float64)
    large = ndimage.zoom(centre, (factor, factor) + (1,) * (values.ndim - 2), order=1, mode="nearest")
    trims = [(got - size) // 2 for got, size in zip(large.shape, values.shape[:2], strict=False)]
    return large[trims[0] : trims[0] + values.shape[0], trims[1] : trims[1] + values.shape[1]]


@pytest.mark.parametrize("factor", [1, 1.01, 1.11, 1.3, 2, 2.5, 3, 4.5])
def test_clipped_zoom_is_the_centre_enlarged_linearly(factor):
    for size in [(224, 224), (97, 33), (60, 131, 3)]:
        values = np.random.default_rng(0).integers(0, 256, size).astype(np.float32)
        found = clipped_zoom(values, factor)
        assert (found.dtype, found.shape) == (np.float32, size)
        assert np.abs(found - enlarged(values, factor)).max() < 1e-3
        assert factor != 1 or np.array_equal(found, values)


def test_clipped_zoom_by_hand():
    # 5 px by 2: the middle ceil(5 / 2) = 3 px [1, 2, 3] on 6 places 0, 0.4, 0.8, 1.2, 1.6, 2, of which 5 are kept
    row = np.tile(np.array([0, 10, 20, 30, 40], np.float32), (5, 1))
    assert clipped_zoom(row, 2)[0].tolist() == pytest.approx([10, 14, 18, 22, 26])


@pytest.mark.parametrize(("severity", "count", "largest"), [(1, 12, 1.11), (2, 16, 1.15), (3, 11, 1.2), (4, 13, 1.24), (5, 11, 1.3)])  # fmt: skip  # noqa: E501
def test_zoom_blur_is_the_mean_of_the_picture_and_its_enlargements(severity, count, largest):
    pixels = random_pixels(90, 70)
    layers = [pixels, *(enlarged(pixels, factor) for factor in np.linspace(1, largest, count))]
    difference = made("zoom_blur", pixels, severity) - np.mean(layers, axis=0)
    # fractions are cut off
    assert difference.max() < 1e-3
    assert difference.min() > -1 - 1e-3


def plasma_point_by_point(side, rng, decay):
    """The definition, in floating point: middles of squares, then middles of sides, on a torus."""
    levels = side.bit_length() - 1
    unit = fog.LARGEST / (1.5 * sum(decay ** (-2 * level) for level in range(levels)))
    values = np.zeros((side, side))
    for level in range(levels):
        step, half = side >> level, side >> (level + 1)
        amplitude = round(unit * decay ** (-2 * level))
        places = [(half, half), (0, half), (half, 0)]
        for first_row, first_column in places:
            count = side // step
            noise = np.zeros((count, count))
            if amplitude:
                noise = rng.integers(-amplitude, amplitude, (count, count), np.int16, endpoint=True)
            # corners lie diagonally around a square's middle, and straight around a side's
            diagonal = first_row == first_column
            around = [(-half, -half), (-half, half), (half, -half), (half, half)]
            around = around if diagonal else [(-half, 0), (half, 0), (0, -half), (0, half)]
            for i in range(count):
                for j in range(count):
                    row, column = first_row + i * step, first_column + j * step
                    four = [values[(row + down) % side, (column + right) % side] for down, right in around]
                    values[row, column] = sum(four) / 4 + noise[i, j]
    return values


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decay", [1.0, 1.4, 2.0, 30.0, 100.0])
def test_the_plasma_is_made_of_means_of_four_neighbours_and_of_noise_inside_16_bits(decay, seed):
    for side, rounding in ((32, 8), (64, 12)):
        exact = plasma_point_by_point(side, np.random.default_rng(seed), decay)
        found = fog.plasma(side, np.random.default_rng(seed), decay=decay).astype(int)
        # each level rounds by at most 2 units; a sum that wrapped around would be 65,536 off
        assert np.abs(found - exact).max() <= rounding
