"""Which implementation computes: decided here and nowhere else.

On the CPU the compiled kernels run. Every other device takes the exact sibling in plain torch operations,
which may also be called by its own name (`block`, `block_dynamics`), for an export without our operators.
"""

import torch
from torch import Tensor


def has_compiled_kernels(device: torch.device) -> bool:
    """Whether the compiled kernels run on this device; otherwise plain torch does."""
    return device.type == "cpu"


def goes_straight(*tensors: Tensor | None) -> bool:
    """Whether a call may skip torch's dispatcher: no gradient is wanted, and nothing traces it.

    The way to an operator through the dispatcher takes some 20 µs, as much as the kernel for a short block.
    """
    if torch.compiler.is_compiling():
        return False
    plain = all(tensor is None or type(tensor) is Tensor for tensor in tensors)
    return plain and not wants_gradient(*tensors)


def wants_gradient(*tensors: Tensor | None) -> bool:
    """Whether a gradient may be asked for to one of them."""
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
