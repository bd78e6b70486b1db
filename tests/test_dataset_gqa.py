"""GQA from its official files and from the hub's two tables, of questions and of pictures."""

import json
from pathlib import Path

import numpy as np
import pytest

import probe
from analyses import papers
from benchmarks import drawn, gqa, hub_tables
from probe.datasets.problems import DatasetError
from probe.datasets.registry import DATASETS, open_dataset
from probe.sample import Metadata, Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return gqa.make(tmp_path_factory.mktemp("gqa"))


@pytest.fixture(scope="module")
def hub(folder, tmp_path_factory):
    drawn.save(folder / "images" / "n9.jpg", 9)  # a picture that no question asks about
    return gqa.make_tables(tmp_path_factory.mktemp("tables"), folder)


def test_every_question_has_one_answer_and_says_of_which_kinds_it_is(folder):
    opened = open_dataset(f"gqa:{folder}")
    assert opened.problems == ()
    assert opened.dataset.samples[0] == Sample(
        id="201307251",
        image_id="n161313.jpg",
        question="Is the bus red?",
        answer="yes",
        kind="open",
        references=("yes",),
        metadata=Metadata(
            {
                "structural": "verify",
                "semantic": "attr",
                "detailed": "verifyAttr",
                "fullAnswer": "Yes, the bus is red.",
                "split": "testdev",
            }
        ),
        dataset="gqa",
        official="Is the bus red?\nAnswer the question using a single word or phrase.",
    )
    second, third = opened.dataset.samples[1:]
    assert (second.id, second.image_id, second.references) == ("02930152", "2405722.jpg", ("traffic light",))
    assert (third.id, third.image_id, third.answer) == ("201307252", "n161313.jpg", "outdoors")
    assert [image.id for image in opened.dataset.images] == ["n161313.jpg", "2405722.jpg"]
    assert [picture.read().shape for picture in opened.dataset.pictures] == [(48, 64, 3)] * 2
    assert opened.dataset.notes == (
        "dataset 'gqa' has 3 samples here; officially it has 12,578.",
        "dataset 'gqa' has 2 images here; officially it has 398.",
    )


def test_the_test_split_has_no_answers(folder):
    (sample,) = open_dataset(f"gqa:{folder}@test").dataset.samples
    assert (sample.id, sample.answer, sample.references) == ("20100", None, ())
    assert dict(sample.metadata) == {"split": "test"}


def test_malformed_questions_are_named_and_the_others_go_on(tmp_path):
    made = gqa.make(tmp_path / "copy")
    file = made / "questions1.2" / "testdev_balanced_questions.json"
    content = json.loads(file.read_text())
    del content["201307251"]["answer"]
    content["02930152"]["imageId"] = "../../n1"
    content |= {"5": ["Is it day?"], "6": {"question": 6, "imageId": 7, "answer": "no"}}
    content |= {"7": {"question": "Day?", "imageId": 7, "answer": "no", "types": None}}
    file.write_text(json.dumps(content))
    opened = open_dataset(f"gqa:{made}")
    assert [(sample.id, sample.image_id) for sample in opened.dataset.samples] == [
        ("201307252", "n161313.jpg"),
        ("7", "7.jpg"),
    ]
    assert [(each.sample_id, each.message) for each in opened.problems] == [
        ("201307251", 'testdev_balanced_questions.json question 201307251: "answer" is missing.'),
        (
            "02930152",
            "testdev_balanced_questions.json question 02930152: the path 'images/../../n1.jpg' leads out of the "
            "dataset's folder. Move the file into the folder, or allow it with --outside-paths.",
        ),
        ("5", "testdev_balanced_questions.json question 5: this is no JSON object but ['Is it day?']."),
        ("6", 'testdev_balanced_questions.json question 6: "question" must be a text, not 6.'),
    ]


def test_a_list_in_place_of_the_questions_is_refused(tmp_path):
    made = gqa.make(tmp_path / "copy")
    (made / "questions1.2" / "testdev_balanced_questions.json").write_text("[]")
    with pytest.raises(DatasetError, match="holds no object"):
        open_dataset(f"gqa:{made}")


def test_the_hubs_tables_make_the_same_samples_and_pictures(folder, hub):
    files, tables = open_dataset(f"gqa:{folder}").dataset, open_dataset(f"gqa:{hub}").dataset
    assert tables.samples == files.samples
    for one, other in zip(tables.pictures, files.pictures, strict=True):
        assert one.id == other.id
        assert np.array_equal(one.read(), other.read())


def test_only_the_pictures_of_the_chosen_images_are_fetched(folder, tmp_path):
    drawn.save(folder / "images" / "n9.jpg", 9)
    tables = gqa.make_tables(tmp_path / "others", folder)
    first = open_dataset(f"gqa:{tables}", first=1).dataset
    assert [image.id for image in first.images] == ["n161313.jpg"]
    assert first.pictures[0].read().shape == (48, 64, 3)
    assert len(list(Path(first.pictures[0].read.args[0]).parent.iterdir())) == 1


def test_a_question_whose_picture_is_in_no_table_is_a_problem(folder, hub, tmp_path):
    others = tmp_path / "tables"
    rows = [{"id": "1", "imageId": name, "question": "Day?", "answer": "yes", "types": None} for name in ("n9", "n10")]
    rows[1]["id"] = "2"
    hub_tables.write(others / "testdev_balanced_instructions" / "testdev.parquet", rows)
    source = hub / "testdev_balanced_images" / "testdev-00000-of-00001.parquet"
    (others / "testdev_balanced_images").mkdir()
    (others / "testdev_balanced_images" / "testdev.parquet").write_bytes(source.read_bytes())
    opened = open_dataset(f"gqa:{others}")
    assert [(sample.id, sample.answer) for sample in opened.dataset.samples] == [("1", "yes")]
    (problem,) = opened.problems
    assert problem.message.endswith(
        "testdev_balanced_instructions/testdev row 1: there is no picture whose 'id' is 'n10'."
    )


def test_its_paper_is_the_one_that_analyses_cite():
    assert DATASETS["gqa"].bibtex == papers.BIBTEX[papers.GQA]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_keeps_answers_and_kinds(folder, tmp_path):
    run = probe.extract("pocket-vlm", f"gqa:{folder}", perturb=["white"], keep="answers", out=tmp_path / "run")
    assert run.samples.sample.values.tolist() == ["201307251", "201307252", "02930152"]
    assert run.samples.answer.values.tolist() == ["yes", "outdoors", "traffic light"]
    assert json.loads(run.samples.metadata.values[2])["structural"] == "query"
