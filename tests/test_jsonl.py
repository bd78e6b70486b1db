"""A user's own dataset: picture files of every kind, good lines, bad lines, and datasets by name."""

import json
import pickle

import numpy as np
import pytest
from PIL import Image as Pillow

from probe.datasets import jsonl
from probe.datasets.pixels import UnreadableImage, read_rgb
from probe.datasets.problems import DatasetError
from probe.datasets.registry import DATASETS, open_dataset

CHOICE = {"image": "a.png", "question": "What is this?", "options": ["a bus", "a car"], "answer": "a bus"}


@pytest.fixture
def write(tmp_path):
    def write(*entries):
        path = tmp_path / "mine.jsonl"
        path.write_text("".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in entries), encoding="utf-8")
        return path

    return write


def saved(tmp_path, picture, name="x.png", **options):
    picture.save(tmp_path / name, **options)
    return tmp_path / name


# pixels


def test_an_rgb_file_is_read_as_it_is(tmp_path):
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    assert np.array_equal(read_rgb(saved(tmp_path, Pillow.fromarray(pixels))), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I"])
def test_every_mode_becomes_three_channels_of_8_bits(tmp_path, mode):
    name = {"CMYK": "x.tiff", "YCbCr": "x.tiff", "I": "x.pgm"}.get(mode, "x.png")
    pixels = read_rgb(saved(tmp_path, Pillow.new("L", (5, 4), 0).convert(mode), name))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (4, 5, 3)


def test_transparent_parts_lie_on_white(tmp_path):
    picture = Pillow.new("RGBA", (2, 1), (10, 20, 30, 0))
    picture.putpixel((1, 0), (10, 20, 30, 255))
    assert read_rgb(saved(tmp_path, picture)).tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_a_transparent_palette_entry_lies_on_white(tmp_path):
    picture = Pillow.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    assert read_rgb(saved(tmp_path, picture, transparency=0)).tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_16_bit_grey_keeps_its_high_byte(tmp_path):
    values = np.array([[0, 255, 256, 0x80FF, 65535]], np.uint16)
    assert read_rgb(saved(tmp_path, Pillow.fromarray(values)))[0, :, 0].tolist() == [0, 0, 1, 0x80, 255]


def test_exif_orientation_is_applied(tmp_path):
    picture = Pillow.fromarray(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    turned = read_rgb(saved(tmp_path, picture, exif=exif))
    assert np.array_equal(turned, np.rot90(np.asarray(picture), -1))


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Pillow.new("RGB", (3, 2), colour) for colour in ("red", "blue")]
    path = saved(tmp_path, frames[0], "x.gif", save_all=True, append_images=frames[1:])
    assert read_rgb(path)[0, 0].tolist() == [255, 0, 0]


def test_float_pixels_are_refused_because_they_have_no_range(tmp_path):
    path = saved(tmp_path, Pillow.fromarray(np.ones((2, 2), np.float32)), "x.tiff")
    with pytest.raises(UnreadableImage, match="without a defined range"):
        read_rgb(path)


def test_integers_beyond_16_bits_are_refused(tmp_path):
    path = saved(tmp_path, Pillow.fromarray(np.array([[0, 70_000]], np.int32)), "x.tiff")
    with pytest.raises(UnreadableImage, match=r"0 to 70000 here\) without a defined range"):
        read_rgb(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(UnreadableImage, match=r"gone\.png': no such file"):
        read_rgb(tmp_path / "gone.png")


def test_a_file_that_is_no_picture_says_so(tmp_path):
    path = tmp_path / "x.png"
    path.write_text("not a picture")
    with pytest.raises(UnreadableImage, match=r"not a picture of a known format \(PNG"):
        read_rgb(path)


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(UnreadableImage):
        read_rgb(tmp_path)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.webp"])
def test_a_picture_cut_anywhere_is_refused(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    whole = saved(tmp_path, Pillow.fromarray(noise), name).read_bytes()
    cut = tmp_path / f"cut-{name}"
    for share in (0, 0.01, 0.1, 0.5, 0.9):
        cut.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(UnreadableImage, match=f"cut-{name}"):
            read_rgb(cut)


def test_unreadable_image_survives_the_way_back_from_a_worker(tmp_path):
    with pytest.raises(UnreadableImage) as caught:
        read_rgb(tmp_path / "gone.png")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# jsonl


def test_lines_become_samples_and_images_come_once(write):
    path = write(
        CHOICE,
        {"image": "./a.png", "question": "Is there a bus?", "options": ["yes", "no"], "answer": "yes", "id": "q2"},
        {"image": "sub/b.png", "question": "Describe.", "kind": "describe", "category": "own"},
        {"image": "a.png", "question": "What colour?", "answer": "red"},
    )
    dataset, problems = jsonl.load(path)
    assert problems == ()
    assert dataset.name == "mine"
    assert [image.id for image in dataset.images] == ["a.png", "sub/b.png"]
    assert [sample.id for sample in dataset.samples] == ["line1", "q2", "line3", "line4"]
    assert [sample.kind for sample in dataset.samples] == ["mcq", "yesno", "describe", "open"]
    assert [sample.image_id for sample in dataset.samples] == ["a.png", "a.png", "sub/b.png", "a.png"]
    assert dataset.samples[0].options == ("a bus", "a car")
    assert dataset.samples[2].answer is None


def test_a_question_may_have_many_right_answers(write):
    ten = ["red"] * 6 + ["dark red"] * 3 + ["maroon"]
    (sample,) = jsonl.load(write({"image": "a.png", "question": "What colour?", "references": ten})).dataset.samples
    assert (sample.references, sample.answer, sample.kind) == (tuple(ten), "red", "open")
    both = CHOICE | {"references": ["a bus", "a coach"]}
    (sample,) = jsonl.load(write(both)).dataset.samples
    assert (sample.references, sample.answer) == (("a bus", "a coach"), "a bus")
    (sample,) = jsonl.load(write(CHOICE)).dataset.samples
    assert sample.references == ("a bus",)
    (sample,) = jsonl.load(write({"image": "a.png", "question": "?", "answer": ""})).dataset.samples
    assert (sample.references, sample.answer) == ((), "")


def test_a_line_may_ask_about_several_pictures_in_order(write, tmp_path):
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        saved(tmp_path, Pillow.new("RGB", (3, 2), colour), name)
    question = {"question": "What has changed?", "answer": "the colour"}
    dataset = jsonl.load(write({"images": ["b.png", "./a.png"]} | question, {"images": ["a.png"]} | question)).dataset
    assert [image.id for image in dataset.images] == ["b.png + a.png", "a.png"]
    assert [sample.image_id for sample in dataset.samples] == ["b.png + a.png", "a.png"]
    assert [picture.id for picture in dataset.pictures] == ["b.png", "a.png"]
    first, second = (picture.read()[0, 0].tolist() for picture in dataset.images[0].pictures)
    assert (first, second) == ([0, 0, 255], [255, 0, 0])


def test_the_fingerprint_follows_every_picture_of_an_image(write, tmp_path):
    line = {"images": ["a.png", "b.png"], "question": "?"}
    found = [jsonl.load(write(line)).dataset.fingerprint]
    for name in ("a.png", "b.png"):
        saved(tmp_path, Pillow.new("RGB", (3, 2)), name)
        found.append(jsonl.load(write(line)).dataset.fingerprint)
    assert len(set(found)) == 3


def test_other_keys_are_metadata_where_their_values_are_plain(write):
    line = CHOICE | {"question_id": 7, "answer_type": "other", "hard": True, "note": None, "boxes": [[1, 2]]}
    (sample,) = jsonl.load(write(line)).dataset.samples
    assert dict(sample.metadata) == {"question_id": 7, "answer_type": "other", "hard": True, "note": None}
    assert pickle.loads(pickle.dumps(sample)) == sample
    with pytest.raises(TypeError):
        sample.metadata["note"] = "changed"  # type: ignore[index]


def test_a_line_may_name_the_dataset_that_it_comes_from(write):
    dataset = jsonl.load(write(CHOICE, CHOICE | {"dataset": "vqa"})).dataset
    assert [sample.dataset for sample in dataset.samples] == ["mine", "vqa"]


def test_pictures_are_found_beside_the_file_and_travel_to_workers(write, tmp_path):
    saved(tmp_path, Pillow.new("RGB", (3, 2), "red"), "a.png")
    dataset = jsonl.load(write(CHOICE)).dataset
    image = pickle.loads(pickle.dumps(dataset.images[0]))
    assert image.pictures[0].read().shape == (2, 3, 3)


@pytest.mark.parametrize("name", ["gone.png", "x" * 5000])
def test_a_missing_picture_shows_only_when_it_is_read(write, name):
    dataset, problems = jsonl.load(write(CHOICE | {"image": name}))
    assert problems == ()
    with pytest.raises(UnreadableImage):
        dataset.pictures[0].read()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": []}, "needs two options or more, this one has 0"),
        ({"options": [], "kind": "mcq"}, "needs two options or more"),
        ({"options": None, "kind": "yesno"}, "needs two options or more"),
        ({"options": ["a bus"]}, "this one has 1"),
        ({"options": ["a bus", "a bus"]}, "'a bus' is listed more than once"),
        ({"options": ["a bus", " "]}, "option 2 is empty"),
        ({"answer": "a tram"}, "'a tram' is not among the options"),
        ({"question": "  "}, "the question is empty"),
        ({"references": ["a bus", " "]}, "a right answer is empty"),
        ({"id": "line1"}, "taken by an earlier line"),
    ],
)
def test_a_bad_sample_is_a_problem_and_the_others_stand(write, changes, message):
    dataset, problems = jsonl.load(write(CHOICE, CHOICE | changes, CHOICE | {"image": "b.png"}))
    assert [sample.id for sample in dataset.samples] == ["line1", "line3"]
    assert [image.id for image in dataset.images] == ["a.png", "b.png"]
    assert len(problems) == 1
    assert problems[0].sample_id == ("line1" if "id" in changes else "line2")
    assert message in problems[0].message
    assert "mine.jsonl line 2" in problems[0].message


def test_an_image_of_bad_samples_alone_is_left_out(write):
    dataset, problems = jsonl.load(write(CHOICE | {"image": "b.png", "options": []}, CHOICE))
    assert [image.id for image in dataset.images] == ["a.png"]
    assert len(problems) == 1


def test_options_without_an_answer_are_allowed(write):
    dataset, problems = jsonl.load(write({key: CHOICE[key] for key in ("image", "question", "options")}))
    assert problems == ()
    assert dataset.samples[0].answer is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this is no JSON"),
        ({"image": "a.png", "question": "half \ud800"}, "there is an escape of half a character"),
        ("[1]", "this is no JSON object but '[1]'"),
        ({"question": "?"}, '"image" is missing'),
        ({"image": "a.png"}, '"question" is missing'),
        ({"image": "", "question": "?"}, '"image" is empty'),
        ({"images": [], "question": "?"}, '"images" is empty'),
        ({"images": ["a.png", ""], "question": "?"}, '"images" is empty'),
        ({"images": "a.png", "question": "?"}, '"images" must be a list of texts'),
        ({"image": "a.png", "images": ["a.png"], "question": "?"}, 'give either "image" or "images"'),
        ({"image": "a.png", "question": "?", "references": "red"}, '"references" must be a list of texts'),
        (
            {"image": "a.png", "question": "?", "answers": ["red"]},
            "the key 'answers' is unknown. Did you mean 'answer'",
        ),
        ({"imgae": "a.png", "question": "?"}, "the key 'imgae' is unknown. Did you mean 'image'"),
        ({"image": 3, "question": "?"}, '"image" must be a text, not 3'),
        (CHOICE | {"answer": 1}, '"answer" must be a text'),
        (CHOICE | {"options": "a bus"}, '"options" must be a list of texts'),
        (CHOICE | {"options": [1, 2]}, '"options" must be a list of texts'),
        (CHOICE | {"kind": "yes-no"}, "the kind 'yes-no' is unknown. Did you mean 'yesno'"),
        ({"image": "a.png", "question": "?", "option": ["a"]}, "the key 'option' is unknown. Did you mean 'options'"),
    ],
)
def test_a_malformed_line_is_refused_with_its_number_and_the_rest_goes_on(write, line, message):
    dataset, (problem,) = jsonl.load(write(CHOICE, line, CHOICE | {"image": "b.png"}))
    assert [sample.id for sample in dataset.samples] == ["line1", "line3"]
    assert problem.sample_id == "line2"
    assert problem.message.startswith("mine.jsonl line 2: ")
    assert message in problem.message


