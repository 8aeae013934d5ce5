"""A batch of three songs on the default console: one has its mix, one its truth, one neither."""

import math

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.spec import named
from gainstage.data.batch import Batch
from gainstage.models.role_statistics import RoleStatistics, at_start
from gainstage.roles import ROLES

RATE, PRE_ROLL, SAMPLES = 44100, 1024, 4096
CONSOLE = Console(named("basic"))
SONGS, TRACKS = 3, 4
RENDERED = (2, 0)


def usual() -> RoleStatistics:
    """Means that tell roles and parameters apart, with spreads that reach over the ends."""
    start = at_start(CONSOLE.layout)
    draw = torch.Generator().manual_seed(5)
    mean = {s: torch.rand(m.shape, generator=draw) for s, m in start.mean.items()}
    return RoleStatistics(mean, {s: torch.full_like(m, 0.1) for s, m in mean.items()})


def truth_units() -> dict[str, Tensor]:
    """Moderate settings."""
    draw = torch.Generator().manual_seed(6)
    return {
        s: 0.3 + 0.4 * torch.rand(SONGS, CONSOLE.num_strips(s, TRACKS), len(layout.driven), generator=draw)
        for s, layout in CONSOLE.layout.items()
    }


def parameters(units: dict[str, Tensor]) -> Parameters:
    """What a mixer makes of unit values."""
    neutral = CONSOLE.neutral(batch=SONGS, tracks=TRACKS)
    values = {s: CONSOLE.layout[s].to_physical(u, neutral.values[s]) for s, u in units.items()}
    return Parameters(values, neutral.bypass, neutral.mute, neutral.groups)


def by_hand(batch: Batch, item: int, units: dict[str, Tensor], gain_db: float) -> Tensor:
    """The mix of one rendered item without its padding, at an output gain."""
    row, there = RENDERED[item], batch.mask[RENDERED[item]]
    neutral = CONSOLE.neutral(batch=1, tracks=int(there.sum()))
    values = {}
    for section, layout in CONSOLE.layout.items():
        own = units[section][row : row + 1]
        own = own[:, there] if section == "tracks" else own
        values[section] = layout.to_physical(own, neutral.values[section])
    values["master"][..., CONSOLE.layout["master"].index("output_gain", "gain_db")] = gain_db
    settings = Parameters(values, neutral.bypass, neutral.mute, neutral.groups)
    return CONSOLE.render(
        batch.tracks[item : item + 1, there],
        settings,
        sample_rate=RATE,
        is_stereo=batch.is_stereo[row : row + 1, there],
    ).mix[0]


def batch() -> Batch:
    """Song 0 has three tracks and no mix file, song 1 no truth, song 2 four tracks and a mix file."""
    draw = torch.Generator().manual_seed(7)
    mask = torch.ones(SONGS, TRACKS, dtype=torch.bool)
    mask[0, 3] = mask[1, 2:] = False
    roles = torch.randint(0, len(ROLES), (SONGS, TRACKS), generator=draw) * mask
    tracks = 0.1 * torch.randn(len(RENDERED), TRACKS, 2, SAMPLES, generator=draw)
    target = 0.1 * torch.randn(len(RENDERED), 2, SAMPLES, generator=draw)
    target[1] = math.nan
    units = truth_units()
    units["tracks"] = units["tracks"] * mask[..., None]
    for section in units:
        units[section][1] = 0.0
    return Batch(
        spectra=torch.rand(SONGS * TRACKS, 3, 26, 5, generator=draw),
        num_frames=torch.full((SONGS * TRACKS,), 5),
        heard=torch.arange(SONGS * TRACKS).reshape(SONGS, TRACKS),
        mask=mask,
        is_stereo=torch.rand(SONGS, TRACKS, generator=draw) < 0.5,
        conditions=Conditions(roles, torch.full((SONGS,), -1), torch.full((SONGS,), -20.0)),
        truth=units,
        has_truth=torch.tensor([True, False, True]),
        output_gain_db=torch.tensor([-4.5, 0.0, 3.25]),
        rendered=torch.tensor(RENDERED),
        tracks=tracks,
        target=target,
        start_sample=torch.tensor([6400, 64]),
        pre_roll=PRE_ROLL,
        sample_rate=RATE,
        song_ids=("zero", "one", "two"),
    )
