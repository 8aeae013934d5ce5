"""Compressor and gate as torch sees them: an operator to be compiled and exported, with one derivative."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.kernels.dynamics_cases import (
    Arguments,
    Results,
    arguments,
    compiled,
    every_form,
    every_law,
    gradients,
    in_blocks,
    slow,
    tensors,
    with_signals,
)


@every_form
def test_operator_is_well_made(form: Arguments) -> None:
    """torch's own checks: schema, fake tensors, autograd registration, tracing."""
    args = arguments(2, samples=100, **form)
    leaves = with_signals(args, [value.requires_grad_() for value in tensors(args)])
    signals = leaves["audio"], leaves["key"], leaves["controls"], leaves["state"]
    law = "hold_samples" in args, args.get("hold_samples", 0)
    settings = *law, args["detector"] == "rms", args["rms_coefficient"], args["offset"], True
    torch.library.opcheck(torch.ops.gainstage.dynamics.default, (*signals, *settings))


@every_law
@pytest.mark.parametrize("key_channels", [0, 1])
def test_compiles_with_its_gradients(law: str, key_channels: int) -> None:
    """torch.compile takes it in one graph, forward and backward, without unrolling it."""
    args = arguments(2, 1, 200, law=law, key_channels=key_channels)
    traced = torch.compile(compiled, backend="aot_eager", fullgraph=True)
    for a, b in zip(gradients(traced, args), gradients(compiled, args), strict=True):
        assert torch.equal(a, b)


class Dynamics(torch.nn.Module):
    """A call as a module, for export."""

    def __init__(self, function: Callable[..., Results], args: Arguments) -> None:
        super().__init__()
        self.function = function
        self.settings = {name: value for name, value in args.items() if not isinstance(value, Tensor)}

    def forward(self, audio: Tensor, controls: Tensor, state: Tensor) -> Results:
        return self.function(audio=audio, controls=controls, state=state, **self.settings)


@every_law
def test_exports_as_an_operator(law: str) -> None:
    """For any length: the graph is one operator, whatever the number of samples."""
    args = arguments(2, 1, 200, law=law)
    samples = torch.export.Dim("samples", min=2, max=100_000)
    exported = torch.export.export(
        Dynamics(compiled, args),
        tuple(tensors(args)),
        dynamic_shapes={"audio": {2: samples}, "controls": None, "state": None},
    )
    assert any("gainstage.dynamics" in str(node.target) for node in exported.graph.nodes)
    longer = arguments(2, 1, 900, law=law)
    for a, b in zip(exported.module()(*tensors(longer)), compiled(**longer), strict=True):
        assert torch.equal(a, b)


@pytest.mark.slow
@every_law
def test_block_form_exports(law: str) -> None:
    """In torch's own operations, the rounds of its smoother too: other audio may need more of them."""
    args = arguments(2, 1, 300, law=law)
    exported = torch.export.export(Dynamics(in_blocks, args), tuple(tensors(args)))
    assert not any("gainstage" in str(node.target) for node in exported.graph.nodes)
    other = arguments(2, 1, 300, law=law)
    for a, b in zip(exported.module()(*tensors(other)), slow(**other), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-9)


@every_law
def test_second_derivative_is_refused_with_the_way_out(law: str) -> None:
    args = arguments(1, 1, 20, law=law)
    args["audio"].requires_grad_()
    args["controls"].requires_grad_()
    (gradient,) = torch.autograd.grad(compiled(**args)[0].sum(), args["controls"], create_graph=True)
    with pytest.raises(RuntimeError, match="block_dynamics"):
        gradient.sum().backward()
    (gradient,) = torch.autograd.grad(in_blocks(**args)[0].sum(), args["controls"], create_graph=True)
    gradient.square().sum().backward()
