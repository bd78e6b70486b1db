"""POPE from its official files and from the hub's tables."""

import json

import numpy as np
import pytest

import probe
from benchmarks import hub_tables, pope
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset
from probe.extraction.run import DatasetNote


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pope.make(tmp_path_factory.mktemp("pope"))


def opened(folder, split="", **options):
    return open_dataset(f"pope:{folder}" + (f"@{split}" if split else ""), **options)


def test_every_field_of_a_question_is_that_of_the_file(folder):
    first, second, third, _ = opened(folder, "coco-popular").dataset.samples
    assert (first.id, second.id, third.id) == ("coco-popular-1", "coco-popular-2", "coco-popular-3")
    assert first.question == first.official == "Is there a bus in the image?"
    assert second.question == second.official == "Is there a car in the image?"
    assert (first.answer, second.answer) == ("yes", "no")
    assert (first.options, first.kind, first.references, first.dataset) == (("yes", "no"), "yesno", ("yes",), "pope")
    assert dict(first.metadata) == {"category": "popular", "source": "coco", "split": "coco-popular"}
    assert (first.image_id, third.image_id) == ("COCO_val2014_000000000011.jpg", "COCO_val2014_000000000022.jpg")


@pytest.mark.parametrize(
    ("split", "samples", "images"),
    [
        ("coco-random", 4, [pope.CMYK, pope.SHARED]),
        ("coco-adversarial", 4, [pope.CMYK, pope.SHARED]),
        ("aokvqa-popular", 4, [pope.SHARED, pope.GREY]),
        ("gqa-adversarial", 3, [pope.GQA]),
        ("coco", 12, [pope.CMYK, pope.SHARED]),
        ("aokvqa", 12, [pope.SHARED, pope.GREY]),
        ("gqa", 7, [pope.GQA]),
        ("all", 31, [pope.CMYK, pope.SHARED, pope.GREY, pope.GQA]),
    ],
)
def test_a_split_is_one_file_or_a_union_of_them_and_a_picture_is_one_image_in_all(folder, split, samples, images):
    dataset, problems = opened(folder, split)
    assert not problems
    assert len(dataset.samples) == samples == len({sample.id for sample in dataset.samples})
    assert [image.id for image in dataset.images] == images


def test_the_three_coco_files_are_read_by_default_and_other_numbers_than_the_official_ones_are_a_note(folder):
    dataset = opened(folder).dataset
    assert list(dict.fromkeys(sample.metadata["split"] for sample in dataset.samples)) == [
        "coco-random",
        "coco-popular",
        "coco-adversarial",
    ]
    assert dataset.notes == (
        "dataset 'pope' has 12 samples here; officially it has 9,000.",
        "dataset 'pope' has 2 images here; officially it has 500.",
    )


def test_grey_and_cmyk_pictures_are_read_as_rgb(folder):
    pixels = {image.id: image.pictures[0].read() for image in opened(folder, "all").dataset.images}
    assert {each.shape for each in pixels.values()} == {(48, 64, 3)}
    assert np.ptp(pixels[pope.GREY].astype(int), axis=2).max() == 0
    assert np.ptp(pixels[pope.CMYK].astype(int), axis=2).max() > 50


@pytest.mark.parametrize("where", ["", "images", "images/val2014", "coco/val2014"])
def test_a_picture_has_one_id_wherever_it_lies(folder, tmp_path, where):
    (tmp_path / "coco_pope_random.json").write_bytes((folder / "output/coco/coco_pope_random.json").read_bytes())
    (tmp_path / where).mkdir(parents=True, exist_ok=True)
    for name in (pope.CMYK, pope.SHARED):
        (tmp_path / where / name).write_bytes((folder / "val2014" / name).read_bytes())
    dataset = opened(tmp_path, "coco-random").dataset
    assert [image.id for image in dataset.images] == [pope.CMYK, pope.SHARED]
    assert all(image.pictures[0].size() == (48, 64) for image in dataset.images)


