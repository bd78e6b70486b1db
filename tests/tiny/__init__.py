"""Small random-weight checkpoints on disk, one or more per family: the files that a hub id gives.

Each module has `CASES`: name -> a function that saves config, safetensors and processor to a folder. They are made from
transformers' own config, model and processor classes, with tokenizers made here.
"""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import shared

import hooks

from .parts import Save

ON_CPU = hooks.LoadOptions(device="cpu")

CASES: dict[str, Save] = {
    name: save
    for module in pkgutil.iter_modules(__path__)
    for name, save in getattr(import_module(f"{__name__}.{module.name}"), "CASES", {}).items()
}

CONTRASTIVE: tuple[str, ...] = tuple(import_module(f"{__name__}.clip").CASES)

DECODERS = ("blip-2_t5", "instructblip_t5", "florence2", "t5gemma2", "blip_caption", "blip_vqa", "donut")
"""Cases whose answers are written by a decoder beside what reads the prompt: test_family_decoder.py has their own."""


@cache
def checkpoint(case: str) -> Path:
    """The folder of one case, made when first asked for."""
    return shared.folder(case, CASES[case])


@cache
def load(case: str, options: hooks.LoadOptions = ON_CPU) -> hooks.Model:
    """One case, loaded as a user would and once per options: nobody may change it."""
    return hooks.load(str(checkpoint(case)), options)


def picture(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """A smooth random image, (height, width, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3))
    rows, cols = np.arange(height) * 5 // height, np.arange(width) * 6 // width
    return coarse[rows][:, cols].astype(np.uint8)
