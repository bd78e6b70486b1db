"""The pocket world: `render(seed, index)` draws one street scene with its exact label map.

A scene is a pure function of (seed, index, size). Which classes it should hold and whether the way ahead should be
free are drawn first, by fair coins; then layouts are tried until one shows exactly that, so that occlusion does not
bias the coins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..label_maps import MIN_VISIBLE, OBSTACLES, blocked_share
from . import backdrop
from .canvas import Canvas
from .classes import LAMPS, PAINT, SKY, WORDS
from .objects import DRAW

VERSION = "1"
"""Changes whenever the same (seed, index, size) would give other pixels."""

MIN_SIDE = 96
CLEAR_SHARE, BLOCKED_SHARE = 0.004, 0.025
"""Scenes between these two shares are too close to call, and drawn again."""

_ATTEMPTS = 24
_VEHICLES = ("car", "truck", "bus")

Size = int | tuple[int, int]


@dataclass(frozen=True)
class Thing:
    """One object in a scene: what, where (metres to the right, depth in (0, 1]) and how it looks.

    `colour` names the paint of a vehicle, or the lamp that is lit.
    """

    word: str
    x: float
    depth: float
    colour: str
    variant: int
    facing: int


@dataclass(frozen=True)
class Scene:
    """One street scene.

    `pixels` (height, width, 3) uint8 RGB; `labels` (height, width) uint8 Cityscapes train ids; `objects` from far to
    near.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    objects: tuple[Thing, ...]


@dataclass(frozen=True)
class _Wish:
    """What a scene should show."""

    words: tuple[str, ...]
    buildings: bool
    trees: bool
    blocked: bool
    lamp: str


