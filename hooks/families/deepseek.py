"""DeepSeek-VL: a SigLIP tower, from 7B on with a SAM tower as well. DeepSeek-VL2: tiles laid out as one plane.

The hybrid's vision sites are those of SigLIP, which reads the picture at low resolution; its projector joins both
towers, patch by patch. No site is in SAM's branch (`high_res_vision_model`, its neck and its convolutions).

transformers has no DeepSeek-VL2, and DeepSeek's own checkpoints bring no code: theirs is a package for transformers
4.38. The entry is for checkpoints that bring code for the installed one (`--trust-remote-code`), with the module and
input names of DeepSeek's, a processor that is called as those of transformers are, and an `image_token_id` in the
config. It is proven on a stand-in in the tests alone; `probe check` proves it on a real one.
"""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .family import FIXED, Family, Limit, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, three_towers, vit_grid, vit_towers

DEEPSEEK_VL = Family(
    name="deepseek_vl",
    model_types=("deepseek_vl", "deepseek_vl_hybrid"),
    modules=Modules(
        vision="model.vision_model.encoder.layers",
        projector="model.aligner",
        language="model.language_model.layers",
        final_norm="model.language_model.norm",
    ),
    tokens=ImageTokens(vit_towers, vit_grid),
    reuse=Reuse(image_prefix="causal"),
    limit=FIXED,
    examples=(
        "deepseek-community/deepseek-vl-1.3b-base",
        "deepseek-community/deepseek-vl-1.3b-chat",
        "deepseek-community/deepseek-vl-7b-base",
        "deepseek-community/deepseek-vl-7b-chat",
    ),
)


def vl2_towers(config: Any) -> dict[str, Tower]:
    """The same three, named as DeepSeek-VL2's config does."""
    return three_towers(config.vision_config.layers, config.vision_config.width, config.language_config)


def vl2_grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The tiles, without the global view; in the language model they form one plane."""
    across, down = (int(n) for n in image["images_spatial_crop"][0, 0])
    side = _side(config, image, tower)
    return (1, down * side, across * side) if tower == "language" else (down * across, side, side)


def _side(config: Any, image: Inputs, tower: str) -> int:
    patches = image["images"].shape[-1] // config.vision_config.patch_size
    return patches if tower == "vision" else math.ceil(patches / config.projector_config.downsample_ratio)


def local_rows(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Split tiles by image, without the global view, which comes first."""
    return [tiles[1:].flatten(0, 1) for tiles in state.split([image["images"].shape[1] for image in images])]


def plane_tokens(config: Any, state: Tensor, image: Inputs) -> Tensor:
    """Positions of the plane, without the global view, the separator between the two and the newline of each row."""
    _, rows, cols = vl2_grid(config, image, "language")
    length = rows * (cols + 1)
    plane = state[-length:] if config.global_view_pos == "head" else state[:length]
    return plane.unflatten(0, (rows, cols + 1))[:, :-1].flatten(0, 1)


def limit_visual_tokens(processor: Any, count: int) -> None:
    """Leave out tilings by which an image has more than `count` tokens, global view and newlines included."""
    kept = [size for size in processor.candidate_resolutions if _tokens(processor, *size) <= count]
    if not kept:
        least = min(_tokens(processor, *size) for size in processor.candidate_resolutions)
        raise ValueError(f"DeepSeek-VL2 needs {least} visual tokens for one tile, not {count}. Give at least {least}.")
    processor.candidate_resolutions = kept


def _tokens(processor: Any, width: int, height: int) -> int:
    each = processor.image_size
    side = math.ceil(each // processor.patch_size / processor.downsample_ratio)
    return side * (side + 1) + 1 + height // each * side * (width // each * side + 1)


DEEPSEEK_VL2 = Family(
    name="deepseek_vl2",
    model_types=("deepseek_vl_v2",),
    modules=Modules(
        vision="vision.blocks",
        projector="projector",
        language="language.model.layers",
        final_norm="language.model.norm",
    ),
    tokens=ImageTokens(vl2_towers, vl2_grid, vision_rows=local_rows, language_rows=plane_tokens),
    reuse=Reuse(image_prefix="causal"),
    auto_class="AutoModelForCausalLM",
    prompt=Prompt(plain="<|User|>: {image}\n{text}\n\n<|Assistant|>:", placeholder="<image>"),
    limit=Limit(limit_visual_tokens, "max tiles"),
    tested="a stand-in",
)

FAMILIES = (DEEPSEEK_VL, DEEPSEEK_VL2)
