"""Small checkpoints of `hooks.families.internvl`."""

from .parts import Save

CASES: dict[str, Save] = {}
