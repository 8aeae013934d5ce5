"""What all DAWs have: levels as amplitudes, and what reports say of faders, sends, switches, frozen parts."""

from gainstage.interchange.desk import Desk, Strip
from gainstage.interchange.export_report import Item, Verdict
from gainstage.interchange.freezing import INPUT, Live, Plan
from gainstage.processors import Parameter


def amplitude(level_db: float, row: Parameter) -> float:
    """A level in dB as a factor; a fader at its lower end is silent."""
    return 0.0 if row.off_at_low and level_db <= row.low else float(10.0 ** (level_db / 20.0))


def strip_items(
    plan: Plan, live: Live, target: str, *, moves: str, mute_moves: str = "", polarity: bool = True
) -> list[Item]:
    """What became of a strip, but for its live processors.

    Args:
        plan: the desk as the tool has it.
        live: the strip.
        target: the tool.
        moves: what the tool does to gains that move.
        mute_moves: what it does to mutes that move; the same if empty.
        polarity: whether it can turn it.
    """
    strip = live.strip
    found: list[Item] = []

    def add(what: str, verdict: Verdict, note: str = "") -> None:
        found.append(Item(target, strip.label, what.replace("_", " "), verdict, note))

    for name in live.frozen:
        add(name, Verdict.FROZEN, "in the audio of this track")
    for name in live.idle:
        add(name, Verdict.EXACT, "does nothing, so it is not there")
    if live.tap is not None and live.tap[2] == INPUT:
        add("input", Verdict.FROZEN, "the sends to it are in its audio")
    if strip.fader is not None:
        moving = bool(strip.fader.settings.curves)
        add("fader", Verdict.APPROXIMATE if moving else Verdict.EXACT, moves if moving else "")
    for send in strip.sends:
        what = f"send to {plan.desk['returns', send.to].name}"
        if not plan.is_fed(("returns", send.to)):
            add(what, Verdict.FROZEN, "in the audio of the return")
        else:
            moving = bool(send.settings.curves)
            add(what, Verdict.APPROXIMATE if moving else Verdict.EXACT, moves if moving else "")
    if strip.to is not None and plan.feeds(live) is None:
        label = plan.desk[strip.to].label
        add("output", Verdict.FROZEN, f"{label} has this in its audio; the track is here, not connected")
    if strip.settings.mute_curve:
        add("mute", Verdict.APPROXIMATE, mute_moves or moves)
    elif strip.mute:
        add("mute", Verdict.EXACT)
    if getattr(strip.settings, "delay_samples", 0):
        if live.tap is None:
            add("sample delay", Verdict.EXACT, "its audio begins so much later")
        else:
            add("sample delay", Verdict.FROZEN, "in the audio of this track")
    if strip.settings.inverted:
        if live.tap is not None:
            add("polarity", Verdict.FROZEN, "in the audio of this track")
        else:
            add("polarity", Verdict.EXACT if polarity else Verdict.DROPPED, "" if polarity else "it has none")
    return found


def other_items(desk: Desk, strip: Strip) -> list[str]:
    """What a strip has beside processors, by the names that reports use."""
    found = [f"send to {desk['returns', send.to].name}" for send in strip.sends]
    found += ["sample delay"] if getattr(strip.settings, "delay_samples", 0) else []
    found += ["polarity"] if strip.settings.inverted else []
    return found + (["mute"] if strip.mute or strip.settings.mute_curve else [])
