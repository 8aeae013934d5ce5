"""One strip of a decision, with what a person's session holds on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from gainstage.console.compile import processor_settings
from gainstage.console.console import Console
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, StripSettings, TrackSettings
from gainstage.console.session_words import path_label, processor_label

_S = TypeVar("_S", bound=StripSettings)


def with_held(ours: _S, theirs: StripSettings, console: Console, section: str, lost: list[str]) -> _S:
    """A strip as it was decided, with what a person's session holds on it.

    Args:
        ours: as it was decided.
        theirs: as it stands in the person's session.
        console: of the decision.
        section: where the strip stands.
        lost: gets a sentence for each thing that the console has no place for.
    """
    layout, returns = console.layout[section], console.spec.return_names
    processors = dict(ours.processors)
    for name, part in theirs.processors.items():
        if name not in layout.processors:
            if part.locked or part.key:
                words = f"{theirs.name}: this console has no {processor_label(name)} there"
                lost.append(f"{words}, so what is held of it is lost")
            continue
        if not part.locked and not part.key:
            continue
        processors[name] = _with_locks(processor_settings(layout, ours, name), part, layout, name)
    update: dict[str, Any] = {
        "mute": theirs.mute,
        "mute_curve": theirs.mute_curve,
        "solo": theirs.solo,
        "inverted": theirs.inverted,
        "pre_fader_sends": [bus for bus in theirs.pre_fader_sends if bus in returns],
        "processors": processors,
    }
    for bus in theirs.pre_fader_sends:
        if bus not in returns:
            lost.append(f"{theirs.name}: this console has no return {bus} to send to before the fader")
    for name in _unlocked_curves(theirs, layout):
        lost.append(f"{theirs.name}: the automation of its {name} is not locked, so it was decided anew")
    if isinstance(theirs, TrackSettings):
        update["delay_samples"] = theirs.delay_samples
        if theirs.name != Path(theirs.file).stem:  # a name of its own
            update["name"] = theirs.name
    return ours.model_copy(update=update)


def _with_locks(
    ours: ProcessorSettings, theirs: ProcessorSettings, layout: SectionLayout, name: str
) -> ProcessorSettings:
    if not theirs.locked:
        return ours.model_copy(update={"key": theirs.key})
    defaults, first = layout.defaults().tolist(), layout.slices[name].start
    rows = {row.name: i for i, row in enumerate(layout.processors[name].table)}
    held = {key: theirs.values.get(key, defaults[first + rows[key]]) for key in theirs.locked}
    curves = {key: curve for key, curve in ours.curves.items() if key not in theirs.locked}
    curves |= {key: theirs.curves[key] for key in theirs.locked if key in theirs.curves}
    return ours.model_copy(
        update={
            "bypass": theirs.bypass,
            "key": theirs.key,
            "values": dict(ours.values) | held,
            "curves": curves,
            "locked": list(theirs.locked),
        }
    )


def _unlocked_curves(strip: StripSettings, layout: SectionLayout) -> Iterator[str]:
    for name, part in strip.processors.items():
        for key in part.curves:
            if key not in part.locked and name in layout.processors:
                rows = layout.processors[name].table
                row = next(r for r in rows if r.name == key)
                yield path_label(name, row, rows)
