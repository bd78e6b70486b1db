"""The things that stand or move in the street, each drawn in metres with a `Pen` at its foot point."""

from collections.abc import Callable

from .canvas import Colour, Pen
from .classes import BICYCLE, BUS, CAR, LAMPS, LIGHT, PAINT, PERSON, POLE, RIDER, SIGN, TRUCK

TYRE: Colour = (22, 22, 24)
GLASS: Colour = (150, 190, 215)
DARK_GLASS: Colour = (70, 90, 105)
STEEL: Colour = (120, 122, 126)
TAIL: Colour = (230, 40, 30)
SKIN: tuple[Colour, ...] = ((236, 196, 166), (196, 146, 108), (122, 82, 56))
CLOTHES: tuple[Colour, ...] = (
    (200, 60, 60),
    (60, 90, 180),
    (240, 190, 60),
    (90, 150, 90),
    (150, 80, 160),
    (80, 80, 90),
)

Draw = Callable[[Pen, str, int], None]
"""Draws one object: the pen at its foot point, its colour by name and a number that chooses the variant."""


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor < 1) or lighter, clipped to 255."""
    red, green, blue = (min(255, round(channel * factor)) for channel in colour)
    return red, green, blue


def _wheel(pen: Pen, x: float, radius: float, label: int) -> None:
    pen.disc(x, radius, radius, TYRE, label)
    pen.disc(x, radius, radius * 0.5, STEEL, label)


def car(pen: Pen, paint: str, variant: int) -> None:
    """A car, 1.5 m high: from behind (even variants, 1.8 m wide) or from the side (odd, 4 m long)."""
    body = PAINT[paint]
    if variant % 2:
        cabin = [(-1.3, 0.8), (-0.9, 1.5), (0.7, 1.5), (1.2, 0.8)]
        pen.shape(cabin, shade(body, 0.9), CAR)
        pen.shape([(-1.05, 0.85), (-0.78, 1.38), (-0.15, 1.38), (-0.15, 0.85)], GLASS, CAR)
        pen.shape([(0.0, 0.85), (0.0, 1.38), (0.6, 1.38), (0.95, 0.85)], GLASS, CAR)
        pen.box(-2.0, 0.3, 2.0, 0.9, body, CAR)
        pen.box(1.8, 0.6, 2.0, 0.8, (255, 245, 190), CAR)
        pen.box(-2.0, 0.6, -1.8, 0.8, TAIL, CAR)
        _wheel(pen, -1.25, 0.36, CAR)
        _wheel(pen, 1.25, 0.36, CAR)
        return
    pen.box(-0.85, 0.0, -0.5, 0.4, TYRE, CAR)
    pen.box(0.5, 0.0, 0.85, 0.4, TYRE, CAR)
    pen.shape([(-0.8, 0.85), (-0.6, 1.5), (0.6, 1.5), (0.8, 0.85)], shade(body, 0.85), CAR)
    pen.shape([(-0.64, 0.92), (-0.5, 1.38), (0.5, 1.38), (0.64, 0.92)], DARK_GLASS, CAR)
    pen.box(-0.92, 0.25, 0.92, 0.92, body, CAR)
    pen.box(-0.92, 0.62, -0.6, 0.82, TAIL, CAR)
    pen.box(0.6, 0.62, 0.92, 0.82, TAIL, CAR)
    pen.box(-0.3, 0.4, 0.3, 0.55, (230, 230, 225), CAR)


def truck(pen: Pen, paint: str, variant: int) -> None:
    """A truck, 3.3 m high: from behind (even variants, 2.5 m wide) or from the side (odd, 7 m long)."""
    body = PAINT[paint]
    rib = shade(body, 0.72) if paint != "black" else (70, 70, 78)
    if variant % 2:
        pen.box(-3.5, 0.45, 3.2, 0.8, (40, 40, 44), TRUCK)
        pen.box(-3.5, 0.8, 1.5, 3.3, body, TRUCK)
        for step in range(1, 6):
            x = -3.5 + step * 5.0 / 6
            pen.box(x - 0.06, 0.85, x + 0.06, 3.25, rib, TRUCK)
        pen.shape([(1.75, 0.6), (1.75, 2.5), (2.8, 2.5), (3.4, 1.6), (3.4, 0.6)], body, TRUCK)
        pen.shape([(2.1, 1.55), (2.1, 2.3), (2.75, 2.3), (3.2, 1.6)], GLASS, TRUCK)
        for x in (-2.7, -1.6, 2.5):
            _wheel(pen, x, 0.52, TRUCK)
        return
    pen.box(-1.1, 0.0, -0.6, 0.6, TYRE, TRUCK)
    pen.box(0.6, 0.0, 1.1, 0.6, TYRE, TRUCK)
    pen.box(-1.25, 0.4, 1.25, 0.75, (40, 40, 44), TRUCK)
    pen.box(-1.25, 0.75, 1.25, 3.3, body, TRUCK)
    pen.box(-0.07, 0.8, 0.07, 3.2, rib, TRUCK)
    pen.box(-1.15, 3.0, 1.15, 3.15, rib, TRUCK)
    for step in range(5):  # hazard stripes tell a truck from a bus when it is far away
        x = -1.25 + step * 0.5
        pen.box(x, 0.75, x + 0.5, 1.1, TAIL if step % 2 == 0 else (245, 245, 240), TRUCK)


def bus(pen: Pen, paint: str, variant: int) -> None:
    """A bus, 3.1 m high: from behind (even variants, 2.5 m wide) or from the side (odd, 8 m long)."""
    body = PAINT[paint]
    if variant % 2:
        pen.box(-4.0, 0.4, 4.0, 3.1, body, BUS)
        pen.box(-3.8, 1.5, 2.7, 2.65, DARK_GLASS, BUS)
        for step in range(5):
            x = -3.7 + step * 1.3
            pen.box(x, 1.55, x + 1.1, 2.6, GLASS, BUS)
        pen.box(2.9, 0.6, 3.75, 2.65, GLASS, BUS)
        _wheel(pen, -2.4, 0.5, BUS)
        _wheel(pen, 1.9, 0.5, BUS)
        return
    pen.box(-1.1, 0.0, -0.7, 0.6, TYRE, BUS)
    pen.box(0.7, 0.0, 1.1, 0.6, TYRE, BUS)
    pen.box(-1.25, 0.35, 1.25, 3.1, body, BUS)
    pen.box(-1.1, 1.45, 1.1, 2.5, GLASS, BUS)
    pen.box(-0.9, 2.62, 0.9, 2.95, (35, 30, 20), BUS)
    pen.box(-0.6, 2.7, 0.6, 2.88, (255, 190, 60), BUS)
    pen.box(-1.2, 0.7, -0.85, 0.95, (255, 245, 190), BUS)
    pen.box(0.85, 0.7, 1.2, 0.95, (255, 245, 190), BUS)


def bicycle(pen: Pen, paint: str, variant: int) -> None:
    """A bicycle from the side, 1.8 m long and 1.1 m high."""
    frame = shade(PAINT[paint], 1.0) if paint not in ("white", "black") else (230, 120, 30)
    for x in (-0.55, 0.55):
        pen.disc(x, 0.38, 0.38, TYRE, BICYCLE)
        pen.disc(x, 0.38, 0.27, (165, 168, 172), BICYCLE)
        pen.disc(x, 0.38, 0.07, TYRE, BICYCLE)
    for start, end in (((-0.55, 0.38), (-0.2, 0.85)), ((-0.2, 0.85), (0.4, 0.85)), ((0.4, 0.95), (0.55, 0.38))):
        pen.bar(start, end, 0.11, frame, BICYCLE)
    pen.bar((-0.2, 0.8), (0.0, 0.36), 0.11, frame, BICYCLE)
    pen.bar((0.0, 0.36), (0.42, 0.85), 0.11, frame, BICYCLE)
    pen.box(-0.36, 0.9, -0.06, 1.02, TYRE, BICYCLE)
    pen.box(0.25, 1.0, 0.55, 1.1, TYRE, BICYCLE)


def rider(pen: Pen, paint: str, variant: int) -> None:
    """Somebody on a bicycle, 1.85 m high; the bicycle keeps its own class."""
    bicycle(pen, paint, variant)
    top, skin = CLOTHES[variant % len(CLOTHES)], SKIN[variant % len(SKIN)]
    pen.bar((-0.2, 1.0), (0.08, 0.45), 0.2, (45, 50, 75), RIDER)
    pen.bar((-0.22, 0.98), (0.12, 1.5), 0.36, top, RIDER)
    pen.bar((0.1, 1.42), (0.45, 1.08), 0.13, top, RIDER)
    pen.disc(0.2, 1.68, 0.17, skin, RIDER)
    pen.shape([(0.0, 1.7), (0.02, 1.86), (0.2, 1.92), (0.38, 1.86), (0.4, 1.7)], (250, 250, 80), RIDER)


def pedestrian(pen: Pen, paint: str, variant: int) -> None:
    """Somebody on foot, 1.75 m high."""
    top, skin = CLOTHES[variant % len(CLOTHES)], SKIN[variant % len(SKIN)]
    trousers = ((40, 45, 70), (70, 60, 50), (30, 30, 32))[variant % 3]
    stride = 0.14 + 0.05 * (variant % 3)
    pen.bar((-0.06, 0.85), (-stride, 0.0), 0.19, trousers, PERSON)
    pen.bar((0.06, 0.85), (stride, 0.0), 0.19, trousers, PERSON)
    pen.shape([(-0.2, 0.78), (-0.27, 1.42), (0.27, 1.42), (0.2, 0.78)], top, PERSON)
    pen.bar((-0.27, 1.36), (-0.34, 0.85), 0.12, shade(top, 0.8), PERSON)
    pen.bar((0.27, 1.36), (0.34, 0.85), 0.12, shade(top, 0.8), PERSON)
    pen.disc(0.0, 1.6, 0.17, skin, PERSON)
    pen.shape([(-0.17, 1.62), (-0.12, 1.78), (0.12, 1.78), (0.17, 1.62)], (50, 35, 25), PERSON)


def traffic_light(pen: Pen, lamp: str, variant: int) -> None:
    """A traffic light on its pole, 3.9 m high, showing `lamp`."""
    pen.box(-0.11, 0.0, 0.11, 2.6, (75, 78, 80), POLE)
    pen.box(-0.4, 2.45, 0.4, 4.05, (230, 232, 228), LIGHT)
    pen.box(-0.32, 2.52, 0.32, 3.98, (18, 20, 18), LIGHT)
    for place, (name, colour) in enumerate(LAMPS.items()):
        pen.disc(0.0, 3.73 - 0.48 * place, 0.23, colour if name == lamp else shade(colour, 0.16), LIGHT)


def traffic_sign(pen: Pen, paint: str, variant: int) -> None:
    """A traffic sign on its pole, 3 m high: warning, stop, direction or speed limit."""
    pen.box(-0.1, 0.0, 0.1, 2.3, (150, 152, 155), POLE)
    middle, red, white = 2.55, (215, 25, 30), (245, 245, 245)
    match variant % 4:
        case 0:
            pen.shape([(-0.6, 2.1), (0.6, 2.1), (0.0, 3.1)], red, SIGN)
            pen.shape([(-0.32, 2.25), (0.32, 2.25), (0.0, 2.8)], white, SIGN)
        case 1:
            octagon = [(-0.22, 0.52), (0.22, 0.52), (0.52, 0.22), (0.52, -0.22)]
            octagon += [(-x, -z) for x, z in octagon]
            pen.shape([(x, middle + z) for x, z in octagon], red, SIGN)
            pen.box(-0.4, middle - 0.1, 0.4, middle + 0.12, white, SIGN)
        case 2:
            pen.disc(0.0, middle, 0.54, (25, 80, 200), SIGN)
            pen.box(-0.1, middle - 0.35, 0.1, middle + 0.1, white, SIGN)
            pen.shape([(-0.3, middle + 0.05), (0.0, middle + 0.4), (0.3, middle + 0.05)], white, SIGN)
        case _:
            pen.disc(0.0, middle, 0.54, red, SIGN)
            pen.disc(0.0, middle, 0.36, white, SIGN)
            pen.box(-0.16, middle - 0.16, 0.16, middle + 0.16, (20, 20, 20), SIGN)


def lamp_post(pen: Pen, paint: str, variant: int) -> None:
    """A street lamp, 6 m high."""
    pen.box(-0.12, 0.0, 0.12, 6.0, (95, 98, 100), POLE)
    pen.box(-0.12, 5.85, 1.3, 6.05, (95, 98, 100), POLE)
    pen.box(0.7, 5.6, 1.4, 5.85, (225, 225, 205), POLE)


DRAW: dict[str, Draw] = {
    "car": car,
    "truck": truck,
    "bus": bus,
    "bicycle": bicycle,
    "rider": rider,
    "pedestrian": pedestrian,
    "traffic light": traffic_light,
    "traffic sign": traffic_sign,
    "pole": lamp_post,
}
"""How each kind of object is drawn."""
