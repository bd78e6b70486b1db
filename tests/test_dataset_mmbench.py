"""MMBench from VLMEvalKit's tables and from the hub's, in one rotation and in all."""

import numpy as np
import pytest

import probe
from benchmarks import hub_tables, mmbench
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset
from probe.extraction.run import DatasetNote


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return mmbench.make(tmp_path_factory.mktemp("mmbench"))


def opened(folder, split="", name="mmbench", **options):
    return open_dataset(f"{name}:{folder}" + (f"@{split}" if split else ""), **options)


def circular(folder, split="dev-en"):
    return opened(folder, split, "mmbench-circular")


def test_every_field_of_a_question_is_that_of_the_table(folder):
    dataset, problems = opened(folder)
    assert not problems
    first, second, third = dataset.samples
    assert (first.id, first.image_id, first.kind, first.dataset) == ("241", "241", "mcq", "mmbench")
    assert first.question == "Look at\nthe lines.\nWhat is drawn?", "the hint comes first"
    assert first.options == ("a bus", "a car", "a tram", "a ship")
    assert (first.answer, first.references) == ("a tram", ("a tram",))
    assert dict(first.metadata) == {
        "category": "sketches",
        "l2-category": "coarse_perception",
        "source": "drawn",
        "split": "dev-en",
    }
    assert (second.id, second.options, second.answer) == (
        "7",
        ("for x in 'ab':\n    print(x)", "print(1)"),
        "for x in 'ab':\n    print(x)",
    )
    assert (third.id, third.question, third.options) == ("30", "How many are there?", ("1", "2", "3"))


def test_the_official_prompt_is_that_of_vlmevalkit(folder):
    # as shown in README.md of open-compass/MMBench: hint, question, options, and a blank before the last line break
    first, second, _ = opened(folder).dataset.samples
    assert first.official == (
        "Hint: Look at\nthe lines.\nQuestion: What is drawn?\nOptions:\nA. a bus\nB. a car\nC.  a tram\nD. a ship\n"
        "Please select the correct answer from the options above. \n"
    )
    assert second.official == (
        "Question: Which code prints it?\nOptions:\nA. for x in 'ab':\n    print(x)\n\nB. print(1)\n"
        "Please select the correct answer from the options above. \n"
    )


def test_rotations_in_the_table_are_asked_by_the_circular_entry_alone(folder):
    assert [sample.id for sample in opened(folder).dataset.samples] == ["241", "7", "30"]
    dataset, problems = circular(folder)
    assert not problems
    assert sorted(sample.id for sample in dataset.samples) == sorted(
        ["241", "1000241", "2000241", "3000241", "7", "1000007", "30", "1000030", "2000030"]
    )
    assert {sample.dataset for sample in dataset.samples} == {"mmbench-circular"}
    assert [image.id for image in dataset.images] == ["241", "7", "30"], "all rotations show one picture"
    assert dataset.notes == ("dataset 'mmbench-circular' has 9 samples here; officially it has 4,329.",)
    assert opened(folder).dataset.notes == ("dataset 'mmbench' has 3 samples here; officially it has 1,164.",)


def test_each_option_comes_first_in_one_rotation_and_the_right_one_stays_right(folder):
    dataset = circular(folder).dataset
    for group, number, answer in (("241", 4, "a tram"), ("7", 2, "for x in 'ab':\n    print(x)"), ("30", 3, "2")):
        rotations = [sample for sample in dataset.samples if sample.metadata["circular_group"] == group]
        assert [sample.metadata["circular_rotation"] for sample in rotations] == list(range(number))
        assert {sample.answer for sample in rotations} == {answer}
        assert {sample.options[0] for sample in rotations} == set(rotations[0].options)
    second = dataset.samples[[sample.id for sample in dataset.samples].index("1000241")]
    assert second.options == ("a car", "a tram", "a ship", "a bus")
    assert "Options:\nA. a car\nB.  a tram\nC. a ship\nD. a bus\n" in second.official


