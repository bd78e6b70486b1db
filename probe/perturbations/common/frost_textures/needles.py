"""Ice needles: fans of long blades, each with a lit and a dark side, over white ground."""

import numpy as np

from .canvas import DETAIL, LIGHT, Canvas, Points, at, curve, fill, leaf, reduced, rim, scattered, smooth, stroke

LAYERS = ((7, 0.9), (13, 0.9), (24, 0.8), (42, 0.6), (70, 0.25))
"""Length of the blades in texture pixels, and the share of places where a fan of them lies."""


def draw(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """(height, width, 1), in levels before matching; whitest at the frame."""
    shape = (height * DETAIL, width * DETAIL)
    canvas = 190 + 10 * smooth(rng, shape, 20 * DETAIL) + 7 * smooth(rng, shape, 1.0) + 5 * smooth(rng, shape, 2.5)
    cover, flow = smooth(rng, shape, 50 * DETAIL), smooth(rng, shape, 60 * DETAIL)
    fans = [
        (length * DETAIL * rng.uniform(0.8, 1.8), place)
        for length, share in LAYERS
        for place in scattered(rng, shape, 1.5 * length * DETAIL)
        if rng.random() < share
    ]
    # short ones mostly under long ones
    depth = np.array([size for size, _ in fans]) + rng.normal(0, 30 * DETAIL, len(fans))
    for index in np.argsort(depth):
        size, place = fans[index]
        _fan(canvas, rng, place, 2.5 * at(flow, place) + rng.normal(0, 0.9), size, 205 + 14 * at(cover, place))
    canvas += 12 * rim(shape)
    return reduced(canvas)[..., None]


def _fan(canvas: Canvas, rng: np.random.Generator, base: Points, heading: float, size: float, level: float) -> None:
    spread = rng.uniform(0.06, 0.45)
    level += rng.normal(0, 10)
    for _ in range(rng.integers(4, 14)):
        start = base + rng.normal(0, 0.14 * size, 2)
        _blade(canvas, rng, start, heading + rng.normal(0, spread), size * rng.uniform(0.4, 1.3), level)


def _blade(canvas: Canvas, rng: np.random.Generator, base: Points, heading: float, length: float, level: float) -> None:
    level += rng.normal(0, 15)
    spine, headings = curve(base, heading, length, bend=rng.normal(0, 0.06), points=6)
    share = np.linspace(0, 1, 6)
    width = max(1.0, min(4.0 * DETAIL, length * rng.uniform(0.015, 0.06)))
    left, right = leaf(spine, headings, width * np.minimum(1, 4 * share + 0.35) * (1 - share) ** 0.6)
    lit = np.cos(heading + np.pi / 2 - LIGHT)
    fill(canvas, np.concatenate([left, right[::-1]]), level - 45, opacity=0.35, soft=1.2 * DETAIL)
    fill(canvas, np.concatenate([left, spine[::-1]]), level + 22 * lit, opacity=0.6)
    fill(canvas, np.concatenate([right, spine[::-1]]), level - 22 * lit, opacity=0.6)
    bright, dark = (left, right) if lit > 0 else (right, left)
    stroke(canvas, [bright], min(255.0, level + 45), opacity=0.65)
    stroke(canvas, [dark], level - 75, opacity=0.5)
    for _ in range(rng.integers(0, 4)):
        stroke(canvas, [spine + rng.uniform(-0.7, 0.7) * (left - spine)], level + rng.normal(0, 38), opacity=0.5)
