"""Ice ferns: stems with barbs, and barbs on these, over dark glass."""

import cv2
import numpy as np

from .canvas import DETAIL, LIGHT, Canvas, Points, at, curve, fill, reduced, rim, scattered, smooth, stroke

LAYERS = ((8, 0.7, 0.9), (15, 0.8, 0.9), (27, 0.9, 0.85), (50, 1.0, 0.5))
"""Length of the ferns in texture pixels, their brightness, and the share of places where some grow."""

Line = tuple[Points, float]


def draw(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """(height, width, 1), in levels before matching; the ice is thickest at the frame."""
    shape = (height * DETAIL, width * DETAIL)
    canvas = 62 + 10 * smooth(rng, shape, 45 * DETAIL) + 2 * smooth(rng, shape, 1.2)
    cover, flow = 0.8 * smooth(rng, shape, 60 * DETAIL) + rim(shape), smooth(rng, shape, 90 * DETAIL)
    planned = []
    for length, brightness, share in LAYERS:
        for place in scattered(rng, shape, 1.45 * length * DETAIL):
            if rng.random() > share:
                continue
            thick = at(cover, place)
            main = 1.2 * at(flow, place) - 1.5 + rng.normal(0, 0.8)
            for _ in range(rng.integers(1, 4)):
                base = place + rng.normal(0, 2 * DETAIL, 2)
                size = length * DETAIL * rng.uniform(0.8, 2.1) * (1 + 0.15 * thick)
                level = np.clip(brightness * (1 + 0.2 * thick) + rng.normal(0, 0.1), 0.35, 1.12)
                planned.append((float(level), size, base, main + rng.normal(0, 0.8)))
    # bright ones mostly over dim ones: they are nearer
    nearness = np.array([level for level, *_ in planned]) + rng.normal(0, 0.22, len(planned))
    # a stream of its own for each, so that one that a processor rounds otherwise leaves the others alone
    streams = rng.spawn(len(planned))
    for index in np.argsort(nearness):
        level, size, base, heading = planned[index]
        _fern(canvas, streams[index], base, heading, size, level)
    return reduced(canvas)[..., None]


def _fern(canvas: Canvas, rng: np.random.Generator, base: Points, heading: float, length: float, level: float) -> None:
    """A stem, barbs and small barbs, on the shade that parts it from what lies behind."""
    grown: tuple[list[Line], ...] = ([], [], [])
    angle, breadth = np.deg2rad(rng.uniform(42, 60)), rng.uniform(0.2, 0.48)
    _branch(rng, base, heading, length, angle, max(3.6, 0.05 * length), breadth, grown)
    every = np.concatenate([points for lines in grown for points, _ in lines])
    hull = cv2.convexHull(every.astype(np.float32))[:, 0].astype(np.float64)
    fill(canvas, hull, rng.uniform(20, 50), opacity=0.5, soft=2 * DETAIL)
    for depth, opacity in ((2, 0.6), (1, 0.85), (0, 0.8)):
        for facing in range(5):
            lines = [points for points, aim in grown[depth] if int(2.49 * (1 + np.cos(aim - LIGHT))) == facing]
            if not lines:
                continue
            bright = level * (105 + 36 * facing) * rng.uniform(0.92, 1.08)
            if depth == 2:
                stroke(canvas, lines, bright, opacity=0.3, width=3, soft=0.5 * DETAIL)
            stroke(canvas, lines, min(262.0, bright + 20 * (2 - depth)), opacity=opacity)


def _branch(
    rng: np.random.Generator,
    base: Points,
    heading: float,
    length: float,
    angle: float,
    spacing: float,
    breadth: float,
    grown: tuple[list[Line], ...],
    depth: int = 0,
    side: int = 0,
) -> None:
    """Adds a line of this depth and, on both its sides, the shorter ones that grow from it."""
    points, headings = curve(
        base, heading, length, bend=rng.normal(0, 0.12) - 0.25 * side, points=max(3, round(length / spacing) + 1)
    )
    grown[depth].append((points, heading))
    if depth == 2 or length < 2.2 * spacing:
        return
    for share, point, aim in zip(np.linspace(0, 1, len(points))[1:], points[1:], headings[1:], strict=True):
        if depth == 0 and rng.random() < 0.12:
            continue
        for turn in (-1, 1):
            reach = breadth * length * (1 - share) ** 0.9 * min(1, 0.35 + 2.2 * share) * rng.uniform(0.55, 1.1)
            if reach > 1.5:
                turned = aim + turn * angle * rng.uniform(0.9, 1.08)
                _branch(rng, point, turned, reach, angle, 0.62 * spacing, 0.5, grown, depth + 1, turn)
