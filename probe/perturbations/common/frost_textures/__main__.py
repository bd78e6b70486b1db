"""Draws the five frosted panes and writes them into a folder, in about two minutes.

The shipped files were made so. Made again elsewhere they may differ by a level here and there, since OpenCV's blurs are
not the same to the last bit on every processor.
"""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from ....datasets.sample import Pixels
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


def write(folder: Path) -> None:
    """All five, as JPEG without chroma subsampling, since decoders differ in how they undo it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        Image.fromarray(drawn(name)).save(folder / f"{name}.jpg", qtables=TABLES, subsampling=0, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Usage: python -m probe.perturbations.common.frost_textures FOLDER")
    write(Path(sys.argv[1]))
