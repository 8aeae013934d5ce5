"""The JSON Schema of the sessions of one console, for editors that complete and check what a person types.

Names, ranges, units and kinds come from the tables of the processors, all else from the models by which
sessions are read: nothing is written twice. What one place alone cannot tell (the order of breakpoints, keys
that name a strip) only reading a session checks.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from gainstage.console.console import Console
from gainstage.console.session import CONVENTIONS, FORMAT, VERSION, Session
from gainstage.console.spec import SECTIONS, ConsoleSpec, ProcessorSpec
from gainstage.processors import Kind, Parameter, Processor

DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def session_schema(spec: ConsoleSpec) -> Schema:
    """The schema (draft 2020-12) that every session of a console keeps to.

    Args:
        spec: the console.
    """
    made: Schema = _untitled(Session.model_json_schema())
    console, parts = Console(spec), made["$defs"]
    for section in SECTIONS:
        processors = console.layout[section].processors
        keyed = [name for name in SECTIONS[: SECTIONS.index(section) + 1] if name != "master"]
        keyed += ["groups"] if section == "tracks" else []
        for name, processor in processors.items():
            parts[f"{section}.{name}"] = _settings(parts, f"{section}.{name}", processor, keyed, console)
        base = parts["TrackSettings" if section == "tracks" else "StripSettings"]
        parts[section] = _strip(base, section, processors, spec)
    made["properties"] |= {
        "tracks": {"type": "array", "items": {"$ref": "#/$defs/tracks"}},
        "groups": _buses("groups", spec.group_names),
        "returns": _buses("returns", spec.return_names),
        "master": {"$ref": "#/$defs/master"},
        "console": _console(parts["ConsoleSpec"], spec),
        "conventions": _exactly({name: {"const": law} for name, law in CONVENTIONS.items()}),
    }
    made["required"] = ["format", "version", *made["required"]]
    made["required"] += [s for s in ("groups", "returns") if getattr(spec, f"{s.removesuffix('s')}_names")]
    for unused in ("StripSettings", "TrackSettings", "ProcessorSettings", "ConsoleSpec", "ProcessorSpec"):
        parts.pop(unused, None)
    about = f"{FORMAT} {VERSION}"
    return {"$schema": DRAFT, "title": f"A mix ({about})"} | made


def _settings(
    parts: Schema, name: str, processor: Processor, keyed: list[str], console: Console
) -> Schema:
    """One processor of a strip."""
    model = parts["ProcessorSettings"]
    made: Schema = model | {"properties": dict(model["properties"])}
    rows = processor.table
    fixed = console.spec.fixed
    values = {row.name: _value(row, fixed.get(f"{name}.{row.name}", row.default)) for row in rows}
    curves = {row.name: _curve(made, row) for row in rows if row.kind is Kind.CONTINUOUS}
    made["description"] = (processor.__doc__ or name).partition("\n")[0]
    made["properties"] |= {
        "values": _only(values),
        "curves": _only(curves),
        "locked": {"type": "array", "uniqueItems": True, "items": {"enum": [row.name for row in rows]}},
        "key": {"type": "array", "maxItems": 0},
    }
    if processor.takes_key:
        source = parts["KeySource"]
        places = source["properties"] | {"section": {"enum": keyed}}
        made["properties"]["key"] = {"type": "array", "items": source | {"properties": places}}
    return made


def _value(row: Parameter, default: float) -> Schema:
    unit = f"{row.unit}: " if row.unit else ""
    return {
        "type": "number",
        "minimum": row.low,
        "maximum": row.high,
        "default": default,
        "description": f"{unit}{row.meaning}; {row.range_text()}",
    }


def _curve(settings: Schema, row: Parameter) -> Schema:
    """The breakpoints of a parameter: as the model has them, the values within the parameter's range."""
    curve: Schema = settings["properties"]["curves"]["additionalProperties"]
    seconds, _ = curve["items"]["prefixItems"]
    value = {key: part for key, part in _value(row, row.default).items() if key != "default"}
    return curve | {"items": curve["items"] | {"prefixItems": [seconds, value]}}


def _strip(base: Schema, section: str, processors: Mapping[str, Processor], spec: ConsoleSpec) -> Schema:
    senders = spec.return_names if section in ("tracks", "groups") else []
    own: Schema = {
        "processors": _only({name: {"$ref": f"#/$defs/{section}.{name}"} for name in processors}),
        "pre_fader_sends": {"type": "array", "maxItems": 0},
    }
    if senders:
        own["pre_fader_sends"] = {"type": "array", "uniqueItems": True, "items": {"enum": senders}}
    if section == "tracks":
        own["group"] = {"enum": [*spec.group_names, None], "default": None}
    if section == "master":
        own["solo"] = {"const": False}
    return base | {"properties": base["properties"] | own}


def _buses(section: str, names: list[str]) -> Schema:
    """The strips of a console's buses, in their order."""
    named = [{"properties": {"name": {"const": name}}, "$ref": f"#/$defs/{section}"} for name in names]
    count = {"minItems": len(names), "maxItems": len(names)}
    return {"type": "array", **count, **({"prefixItems": named} if named else {})}


def _console(base: Schema, spec: ConsoleSpec) -> Schema:
    """The console itself: its processors and buses are given, what they are set to may be edited."""
    own: Schema = {}
    for section in SECTIONS:
        chain = [_processor(part) for part in getattr(spec, section)]
        count = {"minItems": len(chain), "maxItems": len(chain)}
        own[section] = {"type": "array", **count, **({"prefixItems": chain} if chain else {})}
    own |= {kind: {"const": getattr(spec, kind)} for kind in ("group_names", "return_names")}
    named = [key for key in own if getattr(spec, key)]
    return base | {"properties": base["properties"] | own, "required": named}


def _processor(part: ProcessorSpec) -> Schema:
    """A processor by its name, or with its structural settings."""
    settings = _untitled(TypeAdapter(type(part.build())).json_schema()).get("properties", {})
    whole = {"name": {"const": part.name}, "settings": _only(settings)}
    return {"anyOf": [{"const": part.name}, _only(whole) | {"required": ["name"]}]}


def _only(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _exactly(properties: Schema) -> Schema:
    return _only(properties) | {"required": list(properties)}


def _untitled(part: Any) -> Any:
    """A schema without the titles that the models put everywhere, which only repeat names."""
    if isinstance(part, dict):
        return {k: _untitled(v) for k, v in part.items() if not (k == "title" and isinstance(v, str))}
    return [_untitled(entry) for entry in part] if isinstance(part, list) else part
