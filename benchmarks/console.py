"""How fast is the whole console beside its peers, and how much memory does it take?

Four songs of eight mono tracks, 5 s at 44.1 kHz, float32 in and out; tracks: trim, six bands of equaliser,
compressor, pan; a return with a reverb of 65 536 samples; master: equaliser, compressor, gain; two threads;
gradients to the audio and to all parameters. The error is ours against our block forms in float64. From the
repository's root:

    GAINSTAGE_DIFF_MST=/path/to/Diff-MST .venv-peers/bin/python -m benchmarks.console

pedalboard renders a track a call in two threads, with its convolution or with its own reverb. Diff-MST's
console is its `AdvancedMixConsole` with the effect bus on, which no configuration of its own turns on;
`dasp` is the same chain without look-ahead, written with dasp's functions. In both, the reverb's long
convolution is mended through the FFT: as it stands, it alone takes a thousand times as long.
"""

from dataclasses import replace

import numpy as np
import torch
from benchmarks.accuracy import Effect, in_block_form
from benchmarks.contest import Contender, Contest, main
from benchmarks.desk import RATE, SPEC, pedalboard, pedalboard_desk, settings
from benchmarks.peers import diff_mst, mended_dasp_reverb, named, optional
from torch import Tensor

from gainstage.console.console import Console

SONGS, TRACKS = 4, 8
CONSOLE = Console(SPEC)
DRIVEN = settings(batch=SONGS, tracks=TRACKS)
SECTIONS = [name for name, values in DRIVEN.values.items() if values.numel()]
MONO = torch.zeros(SONGS, TRACKS, dtype=torch.bool)
dasp, mst = optional("dasp_pytorch"), diff_mst()


def ours(audio: Tensor, *values: Tensor) -> Tensor:
    given = {**DRIVEN.values, **dict(zip(SECTIONS, values, strict=True))}
    stereo = audio.unsqueeze(2).expand(-1, -1, 2, -1)
    return CONSOLE.render(stereo, replace(DRIVEN, values=given), sample_rate=RATE, is_stereo=MONO).mix


def by_pedalboard(*, convolution: bool) -> Effect:
    desks = [pedalboard_desk(TRACKS, channels=1, convolution=convolution) for _ in range(SONGS)]

    def run(audio: Tensor) -> Tensor:
        mixes = [desk.render(song) for desk, song in zip(desks, audio.unsqueeze(2).numpy(), strict=True)]
        return torch.from_numpy(np.stack(mixes))

    return run


def by_diff_mst() -> Effect:
    console = mst.AdvancedMixConsole(RATE)

    def run(audio: Tensor, *parameters: Tensor) -> Tensor:
        with mended_dasp_reverb():
            mix: Tensor = console(audio, *parameters)[1]
        return mix

    return run


def by_dasp(audio: Tensor, tracks: Tensor, returns: Tensor, master: Tensor) -> Tensor:
    """Parameters: trim, 18 of the equaliser, 6 of the compressor, pan, send; 24 of the reverb; master."""
    f, songs, rows = dasp.functional, len(audio), tracks.flatten(0, 1)
    dry = f.gain(audio.flatten(0, 1).unsqueeze(1), RATE, rows[:, 0])
    dry = _dynamics(f.parametric_eq(dry, RATE, *rows[:, 1:19].unbind(1)), rows[:, 19:25])
    panned = f.stereo_panner(dry.view(audio.shape), RATE, tracks[..., 25])
    with mended_dasp_reverb():
        wet = f.noise_shaped_reverberation(
            f.stereo_bus(panned, RATE, tracks[..., 26:]),
            RATE,
            *returns.unbind(1),
            mix=torch.ones(songs),
            num_samples=65_536,
        )
    mix = f.parametric_eq(panned.sum(2) + wet, RATE, *master[:, 1:19].unbind(1))
    out: Tensor = f.gain(_dynamics(mix, master[:, 19:25]), RATE, master[:, 0])
    return out


def _dynamics(audio: Tensor, values: Tensor) -> Tensor:
    out: Tensor = dasp.functional.compressor(audio, RATE, *values.unbind(1))
    return out


def dasp_parameters() -> tuple[Tensor, ...]:
    """What our settings are in dasp's order."""
    frequencies = torch.tensor([100.0, 250.0, 700.0, 2500.0, 6000.0, 8000.0])
    bands = torch.stack([torch.tensor([6.0, -4, 5, -6, 3, 4]), frequencies, torch.ones(6)], 1).flatten()
    strip = torch.cat([torch.tensor([2.0]), bands, torch.tensor([-24.0, 4.0, 11.0, 100.0, 6.0, 3.0])])
    tracks = torch.cat([strip, torch.tensor([0.5, -12.0])]).expand(SONGS, TRACKS, -1)
    return tracks, torch.full((SONGS, 24), 0.5), strip.expand(SONGS, -1)


def contest(samples: int) -> Contest:
    values = tuple(DRIVEN.values[name] for name in SECTIONS)
    contenders = [Contender("gainstage", ours, values, truth=in_block_form(ours))]
    if pedalboard:
        contenders += [
            Contender(f"{named('pedalboard')}, {what}", by_pedalboard(convolution=yes), trainable=False)
            for what, yes in (("convolution", True), ("its Reverb", False))
        ]
    if mst:
        units = (
            torch.full((SONGS, TRACKS, 27), 0.5),
            torch.full((SONGS, 25), 0.5),
            torch.full((SONGS, 26), 0.5),
        )
        contenders.append(Contender("Diff-MST, its reverb mended", by_diff_mst(), units))
    if dasp:
        contenders.append(
            Contender(f"{named('dasp-pytorch')}, its reverb mended", by_dasp, dasp_parameters())
        )
    absent = [] if mst else ["Diff-MST: no copy of it at hand (GAINSTAGE_DIFF_MST)."]
    audio = 0.1 * torch.randn(SONGS, TRACKS, samples)
    return Contest(contenders, audio, judged_samples=1 << 14, notes=absent)


if __name__ == "__main__":
    main("console", __doc__, contest, samples=5 * RATE)
