import math

import pytest
import torch
from torch import Tensor

from gainstage.dsp.gate import static_curve
from gainstage.processors.gate import Gate
from tests.kernels import recursions

RATE = 44_100
INSTANT = {"attack_ms": 0.1, "release_ms": 5.0}


def settings(**changes: float) -> Tensor:
    values = {row.name: row.default for row in Gate.table} | changes
    return torch.tensor(list(values.values()), dtype=torch.float64)[None, None]


def render(effect: Gate, audio: Tensor, key: Tensor | None = None, **changes: float) -> Tensor:
    state = effect.initial_state(*audio.shape[:2], sample_rate=RATE, device=audio.device)
    controls = settings(**changes).expand(len(audio), -1, -1)
    return effect.render(audio, controls, state, sample_rate=RATE, key=key)[0]


def tone(level_db: float, seconds: float, frequency_hz: float = 1000.0) -> Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return 10.0 ** (level_db / 20.0) * torch.sin(2.0 * math.pi * frequency_hz * time)[None, None]


def reduction_db(out: Tensor, audio: Tensor) -> Tensor:
    return -20.0 * torch.log10(out / audio)[0, 0]


def steps(*levels_db: tuple[float, float]) -> Tensor:
    """A constant that jumps: (level, seconds), so that every sample has the level."""
    parts = [
        torch.full((1, 1, round(s * RATE)), 10.0 ** (db / 20.0), dtype=torch.float64) for db, s in levels_db
    ]
    return torch.cat(parts, -1)


def test_closes_on_bleed_and_opens_on_hits_in_their_times() -> None:
    """63 % of the way after the attack, and after hold and release; all the way in the end."""
    attack_ms, hold_ms, release_ms = 2.0, 30.0, 40.0
    audio = steps((-50.0, 0.5), (-10.0, 0.2), (-50.0, 0.8))
    times = {"attack_ms": attack_ms, "release_ms": release_ms}
    out = render(Gate(hold_ms=hold_ms), audio, threshold_db=-30.0, ratio=10.0, range_db=-24.0, **times)
    reduced = reduction_db(out, audio)
    hit, end = round(0.5 * RATE), round(0.7 * RATE)
    attack, hold, release = (round(ms / 1000.0 * RATE) for ms in (attack_ms, hold_ms, release_ms))
    assert math.isclose(float(reduced[hit - 1]), 24.0, abs_tol=1e-3)
    assert math.isclose(float(reduced[hit + attack - 1]), 24.0 * math.exp(-1.0), abs_tol=0.03)
    assert float(reduced[hit + 20 * attack : end + hold].max()) < 1e-6
    assert float(reduced[end + hold]) > 1e-3
    assert math.isclose(float(reduced[end + hold + release - 1]), 24.0 * (1.0 - math.exp(-1.0)), abs_tol=0.01)
    assert math.isclose(float(reduced[-1]), 24.0, abs_tol=1e-3)


@pytest.mark.parametrize("level_db", [-21.0, -25.0, -32.0, -60.0, -120.0])
def test_a_steady_level_ends_on_the_static_curve(level_db: float) -> None:
    audio = steps((level_db, 0.3))
    changes = {"threshold_db": -20.0, "ratio": 3.0, "range_db": -18.0}
    reduced = reduction_db(render(Gate(), audio, **changes, **INSTANT), audio)
    numbers = {name: torch.tensor(value, dtype=torch.float64) for name, value in changes.items()}
    level = torch.tensor(level_db, dtype=torch.float64)
    expected_db = level - static_curve(level, **numbers)
    assert math.isclose(float(reduced[-1]), float(expected_db), abs_tol=1e-9)
    assert math.isclose(float(expected_db), min(2.0 * (-20.0 - level_db), 18.0), abs_tol=1e-9)


def test_settles_where_pedalboards_gate_settles() -> None:
    """An outside opinion on ratio and threshold; optional, since the tool is under the GPL."""
    pedalboard = pytest.importorskip("pedalboard", reason="pedalboard is not installed")
    for level_db in (-15.0, -22.0, -30.0):
        square = steps((level_db, 1.0)) * torch.where(torch.arange(RATE) % 100 < 50, 1.0, -1.0)
        theirs = pedalboard.NoiseGate(-20.0, 3.0, 1.0, 100.0)(square[0].float().numpy(), RATE)
        out = render(Gate(), square, threshold_db=-20.0, ratio=3.0, range_db=-80.0)
        assert math.isclose(float(out[0, 0, -1]), float(theirs[0, -1]), rel_tol=1e-3)


@pytest.mark.parametrize("changes", [{"ratio": 1.0}, {"ratio": 10.0, "range_db": 0.0}])
def test_ratio_one_or_no_range_is_the_input(changes: dict[str, float]) -> None:
    """Also where everything is far below the threshold, which it is not at the defaults."""
    audio = torch.cat([tone(-70.0, 0.1), torch.zeros(1, 1, 500).double(), tone(-10.0, 0.1)], -1)
    for signal in (audio, audio.float()):
        assert torch.equal(render(Gate(), signal, threshold_db=0.0, **changes), signal)


