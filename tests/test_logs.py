"""Logs of other systems: which format they are of, what they hold, and what is said of the rest."""

import csv
import json
import math
import os
from pathlib import Path
from typing import Any

import log_files as made
import pytest

from probe.logs import reading
from probe.logs.answered import FURTHER, NO_ANSWER, OTHER_FORM, UNREADABLE, Answered, LogError, Unread
from probe.logs.plain import columns


def read(path: Path, **named: str) -> tuple[str, list[Answered], list[Unread]]:
    log = reading.read(path, named)
    found = list(log.answers)
    return log.format, [x for x in found if isinstance(x, Answered)], [x for x in found if isinstance(x, Unread)]


def test_a_free_answer_of_lm_eval_is_read_as_it_came_and_once(tmp_path: Path) -> None:
    rows = [made.lm_eval(k, text=f" Red {k}\n") for k in (0, 1)]
    rows += [made.lm_eval(k, text=f" Red {k}\n", filter="flexible") for k in (0, 1)]
    name, found, left = read(made.json_lines(tmp_path / "samples.jsonl", rows))
    assert "lm-eval" in name
    assert [each.text for each in found] == [" Red 0\n", " Red 1\n"]
    assert dict(found[1].ids) == {"question_id": "q1", "doc_id": "1"}
    asked = found[0].asked
    assert (asked.question, asked.options, asked.answer, asked.metadata["topic"]) == ("Which?", None, "red", "cars")
    assert [each.trouble for each in left] == [FURTHER] * 2


def test_options_of_lm_eval_have_their_log_likelihoods_in_order(tmp_path: Path) -> None:
    rows = [made.lm_eval(0, scores=[-3.5, -0.25, -9]), made.lm_eval(1, scores=[-1, float("-inf")])]
    _, found, left = read(made.json_lines(tmp_path / "any name", rows))
    assert left == []
    assert found[0].log_likelihoods == (-3.5, -0.25, -9.0)
    assert found[0].asked.options == ("option a", "option b", "option c")
    assert found[0].asked.answer == "option b", "the target is a place, counted from 0"
    assert found[0].text is None
    lost = found[1].log_likelihoods
    assert lost is not None
    assert (lost[0], math.isnan(lost[1])) == (-1, True)


def test_mutual_information_scores_every_option_twice_and_the_first_counts(tmp_path: Path) -> None:
    row = made.lm_eval(0, scores=[-3, -1])
    for k in (0, 1):
        row["arguments"][f"gen_args_{k + 2}"] = {"arg_0": "", "arg_1": row["arguments"][f"gen_args_{k}"]["arg_1"]}
    row["resps"] += [[["-7", "False"]], [["-8", "False"]]]
    row["filtered_resps"] += [["-7", "False"], ["-8", "False"]]
    _, (found,), _ = read(made.json_lines(tmp_path / "log.jsonl", [row]))
    assert found.log_likelihoods == (-3, -1)


def test_lmms_eval_flattens_and_keeps_ids_beside_the_score(tmp_path: Path) -> None:
    rows = [made.lmms_eval(0, "Yes"), made.lmms_eval(1, "no", resps=["No, it is not."])]
    _, found, _ = read(made.json_lines(tmp_path / "log.jsonl", rows))
    assert [each.text for each in found] == ["Yes", "No, it is not."]
    assert dict(found[0].ids) == {"question_id": "q0", "doc_id": "0"}
    assert found[0].asked.question == "Is it?"


TABLE: list[list[Any]] = [
    ["index", "question", "hint", "A", "B", "C", "answer", "prediction", "category"],
    [1, "Which?", "Look up.", "a bus", "a car", None, "B", "B. a car", "cars"],
    [1_000_001, "Is it?", None, None, None, None, "Yes", "no", "yes/no"],
    [7, "What colour?", None, None, None, None, '["red", "dark red"]', "red", "open"],
    [8, "Which?", None, "1", "2", None, "B", None, "cars"],
]


def write_table(folder: Path, ending: str) -> Path:
    path = folder / f"table.{ending}"
    if ending == "xlsx":
        return made.workbook(path, TABLE)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t" if ending == "tsv" else ",").writerows(TABLE)
    return path


