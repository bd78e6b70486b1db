"""How alike two representations of the same samples are: nearest neighbours, kernels, means.

Samples are rows, features last; sums are taken in float64. A row that is all zeros or not finite in either array is
undefined, and what follows is computed as if the pair were not there.
"""

# pyright: reportUnknownVariableType=false
# array_api_compat's stubs leave some return types open.

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from array_api_compat import array_namespace, device

from .left_out import LeftOut
from .precision import at_least_float32

FLAT = 1e-12  # an HSIC of a kernel with itself below this share of its squared trace is rounding
LOST = 1e-13  # what subtracting leaves of an HSIC below this share of the whole is rounding
HELD = 2048  # samples whose products with each other are kept: 34 MB
ROWS = 512  # samples that are held in float64 at once, and whose similarities to all are: 512 x 10,000 are 40 MB
FEATURES = 512  # features of all samples that are: 10,000 x 512 are 40 MB


def cosine_similarity(a: Any, b: Any) -> Any:
    """Cosine of the angle between the vectors along the last axis: (..., feature) twice -> (...), in [-1, 1]."""
    xp: Any = array_namespace(a, b)
    # half the squared difference of unit vectors keeps equal ones at exactly 1, as a rounded product does not
    difference = unit_vectors(a) - unit_vectors(b)
    return 1.0 - 0.5 * xp.sum(difference * difference, axis=-1)


def unit_vectors(x: Any) -> Any:
    """Vectors along the last axis over their length, in float64; nan for zero and non-finite ones."""
    xp: Any = array_namespace(x)
    x = xp.astype(at_least_float32(x), xp.float64)
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    x = x / xp.where(largest > 0, largest, xp.nan)
    return x / xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))


def defined_pairs(x: Any, y: Any) -> Any:
    """Whether the row is finite and not all zeros in both: (sample, feature) twice -> (sample)."""
    return _written(x) & _written(y)


def mean_of_defined(values: Any) -> Any:
    """Mean of the finite values: (sample) -> (); nan where there is none."""
    xp: Any = array_namespace(values)
    defined = xp.isfinite(values)
    count = xp.sum(xp.astype(defined, xp.float64))
    return xp.sum(xp.where(defined, values, 0.0)) / xp.where(count > 0, count, xp.nan)


def linear_cka(x: Any, y: Any) -> Any:
    """Linear centred kernel alignment with the biased HSIC: (sample, feature) twice -> (), in [0, 1]."""
    return Kernels.of(x, y).alignment(unbiased=False)


def unbiased_linear_cka(x: Any, y: Any) -> Any:
    """Linear centred kernel alignment with the unbiased HSIC: (sample, feature) twice -> (), in [-1, 1]."""
    return Kernels.of(x, y).alignment(unbiased=True)


def cka_left_out(x: Any, y: Any, blocks: Sequence[Any], *, unbiased: bool) -> Any:
    """Linear CKA without each block of samples in turn: (sample, feature) twice, blocks of places -> (block).

    What is left is not computed anew: a block's rows of the two kernels are taken from the sums over all, O(n) a row.
    Blocks may overlap. nan as for the alignment of what is left.
    """
    return Kernels.of(x, y).left_out(blocks, (unbiased,))[0]


@dataclass(frozen=True)
class Centred:
    """Centred states in float64, made from what is given some rows or features at a time."""

    states: Any
    first: Any
    largest: Any
    mean: Any

    @staticmethod
    def of(states: Any) -> "Centred":
        """Of states (sample, feature), all of them defined."""
        xp: Any = array_namespace(states)
        first = _wide(states[:1, :])  # exactly 0 for constant rows, which a rounded mean is not
        parts = [slice(start, start + ROWS) for start in range(0, states.shape[0], ROWS)]
        largest = max((float(xp.max(xp.abs(_wide(states[part, :]) - first))) for part in parts), default=0.0)
        largest = largest if largest > 0 else 1.0  # the fourth powers below could overflow
        total = xp.zeros_like(first)
        for part in parts:
            total = total + xp.sum((_wide(states[part, :]) - first) / largest, axis=0, keepdims=True)
        return Centred(states, first, largest, total / states.shape[0])

    def rows(self, places: Any) -> Any:
        """(place, feature)."""
        return (_wide(self.states[places, :]) - self.first) / self.largest - self.mean

    def features(self, part: slice) -> Any:
        """(sample, feature)."""
        return (_wide(self.states[:, part]) - self.first[:, part]) / self.largest - self.mean[:, part]

    @property
    def parts(self) -> list[slice]:
        """Rows that are made at once."""
        return [slice(start, start + ROWS) for start in range(0, self.states.shape[0], ROWS)]

    @property
    def sums(self) -> tuple[Any, Any]:
        """(sample) the sums of the kernel's rows, and its diagonal."""
        xp: Any = array_namespace(self.states)
        total = xp.zeros_like(self.mean[0, :])
        for part in self.parts:
            total = total + xp.sum(self.rows(part), axis=0)
        rows, own = list[Any](), list[Any]()
        for part in self.parts:
            made = self.rows(part)
            rows.append(made @ total)
            own.append(xp.sum(made * made, axis=1))
        return xp.concat(rows), xp.concat(own)

    def kernel(self, places: Any) -> Any:
        """(place, sample) some of the kernel's rows; of few samples the whole kernel is kept."""
        return self._times(self.rows(places)) if self.states.shape[0] > HELD else self._whole[places, :]

    @cached_property
    def _whole(self) -> Any:
        return self._times(self.rows(slice(None)))

    def _times(self, rows: Any) -> Any:
        xp: Any = array_namespace(rows)
        return xp.concat([rows @ self.rows(part).T for part in self.parts], axis=1)


