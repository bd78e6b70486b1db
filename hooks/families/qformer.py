"""BLIP-2 and InstructBLIP: a Q-Former between the vision tower and the language model."""

from .family import Family

FAMILIES: tuple[Family, ...] = ()
