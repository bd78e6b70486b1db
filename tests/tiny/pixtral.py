"""Small checkpoints of `hooks.families.pixtral`."""

from .parts import Save

CASES: dict[str, Save] = {}
