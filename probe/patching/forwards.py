"""One sample of a run, patched: its clean view, its views under some conditions, and one of another image."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyses import margins
from hooks import forwards, patching

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
"""Other images that are tried until one has a grid like the sample's."""

NO_VIEW, OTHER_GRID, ALIKE = "there is no such view", "another grid or length of prompt", "options that begin alike"

Margins = NDArray[np.float64]


class LeftOut(ValueError):
    """A pair cannot be patched; `args[0]` is the kind of reason."""


@dataclass(frozen=True)
class Patched:
    """What patching moved the margin of the clean choice: (direction, layer, group), and gaps (direction), in nats."""

    moved: Margins
    gap: Margins


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

    @cached_property
    def control(self) -> tuple[Margins, float]:
        """What the state of another image moves, (layer, group), and that image's gap; nan where none has the grid."""
        images = sorted(set(self.setup.source.images) - {self.sample.image_id})
        # the id, not the place: a sample has the same control in whichever part of a dataset
        random = np.random.default_rng([self.setup.seed, *self.sample.id.encode()])
        for place in random.permutation(len(images))[:TRIED]:
            try:
                inputs = self.setup.encoded(self.setup.loaded(images[place]), CLEAN, self.text)
            except LeftOut:
                continue
            if not patching.mismatch(self.clean.inputs, inputs):
                return self.between(self.clean, forwards.forward(self.setup.model, inputs))
        shape = (len(self.clean.states), len(forwards.GROUPS))
        return np.full(shape, np.nan), np.nan

    def under(self, condition: Condition) -> Patched:
        """The pair with a condition. Raises LeftOut where it cannot be patched."""
        tokens = self.tokens  # before anything goes through the model
        inputs = self.setup.encoded(self.image, condition, self.text)
        assert tokens
        if patching.mismatch(self.clean.inputs, inputs):
            raise LeftOut(OTHER_GRID)
        perturbed = forwards.forward(self.setup.model, inputs)
        parts = (self.between(self.clean, perturbed), self.between(perturbed, self.clean), self.control)
        return Patched(np.stack([moved for moved, _ in parts]), np.array([gap for _, gap in parts]))

    def between(self, base: forwards.Forward, source: forwards.Forward) -> tuple[Margins, float]:
        """What the source's states move the base's margin, (layer, group), nan for absent groups; and the gap."""
        model, groups = self.setup.model, forwards.places(self.setup.model, base)
        scores = patching.patched(
            model,
            base,
            source,
            self.tokens,
            groups=groups,
            layers=forwards.layers(model),
            batch_size=self.setup.batch_size,
        )
        start, end = (self.margin(each.logits[list(self.tokens)].cpu().numpy()) for each in (base, source))
        moved = np.full((len(scores), len(forwards.GROUPS)), np.nan)
        moved[:, [forwards.GROUPS.index(name) for name in groups]] = self.margin(scores) - start
        return moved, float(end - start)

    def margin(self, scores: NDArray[np.float32]) -> Margins:
        """(..., option) -> (...) how far the clean choice leads its best rival, in nats."""
        wide = scores.astype(np.float64)
        return np.asarray(margins.margin(wide, np.full(wide.shape[:-1], self.choice)))


def of_sample(asked: Asked, conditions: Sequence[str]) -> Iterator[tuple[str, Patched | str]]:
    """By condition what patching moved, or the kind of reason why the pair was left out."""
    by_id: Mapping[str, Condition] = asked.setup.source.conditions
    for name in conditions:
        try:
            yield name, asked.under(by_id[name])
        except LeftOut as reason:
            yield name, str(reason)
