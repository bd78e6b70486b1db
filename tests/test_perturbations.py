"""Each perturbation against its definition, a brute-force twin and its golden hash (RENEW_GOLDEN=1 writes it)."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from probe.perturbations import (
    CLEAN,
    FAMILIES,
    Condition,
    Family,
    Others,
    Skipped,
    SpecError,
    apply,
    generator,
    parse,
    settings,
)
from probe.sample import Picture

GOLDEN = Path(__file__).parent / "golden" / "perturbations.json"
LABELS = ("A", "B", "C", "D", "Yes", "No")
ALL = parse([name for name, family in FAMILIES.items() if not family.text_only], labels=LABELS)
PICTURES = tuple(
    Picture(name, lambda grey=grey: np.full((4, 5, 3), grey, np.uint8)) for grey, name in enumerate("abcde")
)


def picture(height=90, width=120):
    """A picture with edges, gradients and no symmetry, the same on every machine."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(2 * y + x) % 256, (x * y) // 32 % 256, 255 * ((x // 9 + y // 7) % 2)], axis=-1).astype(np.uint8)


def made(condition, pixels=None, *, image_id="a", seed=0):
    if isinstance(condition, str):
        condition = parse([condition], labels=LABELS)[1]
    others = Others(PICTURES, (image_id,))
    return apply(condition, picture() if pixels is None else pixels, image_id=image_id, seed=seed, others=others)


def digest(pixels):
    return f"{pixels.shape[1]}x{pixels.shape[0]} {sha256(pixels.tobytes()).hexdigest()}"


def test_families_that_are_not_said_to_resize_keep_the_size():
    resized = {c.family for c in ALL if made(c).shape != picture().shape} - {"another_image"}
    assert resized == {name for name, family in FAMILIES.items() if family.resizes} == {"pad_crop", "scale", "rotation"}


def test_every_condition_makes_the_golden_picture():
    found = {condition.id: digest(made(condition)) for condition in ALL}
    if os.environ.get("RENEW_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(GOLDEN.read_text())


@pytest.mark.slow
def test_the_golden_pictures_depend_on_no_vector_unit_and_no_thread():
    plain = {
        "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FMA3,AVX,SSE4.2,SSE4.1",
        "OPENCV_IPP": "disabled",
        "OPENCV_FOR_THREADS_NUM": "1",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "JSIMD_FORCENONE": "1",
        "OMP_NUM_THREADS": "1",
    }
    script = "import test_perturbations as these; these.test_every_condition_makes_the_golden_picture()"
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **plain, "PYTHONPATH": places},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_clean_returns_the_very_same_pixels():
    pixels = picture()
    assert made(CLEAN, pixels) is pixels


def test_every_condition_keeps_the_argument_unchanged_and_gives_contiguous_rgb():
    pixels = picture()
    before = pixels.copy()
    for condition in ALL:
        result = made(condition, pixels)
        assert result.dtype == np.uint8
        assert result.ndim == 3
        assert result.shape[2] == 3
        assert result.flags.c_contiguous
        assert np.array_equal(pixels, before), condition.id


def test_every_condition_changes_the_picture_but_clean_and_the_ends_of_the_sweeps():
    pixels = picture()
    for condition in ALL[1:]:
        unchanged = condition.family == "reread" or condition.id in ("low_pass:cutoff=1", "high_pass:cutoff=0")
        assert (digest(made(condition, pixels)) == digest(pixels)) == unchanged, condition.id


def test_every_condition_takes_a_picture_of_one_pixel_or_says_why_not():
    pixel = np.full((1, 1, 3), 7, np.uint8)
    for condition in ALL:
        if condition.id.startswith(("pad_crop:n=-", "band_noise:band=high")):
            with pytest.raises(Skipped, match="1x1 px"):
                made(condition, pixel)
        else:
            assert made(condition, pixel).size >= 3, condition.id


def test_a_condition_is_the_same_in_any_order_and_beside_other_random_numbers():
    forward = {condition.id: digest(made(condition)) for condition in ALL}
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    backward = {condition.id: digest(made(condition)) for condition in reversed(ALL)}
    assert forward == backward


