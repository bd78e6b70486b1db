"""A user's own data: folders, CSV, TSV and Parquet, by the columns that they name."""

import csv
import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image as Pillow
from pyarrow import parquet

from probe.datasets import columns
from probe.datasets.pixels import UnreadableImage
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset
from probe.datasets.rows import RowError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VLM_UNDERTOW_CACHE", str(tmp_path / "cache"))


def png(colour, size=(3, 2)):
    buffer = io.BytesIO()
    Pillow.new("RGB", size, colour).save(buffer, "png")
    return buffer.getvalue()


def table(path, *rows, separator=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


# folders


def test_every_picture_of_a_folder_is_to_be_described(tmp_path):
    for name in ("b.png", "sub/a.JPG", "sub/deep/c.webp"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(png("red"))
    (tmp_path / "set" / "notes.txt").write_text("no picture")
    dataset, problems = open_dataset(tmp_path / "set")
    assert problems == ()
    assert dataset.name == "set"
    assert [image.id for image in dataset.images] == ["b.png", "sub/a.JPG", "sub/deep/c.webp"]
    assert {sample.kind for sample in dataset.samples} == {"describe"}
    assert [dict(sample.metadata) for sample in dataset.samples] == [{}, {"folder": "sub"}, {"folder": "sub/deep"}]
    assert dataset.pictures[1].read().shape == (2, 3, 3)


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="has no picture"):
        open_dataset(tmp_path)


# tables


def test_a_table_is_read_by_its_headings(tmp_path):
    path = table(
        tmp_path / "mine.csv",
        ["image", "question", "options", "answer", "category", "id"],
        ["a.png", "What, now?", "a bus|a car", "a bus", "traffic", "q1"],
        ["a.png", "Is there a bus?", '["yes", "no"]', "no", "traffic", "q2"],
        ["b.png", "What colour?", "", "red", "", "q3"],
    )
    dataset, problems = open_dataset(path)
    assert problems == ()
    one, two, three = dataset.samples
    assert (one.id, one.question, one.options, one.answer, one.kind) == (
        "q1", "What, now?", ("a bus", "a car"), "a bus", "mcq",
    )  # fmt: skip
    assert (two.options, two.kind) == (("yes", "no"), "yesno")
    assert (three.options, three.kind, three.references) == ((), "open", ("red",))
    assert dict(one.metadata) == {"category": "traffic"}
    assert [image.id for image in dataset.images] == ["a.png", "b.png"]


def test_columns_are_named_by_the_user(tmp_path):
    path = table(
        tmp_path / "mine.tsv",
        ["path", "q", "A", "B", "C", "gt"],
        ["a.png", "What?", "a bus", "a car", "", "B"],
        ["a.png", "What?", "a bus", "a car", "a cat", "a cat"],
        separator="\t",
    )
    dataset, problems = open_dataset(path, columns=["image=path,question=q", "options=A+B+C,answer=gt"])
    assert problems == ()
    assert [sample.options for sample in dataset.samples] == [("a bus", "a car"), ("a bus", "a car", "a cat")]
    assert [sample.answer for sample in dataset.samples] == ["a car", "a cat"]


def test_several_pictures_stand_in_one_cell(tmp_path):
    path = table(tmp_path / "mine.csv", ["images", "question"], ["a.png|b.png", "What has changed?"])
    dataset, _ = open_dataset(path)
    assert [picture.id for picture in dataset.pictures] == ["a.png", "b.png"]


def test_a_bad_line_of_a_table_is_named_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        'image,question,options,answer\na.png,"two\nlines",,red\na.png,too,many,cells,here\n'
        ",no picture,,red\na.png,few\n../a.png,outside,,red\na.png,What?,a|a,a\na.png,last,,red\n"
    )
    dataset, problems = open_dataset(path)
    assert [sample.question for sample in dataset.samples] == ["two\nlines", "last"]
    messages = [problem.message for problem in problems]
    assert [message.partition(": ")[0] for message in messages] == [f"mine.csv line {n}" for n in (4, 5, 6, 7, 8)]
    for message, part in zip(
        messages, ("not the 4 cells", "there is no picture", "not the 4 cells", "leads out of", "more than once"),
        strict=True,
    ):  # fmt: skip
        assert part in message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["question"], "columns 'question' is no pair. Write for example question=q,image=path."),
        (["qestion=q"], "columns 'qestion=q': 'qestion' is unknown. Did you mean 'question'?"),
        (["question=q,question=r"], "'question' is given twice"),
    ],
)
def test_columns_that_say_nothing_are_refused(tmp_path, given, message):
    path = table(tmp_path / "mine.csv", ["image", "q"], ["a.png", "What?"])
    with pytest.raises(ValueError) as caught:
        open_dataset(path, columns=given)
    assert message in str(caught.value)


