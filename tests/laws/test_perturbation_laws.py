"""Laws of the perturbations, for pictures of any size and content."""

from copy import copy

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from probe.perturbations import FAMILIES, Condition, Others, Skipped, apply, generator, parse, prepared
from probe.perturbations.suites import SUITES
from probe.sample import Picture

SIDES = st.integers(1, 24)
PIXELS = st.tuples(SIDES, SIDES).flatmap(lambda sides: arrays(np.uint8, (*sides, 3)))
SEEDS = st.integers(-(2**70), 2**70)
IDS = st.text(max_size=8)
STATIC = parse([*SUITES], labels=("A", "Yes"))

IDENTITIES = [
    FAMILIES["translation"].condition(dx=0),
    FAMILIES["pad_crop"].condition(n=0),
    FAMILIES["scale"].condition(factor=1.0),
    FAMILIES["scale"].condition(factor=1.0, restore=True),
    FAMILIES["scale_pad"].condition(fill="white", factor=1.0),
    FAMILIES["rotation"].condition(degrees=0.0),
    FAMILIES["motion_blur.horizontal"].condition(size=1),
    FAMILIES["low_light"].condition(gamma=1.0, sigma=0.0),
    FAMILIES["occlusion"].condition(fraction=0.0),
]


def made(family, pixels, *, image_id="i", seed=0, **parameters):
    return apply(FAMILIES[family].condition(**parameters), pixels, image_id=image_id, seed=seed)


@pytest.mark.parametrize("condition", IDENTITIES, ids=lambda condition: condition.id)
@given(pixels=PIXELS)
@settings(max_examples=25)
def test_neutral_parameters_change_no_bit(condition, pixels):
    assert np.array_equal(apply(condition, pixels, image_id="i", seed=0), pixels)


@given(PIXELS, st.integers(-60, 60), st.integers(-60, 60))
def test_translations_add_up(pixels, a, b):
    assert np.array_equal(
        made("translation", made("translation", pixels, dx=a), dx=b), made("translation", pixels, dx=a + b)
    )


@given(PIXELS, st.integers(-3, 3))
def test_translation_by_the_width_is_no_translation(pixels, turns):
    assert np.array_equal(made("translation", pixels, dx=turns * pixels.shape[1]), pixels)


@given(PIXELS, st.integers(1, 20))
def test_cropping_undoes_padding(pixels, n):
    padded = made("pad_crop", pixels, n=n)
    assert padded.shape == (pixels.shape[0] + 2 * n, pixels.shape[1] + 2 * n, 3)
    assert np.array_equal(made("pad_crop", padded, n=-n), pixels)


@given(PIXELS, st.integers(1, 20))
def test_cropping_is_defined_exactly_where_something_is_left(pixels, n):
    if min(pixels.shape[:2]) <= 2 * n:
        with pytest.raises(Skipped):
            made("pad_crop", pixels, n=-n)
    else:
        assert made("pad_crop", pixels, n=-n).shape == (pixels.shape[0] - 2 * n, pixels.shape[1] - 2 * n, 3)


@given(PIXELS, st.floats(0.05, 2))
def test_scale_rounds_both_sides_and_restores_them(pixels, factor):
    height, width = pixels.shape[:2]
    assert made("scale", pixels, factor=factor).shape == (
        max(1, round(height * factor)),
        max(1, round(width * factor)),
        3,
    )
    assert made("scale", pixels, factor=factor, restore=True).shape == pixels.shape


@given(st.integers(0, 255), SIDES, SIDES, st.sampled_from(["scale", "motion_blur.horizontal"]))
def test_a_plain_colour_stays_plain(grey, height, width, family):
    plain = np.full((height, width, 3), grey, np.uint8)
    parameters = {"scale": {}, "motion_blur.horizontal": {"size": 9}}[family]
    assert np.all(made(family, plain, **parameters) == grey)


@given(PIXELS, st.integers(0, 15).map(lambda half: 2 * half + 1))
def test_motion_blur_stays_between_the_extremes_of_its_row(pixels, size):
    blurred = made("motion_blur.horizontal", pixels, size=size)
    assert np.all(blurred >= pixels.min(axis=1, keepdims=True))
    assert np.all(blurred <= pixels.max(axis=1, keepdims=True))


@given(PIXELS, st.integers(0, 15).map(lambda half: 2 * half + 1))
def test_motion_blur_knows_no_left_and_right(pixels, size):
    mirrored = made("motion_blur.horizontal", pixels[:, ::-1].copy(), size=size)
    assert np.array_equal(mirrored, made("motion_blur.horizontal", pixels, size=size)[:, ::-1])


@given(st.integers(1, 80), st.integers(1, 80), st.floats(0.001, 1), st.integers(0, 99))
def test_occlusion_covers_its_share_with_one_rectangle_inside(height, width, fraction, seed):
    area = fraction * height * width
    assume(area >= 0.5)
    covered = (made("occlusion", np.full((height, width, 3), 9, np.uint8), seed=seed, fraction=fraction) == 0).all(-1)
    tall, wide = covered.any(axis=1).sum(), covered.any(axis=0).sum()
    assert covered.sum() == tall * wide, "a full rectangle"
    assert abs(covered.sum() - area) <= max(tall, wide) / 2 + 1


@given(PIXELS, st.floats(1, 5))
def test_low_light_without_noise_never_brightens(pixels, gamma):
    assert np.all(made("low_light", pixels, gamma=gamma, sigma=0.0) <= pixels)


@given(PIXELS)
def test_priors_do_not_depend_on_where_the_pixels_are(pixels):
    shuffled = pixels[::-1, ::-1].copy()
    for family in ("white", "mean_grey", "noise"):
        assert np.array_equal(made(family, pixels), made(family, shuffled))


@given(PIXELS, st.sampled_from(STATIC), SEEDS, IDS)
def test_the_same_seed_image_and_condition_give_the_same_rgb_bytes(pixels, condition, seed, image_id):
    try:
        first = apply(condition, pixels, image_id=image_id, seed=seed)
    except Skipped:
        assume(False)
    again = apply(copy(condition), pixels.copy(), image_id=image_id, seed=seed)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert np.array_equal(first, again)


@given(SEEDS, IDS, IDS)
def test_the_generator_is_a_pure_function_of_its_key(seed, image_id, condition_id):
    assert generator(seed, image_id, condition_id).random() == generator(seed, image_id, condition_id).random()


@given(st.integers(1, 3000), st.integers(1, 40), st.booleans())
@settings(max_examples=20)
def test_preparation_bounds_the_longer_side_and_keeps_the_shape(long, short, upright):
    sides = (long, short) if upright else (short, long)
    result = prepared(np.zeros((*sides, 3), np.uint8), "longer_side_1024")
    assert max(result.shape[:2]) == min(1024, max(sides))
    assert prepared(result, "longer_side_1024") is result


@given(st.integers(2, 6), st.integers(0, 50))
def test_another_image_is_never_the_image_itself(count, seed):
    pictures = tuple(Picture(str(i), lambda i=i: np.full((1, 1, 3), i, np.uint8)) for i in range(count))
    for picture in pictures:
        partner = apply(
            Condition("another_image"),
            picture.read(),
            image_id=picture.id,
            seed=seed,
            others=Others(pictures, (picture.id,)),
        )
        assert int(partner[0, 0, 0]) != int(picture.id)
