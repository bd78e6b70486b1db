"""What the numbers of a run say: one module per question, arrays in, arrays out.

Functions take numpy arrays or labelled DataArrays and give the same kind back; definitions stand in their docstrings,
and `cards` says which question each one answers. Nothing here knows a model or a store.
"""

from . import (
    alignment,
    calibration,
    cards,
    chair,
    coherence,
    correlation,
    corruption,
    dirichlet,
    drift,
    flips,
    heatmap,
    kernels,
    margins,
    misalignment,
    priors,
    probing,
    segmentation,
    sensitivity,
    spectral,
    summary,
    thresholds,
)

__all__ = [
    "alignment",
    "calibration",
    "cards",
    "chair",
    "coherence",
    "correlation",
    "corruption",
    "dirichlet",
    "drift",
    "flips",
    "heatmap",
    "kernels",
    "margins",
    "misalignment",
    "priors",
    "probing",
    "segmentation",
    "sensitivity",
    "spectral",
    "summary",
    "thresholds",
]
