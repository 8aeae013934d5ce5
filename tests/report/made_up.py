"""A made-up mix that holds everything a result can hold, names that break things included."""

import itertools
import math
from pathlib import Path

import numpy as np

from gainstage.dsp.spectrum import band_centres_hz
from gainstage.report.measured import Audio, Clip, Programme, Series, Spectrum, StereoBand
from gainstage.report.mix_result import MixResult, Track
from gainstage.report.settings import Band, Compressor, Effect, Equaliser, Pass, Reverb, Send, Strip

SAMPLE_RATE = 44_100

NASTY_NAMES = (
    "Kick | In `D112`",
    "<script>alert(1)</script>",
    "Bass \\ DI &amp; _amp_ *loud*",
    "Gtr\nL | \r\n| --- |",
    '鼓 ドラム "双" 🥁',
    "$x_1$ ^{2} \udcff ~~gone~~",
    "_hidden [link](http://example.invalid)",
    "",
    "a very long name of a track that someone typed in full with the date 2024-05-06 (take 12)",
)
PLAIN_NAMES = (
    "Kick In",
    "Snare Top",
    "Overheads",
    "Bass DI",
    "Gtr L",
    "Gtr R",
    "Keys",
    "Lead Vox",
    "BV Stack",
)
ROLES = (
    "kick",
    "snare",
    "cymbal",
    "bass",
    "guitar_electric",
    "guitar_electric",
    "keys",
    "lead_vocal",
    "backing_vocal",
)


def tone(seconds: float, *, channels: int = 2, frequency_hz: float = 220.0, level: float = 0.3) -> Audio:
    """A sine that swells in the middle, so that there is a loudest part."""
    times_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    swell = 0.2 + 0.8 * np.sin(np.pi * times_s / max(seconds, 1e-9)) ** 4
    phase = np.arange(channels)[:, None] * 0.7
    return Audio(
        (level * swell * np.sin(2 * np.pi * frequency_hz * times_s + phase)).astype(np.float32), SAMPLE_RATE
    )


def spectrum(tilt_db: float, bands_per_octave: int = 12, *, seed: int = 0) -> Spectrum:
    """A spectrum that falls by so much an octave, with some bumps."""
    centres = band_centres_hz(bands_per_octave)
    noise = np.random.default_rng(seed).standard_normal(len(centres))
    octaves = np.log2(centres / 1000)
    return Spectrum(10 ** ((-30 + tilt_db * octaves - 0.3 * octaves**2 + noise) / 10), bands_per_octave)


def programme(name: str, loudness: float, *, clip: Clip | None = None, seed: int = 0) -> Programme:
    """A measured mix of three minutes with a quiet verse, a loud chorus and a silent start."""
    rng = np.random.default_rng(seed)
    times = np.arange(0.4, 192.0, 0.1)
    shape = loudness + 3 * np.sign(np.sin(times / 20)) - 1
    momentary = shape + 1.5 * rng.standard_normal(len(times))
    short = np.convolve(np.pad(momentary, 15, mode="edge"), np.ones(30) / 30, "same")[15:-15]
    momentary[:10] = short[:10] = -math.inf
    edges = np.geomspace(20, 20_000, 11)
    return Programme(
        name,
        integrated_lufs=loudness,
        range_lu=6.4,
        true_peak_db=loudness + 16.2,
        width=0.13 + seed / 50,
        correlation=0.71 - seed / 10,
        momentary_lufs=Series(times, momentary),
        short_term_lufs=Series(times, short),
        spectrum=spectrum(-2.5 + seed * 0.8, seed=seed),
        bands=tuple(
            StereoBand(lo, hi, 0.02 * 1.4**k * (1 + seed / 4), 0.98 - 0.07 * k - 0.05 * seed)
            for k, (lo, hi) in enumerate(itertools.pairwise(edges))
        ),
        clip=clip,
    )


def compressor(k: int) -> Compressor:
    times_s = np.arange(0, 192, 0.5)
    taken = np.clip(3 + 2 * np.sin(times_s / 7 + k) + np.cos(times_s * 3), 0, None)
    return Compressor(
        threshold_db=-24.0 - k,
        ratio=2.0 + k / 2,
        attack_ms=[0.3, 12.5, 30][k % 3],
        release_ms=[90, 180.4, 1200][k % 3],
        knee_db=6.0,
        makeup_db=1.8,
        detector="rms" if k % 2 else "peak",
        mix=0.6 if k == 3 else 1.0,
        key="Kick In" if k == 3 else "",
        mean_reduction_db=float(taken.mean()),
        max_reduction_db=float(taken.max()),
        reduction_db=Series(times_s, taken),
    )


