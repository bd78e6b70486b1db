"""The studies of the README, each command as it stands there, on self-made copies of the benchmarks."""

import json
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
import shared
from click.testing import CliRunner

import probe
from analyses.scoring import SCORERS
from probe.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
NAMES = ("pope", "seedbench", "mmmu", "blink", "mmbench", "gqa", "vqav2", "textvqa", "coco-captions")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VLM_UNDERTOW_CACHE", str(tmp_path / "cache"))


def copy(name):
    """The folder of a benchmark's copy, made once."""
    module = import_module(f"benchmarks.{name.replace('-circular', '').replace('-', '_')}")
    return shared.folder(f"copy-{name}", lambda folder: module.make(folder))


def commands(prefix):
    """The commands of the README that write runs of this name, with their variables filled in."""
    block = next(block for block in README.split("```sh\n") if f"-o {prefix}" in block).partition("```")[0]
    variables = dict(re.findall(r'^(\w+)="(.*)"$', block, flags=re.MULTILINE))
    lines = [line for line in block.splitlines() if f"-o {prefix}" in line or (variables and line.startswith("probe"))]
    return [shlex.split(re.sub(r"\$(\w+)", lambda found: variables[found[1]], line)) for line in lines]


def adapted(command, tmp_path, **changes):
    """A command on the copies: another model, fewer perturbations, nothing that needs a GPU."""
    _, verb, _, dataset, *options = command
    for name in sorted(NAMES, key=len, reverse=True):
        dataset = re.sub(rf"(^|\+){name}(?=$|[+@])", rf"\g<1>{name}:{copy(name)}", dataset)
    kept, place = [], iter(options)
    for option in place:
        if option in ("--dtype", "--quantize", "-p", "-o"):
            value = next(place)
            kept += ["-o", str(tmp_path / value)] if option == "-o" else []
        else:
            kept.append(option)
    return [verb, changes["model"], dataset, *kept, "--dtype", "float32", *changes["perturb"]]


def invoke(*arguments):
    return CliRunner().invoke(main, list(arguments))


def analysed(run, *arguments):
    result = invoke("analyze", str(run), *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_study_of_hidden_instability_is_three_commands():
    found = commands("runs/hi-")
    assert [command[3] for command in found] == ["seedbench", "mmmu", "pope@coco-adversarial"]
    assert all(command[:2] == ["probe", "extract"] for command in found)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probe.datasets.problems.DatasetNote")  # a copy has fewer samples
@pytest.mark.parametrize("place", range(3))
def test_a_command_of_hidden_instability_runs_to_its_scores(tmp_path, place):
    command = commands("runs/hi-")[place]
    made = adapted(command, tmp_path, model="pocket-vlm", perturb=["-p", "scale", "-p", "white"])
    made[made.index("500")] = "6"
    result = invoke(*made)
    run = tmp_path / command[-1]
    several = "mmmu" in command[3]  # one of whose questions has more pictures than this model takes
    assert result.exit_code == (1 if several else 0), result.output
    assert ("1 of 6 samples failed" in result.output) == ("takes one picture a view" in result.output) == several
    data = analysed(run)["results"]
    assert {"overview", "scores", "instability", "drift", "priors"} <= data.keys()
    readings = data["scores"]["data"]["coords"]["reading"]["data"]
    assert readings[0] == "likelihood"
    assert len(readings) == 3
    assert ("benchmark" in data) == ("pope" in command[3])
    opened = probe.open_run(run)
    assert [site.partition(":")[2] for site in opened.sites] == [
        "context_last@mcq", "context_last@open", "answer_mean@mcq", "patches",
    ]  # fmt: skip


def test_the_study_of_alignment_is_eight_commands():
    found = commands("runs/internvl-base")
    assert len(found) == 8
    assert len({command[-1] for command in found}) == 8
    assert {command[3] for command in found} == {"vqav2+gqa+textvqa+mmbench"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probe.datasets.problems.DatasetNote")
def test_a_pair_of_the_study_of_alignment_runs_to_scores_by_dataset(tmp_path):
    models = {"runs/qwen-base": "pocket-vlm", "runs/qwen": "pocket-vlm-aligned"}
    for command in commands("runs/internvl-base"):
        if command[-1] not in models:
            continue
        perturb = ["-p", "pilot:1"]
        result = invoke(*adapted(command, tmp_path, model=models[command[-1]], perturb=perturb))
        assert result.exit_code in (0, 1), result.output
        run = probe.open_run(tmp_path / command[-1])
        assert set(run.samples.dataset.values.tolist()) == {"vqav2", "gqa", "textvqa", "mmbench"}
        assert run.plan["preparation"] != "none"
        groups = analysed(tmp_path / command[-1], "scores", "corruption", "--by", "dataset")["groups"]
        assert set(groups) == {"vqav2", "gqa", "textvqa", "mmbench"}
        assert groups["gqa"]["results"]["scores"]["data"]["coords"]["reading"]["data"] == ["official", "containment"]
        assert groups["mmbench"]["results"]["scores"]["data"]["coords"]["reading"]["data"] == [
            "likelihood", "official", "strict",
        ]  # fmt: skip
        for group in groups.values():
            table = group["results"]["corruption"]["data"]["data_vars"]["error"]
            assert "corruption" in table["dims"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probe.datasets.problems.DatasetNote")
@pytest.mark.parametrize("name", [*NAMES, "mmbench-circular"])
def test_every_benchmark_ends_in_its_score(tmp_path, name):
    arguments = ["--first", "4", "-p", "white", "--keep", "answers", "--free-answers", "--max-new-tokens", "8"]
    result = invoke("extract", "pocket-vlm", f"{name}:{copy(name)}", "-o", str(tmp_path / "run"), *arguments)
    assert result.exit_code in (0, 1), result.output
    data = analysed(tmp_path / "run")["results"]
    scorer = SCORERS[name]
    readings = data["scores"]["data"]["coords"]["reading"]["data"]
    assert [reading for reading in readings if reading != "likelihood"] == [each.name for each in scorer.readings]
    assert ("benchmark" in data) == bool(scorer.measures)
    shown = invoke("analyze", str(tmp_path / "run"), "scores").output
    assert "Scores by reading" in shown