@pytest.mark.parametrize("name", ["../a.png", "sub/../../a.png", "/a.png", "~/a.png", "~someone/a.png", ".."])
def test_a_picture_outside_of_the_folder_is_refused_unless_asked_for(write, name):
    path = write(CHOICE | {"image": name}, CHOICE)
    dataset, (problem,) = jsonl.load(path)
    assert [sample.id for sample in dataset.samples] == ["line2"]
    assert problem.message == (
        f"mine.jsonl line 1: the path {name!r} leads out of the dataset's folder. Move the file into the folder, or "
        "allow it with --outside-paths."
    )
    dataset, problems = jsonl.load(path, outside=True)
    assert (len(dataset.samples), problems) == (2, ())


def test_a_picture_outside_of_the_folder_is_read_where_that_is_asked_for(write, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    saved(tmp_path / "elsewhere", Pillow.new("RGB", (3, 2), "red"), "a.png")
    (tmp_path / "data").mkdir()
    path = write(CHOICE | {"image": "../elsewhere/a.png"}).rename(tmp_path / "data" / "mine.jsonl")
    (picture,) = jsonl.load(path, outside=True).dataset.pictures
    assert picture.read().shape == (2, 3, 3)


def test_a_file_of_nothing_but_bad_lines_has_problems_and_no_sample(write):
    dataset, problems = jsonl.load(write("{", "image,question"))
    assert dataset.samples == ()
    assert [problem.sample_id for problem in problems] == ["line1", "line2"]


def test_blank_lines_and_a_byte_order_mark_are_passed_over(write):
    assert len(jsonl.load(write("\ufeff" + json.dumps(CHOICE), "", "  ")).dataset.samples) == 1


def test_an_empty_file_is_refused(write):
    with pytest.raises(DatasetError, match="is empty"):
        jsonl.load(write(""))


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b'{"image": "a.png", "question": "stra\xdfe"}')
    with pytest.raises(DatasetError, match="is not UTF-8"):
        jsonl.load(path)


