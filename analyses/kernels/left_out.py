"""Sums of two kernels without some of their rows, for many blocks of rows at once.

Nothing is computed anew: a block's rows are taken from the sums over all. Samples are rows; sums are in float64.
"""

# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# array_api_compat's stubs leave some return types open.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device


@dataclass(frozen=True)
class LeftOut:
    """What the kernels' rows sum to without the rows of each of some blocks.

    `taken` (row, sample) are the kernels' rows of all blocks one after the other, `held` (block, row) 1 where a row is
    a block's, `places` (row) where it lies among the samples; `kept` (block, sample) 1 for what is not left out,
    `count` (block) how many that are, nan where none is. `own` (sample) are the diagonals, `rows` (block, sample) the
    sums of what is kept of the kernels' rows, 0 for rows left out.
    """

    taken: tuple[Any, Any]
    held: Any
    places: Any
    kept: Any
    count: Any
    own: tuple[Any, Any]
    rows: tuple[Any, Any]

    @staticmethod
    def of(own: Any, rows: Any, taken: Any, places: Any, sizes: Sequence[int]) -> "LeftOut":
        """Of all diagonals and sums of rows, (sample) twice each, and blocks of so many rows, one after the other."""
        xp: Any = array_namespace(*own)
        of, kept = np.zeros((len(sizes), sum(sizes))), np.ones((len(sizes), own[0].shape[0]))
        block = np.repeat(np.arange(len(sizes)), sizes)
        of[block, np.arange(len(block))] = 1.0
        kept[block, np.asarray([int(place) for place in places], np.intp)] = 0.0
        of, kept = (xp.asarray(each, device=device(own[0])) for each in (of, kept))
        left = tuple((whole[None, :] - of @ part) * kept for whole, part in zip(rows, taken, strict=True))
        count = xp.sum(kept, axis=1)
        return LeftOut(taken, of, places, kept, xp.where(count > 0, count, xp.nan), own, left)

    def products(self, a: int, b: int) -> Any:
        """(block) what the sum of the kernels' products loses: the block's rows and columns, once where both meet."""
        xp: Any = array_namespace(self.held)
        crossed, among = self.taken[a] * self.taken[b], self.held.T @ self.held
        inner = self.taken[a][:, self.places] * self.taken[b][:, self.places] * among
        return self.held @ (2 * xp.sum(crossed, axis=1) - xp.sum(inner, axis=1))

    def trace(self, side: int) -> Any:
        """(block) the trace of a kernel that is centred anew."""
        xp: Any = array_namespace(self.held)
        return self.kept @ self.own[side] - xp.sum(self.rows[side], axis=1) / self.count

    def biased(self, product: Any, a: int, b: int) -> Any:
        """(block) as `_biased_of_sums`."""
        xp: Any = array_namespace(self.held)
        x, y = self.rows[a], self.rows[b]
        ends = xp.sum(x, axis=1) * xp.sum(y, axis=1) / self.count**2
        return product - 2 / self.count * xp.sum(x * y, axis=1) + ends

    def unbiased(self, product: Any, a: int, b: int) -> Any:
        """(block) as `_unbiased_of_sums`; of fewer than 3 rows no number."""
        xp: Any = array_namespace(self.held)
        n = xp.where(self.count > 2, self.count, xp.nan)
        x, y = (self.rows[side] - self.own[side][None, :] * self.kept for side in (a, b))
        ends = xp.sum(x, axis=1) * xp.sum(y, axis=1) / ((n - 1) * (n - 2))
        return product - self.kept @ (self.own[a] * self.own[b]) + ends - 2 / (n - 2) * xp.sum(x * y, axis=1)
