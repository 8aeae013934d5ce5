"""The formulas, printed in three languages and run, against the processors of the console."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lupa.lua53 as lupa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gainstage.console.session import KeySource, ProcessorSettings
from gainstage.interchange.desk import Stage
from gainstage.interchange.formulas import javascript, jsfx, lua
from gainstage.interchange.formulas.program import RAMP
from gainstage.interchange.formulas.table import FORMULAS, programs, why_not
from gainstage.processors.compressor import Compressor
from gainstage.processors.fader import Fader
from tests.conftest import skip_or_fail
from tests.interchange.eel2 import as_javascript
from tests.processors.cases import CASES, Case
from tests.report import browser

RATE = 44100
SAMPLES = 3000
Signals = list[NDArray[np.float64]]


def stage_of(case: Case, **changes: float) -> Stage:
    names = [row.name for row in case.processor.table]
    values = dict(zip(names, case.values(**changes).tolist(), strict=True))
    return Stage(case.processor.name, case.processor, ProcessorSettings(values=values))


POSSIBLE = [case for case in CASES if not why_not(stage_of(case))]


def noise(channels: int) -> Signals:
    """Bursts over a low tone, so that every branch of a detector is taken."""
    random = np.random.default_rng(3)
    envelope = 0.5 + 0.5 * np.sign(np.sin(np.arange(SAMPLES) / 130.0))
    tone = 0.3 * np.sin(np.arange(SAMPLES) * 0.01)
    return [0.4 * envelope * random.standard_normal(SAMPLES) + tone for _ in range(channels)]


def by_console(stage: Stage, signals: Signals) -> NDArray[np.float64]:
    audio = torch.tensor(np.stack(signals), dtype=torch.float64)[None]
    controls = torch.tensor([[settings_of(stage)]], dtype=torch.float64)
    state = stage.processor.initial_state(1, len(signals), sample_rate=RATE, device=audio.device)
    out, _ = stage.processor.render(audio, controls, state, sample_rate=RATE)
    return out[0].numpy()


def null_db(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    return 10.0 * np.log10(np.square(found - wanted).sum() / np.square(wanted).sum() + 1e-40)


def settings_of(stage: Stage) -> list[float]:
    return [stage.values[row.name] for row in stage.processor.table]


class Lua:
    """A strip in Lua 5.3, the version that Ardour embeds."""

    def __init__(self, text: str) -> None:
        self.runtime = lupa.LuaRuntime()
        room = "function(size) local a = {} for i = 1, size do a[i] = 0.0 end return a end"
        self.process = self.runtime.execute(f"{text}\nreturn strip({RATE}, {room})")

    def __call__(self, settings: list[float], signals: Signals) -> NDArray[np.float64]:
        table = self.runtime.table_from
        made = self.process(table(settings), len(signals[0]), table([table(x.tolist()) for x in signals]))
        return np.array([list(channel.values())[: len(signals[0])] for channel in made.values()])


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Tab]:
    executable = browser.find()
    if executable is None:
        skip_or_fail("there is no Chromium to run JavaScript in")
    assert executable is not None
    with browser.tab(executable, Path(tmp_path_factory.mktemp("profile"))) as opened:
        yield opened


def in_browser(tab: browser.Tab, text: str, calls: list[tuple[list[float], Signals]]) -> list[Any]:
    """Several calls to one strip in JavaScript."""
    made = [[settings, [x.tolist() for x in signals]] for settings, signals in calls]
    return tab.evaluate(
        f"""(() => {{ {text}
        const process = strip({RATE});
        return {json.dumps(made)}.map(([settings, signals]) =>
            process(settings, signals[0].length, signals).map((channel) => Array.from(channel)));
        }})()"""
    )


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("case", POSSIBLE, ids=lambda case: case.label)
def test_lua_nulls_with_the_console(case: Case, channels: int) -> None:
    stage, signals = stage_of(case), noise(channels)
    strip = Lua(lua.module(programs([stage], channels)))
    found = np.concatenate(
        [strip(settings_of(stage), [x[a:b] for x in signals]) for a, b in ((0, 1), (1, 700), (700, SAMPLES))],
        axis=1,
    )
    assert null_db(found, by_console(stage, signals)) <= -180.0


@pytest.mark.parametrize("channels", [1, 2])
def test_javascript_nulls_with_the_console(tab: browser.Tab, channels: int) -> None:
    signals = noise(channels)
    for case in POSSIBLE:
        stage = stage_of(case)
        halves = [(settings_of(stage), [x[a:b] for x in signals]) for a, b in ((0, 700), (700, SAMPLES))]
        parts = in_browser(tab, javascript.module(programs([stage], channels)), halves)
        assert null_db(np.concatenate(parts, axis=1), by_console(stage, signals)) <= -180.0, case.label


@pytest.mark.parametrize("channels", [1, 2])
def test_jsfx_nulls_with_the_console(tab: browser.Tab, channels: int) -> None:
    signals = noise(channels)
    for case in POSSIBLE:
        stage = stage_of(case)
        text = as_javascript(jsfx.effect(programs([stage], channels), "Gainstage"))
        (found,) = in_browser(tab, text, [(settings_of(stage), signals)])
        wanted = by_console(stage, signals)
        assert null_db(np.array(found)[: len(wanted)], wanted) <= -180.0, case.label


def test_the_languages_follow_a_setting_that_moves_alike(tab: browser.Tab) -> None:
    case = next(case for case in CASES if case.label == "equaliser")
    before, after = stage_of(case), stage_of(case, peak_2_gain_db=-12.0, low_shelf_frequency_hz=300.0)
    made, signals = programs([before], 2), noise(2)
    halves = [
        (settings_of(stage), [x[a:b] for x in signals])
        for stage, a, b in ((before, 0, 500), (after, 500, SAMPLES))
    ]
    strip = Lua(lua.module(made))
    wanted = np.concatenate([strip(*half) for half in halves], axis=1)
    for text in (javascript.module(made), as_javascript(jsfx.effect(made, "Gainstage"))):
        found = np.concatenate([np.array(part)[:2] for part in in_browser(tab, text, halves)], axis=1)
        assert null_db(found, wanted) <= -180.0
    settled = slice(500 + RAMP + 1500, None)
    assert null_db(wanted[:, settled], by_console(after, signals)[:, settled]) <= -120.0


def test_a_setting_that_moves_goes_in_a_straight_line() -> None:
    values = [ProcessorSettings(values={"gain_db": gain}) for gain in (0.0, -20.0)]
    still, moved = (Stage("fader", Fader(), settings) for settings in values)
    strip, ones = Lua(lua.module(programs([still], 1))), [np.ones(2 * RAMP)]
    strip(settings_of(still), ones)
    (out,) = strip(settings_of(moved), ones)
    assert out[: RAMP + 1] == pytest.approx(np.linspace(1.0, 0.1, RAMP + 1), abs=1e-12)
    assert (out[RAMP:] == out[RAMP]).all()


def test_a_fader_that_is_down_is_silent() -> None:
    down = Stage("fader", Fader(), ProcessorSettings(values={"gain_db": Fader.table[0].low}))
    assert not Lua(lua.module(programs([down], 2)))(settings_of(down), noise(2)).any()


def test_what_has_no_formula_says_why() -> None:
    reasons = {case.label: why_not(stage_of(case)) for case in CASES}
    assert "looks ahead" in reasons["compressor ahead"]
    assert "oversamples" in reasons["saturation"]
    keyed = ProcessorSettings(
        key=[KeySource(section="tracks", strip="Kick")],
        values={row.name: row.default for row in Compressor.table},
    )
    assert "another strip" in why_not(Stage("compressor", Compressor(), keyed))
    assert {case.processor.name for case in CASES if not reasons[case.label]} == set(FORMULAS)


def test_the_worklet_plays(tab: browser.Tab, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!doctype html>")  # worklets want a page that is trusted
    tab.open(tmp_path / "page.html")
    case = next(case for case in CASES if case.label == "compressor peak")
    stage, (signal,) = stage_of(case), noise(1)
    text = javascript.worklet(programs([stage], 1), "gainstage")
    tab.evaluate(
        f"""(() => {{ globalThis.played = null; globalThis.fault = null;
        const context = new OfflineAudioContext(1, {SAMPLES}, {RATE});
        const play = async () => {{
          const url = "data:text/javascript," + encodeURIComponent({json.dumps(text)});
          await context.audioWorklet.addModule(url);
          const source = context.createBufferSource();
          source.buffer = context.createBuffer(1, {SAMPLES}, {RATE});
          source.buffer.copyToChannel(Float32Array.from({json.dumps(signal.tolist())}), 0);
          const node = new AudioWorkletNode(context, "gainstage", {{outputChannelCount: [1]}});
          source.connect(node).connect(context.destination);
          source.start();
          globalThis.played = Array.from((await context.startRendering()).getChannelData(0));
        }};
        play().catch((error) => {{ globalThis.fault = String(error); }}); }})()"""
    )
    tab.until("globalThis.played !== null || globalThis.fault !== null")
    assert tab.evaluate("globalThis.fault") is None
    found = np.array([tab.evaluate("globalThis.played")])
    assert null_db(found, by_console(stage, [signal])) <= -120.0
