"""A plan is played by hand, with nothing but its audio, the printed formulas and sums, against our render."""

from collections.abc import Sequence
from pathlib import Path

import lupa.lua53 as lupa
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gainstage.interchange.ardour.devices import Embedded
from gainstage.interchange.desk import MASTER, Desk, Place, Stage
from gainstage.interchange.formulas import lua
from gainstage.interchange.formulas.table import programs
from gainstage.interchange.freezing import FROZEN, INPUT, Plan
from gainstage.interchange.levels import amplitude
from gainstage.interchange.stems import Stems
from gainstage.mixing.export_audio import export_audio
from gainstage.mixing.render import silent_progress
from gainstage.processors.send import Send
from tests.interchange import scene

RATE = 44100
Signal = NDArray[np.float64]


def through(stages: Sequence[Stage], signal: Signal) -> Signal:
    """Processors in Lua. Shape: (channels, samples)."""
    if not stages:
        return signal
    runtime = lupa.LuaRuntime()
    room = "function(size) local a = {} for i = 1, size do a[i] = 0.0 end return a end"
    made = programs(stages, len(signal))
    process = runtime.execute(f"{lua.module(made)}\nreturn strip({RATE}, {room})")
    settings = [setting.value for program in made for setting in program.settings]
    table = runtime.table_from
    out = process(table(settings), signal.shape[1], table([table(x.tolist()) for x in signal]))
    return np.array([list(channel.values()) for channel in out.values()])


def play(plan: Plan, stems: Stems) -> Signal:
    """The mix by the plan. Shape: → (2, samples)."""
    feeds: dict[Place, Signal] = {live.strip.place: np.zeros((2, stems.num_samples)) for live in plan.strips}
    post = np.zeros((2, stems.num_samples))
    for live in plan.strips:
        strip, path = live.strip, stems.of(live)
        signal = feeds[strip.place]
        if path is not None:
            signal = soundfile.read(path, dtype="float64", always_2d=True)[0].T
            assert signal.shape == (live.channels, stems.num_samples)
            late = getattr(strip.settings, "delay_samples", 0) if live.tap is None else 0
            signal = np.pad(signal, ((0, 0), (late, 0)))[:, : stems.num_samples]
            signal = -signal if strip.settings.inverted and live.tap is None else signal
        before = through(strip.before, signal)
        fader = strip.fader
        row = fader.processor.table[0] if fader else None
        gain = amplitude(fader.values[row.name], row) if fader and row else 1.0
        post = through(strip.after, gain * before)
        if strip.mute:
            continue
        for send in strip.sends:
            level = amplitude(send.settings.values["level_db"], Send.table[0])
            feeds["returns", send.to] = feeds["returns", send.to] + level * (
                before if send.pre_fader else post
            )
        to = plan.feeds(live)
        if to is not None:
            feeds[to] = feeds[to] + post
    return post


def plan_and_null(tmp_path: Path, made: scene.Document) -> tuple[Plan, float]:
    made |= {"num_samples": 8000, "tail_samples": 2000}
    session, folder = scene.write(tmp_path, made)
    del session
    desk, can = Desk.of(scene.load(made)), Embedded().can
    plan = Plan.of(desk, can)
    (tmp_path / "audio").mkdir()
    stems, _ = export_audio(desk, folder, tmp_path / "audio", plan.taps, progress=silent_progress)
    wanted = soundfile.read(stems.mix, dtype="float64")[0].T
    error = play(plan, stems) - wanted
    return plan, float(10.0 * np.log10(np.square(error).sum() / np.square(wanted).sum()))


def test_all_but_the_reverb_is_live(tmp_path: Path) -> None:
    plan, null_db = plan_and_null(tmp_path, scene.document())
    assert {live.strip.label: live.frozen for live in plan.strips if live.frozen} == {
        "return room": ("reverb",)
    }
    assert null_db <= -120.0


def test_what_is_frozen_is_in_time_and_the_rest_stays_live(tmp_path: Path) -> None:
    made = scene.document()
    key = [{"section": "tracks", "strip": "kick"}]
    made["tracks"][0]["inverted"], made["tracks"][1]["inverted"] = True, True
    made["tracks"][0]["processors"]["saturation"] = {"values": {"drive_db": 9.0, "mix": 0.5}}  # late
    made["tracks"][2]["delay_samples"] = 777
    made["tracks"][3]["processors"]["compressor"]["key"] = key
    made["tracks"][3]["pre_fader_sends"] = ["room"]
    made["groups"][1]["processors"] = {"compressor": {"values": {"ratio": 4.0}, "key": key}}
    plan, null_db = plan_and_null(tmp_path, made)
    frozen = {live.strip.label: live.frozen[-1] for live in plan.strips if live.frozen}
    assert frozen == {
        "kick": "saturation",
        "voice": "compressor",
        "group rest": "compressor",
        "return room": "reverb",
    }
    assert plan.feeds(plan["tracks", 3]) is None
    assert null_db <= -120.0


def test_a_frozen_master_plays_on_a_track_of_its_own(tmp_path: Path) -> None:
    made = scene.document()
    made["master"]["processors"]["limiter"] = {"values": {"ceiling_db": -12.0}}
    plan, null_db = plan_and_null(tmp_path, made)
    assert [live.strip.section for live in plan.strips if plan.feeds(live) == MASTER] == [FROZEN]
    assert plan.notes
    assert null_db <= -120.0


def test_a_send_from_before_a_frozen_fader_freezes_its_return(tmp_path: Path) -> None:
    made = scene.document()
    made["console"]["tracks"] = ["fader", "compressor", "pan"]
    made["console"]["bypassed"] = ["returns.room.delay", "returns.echo.reverb", "master.limiter"]
    for track in made["tracks"]:
        kept = ("fader", "pan", "send_room", "send_echo")
        track["processors"] = {name: v for name, v in track["processors"].items() if name in kept}
    key = [{"section": "tracks", "strip": "kick"}]
    made["tracks"][2]["processors"]["compressor"] = {"values": {"ratio": 4.0}, "key": key}
    made["tracks"][2]["pre_fader_sends"] = ["echo"]
    plan, null_db = plan_and_null(tmp_path, made)
    assert plan["tracks", 2].fader_is_frozen
    assert plan["returns", 1].tap == ("returns", 1, INPUT)
    assert null_db <= -120.0


@pytest.mark.parametrize("mix", [0.0, 0.4])
def test_what_does_nothing_is_not_frozen(mix: float) -> None:
    made = scene.document()
    made["tracks"][0]["processors"]["saturation"] = {"values": {"drive_db": 6.0, "mix": mix}}
    live = Plan.of(Desk.of(scene.load(made)), Embedded().can)["tracks", 0]
    assert bool(live.frozen) == (mix > 0.0)
    assert live.idle == (("saturation",) if mix == 0.0 else ())
