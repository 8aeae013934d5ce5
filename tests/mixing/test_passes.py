"""The passes of a mix: only its end is rendered again for each guess at the gain, and that is the same."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner
from torch import Tensor

from gainstage.cli.main import cli
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec, named
from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing import passes
from gainstage.mixing.deliver import undelivered
from gainstage.mixing.mix import mix
from gainstage.mixing.render import silent_progress
from tests.mixing.conftest import RATE, kick, noise, pad, write_stem

SECONDS = 3.6  # more than a block


class Recorder(LoudnessMeter):
    """A meter that keeps what it hears."""

    def update(self, block: Tensor) -> None:
        super().update(block)
        self.heard = torch.cat([getattr(self, "heard", block[..., :0]), block], dim=-1)


@pytest.fixture
def song(tmp_path: Path) -> Session:
    """A hall that is still loud where the song is cut, and a limiter whose release moves."""
    for name, audio in {"Kick": kick(SECONDS), "Pad": pad(SECONDS)}.items():
        write_stem(tmp_path / "stems" / f"{name}.wav", audio)
    send = {"send_reverb": ProcessorSettings(values={"level_db": 6.0})}
    release = ProcessorSettings(
        bypass=True, curves={"release_ms": [(0.0, 20.0), (3.0, 400.0)]}, locked=["release_ms"]
    )
    spec = named("default")
    bare = Session(
        name="song",
        sample_rate=RATE,
        num_samples=round(SECONDS * RATE),
        console=spec,
        tracks=[
            TrackSettings(name="Kick", file="Kick.wav", role="kick", channels=1, processors=send),
            TrackSettings(name="Pad", file="Pad.wav", role="pad", channels=2, processors=send),
        ],
        groups=[StripSettings(name=name) for name in spec.group_names],
        returns=[StripSettings(name=name) for name in spec.return_names],
        master=StripSettings(name="master", processors={"limiter": release}),
    )
    return undelivered(bare)


def test_gain_and_limiter_alone_equal_the_whole_song_rendered_again(
    song: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "LoudnessMeter", Recorder)
    heard = passes.audition(song, tmp_path / "stems", tmp_path, with_sum=False, progress=silent_progress)
    assert heard.mix_file is not None
    heard_file = heard.mix_file
    once = passes.limited(song, tmp_path / "stems", heard_file, progress=silent_progress)
    again = passes.limited(song, tmp_path / "stems", None, progress=silent_progress)
    assert once is not None
    assert again is not None
    for gain_db, ceiling_db in ((6.0, -1.0), (0.0, -3.0)):
        fast, slow = once(gain_db, ceiling_db), again(gain_db, ceiling_db)
        assert isinstance(fast.meter, Recorder)
        assert isinstance(slow.meter, Recorder)
        a, b = fast.meter.heard, slow.meter.heard
        assert a.shape == b.shape == (1, 2, song.num_samples)
        error = (a - b).double().square().sum() / b.double().square().sum()
        assert 10 * float(torch.log10(error + 1e-30)) < -120
        assert fast.limiting_db == pytest.approx(slow.limiting_db, abs=1e-4)
        assert slow.limiting_db > 3
        beyond = 20 * np.log10(float(b[..., -200:].abs().max()))
        assert beyond > -30  # the look-ahead had something to see behind the end


def test_no_limiter_is_offered_in_front_of_the_gain(song: Session, tmp_path: Path) -> None:
    spec = ConsoleSpec.model_validate({"tracks": ["fader"], "master": ["limiter", "output_gain"]})
    tracks = [track.model_copy(update={"processors": {}}) for track in song.tracks]
    update = {"console": spec, "tracks": tracks, "groups": [], "returns": []}
    other = undelivered(song.model_copy(update={**update, "master": StripSettings(name="master")}))
    assert passes.limited(other, tmp_path / "stems", None, progress=silent_progress) is None
    heard = passes.audition(other, tmp_path / "stems", tmp_path, with_sum=False, progress=silent_progress)
    assert heard.mix_file is None


@pytest.mark.parametrize("why", ["something behind", "a mute of the master"])
def test_where_the_end_is_not_the_end_all_is_rendered_again(song: Session, tmp_path: Path, why: str) -> None:
    names = (
        ["output_gain", "limiter", "saturation"] if why == "something behind" else ["output_gain", "limiter"]
    )
    spec = ConsoleSpec.model_validate({"tracks": ["fader"], "master": names, "bypassed": ["master.limiter"]})
    mutes = [] if why == "something behind" else [(1.0, True), (2.0, False)]
    master = StripSettings(name="master", mute_curve=mutes)
    tracks = [track.model_copy(update={"processors": {}}) for track in song.tracks]
    update = {"console": spec, "tracks": tracks, "groups": [], "returns": [], "master": master}
    other = undelivered(song.model_copy(update=update))
    heard = passes.audition(other, tmp_path / "stems", tmp_path, with_sum=False, progress=silent_progress)
    assert heard.mix_file is None
    measure = passes.limited(other, tmp_path / "stems", None, progress=silent_progress)
    assert measure is not None
    assert measure(12.0, -1.0).limiting_db > 3


def test_the_finished_mix_is_what_was_promised(tmp_path: Path) -> None:
    for name, audio in {"Kick": kick(3.2), "Pad": pad(3.2), "HiHat": noise(3.2)}.items():
        write_stem(tmp_path / "stems" / f"{name}.wav", audio)
    done = mix(tmp_path / "stems", tmp_path / "out", loudness_lufs=-10, report=False)
    assert done.delivery.limiting_db > 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mix.md", "mix.wav", "session.json"]
    assert done.result.mix.integrated_lufs == pytest.approx(done.delivery.loudness_lufs, abs=1e-3)
    assert done.result.mix.true_peak_db == pytest.approx(done.delivery.true_peak_dbtp, abs=1e-3)
    assert done.result.warnings == ()


@pytest.mark.parametrize("loudness", ["-16", "-2"])
def test_session_sheet_and_terminal_say_what_was_reached_and_why(tmp_path: Path, loudness: str) -> None:
    for name, audio in {"Kick": kick(3.0), "Pad": pad(3.0)}.items():
        write_stem(tmp_path / "stems" / f"{name}.wav", audio)
    out = tmp_path / "out"
    command = ["mix", str(tmp_path / "stems"), "--out", str(out), "--no-report", "--loudness", loudness]
    printed = CliRunner().invoke(cli, [*command, "--max-limiting", "5"], env={"COLUMNS": "200"})
    assert printed.exit_code == 0, printed.output
    told = Session.load(out / "session.json").provenance
    sentence = told["delivery"]
    assert f"{told['loudness_lufs']:.1f} LUFS" in sentence
    if loudness == "-2":
        assert "instead of the -2 LUFS asked for: more would take over 5 dB of limiting" in sentence
        assert told["limiting_db"] == 5.0
    else:
        assert f"limited by up to {told['limiting_db']:.1f} dB" in sentence
    audio, rate = soundfile.read(out / "mix.wav", dtype="float32")
    measured = integrated_loudness(torch.from_numpy(audio.T.copy()), sample_rate=rate)
    assert float(measured) == pytest.approx(told["loudness_lufs"], abs=1e-3)
    for text in (printed.output, (out / "mix.md").read_text().replace("\\", "")):
        assert sentence in text


def test_a_mix_that_is_not_what_was_promised_is_warned_of(tmp_path: Path) -> None:
    """A console whose own limiter stands at −9 dBTP, which delivery at a low level does not know of."""
    write_stem(tmp_path / "stems" / "Kick.wav", kick(3.0))
    low = {"fixed": {"master.limiter.ceiling_db": -9.0}}
    spec = ConsoleSpec.model_validate(
        {"tracks": ["trim", "fader"], "master": ["output_gain", "limiter"], **low}
    )
    done = mix(
        tmp_path / "stems", tmp_path / "out", engineer="sum", console=spec, loudness_lufs=-16, report=False
    )
    assert done.delivery.limiting_db == 0
    (warning,) = done.result.warnings
    assert "not the -16.00 LUFS" in warning
    assert warning in (tmp_path / "out" / "mix.md").read_text().replace("\\", "")
