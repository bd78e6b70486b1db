"""Does a model fit its family's entry? Findings from small forwards on made-up images, for `probe check MODEL`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import nnsight
import numpy as np
import torch
from torch import Tensor

from . import capture, options, trace
from .collect import by_image
from .context import process, process_image, render
from .reading import Question, View
from .sites import available, parse_all

if TYPE_CHECKING:
    from .loading import Model

QUESTIONS = (
    Question("Is there a bus in the image?", ("yes", "no")),
    Question("What is in the image?", ("a small red car", "a tree")),
)
SIZES = ((224, 224), (160, 320), (90, 60))
TOLERANCE = {"float32": 1e-4, "float16": 0.05, "bfloat16": 0.25}
"""Nats by which two orders of the same 16-bit sums may differ; quantised weights compute in these too."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: whether it holds, and the figures or the reason why not."""

    name: str
    ok: bool
    detail: str


class _Wrong(Exception):
    """A check that does not hold."""


def check(model: "Model") -> list[Finding]:
    """Run every check that suits the model's kind; none stops the others."""
    return [_finding(name, run, model) for name, run in _CHECKS[model.kind]]


def _finding(name: str, run: Callable[["Model"], str], model: "Model") -> Finding:
    try:
        return Finding(name, True, run(model))
    except Exception as error:  # a wrong entry can fail anywhere in model or tracer; the finding carries the reason
        return Finding(name, False, f"{type(error).__name__}: {error}" if not isinstance(error, _Wrong) else str(error))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise _Wrong(message)


def _paths(model: "Model") -> str:
    found = []
    for tower in model.towers.values():
        path = getattr(model.family, tower.name)
        try:
            module = attrgetter(path)(model.module)
        except AttributeError as error:
            raise _Wrong(f"{tower.name} path {path!r} leads nowhere ({error})") from error
        if tower.layers:
            _require(
                isinstance(module, torch.nn.ModuleList) and len(module) == tower.layers,
                f"{tower.name} path {path!r} is a {type(module).__name__} of {len(list(module.children()))}, "
                f"not a list of {tower.layers} blocks",
            )
        found.append(f"{tower.name} at {path}" + (f" ({tower.layers} blocks)" if tower.layers else ""))
    if model.family.final_norm:
        attrgetter(model.family.final_norm)(model.module)
    return ", ".join(found)


def _token_counts(model: "Model") -> str:
    counted = []
    for height, width in SIZES:
        states, image = _states(model, _picture(height, width))
        count, grid = model.blueprint.image_tokens(height, width)
        _require(count == int(np.prod(grid)), f"{height}x{width}: {count} image tokens, but the grid is {grid}")
        for (tower, layer), state in states.items():
            leading = model.family.leading(model.config) if tower == "vision" else 0
            expected = int(np.prod(model.family.grid(model.config, image, tower)))
            shape = (expected + leading, model.towers[tower].features)
            _require(tuple(state.shape) == shape, f"{tower} layer {layer} is {tuple(state.shape)}, expected {shape}")
        counted.append(f"{height}x{width} -> {count} {grid}")
    return "; ".join(counted)


def _finite(model: "Model") -> str:
    states, _ = _states(model, _picture(*SIZES[0]))
    bad = [f"{tower} layer {layer}" for (tower, layer), state in states.items() if not state.isfinite().all()]
    _require(not bad, f"non-finite states at {', '.join(bad)}. Try another --dtype.")
    return f"{len(states)} states"


def _projected(model: "Model") -> str:
    states, _ = _states(model, _picture(*SIZES[0]))
    entering, projected = states["language", 0], states["projector", 0]
    _require(entering.shape == projected.shape, f"{tuple(projected.shape)} projected, {tuple(entering.shape)} enter")
    worst = _worst(entering, projected)
    _require(worst == 0, f"they differ by up to {worst:.2g}")
    return f"{len(projected)} tokens, equal"


