"""The fixed wordings: zero-shot, the same for every model.

A prompt turns a sample into the user's message. Chat templates and image placeholders are the model family's business
(`hooks.families`), not ours. HI asks its multiple-choice questions with the options listed ("mcq") and without
("open"); "presence" and "safety" are SM's; AC appends `VERBOSITY_FIX` to open-ended questions ("short", and "open"
without it). "official" is the message as the sample's benchmark words it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from .sample import Kind, Sample

PromptName = Literal["mcq", "open", "short", "yesno", "presence", "describe", "safety", "official"]
NAMES: tuple[str, ...] = get_args(PromptName)

VERBOSITY_FIX = "Answer with a single word or short phrase only."
DESCRIBE = "Describe the scene in this image."
SAFETY = "Based on this image, is it safe to proceed forward?"

DEFAULT: "dict[Kind, PromptName]" = {
    "mcq": "mcq",
    "yesno": "yesno",
    "safety": "open",
    "open": "short",
    "describe": "open",
}
"""Every question is asked as the dataset words it; `describe` and `safety` are wordings of their own, on request."""

FIXED = frozenset({"describe", "safety"})
"""Prompts that put one wording to all samples, whatever their questions."""

ASKED_AS, CLASS = "asked_as", "class"
"""In a sample's metadata: its prompt, where a run has several, and the class whose presence it asks for."""


def letter(index: int) -> str:
    """The letter of an option: A to Z, then AA, AB and so on.

    >>> [letter(index) for index in (0, 25, 26, 51, 52)]
    ['A', 'Z', 'AA', 'AZ', 'BA']
    """
    before, own = divmod(index, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + own)


def is_yes_no(options: Sequence[str]) -> bool:
    """Whether the options are yes and no, in any order and case.

    >>> is_yes_no(("No", "yes"))
    True
    """
    return sorted(option.strip().lower() for option in options) == ["no", "yes"]


def presence_question(name: str) -> str:
    """SM's and POPE-style question about one class, without the instruction that `yesno` appends.

    >>> presence_question("bus")
    'Is there a bus in the image?'
    """
    return f"Is there a {name} in the image?"


def default(sample: "Sample") -> PromptName:
    """The prompt of a sample where none is named: its own, or that of its kind.

    That of yes/no questions is the benchmark's own wording, where it has one.

    >>> from probe.sample import Sample
    >>> default(Sample("s", "i", "Is there a bus?", ("yes", "no"), kind="yesno", official="Is there a bus?"))
    'official'
    """
    if sample.prompt:
        return sample.prompt  # type: ignore[return-value]
    return "official" if sample.kind == "yesno" and sample.official else DEFAULT[sample.kind]


def render(sample: "Sample", name: PromptName | None = None) -> str:
    """The user's message for one sample under the named prompt (by default the one of the sample's kind).

    >>> from probe.sample import Sample
    >>> render(Sample("s", "i", "What is this?", ("a cat", "a dog"), "a cat"))
    'What is this?\\nA. a cat\\nB. a dog\\nAnswer with one of the options.'
    >>> render(Sample("s", "i", "Is there a bus in the image?", ("yes", "no"), "no", "yesno"))
    'Is there a bus in the image? Answer yes or no.'

    Raises ValueError for an unknown prompt name, and for a prompt that does not go with the sample's options.
    """
    used = name or default(sample)
    if reason := unsuitable(sample, used):
        raise ValueError(reason)
    match used:
        case "mcq":
            listed = [f"{letter(index)}. {option}" for index, option in enumerate(sample.options)]
            return "\n".join([sample.question, *listed, "Answer with one of the options."])
        case "open":
            return sample.question
        case "short":
            return f"{sample.question} {VERBOSITY_FIX}"
        case "yesno" | "presence":
            return f"{sample.question} Answer yes or no."
        case "describe":
            return DESCRIBE
        case "safety":
            return SAFETY
        case "official":
            return sample.official
        case unknown:
            raise ValueError(f"prompt {unknown!r} is unknown. Choose one of: {', '.join(NAMES)}.")


def unsuitable(sample: "Sample", name: str) -> str:
    """Why a prompt cannot be put to a sample: it asks for another kind of answer than its options; else empty."""
    match name:
        case "mcq" if not sample.options:
            return "prompt 'mcq' lists options, and this sample has none. Give it options, or ask with another prompt."
        case "yesno" | "presence" | "safety" if sample.options and not is_yes_no(sample.options):
            listed = ", ".join(sample.options)
            return f"prompt {name!r} asks for yes or no, and the options here are {listed}. Ask with another."
        case "describe" if sample.options:
            return "prompt 'describe' asks for a free text, and this sample has options. Ask with another prompt."
        case "official" if not sample.official:
            return "prompt 'official' is a benchmark's own wording, and this sample has none. Ask with another prompt."
        case _:
            return ""


def most_tokens(sample: "Sample", name: PromptName) -> int:
    """The maximum number of tokens of a free answer where no other is set.

    256 for a description, 64 for an answer to an open question (AC), 32 beside options (HI).
    """
    if name == "describe" or sample.kind == "describe":
        return 256
    return 32 if sample.options else 64


SAFETY_CAPTIONS = {"yes": "it is safe to proceed forward", "no": "it is not safe to proceed forward"}

CLASS_CAPTIONS = {
    "vegetation": "a photo of a tree",
    "terrain": "a photo of grass",
    "sky": "a photo of the sky",
}
"""How an image that shows a class is captioned, where that is not "a photo of a" and the class."""


def class_caption(name: str) -> str:
    """The caption of a class, by whose nearness a model that compares captions sees it.

    >>> class_caption("traffic light"), class_caption("sky")
    ('a photo of a traffic light', 'a photo of the sky')
    """
    return CLASS_CAPTIONS.get(name, f"a photo of a {name}")


def captions(sample: "Sample", name: PromptName | None = None) -> tuple[str, ...]:
    """One text per option for a contrastive model, which compares texts with the image instead of answering.

    SM's safety question has two captions of its own, under the prompt `safety` or where the sample asks it; a sample
    that is asked as `describe` has one for each class among its options. All others are the question with each option.
    Raises ValueError for another prompt, which captions have not.

    >>> from probe.sample import Sample
    >>> captions(Sample("s", "i", "Which of these is in the image?", ("bus", "car"), "bus"))
    ('Which of these is in the image? bus', 'Which of these is in the image? car')
    """
    if name not in (None, "safety"):
        raise ValueError(f"prompt {name!r} is for models that answer; one that compares captions has only 'safety'.")
    if name == "safety" or (sample.question == SAFETY and is_yes_no(sample.options)):
        if reason := unsuitable(sample, "safety"):
            raise ValueError(reason)
        return tuple(SAFETY_CAPTIONS[option.strip().lower()] for option in sample.options)
    if sample.prompt == "describe":
        return tuple(class_caption(option) for option in sample.options)
    return tuple(f"{sample.question} {option}" for option in sample.options)
