"""Pixtral and Mistral 3: a vision tower for any size, rows ended by separators."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
