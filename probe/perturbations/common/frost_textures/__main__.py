"""Draws the five frosted panes and writes them into a folder, in about a minute.

The shipped files were made so: from random numbers and, for their statistics alone, the figures in targets.py. Made
again they are the same bytes on the same processor; elsewhere single pixels differ by up to 8 levels and all by 0.2 on
average, since OpenCV's blurs are not the same to the last bit everywhere.
"""

import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from ....sample import Pixels
from . import NAMES, creases, ferns, leaves, needles
from .matching import matched
from .targets import CREASES, FERNS, LEAVES, NEEDLES, Target

DRAWINGS: dict[str, tuple[ModuleType, Target]] = dict(
    zip(
        NAMES,
        ((creases, CREASES), (needles, NEEDLES), (needles, NEEDLES), (leaves, LEAVES), (ferns, FERNS)),
        strict=True,
    )
)

TABLES = [[2] * 64, [3] * 64]
"""JPEG's quantisation, of lightness and of colour: the same for all frequencies, so that the finest stay."""


def drawn(name: str) -> Pixels:
    """One pane: its drawing, seeded by its place in the list, matched component by component, in colour."""
    drawing, target = DRAWINGS[name]
    fields = drawing.draw(np.random.default_rng(NAMES.index(name) + 1), target.height, target.width)
    pane = np.zeros((target.height, target.width, 3))
    pane += target.mean
    for index, component in enumerate(target.components):
        pane += matched(fields[..., index].astype(np.float64), component)[..., None] * component.colour
    return np.clip(np.rint(pane), 0, 255).astype(np.uint8)


def encoded(pane: Pixels) -> bytes:
    """As JPEG without chroma subsampling, since decoders differ in how they undo it."""
    file = BytesIO()
    Image.fromarray(pane).save(file, "JPEG", qtables=TABLES, subsampling=0, optimize=True)
    return file.getvalue()


def write(folder: Path) -> None:
    """All five, into the folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.jpg").write_bytes(encoded(drawn(name)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Usage: python -m probe.perturbations.common.frost_textures FOLDER")
    write(Path(sys.argv[1]))
