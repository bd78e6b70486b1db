"""Large pictures fit in memory, and a killed segmentation ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from tiny import segmenters

import stores
from hooks.segmentation import highest_class
from probe.cli import main

CITY = "frankfurt_000000_000001"

MEMORY = """
import resource, sys
from probe.segmentation import segment

model, dataset, out = sys.argv[1:]
segment(model, dataset, out=out, perturb=["low_light:1"], allow_lost=True, device="cpu")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_the_highest_class_is_that_of_all_logits_at_once() -> None:
    logits = torch.randn((150, 6, 9), generator=torch.Generator().manual_seed(0))
    large = torch.nn.functional.interpolate(logits[None], size=(40, 61), mode="bilinear", align_corners=False)[0]
    assert torch.equal(highest_class(logits, (40, 61)), large.argmax(0).to(torch.int32))
    assert highest_class(torch.zeros(70, 2, 2), (3, 3)).unique().tolist() == [0]  # of equal ones the first


@pytest.mark.slow
def test_a_picture_of_cityscapes_with_150_classes_takes_less_than_4_gib(tmp_path: Path) -> None:
    names = [*segmenters.CITYSCAPES, *(f"thing {number}" for number in range(131))]
    segmenters.segformer(tmp_path / "model", names)
    for kind, ending in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")):
        file = tmp_path / "set" / kind / "val" / "frankfurt" / f"{CITY}_{ending}.png"
        file.parent.mkdir(parents=True)
        shape = (1024, 2048, 3) if kind == "leftImg8bit" else (1024, 2048)
        Image.fromarray(np.full(shape, 7, np.uint8)).save(file)
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "model"), f"cityscapes:{tmp_path / 'set'}"]
    done = subprocess.run([*command, str(tmp_path / "run")], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4 * 2**20  # KiB; all 150 classes at full size would take 1.2 GiB, and as much again
    stored = stores.open_run(tmp_path / "run").segmentation("model")
    pixels = stored.confusion.sum(("true", "predicted")) + stored.unassigned.sum("true")
    assert pixels.values.tolist() == [[1024 * 2048] * 2]


@pytest.mark.slow
def test_a_killed_segmentation_goes_on_without_a_trace(tmp_path: Path) -> None:
    def command(out: str) -> list[str]:
        verb = [sys.executable, "-m", "probe.cli", "segment", str(segmenters.checkpoint("segformer")), "streets"]
        return [*verb, "-o", str(tmp_path / out), "-n", "12", "--device", "cpu"]

    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    assert CliRunner().invoke(main, command("whole")[3:]).exit_code == 0
    done = tmp_path / "killed" / "_ledger" / "segmentations" / "segmenter-segformer" / "done"
    process = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    while process.poll() is None and len(list(done.glob("*.json"))) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    safe = {file.name: file.read_bytes() for file in done.glob("*.json")}
    assert 3 <= len(safe) < 10
    assert CliRunner().invoke(main, command("killed")[3:]).exit_code == 0
    assert safe.items() <= {file.name: file.read_bytes() for file in done.glob("*.json")}.items()
    for name in ("confusion", "unassigned"):
        one, other = (tmp_path / out / "segmentation" / "segmenter-segformer" / name for out in ("whole", "killed"))
        chunks = {file.name: file.read_bytes() for file in one.glob("c.*")}
        assert len(chunks) == 10
        assert {file.name: file.read_bytes() for file in other.glob("c.*")} == chunks
    assert stores.verify(tmp_path / "killed") == []
    assert stores.open_run(tmp_path / "killed").complete
