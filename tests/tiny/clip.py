"""Small contrastive checkpoints, with processor files as the hub has them."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AlignConfig,
    AlignModel,
    AlignProcessor,
    AltCLIPConfig,
    AltCLIPModel,
    BertTokenizer,
    Blip2Config,
    Blip2ForImageTextRetrieval,
    Blip2Processor,
    BlipConfig,
    BlipForImageTextRetrieval,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPSegProcessor,
    CLIPTokenizer,
    MetaClip2Config,
    MetaClip2Model,
    Siglip2Config,
    Siglip2Model,
    SiglipConfig,
    SiglipModel,
    Tipsv2Config,
    Tipsv2Model,
    Tipsv2Processor,
    Tipsv2Tokenizer,
    XLMRobertaTokenizer,
)
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import EfficientNetImageProcessorPil
from transformers.models.tipsv2.image_processing_tipsv2 import Tipsv2ImageProcessor
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from .parts import Save, save, vision

IMAGE_SIZE, CAPTION_LENGTH, PATCHES = 32, 48, 20
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!-'"


def clip_tokenizer() -> CLIPTokenizer:
    """A character-level vocabulary; the last two ids begin and end a text."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*alphabet, *(letter + "</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])


def _clip_text(vocabulary: int) -> dict[str, Any]:
    eos = vocabulary - 1
    return {
        **_text(vocabulary),
        "hidden_size": 32,
        "eos_token_id": eos,
        "bos_token_id": eos - 1,
        "pad_token_id": eos,
    }


def _clip_pictures() -> CLIPImageProcessor:
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    return CLIPImageProcessor(
        size=size, crop_size=size, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.25] * 3
    )


def save_clip(path: Path) -> None:
    """CLIP with a character-level vocabulary."""
    words = clip_tokenizer()
    config = CLIPConfig(text_config=_clip_text(len(words)), vision_config=_vision(), projection_dim=24)
    save(path, CLIPModel, config, CLIPProcessor(_clip_pictures(), words))


def save_clipseg(path: Path) -> None:
    """CLIPSeg: a CLIP behind the decoder that makes masks, on pictures larger than its positions."""
    words = clip_tokenizer()
    config = CLIPSegConfig(
        text_config=_clip_text(len(words)),
        vision_config=_vision(),
        projection_dim=24,
        extract_layers=[0, 1],
        reduce_dim=16,
        conditional_layer=0,
    )
    size = {"height": 48, "width": 48}
    save(path, CLIPSegForImageSegmentation, config, CLIPSegProcessor(ViTImageProcessorPil(size=size), words))


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
    tokenizer = _xlm_tokenizer()
    text = {**_text(len(tokenizer)), "project_dim": 40, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    text |= {"initializer_range": 0.1, "type_vocab_size": 1}
    _save(path, AltCLIPModel, AltCLIPConfig(text_config=text, vision_config=_vision(), projection_dim=24))
    tokenizer.save_pretrained(path)
    _write(
        path,
        {**json.loads((path / "tokenizer_config.json").read_text()), "processor_class": "AltCLIPProcessor"},
        _old_picture("CLIP", size=IMAGE_SIZE, crop_size=IMAGE_SIZE, do_center_crop=True),
    )


def _xlm_tokenizer() -> XLMRobertaTokenizer:
    vocabulary = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    vocabulary += [(token, -3.0) for token in ("▁", *LETTERS, "▁bus", "▁car")] + [("<mask>", 0.0)]
    return XLMRobertaTokenizer(vocab=vocabulary)


def save_metaclip_2(path: Path) -> None:
    """MetaCLIP 2: CLIP with XLM-RoBERTa's vocabulary, of many languages."""
    words = _xlm_tokenizer()
    text = {**_text(len(words)), "hidden_size": 32, "eos_token_id": 2, "bos_token_id": 0, "pad_token_id": 1}
    config = MetaClip2Config(text_config=text, vision_config=_vision(), projection_dim=24)
    save(path, MetaClip2Model, config, CLIPProcessor(_clip_pictures(), words))


def save_tipsv2(path: Path) -> None:
    """TIPSv2: a register token behind CLS, captions in lower case, the mean of whose tokens is projected."""
    words = ["<pad>", "<unk>", *(f"<0x{i:02X}>" for i in range(256)), "▁", *LETTERS]
    tokenizer = Tipsv2Tokenizer(vocab={word: i for i, word in enumerate(words)})
    seen = {**vision(image_size=IMAGE_SIZE, mlp_ratio=2), "num_register_tokens": 2}
    config = Tipsv2Config(text_config={**_text(len(words)), "hidden_size": 32}, vision_config=seen)
    images = Tipsv2ImageProcessor(size={"height": IMAGE_SIZE, "width": IMAGE_SIZE})
    _save(path, Tipsv2Model, config)
    Tipsv2Processor(images, tokenizer).save_pretrained(path)


def save_align(path: Path) -> None:
    """ALIGN: three stages of an EfficientNet, of which two halve the map."""
    tokenizer = _bert()
    seen = {
        "image_size": 66,
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "kernel_sizes": [3, 3, 5],
        "in_channels": [32, 16, 24],
        "out_channels": [16, 24, 24],
        "strides": [1, 2, 2],
        "num_block_repeats": [1, 2, 1],
        "expand_ratios": [1, 2, 2],
        "depthwise_padding": [3],
        "hidden_dim": 24,
        "initializer_range": 0.3,
    }
    config = AlignConfig(
        text_config={**_text(len(tokenizer)), "initializer_range": 0.1},
        vision_config=seen,
        projection_dim=24,
        temperature_init_value=0.1,
    )
    size = {"height": 66, "width": 66}
    images = EfficientNetImageProcessorPil(size=size, do_center_crop=False, include_top=False)
    _save(path, AlignModel, config)
    AlignProcessor(images, tokenizer).save_pretrained(path)


def save_blip_2(path: Path) -> None:
    """BLIP-2 for retrieval: a caption is compared with each of a picture's queries."""
    tokenizer = _bert("[DEC]", "<image>")
    tokenizer.add_special_tokens({"bos_token": "[DEC]"})
    config = Blip2Config(
        vision_config=_vision(),
        qformer_config={
            **_text(len(tokenizer)),
            "cross_attention_frequency": 2,
            "initializer_range": 0.1,
            "use_qformer_text_input": True,
        },
        text_config={"model_type": "opt"},
        num_query_tokens=6,
        image_text_hidden_size=24,
        image_token_index=len(tokenizer) - 1,
    )
    torch.manual_seed(0)
    model = Blip2ForImageTextRetrieval(config)
    torch.nn.init.normal_(model.query_tokens)
    model.save_pretrained(path)
    images = BlipImageProcessorPil(size={"height": IMAGE_SIZE, "width": IMAGE_SIZE})
    Blip2Processor(images, tokenizer, num_query_tokens=6).save_pretrained(path)


CASES: dict[str, Save] = {
    "clip": save_clip,
    "clipseg": save_clipseg,
    "metaclip_2": save_metaclip_2,
    "tipsv2": save_tipsv2,
    "align": save_align,
    "blip-2_itc": save_blip_2,
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
