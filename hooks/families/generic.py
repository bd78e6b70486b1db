"""An entry for a model that the table does not know, made from its structure; trusted only once every check passes."""

from typing import Any

from .arrangement import arrangement
from .family import Family, Modules, Prompt, Reuse
from .layout import Layout, split_packed
from .structural import Structure, survey
from .tokens import three_towers

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


def generic(config: Any, processor: Any) -> Family:
    """An entry for the model that a config describes: a causal language model that sees a picture's patches.

    A picture is one frame, several crops of one size, or patches packed in a grid of its own, as its processor shows.
    Raises ValueError, which says what was found and what not, where the structure does not give every part.
    """
    found = survey(config, processor)
    if found.lacking:
        raise ValueError(_unlike(config, found))
    layout = Layout(
        arrangement(processor),
        found.leading,
        found.mixes,
        in_tower=found.projectors[0].startswith(found.vision.path.rpartition(".")[0]),
        image_token=lambda config: found.image_token[1],
    )
    return Family(
        name="generic",
        model_types=(config.model_type,),
        modules=Modules(found.vision.path, found.projectors[0], found.language.path, found.final_norm),
        tokens=layout.tokens(
            lambda config: three_towers(
                found.vision.count, found.vision.width, config.get_text_config(), cls=found.leading == 1
            ),
            split_packed if layout.arranged.counted == "image_grid_thw" else None,
        ),
        reuse=Reuse(image_prefix="causal", rope_deltas=found.rope_deltas, closing_marks=True),
        prompt=_prompt(found, processor),
        by_structure=True,
    )


def _prompt(found: Structure, processor: Any) -> Prompt:
    """The mark of a picture where it is not the token at its positions; token types where the model reads them."""
    types = found.reads_types and "mm_token_type_ids" in getattr(processor, "model_input_names", ())
    return Prompt(
        placeholder=getattr(processor, "image_placeholder_token", ""),
        call_settings={"return_mm_token_type_ids": True} if types else {},
    )


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
