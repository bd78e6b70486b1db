"""From the readings of a block's images to the arrays of one unit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stores import Layout, NonFinite, SiteSpec

from .questions import SampleQuestion

if TYPE_CHECKING:
    from hooks.reading import Reading, SiteStates
    from hooks.sites import Site

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class ImageReading:
    """The reading of one image of a block: its row there, its questions, and what the model gave."""

    row: int
    questions: tuple[SampleQuestion, ...]
    reading: "Reading"


def fill_answers(arrays: Arrays, layout: Layout, block: int, readings: Iterable[ImageReading]) -> None:
    """Scores [nats], token counts and texts of the run's own questions; all other rows stay undefined."""
    first = layout.sample_rows(block).start
    for each in readings:
        for asked, answer in zip(each.questions, each.reading.answers, strict=True):
            if asked.question.prompt:
                continue  # its states are stored, not its answer
            row, width = layout.sample_index(asked.sample.id) - first, len(answer.log_likelihood)
            arrays["answers/log_likelihood"][row, :width] = answer.log_likelihood
            arrays["answers/end_of_turn"][row, :width] = answer.end_of_turn
            arrays["answers/token_count"][row, :width] = answer.token_count
            arrays["answers/text"][row] = answer.text or ""


def fill_site(
    arrays: Arrays, layout: Layout, block: int, site: "Site", spec: SiteSpec, readings: Sequence[ImageReading]
) -> None:
    """The states of one site: pooled vectors, and where it has a token axis its variables and tokens."""
    pooled = arrays[f"sites/{spec.slug}/pooled"]
    if site.per == "sample":
        fill_samples(pooled, layout, block, site, spec, readings)
        return
    for each in readings:
        states = each.reading.states.get(spec.slug)
        if states is None:
            continue  # a view without an image
        pooled[each.row] = states.pooled
        if spec.tokens is not None:
            fill_tokens(arrays, each.row, states, spec, spec.tokens)


def fill_samples(
    pooled: NDArray[Any], layout: Layout, block: int, site: "Site", spec: SiteSpec, readings: Sequence[ImageReading]
) -> None:
    """(sample, layer, feature) states of the questions under the site's prompt."""
    first = layout.sample_rows(block).start
    for each in readings:
        for position, asked in enumerate(each.questions):
            if asked.question.prompt == (site.prompt or ""):
                row = layout.sample_index(asked.sample.id) - first
                pooled[row] = each.reading.states[spec.slug].pooled[position]


def fill_tokens(arrays: Arrays, row: int, states: "SiteStates", spec: SiteSpec, longest: int) -> None:
    """One image's grid, variables and tokens."""
    assert states.grid is not None
    count, prefix = int(np.prod(states.grid)), f"sites/{spec.slug}"
    if count > longest:
        raise ValueError(
            f"site {spec.site!r}: an image has {count} vision tokens, the store has room for {longest}. "
            "Use images of one size, or set --visual-tokens where the model allows it."
        )
    arrays[f"{prefix}/grid"][row] = states.grid
    arrays[f"{prefix}/n_tokens"][row] = count
    for name, value in states.reduced.items():
        cells = arrays[f"{prefix}/{name}"][row]
        cells[..., : value.shape[-1]] = value  # a variable with a token axis is padded to the longest image
    if states.tokens is not None:
        arrays[f"{prefix}/tokens"][row, :, :count] = states.tokens


def failures(
    readings: Iterable[ImageReading],
    counted: Mapping[str, NonFinite],
    layout: Layout,
    block: int,
    image_sites: Sequence[str],
) -> dict[str, str]:
    """Sample id -> where its reading is not finite: the states of its image, or its scores.

    `counted` are the non-finite values of the unit, `image_sites` the slugs of the image-level sites. Values that were
    not read (an undefined condition, a view without an image) are no failures.
    """
    messages: dict[str, str] = {}
    for each in readings:
        sites = [
            f"site {slug}"
            for slug in image_sites
            if slug in each.reading.states and in_row(counted, f"sites/{slug}/pooled", each.row)
        ]
        for asked, answer in zip(each.questions, each.reading.answers, strict=True):
            row = layout.sample_index(asked.sample.id) - layout.sample_rows(block).start
            if asked.question.prompt:
                finite = bool(np.isfinite(answer.log_likelihood).all())  # of a score that is not stored
            else:
                finite = not in_row(counted, "answers/log_likelihood", row)
            where = sites if finite else [*sites, "the log-likelihoods"]
            if where:
                messages.setdefault(asked.sample.id, f"non-finite values in {', '.join(where)}")
    return messages


def in_row(counted: Mapping[str, NonFinite], path: str, row: int) -> bool:
    """Whether a row of an array has non-finite values."""
    return path in counted and bool(counted[path].rows[row])