def test_a_hold_bridges_the_zero_crossings() -> None:
    """A 50 Hz tone 6 dB over the threshold passes untouched at 20 ms of hold and is bent at none."""
    audio, changes = tone(-24.0, 0.5, 50.0), {"threshold_db": -30.0, "ratio": 10.0, "range_db": -40.0}
    held = render(Gate(hold_ms=20.0), audio, **changes, **INSTANT)
    bent = render(Gate(hold_ms=0.0), audio, **changes, **INSTANT)
    settled = slice(RATE // 10, None)
    assert torch.allclose(held[..., settled], audio[..., settled], rtol=1e-9)
    assert float((bent - audio)[..., settled].norm()) > 0.03 * float(audio[..., settled].norm())


def test_is_the_slow_recursion_in_samples_of_hold() -> None:
    """Milliseconds, ratio and range arrive in the kernel as what they mean."""
    generator = torch.Generator().manual_seed(3)
    swell = 0.02 + torch.linspace(0.0, 9.0, 3000, dtype=torch.float64).sin().square()
    audio = swell * torch.randn(1, 2, 3000, generator=generator, dtype=torch.float64)
    out = render(
        Gate(hold_ms=1.0), audio, threshold_db=-12.0, ratio=2.5, range_db=-15.0, attack_ms=0.3, release_ms=7.0
    )
    coefficients = [math.exp(-1000.0 / (ms * RATE)) for ms in (7.0, 0.3)]
    truth, _ = recursions.expand(
        audio,
        None,
        torch.tensor([[[-12.0, 1.5, 15.0, *coefficients, 0.0, 1.0]]], dtype=torch.float64),
        torch.zeros(1, 3, dtype=torch.float64),
        hold_samples=44,
        detector="peak",
        rms_coefficient=0.0,
    )
    assert torch.allclose(out, truth, rtol=1e-10, atol=1e-12)


def test_linked_opens_both_sides_and_by_channel_one() -> None:
    audio = torch.cat([tone(-10.0, 0.2), tone(-60.0, 0.2)], 1)
    changes = {"threshold_db": -30.0, "ratio": 10.0, "range_db": -40.0, **INSTANT}
    linked, apart = (render(Gate(link=link), audio, **changes)[..., RATE // 10 :] for link in (True, False))
    settled = audio[..., RATE // 10 :]
    assert torch.allclose(linked, settled, rtol=1e-6)
    assert torch.allclose(apart[:, 0], settled[:, 0], rtol=1e-6)
    assert math.isclose(float(apart[:, 1].norm() / settled[:, 1].norm()), 0.01, rel_tol=1e-3)


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize(("channels", "key_channels"), [(1, 2), (2, 1), (2, 2)])
def test_a_key_opens_it(channels: int, key_channels: int, link: bool) -> None:
    """Whatever the channels of either; each row its own."""
    bleed = tone(-50.0, 0.2).expand(2, channels, -1)
    key = torch.stack([tone(-10.0, 0.2), tone(-60.0, 0.2)])[:, 0].expand(-1, key_channels, -1)
    changes = {"threshold_db": -30.0, "ratio": 10.0, "range_db": -40.0, **INSTANT}
    out = render(Gate(link=link, key_high_pass_hz=100.0), bleed, key, **changes)[..., RATE // 10 :]
    kept = out.norm(dim=-1) / bleed[..., RATE // 10 :].norm(dim=-1)
    assert torch.allclose(kept[0], torch.ones(channels).double(), rtol=1e-3)
    assert torch.allclose(kept[1], torch.full((channels,), 0.01).double(), rtol=1e-3)


def test_without_bass_a_kick_does_not_open_it() -> None:
    kick, changes = tone(-10.0, 0.3, 60.0), {"threshold_db": -30.0, "ratio": 10.0, "range_db": -30.0}
    deaf = render(Gate(key_high_pass_hz=600.0), kick, **changes, **INSTANT)
    assert torch.allclose(render(Gate(), kick, **changes, **INSTANT)[..., 5000:], kick[..., 5000:])
    assert float(deaf[..., 5000:].norm()) < 0.04 * float(kick[..., 5000:].norm())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("detector", "loudness", "'peak' or 'rms'"),
        ("rms_window_ms", 0.0, "rms_window_ms is 0"),
        ("hold_ms", -1.0, "0 to 500 ms"),
        ("hold_ms", math.nan, "0 to 500 ms"),
        ("key_high_pass_hz", 5.0, "20 to 1000 Hz"),
    ],
)
def test_says_what_it_may_be(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Gate(**{field: value})  # type: ignore[arg-type]
