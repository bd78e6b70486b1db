"""Llama 3.2 Vision: language layers that look at the image through cross-attention."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
