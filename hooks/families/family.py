"""What `hooks` must know of a family of models: one frozen entry, and the defaults that most of them share."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .contrast import COSINES, Contrast

Inputs = Mapping[str, Tensor]
"""What the processor made of one image: pixel_values and whatever goes with them."""

LANGUAGE_TOKENS = ("image", "context_last", "answer_mean", "answer_free", "answer_clean")
CAUSAL_LM = "AutoModelForImageTextToText"


def batch_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split states whose batch rows are the images: (image, token, feature) -> per image (token, feature)."""
    return list(state.unbind(0))


def all_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Every image position belongs to the grid: (position, feature) -> (token, feature)."""
    return state


def vit_leading(config: Any) -> int:
    """One CLS token before the patches, but none in SigLIP's tower."""
    return 0 if config.vision_config.model_type.startswith("siglip") else 1


def vit_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """One token per patch of the picture that the processor made, in one frame."""
    height, width = image["pixel_values"].shape[-2:]
    patch = config.vision_config.patch_size
    return (1, height // patch, width // patch)


def image_token_id(config: Any) -> int:
    """The id that stands at an image's positions among the input ids."""
    return config.image_token_id


def features_from(config: Any) -> int:
    """The last of the layers that a config's `vision_feature_layer` names, counted from the end; else the last."""
    named = getattr(config, "vision_feature_layer", -1)
    chosen = [named] if isinstance(named, int) else named
    return max(layer if layer < 0 else layer - config.vision_config.num_hidden_layers - 1 for layer in chosen)


def three_towers(layers: int, features: int, text: Any, *, cls: bool = False) -> dict[str, Tower]:
    """A vision tower, with one CLS an image or none, its projector, and the language model of a text config."""
    kinds = ("patches", "cls", "mean") if cls else ("patches", "mean")
    return {
        "vision": Tower("vision", layers, features, kinds),
        "projector": Tower("projector", 0, text.hidden_size, ("patches", "mean")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, LANGUAGE_TOKENS),
    }


def vit_towers(config: Any) -> dict[str, Tower]:
    """A ViT without CLS, its projector and a language model."""
    vision = config.vision_config
    return three_towers(vision.num_hidden_layers, vision.hidden_size, config.get_text_config())


def cls_vit_towers(config: Any) -> dict[str, Tower]:
    """A ViT with one CLS an image, its projector and a language model."""
    vision = config.vision_config
    return three_towers(vision.num_hidden_layers, vision.hidden_size, config.get_text_config(), cls=True)


@dataclass(frozen=True)
class Family:
    """One family: where it keeps its towers, how its image tokens lie, and how much of a prefix can be used again.

    Paths are those of modules in the loaded model. `vision`, `language`: the module lists of the blocks. `projector`:
    the module whose output enters the language model. `final_norm`: the language model's last norm, which no site has
    applied.

    Image tokens. `grid(config, image, tower)`: layout (tiles, rows, columns) of one processed image in a tower, without
    separators and thumbnails. `features_from(config)`: the vision layer, counted from the end, that the projector
    reads; nothing reads those behind it. `leading(config)`: how many tokens come before a vision state's patches (CLS).
    `vision_rows(config, state, images, tower)`: vision or projector states of a batch, split by image, CLS first and
    patches in grid order. `language_rows(config, state, image)`: of the states at one image's positions in the language
    model, those of the grid, in its order. `image_token(config)`: the input id at those positions.

    Prompt. A chat template is used where the processor has one; else `plain`, in which `{image}` stands for
    `placeholder` (the processor's own `image_token` where empty) and `{text}` for the question. `closing`: what the
    processor itself adds after the prompt. `processor_settings`: with which the processor is loaded.

    Reuse. `image_prefix`: "causal" where states at image positions do not depend on what follows, so that the prompt up
    to the image is encoded once; "bidirectional" where the whole prompt sees itself and "question" where the image's
    own tokens depend on the question: then `encoder`, the module that reads pixels, runs once and every prompt in full,
    and image-level sites are read under the empty question; "cross_attention" where language layers look at the image
    from outside the sequence; "none" in contrastive families. `carried`: inputs with an axis along the tokens whose
    value at the last one goes on with every further token. `onward(module, ids)`: further inputs that a forward of
    these tokens from the cache needs. `passed_by(config, inputs)`: language blocks that a forward does not go through;
    a state after one is that before it. `first_position`: the position id of the first token. `rope_deltas`: path of
    the tensor (row, 1) by which text positions after an image differ from token counts. `answer_type`: the token type
    of answers, where types decide attention. `cache(output)`: the key-value cache of a forward.

    `generator`: path of the module whose `generate` the model's own hands on to, where it is not the model.
    `refuses(config, processor)`: why a checkpoint of these types cannot be read after all and what to use instead,
    empty where it can.

    `contrast`: how a contrastive family compares an image with captions.

    `set_visual_tokens(processor, n)`: hold an image to at most n tokens, None where that cannot be done; `budget` says
    in a few words how, "fixed" where every image has as many. `shared_settings`: those of the image processor that the
    model's config repeats and that change with it. `text_only`: whether it can be asked without any image.

    `by_structure`: whether the entry was found in the model's structure; loading such a model runs every check on it.
    `examples`: names of models on a hub. `tested`: what an entry of the table has been proven on.
    """

    name: str
    model_types: tuple[str, ...]
    kind: Literal["generative", "contrastive"]
    auto_class: str
    vision: str
    towers: Callable[[Any], dict[str, Tower]]
    grid: Callable[[Any, Inputs, str], Grid]
    image_prefix: Literal["causal", "bidirectional", "question", "cross_attention", "none"]
    language: str = ""
    projector: str = ""
    final_norm: str = ""
    encoder: str = ""
    features_from: Callable[[Any], int] = features_from
    leading: Callable[[Any], int] = lambda config: 0
    vision_rows: Callable[[Any, Tensor, Sequence[Inputs], str], list[Tensor]] = batch_rows
    language_rows: Callable[[Any, Tensor, Inputs], Tensor] = all_tokens
    image_token: Callable[[Any], int] = image_token_id
    contrast: Contrast = COSINES
    plain: str = "{image}{text}"
    placeholder: str = ""
    closing: str = ""
    processor_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    carried: tuple[str, ...] = ()
    onward: Callable[[Any, Tensor], dict[str, Any]] = lambda module, ids: {}
    passed_by: Callable[[Any, Mapping[str, Any]], Collection[int]] = lambda config, inputs: ()
    first_position: int = 0
    rope_deltas: str = ""
    answer_type: int = 0
    cache: Callable[[Any], Any] = attrgetter("past_key_values")
    generator: str = ""
    refuses: Callable[[Any, Any], str] = lambda config, processor: ""
    set_visual_tokens: Callable[[Any, int], None] | None = None
    shared_settings: tuple[str, ...] = ()
    budget: str = "cannot be held"
    text_only: bool = True
    by_structure: bool = False
    examples: tuple[str, ...] = ()
    tested: str = "random weights"

    def __str__(self) -> str:
        return self.name

    @property
    def resizes(self) -> bool:
        """Whether the number of an image's tokens may depend on its size."""
        return self.budget != "fixed"

    @property
    def shares_prefix(self) -> bool:
        """Whether questions continue from one encoding of the image; else each prompt is encoded in full."""
        return self.image_prefix in ("causal", "cross_attention")
