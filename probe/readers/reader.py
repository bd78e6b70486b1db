"""What a run asks of a reader, before it is open and then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from stores import Unit

from ..prompts import PromptName
from ..sample import Dataset, Sample, Size
from .asking import Asking

if TYPE_CHECKING:
    from hooks import Question, Reading, Site, Tower, View
    from hooks.request import Reduce

Sizes = tuple[Size, ...]
"""The (height, width) of each picture of a view."""

Grid = tuple[int, int, int]
"""(tiles, rows, columns) of the tokens of a picture."""


@dataclass(frozen=True)
class Attention:
    """What is known of a reader's attention to the image: why it is not read, else its sizes.

    `heads`: the largest number in a layer of its language model. `tower`: the one whose grid the image's places have.
    """

    reason: str = "it gives answers alone"
    heads: int = 0
    tower: str = ""


@dataclass(frozen=True)
class Place:
    """Where a view stands in a run: by this a reader finds answers that are known by their ids.

    `samples` are the ids of the samples of the view's questions, in their order.
    """

    unit: Unit
    condition: str
    image: str
    samples: tuple[str, ...]


class Encoded(Protocol):
    """A view as a reader takes it, in a dataclass of the reader's own; `bytes` is what it holds while it waits."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def questions(self) -> "tuple[Question, ...]": ...

    @property
    def bytes(self) -> int: ...


class Reader(Protocol):
    """What is known of a reader before it is open: all that a plan needs."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def kind(self) -> Asking:
        """How it is asked."""
        ...

    @property
    def cannot(self) -> Mapping[str, str]:
        """Settings that it has nothing for, each with the reason: "gives no scores of forms"."""
        ...

    @property
    def without_picture(self) -> str:
        """Why it cannot be asked of the text alone; empty where it can."""
        ...

    @property
    def without_other_dtype(self) -> str:
        """Why it has no other data type to be read in; empty where it has, or is simply asked again."""
        ...

    @property
    def towers(self) -> "Mapping[str, Tower]":
        """Where it has states that sites can name; empty where it gives answers only."""
        ...

    @property
    def attention(self) -> Attention:
        """Its attention to the image; by default none is read."""
        ...

    @property
    def default_sites(self) -> Sequence[str]:
        """The texts of the sites that are read where a run names none."""
        ...

    @property
    def dtype(self) -> str:
        """The data type of its states."""
        ...

    @property
    def resizes(self) -> bool:
        """Whether the number of an image's tokens may depend on its size."""
        ...

    @property
    def sees(self) -> bool:
        """Whether it is shown pictures; where not, none are read or perturbed."""
        ...

    @property
    def scores(self) -> bool:
        """Whether every option gets a log-likelihood; else a run stores the choice as well."""
        ...

    def identity(self) -> dict[str, Any]:
        """What determines the numbers, in plain values: part of the plan's hash. Has `family`, `kind` and `dtype`."""
        ...

    def inputs(self) -> dict[str, Any]:
        """What pictures and texts go through on their way; compared where a run is there already."""
        ...

    def prompt_text(self, sample: Sample, prompt: PromptName | None, *, pictures: int) -> str:
        """What it reads when a sample is asked. Raises ValueError where that cannot be asked."""
        ...

    def grids(self, sizes: Sizes) -> Mapping[str, Sequence[Grid]]:
        """The grid of tokens of each picture, per tower. Raises ValueError for pictures that it cannot take."""
        ...

    def effort(self, dataset: Dataset, conditions: int) -> dict[str, str]:
        """What it comes to to read a dataset under so many conditions, in words, each under its heading."""
        ...

    def require_here(self) -> None:
        """Raise where this machine has not what it needs."""
        ...

    def open(self, run: Path) -> "OpenReader":
        """Load the weights, or whatever it takes to read. `run` is the folder of the run that it reads for."""
        ...


class OpenReader(Protocol):
    """What reads views for a run."""

    @property
    def reader(self) -> Reader:
        """What was known of it before."""
        ...

    @property
    def provenance(self) -> dict[str, Any]:
        """What it turned out to be, in plain values; `weights_sha256` where it has weights."""
        ...

    def images_at_once(self, batch_size: int) -> int:
        """How many images to read together, where `batch_size` is asked for."""
        ...

    def check(self, question: "Question") -> None:
        """Raise the ValueError that reading this question would raise."""
        ...

    def encode(self, view: "View", place: Place) -> Encoded:
        """What can be made of a view beside the reading, in threads that work ahead."""
        ...

    def read(
        self,
        views: Sequence[Encoded],
        sites: "Sequence[Site]",
        *,
        batch_size: int,
        keep_tokens: frozenset[str],
        reduce: "Reduce | None",
        end_of_turn: bool,
        way: str,
    ) -> "list[Reading]":
        """One reading per view, in order, with one answer per question, as `hooks.capture.read` gives them.

        `way` as in `perturbations.rereading`: what is changed to see the noise of reading; a reader that has nothing
        to change reads again.
        """
        ...

    def committed(self, unit: Unit) -> None:
        """The unit is stored: nothing that was kept for it is needed any more."""
        ...

    def close(self) -> None:
        """Give back what it holds; nothing is read afterwards."""
        ...
