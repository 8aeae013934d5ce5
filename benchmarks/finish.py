"""What does a guess at the output gain cost: the whole song rendered again, or gain and limiter alone?

A built-in song of eight stems is mixed by the rules up to its output gain; then loudness and true peak are
measured behind gain and limiter, in turns from the stems and from the finished mix that the audition kept.
Error is the largest difference of loudness, true peak (dB) and limiting (dB) between the two. From the
repository's root:

    python -m benchmarks.finish [--minutes 3] [--stems 8] [--rounds 3]
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mix import write_stems
from benchmarks.record import write_results

from gainstage.console.spec import named
from gainstage.mixing.deliver import Limited, Trial, deliver, undelivered
from gainstage.mixing.engineers import decide
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.passes import audition, limited
from gainstage.mixing.render import silent_progress
from gainstage.mixing.sessions import session_from_decision, with_tail


@dataclass(frozen=True)
class Row:
    """Medians over the rounds; guesses is how many a delivery at this target takes."""

    target_lufs: float
    guesses: int
    whole_song_s: float
    gain_and_limiter_s: float
    times_faster: float
    error: float


def timed(measure: Limited, gain_db: float, ceiling_dbtp: float) -> tuple[float, Trial]:
    """Seconds of one guess, and what it found."""
    began = time.perf_counter()
    trial = measure(gain_db, ceiling_dbtp)
    return time.perf_counter() - began, trial


def numbers(trial: Trial) -> tuple[float, float, float]:
    """What a delivery goes by."""
    return float(trial.meter.integrated_lufs[0]), float(trial.meter.true_peak_dbtp[0]), trial.limiting_db


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--stems", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder, stems = Path(scratch), Path(scratch) / "stems"
        write_stems(stems, minutes=arguments.minutes, stems=arguments.stems, seed=3)
        heard = hear_folder(stems)
        decided = session_from_decision(heard, decide("rules", heard, style=None), named("default"))
        session = undelivered(with_tail(decided))
        kept = audition(session, stems, folder, with_sum=False, progress=silent_progress)
        whole = limited(session, stems, None, progress=silent_progress)
        end = limited(session, stems, kept.mix_file, progress=silent_progress)
        assert whole is not None
        assert end is not None
        for target in (-14.0, -12.5, -9.0):
            guesses: list[Trial] = []

            def counted(gain_db: float, ceiling_dbtp: float, found: list[Trial] = guesses) -> Trial:
                found.append(end(gain_db, ceiling_dbtp))
                return found[-1]

            done = deliver(kept.mix.loudness, target_lufs=target, limited=counted)
            if done.ceiling_dbtp is None:
                continue
            runs = [
                [timed(measure, done.output_gain_db, done.ceiling_dbtp) for measure in (whole, end)]
                for _ in range(arguments.rounds)
            ]
            seconds = [statistics.median(run[i][0] for run in runs) for i in (0, 1)]
            one, other = (numbers(trial) for _, trial in runs[0])
            error = max(abs(a - b) for a, b in zip(one, other, strict=True))
            rows.append(Row(target, len(guesses), *seconds, seconds[0] / seconds[1], error))
            print(rows[-1], flush=True)
    write_results("finish", __doc__, rows)


if __name__ == "__main__":
    main()
