"""Select stored layers by a site's text: `tower.module[layers]:tokens[@prompt]`."""

import re
from collections.abc import Sequence

_LAYER = re.compile(r"-?[0-9]{1,9}")
_SITE = re.compile(r"(?P<head>[^\[\]:]+)(?:\[(?P<layers>[^\[\]]*)\])?:(?P<tail>[^\[\]]+)")


def split(text: str) -> tuple[str, str | None]:
    """A site's name without its layers, and the text of its layers, None where it has none.

    >>> split("language.layers[-1]:context_last@open")
    ('language.layers:context_last@open', '-1')
    >>> split("projector:patches")
    ('projector:patches', None)

    Raises ValueError for a text of another form.
    """
    match = _SITE.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"site {text!r} does not have the form tower.module[layers]:tokens, as in 'vision.layers[-1]:patches'."
        )
    return f"{match['head']}:{match['tail']}", match["layers"]


def layers(text: str | None, stored: Sequence[int], *, last: int | None) -> int | list[int]:
    """Positions among the stored layers: a single one for one number, else a list.

    `text` is None or "*" for all stored layers, a number, numbers with commas, or a half-open range; `last` is the
    number of the tower's last layer, from which negative numbers count.

    >>> layers("-1", [0, 6, 12], last=12), layers("0,12", [0, 6, 12], last=12), layers("0:7", [0, 6, 12], last=12)
    (2, [0, 2], [0, 1])

    Raises ValueError for another form, KeyError for layers that are not stored.
    """
    if text is None or text.strip() == "*":
        return list(range(len(stored)))
    there = ", ".join(map(str, stored))
    try:
        if ":" in text:
            start, stop = (_resolve(part, last) if part.strip() else None for part in text.split(":"))
            inside = [k for k, layer in enumerate(stored) if (start or 0) <= layer and (stop is None or layer < stop)]
            if not inside:
                raise KeyError(f"no layer of [{text}] is stored; stored are {there}.")
            return inside
        wanted = [_resolve(part, last) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"layers [{text}]: write a number, '0,6,12', '1:3' or '*'.") from None
    if absent := [layer for layer in wanted if layer not in stored]:
        raise KeyError(f"layer {', '.join(map(str, absent))} is not stored; stored are {there}.")
    positions = [stored.index(layer) for layer in wanted]
    return positions if "," in text else positions[0]


def _resolve(text: str, last: int | None) -> int:
    if not _LAYER.fullmatch(text.strip()):
        raise ValueError(text)
    number = int(text)
    if number >= 0:
        return number
    if last is None:
        raise KeyError(f"layer {number}: this site does not record its tower's last layer. Count layers from 0.")
    return number + last + 1
