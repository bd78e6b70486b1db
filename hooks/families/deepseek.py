"""DeepSeek-VL and DeepSeek-VL2."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