@dataclass(frozen=True)
class Kernels:
    """The linear kernels of two representations, as far as leaving rows out needs them; neither is ever held whole.

    `places` (sample) are those of the defined samples among them, -1 for others. `products` are the sums of the
    elementwise products of the kernels, x with x, y with y, x with y; `rows` the sums of a kernel's rows, `own` its
    diagonal.
    """

    states: tuple[Centred, ...]
    places: Any
    products: tuple[Any, Any, Any]
    rows: tuple[Any, Any]
    own: tuple[Any, Any]

    @staticmethod
    def of(x: Any, y: Any) -> "Kernels":
        """Of representations: (sample, feature) twice."""
        xp: Any = array_namespace(x, y)
        defined = defined_pairs(x, y)
        places = xp.where(defined, xp.cumulative_sum(xp.astype(defined, xp.int64)) - 1, -1)
        if not bool(xp.all(defined)):
            x, y = x[defined], y[defined]
        if not x.shape[0]:
            none = xp.zeros(0, dtype=xp.float64, device=device(x))
            return Kernels((), places, (0.0, 0.0, 0.0), (none, none), (none, none))
        left, right = Centred.of(x), Centred.of(y)
        rows, own = ((one, other) for one, other in zip(left.sums, right.sums, strict=True))
        return Kernels((left, right), places, _products(left, right), rows, own)

    @property
    def count(self) -> int:
        """How many samples are defined."""
        return int(self.own[0].shape[0])

    def alignment(self, *, unbiased: bool) -> Any:
        """The alignment of all defined samples; nan below 2, or 4 for the unbiased one, and where a side is flat."""
        xp: Any = array_namespace(*self.own)
        if self.count < (4 if unbiased else 2):
            return xp.asarray(xp.nan, dtype=xp.float64, device=device(self.own[0]))
        # rows of a centred kernel sum to 0
        flat = xp.zeros_like(self.own[0])
        hsic = _unbiased_of_sums if unbiased else _biased_of_sums
        powers = [
            hsic(product, flat, flat, self.own[a], self.own[b])
            for product, (a, b) in zip(self.products, ((0, 0), (1, 1), (0, 1)), strict=True)
        ]
        squares = [
            xp.where(square > FLAT * xp.sum(own) ** 2, square, xp.nan)
            for square, own in zip(powers[:2], self.own, strict=True)
        ]
        return powers[2] / xp.sqrt(squares[0] * squares[1])

    def left_out(self, blocks: Sequence[Any], unbiased: Sequence[bool]) -> list[Any]:
        """(block) for each of `unbiased`: the alignment without the samples of each block, by their places."""
        xp: Any = array_namespace(*self.own)
        result = [xp.full(len(blocks), xp.nan, dtype=xp.float64, device=device(self.own[0])) for _ in unbiased]
        if not self.count:
            return result
        places = [self.places[xp.asarray(block, dtype=xp.int64, device=device(self.places))] for block in blocks]
        places = [rows[rows >= 0] for rows in places]
        for numbers in _together([rows.shape[0] for rows in places]):
            for found, values in zip(
                result, self._without([places[number] for number in numbers], unbiased), strict=True
            ):
                found[numbers[0] : numbers[-1] + 1] = values
        return result

    def _without(self, blocks: Sequence[Any], unbiased: Sequence[bool]) -> list[Any]:
        """(block) for each of `unbiased`: the alignment of all rows but those of each block, by their places."""
        xp: Any = array_namespace(*self.own)
        wanted = xp.concat(list(blocks))
        taken = tuple(side.kernel(wanted) for side in self.states)
        sizes = [block.shape[0] for block in blocks]
        of_block = LeftOut.of(self.own, self.rows, taken, wanted, sizes)
        pairs = ((0, 0), (1, 1), (0, 1))
        products = [whole - of_block.products(a, b) for whole, (a, b) in zip(self.products, pairs, strict=True)]
        found: list[Any] = []
        for way in unbiased:
            hsic = of_block.unbiased if way else of_block.biased
            first, second, both = (hsic(product, a, b) for product, (a, b) in zip(products, pairs, strict=True))
            defined = of_block.count >= (4 if way else 2)
            for side, square in enumerate((first, second)):
                least = xp.maximum(FLAT * of_block.trace(side) ** 2, LOST * self.products[side])
                defined = defined & (square > least)
            safe = xp.where(defined, first * second, 1.0)
            found.append(xp.where(defined, both / xp.sqrt(safe), xp.nan))
        return found


