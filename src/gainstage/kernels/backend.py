"""Which implementation computes: decided here and nowhere else.

On the CPU the compiled kernels run. Every other device, and every trace (`torch.export`), takes the exact
sibling in plain torch operations.
"""

import torch


def has_compiled_kernels(device: torch.device) -> bool:
    """Whether the compiled kernels run on this device; otherwise plain torch does."""
    return device.type == "cpu"
