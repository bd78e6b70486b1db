"""Small checkpoints of `hooks.families.qformer`."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertTokenizer,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    GPT2Tokenizer,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipProcessor,
)
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from . import parts

QUERIES = 6
SIDE = 32


def _qformer(**settings: Any) -> dict[str, Any]:
    return {
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "cross_attention_frequency": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.1,
        **settings,
    }


def _images() -> BlipImageProcessorPil:
    return BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})


def _queried(model_class: Any) -> Any:
    """The model of a config with queries that differ, where the class alone makes them zero."""

    def make(config: Any) -> Any:
        model = model_class(config)
        torch.nn.init.normal_(model.query_tokens)
        return model

    return make


def _opt_tokenizer() -> GPT2Tokenizer:
    """Byte pairs behind `</s>`, which begins a text."""
    backend = json.loads(parts.tokenizer().backend_tokenizer.to_str())["model"]
    return GPT2Tokenizer(
        vocab=backend["vocab"],
        merges=[tuple(pair) for pair in backend["merges"]],
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="<pad>",
        add_bos_token=True,
    )


def blip_2(path: Path) -> None:
    """Q-Former before OPT, which ends its turn with a line break."""
    processor = Blip2Processor(_images(), _opt_tokenizer(), num_query_tokens=QUERIES)
    tokenizer = processor.tokenizer
    text = {
        "model_type": "opt",
        "vocab_size": len(tokenizer) + 8,
        "hidden_size": 64,
        "ffn_dim": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "init_std": 0.15,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": tokenizer.convert_tokens_to_ids("Ċ"),
    }
    config = Blip2Config(
        vision_config=parts.vision(),
        qformer_config=_qformer(),
        text_config=text,
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    parts.save(path, _queried(Blip2ForConditionalGeneration), config, processor)


def _bert_tokenizer() -> BertTokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz.,?:'\"0123456789"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters), "[DEC]"]
    return BertTokenizer(vocab={word: i for i, word in enumerate(words)}, bos_token="[DEC]")


def instructblip(path: Path) -> None:
    """Q-Former that reads the question, before a grouped-query LLaMA."""
    tokenizer = parts.tokenizer(bos_token="</s>", add_bos_token=True)
    processor = InstructBlipProcessor(_images(), tokenizer, _bert_tokenizer(), num_query_tokens=QUERIES)
    config = InstructBlipConfig(
        vision_config=parts.vision(),
        qformer_config=_qformer(vocab_size=len(processor.qformer_tokenizer)),
        text_config=parts.text(len(tokenizer) + 8, model_type="llama"),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    parts.save(path, _queried(InstructBlipForConditionalGeneration), config, processor)


CASES: dict[str, parts.Save] = {"blip-2": blip_2, "instructblip": instructblip}
