"""Systems × songs, in as many processes as there are processors to spare."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import torch

from gainstage.console.console import Console
from gainstage.data.manifest import Song
from gainstage.evaluation.engineers import Engineer
from gainstage.evaluation.played_song import by_content
from gainstage.evaluation.results import TARGET, Evaluation
from gainstage.evaluation.song import Job, Outcome, evaluate_song
from gainstage.kernels.memory import keep_freed_memory
from gainstage.metrics.metric import Which, metrics_of

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent_progress(doing: str, done: int, total: int) -> None:
    """Say nothing."""
    del doing, done, total


def evaluate(
    songs: Sequence[Song],
    engineers: Mapping[str, Engineer | Sequence[Engineer]],
    *,
    console: Console,
    metrics: Which = "quick",
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = silent_progress,
    keep_audio_for: int = 0,
    seconds: float | None = None,
    root: Path = Path(),
) -> Evaluation:
    """Let systems mix songs, and compare their mixes with those of the songs.

    Every track is first moved by a seeded gain of ±12 dB, the same for all systems. Neither the order of
    songs and tracks nor the names of tracks play a part.

    Args:
        songs: each with a mix, or with a session to render one from.
        engineers: name of a system → who sets the console; several engineers are draws of one system, whose
            metrics are averaged.
        console: the console that all of them set.
        metrics: `quick` or `full`.
        seed: of the moves and of the bootstrap.
        jobs: processes; 1 works in this one. Others import what they need, so a script that asks for more
            than one needs `if __name__ == "__main__"`.
        progress: told how many songs are done.
        keep_audio_for: so many songs are kept to be listened to.
        seconds: only so much of each song is mixed and compared, see `play`; None = all of it.
        root: the folder of the manifest, if the songs' folders are relative to it.

    Raises:
        ValueError: no songs, no engineers, or no song that can be evaluated.
    """
    systems = {
        name: tuple(given) if isinstance(given, Sequence) else (given,) for name, given in engineers.items()
    }
    _check(songs, systems, jobs)
    job = Job(systems, console.spec, metrics, seed, seconds, root)
    ordered = sorted(songs, key=lambda song: ([t.content_hash for t in by_content(song)], song.name))
    kept = [place < keep_audio_for for place in range(len(ordered))]
    outcomes: dict[int, Outcome] = {}
    progress("evaluating", 0, len(ordered))
    for place, outcome in _outcomes(ordered, kept, job, min(jobs, len(ordered))):
        outcomes[place] = outcome
        progress("evaluating", len(outcomes), len(ordered))
    found = [outcomes[place] for place in range(len(ordered))]
    return _gathered(found, job, warnings=[*filter(None, [wet_warning(ordered)])])


def _check(songs: Sequence[Song], systems: Mapping[str, Sequence[Engineer]], jobs: int) -> None:
    if not songs:
        raise ValueError("there is no song to evaluate on; give at least one")
    if not systems or not all(systems.values()):
        raise ValueError("there is no engineer to evaluate; give at least one for each name")
    if TARGET in systems:
        raise ValueError(f"'{TARGET}' is the name of the mix to come near to; call the system otherwise")
    if jobs < 1:
        raise ValueError(f"at least one process is needed, got jobs={jobs}")


def wet_warning(songs: Sequence[Song]) -> str:
    """What has to be said where tracks are the treated stems of which the mix is the sum; else nothing."""
    wet = sum(song.is_wet for song in songs)
    if not wet:
        return ""
    return (
        f"the tracks of {wet} of {len(songs)} songs are wet stems, of which the mix is the sum: to come near "
        "it is a balance recovered and says nothing about mixing; evaluate on normalised stems "
        "(`gainstage normalise set`)"
    )


def _gathered(outcomes: Sequence[Outcome], job: Job, *, warnings: Sequence[str]) -> Evaluation:
    rows = tuple(row for outcome in outcomes for row in outcome.rows)
    skipped = tuple(outcome.skipped for outcome in outcomes if outcome.skipped)
    if not rows:
        others = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
        raise ValueError(f"no song could be evaluated: {skipped[0]}{others}")
    timed = [outcome.seconds for outcome in outcomes if outcome.seconds]
    return Evaluation(
        systems=tuple(job.systems),
        metrics=metrics_of(job.which),
        rows=rows,
        skipped=skipped,
        warnings=tuple(warnings),
        excerpts=tuple(outcome.excerpt for outcome in outcomes if outcome.excerpt is not None),
        seconds={part: float(np.mean([seconds[part] for seconds in timed])) for part in timed[0]},
        seed=job.seed,
    )


def _outcomes(
    songs: Sequence[Song], kept: Sequence[bool], job: Job, jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes as they come, each with the place of its song."""
    if jobs == 1:
        for place, (song, keep) in enumerate(zip(songs, kept, strict=True)):
            yield place, evaluate_song(song, job, keep_audio=keep)
        return
    # fork would copy the threads' locks of torch and numba, but not the threads
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_start, initargs=(job,)
    )
    try:
        places: dict[Future[Outcome], int] = {
            pool.submit(_work, song, keep): place
            for place, (song, keep) in enumerate(zip(songs, kept, strict=True))
        }
        for done in as_completed(places):
            yield places[done], done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_job: list[Job] = []
"""What a worker process was started for: engineers travel once, not with every song."""


def _start(job: Job) -> None:
    torch.set_num_threads(1)  # the processes are the parallel part
    keep_freed_memory()
    _job[:] = [job]


def _work(song: Song, keep_audio: bool) -> Outcome:
    return evaluate_song(song, _job[0], keep_audio=keep_audio)
