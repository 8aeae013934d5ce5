"""The JSON Schema of the sessions of one console: with it an editor completes and checks what a hand writes.

Nothing stands here twice: the frame comes from the models of `gainstage.console.session`, names, ranges,
units and meanings from the tables of the console's processors. What a schema cannot say (times in order, a
key that sounds too late) is left to the reader, which knows it all.
"""

import copy
from typing import Any

from gainstage.console.console import Console
from gainstage.console.layout import SectionLayout
from gainstage.console.session import CONVENTIONS, Session
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.processors import Kind, Parameter, Processor

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def session_schema(spec: ConsoleSpec) -> Schema:
    """The schema of the sessions of one console, draft 2020-12.

    Args:
        spec: the console.

    Example:
        >>> from gainstage.console.spec import named
        >>> schema = session_schema(named("basic"))
        >>> values = schema["$defs"]["tracks.fader"]["properties"]["values"]["properties"]
        >>> values["gain_db"]["minimum"], values["gain_db"]["maximum"]
        (-60.0, 12.0)
    """
    console = Console(spec)
    schema = _untitled(Session.model_json_schema())
    frames = schema["$defs"]
    strips = {"tracks": frames["TrackSettings"]} | dict.fromkeys(SECTIONS[1:], frames["StripSettings"])
    # the definitions of any console give way to those of this one
    settings = {name: frames.pop(name) for name in ("TrackSettings", "StripSettings", "ProcessorSettings")}
    for section in SECTIONS:
        layout = console.layout[section]
        frames[section] = _strip(strips[section], layout, spec)
        for name, processor in layout.processors.items():
            frames[f"{section}.{name}"] = _processor(settings["ProcessorSettings"], processor, layout, name)
    properties = schema["properties"]
    properties["tracks"]["items"] = {"$ref": "#/$defs/tracks"}
    properties["groups"] = _buses("groups", spec.group_names)
    properties["returns"] = _buses("returns", spec.return_names)
    properties["master"] = {"$ref": "#/$defs/master"}
    properties["conventions"] = {"const": CONVENTIONS}
    for names in ("group_names", "return_names"):
        frames["ConsoleSpec"]["properties"][names]["const"] = getattr(spec, names)
    short = {"type": "string", "description": "its name, with all settings as they are by default"}
    for section in SECTIONS:
        part = frames["ConsoleSpec"]["properties"][section]
        part["items"] = {"anyOf": [part["items"], short]}
    required = ["format", "version", "conventions", *schema["required"]]
    required += [s for s in ("groups", "returns") if properties[s]["minItems"]]
    return {"$schema": DIALECT, **schema, "required": required}


def _strip(frame: Schema, layout: SectionLayout, spec: ConsoleSpec) -> Schema:
    """A strip of one section."""
    strip = copy.deepcopy(frame)
    parts = {name: {"$ref": f"#/$defs/{layout.section}.{name}"} for name in layout.processors}
    strip["properties"]["processors"] = _object(parts)
    sends = [name for name in spec.return_names if f"send_{name}" in layout.processors]
    strip["properties"]["pre_fader_sends"] = _subset(sends)
    if "group" in strip["properties"]:
        strip["properties"]["group"] = {"enum": [None, *spec.group_names], "default": None}
    if layout.section == "master":
        strip["properties"]["solo"] = {"const": False}
    return strip


def _processor(frame: Schema, processor: Processor, layout: SectionLayout, name: str) -> Schema:
    """The settings of one processor: its parameters by name, each in its range."""
    made = copy.deepcopy(frame)
    made["description"] = _first_line(type(processor).__doc__) or frame["description"]
    moving = {row.name: row for row in processor.table if row.kind is Kind.CONTINUOUS}
    numbers = {row.name: _number(row, layout, name) for row in processor.table}
    knots = made["properties"]["curves"]["additionalProperties"]
    curves = {}
    for parameter in moving:
        curve = copy.deepcopy(knots)
        curve["items"]["prefixItems"][1] = numbers[parameter]
        curves[parameter] = curve | {"description": f"[seconds, value]: {numbers[parameter]['description']}"}
    made["properties"]["values"] = _object(numbers)
    made["properties"]["curves"] = _object(curves)
    made["properties"]["locked"] = _subset([row.name for row in processor.table])
    if not processor.takes_key:
        made["properties"]["key"]["maxItems"] = 0
    return made


def _number(row: Parameter, layout: SectionLayout, processor: str) -> Schema:
    fixed = layout.fixed.get(f"{layout.section}.{processor}.{row.name}", row.default)
    still = "" if row.kind is Kind.CONTINUOUS else "; one number for the whole song"
    off = f"; {row.low:g} is off" if row.off_at_low else ""
    return {
        "type": "number",
        "minimum": row.low,
        "maximum": row.high,
        "default": fixed,
        "description": f"{row.meaning}; {row.range_text()}{off}{still}",
    }


def _buses(section: str, names: list[str]) -> Schema:
    """The strips of the groups or returns: those that the console has, in its order."""
    items = [
        {"allOf": [{"$ref": f"#/$defs/{section}"}, {"properties": {"name": {"const": name}}}]}
        for name in names
    ]
    frame: Schema = {"type": "array", "minItems": len(names), "maxItems": len(names)}
    return frame | ({"prefixItems": items} if items else {})


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _subset(names: list[str]) -> Schema:
    if not names:
        return {"type": "array", "maxItems": 0}
    return {"type": "array", "items": {"enum": names}, "uniqueItems": True}


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _untitled(value: Any) -> Any:
    """A schema without the titles that pydantic makes of names: an editor shows the names themselves."""
    if isinstance(value, list):
        return [_untitled(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {k: _untitled(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
