"""The reverb processor: what is heard, what is remembered, and when it ends."""

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.dsp.octaves import BANDS_HZ
from gainstage.processors import reverb
from gainstage.processors.reverb import Reverb

RATE = 44_100


def settings(rows: int = 1, **changes: float) -> Tensor:
    values = {row.name: row.start for row in Reverb.table} | {f"t60_{b}hz_s": 0.3 for b in BANDS_HZ} | changes
    return torch.tensor([values[row.name] for row in Reverb.table]).expand(rows, 1, -1)


def render(processor: Reverb, audio: Tensor, controls: Tensor) -> Tensor:
    state = processor.initial_state(*audio.shape[:2], sample_rate=RATE, device=audio.device)
    return processor.render(audio, controls, state, sample_rate=RATE)[0]


def test_it_convolves_with_its_response() -> None:
    audio = torch.randn(1, 2, 20_001)
    impulse = torch.zeros(1, 2, 20_001).index_fill(-1, torch.tensor([0]), 1.0)
    response = render(Reverb(), impulse, settings())
    expected = scipy.signal.fftconvolve(audio.double().numpy(), response.double().numpy(), axes=-1)[
        ..., :20_001
    ]
    error = render(Reverb(), audio, settings()).double().numpy() - expected
    assert 10.0 * np.log10(np.square(error).sum() / np.square(expected).sum()) < -120.0


def test_wet_alone_is_silent_until_the_pre_delay() -> None:
    output = render(Reverb(), torch.randn(1, 2, 3000), settings(pre_delay_ms=50.0))
    silent = int(0.050 * RATE) - 8
    assert output[..., :silent].square().sum() < 1e-12 * output.square().sum()


def test_noise_keeps_its_power() -> None:
    audio = torch.randn(1, 2, 4 * RATE)
    output = render(Reverb(), audio, settings())[..., RATE:]
    assert 10.0 * torch.log10(output.square().mean()).item() == pytest.approx(0.0, abs=0.5)


def test_the_channels_become_strangers() -> None:
    output = render(Reverb(), torch.randn(1, 1, RATE).expand(-1, 2, -1), settings())[0]
    assert abs(torch.corrcoef(output)[0, 1].item()) < 0.1


def test_a_seed_is_a_room() -> None:
    audio = torch.randn(1, 2, 1000)
    assert torch.equal(render(Reverb(seed=1), audio, settings()), render(Reverb(seed=1), audio, settings()))
    assert not torch.equal(
        render(Reverb(seed=1), audio, settings()), render(Reverb(seed=2), audio, settings())
    )


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="is not in 0"):
        Reverb(seed=seed)


def test_it_is_silent_after_its_tail() -> None:
    controls = settings(2, pre_delay_ms=30.0, t60_500hz_s=0.45)
    impulse = torch.zeros(2, 2, RATE).index_fill(-1, torch.tensor([0]), 1.0)
    tail_s = Reverb().tail_seconds(controls)
    output = render(Reverb(), impulse, controls)
    end = round(tail_s * RATE)
    assert tail_s == pytest.approx(0.48)
    assert output[..., end + 8 :].abs().max() < 1e-6 * output.abs().max()
    assert output[..., end - 2000 : end - 500].abs().max() > 1e-5 * output.abs().max()


def test_blocks_of_a_song_share_one_response() -> None:
    reverb._remembered.cache_clear()
    processor, controls = Reverb(), settings(2)
    state = processor.initial_state(2, 2, sample_rate=RATE, device=torch.device("cpu"))
    for _ in range(5):
        _, state = processor.render(torch.randn(2, 2, 64), controls, state, sample_rate=RATE)
    assert reverb._remembered.cache_info().misses == 1
    processor.render(torch.randn(2, 2, 64), settings(2, gain_63hz_db=-3.0), state, sample_rate=RATE)
    assert reverb._remembered.cache_info().misses == 2


def test_training_follows_validation() -> None:
    """What inference mode has remembered serves a forward pass with gradients."""
    reverb._remembered.cache_clear()
    audio = torch.randn(1, 2, 500)
    with torch.inference_mode():
        render(Reverb(seed=9), audio, settings())
    audio.requires_grad_()
    render(Reverb(seed=9), audio, settings()).square().sum().backward()
    controls = settings().clone().requires_grad_()
    render(Reverb(seed=9), audio, controls).square().sum().backward()
    assert controls.grad is not None
    assert controls.grad.isfinite().all()


def test_a_remembered_response_equals_one_with_gradients() -> None:
    audio = torch.randn(2, 2, 3000)
    trained = render(Reverb(), audio, settings(2).clone().requires_grad_()).detach()
    torch.testing.assert_close(trained, render(Reverb(), audio, settings(2)), atol=1e-5, rtol=0.0)
