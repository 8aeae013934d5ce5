"""The audio of an Ardour session: files, a region of each, a playlist for each track."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from gainstage.interchange.ardour.parts import Document, element
from gainstage.interchange.stems import place


def write_sources(
    doc: Document,
    played: Sequence[tuple[str, str, str, Path, int, int]],
    sources: Element,
    regions: Element,
    playlists: Element,
    folder: Path,
    num_samples: int,
) -> None:
    """Write what every track plays.

    Args:
        doc: the session.
        played: of each track its name, the identities of its playlist and route, its file, the channels of
            that, and the sample at which it begins.
        sources, regions, playlists: where the elements go.
        folder: where the files go.
        num_samples: of the files.
    """
    for name, playlist, route, path, channels, late in played:
        file = f"{name}.wav"
        place(path, folder / file)
        identities = [doc.identity() for _ in range(channels)]
        for channel, identity in enumerate(identities):
            element(
                sources,
                "Source",
                name=file,
                id=identity,
                type="audio",
                flags="",
                origin=file,
                channel=channel,
            )
        made = element(
            playlists,
            "Playlist",
            id=playlist,
            name=name,
            type="audio",
            orig_track_id=route,
            shared_with_ids="",
            frozen=0,
            combine_ops=0,
        )
        _region(doc, made, name, identities, late, num_samples - late, whole=False)
        _region(doc, regions, name, identities, 0, num_samples, whole=True)


def _region(
    doc: Document, parent: Element, name: str, sources: list[str], at: int, length: int, *, whole: bool
) -> None:
    made = element(
        parent,
        "Region",
        name=name,
        muted=0,
        opaque=1,
        locked=0,
        video_locked=0,
        automatic=int(whole),
        whole_file=int(whole),
        import_=0,
        external=0,
        sync_marked=0,
        left_of_split=0,
        right_of_split=0,
        hidden=0,
        position_locked=0,
        valid_transients=0,
        start="a0",
        length=f"{doc.time(length)}@{doc.time(at)}",
        sync_position="a0",
        ancestral_start="a0",
        ancestral_length="a0@a0",
        stretch=1,
        shift=1,
        layering_index=0,
        tags="",
        contents=0,
        fade_before_fx=0,
        channels=len(sources),
        scale_amplitude=1,
        default_fade_in=0,
        default_fade_out=0,
        fade_in_active=0,
        fade_out_active=0,
        envelope_active=0,
        id=doc.identity(),
        type="audio",
        first_edit="nothing",
    )
    for i, source in enumerate(sources):
        made.set(f"source-{i}", source)
        made.set(f"master-source-{i}", source)
