"""How a contrastive family compares an image with captions: what it embeds, how texts are tokenised, what scores."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from torch import Tensor, nn

Captions = dict[str, Tensor]
"""The processor's encoding of captions: input_ids (caption, token) and further inputs."""

Match = Callable[[nn.Module, Any, Captions], Tensor]
"""(model, output of the image tower for one image, captions) -> scores (caption)."""


def pooler_output(module: nn.Module, encoded: Any) -> Tensor:
    """The projected image features, as most models return them: (image, feature)."""
    return encoded.pooler_output


def text_positions(config: Any) -> int:
    """One token for each position of the text tower."""
    return config.text_config.max_position_embeddings


def scaled_cosine(module: nn.Module, image: Tensor, text: Tensor) -> Tensor:
    """Image-text logits, logit scale x cosine: (image, feature), (text, feature) -> (image, text)."""
    image, text = (x / x.norm(dim=-1, keepdim=True) for x in (image, text))
    return image @ text.T * module.get_parameter("logit_scale").exp()


def tempered_cosine(module: nn.Module, image: Tensor, text: Tensor) -> Tensor:
    """Image-text logits, cosine / temperature: (image, feature), (text, feature) -> (image, text)."""
    image, text = (x / x.norm(dim=-1, keepdim=True) for x in (image, text))
    return image @ text.T / module.get_parameter("temperature")


def text_features(module: Any, captions: Captions) -> Tensor:
    """The projected text features, as most models return them: (caption, feature)."""
    return module.get_text_features(**captions).pooler_output


def captions_alone(config: Any, captions: Captions) -> Captions:
    """The model's own forward takes captions as the processor encodes them by themselves."""
    return captions


@dataclass(frozen=True)
class Contrast:
    """The comparison of one family.

    `image_method`: the model's method or submodule that takes the image processor's output. `embedding(module,
    encoded)`: from what that returns, the vector that represents each image, not normalised: (image, feature).
    `text(module, captions)`: the same of captions: (caption, feature).

    `caption(text)`: the text as the model was trained to read it. `longest(config)`: how many tokens a caption may
    have. `padded`: whether every caption is padded to that length, because the model was trained so.

    A caption's score is `similarity(module, image, text)` of embeddings, captions being encoded once for all images,
    or, where the text tower itself attends to the image, `match(module, encoded, captions)` of one image with each
    caption: (caption). `output_score(output)`: that score in the output of the model's own forward on one image and one
    caption; `with_image(config, captions)`: the captions as that forward takes them beside an image.
    """

    image_method: str = "get_image_features"
    embedding: Callable[[nn.Module, Any], Tensor] = pooler_output
    text: Callable[[nn.Module, Captions], Tensor] = text_features
    caption: Callable[[str], str] = str
    longest: Callable[[Any], int] = text_positions
    padded: bool = False
    similarity: Callable[[nn.Module, Tensor, Tensor], Tensor] = scaled_cosine
    match: Match | None = None
    output_score: Callable[[Any], Tensor] = attrgetter("logits_per_image")
    with_image: Callable[[Any, Captions], Captions] = captions_alone


COSINES = Contrast()
"""CLIP's: cosines of projected features, times a learned scale."""
