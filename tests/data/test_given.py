"""Items with fewer or changed tracks: their audio, spectra, truth and target still belong together."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from gainstage.console.spec import named
from gainstage.data.augment import AugmentSettings
from gainstage.data.batch import Batch
from gainstage.data.dataset import Item, SongDataset, collate
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs
from gainstage.mixing.mix import mix
from tests.data.songs import RATE, cache_in, console, noise, save
from tests.mixing.conftest import kick, pad

PLAIN = ExcerptSettings(seconds=1.0, pre_roll_seconds=0.5, heard_seconds=20.0, audio_every=1, candidates=1)
STEMS = {
    "kick.wav": kick(4.0),
    "pad.wav": pad(4.0),
    "hat.wav": noise(4 * RATE, seed=1),
    "vox.wav": noise(4 * RATE, 2, seed=2),
    "vox 2.wav": noise(4 * RATE, 2, seed=3),
}


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    """A song with a session; its mix is the rules engineer's."""
    root = tmp_path_factory.mktemp("song")
    for file, audio in STEMS.items():
        save(root / "one" / "stems" / file, audio)
    mix(root / "one" / "stems", root / "one", style=3, report=False, console=named("basic"))
    return load_songs("folders", root, validation=0.0, test=0.0)[0]


def _items(song: Song, folder: Path, settings: ExcerptSettings, *, count: int = 6) -> list[Item]:
    data = SongDataset([song], console(), cache_in(folder), settings=settings)
    data.prepare()
    return [data[index] for index in range(count)]


def _unmixed(song: Song) -> Song:
    return song.model_copy(update={"mix": None})


def _audio(item: Item) -> torch.Tensor:
    assert item.tracks is not None
    return item.tracks


def test_submixes_beside_a_mix_are_sums(song: Song, tmp_path: Path) -> None:
    whole = _items(song, tmp_path, PLAIN)
    few = _items(song, tmp_path, replace(PLAIN, most_tracks=4))
    names = [track.name for track in song.tracks]
    pair = [names.index("vox"), names.index("vox 2")]
    for one, other in zip(whole, few, strict=True):
        assert len(_audio(other)) == len(other.roles) == len(other.spectra) == 4
        assert not other.has_truth
        alone = (
            _audio(one)[pair]
            * torch.tensor([10.0 ** ((song.tracks[i].loudness_lufs or 0.0) / 20.0) for i in pair])[
                :, None, None
            ]
        )
        sums = alone.sum(0)
        scale = float(_audio(other)[-1].abs().max() / sums.abs().max())
        torch.testing.assert_close(_audio(other)[-1], scale * sums, atol=1e-5, rtol=1e-4)
        assert other.target is not None
        assert torch.equal(one.target, other.target)


def test_chosen_tracks_keep_their_settings(song: Song, tmp_path: Path) -> None:
    whole = _items(_unmixed(song), tmp_path, PLAIN)
    few = _items(_unmixed(song), tmp_path, replace(PLAIN, most_tracks=3))
    for one, other in zip(whole, few, strict=True):
        assert other.has_truth
        rows = [one.heard.index(key) for key in other.heard]
        assert len(rows) == 3
        assert torch.equal(other.truth["tracks"], one.truth["tracks"][rows])
        assert torch.equal(_audio(other), _audio(one)[rows])
        assert torch.equal(other.spectra, one.spectra[rows])
    assert len({item.heard for item in few}) > 1


def test_swapped_sides_are_swapped_everywhere(song: Song, tmp_path: Path) -> None:
    swap = replace(PLAIN, augment=AugmentSettings(swap_channels=1.0))
    for one, other in zip(_items(song, tmp_path, PLAIN), _items(song, tmp_path, swap), strict=True):
        assert torch.equal(_audio(other), _audio(one).flip(1))
        assert one.target is not None
        assert other.target is not None
        assert torch.equal(other.target, one.target.flip(0))
        column = [
            console().layout["tracks"].columns[i].path for i in console().layout["tracks"].driven
        ].index("pan.position")
        pans = [item.truth["tracks"][:, column] for item in (one, other)]
        torch.testing.assert_close(pans[0] + pans[1], torch.ones(5))
        assert one.heard != other.heard


