"""What was done to a song, as mix.md and report.html."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from gainstage.console.console import Console
from gainstage.console.session import Session
from gainstage.data.manifest import Track as ManifestTrack
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.mixing.deliver import Delivery
from gainstage.mixing.describe import describe_strip, engineer_in_words
from gainstage.mixing.hear import HeardSong
from gainstage.mixing.measure import ProgrammeMeter, loudness_or_silence
from gainstage.mixing.passes import Audition, Passage
from gainstage.report.measured import Clip, Spectrum
from gainstage.report.mix_result import MixResult, Track
from gainstage.roles import GROUPS, ROLES, group_of

_KEPT_S, _KEPT_TRACK_S = 20.0, 320.0
_FILES = (
    ("mix.wav", "the mix, 32-bit float"),
    ("session.json", "every setting, to edit and to render again"),
    ("mix.md", "the settings in words and numbers"),
)


def loudest_passage(audition: Audition, session: Session, folder: Path) -> Passage:
    """The part of the song that is worth hearing track by track; shorter if there are many tracks."""
    seconds = min(_KEPT_S, _KEPT_TRACK_S / max(len(session.tracks), 1))
    power = 10.0 ** (audition.mix.loudness.momentary_lufs[0].numpy() / 10.0)  # one value each 100 ms
    width = round(seconds * 10)
    if len(power) <= width:
        return Passage(folder, 0.0, seconds)
    sums = np.convolve(power, np.ones(width), mode="valid")
    start_s = float(sums.argmax()) / 10.0
    return Passage(folder, start_s, start_s + seconds)


def describe_mix(
    heard: HeardSong,
    session: Session,
    decision: MixDecision,
    audition: Audition,
    final: ProgrammeMeter,
    delivery: Delivery,
    *,
    stems: Path,
    mix_file: Path,
    passage: Passage | None,
) -> MixResult:
    """Everything that a report says of a mix, as plain values."""
    console = Console(session.console)
    tracks = [
        _track(i, heard, session, decision.tracks[i], console, audition, stems, passage)
        for i in range(len(session.tracks))
    ]
    tracks.sort(key=lambda track: (GROUPS.index(track.group), ROLES.index(track.role), track.strip.name))
    returns = tuple(
        describe_strip(
            session,
            console,
            "returns",
            strip,
            reasons=decision.returns.get(strip.name, StripDecision({})).reasons,
        )
        for strip in session.returns
        if _is_fed(strip.name, tracks)
    )
    return MixResult(
        song=session.name,
        engineer=engineer_in_words(decision),
        sample_rate=session.sample_rate,
        duration_s=(session.num_samples + session.tail_samples) / session.sample_rate,
        tracks=tuple(tracks),
        master=describe_strip(
            session,
            console,
            "master",
            session.master,
            reasons=decision.master.reasons,
            reduction_db=audition.reductions.mean_and_max_db("master", 0),
        ),
        output_gain_db=delivery.output_gain_db,
        mix=final.programme(0, name="Mix", clip=mix_file),
        sum=audition.sum.programme(0, name="Sum", clip=audition.sum_file),
        groups=tuple(
            group
            for group in (
                describe_strip(
                    session,
                    console,
                    "groups",
                    strip,
                    reasons=decision.groups.get(strip.name, StripDecision({})).reasons,
                )
                for strip in session.groups
            )
            if group.chain or group.sends or group.muted or group.fader_db or group.width != 1.0
        ),
        returns=returns,
        reasons=(delivery.sentence,),
        warnings=heard.warnings,
        files=_FILES,
        versions={name: version(name) for name in ("gainstage", "torch")},
    )


def _is_fed(name: str, tracks: Sequence[Track]) -> bool:
    return any(send.to == name for track in tracks for send in track.strip.sends)


def write_report(result: MixResult, folder: Path, *, html: bool) -> None:
    """Write mix.md and, if wanted, report.html into a folder."""
    from gainstage.report.mix_report import mix_page
    from gainstage.report.mix_sheet import mix_markdown

    (folder / "mix.md").write_text(mix_markdown(result), encoding="utf-8")
    if html:
        mix_page(result).write(folder / "report.html")


def _track(
    i: int,
    heard: HeardSong,
    session: Session,
    decision: StripDecision,
    console: Console,
    audition: Audition,
    stems: Path,
    passage: Passage | None,
) -> Track:
    track, settings = heard.song.tracks[i], session.tracks[i]
    features, after = heard.tracks[i].features, audition.tracks
    return Track(
        strip=describe_strip(
            session,
            console,
            "tracks",
            settings,
            reasons=decision.reasons,
            reduction_db=audition.reductions.mean_and_max_db("tracks", i),
        ),
        file=track.file,
        role=track.role,
        group=group_of(track.role),
        channels=track.channels,
        trim_db=settings.processors["trim"].values["gain_db"] if "trim" in settings.processors else 0.0,
        role_source=_role_source(track, heard.by_sound),
        loudness_before_lufs=float("-inf") if features.is_silent else features.loudness_lufs,
        loudness_after_lufs=loudness_or_silence(float(after.loudness.integrated_lufs[i])),
        peak_before_db=features.peak_dbfs,
        peak_after_db=float(after.loudness.sample_peak_db[i]),
        spectrum_before=Spectrum(10.0 ** (features.spectrum_db / 10.0), 3),
        spectrum_after=after.spectrum(i),
        dry=Clip(stems / track.file, passage.start_s, passage.end_s) if passage else None,
        wet=Clip(passage.path(i)) if passage else None,
    )


def _role_source(track: ManifestTrack, by_sound: Mapping[str, float]) -> str:
    if track.name in by_sound:
        return f"its sound, {by_sound[track.name]:.0%} sure"
    if track.role_confidence == 1.0:
        return "given"
    return "name" if track.role_confidence > 0.0 else ""
