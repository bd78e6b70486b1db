"""Small contrastive checkpoints, with processor files as the hub has them."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AltCLIPConfig,
    AltCLIPModel,
    BertTokenizer,
    BlipConfig,
    BlipForImageTextRetrieval,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    Siglip2Config,
    Siglip2Model,
    SiglipConfig,
    SiglipModel,
    XLMRobertaTokenizer,
)

from .parts import Save, save, vision

IMAGE_SIZE, CAPTION_LENGTH, PATCHES = 32, 48, 20
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!-'"


def save_clip(path: Path) -> None:
    """CLIP with a character-level vocabulary."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*alphabet, *(letter + "</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    eos = len(words) - 1
    text = {**_text(len(words)), "hidden_size": 32, "eos_token_id": eos, "bos_token_id": eos - 1, "pad_token_id": eos}
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    images = CLIPImageProcessor(
        size=size, crop_size=size, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.25] * 3
    )
    config = CLIPConfig(text_config=text, vision_config=_vision(), projection_dim=24)
    processor = CLIPProcessor(images, CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[]))
    save(path, CLIPModel, config, processor)


def save_siglip(path: Path) -> None:
    """SigLIP: its own tokenizer, which drops case and punctuation, pads with </s> and makes no attention mask."""
    tokenizer = _unigram()
    _save(path, SiglipModel, SiglipConfig(text_config=_siglip_text(len(LETTERS) + 4), vision_config=_vision()))
    tokenizer.save(str(path / "tokenizer.json"))
    settings = {"tokenizer_class": "SiglipTokenizer", "model_max_length": CAPTION_LENGTH, "do_lower_case": True}
    settings |= {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>", "model_input_names": ["input_ids"]}
    _write(path, settings, _picture("Siglip"))


def save_siglip2(path: Path) -> None:
    """SigLIP 2 at a fixed resolution: SigLIP's model with Gemma's tokenizer."""
    _save(path, SiglipModel, SiglipConfig(text_config=_siglip_text(_gemma(path)), vision_config=_vision()))
    _write(
        path, _gemma_settings("SiglipProcessor"), _picture("Siglip", image_processor_type="SiglipImageProcessorFast")
    )


def save_siglip2_naflex(path: Path) -> None:
    """SigLIP 2 for any aspect: patches come packed and padded, with a mask and their numbers of rows and columns."""
    tower = {**_vision(), "num_patches": 16}
    del tower["image_size"]
    _save(path, Siglip2Model, Siglip2Config(text_config=_siglip_text(_gemma(path)), vision_config=tower))
    settings = {"patch_size": 8, "max_num_patches": PATCHES, "do_resize": True, "resample": 2}
    _write(path, _gemma_settings("Siglip2Processor"), {**_picture("Siglip2"), **settings})


def save_blip(path: Path) -> None:
    """BLIP for retrieval: the text tower looks at the image's tokens, and a head says whether they match."""
    tokenizer = _bert("[DEC]", "[ENC]")
    text = {**_text(len(tokenizer)), "bos_token_id": len(tokenizer) - 2, "initializer_range": 0.1}
    config = BlipConfig(
        text_config=text, vision_config=_vision(), image_text_hidden_size=24, projection_dim=24, initializer_range=0.1
    )
    _save(path, BlipForImageTextRetrieval, config)
    tokenizer.save_pretrained(path)
    _write(path, {"tokenizer_class": "BertTokenizer", "model_max_length": 512}, _picture("Blip"))


def save_chinese_clip(path: Path) -> None:
    """Chinese-CLIP: a BERT whose vocabulary is a text file, as old checkpoints have it."""
    tokenizer = _bert(*"公共汽车小红")
    config = ChineseCLIPConfig(
        text_config={**_text(len(tokenizer)), "initializer_range": 0.1}, vision_config=_vision(), projection_dim=24
    )
    _save(path, ChineseCLIPModel, config)
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    (path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    (path / "preprocessor_config.json").write_text(json.dumps(_old_picture("ChineseCLIP", do_center_crop=False)))


def save_altclip(path: Path) -> None:
    """AltCLIP: XLM-RoBERTa, whose positions start past the padding id, before a transformation to another width."""
    vocabulary = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    vocabulary += [(token, -3.0) for token in ("▁", *LETTERS, "▁bus", "▁car")] + [("<mask>", 0.0)]
    tokenizer = XLMRobertaTokenizer(vocab=vocabulary)
    text = {**_text(len(tokenizer)), "project_dim": 40, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    text |= {"initializer_range": 0.1, "type_vocab_size": 1}
    _save(path, AltCLIPModel, AltCLIPConfig(text_config=text, vision_config=_vision(), projection_dim=24))
    tokenizer.save_pretrained(path)
    _write(
        path,
        {**json.loads((path / "tokenizer_config.json").read_text()), "processor_class": "AltCLIPProcessor"},
        _old_picture("CLIP", size=IMAGE_SIZE, crop_size=IMAGE_SIZE, do_center_crop=True),
    )


CASES: dict[str, Save] = {
    "clip": save_clip,
    "siglip": save_siglip,
    "siglip2": save_siglip2,
    "siglip2_naflex": save_siglip2_naflex,
    "blip_itm": save_blip,
    "chinese_clip": save_chinese_clip,
    "altclip": save_altclip,
}


def _save(path: Path, model_class: Any, config: Any) -> None:
    """Random weights, with the scale and bias of scores as large as trained ones are."""
    torch.manual_seed(0)
    model = model_class(config)
    with torch.no_grad():
        for name, value in (("logit_scale", 2.5), ("logit_bias", -4.0)):
            if name in dict(model.named_parameters()):
                model.get_parameter(name).fill_(value)
    model.save_pretrained(path)


def _write(path: Path, tokenizer: dict[str, Any], picture: dict[str, Any]) -> None:
    (path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (path / "preprocessor_config.json").write_text(json.dumps(picture))


def _picture(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "image_processor_type": f"{name}ImageProcessor",
        "processor_class": f"{name}Processor",
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        **settings,
    }


def _old_picture(name: str, **settings: Any) -> dict[str, Any]:
    """As checkpoints have it that are older than image processors."""
    made = {key: value for key, value in _picture(name, **settings).items() if key != "image_processor_type"}
    return {**made, "feature_extractor_type": f"{name}FeatureExtractor"}


def _vision() -> dict[str, Any]:
    return {**vision(image_size=IMAGE_SIZE), "projection_dim": 24}


def _text(vocabulary: int) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 40,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": CAPTION_LENGTH,
        "pad_token_id": 0,
    }


def _siglip_text(vocabulary: int) -> dict[str, Any]:
    return {**_text(vocabulary), "hidden_size": 32, "pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 1}


def _unigram() -> Tokenizer:
    """Letters, with case and punctuation dropped before them and </s> after them."""
    pieces = [("<unk>", 0.0), ("</s>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in LETTERS), ("▁bus", -2.0)]
    made = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    made.normalizer = normalizers.Sequence([
        normalizers.Lowercase(),
        normalizers.Replace(Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\]^_`{|}~]"), ""),
        normalizers.Strip(),
    ])  # fmt: skip
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    made.add_special_tokens(["</s>", "<unk>"])
    return made


def _gemma(path: Path) -> int:
    """Write Gemma's kind of tokenizer.json, which keeps case and ends with <eos>: how many tokens it has."""
    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{i:02X}>" for i in range(256)), "▁", *LETTERS]
    words += LETTERS[:26].upper()
    made = Tokenizer(
        models.BPE(
            vocab={word: i for i, word in enumerate(words)},
            merges=[],
            fuse_unk=True,
            byte_fallback=True,
            unk_token="<unk>",
        )
    )
    made.normalizer = normalizers.Replace(" ", "▁")
    made.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    made.add_special_tokens(words[:5])
    made.save(str(path / "tokenizer.json"))
    return len(words)


def _gemma_settings(processor: str) -> dict[str, Any]:
    return {
        "tokenizer_class": "GemmaTokenizer",
        "processor_class": processor,
        "add_bos_token": False,
        "add_eos_token": True,
        "padding_side": "right",
        "model_input_names": ["input_ids"],
        "model_max_length": int(1e30),
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    }


def _bert(*more: str) -> BertTokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), "bus"]
    return BertTokenizer(vocab={word: i for i, word in enumerate([*words, *more])})
