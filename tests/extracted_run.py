"""One small extraction by the command line, which tests of lost files and of owners copy and damage."""

from pathlib import Path

import picture_set
import shared
import tiny
from click.testing import CliRunner, Result

from probe.cli import main

SITES = ("projector:patches",)
PERTURB = ("driving:1",)


def extract(dataset: Path, out: Path, *more: str) -> Result:
    """Extract the tiny model's states and answers, as the command line does."""
    command = ("extract", str(tiny.checkpoint("llava")), str(dataset), "-o", str(out), "-p", *PERTURB, "-s", *SITES)
    return CliRunner().invoke(main, [*command, "--device", "cpu", *more])


def whole() -> Path:
    """The folder with the dataset (`set/set.jsonl`) and its finished run (`run`), made once for all tests."""
    return shared.folder("whole", _make)


def contents(path: Path) -> dict[str, bytes]:
    """Every file of a run that does not depend on when it was made."""
    kept = {str(file.relative_to(path)): file for file in path.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in kept.items() if name != "zarr.json" and "_ledger" not in name}


def _make(folder: Path) -> None:
    result = extract(picture_set.write(folder / "set", images=2), folder / "run")
    assert result.exit_code == 0, result.output
