"""The layout of a run's store: which arrays there are, and which files of them each unit owns."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .arrays import Array, Unit
from .catalogue import OPTION_AXES, arrays_of
from .files import plain
from .specs import ConditionRow, SampleRow, Segmentation, SiteSpec, Sizes, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA_VERSION = 3
"""Increases with every change of names, dims or meaning."""


@dataclass(frozen=True)
class Layout:
    """The complete shape of a run, known before anything is computed.

    Images keep their order, `block_size` to a block. The samples of a block are ordered by image and padded to the
    number of samples of the fullest block, with rows marked `valid=False`. `pictures` are measured on the pictures of
    each image under each condition; `answers` stand beside the scores, for each option
    or for each answer.
    """

    block_size: int
    image_ids: tuple[str, ...]
    samples: tuple[SampleRow, ...]
    conditions: tuple[ConditionRow, ...]
    sites: tuple[SiteSpec, ...] = ()
    compress: bool = False
    segmentations: tuple[Segmentation, ...] = ()
    pictures: tuple[Variable, ...] = ()
    answers: tuple[Variable, ...] = ()

    def __post_init__(self) -> None:
        if self.block_size < 1 or not self.image_ids or not self.conditions:
            raise ValueError(
                f"a layout needs block_size >= 1, images and conditions, but has block_size={self.block_size}, "
                f"{len(self.image_ids)} images, {len(self.conditions)} conditions."
            )
        _refuse_duplicates("image id", self.image_ids)
        _refuse_duplicates("sample id", tuple(row.sample_id for row in self.samples))
        _refuse_duplicates("condition id", tuple(row.condition_id for row in self.conditions))
        _refuse_duplicates("site slug", tuple(site.slug for site in self.sites))
        _refuse_duplicates("name of what is measured on pictures", tuple(one.name for one in self.pictures))
        for one in (*self.pictures, *self.answers):
            known = {*one.lengths, *(OPTION_AXES if one in self.answers else ())}
            if unknown := [axis for axis in one.axes if axis not in known]:
                raise ValueError(f"axis {unknown[0]!r} of variable {one.name!r} has no length. Set it in `lengths`.")
        for row in self.samples:
            if not 0 <= row.image_index < len(self.image_ids):
                raise ValueError(
                    f"sample {row.sample_id!r} asks about image {row.image_index}; there are {len(self.image_ids)}."
                )

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return math.ceil(len(self.image_ids) / self.block_size)

    @cached_property
    def _by_block(self) -> tuple[tuple[SampleRow, ...], ...]:
        blocks: list[list[SampleRow]] = [[] for _ in range(self.blocks)]
        for row in sorted(self.samples, key=lambda row: row.image_index):  # stable: given order within an image
            blocks[row.image_index // self.block_size].append(row)
        return tuple(map(tuple, blocks))

    @cached_property
    def samples_per_block(self) -> int:
        """Sample rows that every block has, padding included."""
        return max(map(len, self._by_block))

    @property
    def max_options(self) -> int:
        """Length of the option axis: at least 1, also in a run of open questions."""
        return max([1, *(len(row.options) for row in self.samples)])

    @property
    def max_references(self) -> int:
        """Length of the reference axis of the table of samples, at least 1."""
        return max([1, *(len(row.references) for row in self.samples)])

    def units(self) -> tuple[Unit, ...]:
        """Every unit, block by block, clean first."""
        return tuple(Unit(b, c) for b in range(self.blocks) for c in range(len(self.conditions)))

    def rows(self, block: int) -> slice:
        """The image rows of a block."""
        return slice(block * self.block_size, min((block + 1) * self.block_size, len(self.image_ids)))

    def sample_rows(self, block: int) -> slice:
        """The sample rows of a block, padding included."""
        return slice(block * self.samples_per_block, (block + 1) * self.samples_per_block)

    def block_samples(self, block: int) -> tuple[SampleRow, ...]:
        """The real samples of a block in the order of their rows; the block's remaining rows are padding."""
        return self._by_block[block]

    @cached_property
    def _sample_index(self) -> dict[str, int]:
        return {
            row.sample_id: block * self.samples_per_block + k
            for block, rows in enumerate(self._by_block)
            for k, row in enumerate(rows)
        }

    def sample_index(self, sample_id: str) -> int:
        """The padded row of a sample. Raises KeyError where there is no such sample."""
        return self._sample_index[sample_id]

    @property
    def sizes(self) -> Sizes:
        """The lengths of the shared axes."""
        return Sizes(
            len(self.image_ids), len(self.conditions), self.block_size, self.samples_per_block, self.max_options
        )

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """Every array that units fill, by path."""
        answers = self.answers if self.samples else None
        found = arrays_of(self.sizes, self.sites, self.segmentations, self.pictures, answers)
        return {array.path: array for array in found}

    def unit_arrays(self, unit: Unit) -> Mapping[str, Array]:
        """The arrays that this unit must fill: all of them for condition 0, else those with a condition axis."""
        return {path: array for path, array in self.arrays.items() if array.per_condition or unit.condition == 0}

    def blank(self, unit: Unit) -> "dict[str, NDArray[Any]]":
        """A payload of fill values: every array of the unit in its shape and type."""
        return {path: array.full(array.unit_shape(unit.block)) for path, array in self.unit_arrays(unit).items()}

    def bytes_on_disk(self) -> int:
        """Bytes of the finished run's numbers (uncompressed, longest token counts); texts and metadata come on top."""
        clean = sum(a.unit_bytes(b) for a in self.arrays.values() for b in range(self.blocks))
        each = sum(a.unit_bytes(b) for a in self.arrays.values() if a.per_condition for b in range(self.blocks))
        return clean + each * (len(self.conditions) - 1)

    def files(self) -> int:
        """Number of chunk and marker files of the finished run."""
        return sum(1 + sum(1 for a in self.unit_arrays(u).values() for _ in a.files(u)) for u in self.units())

    def summary(self) -> dict[str, Any]:
        """The layout as the ledger stores it, in plain JSON: sizes, sites and a hash of the tables."""
        tables = repr((self.image_ids, self._by_block, self.conditions))
        content = {
            **asdict(self.sizes),
            "tables": sha256(tables.encode()).hexdigest(),
            "samples": len(self.samples),
            "families": dict(Counter(row.family for row in self.conditions)),
            "compress": self.compress,
            "sites": [asdict(site) for site in self.sites],
            "segmentations": [asdict(segmentation) for segmentation in self.segmentations],
        }
        if self.pictures:
            content["pictures"] = [asdict(variable) for variable in self.pictures]
        if self.answers:
            content["answers"] = [asdict(variable) for variable in self.answers]
        return json.loads(json.dumps(content, default=plain))


def _refuse_duplicates(what: str, ids: tuple[str, ...]) -> None:
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        duplicate = next(name for name in ids if name in seen or seen.add(name))
        raise ValueError(f"{what} {duplicate!r} occurs more than once. Each must be unique.")