def _together(counts: Sequence[int]) -> list[list[int]]:
    """Numbers of blocks in runs of at most `ROWS` rows, or of one block."""
    runs, rows = list[list[int]](), 0
    for number, count in enumerate(counts):
        if not runs or rows + count > ROWS:
            runs, rows = [*runs, []], 0
        runs[-1].append(number)
        rows += count
    return runs


def _products(x: Centred, y: Centred) -> tuple[Any, Any, Any]:
    # |X'Y|^2 = sum of (XX') * (YY'): whichever of the two matrices is smaller; the factor 1 / (n - 1)^2 cancels
    pairs = ((x, x), (y, y), (x, y))
    count, features = x.states.shape[0], [side.states.shape[1] for side in (x, y)]
    if max(features) <= count:
        return tuple(map(_crossed, *zip(*pairs, strict=True)))  # pyright: ignore[reportReturnType]
    xp: Any = array_namespace(x.states)
    sums = [0.0, 0.0, 0.0]
    for part in x.parts:
        left, right = x.kernel(part), y.kernel(part)
        for place, (a, b) in enumerate(((left, left), (right, right), (left, right))):
            sums[place] = sums[place] + xp.sum(a * b)
    return sums[0], sums[1], sums[2]


def _crossed(x: Centred, y: Centred) -> Any:
    xp: Any = array_namespace(x.states)
    total = 0.0
    for start in range(0, x.states.shape[1], FEATURES):
        left = x.features(slice(start, start + FEATURES))
        for other in range(0, y.states.shape[1], FEATURES):
            cross = left.T @ y.features(slice(other, other + FEATURES))
            total = total + xp.sum(cross * cross)
    return total


def _wide(x: Any) -> Any:
    xp: Any = array_namespace(x)
    return xp.astype(at_least_float32(x), xp.float64)


def modality_gap(x: Any, y: Any) -> Any:
    """Length of the difference of the mean unit vectors: (sample, feature) twice -> (), in [0, 2]."""
    xp: Any = array_namespace(x, y)
    defined = defined_pairs(x, y)
    if not bool(xp.any(defined)):
        return xp.asarray(xp.nan, dtype=xp.float64, device=device(x))
    gap = xp.mean(unit_vectors(x[defined]) - unit_vectors(y[defined]), axis=0)
    return xp.sqrt(xp.sum(gap * gap))


def _written(x: Any) -> Any:
    xp: Any = array_namespace(x)
    x = at_least_float32(x)
    return xp.all(xp.isfinite(x), axis=-1) & xp.any(x != 0, axis=-1)


def _biased_of_sums(product: Any, rows_x: Any, rows_y: Any, own_x: Any, own_y: Any) -> Any:
    # tr(K H L H) = sum K * L - 2 / n rows_x . rows_y + sum K sum L / n^2
    xp: Any = array_namespace(rows_x, rows_y)
    n = rows_x.shape[0]
    return product - 2 / n * xp.sum(rows_x * rows_y) + xp.sum(rows_x) * xp.sum(rows_y) / n**2


def _unbiased_of_sums(product: Any, rows_x: Any, rows_y: Any, own_x: Any, own_y: Any) -> Any:
    # Song et al. 2012, equation 5, of kernels whose diagonals are taken out
    xp: Any = array_namespace(rows_x, rows_y)
    n = rows_x.shape[0]
    rows_x, rows_y = rows_x - own_x, rows_y - own_y
    rest = xp.sum(rows_x) * xp.sum(rows_y) / ((n - 1) * (n - 2)) - 2 / (n - 2) * xp.sum(rows_x * rows_y)
    return product - xp.sum(own_x * own_y) + rest
