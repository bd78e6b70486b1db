"""The choices that determine the numbers of a run."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from hooks import settings
from hooks.load_options import Dtype, LoadOptions, Quantize

from .. import prompts
from .readouts import ReadoutName

if TYPE_CHECKING:
    from ..datasets.options import Options

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
    prompt: prompts.PromptName | tuple[prompts.PromptName, ...] | None = None
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
    first: int | None = None
    columns: tuple[str, ...] = ()
    dataset_revision: str | None = None
    outside_paths: bool = False
    max_pixels: int | None = None
    free_answers: bool = False
    forms: bool = False
    keep_thumbnails: bool = False
    end_of_turn: bool = False
    pictures_on_device: bool = False
    readouts: tuple[ReadoutName, ...] = ()

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "model": settings.place("model", self.model),
            "dataset": settings.place("dataset", self.dataset),
            "perturb": settings.texts("perturb", self.perturb),
            "sites": settings.texts("sites", self.sites),
            "keep": settings.choice("keep", self.keep, get_args(Keep)),
        }
        names = settings.texts("readouts", self.readouts)
        plain["readouts"] = tuple(settings.choice("readouts", name, get_args(ReadoutName)) for name in names)
        if self.prompt is not None:
            plain["prompt"] = _prompt(self.prompt)
        if self.max_new_tokens is not None:
            plain["max_new_tokens"] = settings.whole("max new tokens", self.max_new_tokens, least=1)
        for name in ("free_answers", "forms", "keep_thumbnails", "end_of_turn"):
            plain[name] = settings.switch(name.replace("_", " "), getattr(self, name))
        part = self.part
        plain |= {ours: getattr(part, theirs) for ours, theirs in PART.items()}
        loading = LoadOptions(**{name: getattr(self, name) for name in LOADING})
        plain |= {name: getattr(loading, name) for name in LOADING}
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.keep == "answers" and self.sites:
            raise ValueError(f"keep 'answers' stores no states, so not those of {', '.join(self.sites)}. Keep pooled.")

    @property
    def wording(self) -> prompts.PromptName | None:
        """The one prompt of all samples; None where each has its own."""
        return self.prompt if isinstance(self.prompt, str) else None

    @property
    def part(self) -> "Options":
        """Which part of the dataset is read, and how."""
        from ..datasets.options import Options

        return Options(**{theirs: getattr(self, ours) for ours, theirs in PART.items()})


def _prompt(given: Any) -> str | tuple[str, ...] | None:
    """One prompt by its name, several as a tuple, None for none; ValueError for an unknown one and one named twice."""
    if isinstance(given, str):
        return settings.choice("prompt", given, prompts.NAMES)
    names = tuple(settings.choice("prompt", name, prompts.NAMES) for name in settings.texts("prompt", given))
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ValueError(f"prompt {twice!r} is named twice. Name each prompt once.")
    return names if len(names) > 1 else names[0] if names else None


PART = {
    "limit": "limit",
    "first": "first",
    "seed": "seed",
    "columns": "columns",
    "dataset_revision": "revision",
    "outside_paths": "outside_paths",
    "max_pixels": "max_pixels",
}
"""The settings that say which part of a dataset is read, and what they are called there."""

LATER: dict[str, Any] = {
    "adapter": None,
    "first": None,
    "columns": (),
    "dataset_revision": None,
    "outside_paths": False,
    "max_pixels": None,
    "free_answers": False,
    "forms": False,
    "keep_thumbnails": False,
    "end_of_turn": True,
    "pictures_on_device": False,
    "readouts": (),
}
"""Settings that came later, with what runs did before: that stays out of a plan's record, so that older hashes stay."""

LOADING = (
    "dtype",
    "quantize",
    "double_quantization",
    "visual_tokens",
    "plain",
    "revision",
    "adapter",
    "pictures_on_device",
)
"""The settings that say how the model is loaded."""
