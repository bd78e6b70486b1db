"""Runs that hold little (clean images alone, one sample, controls, no options): analyses say only what is so."""

import io
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import picture_set
import pytest
import scipy.stats
import shared
import tiny
from click.testing import CliRunner
from rich.console import Console

import probe
from analyses.alignment.shuffling import shuffled
from probe import analyze
from probe.cli import main
from probe.results import ANALYSES, Result
from stores import Run, open_run

SITES = ("vision.layers[*]:patches", "language.layers[*]:context_last")
LINES = picture_set.lines(6)
OPEN = [{key: value for key, value in line.items() if key not in ("options", "answer")} for line in LINES]
RUNS: dict[str, tuple[list[dict[str, Any]], tuple[str, ...], str]] = {
    "clean": (LINES[:8], ("gaussian_noise:0",), "pooled"),
    "clean answers": (LINES[:8], ("gaussian_noise:0",), "answers"),
    "one sample": (LINES[:1], ("driving",), "pooled"),
    "one sample, clean": (LINES[:1], ("gaussian_noise:0",), "pooled"),
    "two samples of one image": (LINES[:2], ("driving:1", "text_overlay.semantic"), "pooled"),
    "controls": (LINES[:4], ("white", "another_image"), "pooled"),
    "white answers": (LINES[:4], ("white",), "answers"),
    "one sample, controls": (LINES[:1], ("white", "no_image"), "pooled"),
    "open": (OPEN[:2], ("driving:1", "white"), "pooled"),
    "open, clean": (OPEN[:1], ("gaussian_noise:0",), "answers"),
    "bands of one": (LINES[:1], ("band_noise:band=low,epsilon=4", "low_pass", "fourier_basis:i=0,j=1"), "pooled"),
    "one lost": ([*LINES[:2], {**LINES[2], "image": "gone.png"}], ("driving:1",), "pooled"),
}


def made(name: str) -> Path:
    lines, perturb, keep = RUNS[name]

    def make(folder: Path) -> None:
        probe.extract(
            tiny.checkpoint("llava"),
            picture_set.write(folder / "set", images=6, samples=lines),
            out=folder / "run",
            perturb=perturb,
            keep=keep,  # type: ignore[arg-type]
            sites=SITES if keep == "pooled" else (),
            max_new_tokens=2,
            execution=probe.Execution(device="cpu"),
        )

    return shared.folder(f"small {name}", make) / "run"


