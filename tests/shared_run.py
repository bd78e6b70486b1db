"""The run that the tests of the command line and of the results read: extracted once, analysed once."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import picture_set
import pytest
import tiny
from click.testing import CliRunner

from probe import analyze
from probe.cli import main

IMAGES, SEED = 6, 1
FAMILIES = [
    "driving",
    "text_overlay.semantic",
    "text_overlay.empty",
    "white",
    "gaussian_noise",
    "low_pass",
    "high_pass",
]
NOISE = [f"band_noise:band={band},epsilon={epsilon}" for band in ("low", "high") for epsilon in (4, 16)]
WAVES = [f"fourier_basis:i={i},j={j}" for i, j in ((0, 0), (0, 1), (1, 0), (2, -1))]
SITES = ["vision.layers[*]:patches", "language.layers[*]:context_last"]


@dataclass(frozen=True)
class Analysed:
    """A run and what the command line printed when it was made and analysed."""

    path: Path
    extracted: str
    table: str
    json: dict[str, Any]


def make_analysed(folder: Path) -> None:
    """`probe extract` with the tiny LLaVA, then `probe analyze` for people and for machines, into a folder."""
    dataset = picture_set.write(folder / "set", images=IMAGES)
    chosen = [f"-p{name}" for name in (*FAMILIES, *NOISE, *WAVES)] + [f"-s{site}" for site in SITES]
    run = str(folder / "run")
    extract = ["extract", str(tiny.checkpoint("llava")), str(dataset), "-o", run, "--dtype", "float32", *chosen]
    (folder / "extract.txt").write_text(printed(*extract, "--device", "cpu"))
    with pytest.MonkeyPatch.context() as patch:  # one analysis, shown twice
        patch.setattr(analyze, "of_run", functools.cache(analyze.of_run))
        (folder / "analyze.txt").write_text(printed("analyze", run, "--seed", str(SEED)))
        (folder / "analyze.json").write_text(printed("analyze", run, "--seed", str(SEED), "--json"))


def read_analysed(folder: Path) -> Analysed:
    """What `make_analysed` left."""
    shown = json.loads((folder / "analyze.json").read_text())
    return Analysed(folder / "run", *((folder / f"{verb}.txt").read_text() for verb in ("extract", "analyze")), shown)


def printed(*arguments: str) -> str:
    """What a command prints that ends well."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output
