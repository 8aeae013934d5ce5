"""Edits of a session's text or document, good and bad, and whether a reader took or refused them whole."""

import copy
import json
from random import Random
from typing import Any

from gainstage.console.session import Session

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 1.0, 0.5, -0.0, 1e300, 10**30, "", "x", "1", "true", "tracks", "Kick\n",
    [], {}, [0], [[0, 0]], [[0.5, True]], {"name": "x"}, {"gain_db": 0}, {"x": [1]},
)  # fmt: skip
NAMES = ("", "name", "locked", "gain_db", "mute", "provenance", "x", "Name", "values ")


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document but the root."""
    parts = (
        list(value.items()) if isinstance(value, dict)
        else list(enumerate(value)) if isinstance(value, list) else []
    )  # fmt: skip
    found = []
    for key, part in parts:
        found += [(*at, key), *places(part, (*at, key))]
    return found


def parent(document: Any, at: tuple[Any, ...]) -> Any:
    for key in at[:-1]:
        document = document[key]
    return document


def edited(random: Random, given: dict[str, Any]) -> str:
    """The text of a document with one thing replaced, removed, renamed or doubled."""
    made = copy.deepcopy(given)
    # a section first: the settings of processors would hide all else by their number
    first = random.choice([*made, "tracks", "tracks", "returns", "provenance"])
    at = random.choice([at for at in places(made) if at[0] == first])
    holder, key = parent(made, at), at[-1]
    kind = random.choice(("replace", "another", "another", "remove", "rename", "double", "insert"))
    if kind == "replace":
        holder[key] = copy.deepcopy(random.choice(ODD))
    elif kind == "another" and isinstance(holder[key], bool | int | float | str):
        holder[key] = _another(random, holder[key])
    elif kind == "remove":
        del holder[key]
    elif kind == "rename" and isinstance(holder, dict):
        value = holder.pop(key)
        holder[random.choice((*NAMES, key[:-1], key + "s"))] = value
    elif kind == "insert" and isinstance(holder, dict):
        holder[random.choice(NAMES)] = copy.deepcopy(random.choice(ODD))
    elif isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    else:
        return _doubled(made, holder, key)
    return json.dumps(made, ensure_ascii=False)


def _another(random: Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + random.choice(("s", "é", "\n", "\u2028", '"'))
    return type(value)(value * random.uniform(0.5, 1.5))


def _doubled(made: Any, holder: dict[str, Any], key: str) -> str:
    holder["\0"] = 0
    text = json.dumps(made, ensure_ascii=False)
    return text.replace('"\\u0000": 0', f"{json.dumps(key)}: {json.dumps(holder[key])}")


def bytes_edited(random: Random, text: bytes) -> bytes:
    """The text with one byte changed, inserted or deleted."""
    at, byte = (
        random.randrange(len(text)),
        random.choice((random.randrange(256), random.choice(b'",:{}[]01e-.'))),
    )
    kind = random.randrange(3)
    return text[:at] + (bytes([byte]) if kind < 2 else b"") + text[at + (kind != 1) :]


def filled(document: Any, model: Any) -> Any:
    """A document with everything filled in that `model`, the same as it was understood, says beyond it.

    Only what is missing is taken over, so that whatever was dropped or changed still shows.
    """
    if isinstance(document, str) and isinstance(model, dict):  # a processor given by its name alone
        document = {"name": document}
    if isinstance(document, dict) and isinstance(model, dict):
        missing = {key: model[key] for key in model.keys() - document.keys()}
        return {key: filled(part, model.get(key)) for key, part in document.items()} | missing
    if isinstance(document, list) and isinstance(model, list) and len(document) == len(model):
        return [filled(part, other) for part, other in zip(document, model, strict=True)]
    return document


def same(one: Any, other: Any) -> bool:
    """Equal as JSON means it: true is not 1, though 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def refused_or_kept(text: str) -> str | None:
    """The sentence by which a text is refused; None where it is taken, whole and unchanged.

    Raises:
        AssertionError: it is taken, but something of it was dropped, changed or cannot be written again.
    """
    try:
        session = Session.from_json(text)
    except ValueError as error:
        if type(error) is not ValueError:  # pydantic's own, of many lines
            raise AssertionError(repr(error)) from error
        return str(error)
    written = session.to_json()
    assert Session.from_json(written).to_json() == written
    written.encode()
    document, model = json.loads(text), json.loads(written)
    if document["version"] == 1:  # a migration is the one thing that may change
        document["version"] = model["version"]
    assert same(filled(document, model), model), "something was dropped or changed"
    # what was filled in is the same as from a document without it
    assert Session.from_json(json.dumps(filled(document, model))) == session
    return None
