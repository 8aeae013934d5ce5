"""The page of a mix: what came out, what each track got and why, to read and to listen to."""

import math
from collections.abc import Iterator

from gainstage.report import plots, strip_plots, words
from gainstage.report.blocks import (
    Block,
    Bullets,
    Column,
    Drawing,
    Fact,
    Facts,
    Grid,
    Players,
    Table,
    Text,
)
from gainstage.report.measured import Programme
from gainstage.report.mix_result import MixResult, Track
from gainstage.report.mix_sheet import measures
from gainstage.report.mix_strips import AFTER, BEFORE, compressors, strip_folds
from gainstage.report.page import Page, Section
from gainstage.report.players import PAGE_BYTES, Take, TakeSet, make_players
from gainstage.report.settings import Strip
from gainstage.report.strip_words import laws, level


def mix_page(result: MixResult, *, page_bytes: int = PAGE_BYTES) -> Page:
    """The page of a mix.

    Args:
        result: the mix; what it does not hold (spectra, audio, a reference) is left out of the page.
        page_bytes: what all players may weigh together.
    """
    song, *of_tracks = make_players([_song_takes(result), *_track_takes(result)], page_bytes=page_bytes)
    sections = (
        Section("The mix", tuple(_mix_blocks(result, song))),
        Section("All tracks", tuple(_overview(result))),
        Section("Strip by strip", tuple(strip_folds(result, of_tracks))),
        Section("How it is meant", tuple(_conventions(result))),
    )
    count = len(result.tracks)
    subtitle = (
        f"Mixed by {words.printable(result.engineer)}: {count} track{'' if count == 1 else 's'}, "
        f"{words.clock(result.duration_s)}, {words.frequency(result.sample_rate)}."
    )
    made = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return Page(result.song, subtitle, sections, f"Made with {made}." if made else "")


def _programmes(result: MixResult) -> list[Programme]:
    return [p for p in (result.mix, result.sum, result.reference) if p is not None]


def _song_takes(result: MixResult) -> TakeSet:
    takes = [Take(p.name, p.clip, p.integrated_lufs) for p in _programmes(result) if p.clip is not None]
    return TakeSet("Listen", tuple(takes), is_song=True)


def _track_takes(result: MixResult) -> Iterator[TakeSet]:
    for track in result.tracks:
        clips = (
            (BEFORE, track.dry, track.loudness_before_lufs),
            (AFTER, track.wet, track.loudness_after_lufs),
        )
        takes = [
            Take(label, clip, None if math.isnan(level) else level)
            for label, clip, level in clips
            if clip is not None
        ]
        yield TakeSet(track.strip.name, tuple(takes))


def _mix_blocks(result: MixResult, song: Players) -> Iterator[Block]:
    heard = _programmes(result)
    if result.warnings:
        yield Bullets(result.warnings, "warning")
    rows = zip(*[measures(programme) for programme in heard], strict=True)
    yield Facts(tuple(_fact(cells, heard) for cells in rows))
    if result.reasons:
        yield Bullets(result.reasons)
    if song.voices:
        yield song
    if result.mix.short_term_lufs is not None:
        yield Drawing(plots.loudness_over_time(heard), "Loudness over time (level lines: integrated)")
    pictures = []
    if result.mix.spectrum is not None:
        named = [(p.name, p.spectrum) for p in heard if p.spectrum is not None]
        pictures.append(Drawing(plots.spectra(named), "Long-term spectrum"))
    if result.mix.bands:
        pictures.append(Drawing(plots.stereo_image([p for p in heard if p.bands]), "Stereo image"))
    if pictures:
        yield Grid(tuple(pictures))


def _fact(cells: tuple[tuple[str, str], ...], heard: list[Programme]) -> Fact:
    """One measure of the mix, and the same of what it is compared with."""
    name, value = cells[0]
    others = tuple(f"{p.name} {cell[1]}" for p, cell in zip(heard[1:], cells[1:], strict=True))
    return Fact(name, value, others)


def _overview(result: MixResult) -> Iterator[Block]:
    heads = [
        "Track",
        "Role",
        "In the file",
        "Trim",
        "Fader",
        "Pan",
        "In the mix",
        "Its peak",
        "Gain reduction",
    ]
    rows = [_overview_row(track) for track in result.tracks]
    if not any(row[-1] for row in rows):  # no compressor, or not measured
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    columns = tuple(Column(head, is_number=at > 1) for at, head in enumerate(heads))
    yield Table("What each track got", columns, tuple(rows))
    names = [track.strip.name for track in result.tracks]
    before, after = zip(
        *[(t.loudness_before_lufs, t.loudness_after_lufs) for t in result.tracks], strict=True
    )
    pictures = [Drawing(plots.levels(names, before, after), "Loudness per track")]
    heard = [track for track in result.tracks if not track.strip.muted]
    panned = [(t.strip.name, t.strip.pan, t.channels == 2) for t in heard if t.strip.pan is not None]
    if panned:
        pictures.append(Drawing(strip_plots.pan_map(*map(list, zip(*panned, strict=True))), "Positions"))
    working = [(strip.name, c) for strip in _all_strips(result) for c in compressors(strip)]
    working = [(name, c) for name, c in working if c.max_reduction_db >= 0]
    if working:
        pictures.append(Drawing(strip_plots.reductions(working), "Compressors"))
    yield Grid(tuple(pictures))


def _overview_row(track: Track) -> tuple[str, ...]:
    strip = track.strip
    deepest = max((c.max_reduction_db for c in compressors(strip)), default=math.nan)
    return (
        strip.name,
        f"{words.title(track.role)}, {'stereo' if track.channels == 2 else 'mono'}",
        words.loudness(track.loudness_before_lufs),
        words.gain(track.trim_db),
        level(strip),
        "" if strip.pan is None else words.pan(strip.pan),
        words.loudness(track.loudness_after_lufs),
        words.number(track.peak_after_db, "dBFS"),
        "" if math.isnan(deepest) else words.number(deepest, "dB"),
    )


def _all_strips(result: MixResult) -> list[Strip]:
    return [*(track.strip for track in result.tracks), *result.groups, *result.returns, result.master]


def _conventions(result: MixResult) -> Iterator[Block]:
    rows = tuple(laws(result.conventions).items())
    yield Table("Conventions of the numbers on this page", (Column("What"), Column("Law")), rows)
    if result.files:
        yield Table("Files beside this page", (Column("File"), Column("What it is")), result.files)
    yield Text(
        (
            "Loudness is BS.1770-4: integrated over the song, short-term over 3 s, momentary over 400 ms. "
            "Side against middle is the energy of L - R over that of L + R, in dB; correlation is +1 for "
            "mono and below 0 for what is lost when a mix is played in mono.",
        )
    )
