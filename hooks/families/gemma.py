"""Gemma 3 and PaliGemma: SigLIP before a Gemma."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
