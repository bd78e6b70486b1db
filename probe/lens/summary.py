"""The table of a terminal: by layer the words that come first at most places of a picture, and the same as JSON."""

from collections import Counter
from typing import Any

import numpy as np
from rich.console import Console

from .. import terminal
from . import papers
from .read import Looked, Seen

MOST = 4
"""Words of a layer that are shown."""

SPACE = "␣"
"""A space at the start of a word, made visible: with it, it begins a word of a text."""


def visible(text: str) -> str:
    """A word with the space that it begins with made visible.

    >>> visible(" bus"), visible("ing")
    ('␣bus', 'ing')
    """
    return SPACE + text[1:] if text.startswith(" ") else text


def show(looked: Looked, console: Console) -> None:
    """Print, layer by layer, the words that come first at most places of each condition's pictures."""
    first = looked.seen[0]
    places = first.words.ids.shape[1]
    table = terminal.table(f"The nearest words of image {looked.image}, first ones and at how many of its places")
    table.add_column("layer", justify="right")
    for each in looked.seen:
        table.add_column(f"{each.condition} ({each.words.ids.shape[1]} places)")
        if each is not first:
            table.add_column("as clean", justify="right")
    for place, layer in enumerate(looked.layers):
        cells = [str(layer)]
        for each in looked.seen:
            cells.append(_common(looked, each, place))
            if each is not first:
                cells.append(f"{_as_clean(first, each, place):.0%}" if each.grids == first.grids else "–")
        table.add_row(*cells)
    terminal.show(console, table)
    notes = [looked.note, f"{places} places; layer 0 is the input, the last one what the head reads of a text's token."]
    terminal.say(console, " ".join(filter(None, notes)), wrap=True, style="dim")


def _common(looked: Looked, seen: Seen, layer: int) -> str:
    counts = Counter(seen.words.ids[layer, :, 0].tolist())
    common = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST]
    return ", ".join(f"{visible(looked.texts[word])} {count}" for word, count in common)


def _as_clean(clean: Seen, seen: Seen, layer: int) -> float:
    """The share of places whose first word is that of the clean picture."""
    return float(np.mean(clean.words.ids[layer, :, 0] == seen.words.ids[layer, :, 0]))


def to_json(looked: Looked) -> dict[str, Any]:
    """All of it: ids, logits and probabilities (layer, place, word) of each condition, and the words' texts."""
    return {
        "run": looked.run,
        "model": looked.model,
        "image": looked.image,
        "questions": list(looked.questions),
        "note": looked.note,
        "layers": list(looked.layers),
        "words": {str(word): text for word, text in looked.texts.items()},
        "bibtex": list(papers.SOURCES),
        "conditions": [
            {
                "condition": each.condition,
                "grids": [list(grid) for grid in each.grids],
                "ids": each.words.ids.tolist(),
                "logits": each.words.logits.tolist(),
                "probabilities": each.words.probabilities.tolist(),
            }
            for each in looked.seen
        ],
    }
