"""The settings behind a mix, as a network would have to emit them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.session import Session, TrackSettings
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.data.manifest import Song, Track
from gainstage.data.staging import trim_db
from gainstage.dsp.gain_staging import TARGET_LUFS

_SAME_TRIM_DB = 0.05


@dataclass(frozen=True)
class Truth:
    """What is known of a mix.

    Args:
        units: section → unit values, tracks in the manifest's order.
        output_gain_db: the master's output gain, which no network drives.

    Shape: units (strips, driven).
    """

    units: Mapping[str, Tensor]
    output_gain_db: float


def read_truth(song: Song, console: Console) -> Truth | str:
    """The settings behind a song's mix, or the reason why they cannot be told, as the end of a sentence.

    What a session may hold and unit values cannot say (automation, another console, trims by hand) is a
    reason. A processor that is bypassed is neutral; a strip that is muted has its fader at the lower end.

    Args:
        song: with a session and a folder that can be opened from here.
        console: whose driven parameters are wanted.

    Raises:
        ValueError: the session cannot be read, or does not fit the song.
    """
    path = Path(song.folder) / song.session
    session = Session.load(path)
    order = match_tracks(song, session, path)
    if _strips(session.console) != _strips(console.spec):
        return "it was made on another console"
    if any(part.curves for _, _, strip in session.strips() for part in strip.processors.values()):
        return "it moves parameters in time"
    settings = session.model_copy(update={"tracks": [session.tracks[i] for i in order]})
    for row, track in zip(song.tracks, settings.tracks, strict=True):
        if abs(_trim_db(track, console) - trim_db(row)) > _SAME_TRIM_DB:
            return f"it trims '{row.name}' to another level than {TARGET_LUFS:g} LUFS"
    parameters = session_parameters(settings, console)
    values = _as_heard(parameters, console)
    units = {name: console.layout[name].to_unit(values[name])[0].float() for name in SECTIONS}
    return Truth(units, _output_gain_db(values["master"][0, 0], console))


def match_tracks(song: Song, session: Session, path: Path) -> list[int]:
    """For each track of a song the place of its settings in a session: they go by file, not by order.

    Sessions name files from the folder of stems, manifests from the song's folder.

    Args:
        song: the song.
        session: its session.
        path: of the session, for what is said of it.

    Raises:
        ValueError: a track has no settings, settings have no track, or a stem is another than was mixed.
    """
    places = {track.file: i for i, track in enumerate(session.tracks)}
    order = []
    for track in song.tracks:
        found = next((places[name] for name in _names(track) if name in places), None)
        if found is None:
            raise ValueError(f"{path} has no settings for '{track.file}' of the song '{song.name}'")
        known = session.tracks[found].content_hash
        if known and known != track.content_hash:
            raise ValueError(
                f"{path} was made with another recording of '{track.file}' than {song.folder} holds; "
                "mix the song again, or restore the stem"
            )
        order.append(found)
    if len(set(order)) != len(session.tracks):
        extra = next(t.file for i, t in enumerate(session.tracks) if i not in order)
        raise ValueError(f"{path} has settings for '{extra}', which the song '{song.name}' does not have")
    return order


def _names(track: Track) -> tuple[str, ...]:
    """What a session may call a track: its file, in the folder of stems or not, also before preparation."""
    folder, _, name = track.file.rpartition("/")
    names = (track.file, name) if folder.casefold() == "stems" else (track.file,)
    return (*names, track.origin.rpartition("/")[2]) if track.origin else names


def _strips(spec: ConsoleSpec) -> dict[str, object]:
    return spec.model_dump(exclude={"not_driven", "fixed"})


def _trim_db(track: TrackSettings, console: Console) -> float:
    settings = track.processors.get("trim")
    if "trim" not in console.layout["tracks"].processors or settings is None or settings.bypass:
        return 0.0
    return settings.values.get("gain_db", 0.0)


def _as_heard(parameters: Parameters, console: Console) -> dict[str, Tensor]:
    """Values in which switches are expressed: neutral where bypassed, fader down where muted."""
    heard = {}
    for name in SECTIONS:
        layout, values = console.layout[name], parameters.values[name].clone()
        for i, processor in enumerate(console.strips[name]):
            columns = layout.slices[processor]
            off = parameters.bypass[name][..., i, None]
            values[..., columns] = torch.where(off, layout.defaults()[columns], values[..., columns])
        if bool(parameters.mute[name].any()) and "fader" in layout.processors:
            fader = layout.index("fader", "gain_db")
            low = layout.columns[fader].parameter.low
            values[..., fader] = torch.where(parameters.mute[name], low, values[..., fader])
        heard[name] = values
    return heard


def _output_gain_db(master: Tensor, console: Console) -> float:
    layout = console.layout["master"]
    if "output_gain" not in layout.processors:
        return 0.0
    return float(master[layout.index("output_gain", "gain_db")])
