"""Segmentation models beside language models: the same pictures under the same conditions, in the same run."""

from .run import segment

__all__ = ["segment"]
