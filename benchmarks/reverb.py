"""How fast and how exact is the reverb beside its peers?

5 s of stereo noise at 44.1 kHz, a response of 65 536 samples, float32 in and out; two threads; gradients to
the audio and to everything that sets the reverb: ours has a mix, a pre-delay, and a decay time and a level
for each of eight octaves. Without gradients ours keeps its response from call to call, as in a song; forward
and backward builds it anew. From the repository's root:

    .venv-peers/bin/python -m benchmarks.reverb

Every reverb has a noise of its own, so each is held to itself in float64 with an exact convolution. grafx's
convolution is wrong for odd lengths, of which 5 s and 65 536 samples make one: it runs so, and with one
sample of audio less. dasp's multiplies every tap with every sample: it runs so on a twentieth of the audio,
and with that one product mended through the FFT on all. `torch` is what one would write by oneself: noise in
octaves, kept, times exponentials, through torchaudio's fftconvolve. Our worst gradient is that of the
pre-delay, on which the energy of noise hardly depends: a small sum of large terms.
"""

import copy
import math
from typing import Any

import torch
from benchmarks.accuracy import Effect
from benchmarks.contest import Contender, Contest, main
from benchmarks.peers import mended_dasp_reverb, named, optional
from torch import Tensor

from gainstage.dsp.convolution import convolve
from gainstage.dsp.fractional_delay import DELAY_TAPS
from gainstage.dsp.octaves import BANDS_HZ, TILE, octave_noise
from gainstage.dsp.torchaudio_import import functional
from gainstage.processors.reverb import Reverb

RATE, TAPS, DECAY = 44_100, 65_536, 65_024
PRE_DELAY_MS = (TAPS - DECAY - DELAY_TAPS) / RATE * 1000.0  # what is left of the response
REVERB = Reverb()
dasp, grafx = optional("dasp_pytorch"), optional("grafx.processors.reverb")


def parameters() -> Tensor:
    """Half wet; the lows ring longest."""
    decays = [DECAY / RATE * (1.0 - 0.06 * band) for band in range(len(BANDS_HZ))]
    levels = [float(band - 4) for band in range(len(BANDS_HZ))]
    return torch.tensor([[0.5, PRE_DELAY_MS, *decays, *levels]], dtype=torch.float64)


def ours(audio: Tensor, controls: Tensor) -> Tensor:
    state = REVERB.initial_state(1, 2, sample_rate=RATE, device=audio.device)
    state = {name: value.to(audio.dtype) for name, value in state.items()}
    return REVERB.render(audio, controls.unsqueeze(1), state, sample_rate=RATE)[0]


def by_torch(audio: Tensor, controls: Tensor) -> Tensor:
    """Without the pre-delay."""
    return _by_torch(audio, controls, functional.fftconvolve)


def _by_torch(audio: Tensor, controls: Tensor, through: Effect) -> Tensor:
    mix, _, t60_s, gain_db = controls.to(audio.dtype).split((1, 1, 8, 8), dim=-1)
    time_s = torch.arange(TAPS, dtype=audio.dtype) / RATE
    envelope = torch.exp(-math.log(1000.0) / t60_s[..., None] * time_s + 0.115 * gain_db[..., None])
    response = (NOISE.to(audio.dtype) * envelope[:, :, None]).sum(1)
    wet = through(audio, response)[..., : audio.shape[-1]]
    out: Tensor = audio + mix[..., None] * (wet - audio)
    return out


def by_dasp(audio: Tensor, gains: Tensor, decays: Tensor, mix: Tensor) -> Tensor:
    bands = {f"band{i}_gain": g for i, g in enumerate(gains.to(audio.dtype).unbind(1))}
    bands |= {f"band{i}_decay": d for i, d in enumerate(decays.to(audio.dtype).unbind(1))}
    out: Tensor = dasp.functional.noise_shaped_reverberation(
        audio, RATE, **bands, mix=mix.to(audio.dtype), num_samples=TAPS
    )
    return out


def by_mended_dasp(audio: Tensor, gains: Tensor, decays: Tensor, mix: Tensor) -> Tensor:
    with mended_dasp_reverb():
        return by_dasp(audio, gains, decays, mix)


def grafx_contenders() -> list[Contender]:
    """Both of its reverbs, each at an odd and at an even length."""
    if grafx is None:
        return []
    common = {"ir_len": TAPS, "processor_channel": "stereo", "flashfftconv": False}
    masked = grafx.STFTMaskedNoiseReverb(**common)
    shaped = grafx.FilteredNoiseShapingReverb(**common, num_bands=12, noise_randomness="fixed", sr=RATE)
    settings = {
        "masked noise": (masked, (torch.zeros(1, 2, 193), torch.full((1, 2, 193), -3.0))),
        "shaped noise": (shaped, (torch.zeros(1, 2, 12), torch.ones(1, 2, 12))),
    }
    return [
        Contender(
            f"{named('grafx')}, {kind}, {parity} length",
            _cut(module, less),
            values,
            truth=_cut(_exact(module), less),
        )
        for kind, (module, values) in settings.items()
        for parity, less in (("odd", 0), ("even", 1))
    ]


class _Convolution(torch.nn.Module):
    """What grafx's convolution is meant to do."""

    def forward(self, audio: Tensor, response: Tensor) -> Tensor:
        return convolve(audio, response)[..., : audio.shape[-1]]


def _exact(module: Any) -> Any:
    exact = copy.deepcopy(module).double()
    exact.conv = _Convolution()
    return exact


def _cut(module: Any, less: int) -> Effect:
    def run(audio: Tensor, *values: Tensor) -> Tensor:
        audio = audio[..., : audio.shape[-1] - less]
        out: Tensor = module(audio, *(value.to(audio.dtype) for value in values))
        return out

    return run


def contest(samples: int) -> Contest:
    twelve = torch.full((1, 12), 0.5), torch.linspace(0.3, 0.8, 12)[None], torch.full((1, 1), 0.5)
    contenders = [
        Contender("gainstage", ours, (parameters(),), truth=ours),
        Contender(
            "torch, torchaudio's fftconvolve",
            by_torch,
            (parameters(),),
            truth=lambda audio, controls: _by_torch(audio, controls, convolve),
        ),
        *grafx_contenders(),
    ]
    if dasp:
        name = named("dasp-pytorch")
        contenders += [
            Contender(f"{name}, mended", by_mended_dasp, twelve, truth=by_mended_dasp),
            Contender(
                f"{name} on {samples // 20} samples",
                lambda audio, *values: by_dasp(audio[..., : samples // 20], *values),
                twelve,
            ),
        ]
    return Contest(contenders, 0.1 * torch.randn(1, 2, samples), judged_samples=samples)


def _noise() -> Tensor:
    """White noise in octaves. Shape (bands, 2, TAPS)."""
    cpu = torch.device("cpu")
    tiles = [
        octave_noise(i, seed=0, sample_rate=RATE, device=cpu, dtype=torch.float32)
        for i in range(-(-TAPS // TILE))
    ]
    return torch.cat(tiles, -1)[..., :TAPS]


NOISE = _noise()


if __name__ == "__main__":
    main("reverb", __doc__, contest, samples=5 * RATE)
