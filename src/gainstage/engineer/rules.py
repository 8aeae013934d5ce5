"""The rules engineer: listens to the tracks of a song and sets a console."""

from collections.abc import Mapping
from dataclasses import dataclass

from gainstage.engineer import dynamics, levels, master, panorama, space, tone
from gainstage.engineer.decision import MixDecision, StripDecision, inside_ranges
from gainstage.engineer.habits import HABITS
from gainstage.engineer.hearing import HeardTrack, Hearing, TrackHearing
from gainstage.engineer.taste import Taste

_STRIP = ("high_pass", "equaliser", "compressor")


@dataclass(frozen=True)
class RulesEngineer:
    """Sets a console by rules that follow what is heard; roles say where to begin.

    Args:
        style: a seed that draws a taste (level of the voice, brightness, width, wetness, compression, …);
            `None` is the centre of all tastes.
    """

    style: int | None = None

    def decide(self, hearing: Hearing) -> MixDecision:
        """The mix of a song.

        Reordering tracks reorders their decisions and changes nothing else; names and recorded levels do not
        matter (but for the trim).
        """
        taste = Taste.draw(self.style)
        tracks = tuple(
            _silent(given) if ear.is_silent else _strip(given, ear, taste)
            for given, ear in zip(hearing.given, hearing.tracks, strict=True)
        )
        return MixDecision(
            engineer="rules",
            tracks=tracks,
            returns={"reverb": _return(hearing, taste)},
            master=_master(hearing, taste),
            seeds={} if self.style is None else {"style": self.style},
        )


def _strip(given: HeardTrack, ear: TrackHearing, taste: Taste) -> StripDecision:
    habit = HABITS[given.role]
    trim_db = given.features.trim_db
    filtered, filter_reason = tone.high_pass(ear, habit)
    equalised, tone_reasons = tone.equaliser(ear, given.role, taste)
    compressed, taken_db, dynamics_reason = dynamics.compressor(ear, taste)
    fader_db = levels.fader_db(ear, given.role, taste, given_back_db=taken_db)
    position = panorama.pan_position(ear, habit, taste)
    send_db = space.send_db(ear, habit, taste)
    values: Mapping[str, Mapping[str, float]] = {
        "trim": {"gain_db": trim_db},
        "high_pass": filtered,
        "equaliser": equalised,
        "compressor": compressed,
        "fader": {"gain_db": fader_db},
        "pan": {"position": position},
        "send_reverb": {"level_db": send_db},
    }
    reasons = (
        f"trimmed {trim_db:+.1f} dB to −23 LUFS: recorded at {given.features.loudness_lufs:.1f} LUFS",
        filter_reason,
        *tone_reasons,
        dynamics_reason,
        levels.fader_reason(ear, given.role, fader_db),
        panorama.pan_reason(ear, position),
        space.send_reason(ear, send_db),
    )
    return StripDecision(inside_ranges(values), reasons=reasons)


def _silent(given: HeardTrack) -> StripDecision:
    reason = f"left alone: nothing in it is louder than −70 LUFS (peak {given.features.peak_dbfs:.0f} dBFS)"
    return StripDecision({}, bypass=_STRIP, reasons=(reason,))


def _return(hearing: Hearing, taste: Taste) -> StripDecision:
    settings, reasons = space.reverb(hearing.song, taste)
    return StripDecision(inside_ranges({"reverb": settings}), reasons=tuple(reasons))


def _master(hearing: Hearing, taste: Taste) -> StripDecision:
    if hearing.song.num_tracks == 0.0:
        return StripDecision({}, bypass=("equaliser", "compressor"), reasons=("nothing to hear: left alone",))
    equalised, tone_reason = master.equaliser(hearing.song)
    compressed, glue_reason = master.compressor(hearing.song, taste)
    values = inside_ranges({"equaliser": equalised, "compressor": compressed})
    return StripDecision(values, reasons=(tone_reason, glue_reason))
