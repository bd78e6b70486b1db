"""A canvas that paints one shape twice: its colour on the picture and its class on the label map.

Both are drawn by the same rasteriser without anti-aliasing, so that the label map is exact to the pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Canvas:
    """A picture and its label map under construction; later shapes hide earlier ones."""

    def __init__(self, height: int, width: int, *, label: int) -> None:
        self.height, self.width = height, width
        self._picture = Image.new("RGB", (width, height))
        self._labels = Image.new("L", (width, height), label)
        self._on_picture = ImageDraw.Draw(self._picture)
        self._on_labels = ImageDraw.Draw(self._labels)

    def polygon(self, points: Sequence[Point], colour: Colour, label: int) -> None:
        """Fill a polygon; points are (x, y) in pixels."""
        rounded = [(round(x), round(y)) for x, y in points]
        self._on_picture.polygon(rounded, fill=colour)
        self._on_labels.polygon(rounded, fill=label)

    def ellipse(self, left: float, top: float, right: float, bottom: float, colour: Colour, label: int) -> None:
        """Fill the ellipse inscribed in a box, given in pixels."""
        box = [round(min(left, right)), round(top), round(max(left, right)), round(max(top, bottom))]
        self._on_picture.ellipse(box, fill=colour)
        self._on_labels.ellipse(box, fill=label)

    def picture(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB so far."""
        return np.asarray(self._picture).copy()

    def labels(self) -> NDArray[np.uint8]:
        """(height, width) classes so far."""
        return np.asarray(self._labels).copy()


@dataclass(frozen=True)
class Pen:
    """Draws in metres around a foot point on the ground: x to the right of it, z above it.

    `foot` is the foot point in pixels, `scale` the pixels per metre at its depth, `facing` is 1 or -1 (mirrored).
    """

    canvas: Canvas
    foot: Point
    scale: float
    facing: int = 1

    def at(self, x: float, z: float) -> Point:
        """The pixel of a point given in metres."""
        return self.foot[0] + self.facing * x * self.scale, self.foot[1] - z * self.scale

    def box(self, x0: float, z0: float, x1: float, z1: float, colour: Colour, label: int) -> None:
        """Fill an upright rectangle between two corners."""
        self.shape([(x0, z0), (x1, z0), (x1, z1), (x0, z1)], colour, label)

    def shape(self, points: Sequence[Point], colour: Colour, label: int) -> None:
        """Fill a polygon."""
        self.canvas.polygon([self.at(x, z) for x, z in points], colour, label)

    def disc(self, x: float, z: float, radius: float, colour: Colour, label: int) -> None:
        """Fill a circle."""
        self.oval(x, z, radius, radius, colour, label)

    def oval(self, x: float, z: float, rx: float, rz: float, colour: Colour, label: int) -> None:
        """Fill an upright ellipse with half axes rx and rz."""
        (left, top), (right, bottom) = self.at(x - rx, z + rz), self.at(x + rx, z - rz)
        self.canvas.ellipse(left, top, right, bottom, colour, label)

    def bar(self, start: Point, end: Point, width: float, colour: Colour, label: int) -> None:
        """Fill a straight bar of the given width between two points."""
        (x0, z0), (x1, z1) = start, end
        length = max(((x1 - x0) ** 2 + (z1 - z0) ** 2) ** 0.5, 1e-9)
        nx, nz = -(z1 - z0) / length * width / 2, (x1 - x0) / length * width / 2
        self.shape([(x0 + nx, z0 + nz), (x1 + nx, z1 + nz), (x1 - nx, z1 - nz), (x0 - nx, z0 - nz)], colour, label)
