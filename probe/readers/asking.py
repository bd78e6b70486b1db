"""The two ways to ask a model: by questions that it answers, or by captions that it compares with the picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .. import prompts as wordings
from ..label_maps import CLASSES
from ..prompts import PromptName
from ..sample import Sample

Asked = tuple[str, tuple[str, ...]]
"""The user's message and the options among which it is answered."""

OF_IMAGES = ("describe", "presence", "safety")
"""The prompts that are put to images rather than to samples; the only ones of models that compare captions."""


@dataclass(frozen=True)
class Asking:
    """How a kind of model is asked. `writes`: whether it can answer in a text of its own.

    `prompts` are those that several prompts in one run may name, `description_options` the options of a description
    (empty where it is written), `asked` makes the message and options of a sample under a prompt, None for its own.
    """

    writes: bool
    prompts: tuple[str, ...]
    description_options: tuple[str, ...]
    asked: Callable[[Sample, PromptName | None], Asked]


def _question(sample: Sample, prompt: PromptName | None) -> Asked:
    return wordings.render(sample, prompt), sample.options


def _captions(sample: Sample, prompt: PromptName | None) -> Asked:
    return sample.question, wordings.captions(sample, prompt)


GENERATIVE = Asking(True, wordings.NAMES, (), _question)
CONTRASTIVE = Asking(False, OF_IMAGES, CLASSES, _captions)

KINDS: Mapping[str, Asking] = MappingProxyType({"generative": GENERATIVE, "contrastive": CONTRASTIVE})
"""By what a plan says of its model's kind."""
