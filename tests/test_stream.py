"""Blocks go through threads: the stores are the same, errors arrive, and nothing goes on after an interruption."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import picture_set
import pytest
import tiny

import probe
from probe.errors import Interrupted
from probe.extraction import block, plan, prepared, stream
from probe.perturbations.condition import CLEAN
from stores import Run, Unit, Writer, ledger

SETTINGS: dict[str, Any] = {
    "perturb": ["motion_blur.horizontal:1", "another_image", "no_image"],
    "sites": ["projector:patches", "ctx_open"],
    "dtype": "float32",
    "keep": "tokens",
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three blocks of two images."""
    monkeypatch.setattr(plan, "LARGEST_BLOCK", 2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(picture_set.write(tmp_path_factory.mktemp("stream") / "set", images=6))


def extract(dataset: str, out: Path) -> Run:
    execution = probe.Execution(device="cpu", batch_size=2)
    return probe.extract(str(tiny.checkpoint("llava")), dataset, out=out, execution=execution, **SETTINGS)


def files(run: Path) -> dict[str, bytes]:
    """The bytes of all chunks."""
    return {str(each.relative_to(run)): each.read_bytes() for each in sorted(run.rglob("c.*")) if each.is_file()}


def test_threads_and_room_change_no_byte(dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extract(dataset, tmp_path / "usual")
    for threads, room in ((1, 0), (7, 1 << 30)):
        monkeypatch.setattr(stream, "usable_threads", lambda processes, threads=threads: threads)
        for module in (block, prepared):
            monkeypatch.setattr(module, "PICTURE_BYTES", room)
        extract(dataset, tmp_path / f"{threads}")
        assert files(tmp_path / f"{threads}") == files(tmp_path / "usual")


def test_the_next_block_is_opened_while_the_last_condition_is_read(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, real = threading.Event(), stream.open_block

    def opening(plan: Any, model: Any, index: int, *rest: Any) -> Any:
        made = real(plan, model, index, *rest)
        if index == 1:
            opened.set()
        return made

    def reading(*given: Any) -> Any:
        states = stream_read(*given)
        if given[0].index == 0 and given[-1] != CLEAN:
            read.append(given[0].index)
            if len(read) == 3:
                assert opened.wait(60)
        return states

    read: list[int] = []
    stream_read = stream.read_states
    monkeypatch.setattr(stream, "open_block", opening)
    monkeypatch.setattr(stream, "read_states", reading)
    assert extract(dataset, tmp_path / "run").complete


def test_a_unit_that_cannot_be_committed_ends_the_run_and_the_rest_can_follow(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Writer.commit

    def failing(self: Writer, unit: Unit, *given: Any, **named: Any) -> None:
        if unit == Unit(1, 1):
            raise OSError(5, "the disk fails")
        real(self, unit, *given, **named)

    monkeypatch.setattr(Writer, "commit", failing)
    with pytest.raises(OSError, match="the disk fails"):
        extract(dataset, tmp_path / "run")
    assert ledger.done(tmp_path / "run") == {*(Unit(0, k) for k in range(4)), Unit(1, 0)}
    monkeypatch.undo()
    monkeypatch.setattr(plan, "LARGEST_BLOCK", 2)
    assert extract(dataset, tmp_path / "run").complete
    extract(dataset, tmp_path / "other")
    assert files(tmp_path / "run") == files(tmp_path / "other")


def test_after_an_interruption_no_further_picture_is_made(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    real, stopped = prepared.perturb, threading.Event()

    def perturb(*given: Any, **named: Any) -> Any:
        made.append(1)
        return real(*given, **named)

    def interrupted(*_: Any, **__: Any) -> Iterator[Any]:
        stopped.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(stream, "usable_threads", lambda processes: 1)
    monkeypatch.setattr(prepared, "perturb", perturb)
    monkeypatch.setattr(stream, "read_states", interrupted)
    with pytest.raises(Interrupted):
        extract(dataset, tmp_path / "run")
    before = len(made)
    assert before <= 4  # of the 24 that there are
    assert not [each for each in threading.enumerate() if each.name.startswith(("picture", "block", "commit"))]
