"""What a user asks for in words, and the conditions that come of it."""

from collections import Counter

import numpy as np
import pytest

from probe.datasets.labels import overlay_labels
from probe.perturbations import CLEAN, FAMILIES, PREPARATIONS, SUITES, SpecError, parse, prepare, prepared
from probe.sample import Dataset, Sample

LABELS = ("A", "B", "C", "D")


def ids(*specs, labels=LABELS):
    return [condition.id for condition in parse(specs, labels=labels)]


def test_invariance_has_the_published_number_of_conditions():
    families = Counter(condition.family for condition in parse(["invariance"], labels=LABELS))
    assert families == {
        "clean": 1,
        "translation": 8,
        "pad_crop": 8,
        "scale": 1,
        "scale_pad": 2,
        "rotation": 2,
        "text_overlay.semantic": 4,
        "text_overlay.random": 3,
        "text_overlay.empty": 1,
    }


def test_driving_has_three_severities_of_three_families():
    assert ids("driving")[1:] == [
        f"{family}:{s}" for family in ("motion_blur.horizontal", "low_light", "occlusion") for s in (1, 2, 3)
    ]


def test_common_is_fifteen_corruptions_at_five_severities_and_four_more():
    conditions = parse(["common", "common_extra"])[1:]
    assert Counter(condition.severity for condition in conditions) == dict.fromkeys(range(1, 6), 19)
    assert len(ids("common")) == 1 + 75
    assert ids("common:3")[1:4] == ["gaussian_noise:3", "shot_noise:3", "impulse_noise:3"]


def test_pilot_and_extended_are_the_published_selections():
    families = ("gaussian_noise", "defocus_blur", "brightness", "jpeg_compression")
    assert ids("pilot")[1:] == [f"{family}:{severity}" for family in families for severity in (1, 3, 5)]
    assert ids("pilot:5")[1:] == [f"{family}:5" for family in families]
    assert len(ids("extended")) == 1 + 11 * 5
    assert prepare(["pilot"]) == prepare(["extended"]) == "jpeg_224"


def test_the_two_motion_blurs_are_apart():
    assert ids("motion_blur:5", "motion_blur.horizontal:3")[1:] == ["motion_blur:5", "motion_blur.horizontal:3"]


def test_severity_zero_is_clean():
    assert ids("gaussian_noise:0,2", "common:0") == ["clean", "gaussian_noise:2"]
    assert parse(["fog:0"]) == (CLEAN,)


def test_the_demo_is_invariance_and_driving():
    assert ids("demo") == ids("invariance", "driving")


def test_clean_comes_first_even_where_nothing_is_asked():
    assert ids() == ids("clean") == ["clean"]
    assert ids("scale", "clean") == ["clean", "scale"]


def test_conditions_come_once_in_the_order_of_asking():
    assert ids("scale", "motion_blur.horizontal:3", "scale", "motion_blur.horizontal") == [
        "clean", "scale", "motion_blur.horizontal:3", "motion_blur.horizontal:1", "motion_blur.horizontal:2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("motion_blur.horizontal:1,3", ["motion_blur.horizontal:1", "motion_blur.horizontal:3"]),
        ("driving:3", ["motion_blur.horizontal:3", "low_light:3", "occlusion:3"]),
        ("translation:dx=-8", ["translation:dx=-8"]),
        (" translation : dx = -8 ", ["translation:dx=-8"]),
        ("rotation:degrees=30.0", ["rotation:degrees=30"]),
        ("rotation:degrees=12.5", ["rotation:degrees=12.5"]),
        ("scale:factor=0.9", ["scale"]),
        ("scale:restore=true", ["scale:restore=true"]),
        ("scale:restore=True,factor=0.5", ["scale:factor=0.5,restore=true"]),
        ("low_light:sigma=0.1,gamma=2", ["low_light:gamma=2,sigma=0.1"]),
        ("motion_blur.horizontal:size=25", ["motion_blur.horizontal:3"]),
        ("text_overlay.semantic:A,Yes", ["text_overlay.semantic:A", "text_overlay.semantic:Yes"]),
        ("text_overlay.random:2,box=Yes", ["text_overlay.random:2,box=Yes"]),
        ("scale_pad:factor=0.5", ["scale_pad:fill=black,factor=0.5", "scale_pad:fill=white,factor=0.5"]),
        ("another_image", ["another_image"]),
    ],
)
def test_a_spec_names_these_conditions(spec, found):
    assert ids(spec)[1:] == found


