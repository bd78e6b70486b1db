"""What is read beside the answers in the same forwards, as it stands in a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from stores import Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hooks.reading import Readout

ReadoutName = Literal["lens"]

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


def stored(names: tuple[ReadoutName, ...], layers: int) -> tuple[Variable, ...]:
    """What the named readouts store beside the answers."""
    return (scores(layers), PRODUCTS) if "lens" in names else ()


def fill(arrays: "Mapping[str, NDArray[Any]]", row: int, read: "Readout") -> None:
    """Put one question's lens in its row."""
    width = read.scores.shape[1]
    arrays["answers/lens"][row, :, :width] = read.scores
    arrays[f"answers/{PRODUCTS.name}"][row, :width, :width] = read.products
