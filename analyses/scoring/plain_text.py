"""Texts without what only their writing adds: full-width forms, digits of other scripts, markup, LaTeX."""

import re
import unicodedata
from functools import lru_cache

_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | str.maketrans("　【】〔〕", " []()")

WORD = r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
"""A character of a word. Chinese, Japanese and Korean ones are none: these scripts put a letter next to them."""

_STYLE = re.compile(r"\\(?:text|textbf|textit|textrm|texttt|mathrm|mathbf|mathsf|mathit)\s*\{([^{}]*)\}")
_MATH = re.compile(rf"\\[()\[\]]|(?<!{WORD})\$\$?(?=\S)([^$]{{0,200}}?)(?<=\S)\$\$?(?!{WORD})")
_EMPHASIS = re.compile(rf"(?<!{WORD})(\*{{1,3}}|_{{1,3}}|`)(?=\S)(.{{1,200}}?)(?<=\S)\1(?!{WORD})")
_BEFORE = " \t\r\n\"'“”‘’`,;:!?。，、；：！？"
_BEHIND = f"{_BEFORE}."  # before a number a dot is part of it


def plain(text: str) -> str:
    r"""The text in ASCII forms, without markup, empty lines and runs of spaces.

    Full-width letters, digits and brackets become those of ASCII, decimal digits of any script 0-9, accents composed.
    Of emphasis (`**A**`), LaTeX styles (`\text{A}`) and formula marks (`$A$`) what they hold stays. Superscripts,
    circled letters and letters of other alphabets that look like Latin ones stay what they are.

    >>> plain("（Ａ）"), plain("**B**:"), plain(r"$\text{C}$"), plain("٣"), plain("10²")
    ('(A)', 'B:', 'C', '3', '10²')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_FULL_WIDTH)
        text = "".join(char if char.isascii() or not char.isdecimal() else str(int(char)) for char in text)
    if "\\" in text:
        text = _STYLE.sub(r"\1", text)
    if "$" in text or "\\" in text:
        text = _MATH.sub(r"\1", text)
    if "*" in text or "_" in text or "`" in text:
        text = _EMPHASIS.sub(r"\2", text)
    return "\n".join(" ".join(words) for words in map(str.split, text.splitlines()) if words)


def compared(text: str) -> str:
    """A plain text as it is compared with another: case, white space and the marks around it do not matter.

    >>> compared(' "A  red Bus." '), compared(".5")
    ('a red bus', '.5')
    """
    return " ".join(text.lstrip(_BEFORE).rstrip(_BEHIND).casefold().split())


@lru_cache(maxsize=4096)
def compared_options(options: tuple[str, ...]) -> tuple[str, ...]:
    """The options of a question as they are compared, in their order.

    >>> compared_options(("Yes.", "**No**"))
    ('yes', 'no')
    """
    return tuple(compared(plain(option)) for option in options)
