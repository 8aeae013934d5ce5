"""Solo: what is heard while some strips are listened to by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.parameters import TO_MASTER


@dataclass(frozen=True)
class Heard:
    """What passes, as 0 and 1, by section; in between while solo is faded.

    Shape: direct (batch, strips, points), into the next bus; sends (batch, returns, strips, points).
    """

    direct: Mapping[str, Tensor]
    sends: Mapping[str, Tensor]

    def faded_to(self, other: "Heard", share: Tensor) -> "Heard":
        """On the way to another solo. Shape: share (points,), 0 … 1"""
        return Heard(
            *(
                {section: torch.lerp(passes, to[section], share) for section, passes in by.items()}
                for by, to in ((self.direct, other.direct), (self.sends, other.sends))
            )
        )


def heard(solo: Mapping[str, Tensor], groups: Tensor, *, num_groups: int, num_returns: int) -> Heard:
    """Solo in place.

    A soloed group brings its tracks with it, a soloed track the group through which it runs. Returns stay
    open for what is heard; with a soloed return only that one sounds, and everything feeds it.

    Shape: groups (batch, tracks): the group of each track.
    """
    batch, tracks = groups.shape
    none = {"tracks": tracks, "groups": num_groups, "returns": num_returns}
    t, g, r = (
        solo.get(s, torch.zeros(batch, n, dtype=torch.bool)).to(groups.device) for s, n in none.items()
    )
    member = (
        groups[:, None] == torch.arange(num_groups, device=groups.device)[:, None]
    )  # (batch, groups, tracks)
    some = t.any(1, keepdim=True) | g.any(1, keepdim=True) | r.any(1, keepdim=True)
    track_on = ~some | t | (member & g[:, :, None]).any(1)
    group_on = ~some | g | (member & t[:, None]).any(2)
    return_on = ~r.any(1, keepdim=True) | r
    feeds_track = track_on[:, None] | r[:, :, None]
    feeds_group = group_on[:, None] | r[:, :, None]
    # with nothing but returns soloed, groups are stopped behind their sends, not before
    only_returns = ~t.any(1, keepdim=True) & ~g.any(1, keepdim=True) & r.any(1, keepdim=True)
    track_on = track_on | (only_returns & (groups != TO_MASTER))
    return Heard(
        direct={
            section: on.double()[..., None]
            for section, on in (("tracks", track_on), ("groups", group_on), ("returns", return_on))
        },
        sends={
            section: on.double()[..., None]
            for section, on in (("tracks", feeds_track), ("groups", feeds_group))
        },
    )
