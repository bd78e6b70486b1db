"""AlexNet's errors under the common corruptions: the reference of the ImageNet-C benchmark."""

from collections.abc import Mapping
from types import MappingProxyType

import xarray as xr

ALEXNET_MEAN_ERROR: Mapping[str, float] = MappingProxyType(
    {
        "gaussian_noise": 0.886428,
        "shot_noise": 0.894468,
        "impulse_noise": 0.92264,
        "defocus_blur": 0.81988,
        "glass_blur": 0.826268,
        "motion_blur": 0.785948,
        "zoom_blur": 0.79836,
        "snow": 0.866816,
        "frost": 0.826572,
        "fog": 0.819324,
        "brightness": 0.564592,
        "contrast": 0.853204,
        "elastic_transform": 0.646056,
        "pixelate": 0.71784,
        "jpeg_compression": 0.6065,
    }
)
"""Its error on ImageNet under each corruption, mean over the severities 1-5, as published with the benchmark's code."""

ALEXNET_SEVERITIES = (1, 2, 3, 4, 5)
"""The severities that the means are over."""


def alexnet_error() -> xr.DataArray:
    """AlexNet's error on ImageNet under the 15 common corruptions, mean over the severities 1-5: (corruption), a share.

    Only this mean is known here: the sum over the five severities, which CE needs, is five times it, and the errors at
    single severities are not given. Use it through `corruption.alexnet_ce`. Source: Hendrycks & Dietterich 2019.

    >>> alexnet_error().sel(corruption="fog").item()
    0.819324
    """
    coords = {"corruption": list(ALEXNET_MEAN_ERROR)}
    return xr.DataArray(list(ALEXNET_MEAN_ERROR.values()), dims="corruption", coords=coords, name="alexnet_error")
