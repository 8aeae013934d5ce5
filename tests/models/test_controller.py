"""The controller: order and padding of tracks, locks, where it begins, both ends, and its gradients."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gainstage.console.conditions import Conditions, apply_locks
from gainstage.console.layout import END_LOGIT
from gainstage.console.spec import ConsoleSpec, named
from gainstage.models.encoder import NUMBERS
from gainstage.models.mixer import Mixer
from gainstage.models.role_statistics import RoleStatistics, at_start
from gainstage.models.settings import MixerSettings
from gainstage.roles import ROLES
from tests.models.scene import SETTINGS, conditions, embeddings, fresh_mixer, last_layers, lively_mixer

Units = dict[str, Tensor]
BUSES = ("returns", "master")


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    return lively_mixer()


def roles_of(*names: str) -> Tensor:
    return torch.tensor([[ROLES.index(name) for name in names]])


BAND = roles_of("kick", "bass", "guitar_electric", "guitar_electric", "lead_vocal")


def decide(mixer: Mixer, heard: Tensor, given: Conditions, mask: Tensor | None = None) -> Units:
    mask = torch.ones(heard.shape[:2], dtype=torch.bool) if mask is None else mask
    with torch.no_grad():
        return mixer.set(heard, mask, given).units


def apart(one: Units, other: Units, sections: tuple[str, ...] = ("tracks", *BUSES)) -> float:
    return max(float((one[s] - other[s]).abs().max()) for s in sections)


def no_locks(mixer: Mixer, tracks: int) -> tuple[Units, Units]:
    """Nothing locked, at values which nobody may look at."""
    neutral = mixer.console.neutral(batch=1, tracks=tracks).values
    shapes = {s: (1, values.shape[1], mixer.controller.widths[s]) for s, values in neutral.items()}
    return (
        {s: torch.zeros(shape, dtype=torch.bool) for s, shape in shapes.items()},
        {s: torch.full(shape, float("nan")) for s, shape in shapes.items()},
    )


def test_permuting_tracks_permutes_their_settings(mixer: Mixer) -> None:
    heard, order = embeddings(mixer, 5), torch.tensor([2, 4, 3, 1, 0])
    locked, held = no_locks(mixer, 5)
    locked["tracks"][0, 1, 7], held["tracks"][0, 1, 7] = True, 0.9
    a = decide(mixer, heard, conditions(BAND, locked=locked, locked_units=held))
    moved = {s: {**part, "tracks": part["tracks"][:, order]} for s, part in (("l", locked), ("h", held))}
    given = conditions(BAND[:, order], locked=moved["l"], locked_units=moved["h"])
    b = decide(mixer, heard[:, order], given)
    assert (a["tracks"][:, order] - b["tracks"]).abs().max() < 1e-5
    assert apart(a, b, BUSES) < 1e-5
    assert a["tracks"].std(1).max() > 0.05  # the tracks differ, so the order could have shown


@pytest.mark.parametrize("junk", [0.0, 7.0, float("nan")])
def test_padding_and_other_songs_change_nothing(mixer: Mixer, junk: float) -> None:
    heard = embeddings(mixer, 5)
    alone = decide(mixer, heard, conditions(BAND))
    batch = torch.full((2, 8, heard.shape[-1]), junk)
    batch[0, :5], batch[1, :7] = heard, embeddings(mixer, 7, seed=1)
    mask = torch.zeros(2, 8, dtype=torch.bool)
    mask[0, :5] = mask[1, :7] = True
    roles = torch.zeros(2, 8, dtype=torch.long)
    roles[0, :5], roles[1] = BAND, torch.arange(8)
    both = decide(mixer, batch, conditions(roles), mask)
    assert apart(alone, {s: u[:1, :5] for s, u in both.items()}) < 1e-5
    assert apart({s: u[:, :1] for s, u in alone.items()}, {s: u[1:, :1] for s, u in both.items()}) > 0.01


def test_padding_changes_no_gradient(mixer: Mixer) -> None:
    heard = embeddings(mixer, 5)
    padded = torch.cat([heard, torch.full((1, 2, heard.shape[-1]), float("nan"))], dim=1)
    mask = torch.tensor([[True] * 5 + [False] * 2])
    found = []
    for tracks, there, roles in (
        (heard, mask[:, :5], BAND),
        (padded, mask, torch.nn.functional.pad(BAND, (0, 2))),
    ):
        mixer.zero_grad()
        units = mixer.set(tracks, there, conditions(roles)).units
        (units["tracks"][:, :5].square().sum() + units["master"].sum()).backward()
        grads = {n: p.grad.clone() for n, p in mixer.named_parameters() if p.grad is not None}
        found.append(grads)
    for name, grad in found[0].items():
        assert torch.allclose(grad, found[1][name], atol=1e-4 * float(grad.abs().max()) + 1e-7), name


@pytest.mark.parametrize("section", ["tracks", "returns", "master"])
def test_locked_values_stand_and_are_told_to_the_network(mixer: Mixer, section: str) -> None:
    heard = embeddings(mixer, 5)
    strip = 1 if section == "tracks" else 0

    def with_lock(value: float | None) -> Units:
        locked, held = no_locks(mixer, 5)
        if value is not None:
            locked[section][0, strip, 5], held[section][0, strip, 5] = True, value
        return decide(mixer, heard, conditions(BAND, locked=locked, locked_units=held))

    free, low, high = (with_lock(value) for value in (None, 0.123, 0.877))
    assert apart(free, decide(mixer, heard, conditions(BAND))) < 1e-6  # NaN where nothing is locked
    assert low[section][0, strip, 5] == torch.tensor(0.123)
    assert high[section][0, strip, 5] == torch.tensor(0.877)
    changed = (low[section] - high[section]).abs()
    changed[0, strip, 5] = 0.0
    assert changed.max() > 1e-4  # others make room for the value
    assert (free[section] - low[section]).abs().max() > 1e-4
    if section == "tracks":
        assert changed[0, 0].max() > 1e-5  # other tracks too
        assert (low["master"] - high["master"]).abs().max() > 1e-6


def test_locks_at_zero_are_told_too(mixer: Mixer) -> None:
    heard = embeddings(mixer, 5)
    locked, held = no_locks(mixer, 5)
    free = decide(mixer, heard, conditions(BAND))
    locked["tracks"][0, 0, 3], held["tracks"][0, 0, 3] = True, 0.0
    found = decide(mixer, heard, conditions(BAND, locked=locked, locked_units=held))
    assert (free["tracks"][0, 1:] - found["tracks"][0, 1:]).abs().max() > 1e-5


def test_an_untrained_network_gives_the_means_of_the_roles() -> None:
    mixer = fresh_mixer()
    layout = mixer.console.layout
    start = at_start(layout)
    assert apart_from_means(mixer, start) < 1e-3
    draw = torch.Generator().manual_seed(0)
    means = {s: torch.rand(mean.shape, generator=draw) for s, mean in start.mean.items()}
    means["tracks"][:, 0], means["tracks"][:, 1] = 0.0, 1.0
    usual = RoleStatistics(means, start.spread)
    mixer.controller.begin_at(usual)
    assert apart_from_means(mixer, usual) < 1e-3


def apart_from_means(mixer: Mixer, usual: RoleStatistics) -> float:
    units = decide(mixer, embeddings(mixer, 5), conditions(BAND))
    means = {"tracks": usual.mean["tracks"][BAND], **{s: usual.mean[s][None] for s in BUSES}}
    return apart(units, means)


@pytest.mark.parametrize(("sign", "end"), [(-1.0, 0.0), (1.0, 1.0)])
def test_both_ends_are_reached_and_can_be_left(sign: float, end: float) -> None:
    mixer = fresh_mixer()
    for section, centre in mixer.controller.centres.items():
        centre.data.fill_(1.1 * sign * END_LOGIT)
        last_layers(mixer.controller)[section].weight.data.zero_()
    decided = mixer.set(embeddings(mixer, 5), torch.ones(1, 5, dtype=torch.bool), conditions(BAND))
    for section, units in decided.units.items():
        assert (units == end).all()
        layout = mixer.console.layout[section]
        for i in layout.driven:
            row = layout.columns[i].parameter
            wanted = row.low if end == 0.0 else row.high
            assert decided.parameters.values[section][0, :, i].tolist() == pytest.approx(
                [wanted] * units.shape[1], rel=1e-6, abs=1e-9
            )
    torch.stack([units.sum() for units in decided.units.values()]).sum().backward()
    for section, last in last_layers(mixer.controller).items():
        assert last.bias.grad is not None
        assert (last.bias.grad > 0).all(), section


def test_every_driven_value_of_every_section_learns(mixer: Mixer) -> None:
    mixer.zero_grad()
    heard = embeddings(mixer, 5).requires_grad_()
    units = mixer.set(heard, torch.ones(1, 5, dtype=torch.bool), conditions(BAND)).units
    torch.stack([(u * torch.rand_like(u)).sum() for u in units.values()]).sum().backward()
    assert heard.grad is not None
    assert (heard.grad.abs().sum(-1) > 0).all()
    for section, last in last_layers(mixer.controller).items():
        centre = mixer.controller.centres[section].grad
        assert centre is not None
        assert last.bias.grad is not None
        assert (last.bias.grad != 0).all(), section
        assert last.bias.shape == (mixer.controller.widths[section],)
        rows = BAND[0].unique() if section == "tracks" else torch.tensor([0])
        assert (centre[rows] != 0).all(), section
    for name, weight in mixer.controller.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


@pytest.mark.parametrize("tracks", [1, 2, 40])
def test_any_number_of_tracks_is_set(mixer: Mixer, tracks: int) -> None:
    roles = torch.randint(0, len(ROLES), (1, tracks))
    units = decide(mixer, embeddings(mixer, tracks), conditions(roles))
    for section, values in units.items():
        assert torch.isfinite(values).all(), section
        assert ((values >= 0) & (values <= 1)).all()
    assert units["tracks"].shape[:2] == (1, tracks)


def test_target_loudness_and_roles_are_heard(mixer: Mixer) -> None:
    heard = embeddings(mixer, 5)
    free = decide(mixer, heard, conditions(BAND))
    louder = decide(mixer, heard, conditions(BAND, loudness=-10.0))
    assert all((free[s] - louder[s]).abs().max() > 1e-4 for s in ("tracks", *BUSES))
    other = BAND.clone()
    other[0, 0] = ROLES.index("pad")
    renamed = decide(mixer, heard, conditions(other))
    assert all((free["tracks"][0, i] - renamed["tracks"][0, i]).abs().max() > 1e-4 for i in range(5))


def test_neighbours_are_compared_by_their_differences(mixer: Mixer) -> None:
    beside = mixer.controller.neighbours
    numbers = torch.randn(1, 2, NUMBERS)
    roles, stereo = torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 2, dtype=torch.bool)
    mask, group = torch.ones(1, 2, dtype=torch.bool), torch.ones(1, 2, 2, dtype=torch.bool)
    with torch.no_grad():
        found = beside(numbers, roles, stereo, mask, group)
        moved = beside(numbers + 3.0, roles, stereo, mask, group)
        alone = beside(numbers[:, :1], roles[:, :1], stereo[:, :1], mask[:, :1], group[:, :1, :1])
        apart = beside(numbers, roles, stereo, mask, torch.eye(2, dtype=torch.bool)[None])
    assert found.shape == (1, 2, beside.width)
    assert torch.allclose(found, moved, atol=1e-4)  # what both have in common does not show
    one, other = found[0, :, : 2 * NUMBERS].unflatten(1, (2, NUMBERS)).unbind(0)
    assert torch.allclose(one, -other, atol=1e-6)
    assert (torch.sign(one[0]) == torch.sign(numbers[0, 0] - numbers[0, 1])).all()
    assert (alone == 0).all()  # nobody there
    # a group of one's own: the nearest are then all others
    assert torch.allclose(apart[..., : 2 * NUMBERS], found[..., : 2 * NUMBERS], rtol=0.2)


def test_neighbours_begin_as_the_mono_tracks_whose_position_varies() -> None:
    mixer = fresh_mixer()
    start = at_start(mixer.console.layout)
    layout = mixer.console.layout["tracks"]
    position = layout.driven.index(layout.index("pan", "position"))
    spread = {s: part.clone() for s, part in start.spread.items()}
    wide, still = ROLES.index("guitar_electric"), ROLES.index("bass")
    spread["tracks"][:, position] = 0.02
    spread["tracks"][wide, position] = 0.3
    mixer.controller.begin_at(RoleStatistics(start.mean, spread))
    counts = torch.sigmoid(mixer.controller.neighbours.counts.weight)[:, 0]
    assert counts[wide] > 0.9
    assert counts[still] < 0.1
    assert (counts[len(ROLES) :] < 0.1).all()  # stereo


def test_a_console_without_returns_or_with_nothing_driven_is_set() -> None:
    spec = ConsoleSpec.model_validate(
        {"tracks": ["fader", "pan"], "master": ["output_gain"], "not_driven": ["master.*"]}
    )
    mixer = MixerSettings(SETTINGS.encoder, SETTINGS.controller, spec).build().eval()
    units = decide(mixer, embeddings(mixer, 3), conditions(BAND[:, :3]))
    assert {s: tuple(u.shape) for s, u in units.items()} == {
        "tracks": (1, 3, 2),
        "groups": (1, 0, 0),
        "returns": (1, 0, 0),
        "master": (1, 1, 0),
    }


def test_locks_are_put_in_place_after_the_network_alone(mixer: Mixer) -> None:
    given = conditions(BAND)
    heard, mask = embeddings(mixer, 5), torch.ones(1, 5, dtype=torch.bool)
    locked, held = no_locks(mixer, 5)
    locked["tracks"][0, 2, 4], held["tracks"][0, 2, 4] = True, 0.25
    given = replace(given, locked=locked, locked_units=held)
    strips = {"tracks": 5, "groups": 0, "returns": 1, "master": 1}
    with torch.no_grad():
        free = mixer.controller(heard, mask, given, strips)
        assert free["tracks"][0, 2, 4] != 0.25
        assert apart(apply_locks(free, given), mixer.set(heard, mask, given).units) == 0


def test_the_network_of_the_default_settings_is_small() -> None:
    count = sum(
        weight.numel() for weight in replace(MixerSettings(), console=named("basic")).build().parameters()
    )
    assert 500_000 < count < 4_000_000
