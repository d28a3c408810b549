"""A committed int8 file back into float weights, so that training can go on without the run that made it.

    start_from(net, Path("plate_reader.tflite"), pictures)

The file holds convolutions with their batch norms folded in. Each gets its norm back from what it puts out on
`pictures`: in `eval()` the net then gives what the file gives, and in `train()` it starts from the same place.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.errors import ModelFormatError
from models.plates.nets import ConvBlock, Sequence
from models.runtime import schema

_LEAST_SPREAD = 1e-3
"""Channels that put out less than this are as good as constant."""


def start_from(net: Sequence, file: Path, pictures: Tensor) -> None:
    """Sets the net's weights from a .tflite of the same shape; `pictures` (N, 3, H, W), scaled, of its own training.

    Raises ModelFormatError where the file is of another net.
    """
    found = _convolutions(file.read_bytes())
    layers = [*(block.conv for block in net.blocks), *net.heads]
    shapes = [tuple(layer.weight.shape) for layer in layers]
    if [tuple(weights.shape) for weights, _ in found] != shapes:
        raise ModelFormatError(f"{file}: its convolutions are not this net's. Next step: see models/plates/nets.py")
    with torch.no_grad():
        for layer, (weights, bias) in zip(layers, found, strict=True):
            layer.weight.copy_(weights)
            if layer.bias is not None:
                layer.bias.copy_(bias)
        for block, (_, bias) in zip(net.blocks, found, strict=False):
            unfold(block, bias)
        hooks = [block.conv.register_forward_hook(_spread_of(block)) for block in net.blocks]
        net.eval()(pictures)
    for hook in hooks:
        hook.remove()


def unfold(block: nn.Module, bias: Tensor) -> None:
    """Makes the block's norm one that only adds the bias."""
    assert isinstance(block, ConvBlock)
    norm = block.norm
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.fill_(1)
    norm.bias.copy_(bias)


def _spread_of(block: nn.Module):  # type: ignore[no-untyped-def]
    """A hook that divides the convolution by its spread, and lets the norm put mean and spread back."""
    assert isinstance(block, ConvBlock)

    def hook(conv: nn.Conv2d, _: tuple[Tensor, ...], output: Tensor) -> Tensor:
        norm = block.norm
        assert norm.running_mean is not None
        mean, spread = output.mean((0, 2, 3)), output.std((0, 2, 3), correction=0).clamp(min=_LEAST_SPREAD)
        conv.weight.div_(spread[:, None, None, None])
        norm.running_mean.copy_(mean / spread)
        norm.weight.copy_(spread)
        norm.bias.add_(mean)
        return output / spread[:, None, None]

    return hook


def _convolutions(content: bytes) -> list[tuple[Tensor, Tensor]]:
    """(out, in, height, width) weights and (out,) bias of every convolution, in order of execution."""
    model = schema().ModelT.InitFromPackedBuf(content)
    graph = model.subgraphs[0]
    kind = schema().BuiltinOperator.CONV_2D
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]

    def real(index: int, dtype: type) -> np.ndarray:
        tensor = graph.tensors[index]
        whole = np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtype).reshape(tensor.shape)
        scales = np.asarray(tensor.quantization.scale, np.float32).reshape(-1, *[1] * (whole.ndim - 1))
        return np.asarray(whole.astype(np.float32) * scales)

    found = []
    for operator in graph.operators:
        if codes[operator.opcodeIndex] == kind:
            weights, bias = real(operator.inputs[1], np.int8), real(operator.inputs[2], np.int32)
            found.append((torch.from_numpy(weights.transpose(0, 3, 1, 2).copy()), torch.from_numpy(bias)))
    return found
