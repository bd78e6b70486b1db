"""Qwen's vision-language models: packed patches in merge windows, and positions in three dimensions."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
