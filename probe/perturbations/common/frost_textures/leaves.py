"""Ice leaves: rosettes of small pointed leaves, thickest along the trickles that ran down the pane."""

import numpy as np

from .canvas import DETAIL, LIGHT, Canvas, Points, at, curve, fill, leaf, reduced, rim, scattered, smooth, stroke

LAYERS = ((4, 0.8), (7, 0.7), (11, 0.4), (20, 0.22))
"""Length of the leaves in texture pixels, and the share of places where a rosette of them lies."""

POINTS = 7


def draw(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """(height, width, 1), in levels before matching; the frame casts a shadow."""
    shape = (height * DETAIL, width * DETAIL)
    canvas = 140 + 10 * smooth(rng, shape, 25 * DETAIL) + 9 * smooth(rng, shape, 1.2)
    cover = smooth(rng, shape, 35 * DETAIL)
    rosettes = [(size, place, False) for size, place in _trickles(rng, shape)]
    for length, share in LAYERS:
        for place in scattered(rng, shape, 1.5 * length * DETAIL):
            if rng.random() < share * (1 + 0.7 * at(cover, place)):
                rosettes.append((length * DETAIL * rng.uniform(0.7, 1.4), place, True))
    # small ones mostly under large ones
    depth = np.array([size for size, *_ in rosettes]) + rng.normal(0, 7 * DETAIL, len(rosettes))
    for index in np.argsort(depth):
        size, place, whole = rosettes[index]
        _rosette(canvas, rng, place, size, 150 + 10 * at(cover, place), whole)
    canvas -= 25 * rim(shape)
    return reduced(canvas)[..., None]


def _trickles(rng: np.random.Generator, shape: tuple[int, int]) -> list[tuple[float, Points]]:
    """Small grains down the pane, column beside column."""
    grains = []
    for start in rng.uniform(0, shape[1], shape[1] // (7 * DETAIL)):
        x, y, drift = start, -5.0, rng.normal(0, 0.02 * DETAIL)
        while y < shape[0]:
            y += rng.uniform(2, 5) * DETAIL
            x += drift + rng.normal(0, 0.3 * DETAIL)
            grains.append((rng.uniform(2.5, 6) * DETAIL, np.array([x + rng.normal(0, 1.4 * DETAIL), y])))
    return grains


def _rosette(canvas: Canvas, rng: np.random.Generator, place: Points, size: float, level: float, whole: bool) -> None:
    level += rng.normal(0, 12)
    count = int(rng.integers(3, 9) if whole else rng.integers(2, 5))
    first, arc = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 5.5)
    for index in range(count):
        heading = first + arc * (index / count - 0.5) + rng.normal(0, 0.2)
        base = place + rng.normal(0, 0.1 * size, 2)
        _leaf(canvas, rng, base, heading, size * rng.uniform(0.6, 1.3), level + rng.normal(0, 18))


def _leaf(canvas: Canvas, rng: np.random.Generator, base: Points, heading: float, length: float, level: float) -> None:
    """One half of it lit, the other in shade, bright at the rib and at the edge that faces the light."""
    spine, headings = curve(base, heading, length, bend=rng.normal(0, 0.2), points=POINTS)
    widths = length * rng.uniform(0.1, 0.19) * np.sin(np.pi * np.linspace(0, 1, POINTS) ** 0.75)
    left, right = leaf(spine, headings, widths)
    lit = np.cos(heading + np.pi / 2 - LIGHT)
    fill(canvas, np.concatenate([left, right[::-1]]), level - 60, opacity=0.45, soft=DETAIL)
    fill(canvas, np.concatenate([left, spine[::-1]]), level + 30 * lit, opacity=0.8)
    fill(canvas, np.concatenate([right, spine[::-1]]), level - 34 * lit, opacity=0.8)
    for _ in range(rng.integers(1, 5)):
        stroke(canvas, [spine + rng.uniform(-0.8, 0.8) * (left - spine)], level + rng.normal(0, 40), opacity=0.4)
    bright, dark = (left, right) if lit > 0 else (right, left)
    stroke(canvas, [bright], min(262.0, level + 60), opacity=0.6)
    stroke(canvas, [spine], min(262.0, level + 50), opacity=0.55)
    stroke(canvas, [dark], level - 70, opacity=0.4)
