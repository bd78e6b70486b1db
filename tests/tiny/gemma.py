"""Small checkpoints of `hooks.families.gemma`."""

from .parts import Save

CASES: dict[str, Save] = {}
