"""Creased ice: a thin wrinkled sheet, lit from one side, pale blue in places and grey in others."""

import cv2
import numpy as np

from .canvas import DETAIL, LIGHT, Canvas, reduced, smooth, towards

FOLDS = ((24, 0.9), (11, 0.8), (5, 0.8), (2.5, 0.6), (1.4, 0.35))
"""Width of the folds in texture pixels, and how steep they are."""


def draw(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """(height, width, 2): lightness and tint, in levels before matching."""
    shape = (height * DETAIL, width * DETAIL)
    sheet = np.zeros(shape, np.float32)
    rough = np.exp(0.5 * smooth(rng, shape, 40 * DETAIL))
    for size, steepness in FOLDS:
        ridges = np.float32(1) - np.float32(1.3) * np.abs(smooth(rng, shape, 0.5 * size * DETAIL))
        # pulled along by a wider field, so that folds run in bundles
        pulled = _pulled(ridges, rng, amount=1.1 * size * DETAIL, sigma=2.2 * size * DETAIL)
        sheet += 0.5 * size * steepness * pulled * (1 if size > 10 else rough)
    aside, down = towards(LIGHT)
    slope = aside * cv2.Sobel(sheet, cv2.CV_32F, 1, 0) / 8 + down * cv2.Sobel(sheet, cv2.CV_32F, 0, 1) / 8
    glint = np.exp(-(((slope - 0.75) / 0.3) ** 2)) * np.clip(0.5 + 0.5 * smooth(rng, shape, 40 * DETAIL), 0, 1.5)
    relief = 26 * np.tanh(1.4 * slope) + 30 * glint
    patches = 0.8 * smooth(rng, shape, 38 * DETAIL) + 0.5 * smooth(rng, shape, 18 * DETAIL)
    grey = np.tanh(0.8 * patches)
    lightness = relief + 24 * grey + 9 * smooth(rng, shape, 60 * DETAIL)
    tint = 0.25 * relief - 10 * grey + 9 * smooth(rng, shape, 45 * DETAIL)
    return reduced(np.stack([lightness, tint], axis=-1).astype(np.float32))


def _pulled(field: Canvas, rng: np.random.Generator, *, amount: float, sigma: float) -> Canvas:
    """The field seen through a wavy glass that moves each point by about `amount` px."""
    y, x = np.mgrid[: field.shape[0], : field.shape[1]].astype(np.float32)
    x += np.float32(amount) * smooth(rng, field.shape, sigma)
    y += np.float32(amount) * smooth(rng, field.shape, sigma)
    pulled = cv2.remap(field, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(pulled, np.float32)
