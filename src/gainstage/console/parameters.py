"""Everything that is set on a console: the named tree of physical values, switches, curves and routing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from gainstage.console.curve import Curve

TO_MASTER = -1
"""In `Parameters.groups`: the track goes straight to the master."""


@dataclass(frozen=True)
class Routing:
    """How signals run, beside their gains. What is not named is off.

    Args:
        solo: section → strips of which only the like are heard: tracks and groups (a soloed group with its
            tracks) in the direct sound; with a soloed return, of the returns only that one, fed by all.
            Keys hear everything.
        inverted: section → strips whose polarity is turned at their input.
        delay_samples: section → whole samples by which strips come later, at their input.
        pre_fader: (section, send) → strips whose send is fed from the input of their fader, before pan.
        keys: (section, processor) → where it listens: section of the sources → weights. Of its own section
            the sources are the signals at the same processor's input; groups that key a track are the sum of
            their tracks there, each at its fader; of an earlier section, what its strips give. Mute and solo
            do not act on keys. A strip without any weight listens to itself.

    Shape: solo, inverted, delay_samples and pre_fader (batch, strips); weights (batch, strips, sources).
    """

    solo: Mapping[str, Tensor] = field(default_factory=dict)
    inverted: Mapping[str, Tensor] = field(default_factory=dict)
    delay_samples: Mapping[str, Tensor] = field(default_factory=dict)
    pre_fader: Mapping[tuple[str, str], Tensor] = field(default_factory=dict)
    keys: Mapping[tuple[str, str], Mapping[str, Tensor]] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameters:
    """The settings of a console for a batch of songs.

    Args:
        values: section → physical values in the order of its layout.
        bypass: section → which processors are switched off (those of the strip, without the sends).
        mute: section → which strips are silent.
        groups: the group that each track feeds, or `TO_MASTER`.
        curves: (section, `processor.parameter`) → curve; it replaces the number in `values`. The path `mute`
            replaces `mute`: 1 for silent, each value standing until the next knot.
        routing: solo, polarity, delays, pre-fader sends and keys.
        awake: (section, processor) that are waited for though they are bypassed everywhere, so that the mix
            of a desk that plays does not jump in time.

    Shape: values (batch, strips, width), bypass (batch, strips, processors), mute (batch, strips),
        groups (batch, tracks).
    """

    values: Mapping[str, Tensor]
    bypass: Mapping[str, Tensor]
    mute: Mapping[str, Tensor]
    groups: Tensor
    curves: Mapping[tuple[str, str], Curve] = field(default_factory=dict)
    routing: Routing = Routing()
    awake: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Fade:
    """Settings that give way to those of a call, from one sample of the song to another.

    Where a bypass or a static parameter differs, the processor runs on both settings and the two are blended
    behind it, so that what follows (a reverb, above all) hears no step; solo is blended in the gains.

    Args:
        before: the settings as they were; they may differ in bypass, solo and numbers without a curve.
        begin, end: samples of the song, at the place that signals have reached.
    """

    before: Parameters
    begin: int
    end: int
