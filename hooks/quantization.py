"""Weights in 4 and 8 bits through bitsandbytes."""

from typing import TYPE_CHECKING, Any

import torch
import transformers

if TYPE_CHECKING:
    from .load_options import LoadOptions


def record(options: "LoadOptions", dtype: str) -> dict[str, Any] | None:
    """The entry in the provenance; None for a model that is not quantised."""
    if options.quantize is None:
        return None
    # int8 kernels take and return 16-bit activations, whatever the rest of the model computes in
    return {
        "method": options.quantize,
        "compute_dtype": "float16" if options.quantize == "int8" else dtype,
        "double_quantization": options.double_quantization,
    }


def config(options: "LoadOptions", dtype: str) -> transformers.BitsAndBytesConfig:
    """The library's configuration for nf4 or int8."""
    if options.quantize == "nf4":
        return transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, dtype),
            bnb_4bit_use_double_quant=options.double_quantization,
        )
    return transformers.BitsAndBytesConfig(load_in_8bit=True)


def exact_on_cpu(module: Any) -> None:
    """Keep 4-bit layers from a CPU path that always computes in bfloat16, and fails on odd widths."""
    for layer in module.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
