"""How every stage steps: AdamW under a warm-up and a cosine, in bfloat16 where that is faster, logged as it goes."""

import ctypes
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Schedule:
    """Steps of `batch` scenes each; `rate` is the peak learning rate, reached after `warmup` of the steps.

    `stop` cuts the schedule short at that step, its rate still high: another stage goes on from there.
    """

    steps: int
    batch: int
    rate: float
    warmup: float = 0.06
    decay: float = 0.05
    stop: int | None = None

    @property
    def length(self) -> int:
        """The number of steps that are really taken."""
        return self.stop or self.steps

    def scaled(self, scale: float) -> "Schedule":
        """The same schedule with `scale` times the steps, two at least."""
        stop = max(2, round(self.stop * scale)) if self.stop else None
        return replace(self, steps=max(2, round(self.steps * scale)), stop=stop)

    def factor(self, step: int) -> float:
        """The share of the peak rate at a step: linear up, cosine down to 2 %."""
        rising = max(1.0, self.warmup * self.steps)
        if step < rising:
            return (step + 1) / rising
        done = (step - rising) / max(1.0, self.steps - rising)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


def tune_process() -> None:
    """Settings of the whole process that training alone may make.

    Numbers too small for full precision count as 0, and the C allocator keeps freed memory: giving large tensors back
    each step halves the speed on a CPU.
    """
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        c = ctypes.CDLL(None)
        for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 2**28)):  # M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD
            c.mallopt(option, value)


Batch = TypeVar("Batch")

Group = tuple[Iterable[nn.Parameter], float]
"""Parameters and the share of the learning rate that they take."""


def optimise(
    groups: Sequence[Group],
    schedule: Schedule,
    batches: Iterable[Batch],
    losses: Callable[[Batch], dict[str, Tensor]],
    *,
    device: torch.device,
    log: Path,
    every: int = 20,
    checkpoint: Callable[[], None] | None = None,
) -> None:
    """Minimise the sum of `losses(batch)` over all batches; writes the running means as JSON lines to `log`.

    `checkpoint`, where given, is called every 10 log lines.
    """
    split = []
    for parameters, share in groups:
        kept = [p for p in parameters if p.requires_grad]
        split.append({"params": [p for p in kept if p.ndim > 1], "share": share, "weight_decay": schedule.decay})
        split.append({"params": [p for p in kept if p.ndim <= 1], "share": share, "weight_decay": 0.0})
    optimiser = torch.optim.AdamW(split, lr=schedule.rate, betas=(0.9, 0.98))
    every_parameter = [p for group in split for p in group["params"]]
    sums: dict[str, float] = {}
    began = time.perf_counter()
    for step, batch in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * schedule.factor(step) * group["share"]
        with torch.autocast(device.type, torch.bfloat16):
            parts = losses(batch)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_(every_parameter, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.item()
        if (step + 1) % every == 0:
            means = {name: round(value / every, 4) for name, value in sums.items()}
            line = {"step": step + 1, "seconds": round(time.perf_counter() - began, 1), **means}
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            sums.clear()
            if checkpoint and (step + 1) % (10 * every) == 0:
                checkpoint()
