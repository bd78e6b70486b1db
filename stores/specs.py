"""What a layout is made of: sites, samples, conditions and segmentation models, each a row or a group of the store."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]*")


@dataclass(frozen=True)
class SiteSpec:
    """A place in the model whose activations are kept; all its layers share one group.

    `site` is the canonical text, e.g. `language.layers[-1]:context_last`. `layers` are the stored layer numbers,
    counted from 0 (the input embedding); a site without layers has the single layer 0. `attrs["tower_layers"]` is the
    number of the tower's last layer: it gives negative layers their meaning in `Run.embeddings`. `tokens` is the
    longest token count where the site has a token axis.
    """

    slug: str
    site: str
    layers: tuple[int, ...]
    features: int
    per: Literal["image", "sample"]
    dtype: Literal["float32", "float16", "bfloat16"]
    tokens: int | None = None
    keep_tokens: bool = False
    bands: int = 3
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


@dataclass(frozen=True)
class SampleRow:
    """One sample as the store knows it; `answer` is "" where there is none."""

    sample_id: str
    image_index: int
    question: str
    answer: str
    kind: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConditionRow:
    """One condition; `severity` is -1 where its family has none, `parameters` is a JSON text."""

    condition_id: str
    family: str
    severity: int = -1
    parameters: str = "{}"


@dataclass(frozen=True)
class Segmentation:
    """A segmentation model whose confusion matrices are kept."""

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
