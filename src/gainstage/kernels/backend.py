"""Which implementation computes: decided here and nowhere else.

On the CPU the compiled kernels run. Every other device takes the exact sibling in plain torch operations,
which may also be called by its own name (`block`, `block_dynamics`), for an export without our operators.
"""

import torch


def has_compiled_kernels(device: torch.device) -> bool:
    """Whether the compiled kernels run on this device; otherwise plain torch does."""
    return device.type == "cpu"
