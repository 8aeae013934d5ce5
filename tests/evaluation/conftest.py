"""Two songs on disk, written once; no test changes them."""

import pytest

from gainstage.console.console import Console
from gainstage.data.manifest import Song
from gainstage.evaluation.engineers import EqualLoudnessPanned, Rules, Sum, Truth
from gainstage.evaluation.evaluate import evaluate
from gainstage.evaluation.results import Evaluation
from tests.evaluation.songs import SPEC, write_song


@pytest.fixture(scope="session")
def two_songs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Song, ...]:
    root = tmp_path_factory.mktemp("songs")
    return tuple(write_song(root / str(seed), seed) for seed in (1, 2))


@pytest.fixture(scope="session")
def evaluated(two_songs: tuple[Song, ...]) -> Evaluation:
    systems = {"sum": Sum(), "panned": EqualLoudnessPanned(), "rules": Rules(), "truth": Truth()}
    return evaluate(two_songs, systems, console=Console(SPEC), keep_audio_for=1)
