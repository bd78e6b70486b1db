"""The examples of the README, run as a new user would run them."""

import shlex
from pathlib import Path

import matplotlib
import pytest
from click.testing import CliRunner

from probe.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
EXAMPLES = [block.split("```")[0] for block in README.split("```python\n")[1:]]


@pytest.fixture(autouse=True)
def without_a_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")


def run(example: str, **names: object) -> dict[str, object]:
    scope: dict[str, object] = {"__name__": "readme", **names}
    exec(compile(example, "README.md", "exec"), scope)
    return scope


def test_the_analysis_section_is_short_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    command = next(line for line in README.splitlines() if "-o runs/second" in line)
    arguments = [*shlex.split(command)[1:], "-n", "4"]  # the last -n counts
    assert CliRunner().invoke(main, arguments).exit_code == 0
    example = next(block for block in EXAMPLES if "instability" in block)
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    scope = run(example)
    assert scope["percent"].dims == ("condition", "layer")
    assert float(scope["percent"].sel(condition="clean").max()) == 0
    assert float(abs(scope["smoother"].sel(condition="clean")).max()) == 0
    message = capsys.readouterr().out
    assert "low_light" in message
    assert scope["over"].nearer.dims == ("sample", "condition", "layer")
    import matplotlib.pyplot as plt

    assert len(plt.gca().lines) == 10, "one line per condition"
    plt.close("all")


def test_the_first_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    example = next(block for block in EXAMPLES if 'out="runs/first"' in block)
    run(example.replace("limit=32", "limit=2"))
    assert "occlusion:3" in capsys.readouterr().out


def test_a_familys_entry_takes_twenty_lines_and_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from hooks.families import extension, find

    monkeypatch.setattr(extension, "_ADDED", {})
    example = next(block for block in EXAMPLES if "families.add(" in block)
    assert len([line for line in example.splitlines() if line.strip()]) <= 20
    run(example)
    family = find({"model_type": "my_vlm"})
    assert family is not None
    assert family.name == "my_vlm"
