"""SEED-Bench from its official file and from the hub's tables."""

import json

import numpy as np
import pytest

import probe
from benchmarks import hub_tables, seedbench
from probe.datasets.problems import DatasetError, Opened
from probe.datasets.registry import open_dataset
from probe.extraction.run import DatasetNote


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return seedbench.make(tmp_path_factory.mktemp("seedbench"))


def opened(folder) -> Opened:
    return open_dataset(f"seedbench:{folder}")


def written(folder, *entries, **more):
    (folder / "SEED-Bench.json").write_text(json.dumps({"questions": entries, **more}))
    return opened(folder)


def test_every_field_of_a_question_is_that_of_the_file(folder):
    dataset, problems = opened(folder)
    assert not problems
    first, second, _, _ = dataset.samples
    assert (first.id, first.image_id, first.kind, first.dataset) == ("5-101", "1454_2591", "mcq", "seedbench")
    assert first.question == "How many towels hang there?"
    assert first.options == ("One", "Two", "3", "Four")
    assert (first.answer, first.references) == ("3", ("3",))
    assert dict(first.metadata) == {"question_type": "Instances Counting", "question_id": "101", "split": "image"}
    assert (second.options[1], second.answer) == ("At sea", "At sea")


def test_the_official_prompt_is_that_of_llava(folder):
    # docs/Evaluation.md of haotian-liu/LLaVA: question, "A. <option_1>" to "D. <option_4>", the instruction
    assert opened(folder).dataset.samples[1].official == (
        "Where is this?\nA. In a street\nB.  At sea \nC. Indoors\nD. In a wood\n"
        "Answer with the option's letter from the given choices directly."
    )


def test_questions_about_videos_are_no_part_of_it_and_an_id_can_stand_at_two_types(folder):
    dataset = opened(folder).dataset
    assert [sample.id for sample in dataset.samples] == ["5-101", "1-102", "4-101", "4-104"]
    assert [image.id for image in dataset.images] == [seedbench.TOWELS, seedbench.STREET]
    assert len(dataset.samples_of(seedbench.TOWELS)) == 3
    assert dataset.notes == ("dataset 'seedbench' has 4 samples here; officially it has 14,233.",)


def test_of_two_equal_options_the_answer_is_the_one_of_its_letter(folder):
    sample = opened(folder).dataset.samples[2]
    assert sample.options == ("red", "blue", "red (2)", "grey")
    assert sample.answer == "red (2)"
    assert "A. red\nB. blue\nC. red\nD. grey" in sample.official


def test_pictures_without_an_ending_are_read(folder):
    assert [image.pictures[0].read().shape for image in opened(folder).dataset.images] == [(48, 64, 3)] * 2


def test_names_of_types_are_those_of_the_file_else_those_of_its_authors(tmp_path):
    entry = seedbench.question("1", 3, "a", "Where is it?", ["left", "right", "above", "below"], "A")
    (named,) = written(tmp_path, entry, question_type={"Something Else": 3}).dataset.samples
    (unnamed,) = written(tmp_path, entry).dataset.samples
    assert named.metadata["question_type"] == "Something Else"
    assert unnamed.metadata["question_type"] == "Instance Location"


def test_a_malformed_question_is_named_by_its_entry_and_the_others_go_on(tmp_path):
    good = seedbench.question("1", 1, "a", "Where is this?", ["left", "right", "above", "below"], "A")
    bad = [
        good | {"answer": "E"},
        good | {"choice_c": None},
        good | {"choice_d": "  "},
        good | {"question_type_id": 13},
        good | {"data_id": "../a"},
        "no question",
        {key: value for key, value in good.items() if key != "answer"},
    ]
    dataset, problems = written(tmp_path, *bad, good)
    assert [sample.id for sample in dataset.samples] == ["1-1"]
    assert [problem.message.removeprefix("SEED-Bench.json questions entry ") for problem in problems] == [
        "1: the answer 'E' names none of the options A, B, C, D.",
        '2: "choice_c" is missing.',
        "3: option 4 is empty: there is no text to score. Give it one, or remove it.",
        "4: \"question_type_id\" '13' is none of 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        "5: the path '../a' leads out of the dataset's folder. Move the file into the folder, or allow it with "
        "--outside-paths.",
        "6: this is no JSON object but 'no question'.",
        '7: "answer" is missing.',
    ]


def test_a_file_that_is_no_such_file_is_refused_in_words(tmp_path):
    with pytest.raises(DatasetError, match=r"has none of: SEED-Bench\.json"):
        opened(tmp_path)
    for other in ('{"question": []}', "[]"):
        (tmp_path / "SEED-Bench.json").write_text(other)
        with pytest.raises(DatasetError, match=r"no list 'questions'"):
            opened(tmp_path)
    (tmp_path / "SEED-Bench.json").write_text('{"questions": [')
    with pytest.raises(DatasetError, match=r"is no JSON"):
        opened(tmp_path)


def test_the_hub_s_tables_hold_the_same_questions(tmp_path, folder):
    # image is a list there (of a video's frames, or of one picture), every choice a text
    def row(entry):
        name = seedbench.STREET if entry["data_type"] == "video" else entry["data_id"]
        content = (folder / "SEED-Bench-image" / name).read_bytes()
        texts = {key: str(value) for key, value in entry.items() if key.startswith("choice_")}
        frames = [content] * (8 if entry["data_type"] == "video" else 1)
        return {**entry, **texts, "image": frames, "segment": entry.get("segment")}

    rows = [row(entry) for entry in seedbench.questions()]
    hub_tables.write(tmp_path / "data" / "test-00000-of-00001.parquet", rows)
    there, here = opened(tmp_path), opened(folder)
    assert not there.problems
    assert there.dataset.samples == here.dataset.samples
    for table, file in zip(there.dataset.images, here.dataset.images, strict=True):
        assert table.id == file.id
        assert np.array_equal(table.pictures[0].read(), file.pictures[0].read())


@pytest.mark.slow
def test_a_run_has_every_question_about_pictures(folder, tmp_path):
    with pytest.warns(DatasetNote, match="officially it has"):
        run = probe.extract(
            "pocket-vlm",
            f"seedbench:{folder}",
            perturb=["gaussian_noise:sigma=0.18"],
            prompt="official",
            keep="answers",
            out=tmp_path / "run",
            execution=probe.Execution(device="cpu"),
        )
    assert not run.failed
    for sample in opened(folder).dataset.samples:
        assert sample.official in run.samples.prompt_text.sel(sample=sample.id).item()
    assert run.samples.sample.values.tolist() == ["5-101", "4-101", "4-104", "1-102"]
    assert np.isfinite(run.answers.log_likelihood).all()
