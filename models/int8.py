"""Numbers as int8, after TFLite's quantisation specification: real = (q - zero)·scale.

Weights are symmetric, one scale an output channel; activations are asymmetric, one scale a tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Ranges = Mapping[str, tuple[float, float]]  # least and greatest value of each tensor, by name


@dataclass(frozen=True, slots=True)
class Affine:
    """How a tensor's int8 numbers are read: real = (q - zero)·scale."""

    scale: float
    zero: int


def affine(low: float, high: float) -> Affine:
    """Scale and zero point for a range, widened to hold 0 exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / 255 or 1.0))
    return Affine(scale, int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def quantise_weights(
    weights: Array, axis: int, floor: Array | float = 0.0, per_channel: bool = True
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights as int8 in [-127, 127] with one scale for each index along `axis` (or one for all), at least `floor`."""
    others = tuple(n for n in range(weights.ndim) if n != axis)
    largest = np.abs(weights).max(axis=others) if per_channel else np.abs(weights).max(keepdims=True).reshape(1)
    least = np.asarray(floor) if per_channel else np.max(floor)
    scales = np.maximum(largest / np.float32(127), least).astype(np.float32)
    scales[scales == 0] = 1.0
    shape = [1] * weights.ndim
    shape[axis] = len(scales)
    return np.clip(np.rint(weights / scales.reshape(shape)), -127, 127).astype(np.int8), scales


def quantise_bias(bias: Array, input_scale: float, scales: Array) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Bias as int32 with the accumulator's scale, input scale × weight scale."""
    product = (np.float32(input_scale) * scales.astype(np.float32)).astype(np.float32)
    return np.rint(bias.astype(np.float64) / product).astype(np.int32), product
