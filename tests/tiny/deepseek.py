"""Small checkpoints of `hooks.families.deepseek`."""

from .parts import Save

CASES: dict[str, Save] = {}
