"""Label maps on disk, scored by Cityscapes' own evaluation script and by `analyses.segmentation`.

    python benchmarks/cityscapes_evaluation.py OUT

OUT is the folder that `published_segmentation.py` wrote into. Needs `pip install cityscapesscripts`, whose
`evalPixelLevelSemanticLabeling` reads label ids: the maps are rewritten in these, in a folder that goes again.
"""

import argparse
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from published_segmentation import LABEL_IDS, SUITE, confusions, files, predicted

from analyses import segmentation
from probe.perturbations import Condition, parse

EVALUATION = "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling"
THEIRS = {"pedestrian": "person"}
"""Classes that have another name there."""


def official(out: Path, names: list[str], condition: Condition) -> tuple[float, NDArray[np.float64]]:
    """mIoU and IoU (class) under a condition by the official script."""
    script = import_module(EVALUATION)
    script.args.quiet, script.args.JSONOutput, script.args.evalInstLevelScore = True, False, False
    with tempfile.TemporaryDirectory() as folder:
        rewritten = [f"{folder}/{name}.png" for name in names]
        for name, path in zip(names, rewritten, strict=True):
            train_ids = np.array(Image.open(predicted(out, condition, name)))
            Image.fromarray(np.array(LABEL_IDS, np.uint8)[train_ids]).save(path)
        found = script.evaluateImgLists(rewritten, [str(files(out, name)[1]) for name in names], script.args)
    each = found["classScores"]
    return found["averageScoreClasses"], np.array([each[THEIRS.get(name, name)] for name in segmentation.CITYSCAPES])


def main() -> None:
    """Print both mIoU of each condition, and in how many classes the IoU differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder with `predictions` and `cityscapes`")
    out, conditions = parser.parse_args().out, parse([SUITE])
    names = sorted(path.stem for path in (out / "predictions" / "clean").glob("*.png"))
    summed = segmentation.total(confusions(out, names, conditions))
    for condition, whole, ours in zip(
        conditions, segmentation.miou(summed).values, segmentation.iou(summed).values, strict=True
    ):
        mean, theirs = official(out, names, condition)
        differ = (~np.isclose(ours, theirs, rtol=0, atol=1e-12, equal_nan=True)).sum()
        print(f"{condition.id:26} official {mean:.6f}  ours {whole:.6f}  IoU that differ: {differ} of {len(ours)}")


if __name__ == "__main__":
    main()
