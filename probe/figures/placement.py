"""Where the labels of points go so that none lies on another: the same places for the same points."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

WIDE = 0.62
"""Width of a letter in sizes of type: that of a wide sans-serif font, on average."""

GAP = 7
"""Distance of a label from its point, in px."""


USUAL_ORDERS, MORE_ORDERS = 5, 12
"""Orders in which labels are placed, and how many more are tried while one lies on another."""


@dataclass(frozen=True)
class Box:
    """A rectangle in px, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0


@dataclass(frozen=True)
class Place:
    """Where a label stands from its point: how far across and down its nearest edge is, and which edge that is."""

    dx: float
    dy: float
    align: str

    @property
    def is_far(self) -> bool:
        """Whether it needs a line to its point."""
        return abs(self.dx) + abs(self.dy) > 2.2 * GAP


def width_of(text: str, size: float) -> float:
    """How wide a text is at most, in px.

    >>> width_of("fog", 10)
    18.6
    """
    return round(sum(WIDE if ord(each) < 0x2E80 else 1.05 for each in text) * size, 2)


def columns_of(names: Sequence[str], *, size: float = 11, room: float = 190) -> int:
    """How many names of a legend stand side by side so that they fit a narrow place: all, or as many as may be wide.

    >>> columns_of(["base", "aligned"]), columns_of(["only the base is right", "only the aligned model is right"])
    (2, 1)
    """
    if sum(width_of(name, size) + 2.5 * size for name in names) <= room:
        return len(names)
    widest = max(width_of(name, size) for name in names) + 2.5 * size
    return max(1, int(room / widest))


def box(x: float, y: float, place: Place, width: float, size: float) -> Box:
    """The rectangle of a label whose point is at (x, y)."""
    across = x + place.dx
    left = {"left": across, "right": across - width, "center": across - width / 2}[place.align]
    return Box(left, y + place.dy - 0.6 * size, left + width, y + place.dy + 0.6 * size)


NEAR = (
    Place(5, -9, "left"), Place(5, 9, "left"), Place(-5, -9, "right"), Place(-5, 9, "right"), Place(GAP, 0, "left"),
    Place(-GAP, 0, "right"), Place(0, -14, "center"), Place(0, 14, "center"),
)  # fmt: skip
"""Places at a point: first between the arms of its cross."""


@cache
def candidates(size: float) -> tuple[Place, ...]:
    """Places around a point, the nearest first."""
    far: list[Place] = []
    for ring in range(1, 25):
        reach = (0.9 + 0.6 * ring) * size
        far += [Place(side * (GAP + slant * reach), up * reach, "left" if side > 0 else "right")
                for slant in (0.2, 0.8, 2.0) for side in (1, -1) for up in (-1, 1)]  # fmt: skip
        far += [Place(side * (GAP + 2 * reach), 0, "left" if side > 0 else "right") for side in (1, -1)]
    return (*NEAR, *far)


@dataclass(frozen=True)
class Strip:
    """A strip of a plane that labels avoid: its height in shares, and how far it reaches from the right edge in px.

    None for all across.
    """

    at: float
    reach: float | None

    def box(self, width: float, height: float) -> Box:
        """The strip where the plane is so wide."""
        middle, half = height * (1 - self.at), 2 if self.reach is None else 9
        return Box(0 if self.reach is None else width - self.reach, middle - half, width, middle + half)


@dataclass(frozen=True)
class Plane:
    """Points in shares of a plane, y upwards, their names, and the sizes in px at which labels are to stand apart."""

    points: Sequence[tuple[float, float]]
    texts: Sequence[str]
    widths: Sequence[float]
    height: float
    size: float
    strips: tuple[Strip, ...] = ()

    def box(self, k: int, place: Place, width: float) -> Box:
        """The rectangle of a label where the plane is so wide."""
        x, y = self.points[k]
        return box(width * x, self.height * (1 - y), place, width_of(self.texts[k], self.size), self.size)


