"""A pan of ours by REAPER's balance, and the gain that is then left."""

import torch

from gainstage.dsp.panning import balance_gains, pan_gains
from gainstage.interchange.freezing import Live
from gainstage.processors.pan import Pan


def balance(live: Live) -> tuple[float, float]:
    """REAPER leaves the near channel and lets the far one fall in a straight line.

    For mono signals our law lifts the near one as well; the place has the ratio of both, the gain the rest.

    Returns:
        REAPER's pan, −1 (left) … +1 (right), and the gain for the fader.
    """
    stage = next((stage for stage in live.strip.chain if stage.name == "pan"), None)
    if stage is None:
        return 0.0, 1.0
    assert isinstance(stage.processor, Pan)
    position = torch.tensor(stage.values["position"], dtype=torch.float64)
    gains = pan_gains(position, law=stage.processor.law) if live.channels == 1 else balance_gains(position)
    left, right = gains.tolist()
    return (1.0 - left / right, right) if right >= left else (right / left - 1.0, left)
