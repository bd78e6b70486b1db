"""What a user can get wrong: each gets a message that says what to do, and nothing already computed is lost."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import picture_set
import pytest
import tiny
import torch
from click.testing import CliRunner, Result

import hooks
import probe
from probe.cli import main
from stores import DiskFull, ledger

Extract = Callable[..., Result]


@pytest.fixture
def extract(tmp_path: Path) -> Extract:
    """`probe extract` in this process, on a dataset of three pictures with one line changed."""

    def call(*options: str, line: dict[str, Any] | None = None, model: str | None = None, dataset: str = "") -> Result:
        lines = picture_set.lines(3)
        lines[0] |= line or {}
        path = dataset or str(picture_set.write(tmp_path / "set", images=3, samples=lines))
        arguments = [model or str(tiny.checkpoint("llava")), path, "-o", str(tmp_path / "run")]
        arguments += ["-p", "motion_blur.horizontal:1", "--dtype", "float32", "--device", "cpu"]
        return CliRunner().invoke(main, ["extract", *arguments, *options])

    return call


def others_are_there(run: Path, failed: set[str]) -> bool:
    scores = probe.open_run(run).answers.log_likelihood.isel(option=0)
    there = scores.notnull().all("condition")
    return set(there.sample.values[~there.values].tolist()) == failed and bool(there.any())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"options": []}, "needs two options or more"),
        ({"answer": "a tram"}, "not among the options"),
        ({"options": ["yes", " "], "answer": "yes"}, "option 2 is empty"),
    ],
)
def test_a_bad_sample_is_named_and_the_others_finish(
    extract: Extract, tmp_path: Path, line: dict[str, Any], message: str
) -> None:
    result = extract(line=line)
    assert result.exit_code == 1
    assert "mcq-0" in result.output
    assert message in result.output.replace("\n", " ")
    assert others_are_there(tmp_path / "run", set())


def test_an_option_without_tokens_is_named_and_the_others_finish(
    extract: Extract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = hooks.capture.check_question

    def refuse(model: hooks.Model, question: hooks.Question) -> None:
        if "a soft hyphen" in question.options:
            raise ValueError("option 'a soft hyphen' has no tokens")
        check(model, question)

    monkeypatch.setattr(hooks.capture, "check_question", refuse)
    result = extract(line={"options": ["yes", "a soft hyphen"], "answer": "yes"})
    assert result.exit_code == 1
    assert "mcq-0: option 'a soft hyphen' has no tokens" in result.output
    assert others_are_there(tmp_path / "run", {"mcq-0"})


def damage(name: str, pictures: Path) -> None:
    path = pictures / "001.png"
    {
        "truncated": lambda: path.write_bytes(path.read_bytes()[:60]),
        "not a picture": lambda: path.write_text("hello"),
        "empty": lambda: path.write_bytes(b""),
        "missing": path.unlink,
    }[name]()


@pytest.mark.parametrize("name", ["truncated", "not a picture", "empty", "missing"])
def test_a_bad_image_fails_its_samples_and_the_others_finish(extract: Extract, tmp_path: Path, name: str) -> None:
    path = picture_set.write(tmp_path / "set", images=3)
    damage(name, tmp_path / "set")
    result = extract(dataset=str(path))
    assert result.exit_code == 1
    assert "001.png" in result.output
    assert others_are_there(tmp_path / "run", {"mcq-1", "yes-1"})
    assert set(ledger.failed(tmp_path / "run")) == {"mcq-1", "yes-1"}
    assert extract(dataset=str(path)).exit_code == 1  # still told when the finished run is asked for again


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-s", "language.layers[40]:context_last"), "5 layers (0-4"),
        (("-s", "retina:patches"), "no tower 'retina'"),
        (("-s", "ctx_opne"), "ctx_open"),
        (("-p", "motion_blurr"), "motion_blur"),
        (("-p", "motion_blur.horizontal:7"), "1, 2, 3"),
        (("-p", "translation:dx=far"), "dx"),
        (("--visual-tokens", "9"), "cannot limit its visual tokens"),
    ],
)
def test_a_wrong_word_is_answered_with_what_there_is(extract: Extract, options: tuple[str, ...], message: str) -> None:
    result = extract(*options)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")
    assert "Traceback" not in result.output


def test_an_unknown_dataset_is_answered_with_the_closest(extract: Extract) -> None:
    result = extract(dataset="street")
    assert result.exit_code == 2
    assert "streets" in result.output


def test_an_unknown_model_says_where_it_was_looked_for(extract: Extract, tmp_path: Path) -> None:
    result = extract(model=str(tmp_path / "no-model"))
    assert result.exit_code == 2
    assert "no-model" in result.output.replace("\n", "")


def test_a_full_disk_keeps_what_is_committed_and_the_run_can_be_finished(
    extract: Extract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.writev

    def full(descriptor: int, parts: Any) -> int:
        if ledger.done(tmp_path / "run"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, parts)

    with monkeypatch.context() as patch:
        patch.setattr("os.writev", full)
        result = extract()
    assert result.exit_code == 2
    assert "disk" in result.output.lower()
    assert issubclass(DiskFull, OSError)
    done = ledger.done(tmp_path / "run")
    assert len(done) == 1
    assert extract().exit_code == 0
    assert done < ledger.done(tmp_path / "run")


def test_a_run_that_does_not_fit_the_disk_is_refused_before_it_begins(
    extract: Extract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.extraction.run.free_bytes", lambda path: 10)
    result = extract()
    assert result.exit_code == 2
    assert "free" in result.output
    assert not (tmp_path / "run").exists()


def test_non_finite_activations_are_named_by_sample_and_site(
    extract: Extract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = hooks.load(str(tiny.checkpoint("llava")), hooks.LoadOptions(dtype="float32", device="cpu"))

    def overflow(module: Any, arguments: Any, output: torch.Tensor) -> torch.Tensor:
        spoilt = output.clone()
        spoilt[-1] = torch.inf
        return spoilt

    model.module.model.vision_tower.embeddings.register_forward_hook(overflow)
    monkeypatch.setattr(hooks, "load", lambda *_: model, raising=False)
    result = extract()
    assert result.exit_code == 1
    assert "non-finite" in result.output
    assert "vision.layers-patches" in result.output
    assert set(ledger.failed(tmp_path / "run")) == {"mcq-2", "yes-2"}
    assert np.isfinite(probe.open_run(tmp_path / "run").answers.log_likelihood.sel(sample="yes-0").isel(option=0)).all()
