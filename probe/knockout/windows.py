"""Which layers are cut together, and which tokens are cut for comparison."""

from dataclasses import dataclass

import numpy as np
import torch

from hooks import forwards
from hooks.knockout import Cut

QUERIES = {"text": ("question", "last"), "question": ("question",), "last": ("last",)}
"""By name which groups of tokens no longer attend."""


@dataclass(frozen=True)
class Window:
    """Layers `first` to `last`, from 1."""

    first: int
    last: int

    @property
    def layers(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(range(self.first, self.last + 1))


def windows(layers: int, width: int | None) -> tuple[Window, ...]:
    """Every window of so many layers, by default a quarter of all, and at the end one of all layers.

    Raises ValueError where there are not so many.

    >>> [(each.first, each.last) for each in windows(4, 3)]
    [(1, 3), (2, 4), (1, 4)]
    """
    width = max(1, layers // 4) if width is None else width
    if width > layers:
        raise ValueError(f"a window of {width} layers: the language model has {layers}. Ask for fewer (--window).")
    narrow = [Window(first, first + width - 1) for first in range(1, layers - width + 2)] if width < layers else []
    return (*narrow, Window(1, layers))


def cuts(places: forwards.Places, queries: str, chosen: tuple[Window, ...], random: np.random.Generator) -> list[Cut]:
    """No cut, then every window without the picture's tokens, then every window without some others.

    The others are drawn at random among the text's tokens but the prompt's first one, on which attention rests: as many
    as the picture has, at most half of them.
    """
    asking = torch.cat([places[name] for name in QUERIES[queries] if name in places])
    image, end = places["image"], int(places["last"][-1])
    pool = np.setdiff1d(np.arange(1, end), image.cpu().numpy())
    some = random.choice(pool, min(len(image), len(pool) // 2), replace=False)
    others = torch.tensor(np.sort(some), dtype=torch.long, device=image.device)
    return [Cut((), asking, image), *(Cut(each.layers, asking, keys) for keys in (image, others) for each in chosen)]
