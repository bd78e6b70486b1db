"""What the reference's corrupted pictures look like, kept as the data of tests/test_corruption_reference.py.

    PYTHONPATH=tests python benchmarks/corruption_reference.py --reference PATH [--authors PATH]

--reference    a checkout of github.com/bethgelab/imagecorruptions, at c959e65: what we follow, at every size
--authors      a checkout of github.com/hendrycks/robustness, at 8190fe3: what ImageNet-C was made with, at 224x224;
               without it, what the files hold of the authors is kept

Writes tests/golden/corruption_reference.npz and .json: facts about pictures, none of the references' code. What both
checkouts need beside the project is told in reference_checkout.py. Takes about ten minutes on one core.

Deterministic corruptions: three windows of every picture and the mean of the whole. Random ones: the statistics of
tests/corruption_facts.py over SEEDS seeds, and their standard deviation from seed to seed, from which a comparison of
fewer seeds knows its sampling error.
"""

import argparse
import json
import platform
import warnings
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from corruption_facts import (
    AUTHORS,
    DETERMINISTIC,
    DRAWN_ON,
    RANDOM,
    SEVERITIES,
    STATISTICS,
    difference,
    pictures,
    statistics,
    windows,
)
from numpy.typing import NDArray
from reference_checkout import MENDED, Corrupt, commit, load

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "corruption_reference"
SEEDS = 256
PACKAGES = ("numpy", "scipy", "pillow", "opencv-python-headless", "scikit-image", "numba", "Wand")

NOTES = {
    "elastic_transform": "two different maps: the authors' is random affine plus smoothed noise, constants at 224 px",
    "frost": "the reference enlarges every texture by 1.1 or more before the crop, the authors never",
    "glass_blur": "the authors' loops go from 224 whatever the size; the same at 224x224",
    "motion_blur": "the authors blur by ImageMagick, the reference by numpy: the same kernel but for rounding",
    "pixelate": "enlarged by nearest neighbour, by the authors by box: the same at 224x224",
    "snow": "the authors blur an 8-bit layer by ImageMagick and crop it centred, the reference rounds after the blur",
    "zoom_blur": "the authors crop a square; the same at 224x224",
}
"""Where the two references differ, beside the measured differences."""

Arrays = dict[str, NDArray[np.float32] | NDArray[np.uint8]]


def fixed(corrupt: Corrupt) -> Arrays:
    """Windows and whole means of the deterministic corruptions: (corruption, severity, picture, ...)."""
    shown = pictures().values()
    made = [[[corrupt(name, level, one, 0) for one in shown] for level in SEVERITIES] for name in DETERMINISTIC]
    cut = np.stack([[[windows(one) for one in level] for level in name] for name in made])
    means = np.array([[[one.mean((0, 1)) for one in level] for level in name] for name in made], np.float32)
    return {"windows": difference(cut), "means": means}


def drawn(corrupt: Corrupt, names: tuple[str, ...], shown: tuple[str, ...], seeds: int) -> Arrays:
    """Mean and standard deviation over seeds of the STATISTICS: (corruption, severity, picture, statistic)."""
    clean = pictures()
    shape = (len(names), len(SEVERITIES), len(shown), len(STATISTICS))
    average, spread = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for n, s, p in np.ndindex(shape[:3]):
        pixels = clean[shown[p]]
        each = [statistics(corrupt(names[n], SEVERITIES[s], pixels, seed), pixels) for seed in range(seeds)]
        average[n, s, p], spread[n, s, p] = np.mean(each, axis=0), np.std(each, axis=0, ddof=1)
        print(f"{names[n]}:{SEVERITIES[s]} {shown[p]}", flush=True)
    return {"average": average, "spread": spread}


def apart(one: Corrupt, other: Corrupt) -> dict[str, list[float]]:
    """Mean absolute difference of the two, in grey levels, same seed, per severity; only where there is any."""
    pixels = pictures()[DRAWN_ON[0]]
    found: dict[str, list[float]] = {}
    for name in DETERMINISTIC + RANDOM:
        pairs = [(one(name, level, pixels, 0), other(name, level, pixels, 0)) for level in SEVERITIES]
        differences = [round(float(np.abs(a.astype(int) - b).mean()), 4) for a, b in pairs]
        if any(differences):
            found[name] = differences
    return found


def versions() -> dict[str, str]:
    """Of Python and of what the references stand on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    try:
        from wand.version import MAGICK_VERSION

        found["ImageMagick"] = MAGICK_VERSION
    except ImportError:
        found["ImageMagick"] = "absent"
    return found


def main() -> None:
    """Run the references and write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True, help="checkout of bethgelab/imagecorruptions")
    parser.add_argument("--authors", type=Path, help="checkout of hendrycks/robustness")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of both checkouts, about what they call
    corrupt = load(asked.reference)
    facts = {
        "reference": {"repository": "github.com/bethgelab/imagecorruptions", "commit": commit(asked.reference)},
        "versions": versions(),
        "mended": MENDED,
        "pictures": {name: sha256(pixels.tobytes()).hexdigest() for name, pixels in pictures().items()},
        "seeds": SEEDS,
        "notes": NOTES,
    }
    arrays = fixed(corrupt) | drawn(corrupt, RANDOM, DRAWN_ON, SEEDS)
    if asked.authors:
        authors = load(asked.authors)
        facts["authors"] = {
            "repository": "github.com/hendrycks/robustness",
            "commit": commit(asked.authors),
            "seeds": SEEDS,
            "mean_absolute_difference_from_the_reference": apart(corrupt, authors),
        }
        theirs = drawn(authors, AUTHORS, DRAWN_ON[:1], SEEDS)
        arrays |= {f"authors_{name}": array for name, array in theirs.items()}
    else:
        facts["authors"] = json.loads(GOLDEN.with_suffix(".json").read_text())["authors"]
        arrays |= {name: array for name, array in np.load(GOLDEN.with_suffix(".npz")).items() if "authors" in name}
    np.savez_compressed(GOLDEN.with_suffix(".npz"), **arrays)
    GOLDEN.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