def test_every_condition_is_named_by_its_own_id():
    for condition in parse([*SUITES, *FAMILIES], labels=("A", "B", "Yes", "No")):
        assert parse([condition.id])[-1] == condition


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rotatoin", "Did you mean 'rotation'"),
        ("drivng", "Did you mean 'driving'"),
        ("jpeg", "Did you mean 'jpeg_compression'"),
        ("elastic", "Did you mean 'elastic_transform'"),
        ("gausian_noise:3", "Did you mean 'gaussian_noise'"),
        ("gaussian_noise:6", "no severity 6. Its severities are 1, 2, 3, 4, 5."),
        ("zebra", "neither a family nor a suite. Families: translation"),
        ("", "neither a family nor a suite"),
        ("motion_blur.horizontal:7", "no severity 7. Its severities are 1, 2, 3."),
        ("motion_blur.horizontal:three", "a severity is one of 1, 2, 3"),
        ("motion_blur.horizontal:", "something is missing"),
        ("motion_blur.horizontal:1,,2", "something is missing"),
        ("motion_blur.horizontal:1,size=3", "mixes severities with parameters"),
        ("motion_blur.horizontal:size=4", "odd"),
        ("clean:1", "'clean' takes nothing"),
        ("translation:8", "translation has no severities. Did you mean translation:dx=8\\? It takes: dx=int"),
        ("invariance:3", "has no severities"),
        ("priors:1", "suite 'priors' has no severities, because white has none. Write priors."),
        ("white:1", "It takes nothing"),
        ("rotation:30", "Did you mean rotation:degrees=30"),
        ("common:sigma=3", "a suite takes severities, such as common:3; parameters belong to one family"),
        ("gaussian_noise:severity=3", "write gaussian_noise:3."),
        ("gaussian_noise:sigma=0.1,0.2", "gives one parameter two values"),
        ("scale:facto=0.8", "no parameter 'facto'. Did you mean 'factor'"),
        ("translation:dx=far", "'far' is no value for dx=int"),
        ("translation:dx=1.5", "'1.5' is no value for dx=int"),
        ("translation:dx=4,dx=8", "dx is given twice"),
        ("white:dx=1", "It takes no parameters"),
        ("scale:restore=true,factor=9", "out of range"),
        ("scale:factor=nan", "out of range"),
        ("scale:restore=perhaps", "'perhaps' is no value"),
        ("band_noise:band=low", "band_noise needs epsilon=float .*Write for example 'band_noise:band=low,epsilon="),
        ("scale_pad:fill=green", "black or white"),
        ("text_overlay.semantic:A:B", "not allowed"),
    ],
)
def test_a_wrong_spec_is_refused_with_the_cure(spec, message):
    with pytest.raises(SpecError, match=message):
        parse([spec], labels=LABELS)


def test_a_dataset_without_options_has_no_semantic_overlays():
    assert not any("semantic" in found for found in ids("invariance", labels=()))
    with pytest.raises(SpecError, match="no options"):
        parse(["text_overlay.semantic"], labels=())


def test_random_overlays_take_the_box_of_the_first_label():
    assert ids("text_overlay.random", labels=("Yes", "No"))[1] == "text_overlay.random:1,box=Yes"


def test_empty_overlays_come_once_per_box():
    assert ids("text_overlay.empty", labels=("A", "B", "Yes", "No"))[1:] == [
        f"text_overlay.empty:{label}" for label in ("A", "Yes", "No")
    ]


def test_overlay_labels_are_the_letters_and_the_binary_answers_of_a_dataset():
    mcq = Sample("1", "i", "?", ("a", "b", "c"), "a")
    yesno = Sample("2", "i", "?", ("yes", "no"), "no", "yesno")
    described = Sample("3", "i", "?", kind="describe")

    def labels(*samples):
        return overlay_labels(Dataset("d", (), samples, ""))

    assert labels(mcq) == ("A", "B", "C")
    assert labels(yesno, mcq, described) == ("A", "B", "C", "Yes", "No")
    assert labels(described) == ()


def test_preparation_is_that_of_the_suites_and_none_for_families():
    assert prepare(["invariance", "driving", "white"]) == "longer_side_1024"
    assert prepare(["driving:3"]) == prepare(["translation"]) == prepare([]) == "none"


def test_suites_that_prepare_differently_are_refused():
    with pytest.raises(SpecError, match=r"suite 'invariance' .longer_side_1024. and suite 'pilot' .jpeg_224."):
        prepare(["invariance", "pilot"])


def test_large_pictures_are_prepared_to_a_longer_side_of_1024_and_small_ones_left():
    assert prepared(np.zeros((500, 2048, 3), np.uint8), "longer_side_1024").shape == (250, 1024, 3)
    assert prepared(np.zeros((3000, 1, 3), np.uint8), "longer_side_1024").shape == (1024, 1, 3)
    small = np.zeros((700, 1024, 3), np.uint8)
    assert prepared(small, "longer_side_1024") is small
    assert prepared(small, "none") is small


def test_an_unknown_preparation_is_refused():
    with pytest.raises(ValueError, match=r"'half' is unknown. Choose one of: none, longer_side_1024"):
        prepared(np.zeros((2, 2, 3), np.uint8), "half")


def test_every_suite_names_known_families_and_preparations():
    for name, suite in SUITES.items():
        assert suite.name == name
        assert suite.prepare in PREPARATIONS
        assert parse([name], labels=LABELS)[0] == CLEAN
        assert len(parse([name], labels=LABELS)) > 1
    assert not set(SUITES) & set(FAMILIES)
