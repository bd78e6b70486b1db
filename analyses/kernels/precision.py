"""Which numbers the kernels compute with."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# what is asked of is of any type.

from typing import Any

import numpy as np
from array_api_compat import array_namespace

FUSED = 2**16
"""Numbers of an array from which on compiled kernels are worth their import."""


def are_float32(*arrays: Any) -> bool:
    """Whether all are numpy arrays of float32 with features: of these sums are taken in float64, in one pass.

    The squares of float32 neither overflow nor vanish there, so that nothing has to be scaled first.
    """
    return all(isinstance(x, np.ndarray) and x.dtype == np.float32 and x.ndim and x.shape[-1] for x in arrays)


def at_least_float32(x: Any) -> Any:
    """`x` in float32 or better, with infinities turned into nan.

    bfloat16 and float16 become float32 (their sums overflow and lose digits); integers become float64, because the
    power of a picture spans more digits than float32 has; float32 and float64 stay. An infinity is an overflow in the
    model: what follows from it is undefined, and nan says so without a warning from `inf - inf`.
    """
    xp: Any = array_namespace(x)
    if xp.isdtype(x.dtype, ("integral", "bool")):
        return xp.astype(x, xp.float64)
    if str(x.dtype).rsplit(".", maxsplit=1)[-1] in ("float16", "bfloat16"):
        x = xp.astype(x, xp.float32)
    return xp.where(xp.isfinite(x), x, xp.nan)
