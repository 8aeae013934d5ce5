"""The page in a real browser: no error, no request, audio that loads, takes that switch at their moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gainstage.report.mix_report import mix_page
from tests.conftest import skip_or_fail
from tests.report import browser, made_up

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    mix_page(made_up.result(made_up.NASTY_NAMES, clips=True)).write(path)
    return path


@pytest.fixture
def tab(report: Path, tmp_path: Path) -> Iterator[browser.Tab]:
    executable = browser.find()
    if executable is None:
        skip_or_fail("no Chromium: install it with `apt-get install chromium`")
    else:
        with browser.tab(executable, tmp_path / "profile") as opened:
            opened.open(report)
            yield opened


def test_the_page_opens_without_an_error_and_asks_for_nothing(tab: browser.Tab) -> None:
    tab.until("[...document.images].every((image) => image.complete)")
    assert tab.problems == []
    assert [url for url in tab.requests if not url.startswith(("data:", "file:"))] == []
    assert sum(url.startswith("file:") for url in tab.requests) == 1


def test_every_audio_element_can_play(tab: browser.Tab) -> None:
    tab.evaluate(
        "document.querySelectorAll('audio').forEach((audio) => { audio.preload = 'auto'; audio.load(); })"
    )
    tab.until("[...document.querySelectorAll('audio')].every((audio) => audio.readyState >= 3)")  # canplay
    lengths = tab.evaluate("[...document.querySelectorAll('audio')].map((audio) => audio.duration)")
    assert len(lengths) == 3 + 8 * 2
    assert lengths == pytest.approx([8.0] * 3 + [6.0] * 16, abs=0.1)


def test_takes_switch_at_the_same_moment_by_mouse_and_by_key(tab: browser.Tab) -> None:
    tab.evaluate(
        "window.takes = [...document.querySelector('.player').querySelectorAll('audio')]; takes[0].play()"
    )
    tab.until("takes[0].currentTime > 0.5")
    tab.evaluate("document.querySelectorAll('.player input[type=radio]')[1].click()")
    tab.until("!takes[1].paused && takes[0].paused")
    assert tab.evaluate("Math.abs(takes[1].currentTime - takes[0].currentTime)") < 0.25
    assert tab.evaluate("takes.map((take) => take.closest('.voice').hidden)") == [True, False, True]
    tab.evaluate("window.key = new KeyboardEvent('keydown', {key: '3', bubbles: true})")
    tab.evaluate("document.querySelector('.player input').dispatchEvent(key)")
    tab.until("!takes[2].paused && takes[1].paused")
    tab.evaluate("document.querySelector('.own input').click()")
    volumes = tab.evaluate("takes.map((take) => take.volume)")
    assert volumes == pytest.approx([10 ** (-10.9 / 20), 10 ** (-5.2 / 20), 1.0], abs=0.002)
    assert tab.problems == []


def test_nothing_of_the_page_is_wider_than_a_phone(tab: browser.Tab) -> None:
    tab.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
    tab.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_names_run_no_code(tab: browser.Tab) -> None:
    assert tab.evaluate("document.scripts.length") == 1
    assert "<script>alert(1)</script>" in tab.evaluate("document.querySelector('table').innerText")
