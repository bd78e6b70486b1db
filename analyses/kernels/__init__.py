"""The definitions themselves, on bare arrays: features last, any array library, any device.

numpy arrays, torch tensors (on CPU or GPU, during capture) and dask arrays all pass through the same lines, which speak
the Python array API; of float32 in numpy, `fused` measures the same in one pass over the bytes. Nothing here knows
labels; the modules above do.
"""

from .distance import METRICS, cosine_drift, drift_between, euclidean_drift
from .smoothness import dirichlet_energy
from .spectrum import EDGES, band_means, image_spectrum, radial_bands, radial_edges, token_spectrum

__all__ = [
    "EDGES",
    "METRICS",
    "band_means",
    "cosine_drift",
    "dirichlet_energy",
    "drift_between",
    "euclidean_drift",
    "image_spectrum",
    "radial_bands",
    "radial_edges",
    "token_spectrum",
]
