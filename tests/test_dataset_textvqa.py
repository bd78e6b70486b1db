"""TextVQA from its official files and from the hub's table."""

import json

import numpy as np
import pytest
from benchmarks.textvqa import STOP

import probe
from analyses import papers
from benchmarks import textvqa
from probe.datasets.problems import DatasetError
from probe.datasets.registry import DATASETS, open_dataset
from probe.sample import Metadata, Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return textvqa.make(tmp_path_factory.mktemp("textvqa"))


def test_every_question_has_its_answers_in_order(folder):
    opened = open_dataset(f"textvqa:{folder}")
    assert opened.problems == ()
    assert opened.dataset.samples[0] == Sample(
        id="34602",
        image_id="003a8ae2ef43b901.jpg",
        question="what does the Sign say?",
        answer="stop",
        kind="open",
        references=STOP,
        metadata=Metadata({"image_classes": "Traffic sign; Tree", "split": "val"}),
        dataset="textvqa",
        # as lmms-eval words it, by Python's `capitalize`
        official="What does the sign say?\nAnswer the question using a single word or phrase.",
    )
    second, third = opened.dataset.samples[1:]
    assert second.references == ("7",) * 8 + ("unanswerable",)  # without the empty one
    assert dict(second.metadata) == {"split": "val"}
    assert (third.id, third.image_id, third.references) == ("34604", "00c359f294f7dcd9.jpg", ("acme",) * 10)
    assert [image.id for image in opened.dataset.images] == ["003a8ae2ef43b901.jpg", "00c359f294f7dcd9.jpg"]
    assert [picture.read().shape for picture in opened.dataset.pictures] == [(48, 64, 3)] * 2
    assert opened.dataset.notes == (
        "dataset 'textvqa' has 3 samples here; officially it has 5,000.",
        "dataset 'textvqa' has 2 images here; officially it has 3,166.",
    )


def test_empty_answers_of_the_test_split_are_no_answers(folder):
    (sample,) = open_dataset(f"textvqa:{folder}@test").dataset.samples
    assert (sample.id, sample.answer, sample.references) == ("39602", None, ())
    assert open_dataset(f"textvqa:{folder}@test").dataset.pictures[0].read().shape == (48, 64, 3)


def test_malformed_entries_are_named_and_the_others_go_on(tmp_path):
    made = textvqa.make(tmp_path / "copy")
    file = made / "TextVQA_0.5.1_val.json"
    content = json.loads(file.read_text())
    content["data"][0]["answers"] = "stop"
    content["data"][1]["answers"] = [""] * 10
    content["data"] += [content["data"][2] | {"question_id": str(number)} for number in (1, 2, 3)]
    content["data"][3]["image_id"] = "../../secret"
    content["data"][4]["question"] = " "
    content["data"][5]["image_id"] = "/etc/secret"
    file.write_text(json.dumps(content))
    opened = open_dataset(f"textvqa:{made}")
    assert [sample.id for sample in opened.dataset.samples] == ["34604"]
    outside = "leads out of the dataset's folder. Move the file into the folder, or allow it with --outside-paths."
    assert [(each.sample_id, each.message) for each in opened.problems] == [
        ("34602", "TextVQA_0.5.1_val.json data entry 1: \"answers\" must be a list of texts, not 'stop'."),
        ("34603", 'TextVQA_0.5.1_val.json data entry 2: "answers" has no answer.'),
        ("1", f"TextVQA_0.5.1_val.json data entry 4: the path 'train_images/../../secret.jpg' {outside}"),
        ("2", "TextVQA_0.5.1_val.json data entry 5: the question is empty. Give it a text."),
        ("3", f"TextVQA_0.5.1_val.json data entry 6: the path '/etc/secret.jpg' {outside}"),
    ]


def test_a_split_whose_file_is_not_there_is_refused(folder):
    with pytest.raises(DatasetError, match=r"has none of: TextVQA_0\.5\.1_train\.json"):
        open_dataset(f"textvqa:{folder}@train")


def test_the_hubs_table_makes_the_same_samples(folder, tmp_path):
    files = open_dataset(f"textvqa:{folder}").dataset
    hub = open_dataset(f"textvqa:{textvqa.make_tables(tmp_path / 'tables', folder)}").dataset
    assert hub.samples == files.samples
    for one, other in zip(hub.pictures, files.pictures, strict=True):
        assert (one.id, one.size()) == (other.id, other.size())
        assert np.array_equal(one.read(), other.read())


def test_its_paper_is_the_one_that_analyses_cite():
    assert DATASETS["textvqa"].bibtex == papers.BIBTEX[papers.TEXT_VQA]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_keeps_the_references_of_every_question(folder, tmp_path):
    run = probe.extract("pocket-vlm", f"textvqa:{folder}", perturb=["white"], keep="answers", out=tmp_path / "run")
    assert run.samples.sample.values.tolist() == ["34602", "34603", "34604"]
    assert run.samples.reference_text.sel(sample="34603").values.tolist() == ["7"] * 8 + ["unanswerable", ""]
    assert json.loads(run.samples.metadata.values[0])["image_classes"] == "Traffic sign; Tree"
