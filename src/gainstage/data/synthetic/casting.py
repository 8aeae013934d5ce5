"""Who plays in a song: the seats of each genre, and which of them a song fills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from numpy.random import Generator

from gainstage.data.synthetic import (
    comping,
    drums,
    keys,
    lines,
    loops,
    machines,
    metals,
    orchestra,
    percussion,
    plucked,
    rhythm,
    synths,
    voices,
)
from gainstage.data.synthetic.form import Plan, Section
from gainstage.data.synthetic.recurrences import Array
from gainstage.data.synthetic.score import Notes, Written
from gainstage.data.synthetic.streams import happens

MIN_TRACKS, MAX_TRACKS = 6, 14

Writer = Callable[[Plan, Sequence[Section], Generator], Written]
Player = Callable[[Notes, Generator, int, int], Array]


@dataclass(frozen=True)
class Seat:
    """One place in the band.

    Args:
        name: of the track.
        role: of the taxonomy.
        chance: that a song has it; 1 = always.
        entry: energy of a section from which it plays; choruses have 1.
        write: composes its part.
        play: turns notes into sound, (channels, samples).
        machine: sequenced and free of noise.
        part: seats with equal parts play the same notes (two guitars); the name where empty.
    """

    name: str
    role: str
    chance: float
    entry: float
    write: Writer
    play: Player
    machine: bool = False
    part: str = ""


def cast(genre: str, rng: Generator, *, most: int = MAX_TRACKS) -> tuple[Seat, ...]:
    """Fill between 6 and `most` seats of a genre; those with chance 1 always."""
    drawn = [(seat, rng.random()) for seat in SEATS[genre]]
    # The number that a seat would have to beat its chance by orders all seats: the luckiest come first.
    luck = sorted(drawn, key=lambda pair: pair[1] - pair[0].chance - 10.0 * (pair[0].chance == 1.0))
    count = sum(number < seat.chance for seat, number in drawn)
    taken = {seat.name for seat, _ in luck[: min(max(count, MIN_TRACKS), most)]}
    return tuple(seat for seat in SEATS[genre] if seat.name in taken)


def sections_of(seat: Seat, plan: Plan, rng: Generator) -> tuple[Section, ...]:
    """The sections in which a seat plays; all choruses at least."""
    entry = min(seat.entry + float(rng.uniform(-0.15, 0.15)), 1.0)
    rests = happens(rng, 0.15)  # sometimes a part is kept for the second half of the song
    playing = [s for s in plan.sections if s.energy >= entry and not (rests and s.name == "intro")]
    return tuple(playing) or tuple(s for s in plan.sections if s.energy == 1.0)


_CLEAN, _CRUNCH, _HIGH_GAIN = (0.3, 2.0), (2.0, 15.0), (10.0, 120.0)


def _guitar(drive: tuple[float, float]) -> Player:
    return partial(plucked.electric_guitar, drive=drive)


def _kit(*, machine: bool) -> tuple[Seat, ...]:
    return (
        Seat("Kick", "kick", 1.0, 0.3, rhythm.kick, partial(drums.kick, machine=machine), machine),
        Seat("Snare", "snare", 1.0, 0.4, rhythm.snare, partial(drums.snare, machine=machine), machine),
        Seat("Hi-Hat", "hat", 1.0, 0.3, rhythm.hats, partial(metals.hats, machine=machine), machine),
    )


_LEAD_VOCAL = Seat("Lead Vocal", "lead_vocal", 1.0, 0.45, lines.vocal, voices.lead_vocal)
_BACKING = Seat("Backing Vocals", "backing_vocal", 0.65, 0.9, comping.harmony, voices.backing_vocals)

SEATS: dict[str, tuple[Seat, ...]] = {
    "pop": (
        *_kit(machine=False),
        Seat("Clap", "percussion", 0.3, 0.8, rhythm.snare, drums.clap, True),
        Seat("Percussion", "percussion", 0.5, 0.5, rhythm.percussion, percussion.percussion),
        Seat("Toms", "tom", 0.6, 0.5, rhythm.toms, drums.toms),
        Seat("Cymbals", "cymbal", 0.4, 0.4, rhythm.cymbals, metals.cymbals),
        Seat("Drum Loop", "drums", 0.25, 0.3, loops.write_loop, loops.play_loop, True),
        Seat("Bass", "bass", 1.0, 0.4, lines.bass, plucked.electric_bass),
        Seat("Acoustic Guitar", "guitar_acoustic", 0.55, 0.3, comping.strummed, plucked.acoustic_guitar),
        Seat("Electric Guitar", "guitar_electric", 0.5, 0.5, comping.broken, _guitar(_CLEAN)),
        Seat("Piano", "piano", 0.45, 0.3, comping.struck, keys.piano),
        Seat("Electric Piano", "keys", 0.35, 0.3, comping.struck, keys.electric_piano),
        Seat("Clavinet", "keys", 0.12, 0.6, comping.struck, keys.clavinet),
        Seat("Pad", "pad", 0.5, 0.3, comping.held, synths.pad, True),
        Seat("Lead Synth", "synth_lead", 0.45, 0.6, lines.solo, synths.lead, True),
        Seat("Strings", "strings", 0.35, 0.7, comping.bowed, orchestra.strings),
        Seat("Brass", "brass", 0.2, 0.8, comping.struck, orchestra.brass),
        _LEAD_VOCAL,
        Seat("Lead Vocal Double", "lead_vocal", 0.15, 0.9, lines.vocal, voices.lead_vocal, part="Lead Vocal"),
        _BACKING,
        Seat("Backing Vocals 2", "backing_vocal", 0.25, 0.9, comping.harmony, voices.backing_vocals),
    ),
    "rock": (
        *_kit(machine=False),
        Seat("Toms", "tom", 0.9, 0.4, rhythm.toms, drums.toms),
        Seat("Cymbals", "cymbal", 0.6, 0.3, rhythm.cymbals, metals.cymbals),
        Seat("Tambourine", "percussion", 0.25, 0.8, rhythm.percussion, percussion.percussion),
        Seat("Bass", "bass", 1.0, 0.4, lines.bass, plucked.electric_bass),
        Seat(
            "Rhythm Guitar 1",
            "guitar_electric",
            0.95,
            0.4,
            comping.chugged,
            _guitar(_HIGH_GAIN),
            part="rhythm",
        ),
        Seat(
            "Rhythm Guitar 2",
            "guitar_electric",
            0.6,
            0.6,
            comping.chugged,
            _guitar(_HIGH_GAIN),
            part="rhythm",
        ),
        Seat("Clean Guitar", "guitar_electric", 0.45, 0.3, comping.broken, _guitar(_CLEAN)),
        Seat("Lead Guitar", "guitar_electric", 0.5, 0.7, lines.solo, _guitar(_CRUNCH)),
        Seat("Acoustic Guitar", "guitar_acoustic", 0.35, 0.3, comping.strummed, plucked.acoustic_guitar),
        Seat("Organ", "organ", 0.35, 0.5, comping.held, keys.organ),
        Seat("Piano", "piano", 0.2, 0.4, comping.struck, keys.piano),
        Seat("Lead Synth", "synth_lead", 0.15, 0.7, lines.solo, synths.lead, True),
        Seat("Horns", "brass", 0.12, 0.8, comping.struck, orchestra.brass),
        _LEAD_VOCAL,
        _BACKING,
    ),
    "hip-hop": (
        *_kit(machine=True),
        Seat("Clap", "percussion", 0.4, 0.7, rhythm.snare, drums.clap, True),
        Seat("Percussion", "percussion", 0.45, 0.5, rhythm.percussion, percussion.percussion, True),
        Seat("Drum Loop", "drums", 0.5, 0.4, loops.write_loop, loops.play_loop, True),
        Seat("808", "bass", 1.0, 0.4, lines.bass, machines.long_bass, True),
        Seat("Electric Piano", "keys", 0.5, 0.2, comping.struck, keys.electric_piano),
        Seat("Piano", "piano", 0.3, 0.2, comping.broken, keys.piano),
        Seat("Organ", "organ", 0.15, 0.3, comping.held, keys.organ),
        Seat("Electric Guitar", "guitar_electric", 0.3, 0.3, comping.broken, _guitar(_CLEAN)),
        Seat("Pad", "pad", 0.45, 0.3, comping.held, synths.pad, True),
        Seat("Lead Synth", "synth_lead", 0.5, 0.5, lines.solo, synths.lead, True),
        Seat("Strings", "strings", 0.3, 0.6, comping.bowed, orchestra.strings),
        Seat("Flute", "wind", 0.25, 0.5, lines.solo, orchestra.wind),
        Seat("Horns", "brass", 0.2, 0.8, comping.struck, orchestra.brass),
        Seat("FX", "fx", 0.3, 0.2, comping.swells, machines.effects, True),
        Seat("Lead Vocal", "lead_vocal", 1.0, 0.5, lines.rap, voices.lead_vocal),
        Seat("Ad Libs", "backing_vocal", 0.5, 0.9, comping.harmony, voices.backing_vocals),
    ),
    "electronic": (
        *_kit(machine=True),
        Seat("Open Hat", "hat", 0.45, 0.7, rhythm.open_hats, partial(metals.hats, machine=True), True),
        Seat("Clap", "percussion", 0.4, 0.5, rhythm.snare, drums.clap, True),
        Seat("Percussion", "percussion", 0.5, 0.5, rhythm.percussion, percussion.percussion, True),
        Seat("Toms", "tom", 0.4, 0.6, rhythm.toms, drums.toms, True),
        Seat("Crash", "cymbal", 0.3, 0.5, rhythm.cymbals, metals.cymbals, True),
        Seat("Drum Loop", "drums", 0.45, 0.5, loops.write_loop, loops.play_loop, True),
        Seat("Bass", "bass", 1.0, 0.5, lines.bass, synths.bass, True),
        Seat("Arp", "synth_lead", 0.6, 0.3, comping.broken, synths.lead, True),
        Seat("Lead Synth", "synth_lead", 0.7, 0.7, lines.solo, synths.lead, True),
        Seat("Stabs", "keys", 0.4, 0.6, comping.struck, synths.lead, True),
        Seat("Pad", "pad", 0.65, 0.2, comping.held, synths.pad, True),
        Seat("Piano", "piano", 0.2, 0.5, comping.struck, keys.piano, True),
        Seat("Strings", "strings", 0.15, 0.6, comping.bowed, orchestra.strings),
        Seat("FX", "fx", 0.5, 0.0, comping.swells, machines.effects, True),
        Seat("Lead Vocal", "lead_vocal", 0.5, 0.5, lines.vocal, voices.lead_vocal),
        Seat("Backing Vocals", "backing_vocal", 0.3, 0.9, comping.harmony, voices.backing_vocals),
    ),
    "orchestral": (
        Seat("Gran Cassa", "kick", 1.0, 0.5, rhythm.kick, partial(drums.kick, machine=False)),
        Seat("Field Snare", "snare", 1.0, 0.6, rhythm.snare, partial(drums.snare, machine=False)),
        Seat("Cymbals", "cymbal", 0.6, 0.4, rhythm.cymbals, metals.cymbals),
        Seat("Timpani", "percussion", 0.8, 0.4, rhythm.timpani, percussion.timpani),
        Seat("Taiko", "tom", 0.6, 0.6, rhythm.toms, drums.toms),
        Seat("Shaker", "percussion", 0.2, 0.8, rhythm.percussion, percussion.percussion),
        Seat("Double Basses", "bass", 1.0, 0.3, lines.bass, orchestra.bowed_bass),
        Seat("Cellos", "strings", 0.6, 0.4, lines.low_solo, orchestra.strings),
        Seat("Violins", "strings", 1.0, 0.3, comping.bowed, orchestra.strings),
        Seat("Guitar", "guitar_acoustic", 0.3, 0.3, comping.broken, plucked.acoustic_guitar),
        Seat("Piano", "piano", 0.5, 0.3, comping.broken, keys.piano),
        Seat("Horns", "brass", 0.75, 0.6, lines.low_solo, orchestra.brass),
        Seat("Trumpets", "brass", 0.35, 0.9, comping.struck, orchestra.brass),
        Seat("Flute", "wind", 0.5, 0.4, lines.solo, orchestra.wind),
        Seat("Oboe", "wind", 0.3, 0.4, lines.solo, orchestra.wind),
        Seat("Synth", "synth_lead", 0.2, 0.6, comping.broken, synths.lead, True),
        Seat("Soprano", "lead_vocal", 0.5, 0.5, lines.vocal, partial(voices.lead_vocal, trained=True)),
        Seat("Choir", "backing_vocal", 0.5, 0.7, comping.held, voices.backing_vocals),
    ),
}
