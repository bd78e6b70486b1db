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
    T5Tokenizer,
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


def _t5_tokenizer() -> T5Tokenizer:
    """Letters and a few words, which begin with a mark, and </s> after a text."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,?:'\"0123456789"
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in letters)]
    pieces += [("▁yes", -2.0), ("▁no", -2.0), ("▁bus", -2.5)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, extra_special_tokens=["<image>"])


def _t5(vocabulary: int) -> dict[str, Any]:
    """Three layers of the encoder and of the decoder."""
    return {
        "model_type": "t5",
        "vocab_size": vocabulary,
        "d_model": 64,
        "d_kv": 16,
        "d_ff": 96,
        "num_layers": 3,
        "num_decoder_layers": 3,
        "num_heads": 4,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 16,
        "feed_forward_proj": "gated-gelu",
        "initializer_factor": 1.0,
        "tie_word_embeddings": False,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "decoder_start_token_id": 0,
    }


def blip_2_t5(path: Path) -> None:
    """Q-Former before the encoder of a T5."""
    processor = Blip2Processor(_images(), _t5_tokenizer(), num_query_tokens=QUERIES)
    tokenizer = processor.tokenizer
    config = Blip2Config(
        vision_config=parts.vision(),
        qformer_config=_qformer(),
        text_config=_t5(len(tokenizer)),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    parts.save(path, _queried(Blip2ForConditionalGeneration), config, processor)


def instructblip_t5(path: Path) -> None:
    """Q-Former that reads the question, before the encoder of a T5."""
    processor = InstructBlipProcessor(_images(), _t5_tokenizer(), _bert_tokenizer(), num_query_tokens=QUERIES)
    tokenizer = processor.tokenizer
    config = InstructBlipConfig(
        vision_config=parts.vision(),
        qformer_config=_qformer(vocab_size=len(processor.qformer_tokenizer)),
        text_config=_t5(len(tokenizer)),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    parts.save(path, _queried(InstructBlipForConditionalGeneration), config, processor)


CASES: dict[str, parts.Save] = {
    "blip-2": blip_2,
    "instructblip": instructblip,
    "blip-2_t5": blip_2_t5,
    "instructblip_t5": instructblip_t5,
}
