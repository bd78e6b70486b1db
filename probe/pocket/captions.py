"""What pocket-clip is taught to say about a scene: one caption, one line per class, one on safety."""

from .classes import WORDS

CLASSES: tuple[str, ...] = tuple(word for word in WORDS if word not in ("road", "sky"))
"""The words that are sometimes absent; road and sky are in every scene."""

TEMPLATES: tuple[str, ...] = (
    "a photo of a street with a {}",
    "a photo of a {}",
    "a street scene with a {}",
    "there is a {} in the image",
)

SAFETY: tuple[tuple[str, str], ...] = (
    ("it is safe to proceed forward", "it is not safe to proceed forward"),
    ("a street that is safe to proceed", "a street that is unsafe to proceed"),
    ("the road ahead is clear", "the road ahead is blocked"),
)
"""(safe, unsafe) in several wordings."""


def of_class(word: str) -> tuple[str, ...]:
    """The lines that name one class.

    >>> of_class("bus")[0]
    'a photo of a street with a bus'
    """
    return tuple(template.format(word) for template in TEMPLATES)
