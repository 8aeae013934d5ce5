"""What pydantic finds wrong with a document, as one sentence that a person can act on."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gainstage.console.json_text import MOST, Loc, place, shown
from gainstage.console.nearest import nearest, nearest_or_all

_WANTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "dict_type": "an object {…}",
    "model_type": "an object {…}",
    "model_attributes_type": "an object {…}",
    "list_type": "a list […]",
    "tuple_type": "a pair […, …]",
}


def sentence(error: ValidationError, document: Any, model: type[BaseModel]) -> str:
    """The first fault of a document: where it is, what stands there and what belongs there.

    Args:
        error: what pydantic raised.
        document: what was validated.
        model: against which model.
    """
    first = error.errors(include_url=False)[0]
    loc: Loc = tuple(part for part in first["loc"] if part != "[key]")
    kind, given = first["type"], first["input"]
    if kind == "value_error":
        words = shown(str(first["ctx"]["error"]), most=MOST)
        return f"{place(loc, document)}: {words}" if loc else words
    if kind in ("extra_forbidden", "missing") and isinstance(loc[-1], str):
        known = list(_model_at(model, loc[:-1]).model_fields)
        where = f"{place(loc[:-1], document)}: " if loc[:-1] else ""
        if kind == "missing":
            return f"{where}'{loc[-1]}' is missing"
        return f"{where}there is no '{shown(loc[-1])}' here{nearest_or_all(loc[-1], known)}"
    if kind == "missing" or (kind == "too_long" and first["ctx"].get("field_type") == "Tuple"):
        pair = loc[:-1] if kind == "missing" else loc
        return f"{place(pair, document)}: must be a pair […, …]"
    return f"{place(loc, document)}: {_about(kind, given, first.get('ctx', {}), model, loc)}"


def plain_sentence(error: ValidationError, document: Any) -> str:
    """The first fault of the settings of a processor, which is a dataclass: no ranges, no other names."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "value_error":
        return shown(str(first["ctx"]["error"]), most=MOST)
    about = _about(first["type"], first["input"], first.get("ctx", {}), None, ())
    return f"{place(first['loc'], document)}: {about}"


def _about(kind: str, given: Any, context: dict[str, Any], model: type[BaseModel] | None, loc: Loc) -> str:
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, not {said(given)}"
    if kind == "literal_error":
        close = nearest(given, context["expected"].split("'")) if isinstance(given, str) else ""
        return f"must be {context['expected']}, not {said(given)}{close}"
    if model is not None and kind in ("greater_than_equal", "less_than_equal"):
        return f"{said(given)} lies outside {_range(_annotation_at(model, loc))}"
    if kind == "finite_number":
        return f"{said(given)} is not a finite number"
    if kind == "too_short":
        return f"needs at least {context['min_length']}, has {context['actual_length']}"
    if kind == "too_long":
        return f"takes at most {context['max_length']}, has {context['actual_length']}"
    return f"{said(given)} does not belong here"


def said(value: Any) -> str:
    """A value of a document in a few words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{shown(value, most=40)}"'
    if isinstance(value, dict):
        return "an object {…}"
    if isinstance(value, list | tuple):
        return "a list […]"
    return "null" if value is None else shown(f"{value}", most=40)


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel]:
    found = _bare(_annotation_at(model, loc))
    assert isinstance(found, type)
    assert issubclass(found, BaseModel)
    return found


def _annotation_at(model: type[BaseModel], loc: Loc) -> Any:
    """The annotation of what stands at a place, with its constraints."""
    found: Any = model
    for part in loc:
        bare = _bare(found)
        if isinstance(bare, type) and issubclass(bare, BaseModel):
            info = bare.model_fields[str(part)]
            found = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        elif get_origin(bare) is tuple:
            found = get_args(bare)[int(part)]
        else:  # a list's item or a mapping's value
            found = get_args(bare)[-1]
    return found


def _peel(annotation: Any) -> tuple[Any, list[Any]]:
    """An annotation without `Annotated` and `| None`, and the constraints that were on it."""
    constraints: list[Any] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            for constraint in more:
                constraints += getattr(constraint, "metadata", [constraint])
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation, constraints


def _bare(annotation: Any) -> Any:
    return _peel(annotation)[0]


def _range(annotation: Any) -> str:
    """Every number of a session has both ends."""
    constraints = _peel(annotation)[1]

    low, high = (next(getattr(c, end) for c in constraints if hasattr(c, end)) for end in ("ge", "le"))
    return f"{low:.15g} … {high:.15g}"
