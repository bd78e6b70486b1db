"""Which spatial frequencies answers and states hang on: sweeps, noise in one band, single waves."""

from . import coherence, heatmap, layout, sensitivity, thresholds

__all__ = ["coherence", "heatmap", "layout", "sensitivity", "thresholds"]
