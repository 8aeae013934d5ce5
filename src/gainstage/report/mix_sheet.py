"""mix.md: what was done and why, in words and numbers that a person can dial in on any desk."""

from collections.abc import Iterator
from itertools import count

from gainstage.report import words
from gainstage.report.markdown import bullets, escaped, line, table
from gainstage.report.measured import Programme
from gainstage.report.mix_result import MixResult, Track
from gainstage.report.settings import Compressor, Strip
from gainstage.report.strip_words import laws, level, reduction, steps


def mix_markdown(result: MixResult) -> str:
    """The sheet of a mix as Markdown (with tables as GitHub has them). Only what is active is listed."""
    parts = [
        list(_head(result)),
        list(_result(result)),
        list(_overview(result)),
        list(_strips(result)),
        list(_conventions(result)),
    ]
    return "\n".join(text for part in parts for text in part).rstrip() + "\n"


def _head(result: MixResult) -> Iterator[str]:
    yield f"# {escaped(result.song)}: how it was mixed"
    yield ""
    rate = words.frequency(result.sample_rate)
    tracks = "1 track" if len(result.tracks) == 1 else f"{len(result.tracks)} tracks"
    yield line(f"By {result.engineer}. {tracks}, {words.clock(result.duration_s)}, {rate}.")
    yield ""
    if result.reasons:
        yield from bullets(result.reasons)
        yield ""
    if result.warnings:
        yield "**Worth knowing**"
        yield ""
        yield from bullets(result.warnings)
        yield ""


def _result(result: MixResult) -> Iterator[str]:
    heard = [p for p in (result.mix, result.sum, result.reference) if p is not None]
    yield "## What came out"
    yield ""
    rows = zip(*[measures(programme) for programme in heard], strict=True)
    rows_of_words = ((cells[0][0], *[value for _, value in cells]) for cells in rows)
    yield from table(("", *[p.name for p in heard]), rows_of_words, numbers=range(1, len(heard) + 1))
    yield ""


def measures(programme: Programme) -> list[tuple[str, str]]:
    """What was measured on a programme, in words."""
    return [
        ("Integrated loudness", words.loudness(programme.integrated_lufs)),
        ("Loudness range", words.number(programme.range_lu, "LU")),
        ("True peak", words.number(programme.true_peak_db, "dBTP")),
        ("Peak to loudness (PLR)", words.number(programme.peak_to_loudness_db, "dB")),
        ("Side against middle", words.side_level(programme.width)),
        ("Correlation", words.number(programme.correlation, digits=2, signed=True)),
    ]


def _overview(result: MixResult) -> Iterator[str]:
    yield "## All tracks"
    yield ""
    heads = ("Track", "File", "Role", "In the file", "Trim", "Fader", "Pan", "In the mix")
    yield from table(heads, (_overview_row(track) for track in result.tracks), numbers=(3, 4, 5, 6, 7))
    yield ""


def _overview_row(track: Track) -> tuple[str, ...]:
    strip = track.strip
    return (
        words.printable(strip.name),
        words.printable(track.file),
        words.title(track.role),
        words.loudness(track.loudness_before_lufs),
        words.gain(track.trim_db),
        level(strip),
        "" if strip.pan is None else words.pan(strip.pan),
        words.loudness(track.loudness_after_lufs),
    )


def _strips(result: MixResult) -> Iterator[str]:
    yield "## Strip by strip"
    yield ""
    numbers = count(1)
    for track in result.tracks:
        kind = f"{words.title(track.role)}, {'stereo' if track.channels == 2 else 'mono'}"
        heading = f"### {next(numbers)}. {escaped(track.strip.name)} ({escaped(kind)})"
        yield from _strip(heading, track.strip, trim_db=track.trim_db, is_stereo=track.channels == 2)
    for title, strips in (("Group", result.groups), ("Return", result.returns)):
        for strip in strips:
            yield from _strip(f"### {title}: {escaped(strip.name)}", strip)
    output = [("Output gain", words.gain(result.output_gain_db))]
    yield from _strip("### Master", result.master, more=output)


def _strip(
    heading: str,
    strip: Strip,
    *,
    trim_db: float | None = None,
    is_stereo: bool = True,
    more: list[tuple[str, str]] | None = None,
) -> Iterator[str]:
    yield heading
    yield ""
    yield from table(("Step", "Setting"), steps(strip, trim_db=trim_db, is_stereo=is_stereo) + (more or []))
    yield ""
    done = [reduction(stage) for stage in strip.chain if isinstance(stage, Compressor)]
    why = [*strip.reasons, *[f"The compressor {text}." for text in done if text]]
    if why:
        yield from bullets(why)
        yield ""


def _conventions(result: MixResult) -> Iterator[str]:
    yield "## Conventions"
    yield ""
    for name, law in laws(result.conventions).items():
        yield f"- **{escaped(name)}**: {escaped(law)}"
    yield ""
    if result.files:
        yield "## Files"
        yield ""
        yield from (f"- {escaped(name)}: {escaped(what)}" for name, what in result.files)
        yield ""
    if result.versions:
        made = ", ".join(f"{name} {version}" for name, version in result.versions.items())
        yield line(f"Made with {made}.")
