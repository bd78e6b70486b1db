"""VQAv2 from its official files and from the hub's tables."""

import json

import numpy as np
import pytest
from benchmarks.vqav2 import ANSWERS

import probe
from analyses import papers
from benchmarks import vqav2
from probe.datasets.problems import DatasetError
from probe.datasets.registry import DATASETS, open_dataset
from probe.sample import Metadata, Sample

BRIEFLY = "\nAnswer the question using a single word or phrase."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return vqav2.make(tmp_path_factory.mktemp("vqav2"))


@pytest.fixture
def copy(tmp_path):
    """A copy of its own, and a function that changes one of its files."""
    made = vqav2.make(tmp_path / "copy")

    def change(name, key, edit):
        file = made / name
        content = json.loads(file.read_text("utf-8-sig"))
        edit(content[key])
        file.write_text(json.dumps(content))

    return made, change


def test_every_question_has_its_ten_answers_in_order_and_the_most_frequent_as_its_answer(folder):
    opened = open_dataset(f"vqav2:{folder}")
    assert opened.problems == ()
    assert opened.dataset.samples[0] == Sample(
        id="42000",
        image_id="COCO_val2014_000000000042.jpg",
        question="What color is the bus?",
        answer="red",
        kind="open",
        references=ANSWERS,
        metadata=Metadata({"question_type": "what color is the", "answer_type": "other", "split": "val"}),
        dataset="vqav2",
        official=f"What color is the bus?{BRIEFLY}",
    )
    found = [(each.id, each.question, each.answer, len(each.references)) for each in opened.dataset.samples[1:]]
    assert found == [
        ("42001", "How many wheels are there?", "4", 10),
        ("8000", "Is the café open?", "yes", 10),  # the first of its ten is "no"
        ("531003", "What letter is on the sign?", "b", 9),  # the tenth is empty
    ]
    assert opened.dataset.samples[2].references[0] == "no"


def test_pictures_are_shared_and_read_in_colour(folder):
    dataset = open_dataset(f"vqav2:{folder}").dataset
    assert [image.id for image in dataset.images] == [
        "COCO_val2014_000000000042.jpg",
        "COCO_val2014_000000000008.jpg",
        "COCO_val2014_000000000531.jpg",
    ]
    assert [picture.read().shape for picture in dataset.pictures] == [(48, 64, 3)] * 3
    grey = dataset.pictures[1].read()
    assert np.array_equal(grey[..., 0], grey[..., 2])


def test_counts_that_are_not_the_official_ones_are_noted(folder):
    assert open_dataset(f"vqav2:{folder}").dataset.notes == (
        "dataset 'vqav2' has 4 samples here; officially it has 214,354.",
        "dataset 'vqav2' has 3 images here; officially it has 40,504.",
    )


def test_a_test_split_has_no_answers(folder):
    opened = open_dataset(f"vqav2:{folder}@test-dev")
    (sample,) = opened.dataset.samples
    assert (sample.id, sample.image_id, sample.answer) == ("3000", "COCO_test2015_000000000003.jpg", None)
    assert (sample.references, dict(sample.metadata)) == ((), {"split": "test-dev"})
    assert opened.dataset.pictures[0].read().shape == (48, 64, 3)


def test_ids_can_be_texts(copy):
    made, change = copy

    def to_texts(entries):
        for entry in entries:
            entry.update(image_id=str(entry["image_id"]), question_id=str(entry["question_id"]))

    before = open_dataset(f"vqav2:{made}").dataset.samples
    change("v2_OpenEnded_mscoco_val2014_questions.json", "questions", to_texts)
    assert open_dataset(f"vqav2:{made}").dataset.samples == before
    change("v2_mscoco_val2014_annotations.json", "annotations", to_texts)
    assert open_dataset(f"vqav2:{made}").dataset.samples == before


def test_folders_can_lie_as_the_vqa_tools_want_them(copy, tmp_path):
    made, _ = copy
    other = tmp_path / "tools"
    for name, place in (
        ("v2_OpenEnded_mscoco_val2014_questions.json", "Questions"),
        ("v2_mscoco_val2014_annotations.json", "Annotations"),
        ("val2014", "Images/mscoco"),
    ):
        (other / place).mkdir(parents=True)
        (made / name).rename(other / place / name)
    dataset = open_dataset(f"vqav2:{other}").dataset
    assert dataset.images[0].id == "COCO_val2014_000000000042.jpg"
    assert dataset.pictures[0].read().shape == (48, 64, 3)


