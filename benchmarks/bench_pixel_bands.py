"""What the band power of the pictures costs an extraction: its share of the processor's time, and the fast way's gain.

`pocket-vlm` is the smallest model there is, so the share is the largest. Pictures of several sizes with one question
each go through the extraction; beside it, the definition in `analyses.spectral` computes what the fast way does.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

import probe
from analyses import spectral
from probe.extraction import pixel_bands

SIZES = ((128, 128), (336, 336), (480, 640), (768, 1024))
IMAGES, ROUNDS = 8, 5
CPU = probe.Execution(device="cpu")


def photo(height: int, width: int, seed: int) -> np.ndarray:
    """A smooth picture with noise, (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (height // 16, width // 16, 3)).astype(np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    return np.clip(smooth + rng.normal(0, 5, smooth.shape), 0, 255).astype(np.uint8)


def dataset(folder: Path, size: tuple[int, int]) -> Path:
    """Pictures of one size with a question each."""
    folder.mkdir()
    lines: list[dict[str, Any]] = []
    for index in range(IMAGES):
        Image.fromarray(photo(*size, index)).save(folder / f"{index}.png")
        lines.append({"image": f"{index}.png", "question": "Is there a bus?", "options": ["yes", "no"]})
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder / "set.jsonl"


def share(data: str | Path, out: Path) -> float:
    """The band power's share of the processor's time in an extraction under the invariance suite."""
    spent, plain = [0.0], pixel_bands.of_pictures

    def measured(*given: Any) -> Any:
        started = time.thread_time()
        result = plain(*given)
        spent[0] += time.thread_time() - started
        return result

    pixel_bands.of_pictures = measured
    try:
        started = time.process_time()
        probe.extract("pocket-vlm", data, limit=IMAGES, out=out, perturb=["invariance"], execution=CPU)
        return spent[0] / (time.process_time() - started)
    finally:
        pixel_bands.of_pictures = plain


def milliseconds(work: Callable[[], object]) -> float:
    """Processor's time of one call, the median of some."""
    times: list[float] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(1000 * (time.process_time() - started))
    return median(times)


def main() -> None:
    """Print the share at each size, and both ways side by side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        share(dataset(folder / "64", (64, 64)), folder / "run 64")  # loads what is loaded once
        print(f"streets, with its questions: {100 * share('streets', folder / 'streets'):4.1f} % of the extraction")
        for size in SIZES:
            part = share(dataset(folder / f"{size[0]}", size), folder / f"run {size[0]}")
            pixels = photo(*size, 0)
            fast = milliseconds(lambda p=pixels, s=size: pixel_bands.of_picture(p, s))
            slow = milliseconds(lambda p=pixels: spectral.band_power(p))
            smaller = pixels[8:, 8:]
            resized = milliseconds(lambda p=smaller, s=size: pixel_bands.of_picture(p, s))
            print(
                f"{size[0]:4} x {size[1]:4}: {100 * part:4.1f} % of the extraction; a picture "
                f"{fast:5.1f} ms, resized {resized:5.1f} ms; by definition {slow:6.1f} ms, {slow / fast:4.1f} x"
            )


if __name__ == "__main__":
    main()
