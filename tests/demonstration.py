"""What `make demo` leaves, made once for all tests: the run and its page."""

import io
from pathlib import Path

import pytest
import shared
from rich.console import Console

from probe import demo

IMAGES = 20  # below that sentences carry a warning
PERTURB = (
    *(f"translation:dx={dx}" for dx in (-12, 4)), *(f"pad_crop:n={n}" for n in (-16, 8)), "scale",
    "scale_pad:fill=black", "rotation:degrees=30", "text_overlay.random", "text_overlay.empty",
    "motion_blur.horizontal", "low_light", "occlusion", "another_image",
)  # fmt: skip
"""All families of the demonstration, some with fewer conditions: every row and cell of its page is there."""


def run() -> Path:
    """The run; its page lies beside it, as `.html`."""
    return shared.folder("demonstration", _make) / "run"


def _make(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PERTURB", PERTURB)
        assert demo.show(folder / "run", images=IMAGES, console=Console(file=io.StringIO())) == 0
