"""The choices that determine the numbers of a run."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from hooks import settings
from hooks.load_options import Dtype, LoadOptions, Quantize

from .. import prompts

Keep = Literal["tokens", "pooled", "answers"]


@dataclass(frozen=True)
class Settings:
    """The choices that determine the numbers of a run; each is an option of `probe extract`.

    Paths, numpy's numbers and single texts become what they stand for. ValueError for what cannot be, in the words
    that both Python and the command line show; what only a model or a dataset can tell is refused by the plan.
    """

    model: str
    dataset: str
    perturb: tuple[str, ...] = ("invariance",)
    sites: tuple[str, ...] = ()
    prompt: prompts.PromptName | None = None
    limit: int | None = None
    seed: int = 0
    keep: Keep = "pooled"
    dtype: Dtype = "auto"
    quantize: Quantize | None = None
    double_quantization: bool = False
    visual_tokens: int | None = None
    plain: bool = False
    revision: str | None = None
    adapter: str | None = None
    max_new_tokens: int | None = None

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "model": settings.place("model", self.model),
            "dataset": settings.place("dataset", self.dataset),
            "perturb": settings.texts("perturb", self.perturb),
            "sites": settings.texts("sites", self.sites),
            "seed": settings.whole("seed", self.seed),
            "keep": settings.choice("keep", self.keep, get_args(Keep)),
        }
        if self.prompt is not None:
            plain["prompt"] = settings.choice("prompt", self.prompt, prompts.NAMES)
        if self.max_new_tokens is not None:
            plain["max_new_tokens"] = settings.whole("max new tokens", self.max_new_tokens, least=1)
        if self.limit is not None:
            plain["limit"] = settings.whole("limit", self.limit, least=1)
        loading = LoadOptions(**{name: getattr(self, name) for name in LOADING})
        plain |= {name: getattr(loading, name) for name in LOADING}
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.keep == "answers" and self.sites:
            raise ValueError(f"keep 'answers' stores no states, so not those of {', '.join(self.sites)}. Keep pooled.")


LATER = ("adapter",)
"""Settings that came later: where they are not set they stay out of a plan's record, so that older hashes stay."""

LOADING = ("dtype", "quantize", "double_quantization", "visual_tokens", "plain", "revision", "adapter")
"""The settings that say how the model is loaded."""
