"""Where an image's tokens lie in each tower: the entry's part that says so, and functions that many entries share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of

Inputs = Mapping[str, Tensor]
"""The processor's output for one picture: pixel_values and further inputs."""


def batch_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split states whose batch rows are the images: (image, token, feature) -> per image (token, feature)."""
    return list(state.unbind(0))


def all_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Every image position belongs to the grid: (position, feature) -> (token, feature)."""
    return state


def no_leading(config: Any) -> int:
    """No token comes before the patches."""
    return 0


def vit_leading(config: Any) -> int:
    """One CLS token before the patches, but none in SigLIP's tower."""
    return 0 if config.vision_config.model_type.startswith("siglip") else 1


def vit_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """One token per patch of the processed picture, in one tile."""
    height, width = image["pixel_values"].shape[-2:]
    patch = config.vision_config.patch_size
    return (1, height // patch, width // patch)


def image_token_id(config: Any) -> int:
    """The input id at an image's positions."""
    return config.image_token_id


def features_from(config: Any) -> int:
    """The last of the layers that a config's `vision_feature_layer` names, counted from the end; else the last."""
    named = getattr(config, "vision_feature_layer", -1)
    chosen = [named] if isinstance(named, int) else named
    return max(layer if layer < 0 else layer - config.vision_config.num_hidden_layers - 1 for layer in chosen)


def three_towers(layers: int, features: int, text: Any, *, cls: bool = False) -> dict[str, Tower]:
    """A vision tower, with one CLS an image or none, its projector, and the language model of a text config."""
    kinds = kinds_of("vision", without=("pooled",) if cls else ("cls", "pooled"))
    return {
        "vision": Tower("vision", layers, features, kinds),
        "projector": Tower("projector", 0, text.hidden_size, kinds_of("projector")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, kinds_of("language")),
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
class ImageTokens:
    """The towers of a family and the layout of an image's tokens in them.

    `towers(config)`: the towers by name, with their numbers of layers, widths and kinds of states. `grid(config, image,
    tower)`: layout (tiles, rows, columns) of one processed image in a tower, without separators and thumbnails.
    `features_from(config)`: the vision layer, counted from the end, that the projector reads; later layers have no
    effect. `leading(config)`: how many tokens come before a vision state's patches (CLS). `vision_rows(config, state,
    images, tower)`: vision or projector states of a batch, split by image, CLS first and patches in grid order.
    `language_rows(config, state, image)`: of the states at one image's positions in the language model, those of the
    grid, in its order. `image_token(config)`: the input id at those positions, below 0 where there are none.
    `places(config, inputs)`: which states of the language model are an image's, (row, position), where ids do not say.
    `split_pictures(config, view)`: the inputs of each picture, from the processor's output for several pictures and one
    prompt; None where a view has one picture. A picture's share of the image positions is its share of the pixels
    (`pixel_values`).
    """

    towers: Callable[[Any], dict[str, Tower]]
    grid: Callable[[Any, Inputs, str], Grid]
    features_from: Callable[[Any], int] = features_from
    leading: Callable[[Any], int] = no_leading
    vision_rows: Callable[[Any, Tensor, Sequence[Inputs], str], list[Tensor]] = batch_rows
    language_rows: Callable[[Any, Tensor, Inputs], Tensor] = all_tokens
    image_token: Callable[[Any], int] = image_token_id
    places: Callable[[Any, Inputs], Tensor] | None = None
    split_pictures: Callable[[Any, Inputs], list[Inputs]] | None = None

    def at_image(self, config: Any, inputs: Inputs) -> Tensor:
        """Which states of the language model are an image's: (row, position) bool."""
        return inputs["input_ids"] == self.image_token(config) if self.places is None else self.places(config, inputs)

    @property
    def several(self) -> bool:
        """Whether a view may have several pictures."""
        return self.split_pictures is not None