def test_no_condition_touches_the_global_random_states():
    numpys, pythons = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    for condition in ALL:
        made(condition)
    assert np.array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    assert random.getstate() == pythons


@pytest.mark.parametrize("name", ["low_light:3", "occlusion:2", "noise", "text_overlay.random:1"])
def test_random_conditions_depend_on_seed_and_image(name):
    pictures = {digest(made(name, image_id=image_id, seed=seed)) for image_id in "ab" for seed in (0, 1)}
    assert len(pictures) == 4


def test_the_generator_keeps_image_and_condition_apart():
    assert generator(0, "a", "bc").random() != generator(0, "ab", "c").random()


def test_the_generator_accepts_any_integer_kind_as_seed():
    assert generator(np.int64(3), "a", "b").random() == generator(3, "a", "b").random()


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((4, 4), "uint8"), ((4, 4, 3), "float32"), ((4, 4, 4), "uint8"), ((0, 4, 3), "uint8")],
)
def test_pixels_of_another_kind_are_refused_with_their_shape(shape, dtype):
    with pytest.raises(ValueError, match=f"{dtype} of shape"):
        made(CLEAN, np.zeros(shape, dtype))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition("gaussian_noise"), "gaussian_noise needs sigma=float"),
        (Condition("gaussian_noise", (("sigma", -5.0),)), "out of range"),
        (Condition("gaussian_noise", (("sigma", 0.9),), severity=3), "is no condition of gaussian_noise"),
        (Condition("scale", (("factor", 0.9),)), "is no condition of scale"),
    ],
)
def test_a_condition_made_by_hand_must_be_one_that_its_id_names(condition, message):
    with pytest.raises(SpecError, match=message):
        made(condition)


def test_zero_has_one_sign():
    assert parse(["rotation:degrees=-0"])[1] == parse(["rotation:degrees=0"])[1]


def test_a_seed_is_a_whole_number():
    with pytest.raises(TypeError, match="float"):
        generator(1.5, "a", "b")


def test_an_unknown_family_is_refused_with_the_closest_name():
    with pytest.raises(SpecError, match="Did you mean 'rotation'"):
        made(Condition("rotatoin"))


# geometric


