"""From paper to time: swing, a player's early or late feel, unsteady fingers, dynamics."""

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.form import Plan
from gainstage.data.synthetic.score import Array, Notes, Written
from gainstage.data.synthetic.streams import between, happens


def perform(plan: Plan, written: Written, rng: Generator, *, machine: bool) -> Notes:
    """Play written notes as a person does, or as a sequencer does.

    Args:
        plan: tempo, swing and energy of the song.
        written: the notes in beats.
        rng: the player's habits: how late, how unsteady, how wide in dynamics.
        machine: a sequencer: no unsteadiness, hardly any dynamics.
    """
    onset, length, pitch, velocity = (
        np.array(column, dtype=np.float64) for column in zip(*written, strict=True)
    )
    beat_s = 60.0 / plan.tempo_bpm
    start_s = _swung(onset, plan.swing, plan.swing_unit) * beat_s
    end_s = _swung(onset + length, plan.swing, plan.swing_unit) * beat_s
    loose_s = 0.0 if machine else between(rng, 0.002, 0.014)
    lag_s = 0.0 if machine else float(rng.normal(0.0, 0.006))
    played_s = np.maximum(start_s + lag_s + rng.normal(0.0, 1.0, len(start_s)) * loose_s, 0.0)
    order = np.argsort(played_s, kind="stable")
    loudness = _dynamics(plan, onset, velocity, rng, machine=machine)
    return Notes(played_s[order], np.maximum(end_s - start_s, 0.02)[order], pitch[order], loudness[order])


def _swung(beat: Array, swing: float, unit: float) -> Array:
    # Within each pair of units the first half is stretched to `swing` of the pair, the second half squeezed.
    pair, within = np.divmod(beat, 2.0 * unit)
    phase = within / (2.0 * unit)
    bent = np.where(phase < 0.5, phase * 2.0 * swing, swing + (phase - 0.5) * 2.0 * (1.0 - swing))
    return np.asarray((pair + bent) * 2.0 * unit)


def _dynamics(plan: Plan, onset: Array, velocity: Array, rng: Generator, *, machine: bool) -> Array:
    """Velocity: what is written, times how hard this section is played, times how unsteady the hand is."""
    spread = 0.0 if machine and happens(rng, 0.6) else between(rng, 0.02, 0.12)
    reach = between(rng, 0.01, 0.08 if machine else 0.3)  # how much softer the soft sections are
    first_beat = np.array([s.first_bar * plan.beats_per_bar for s in plan.sections])
    energy = np.array([s.energy for s in plan.sections])
    index = np.searchsorted(first_beat, onset, side="right") - 1
    played = velocity * (1.0 - reach * (1.0 - energy[np.maximum(index, 0)]))
    return np.asarray(np.clip(played + rng.normal(0.0, 1.0, len(onset)) * spread, 0.05, 1.0))