def test_a_malformed_question_is_named_by_file_and_line_and_the_others_go_on(tmp_path):
    good = {"question_id": 1, "image": "a.jpg", "text": "Is there a bus in the image?", "label": "yes"}
    bad = [
        {**good, "label": "maybe"},
        {**good, "image": "../a.jpg"},
        {**good, "question_id": None},
        {**good, "text": 7},
        good,
    ]
    lines = [good, *bad, {**good, "question_id": 2}]
    (tmp_path / "coco_pope_random.json").write_text("\n".join(map(json.dumps, lines)) + "\n{]\n")
    dataset, problems = opened(tmp_path, "coco-random")
    assert [sample.id for sample in dataset.samples] == ["coco-random-1", "coco-random-2"]
    assert [problem.message for problem in problems] == [
        "coco_pope_random.json line 2: the answer must be yes or no, not 'maybe'.",
        "coco_pope_random.json line 3: the path '../a.jpg' leads out of the dataset's folder. Move the file into the "
        "folder, or allow it with --outside-paths.",
        'coco_pope_random.json line 4: "question_id" is missing.',
        'coco_pope_random.json line 5: "text" must be a text, not 7.',
        "coco_pope_random.json line 6: the id 'coco-random-1' is taken by an earlier line.",
        "coco_pope_random.json line 8: this is no JSON: Expecting property name enclosed in double quotes at column 2.",
    ]


def test_a_malformed_entry_of_a_list_is_named_by_its_number(tmp_path):
    good = {"question_id": 1, "image": "1.jpg", "text": "Is there a bus in the image?", "label": "No "}
    (tmp_path / "gqa_pope_random.json").write_text(json.dumps([good, "a question", {**good, "image": "/etc/1.jpg"}]))
    dataset, problems = opened(tmp_path, "gqa-random")
    assert [(sample.id, sample.answer) for sample in dataset.samples] == [("gqa-random-1", "no")]
    assert problems[0].message == "gqa_pope_random.json entry 2: this is no JSON object but '\"a question\"'."
    assert "entry 3: the path '/etc/1.jpg' leads out" in problems[1].message


def test_a_file_that_is_not_there_is_named_with_where_it_was_looked_for(tmp_path, folder):
    with pytest.raises(DatasetError, match=r"has none of: .*output/seem/gqa/gqa_pope_seem_random\.json"):
        opened(tmp_path, "gqa-random")
    with pytest.raises(DatasetError, match=r"no split 'coco-rand'\. Did you mean 'coco-random'\?"):
        opened(folder, "coco-rand")


def test_the_hub_s_tables_hold_the_same_questions(tmp_path, folder):
    # id, question_id and image_source are texts there; each row has its own copy of the picture
    for category in pope.ABSENT:
        rows = [
            {
                "id": str(number),
                "question_id": str(entry["question_id"]),
                "question": entry["text"],
                "answer": entry["label"],
                "image_source": entry["image"].removesuffix(".jpg"),
                "image": (folder / "val2014" / entry["image"]).read_bytes(),
                "category": category,
            }
            for number, entry in enumerate(pope.questions(category, pope.CMYK, pope.SHARED))
        ]
        hub_tables.write(tmp_path / "Full" / f"{category}-00000-of-00001.parquet", rows)
    for split in ("coco", "coco-popular"):
        there, here = opened(tmp_path, split), opened(folder, split)
        assert not there.problems
        assert there.dataset.samples == here.dataset.samples
        for table, file in zip(there.dataset.images, here.dataset.images, strict=True):
            assert table.id == file.id
            assert np.array_equal(table.pictures[0].read(), file.pictures[0].read())
    with pytest.raises(DatasetError, match=r"has none of: .*aokvqa_pope_seem_random"):
        opened(tmp_path, "aokvqa")


@pytest.mark.slow
def test_a_run_has_every_question_of_the_files(folder, tmp_path):
    with pytest.warns(DatasetNote, match="officially it has"):
        run = probe.extract(
            "pocket-vlm",
            f"pope:{folder}@all",
            perturb=["gaussian_noise:sigma=0.18"],
            prompt="official",
            keep="answers",
            out=tmp_path / "run",
            execution=probe.Execution(device="cpu"),
        )
    assert not run.failed
    dataset = opened(folder, "all").dataset
    samples = [sample for image in dataset.images for sample in dataset.samples_of(image.id)]
    assert run.samples.sample.values.tolist() == [sample.id for sample in samples]
    assert run.samples.dataset.values.tolist() == ["pope"] * 31
    assert json.loads(run.samples.metadata.values[-1]) == dict(samples[-1].metadata)
    assert np.isfinite(run.answers.log_likelihood).all()
    assert all(sample.official in run.samples.prompt_text.sel(sample=sample.id).item() for sample in samples)
