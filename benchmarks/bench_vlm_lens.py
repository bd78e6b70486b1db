"""Images per processor second beside VLM-Lens (github.com/compling-wat/vlm-lens), whose checkout is run as it is.

    python benchmarks/bench_vlm_lens.py CHECKOUT [--rounds N]

Both read the same pictures with the same LLaVA checkpoint under the same question and keep one vector of each layer:
VLM-Lens the mean over all tokens in SQLite, ours the mean over the patches and the last token in Zarr. Ours
also scores two options, as a run always has answers. Each is a command of its own, on few images and on more, in turn:
the difference is what an image takes, without imports and loading. One thread, float32, CPU.

VLM-Lens needs PyYAML, datasets, regex and tqdm beside transformers; no GPU.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tables import Spent, keep, ranged, ratios, spent, table, with_what
from transformers import LlavaConfig, LlavaForConditionalGeneration

from probe import pocket
from probe.datasets.registry import open_dataset

QUESTION = "Is there a car in the image?"
LARGE_TEXT = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12,
              "num_key_value_heads": 12, "head_dim": 64}  # fmt: skip
LARGE_VISION = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 9, "num_attention_heads": 12}

OURS = """
import sys, probe
model, data, out, batch = sys.argv[1:]
probe.extract(model, data, perturb=(), sites=("vision.layers[*]:mean", "language.layers[*]:context_last"), out=out,
              execution=probe.Execution(device="cpu", batch_size=int(batch)))
"""


@dataclass(frozen=True)
class Few:
    """So many images, of one model: a folder, a table of questions, and how many forwards ours takes at once."""

    folder: Path
    model: Path
    images: int
    batch: int

    def theirs(self, checkout: Path) -> float:
        """Processor seconds of VLM-Lens on these images."""
        config = self.folder / "vlm_lens.yaml"
        modules = "".join(f"  - {name}\n" for name in layers(self.model))
        config.write_text(
            f"architecture: llava\nmodel_path: {self.model}\ninput_dir: {self.folder / 'pictures'}\n"
            f'prompt: "{QUESTION}"\noutput_db: {self.folder / "states.db"}\nmodules:\n{modules}'
        )
        (self.folder / "states.db").unlink(missing_ok=True)
        command = [sys.executable, "-m", "src.main", "-c", str(config), "--device", "cpu", "--pooling-method", "mean"]
        return whole(spent(command, folder=checkout, OMP_NUM_THREADS="1"), command)

    def ours(self) -> float:
        """Processor seconds of an extraction of these images."""
        out = self.folder / "run"
        shutil.rmtree(out, ignore_errors=True)
        command = [
            sys.executable, "-c", OURS, str(self.model), str(self.folder / "questions.jsonl"), str(out),
            str(self.batch),
        ]  # fmt: skip
        here = str(Path(__file__).resolve().parents[1])
        return whole(spent(command, OMP_NUM_THREADS="1", PYTHONPATH=here), command)


def whole(taken: Spent, command: list[str]) -> float:
    """The processor seconds of a command that went well; SystemExit for one that did not."""
    if taken.code:
        raise SystemExit(f"exit code {taken.code}: {' '.join(command)}")
    return taken.cpu


def layers(model: Path) -> list[str]:
    """The names of the blocks of both towers."""
    config = LlavaConfig.from_pretrained(model)
    vision = [f"model.vision_tower.encoder.layers.{k}" for k in range(config.vision_config.num_hidden_layers)]
    return vision + [f"model.language_model.layers.{k}" for k in range(config.text_config.num_hidden_layers)]


def few(folder: Path, model: Path, images: int, batch: int) -> Few:
    """So many pictures of the embedded world, as files, with one question each."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    lines: list[str] = []
    for number, image in enumerate(open_dataset("streets", limit=images).dataset.images):
        Image.fromarray(image.pictures[0].read()).save(pictures / f"{number:04d}.png")
        lines.append(
            json.dumps({"image": f"pictures/{number:04d}.png", "question": QUESTION, "options": ["yes", "no"]})
        )
    (folder / "questions.jsonl").write_text("\n".join(lines))
    return Few(folder, model, images, batch)


def large(folder: Path) -> Path:
    """A checkpoint of 147 million parameters with random weights and the embedded model's processor."""
    shutil.copytree(pocket.path("pocket-vlm"), folder, ignore=shutil.ignore_patterns("*.safetensors*"))
    config = LlavaConfig.from_pretrained(folder)
    for part, larger in ((config.text_config, LARGE_TEXT), (config.vision_config, LARGE_VISION)):
        for name, value in larger.items():
            setattr(part, name, value)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    return folder


def size_of(model: Path) -> float:
    """Millions of parameters."""
    return sum(each.numel() for each in LlavaForConditionalGeneration.from_pretrained(model).parameters()) / 1e6


def measure(checkout: Path, root: Path, model: Path, counts: tuple[int, int], rounds: int) -> list[str]:
    """A row of the table."""
    small, more = (few(root / str(count), model, count, min(count, 16)) for count in counts)
    apart = more.images - small.images
    ways: tuple[Callable[[Few], float], ...] = (lambda those: those.theirs(checkout), lambda those: those.ours())
    speeds: tuple[list[float], list[float]] = ([], [])
    starts: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for way, speed, start in zip(ways, speeds, starts, strict=True):
            begun = way(small)
            each = (way(more) - begun) / apart
            speed.append(1 / each)
            start.append(begun - each * small.images)
    theirs, ours = speeds
    return [
        f"{size_of(model):,.1f} M", f"{apart}", ranged(theirs), ranged(ours), ranged(ratios(ours, theirs)),
        ranged(starts[0], 1), ranged(starts[1], 1),
    ]  # fmt: skip


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if given.checkout is None:
        print("VLM-Lens is not measured: give the path of a checkout of github.com/compling-wat/vlm-lens.")
        return
    if not (given.checkout / "src" / "main.py").is_file():
        raise SystemExit(f"{given.checkout} has no src/main.py. Clone github.com/compling-wat/vlm-lens.")
    commit = subprocess.run(
        ["git", "-C", given.checkout, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rows = [
            measure(given.checkout, root / "small", pocket.path("pocket-vlm"), (8, 72), given.rounds),
            measure(given.checkout, root / "large", large(root / "checkpoint"), (2, 10), given.rounds),
        ]
    headings = (
        "parameters", "images", "VLM-Lens, images a s", "ours, images a s", "ours / theirs", "start, theirs, s",
        "start, ours, s",
    )  # fmt: skip
    keep(
        "vlm_lens",
        "Beside VLM-Lens",
        [
            f"`python benchmarks/bench_vlm_lens.py CHECKOUT`, VLM-Lens at {commit or 'an unknown commit'}, "
            f"{with_what('torch', 'transformers')}: images per processor second, median (least–most) of {given.rounds} "
            "pairs that took turns; `start` is what each takes before its first image.",
            table(headings, rows),
        ],
    )


if __name__ == "__main__":
    main()
