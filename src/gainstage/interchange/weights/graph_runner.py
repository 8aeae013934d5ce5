"""The two graphs at work, whatever runs them: tracks are heard section by section, then a console is set."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.interchange.weights.graphs import driven
from gainstage.models.log_mel import FrontSettings
from gainstage.models.network_engineer import cut


class GraphRunner:
    """Runs the graphs.

    Args:
        hear: audio of a section → sums and largest.
        set: inputs by name, in order → units by name (`units_tracks`, …).
        num_sums: numbers of a row that are added up; the others are maxima.
        front: of the network.
        console: that it sets.
    """

    def __init__(
        self,
        hear: Callable[[Tensor], tuple[Tensor, Tensor]],
        set: Callable[[dict[str, Tensor]], Mapping[str, Tensor]],
        *,
        num_sums: int,
        front: FrontSettings,
        console: Console,
    ) -> None:
        self._hear, self._set, self._num_sums = hear, set, num_sums
        self.front, self.console = front, console

    def hear(self, audio: Iterable[Tensor]) -> Tensor:
        """What is kept of one staged track from blocks of its audio, in one row.

        Shape: each (2, samples) → (sums + largest,).
        """
        sums, largest = None, None
        for section in cut(audio, self.front):
            more, top = self._hear(section[None].contiguous())
            sums = more if sums is None else sums + more
            largest = top if largest is None else torch.maximum(largest, top)
        assert sums is not None, "a track has at least one section"
        assert largest is not None
        return torch.cat([sums[0], largest[0]])

    def units(self, heard: Tensor, mask: Tensor, conditions: Conditions) -> dict[str, Tensor]:
        """Unit values of the driven sections; what is locked stands as it is held.

        Shape: heard (songs, tracks, sums + largest), mask (songs, tracks) → (songs, strips, driven) each.
        """
        songs, tracks = mask.shape
        feeds = {
            "sums": heard[..., : self._num_sums].contiguous(),
            "largest": heard[..., self._num_sums :].contiguous(),
            "mask": mask,
            "roles": conditions.roles,
            "target_loudness_lufs": conditions.target_loudness_lufs,
        }
        for section in driven(self.console.layout):
            strips, width = self.console.num_strips(section, tracks), len(self.console.layout[section].driven)
            nothing = torch.zeros(songs, strips, width)
            feeds[f"locked_{section}"] = conditions.locked.get(section, nothing.bool())
            feeds[f"held_{section}"] = conditions.locked_units.get(section, nothing).float()
        return {name.removeprefix("units_"): value for name, value in self._set(feeds).items()}
