"""A document as a model, or one sentence for what is wrong with it: where, what it got, what it wants."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from gainstage.console.place import Step, at, figure, inside, place, quoted, shown
from gainstage.nearest import nearest

T = TypeVar("T")
Schema = dict[str, Any]

_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_NAMES_LISTED = 24


def validated(kind: type[T], document: Any) -> T:
    """A plain document as a model or dataclass, by the types that JSON has: text is no number, 1 is not true.

    Args:
        kind: a pydantic model, or a dataclass.
        document: what `json_text.parse` or `check_plain` let pass.

    Raises:
        ValueError: one sentence that names the place.
    """
    try:
        made: T = _adapter(cast(Any, kind)).validate_json(json.dumps(document), strict=True)
        return made
    except ValidationError as error:
        raise ValueError(sentence(error, document, _schema(cast(Any, kind)))) from None


def sentence(error: ValidationError, document: Any, schema: Schema) -> str:
    """The first fault of a document, a name that does not exist before others."""
    faults = error.errors(include_url=False, include_input=False)
    fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
    steps, context = fault["loc"], fault.get("ctx", {})
    parent, last = steps[:-1], steps[-1] if steps else ""
    match fault["type"]:
        case "value_error":
            return at(place(document, steps), str(context["error"]))
        case "extra_forbidden":
            names = list(sub_schema(schema, parent).get("properties", ()))
            return at(place(document, parent), f"there is no {quoted(str(last))}{meant(str(last), names)}")
        case "missing" if isinstance(last, str):
            return at(place(document, parent), f"'{last}' is missing")
        case "missing" | "too_long" | "too_short":
            return _length(document, schema, parent if fault["type"] == "missing" else steps)
    value = _found(document, steps)
    rules = sub_schema(schema, steps)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and fault["type"] in {"greater_than_equal", "less_than_equal"}:
        return at(place(document, steps), f"{figure(value)} lies outside {_range(rules)}")
    choices = [choice for choice in rules.get("enum", ()) if isinstance(choice, str)]
    hint = nearest(value, choices) if isinstance(value, str) else ""
    return at(place(document, steps), f"must be {wanted(rules)}, got {shown(value)}{hint}")


def meant(wrong: str, known: Sequence[str]) -> str:
    """The end of a sentence on a name that does not exist: the nearest that does, else all of them."""
    if not known:
        return ""
    listed = ", ".join(map(str, known[:_NAMES_LISTED])) + (", …" if len(known) > _NAMES_LISTED else "")
    return nearest(wrong, known) or f"; there is {listed}"


def sub_schema(schema: Schema, steps: Sequence[Step]) -> Schema:
    """The part of a JSON schema that rules a place; empty where it says nothing of it."""
    here = _resolved(schema, schema)
    for step in steps:
        if isinstance(step, int):
            first = here.get("prefixItems", [])
            here = first[step] if step < len(first) else here.get("items", {})
        else:
            here = here.get("properties", {}).get(step) or here.get("additionalProperties", {})
        here = _resolved(schema, here)
    return here


def wanted(rules: Schema) -> str:
    """What a place wants, in words: `a number`, `'peak' or 'rms'`, `[seconds, value]`."""
    if "const" in rules:
        return json.dumps(rules["const"], ensure_ascii=False)
    if "enum" in rules:
        return " or ".join(repr(value) for value in rules["enum"])
    if "prefixItems" in rules:
        return str(rules.get("description", "a list"))
    words = _KINDS.get(str(rules.get("type")), "something else")
    return f"{words} or null" if rules.get("nullable") else words


def _resolved(schema: Schema, part: Any) -> Schema:
    """A part with its reference followed; of a choice with null the other, which then is `nullable`."""
    if not isinstance(part, Mapping):
        return {}
    if "$ref" in part:
        return _resolved(schema, schema["$defs"][part["$ref"].rpartition("/")[2]])
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        return {**_resolved(schema, options[-1]), "nullable": len(options) < len(part["anyOf"])}
    return dict(part)


def _range(rules: Schema) -> str:
    return f"{figure(rules['minimum'])} … {figure(rules['maximum'])}"


def _length(document: Any, schema: Schema, steps: Sequence[Step]) -> str:
    rules, value = sub_schema(schema, steps), _found(document, steps)
    if "prefixItems" in rules:
        return at(place(document, steps), f"must be {wanted(rules)}, got {shown(value)}")
    fewest, most = rules.get("minItems", 0), rules.get("maxItems")
    count = f"{fewest} or more" if most is None else f"{fewest} to {most}"
    return at(place(document, steps), f"must have {count} entries, got {len(value)}")


def _found(document: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        document = inside(document, step)
    return document


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _schema(kind: Any) -> Schema:
    return kind.model_json_schema() if issubclass(kind, BaseModel) else _adapter(kind).json_schema()
