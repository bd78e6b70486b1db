"""Small checkpoints of `hooks.families.idefics`."""

from .parts import Save

CASES: dict[str, Save] = {}
