"""Slakh2100: 2100 songs played by samplers from MIDI, dry and mono, by the hundred hours."""

from pathlib import Path
from typing import Any

from gainstage.data.manifest import Split
from gainstage.data.sources.listing import Fault, Listing, SongFiles, TrackFile, is_true, role_of, texts
from gainstage.data.stem_files import display_name

_LICENCE = "CC BY 4.0"
_SPLITS: dict[str, Split] = {"train": "train", "validation": "validation", "test": "test"}
_ROLES = {
    "chromatic percussion": "percussion",
    "ethnic": "guitar_acoustic",
    "organ": "organ",
    "pipe": "wind",
    "reed": "wind",
    "strings (continued)": "strings",
    "sound effects": "fx",
    "synth lead": "synth_lead",
    "synth pad": "pad",
    "percussive": "percussion",
}
"""General MIDI's families whose name does not say the role."""


def list_slakh2100(root: Path) -> Listing:
    """The songs of Slakh2100 with the official split; the mix is the sum of the stems at set loudnesses.

    Args:
        root: the folder that holds `train`, `validation` and `test`.

    Raises:
        ValueError: the root does not hold the set.
    """
    listing = Listing(root)
    for subset, split in _SPLITS.items():
        for folder in listing.folders(root / subset):
            listing.songs.append(_song(listing, folder, split))
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold Slakh2100: no songs in its subfolders `train`, `validation` and `test`; "
            "give the folder in which the set was unpacked"
        )
    return listing


def _song(listing: Listing, folder: Path, split: Split) -> SongFiles:
    faults: list[Fault] = []
    about = folder / "metadata.yaml"
    values = listing.read_yaml(about, faults)
    stems = values.get("stems")
    rows = {str(k): v for k, v in stems.items() if isinstance(v, dict)} if isinstance(stems, dict) else {}
    files = {path.stem: path for path in listing.audio(folder / "stems")}
    wanted = [
        _track(files.get(key, folder / "stems" / f"{key}.flac"), row)
        for key, row in sorted(rows.items())
        if is_true(row.get("audio_rendered", True)) is not False
    ] or [TrackFile(path, path.stem, wetness="dry", bleed=False) for path in files.values()]
    tracks, lacks = listing.present(wanted, faults)
    known = {track.path for track in wanted}
    faults += [
        listing.fault(path, "is not in metadata.yaml; left out", is_damage=False)
        for path in files.values()
        if path not in known
    ]
    mix, _ = listing.present([TrackFile(_either(folder, "mix"), "mix")], faults)
    return SongFiles(
        display_name(folder.name),
        "slakh2100",
        f"{folder.parent.name}/{folder.name}",
        tuple(tracks),
        mix=next(iter(mix), None),
        title=folder.name,
        licence=_LICENCE,
        split=split,
        about=(about,),
        lacks=lacks,
        faults=tuple(faults),
    )


def _track(path: Path, row: dict[str, Any]) -> TrackFile:
    kind, program = texts(row, "inst_class", "midi_program_name")
    if is_true(row.get("is_drum")):
        role, confidence = "drums", 1.0
    elif kind.casefold() in _ROLES:
        role, confidence = _ROLES[kind.casefold()], 0.8
    else:
        role, confidence = role_of(kind)
    return TrackFile(
        path,
        display_name(f"{path.stem} {kind}"),
        role,
        confidence,
        program or kind,
        wetness="dry",
        bleed=False,
    )


def _either(folder: Path, stem: str) -> Path:
    """The file as FLAC, as the set has it, or as WAV, as its tools unpack it."""
    wav = folder / f"{stem}.wav"
    return wav if wav.exists() else folder / f"{stem}.flac"