def test_translation_moves_to_the_right_and_wraps():
    row = np.repeat(np.arange(5, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert made("translation:dx=2", row)[0, :, 0].tolist() == [3, 4, 0, 1, 2]


def test_padding_adds_a_black_border_and_cropping_cuts_it():
    padded = made("pad_crop:n=4")
    assert padded.shape == (98, 128, 3)
    assert padded[:4].max() == padded[:, -4:].max() == 0
    assert np.array_equal(padded[4:-4, 4:-4], picture())
    assert np.array_equal(made("pad_crop:n=-4"), picture()[4:-4, 4:-4])


@pytest.mark.parametrize(("side", "defined"), [(32, False), (33, True)])
def test_cropping_is_skipped_where_a_side_is_at_most_twice_the_cut(side, defined):
    pixels = picture(side, 100)
    if defined:
        assert made("pad_crop:n=-16", pixels).shape == (1, 68, 3)
    else:
        with pytest.raises(Skipped, match="100x32 px"):
            made("pad_crop:n=-16", pixels)


def test_scale_shrinks_the_canvas_unless_it_is_restored():
    assert made("scale").shape == (81, 108, 3)
    assert made("scale:restore=true").shape == (90, 120, 3)


@pytest.mark.parametrize(("fill", "value"), [("black", 0), ("white", 255)])
def test_scale_pad_centres_the_scaled_picture_on_the_original_canvas(fill, value):
    padded = made(f"scale_pad:fill={fill}")
    # 90x120 -> 81x108: 4 rows above, 5 below, 6 columns each side
    assert padded.shape == (90, 120, 3)
    assert np.array_equal(padded[4:85, 6:114], made("scale"))
    assert np.all(padded[:4] == value)
    assert np.all(padded[85:] == value)
    assert np.all(padded[:, :6] == value)


def test_rotation_holds_the_whole_picture_on_a_larger_white_canvas():
    turned = made("rotation:degrees=30", np.zeros((90, 120, 3), np.uint8))
    # 120 cos 30 + 90 sin 30 = 148.9 wide, 120 sin 30 + 90 cos 30 = 137.9 high
    assert abs(turned.shape[1] - 148.9) <= 2
    assert abs(turned.shape[0] - 137.9) <= 2
    assert np.all(turned[0, 0] == 255)
    assert abs(np.mean(turned == 0) - 90 * 120 / (148.9 * 137.9)) < 0.03


def test_rotation_by_plus_90_is_counter_clockwise():
    pixels = picture()
    assert np.array_equal(made("rotation:degrees=90", pixels), np.rot90(pixels))


# text overlays


def box(pixels, ground=7):
    """Top, bottom, left, right of what differs from the ground."""
    rows, columns = np.nonzero((pixels != ground).any(axis=-1))
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


GROUND = np.full((160, 220, 3), 7, np.uint8)


def test_semantic_overlay_is_a_centred_white_box_with_red_text():
    drawn = made("text_overlay.semantic:B", GROUND)
    top, bottom, left, right = box(drawn)
    assert abs((top + bottom) / 2 - 80) <= 1
    assert abs((left + right) / 2 - 110) <= 1
    assert np.all(drawn[top : top + 4, left:right] == 255), "4 px of padding"
    inside = drawn[top:bottom, left:right]
    assert np.any(np.all(inside == (255, 0, 0), axis=-1))
    assert np.all(inside[..., 0] == 255), "white to red has full red everywhere"


def test_overlays_of_one_label_share_one_box():
    for label in ("A", "Yes"):
        specs = [f"semantic:{label}", f"empty:{label}", f"random:1,box={label}"]
        assert len({box(made(f"text_overlay.{spec}", GROUND)) for spec in specs}) == 1


def test_empty_overlay_is_white_throughout():
    top, bottom, left, right = box(made("text_overlay.empty:A", GROUND))
    assert np.all(made("text_overlay.empty:A", GROUND)[top:bottom, left:right] == 255)


def test_random_overlay_stays_inside_the_padding_and_differs_between_draws():
    top, bottom, left, right = box(made("text_overlay.empty:A", GROUND))
    drawn = [made(f"text_overlay.random:{draw}", GROUND) for draw in range(1, 21)]
    assert len({digest(each) for each in drawn}) == 20
    for each in drawn:
        inside = each[top:bottom, left:right]
        assert np.any(inside != 255)
        assert np.all(inside[:, :4] == 255)
        assert np.all(inside[:, -4:] == 255)


def test_overlay_text_grows_with_the_picture():
    def height(pixels):
        top, bottom, *_ = box(made("text_overlay.empty:A", pixels))
        return bottom - top - 8

    assert height(np.full((320, 640, 3), 7, np.uint8)) == height(np.full((448, 640, 3), 7, np.uint8))  # both 14 px
    assert height(np.full((896, 900, 3), 7, np.uint8)) > 1.8 * height(np.full((448, 900, 3), 7, np.uint8))  # 28 px


# driving


@pytest.mark.parametrize(("severity", "size"), [(1, 7), (2, 15), (3, 25)])
def test_motion_blur_is_the_mean_over_a_horizontal_line(severity, size):
    pixels = picture()
    kernel = np.full((1, size, 1), 1 / size)
    exact = ndimage.correlate(pixels.astype(np.float64), kernel, mode="nearest")
    assert np.array_equal(made(f"motion_blur.horizontal:{severity}", pixels), np.rint(exact).astype(np.uint8))


def test_motion_blur_takes_a_line_longer_than_the_picture():
    pixels = picture(5, 6)
    exact = ndimage.correlate(pixels.astype(np.float64), np.full((1, 25, 1), 1 / 25), mode="nearest")
    assert np.array_equal(made("motion_blur.horizontal:3", pixels), np.rint(exact).astype(np.uint8))


@pytest.mark.parametrize(("severity", "gamma", "sigma"), [(1, 1.6, 0.01), (2, 2.2, 0.03), (3, 3.0, 0.06)])
def test_low_light_is_gamma_then_noise_of_the_given_spread(severity, gamma, sigma):
    # 0.8 ** 3 = 0.512: far from both ends, so that clipping does not narrow the noise
    dark = made(f"low_light:{severity}", np.full((200, 200, 3), 204, np.uint8)) / 255
    assert abs(dark.mean() - 0.8**gamma) < 0.001
    assert abs(dark.std() - np.hypot(sigma, 1 / 255 / np.sqrt(12))) < 0.0005


def test_low_light_without_noise_is_the_gamma_curve():
    pixels = picture()
    assert np.array_equal(made("low_light:gamma=2.2,sigma=0", pixels), np.rint(255 * (pixels / 255) ** 2.2))


@pytest.mark.parametrize(("severity", "fraction"), [(1, 0.08), (2, 0.15), (3, 0.25)])
def test_occlusion_is_one_black_rectangle_of_the_given_area(severity, fraction):
    for image_id in map(str, range(50)):
        covered = made(f"occlusion:{severity}", np.full((90, 120, 3), 7, np.uint8), image_id=image_id)
        top, bottom, left, right = box(covered)
        assert np.all(covered[top:bottom, left:right] == 0)
        assert abs((bottom - top) * (right - left) - fraction * 90 * 120) <= max(90, 120)
        assert 0.45 < (bottom - top) / (right - left) < 2.2


def test_occlusion_lands_everywhere_and_in_both_shapes():
    boxes = [box(made("occlusion:1", np.full((90, 120, 3), 7, np.uint8), image_id=str(i))) for i in range(200)]
    tops, bottoms, lefts, rights = np.array(boxes).T
    assert tops.min() <= 2
    assert bottoms.max() >= 88
    assert lefts.min() <= 2
    assert rights.max() >= 118
    assert 0.3 < np.mean((bottoms - tops) > (rights - lefts)) < 0.7


# priors and control


def test_priors_keep_the_size_and_nothing_of_the_picture():
    pixels = picture()
    assert np.all(made("white", pixels) == 255)
    assert np.all(made("mean_grey", pixels) == round(pixels.mean()))
    assert np.array_equal(made("noise", pixels), made("noise", pixels[::-1].copy()))
    assert abs(made("noise", np.zeros((200, 200, 3), np.uint8)).mean() - 127.5) < 1


def test_another_image_is_another_one_and_each_is_drawn():
    drawn = {int(made("another_image", image_id="c", seed=seed)[0, 0, 0]) for seed in range(60)}
    assert drawn == {0, 1, 3, 4}, "never itself, which is number 2"


def test_another_image_passes_over_unreadable_pictures():
    def broken():
        raise OSError("broken")

    pictures = (Picture("x", broken), Picture("y", lambda: np.full((2, 2, 3), 9, np.uint8)), Picture("me", broken))
    for seed in range(8):
        others = Others(pictures, ("me",))
        assert apply(Condition("another_image"), picture(), image_id="me", seed=seed, others=others).max() == 9


def test_another_image_is_skipped_where_there_is_no_other():
    with pytest.raises(Skipped, match="no readable picture beside a"):
        apply(Condition("another_image"), picture(), image_id="a", seed=0, others=Others(PICTURES[:1], ("a",)))


def test_another_image_without_a_source_says_what_to_pass():
    with pytest.raises(ValueError, match="pass others="):
        apply(Condition("another_image"), picture(), image_id="a", seed=0)


def test_settings_fill_in_the_defaults():
    assert settings(CLEAN) == {}
    assert settings(Condition("scale_pad", (("fill", "black"),))) == {"fill": "black", "factor": 0.9}
    assert settings(FAMILIES["low_light"].at(3)) == {"gamma": 3.0, "sigma": 0.06}


def test_a_family_that_resizes_without_saying_so_is_refused(monkeypatch):
    cut = Family("cut", lambda pixels, rng: pixels[1:], "a row less", "ours")
    monkeypatch.setitem(FAMILIES, "cut", cut)
    with pytest.raises(ValueError, match=r"made \(89, 120, 3\) of \(90, 120, 3\): say so"):
        made("cut")
    monkeypatch.setitem(FAMILIES, "cut", replace(cut, resizes=True))
    assert made("cut").shape == (89, 120, 3)
