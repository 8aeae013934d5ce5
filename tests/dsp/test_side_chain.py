import torch

from gainstage.dsp.side_chain import key_high_pass, share_out


def test_a_filter_may_go_on_in_stereo_after_mono() -> None:
    """A mono key is both channels, so its state is that of both."""
    mono = torch.randn(1, 1, 400, dtype=torch.float64)
    settings = {"frequency_hz": 100.0, "sample_rate": 44_100}
    silence = torch.zeros(1, 2, 1, 2, dtype=torch.float64)
    whole, _ = key_high_pass(mono, silence, **settings)  # type: ignore[arg-type]
    first, state = key_high_pass(mono[..., :150], silence, **settings)  # type: ignore[arg-type]
    rest, _ = key_high_pass(mono[..., 150:].expand(-1, 2, -1), state, **settings)  # type: ignore[arg-type]
    assert torch.allclose(torch.cat([first.expand(-1, 2, -1), rest], -1), whole.expand(-1, 2, -1), atol=1e-12)


def test_rows_are_shared_out_in_order() -> None:
    """Row 0 left, row 0 right, row 1 left, …; controls and a key of another width go with their row."""
    audio, controls = torch.arange(12.0).view(2, 2, 3), torch.arange(2.0).view(2, 1, 1)
    mono_key = torch.arange(6.0).view(2, 1, 3)
    assert share_out(audio, None, controls, detectors=1)[0] is audio
    signals, key, values = share_out(audio, mono_key, controls, detectors=2)
    assert signals[:, 0].tolist() == audio.view(4, 3).tolist()
    assert values.flatten().tolist() == [0.0, 0.0, 1.0, 1.0]
    assert key is not None
    assert key[:, 0].tolist() == [[0.0, 1.0, 2.0]] * 2 + [[3.0, 4.0, 5.0]] * 2
    own = share_out(audio, audio + 1.0, controls, detectors=2)[1]
    assert own is not None
    assert torch.equal(own, signals + 1.0)
