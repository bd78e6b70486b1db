"""What a run must hold for an analysis, and how to get a run that does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stores import DamagedRun

from . import distorted, knockout, patching, steering
from .evidence import Evidence


@dataclass(frozen=True)
class Need:
    """Whether a run holds something, what that is in words, and what to do where it does not."""

    holds: Callable[[Evidence], bool]
    what: str
    cure: str


def _stored(evidence: Evidence, variable: str) -> bool:
    return any(variable in evidence.stored(site) for site in evidence.run.sites)


def _of_family(evidence: Evidence, *names: str) -> bool:
    return bool(set(names) & set(evidence.run.conditions.family.values.tolist()))


def _of_kind(evidence: Evidence, *kinds: str) -> bool:
    return bool(set(kinds) & set(evidence.run.samples.kind.values.tolist()))


def _kept(evidence: Evidence, name: str) -> bool:
    """Whether the run keeps a result, whole."""
    try:
        return name in evidence.run.results and bool(evidence.run.result(name).sizes)
    except DamagedRun:
        return False


NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        "options": Need(lambda e: e.has_options, "questions with options", "Give the samples options."),
        "scores": Need(
            lambda e: e.has_scores,
            "log-likelihoods of options",
            "Extract with a model that is loaded here: these answers came without.",
        ),
        "given": Need(
            lambda e: e.has_answers,
            "questions with options, or open questions",
            "Give the samples options, or ask open questions.",
        ),
        "given_or_states": Need(
            lambda e: e.has_answers or bool(e.run.sites),
            "questions that are answered, or states",
            "Ask questions with options or open ones, or extract with --keep pooled.",
        ),
        "answers": Need(
            lambda e: e.has_answers and bool(e.correct.notnull().any()),
            "right answers",
            "Give the samples an answer.",
        ),
        "readings": Need(
            lambda e: e.is_scored,
            "free answers, a benchmark's questions, or options scored by their forms",
            "Extract with --free-answers or --forms.",
        ),
        "right_options": Need(
            lambda e: e.has_options and bool((e.answer >= 0).any()),
            "questions with options and right answers",
            "Give the samples options and an answer.",
        ),
        "yes_no": Need(
            lambda e: e.has_options and _of_kind(e, "yesno"),
            "yes/no questions",
            "Ask questions of the kind yesno (streets).",
        ),
        "states": Need(lambda e: bool(e.run.sites), "states", "Extract with --keep pooled or tokens."),
        "reread": Need(lambda e: _of_family(e, "reread"), "the clean picture read again", "Extract with -p reread."),
        "lens": Need(
            lambda e: "lens" in e.run.answers, "what the head reads in every layer", "Extract with --readouts lens."
        ),
        "attention": Need(
            lambda e: "attention_image" in e.run.answers,
            "where the last token before the answer looks",
            "Extract with --readouts attention.",
        ),
        "behind_norm": Need(
            lambda e: "language.norm:context_last" in e.run.sites,
            "the state that the head reads",
            "Extract with --readouts lens, or with -s language.norm:context_last.",
        ),
        "patched": Need(
            lambda e: _kept(e, patching.PAIRS), "pairs that were patched into each other", "Run `probe patch` on it."
        ),
        "steered": Need(lambda e: _kept(e, steering.PAIRS), "pairs that were steered", "Run `probe steer` on it."),
        "cut": Need(lambda e: _kept(e, knockout.PAIRS), "pairs whose attention was cut", "Run `probe knockout` on it."),
        "energies": Need(
            lambda e: _stored(e, "dirichlet"), "a site with a token grid", "Extract a site of patches or image tokens."
        ),
        "spectra": Need(
            lambda e: _stored(e, "spectrum"), "a site with a token grid", "Extract a site of patches or image tokens."
        ),
        "pixels": Need(
            lambda e: "band_power" in e.run.pictures,
            "the band power of the pictures",
            "Extract it again, to another path: runs of this version have it.",
        ),
        "severities": Need(
            lambda e: bool((e.run.conditions.severity.values > 0).any()),
            "conditions with a severity",
            "Extract with -p common or -p driving.",
        ),
        "white": Need(
            lambda e: "white" in e.run.conditions.condition.values, "the condition `white`", "Extract with -p white."
        ),
        "distorted": Need(
            lambda e: bool(distorted.conditions(e.run)),
            "a condition that leaves little of the picture",
            "Extract with -p gaussian_noise:5, -p priors or -p another_image.",
        ),
        "pictureless": Need(
            lambda e: (
                bool({"no_image", "white", "mean_grey", "noise"} & {*distorted.conditions(e.run)})
                and ("another_image" in distorted.conditions(e.run) or bool(e.recurring.any()))
            ),
            "answers without a picture, and to other images",
            "Extract with -p priors -p another_image.",
        ),
        "frequencies": Need(
            lambda e: _of_family(e, "low_pass", "high_pass", "band_noise", "fourier_basis"),
            "conditions of the suites `frequency` or `fourier`",
            "Extract with -p frequency.",
        ),
        "scene": Need(
            lambda e: _of_kind(e, "describe", "safety"),
            "descriptions or safety questions",
            "Ask for descriptions (streets-describe) or about safety (streets).",
        ),
        "descriptions": Need(
            lambda e: _of_kind(e, "describe"),
            "descriptions with a reference",
            "Ask for descriptions (streets-describe).",
        ),
        "segmentations": Need(
            lambda e: bool(e.run.segmentations),
            "confusion matrices of a segmentation model",
            "Add one with `probe segment`.",
        ),
    }
)
"""Everything that `Analysis.needs` may name."""


OF_PICTURES = ("segmentations",)
"""What a run of pictures and label maps alone can hold."""


def missing(evidence: Evidence, names: tuple[str, ...]) -> list[Need]:
    """Those of the named needs that the run does not meet."""
    asks = evidence.asks
    return [NEEDS[name] for name in names if not ((asks or name in OF_PICTURES) and NEEDS[name].holds(evidence))]
