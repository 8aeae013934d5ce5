"""Embeddings of all tracks → unit values of the console: each track sees itself and the average of all."""

from collections.abc import Mapping, Sequence

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
    those between instruments. So differences are taken before anything else is made of the numbers. Which
    tracks count as neighbours is learned from their roles and whether they are stereo.

    Args:
        roles: width of the roles' embedding.
        numbers: numbers of each track that are compared.
        kinds: kinds of neighbourhood that are learned.

    Shape: (batch, tracks, numbers) → (batch, tracks, width).
    """

    def __init__(self, roles: int, numbers: int, *, kinds: int = 2) -> None:
        super().__init__()
        self.counts = nn.Linear(roles + 1, kinds)
        self.width = 2 * kinds * (2 * numbers + 1)

    def forward(self, numbers: Tensor, roles: Tensor, is_stereo: Tensor, pairs: Sequence[Tensor]) -> Tensor:
        """Differences to the neighbours, plain and as signs, and how many neighbours there are.

        Shape: numbers (batch, tracks, numbers), roles (batch, tracks, roles), is_stereo (batch, tracks),
            pairs: each (batch, tracks, tracks), which pairs may be neighbours.
        """
        counts = torch.sigmoid(self.counts(torch.cat([roles, is_stereo[..., None].to(roles)], dim=-1)))
        apart = 1.0 - torch.eye(numbers.shape[1], device=numbers.device)
        parts = []
        for pair in pairs:
            weights = (pair.to(counts) * apart)[..., None] * counts[:, None]  # (batch, track, other, kinds)
            total = weights.sum(2)
            others = torch.einsum("bijk,bjn->bikn", weights, numbers)
            # nobody there: no difference; one neighbour: nearly all of it
            apart_by = (total[..., None] * numbers[:, :, None] - others) / (total[..., None] + 0.05)
            parts += [apart_by.flatten(2), torch.tanh(_SIGN_SLOPE * apart_by).flatten(2), torch.log1p(total)]
        return torch.cat(parts, dim=-1)


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
        self.neighbours = Neighbours(_ROLE_WIDTH, NUMBERS)
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
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)
            self.heads[section] = nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), last)
            self.centres[section] = nn.Parameter(torch.zeros_like(start.mean[section]))
        self.begin_at(start)

    def begin_at(self, statistics: RoleStatistics) -> None:
        """Make the untrained network give these means."""
        for section in self.heads:
            self.centres[section].data.copy_(logit_from_unit(statistics.mean[section]))

    def forward(
        self, heard: Tensor, mask: Tensor, conditions: Conditions, strips: Mapping[str, int]
    ) -> dict[str, Tensor]:
        """Unit values of every section.

        Args:
            heard: the tracks' embeddings.
            mask: which tracks there are.
            conditions: roles, target loudness, locks.
            strips: section → how many strips it has.

        Shape: heard (batch, tracks, width) → section → (batch, strips, driven).
        """
        batch, num_tracks = mask.shape
        roles = self.roles(conditions.roles)
        loudness = (conditions.target_loudness_lufs - _LOUDNESS_CENTRE) / _LOUDNESS_SPREAD
        told = loudness.to(heard)[:, None, None].expand(-1, num_tracks, 1)
        locks = self._locks(conditions, "tracks", batch, num_tracks, heard)
        same_group = self._same_group(conditions.roles, mask)
        numbers = heard[..., -NUMBERS:]
        pairs = (same_group, mask[:, :, None] & mask[:, None, :])
        beside = self.neighbours(numbers, roles, numbers[..., IS_STEREO] > 0.0, pairs)
        tracks = self.layers[0](torch.cat([heard, beside, roles, told, locks], dim=-1), mask, same_group)
        first = tracks
        for layer in self.layers[1:]:
            tracks = tracks + layer(self.drop(tracks), mask, same_group)
        everyone = self.drop(context(tracks, mask))
        units = {}
        for section, driven in self.widths.items():
            if not driven:
                units[section] = heard.new_zeros(batch, strips[section], 0)
            elif section == "tracks":
                seen = torch.cat([self.drop(torch.cat([first, tracks, roles], dim=-1)), beside], dim=-1)
                units[section] = unit_from_logit(
                    self.centres[section][conditions.roles] + self.heads[section](seen)
                )
            else:
                locks = self._locks(conditions, section, batch, strips[section], heard)
                seen = torch.cat([everyone[:, None].expand(-1, strips[section], -1), locks], dim=-1)
                units[section] = unit_from_logit(self.centres[section] + self.heads[section](seen))
        return units

    def _same_group(self, roles: Tensor, mask: Tensor) -> Tensor:
        """Which pairs of tracks play in the same group. Shape (batch, tracks, tracks)."""
        assert isinstance(self.groups, Tensor)
        group = self.groups[roles]
        return (group[:, :, None] == group[:, None, :]) & mask[:, :, None] & mask[:, None, :]

    def _locks(self, conditions: Conditions, section: str, batch: int, strips: int, like: Tensor) -> Tensor:
        """What is locked, and at which values. Shape (batch, strips, 2·driven)."""
        if section not in conditions.locked:
            return like.new_zeros(batch, strips, 2 * self.widths[section])
        locked = conditions.locked[section].to(like)
        return torch.cat([locked, locked * conditions.locked_units[section].to(like)], dim=-1)