def test_rotations_are_made_where_the_table_has_none_and_are_those_of_a_table_that_has_them(folder, tmp_path):
    rows = [row for row in mmbench.rows(tmp_path) if row["index"] < 1_000_000]
    (tmp_path / "MMBench_DEV_EN.tsv").write_text(mmbench.table(rows), newline="")
    made = {sample.id: sample for sample in circular(tmp_path).dataset.samples}
    given = {sample.id: sample for sample in circular(folder).dataset.samples}
    assert made == given


def test_a_legacy_table_with_a_picture_in_each_row_gives_the_same(folder, tmp_path):
    text = mmbench.table(mmbench.rows(tmp_path, legacy=True))
    (tmp_path / "MMBench_DEV_EN_legacy.tsv").write_text(text, newline="")
    there, here = circular(tmp_path).dataset, circular(folder).dataset
    assert there.samples == here.samples
    assert [image.id for image in there.images] == [image.id for image in here.images]
    assert there.images[0].pictures[0].size() == (48, 64)


def test_a_table_with_a_mark_and_crlf_in_chinese_is_read(folder):
    first, second, _ = opened(folder, "dev-cn").dataset.samples
    assert first.question == "Look at\r\nthe lines.\n图中有什么？", "line breaks in a cell are the table's"
    assert first.metadata["split"] == "dev-cn"
    assert second.question == "图中有什么？"


def test_a_test_split_has_no_answers(folder):
    samples = opened(folder, "test-en").dataset.samples
    assert [(sample.id, sample.answer, sample.references) for sample in samples] == [
        ("241", None, ()),
        ("7", None, ()),
        ("30", None, ()),
    ]


def test_the_pictures_of_the_chosen_images_alone_are_written_and_read(folder):
    dataset = opened(folder, first=2).dataset
    colour, grey = (image.pictures[0].read() for image in dataset.images)
    assert colour.shape == grey.shape == (48, 64, 3)
    assert np.ptp(grey.astype(int), axis=2).max() == 0
    assert np.ptp(colour.astype(int), axis=2).max() > 50


def test_a_picture_of_the_third_is_not_there_before_it_is_chosen(tmp_path):
    copy = mmbench.make(tmp_path)
    opened(copy, first=2)
    assert len(list((_cache_of(copy)).iterdir())) == 2
    assert opened(copy).dataset.images[2].pictures[0].size() == (48, 64)
    assert len(list((_cache_of(copy)).iterdir())) == 3


def _cache_of(copy):
    from probe.datasets.mmbench import picture_name
    from probe.datasets.picture_tsv import read

    return read(copy / "MMBench_DEV_EN.tsv", picture_name, ()).folder / "pictures"


def test_a_malformed_row_is_named_by_file_and_line_and_the_others_go_on(tmp_path):
    good = mmbench.rows(tmp_path)[0]
    bad = [
        good | {"index": "ten"},
        good | {"index": 2, "image": "99"},
        good | {"index": 3, "answer": "E"},
        good | {"index": 4, "C": None},
        good | {"index": 5, "B": None, "C": None, "D": None, "answer": "A"},
        good | {"index": 6, "image": None},
        good | {"index": 8, "question": ""},
    ]
    text = mmbench.table([*bad, good]) + 'nine\tcells\n10\t"not closed'
    (tmp_path / "MMBench_DEV_EN.tsv").write_text(text, newline="")
    for dataset, problems in (opened(tmp_path), circular(tmp_path)):
        assert {sample.metadata.get("circular_group", sample.id) for sample in dataset.samples} == {"241"}
        found = list(dict.fromkeys(problem.message for problem in problems))
        # a hint of two lines: every row takes two
        assert [message.removeprefix("MMBench_DEV_EN.tsv line ") for message in found] == [
            "2: \"index\" must be a whole number, not 'ten'.",
            "4: there is no picture: 'image' holds '99', no index of a row with one.",
            "6: the answer 'E' names none of the options A, B, C, D.",
            "8: the options A, B, D are given, and one before them is missing.",
            "10: a sample of kind 'mcq' needs two options or more, this one has 1. List them, or set its kind to "
            "'open'.",
            "12: there is no picture: 'image' holds '', no index of a row with one.",
            '14: "question" is missing.',
            "18: this line has not the 14 cells of the headings.",
            "19: this is no line of the table: unexpected end of data.",
        ]


