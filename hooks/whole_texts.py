"""Tokenizers that read every text whole and by itself, whatever settings a checkpoint was saved with."""

from typing import Any

from transformers.processing_utils import TextKwargs


def read_whole_texts(processor: Any) -> None:
    """Take saved truncation, padding and the like from a processor's tokenizers, which would act on every text.

    Batches are padded where they are made, and by the settings of the model's family.
    """
    names = {"tokenizer"} | {name for name in vars(processor) if name.endswith("_tokenizer")}
    for tokenizer in (getattr(processor, name, None) for name in sorted(names)):
        if tokenizer is None:
            continue
        for setting in TextKwargs.__annotations__:  # processors take these from the saved settings
            tokenizer.init_kwargs.pop(setting, None)
        if (backend := getattr(tokenizer, "backend_tokenizer", None)) is not None:
            backend.no_truncation()
            backend.no_padding()
