"""What `hooks` must know of a family of models: one frozen entry, made of a few groups of facts."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Literal

from torch import Tensor

from ..state_kinds import NORM
from .contrast import COSINES, Contrast
from .decoder import Decoder
from .tokens import ImageTokens


@dataclass(frozen=True)
class Modules:
    """Paths of modules in the loaded model, empty where it has no such part.

    `vision`, `language`: the module lists of the blocks. `projector`: the module whose output enters the language
    model. `final_norm`: the language model's last norm, which no layer's site has applied; `language.norm` is
    behind it. `before_head`: where there is no such norm, the module whose output the head's rows meet: the last part
    of the head itself, or `language` again where its blocks end in norms of their own. `encoder`: the module that reads
    pixels, where it runs once and every prompt in full (see `Reuse`), or there is no vision tower. `generator`: the
    module to which the model's own `generate` delegates, if any. Where a decoder writes the answer (see `Decoder`),
    `language` and `final_norm` are its own, `memory` is the module whose output it attends to, and `decoder` the one
    that makes logits of its tokens, where that is not the model itself.
    """

    vision: str = ""
    projector: str = ""
    language: str = ""
    final_norm: str = ""
    before_head: str = ""
    encoder: str = ""
    generator: str = ""
    memory: str = ""
    decoder: str = ""

    def path(self, tower: str) -> str:
        """The path of the module, or list of blocks, in which the states of a tower are."""
        return self.read_by_head if tower == NORM else getattr(self, tower)

    @property
    def read_by_head(self) -> str:
        """The path of the module whose output the head reads."""
        return self.final_norm or self.before_head


@dataclass(frozen=True)
class Prompt:
    """How a question becomes a prompt.

    A chat template is used where the processor has one; else `plain`, in which `{image}` stands for `placeholder` (the
    processor's own `image_token` where empty) and `{text}` for the question. `closing`: what the processor itself adds
    after the prompt. `ends_open`: whether the answer continues the prompt, so that what a tokenizer adds after a text
    is left out. `processor_settings`: extra arguments for loading the processor, `call_settings` for calling it.
    """

    plain: str = "{image}{text}"
    placeholder: str = ""
    closing: str = ""
    ends_open: bool = True
    processor_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    call_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def no_further_inputs(module: Any, ids: Tensor) -> dict[str, Any]:
    """Tokens that continue from the cache need nothing but themselves."""
    return {}


def none_skipped(config: Any, inputs: Mapping[str, Any]) -> Collection[int]:
    """Every forward goes through every block."""
    return ()


@dataclass(frozen=True)
class Reuse:
    """How much of a prompt needs to be encoded only once, and how it is continued from the cache.

    `image_prefix`: "causal" where states at image positions do not depend on what follows, so that the prompt up to the
    image is encoded once; "bidirectional" where all tokens of the prompt attend to each other and "question" where the
    image's own tokens depend on the question: then `Modules.encoder` runs once and every prompt in full, and
    image-level sites are read under the empty question; "cross_attention" where language layers attend to the image,
    which is not part of the sequence; "decoder" where a decoder attends to what another part has read, and
    `Modules.encoder` runs once too; "none" in contrastive families.

    `carried`: inputs with an axis along the tokens whose value at the last token is repeated for every further token.
    `onward(module, ids)`: further inputs that a forward of these tokens from the cache needs. `skipped_blocks(config,
    inputs)`: language blocks that a forward does not go through; the state after one is that before it.
    `alone`: whether views go through the model one by one, because it calls its projector once a picture.
    `closing_marks`: whether the special tokens that close an image belong to its prefix. `first_position`: the position
    id of the first token. `rope_deltas`: path of the tensor (row, 1) by which text positions after an image differ from
    token counts. `answer_type`: the token type of answers, where types decide attention. `cache(output)`: the key-value
    cache of a forward. `new_cache(config)`: an empty one, where the model makes none of itself.
    """

    image_prefix: Literal["causal", "bidirectional", "question", "cross_attention", "decoder", "none"]
    carried: tuple[str, ...] = ()
    onward: Callable[[Any, Tensor], dict[str, Any]] = no_further_inputs
    skipped_blocks: Callable[[Any, Mapping[str, Any]], Collection[int]] = none_skipped
    alone: bool = False
    closing_marks: bool = False
    first_position: int = 0
    rope_deltas: str = ""
    answer_type: int = 0
    cache: Callable[[Any], Any] = attrgetter("past_key_values")
    new_cache: Callable[[Any], Any] | None = None

    @property
    def shares_prefix(self) -> bool:
        """Whether questions continue from one encoding of the image; else each prompt is encoded in full."""
        return self.image_prefix in ("causal", "cross_attention")


@dataclass(frozen=True)
class Limit:
    """How the number of an image's visual tokens is limited.

    `apply(processor, n)`: change a processor so that an image has at most n tokens, None where that is not possible.
    `description`: how, in a few words. `shared_settings`: settings of the image processor that the model's config
    repeats, and that change there too.
    """

    apply: Callable[[Any, int], None] | None = None
    description: str = "cannot be limited"
    shared_settings: tuple[str, ...] = ()


FIXED = Limit(description="fixed")
"""Every image has the same number of tokens."""


def always_valid(config: Any, processor: Any) -> str:
    """Every checkpoint of the family's model types can be read."""
    return ""


@dataclass(frozen=True)
class Family:
    """One family: where its parts are, how its image tokens lie, how it is prompted, and what is encoded once.

    `model_types`: those of the config.json files that this entry reads. `vision_types`: the model types of the vision
    towers that it knows, empty where its models have one of their own. `modules_of(config)`: the paths, where they
    depend on the config. `auto_class`: the class of transformers that loads them. `contrast`: how a contrastive family
    compares an image with captions. `decoder`: what writes answers, where another part reads the prompt. `text_only`:
    whether it can be asked without any image. `own_attention`: whether its language layers call attention of their own
    instead of transformers' interface. `invalid_reason(config, processor)`: why a checkpoint of these types
    cannot be read after all and what to use instead, empty where it can.

    `by_structure`: whether the entry was found in the model's structure; loading such a model runs every check on it.
    `examples`: names of models on a hub. `tested`: what an entry of the table has been proven on.
    """

    name: str
    model_types: tuple[str, ...]
    modules: Modules
    tokens: ImageTokens
    reuse: Reuse
    kind: Literal["generative", "contrastive"] = "generative"
    auto_class: str = "AutoModelForImageTextToText"
    prompt: Prompt = Prompt()
    limit: Limit = Limit()
    contrast: Contrast = COSINES
    decoder: Decoder | None = None
    text_only: bool = True
    own_attention: bool = False
    vision_types: tuple[str, ...] = ()
    modules_of: Callable[[Any], Modules] | None = None
    invalid_reason: Callable[[Any, Any], str] = always_valid
    by_structure: bool = False
    examples: tuple[str, ...] = ()
    tested: str = "random weights"

    def __str__(self) -> str:
        return self.name

    def of(self, config: Any) -> "Family":
        """The entry for one config."""
        return self if self.modules_of is None else replace(self, modules=self.modules_of(config))

    def unknown_tower(self, config: Any) -> str:
        """The model type of a config's vision tower, where this entry does not know it; else empty."""
        vision = getattr(getattr(config, "vision_config", None), "model_type", "")
        return vision if self.vision_types and vision not in self.vision_types else ""

    @property
    def resizes(self) -> bool:
        """Whether the number of an image's tokens may depend on its size."""
        return self.limit != FIXED
