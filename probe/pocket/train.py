"""Make the pocket models again from nothing: `python -m probe.pocket.train`.

Stages, in order: `begin-clip`, `begin-vlm`, `go-on-clip`, `clip`, `vlm`, `polish-vlm` (two models that grow up with one
vision tower, in turns) and `dpo`; each needs the ones before it. `segformer` stands alone; `cards` measures all of them
and writes the model cards.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch

from . import NAMES, contrast, dpo, measure, path, segformer, tokenizer, vlm
from .gallery import gallery
from .schedule import tune_process

STAGES = ("begin-clip", "begin-vlm", "go-on-clip", "clip", "vlm", "polish-vlm", "dpo", "segformer", "cards")
SCENES = 16_000
WORLD_SEED = 1
"""Of the scenes to train on; evaluation uses another world."""


def main(arguments: list[str] | None = None) -> None:
    """Run the named stages in order."""
    options = _parser().parse_args(arguments)
    tune_process()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    options.out.mkdir(parents=True, exist_ok=True)
    options.cache.mkdir(parents=True, exist_ok=True)
    for stage in options.stage or STAGES:
        began = time.perf_counter()
        _run(stage, options.out, options.cache, options.scale, options.seed, device)
        print(f"{stage}: {time.perf_counter() - began:.0f} s")


def _run(stage: str, out: Path, cache: Path, scale: float, seed: int, device: torch.device) -> None:
    if stage == "cards":
        measure.write_cards(out, NAMES, scenes=max(8, round(measure.SCENES * min(1.0, scale))))
        return
    scenes = gallery(cache, WORLD_SEED, max(32, round(SCENES * min(1.0, scale))))
    words, log = tokenizer.learn(), cache / f"{stage}.jsonl"
    clip, base, aligned = out / "pocket-clip", out / "pocket-vlm", out / "pocket-vlm-aligned"
    how = {"seed": seed, "device": device, "log": log}
    match stage:
        case "begin-clip":
            contrast.begin(scenes, words, clip, schedule=contrast.BEGIN.scaled(scale), **how)
        case "go-on-clip":
            contrast.go_on(scenes, words, base, clip, schedule=contrast.CONTINUE.scaled(scale), **how)
        case "clip":
            contrast.finish(scenes, words, clip, schedule=contrast.FINISH.scaled(scale), **how)
        case "begin-vlm":
            vlm.begin(scenes, words, clip, base, schedule=vlm.BEGIN.scaled(scale), **how)
        case "vlm":
            vlm.finish(scenes, words, clip, base, schedule=vlm.FINISH.scaled(scale), **how)
        case "polish-vlm":
            vlm.polish(scenes, words, base, schedule=vlm.POLISH.scaled(scale), **how)
        case "dpo":
            dpo.train(scenes, words, base, aligned, schedule=dpo.SCHEDULE.scaled(scale), **how)
        case _:
            schedule = segformer.SCHEDULE.scaled(scale)
            segformer.train(scenes, out / "pocket-segformer", schedule=schedule, **how)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m probe.pocket.train", description=__doc__)
    parser.add_argument("--stage", action="append", choices=STAGES, help="run this stage only; may be repeated")
    parser.add_argument("--out", type=Path, default=path("pocket-clip").parent, help="folder of the checkpoints")
    default = Path(tempfile.gettempdir()) / "probe-pocket"
    parser.add_argument("--cache", type=Path, default=default, help="folder of the drawn scenes and the logs (3 GB)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the steps and scenes; below 1 for a try")
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()
