"""Granite 4 Vision: LLaVA-NeXT's tiles and plane, but projectors of their own for several language blocks.

What the first block reads at image positions is the output of one of them, which counts as the projector. The others'
are added between blocks, so that a block's output does not have what the next one reads.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from transformers import DynamicCache

from .family import Modules
from .llava import LLAVA_NEXT

FIRST = "model.layerwise_projectors"


def entering(config: Any) -> int:
    """The place in `deepstack_layer_map` of the pair (vision layer, language block) of the first block, -1 for none."""
    pairs: Sequence[tuple[int, int]] = config.deepstack_layer_map or []
    return next((k for k, (_, block) in enumerate(pairs) if block == 0), -1)


def features_from(config: Any) -> int:
    """The vision layer that the projector of the first block reads, counted from the end."""
    layer = config.deepstack_layer_map[entering(config)][0]
    return layer if layer < 0 else layer - config.vision_config.num_hidden_layers - 1


def modules_of(config: Any) -> Modules:
    """The projector is one of a list."""
    return replace(LLAVA_NEXT.modules, projector=f"{FIRST}.{entering(config)}")


def invalid_reason(config: Any, processor: Any) -> str:
    """Nothing enters the first block where no pair leads to it."""
    if entering(config) < 0:
        return "no picture enters the first language block, so that no projector's output can be read at its input"
    return ""


GRANITE4_VISION = replace(
    LLAVA_NEXT,
    name="granite4_vision",
    model_types=("granite4_vision",),
    tokens=replace(LLAVA_NEXT.tokens, features_from=features_from),
    reuse=replace(LLAVA_NEXT.reuse, new_cache=lambda config: DynamicCache(config=config.get_text_config())),
    modules_of=modules_of,
    invalid_reason=invalid_reason,
    examples=("ibm-granite/granite-4.0-3b-vision",),
)

FAMILIES = (GRANITE4_VISION,)
