"""How alike two representations of the same samples are: nearest neighbours, kernels, means.

Samples are rows, features last; sums are taken in float64. A row that is all zeros or not finite in either array is
undefined, and what follows is computed as if the pair were not there.
"""

# pyright: reportUnknownVariableType=false
# array_api_compat's stubs leave some return types open.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace, device

from .precision import at_least_float32

TIE = 1e-12  # similarities that differ by less are of equal vectors, multiplied in another order
FLAT = 1e-12  # an HSIC of a kernel with itself below this share of its squared trace is rounding
LOST = 1e-13  # what subtracting leaves of an HSIC below this share of the whole is rounding
ROWS = 512  # samples whose similarities to all are held at once: 512 x 10,000 are 40 MB


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


def neighbour_overlap(x: Any, y: Any, k: int, quantile: float) -> Any:
    """Share of each sample's k nearest others that x and y agree on: (sample, feature) twice -> (sample), in [0, 1].

    Nearest by cosine, after the features of x and of y are clipped to +- the `quantile` of their magnitudes. Others
    that are equally near at the k-th place share the places that are left, so that no order of samples decides. nan
    for an undefined sample, and for all where fewer than k + 1 are defined.
    """
    xp: Any = array_namespace(x, y)
    defined = defined_pairs(x, y)
    overlap = xp.full(x.shape[0], xp.nan, dtype=xp.float64, device=device(x))
    count = int(xp.sum(xp.astype(defined, xp.int64)))
    if count <= k:
        return overlap
    left, right = (unit_vectors(clipped(states[defined], quantile)) for states in (x, y))
    shared: list[Any] = []
    for start in range(0, count, ROWS):
        rows = xp.arange(start, min(start + ROWS, count), device=device(x))
        shared.append(xp.sum(xp.minimum(_membership(left, rows, k), _membership(right, rows, k)), axis=1) / k)
    overlap[defined] = xp.concat(shared)
    return overlap


def mean_of_defined(values: Any) -> Any:
    """Mean of the finite values: (sample) -> (); nan where there is none."""
    xp: Any = array_namespace(values)
    defined = xp.isfinite(values)
    count = xp.sum(xp.astype(defined, xp.float64))
    return xp.sum(xp.where(defined, values, 0.0)) / xp.where(count > 0, count, xp.nan)


def clipped(x: Any, quantile: float) -> Any:
    """Features held within +- the value at `quantile` of all magnitudes, sorted; 1 leaves them as they are."""
    xp: Any = array_namespace(x)
    if quantile == 1:
        return x
    x = at_least_float32(x)
    magnitudes = xp.sort(xp.reshape(xp.abs(x), (-1,)))
    limit = magnitudes[int(quantile * magnitudes.shape[0])]
    return xp.minimum(xp.maximum(x, -limit), limit)


def linear_cka(x: Any, y: Any) -> Any:
    """Linear centred kernel alignment with the biased HSIC: (sample, feature) twice -> (), in [0, 1]."""
    return _alignment(_biased, x, y, fewest=2)


def unbiased_linear_cka(x: Any, y: Any) -> Any:
    """Linear centred kernel alignment with the unbiased HSIC: (sample, feature) twice -> (), in [-1, 1]."""
    return _alignment(_unbiased, x, y, fewest=4)


def cka_left_out(x: Any, y: Any, blocks: Sequence[Any], *, unbiased: bool) -> Any:
    """Linear CKA without each block of samples in turn: (sample, feature) twice, blocks of places -> (block).

    What is left is not computed anew: a block's rows of the two kernels are taken from the sums over all, O(n) a row.
    Blocks may overlap. nan as for the alignment of what is left.
    """
    xp: Any = array_namespace(x, y)
    defined = defined_pairs(x, y)
    count = int(xp.sum(xp.astype(defined, xp.int64)))
    result = xp.full(len(blocks), xp.nan, dtype=xp.float64, device=device(x))
    if not count:
        return result
    whole = Kernels.of(_centred(x[defined]), _centred(y[defined]))
    place = xp.cumulative_sum(xp.astype(defined, xp.int64)) - 1  # among the defined ones
    for number, block in enumerate(blocks):
        rows = xp.asarray(block, dtype=xp.int64, device=device(x))
        result[number] = whole.without(place[rows[defined[rows]]], unbiased)
    return result


