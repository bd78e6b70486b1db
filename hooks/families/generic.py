"""An entry for a model that the table does not know, made from its structure; trusted only once every check passes."""

from collections.abc import Sequence
from math import isqrt, prod
from typing import Any

from torch import Tensor

from ..reading import Grid
from .family import Family, Modules, Reuse
from .structural import Structure, survey
from .tokens import ImageTokens, Inputs, three_towers

SKELETON = """Family(
    name="{name}",
    model_types=("{name}",),
    modules=Modules(
        vision="{vision}",
        projector="{projector}",
        language="{language}",
        final_norm="{final_norm}",
    ),
    tokens=ImageTokens(towers, grid),
    reuse=Reuse(image_prefix="causal"),
)"""


def generic(config: Any) -> Family:
    """An entry for the model that a config describes: one frame a picture, and a causal language model.

    Raises ValueError, which says what was found and what not, where the structure does not give every part.
    """
    found = survey(config)
    if found.lacking:
        raise ValueError(_unlike(config, found))
    return Family(
        name="generic",
        model_types=(config.model_type,),
        modules=Modules(found.vision.path, found.projectors[0], found.language.path, found.final_norm),
        tokens=ImageTokens(
            towers=lambda config: three_towers(
                found.vision.count, found.vision.width, config.get_text_config(), cls=found.leading == 1
            ),
            grid=lambda config, image, tower: _grid(config, image, tower, found),
            leading=lambda config: found.leading,
            vision_rows=_by_picture,
            image_token=lambda config: found.image_token[1],
        ),
        reuse=Reuse(image_prefix="causal"),
        by_structure=True,
    )


def _grid(config: Any, image: Inputs, tower: str, found: Structure) -> Grid:
    """Patches of one frame; after it as many rows and columns fewer as there are image positions fewer.

    Positions that do not come of merging squares of patches have no layout: (1, 1, position).
    """
    pixels = image["pixel_values"]
    if pixels.ndim < 4 or prod(pixels.shape[:-3]) != 1:
        raise ValueError(
            f"a picture becomes pixels {tuple(pixels.shape)}, not one frame. Write an entry for the family."
        )
    down, across = _pair(config.vision_config.patch_size)
    rows, cols = pixels.shape[-2] // down, pixels.shape[-1] // across
    if tower == "vision":
        return (1, rows, cols)
    positions = int((image["input_ids"] == found.image_token[1]).sum())
    merge = isqrt(rows * cols // positions) if positions else 0
    if merge and not found.mixes and rows % merge == cols % merge == 0 and rows * cols == positions * merge**2:
        return (1, rows // merge, cols // merge)
    return (1, 1, positions)


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


def _by_picture(config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
    """Cut states by image, whether it is a batch row or not: (..., feature) -> per image (token, feature)."""
    return list(state.reshape(len(images), -1, state.shape[-1]).unbind(0))


def _unlike(config: Any, found: Structure) -> str:
    """What is missing, what is there, and which entry to write."""
    if found.problem:
        return f"its model cannot be built to look for one by structure ({found.problem})."
    if config.get_text_config() is config and getattr(config, "vision_config", None) is None:
        kinds = ", ".join(map(str, found.stacks)) or "none"
        return f"it has no vision tower: its config has no vision_config. Lists of blocks: {kinds}."
    lists = "".join(f"\n  {each}" for each in found.stacks) or " none"
    name, value = found.image_token
    token = f"{name} = {value}" if name else "none in the config"
    skeleton = SKELETON.format(
        name=config.model_type,
        vision=found.vision.path or "?",
        projector=" or ".join(found.projectors) or "?",
        language=found.language.path or "?",
        final_norm=found.final_norm or "?",
    )
    return (
        f"its structure does not show {', '.join(found.lacking)}.\n"
        f"Lists of blocks:{lists}\n"
        f"Projector: {', '.join(found.projectors) or 'none'}\nImage token: {token}\n"
        f"Write an entry in hooks/families, add it to FAMILIES there, and run `probe check` on the model:\n{skeleton}"
    )
