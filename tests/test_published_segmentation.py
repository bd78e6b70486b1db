"""The script that segments real street scenes with published weights, on a stand-in of the checkout and two scenes."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "published_segmentation.py"

NETWORK = """
import torch

class ESPNetv2Segmentation(torch.nn.Module):
    def __init__(self, args, classes, dataset):
        super().__init__()
        assert (args.s, classes, dataset) == (0.5, 20, "city")
        self.red = torch.nn.Conv2d(3, classes, 1)

    def forward(self, x):
        return self.red(x)
"""

ROAD, TERRAIN, PARKING, PLATE = 7, 22, 9, 255  # label ids; the last two are no class, a plate has -1
HEIGHT, WIDTH = 60, 80


@pytest.fixture(autouse=True)
def _no_module_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "model"]:
        del sys.modules[name]


def checkout(folder: Path) -> Path:
    """A model that calls what is bright road and the rest terrain."""
    module = folder / "model" / "segmentation" / "espnetv2.py"
    weights = folder / "model" / "segmentation" / "model_zoo" / "espnetv2" / f"espnetv2_s_0.5_city_{WIDTH}x{HEIGHT}.pth"
    weights.parent.mkdir(parents=True)
    module.write_text(NETWORK, encoding="utf-8")
    weight, bias = torch.zeros(20, 3, 1, 1), torch.full((20,), -9.0)
    weight[0, 0], bias[0] = 1.0, 0.0  # red above the mean of ImageNet, 0.485, is more than none
    bias[9] = 0.0
    torch.save({"red.weight": weight, "red.bias": bias}, weights)
    return folder


def scene(folder: Path, name: str, labels: int) -> None:
    """A white picture, and a map of one label with three rows that do not count and one wrong row."""
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT), "white").save(folder / f"{name}_leftImg8bit.png")
    ids = np.full((HEIGHT, WIDTH), labels, np.uint8)
    ids[:2], ids[2], ids[-1] = PARKING, PLATE, TERRAIN
    Image.fromarray(ids).save(folder / f"{name}_gtFine_labelIds.png")


def test_maps_are_written_in_train_ids_under_each_condition_and_scored_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(tmp_path / "a", "aachen_000001_000019", ROAD)
    scene(tmp_path / "b", "ulm_000002_000019", ROAD)
    Image.new("L", (WIDTH, HEIGHT)).save(tmp_path / "a" / "bonn_000003_000019_gtFine_labelIds.png")  # without picture
    made, out = checkout(tmp_path / "EdgeNets"), tmp_path / "out"
    arguments = [made, out, tmp_path / "a", tmp_path / "b", "--scale", 0.5, "--size", WIDTH, HEIGHT]
    monkeypatch.setattr(sys, "argv", [SCRIPT.name, *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    text = capsys.readouterr().out
    rows = [line.strip("| ").split(" | ") for line in text.splitlines()]
    assert rows[0] == ["2 scenes: aachen_000001_000019, ulm_000002_000019"]

    # 57 of 60 rows count. All is called road: 56 rows of road right, 1 row of terrain not.
    # IoU of road 56/57, of terrain 0: mIoU 56/114 = .4912, and of 57 rows 56 are right
    clean, *others = (row for row in rows if row[0] in ("clean", "occlusion:3"))
    assert clean == ["clean", "0.4912", "0.491 to 0.491", "0.0000", "0.000 to 0.000", "2"]
    assert ["road", "8960", "0.982"] in [row[:3] for row in rows]  # 2 · 56 · 80 pixels
    assert ["pixel accuracy", "9120", "0.982"] in [row[:3] for row in rows]

    # under an occlusion what is black is called terrain: right where the last row is covered
    both, either = np.zeros((2, 2))
    for name in ("aachen_000001_000019", "ulm_000002_000019"):
        guess = np.asarray(Image.open(out / "predictions" / "occlusion_3" / f"{name}.png"))
        black = guess == 9
        assert abs(black.mean() - 0.25) < 0.01
        assert set(np.unique(guess)) == {0, 9}
        upper, last = black[3:-1], black[-1]
        both += [(~upper).sum(), last.sum()]
        either += [upper.size + (~last).sum(), last.size + upper.sum()]
    miou = (both / either).mean()
    assert others[0][1] == f"{miou:.4f}"
    assert others[0][3] == f"{56 / 114 - miou:.4f}"
    assert "Counted in numpy: 0 of 190 IoU differ; mIoU 0.4912" in text

    families = ("low_light", "motion_blur.horizontal", "occlusion")
    folders = [path.name for path in sorted((out / "predictions").iterdir())]
    assert folders == ["clean", *(f"{family}_{severity}" for family in families for severity in (1, 2, 3))]
    copied = [path.relative_to(out / "cityscapes").as_posix() for path in (out / "cityscapes").rglob("*.png")]
    assert sorted(copied)[0] == "gtFine/val/aachen/aachen_000001_000019_gtFine_labelIds.png"
    assert sorted(copied)[-1] == "leftImg8bit/val/ulm/ulm_000002_000019_leftImg8bit.png"


def test_folders_without_a_pair_are_refused(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "bonn_000003_000019_gtFine_labelIds.png")
    with pytest.raises(SystemExit, match=r"No \*_leftImg8bit.png with a \*_gtFine_labelIds.png of its name in "):
        runpy.run_path(str(SCRIPT))["scenes"]([tmp_path], tmp_path / "out")


def test_no_code_runs_when_weights_are_read(tmp_path: Path) -> None:
    made = checkout(tmp_path)
    weights = next(made.rglob("*.pth"))
    torch.save({"red.weight": Path("anything")}, weights)
    with pytest.raises(Exception, match="Weights only load failed"):
        runpy.run_path(str(SCRIPT))["load"](made, 0.5, (WIDTH, HEIGHT))
