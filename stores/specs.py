"""What a layout is made of: sites with their variables, samples, conditions and segmentation models."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

OURS = "this project"
"""The source of a variable that no paper defines."""

TABLES = {
    "images": ("image_id",),
    "conditions": ("condition_id", "family", "severity", "parameters"),
    "samples": (
        "sample_id", "image_index", "question", "prompt_text", "answer", "kind", "dataset", "metadata", "valid",
    ),
}  # fmt: skip
"""The columns of the tables that are made with a run, by group; samples are there where a run has some."""

LISTS = ("option_text", "reference_text")
"""The tables of samples that have several texts for each."""

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]*")
_OF_EVERY_SITE = frozenset({"pooled", "tokens", "grid", "n_tokens", "layer"})


@dataclass(frozen=True)
class Variable:
    """A quantity stored for each row and condition of a site, such as one number per layer, or of the pictures shown.

    `axes` follow (image|sample, condition). A site gives "layer", "token" and "feature" their lengths; `lengths`
    gives those of all other axes. `unit` and `meaning` become the attributes `units` and `long_name`, and `paper` is
    the source of the definition.
    """

    name: str
    axes: tuple[str, ...]
    dtype: Literal["float32", "float16", "int32", "string"]
    unit: str
    meaning: str
    paper: str = OURS
    lengths: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Variable":
        """The variable whose `dataclasses.asdict` went through JSON."""
        return cls(**_with_tuple(written, "axes"))


@dataclass(frozen=True)
class SiteSpec:
    """A site of the model whose activations are stored; all its layers share one group.

    `site` is the canonical text, e.g. `language.layers[-1]:context_last`. `layers` are the stored layer numbers,
    counted from 0 (the input embedding); a site without layers has the single layer 0. `attrs["tower_layers"]` is the
    number of the tower's last layer, from which negative layers count in `Run.embeddings`. `tokens` is the longest
    token count where the site has a token axis. `unit` is that of the activations. `variables` are stored beside the
    pooled vectors.
    """

    slug: str
    site: str
    layers: tuple[int, ...]
    features: int
    per: Literal["image", "sample"]
    dtype: Literal["float32", "float16", "bfloat16"]
    tokens: int | None = None
    keep_tokens: bool = False
    unit: str = "model units"
    variables: tuple[Variable, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug):
            raise ValueError(f"slug {self.slug!r} names a folder: letters, digits and _.@+- only.")
        if not self.layers or min(self.layers) < 0 or len(set(self.layers)) < len(self.layers):
            raise ValueError(f"site {self.site!r}: layers {self.layers} must be resolved numbers >= 0, each once.")
        if self.tokens is not None and (self.per != "image" or self.tokens < 1):
            raise ValueError(f"site {self.site!r}: only a site per image has a token axis, of at least 1 token.")
        if self.keep_tokens and self.tokens is None:
            raise ValueError(f"site {self.site!r} has no token axis, so it cannot keep tokens. Set keep_tokens=False.")
        names = [variable.name for variable in self.variables]
        if taken := sorted(_OF_EVERY_SITE.intersection(names) | {name for name in names if names.count(name) > 1}):
            raise ValueError(f"site {self.site!r}: the variable name {taken[0]!r} is taken. Give each its own.")
        for variable in self.variables:
            self.lengths(variable)

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "SiteSpec":
        """The site whose `dataclasses.asdict` went through JSON."""
        variables = tuple(map(Variable.from_json, written["variables"]))
        values: dict[str, Any] = _with_tuple(written, "layers") | {"variables": variables}
        return cls(**values)

    def lengths(self, variable: Variable) -> dict[str, int]:
        """The length of each of a variable's axes at this site.

        Raises ValueError for an axis whose length neither the site nor the variable knows.
        """
        known = {"layer": len(self.layers), "feature": self.features, **variable.lengths}
        if self.tokens is not None:
            known["token"] = self.tokens
        if unknown := [axis for axis in variable.axes if axis not in known]:
            raise ValueError(
                f"site {self.site!r}: axis {unknown[0]!r} of variable {variable.name!r} has no length. Set it in "
                "`lengths`; a token axis needs a site with tokens."
            )
        return {axis: known[axis] for axis in variable.axes}


def _with_tuple(written: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**written, name: tuple(written[name])}


@dataclass(frozen=True)
class SampleRow:
    """One row of the table of samples; `answer` is "" where there is none.

    `references` are all right answers, `metadata` is a JSON object as text, `dataset` the name of the sample's dataset,
    `prompt_text` the text that the model reads.
    """

    sample_id: str
    image_index: int
    question: str
    answer: str
    kind: str
    options: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    metadata: str = "{}"
    dataset: str = ""
    prompt_text: str = ""


@dataclass(frozen=True)
class ConditionRow:
    """One row of the table of conditions; `severity` is -1 where its family has none, `parameters` is a JSON text."""

    condition_id: str
    family: str
    severity: int = -1
    parameters: str = "{}"


@dataclass(frozen=True)
class Segmentation:
    """A segmentation model whose confusion matrices are stored."""

    slug: str
    classes: int = 19


@dataclass(frozen=True)
class Sizes:
    """Lengths of the axes that all arrays share."""

    images: int
    conditions: int
    block_size: int
    samples_per_block: int
    options: int

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return math.ceil(self.images / self.block_size)

    @property
    def samples(self) -> int:
        """Sample rows, padding included."""
        return self.blocks * self.samples_per_block
