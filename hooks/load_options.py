"""How a model is to be loaded; reading these options needs no model library."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from . import settings

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Quantize = Literal["nf4", "int8"]

_DEVICE = re.compile(r"auto|cpu|(cuda|mps|xpu|npu)(:\d+)?")


@dataclass(frozen=True)
class LoadOptions:
    """How to load. `dtype` "auto" is the checkpoint's own, but float32 on a CPU, where 16 bits are slow and imprecise.

    `quantize` keeps the weights in 4 (nf4) or 8 bits and computes in `dtype`; `double_quantization` also quantises
    nf4's scales. `visual_tokens` limits an image's tokens in families that allow it. `plain` prompts without the chat
    template, for base models. Remote code is never run unless `trust_remote_code`. `adapter` is a folder or a hub id
    whose weights go into the model's layers, through peft. `pictures_on_device` resizes and normalises pictures where
    the model is; elsewhere than on a CPU that rounds otherwise. ValueError for what there is not.
    """

    dtype: Dtype = "auto"
    device: str = "auto"
    quantize: Quantize | None = None
    double_quantization: bool = False
    revision: str | None = None
    visual_tokens: int | None = None
    plain: bool = False
    trust_remote_code: bool = False
    adapter: str | None = None
    pictures_on_device: bool = False

    def __post_init__(self) -> None:
        plain: dict[str, object] = {
            "dtype": settings.choice("dtype", self.dtype, get_args(Dtype)),
            "device": device(self.device),
            **{
                name: settings.switch(name.replace("_", " "), getattr(self, name))
                for name in ("double_quantization", "plain", "trust_remote_code", "pictures_on_device")
            },
        }
        if self.quantize is not None:
            plain["quantize"] = settings.choice("quantize", self.quantize, get_args(Quantize))
        if self.adapter is not None:
            plain["adapter"] = settings.place("adapter", self.adapter)
        if self.revision is not None:
            plain["revision"] = settings.text("revision", self.revision)
        if self.visual_tokens is not None:
            plain["visual_tokens"] = settings.whole("visual tokens", self.visual_tokens, least=1)
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.double_quantization and self.quantize != "nf4":
            raise ValueError(f"double quantization applies to nf4, not to quantize={self.quantize}. Ask for nf4.")


def device(name: object) -> str:
    """The name of a device as torch writes it; whether this machine has it is seen when a model is loaded.

    >>> device("gpu")
    Traceback (most recent call last):
    ValueError: device 'gpu' is unknown. Choose auto, cpu, cuda, cuda:1, mps, xpu or npu.
    """
    if _DEVICE.fullmatch(written := str(name)):  # torch.device prints as its name
        return written
    raise ValueError(f"device {name!r} is unknown. Choose auto, cpu, cuda, cuda:1, mps, xpu or npu.")
