"""What the drawings are matched to, as measured on the photographs that ImageNet-C was made with, a tenth enlarged.

Numbers alone: mean colour, and along the main directions of colour the histogram and the radial spectrum.
"""

from dataclasses import dataclass

Numbers = tuple[float, ...]

# fmt: off
RANKS: Numbers = (
    0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.44, 0.48, 0.52,
    0.56, 0.6, 0.64, 0.68, 0.72, 0.76, 0.8, 0.84, 0.88, 0.92, 0.96, 0.98, 0.99, 0.995, 0.998, 0.9995, 1,
)
"""The ranks, from least to largest value, that `quantiles` are given for."""

BANDS: Numbers = (
    0, 0.002, 0.0065, 0.0086, 0.0113, 0.0149, 0.0196, 0.0258, 0.034, 0.0448, 0.0591, 0.0778, 0.1025, 0.1351, 0.178,
    0.2346, 0.3091, 0.4073, 0.5367, 0.7072,
)
"""The edges of the bands, in cycles per pixel, that `amplitudes` are given for."""
# fmt: on


@dataclass(frozen=True)
class Component:
    """One direction of colour (RGB, unit length) and the field along it: quantiles and root mean square amplitudes."""

    colour: Numbers
    quantiles: Numbers
    amplitudes: Numbers


@dataclass(frozen=True)
class Target:
    """One texture: mean + the sum of its components, in levels."""

    height: int
    width: int
    mean: Numbers
    components: tuple[Component, ...]


# fmt: off
CREASES = Target(
    height=660,
    width=991,
    mean=(76.8, 147.8, 164.3),
    components=(
        Component(
            colour=(0.817, 0.466, 0.341),
            quantiles=(
                -77.4, -66.4, -61.9, -58.8, -55.9, -52.4, -47.5, -40.9, -36.1, -32.1, -28.6, -25.3, -22.2, -19.1,
                -16, -13, -9.9, -6.7, -3.5, -0.1, 3.6, 7.5, 11.7, 16.2, 21.2, 27, 33.5, 41.5, 51.9, 66.9, 79.1,
                88.9, 97.2, 107.1, 121.9, 169.9,
            ),
            amplitudes=(
                4141.4, 1421.1, 498.6, 388.6, 265, 192, 126, 87.5, 64.1, 49.6, 41.3, 37, 33.5, 30.8, 27.9, 21.9,
                13.2, 5.9, 2.3,
            ),
        ),
        Component(
            colour=(0.54, -0.409, -0.735),
            quantiles=(
                -52, -43.2, -40.1, -37.3, -34, -29.2, -24, -19.3, -16.5, -14, -11.6, -9.3, -7.2, -5.3, -3.4, -1.8,
                -0.2, 1.3, 2.8, 4.2, 5.5, 6.8, 8, 9.3, 10.5, 11.6, 12.8, 14.1, 15.6, 17.6, 19.4, 21, 22.4, 24.3,
                26.9, 36.8,
            ),
            amplitudes=(
                1116.7, 646.4, 301.9, 154.9, 101.2, 77.2, 51.6, 35.1, 26.1, 21.2, 18.2, 15.3, 13.5, 12.2, 10.7, 8.1,
                4.7, 2.1, 0.8,
            ),
        ),
    ),
)

NEEDLES = Target(
    height=347,
    width=616,
    mean=(197.9, 202.3, 211.5),
    components=(
        Component(
            colour=(0.555, 0.577, 0.6),
            quantiles=(
                -249.8, -173.7, -142.6, -121.8, -106.4, -90.2, -72.9, -54, -42.1, -33.5, -26.6, -20.3, -15.1, -10.6,
                -6.2, -2.6, 0.9, 4.3, 7.7, 10.7, 14, 16.4, 19.8, 23.2, 26.5, 29.6, 33.5, 36.9, 42.1, 48.9, 54.1,
                58.1, 61.5, 65.5, 71.1, 85.3,
            ),
            amplitudes=(
                2659.1, 1442, 372, 328.8, 285.3, 209.7, 201.9, 150.5, 145.4, 122.6, 96.6, 69.2, 52.1, 43.6, 33.1,
                24.1, 14, 5.6, 2,
            ),
        ),
    ),
)

LEAVES = Target(
    height=386,
    width=580,
    mean=(144.4, 159.2, 172.1),
    components=(
        Component(
            colour=(0.567, 0.568, 0.597),
            quantiles=(
                -219.2, -185.5, -163, -144.7, -125.7, -106.3, -86.7, -65, -51.8, -42.2, -35.2, -28.4, -22.7, -17.5,
                -12.9, -7.8, -3.7, 0.3, 4.3, 8.3, 12.3, 16.3, 20.8, 24.9, 30, 35.2, 41.5, 49, 59.3, 77.1, 97.1,
                117.7, 135.9, 150.1, 159.6, 165.2,
            ),
            amplitudes=(
                2822.3, 1616.7, 268.1, 277.5, 286.9, 220.1, 217, 167.3, 172.8, 141.3, 111.7, 97.8, 84.5, 69.9, 57.1,
                42.6, 24.8, 10.7, 3.7,
            ),
        ),
    ),
)

FERNS = Target(
    height=545,
    width=727,
    mean=(101.1, 112.5, 124.3),
    components=(
        Component(
            colour=(0.588, 0.579, 0.564),
            quantiles=(
                -175.9, -139.1, -130.5, -123.6, -116.7, -108.7, -98.4, -84, -72.5, -63.9, -55.3, -48.4, -41.5,
                -34.6, -28.3, -21.9, -15.6, -9.7, -2.9, 4, 10.9, 17.8, 25.9, 33.4, 42, 52.3, 62.7, 76.4, 94.3,
                123.1, 149, 172.6, 192.7, 215.1, 236, 245.8,
            ),
            amplitudes=(
                4758.3, 1844, 805.7, 698.4, 675.2, 580.3, 469, 356, 271, 209.8, 164.1, 129.5, 100.3, 75.8, 58.6,
                42.8, 28.8, 17.6, 10.2,
            ),
        ),
    ),
)
# fmt: on
