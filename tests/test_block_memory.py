"""A block holds no more pictures than there is room for, and its numbers do not depend on the room."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import picture_set
import pytest
import tiny
from PIL import Image as Pillow

import probe
from probe.datasets.pixels import picture
from probe.extraction import block, prepared, views
from probe.extraction.ahead import Ahead, Room
from probe.sample import Image


def in_turn(sizes: list[int], *, room: int) -> tuple[list[int], int]:
    """What came out of results of these sizes, numbered, and how many were made ahead at most."""
    made: list[int] = []
    taken: list[int] = []
    most = 0
    work = ((size, lambda number=number: made.append(number) or number) for number, size in enumerate(sizes))
    with ThreadPoolExecutor(2) as pool:
        for result in Ahead(pool, work, most=7, room=room):
            taken.append(result)
            time.sleep(0.001)  # so that threads can make whatever they may
            most = max(most, len(made) - len(taken))
    return taken, most


def test_results_come_in_order_and_no_more_wait_than_have_room() -> None:
    for sizes, room, most in (([1] * 40, 5, 5), ([0] * 40, 5, 7), ([9] * 10, 5, 1), ([2, 9, 1, 1] * 5, 4, 3)):
        taken, waited = in_turn(sizes, room=room)
        assert taken == list(range(len(sizes)))
        assert waited <= most


def test_pictures_are_kept_while_there_is_room_and_read_again_after(tmp_path: Path) -> None:
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Pillow.new("RGB", (4, 3), colour).save(tmp_path / name)
    room = Room(4 * 3 * 3)
    first, second = (views.load(Image.of(picture(name, tmp_path / name)), "none", room) for name in ("a.png", "b.png"))
    assert (first.kept is None, second.kept is None) == (False, True)
    assert second.pictures()[0][0, 0].tolist() == [0, 0, 255]
    assert second.sizes == ((3, 4),)
    Pillow.new("RGB", (4, 3), "green").save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="its file was changed while it was in use"):
        second.pictures()
    os.remove(tmp_path / "a.png")
    assert first.pictures()[0][0, 0].tolist() == [255, 0, 0]


def test_a_run_without_room_has_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = str(picture_set.write(tmp_path / "set", images=5))
    settings = {"perturb": ["motion_blur.horizontal:1", "another_image"], "sites": ["projector:patches", "ctx_open"]}
    execution = probe.Execution(device="cpu", batch_size=2)
    runs = []
    for name, room in (("wide", block.PICTURE_BYTES), ("narrow", 0)):
        monkeypatch.setattr(block, "PICTURE_BYTES", room)
        monkeypatch.setattr(prepared, "PICTURE_BYTES", room)
        monkeypatch.setattr(views, "LARGE", room)
        model = str(tiny.checkpoint("llava"))
        runs.append(
            probe.extract(model, dataset, out=tmp_path / name, dtype="float32", execution=execution, **settings)
        )
    wide, narrow = runs
    np.testing.assert_array_equal(wide.answers.log_likelihood, narrow.answers.log_likelihood)
    np.testing.assert_array_equal(wide.embeddings("projector:patches"), narrow.embeddings("projector:patches"))
    np.testing.assert_array_equal(wide.pictures.band_power, narrow.pictures.band_power)
    np.testing.assert_array_equal(wide.images.sha256, narrow.images.sha256)
