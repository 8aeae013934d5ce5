"""The two passes over a song that a mix takes: one to measure, one to render from the session's file."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gainstage.console.console import Console
from gainstage.console.session import Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.data.wav_file import WavWriter
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.deliver import Limited, Trial, with_delivery
from gainstage.mixing.measure import LimitingMeter, ProgrammeMeter, ReductionMeter
from gainstage.mixing.render import BLOCK, Progress, render_blocks

SUM_FILE, MIX_FILE = ".sum.wav", ".undelivered.wav"
_FINISH = ["output_gain", "limiter"]


@dataclass(frozen=True)
class Audition:
    """What was measured before the output gain was set.

    Args:
        mix: the mix at an output gain of 0 dB, without a limiter.
        sum: the plain sum of the stems.
        tracks: each stem behind its strip.
        reductions: what the compressors did.
        sum_file: the plain sum as a file, for a player; None if none was wanted.
        mix_file: the mix as a file, as far as a limiter looks ahead longer than the song; None if the console
            has no limiter that could go on from there.
    """

    mix: ProgrammeMeter
    sum: ProgrammeMeter
    tracks: ProgrammeMeter
    reductions: ReductionMeter
    sum_file: Path | None
    mix_file: Path | None


def audition(session: Session, stems: Path, folder: Path, *, with_sum: bool, progress: Progress) -> Audition:
    """Render once to measure.

    Args:
        session: at an output gain of 0 dB, with its limiter off.
        stems: the folder of its stems.
        folder: where mix and sum are written, hidden.
        with_sum: write the plain sum, for a player.
        progress: told how far the work is.
    """
    rate, rows = session.sample_rate, len(session.tracks)
    mix, total, tracks = (ProgrammeMeter(n, sample_rate=rate) for n in (1, 1, rows))
    reductions = ReductionMeter(sample_rate=rate)
    length, beyond = _length(session), _look_ahead(session) if _ends_in_a_limiter(session) else 0
    sum_file = folder / SUM_FILE if with_sum else None
    mix_file = folder / MIX_FILE if beyond else None
    with ExitStack() as stack:
        sums, mixes = (
            stack.enter_context(WavWriter(file, sample_rate=rate, channels=2)) if file else None
            for file in (sum_file, mix_file)
        )
        for block in render_blocks(session, stems, meter=reductions, beyond_samples=beyond):
            # a stem counts until it ends: the tail is no part of what came in
            stems_end = max(session.num_samples - block.start_sample, 0)
            plain = block.stems[..., :stems_end]
            mix.update(block.mix)
            tracks.update(block.tracks)
            total.update(plain.sum(0, keepdim=True))
            if sums:
                sums.write(plain.sum(0).numpy())
            if mixes:
                mixes.write(block.mix_and_beyond[0].numpy())
            progress("measuring", min(block.start_sample + BLOCK, length), length)
    return Audition(mix, total, tracks, reductions, sum_file, mix_file)


def limited(session: Session, stems: Path, mix_file: Path | None, *, progress: Progress) -> Limited | None:
    """Renders the session with other output gains, and a limiter, to measure loudness and true peak alone.

    Args:
        session: at an output gain of 0 dB, with its limiter off.
        stems: the folder of its stems.
        mix_file: the mix of it: only gain and limiter are rendered then, not the whole song each time.
        progress: told how far the work is.

    Returns:
        None where no limiter follows the output gain.
    """
    if "limiter" not in _behind_the_gain(session):
        return None
    length, look_ahead = _length(session), _look_ahead(session)
    song, folder = (_finish(session, mix_file), mix_file.parent) if mix_file else (session, stems)

    def measure(gain_db: float, ceiling_dbtp: float) -> Trial:
        meter = LoudnessMeter(1, 2, sample_rate=session.sample_rate)
        limiting = LimitingMeter(look_ahead)
        for block in render_blocks(with_delivery(song, gain_db, ceiling_dbtp), folder, meter=limiting):
            meter.update(block.mix[..., : max(length - block.begins("master"), 0)])
            progress("limiting", min(block.start_sample + BLOCK, length), length)
        return Trial(meter, limiting.largest_db)

    return measure


def _length(session: Session) -> int:
    return session.num_samples + session.tail_samples


def _behind_the_gain(session: Session) -> list[str]:
    names = [part.name for part in session.console.master]
    return names[names.index("output_gain") + 1 :]


def _look_ahead(session: Session) -> int:
    """How late the master's limiter is."""
    limiter = Console(session.console).strips["master"]["limiter"]
    return limiter.latency_samples(session.sample_rate)


def _ends_in_a_limiter(session: Session) -> bool:
    """Whether gain and limiter act on the finished mix. A mute of the master comes behind them."""
    switched = session.master.mute or session.master.mute_curve
    return _behind_the_gain(session) == ["limiter"] and not switched


def _finish(session: Session, mix_file: Path) -> Session:
    """The end of a master as a console of its own, with the mix up to there as its only track."""
    spec, rate = session.console, session.sample_rate
    ours = tuple(f"master.{name}." for name in _FINISH)
    return Session(
        name=session.name,
        sample_rate=rate,
        num_samples=_length(session) + _look_ahead(session),
        console=ConsoleSpec(
            master=spec.master[-len(_FINISH) :],
            fixed={path: value for path, value in spec.fixed.items() if path.startswith(ours)},
        ),
        tracks=[TrackSettings(name="mix", file=mix_file.name, role="other", channels=2)],
        master=StripSettings(
            name="master",
            processors={n: part for n, part in session.master.processors.items() if n in _FINISH},
        ),
    )


@dataclass(frozen=True)
class Passage:
    """A part of the song that is kept track by track, to be listened to.

    Args:
        folder: where the files go.
        start_s, end_s: the part.
    """

    folder: Path
    start_s: float
    end_s: float

    def path(self, track: int) -> Path:
        """The file of a track as it stands in the mix."""
        return self.folder / f".wet-{track}.wav"


def write_mix(
    session_path: Path, stems: Path, out: Path, *, passage: Passage | None, progress: Progress
) -> ProgrammeMeter:
    """Render the mix from the session as it was written, and measure what was rendered.

    Args:
        session_path: the session.
        stems: the folder of its stems.
        out: the WAV file to write.
        passage: where each track is kept by itself, if anywhere.
        progress: told how far the work is.
    """
    session = Session.load(session_path)
    rate, length = session.sample_rate, session.num_samples + session.tail_samples
    meter = ProgrammeMeter(1, sample_rate=rate)
    with ExitStack() as stack:
        writer = stack.enter_context(WavWriter(out, sample_rate=rate, channels=2))
        files = [passage.path(i) for i in range(len(session.tracks))] if passage else []
        kept = [stack.enter_context(WavWriter(file, sample_rate=rate, channels=2)) for file in files]
        for block in render_blocks(session, stems):
            meter.update(block.mix)
            writer.write(block.mix[0].numpy())
            if passage:
                begins = block.begins("tracks")
                a, b = (max(round(s * rate) - begins, 0) for s in (passage.start_s, passage.end_s))
                for keep, track in zip(kept, block.tracks, strict=True):
                    keep.write(track[:, a:b].numpy())
            progress("rendering", min(block.start_sample + BLOCK, length), length)
    return meter
