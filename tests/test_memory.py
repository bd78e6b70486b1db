"""Memory does not grow with the dataset: eight times the images, the same peak."""

import subprocess
import sys
from pathlib import Path

import pytest
import tiny

SCRIPT = """
import resource, sys
import probe
model, images, out = sys.argv[1:]
sites = ("vision.layers[*]:patches", "projector:patches", "language.layers[*]:context_last")
execution = probe.Execution(device="cpu", batch_size=8)
probe.extract(model, "streets", out=out, perturb=["motion_blur.horizontal:1"], sites=sites, keep="tokens",
              dtype="float32", limit=int(images), execution=execution)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(images: int, out: Path) -> int:
    """Peak resident memory of one extraction, in kB."""
    command = [sys.executable, "-c", SCRIPT, str(tiny.checkpoint("llava")), str(images), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_eight_times_the_images_take_the_same_memory(tmp_path: Path) -> None:
    assert peak(512, tmp_path / "large") <= 1.1 * peak(64, tmp_path / "small")