def render(seed: int, index: int, size: Size = 224) -> Scene:
    """Draw scene number `index` of the world `seed`; `size` is one side or (height, width), 96 or more each.

    Raises ValueError for a smaller size.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < MIN_SIDE:
        raise ValueError(f"size {height}x{width} is too small: scenes need at least {MIN_SIDE} pixels per side.")
    rng = np.random.default_rng([seed, index])
    wish = _wish(rng)
    attempt = 0
    while True:
        canvas, things = _draw(wish, np.random.default_rng([seed, index, attempt]), height, width)
        labels, attempt = canvas.labels(), attempt + 1
        if _shows(wish, labels) or attempt == _ATTEMPTS:
            return Scene(_expose(canvas.picture(), labels, rng), labels, things)


def present(labels: NDArray[np.uint8]) -> frozenset[str]:
    """The words of all classes that are clearly visible (at least `MIN_VISIBLE` of the image)."""
    counts = np.bincount(labels.ravel(), minlength=256) / labels.size
    return frozenset(word for word, label in WORDS.items() if counts[label] >= MIN_VISIBLE)


def absent(labels: NDArray[np.uint8]) -> frozenset[str]:
    """The words of all classes without a single pixel."""
    counts = np.bincount(labels.ravel(), minlength=256)
    return frozenset(word for word, label in WORDS.items() if counts[label] == 0)


def _wish(rng: np.random.Generator) -> _Wish:
    words = [word for word in ("car", "truck", "bus", "pedestrian", "traffic light", "traffic sign") if _coin(rng)]
    if rng.random() < 0.4:
        words.append("rider")
    if rng.random() < 0.25:
        words.append("bicycle")
    scenery = rng.random()
    could_block = any(WORDS[word] in OBSTACLES for word in words)
    return _Wish(
        words=tuple(words),
        buildings=scenery < 0.7,
        trees=scenery > 0.3,
        blocked=_coin(rng) and could_block,
        lamp=str(rng.choice(list(LAMPS))),
    )


def _coin(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.5)


def _shows(wish: _Wish, labels: NDArray[np.uint8]) -> bool:
    seen, share = present(labels), blocked_share(labels)
    clear_call = share >= BLOCKED_SHARE if wish.blocked else share <= CLEAR_SHARE
    wanted = {*wish.words} | ({"building"} if wish.buildings else set()) | ({"tree"} if wish.trees else set())
    return clear_call and wanted <= seen


def _draw(wish: _Wish, rng: np.random.Generator, height: int, width: int) -> tuple[Canvas, tuple[Thing, ...]]:
    canvas = Canvas(height, width, label=SKY)
    street = backdrop.random_street(rng, height, width)
    backdrop.draw_sky(canvas, street, rng)
    backdrop.draw_skyline(canvas, street, rng, buildings=wish.buildings, trees=wish.trees)
    backdrop.draw_ground(canvas, street, rng)
    for side in (-1, 1):
        if wish.buildings and (rng.random() < 0.8 or not wish.trees):
            backdrop.draw_facades(canvas, street, rng, side)
    if wish.trees:
        _plant(canvas, street, rng)
    things = tuple(sorted(_place(wish, street, rng), key=lambda thing: thing.depth))
    for thing in things:
        pen = street.pen(canvas, thing.x, thing.depth, thing.facing)
        DRAW[thing.word](pen, thing.colour, thing.variant)
    return canvas, things


def _plant(canvas: Canvas, street: backdrop.Street, rng: np.random.Generator) -> None:
    depths = np.sort(rng.uniform(0.1, 0.34, rng.integers(2, 7)))
    for depth in depths:
        side = 1 if _coin(rng) else -1
        edge = street.right if side > 0 else -street.left
        backdrop.draw_tree(street.pen(canvas, side * (edge + rng.uniform(1.0, 4.0)), float(depth)), rng)


def _place(wish: _Wish, street: backdrop.Street, rng: np.random.Generator) -> list[Thing]:
    """One object or a few of every wished class; one of them stands in the way where the way should be blocked."""
    ahead = [word for word in wish.words if WORDS[word] in OBSTACLES]
    blocker = str(rng.choice(ahead)) if wish.blocked else None
    things = []
    for word in wish.words:
        copies = 1 + int(word in ("car", "pedestrian", "traffic sign", "traffic light") and rng.random() < 0.35)
        for copy in range(copies):
            in_the_way = word == blocker and copy == 0
            things.append(_thing(word, street, rng, wish.lamp, in_the_way=in_the_way))
    things += [_thing("pole", street, rng, wish.lamp, in_the_way=False) for _ in range(rng.integers(0, 3))]
    return things


def _thing(word: str, street: backdrop.Street, rng: np.random.Generator, lamp: str, *, in_the_way: bool) -> Thing:
    side = 1 if _coin(rng) else -1
    kerb = street.right if side > 0 else street.left
    depth, variant = rng.uniform(0.2, 0.42), int(rng.integers(0, 12))
    if in_the_way:
        straight_ahead = (0.5 - street.vanishing) * street.width / street.scale(1.0)
        depth = rng.uniform(0.48, 0.72)
        x = straight_ahead / depth + rng.uniform(-0.6, 0.6)
        variant -= variant % 2 if word in _VEHICLES and rng.random() < 0.8 else 0
    elif word in _VEHICLES:
        x = rng.uniform(street.left + 1.2, street.right - 1.2)
        if _coin(rng):
            depth, x = rng.uniform(0.3, 0.62), kerb - side * rng.uniform(0.6, 1.4)
            variant -= variant % 2  # parked along the kerb: seen from behind
    elif word == "rider":
        x = rng.uniform(street.left, street.right)
    elif word in ("traffic light", "traffic sign", "pole"):
        x = kerb + side * rng.uniform(0.3, 1.4)
    else:
        x = kerb + side * rng.uniform(-0.4, 2.4)
    colour = lamp if word == "traffic light" else str(rng.choice(list(PAINT)))
    return Thing(word, float(x), float(depth), colour, variant, 1 if _coin(rng) else -1)


def _expose(picture: NDArray[np.uint8], labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture under one light: brightness, tint and vignette, a grain for every material, sensor noise."""
    height, width = labels.shape
    tint = np.array([(1.0, 1.0, 1.0), (1.08, 1.0, 0.88), (0.9, 0.96, 1.08)][rng.integers(3)], dtype=np.float32)
    gain = np.float32(rng.uniform(0.65, 1.08))
    slope = np.linspace(1 + (tilt := rng.uniform(-0.12, 0.12)), 1 - tilt, width, dtype=np.float32)
    grain = rng.standard_normal((height, width), dtype=np.float32) * np.float32(5.0)
    grain[labels == WORDS["tree"]] *= 2.5
    grain[labels == SKY] *= 0.2
    noise = rng.standard_normal((height, width, 3), dtype=np.float32) * np.float32(rng.uniform(1.0, 4.0))
    lit = (picture + grain[..., None]) * (gain * tint) * slope[None, :, None] + noise
    return np.clip(lit + 0.5, 0, 255).astype(np.uint8)
