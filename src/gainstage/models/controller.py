"""Embeddings of all tracks → unit values of the console: each track sees itself and the average of all."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gainstage.console.conditions import Conditions
from gainstage.console.layout import SectionLayout, logit_from_unit, unit_from_logit
from gainstage.models.encoder import IS_STEREO, NUMBERS
from gainstage.models.role_statistics import RoleStatistics, at_start
from gainstage.roles import GROUPS, ROLES, group_of

_LOUDNESS_CENTRE, _LOUDNESS_SPREAD = -20.0, 10.0
_ROLE_WIDTH = 48
_SIGN_SLOPE = 8.0  # an eighth of the spread over all tracks is clearly more
_VARIES, _SHARPNESS, _SURE = 0.04, 4.0, 5.0  # a position that moves by .04 of its range may or may not vary
_POSITION = "pan.position"
_FIRST_WEIGHTS = 2e-4  # nearly nothing, so that an untrained network gives its centres; zero would teach the
# layers below nothing in the first step


class MeanContext(nn.Module):
    """A layer in which each track sees itself, the mean and the largest value of all, and its group's mean.

    Permuting the tracks permutes the outputs; padding takes no part.

    Shape: (batch, tracks, inputs) → (batch, tracks, outputs).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.all = nn.Linear(2 * inputs + 1, outputs, bias=False)
        self.group = nn.Linear(inputs + 1, outputs, bias=False)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, tracks: Tensor, mask: Tensor, same_group: Tensor) -> Tensor:
        """Mix what each track knows with what all know and what its group knows."""
        together = self.all(context(tracks, mask))[:, None] + self.group(group_context(tracks, same_group))
        return nn.functional.silu(self.norm(self.own(tracks) + together))


def context(tracks: Tensor, mask: Tensor) -> Tensor:
    """Mean and largest value over the tracks that there are, and the logarithm of their number.

    Shape: (batch, tracks, width) → (batch, 2·width + 1).
    """
    present = mask[..., None].to(tracks.dtype)
    count = present.sum(1).clamp(min=1.0)
    mean = (tracks * present).sum(1) / count
    largest = tracks.masked_fill(~mask[..., None], torch.finfo(tracks.dtype).min).amax(1)
    largest = torch.where(mask.any(1, keepdim=True), largest, torch.zeros_like(largest))
    return torch.cat([mean, largest, count.log()], dim=-1)


def group_context(tracks: Tensor, same_group: Tensor) -> Tensor:
    """Mean over the tracks of a track's own group, itself included, and the logarithm of their number.

    Shape: tracks (batch, tracks, width), same_group (batch, tracks, tracks) → (batch, tracks, width + 1).
    """
    weights = same_group.to(tracks.dtype)
    count = weights.sum(-1, keepdim=True).clamp(min=1.0)
    return torch.cat([weights @ tracks / count, count.log()], dim=-1)


class Neighbours(nn.Module):
    """How a track stands beside those with which it shares a place: brighter, louder, busier than they.

    What belongs left or right, in front or behind, is decided between tracks, by differences far smaller than
    those between instruments. So differences are taken before anything else is made of the numbers: to the
    nearest tracks, those of the own group or all others where the group has none, and to all others.

    Which tracks count is learned for each role, mono and stereo apart. Learning that from nothing takes very
    long, for the first differences then are to the wrong tracks; so one kind of neighbour begins as the mono
    tracks of those roles whose position varies in the training set (`begin_at`).

    Args:
        numbers: numbers of each track that are compared.
        kinds: kinds of neighbours.

    Shape: (batch, tracks, numbers) → (batch, tracks, width).
    """

    def __init__(self, numbers: int, *, kinds: int = 2) -> None:
        super().__init__()
        self.counts = nn.Embedding(2 * len(ROLES), kinds)
        nn.init.zeros_(self.counts.weight)
        self.width = 2 * kinds * (2 * numbers + 1)

    def begin_at(self, spread: Tensor) -> None:
        """Let the first kind of neighbours be the mono tracks whose position varies. Shape: (roles,)."""
        mono = (_SHARPNESS * torch.log(spread.float() / _VARIES)).clamp(-_SURE, _SURE)
        self.counts.weight.data[: len(ROLES), 0] = mono
        self.counts.weight.data[len(ROLES) :, 0] = -_SURE

    def forward(
        self, numbers: Tensor, roles: Tensor, is_stereo: Tensor, mask: Tensor, same_group: Tensor
    ) -> Tensor:
        """Differences to neighbours, plain and as signs, and how many neighbours there are.

        Shape: numbers (batch, tracks, numbers), roles, is_stereo and mask (batch, tracks), same_group
            (batch, tracks, tracks).
        """
        counts = torch.sigmoid(self.counts(roles + is_stereo.long() * len(ROLES)))
        apart = ~torch.eye(numbers.shape[1], dtype=torch.bool, device=numbers.device)
        group, in_group = _differences(numbers, counts, same_group & apart)
        everyone, in_all = _differences(numbers, counts, mask[:, :, None] & mask[:, None, :] & apart)
        has_group = (in_group / (in_group + 0.1))[..., None]
        nearest = has_group * group + (1.0 - has_group) * everyone
        parts = [nearest, torch.tanh(_SIGN_SLOPE * nearest), everyone, torch.tanh(_SIGN_SLOPE * everyone)]
        return torch.cat([*(part.flatten(2) for part in parts), in_group.log1p(), in_all.log1p()], dim=-1)


