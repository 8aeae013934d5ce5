"""The hash by which a recording is known, whatever its file is called and however it is packed."""

import hashlib
from typing import final

import numpy as np
from numpy.typing import NDArray


@final
class ContentHash:
    """A hash of rate, channels and samples, block by block; equal for equal audio in any container.

    Args:
        channels: of the recording: 1 if a file's two channels are equal.
        sample_rate: of the file, in Hz.
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._hash = hashlib.blake2b(f"{channels} {sample_rate} ".encode(), digest_size=16)

    def update(self, block: NDArray[np.float32]) -> None:
        """Take the next block as it is in the file. Shape: (channels, samples)."""
        kept = block + np.float32(0.0)  # −0.0 becomes 0.0
        self._hash.update(kept.T.astype("<f4").tobytes())  # interleaved: no trace of the blocks

    def hexdigest(self) -> str:
        """The hash of all blocks so far."""
        return self._hash.hexdigest()
