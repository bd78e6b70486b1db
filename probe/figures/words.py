"""Names that others gave (families, sites, runs, classes) as labels of charts: safe, short, and still distinct."""

from collections.abc import Iterable, Mapping
from textwrap import wrap
from types import MappingProxyType

from ..foreign_text import figure as label

LONGEST = 34
"""Characters of a name beside an axis: longer ones leave a chart no room."""


def in_lines(text: str, *, longest: int = 34) -> str | list[str]:
    """A title as it is, or of several lines where a narrow chart would cut it.

    >>> in_lines("share [%]"), in_lines("answers that stayed, state nearer to another image [%]")
    ('share [%]', ['answers that stayed, state nearer', 'to another image [%]'])
    """
    count = -(-len(text) // longest)
    if count < 2:
        return text
    return wrap(text, max(longest * 3 // 4, len(text) // count + 6), break_long_words=False)


def distinct(names: Iterable[object], *, longest: int = LONGEST) -> Mapping[str, str]:
    """Each name with what is shown of it; of names that would look the same all but the first are numbered.

    >>> dict(distinct(["a\\n", "a\\\\n"]))
    {'a\\n': 'a\\\\n', 'a\\\\n': 'a\\\\n (2)'}
    """
    shown: dict[str, str] = {}
    taken: set[str] = set()
    for name in map(str, names):
        if name in shown:
            continue
        short, number = label(name, longest=longest), 2
        text = short
        while text in taken:
            text, number = f"{short} ({number})", number + 1
        shown[name] = text
        taken.add(text)
    return MappingProxyType(shown)