def test_the_fingerprint_follows_the_text_and_the_sizes_of_the_pictures(write, tmp_path):
    bare = jsonl.load(write(CHOICE)).dataset.fingerprint
    assert jsonl.load(write(CHOICE)).dataset.fingerprint == bare
    saved(tmp_path, Pillow.new("RGB", (3, 2)), "a.png")
    with_picture = jsonl.load(write(CHOICE)).dataset.fingerprint
    with_other_text = jsonl.load(write(CHOICE | {"answer": "a car"})).dataset.fingerprint
    assert len({bare, with_picture, with_other_text}) == 3


# by name


def test_a_dataset_is_opened_by_path(write):
    path = write(CHOICE, CHOICE | {"options": []})
    opened, loaded = open_dataset(path), jsonl.load(path)
    assert opened.dataset.fingerprint == loaded.dataset.fingerprint
    assert opened.dataset.samples == loaded.dataset.samples
    assert opened.problems == loaded.problems


def test_the_first_images_are_taken_with_all_their_samples(write):
    path = write(CHOICE, CHOICE | {"image": "b.png"}, CHOICE)
    dataset = open_dataset(path, first=1).dataset
    assert [sample.id for sample in dataset.samples] == ["line1", "line3"]


@pytest.mark.parametrize("name", [name for name, entry in DATASETS.items() if entry.draw])
def test_the_embedded_datasets_open_with_any_number_of_images(name):
    dataset, problems = open_dataset(name, limit=2)
    assert problems == ()
    assert len(dataset.images) == 2
    assert len(dataset.samples) >= 2


def test_an_unknown_dataset_is_refused_with_the_closest_name():
    with pytest.raises(DatasetError, match=r"Did you mean 'streets'.*\.jsonl"):
        open_dataset("streats")


def test_a_missing_file_and_a_limit_of_none_at_all_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such file"):
        open_dataset(tmp_path / "gone.jsonl")
    with pytest.raises(ValueError, match="limit 0 is too small"):
        open_dataset("streets", limit=0)
