"""The control grid: every automated parameter is known every 64 samples, counted from the song's start."""

GRID = 64


def num_points(num_samples: int, offset: int) -> int:
    """Grid points that a call needs so that each of its samples lies between two of them.

    Args:
        num_samples: length of the call.
        offset: samples (0 … 63) between the first grid point and the first sample of the call.
    """
    return -(-(offset + num_samples) // GRID) + 1
