"""Where the last token before the answer looks, in a run: sums by layer and head, and a map of places."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stores import Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hooks.reading import AttentionReadout

SINKS_PAPER = "Kang et al. 2025"

SUMS = {
    "image": ("share", "attention of the last context token to all positions of the image", ""),
    "question": ("share", "attention of the last context token to what follows the image, itself included", ""),
    "first": ("share", "attention of the last context token to the first token, where that is none of the image's", ""),
    "sinks": ("share", "attention to places of the image whose states have a massive feature", SINKS_PAPER),
    "entropy": ("1", "entropy of the attention to places of the image over that of an even spread", ""),
    "entropy_without_sinks": ("1", "the same without places whose states have a massive feature", SINKS_PAPER),
}
"""The parts of a readout that each layer and head has one of: unit, meaning, paper where it is not this project's."""

MAPS = {
    "places": ("share", "attention of the last context token to each place of the image, mean over heads", ""),
    "sink_places": ("1", "1 where the state of a place has a massive feature", SINKS_PAPER),
}
"""The parts that each layer and place has one of."""


@dataclass(frozen=True)
class Sizes:
    """How many layers (the input embedding counted), heads and places of the image a run has room for."""

    layers: int
    heads: int
    places: int


def sums(sizes: Sizes) -> tuple[Variable, ...]:
    """What `--readouts attention` stores, (layer, head) each."""
    lengths = {"layer": sizes.layers, "head": sizes.heads}
    return (*_variables(SUMS, "head", lengths), replace(DIVERGENCE, lengths=lengths), EVEN)


DIVERGENCE = Variable(
    "attention_divergence",
    ("layer", "head"),
    "float32",
    "bits",
    "Jensen-Shannon divergence of the spread of attention over the image's places from the clean image's",
    "Lin 1991",
)
"""What each layer and head has one of, computed by `head_divergence`."""


EVEN = Variable(
    "attention_even",
    (),
    "float32",
    "share",
    "share of the image's positions among all tokens of the context",
)


def maps(sizes: Sizes) -> tuple[Variable, ...]:
    """What `--readouts attention_map` stores, (layer, place) each, and the grid that the places are on."""
    meaning = "(tiles, rows, columns) of the image's places in the map of attention; -1 where its pictures differ"
    grid = Variable("attention_grid", ("grid_axis",), "int32", "tokens", meaning, lengths={"grid_axis": 3})
    return (*_variables(MAPS, "place", {"layer": sizes.layers, "place": sizes.places}), grid)


def _variables(
    parts: Mapping[str, tuple[str, str, str]], axis: str, lengths: Mapping[str, int]
) -> tuple[Variable, ...]:
    return tuple(
        Variable(
            f"attention_{name}",
            ("layer", axis),
            "float32",
            unit,
            meaning,
            **({"paper": paper} if paper else {}),
            lengths=lengths,
        )
        for name, (unit, meaning, paper) in parts.items()
    )


def fill(arrays: "Mapping[str, NDArray[Any]]", row: int, read: "AttentionReadout") -> None:
    """Put what the run stores of one question's attention in its row.

    Raises ValueError where an image has more places than there is room for.
    """
    for name in (*SUMS, *MAPS):
        if (path := f"answers/attention_{name}") in arrays:
            value, room = getattr(read, name), arrays[path].shape[-1]
            if value.shape[1] > room:
                raise ValueError(
                    f"an image has {value.shape[1]} places, the store has room for {room}. Use images of one size, or "
                    "leave --readouts attention_map out."
                )
            arrays[path][row, :, : value.shape[1]] = value
    if (path := f"answers/{EVEN.name}") in arrays:
        arrays[path][row] = read.even
    if (path := "answers/attention_grid") in arrays and read.grid is not None:
        arrays[path][row] = read.grid
