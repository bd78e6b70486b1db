"""MMMU from the Parquet files of its repository."""

from dataclasses import replace

import numpy as np
import pytest
import tiny

import probe
from benchmarks import hub_tables, mmmu
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset
from probe.extraction.run import DatasetNote


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return mmmu.make(tmp_path_factory.mktemp("mmmu"))


@pytest.fixture(scope="module")
def samples(folder):
    dataset, problems = open_dataset(f"mmmu:{folder}")
    assert not problems
    return {sample.id: sample for sample in dataset.samples}


def test_every_field_of_a_question_is_that_of_the_row(samples):
    sample = samples["validation_Accounting_1"]
    assert (sample.image_id, sample.kind, sample.dataset) == ("validation_Accounting_1_1", "mcq", "mmmu")
    assert sample.question == "<image 1> Which sum is it?"
    assert (sample.options, sample.answer, sample.references) == (("10", "20"), "20", ("20",))
    assert dict(sample.metadata) == {
        "subject": "Accounting",
        "category": "Business",
        "question_type": "multiple-choice",
        "subfield": "Ledgers",
        "topic_difficulty": "Easy",
        "img_type": "['Tables']",
        "split": "validation",
    }


def test_the_official_prompts_are_those_of_the_authors_configuration(samples):
    # mmmu/configs/llava1.5.yaml: in YAML, an empty line between quotes is one line break; "(A) option" ends in another
    assert samples["validation_Accounting_1"].official == (
        "<image 1> Which sum is it?\n(A) 10\n(B) 20\n\nAnswer with the option's letter from the given choices directly."
    )
    assert samples["validation_Art_2"].official == (
        "How does <image 2> differ from <image 1>?\nAnswer the question using a single word or phrase."
    )


def test_options_are_the_texts_of_a_python_list_with_its_backslashes(samples):
    sample = samples["validation_Accounting_2"]
    assert sample.options == (r"$\sigma$ = 2", r"$\Delta$ T", "the owner's", "none")
    assert sample.answer == r"$\sigma$ = 2"
    assert r"(A)  $\sigma$ = 2 " in sample.official


def test_a_row_has_the_pictures_of_its_filled_columns(folder, samples):
    sample = samples["validation_Accounting_3"]
    assert (sample.options, sample.answer) == (("<image 1>", "<image 2>", "<image 3>", "<image 4>"), "<image 4>")
    dataset = open_dataset(f"mmmu:{folder}").dataset
    (image,) = [image for image in dataset.images if image.id == sample.image_id]
    assert [each.id for each in image.pictures] == [f"validation_Accounting_3_{number}" for number in (1, 2, 3, 4)]
    assert [each.size() for each in image.pictures] == [(48, 64)] * 4
    assert np.ptp(image.pictures[3].read().astype(int), axis=2).max() == 0, "the grey one is the fourth"


def test_of_two_equal_options_the_answer_is_the_one_of_its_letter(samples):
    sample = samples["validation_Accounting_4"]
    assert (sample.options, sample.answer) == (("3", "4", "3 (2)"), "3 (2)")
    assert "(A) 3\n(B) 4\n(C) 3\n" in sample.official


def test_an_open_question_has_all_answers_of_its_list(samples):
    sample = samples["validation_Art_2"]
    assert (sample.kind, sample.options, sample.answer) == ("open", (), "24/7")
    assert sample.references == ("24/7", "3.429")
    assert sample.metadata["question_type"] == "open"
    assert sample.image_id == "validation_Art_2_1 + validation_Art_2_2"


@pytest.mark.parametrize(("split", "count", "official"), [("validation", 34, "900"), ("test", 30, "10,500")])
def test_a_split_is_that_of_all_subjects(folder, split, count, official):
    dataset = open_dataset(f"mmmu:{folder}@{split}").dataset
    assert len(dataset.samples) == count
    assert {sample.metadata["subject"] for sample in dataset.samples} == set(mmmu.SUBJECTS)
    assert len({sample.metadata["category"] for sample in dataset.samples}) == 6
    assert dataset.notes == (f"dataset 'mmmu' has {count} samples here; officially it has {official}.",)


def test_a_question_mark_is_no_answer(folder):
    sample = open_dataset(f"mmmu:{folder}@test").dataset.samples[0]
    assert (sample.answer, sample.references, sample.options) == (None, (), ("10", "20"))


def test_a_malformed_row_is_named_by_its_table_and_number_and_the_others_go_on(folder, tmp_path):
    copy = mmmu.make(tmp_path)
    picture = [(folder / "0.png").read_bytes()]
    rows = [
        mmmu.row("validation_Art_1", "Which?", "['a', 'b'", "A", picture),
        mmmu.row("validation_Art_2", "Which?", "['a', 'b']", "C", picture),
        mmmu.row("validation_Art_3", "Which?", "['a', 'b']", "A", []),
        mmmu.row("validation_Art_4", "Which?", "[__import__('os'), 'b']", "A", picture),
        mmmu.row("validation_Art_5", "Which?", "['a', 'b']", "b", picture),
    ]
    hub_tables.write(copy / "Art" / "validation-00000-of-00001.parquet", rows, pictures=mmmu.PICTURES)
    dataset, problems = open_dataset(f"mmmu:{copy}")
    art = [sample for sample in dataset.samples if sample.metadata["subject"] == "Art"]
    assert [(sample.id, sample.answer) for sample in art] == [("validation_Art_5", "b")]
    assert [problem.message.removeprefix(f"{copy} Art/validation row ") for problem in problems] == [
        "0: \"options\" must be a list of texts as Python writes it, not \"['a', 'b'\".",
        "1: the answer 'C' names none of the options A, B.",
        "2: there is no picture in image_1 to image_7.",
        "3: \"options\" must be a list of texts as Python writes it, not \"[__import__('os'), 'b']\".",
    ]


def test_a_subject_that_is_not_there_is_named(tmp_path):
    copy = mmmu.make(tmp_path)
    (copy / "Music" / "validation-00000-of-00001.parquet").unlink()
    with pytest.raises(DatasetError, match=r"has no file of the table 'Music/validation'"):
        open_dataset(f"mmmu:{copy}")


@pytest.mark.slow
def test_a_run_shows_several_pictures_and_scores_choices_alone(folder, tmp_path, monkeypatch):
    loaded = tiny.load("qwen2_vl")
    monkeypatch.setattr("probe.readers.local.load", lambda blueprint: replace(loaded, blueprint=blueprint))
    with pytest.warns(DatasetNote, match="officially it has"):
        run = probe.extract(
            str(tiny.checkpoint("qwen2_vl")),
            f"mmmu:{folder}",
            perturb=["gaussian_noise:sigma=0.18"],
            prompt="official",
            keep="answers",
            out=tmp_path / "run",
            execution=probe.Execution(device="cpu"),
        )
    assert not run.failed
    for sample in open_dataset(f"mmmu:{folder}").dataset.samples:
        assert sample.official in run.samples.prompt_text.sel(sample=sample.id).item()
    assert len(run.samples.sample) == 34
    scores = run.answers.log_likelihood.sel(condition="clean")
    assert np.isfinite(scores.sel(sample="validation_Accounting_3")).all()
    assert np.isnan(scores.sel(sample="validation_Art_2")).all(), "an open question has no options"
