"""What is read beside the answers in the same forwards, as it stands in a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from stores import Variable

from . import attended

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hooks.reading import Answer

ReadoutName = Literal["lens", "attention", "attention_map"]

LENS = "lens"

ATTENTION = ("attention", "attention_map")
"""The readouts of where the last token before the answer looks."""

LENS_PAPER = "nostalgebraist 2020"

PRODUCTS = Variable(
    "lens_products",
    ("option", "other_option"),
    "float32",
    "squared logit per state unit",
    "inner product of the unembedding rows of two options' first tokens",
)


def scores(layers: int) -> Variable:
    """The lens of a language model of so many layers, the input embedding counted."""
    return Variable(
        "lens",
        ("layer", "option"),
        "float32",
        "logit",
        "what the head reads of the option's first token in the layer, through the final norm",
        LENS_PAPER,
        {"layer": layers},
    )


def looks(names: tuple[ReadoutName, ...]) -> bool:
    """Whether a run reads attention."""
    return bool({*names} & {*ATTENTION})


def compares_clean(names: tuple[ReadoutName, ...]) -> bool:
    """Whether a run stores what sets the attention of other conditions against the clean images'."""
    return "attention" in names


def stored(names: tuple[ReadoutName, ...], sizes: attended.Sizes) -> tuple[Variable, ...]:
    """What the named readouts store beside the answers."""
    made = {
        LENS: lambda: (scores(sizes.layers), PRODUCTS),
        "attention": lambda: attended.sums(sizes),
        "attention_map": lambda: attended.maps(sizes),
    }
    return tuple(variable for name, variables in made.items() if name in names for variable in variables())


def fill(arrays: "Mapping[str, NDArray[Any]]", row: int, answer: "Answer") -> None:
    """Put what was read beside one answer in its row."""
    if answer.lens is not None:
        width = answer.lens.scores.shape[1]
        arrays["answers/lens"][row, :, :width] = answer.lens.scores
        arrays[f"answers/{PRODUCTS.name}"][row, :width, :width] = answer.lens.products
    if answer.attention is not None:
        attended.fill(arrays, row, answer.attention)
