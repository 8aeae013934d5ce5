"""Embeddings of all tracks → unit values of the console: each track sees itself and the average of all."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gainstage.console.conditions import Conditions
from gainstage.console.layout import SectionLayout, unit_from_logit
from gainstage.models.encoder import Embedding
from gainstage.roles import ROLES

_LOUDNESS_CENTRE, _LOUDNESS_SPREAD = -20.0, 10.0


class MeanContext(nn.Module):
    """A layer in which each track sees itself, the mean and the largest value of all tracks.

    Permuting the tracks permutes the outputs; padding takes no part.

    Shape: (batch, tracks, inputs) → (batch, tracks, outputs).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.all = nn.Linear(2 * inputs + 1, outputs, bias=False)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, tracks: Tensor, mask: Tensor) -> Tensor:
        """Mix what each track knows with what all know."""
        return nn.functional.silu(self.norm(self.own(tracks) + self.all(context(tracks, mask))[:, None]))


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


class Controller(nn.Module):
    """Sets the console from what was heard and from the conditions.

    The idea is that of the differentiable mixing console: the same network for every track, fed with its own
    embedding and the average of all. Role, target loudness and what a person has locked are told to it.

    Args:
        layout: of the console to drive, section → columns.
        width: of the embeddings.
        hidden: width of the layers.
        dropout: in training, before the heads.

    References: Steinmetz, Pons, Pascual, Serrà, "Automatic multitrack mixing with a differentiable mixing
        console of neural audio effects", ICASSP 2021, section 2.
    """

    def __init__(
        self, layout: Mapping[str, SectionLayout], *, width: int, hidden: int = 256, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.widths = {section: len(columns.driven) for section, columns in layout.items()}
        self.roles = nn.Embedding(len(ROLES), 32)
        self.enter = MeanContext(width + 32 + 1 + 2 * self.widths["tracks"], hidden)
        self.think = MeanContext(hidden, hidden)
        self.drop = nn.Dropout(dropout)
        self.heads = nn.ModuleDict()
        for section, columns in layout.items():
            if not columns.driven:
                continue
            shared = 2 * hidden + 1 + 2 * self.widths[section]
            head = nn.Sequential(
                nn.Linear(2 * hidden if section == "tracks" else shared, hidden),
                nn.SiLU(),
                nn.Linear(hidden, self.widths[section]),
            )
            last = head[-1]
            assert isinstance(last, nn.Linear)
            nn.init.normal_(last.weight, std=0.01)
            last.bias.data = columns.start_logits().float()
            self.heads[section] = head

    def forward(
        self, heard: Embedding, mask: Tensor, conditions: Conditions, strips: Mapping[str, int]
    ) -> dict[str, Tensor]:
        """Unit values of every section.

        Args:
            heard: the tracks' embeddings.
            mask: which tracks there are.
            conditions: roles, target loudness, locks.
            strips: section → how many strips it has.

        Shape: section → (batch, strips, driven).
        """
        batch, num_tracks = mask.shape
        loudness = (conditions.target_loudness_lufs - _LOUDNESS_CENTRE) / _LOUDNESS_SPREAD
        told = [
            heard.pooled,
            self.roles(conditions.roles),
            loudness.to(heard.pooled)[:, None, None].expand(-1, num_tracks, 1),
            self._locks(conditions, "tracks", batch, num_tracks, heard.pooled),
        ]
        entered = self.enter(torch.cat(told, dim=-1), mask)
        thought = torch.cat([entered, self.think(entered, mask)], dim=-1)
        units = {"tracks": unit_from_logit(self.heads["tracks"](self.drop(thought)))}
        everyone = self.drop(context(thought[..., self.enter.norm.normalized_shape[0] :], mask))
        for section in ("groups", "returns", "master"):
            if section not in self.heads:
                units[section] = heard.pooled.new_zeros(batch, strips[section], 0)
                continue
            locks = self._locks(conditions, section, batch, strips[section], heard.pooled)
            shared = torch.cat([everyone[:, None].expand(-1, strips[section], -1), locks], dim=-1)
            units[section] = unit_from_logit(self.heads[section](shared))
        return units

    def _locks(self, conditions: Conditions, section: str, batch: int, strips: int, like: Tensor) -> Tensor:
        """What is locked, and at which values. Shape (batch, strips, 2·driven)."""
        if section not in conditions.locked:
            return like.new_zeros(batch, strips, 2 * self.widths[section])
        locked = conditions.locked[section].to(like)
        return torch.cat([locked, locked * conditions.locked_units[section].to(like)], dim=-1)
