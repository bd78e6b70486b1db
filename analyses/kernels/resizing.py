"""Pictures at another size."""

# pyright: reportUnknownVariableType=false
# array_api_compat's stubs leave some types open.

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from .precision import at_least_float32


def bicubic(image: Any, rows: int, columns: int) -> Any:
    """Bicubic resampling, antialiased where it shrinks: (..., H, W) -> (..., rows, columns), in the image's units.

    Keys' cubic (a = -1/2), widened by the factor of shrinking, weights summing to 1: Pillow's BICUBIC without its
    rounding to levels. The same size gives the same picture. An undefined pixel leaves all undefined.
    """
    xp: Any = array_namespace(image)
    image = at_least_float32(image)
    down, across = (
        xp.asarray(weights, dtype=image.dtype, device=device(image))
        for weights in (_weights(image.shape[-2], rows), _weights(image.shape[-1], columns).T)
    )
    return down @ image @ across


def _weights(before: int, after: int) -> NDArray[np.float64]:
    # (after, before): what each pixel before gives to each after
    scale = before / after
    centre = (np.arange(after) + 0.5) * scale
    distance = np.abs(np.arange(before) + 0.5 - centre[:, None]) / max(scale, 1.0)
    near, far = 1.5 * distance**3 - 2.5 * distance**2 + 1, -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    return weights / weights.sum(axis=1, keepdims=True)