def places(plane: Plane) -> list[Place]:
    """A place for each label, none on another at any of the widths; points and edges are avoided.

    Labels are placed one after the other, then each again where the others leave more room, until none moves; in
    several orders, of which the best is taken. Where no place is free, which takes dozens of points in one spot, labels
    cover as little as can be.
    """
    rooms = [room_of(plane, k) for k in range(len(plane.points))]
    best: tuple[float, dict[int, int]] | None = None
    for number, order in enumerate(_orders(plane)):
        if number >= USUAL_ORDERS and best is not None and not _covers(rooms, best[1]):
            break
        found = _improved(rooms, order)
        cost = sum(float(rooms[k].cost(_others(rooms, found, k))[found[k]]) for k in order)
        if best is None or cost < best[0]:
            best = cost, found
    return [candidates(plane.size)[best[1][k]] for k in range(len(rooms))] if best is not None else []


def _orders(plane: Plane) -> Iterator[list[int]]:
    """From the top, below, the right and the left, the longest first; then some at random, always the same."""
    count = range(len(plane.points))
    x, y = ([each[axis] for each in plane.points] for axis in (0, 1))
    yield from (sorted(count, key=lambda k: (sign * by[k], k)) for by in (y, x) for sign in (-1, 1))
    yield sorted(count, key=lambda k: (-len(plane.texts[k]), k))
    rng = np.random.default_rng(0)
    yield from (rng.permutation(len(plane.points)).tolist() for _ in range(MORE_ORDERS))


def _covers(rooms: Sequence["Room"], found: Mapping[int, int]) -> bool:
    """Whether any label lies on another."""
    boxes = [rooms[k].boxes[place] for k, place in found.items()]
    return any(_overlaps(one, other).any() for k, one in enumerate(boxes) for other in boxes[:k])


@dataclass(frozen=True)
class Room:
    """(candidate, width, side) the rectangles of a label at all its candidates, (candidate) what each costs alone."""

    boxes: NDArray[np.float64]
    alone: NDArray[np.float64]

    def cost(self, others: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """(candidate) what each costs where other labels, (width, side) each, stand."""
        return self.alone + sum(1000 * _overlaps(self.boxes, other).sum(axis=1) for other in others)


def room_of(plane: Plane, k: int) -> Room:
    """Where a label could stand: what it covers of points and lines, by how much it leaves the plane, how far it is."""
    found = candidates(plane.size)
    boxes = np.array([[_sides(plane.box(k, place, width)) for width in plane.widths] for place in found])
    far = [abs(place.dx) + 1.5 * abs(place.dy) if place.is_far else 0.0 for place in found]
    near = [0.4 * NEAR.index(place) if place in NEAR else 0.0 for place in found]
    alone = np.array(far) + np.array(near)
    for at, width in enumerate(plane.widths):
        own = boxes[:, at]
        spots = [_spot(width * x, plane.height * (1 - y)) for x, y in plane.points]
        strips = [strip.box(width, plane.height) for strip in plane.strips]
        for each in (*spots, *strips):
            alone += 1.5 * _overlaps(own, np.array(_sides(each)))
        ends = (-own[:, 0], -own[:, 1], own[:, 2] - width, own[:, 3] - plane.height)
        alone += 1000 * sum(np.maximum(0.0, end) for end in ends)
    return Room(boxes, alone)


def _sides(one: Box) -> tuple[float, float, float, float]:
    return one.left, one.top, one.right, one.bottom


def _overlaps(boxes: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...) the areas that rectangles (..., side) and others cover together."""
    ends = np.minimum(boxes[..., 2:], other[..., 2:]) - np.maximum(boxes[..., :2], other[..., :2])
    return np.prod(np.maximum(0.0, ends), axis=-1)


def _improved(rooms: Sequence[Room], order: Sequence[int], rounds: int = 10) -> dict[int, int]:
    """The candidate of each label, placed in an order, then again until none moves."""
    found: dict[int, int] = {}
    for _ in range(rounds):
        before = dict(found)
        for k in order:
            found[k] = int(np.argmin(rooms[k].cost(_others(rooms, found, k))))
        if found == before:
            break
    return found


def _others(rooms: Sequence[Room], found: Mapping[int, int], k: int) -> list[NDArray[np.float64]]:
    return [rooms[other].boxes[place] for other, place in found.items() if other != k]


def _spot(x: float, y: float) -> Box:
    return Box(x - 4, y - 4, x + 4, y + 4)