def test_a_column_that_is_not_there_is_named(tmp_path):
    path = table(tmp_path / "mine.csv", ["image", "q"], ["a.png", "What?"])
    _, (problem,) = open_dataset(path, columns=["question=query"])
    assert problem.message == "mine.csv line 2: there is no column 'query'; there are: image, q."


@pytest.mark.parametrize(
    ("cell", "options", "right"),
    [
        ("B", ["a bus", "a car"], "a car"),
        ("(b).", ["a bus", "a car"], "a car"),
        ("a bus", ["a bus", "a car"], "a bus"),
        (1, ["a bus", "a car"], "a car"),
        (1.0, ["a bus", "a car"], "a car"),
        (True, ["No", "Yes"], "Yes"),
        ("A", ["B", "A"], "A"),  # an option that is a letter is that option
        (3, ["3", "4"], "3"),  # and one that is a number, that number
        ("red", [], "red"),
        (7, [], "7"),
    ],
)
def test_an_answer_is_an_option_its_letter_or_its_place(cell, options, right):
    assert columns.answer(cell, options) == right


def test_a_place_beyond_the_options_is_refused():
    with pytest.raises(RowError, match="no place among 2 options, counted from 0"):
        columns.answer(2, ["a bus", "a car"])


# parquet


def write_parquet(path, images, **values):
    cells = [None if each is None else {"bytes": each, "path": None} for each in images]
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"image": cells, **values}), path)
    return path


def test_a_parquet_file_is_read_by_columns(tmp_path):
    path = write_parquet(tmp_path / "mine.parquet", [png("red"), png("blue"), None], q=["one?", "two?", "three?"])
    dataset, (problem,) = open_dataset(path, columns=["question=q"])
    assert [sample.question for sample in dataset.samples] == ["one?", "two?"]
    assert dataset.pictures[1].read()[0, 0].tolist() == [0, 0, 255]
    assert dataset.pictures[1].size() == (2, 3)
    assert "row 2: there is no picture in the column 'image'" in problem.message
    assert np.array_equal(
        open_dataset(path, columns=["question=q"]).dataset.pictures[0].read(), dataset.pictures[0].read()
    )


def test_only_the_pictures_of_the_chosen_images_are_kept(tmp_path):
    write_parquet(
        tmp_path / "set" / "data" / "test-0.parquet",
        [png(c) for c in ("red", "blue", "green")],
        question=["a?", "b?", "c?"],
    )
    dataset = open_dataset(f"{tmp_path / 'set'}@test", first=1).dataset
    assert len(dataset.images) == 1
    assert len(list((tmp_path / "cache").rglob("pictures/*"))) == 1
    assert dataset.pictures[0].read()[0, 0].tolist() == [255, 0, 0]


def test_a_list_of_pictures_is_shown_in_order(tmp_path):
    cells = [[{"bytes": png("red"), "path": None}, {"bytes": png("blue"), "path": None}], []]
    path = tmp_path / "mine.parquet"
    parquet.write_table(pa.table({"pics": cells, "question": ["a?", "b?"]}), path)
    dataset, (problem,) = open_dataset(path, columns=["images=pics"])
    assert [picture.read()[0, 0].tolist() for picture in dataset.pictures] == [[255, 0, 0], [0, 0, 255]]
    assert "no picture" in problem.message


def test_a_cell_that_names_a_file_elsewhere_is_not_read(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png("red"))
    (tmp_path / "set").mkdir()
    path = tmp_path / "set" / "mine.parquet"
    for named in (str(secret), "../secret.png"):
        parquet.write_table(pa.table({"image": [{"bytes": None, "path": named}], "question": ["a?"]}), path)
        with pytest.raises(DatasetError, match="leads out of the dataset's folder"):
            open_dataset(path)


def test_a_column_of_texts_holds_no_pictures(tmp_path):
    parquet.write_table(pa.table({"image": ["a.png"], "question": ["a?"]}), tmp_path / "mine.parquet")
    with pytest.raises(DatasetError, match="holds no pictures but str"):
        open_dataset(tmp_path / "mine.parquet")


def test_an_empty_cell_is_an_unreadable_picture_of_its_own(tmp_path):
    path = write_parquet(tmp_path / "mine.parquet", [b"", png("red")], question=["a?", "b?"])
    dataset, _ = open_dataset(path)
    with pytest.raises(UnreadableImage):
        dataset.pictures[0].read()
    assert dataset.pictures[1].read().shape == (2, 3, 3)


def test_a_missing_column_of_a_table_is_named(tmp_path):
    path = write_parquet(tmp_path / "mine.parquet", [png("red")], q=["one?"])
    with pytest.raises(DatasetError, match=r"has no column 'photo'; it has: image, q\."):
        open_dataset(path, columns=["image=photo"])


def test_a_broken_parquet_file_is_said_in_a_line(tmp_path):
    (tmp_path / "mine.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(DatasetError, match="cannot be read as Parquet"):
        open_dataset(tmp_path / "mine.parquet")
