"""The classes of the pocket world: Cityscapes train ids, their words and the colours that questions ask about."""

from .canvas import Colour

ROAD, SIDEWALK, BUILDING, POLE, LIGHT, SIGN, VEGETATION, SKY = 0, 1, 2, 5, 6, 7, 8, 10
PERSON, RIDER, CAR, TRUCK, BUS, BICYCLE = 11, 12, 13, 14, 15, 18

WORDS: dict[str, int] = {
    "road": ROAD,
    "sidewalk": SIDEWALK,
    "building": BUILDING,
    "tree": VEGETATION,
    "sky": SKY,
    "pole": POLE,
    "car": CAR,
    "truck": TRUCK,
    "bus": BUS,
    "bicycle": BICYCLE,
    "rider": RIDER,
    "pedestrian": PERSON,
    "traffic light": LIGHT,
    "traffic sign": SIGN,
}
"""Every class of the world by its word, in the order in which descriptions name them."""

ASKED: tuple[str, ...] = (
    "car",
    "truck",
    "bus",
    "bicycle",
    "rider",
    "pedestrian",
    "traffic light",
    "traffic sign",
    "tree",
    "building",
)
"""The classes that are sometimes absent, and so worth a question."""

PAINT: dict[str, Colour] = {
    "red": (205, 30, 35),
    "blue": (35, 75, 210),
    "yellow": (240, 205, 25),
    "green": (25, 140, 60),
    "white": (238, 238, 238),
    "black": (28, 28, 34),
}
"""The colours of vehicles."""

LAMPS: dict[str, Colour] = {"red": (255, 40, 30), "yellow": (255, 215, 30), "green": (40, 255, 110)}
"""The states of a traffic light, top to bottom."""
