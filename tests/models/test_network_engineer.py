"""The network as engineer: sections equal the whole, decisions are the mixer's, silence is left alone."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from gainstage.engineer.decision import inside_ranges
from gainstage.engineer.settings import decision_parameters
from gainstage.models.log_mel import LogMel
from gainstage.models.mixer import Mixer
from gainstage.models.network_engineer import NetworkEngineer, NetworkTrack, sections
from gainstage.roles import ROLES
from tests.models.scene import RATE, conditions, lively_mixer, spectra

HOP, SIZE = 512, 1024
STEP = 4 * HOP  # of a section in these tests
SECONDS = STEP / RATE
BAND = ("kick", "bass", "guitar_electric", "lead_vocal")


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    return lively_mixer()


@pytest.fixture(scope="module")
def engineer(mixer: Mixer) -> NetworkEngineer:
    return NetworkEngineer(mixer, name="n")


@pytest.fixture(scope="module")
def band(engineer: NetworkEngineer) -> list[NetworkTrack]:
    heard = spectra(len(BAND))
    return [NetworkTrack(role, i - 2.5, engineer.listen([heard[i]])) for i, role in enumerate(BAND)]


@pytest.mark.parametrize(
    "samples", [0, 1, SIZE // 2, STEP - 1, STEP, STEP + SIZE // 2, 3 * STEP, 3 * STEP + 1, 12_345]
)
def test_sections_of_any_blocks_are_the_spectra_of_the_whole(mixer: Mixer, samples: int) -> None:
    front: LogMel = mixer.front
    audio = 0.1 * torch.randn(2, samples)
    draw = torch.Generator().manual_seed(samples)
    for longest in (1 + samples // 40, 700, 5000, 20_000):
        cuts, at = [0, 0], 0  # an empty block first
        while at < samples:
            at = min(at + int(torch.randint(0, longest + 1, (), generator=draw)), samples)
            cuts.append(at)
        blocks = [audio[:, a:b] for a, b in pairwise(cuts)]
        parts = list(sections(blocks, front, seconds=SECONDS))
        found = torch.cat(parts, dim=-1)
        assert found.shape[-1] == front.num_frames(samples)
        assert (found - front(audio[None])[0]).abs().max() < 1e-5
        assert all(part.shape[-1] == STEP // HOP for part in parts[:-1])
        assert parts[-1].shape[-1] <= (STEP + SIZE) // HOP  # so memory is bounded


def test_no_blocks_at_all_are_a_silent_frame(mixer: Mixer) -> None:
    (only,) = sections([], mixer.front)
    assert only.shape == (3, mixer.front.rows, 1)
    assert (only == 0).all()


def test_a_track_heard_in_sections_is_heard_as_its_moments(engineer: NetworkEngineer, mixer: Mixer) -> None:
    parts = [spectra(1, 12, seed=seed)[0] for seed in range(3)]
    found = engineer.listen(parts)
    hear, length = mixer.encoder.hear, torch.tensor([12])
    with torch.no_grad():
        heard = (hear(parts[0][None], length) + hear(parts[1][None], length)) + hear(parts[2][None], length)
        assert torch.allclose(found, mixer.encoder.embed(heard)[0], atol=1e-6)
    assert (found - engineer.listen(parts[:2])).abs().max() > 1e-2
    assert torch.allclose(engineer.listen(parts * 3), found, atol=1e-5)


def test_a_decision_is_what_the_mixer_sets(
    engineer: NetworkEngineer, mixer: Mixer, band: list[NetworkTrack]
) -> None:
    decision = engineer.decide(band, target_loudness_lufs=-14.0)
    assert decision.engineer == "n"
    heard = torch.stack([track.embedding for track in band if track.embedding is not None])[None]
    roles = torch.tensor([[ROLES.index(role) for role in BAND]])
    with torch.no_grad():
        there = torch.ones(1, 4, dtype=torch.bool)
        set_values = mixer.set(heard, there, conditions(roles, loudness=-14.0)).parameters.values
    compiled = decision_parameters(decision, mixer.console)
    trim = mixer.console.layout["tracks"].index("trim", "gain_db")
    assert compiled.values["tracks"][0, :, trim].tolist() == pytest.approx([t.trim_db for t in band])
    compiled.values["tracks"][..., trim] = set_values["tracks"][..., trim]
    for section, values in compiled.values.items():
        assert torch.allclose(values, set_values[section], rtol=1e-9), section
    for strip in (*decision.tracks, *decision.returns.values(), decision.master):
        assert inside_ranges(strip.values) == strip.values
        assert not strip.bypass
    assert all("dB to −23 LUFS" in strip.reasons[0] for strip in decision.tracks)


def test_reordering_tracks_reorders_their_decisions(
    engineer: NetworkEngineer, mixer: Mixer, band: list[NetworkTrack]
) -> None:
    order = [2, 0, 3, 1]
    one = decision_parameters(engineer.decide(band), mixer.console).values
    other = decision_parameters(engineer.decide([band[i] for i in order]), mixer.console).values
    assert torch.allclose(one["tracks"][:, order], other["tracks"], rtol=1e-4, atol=1e-4)
    assert torch.allclose(one["master"], other["master"], rtol=1e-4, atol=1e-4)


def test_a_silent_track_is_left_alone_and_does_not_count(
    engineer: NetworkEngineer, mixer: Mixer, band: list[NetworkTrack]
) -> None:
    silent = NetworkTrack("bass", 0.0, None)
    with_it = engineer.decide([band[0], silent, *band[1:]])
    without = engineer.decide(band)
    assert (with_it.tracks[0], *with_it.tracks[2:]) == without.tracks
    assert (with_it.returns, with_it.master) == (without.returns, without.master)
    strip = with_it.tracks[1]
    assert not strip.values
    assert strip.bypass == ("high_pass", "equaliser", "compressor")
    assert "nothing to hear" in strip.reasons[0]
    alone = engineer.decide([silent, silent])
    assert len(alone.tracks) == 2
    assert not alone.returns
    assert not alone.master.values
    decision_parameters(alone, mixer.console)


def test_one_track_and_forty_are_decided(engineer: NetworkEngineer, band: list[NetworkTrack]) -> None:
    assert len(engineer.decide(band[:1]).tracks) == 1
    assert len(engineer.decide(band * 10).tracks) == 40


def test_locks_count_the_tracks_that_are_heard(
    engineer: NetworkEngineer, mixer: Mixer, band: list[NetworkTrack]
) -> None:
    layout = mixer.console.layout["tracks"]
    column = layout.driven.index(layout.index("fader", "gain_db"))
    locked = torch.zeros(1, 4, len(layout.driven), dtype=torch.bool)
    locked[0, 1, column] = True
    held = torch.full(locked.shape, 0.5)
    tracks = [replace(band[0], embedding=None), *band]
    decision = engineer.decide(tracks, locked={"tracks": locked}, locked_units={"tracks": held})
    parameter = layout.columns[layout.driven[column]].parameter
    wanted = float(parameter.from_unit(torch.tensor(0.5)))
    assert decision.tracks[2].values["fader"]["gain_db"] == pytest.approx(wanted, abs=1e-6)
    assert decision.tracks[1].values["fader"]["gain_db"] != pytest.approx(wanted, abs=1e-6)
