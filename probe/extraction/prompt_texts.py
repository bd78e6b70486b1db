"""What the model reads when a sample is asked, as it stands in the run."""

from typing import TYPE_CHECKING

from .. import prompts
from ..sample import Sample

if TYPE_CHECKING:
    from hooks import Blueprint


def prompt_text(blueprint: "Blueprint", sample: Sample, prompt: prompts.PromptName | None, *, pictures: int) -> str:
    """The whole prompt of a sample, or its captions one a line; "" where it cannot be asked."""
    import hooks

    try:
        if blueprint.kind == "contrastive":
            return "\n".join(prompts.captions(sample, prompt))
        return hooks.prompt_text(blueprint, prompts.render(sample, prompt), pictures=pictures)
    except ValueError:  # said when the sample is asked
        return ""
