"""How fast and how exact is the compressor beside its peers?

Eight mono rows of swelling noise, 262 144 samples, 44.1 kHz, float32 in and out; threshold, ratio, attack,
release, knee, make-up and mix; two threads; gradients to the audio and to all seven parameters of each row.
The truth is our block form in float64, which tests hold to a slow recursion. From the repository's root:

    .venv-peers/bin/python -m benchmarks.compressor

torchcomp has the ballistics only: it gets a gain computer in torch, and is measured bare as well. grafx's and
dasp's compressors are set so that they come as near to our law as their parameters allow. grafx: its
smoother works on the gain of the *energy*, which it then applies to the amplitude, so half the slope is asked
of it, and the 6 nepers that it takes off the threshold are added; what is left is a floor of −50 dB and a
smoother that begins at +8.7 dB. dasp: an attack ln 9 times as long; its release is read and not used.
pedalboard's compressor follows another law (hard knee, its own detector): its speed alone can be compared.
"""

import math

import numpy as np
import torch
from benchmarks.accuracy import Effect, in_block_form
from benchmarks.contest import POOL, Contender, Contest, main
from benchmarks.peers import named, optional
from torch import Tensor

from gainstage.dsp.compressor import time_coefficient
from gainstage.processors.compressor import Compressor

RATE, ROWS = 44_100, 8
COMPRESSOR = Compressor()
NEPERS_PER_DB = math.log(10.0) / 10.0  # of energy
pedalboard, torchcomp = optional("pedalboard"), optional("torchcomp")
dasp, grafx = optional("dasp_pytorch"), optional("grafx.processors.dynamics")


def parameters() -> Tensor:
    """−24 dB, 4:1, 5 and 100 ms, 6 dB of knee, 3 dB of make-up, all wet; every row a little different."""
    values = torch.tensor([-24.0, 4.0, 5.0, 100.0, 6.0, 3.0, 1.0], dtype=torch.float64)
    vary = torch.tensor([0.5, 0.1, 0.1, 2.0, 0.2, 0.1, 0.0]) * torch.arange(ROWS)[:, None]
    return values + vary


def ours(audio: Tensor, controls: Tensor) -> Tensor:
    state = COMPRESSOR.initial_state(len(audio), 1, sample_rate=RATE, device=audio.device)
    points = controls.unsqueeze(1)
    return COMPRESSOR.render(audio.unsqueeze(1), points, state, sample_rate=RATE)[0].squeeze(1)


def settings(audio: Tensor, controls: Tensor) -> tuple[Tensor, ...]:
    """The seven parameters, each (rows, 1), in the precision of the audio."""
    return controls.to(audio.dtype)[:, None].unbind(-1)


def coefficients(controls: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """What a new sample weighs while the gain falls and while it rises, as torchcomp wants it."""
    fall, rise = (1.0 - time_coefficient(controls[:, i], RATE) for i in (2, 3))
    return fall.to(dtype), rise.to(dtype)


def by_torchcomp(audio: Tensor, controls: Tensor) -> Tensor:
    threshold, ratio, _, _, knee, makeup, mix = settings(audio, controls)
    over = 20.0 * torch.log10(audio.abs().clamp(min=1e-10)) - threshold
    in_knee = (over + 0.5 * knee).clamp(min=0.0).square() / (2.0 * knee)
    wanted = (1.0 / ratio - 1.0) * torch.where(over < 0.5 * knee, in_knee, over)
    begin = torch.zeros_like(wanted[:, 0])
    gain_db: Tensor = torchcomp.compressor_core(wanted, begin, *coefficients(controls, audio.dtype))
    return audio * (1.0 + mix * (torch.pow(10.0, (gain_db + makeup) / 20.0) - 1.0))


def bare_ballistics(audio: Tensor, controls: Tensor) -> Tensor:
    begin = torch.ones_like(audio[:, 0])
    out: Tensor = torchcomp.compressor_core(audio.abs(), begin, *coefficients(controls, audio.dtype))
    return out


def by_grafx() -> Effect:
    compressor = grafx.Compressor(
        energy_smoother=None, gain_smoother="ballistics", gain_smooth_in_log=True, flashfftconv=False
    )

    def run(audio: Tensor, controls: Tensor) -> Tensor:
        threshold, ratio, _, _, knee, makeup, mix = settings(audio, controls)
        half_slope = 0.5 * (1.0 - 1.0 / ratio)
        wet: Tensor = compressor(
            audio.unsqueeze(1),
            log_threshold=NEPERS_PER_DB * threshold + 6.0,
            log_ratio=torch.log(half_slope / (1.0 - half_slope)),  # of R − 1
            log_knee=torch.log(NEPERS_PER_DB * knee),
            z_alpha_post=torch.logit(torch.stack(coefficients(controls, audio.dtype), -1)),
        ).squeeze(1)
        return audio + mix * (wet * torch.pow(10.0, makeup / 20.0) - audio)

    return run


def by_dasp(audio: Tensor, controls: Tensor) -> Tensor:
    threshold, ratio, attack, release, knee, makeup, mix = settings(audio, controls)
    wet: Tensor = dasp.functional.compressor(
        audio.unsqueeze(1), RATE, threshold, ratio, math.log(9.0) * attack, release, knee, makeup
    ).squeeze(1)
    return audio + mix * (wet - audio)


def by_pedalboard(audio: Tensor, controls: Tensor) -> Tensor:
    effects = [pedalboard.Compressor(*row[:4]) for row in controls.tolist()]
    rows = POOL.map(lambda effect, row: effect(row, RATE), effects, audio.numpy())
    return torch.from_numpy(np.stack(list(rows)))


def contest(samples: int) -> Contest:
    swell = torch.linspace(0.0, 20.0 * samples / 2**18, samples).sin().square() + 0.01
    truth = in_block_form(ours)
    same_law: dict[str, Effect] = {
        "gainstage": ours,
        **({f"{named('torchcomp')} with a gain computer": by_torchcomp} if torchcomp else {}),
        **({f"{named('grafx')}, ballistics": by_grafx()} if grafx else {}),
        **({named("dasp-pytorch"): by_dasp} if dasp else {}),
    }
    contenders = [Contender(name, run, (parameters(),), truth=truth) for name, run in same_law.items()]
    if torchcomp:
        contenders.append(
            Contender(f"{named('torchcomp')}, bare ballistics", bare_ballistics, (parameters(),))
        )
    if pedalboard:
        contenders.append(Contender(named("pedalboard"), by_pedalboard, (parameters(),), trainable=False))
    return Contest(contenders, 0.3 * swell * torch.randn(ROWS, samples))


if __name__ == "__main__":
    main("compressor", __doc__, contest, samples=1 << 18)