def test_polarity_turns_all_and_the_mix_or_each_alone(song: Song, tmp_path: Path) -> None:
    flip = replace(PLAIN, augment=AugmentSettings(flip_polarity=1.0))
    for one, other in zip(_items(song, tmp_path, PLAIN), _items(song, tmp_path, flip), strict=True):
        assert torch.equal(_audio(other), -_audio(one))
        assert one.target is not None
        assert other.target is not None
        assert torch.equal(other.target, -one.target)
    some = _items(_unmixed(song), tmp_path, replace(PLAIN, augment=AugmentSettings(flip_polarity=0.5)))
    plain = _items(_unmixed(song), tmp_path, PLAIN)
    for one, other in zip(plain, some, strict=True):
        assert all(
            torch.equal(a, b) or torch.equal(a, -b) for a, b in zip(_audio(one), _audio(other), strict=True)
        )


def test_a_gain_is_heard_and_takes_the_truth_away(song: Song, tmp_path: Path) -> None:
    gained = _items(song, tmp_path, replace(PLAIN, augment=AugmentSettings(gain_db=6.0)))
    for one, other in zip(_items(song, tmp_path, PLAIN), gained, strict=True):
        assert one.has_truth
        assert not other.has_truth
        ratio_db = 20.0 * torch.log10(_audio(other).abs().amax((1, 2)) / _audio(one).abs().amax((1, 2)))
        loud = one.spectra[:, 0, 0].float()
        shown_db = 40.0 * (other.spectra[:, 0, 0].float() - loud).where(loud > 0.5, torch.nan)
        torch.testing.assert_close(shown_db.nanmedian(-1).values, ratio_db.float(), atol=0.1, rtol=0.0)
        assert float(ratio_db.std()) > 0.5


def test_tracks_free_of_bleed_move_in_time(song: Song, tmp_path: Path) -> None:
    tracks = tuple(track.model_copy(update={"bleed": track.name == "kick"}) for track in song.tracks)
    free = _unmixed(song).model_copy(update={"tracks": tracks})
    moved = _items(free, tmp_path, replace(PLAIN, augment=AugmentSettings(shift_ms=5.0)))
    for one, other in zip(_items(free, tmp_path, PLAIN), moved, strict=True):
        for track, a, b in zip(tracks, _audio(one), _audio(other), strict=True):
            lags = np.correlate(b[0, 500:20_500].numpy(), a[0, 1000:20_000].numpy(), mode="valid")
            lag = int(np.argmax(lags)) - 500
            assert abs(lag) <= 221
            if track.bleed:
                assert torch.equal(a, b)
            elif track.name != "pad":  # periodic
                kept = slice(max(lag, 0), len(a[0]) + min(lag, 0))
                assert float((b[:, kept] - a.roll(lag, -1)[:, kept]).abs().max()) < 1e-6


@pytest.mark.parametrize(("level", "wanted_db"), [("peak", -12.0), ("class", None)])
def test_levels_as_published(level: str, wanted_db: float | None, song: Song, tmp_path: Path) -> None:
    settings = replace(PLAIN, seconds=4.0, pre_roll_seconds=0.0, level=level)  # type: ignore[arg-type]
    item = _items(song, tmp_path, settings, count=1)[0]
    assert not item.has_truth
    peaks_db = 20.0 * torch.log10(_audio(item).abs().amax((1, 2)))
    if wanted_db is not None:
        torch.testing.assert_close(peaks_db, torch.full((5,), wanted_db), atol=0.01, rtol=0.0)
    with pytest.raises(ValueError, match="do not fit the settings of 'one', which has no mix"):
        _items(_unmixed(song), tmp_path, settings)


@pytest.mark.slow
def test_whoever_loads_an_index_gets_the_same(song: Song, tmp_path: Path) -> None:
    """Any number of workers, and on from any index."""
    change = AugmentSettings(flip_polarity=0.5, swap_channels=0.5, drop=0.2)
    settings = replace(PLAIN, most_tracks=4, augment=change)
    data = SongDataset([_unmixed(song)], console(), cache_in(tmp_path), settings=settings)
    data.prepare()

    def batches(indices: Sequence[int], workers: int) -> list[Batch]:
        context = "spawn" if workers else None
        return list(
            DataLoader(
                data,
                2,
                sampler=indices,
                num_workers=workers,
                collate_fn=collate,
                multiprocessing_context=context,
            )
        )

    whole, helped, later = batches(range(8), 0), batches(range(8), 2), batches(range(4, 8), 0)
    for one, other in [*zip(whole, helped, strict=True), *zip(whole[2:], later, strict=True)]:
        assert torch.equal(one.tracks, other.tracks)
        assert torch.equal(one.spectra, other.spectra)
        assert torch.equal(one.truth["tracks"], other.truth["tracks"])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"most_tracks": 1}, "most_tracks is 1"),
        ({"level": "loud"}, "level is 'loud'; there are lufs, peak, class"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(PLAIN, **wrong)  # type: ignore[arg-type]
