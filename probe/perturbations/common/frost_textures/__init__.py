"""Five frosted window panes: drawings of our own, shipped as pictures beside the code that makes them.

python -m probe.perturbations.common.frost_textures FOLDER     draws them again
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from ....sample import Pixels

NAMES = ("creases", "needles_1", "needles_2", "leaves", "ferns")


@lru_cache(maxsize=1)
def textures() -> tuple[Pixels, ...]:
    """The five panes, RGB, read once and not to be written into.

    >>> [pane.shape[:2] for pane in textures()]
    [(660, 991), (347, 616), (347, 616), (386, 580), (545, 727)]
    """
    return tuple(_read(name) for name in NAMES)


def _read(name: str) -> Pixels:
    with Image.open(Path(__file__).parent / f"{name}.jpg") as picture:
        pane = np.array(picture.convert("RGB"))
    pane.flags.writeable = False
    return pane
