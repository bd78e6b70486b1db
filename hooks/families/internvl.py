"""InternVL: tiles and a thumbnail, pixel shuffle before the projector."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
