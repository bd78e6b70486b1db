"""Weights in fewer bits: made so through bitsandbytes, or by a checkpoint that comes so."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
import transformers

from .provenance import ModelError

if TYPE_CHECKING:
    from .load_options import LoadOptions

Record = dict[str, Any]
"""method, bits, compute_dtype, double_quantization: what the weights are."""


def of_checkpoint(config: Any) -> Mapping[str, Any] | None:
    """How a checkpoint's weights were quantised before they were saved, by its config; None where they were not."""
    parts = (config, config.get_text_config())
    found = next((part for part in parts if getattr(part, "quantization_config", None)), None)
    if found is None:
        return None
    settings = found.quantization_config
    return dict(settings if isinstance(settings, Mapping) else settings.to_dict())


def conflict(source: str, options: "LoadOptions", settings: Mapping[str, Any] | None) -> str:
    """Why a checkpoint cannot be quantised as asked: it comes in another quantisation. Empty where it can."""
    if settings is None or options.quantize is None:
        return ""
    there, double = method(settings), bool(settings.get("bnb_4bit_use_double_quant"))
    if options.quantize == there and not (options.double_quantization and not double):
        return ""
    asked = options.quantize + (" with double quantization" if options.double_quantization else "")
    return (
        f"model {source!r} is quantised already ({there}, {bits(settings) or 'unknown'} bits), which is read as it is: "
        f"it cannot be made {asked}. Leave out --quantize, or take the checkpoint in full."
    )


def method(settings: Mapping[str, Any]) -> str:
    """The name of a quantisation: nf4, fp4 and int8 of bitsandbytes, else the library's (gptq, awq, fp8 …).

    >>> method({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"})
    'nf4'
    >>> method({"quant_method": "gptq", "bits": 4})
    'gptq'
    """
    if settings.get("load_in_4bit") or settings.get("_load_in_4bit"):
        return str(settings.get("bnb_4bit_quant_type", "fp4"))
    if settings.get("load_in_8bit") or settings.get("_load_in_8bit"):
        return "int8"
    return str(settings.get("quant_method", "unknown"))


def bits(settings: Mapping[str, Any]) -> int | None:
    """Bits of a weight, None where the settings do not tell.

    >>> bits({"quant_method": "gptq", "bits": 3}), bits({"quant_method": "fp8"}), bits({"quant_method": "hqq"})
    (3, 8, None)
    """
    known = {"nf4": 4, "fp4": 4, "int8": 8, "fp8": 8, "fbgemm_fp8": 8, "mxfp4": 4}
    return known.get(method(settings)) or next(
        (int(settings[name]) for name in ("bits", "w_bit", "nbits", "weight_bits") if settings.get(name)), None
    )


def record(module: Any, settings: Mapping[str, Any] | None) -> Record | None:
    """What a loaded model's weights are, None where they are full: seen in its layers where bitsandbytes made them.

    Raises ModelError where the config says that the weights are quantised, and the library loaded them otherwise.
    """
    layers = {type(layer).__name__: layer for layer in module.modules()}
    if (layer := layers.get("Linear4bit")) is not None:
        state = getattr(layer.weight, "quant_state", None)
        _require(state is not None, settings)
        kind, double = getattr(layer.weight, "quant_type", None), bool(getattr(state, "nested", False))
        return _record(str(kind), 4, _name(layer.compute_dtype), double)
    if (layer := layers.get("Linear8bitLt")) is not None:
        _require(getattr(layer.weight, "SCB", None) is not None, settings)
        # its kernels take and return 16-bit activations, whatever the rest computes in
        return _record("int8", 8, "float16", False)
    if settings is None:
        return None
    if getattr(module, "hf_quantizer", None) is None:
        raise ModelError(
            f"the checkpoint says that its weights are quantised ({method(settings)}), in a way that the installed "
            "transformers does not read. Take the checkpoint in full."
        )
    return _record(method(settings), bits(settings), None, False)


def _require(scaled: bool, settings: Mapping[str, Any] | None) -> None:
    """Raise ModelError where layers for fewer bits hold weights without the scales that belong to them."""
    if not scaled:
        raise ModelError(
            f"the checkpoint's config.json says that its weights are quantised ({method(settings or {})}), and they "
            "are not. Take the config.json that belongs to the weights."
        )


def _record(name: str, width: int | None, compute: str | None, double: bool) -> Record:
    return {"method": name, "bits": width, "compute_dtype": compute, "double_quantization": double}


def _name(dtype: Any) -> str | None:
    return None if dtype is None else str(dtype).removeprefix("torch.")


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
