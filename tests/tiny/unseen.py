"""Small checkpoints of models without a vision tower: `hooks.families.fuyu` and `hooks.families.codebook`."""

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    ChameleonConfig,
    ChameleonForConditionalGeneration,
    ChameleonProcessor,
    Emu3Config,
    Emu3ForConditionalGeneration,
    Emu3Processor,
    FuyuConfig,
    FuyuForCausalLM,
    FuyuProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.chameleon.image_processing_pil_chameleon import ChameleonImageProcessorPil
from transformers.models.emu3.image_processing_emu3 import Emu3ImageProcessor
from transformers.models.fuyu.image_processing_fuyu import FuyuImageProcessor

from . import parts

CODES = 24
"""Words of the codebook."""
DIGITS = str.maketrans("0123456789", "ABCDEFGHIJ")
"""As Chameleon's vocabulary writes numbers."""


def _marked_words() -> PreTrainedTokenizerFast:
    """Pieces; a mark begins every text, before tokens of the vocabulary too, as Fuyu's."""
    letters = [chr(code) for code in range(33, 127)]
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *((f"<0x{byte:02X}>", -9.0) for byte in range(256))]
    pieces += [("|SPEAKER|", -1.0), ("|NEWLINE|", -1.0), ("▁", -2.0), *((letter, -3.0) for letter in letters)]
    pieces += [(word, -2.0) for word in ("▁bus", "▁yes", "▁no", "▁is", "▁there")]
    backend = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def fuyu(path: Path) -> None:
    """Patches of 8 x 8 pixels of pictures of at most 48 x 64."""
    words = _marked_words()
    text = parts.text(len(words) + 8, model_type="persimmon", num_key_value_heads=4, hidden_act="relu2")
    config = FuyuConfig(text_config=text, patch_size=8, image_token_id=words.convert_tokens_to_ids("|SPEAKER|"))
    images = FuyuImageProcessor(size={"height": 48, "width": 64}, patch_size={"height": 8, "width": 8})
    parts.save(path, FuyuForCausalLM, config, FuyuProcessor(images, words))


def _vocabulary(words: PreTrainedTokenizerFast, codes: list[str]) -> dict[str, int]:
    return {token: words.convert_tokens_to_ids(token) for token in ("<image>", *codes)}


def _quantised(**settings: Any) -> dict[str, Any]:
    return {"embed_dim": 8, "latent_channels": 8, "base_channels": 32, "num_res_blocks": 1, **settings}


def chameleon(path: Path) -> None:
    """Pictures of 32 x 32 pixels, whose 8 x 8 codes are words of the vocabulary."""
    codes = [f"IMGIMG{str(code).translate(DIGITS)}Z" for code in range(CODES)]
    named = {"image_token": "<image>", "boi_token": "<racm3:break>", "eoi_token": "<eoss>"}
    words = parts.tokenizer(
        *named.values(), "<reserved08706>", *codes, extra_special_tokens=named, sep_token="<reserved08706>"
    )
    vq = _quantised(num_embeddings=CODES, resolution=32, channel_multiplier=[1, 1, 2])
    config = ChameleonConfig(**parts.text(len(words)), vq_config=vq, vocabulary_map=_vocabulary(words, codes))
    size = {"height": 32, "width": 32}
    images = ChameleonImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    parts.save(path, ChameleonForConditionalGeneration, config, ChameleonProcessor(images, words, image_seq_length=64))


def emu3(path: Path) -> None:
    """Pictures at their own shape, of at most 64 codes of 8 x 8 pixels, rows of which end with a token."""
    named = {
        "image_token": "<image>",
        "boi_token": "<|image start|>",
        "eoi_token": "<|image end|>",
        "image_wrapper_token": "<|image token|>",
        "eof_token": "<|extra_201|>",
        "eol_token": "<|extra_200|>",
    }
    codes = [f"<|visual token {code:06d}|>" for code in range(CODES)]
    words = parts.tokenizer(*named.values(), *codes, extra_special_tokens=named)
    mapping = {**_vocabulary(words, codes), "<|extra_200|>": words.convert_tokens_to_ids("<|extra_200|>")}
    vq = _quantised(
        codebook_size=CODES, embed_dim=4, latent_channels=4, channel_multiplier=[1, 1, 2, 2], hidden_size=64
    )
    config = Emu3Config(vq_config=vq, text_config=parts.text(len(words), attention_dropout=0.0), vocabulary_map=mapping)
    images = Emu3ImageProcessor(min_pixels=16 * 64, max_pixels=64 * 64)
    template = parts.chat("<image>")
    parts.save(path, Emu3ForConditionalGeneration, config, Emu3Processor(images, words, chat_template=template))


CASES: dict[str, parts.Save] = {"fuyu": fuyu, "chameleon": chameleon, "emu3": emu3}
