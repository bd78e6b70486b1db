"""Names that others gave (families, sites, runs, classes) as labels of charts: safe, short, and still distinct."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..foreign_text import figure as label

LONGEST = 34
"""Characters of a name beside an axis: longer ones leave a chart no room."""


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