def _hidden_states(model: "Model") -> str:
    states, _ = _states(model, _picture(*SIZES[0]))
    inputs = _inputs(model, _picture(*SIZES[0]))
    with model.lock, torch.inference_mode():
        output = model.module(**inputs, output_hidden_states=True)
    mask = inputs["input_ids"] == model.config.image_token_id
    layers = model.towers["language"].layers
    norm = attrgetter(model.family.final_norm)(model.module)
    worst = 0.0
    for layer, theirs in enumerate(output.hidden_states):
        # the library returns the last one with the final norm applied, sites are without
        mine = norm(states["language", layer]) if layer == layers else states["language", layer]
        worst = max(worst, _worst(mine, theirs[mask]))
    limit = 1e-5 if model.dtype == "float32" else 0.1
    _require(worst <= limit, f"they differ by up to {worst:.2g}")
    return f"{layers + 1} layers, within {worst:.1g}"


def _replacing(model: "Model") -> str:
    done = []
    for tower in model.towers.values():
        block = (tower.layers - 1) // 2 if tower.layers else 0
        clean, before = _replaced(model, tower.name, block, change=False)
        changed, still = _replaced(model, tower.name, block, change=True)
        _require(_worst(clean, changed) > 0, f"{tower.name}: replacing block {block + 1} changes nothing downstream")
        if before is not None and still is not None:
            _require(_worst(before, still) == 0, f"{tower.name}: replacing block {block + 1} changes its own input")
        done.append(tower.name)
    return f"downstream moves, upstream does not: {', '.join(done)}"


def _row_major(model: "Model") -> str:
    height, width = SIZES[0]
    plain = np.full((height, width, 3), 96, np.uint8)
    base, image = _states(model, plain)
    _, rows, cols = model.family.grid(model.config, image, "vision")
    leading = model.family.leading(model.config)
    for row, col in ((0, cols - 1), (rows - 1, 0), (0, 0)):
        bright = plain.copy()
        bright[row * height // rows : (row + 1) * height // rows, col * width // cols : (col + 1) * width // cols] = 255
        moved = (_states(model, bright)[0]["vision", 0] - base["vision", 0]).float().norm(dim=-1)[leading:]
        at = divmod(int(moved.argmax()), cols)
        _require(at == (row, col), f"brightening patch {(row, col)} moves token {at} most")
    return f"{rows}x{cols}, three corners"


def _vision_once(model: "Model") -> str:
    with counted_vision(model) as once:
        _states(model, _picture(*SIZES[0]))
    with counted_vision(model) as seen:
        capture.read(model, [View(_picture(*SIZES[0]), QUESTIONS)], (), batch_size=1)
    _require(
        seen == once, f"the vision tower saw {seen} tokens for one image of {once} with {len(QUESTIONS)} questions"
    )
    return f"1 image, {len(QUESTIONS)} questions, {sum(len(q.options) for q in QUESTIONS)} options, 1 call"


def _encode_once(model: "Model") -> str:
    views = [View(_picture(*size), QUESTIONS) for size in SIZES]
    limit, worst = TOLERANCE[model.dtype], 0.0
    for view, reading in zip(views, capture.read(model, views, (), batch_size=len(views)), strict=True):
        for mine, exact in zip(reading.answers, options.score_reference(model, view), strict=True):
            worst = max(worst, float(np.abs(mine.log_likelihood - exact.log_likelihood).max()))
    _require(worst <= limit, f"scores differ from one whole forward per option by {worst:.2g} nats (limit {limit:g})")
    return f"within {worst:.1g} nats of one whole forward per option (limit {limit:g})"


def _logits(model: "Model") -> str:
    view, captions = View(_picture(*SIZES[0]), QUESTIONS), QUESTIONS[1].options
    mine = capture.read(model, [view], (), batch_size=1)[0].answers[1].log_likelihood
    tokens = model.processor.tokenizer(list(captions), padding=True, return_tensors="pt").to(model.device)
    with model.lock, torch.inference_mode():
        theirs = model.module(**tokens, **_inputs(model, view.pixels)).logits_per_image[0]
    worst = float(np.abs(mine - theirs.float().cpu().numpy()).max())
    limit = TOLERANCE[model.dtype]
    _require(worst <= limit, f"scores differ from the model's own logits by {worst:.2g} (limit {limit:g})")
    return f"within {worst:.1g} of the model's own logits (limit {limit:g})"


@contextmanager
def counted_vision(model: "Model") -> Iterator[list[int]]:
    """Record, for each call of the vision tower, how many tokens it saw: a list that grows inside the block."""
    seen: list[int] = []
    block = attrgetter(model.family.vision)(model.module)[0]
    hook = block.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(_width(args, kwargs)), with_kwargs=True
    )
    try:
        yield seen
    finally:
        hook.remove()


