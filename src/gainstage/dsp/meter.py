"""A loudness meter for audio that comes in blocks: the numbers of the functions that see the whole signal."""

import torch
from torch import Tensor

from gainstage.dsp.gating import integrated_from_power, power_to_lufs, range_from_power
from gainstage.dsp.k_weighting import initial_state, k_weight, k_weighting
from gainstage.dsp.loudness import (
    CELLS_PER_HOP,
    MOMENTARY_HOPS,
    SHORT_TERM_HOPS,
    check_channels,
    energy_in_cells,
    hop_length,
    largest_window_power,
    window_power,
)
from gainstage.dsp.true_peak import TAPS, amplitude_to_db, highest, phase_taps

PIECE_HOPS = 10
_PARTS = 64


class LoudnessMeter:
    """Measures many signals at once, block by block, in memory that grows by 8 bytes a signal per 100 ms.

    Results may be read at any time and are those of `gainstage.dsp.loudness` and `gainstage.dsp.true_peak`
    on all that was heard, however it was cut into blocks (to rounding). The meter carries no gradient.

    Args:
        rows: how many signals are metered side by side.
        channels: 1 or 2, of each of them.
        sample_rate: in Hz.
        dual_mono: count the only channel of a mono signal twice (see `gainstage.dsp.loudness`).
        true_peak: whether to look between the samples, which is half of the work.
        device: where the blocks live; CPU by default.

    Raises:
        ValueError: neither one nor two channels, or a sample rate below 4000 Hz.

    Example:
        >>> import torch
        >>> from gainstage.dsp.meter import LoudnessMeter
        >>> meter = LoudnessMeter(1, 2, sample_rate=48000)
        >>> for _ in range(20):
        ...     meter.update(torch.full((1, 2, 4801), 0.5))
        >>> meter.sample_peak_db.round().tolist()
        [-6.0]
    """

    def __init__(
        self,
        rows: int,
        channels: int,
        *,
        sample_rate: int,
        dual_mono: bool = False,
        true_peak: bool = True,
        device: torch.device | None = None,
    ) -> None:
        check_channels(channels)
        k_weighting(sample_rate)  # refuses a rate that is too low now, not at the first block
        self.rows, self.channels = rows, channels
        self.sample_rate, self.dual_mono = sample_rate, dual_mono
        self.num_samples = 0
        self._hop = hop_length(sample_rate)
        self._filters = initial_state(rows, channels, device=device)
        self._weighted = torch.zeros(rows, channels, 0, device=device)  # of the hop that is not yet whole
        self._hop_energy = [torch.zeros(rows, 0, dtype=torch.float64, device=device)]
        self._recent_cells = torch.zeros(rows, 0, dtype=torch.float64, device=device)
        # The largest powers so far: momentary, short-term.
        self._loudest = torch.zeros(2, rows, dtype=torch.float64, device=device)
        self._hears_true_peak = true_peak
        self._taps = phase_taps(sample_rate).to(device)
        self._before = torch.zeros(rows * channels, TAPS - 1, device=device)
        self._true_peak = torch.zeros(rows * channels, dtype=torch.float64, device=device)
        self._sample_peak = torch.zeros(rows, dtype=torch.float64, device=device)

    @torch.no_grad()
    def update(self, block: Tensor) -> None:
        """Hear the next block, of any length.

        Args:
            block: what follows on the previous block.

        Shape: (rows, channels, samples)

        Raises:
            ValueError: rows or channels are not those of the meter.
        """
        if block.shape[:-1] != (self.rows, self.channels):
            raise ValueError(
                f"this meter hears blocks of shape ({self.rows}, {self.channels}, samples), "
                f"got {tuple(block.shape)}"
            )
        # Pieces of a second keep the intermediate signals in the processor's cache, whatever the block's
        # length.
        size = PIECE_HOPS * self._hop
        for at in range(0, block.shape[-1], size):
            piece = block[..., at : at + size]
            self._hear_loudness(piece)
            self._hear_peaks(piece)
        self.num_samples += block.shape[-1]

    @property
    def momentary_power(self) -> Tensor:
        """Mean power of the 400 ms blocks, one every 100 ms. Shape: (rows, blocks)."""
        return window_power(self._hops(), MOMENTARY_HOPS, self._hop)

    @property
    def short_term_power(self) -> Tensor:
        """Mean power of the 3 s windows, one every 100 ms. Shape: (rows, windows)."""
        return window_power(self._hops(), SHORT_TERM_HOPS, self._hop)

    @property
    def momentary_lufs(self) -> Tensor:
        """Loudness over 400 ms, every 100 ms. Shape: (rows, blocks)."""
        return power_to_lufs(self.momentary_power)

    @property
    def short_term_lufs(self) -> Tensor:
        """Loudness over 3 s, every 100 ms. Shape: (rows, windows)."""
        return power_to_lufs(self.short_term_power)

    @property
    def integrated_lufs(self) -> Tensor:
        """Gated loudness of all that was heard; −70 for silence. Shape: (rows)."""
        return integrated_from_power(self.momentary_power)

    @property
    def loudness_range_lu(self) -> Tensor:
        """Loudness range of all that was heard. Shape: (rows)."""
        return range_from_power(self.short_term_power)

    @property
    def maximum_momentary_lufs(self) -> Tensor:
        """The loudest 400 ms, to 10 ms. Shape: (rows)."""
        return power_to_lufs(self._loudest[0])

    @property
    def maximum_short_term_lufs(self) -> Tensor:
        """The loudest 3 s, to 10 ms. Shape: (rows)."""
        return power_to_lufs(self._loudest[1])

    @property
    def true_peak_dbtp(self) -> Tensor:
        """The highest level between the samples, as if silence followed. Shape: (rows).

        Raises:
            ValueError: the meter was made without it.
        """
        if not self._hears_true_peak:
            raise ValueError("this meter was made with true_peak=False; make it with true_peak=True")
        ringing = highest(torch.nn.functional.pad(self._before, (0, TAPS - 1)), self._taps).double()
        peak = torch.maximum(self._true_peak, ringing)
        return amplitude_to_db(peak.reshape(self.rows, self.channels).amax(-1))

    @property
    def sample_peak_db(self) -> Tensor:
        """The largest sample. Shape: (rows)."""
        return amplitude_to_db(self._sample_peak)

    def _hops(self) -> Tensor:
        self._hop_energy = [torch.cat(self._hop_energy, dim=-1)]
        return self._hop_energy[0]

    def _hear_loudness(self, piece: Tensor) -> None:
        weighted, self._filters = k_weight(piece, self._filters, sample_rate=self.sample_rate)
        pending = torch.cat([self._weighted.to(weighted.dtype), weighted], dim=-1)
        whole = pending.shape[-1] // self._hop * self._hop
        self._weighted = pending[..., whole:].clone()
        if whole == 0:
            return
        cells = energy_in_cells(pending[..., :whole], sample_rate=self.sample_rate, dual_mono=self.dual_mono)
        self._hop_energy.append(cells.sum(-1))
        if len(self._hop_energy) > _PARTS:  # many small tensors would pin the heap between the large ones
            self._hops()
        recent = torch.cat([self._recent_cells, cells.flatten(-2)], dim=-1)
        spans = (MOMENTARY_HOPS, SHORT_TERM_HOPS)
        loudest = torch.stack([largest_window_power(recent, hops, self._hop) for hops in spans])
        # The largest powers so far: momentary, short-term.
        self._loudest = torch.maximum(self._loudest, loudest)
        self._recent_cells = recent[:, -(SHORT_TERM_HOPS * CELLS_PER_HOP - 1) :].clone()

    def _hear_peaks(self, piece: Tensor) -> None:
        self._sample_peak = torch.maximum(self._sample_peak, piece.abs().amax((-2, -1)).double())
        if not self._hears_true_peak:
            return
        signals = piece.reshape(self.rows * self.channels, piece.shape[-1])
        heard = torch.cat([self._before.to(signals.dtype), signals], dim=-1)
        self._true_peak = torch.maximum(self._true_peak, highest(heard, self._taps).double())
        self._before = heard[:, -(TAPS - 1) :].clone()
