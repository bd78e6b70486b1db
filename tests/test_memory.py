"""Memory does not grow with the dataset: eight times the images, the same peak."""

import subprocess
import sys
from pathlib import Path

import picture_set
import pytest
from tiny.llava import save_llava

FEW, SIDE, TILE = 8, 640, 160
"""So large that a picture and its states take 2 MB: 56 of them, kept too long, are more than a tenth of any process."""

SCRIPT = """
import resource, sys
import probe
from probe.extraction import plan

plan.LARGEST_BLOCK = 4
model, dataset, few = sys.argv[1:]
sites = ("vision.layers[*]:patches", "projector:patches", "language.layers[*]:image")
execution = probe.Execution(device="cpu", batch_size=4)
for images in (int(few), 8 * int(few)):
    probe.extract(model, dataset, out=f"{dataset}-{images}", perturb=["motion_blur.horizontal:1"], sites=sites,
                  keep="tokens", dtype="float32", limit=images, execution=execution)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_eight_times_the_images_take_the_same_memory(tmp_path: Path) -> None:
    save_llava(tmp_path / "model", tile=TILE)
    dataset = picture_set.write(tmp_path / "set", images=8 * FEW, size=(SIDE, SIDE))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "model"), str(dataset), str(FEW)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    few, many = map(int, done.stdout.split())
    assert many <= 1.1 * few
