"""Does a model fit its family's entry? Findings from small forwards on synthetic images, for `probe check MODEL`."""

from typing import TYPE_CHECKING

from . import batched, long_prompts, scores, states, structure
from .distance import distance, readings
from .finding import Check, Finding, found
from .scores import counted_vision

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["Finding", "check", "counted_vision", "distance", "readings"]

SHARED: tuple[tuple[str, Check], ...] = (
    ("module paths", structure.paths),
    ("token counts equal grids", structure.token_counts),
    ("states are finite", states.finite),
    ("patches are in row-major order", structure.row_major),
    ("pictures of a view are kept apart", structure.kept_apart),
    ("replacing a state moves what follows", states.replacing),
    ("vision runs once per image", scores.vision_once),
)
GENERATIVE: tuple[tuple[str, Check], ...] = (
    *SHARED,
    ("projected tokens are what enters the language model", states.projected),
    ("projected tokens lie where their patches do", structure.projected_in_place),
    ("states equal output_hidden_states", states.hidden_states),
    ("prompts are the processor's own", scores.prompts),
    ("encode-once equals whole forwards", scores.encode_once),
    ("batch and padding change nothing", scores.batches),
    ("a batch changes no state", batched.states),
    ("long prompts are read whole", long_prompts.long_prompt),
    ("greedy answers are the model's own", scores.greedy),
)
CONTRASTIVE: tuple[tuple[str, Check], ...] = (*SHARED, ("scores are the model's logits", scores.logits))

CHECKS = {"generative": GENERATIVE, "contrastive": CONTRASTIVE}
"""The checks by the kind of a model."""


def check(model: "Model") -> list[Finding]:
    """Run every check of the model's kind; one that fails does not stop the others."""
    return [found(name, run, model) for name, run in CHECKS[model.kind]]