def test_a_cell_that_is_no_base64_is_a_picture_that_cannot_be_read(tmp_path):
    rows = mmbench.rows(tmp_path)[:3]
    rows[1]["image"] = "not base64 at all " * 10
    (tmp_path / "MMBench_DEV_EN.tsv").write_text(mmbench.table(rows), newline="")
    images = opened(tmp_path).dataset.images
    assert images[0].pictures[0].size() == (48, 64)
    with pytest.raises(ValueError, match="is not a picture of a known format"):
        images[1].pictures[0].read()


def test_other_files_are_refused_in_words(tmp_path):
    with pytest.raises(DatasetError, match=r"has none of: MMBench_DEV_EN\.tsv"):
        opened(tmp_path)
    table = tmp_path / "mine.tsv"
    table.write_text("index\tquestion\n1\tWhat?\n")
    with pytest.raises(DatasetError, match=r"has no column 'image', 'A', 'B'; it has: index, question"):
        opened(table)
    table.write_bytes(b"index\tquestion\timage\tA\tB\n1\t\xff\n")
    with pytest.raises(DatasetError, match=r"is not UTF-8 text"):
        opened(table)


def test_a_table_can_be_given_by_its_path(folder, tmp_path):
    table = tmp_path / "renamed.tsv"
    table.write_bytes((folder / "MMBench_DEV_EN.tsv").read_bytes())
    assert opened(table).dataset.samples == opened(folder).dataset.samples


@pytest.mark.parametrize("as_text", [False, True])
def test_the_hub_s_tables_hold_the_same_questions(tmp_path, folder, as_text):
    # one configuration a language; missing texts are "nan"; the index is a number, in an older table a text
    def row(entry):
        texts = {name: "nan" if entry[name] is None else entry[name] for name in mmbench.COLUMNS if name != "index"}
        content = (tmp_path / f"{entry['index'] % 1_000_000}.png").read_bytes()
        index = str(entry["index"]) if as_text else entry["index"]
        return {"index": index, **texts, "image": content, "L2-category": texts.pop("l2-category")}

    rows = [row(entry) for entry in mmbench.rows(tmp_path)]
    hub_tables.write(tmp_path / "en" / "dev-00000-of-00001.parquet", rows)
    for name in ("mmbench", "mmbench-circular"):
        there, here = opened(tmp_path, "dev-en", name), opened(folder, "dev-en", name)
        assert not there.problems
        assert there.dataset.samples == here.dataset.samples
        for table, file in zip(there.dataset.images, here.dataset.images, strict=True):
            assert table.id == file.id
            assert np.array_equal(table.pictures[0].read(), file.pictures[0].read())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), [("mmbench", 3), ("mmbench-circular", 9)])
def test_a_run_has_every_question_in_its_rotations(folder, tmp_path, name, number):
    with pytest.warns(DatasetNote, match="officially it has"):
        run = probe.extract(
            "pocket-vlm",
            f"{name}:{folder}@dev-cn",
            perturb=["gaussian_noise:sigma=0.18"],
            prompt="official",
            keep="answers",
            out=tmp_path / "run",
            execution=probe.Execution(device="cpu"),
        )
    assert not run.failed
    for sample in opened(folder, "dev-cn", name).dataset.samples:
        assert sample.official in run.samples.prompt_text.sel(sample=sample.id).item()
    assert len(run.samples.sample) == number
    assert np.isfinite(run.answers.log_likelihood.isel(option=0)).all()
