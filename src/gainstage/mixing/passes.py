"""The two passes over a song that a mix takes: one to measure, one to render from the session's file."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gainstage.console.session import Session, TrackSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.data.wav_file import WavWriter
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.deliver import Limited, with_delivery
from gainstage.mixing.measure import ProgrammeMeter, ReductionMeter
from gainstage.mixing.render import BLOCK, Progress, render_blocks

SUM_FILE = ".sum.wav"
PREMIX_FILE = ".premix.wav"
_DELIVERY = ["output_gain", "limiter"]


@dataclass(frozen=True)
class Audition:
    """What was measured before the output gain was set.

    Args:
        mix: the mix at an output gain of 0 dB.
        sum: the plain sum of the stems.
        tracks: each stem behind its strip.
        reductions: what the compressors did.
        sum_file: the plain sum as a file, for a player; None if none was wanted.
    """

    mix: ProgrammeMeter
    sum: ProgrammeMeter
    tracks: ProgrammeMeter
    reductions: ReductionMeter
    sum_file: Path | None


def audition(
    session: Session, stems: Path, folder: Path, *, keep_sum: bool, progress: Progress
) -> Audition:
    """Render once to measure.

    Args:
        session: at an output gain of 0 dB.
        stems: the folder of its stems.
        folder: where the mix is kept, hidden, as it stands in front of output gain and limiter.
        keep_sum: keep the plain sum, too, for a player.
        progress: told how far the work is.
    """
    rate, rows = session.sample_rate, len(session.tracks)
    mix, total, tracks = (ProgrammeMeter(n, sample_rate=rate) for n in (1, 1, rows))
    reductions = ReductionMeter(sample_rate=rate)
    length = session.num_samples + session.tail_samples
    sum_file = folder / SUM_FILE if keep_sum else None
    with ExitStack() as stack:
        writer = stack.enter_context(WavWriter(sum_file, sample_rate=rate, channels=2)) if sum_file else None
        premix = None
        if ends_with_delivery(session):
            premix = stack.enter_context(WavWriter(folder / PREMIX_FILE, sample_rate=rate, channels=2))
        for block in render_blocks(session, stems, meter=reductions):
            # a stem counts until it ends: the tail is no part of what came in
            stems_end = max(session.num_samples - block.start_sample, 0)
            plain = block.stems[..., :stems_end]
            mix.update(block.mix)
            tracks.update(block.tracks)
            total.update(plain.sum(0, keepdim=True))
            if writer:
                writer.write(plain.sum(0).numpy())
            if premix:
                premix.write(block.mix[0].numpy())
            progress("measuring", min(block.start_sample + BLOCK, length), length)
    return Audition(mix, total, tracks, reductions, sum_file)


def ends_with_delivery(session: Session) -> bool:
    """Whether nothing comes behind output gain and limiter, as on all consoles that ship."""
    return [part.name for part in session.console.master[-2:]] == _DELIVERY


def limited(session: Session, stems: Path, folder: Path, *, progress: Progress) -> Limited | None:
    """Renders the session with other output gains, and a limiter, to measure loudness and true peak alone.

    Where these two come last only they are rendered, on the mix that the audition kept.

    Args:
        session: as the audition heard it.
        stems: the folder of its stems.
        folder: where the audition kept the mix.
        progress: told how far the work is.

    Returns:
        None where the console has no limiter.
    """
    if not any(part.name == "limiter" for part in session.console.master):
        return None
    length = session.num_samples + session.tail_samples
    source, folder = (_last_stage(session), folder) if ends_with_delivery(session) else (session, stems)

    def measure(gain_db: float, ceiling_dbtp: float) -> LoudnessMeter:
        meter = LoudnessMeter(1, 2, sample_rate=session.sample_rate)
        for block in render_blocks(with_delivery(source, gain_db, ceiling_dbtp), folder):
            meter.update(block.mix)
            progress("limiting", min(block.start_sample + BLOCK, length), length)
        return meter

    return measure


def _last_stage(session: Session) -> Session:
    """A session of the mix alone, on a console that has nothing but output gain and limiter."""
    return Session(
        name=session.name,
        sample_rate=session.sample_rate,
        num_samples=session.num_samples + session.tail_samples,
        console=ConsoleSpec(master=session.console.master[-2:]),
        tracks=[TrackSettings(name="mix", file=PREMIX_FILE, role="other", channels=2)],
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