@dataclass(frozen=True)
class Kernels:
    """The linear kernels of two representations, as far as leaving rows out needs them; neither is ever held whole.

    `products` are the sums of the elementwise products of the kernels, x with x, y with y, x with y; `rows` the sums of
    a kernel's rows, `own` its diagonal.
    """

    states: tuple[Any, Any]
    products: tuple[Any, Any, Any]
    rows: tuple[Any, Any]
    own: tuple[Any, Any]

    @staticmethod
    def of(x: Any, y: Any) -> "Kernels":
        """Of centred representations: (sample, feature) twice."""
        xp: Any = array_namespace(x, y)
        rows = tuple(states @ xp.sum(states, axis=0) for states in (x, y))
        own = tuple(xp.sum(states * states, axis=1) for states in (x, y))
        return Kernels((x, y), (_biased(x, x), _biased(y, y), _biased(x, y)), rows, own)  # pyright: ignore[reportArgumentType]

    def without(self, left_out: Any, unbiased: bool) -> Any:
        """The alignment of all rows but those left out."""
        xp: Any = array_namespace(*self.states)
        kept = xp.full(self.states[0].shape[0], True, device=device(self.states[0]))
        kept[left_out] = False
        count = int(xp.sum(xp.astype(kept, xp.int64)))
        if count < (4 if unbiased else 2):
            return xp.nan
        taken = [states[left_out] @ states.T for states in self.states]  # (row left out, sample)
        among = [part[:, left_out] for part in taken]
        rows = [(whole - xp.sum(part, axis=0))[kept] for whole, part in zip(self.rows, taken, strict=True)]
        own = [diagonal[kept] for diagonal in self.own]
        hsic = _unbiased_of_sums if unbiased else _biased_of_sums

        def power(a: int, b: int, whole: Any) -> Any:
            product = whole - 2 * xp.sum(taken[a] * taken[b]) + xp.sum(among[a] * among[b])
            return hsic(product, rows[a], rows[b], own[a], own[b])

        squares = [power(0, 0, self.products[0]), power(1, 1, self.products[1])]
        for side, square in enumerate(squares):
            trace = xp.sum(own[side]) - xp.sum(rows[side]) / count  # of the kernel, centred anew
            if not (square > FLAT * trace**2 and square > LOST * self.products[side]):
                return xp.nan
        return power(0, 1, self.products[2]) / xp.sqrt(squares[0] * squares[1])


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


def _membership(unit: Any, rows: Any, k: int) -> Any:
    # (sample, feature) -> (row, sample): 1 for a nearest neighbour, 0 for none, between for one of several at a tie
    xp: Any = array_namespace(unit)
    similarity = unit[int(rows[0]) : int(rows[-1]) + 1] @ unit.T
    itself = rows[:, None] == xp.arange(unit.shape[0], device=device(unit))[None, :]
    similarity = xp.where(itself, -xp.inf, similarity)
    last = xp.sort(similarity, axis=1, descending=True)[:, k - 1 : k]
    nearer = xp.astype(similarity > last + TIE, xp.float64)
    tied = xp.astype(xp.abs(similarity - last) <= TIE, xp.float64)
    left = k - xp.sum(nearer, axis=1, keepdims=True)
    among = xp.sum(tied, axis=1, keepdims=True)
    # clipping to 0 leaves no direction, and then nothing is near
    return nearer + tied * left / xp.where(among > 0, among, xp.nan)


def _alignment(hsic: Any, x: Any, y: Any, fewest: int) -> Any:
    xp: Any = array_namespace(x, y)
    defined = defined_pairs(x, y)
    if int(xp.sum(xp.astype(defined, xp.int64))) < fewest:
        return xp.asarray(xp.nan, dtype=xp.float64, device=device(x))
    left, right = _centred(x[defined]), _centred(y[defined])
    return hsic(left, right) / xp.sqrt(_power(hsic, left) * _power(hsic, right))


def _power(hsic: Any, x: Any) -> Any:
    xp: Any = array_namespace(x)
    own = hsic(x, x)
    return xp.where(own > FLAT * xp.sum(x * x) ** 2, own, xp.nan)


def _centred(x: Any) -> Any:
    xp: Any = array_namespace(x)
    x = xp.astype(at_least_float32(x), xp.float64)
    x = x - x[:1, :]  # exactly 0 for constant rows, which a rounded mean is not
    largest = xp.max(xp.abs(x))
    x = x / xp.where(largest > 0, largest, 1.0)  # the fourth powers below could overflow
    return x - xp.mean(x, axis=0, keepdims=True)


def _biased(x: Any, y: Any) -> Any:
    # |X'Y|^2 = sum of (XX') * (YY'): whichever of the two matrices is smaller; the factor 1 / (n - 1)^2 cancels
    xp: Any = array_namespace(x, y)
    if x.shape[1] * y.shape[1] <= x.shape[0] ** 2:
        cross = x.T @ y
        return xp.sum(cross * cross)
    gram = x @ x.T
    return xp.sum(gram * (gram if y is x else y @ y.T))


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


def _unbiased(x: Any, y: Any) -> Any:
    # Song et al. 2012, equation 5; rows of a centred kernel sum to 0, so those of one with its diagonal taken out to
    # minus the diagonal; the factor 1 / (n (n - 3)) cancels
    xp: Any = array_namespace(x, y)
    n = x.shape[0]
    own_x, own_y = xp.sum(x * x, axis=1), xp.sum(y * y, axis=1)
    rows = xp.sum(own_x * own_y) * n / (n - 2)
    return _biased(x, y) - rows + xp.sum(own_x) * xp.sum(own_y) / ((n - 1) * (n - 2))
