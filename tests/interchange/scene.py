"""A short song whose session uses what a console has, beside what only some tools can do."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from gainstage.console.session import Session

Document = dict[str, Any]
SECONDS = 2.0


def write_song(folder: Path, rate: int = 44100) -> None:
    """Four stems of two seconds: mono and stereo, with attacks, tones and noise."""
    folder.mkdir(parents=True)
    t = np.arange(round(SECONDS * rate)) / rate
    random = np.random.default_rng(5)
    kick = 0.7 * np.sin(2 * np.pi * 55 * (t % 0.5)) * np.exp(-14 * (t % 0.5))
    ticks = 0.2 * random.standard_normal(t.size) * np.exp(-40 * (t % 0.125))
    pad = np.stack([sum(np.sin(2 * np.pi * f * d * t) for f in (220, 277, 1318)) for d in (0.999, 1.001)])
    voice = 0.2 * np.sin(2 * np.pi * 330 * t + 3 * np.sin(2 * np.pi * 5 * t)) * (1 + np.sin(2 * np.pi * t))
    stems = {"kick": kick[None], "hat": ticks[None], "pad": 0.05 * pad, "voice": voice[None]}
    for name, audio in stems.items():
        soundfile.write(folder / f"{name}.wav", audio.T, rate, subtype="FLOAT")


def document(rate: int = 44100) -> Document:
    """What every tool of ours can do live: filters, dynamics, pan, width, groups, sends."""
    squash = {"threshold_db": -28.0, "ratio": 3.0, "attack_ms": 5.0, "release_ms": 80.0}

    def track(name: str, channels: int, group: str | None, **processors: Document) -> Document:
        return {
            "name": name,
            "file": f"{name}.wav",
            "role": "other",
            "channels": channels,
            "group": group,
            "processors": {key: {"values": values} for key, values in processors.items()},
        }

    return {
        "format": "gainstage-session",
        "version": 2,
        "name": "A song",
        "sample_rate": rate,
        "num_samples": round(SECONDS * rate),
        "tail_samples": rate // 4,
        "console": {
            "tracks": [
                "trim", "high_pass", "low_pass", "equaliser", "gate", "compressor", "saturation", "fader",
                "pan", "width",
            ],
            "groups": ["equaliser", "compressor", "fader", "width"],
            "returns": ["delay", "reverb", "fader"],
            "master": ["equaliser", "compressor", "output_gain", "limiter"],
            "group_names": ["drums", "rest"],
            "return_names": ["room", "echo"],
            "fixed": {"returns.reverb.mix": 1.0, "returns.delay.mix": 1.0},
            "bypassed": [
                "tracks.gate", "tracks.low_pass", "tracks.saturation", "tracks.width", "returns.room.delay",
                "returns.echo.reverb", "master.limiter",
            ],
        },
        "tracks": [
            track(
                "kick", 1, "drums",
                trim={"gain_db": 3.0},
                equaliser={"low_shelf_gain_db": 4.0, "peak_2_gain_db": -6.0, "peak_2_q": 3.0},
                compressor=squash,
                fader={"gain_db": -2.0},
            ),
            track(
                "hat", 1, "drums",
                high_pass={"frequency_hz": 400.0, "amount": 1.0},
                gate={"threshold_db": -30.0, "ratio": 4.0, "release_ms": 30.0},
                fader={"gain_db": -7.5},
                pan={"position": 0.45},
                send_room={"level_db": -12.0},
            ),
            track(
                "pad", 2, None,
                equaliser={"high_shelf_gain_db": -5.0, "peak_3_gain_db": 3.0},
                fader={"gain_db": -4.0},
                pan={"position": -0.3},
                width={"width": 1.4, "mono_below_hz": 150.0, "mono_amount": 1.0},
                send_echo={"level_db": -9.0},
            ),
            track(
                "voice", 1, "rest",
                compressor={**squash, "makeup_db": 4.0, "mix": 0.7},
                fader={"gain_db": 1.0},
                pan={"position": -0.1},
                send_room={"level_db": -15.0},
            ),
        ],
        "groups": [
            {
                "name": "drums",
                "processors": {
                    "compressor": {"values": {**squash, "threshold_db": -20.0}},
                    "fader": {"values": {"gain_db": -1.0}},
                    "send_room": {"values": {"level_db": -20.0}},
                },
            },
            {"name": "rest"},
        ],
        "returns": [
            {
                "name": "room",
                "processors": {
                    "reverb": {"values": {f"t60_{hz}hz_s": 0.3 for hz in (125, 250, 500, 1000, 2000, 4000)}},
                    "fader": {"values": {"gain_db": -3.0}},
                },
            },
            {"name": "echo", "processors": {"delay": {"values": {"time_ms": 90.0, "feedback": 0.4}}}},
        ],
        "master": {
            "name": "master",
            "processors": {
                "equaliser": {"values": {"high_shelf_gain_db": 2.0}},
                "compressor": {"values": {**squash, "threshold_db": -12.0, "ratio": 1.5}},
                "output_gain": {"values": {"gain_db": -6.0}},
            },
        },
    }  # fmt: skip


def load(made: Document) -> Session:
    return Session.model_validate(made)


def write(folder: Path, made: Document | None = None, rate: int = 44100) -> tuple[Path, Path]:
    """The song and its session: paths of the session's file and of the stems."""
    write_song(folder / "stems", rate)
    load(made or document(rate)).save(folder / "session.json")
    return folder / "session.json", folder / "stems"