def test_a_malformed_question_is_named_and_the_others_go_on(copy):
    made, change = copy

    def spoil(entries):
        entries[0]["image_id"] = "bus.jpg"
        del entries[1]["question"]
        entries[2]["question_id"] = 999
        entries.append(dict(entries[3]))
        entries.append("no object")

    change("v2_OpenEnded_mscoco_val2014_questions.json", "questions", spoil)
    opened = open_dataset(f"vqav2:{made}")
    assert [sample.id for sample in opened.dataset.samples] == ["531003"]
    file = "v2_OpenEnded_mscoco_val2014_questions.json questions"
    assert [(each.sample_id, each.message) for each in opened.problems] == [
        ("42000", f"{file} entry 1: the question is about picture bus.jpg, its annotation about 42."),
        ("42001", f'{file} entry 2: "question" is missing.'),
        ("999", f"{file} entry 3: the annotations have no entry for this question."),
        ("531003", f"{file} entry 5: the id '531003' is taken by an earlier line."),
        ("entry6", f"{file} entry 6: this is no JSON object but 'no object'."),
    ]


def test_a_malformed_annotation_spoils_its_question_alone(copy):
    made, change = copy

    def spoil(entries):
        entries[0]["answers"] = ["yes"] * 10
        entries[1]["answers"] = []
        entries[2]["answers"][3]["answer"] = 4

    change("v2_mscoco_val2014_annotations.json", "annotations", spoil)
    opened = open_dataset(f"vqav2:{made}")
    assert [sample.id for sample in opened.dataset.samples] == ["531003"]
    messages = [problem.message.partition(": ")[2] for problem in opened.problems]
    assert messages[0] == '"answers" has no answer.'
    assert messages[1] == '"answer" must be a text, not 4.'
    assert messages[2].startswith("\"answers\" must be a list of objects, not ['yes', ")


def test_a_picture_that_is_not_there_is_reported_when_it_is_read(copy):
    made, _ = copy
    (made / "val2014" / "COCO_val2014_000000000008.jpg").unlink()
    opened = open_dataset(f"vqav2:{made}")
    assert len(opened.dataset.samples) == 4
    with pytest.raises(ValueError, match="no such file"):
        opened.dataset.pictures[1].read()


def test_files_that_are_not_there_or_no_json_are_refused_in_words(copy):
    made, _ = copy
    with pytest.raises(DatasetError, match="has none of: v2_OpenEnded_mscoco_train2014"):
        open_dataset(f"vqav2:{made}@train")
    (made / "v2_mscoco_val2014_annotations.json").write_text('{"annotations": [')
    with pytest.raises(DatasetError, match=r"annotations.json' is no JSON: Expecting value in line 1, column 18\."):
        open_dataset(f"vqav2:{made}")
    (made / "v2_mscoco_val2014_annotations.json").write_text('{"questions": []}')
    with pytest.raises(DatasetError, match="has no list 'annotations'"):
        open_dataset(f"vqav2:{made}")


def test_half_a_character_is_refused_and_a_pair_of_halves_is_one(copy):
    made, _ = copy
    file = made / "v2_OpenEnded_mscoco_val2014_questions.json"
    text = file.read_text("utf-8-sig")
    file.write_text(text.replace("What color", "\\ud83d\\ude8c What color").replace("How many", "\\ud83d How many"))
    opened = open_dataset(f"vqav2:{made}")
    assert opened.dataset.samples[0].question == "🚌 What color is the bus?"
    assert [problem.message.partition(": ")[2] for problem in opened.problems] == [
        "there is an escape of half a character (\\ud800 ...)."
    ]


def test_the_hubs_tables_make_the_same_samples(folder, tmp_path):
    files = open_dataset(f"vqav2:{folder}").dataset
    hub = open_dataset(f"vqav2:{vqav2.make_tables(tmp_path / 'tables', folder)}").dataset
    assert hub.samples == files.samples
    assert [image.id for image in hub.images] == [image.id for image in files.images]
    for one, other in zip(hub.pictures, files.pictures, strict=True):
        assert np.array_equal(one.read(), other.read())


def test_its_paper_is_the_one_that_analyses_cite():
    assert DATASETS["vqav2"].bibtex == papers.BIBTEX[papers.VQA_V2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_keeps_all_references_and_the_metadata(folder, tmp_path):
    settings = {"perturb": ["white"], "keep": "answers", "prompt": "official", "max_new_tokens": 4}
    run = probe.extract("pocket-vlm", f"vqav2:{folder}", out=tmp_path / "run", **settings)
    assert f"How many wheels are there?{BRIEFLY}" in run.samples.prompt_text.sel(sample="42001").item()
    assert run.samples.sample.values.tolist() == ["42000", "42001", "8000", "531003"]
    assert run.samples.answer.values.tolist() == ["red", "4", "yes", "b"]
    assert json.loads(run.samples.metadata.values[2])["answer_type"] == "yes/no"
    assert run.samples.reference_text.sel(sample="42000").values.tolist() == list(ANSWERS)
