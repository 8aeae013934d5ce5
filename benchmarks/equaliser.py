"""How fast and how exact are six bands of equaliser beside their peers?

Eight rows of noise, 262 144 samples, 44.1 kHz, float32 in and out, the same RBJ bands for all; two threads;
gradients to the audio and to all 18 parameters of each row. The truth of an output is scipy's sosfilt in
float64, that of a gradient our block form in float64, which tests hold to it. `hard_snr_db` is the error of
one bell at 20 Hz, Q 10, +12 dB and 192 kHz. From the repository's root:

    .venv-peers/bin/python -m benchmarks.equaliser

The peers get the coefficients of our differentiable formulas, but for dasp, which has its own, the same.
philtorch runs in its fastest form (transposed direct form I; its default takes four times as long). grafx's
frequency-sampled filter runs with its default of 4000 taps, which makes the length of the transform odd here,
for which its convolution is wrong, and with 4097, which makes it even and as fast as it gets. torchaudio's
filter runs where its compiled part loads, which asks for a CUDA build of torch even on a machine without CUDA
(`scripts/peers.sh --torchaudio`).
"""

from dataclasses import replace

import numpy as np
import torch
from benchmarks.accuracy import Effect, in_block_form, snr_db
from benchmarks.contest import POOL, Contender, Contest, Row, main
from benchmarks.peers import has_torchaudio_lfilter, named, optional
from scipy.signal import sosfilt
from torch import Tensor

from gainstage.dsp.torchaudio_import import functional
from gainstage.processors.equaliser import Equaliser

RATE, ROWS, HARD_RATE = 44_100, 8, 192_000
EQUALISER = Equaliser()
BANDS = ("low_shelf", "band0", "band1", "band2", "band3", "high_shelf")
FIELDS = ("cutoff_freq", "gain_db", "q_factor")
pedalboard, torchlpc, philtorch = optional("pedalboard"), optional("torchlpc"), optional("philtorch.lti")
dasp, grafx = optional("dasp_pytorch"), optional("grafx.processors.core.iir")


def parameters() -> Tensor:
    """Every band at work, every row a little different."""
    values = {row.name: row.default for row in EQUALISER.table}
    gains = {"low_shelf": 6, "peak_1": -4, "peak_2": 5, "peak_3": -6, "peak_4": 3, "high_shelf": 4}
    values |= {f"{band}_gain_db": float(gain) for band, gain in gains.items()}
    vary = 1.0 + 0.01 * torch.arange(ROWS, dtype=torch.float64)[:, None]
    return torch.tensor(list(values.values()), dtype=torch.float64) * vary


def hard_parameters() -> Tensor:
    """One bell at 20 Hz, Q 10 and +12 dB; the other bands flat."""
    values = {row.name: row.default for row in EQUALISER.table}
    values |= {"peak_1_frequency_hz": 20.0, "peak_1_gain_db": 12.0, "peak_1_q": 10.0}
    return torch.tensor([list(values.values())], dtype=torch.float64)


