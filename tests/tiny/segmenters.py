"""Small random-weight segmentation models: config, safetensors and image processor, as a hub id gives them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import shared
import torch
import transformers

from . import clip

CITYSCAPES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)

HEIGHT, WIDTH = 64, 96


def labels(names: Sequence[str] = CITYSCAPES) -> dict[str, Any]:
    return {"id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)}}


def save(model: Any, processor: Any, folder: Path) -> None:
    """Weights so large that different pixels get different classes."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                large = ("class_predictor", "mask_embedder", "class_embed", "mask_embed")
                spread = 3 if any(part in name for part in large) else 0.3
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
            elif parameter.ndim and len(parameter) == len(model.config.id2label):  # the bias of the classes
                parameter.zero_()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def segformer(folder: Path, names: Sequence[str] = CITYSCAPES) -> None:
    config = transformers.SegformerConfig(
        **labels(names), depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 16], num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
    )  # fmt: skip
    processor = transformers.SegformerImageProcessor(size={"height": HEIGHT, "width": WIDTH})
    save(transformers.SegformerForSemanticSegmentation(config), processor, folder)


def mobilenet_v2(folder: Path) -> None:
    config = transformers.MobileNetV2Config(**labels(), depth_multiplier=0.1, image_size=65, output_stride=16)
    # crops, as that of google/deeplabv3_mobilenet_v2_1.0_513 does
    processor = transformers.MobileNetV2ImageProcessor(
        size={"shortest_edge": 65}, crop_size={"height": 65, "width": 65}, do_center_crop=True
    )
    save(transformers.MobileNetV2ForSemanticSegmentation(config), processor, folder)


def beit(folder: Path) -> None:
    config = transformers.BeitConfig(
        **labels(), image_size=64, patch_size=16, hidden_size=16, num_hidden_layers=4, num_attention_heads=2,
        intermediate_size=16, out_indices=[1, 2, 3, 4], use_relative_position_bias=True,
    )  # fmt: skip
    processor = transformers.BeitImageProcessor(
        size={"height": 64, "width": 64}, do_center_crop=False, do_reduce_labels=False
    )
    save(transformers.BeitForSemanticSegmentation(config), processor, folder)


def dpt(folder: Path) -> None:
    config = transformers.DPTConfig(
        **labels(), image_size=64, patch_size=16, hidden_size=16, num_hidden_layers=4, num_attention_heads=2,
        intermediate_size=16, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=16,
    )  # fmt: skip
    processor = transformers.DPTImageProcessor(size={"height": 64, "width": 64})
    save(transformers.DPTForSemanticSegmentation(config), processor, folder)


def upernet(folder: Path) -> None:
    backbone = transformers.ConvNextConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], out_features=["stage1", "stage2", "stage3", "stage4"]
    )
    config = transformers.UperNetConfig(
        **labels(), backbone_config=backbone, hidden_size=16, auxiliary_in_channels=16, auxiliary_channels=8
    )
    processor = transformers.SegformerImageProcessor(size={"height": HEIGHT, "width": WIDTH})
    save(transformers.UperNetForSemanticSegmentation(config), processor, folder)


def swin() -> Any:
    return transformers.SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip


def mask2former(folder: Path) -> None:
    config = transformers.Mask2FormerConfig(
        **labels(), backbone_config=swin(), feature_size=32, mask_feature_size=32, hidden_dim=32,
        encoder_feedforward_dim=16, encoder_layers=2, decoder_layers=3, num_attention_heads=2, dim_feedforward=16,
        num_queries=25,
    )  # fmt: skip
    processor = transformers.Mask2FormerImageProcessor(size={"height": HEIGHT, "width": WIDTH}, num_labels=19)
    save(transformers.Mask2FormerForUniversalSegmentation(config), processor, folder)


def oneformer(folder: Path) -> None:
    config = transformers.OneFormerConfig(
        **labels(), backbone_config=swin(), use_timm_backbone=False, hidden_dim=32, mask_dim=32, conv_dim=32,
        encoder_feedforward_dim=16, encoder_layers=2, decoder_layers=3, num_attention_heads=2, dim_feedforward=16,
        num_queries=25, text_encoder_width=16, text_encoder_num_layers=1, text_encoder_vocab_size=600,
        query_dec_layers=1,
    )  # fmt: skip
    images = transformers.OneFormerImageProcessor(
        size={"height": HEIGHT, "width": WIDTH}, num_text=4, num_labels=19, repo_path=None, class_info_file=None
    )
    tokenizer = clip.clip_tokenizer()
    save(
        transformers.OneFormerForUniversalSegmentation(config),
        transformers.OneFormerProcessor(image_processor=images, tokenizer=tokenizer),
        folder,
    )


def eomt(folder: Path) -> None:
    config = transformers.EomtConfig(
        **labels(), image_size=64, patch_size=16, hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        num_blocks=1, num_queries=12, num_upscale_blocks=1,
    )  # fmt: skip
    processor = transformers.EomtImageProcessor(
        size={"shortest_edge": 64, "longest_edge": None}, do_split_image=True, do_pad=False
    )
    save(transformers.EomtForUniversalSegmentation(config), processor, folder)


SEGMENTERS: Mapping[str, Callable[[Path], None]] = {
    "segformer": segformer, "mobilenet_v2": mobilenet_v2, "beit": beit, "dpt": dpt, "upernet": upernet,
    "mask2former": mask2former, "oneformer": oneformer, "eomt": eomt,
}  # fmt: skip


def checkpoint(name: str) -> Path:
    """The folder of one of them, made when first asked for."""
    return shared.folder(f"segmenter-{name}", SEGMENTERS[name])


def plain_maps(folder: Path, pictures: Sequence[np.ndarray], size: tuple[int, int]) -> list[np.ndarray]:
    """Label maps as the library's documentation makes them, one picture after the other, none of it cropped."""
    name = folder.name.rpartition("-")[2]
    universal, asked = name in ("mask2former", "oneformer", "eomt"), name == "oneformer"
    reader = transformers.AutoProcessor if asked else transformers.AutoImageProcessor
    processor = reader.from_pretrained(folder)
    task = {"task_inputs": ["semantic"]} if asked else {}
    auto = (
        transformers.AutoModelForUniversalSegmentation if universal else transformers.AutoModelForSemanticSegmentation
    )
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    crop = {"do_center_crop": False} if getattr(processor, "do_center_crop", None) else {}
    maps = []
    for picture in pictures:
        inputs = processor(images=PIL.Image.fromarray(picture), return_tensors="pt", **crop, **task)
        with torch.no_grad():
            outputs = model(**inputs)
        maps.append(processor.post_process_semantic_segmentation(outputs, target_sizes=[size])[0].numpy())
    return maps
