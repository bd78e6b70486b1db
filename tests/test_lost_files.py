"""A run that lost files: told when it is opened, refused by analyses, and mended by the command that made it."""

import shutil
from pathlib import Path

import extracted_run
import pytest
from click.testing import CliRunner, Result
from extracted_run import contents, extract

import probe
from probe.cli import main
from stores import IncompleteRun, ledger, writing

LOST = "answers/log_likelihood/c.0.1.0"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def whole() -> Path:
    return extracted_run.whole()


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole / "run", tmp_path / "run")


def test_opening_and_info_name_the_lost_file(copy: Path) -> None:
    (copy / LOST).unlink()
    with pytest.warns(IncompleteRun, match=f"{LOST} is missing"):
        probe.open_run(copy)
    told = run("info", str(copy))
    assert told.exit_code == 1
    assert f"{LOST} is missing" in told.output
    assert run("info", str(copy), "--json").exit_code == 1


@pytest.mark.parametrize("names", [(), ("flips",)])
def test_analysing_refuses_in_one_line(copy: Path, names: tuple[str, ...]) -> None:
    short = copy / LOST
    short.write_bytes(short.read_bytes()[:5])
    result = run("analyze", str(copy), *names)
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert f"{LOST} has 5 bytes instead of" in line
    assert not (copy / "analyses").exists()


def test_the_same_command_does_the_damaged_units_again_to_the_same_bytes(whole: Path, copy: Path) -> None:
    (copy / LOST).unlink()
    (copy / "sites" / "projector-patches" / "dirichlet" / "c.0.2.0").write_bytes(b"")
    kept = ledger.marker(copy, min(ledger.done(copy))).stat().st_mtime_ns
    result = extract(next((whole / "set").glob("*.jsonl")), copy)
    assert result.exit_code == 0, result.output
    assert "2 units of" in result.output
    assert contents(copy) == contents(whole / "run")
    assert ledger.marker(copy, min(ledger.done(copy))).stat().st_mtime_ns == kept
    assert probe.open_run(copy).complete


def test_a_lost_table_is_named_and_not_made_up(whole: Path, copy: Path) -> None:
    (copy / "samples" / "question" / "c.0").unlink()
    for result in (run("analyze", str(copy)), run("info", str(copy)), extract(whole / "set" / "set.jsonl", copy)):
        assert result.exit_code == 2
        (line,) = result.output.splitlines()
        assert "samples/question/c.0 is missing" in line


def test_a_run_in_which_another_process_works_is_refused_in_one_line(whole: Path, copy: Path) -> None:
    (copy / LOST).unlink()
    with writing(copy):
        result = extract(whole / "set" / "set.jsonl", copy)
    assert result.exit_code == 2
    assert "is being written by process" in result.output.splitlines()[-1]
