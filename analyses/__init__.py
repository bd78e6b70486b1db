"""What the numbers of a run say: one module per question, arrays in, arrays out.

Functions take numpy arrays or labelled DataArrays and give the same kind back; definitions stand in their docstrings,
and `cards` says which question each one answers. Nothing here knows a model or a store.

Modules are imported when first used, so that a kernel can be had without xarray and scipy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        alignment,
        attention,
        attribution,
        calibration,
        cards,
        correlation,
        corruption,
        decisions,
        dirichlet,
        drift,
        flips,
        frequency,
        instability,
        kernels,
        knockout,
        lens,
        margins,
        misalignment,
        patching,
        priors,
        probing,
        scoring,
        segmentation,
        spectral,
        statistics,
        steering,
        tuned_lens,
    )

__all__ = [
    "alignment",
    "attention",
    "attribution",
    "calibration",
    "cards",
    "correlation",
    "corruption",
    "decisions",
    "dirichlet",
    "drift",
    "flips",
    "frequency",
    "instability",
    "kernels",
    "knockout",
    "lens",
    "margins",
    "misalignment",
    "patching",
    "priors",
    "probing",
    "scoring",
    "segmentation",
    "spectral",
    "statistics",
    "steering",
    "tuned_lens",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"package 'analyses' has no {name!r}; it has {', '.join(__all__)}")
