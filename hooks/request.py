"""What a reading of views is to return, and how it goes through the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from .reading import Grid, Question
from .sites import Site

Reduce = Callable[[Sequence[int], Site, Tensor, tuple[Grid, ...]], Mapping[str, Tensor]]
"""(indices of views, site, their tokens (view, layer, token, feature) on the device, the grids of each one's pictures)
-> named tensors (view, ...) to keep instead of tokens."""

PaddingSide = Literal["left", "right"]
"""The side on which token sequences of different lengths are padded; results do not depend on it."""


CONTINUED_PER_IMAGE = 2
"""Questions or options that continue together, per image of a batch: each needs a copy of its image's cache."""


@dataclass(frozen=True)
class Request:
    """The checked arguments of one `capture.read`, which says what each means."""

    sites: tuple[Site, ...]
    batch_size: int
    keep_tokens: frozenset[str]
    reduce: Reduce | None
    max_new_tokens: int
    padding_side: PaddingSide
    end_of_turn: bool

    @property
    def continued(self) -> int:
        """The number of questions or options that continue together."""
        return CONTINUED_PER_IMAGE * self.batch_size

    def limit(self, question: Question) -> int:
        """The maximum number of tokens of a question's free answer."""
        return self.max_new_tokens if question.max_new_tokens is None else question.max_new_tokens

    @property
    def image_sites(self) -> list[Site]:
        """The sites with one state per image."""
        return [site for site in self.sites if site.per == "image"]

    @property
    def sample_sites(self) -> list[Site]:
        """The sites with one state per question."""
        return [site for site in self.sites if site.per == "sample"]

    @property
    def context_sites(self) -> list[Site]:
        """The sites that are read at the last token before the answer."""
        return [site for site in self.sites if site.kind.name == "context_last"]

    @property
    def answer_sites(self) -> list[Site]:
        """The sites that average over the tokens of an answer."""
        return [site for site in self.sites if site.kind.answer]