@pytest.mark.parametrize("ending", ["xlsx", "csv", "tsv"])
def test_a_vlmevalkit_table_is_the_same_in_every_form(tmp_path: Path, ending: str) -> None:
    name, found, left = read(write_table(tmp_path, ending))
    assert "VLMEvalKit" in name
    assert [each.ids["index"] for each in found] == ["1", "1000001", "7"]
    assert [each.text for each in found] == ["B. a car", "no", "red"]
    choice, binary, free = (each.asked for each in found)
    assert (choice.question, choice.options, choice.answer) == ("Look up.\nWhich?", ("a bus", "a car"), "B")
    assert (binary.options, binary.answer) == (("Yes", "No"), "Yes")
    assert (free.options, free.references) == (None, ("red", "dark red"))
    assert choice.metadata["category"] == "cars"
    assert [(each.line, each.trouble) for each in left] == [(5, NO_ANSWER)]


@pytest.mark.parametrize("zstandard", [True, False])
def test_an_inspect_archive_gives_each_sample_once(tmp_path: Path, zstandard: bool) -> None:
    samples = [
        made.inspect_sample("a/1", "ANSWER: B", metadata={"condition": "fog:3", "image": "i1", "topic": "cars"}),
        made.inspect_sample(2, [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "A"}]),
        made.inspect_sample(2, "B", epoch=2),
        made.inspect_sample("lost", None, error={"message": "rate limit"}),
    ]
    name, found, left = read(made.inspect_eval(tmp_path / "log.eval", samples, zstandard=zstandard))
    assert "Inspect" in name
    assert [(each.ids["id"], each.text, each.condition) for each in found] == [
        ("a/1", "ANSWER: B", "fog:3"),
        ("2", "A", ""),
    ]
    asked = found[0].asked
    assert (asked.options, asked.answer, asked.image, dict(asked.metadata)) == (
        ("a bus", "a car"), "B", "i1", {"topic": "cars"},
    )  # fmt: skip
    assert {each.trouble for each in left} == {NO_ANSWER, FURTHER}
    assert any("rate limit" in each.why for each in left)


def test_a_damaged_member_of_an_archive_costs_itself_alone(tmp_path: Path) -> None:
    path = made.inspect_eval(tmp_path / "log.eval", [made.inspect_sample(k, "A" * 50) for k in range(3)])
    content = bytearray(path.read_bytes())
    content[content.index(b"\x28\xb5\x2f\xfd", 200) + 12] ^= 255  # within the second frame of Zstandard
    path.write_bytes(content)
    _, found, left = read(path)
    assert len(found) == 2
    assert [each.trouble for each in left] == [UNREADABLE]


def test_the_json_form_of_inspect_has_its_samples_alone(tmp_path: Path) -> None:
    log = {"version": 2, "eval": {}, "reductions": [{"scorer": "x"}], "samples": [made.inspect_sample(1, "A")]}
    (tmp_path / "log.json").write_text(json.dumps(log, indent=2))
    name, found, left = read(tmp_path / "log.json")
    assert ("Inspect" in name, len(found), left) == (True, 1, [])


PLAIN = [
    {"sample": "s1", "condition": "fog:3", "text": "(B) a bus", "question": "What?", "options": ["a", "b"], "year": 2},
    {"sample": "s2", "condition": "clean", "choice": 1, "log_likelihoods": [-1.5, None]},
    {"sample": "s3", "choice": "B", "answer": "A", "references": ["A"]},
]


@pytest.mark.parametrize("form", ["lines", "list", "lists", "indented", "csv", "parquet"])
def test_a_plain_log_is_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "log"
    if form == "lines":
        made.json_lines(path, PLAIN)
    elif form in ("list", "lists"):
        path.write_text(json.dumps(PLAIN if form == "list" else {"val": PLAIN[:1], "test": PLAIN[1:]}))
    elif form == "indented":
        path.write_text(json.dumps({"val": PLAIN}, indent=2))
    elif form == "csv":
        names = list(dict.fromkeys(name for row in PLAIN for name in row))
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            cells = ([row.get(name, "") for name in names] for row in PLAIN)
            writer.writerows([[json.dumps(c) if isinstance(c, list) else c for c in row] for row in cells])
    else:
        import pyarrow as pa
        import pyarrow.parquet as parquet

        names = list(dict.fromkeys(name for row in PLAIN for name in row))
        rows = [{name: row.get(name) for name in names} for row in PLAIN]
        rows = [row | {"choice": None if row["choice"] is None else str(row["choice"])} for row in rows]
        parquet.write_table(pa.Table.from_pylist(rows), path)
    name, found, left = read(path)
    assert (name, left) == ("a plain log", [])
    assert [each.ids["sample"] for each in found] == ["s1", "s2", "s3"]
    assert [each.condition for each in found] == ["fog:3", "clean", ""]
    assert [None if each.choice is None else str(each.choice) for each in found] == [None, "1", "B"]
    assert found[1].log_likelihoods is not None
    assert found[1].log_likelihoods[0] == -1.5
    assert math.isnan(found[1].log_likelihoods[1])
    assert found[0].asked.options == ("a", "b")
    assert str(found[0].asked.metadata["year"]) == "2"


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    path = made.json_lines(tmp_path / "log.jsonl", [{"key": 7, "said": "no", "prediction": "(A)"}])
    _, (found,), _ = read(path, **columns(["sample=key", "text=said"]))
    assert (found.ids["key"], found.text) == ("7", "no")
    with pytest.raises(ValueError, match="Did you mean 'sample'"):
        columns(["sampel=key"])