def _width(args: tuple, kwargs: dict[str, Any]) -> int:
    return (args[0] if args else kwargs["hidden_states"]).shape[:-1].numel()


def _picture(height: int, width: int) -> np.ndarray:
    rows, cols = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, cols * 255 // width, (rows + cols) % 256], axis=-1).astype(np.uint8)


def _inputs(model: "Model", pixels: np.ndarray) -> dict[str, Tensor]:
    if model.kind == "generative":
        made = process(model.blueprint, pixels, render(model.blueprint, QUESTIONS[0].text))
    else:
        made = process_image(model.blueprint, pixels)
    made["pixel_values"] = made["pixel_values"].to(getattr(torch, model.dtype))
    return {name: value.to(model.device) for name, value in made.items()}


def _method(model: "Model") -> str:
    return "__call__" if model.kind == "generative" else "get_image_features"


def _states(model: "Model", pixels: np.ndarray) -> tuple[trace.States, dict[str, Tensor]]:
    """The states of one image at every layer of every tower, those of the language model at image positions."""
    inputs = _inputs(model, pixels)
    texts = [text for text in available(model.towers) if text.split(":")[1] in ("patches", "image")]
    reads = trace.points(model, parse_all(texts, model.towers))
    mask = inputs["input_ids"] == model.config.image_token_id if model.kind == "generative" else None
    _, states = trace.run(
        model, inputs, reads=reads, select={"language": lambda state: state[mask]}, method=_method(model)
    )
    return by_image(model, states, [inputs])[0], inputs


def _replaced(model: "Model", tower: str, block: int, *, change: bool) -> tuple[Tensor, Tensor | None]:
    """The model's output with one block's output (the projector's) reversed along features, and that block's input."""
    module = trace.blocks(model, tower)
    stacked = model.towers[tower].layers > 0
    inputs, before = _inputs(model, _picture(*SIZES[0])), None
    with model.lock, torch.inference_mode(), model.tracer.trace(fn=_method(model), **inputs) as tracer:
        target = module[block] if stacked else module
        before = nnsight.save(trace.first(target.input).clone())
        value = target.output
        if change:
            swapped = trace.first(value).flip(-1)
            target.output = (swapped, *value[1:]) if isinstance(value, tuple) else swapped
        result = nnsight.save(tracer.result)
    output = result.logits[:, -1] if model.kind == "generative" else result.pooler_output
    return output.clone(), before


def _worst(a: Tensor, b: Tensor) -> float:
    return float((a.float() - b.float()).abs().max())


_SHARED = (
    ("module paths", _paths),
    ("token counts equal grids", _token_counts),
    ("states are finite", _finite),
    ("patches are in row-major order", _row_major),
    ("replacing a state moves what follows", _replacing),
)
_CHECKS: dict[str, tuple[tuple[str, Callable[["Model"], str]], ...]] = {
    "generative": (
        *_SHARED,
        ("projected tokens are what enters the language model", _projected),
        ("states equal output_hidden_states", _hidden_states),
        ("vision runs once per image", _vision_once),
        ("encode-once equals whole forwards", _encode_once),
    ),
    "contrastive": (*_SHARED, ("vision runs once per image", _vision_once), ("scores are the model's logits", _logits)),
}
