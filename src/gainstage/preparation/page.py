"""A prepared set as a page: how much there is, of what, how it sounds, and what was left out and why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from gainstage.data.manifest import AudioRef, Song, Track
from gainstage.data.sources.listing import Fault
from gainstage.data.wav_file import float_file_bytes
from gainstage.preparation.inspection import BANDS_PER_OCTAVE
from gainstage.report import words
from gainstage.report.blocks import Block, Bullets, Column, Drawing, Fact, Facts, Fold, Grid, Table, Text
from gainstage.report.evaluation_plots import distributions
from gainstage.report.measured import Spectrum
from gainstage.report.page import Page, Section
from gainstage.report.plots import bars, spectra
from gainstage.roles import GROUPS, ROLES, group_of

Power = Mapping[str, Mapping[str, tuple[float, ...]]]
"""Song → track (the mix is `""`) → mean power in third octaves."""

_SPLITS = ("train", "validation", "test")
_UNSURE = 0.5


def preparation_page(
    source: str,
    songs: Sequence[Song],
    faults: Sequence[Fault],
    left_out: Sequence[tuple[str, str]],
    *,
    power: Power,
    more: Sequence[Section] = (),
) -> Page:
    """The page of a prepared set. It tells of the set alone, so the same set gives the same page.

    Args:
        source: name of the set.
        songs: rows of the manifest.
        faults: what was found, damage first.
        left_out: songs and files that are not in the manifest, and why.
        power: spectra of the tracks.
        more: sections about how the set was made.
    """
    tracks = [(song, track) for song in songs for track in song.tracks]
    sections = [
        Section("How much there is", tuple(_amount(songs, tracks))),
        Section("What was left out, and what was found", tuple(_faults(faults, left_out))),
        Section("Roles", tuple(_roles(tracks))),
        Section("Loudness and spectra", tuple(_sound(songs, tracks, power))),
    ]
    if any(track.alignment for _, track in tracks):
        sections.append(Section("Alignment", (_alignments(songs),)))
    sections += more
    sections.append(
        Section(
            "Songs", (Fold("Every song", f"{len(songs)} songs", (_songs(songs),), is_open=len(songs) < 20),)
        )
    )
    subtitle = f"{words.count(len(songs), 'song')}, {_hours(_seconds(songs))}, prepared for training."
    return Page(
        f"Data set: {source}", subtitle, tuple(sections), f"Made with gainstage {version('gainstage')}."
    )


def _amount(songs: Sequence[Song], tracks: Sequence[tuple[Song, Track]]) -> Iterator[Block]:
    mixes = [song.mix for song in songs if song.mix]
    files: dict[str, AudioRef] = {audio.content_hash: audio for audio in (*(t for _, t in tracks), *mixes)}
    size = sum(float_file_bytes(audio.num_samples, channels=audio.channels) for audio in files.values())
    counts = sorted({len(song.tracks) for song in songs})
    a_song = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    sessions = sum(bool(song.session) for song in songs)
    targets = [f"{len(mixes)} with a mix", *([f"{sessions} with a session"] if sessions else [])]
    yield Facts(
        (
            Fact("Songs", f"{len(songs)}", tuple(targets)),
            Fact(
                "Length", _hours(_seconds(songs)), (f"{_hours(sum(t.seconds for _, t in tracks))} of tracks",)
            ),
            Fact("Tracks", f"{len(tracks)}", (f"{a_song} a song",)),
            Fact("On disk", _bytes(size), ("32-bit float",)),
        )
    )
    rows = [
        (split, f"{len(of)}", _hours(_seconds(of)), f"{len({s.artist for s in of if s.artist})}")
        for split in _SPLITS
        if (of := [song for song in songs if song.split == split])
    ]
    yield _table("Splits", ("Split", "Songs", "Length", "Artists"), rows, numbers=(1, 2, 3))
    wet = Counter(track.wetness for _, track in tracks)
    rates = Counter(song.sample_rate for song in songs)
    licences = sorted({song.licence for song in songs} - {""})
    yield Text(
        (
            f"Tracks by what is on them: {words.listed([f'{n} {kind}' for kind, n in sorted(wet.items())])}. "
            f"Sample rates: {words.listed([f'{n} × {rate} Hz' for rate, n in sorted(rates.items())])}. "
            f"Licence: {words.listed(licences) or 'not known'}.",
        )
    )


def _faults(faults: Sequence[Fault], left_out: Sequence[tuple[str, str]]) -> Iterator[Block]:
    if not faults and not left_out:
        yield Text(("Nothing: every file could be read and nothing odd was found in it.",))
        return
    if left_out:
        yield _table("Left out", ("Song or file", "Why"), sorted(left_out))
    counts = Counter((fault.kind, fault.is_damage) for fault in faults)
    rows = [(kind, f"{n}", "yes" if is_damage else "no") for (kind, is_damage), n in sorted(counts.items())]
    if rows:
        yield _table("Found", ("Kind", "Files", "Damage"), rows, numbers=(1,))
        damaged = tuple(f"{fault.file} {fault.cause}" for fault in faults if fault.is_damage)
        others = tuple(f"{fault.file} {fault.cause}" for fault in faults if not fault.is_damage)
        if damaged:
            yield Bullets(damaged, "warning")
        if others:
            yield Fold("All that is odd", f"{len(others)} sentences", (Bullets(others),))


def _roles(tracks: Sequence[tuple[Song, Track]]) -> Iterator[Block]:
    by_role = {role: [t for _, t in tracks if t.role == role] for role in ROLES}
    there = [role for role in ROLES if by_role[role]]
    seconds = [sum(track.seconds for track in by_role[role]) for role in there]
    unit, of_a_unit = ("hours", 3600.0) if max(seconds) >= 3600.0 else ("minutes", 60.0)
    lengths = [length / of_a_unit for length in seconds]
    yield Drawing(
        bars([words.title(r) for r in there], lengths, title="Length by role", unit=unit), "Length by role"
    )
    rows = []
    for role in there:
        of = by_role[role]
        sure = np.median([track.role_confidence for track in of])
        unsure = sum(track.role_confidence < _UNSURE for track in of)
        rows.append(
            (
                words.title(role),
                group_of(role),
                f"{len(of)}",
                _hours(sum(t.seconds for t in of)),
                f"{sure:.2f}",
                f"{unsure}",
            )
        )
    yield _table(
        "Roles",
        ("Role", "Group", "Tracks", "Length", "Confidence", "Unsure"),
        rows,
        "Confidence is the median; 1 where the set itself says the role. Unsure: below .5.",
        numbers=(2, 3, 4, 5),
    )
    guesses = [
        (song.name, track.name, words.title(track.role))
        for song, track in tracks
        if track.role_confidence < _UNSURE
    ]
    if guesses:
        table = _table("Unsure roles", ("Song", "Track", "Taken for"), guesses)
        yield Fold("Tracks whose role is a guess", words.count(len(guesses), "track"), (table,))


def _sound(songs: Sequence[Song], tracks: Sequence[tuple[Song, Track]], power: Power) -> Iterator[Block]:
    groups = [group for group in GROUPS if any(group_of(t.role) == group for _, t in tracks)]
    levels = [(group, [_level(t) for _, t in tracks if group_of(t.role) == group]) for group in groups]
    mixes = [_level(song.mix) for song in songs if song.mix]
    named = [*levels, *([("mix", mixes)] if mixes else [])]
    plot = distributions(named, title="Loudness in the files", unit="LUFS")
    yield Drawing(plot, "Loudness of tracks by group, and of the mixes")
    yield Text(
        ("Tracks by the loudness that gain staging goes by, mixes by integrated loudness; silence apart.",)
    )
    whole = _mean([power[song.name][track.name] for song, track in tracks])
    pictures = []
    for group in groups:
        of = _mean([power[song.name][track.name] for song, track in tracks if group_of(track.role) == group])
        lines = [(group, Spectrum(of, BANDS_PER_OCTAVE)), ("all tracks", Spectrum(whole, BANDS_PER_OCTAVE))]
        pictures.append(Drawing(spectra(lines, title=f"Spectrum of {group}"), f"Spectrum: {group}"))
    yield Grid(tuple(pictures))


def _mean(powers: Sequence[tuple[float, ...]]) -> NDArray[np.float64]:
    """The mean of spectra, each at the same power, so that no loud track decides it."""
    table = np.array(powers, dtype=np.float64)
    totals = table.sum(axis=1, keepdims=True)
    shares = table[totals[:, 0] > 0.0] / totals[totals[:, 0] > 0.0]
    return np.asarray(shares.mean(axis=0)) if len(shares) else np.zeros(table.shape[1])


def _level(audio: AudioRef) -> float:
    return float("nan") if audio.loudness_lufs is None else audio.loudness_lufs


def _alignments(songs: Sequence[Song]) -> Table:
    rows = []
    for song in songs:
        moved = [(track, track.alignment) for track in song.tracks if track.alignment]
        delays = {round(1000 * a.delay_samples / song.sample_rate, 3) for _, a in moved}
        if moved:
            first = moved[0][1]
            spread = f"{min(delays):.3f}" if len(delays) == 1 else f"{min(delays):.3f} to {max(delays):.3f}"
            rows.append(
                (
                    song.name,
                    f"{len(moved)} of {len(song.tracks)}",
                    spread,
                    f"{first.drift_ppm:.2f}",
                    f"{first.confidence:.4f}",
                )
            )
    note = "Later is positive. Confidence: 1 − the number of places as good as this that chance would give."
    return _table(
        "Songs whose tracks were moved to the mix",
        ("Song", "Tracks", "Delay, ms", "Drift, ppm", "Confidence"),
        rows,
        note,
        numbers=(1, 2, 3, 4),
    )


def _songs(songs: Sequence[Song]) -> Table:
    rows = [
        (
            song.name,
            song.artist or "–",
            song.genre or "–",
            song.split or "–",
            f"{len(song.tracks)}",
            words.position(song.seconds),
            "–" if song.mix is None else words.loudness(_level(song.mix)),
        )
        for song in songs
    ]
    return _table(
        "Songs", ("Song", "Artist", "Genre", "Split", "Tracks", "Length", "Mix"), rows, numbers=(4, 5, 6)
    )


def _table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    note: str = "",
    *,
    numbers: Sequence[int] = (),
) -> Table:
    columns = tuple(Column(head, is_number=place in numbers) for place, head in enumerate(heads))
    return Table(caption, columns, tuple(rows), note)


def _seconds(songs: Sequence[Song]) -> float:
    return sum(song.seconds for song in songs)


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def _hours(seconds: float) -> str:
    return words.clock(seconds) if seconds < 3600 else f"{seconds / 3600:.1f} h"
