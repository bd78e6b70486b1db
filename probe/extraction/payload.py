"""From readings of a block's images to the arrays that one unit of the store owns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stores import Layout, SiteSpec

from .questions import Asked

if TYPE_CHECKING:
    from hooks.reading import Reading, SiteStates
    from hooks.sites import Site

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Seen:
    """One view of the unit that could be read: the image's row in its block, what was asked, what came back."""

    row: int
    asked: tuple[Asked, ...]
    reading: "Reading"


def fill_answers(arrays: Arrays, layout: Layout, block: int, seen: Iterable[Seen]) -> None:
    """Scores [nats], token counts and texts of the run's own questions; what is not filled stays undefined."""
    first = layout.sample_rows(block).start
    for view in seen:
        for asked, answer in zip(view.asked, view.reading.answers, strict=True):
            if asked.question.prompt:
                continue  # asked for the states of a site only
            row, width = layout.sample_index(asked.sample.id) - first, len(answer.log_likelihood)
            arrays["answers/log_likelihood"][row, :width] = answer.log_likelihood
            arrays["answers/end_of_turn"][row, :width] = answer.end_of_turn
            arrays["answers/token_count"][row, :width] = answer.token_count
            arrays["answers/text"][row] = answer.text or ""


def fill_site(arrays: Arrays, layout: Layout, block: int, site: "Site", spec: SiteSpec, seen: Sequence[Seen]) -> None:
    """The states of one site: pooled vectors for every site, and for a token axis what was reduced or kept."""
    pooled = arrays[f"sites/{spec.slug}/pooled"]
    if site.per == "sample":
        fill_samples(pooled, layout, block, site, spec, seen)
        return
    for view in seen:
        states = view.reading.states.get(spec.slug)
        if states is None:
            continue  # shown no image
        pooled[view.row] = states.pooled
        if spec.tokens is not None:
            fill_tokens(arrays, view.row, states, spec, spec.tokens)


def fill_samples(
    pooled: NDArray[Any], layout: Layout, block: int, site: "Site", spec: SiteSpec, seen: Sequence[Seen]
) -> None:
    """(sample, layer, feature) states of the questions that were asked under the site's prompt."""
    first = layout.sample_rows(block).start
    for view in seen:
        for position, asked in enumerate(view.asked):
            if asked.question.prompt == (site.prompt or ""):
                row = layout.sample_index(asked.sample.id) - first
                pooled[row] = view.reading.states[spec.slug].pooled[position]


def fill_tokens(arrays: Arrays, row: int, states: "SiteStates", spec: SiteSpec, longest: int) -> None:
    """One image's grid, reduced numbers and kept tokens."""
    assert states.grid is not None
    count, prefix = int(np.prod(states.grid)), f"sites/{spec.slug}"
    if count > longest:
        raise ValueError(
            f"site {spec.site!r}: an image took {count} vision tokens where the store holds {longest}. "
            "Give images of one size, or hold them with --visual-tokens where the model can be held."
        )
    arrays[f"{prefix}/grid"][row] = states.grid
    arrays[f"{prefix}/n_tokens"][row] = count
    for name, value in states.reduced.items():
        cells = arrays[f"{prefix}/{name}"][row]
        cells[..., : value.shape[-1]] = value  # token drift can be shorter than its row
    if states.tokens is not None:
        arrays[f"{prefix}/tokens"][row, :, :count] = states.tokens


def non_finite(seen: Iterable[Seen], *, dtypes: Mapping[str, str]) -> dict[str, str]:
    """Sample id -> what was not finite in its reading: a state of its image, or a score.

    `dtypes` names the image-level sites (by slug) and what their states are in.
    """
    messages: dict[str, str] = {}
    for view in seen:
        states = view.reading.states
        of_image = [slug for slug, dtype in dtypes.items() if slug in states and not finite(states[slug].pooled, dtype)]
        for position, asked in enumerate(view.asked):
            bad = [f"site {slug}" for slug in of_image]
            if not np.isfinite(view.reading.answers[position].log_likelihood).all():
                bad.append("the log-likelihoods")
            if bad:
                messages.setdefault(asked.sample.id, f"non-finite values in {', '.join(bad)}")
    return messages


def finite(array: NDArray[Any], dtype: str) -> bool:
    """Whether all values are finite; bfloat16 bits are not where every exponent bit is set."""
    if dtype == "bfloat16":
        return not bool(((array & 0x7F80) == 0x7F80).any())
    return bool(np.isfinite(array).all())
