"""What changed between two consoles: their processors and what is written of them."""

from collections.abc import Iterator

from gainstage.console.difference import Difference, plain
from gainstage.console.session_words import processor_label
from gainstage.console.spec import SECTIONS, ConsoleSpec


def console_differences(before: ConsoleSpec, after: ConsoleSpec) -> Iterator[Difference]:
    """What changed from one console to another. Buses are left to whoever compares the strips."""
    for section in SECTIONS:
        old = {part.name: part.settings for part in getattr(before, section)}
        new = {part.name: part.settings for part in getattr(after, section)}
        where = f"console · {section}"
        for name in [n for n in old if n not in new]:
            sentence = f"console: the {section} have no {processor_label(name)} any more"
            yield Difference(f"{where} · {name}", name, None, "", _of_one(sentence, section))
        for name in [n for n in new if n not in old]:
            sentence = f"console: the {section} have a new processor, {processor_label(name)}"
            yield Difference(f"{where} · {name}", None, name, "", _of_one(sentence, section))
        for name in [n for n in new if n in old]:
            for key in sorted(old[name].keys() | new[name].keys()):
                a, b = old[name].get(key), new[name].get(key)
                if a != b:
                    words = f"{section}: {processor_label(name)}, {key.replace('_', ' ')}"
                    sentence = f"console: {words} {plain(a, 'default')} → {plain(b, 'default')}"
                    yield Difference(f"{where} · {name} · {key}", a, b, "", sentence)
        orders = [n for n in old if n in new], [n for n in new if n in old]
        if orders[0] != orders[1]:
            sentence = f"console: the {section} run through their processors in another order"
            yield Difference(f"{where} · order", *orders, "", _of_one(sentence, section))
    for key in sorted(before.fixed.keys() | after.fixed.keys()):
        a, b = before.fixed.get(key), after.fixed.get(key)
        if a != b:
            sentence = f"console: {key} stands at {plain(a, 'its default')} → {plain(b, 'its default')}"
            yield Difference(f"console · fixed · {key}", a, b, "", sentence)
    for field, said in (
        ("not_driven", ("networks drive {} again", "no network drives {} any more")),
        ("bypassed", ("{} is on from the start", "{} is off until it is named")),
    ):
        old_patterns, new_patterns = set(getattr(before, field)), set(getattr(after, field))
        for pattern in sorted(old_patterns ^ new_patterns):
            now = pattern in new_patterns
            sentence = f"console: {said[now].format(pattern)}"
            yield Difference(f"console · {field} · {pattern}", not now, now, "", sentence)


def _of_one(sentence: str, section: str) -> str:
    """The master is one strip, the others are many."""
    if section != "master":
        return sentence
    return sentence.replace(" have ", " has ").replace(" run ", " runs ").replace(" their ", " its ")
