"""What instruments share: cycles of a wave, envelopes, static filters, saturation, placing in time."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import HOP, Array, num_controls
from gainstage.data.synthetic.resonators import biquads

TABLE_SIZE = 2048
_BLOCK = 16384


def pitch_hz(pitch: float | Array) -> Array:
    """Frequency of a MIDI pitch; 69 is 440 Hz."""
    return np.asarray(440.0 * 2.0 ** ((np.asarray(pitch) - 69.0) / 12.0))


def cycle(harmonics: Array) -> Array:
    """One cycle of the given harmonics (first = fundamental) as sines, peak 1, with the guard sample."""
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, dtype=np.complex128)
    count = min(len(harmonics), TABLE_SIZE // 2)
    spectrum[1 : count + 1] = -0.5j * TABLE_SIZE * harmonics[:count]
    wave = np.fft.irfft(spectrum, TABLE_SIZE)
    wave /= peak(wave)
    return np.append(wave, wave[0])


def harmonics(shape: str, frequency_hz: float, sample_rate: int, *, pulse: float = 0.5) -> Array:
    """Amplitudes of the harmonics of a classic wave that lie below .45 of the sample rate.

    Args:
        shape: "saw", "pulse", "triangle" or "sine".
        frequency_hz: the highest pitch at which the wave will be read.
        sample_rate: in Hz.
        pulse: width of the pulse, 0 … 1; .5 is a square.
    """
    count = max(1, min(int(0.45 * sample_rate / frequency_hz), TABLE_SIZE // 2 - 1))
    number = np.arange(1.0, count + 1.0)
    if shape == "saw":
        return 1.0 / number
    if shape == "pulse":
        return np.asarray(np.sin(np.pi * number * pulse) / number)
    if shape == "triangle":
        return np.asarray(np.where(number % 2.0 == 1.0, (-1.0) ** ((number - 1.0) // 2.0) / number**2, 0.0))
    return np.asarray(number == 1.0, dtype=np.float64)


def rolled_off(amplitudes: Array, frequency_hz: float, cutoff_hz: float, *, order: float = 2.0) -> Array:
    """The harmonics behind a low-pass of 6·order dB per octave."""
    number = np.arange(1.0, len(amplitudes) + 1.0)
    return np.asarray(amplitudes / np.sqrt(1.0 + (number * frequency_hz / cutoff_hz) ** (2.0 * order)))


def adsr(
    num_samples: int,
    sample_rate: int,
    *,
    attack_s: float,
    decay_s: float,
    sustain: float,
    held_s: float,
    release_s: float,
) -> Array:
    """An envelope at control rate: a straight attack, exponential decay to `sustain`, exponential release.

    Shape: (controls,)
    """
    time = np.arange(num_controls(num_samples)) * (HOP / sample_rate)
    rise = np.minimum(time / max(attack_s, 1e-4), 1.0)
    body = sustain + (1.0 - sustain) * np.exp(-np.maximum(time - attack_s, 0.0) / max(decay_s, 1e-4))
    fall = np.exp(-np.maximum(time - held_s, 0.0) / max(release_s, 1e-4))
    envelope = rise * body * fall
    return np.asarray(envelope * np.clip((time[-1] - time) / 0.003, 0.0, 1.0))


def vibrato(
    num_samples: int, sample_rate: int, rng: Generator, *, cents: float, rate_hz: float, delay_s: float
) -> Array:
    """A factor on the pitch, at control rate: a sine that sets in after `delay_s`, and a drift of 3 cents.

    Shape: (controls,)
    """
    time = np.arange(num_controls(num_samples)) * (HOP / sample_rate)
    depth = cents * np.clip((time - delay_s) / 0.3, 0.0, 1.0)
    drift = 3.0 * np.sin(2.0 * np.pi * (float(rng.uniform(0.1, 0.5)) * time + rng.random()))
    wave = np.sin(2.0 * np.pi * (rate_hz * float(rng.uniform(0.95, 1.05)) * time + rng.random()))
    return np.asarray(2.0 ** ((depth * wave + drift) / 1200.0))


def equalised(audio: Array, *sections: Array) -> Array:
    """Run a signal through second-order sections, as the functions below design them, in one pass.

    Shape: audio (..., samples), sections (any, 6)
    """
    chain = np.concatenate(sections)
    if len(chain) % 2:
        chain = np.concatenate([chain, [[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]]])
    rows = np.ascontiguousarray(audio, dtype=np.float64).reshape(-1, audio.shape[-1])
    out = np.empty_like(rows)
    for row, into in zip(rows, out, strict=True):
        biquads(row, chain, into)
    return out.reshape(audio.shape)


def passing(sample_rate: int, kind: str, cutoff_hz: float | Sequence[float], *, order: int = 2) -> Array:
    """A Butterworth filter of order 1 to 3: "lowpass", "highpass", or "bandpass" (two edges, one of each)."""
    if kind == "bandpass":
        low_hz, high_hz = np.asarray(cutoff_hz)
        return np.concatenate(
            [
                passing(sample_rate, "highpass", low_hz, order=order),
                passing(sample_rate, "lowpass", high_hz, order=order),
            ]
        )
    w = 2.0 * np.pi * min(max(float(np.asarray(cutoff_hz)), 5.0), 0.47 * sample_rate) / sample_rate
    sign = 1.0 if kind == "lowpass" else -1.0
    sections = []
    if order != 2:  # one real pole
        t = np.tan(w / 2.0)
        gain = t / (1.0 + t) if kind == "lowpass" else 1.0 / (1.0 + t)
        sections.append([gain, sign * gain, 0.0, 1.0, (t - 1.0) / (1.0 + t), 0.0])
    if order != 1:  # a pair of poles (RBJ cookbook); Q 1 beside a real pole makes the third order
        alpha = np.sin(w) / (2.0 * (np.sqrt(0.5) if order == 2 else 1.0))
        b = (1.0 - sign * np.cos(w)) / 2.0 / (1.0 + alpha)
        a1, a2 = -2.0 * np.cos(w) / (1.0 + alpha), (1.0 - alpha) / (1.0 + alpha)
        sections.append([b, 2.0 * sign * b, b, 1.0, a1, a2])
    return np.array(sections)


def bell(sample_rate: int, frequency_hz: float, gain_db: float, q: float) -> Array:
    """A peak or dip in the spectrum (the peaking biquad of the RBJ cookbook)."""
    w = 2.0 * np.pi * min(frequency_hz, 0.45 * sample_rate) / sample_rate
    a = 10.0 ** (gain_db / 40.0)
    alpha = np.sin(w) / (2.0 * q)
    b = np.array([1.0 + alpha * a, -2.0 * np.cos(w), 1.0 - alpha * a])
    d = np.array([1.0 + alpha / a, -2.0 * np.cos(w), 1.0 - alpha / a])
    return np.asarray(np.concatenate([b, d])[None] / d[0])


def shelf(sample_rate: int, frequency_hz: float, gain_db: float) -> Array:
    """Tilt around a frequency: up above it and down below it by half of `gain_db` each."""
    # One pole and one zero: (g s + w) / (s + w g): 1/g at 0 Hz, g at infinity, 1 at w.
    g = 10.0 ** (gain_db / 40.0)
    w = np.tan(np.pi * min(frequency_hz, 0.4 * sample_rate) / sample_rate)
    b0, b1, a0, a1 = g + w, w - g, 1.0 + w * g, w * g - 1.0
    return np.array([[b0 / a0, b1 / a0, 0.0, 1.0, a1 / a0, 0.0]])


def filtered(
    audio: Array, sample_rate: int, kind: str, cutoff_hz: float | Sequence[float], *, order: int = 2
) -> Array:
    """A signal through one Butterworth filter."""
    return equalised(audio, passing(sample_rate, kind, cutoff_hz, order=order))


def saturate(audio: Array, drive: float) -> Array:
    """tanh(drive · x) / tanh(drive), anti-aliased by its antiderivative (Parker et al., DAFx 2016, eq. 9)."""
    out = np.empty_like(audio)
    for first in range(0, audio.shape[-1], _BLOCK):  # block by block: five intermediates would be five tracks
        reach = min(first, 1)
        x = drive * audio[..., first - reach : first + _BLOCK]
        area = np.logaddexp(x, -x)  # ∫ tanh, up to a constant
        step = np.diff(x, prepend=x[..., :1])
        is_flat = np.abs(step) < 1e-4
        slope = np.diff(area, prepend=area[..., :1]) / np.where(is_flat, 1.0, step)
        shaped = np.where(is_flat, np.tanh(x - 0.5 * step), slope)
        out[..., first : first + _BLOCK] = shaped[..., reach:] / np.tanh(drive)
    return out


def peak(audio: Array) -> float:
    """Largest absolute sample, never 0, so that one may divide by it."""
    return max(float(audio.max()), -float(audio.min()), 1e-9)


def power(audio: Array) -> float:
    """Mean square of one channel."""
    return float(np.dot(audio, audio)) / len(audio)


def white(rng: Generator, *shape: int) -> Array:
    """White noise of RMS 1; uniform, because no ear tells it from Gaussian and it costs a third."""
    noise = rng.random(shape)
    noise -= 0.5
    noise *= np.sqrt(12.0)
    return noise


def add_at(out: Array, start: int, sound: Array, gain: float = 1.0) -> None:
    """Add a sound at a sample; what lies beyond the end is left away.

    Shape: out and sound (..., samples)
    """
    length = min(sound.shape[-1], out.shape[-1] - start)
    if length > 0:
        out[..., start : start + length] += gain * sound[..., :length]


def room_for(start_s: float, length_s: float, sample_rate: int, num_samples: int) -> tuple[int, int]:
    """First sample and number of samples of a note; 0 samples where it would start beyond the end."""
    start = int(start_s * sample_rate)
    return start, max(0, min(int(length_s * sample_rate), num_samples - start))
