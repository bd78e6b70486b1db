"""What the numbers of a run say: one module per question, arrays in, arrays out.

Functions take numpy arrays or labelled DataArrays and give the same kind back; definitions stand in their docstrings,
and `cards` says which question each one answers. Nothing here knows a model or a store.
"""

from . import (
    alignment,
    calibration,
    cards,
    correlation,
    corruption,
    dirichlet,
    drift,
    flips,
    frequency,
    instability,
    kernels,
    margins,
    misalignment,
    priors,
    probing,
    scoring,
    segmentation,
    spectral,
    statistics,
)

__all__ = [
    "alignment",
    "calibration",
    "cards",
    "correlation",
    "corruption",
    "dirichlet",
    "drift",
    "flips",
    "frequency",
    "instability",
    "kernels",
    "margins",
    "misalignment",
    "priors",
    "probing",
    "scoring",
    "segmentation",
    "spectral",
    "statistics",
]