def _differences(numbers: Tensor, counts: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Each track's numbers minus the mean of its neighbours', and how many those are.

    Shape: numbers (batch, tracks, numbers), counts (batch, tracks, kinds), pairs (batch, tracks, tracks) →
        (batch, tracks, kinds, numbers) and (batch, tracks, kinds).
    """
    weights = pairs.to(counts)[..., None] * counts[:, None]
    total = weights.sum(2)
    others = torch.einsum("bijk,bjn->bikn", weights, numbers)
    # nobody there: no difference; one neighbour: nearly all of it
    return (total[..., None] * numbers[:, :, None] - others) / (total[..., None] + 0.05), total


class Controller(nn.Module):
    """Sets the console from what was heard and from the conditions.

    The idea is that of the differentiable mixing console: the same network for every track, fed with its own
    embedding and the average of all. Role, target loudness and what a person has locked are told to it. It
    begins at the console's gentle start, or at the means of a training set's roles (`begin_at`), and learns
    what differs from them.

    Args:
        layout: of the console to drive, section → columns.
        width: of the embeddings, whose last columns are the encoder's plain numbers.
        hidden: width of the layers.
        depth: layers in which tracks see each other.
        dropout: in training.

    References: Steinmetz, Pons, Pascual, Serrà, "Automatic multitrack mixing with a differentiable mixing
        console of neural audio effects", ICASSP 2021, section 2.
    """

    def __init__(
        self,
        layout: Mapping[str, SectionLayout],
        *,
        width: int,
        hidden: int = 256,
        depth: int = 3,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.widths = {section: len(columns.driven) for section, columns in layout.items()}
        self.roles = nn.Embedding(len(ROLES), _ROLE_WIDTH)
        groups = torch.tensor([GROUPS.index(group_of(role)) for role in ROLES])
        self.register_buffer("groups", groups, persistent=False)
        self.neighbours = Neighbours(NUMBERS)
        paths = [layout["tracks"].columns[i].path for i in layout["tracks"].driven]
        self._position = paths.index(_POSITION) if _POSITION in paths else None
        told = width + self.neighbours.width + _ROLE_WIDTH + 1 + 2 * self.widths["tracks"]
        self.layers = nn.ModuleList(MeanContext(hidden if i else told, hidden) for i in range(depth))
        self.drop = nn.Dropout(dropout)
        self.heads, self.centres = nn.ModuleDict(), nn.ParameterDict()
        start = at_start(layout)
        for section, driven in self.widths.items():
            if not driven:
                continue
            inputs = 2 * hidden + 1 + 2 * driven
            if section == "tracks":
                inputs = 2 * hidden + _ROLE_WIDTH + self.neighbours.width
            last = nn.Linear(hidden, driven)
            nn.init.normal_(last.weight, std=_FIRST_WEIGHTS)
            nn.init.zeros_(last.bias)
            self.heads[section] = nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), last)
            self.centres[section] = nn.Parameter(torch.zeros_like(start.mean[section]))
        self.begin_at(start)

    def begin_at(self, statistics: RoleStatistics) -> None:
        """Make the untrained network give these means, to within .001 of a unit value."""
        for section in self.heads:
            self.centres[section].data.copy_(logit_from_unit(statistics.mean[section]))
        if self._position is not None:
            self.neighbours.begin_at(statistics.spread["tracks"][:, self._position])

    def forward(
        self, heard: Tensor, mask: Tensor, conditions: Conditions, strips: Mapping[str, int]
    ) -> dict[str, Tensor]:
        """Unit values of every section, before locks are put in place (`apply_locks`).

        Args:
            heard: the tracks' embeddings; those of padding are not read.
            mask: which tracks there are.
            conditions: roles, target loudness, locks.
            strips: section → how many strips it has.

        Shape: heard (batch, tracks, width) → section → (batch, strips, driven).
        """
        heard = heard.masked_fill(~mask[..., None], 0.0)  # sums run over padding, and NaN · 0 is NaN
        roles = self.roles(conditions.roles)
        same_group = self._same_group(conditions.roles, mask)
        beside = self._beside(heard, conditions.roles, mask, same_group)
        first, tracks = self._together(heard, beside, roles, mask, same_group, conditions)
        everyone = self.drop(context(tracks, mask))
        units = {}
        for section, driven in self.widths.items():
            if not driven:
                units[section] = heard.new_zeros(mask.shape[0], strips[section], 0)
                continue
            centre = self.centres[section]
            if section == "tracks":
                centre = centre[conditions.roles]
                seen = torch.cat([self.drop(torch.cat([first, tracks, roles], dim=-1)), beside], dim=-1)
            else:
                locks = self._locks(conditions, section, mask.shape[0], strips[section], heard)
                seen = torch.cat([everyone[:, None].expand(-1, strips[section], -1), locks], dim=-1)
            units[section] = unit_from_logit(centre + self.heads[section](seen))
        return units

    def _beside(self, heard: Tensor, roles: Tensor, mask: Tensor, same_group: Tensor) -> Tensor:
        """How each track stands beside its neighbours. Shape (batch, tracks, width)."""
        numbers = heard[..., -NUMBERS:]
        beside: Tensor = self.neighbours(numbers, roles, numbers[..., IS_STEREO] > 0.0, mask, same_group)
        return beside

    def _together(
        self,
        heard: Tensor,
        beside: Tensor,
        roles: Tensor,
        mask: Tensor,
        same_group: Tensor,
        conditions: Conditions,
    ) -> tuple[Tensor, Tensor]:
        """The tracks after the first layer, and after all in which they see each other.

        Shape: (batch, tracks, hidden) each.
        """
        batch, num_tracks = mask.shape
        loudness = (conditions.target_loudness_lufs - _LOUDNESS_CENTRE) / _LOUDNESS_SPREAD
        told = loudness.to(heard)[:, None, None].expand(-1, num_tracks, 1)
        locks = self._locks(conditions, "tracks", batch, num_tracks, heard)
        first = self.layers[0](torch.cat([heard, beside, roles, told, locks], dim=-1), mask, same_group)
        tracks = first
        for layer in self.layers[1:]:
            tracks = tracks + layer(self.drop(tracks), mask, same_group)
        return first, tracks

    def _same_group(self, roles: Tensor, mask: Tensor) -> Tensor:
        """Which pairs of tracks play in the same group. Shape (batch, tracks, tracks)."""
        assert isinstance(self.groups, Tensor)
        group = self.groups[roles]
        return (group[:, :, None] == group[:, None, :]) & mask[:, :, None] & mask[:, None, :]

    def _locks(self, conditions: Conditions, section: str, batch: int, strips: int, like: Tensor) -> Tensor:
        """What is locked, and at which values. Shape (batch, strips, 2·driven)."""
        if section not in conditions.locked:
            return like.new_zeros(batch, strips, 2 * self.widths[section])
        locked = conditions.locked[section]
        held = conditions.locked_units[section].to(like)  # anything where nothing is locked, even NaN
        return torch.cat([locked.to(like), torch.where(locked, held, 0.0)], dim=-1)
