"""The embedded world and the small, trained models that come with the package."""

from pathlib import Path

NAMES: tuple[str, ...] = ("pocket-clip", "pocket-vlm", "pocket-vlm-aligned", "pocket-segformer")
"""The checkpoints in the package, each a folder that `from_pretrained` reads."""


def path(name: str) -> Path:
    """The folder of one checkpoint.

    >>> path("pocket-vlm").name
    'pocket-vlm'

    Raises ValueError for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"pocket model {name!r} is unknown. Choose one of: {', '.join(NAMES)}.")
    return Path(__file__).parent / "weights" / name
