"""The strips of a mix on its page: settings, reasons, curves, spectra and players of each."""

from collections.abc import Iterator

from gainstage.report import plots, strip_plots, words
from gainstage.report.blocks import Block, Bullets, Column, Drawing, Fold, Grid, Players, Table, Text
from gainstage.report.mix_result import MixResult, Track
from gainstage.report.settings import Compressor, Equaliser, Pass, Strip
from gainstage.report.strip_words import level, reduction, steps

BEFORE, AFTER = "in the file", "in the mix"
"""The two places where a track is measured and heard."""


def compressors(strip: Strip) -> list[Compressor]:
    """The compressors of a strip."""
    return [stage for stage in strip.chain if isinstance(stage, Compressor)]


def strip_folds(result: MixResult, of_tracks: list[Players]) -> Iterator[Block]:
    """What each strip does and why, behind a line that opens it.

    Args:
        result: the mix.
        of_tracks: the players of its tracks, in their order.
    """
    for track, players in zip(result.tracks, of_tracks, strict=True):
        stereo = track.channels == 2
        rows = steps(track.strip, trim_db=track.trim_db, is_stereo=stereo)
        said = ", ".join(
            [f"{words.title(track.role)}, {'stereo' if stereo else 'mono'}", *_place(track.strip)]
        )
        named = ((AFTER, track.spectrum_after), (BEFORE, track.spectrum_before))
        spectra = [(name, spectrum) for name, spectrum in named if spectrum is not None]
        more: list[Block] = [Drawing(plots.spectra(spectra), "Spectrum")] if spectra else []
        before: list[Block] = [Text((_origin(track),)), *([players] if players.voices else [])]
        yield _strip(track.strip, said, rows, result.sample_rate, more, before)
    for kind, strips in (("group", result.groups), ("return", result.returns)):
        for strip in strips:
            yield _strip(strip, kind, steps(strip), result.sample_rate, [], [])
    rows = [*steps(result.master), ("Output gain", words.gain(result.output_gain_db))]
    yield _strip(result.master, "master", rows, result.sample_rate, [], [])


def _place(strip: Strip) -> list[str]:
    """Level and position in a few words."""
    fader = f"fader {level(strip)}" if level(strip) not in ("", "mute") else level(strip)
    return [text for text in (fader, "" if strip.pan is None else words.pan(strip.pan)) if text]


def _origin(track: Track) -> str:
    source = f"; its role is known by {track.role_source}" if track.role_source else ""
    group = f"; group {words.title(track.group)}" if track.group else ""
    return f"{words.printable(track.file)}{source}{group}."


def _strip(
    strip: Strip,
    said: str,
    rows: list[tuple[str, str]],
    sample_rate: int,
    pictures: list[Block],
    before: list[Block],
) -> Fold:
    table = Table(f"Settings of {strip.name}", (Column("Step"), Column("Setting")), tuple(rows))
    why = [
        *strip.reasons,
        *[f"The compressor {text}." for c in compressors(strip) if (text := reduction(c))],
    ]
    drawings: list[Block] = []
    if any(isinstance(stage, Pass | Equaliser) for stage in strip.chain):
        plot = strip_plots.filter_curve(strip.chain, name=strip.name, sample_rate=sample_rate)
        drawings.append(Drawing(plot, "Filters and equaliser"))
    for compressor in compressors(strip):
        drawings.append(Drawing(strip_plots.compressor_curve(compressor, name=strip.name), "Compressor"))
        if compressor.reduction_db is not None:
            plot = strip_plots.gain_reduction([(strip.name, compressor)])
            drawings.append(Drawing(plot, "Gain reduction"))
    settings: Block = Grid((table, Bullets(tuple(why)))) if why else table
    blocks: tuple[Block, ...] = (*before, settings)
    if drawings or pictures:
        blocks += (Grid((*drawings, *pictures)),)
    return Fold(strip.name, said, blocks)
