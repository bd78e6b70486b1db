"""Models of real size with random weights: views a second, peak memory, and what tracing costs over bare forwards.

    python benchmarks/bench_models.py [--markdown FILE] [MODEL[/nf4|/int8] ...]

Without names: `llava-1.5-7b` and `qwen2-vl-2b` in bfloat16 and NF4 where there is a GPU, `small-llava` and
`small-qwen2-vl` in float32 elsewhere. Configurations are those of the papers' models, the tokenizers are small ones: no
figure here depends on what a model says. Checkpoints are written to a temporary folder and loaded as any other.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import tiny
from tiny import picture

import hooks
from hooks import trace
from hooks.encoding import rows, stack
from hooks.prefill import prefill

ROUNDS, VIEWS = 5, 16
OPTIONS = ("yes", "no", "a small red car", "nothing at all, as far as one can see")
QUESTIONS = tuple(hooks.Question(text, OPTIONS) for text in ("is there a bus?", "what is in the image?"))
SITES = ("vision.layers[-1]:patches", "projector:patches", "language.layers[*]:context_last")


@dataclass(frozen=True)
class Size:
    """A small checkpoint of the tests, and what is larger in the real one."""

    case: str
    picture: tuple[int, int]
    text: dict[str, Any]
    vision: dict[str, Any]
    pixels: dict[str, Any]


SMALL = {"text": {}, "vision": {}, "pixels": {}}
MODELS = {
    "small-llava": Size("llava", (120, 160), **SMALL),
    "small-qwen2-vl": Size("qwen2_vl", (120, 160), **SMALL),
    "llava-1.5-7b": Size(
        "llava",
        (480, 640),
        {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
         "num_key_value_heads": 32, "head_dim": 128, "vocab_size": 32064, "initializer_range": 0.02},
        {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
         "image_size": 336, "patch_size": 14, "initializer_range": 0.02},
        {"size": {"height": 336, "width": 336}, "crop_size": {"height": 336, "width": 336}},
    ),
    "qwen2-vl-2b": Size(
        "qwen2_vl",
        (480, 640),
        {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12,
         "num_key_value_heads": 2, "vocab_size": 151936, "initializer_range": 0.02,
         "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}},
        {"depth": 32, "embed_dim": 1280, "num_heads": 16, "hidden_size": 1536, "initializer_range": 0.02},
        {"min_pixels": 3136, "max_pixels": 12845056, "size": {"shortest_edge": 3136, "longest_edge": 12845056}},
    ),
}  # fmt: skip


def enlarge(size: Size, folder: Path) -> None:
    """Write the checkpoint of a size to a folder: the tests' processor, the real configuration, random weights."""
    tiny.CASES[size.case](folder)
    if not size.text:
        return
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (file := folder / name).is_file():
            settings = json.loads(file.read_text())
            settings.get("image_processor", settings).update(size.pixels)
            if "patch_size" in settings:
                settings["patch_size"] = size.vision.get("patch_size", settings["patch_size"])
            file.write_text(json.dumps(settings))
    config = transformers.AutoConfig.from_pretrained(folder)
    for part, larger in ((config.text_config, size.text), (config.vision_config, size.vision)):
        for key, value in larger.items():
            setattr(part, key, value)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            module = transformers.AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    finally:
        torch.set_default_dtype(torch.float32)
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    module.save_pretrained(folder)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call, the device's work included."""
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def medians(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each, run in turn so that noise hits all; a first round warms up."""
    for work in works:
        timed(work)
    table = [[timed(work) for work in works] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*table, strict=True)]


def measure(folder: Path, size: Size, quantize: str | None) -> dict[str, str]:
    """The figures of one model in one precision."""
    model = hooks.load(str(folder), hooks.LoadOptions(quantize=quantize))  # type: ignore[arg-type]
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    views = [hooks.View((picture(seed, *size.picture),), QUESTIONS) for seed in range(VIEWS)]
    sites = hooks.sites.parse_all(SITES, model.towers)
    (row,) = rows(model.blueprint, 0, views[0])
    inputs = stack(model, [row.inputs]) | {"use_cache": True, "logits_to_keep": 1}
    reads = trace.points(model, sites)

    def bare() -> None:
        with torch.inference_mode():
            model.module(**inputs)

    plain, traced = medians(bare, lambda: prefill(model, [row], reads=reads))
    each = medians(lambda: hooks.options.score_reference(model, views[0]))[0]
    batches = {
        n: medians(lambda n=n: hooks.capture.read(model, views, sites, batch_size=n))[0] / VIEWS for n in (1, 4, 16)
    }
    peak = f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if torch.cuda.is_available() else "not measured"
    tokens = int(np.prod(hooks.image_grids(model.blueprint, *size.picture)["language"]))
    return {
        "weights": f"{quantize or model.dtype}, {sum(p.numel() for p in model.module.parameters()) / 1e6:.1f} M stored",
        "image tokens": str(tokens),
        "bare prefix": f"{1000 * plain:.1f} ms",
        "traced, all sites": f"{1000 * traced:.1f} ms ({traced / plain:.2f} x)",
        "view, one forward an option": f"{1000 * each:.1f} ms",
        **{f"view, batch {n}": f"{1000 * one:.1f} ms ({each / one:.1f} x)" for n, one in batches.items()},
        "peak memory": peak,
    }


def main(arguments: list[str]) -> None:
    """Measure and print what was asked for, as a markdown table."""
    target = Path(arguments[1]) if arguments[:1] == ["--markdown"] else None
    arguments = arguments[2:] if target else arguments
    large = [f"{name}{kind}" for name in ("llava-1.5-7b", "qwen2-vl-2b") for kind in ("", "/nf4")]
    chosen = arguments or (large if torch.cuda.is_available() else ["small-llava", "small-qwen2-vl"])
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "nnsight", "bitsandbytes"))
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, {device}, {versions}. {len(QUESTIONS)} questions of {len(OPTIONS)} "
             f"options a view, median of {ROUNDS} rounds.", ""]  # fmt: skip
    for name in chosen:
        model, _, quantize = name.partition("/")
        with tempfile.TemporaryDirectory() as folder:
            enlarge(MODELS[model], Path(folder))
            figures = measure(Path(folder), MODELS[model], quantize or None)
        if len(lines) == 2:
            lines += [f"| model | {' | '.join(figures)} |", "| --- " * (len(figures) + 1) + "|"]
        lines.append(f"| {name} | {' | '.join(figures.values())} |")
        print(lines[-1], flush=True)
    print("\n".join(lines))
    if target:
        target.write_text("# Models of real size\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