def ours(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    state = EQUALISER.initial_state(len(audio), 1, sample_rate=rate, device=audio.device)
    return EQUALISER.render(audio.unsqueeze(1), controls.unsqueeze(1), state, sample_rate=rate)[0].squeeze(1)


def sections(audio: Tensor, controls: Tensor, rate: int) -> tuple[Tensor, ...]:
    """b0, b1, b2, a1, a2 of each band, in the precision of the audio."""
    return EQUALISER.coefficients(controls, rate).to(audio.dtype).unbind(1)


def with_a0(section: Tensor) -> Tensor:
    """1, a1, a2."""
    return torch.nn.functional.pad(section[..., 3:], (1, 0), value=1.0)


def by_philtorch(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    for c in sections(audio, controls, rate):
        audio = philtorch.lfilter(c[:, :3], c[:, 3:], audio, form="tdf1")
    return audio


def by_torchlpc(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    for c in sections(audio, controls, rate):
        late = torch.nn.functional.pad(audio, (2, 0))
        audio = c[:, :1] * late[:, 2:] + c[:, 1:2] * late[:, 1:-1] + c[:, 2:3] * late[:, :-2]
        audio = torchlpc.sample_wise_lpc(audio, c[:, None, 3:].expand(-1, audio.shape[1], -1))
    return audio


def by_torchaudio(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    for c in sections(audio, controls, rate):
        audio = functional.lfilter(audio, with_a0(c), c[:, :3], clamp=False, batching=True)
    return audio


def by_grafx(taps: int) -> Effect:
    sampled = grafx.IIRFilter(backend="fsm", flashfftconv=False, fsm_fir_len=taps)

    def run(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
        c = torch.stack(sections(audio, controls, rate), 1).unsqueeze(1)
        out: Tensor = sampled(audio.unsqueeze(1), c[..., :3], with_a0(c)).squeeze(1)
        return out

    return run


def by_dasp(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    names = [f"{band}_{field}" for band in BANDS for field in FIELDS]
    settings = dict(zip(names, controls.to(audio.dtype).unbind(1), strict=True))
    out: Tensor = dasp.functional.parametric_eq(audio.unsqueeze(1), rate, **settings).squeeze(1)
    return out


def by_scipy(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    coefficients = EQUALISER.coefficients(controls.detach(), rate).numpy()
    signals = audio.detach().numpy()
    sos = np.insert(coefficients, 3, 1.0, axis=2).astype(signals.dtype)
    return torch.from_numpy(np.stack(list(POOL.map(sosfilt, sos, signals))))


def by_pedalboard(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    rows = POOL.map(lambda settings, row: _board(settings)(row, rate), controls, audio.numpy())
    return torch.from_numpy(np.stack(list(rows)))


def _board(settings: Tensor) -> Effect:
    kinds = [pedalboard.LowShelfFilter, *[pedalboard.PeakFilter] * 4, pedalboard.HighShelfFilter]
    bands = zip(kinds, settings.view(6, 3).tolist(), strict=True)
    board: Effect = pedalboard.Pedalboard([kind(*band) for kind, band in bands])
    return board


def truth(audio: Tensor, controls: Tensor, rate: int) -> Tensor:
    """scipy's values with our block form's gradient."""
    out = in_block_form(ours)(audio, controls, rate)
    return out + (by_scipy(audio, controls, rate) - out).detach()


TRAINABLE: dict[str, Effect] = {
    "gainstage": ours,
    **({named("philtorch"): by_philtorch} if philtorch else {}),
    **({named("torchlpc"): by_torchlpc} if torchlpc else {}),
    **({named("torchaudio"): by_torchaudio} if has_torchaudio_lfilter() else {}),
    **({f"{named('grafx')}, {n} sampled frequencies": by_grafx(n) for n in (4000, 4097)} if grafx else {}),
    **({named("dasp-pytorch"): by_dasp} if dasp else {}),
}
FORWARD_ONLY: dict[str, Effect] = {
    f"{named('scipy')}, sosfilt in float32": by_scipy,
    **({named("pedalboard"): by_pedalboard} if pedalboard else {}),
}


def at(run: Effect, rate: int) -> Effect:
    """An effect at a sample rate."""
    return lambda audio, controls: run(audio, controls, rate)


def contest(samples: int) -> Contest:
    contenders = [
        Contender(name, at(run, RATE), (parameters(),), name in TRAINABLE, at(truth, RATE))
        for name, run in (TRAINABLE | FORWARD_ONLY).items()
    ]
    absent = "" if has_torchaudio_lfilter() else "torchaudio's lfilter: its compiled part does not load here."
    return Contest(contenders, 0.1 * torch.randn(ROWS, samples), notes=[absent] if absent else [])


def judge(row: Row, contender: Contender) -> Row:
    """Add the error at 20 Hz."""
    run = (TRAINABLE | FORWARD_ONLY)[contender.name]
    audio = 0.1 * torch.randn(1, 1 << 18, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        out = run(audio, hard_parameters(), HARD_RATE)
    return replace(row, hard_snr_db=snr_db(out, by_scipy(audio.double(), hard_parameters(), HARD_RATE)))


if __name__ == "__main__":
    main("equaliser", __doc__, contest, samples=1 << 18, judge=judge)