def of_run(path: Path, *names: str) -> tuple[Result, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = analyze.of_run(path, names=names)
        analyze.show(found, Console(file=io.StringIO()))
    return found


@pytest.mark.parametrize("name", RUNS)
def test_a_small_run_is_analysed_and_its_sentences_say_nothing_undefined(name: str) -> None:
    found = of_run(made(name))
    assert {"overview", "flips"} & {result.name for result in found} or name.startswith("open")
    for result in found:
        for sentence in result.findings:
            assert "nan" not in sentence
            assert "– %" not in sentence
            assert "includes 0" not in sentence or "[" in sentence, sentence


@pytest.mark.parametrize("name", ["clean", "one sample, controls", "open"])
def test_every_analysis_by_name_is_made_or_says_what_it_lacks(name: str) -> None:
    path = made(name)
    for each in ANALYSES:
        try:
            of_run(path, each)
        except ValueError as lacking:
            assert str(lacking).startswith(f"analysis {each!r}")  # noqa: PT017


def test_the_command_line_has_nothing_to_complain_of(tmp_path: Path) -> None:
    copy = shutil.copytree(made("clean"), tmp_path / "run")
    result = CliRunner().invoke(main, ["analyze", str(copy)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "beyond control" not in result.stdout.replace("First layer beyond control", "")
    assert probe.open_run(copy).results


def test_an_interval_of_one_image_is_told_as_none() -> None:
    (overview,) = of_run(made("one sample"), "overview")
    assert all("the interval" not in sentence for sentence in overview.findings)


def neighbours(states: np.ndarray, k: int) -> np.ndarray:
    """(input, other) 1 for the k nearest; two images may be shown one picture, and then share the last place."""
    limit = np.sort(np.abs(states), axis=None)[int(0.95 * states.size)]
    unit = np.clip(states, -limit, limit).astype(float)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    similar = unit @ unit.T
    np.fill_diagonal(similar, -np.inf)
    last = np.sort(similar, axis=1)[:, -k][:, None]
    nearer, tied = similar > last + 1e-12, np.abs(similar - last) <= 1e-12
    return nearer + tied * (k - nearer.sum(1, keepdims=True)) / tied.sum(1, keepdims=True)


def kept_neighbours(one: np.ndarray, two: np.ndarray, k: int) -> float:
    return np.minimum(neighbours(one, k), neighbours(two, k)).sum(1).mean() / k


def unbiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    def hsic(a: np.ndarray, b: np.ndarray) -> float:  # Song et al. 2012, equation 5
        k, m = a @ a.T, b @ b.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        n = len(k)
        rest = k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * k.sum(0) @ m.sum(0)
        return (np.trace(k @ m) + rest) / (n * (n - 3))

    return hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))


@pytest.fixture(scope="module")
def several() -> tuple[Run, Result]:
    """Nine images with two questions each, whose vision states stand for the model."""

    def make(folder: Path) -> None:
        probe.extract(
            tiny.checkpoint("llava"),
            picture_set.write(folder / "set", images=9),
            out=folder / "run",
            perturb=("another_image",),
            sites=("vision.layers[-1]:patches",),
            execution=probe.Execution(device="cpu"),
        )

    path = shared.folder("nine images", make) / "run"
    return open_run(path), of_run(path, "alignment")[0]


def test_neighbours_are_a_quarter_of_the_other_images_and_chance_is_told(several: tuple[Run, Result]) -> None:
    run, result = several
    assert (result.data.attrs["inputs"], result.data.attrs["k"]) == (9, 2)  # (9 - 1) // 4
    assert result.data.attrs["chance"] == 2 / 8
    states = run.pooled("vision.layers[-1]:patches").load().values  # (image, condition, feature)
    kept = kept_neighbours(states[:, 0], states[:, 1], 2)
    shown = result.data.mutual_knn.sel(family="another_image", bound="estimate")
    assert float(shown) == pytest.approx(kept)
    assert "chance 25 %" in result.title
    # a state of an image has no question: all nine go round together
    ids, images = run.samples["sample"].values, run.samples.image.values
    first = np.sort(np.unique(images.astype(str), return_index=True)[1])
    taken = [shuffled(ids[first], images[first], [""] * 9, seed=0, number=number) for number in range(10)]
    floor = [kept_neighbours(states[:, 0], states[row, 0], 2) for row in taken]
    assert float(result.data.mutual_knn_floor[0]) == pytest.approx(np.mean(floor))
    above = result.data.mutual_knn_above_floor.sel(family="another_image", bound="estimate")
    assert float(above) == pytest.approx((kept - np.mean(floor)) / (1 - np.mean(floor)))
    assert result.findings == (), "another image is a control, which no sentence compares"


def test_the_unbiased_cka_stands_beside_the_biased_one(several: tuple[Run, Result]) -> None:
    run, result = several
    states = run.pooled("vision.layers[-1]:patches").load().values.astype(float)
    x, y = states[:, 0], states[:, 1]
    shown = result.data.cka.sel(condition="another_image")
    assert float(shown.sel(bound="estimate")) == pytest.approx(unbiased_cka(x, y), abs=1e-6)
    rows = np.arange(9)
    without = np.array([unbiased_cka(x[rows != k], y[rows != k]) for k in rows])
    half = scipy.stats.t.ppf(0.975, 8) * np.sqrt(8 / 9 * np.sum((without - without.mean()) ** 2))
    assert float(shown.sel(bound="low")) == pytest.approx(unbiased_cka(x, y) - half, abs=1e-6)
    assert float(result.data.cka_mean.sel(family="another_image", bound="low")) == pytest.approx(float(shown[1]))
    x, y = x - x.mean(0), y - y.mean(0)
    biased = np.sum((x.T @ y) ** 2) / np.sqrt(np.sum((x.T @ x) ** 2) * np.sum((y.T @ y) ** 2))
    shown = result.data.biased_cka.sel(condition="another_image", bound="estimate")
    assert float(shown) == pytest.approx(biased, abs=1e-6)
    np.testing.assert_allclose(result.data.cka.sel(condition="clean"), 1)


def test_fewer_than_four_inputs_have_no_arrangement_and_fewer_than_five_no_neighbours() -> None:
    with pytest.raises(ValueError, match="'alignment': the run holds too little for it"):
        of_run(made("two samples of one image"), "alignment")
    (result,) = of_run(made("controls"), "alignment")
    assert "4 inputs, too few for nearest" in result.title
    assert result.data.mutual_knn.isnull().all()
    assert float(result.data.cka.sel(condition="clean", bound="estimate")) == pytest.approx(1)
    assert result.findings == ()
