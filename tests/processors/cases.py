"""One row a processor: what test_contract.py asks every question of. A new processor adds its row here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gainstage.dsp.octaves import BANDS_HZ
from gainstage.dsp.panning import PanLaw
from gainstage.processors import Processor
from gainstage.processors.compressor import Compressor
from gainstage.processors.delay import Delay
from gainstage.processors.equaliser import Equaliser
from gainstage.processors.fader import Fader
from gainstage.processors.gate import Gate
from gainstage.processors.high_pass import HighPass
from gainstage.processors.limiter import Limiter
from gainstage.processors.low_pass import LowPass
from gainstage.processors.output_gain import OutputGain
from gainstage.processors.pan import Pan
from gainstage.processors.reverb import Reverb
from gainstage.processors.saturation import Saturation
from gainstage.processors.send import Send
from gainstage.processors.trim import Trim
from gainstage.processors.width import Width


def _input(audio: Tensor) -> Tensor:
    return audio


def _both_channels(audio: Tensor) -> Tensor:
    return audio.expand(-1, 2, -1)


@dataclass(frozen=True)
class Case:
    """A processor and what the contract leaves open about it.

    Args:
        label: the name of the row in pytest.
        processor: with its structural settings.
        point: physical values at which every parameter has a gradient; the others stay at their `start`. Keep
            it off kinks (two equal maxima, a branch that is about to switch): gradcheck runs here.
        zero_at_neutral: the parameters whose gradient is zero at the defaults, by law.
        at_defaults: what the processor gives for an input at its defaults, exactly, but for its latency.
        neutral_gain: how far noise near full scale is turned down where the processor has to be neutral: a
            limiter is so below its ceiling only.
        mono_is_dual_mono: a mono row gives what each channel of the same signal in stereo gives.
        deaf_in_mono: the parameters that say nothing to a row of one channel, by law.
        gradcheck_samples: length of the signals there; detectors may need more to leave their rest.
    """

    label: str
    processor: Processor
    point: Mapping[str, float] = field(default_factory=dict)
    zero_at_neutral: frozenset[str] = frozenset()
    at_defaults: Callable[[Tensor], Tensor] = _input
    neutral_gain: float = 1.0
    mono_is_dual_mono: bool = True
    deaf_in_mono: frozenset[str] = frozenset()
    gradcheck_samples: int = 70

    def __post_init__(self) -> None:
        unknown = ({*self.point} | self.zero_at_neutral | self.deaf_in_mono) - {
            row.name for row in self.processor.table
        }
        if unknown:
            raise ValueError(f"{self.label}: the table has no {sorted(unknown)}")

    def values(self, **changes: float) -> Tensor:
        """The point, with changes, as a float64 vector in table order."""
        named = {row.name: row.start for row in self.processor.table} | {**self.point} | changes
        return torch.tensor([named[row.name] for row in self.processor.table], dtype=torch.float64)

    def defaults(self) -> Tensor:
        """The neutral point, float64."""
        return torch.tensor([row.default for row in self.processor.table], dtype=torch.float64)


def _pan(law: PanLaw, position: float) -> Case:
    return Case(
        f"pan {law}",
        Pan(law=law),
        {"position": position},
        at_defaults=_both_channels,
        mono_is_dual_mono=False,  # mono is panned by the law, stereo is balanced
    )


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BANDS = ("low_shelf", "peak_1", "peak_2", "peak_3", "peak_4", "high_shelf")
_SQUASH = {
    "threshold_db": -20.0,
    "ratio": 4.0,
    "attack_ms": 1.0,
    "release_ms": 20.0,
    "makeup_db": 6.0,
    "mix": 0.8,
}
_BENT = {"drive_db": 9.0, "mix": 0.7}
_ECHOES = {"time_ms": 24.0, "feedback": 0.5, "mix": 0.6}
_DEAF_COMPRESSOR = _named("threshold_db attack_ms release_ms knee_db mix")

_CLOSE = {"threshold_db": -8.0, "ratio": 3.0, "range_db": -12.0, "attack_ms": 0.5, "release_ms": 10.0}
_DEAF_GATE = frozenset(row.name for row in Gate.table)  # at −80 dB nothing here is below the threshold

_SMALL_ROOM = {f"t60_{band_hz}hz_s": 0.24 - 0.01 * i for i, band_hz in enumerate(BANDS_HZ)}
_SMALL_ROOM |= {"mix": 0.6, "pre_delay_ms": 0.2, "gain_125hz_db": -3.0, "gain_4000hz_db": 2.0}

CASES = (
    Case("trim", Trim(), {"gain_db": 6.0}),
    Case("fader", Fader(), {"gain_db": -7.0}),
    Case("output_gain", OutputGain(), {"gain_db": -3.0}),
    Case("send", Send(), {"level_db": -12.0}, at_defaults=torch.zeros_like),
    _pan("sine", 0.3),
    _pan("linear", -0.6),
    _pan("-4.5dB", 0.5),
    _pan("ardour", -0.2),
    Case("high_pass", HighPass(), {"frequency_hz": 120.0, "amount": 0.7}, _named("frequency_hz q")),
    Case("low_pass", LowPass(), {"frequency_hz": 5000.0, "amount": 0.7}, _named("frequency_hz q")),
    Case(
        "equaliser",
        Equaliser(),
        {f"{band}_gain_db": gain_db for band, gain_db in zip(_BANDS, (6, -9, 4, -3, 8, -5), strict=True)},
        frozenset(f"{band}_{field}" for band in _BANDS for field in ("frequency_hz", "q")),
    ),
    Case(
        "width",
        Width(),
        {"width": 1.3, "mono_below_hz": 150.0, "mono_amount": 0.6},
        _named("mono_below_hz"),
        deaf_in_mono=_named("width mono_below_hz mono_amount"),
    ),
    Case("saturation", Saturation(), _BENT, _named("drive_db"), gradcheck_samples=90),
    Case("saturation at the rate itself", Saturation(oversampling=1), _BENT, _named("drive_db")),
    Case("compressor peak", Compressor(), _SQUASH, _DEAF_COMPRESSOR),
    Case(
        "compressor rms", Compressor(detector="rms", rms_window_ms=2.0), _SQUASH, _DEAF_COMPRESSOR | {"ratio"}
    ),
    Case("compressor ahead", Compressor(look_ahead_ms=0.3), _SQUASH, _DEAF_COMPRESSOR),
    Case("compressor by channel", Compressor(link=False), _SQUASH, _DEAF_COMPRESSOR),
    Case("compressor without bass", Compressor(key_high_pass_hz=200.0), _SQUASH, _DEAF_COMPRESSOR),
    Case("de-esser", Compressor(band_low_hz=5000.0), _SQUASH, _DEAF_COMPRESSOR),
    Case(
        "compressor of a band, all at once",
        Compressor(
            detector="rms",
            rms_window_ms=2.0,
            look_ahead_ms=0.3,
            key_high_pass_hz=300.0,
            link=False,
            band_low_hz=200.0,
            band_high_hz=9000.0,
        ),
        _SQUASH,
        _DEAF_COMPRESSOR | {"ratio"},
    ),
    Case("gate peak", Gate(hold_ms=0.05), _CLOSE, _DEAF_GATE),
    Case("gate rms", Gate(detector="rms", rms_window_ms=0.2, hold_ms=0.05), _CLOSE, _DEAF_GATE),
    Case("gate by channel", Gate(hold_ms=0.05, key_high_pass_hz=200.0, link=False), _CLOSE, _DEAF_GATE),
    Case("delay", Delay(), _ECHOES, _named("time_ms feedback damping_hz")),
    Case(
        "delay ping-pong",
        Delay(ping_pong=True),
        _ECHOES,
        _named("time_ms feedback damping_hz"),
        mono_is_dual_mono=False,  # two channels cross, one has nowhere to go
    ),
    Case(
        "reverb",
        Reverb(seed=4),
        _SMALL_ROOM,
        frozenset(row.name for row in Reverb.table if row.name != "mix"),  # nothing wet is heard
        mono_is_dual_mono=False,  # left and right have their own noise
        gradcheck_samples=24,
    ),
    *(
        Case(
            f"limiter {'linked' if link else 'by channel'}",
            Limiter(look_ahead_ms=0.5, link=link),
            {"ceiling_db": -7.0, "release_ms": 15.0},
            neutral_gain=0.1,
            gradcheck_samples=120,
        )
        for link in (True, False)
    ),
)
