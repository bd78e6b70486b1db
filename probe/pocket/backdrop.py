"""What the objects stand in front of: sky, skyline, road, pavement, facades and trees."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .canvas import Canvas, Colour, Pen, Point
from .classes import BUILDING, ROAD, SIDEWALK, SKY, VEGETATION
from .objects import shade

PIXELS_PER_METRE = 48.0
"""At depth 1 (the lower image edge), where the shorter image side is 224 pixels."""

FACADES: tuple[Colour, ...] = ((176, 142, 116), (188, 176, 152), (142, 98, 84), (158, 160, 166), (206, 188, 160))
LEAVES: tuple[Colour, ...] = ((46, 104, 44), (66, 124, 52), (38, 88, 50), (92, 132, 50))


@dataclass(frozen=True)
class Street:
    """The lie of the land, seen by a camera that looks along the road.

    A depth of 1 is the lower image edge, 0 the horizon; lateral positions are metres from the line straight ahead.
    """

    height: int
    width: int
    horizon: float
    """Share of the height."""
    vanishing: float
    """Share of the width."""
    left: float
    """Left kerb, metres (negative)."""
    right: float
    """Right kerb, metres."""
    pavement: float
    """Width of the pavements, metres; 0 where there are none."""

    def scale(self, depth: float) -> float:
        """Pixels per metre at a depth."""
        return PIXELS_PER_METRE * min(self.height, self.width) / 224 * depth

    def ground(self, x: float, depth: float) -> Point:
        """The pixel of a point on the ground."""
        level = self.horizon * self.height + depth * (1 - self.horizon) * self.height
        return self.vanishing * self.width + x * self.scale(depth), level

    def pen(self, canvas: Canvas, x: float, depth: float, facing: int = 1) -> Pen:
        """A pen whose foot point is on the ground there."""
        return Pen(canvas, self.ground(x, depth), self.scale(depth), facing)


def random_street(rng: np.random.Generator, height: int, width: int) -> Street:
    """A street of 7 to 10 m, mostly with pavements on both sides."""
    centre, half = rng.uniform(-1.0, 1.0), rng.uniform(3.6, 5.0)
    pavement = rng.uniform(2.2, 3.4) if rng.random() < 0.85 else 0.0
    horizon, vanishing = rng.uniform(0.38, 0.47), rng.uniform(0.42, 0.58)
    return Street(height, width, horizon, vanishing, centre - half, centre + half, pavement)


def draw_sky(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """A sky that pales towards the horizon, with a few clouds."""
    top = np.array([(96, 150, 220), (140, 160, 185), (235, 160, 110), (110, 130, 175)][rng.integers(4)])
    pale = 0.5 * top + 0.5 * np.array([235, 235, 235])
    bottom = street.horizon * street.height
    bands = 24
    for band in range(bands):
        mixed = top + (pale - top) * band / bands
        colour = (round(mixed[0]), round(mixed[1]), round(mixed[2]))
        y0, y1 = bottom * band / bands, bottom * (band + 1) / bands + 1
        canvas.polygon([(0, y0), (canvas.width, y0), (canvas.width, y1), (0, y1)], colour, SKY)
    unit = min(street.height, street.width) / 224
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(0, street.width), rng.uniform(0, 0.6) * bottom
        for _ in range(3):
            cx, rx, ry = x + rng.uniform(-18, 18) * unit, rng.uniform(10, 22) * unit, rng.uniform(3, 7) * unit
            canvas.ellipse(cx - rx, y - ry, cx + rx, y + ry, (232, 234, 238), SKY)


def draw_skyline(canvas: Canvas, street: Street, rng: np.random.Generator, *, buildings: bool, trees: bool) -> None:
    """Distant houses and tree tops along the horizon."""
    unit, level = min(street.height, street.width) / 224, street.horizon * street.height + 1
    x = 0.0
    while x < street.width:
        step = rng.uniform(12, 30) * unit
        if buildings and rng.random() < 0.8:
            top, colour = level - rng.uniform(8, 34) * unit, shade((150, 156, 170), rng.uniform(0.8, 1.1))
            canvas.polygon([(x, top), (x + step, top), (x + step, level), (x, level)], colour, BUILDING)
        if trees and rng.random() < 0.7:
            r = rng.uniform(6, 12) * unit
            canvas.ellipse(x, level - 2 * r, x + step + 4 * unit, level + 2, shade(LEAVES[2], 1.15), VEGETATION)
        x += step


def draw_ground(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """The road with its lane marks and, on both sides, the pavements."""
    asphalt = shade((96, 97, 101), rng.uniform(0.8, 1.15))
    stones = shade((178, 168, 158), rng.uniform(0.9, 1.1))
    level = street.horizon * street.height
    ground = [(0, level), (street.width, level), (street.width, street.height), (0, street.height)]
    if not street.pavement:
        canvas.polygon(ground, asphalt, ROAD)
    else:
        canvas.polygon(ground, stones, SIDEWALK)
        for x in (street.left - 0.35, street.right):
            _strip(canvas, street, x, x + 0.35, 0.0, 1.6, shade(stones, 1.18), SIDEWALK)
        _strip(canvas, street, street.left, street.right, 0.0, 1.6, asphalt, ROAD)
    middle = (street.left + street.right) / 2
    depth, paint = 0.08, shade((235, 235, 228), rng.uniform(0.85, 1.0))
    while depth < 1.2:
        _strip(canvas, street, middle - 0.09, middle + 0.09, depth, depth * 1.25, paint, ROAD)
        depth *= 1.6
    if rng.random() < 0.25:  # a crossing
        near = rng.uniform(0.3, 0.42)
        for x in np.arange(street.left + 0.3, street.right - 0.5, 1.0):
            _strip(canvas, street, float(x), float(x) + 0.5, near, near * 1.18, paint, ROAD)


def _strip(
    canvas: Canvas, street: Street, x0: float, x1: float, far: float, near: float, colour: Colour, label: int
) -> None:
    corners = [(x0, far), (x1, far), (x1, near), (x0, near)]
    canvas.polygon([street.ground(x, depth) for x, depth in corners], colour, label)


def draw_facades(canvas: Canvas, street: Street, rng: np.random.Generator, side: int) -> None:
    """A row of house fronts along the left (-1) or right (+1) of the street, far ones first."""
    kerb = street.right + street.pavement if side > 0 else street.left - street.pavement
    x, near = kerb + side * rng.uniform(0.3, 2.0), 1.6
    cuts = [near]
    while cuts[-1] > 0.07:
        cuts.append(cuts[-1] * rng.uniform(0.55, 0.75))
    for nearer, farther in reversed(list(pairwise(cuts))):
        gap = rng.random() < 0.12
        tall, colour = rng.uniform(5, 15), shade(FACADES[rng.integers(len(FACADES))], rng.uniform(0.8, 1.1))
        floors = max(2, round(tall / 3))
        if not gap:
            _facade(canvas, street, x, farther, nearer, tall, floors, colour)


def _facade(
    canvas: Canvas, street: Street, x: float, far: float, near: float, tall: float, floors: int, colour: Colour
) -> None:
    def corner(along: float, up: float) -> Point:
        depth = 1 / (1 / far + (1 / near - 1 / far) * along)  # even steps along the wall are even in 1 / depth
        left, level = street.ground(x, depth)
        return left, level - up * tall * street.scale(depth)

    canvas.polygon([corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)], colour, BUILDING)
    glass, columns = shade((88, 104, 122), 1.0), 4
    for floor in range(floors):
        for column in range(columns):
            a0, a1 = (column + 0.25) / columns, (column + 0.75) / columns
            z0, z1 = (floor + 0.3) / floors, (floor + 0.8) / floors
            canvas.polygon([corner(a0, z0), corner(a1, z0), corner(a1, z1), corner(a0, z1)], glass, BUILDING)


def draw_tree(pen: Pen, rng: np.random.Generator) -> None:
    """A tree of 4 to 7 m; its trunk belongs to it."""
    tall, leaf = rng.uniform(4.0, 7.0), LEAVES[rng.integers(len(LEAVES))]
    pen.box(-0.2, 0.0, 0.2, tall * 0.6, (92, 66, 44), VEGETATION)
    for _ in range(7):
        x, z = rng.normal(0, tall * 0.14), tall * rng.uniform(0.5, 0.9)
        radius = tall * rng.uniform(0.13, 0.22)
        pen.disc(x, z, radius, shade(leaf, rng.uniform(0.75, 1.2)), VEGETATION)