def test_a_truncated_log_keeps_its_whole_lines(tmp_path: Path) -> None:
    path = made.json_lines(tmp_path / "log.jsonl", [{"sample": f"é{k}", "text": "é" * 20} for k in range(5)])
    whole = path.read_bytes()
    for length in range(len(whole) - 45, len(whole) - 1):
        path.write_bytes(whole[:length])
        _, found, left = read(path)
        assert [each.ids["sample"] for each in found] == ["é0", "é1", "é2", "é3"]
        assert [(each.line, each.trouble) for each in left] == [(5, UNREADABLE)]
        assert "cut there" in left[0].why


BROKEN = ["not json", '{"sample": "x", "sample": "y", "text": ""}', "[1, 2]", '{"a": 1' + "0" * 400 + "}", "[" * 200]


@pytest.mark.parametrize("line", [*BROKEN, "\xff"])
def test_a_broken_line_costs_itself_alone(tmp_path: Path, line: str) -> None:
    good = [json.dumps({"sample": k, "text": "a"}) for k in (1, 2)]
    (tmp_path / "log").write_bytes("\n".join([good[0], line, "", good[1]]).encode("latin-1"))
    _, found, left = read(tmp_path / "log")
    assert [each.line for each in found] == [1, 4]
    assert [each.line for each in left] == [2]


def test_records_of_another_form_are_named_and_the_others_read(tmp_path: Path) -> None:
    rows = [made.lm_eval(0, text="a"), {"doc": 1}, made.lm_eval(1, text="b"), made.lm_eval(2, text="b") | {"resps": []}]
    rows[3]["filtered_resps"] = []
    _, found, left = read(made.json_lines(tmp_path / "log", rows))
    assert len(found) == 2
    assert [(each.line, each.trouble) for each in left] == [(2, OTHER_FORM), (4, NO_ANSWER)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no record"),
        (b"\n\n", "no record"),
        (b'{"a": 1}\n', "of no known format. Its records have: a."),
        (b"a,b\n1,2\n", "of no known format. Its records have: a, b."),
        (b"sample,sample,text\n", "two columns of one name"),
        (b'{"val": [{"sample": 1, "text": "a"}, {"sam', "nothing can be read unless it is whole"),
        (b"PK\x03\x04 no archive", "begins like a zip archive and is none"),
        (b"PAR1 no parquet", "no whole Parquet file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "of a kind that is not read"),
        (b"[]", "has no list of answers"),
        (b"[1, 2]", "entry 1 is a int"),
    ],
)
def test_what_only_looks_like_a_log_is_refused_with_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(content)
    with pytest.raises(LogError) as refused:
        read(tmp_path / "log.jsonl")
    assert reason in str(refused.value)
    assert "log.jsonl" in str(refused.value)


def test_a_workbook_or_archive_that_is_cut_or_of_something_else_is_refused(tmp_path: Path) -> None:
    whole = made.workbook(tmp_path / "t.xlsx", TABLE).read_bytes()
    for length in range(10, len(whole), 97):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(LogError):
            read(tmp_path / "cut")
    made.inspect_eval(tmp_path / "other", [], zstandard=False)
    with pytest.raises(LogError, match="no record"):
        read(tmp_path / "other")


def test_pipes_folders_and_missing_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "missing"):
        with pytest.raises(LogError):
            read(tmp_path / name)


def test_rows_of_a_table_with_too_few_cells_are_named(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b'sample,text\r\n1,"a\nb"\r\n2\r\n3,c\r\n4,\xff\r\n5,"cut')
    _, found, left = read(tmp_path / "log.csv")
    assert [(each.line, each.text) for each in found] == [(3, "a\nb"), (5, "c"), (7, "cut")]
    assert [each.line for each in left] == [4, 6]
