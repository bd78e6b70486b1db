"""Texts of a dataset that were made to do harm, or that no run could keep: named by file and line, the others go on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image as Pillow
from test_jsonl import CHOICE

from probe.datasets import columns, json_files, lines, picture_tsv
from probe.datasets.problems import LONGEST, DatasetError
from probe.datasets.registry import open_dataset
from probe.datasets.rows import RowError

GOOD = json.dumps(CHOICE)


def problem_of(tmp_path: Path, line: str) -> str:
    """What is wrong with the second of three lines, of which the others are good."""
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{GOOD}\n{line}\n{GOOD}\n", encoding="utf-8")
    dataset, (problem,) = open_dataset(path)
    assert [sample.id for sample in dataset.samples] == ["line1", "line3"]
    assert problem.message.startswith("mine.jsonl line 2: ")
    return problem.message.removeprefix("mine.jsonl line 2: ")


def with_more(text: str) -> str:
    """A good line with more at its end."""
    return f"{GOOD[:-1]}, {text}}}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (with_more(f'"x": {"9" * 5000}'), "a number has 5,000 digits, and 308 can be kept."),
        (with_more(f'"x": -{"9" * 309}'), "a number has 309 digits, and 308 can be kept."),
        (with_more('"x": 1e999'), "the number 1e999 is larger than any that can be kept."),
        (with_more('"x": NaN'), "NaN is no number of JSON; write null, or a text."),
        (with_more('"x": [-Infinity]'), "-Infinity is no number of JSON; write null, or a text."),
        (with_more('"answer": "a car"'), "the key 'answer' stands twice in one object."),
        (with_more('"x": [{"b": 1, "b": 1}]'), "the key 'b' stands twice in one object."),
        (with_more(f'"x": {"[" * 100_000}'), "this JSON is nested too deeply."),
        (with_more(f'"options": {"[" * 200}{"]" * 200}'.replace("options", "x")), "this JSON is nested too deeply."),
        (with_more('"note": "a\\u0000b"'), "there is a null character (\\u0000) in a text. Take it out."),
        (with_more('"note": "a\0b"'), "this is no JSON: Invalid control character at at column 109."),
        (with_more('"note": "\\udfff"'), "there is an escape of half a character (\\ud800 ...)."),
        (with_more(f'"id": "{"x" * 1001}"'), "the id has 1,001 characters, and 1,000 are kept. Shorten it."),
        (json.dumps(CHOICE | {f"k{k}": k for k in range(1000)}), "this object has 1,004 keys, and 1,000 are read."),
        (f"\ufeff{GOOD}", "this is no JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) at column 1."),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) and "{" not in value else "",
)
def test_a_line_that_cannot_be_kept_is_named_with_what_is_wrong(tmp_path: Path, line: str, message: str) -> None:
    assert problem_of(tmp_path, line) == message


def test_numbers_that_can_be_kept_are(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(with_more(f'"x": {"9" * 308}, "y": -1e308') + "\n")
    (sample,) = open_dataset(tmp_path / "mine.jsonl").dataset.samples
    assert (sample.metadata["x"], sample.metadata["y"]) == (10**308 - 1, -1e308)


def test_a_message_is_one_line_however_long_what_is_wrong_is(tmp_path: Path) -> None:
    message = problem_of(tmp_path, json.dumps(CHOICE | {"kind": "x\n" * 100_000}))
    assert message.startswith("the kind 'x")
    assert len(message) <= LONGEST
    assert "\n" not in message


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PIECE", 7)
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{GOOD}\n{'x' * 500}\n{GOOD}\n")
    read = lines.Lines(path, longest=len(GOOD) + 1)
    assert next(read) == f"{GOOD}\n"
    with pytest.raises(RowError, match=rf"this line has 501 characters, and {len(GOOD) + 1} are read\. Split it"):
        next(read)
    assert (next(read), read.number, next(read, "end")) == (f"{GOOD}\n", 3, "end")


@pytest.mark.slow
def test_a_line_of_300_mb_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    with path.open("w") as file:
        file.write(f"{GOOD}\n")
        for _ in range(300):
            file.write("x" * (1 << 20))
        file.write("\n")
    script = "import resource, sys; from probe.datasets.registry import open_dataset; " + (
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; found = open_dataset(sys.argv[1]); "
        "print(len(found.dataset.samples), found.problems[0].message); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    told = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True).stdout
    first, grown = told.splitlines()
    assert first.startswith("1 mine.")
    assert "this line has 314,572,801 characters" in first
    assert int(grown) < 400_000  # kB


def test_bytes_that_are_no_utf_8_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(f"{GOOD}\n".encode() + b'{"image": "a.png", "question": "stra\xdfe"}\n')
    with pytest.raises(DatasetError) as caught:
        open_dataset(path)
    assert str(caught.value) == f"dataset '{path}' is not UTF-8 text (byte 0xdf in line 2). Save it so."
    path.write_bytes(b"image,question\na.png,stra\xdfe\n")
    with pytest.raises(DatasetError, match=r"byte 0xdf in line 2"):
        open_dataset(path.rename(tmp_path / "mine.csv"))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('["\\ud800", "b"]', "there is half a character"),
        ("[" * 200 + "]" * 200, "is no JSON list (this JSON is nested too deeply)"),
        ('[1e999, "b"]', "is no JSON list (the number 1e999 is larger"),
    ],
)
def test_cells_of_json_are_read_as_strictly(tmp_path: Path, cell: str, message: str) -> None:
    path = tmp_path / "mine.csv"
    quoted = cell.replace('"', '""')
    path.write_text(f'image,question,options\na.png,What?,"{quoted}"\na.png,What?,a|b\n')
    dataset, (problem,) = open_dataset(path)
    assert [sample.id for sample in dataset.samples] == ["line3"]
    assert message in problem.message


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10.0**300])
def test_an_answer_that_is_no_number_of_an_option_is_refused(value: float) -> None:
    with pytest.raises(RowError, match="is no place among 2 options"):
        columns.answer(value, ["a", "b"])


def test_a_table_that_ends_within_a_cell_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text('image,question\na.png,What?\na.png,"What')
    dataset, (problem,) = open_dataset(tmp_path / "mine.csv")
    assert len(dataset.samples) == 1
    assert problem.message == "mine.csv line 3: this is no line of the table: unexpected end of data."


def test_headings_without_an_end_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text('image,"question\na.png,What?\n')
    with pytest.raises(DatasetError, match=r"has no line of headings: unexpected end of data\.$"):
        open_dataset(tmp_path / "mine.csv")


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', "[" * 10_000, "9" * 5000])
def test_documents_are_read_as_strictly(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError, match=r"a\.json' is refused: .*\. Fetch it again\.$"):
        json_files.read(tmp_path / "a.json")


def test_no_text_file_is_waited_for(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a.parquet", "a.json", "a.tsv"):
        os.mkfifo(tmp_path / name)
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        with pytest.raises(DatasetError, match=rf"{name}' cannot be read.*: this is a named pipe, no file\.$"):
            open_dataset(tmp_path / name)
    with pytest.raises(DatasetError, match="this is a named pipe"):
        json_files.read(tmp_path / "a.json")
    with pytest.raises(DatasetError, match="this is a named pipe"):
        picture_tsv.read(tmp_path / "a.tsv", str, ())


# one file, one picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "set"
    (made / "sub").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        Pillow.new("RGB", (3, 2), name[0] + "qua" if name[0] == "a" else "blue").save(made / name)
    return made


def ids(folder: Path, *names: str, **options: bool) -> list[str]:
    (folder / "mine.jsonl").write_text("".join(json.dumps(CHOICE | {"image": name}) + "\n" for name in names))
    dataset, problems = open_dataset(folder / "mine.jsonl", **options)
    assert problems == ()
    assert {sample.image_id for sample in dataset.samples} == {image.id for image in dataset.images}
    return [image.id for image in dataset.images]


def test_one_file_spelt_in_several_ways_is_one_image(folder: Path) -> None:
    spellings = ("./a.png", "../set/a.png", "a.png", str(folder / "a.png"), "sub/../a.png")
    assert ids(folder, *spellings, "b.png") == ["a.png", "b.png"]
    assert ids(folder, *spellings, "b.png", outside_paths=True) == ["a.png", "b.png"]
    assert ids(folder, "../set/a.png") == ["a.png"]


def test_a_link_to_a_picture_is_that_picture(folder: Path) -> None:
    (folder / "link.png").symlink_to("a.png")
    (folder / "sub" / "z.png").symlink_to("../b.png")
    assert ids(folder, "link.png", "a.png", "sub/z.png") == ["a.png", "sub/z.png"]
    assert ids(folder, "sub/z.png", "b.png", "link.png") == ["b.png", "link.png"]


def test_copies_of_a_picture_and_hard_links_are_pictures_of_their_own(folder: Path) -> None:
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    os.link(folder / "a.png", folder / "hard.png")
    assert ids(folder, "a.png", "copy.png", "hard.png") == ["a.png", "copy.png", "hard.png"]


def test_several_pictures_of_an_image_are_told_apart_by_file_too(folder: Path) -> None:
    (folder / "link.png").symlink_to("a.png")
    lines = [CHOICE | {"images": names} for names in (["link.png", "b.png"], ["a.png", "b.png"], ["b.png", "a.png"])]
    for line in lines:
        del line["image"]
    (folder / "mine.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    dataset = open_dataset(folder / "mine.jsonl").dataset
    assert [image.id for image in dataset.images] == ["a.png + b.png", "b.png + a.png"]
    assert [sample.image_id for sample in dataset.samples] == ["a.png + b.png", "a.png + b.png", "b.png + a.png"]


def test_fingerprints_and_ids_of_ordinary_datasets_stay(tmp_path: Path) -> None:
    """Computed by the code before texts were read line by line."""
    for name, side in (("a.png", 3), ("b.png", 4)):
        (tmp_path / name).write_bytes(b"x" * side)
    text = f"\ufeff{GOOD}\r\n\r\n{json.dumps(CHOICE | {'image': './b.png', 'note': 'straße'}, ensure_ascii=False)}"
    (tmp_path / "mine.jsonl").write_bytes(text.encode())
    dataset = open_dataset(tmp_path / "mine.jsonl").dataset
    assert [image.id for image in dataset.images] == ["a.png", "b.png"]
    assert [sample.id for sample in dataset.samples] == ["line1", "line3"]
    assert dataset.fingerprint == "198b05fea3aefc50"
    (tmp_path / "mine.csv").write_bytes(b'image,q\r\na.png,"two\r\nlines"\rb.png,What?\r\n')
    dataset = open_dataset(tmp_path / "mine.csv", columns=("question=q",)).dataset
    assert [(sample.id, sample.question) for sample in dataset.samples] == [("line2", "two\nlines"), ("line3", "What?")]
    assert dataset.fingerprint == "4743063ba99bef31"
