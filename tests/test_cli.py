"""The command line as a user meets it: exit codes, what is said, what JSON holds."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import picture_set
import pytest
import tiny
from click.testing import CliRunner, Result
from shared_run import IMAGES, Analysed

from probe.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_every_verb_of_this_version_is_in_the_help_and_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    shown = run("--help").output
    for verb in main.commands:
        assert verb in shown
        assert f"probe {verb}" in readme, f"README.md does not mention `probe {verb}`"


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    dataset = str(picture_set.write(tmp_path / "set", images=3))
    result = run(
        "extract", str(tiny.checkpoint("llava")), dataset, "-o", str(tmp_path / "run"), "-p", "driving", "--dry-run"
    )
    assert result.exit_code == 0
    for message in ("images", "samples", "conditions", "language.layers[4]:context_last", "30", "saved", "MB", "free"):
        assert message in result.output
    assert not (tmp_path / "run").exists()


def test_extract_says_what_comes_next(analysed: Analysed) -> None:
    assert "probe analyze" in analysed.extracted


def test_analyze_tells_every_family_with_intervals_and_says_what_it_means(analysed: Analysed) -> None:
    for part in ("text_overlay", "low_light", "perturbations", "IFR", "…", "Outside:", "Inside:"):
        assert part in analysed.table


def test_analyze_as_json_has_estimates_between_their_bounds(analysed: Analysed) -> None:
    overview = analysed.json["results"]["overview"]
    families = overview["data"]["coords"]["family"]["data"]
    assert {"clean", "low_light", "all perturbations"} <= set(families)
    for name in ("ifr", "iv", "accuracy", "drift_percent", "margin_erosion"):
        estimate, low, high = overview["data"]["data_vars"][name]["data"][families.index("low_light")]
        assert low <= estimate <= high, name


def test_analyze_takes_the_named_analyses_only(analysed: Analysed, tmp_path: Path) -> None:
    copy = str(shutil.copytree(analysed.path, tmp_path / "copy"))
    shown = json.loads(run("analyze", copy, "flips", "--json").output)
    assert list(shown["results"]) == ["flips"]
    wrong = run("analyze", copy, "flops")
    assert wrong.exit_code == 2
    assert "flips" in wrong.output


def test_info_counts_and_verifies(analysed: Analysed) -> None:
    message = json.loads(run("info", str(analysed.path), "--verify", "--json").output)
    assert message["complete"]
    assert (message["images"], message["samples"]) == (IMAGES, 2 * IMAGES)
    assert message["problems"] == []


def test_info_finds_a_flipped_byte(analysed: Analysed, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(analysed.path, copy)
    file = min((copy / "sites").rglob("c.*"))
    damaged = bytearray(file.read_bytes())
    damaged[0] ^= 1
    file.write_bytes(damaged)
    result = run("info", str(copy), "--verify", "--json")
    assert result.exit_code == 1
    assert "CRC-32" in result.output


@pytest.mark.parametrize("what", ["models", "datasets", "perturbations", "suites", "sites", "analyses"])
def test_every_list_is_there_for_people_and_for_machines(what: str) -> None:
    assert run("list", what).exit_code == 0
    rows = json.loads(run("list", what, "--json").output)
    assert rows
    assert all(isinstance(value, str) for row in rows for value in row.values())


def test_cite_prints_the_papers_behind_a_run(analysed: Analysed) -> None:
    assert "2602.06652" in run("cite", str(analysed.path)).output


def test_check_proves_the_sites_of_a_good_model() -> None:
    result = run("check", str(tiny.checkpoint("llava")), "--device", "cpu", "--json")
    assert result.exit_code == 0, result.output
    assert all(finding["ok"] for finding in json.loads(result.output))


def test_no_run_is_said_in_one_line(tmp_path: Path) -> None:
    result = run("info", str(tmp_path / "nothing"))
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_run_of_an_older_schema_is_refused_in_one_line(tmp_path: Path) -> None:
    record = tmp_path / "run" / "_ledger" / "plan.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"schema_version": 1, "plan": {"hash": "x"}, "layout": {}, "files": {}}))
    path = str(tmp_path / "run")
    extraction = ("extract", "pocket-vlm", "streets", "-n", "1", "-p", "white", "--device", "cpu", "-o", path)
    for command in (("info", path), ("info", path, "--verify"), ("analyze", path), ("cite", path), extraction):
        result = run(*command)
        assert result.exit_code == 2, command
        assert result.output.splitlines() == [
            f"error: {path} has schema version 1, this installation reads version 3. Extract the run again, to another "
            "path."
        ]


@pytest.mark.slow
def test_control_c_leaves_a_resumable_run_and_says_so(tmp_path: Path) -> None:
    dataset = str(picture_set.write(tmp_path / "set", images=6))
    out = tmp_path / "run"
    command = [sys.executable, "-m", "probe.cli", "extract", str(tiny.checkpoint("llava")), dataset, "-o", str(out), "-p", "demo", "--device", "cpu"]  # fmt: skip  # noqa: E501
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background makes its children deaf to Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list((out / "_ledger" / "done").glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run the same command again" in said
    assert not json.loads(run("info", str(out), "--json").output)["complete"]


def test_names_between_colons_are_no_pictures() -> None:
    message = run("preview", "streets", "-p", "gaussian_noise:-1", "-o", "sheet.png").output
    assert "gaussian_noise:-1" in message
