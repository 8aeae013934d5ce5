"""Instruments and voices: in tune, at the right time, with the sound that their parts are named for."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from gainstage.data.synthetic import (
    drums,
    keys,
    loops,
    machines,
    metals,
    orchestra,
    percussion,
    plucked,
    synths,
)
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.speech import VOWELS, Diction, articulate
from gainstage.data.synthetic.voices import backing_vocals, lead_vocal

RATE = 44100
Array = NDArray[np.float64]
Player = Callable[[Notes, Generator, int, int], Array]
PITCHED: dict[str, Player] = {
    "acoustic_guitar": plucked.acoustic_guitar,
    "harp": plucked.harp,
    "electric_guitar": lambda *a: plucked.electric_guitar(*a, drive=(1.0, 5.0)),
    "electric_bass": plucked.electric_bass,
    "double_bass": plucked.double_bass,
    "piano": keys.piano,
    "electric_piano": keys.electric_piano,
    "organ": keys.organ,
    "clavinet": keys.clavinet,
    "lead": synths.lead,
    "pad": synths.pad,
    "synth_bass": synths.bass,
    "long_bass": machines.long_bass,
    "strings": orchestra.strings,
    "brass": orchestra.brass,
    "wind": orchestra.wind,
    "bowed_bass": orchestra.bowed_bass,
    "voice": lead_vocal,
    "choir": backing_vocals,
}
STRUCK: dict[str, Player] = {
    "kick": lambda *a: drums.kick(*a, machine=False),
    "machine kick": lambda *a: drums.kick(*a, machine=True),
    "snare": lambda *a: drums.snare(*a, machine=False),
    "clap": drums.clap,
    "toms": drums.toms,
    "hats": lambda *a: metals.hats(*a, machine=False),
    "machine hats": lambda *a: metals.hats(*a, machine=True),
    "cymbals": metals.cymbals,
    "percussion": percussion.percussion,
    "loop": loops.play_loop,
}


def notes(onsets: list[float], pitch: float = 0.0, length_s: float = 0.6, velocity: float = 0.9) -> Notes:
    count = len(onsets)
    return Notes(np.array(onsets), np.full(count, length_s), np.full(count, pitch), np.full(count, velocity))


def fundamental_hz(audio: Array, near_hz: float) -> float:
    """Pitch within a fourth of a guess, by autocorrelation."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 2 * len(audio))) ** 2
    correlation = np.fft.irfft(spectrum)
    lags = np.arange(int(RATE / near_hz / 1.3), int(RATE / near_hz * 1.3) + 2)
    best = int(lags[np.argmax(correlation[lags])])
    before, here, after = correlation[best - 1 : best + 2]
    return RATE / (best + 0.5 * (before - after) / (before - 2.0 * here + after))


@pytest.mark.parametrize("name", PITCHED)
def test_plays_the_pitch_that_is_written(name: str) -> None:
    pitch = 40.0 if "bass" in name else 57.0
    wanted_hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    errors = []
    for seed in range(4):
        audio = PITCHED[name](notes([0.1], pitch, 1.2), np.random.default_rng(seed), RATE, 2 * RATE)
        held = audio.mean(axis=0)[int(0.35 * RATE) : int(0.9 * RATE)]
        errors.append(1200.0 * np.log2(fundamental_hz(held, wanted_hz) / wanted_hz))
    assert np.abs(np.median(errors)) < 15.0, errors


@pytest.mark.parametrize("name", [*PITCHED, *STRUCK])
def test_sounds_when_it_is_played_and_is_silent_before(name: str) -> None:
    player = (PITCHED | STRUCK)[name]
    pitch = 0.0 if name in STRUCK else 45.0
    for seed in range(3):
        audio = player(notes([0.5], pitch), np.random.default_rng(seed), RATE, 2 * RATE)
        assert audio.ndim == 2
        assert audio.shape[0] in (1, 2)
        assert audio.shape[1] == 2 * RATE
        assert np.isfinite(audio).all()
        before = np.abs(audio[:, : int(0.1 * RATE)]).max()
        assert before < 0.05 * np.abs(audio).max()
        assert np.abs(audio[:, int(0.5 * RATE) : int(0.9 * RATE)]).max() > 0.9 * np.abs(audio).max()


@pytest.mark.parametrize("name", [*PITCHED, *STRUCK])
def test_harder_strokes_are_louder(name: str) -> None:
    player = (PITCHED | STRUCK)[name]
    pitch = 0.0 if name in STRUCK else 45.0
    both = Notes(np.array([0.2, 1.7]), np.full(2, 0.5), np.full(2, pitch), np.array([0.25, 1.0]))
    louder = []
    for seed in range(5):
        audio = player(both, np.random.default_rng(seed), RATE, 3 * RATE)
        soft, hard = (
            np.sqrt(np.mean(audio[:, int(a * RATE) : int((a + 0.5) * RATE)] ** 2)) for a in (0.2, 1.7)
        )
        louder.append(20.0 * np.log10(hard / soft))
    assert np.median(louder) > -0.1 if name == "organ" else np.median(louder) > 0.5, louder


@pytest.mark.parametrize("name", [*PITCHED, *STRUCK])
def test_plays_notes_that_cross_or_lie_beyond_the_end(name: str) -> None:
    player = (PITCHED | STRUCK)[name]
    late = Notes(np.array([0.2, 0.9995, 1.5]), np.full(3, 0.4), np.zeros(3), np.full(3, 0.8))
    if name in PITCHED:
        late = Notes(late.onset_s, late.length_s, late.pitch + 45.0, late.velocity)
    audio = player(late, np.random.default_rng(0), RATE, RATE)
    assert audio.shape[1] == RATE
    assert np.isfinite(audio).all()


