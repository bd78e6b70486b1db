"""Text that others wrote (ids, answers, paths, names, errors of libraries) made safe for where it is shown.

What would move the cursor, colour, reorder or hide is written out: an escape becomes the four characters `\\x1b`, a
right-to-left override `\\u202e`. What a reader sees is never read as a command, as markup or as mathematics. Data in
files stays as it is: JSON escapes by itself, CSV keeps the exact texts.
"""

import json
import re
from functools import cache
from html import escape
from itertools import groupby
from typing import Any
from unicodedata import category

MARKS = 8
"""Combining marks that one character can carry; of more, the others are left out."""

LABEL = 80
"""Longest label of a figure, in characters, unless more is asked for."""

_HIDING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BLANK = frozenset("\u115f\u1160\u3164\uffa0")  # letters of Hangul that show nothing
_JOINERS = frozenset("\u200c\u200d")  # of emoji, and between letters of Persian or Hindi
_FLOOD = re.compile(rf"[^\x00-\u02ff]{{{MARKS + 1},}}")


def block(text: str) -> str:
    """Text of several lines for a terminal: line ends stay, tabs become spaces, what acts or hides is written out.

    >>> block("a\\x1b[31m\\tb\\nc\\u202e")
    'a\\\\x1b[31m    b\\nc\\\\u202e'

    Doing it twice changes nothing more.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    if text.isprintable() and not _FLOOD.search(text):
        return text
    return _few_marks("".join(_shown(text, place) for place in range(len(text))))


def line(text: str, *, longest: int | None = None) -> str:
    """Text for one line: like `block`, line ends written out too, and cut to `longest` characters.

    >>> line("two\\nlines"), line("abcdef", longest=4)
    ('two\\\\nlines', 'abc…')
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    shown = block(text).replace("\n", "\\n")
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"


def html(text: str) -> str:
    """Text between the tags or quotes of a page.

    >>> html('<b onload="x">\\x00')
    '&lt;b onload=&quot;x&quot;&gt;\\\\x00'
    """
    return escape(block(text))


def figure(text: str, *, longest: int = LABEL) -> str:
    """A label of a figure: one line, of characters that the font has, without its middle where it is longer.

    A label with a leading _ would not be shown, so that it is given a blank before it.
    Dollar signs are not escaped here: figures are drawn with mathematics switched off.

    >>> figure("_a\\n$x$ \\u5426")
    ' _a\\\\n$x$ \\\\u5426'
    """
    ends = text if len(text) <= 2 * longest else text[:longest] + text[-longest:]
    shown = "".join(each if ord(each) in _glyphs() else _escaped(each) for each in line(ends))
    if len(shown) > longest:  # names differ at their ends
        shown = f"{shown[: longest // 2]}…{shown[len(shown) - (longest - 1) // 2 :]}"
    return f" {shown}" if shown.startswith("_") else shown


def as_json(value: Any) -> str:
    """JSON in ASCII alone: exact, and nothing in it acts on a terminal.

    >>> as_json({"a": "\\x7f\\u202e"})
    '{\\n "a": "\\\\u007f\\\\u202e"\\n}'
    """
    return json.dumps(value, indent=1).replace("\x7f", "\\u007f")


def _shown(text: str, place: int) -> str:
    character = text[place]
    if character == "\n":
        return character
    if character in _JOINERS and 0 < place < len(text) - 1 and _joins(text[place - 1], text[place + 1]):
        return character
    hidden = category(character) in _HIDING or character in _BLANK or ord(character) & 0xFFFE == 0xFFFE
    return _escaped(character) if hidden else character


def _joins(before: str, after: str) -> bool:
    return not (before + after).isascii() and all(category(each)[0] in "LMS" for each in (before, after))


def _escaped(character: str) -> str:
    return (
        character.encode("ascii", "backslashreplace").decode() if ord(character) > 127 else f"\\x{ord(character):02x}"
    )


def _few_marks(text: str) -> str:
    kept: list[str] = []
    for marks, run in groupby(text, key=lambda each: category(each) in ("Mn", "Me")):
        together = "".join(run)
        kept.append(together[:MARKS] + "…" if marks and len(together) > MARKS else together)
    return "".join(kept)


@cache
def _glyphs() -> frozenset[int]:
    """The code points that the figures' font can draw."""
    import matplotlib
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf").get_charmap())
