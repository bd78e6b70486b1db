"""BLINK from the Parquet files of its repository."""

from dataclasses import replace

import numpy as np
import pytest
import tiny

import probe
from benchmarks import blink, hub_tables
from probe.datasets.registry import open_dataset
from probe.extraction.run import DatasetNote


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return blink.make(tmp_path_factory.mktemp("blink"))


@pytest.fixture(scope="module")
def samples(folder):
    dataset, problems = open_dataset(f"blink:{folder}")
    assert not problems
    return {sample.id: sample for sample in dataset.samples}


def test_every_field_of_a_question_is_that_of_the_row(samples):
    sample = samples["val_Counting_1"]
    assert (sample.image_id, sample.kind, sample.dataset) == ("val_Counting_1_1", "mcq", "blink")
    assert (sample.question, sample.options) == ("What is there?", ("a bus", "a car", "neither"))
    assert (sample.answer, sample.references) == ("a car", ("a car",))
    assert dict(sample.metadata) == {"task": "Counting", "split": "val"}
    assert sample.official == (
        "Look closely. What is there?\nSelect from the following options.\n(A) a bus\n(B) a car\n(C) neither"
    )


def test_choices_lose_white_space_alone_and_yes_and_no_are_a_choice_too(samples):
    assert (samples["val_Counting_2"].options, samples["val_Counting_2"].answer) == (("3", "1", "0", "2"), "2")
    assert (samples["val_Counting_3"].kind, samples["val_Counting_3"].answer) == ("mcq", "yes")


def test_a_row_has_the_pictures_of_its_filled_columns_in_order(folder):
    dataset = open_dataset(f"blink:{folder}").dataset
    for task, several in blink.SEVERAL.items():
        (sample, *_) = [sample for sample in dataset.samples if sample.metadata["task"] == task]
        (image,) = [image for image in dataset.images if image.id == sample.image_id]
        names = [f"val_{task}_1_{number}" for number in range(1, several + 1)]
        assert [each.id for each in image.pictures] == names
        assert image.id == " + ".join(names)
        assert np.ptp(image.pictures[0].read().astype(int), axis=2).max() == 0, "the grey one comes first"


def test_the_answers_of_the_test_split_are_hidden(folder):
    dataset = open_dataset(f"blink:{folder}@test").dataset
    assert {sample.metadata["task"] for sample in dataset.samples} == set(blink.SEVERAL)
    assert {(sample.answer, sample.references) for sample in dataset.samples} == {(None, ())}
    assert dataset.notes == ("dataset 'blink' has 14 samples here; officially it has 1,906.",)


def test_a_malformed_row_is_named_by_its_table_and_number_and_the_others_go_on(folder, tmp_path):
    copy = blink.make(tmp_path)
    picture = [(folder / "1.png").read_bytes()]
    rows = [
        blink.row("val_Jigsaw_1", picture, ["a", "b"], "(C)"),
        blink.row("val_Jigsaw_2", [], ["a", "b"], "(A)"),
        blink.row("val_Jigsaw_3", picture, ["a"], "(A)"),
        blink.row("val_Jigsaw_4", picture, ["a", "b"], "(A)"),
    ]
    hub_tables.write(copy / "Jigsaw" / "val-00000-of-00001.parquet", rows, pictures=blink.PICTURES)
    dataset, problems = open_dataset(f"blink:{copy}")
    assert [sample.id for sample in dataset.samples if sample.metadata["task"] == "Jigsaw"] == ["val_Jigsaw_4"]
    assert [problem.message.removeprefix(f"{copy} Jigsaw/val row ") for problem in problems] == [
        "0: the answer '(C)' names none of the options A, B.",
        "1: there is no picture in image_1 to image_4.",
        "2: a sample of kind 'mcq' needs two options or more, this one has 1. List them, or set its kind to 'open'.",
    ]


@pytest.mark.slow
def test_a_run_shows_every_picture_of_each_question(folder, tmp_path, monkeypatch):
    loaded = tiny.load("qwen2_vl")
    monkeypatch.setattr("probe.readers.local.load", lambda blueprint: replace(loaded, blueprint=blueprint))
    with pytest.warns(DatasetNote, match="officially it has"):
        run = probe.extract(
            str(tiny.checkpoint("qwen2_vl")),
            f"blink:{folder}",
            perturb=["gaussian_noise:sigma=0.18"],
            prompt="official",
            keep="answers",
            out=tmp_path / "run",
            execution=probe.Execution(device="cpu"),
        )
    assert not run.failed
    for sample in open_dataset(f"blink:{folder}").dataset.samples:
        assert sample.official in run.samples.prompt_text.sel(sample=sample.id).item()
    assert len(run.samples.sample) == 16
    assert run.samples.image.sel(sample="val_Forensic_Detection_1").item().count(" + ") == 3
    scores = run.answers.log_likelihood.sel(sample="val_Forensic_Detection_1")
    assert np.isfinite(scores).sum() == 6, "three choices under two conditions; other questions have a fourth"
