"""Whatever goes wrong, the command line says it in one line and ends with 2; `--debug` shows where it comes from."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

import hooks
import probe
from hooks import devices
from probe.cli import main
from stores import ledger

EXTRACT = ("extract", "pocket-vlm", "streets", "-n", "1", "-p", "white", "--keep", "answers", "-o")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def absent() -> list[str]:
    there = devices.available()
    return [name for name in ("cuda", "cuda:7", "mps", "xpu") if not any(one.startswith(name) for one in there)]


def test_a_device_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    for name in absent():
        message = f"device {name!r} is not on this machine. It has: {', '.join(devices.available())}."
        for command in ((*EXTRACT, str(tmp_path / "run"), "--device", name), ("check", "pocket-vlm", "--device", name)):
            result = run(*command)
            assert result.exit_code == 2
            assert result.stderr == f"error: {message}\n"
        with pytest.raises(ValueError) as caught:
            probe.extract(
                "pocket-vlm", "streets", out=tmp_path / "run", limit=1, execution=probe.Execution(device=name)
            )
        assert str(caught.value) == message
    assert not (tmp_path / "run").exists()


def test_a_plan_for_another_machine_can_be_made(tmp_path: Path) -> None:
    for name in absent():
        assert run(*EXTRACT, str(tmp_path / "run"), "--device", name, "--dry-run").exit_code == 0


def test_devices_are_those_that_torch_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.available()[:3] == ["cpu", "cuda:0", "cuda:1"]
    assert devices.chosen("auto") == "cuda"
    devices.require("cuda")
    devices.require("cuda:1")
    with pytest.raises(hooks.ModelError, match=r"'cuda:2' is not on this machine\. It has: cpu, cuda:0, cuda:1"):
        devices.require("cuda:2")


FOREIGN = [
    (TypeError("unsupported operand\n  in a kernel"), "TypeError: unsupported operand. It comes from"),
    (AttributeError("'NoneType' object has no attribute 'shape'"), "AttributeError: 'NoneType' object has no"),
    (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "RuntimeError: mat1 and mat2 shapes cannot be"),
    (KeyError("image_sizes"), "KeyError: image_sizes. It comes from"),
    (AssertionError(), "AssertionError: no message. It comes from"),
    (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero. It comes from"),
    (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nmore"),
        "out of memory: CUDA out of memory",
    ),
    (MemoryError("Unable to allocate 20 GiB"), "out of memory: Unable to allocate 20 GiB. Take fewer images at once"),
]


@pytest.mark.parametrize(("error", "said"), FOREIGN, ids=lambda value: getattr(type(value), "__name__", ""))
def test_an_error_of_a_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(hooks, "load", fail, raising=False)
    result = run(*EXTRACT, str(tmp_path / "run"))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {said}")
    shown = run("--debug", *EXTRACT, str(tmp_path / "run"))
    assert shown.exception is error


def test_an_error_in_the_middle_keeps_what_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stores import Writer

    commit = Writer.commit

    def fail_at_the_second(self: Writer, unit: object, *arguments: object, **named: object) -> None:
        if ledger.done(tmp_path / "run"):
            raise RuntimeError("a kernel failed")
        commit(self, unit, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "commit", fail_at_the_second)
        assert run(*EXTRACT, str(tmp_path / "run")).exit_code == 2
    assert len(ledger.done(tmp_path / "run")) == 1
    assert run(*EXTRACT, str(tmp_path / "run")).exit_code == 0


def test_control_c_ends_every_verb_with_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("probe.listing.rows", stop)
    result = run("list", "models")
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


def test_usage_errors_stay_those_of_the_command_line() -> None:
    result = run("extract", "pocket-vlm")
    assert result.exit_code == 2
    assert "Missing argument 'DATASET'" in result.stderr
