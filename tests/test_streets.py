"""The drawn world, its questions and the datasets made of them."""

import pickle
from collections import Counter

import numpy as np
import pytest

from probe import label_maps
from probe.datasets.streets import streets, streets_describe
from probe.label_maps import OBSTACLES
from probe.pocket import questions, world
from probe.pocket.classes import WORDS
from probe.sample import Dataset

SEED = 31


@pytest.fixture(scope="module")
def scenes() -> list[world.Scene]:
    return [world.render(SEED, index) for index in range(60)]


@pytest.fixture(scope="module")
def many() -> Dataset:
    return streets(500, seed=SEED)


def test_render_is_a_pure_function_of_seed_and_index() -> None:
    first, again = world.render(5, 17), world.render(5, 17)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.labels, again.labels)
    assert first.objects == again.objects
    assert not np.array_equal(first.pixels, world.render(5, 18).pixels)
    assert not np.array_equal(first.pixels, world.render(6, 17).pixels)


@pytest.mark.parametrize("size", [96, 224, (96, 320), (400, 120), (131, 257)])
def test_scenes_come_in_any_size(size: world.Size) -> None:
    scene = world.render(3, 4, size)
    height, width = (size, size) if isinstance(size, int) else size
    assert scene.pixels.shape == (height, width, 3)
    assert scene.labels.shape == (height, width)
    assert scene.pixels.dtype == scene.labels.dtype == np.uint8


def test_a_size_below_the_least_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 96"):
        world.render(0, 0, 64)


def test_every_label_is_a_class_of_the_world(scenes: list[world.Scene]) -> None:
    for scene in scenes:
        assert {*np.unique(scene.labels).tolist()} <= {*WORDS.values()}


def test_what_is_seen_was_placed(scenes: list[world.Scene]) -> None:
    for scene in scenes:
        placed = {thing.word for thing in scene.objects}
        if "rider" in placed:
            placed.add("bicycle")
        seen = world.present(scene.labels) & {"car", "truck", "bus", "bicycle", "rider", "pedestrian", "traffic light"}
        assert seen <= placed


def test_present_and_absent_exclude_each_other(scenes: list[world.Scene]) -> None:
    for scene in scenes:
        assert not world.present(scene.labels) & world.absent(scene.labels)


def test_the_way_is_blocked_or_clear_but_never_a_close_call(scenes: list[world.Scene]) -> None:
    shares = [label_maps.blocked_share(scene.labels) for scene in scenes]
    assert not [share for share in shares if world.CLEAR_SHARE < share < world.BLOCKED_SHARE]
    assert 0.3 < np.mean([label_maps.is_safe(scene.labels) for scene in scenes]) < 0.7


def test_safety_looks_at_the_lower_middle_third_alone() -> None:
    labels = np.zeros((90, 90), np.uint8)
    labels[:60] = labels[:, :30] = labels[:, 60:] = OBSTACLES[0]
    assert label_maps.is_safe(labels)
    labels[80, 30:39] = OBSTACLES[0]  # 9 of 30 x 30 pixels: exactly one percent
    assert not label_maps.is_safe(labels)


def test_items_do_not_depend_on_the_count() -> None:
    few, more = streets(3), streets(6)
    assert more.head(3).samples == few.samples
    assert [image.id for image in few.images] == [image.id for image in more.images[:3]]
    assert few.fingerprint == more.fingerprint
    assert few.images[0].id == "streets-000000"


def test_fingerprints_tell_seeds_and_sizes_apart() -> None:
    names = {streets(1).fingerprint, streets(1, seed=4).fingerprint, streets(1, size=128).fingerprint}
    assert len(names | {streets_describe(1).fingerprint}) == 4


def test_images_travel_to_other_processes() -> None:
    picture = streets(1).pictures[0]
    other = pickle.loads(pickle.dumps(streets(1).images[0])).pictures[0]
    assert np.array_equal(picture.read(), other.read())
    assert picture.read_labels is not None
    assert picture.read_labels().shape == picture.read().shape[:2]


def test_answers_agree_with_the_label_map(many: Dataset) -> None:
    dataset = many.head(40)
    labels = {picture.id: picture.read_labels() for picture in dataset.pictures if picture.read_labels}
    for sample in dataset.samples:
        assert sample.answer in sample.options
        assert len({*sample.options}) == len(sample.options)
        seen, gone = world.present(labels[sample.image_id]), world.absent(labels[sample.image_id])
        if sample.kind == "yesno":
            word = sample.question.removeprefix("Is there a ").removesuffix(" in the image?")
            assert word in (seen if sample.answer == "yes" else gone)
        elif sample.kind == "safety":
            assert (sample.answer == "yes") == label_maps.is_safe(labels[sample.image_id])
        elif sample.question == questions.WHICH:
            assert {*sample.options} & seen == {sample.answer}
            assert {*sample.options} - {sample.answer} <= gone


def test_questions_are_balanced(many: Dataset) -> None:
    dataset = many.head(150)
    counts = Counter((sample.kind, sample.answer) for sample in dataset.samples)
    assert counts["yesno", "yes"] == counts["yesno", "no"] == 150
    assert abs(counts["safety", "yes"] - 75) < 30
    places = Counter(s.options.index(str(s.answer)) for s in dataset.samples if s.kind == "mcq")
    assert min(places.values()) > 0.17 * sum(places.values())


def test_questions_cannot_be_answered_from_their_text(many: Dataset) -> None:
    # The best guess from text is the option that was most often right, per time offered, among other questions.
    listed = [sample for sample in many.samples if sample.kind == "mcq"]
    learn, ask = listed[::2], listed[1::2]
    right = Counter((s.question, s.answer) for s in learn)
    offered = Counter((s.question, option) for s in learn for option in s.options)

    def guess(sample) -> str:
        return max(sample.options, key=lambda o: right[sample.question, o] / max(1, offered[sample.question, o]))

    assert np.mean([guess(sample) == sample.answer for sample in ask]) < 0.36


def test_descriptions_name_what_is_visible() -> None:
    dataset = streets_describe(5, seed=SEED)
    for picture, sample in zip(dataset.pictures, dataset.samples, strict=True):
        assert picture.read_labels is not None
        for word in world.present(picture.read_labels()) - {"pole"}:
            assert word in str(sample.answer)
        assert sample.kind == "describe"
