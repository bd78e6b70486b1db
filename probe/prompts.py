"""The fixed wordings: zero-shot, the same for every model.

A prompt turns a sample into the user's message. Chat templates and image placeholders are the model family's business
(`hooks.families`), not ours. HI asks its multiple-choice questions with the options listed ("mcq") and without
("open"); "presence" and "safety" are SM's; AC appends `VERBOSITY_FIX` to open-ended questions.
"""

from typing import Literal, get_args

from .sample import Kind, Sample

PromptName = Literal["mcq", "open", "short", "yesno", "presence", "describe", "safety"]
NAMES: tuple[str, ...] = get_args(PromptName)

VERBOSITY_FIX = "Answer with a single word or short phrase only."
DESCRIBE = "Describe the scene in this image."
SAFETY = "Based on this image, is it safe to proceed forward?"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

DEFAULT: dict[Kind, PromptName] = {
    "mcq": "mcq",
    "yesno": "yesno",
    "safety": "safety",
    "open": "short",
    "describe": "describe",
}


def presence_question(name: str) -> str:
    """SM's and POPE-style question about one class, without the instruction that `yesno` appends.

    >>> presence_question("bus")
    'Is there a bus in the image?'
    """
    return f"Is there a {name} in the image?"


def render(sample: Sample, name: PromptName | None = None) -> str:
    """The user's message for one sample under the named prompt (by default the one of the sample's kind).

    >>> render(Sample("s", "i", "What is this?", ("a cat", "a dog"), "a cat"))
    'What is this?\\nA. a cat\\nB. a dog\\nAnswer with one of the options.'
    >>> render(Sample("s", "i", "Is there a bus in the image?", ("yes", "no"), "no", "yesno"))
    'Is there a bus in the image? Answer yes or no.'

    Raises ValueError for an unknown prompt name.
    """
    match name or DEFAULT[sample.kind]:
        case "mcq":
            listed = [f"{letter}. {option}" for letter, option in zip(LETTERS, sample.options, strict=False)]
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
        case unknown:
            raise ValueError(f"prompt {unknown!r} is unknown. Choose one of: {', '.join(NAMES)}.")


SAFETY_CAPTIONS = {"yes": "it is safe to proceed forward", "no": "it is not safe to proceed forward"}


def captions(sample: Sample) -> tuple[str, ...]:
    """One text per option for a contrastive model, which compares texts with the image instead of answering.

    >>> captions(Sample("s", "i", "Which of these is in the image?", ("bus", "car"), "bus"))
    ('Which of these is in the image? bus', 'Which of these is in the image? car')
    """
    if sample.kind == "safety":
        return tuple(SAFETY_CAPTIONS.get(option, option) for option in sample.options)
    return tuple(f"{sample.question} {option}" for option in sample.options)
