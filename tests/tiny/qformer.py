"""Small checkpoints of `hooks.families.qformer`."""

from .parts import Save

CASES: dict[str, Save] = {}
