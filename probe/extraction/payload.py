"""From the readings of a block's images to the arrays of one unit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stores import Layout, NonFinite, SiteSpec

from ..readers.answers import CHOICE
from ..thumbnails import THUMBNAILS
from . import readouts
from .forms import FORMS
from .pixel_bands import BAND_POWER, Power
from .questions import SampleQuestion
from .views import LoadedImage

if TYPE_CHECKING:
    from hooks.reading import Answer, Reading, SiteStates
    from hooks.sites import Site

Arrays = dict[str, NDArray[Any]]

Questions = Sequence[Sequence[SampleQuestion]]
"""The questions of each image of a block, by the image's row there."""

Readings = Sequence["Reading | None"]
"""The reading of each image of a block, by its row there; None where the condition is undefined for it."""


def answers(questions: Questions, readings: Readings) -> "Iterator[tuple[SampleQuestion, Answer]]":
    """Every question that was read, with its answer."""
    for group, reading in zip(questions, readings, strict=True):
        if reading is not None:
            yield from zip(group, reading.answers, strict=True)


def fill_answers(arrays: Arrays, layout: Layout, block: int, questions: Questions, readings: Readings) -> None:
    """Scores [nats], token counts and texts of the run's own questions; all other rows stay undefined."""
    first = layout.sample_rows(block).start
    for asked, answer in answers(questions, readings):
        if not asked.question.prompt:  # of questions under a site's prompt only the states are stored
            row, width = layout.sample_index(asked.sample.id) - first, len(answer.log_likelihood)
            arrays["answers/log_likelihood"][row, :width] = answer.log_likelihood
            arrays["answers/end_of_turn"][row, :width] = answer.end_of_turn
            arrays["answers/token_count"][row, :width] = answer.token_count
            if answer.forms is not None:
                arrays[f"answers/{FORMS.name}"][row, :width] = answer.forms
            readouts.fill(arrays, row, answer)
            if (path := f"answers/{CHOICE.name}") in arrays and answer.choice is not None:
                arrays[path][row] = answer.choice
            if answer.text is not None:
                arrays["answers/text"][row] = answer.text
                arrays["answers/cut"][row] = answer.cut


def fill_images(arrays: Arrays, images: Sequence[LoadedImage]) -> None:
    """The table of images: hash and size of each that could be read."""
    for row, image in enumerate(images):
        if image.error:
            continue
        arrays["images/sha256"][row] = image.sha256
        if len(sizes := set(image.sizes)) == 1:  # pictures of different sizes have no common one
            arrays["images/height"][row], arrays["images/width"][row] = sizes.pop()


def fill_pictures(arrays: Arrays, band_power: Sequence[Power | None]) -> None:
    """The band power of each image's pictures; undefined where there is no picture."""
    for row, power in enumerate(band_power):
        if power is not None:
            arrays[f"pictures/{BAND_POWER.name}"][row] = power


def fill_thumbnails(arrays: Arrays, thumbnails: Sequence[str]) -> None:
    """The thumbnails of each image's pictures, where the run keeps them."""
    if (path := f"pictures/{THUMBNAILS.name}") in arrays:
        for row, text in enumerate(thumbnails):
            arrays[path][row] = text


def fill_image_site(arrays: Arrays, spec: SiteSpec, readings: Readings) -> None:
    """The states of an image-level site: pooled vectors, and where it has a token axis its variables and tokens."""
    for row, reading in enumerate(readings):
        states = None if reading is None else reading.states.get(spec.slug)
        if states is None:
            continue  # undefined, or a view without an image
        arrays[f"sites/{spec.slug}/pooled"][row] = states.pooled
        if spec.tokens is not None:
            fill_tokens(arrays, row, states, spec, spec.tokens)


def fill_sample_site(
    arrays: Arrays, layout: Layout, block: int, site: "Site", questions: Questions, readings: Readings
) -> None:
    """The (sample, layer, feature) states of a sample-level site, of the questions under its prompt."""
    pooled, first = arrays[f"sites/{site.slug}/pooled"], layout.sample_rows(block).start
    for group, reading in zip(questions, readings, strict=True):
        for position, asked in enumerate(group):
            if reading is not None and asked.question.prompt == (site.prompt or ""):
                row = layout.sample_index(asked.sample.id) - first
                pooled[row] = reading.states[site.slug].pooled[position]


def fill_tokens(arrays: Arrays, row: int, states: "SiteStates", spec: SiteSpec, longest: int) -> None:
    """One image's grid, variables and tokens; where its pictures have no common grid, the grid stays -1."""
    count, prefix = states.n_tokens, f"sites/{spec.slug}"
    if count > longest:
        raise ValueError(
            f"site {spec.site!r}: an image has {count} vision tokens, the store has room for {longest}. "
            "Use images of one size, or set --visual-tokens where the model allows it."
        )
    if states.grid is not None:
        arrays[f"{prefix}/grid"][row] = states.grid
    arrays[f"{prefix}/n_tokens"][row] = count
    for name, value in states.reduced.items():
        cells = arrays[f"{prefix}/{name}"][row]
        cells[..., : value.shape[-1]] = value  # a variable with a token axis is padded to the longest image
    if states.tokens is not None:
        arrays[f"{prefix}/tokens"][row, :, :count] = states.tokens


def failures(
    counted: Mapping[str, NonFinite],
    layout: Layout,
    block: int,
    image_sites: Sequence[str],
    questions: Questions,
    readings: Readings,
) -> dict[str, str]:
    """Sample id -> why it was not asked, or where its reading is not finite: the states of its image, or its scores.

    `counted` are the non-finite values of the unit, `image_sites` the slugs of the image-level sites. Values that were
    not read (an undefined condition, a view without an image) are no failures.
    """
    messages: dict[str, str] = {}
    first = layout.sample_rows(block).start
    for image, (group, reading) in enumerate(zip(questions, readings, strict=True)):
        if reading is None:
            continue
        read = [slug for slug in image_sites if slug in reading.states]
        sites = [f"site {slug}" for slug in read if in_row(counted, f"sites/{slug}/pooled", image)]
        for asked, answer in zip(group, reading.answers, strict=True):
            if answer.invalid_reason:
                messages[asked.sample.id] = answer.invalid_reason
                continue
            if CHOICE in layout.answers:
                finite = True  # where scores are missing, the choice stands for itself
            elif asked.question.prompt:
                finite = bool(np.isfinite(answer.log_likelihood).all())  # of a score that is not stored
            else:
                row = layout.sample_index(asked.sample.id) - first
                finite = not in_row(counted, "answers/log_likelihood", row)
            where = sites if finite else [*sites, "the log-likelihoods"]
            if where:
                messages.setdefault(asked.sample.id, f"non-finite values in {', '.join(where)}")
    return messages


def in_row(counted: Mapping[str, NonFinite], path: str, row: int) -> bool:
    """Whether a row of an array has non-finite values."""
    return path in counted and bool(counted[path].rows[row])
