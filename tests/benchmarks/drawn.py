"""Small pictures, written in the kinds of files that benchmarks have."""

from pathlib import Path

import numpy as np
import PIL.Image


def save(path: Path, seed: int, *, size: tuple[int, int] = (48, 64), mode: str = "RGB") -> bytes:
    """Write a picture of (height, width) and give the bytes of its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tiles = np.random.default_rng(seed).integers(0, 256, (size[0] // 8, size[1] // 8, 3), dtype=np.uint8)
    picture = PIL.Image.fromarray(tiles).resize(size[::-1], PIL.Image.Resampling.BILINEAR)
    picture.convert(mode).save(path)
    return path.read_bytes()
