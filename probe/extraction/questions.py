"""What a model is asked about an image: each sample under the run's prompt, and under the prompts that sites name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import hooks

from .. import prompts
from ..sample import Sample

if TYPE_CHECKING:
    from hooks.sites import Site

Spoken = dict[tuple[str, str], str]
"""(sample id, prompt) -> the free answer to the clean image."""


@dataclass(frozen=True)
class Asked:
    """A question and the sample that it belongs to."""

    sample: Sample
    question: hooks.Question


def ask(
    sample: Sample, kind: str, prompt: prompts.PromptName | None, sites: "Iterable[Site]", spoken: Spoken
) -> list[Asked]:
    """The questions of one sample: the scored one first, then one per prompt that a site names.

    A free answer is generated where the sample has no options and where a site averages over one; the clean answer is
    forced where a site asks for it and it is known.
    """
    if kind == "contrastive":
        return [Asked(sample, hooks.Question(text=sample.question, options=prompts.captions(sample)))]
    sites = tuple(sites)
    named = sorted({site.prompt for site in sites if site.prompt})
    return [Asked(sample, question(sample, name, prompt, sites, spoken)) for name in ("", *named)]


def question(
    sample: Sample,
    name: str,
    default: prompts.PromptName | None,
    sites: "tuple[Site, ...]",
    spoken: Mapping[tuple[str, str], str],
) -> hooks.Question:
    """One sample under one prompt; the empty name is the run's own."""
    kinds = [site.kind for site in sites if (site.prompt or "") == name]
    return hooks.Question(
        text=prompts.render(sample, name or default),  # type: ignore[arg-type]
        options=sample.options,
        generate=not sample.options or any(kind.needs_free_answer for kind in kinds),
        force=spoken.get((sample.id, name)) if any(kind.needs_clean_answer for kind in kinds) else None,
        prompt=name,
    )