def track(k: int, name: str, *, clips: bool) -> Track:
    """One of nine tracks; the last one is silent and muted, some have no equaliser or compressor."""
    silent = k == 8
    chain = [Pass("high_pass", 30.0 + 20 * k, 0.707)]
    bands = (
        Band("low_shelf", 110.0, -2.0, 0.7),
        Band("peak", 380.0 + 40 * k, -3.4 + k / 2, 1.4),
        Band("peak", 3150.0, 2.2, 0.9),
        Band("high_shelf", 9000.0, 1.5, 0.7),
    )
    strip = Strip(
        name,
        chain=()
        if silent
        else (chain[0], Equaliser(bands[: 1 + k % 4]), *([compressor(k)] if k % 3 != 2 else [])),
        fader_db=-math.inf if silent else 1.5 - k,
        pan=[0.0, 0.03, 0.0, 0.0, -0.62, 0.58, -0.2, 0.0, 0.4][k],
        sends=(Send("Reverb", -18.5 + k, pre_fader=k == 7),) if k in (1, 6, 7) else (),
        muted=silent,
        reasons=(
            f"The high-pass stands at {30 + 20 * k} Hz: nothing of the track plays below.",
            "3.2 dB less than the role would get, since the lead vocal plays in 1.5 to 4 kHz as well.",
        ),
    )
    channels = 2 if k in (2, 8) else 1
    return Track(
        strip,
        file=f"{k:02d}_{name}.wav",
        role=ROLES[k],
        group="drums" if k < 3 else "bass" if k == 3 else "vocals" if k > 6 else "guitars",
        channels=channels,
        trim_db=0.0 if silent else -4.0 + 2.3 * k,
        role_source="name",
        loudness_before_lufs=-math.inf if silent else -19.0 - 2.3 * k,
        loudness_after_lufs=-math.inf if silent else -24.0 - k,
        peak_before_db=-math.inf if silent else -6.0 - k,
        peak_after_db=-math.inf if silent else -12.0 - k,
        spectrum_before=spectrum(-3, 3, seed=k),
        spectrum_after=spectrum(-2, 3, seed=k + 1),
        dry=Clip(tone(6, channels=channels, frequency_hz=110.0 * (k + 1))) if clips else None,
        wet=Clip(tone(6, frequency_hz=110.0 * (k + 1), level=0.1)) if clips else None,
    )


def result(
    names: tuple[str, ...] = PLAIN_NAMES, *, clips: bool = False, song: str = "Paper Boats"
) -> MixResult:
    """A whole made-up mix."""
    heard = [
        Clip(tone(8, frequency_hz=f, level=v)) if clips else None
        for f, v in ((220, 0.2), (225, 0.5), (230, 0.9))
    ]
    master = Strip(
        "Master",
        chain=(
            Equaliser((Band("low_shelf", 60.0, 0.8, 0.7), Band("high_shelf", 12_000.0, 1.1, 0.7))),
            compressor(1),
        ),
        reasons=("The master compressor holds the chorus together.",),
    )
    reverb = Strip(
        "Reverb",
        chain=(
            Pass("high_pass", 250.0, 0.707),
            Reverb(
                ((125.0, 1.9), (1000.0, 1.6), (8000.0, 0.8)),
                pre_delay_ms=22.0,
                gains_db=((125.0, -6.0), (1000.0, 0.0)),
            ),
        ),
        fader_db=-3.0,
        reasons=("1.6 s: the song has 96 beats a minute, and it is not dense.",),
    )
    return MixResult(
        song=song,
        engineer="rules engineer, style none",
        sample_rate=SAMPLE_RATE,
        duration_s=192.0,
        tracks=tuple(track(k, name, clips=clips) for k, name in enumerate(names)),
        master=master,
        output_gain_db=-3.1,
        mix=programme("Mix", -20.0, clip=heard[0]),
        sum=programme("Sum", -14.3, clip=heard[1], seed=1),
        reference=programme("Reference", -9.1, clip=heard[2], seed=2),
        groups=(
            Strip(
                "Drums", chain=(Effect("Saturation", (("drive", "3.0 dB"), ("mix", "40 %"))),), fader_db=-1.0
            ),
        ),
        returns=(reverb,),
        reasons=("-20.0 LUFS reached; the true peak of -3.8 dBTP leaves room to -1 dBTP.",),
        warnings=("05_Gtr L.wav is at 48 kHz and was resampled to 44.1 kHz.", "08_BV Stack.wav is silent."),
        files=(
            ("mix.wav", "the mix, 32-bit float"),
            ("session.json", "all settings, for `gainstage render`"),
        ),
        versions={"gainstage": "0.1.0", "torch": "2.13.0"},
    )


def write_wav(path: Path, audio: Audio) -> Path:
    import soundfile

    soundfile.write(path, audio.samples.T, audio.sample_rate, subtype="FLOAT")
    return path
