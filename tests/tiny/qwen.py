"""Small checkpoints of `hooks.families.qwen`."""

from .parts import Save

CASES: dict[str, Save] = {}
