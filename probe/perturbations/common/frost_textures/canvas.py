"""What the drawings share: soft strokes and fills on a grey canvas, curves, smooth random fields."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]
Points = NDArray[np.float64]
"""(point, 2): x, y in canvas pixels."""

DETAIL = 2
"""Canvas pixels per pixel of the finished texture, each way."""

_FRACTION = 4
"""Bits behind the point in the coordinates that OpenCV draws at."""

LIGHT = -2.1
"""The angle of the side that faces the light: the upper left."""


def stroke(
    canvas: Canvas, lines: Sequence[Points], level: float, *, opacity: float, width: int = 1, soft: float = 0
) -> None:
    """Draws open lines into the canvas, in place; `soft` blurs them by so many pixels."""
    _blend(canvas, lines, level, opacity=opacity, width=width, soft=soft)


def fill(canvas: Canvas, outline: Points, level: float, *, opacity: float, soft: float = 0) -> None:
    """Fills one outline in the canvas, in place."""
    _blend(canvas, [outline], level, opacity=opacity, width=0, soft=soft)


def _blend(canvas: Canvas, shapes: Sequence[Points], level: float, *, opacity: float, width: int, soft: float) -> None:
    margin = int(3 * soft) + width + 2
    every = np.concatenate(shapes)
    left, top = np.maximum(np.floor(every.min(axis=0)).astype(int) - margin, 0)
    right, bottom = np.minimum(np.ceil(every.max(axis=0)).astype(int) + margin, canvas.shape[::-1])
    if left >= right or top >= bottom:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    placed = [np.rint((shape - (left, top)) * 2**_FRACTION).astype(np.int32) for shape in shapes]
    if width:
        cv2.polylines(mask, placed, False, 255, width, cv2.LINE_AA, _FRACTION)
    else:
        cv2.fillPoly(mask, placed, 255, cv2.LINE_AA, _FRACTION)
    share = mask.astype(np.float32) * np.float32(opacity / 255)
    if soft:
        share = cv2.GaussianBlur(share, (0, 0), soft)
    part = canvas[top:bottom, left:right]
    part += share * (np.float32(level) - part)


def towards(angle: float | Points) -> Points:
    """Unit vectors, (..., 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def curve(base: Points, heading: float, length: float, *, bend: float, points: int) -> tuple[Points, Points]:
    """Points along a line that turns by `bend` from base to tip, and the heading at each."""
    headings = heading + bend * np.linspace(0, 1, points)
    steps = towards(headings) * length / (points - 1)
    steps[0] = 0
    return base + np.cumsum(steps, axis=0), headings


def leaf(spine: Points, headings: Points, widths: Points) -> tuple[Points, Points]:
    """The left and the right edge of a shape of these half widths along its spine."""
    across = towards(headings + np.pi / 2) * widths[:, None]
    return spine + across, spine - across


def smooth(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> Canvas:
    """A random field of mean 0 and standard deviation 1 whose features are about sigma px wide."""
    field = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return (field - field.mean()) / field.std()


def rim(shape: tuple[int, int]) -> Canvas:
    """1 at the frame of the pane, falling to 0 a quarter of the way inwards."""
    y, x = (np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / side for side in shape)
    return np.clip(1 - 4 * np.minimum(y[:, None], x), 0, 1).astype(np.float32)


def at(field: Canvas, point: Points) -> float:
    """The field's value at a point, or at the border nearest to it."""
    x, y = np.clip(point, 0, (field.shape[1] - 1, field.shape[0] - 1)).astype(int)
    return float(field[y, x])


def scattered(rng: np.random.Generator, shape: tuple[int, int], step: float) -> Iterator[Points]:
    """Points about one step apart, all over the canvas and a step beyond."""
    height, width = shape
    for y in np.arange(-step, height + step, step):
        for x in np.arange(-step, width + step, step):
            yield np.array([x, y]) + rng.uniform(-0.65, 0.65, 2) * step


def reduced(canvas: NDArray[np.float32]) -> NDArray[np.float32]:
    """The canvas at the size of the texture."""
    height, width = canvas.shape[:2]
    smaller = cv2.resize(canvas, (width // DETAIL, height // DETAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.float32)
