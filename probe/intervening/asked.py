"""One sample of a run, asked again: its clean view, its views under conditions, and one of another image."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyses import margins
from hooks import forwards

from ..extraction.ahead import PICTURE_BYTES, Room
from ..extraction.failures import reason_of
from ..extraction.views import LoadedImage, load, shown
from ..perturbations import CLEAN, Condition
from ..perturbations.catalogue import family_of
from ..prompts import PromptName
from ..sample import Sample

if TYPE_CHECKING:
    from hooks import Model

    from ..readers.local import LocalReader
    from ..report.pictures import Source

TRIED = 8
"""Other images that are tried until one serves."""

NO_VIEW, ALIKE = "there is no such view", "options that begin alike"


class LeftOut(ValueError):
    """A pair cannot be measured; `args[0]` is the kind of reason."""


@dataclass(frozen=True)
class Setup:
    """A run's model, pictures and questions, and how they are read."""

    model: "Model"
    reader: "LocalReader"
    source: "Source"
    samples: Mapping[str, Sample]
    wording: PromptName | None
    batch_size: int
    seed: int

    def encoded(self, loaded: LoadedImage, condition: Condition, text: str) -> forwards.Inputs:
        """A question about an image under a condition. Raises LeftOut where the model is shown no such view."""
        if loaded.error or (condition != CLEAN and family_of(condition).text_only):
            raise LeftOut(NO_VIEW)
        source = self.source
        made = shown(loaded, condition, dataset=source.dataset, preparation=source.preparation, seed=source.seed)
        if not made.pictures:
            raise LeftOut(NO_VIEW)
        try:
            return forwards.encode(self.model, made.pictures, text)
        except Exception as error:  # a processor can raise anything over a picture
            raise LeftOut(reason_of(error)) from error

    def loaded(self, image: str) -> LoadedImage:
        """An image of the run by its id."""
        return load(self.source.images[image], self.source.preparation, Room(PICTURE_BYTES))


@dataclass(frozen=True)
class Asked:
    """A sample, its clean view in the model, and the option that it chooses there."""

    setup: Setup
    sample: Sample
    text: str
    options: tuple[str, ...]
    choice: int

    @cached_property
    def image(self) -> LoadedImage:
        """Its image."""
        return self.setup.loaded(self.sample.image_id)

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """First tokens of its options. Raises LeftOut where a rival begins as the choice does."""
        pictures = len(self.image.image.pictures)
        ids = forwards.first_tokens(self.setup.model, self.text, self.options, pictures=pictures)
        if ids.count(ids[self.choice]) > 1:
            raise LeftOut(ALIKE)
        return ids

    @cached_property
    def clean(self) -> forwards.Forward:
        """Its clean view."""
        return forwards.forward(self.setup.model, self.setup.encoded(self.image, CLEAN, self.text))

    def under(self, condition: Condition) -> forwards.Forward:
        """Its view under a condition. Raises LeftOut where the model is shown none."""
        return forwards.forward(self.setup.model, self.setup.encoded(self.image, condition, self.text))

    def others(self) -> Iterator[forwards.Inputs]:
        """The inputs of the same question about some other images, in an order of the sample's own."""
        images = sorted(set(self.setup.source.images) - {self.sample.image_id})
        # the id, not the place: a sample has the same control in whichever part of a dataset
        random = np.random.default_rng([self.setup.seed, *self.sample.id.encode()])
        for place in random.permutation(len(images))[:TRIED]:
            try:
                yield self.setup.encoded(self.setup.loaded(images[place]), CLEAN, self.text)
            except LeftOut:
                continue

    def margin(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """(..., option) -> (...) how far the clean choice leads its best rival, in nats."""
        wide = scores.astype(np.float64)
        return np.asarray(margins.margin(wide, np.full(wide.shape[:-1], self.choice)))
