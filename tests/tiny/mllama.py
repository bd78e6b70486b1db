"""Small checkpoints of `hooks.families.mllama`."""

from .parts import Save

CASES: dict[str, Save] = {}
