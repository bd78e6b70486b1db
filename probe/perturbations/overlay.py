"""Text on the picture: an answer, a random string, or the empty box alone (HI).

All three draw the same white box, as large as "Answer is {label}" asks for, in the middle of the picture. The semantic
overlay has one condition per answer label of the dataset. HI draws, per sample, the first three letters that are
not the clean choice; here conditions never depend on an answer, and the analysis makes that selection.
"""

import string
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..sample import Pixels
from .condition import Skipped
from .family import Family, Parameter, Settings

PADDING = 4
RED, WHITE = (255, 0, 0), (255, 255, 255)
DRAWS = (1, 2, 3)
ALPHABET = string.ascii_uppercase + string.digits
DEFAULT_LABEL = "A"
LABEL = Parameter("label", str, "the answer that the box is made for")


def semantic(pixels: Pixels, rng: np.random.Generator, *, label: str) -> Pixels:
    """ "Answer is {label}" in red on the white box; what does not fit a small picture is cut at its edge.

    Raises Skipped where the font has no glyph for a letter.
    """
    if lacking := sorted({letter for letter in label if ord(letter) not in _glyphs()}):
        raise Skipped(f"the font DejaVu Sans has no glyph for {', '.join(lacking)}. Take a label that it can write.")
    return _written(pixels, box_of=label, text=_sentence(label))


def random(pixels: Pixels, rng: np.random.Generator, *, draw: int, box: str) -> Pixels:
    """A random string of 6 to 12 characters A-Z0-9, cut to the box that `semantic` draws for the label `box`.

    `draw` counts the strings: each has its own seed, because it is part of the condition's id.
    """
    length = int(rng.integers(6, 13))
    text = "".join(ALPHABET[index] for index in rng.integers(0, len(ALPHABET), length))
    return _written(pixels, box_of=box, text=text)


def empty(pixels: Pixels, rng: np.random.Generator, *, label: str) -> Pixels:
    """The white box that `semantic` draws for this label, with nothing in it."""
    return _written(pixels, box_of=label, text="")


def per_label(labels: Sequence[str]) -> tuple[Settings, ...]:
    """One semantic overlay per label."""
    return tuple({"label": label} for label in labels)


def per_draw(labels: Sequence[str]) -> tuple[Settings, ...]:
    """Three random strings, in the box of the first label."""
    return tuple({"draw": draw, "box": labels[0] if labels else DEFAULT_LABEL} for draw in DRAWS)


def per_box(labels: Sequence[str]) -> tuple[Settings, ...]:
    """One empty box for all letters, which is that of the first, and one for each word.

    The letters' own boxes differ in width: by up to 10 px in type of 14 px, more in larger type.

    >>> [_extent(_font(14), _sentence(letter))[0] for letter in "IAW"]
    [75, 81, 85]

    >>> [one["label"] for one in per_box(["A", "B", "AA", "Yes", "No"])]
    ['A', 'Yes', 'No']
    """
    letters = [label for label in labels if label.isupper()][:1]
    words = [label for label in labels if not label.isupper()]
    return tuple({"label": label} for label in letters + words) or ({"label": DEFAULT_LABEL},)


def _sentence(label: str) -> str:
    return f"Answer is {label}"


def _font_file() -> str:
    import matplotlib

    # matplotlib carries the font: no system font, no download
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # basic layout: the same picture with and without raqm
    return ImageFont.truetype(_font_file(), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _glyphs() -> frozenset[int]:
    """The code points that the font can write."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(_font_file()).get_charmap())


def _written(pixels: Pixels, *, box_of: str, text: str) -> Pixels:
    """The picture with the box of one label in its centre, and in the centre of the box as much of the text as fits."""
    height, width = pixels.shape[:2]
    font = _font(max(14, height // 32))
    inner_width, inner_height = _extent(font, _sentence(box_of))
    while text and _extent(font, text)[0] > inner_width:
        text = text[:-1]
    box_width, box_height = inner_width + 2 * PADDING, inner_height + 2 * PADDING
    left, top = (width - box_width) // 2, (height - box_height) // 2
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, left + box_width - 1, top + box_height - 1), fill=WHITE)
    if text:
        x0, y0 = font.getbbox(text)[:2]
        text_width, text_height = _extent(font, text)
        x, y = left + (box_width - text_width) // 2, top + (box_height - text_height) // 2
        draw.text((x - x0, y - y0), text, fill=RED, font=font)
    return np.array(picture)


def _extent(font: ImageFont.FreeTypeFont, text: str) -> tuple[int, int]:
    x0, y0, x1, y1 = font.getbbox(text)
    return int(x1 - x0), int(y1 - y0)


FAMILIES: tuple[Family, ...] = (
    Family(
        "text_overlay.semantic",
        semantic,
        '"Answer is {label}" in red on a white box',
        "HI",
        (LABEL,),
        per_label=per_label,
    ),
    Family(
        "text_overlay.random",
        random,
        "a random string in the same box",
        "HI",
        (
            Parameter("draw", int, "which string", low=1, high=1000),
            Parameter("box", str, "the label whose box is taken", default=DEFAULT_LABEL),
        ),
        per_label=per_draw,
    ),
    Family(
        "text_overlay.empty",
        empty,
        "the same box without text",
        "HI",
        (LABEL,),
        per_label=per_box,
    ),
)