@pytest.mark.parametrize("name", [*PITCHED, *STRUCK])
def test_sounds_different_from_song_to_song(name: str) -> None:
    player = (PITCHED | STRUCK)[name]
    pitch = 0.0 if name in STRUCK else 45.0
    spectra = []
    for seed in range(6):
        audio = player(notes([0.1], pitch), np.random.default_rng(seed), RATE, RATE).mean(axis=0)
        power = np.abs(np.fft.rfft(audio)) ** 2
        bands = np.add.reduceat(power, np.unique(np.geomspace(40, 15000, 24).astype(int)))
        spectra.append(10.0 * np.log10(bands / bands.sum() + 1e-8))
    assert np.mean(np.std(spectra, axis=0)) > 2.0


def test_the_lowest_drawbar_of_an_organ_sounds_an_octave_below() -> None:
    shares = []
    for seed in range(4):
        audio = keys.organ(notes([0.0], 57.0, 2.0), np.random.default_rng(seed), RATE, RATE)[0]
        spectrum = np.abs(np.fft.rfft(audio * np.hanning(RATE))) ** 2
        shares.append([spectrum[hz - 5 : hz + 6].sum() / spectrum.sum() for hz in (55, 110, 220)])
    quarter, half, whole = np.max(shares, axis=0)
    assert quarter < 1e-4 < 0.02 < half
    assert whole > 0.1


def test_a_closing_hat_stops_the_open_one() -> None:
    closes = Notes(np.array([0.1, 0.3]), np.full(2, 0.1), np.array([1.0, 0.0]), np.full(2, 1.0))
    opens = Notes(np.array([0.1]), np.array([0.1]), np.array([1.0]), np.array([1.0]))
    stopped, rings = (
        metals.hats(part, np.random.default_rng(3), RATE, RATE, machine=False)[0] for part in (closes, opens)
    )
    late = slice(int(0.5 * RATE), int(0.7 * RATE))
    assert np.sum(stopped[late] ** 2) < 0.2 * np.sum(rings[late] ** 2)


def test_more_drive_flattens_a_guitar() -> None:
    chord = Notes(np.full(3, 0.1), np.full(3, 2.0), np.array([40.0, 47.0, 52.0]), np.full(3, 0.9))
    crests = []
    for drive in ((0.3, 0.31), (60.0, 61.0)):
        audio = plucked.electric_guitar(chord, np.random.default_rng(5), RATE, 2 * RATE, drive=drive)[0]
        crests.append(np.abs(audio).max() / np.sqrt(np.mean(audio**2)))
    assert crests[1] < 0.6 * crests[0]


def test_a_room_hears_the_kit_later_and_in_stereo() -> None:
    kit = np.zeros(RATE)
    kit[1000] = 1.0
    room = loops.hear_room(kit, np.random.default_rng(0), RATE)
    first = np.argmax(np.abs(room[0]) > 0.1)
    assert 1000 + 0.003 * RATE <= first <= 1000 + 0.013 * RATE
    assert not np.array_equal(room[0], room[1])


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_vowel_stands_at_its_formants(vowel: str) -> None:
    diction = Diction((vowel,), 0.0, 0.1, 1.0, 0.0, 0.0, 0.02)
    mouth = articulate(notes([0.2], 45.0, 1.0), diction, np.random.default_rng(0), RATE, 2 * RATE)
    held = mouth.formants_hz[int(0.7 * RATE / 64)]
    np.testing.assert_allclose(held[:3], VOWELS[vowel], rtol=0.01)


def test_words_are_the_lyrics_and_not_the_singer() -> None:
    line = notes([0.3, 0.9, 1.5, 2.1], 50.0, 0.5)
    mouths = [
        articulate(
            line,
            Diction(tuple(VOWELS), 0.8, 0.3, tract, 0.01, 0.0, 0.02),
            np.random.default_rng(4),
            RATE,
            3 * RATE,
        )
        for tract in (1.0, 1.17)
    ]
    np.testing.assert_allclose(1.17 * mouths[0].formants_hz, mouths[1].formants_hz, rtol=1e-9)
    np.testing.assert_array_equal(mouths[0].hiss > 0, mouths[1].hiss > 0)


def test_an_s_lies_before_its_note_and_high() -> None:
    diction = Diction(("ɑ",), 1.0, 0.6, 1.0, 0.0, 0.0, 0.02)
    line = notes([0.5 + k for k in range(40)], 50.0, 0.4)
    mouth = articulate(line, diction, np.random.default_rng(0), RATE, 41 * RATE)
    at = np.arange(len(mouth.voiced)) * 64 / RATE
    within = (at % 1.0 > 0.56) & (at % 1.0 < 0.9)
    assert mouth.hiss[:, within].max() == 0.0
    assert (mouth.hiss.max(axis=1) > 0.1).all()
    before = (at % 1.0 > 0.44) & (at % 1.0 < 0.47)  # 30 to 60 ms before the note: no burst is so long
    assert mouth.hiss[0, before].max() > 0.1


def test_voices_that_overlap_are_parted() -> None:
    chord = Notes(np.array([0.1, 0.1, 0.1]), np.full(3, 0.8), np.array([48.0, 52.0, 55.0]), np.full(3, 0.9))
    audio = backing_vocals(chord, np.random.default_rng(0), RATE, RATE).mean(axis=0)
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(RATE)))
    floor = np.median(spectrum[100:300])
    for hertz in (130.8, 164.8, 196.0):
        assert spectrum[int(hertz) - 4 : int(hertz) + 6].max() > 5.0 * floor
