"""The two graphs give what the mixer gives: sections of any length, mono, padding, locks."""

import pytest
import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.interchange.weights.graphs import Hear, Set, Widths, driven, packed
from gainstage.models.checkpoint import TrainedMixer
from gainstage.models.mixer import Mixer
from gainstage.models.network_engineer import cut, section_samples
from gainstage.roles import ROLES


@pytest.fixture(scope="module")
def mixer(trained: TrainedMixer) -> Mixer:
    return trained.mixer


@pytest.mark.parametrize("more", [0, 1, 2047, 2048, 3 * 2048 + 700, 40_000])
def test_a_section_of_any_length_is_heard_as_the_encoder_hears_it(mixer: Mixer, more: int) -> None:
    """Loud to its last sample: what is behind the last frame must not be heard."""
    front = mixer.front.settings
    audio = 0.2 * torch.randn(2, 2, front.fft_size + more)
    audio[0, 1] = audio[0, 0]
    with torch.no_grad():
        found = Hear(mixer)(audio)
        for i, row in enumerate(audio):
            spectra = mixer.front.framed(row[None])
            wanted = packed(mixer.encoder.hear(spectra, torch.tensor([spectra.shape[-1]])))
            for one, other in zip(found, wanted, strict=True):
                assert torch.allclose(one[i], other[0], rtol=1e-4, atol=1e-4)


def _locks(mixer: Mixer, tracks: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    locked, held = {}, {}
    for section in driven(mixer.console.layout):
        shape = (1, mixer.console.num_strips(section, tracks), len(mixer.console.layout[section].driven))
        locked[section], held[section] = torch.rand(shape) < 0.3, torch.rand(shape)
        held[section][~locked[section]] = float("nan")  # nobody may read it
    return locked, held


@pytest.mark.parametrize("lufs", [-30.0, -9.0])
def test_a_console_is_set_as_the_mixer_sets_it_and_padding_changes_nothing(mixer: Mixer, lufs: float) -> None:
    rate = mixer.front.settings.sample_rate
    songs = [0.1 * torch.randn(3, 2, rate), 0.1 * torch.randn(3, 2, rate)]
    roles = torch.tensor([[0, 12, 18]])
    locked, held = _locks(mixer, 3)
    told = Conditions(roles, torch.tensor([-1]), torch.tensor([lufs]), locked, held)
    hear, set_ = Hear(mixer), Set(mixer)
    with torch.no_grad():
        sums, largest = hear(songs[0])
        embeddings = mixer.listen(mixer.front.stereo(songs[0].unfold(-1, 2048, 2048)), torch.full((3,), 21))
        wanted = mixer.set(embeddings[None], torch.ones(1, 3, dtype=torch.bool), told).units
        padded = [torch.nn.functional.pad(x, (0, 0, 0, 2), value=7.0)[None] for x in (sums, largest)]
        locks = [t for s in set_.driven for t in (locked[s], held[s])]
        locks[:2] = [torch.nn.functional.pad(t, (0, 0, 0, 2)) for t in locks[:2]]
        mask = torch.tensor([[True, True, True, False, False]])
        more_roles = torch.nn.functional.pad(roles, (0, 2), value=len(ROLES) - 1)
        found = set_(*padded, mask, more_roles, torch.tensor([lufs]), tuple(locks))
    assert set_.driven == ("tracks", "returns", "master")
    for section, units in zip(set_.driven, found, strict=True):
        same = units[:, :3] if section == "tracks" else units
        assert torch.allclose(same, wanted[section], atol=1e-5)
        assert torch.equal(same[locked[section]], held[section][locked[section]])


def test_pooled_sections_have_the_widths_that_are_promised(mixer: Mixer) -> None:
    widths = Widths.of(mixer)
    sums, largest = Hear(mixer)(torch.zeros(1, 2, 2048))
    assert (sums.shape, largest.shape) == ((1, widths.sums), (1, widths.largest))
    step = section_samples(mixer.front.settings)
    assert step == 431 * 2048  # 20 s
    lengths = [part.shape[-1] for part in cut([torch.zeros(2, 2 * step + 5)], mixer.front.settings)]
    assert lengths == [step, step + 5 + 2048]  # the last may be up to half a window longer
