"""Distances and energies of float32 arrays in memory, compiled: one pass over the bytes, sums in float64.

The definitions stand in `distance` and `smoothness`; here nothing is made on the way. What is compiled is kept beside
this file, or where numba keeps what it may not keep there.
"""

# numba has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUntypedFunctionDecorator=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
from numba import njit
from numpy.typing import NDArray

# sums may be taken in any order, as in numpy; nan and infinities keep their meaning
compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})


@compiled
def pair_sums(
    a: NDArray[np.float32], b: NDArray[np.float32], row: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.float64]:
    """|a - b|^2, a . b, |a|^2, |b|^2 of a[row] and b[other]: (m, feature), (n, feature), (pair) twice -> (pair, 4)."""
    sums = np.empty((len(row), 4))
    for pair in range(len(row)):
        own, its = a[row[pair]], b[other[pair]]
        apart, product, first, second = 0.0, 0.0, 0.0, 0.0
        for feature in range(a.shape[1]):
            x, y = np.float64(own[feature]), np.float64(its[feature])
            apart += (x - y) * (x - y)
            product += x * y
            first += x * x
            second += y * y
        sums[pair, 0], sums[pair, 1], sums[pair, 2], sums[pair, 3] = apart, product, first, second
    return sums


@compiled
def edge_sums(tokens: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum over the edges of each grid of the squared difference: (grid, row, column, feature) -> (grid)."""
    grids, rows, columns, features = tokens.shape
    sums = np.zeros(grids)
    for grid in range(grids):
        for row in range(rows):
            for column in range(columns):
                own = tokens[grid, row, column]
                # at the first row and column a token is its own neighbour, which adds nothing
                above, left = tokens[grid, max(row - 1, 0), column], tokens[grid, row, max(column - 1, 0)]
                part = 0.0
                for feature in range(features):
                    x = np.float64(own[feature])
                    down, right = x - np.float64(above[feature]), x - np.float64(left[feature])
                    part += down * down + right * right
                sums[grid] += part
    return sums


@compiled
def scatter(tokens: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum of the squared distances of tokens from their mean: (picture, token, feature) -> (picture)."""
    pictures, count, features = tokens.shape
    sums = np.zeros(pictures)
    for picture in range(pictures):
        first, mean = tokens[picture, 0], np.zeros(features)  # about the first: exactly 0 for constant tokens
        for token in range(count):
            for feature in range(features):
                mean[feature] += np.float64(tokens[picture, token, feature]) - np.float64(first[feature])
        for feature in range(features):
            mean[feature] = mean[feature] / count + np.float64(first[feature])
        for token in range(count):
            part = 0.0
            for feature in range(features):
                away = np.float64(tokens[picture, token, feature]) - mean[feature]
                part += away * away
            sums[picture] += part
    return sums
