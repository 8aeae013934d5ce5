"""From a config to objects: `_target_` names a class, its other keys are the constructor's arguments.

The constructor is the schema. Names, types and what is missing are checked against its signature before
anything is built, so that a mistake costs a sentence and not a night.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any, get_type_hints

from omegaconf import DictConfig, ListConfig, OmegaConf
from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from gainstage.console.nearest import nearest

TARGET, PARTIAL = "_target_", "_partial_"
_OURS, _OTHERS = "gainstage.", ("torch.", "pytorch_lightning.")


def instantiate(config: Any, *, at: str = "", **given: Any) -> Any:
    """Build what a config describes.

    Args:
        config: a node with `_target_`, or a list or mapping that holds such nodes at any depth; with
            `_partial_: true` a node becomes a function that still takes arguments.
        at: how sentences call the place, for example `data`.
        given: arguments of the outermost constructor that no file can write.

    Returns:
        The object. Lists become what the signature asks for (tuples, paths, our typed specs).

    Raises:
        ValueError: a target that is not ours, torch's or Lightning's, or arguments that do not fit.
    """
    plain = _plain(config)
    at = at or _key_of(config)
    _check(plain, at, frozenset(given))
    return _built(plain, at, given)


def check(config: Any, *, given: Mapping[str, tuple[str, ...]] | None = None) -> None:
    """Check a whole config against the constructors that it names; nothing is built.

    Args:
        config: a composed config.
        given: dotted key of a node → arguments that it will be given when it is built.

    Raises:
        ValueError: as `instantiate`.
    """
    known = given or {}
    for at, node in _nodes(_plain(config), ""):
        _check_node(node, at, frozenset(known.get(at, ())))


def accepted_keys(node: DictConfig) -> list[str]:
    """The arguments that the constructor of a node has; none if it has no target that may be built."""
    try:
        return list(_parameters(_locate(str(node[TARGET]), ""))) if TARGET in node else []
    except ValueError:
        return []


def _plain(config: Any) -> Any:
    return (
        OmegaConf.to_container(config, resolve=True)
        if isinstance(config, DictConfig | ListConfig)
        else config
    )


def _key_of(config: Any) -> str:
    key = config._get_full_key(None) if isinstance(config, DictConfig | ListConfig) else ""
    return str(key or "")


def _nodes(value: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All nodes with a target and their places, outermost first."""
    if isinstance(value, dict):
        if TARGET in value:
            yield at, value
        for key, part in value.items():
            yield from _nodes(part, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from _nodes(part, f"{at}[{i}]")


def _check(value: Any, at: str, given: frozenset[str]) -> None:
    for place, node in _nodes(value, at):
        _check_node(node, place, given if place == at else frozenset())


def _check_node(node: dict[str, Any], at: str, given: frozenset[str]) -> None:
    target = _locate(str(node[TARGET]), at)
    parameters = _parameters(target)
    arguments = {key: value for key, value in node.items() if key not in (TARGET, PARTIAL)}
    any_name = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(target).parameters.values())
    for key, value in arguments.items():
        if key not in parameters and not any_name:
            place = f"{at}.{key}" if at else str(key)
            raise ValueError(f"{place}: {node[TARGET]} has no '{key}'{nearest(str(key), parameters)}")
        _converted(target, str(key), value, at)
    if node.get(PARTIAL) is True:
        return
    needed = [name for name, p in parameters.items() if p.default is p.empty]
    missing = [name for name in needed if name not in arguments and name not in given]
    if missing:
        place = f"{at}.{missing[0]}" if at else missing[0]
        raise ValueError(f"{at or 'config'}: {node[TARGET]} needs '{missing[0]}'; give it as {place}=VALUE")


def _built(value: Any, at: str, given: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_built(part, f"{at}[{i}]", {}) for i, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    parts = {
        key: _built(part, f"{at}.{key}" if at else str(key), {})
        for key, part in value.items()
        if key not in (TARGET, PARTIAL)
    }
    if TARGET not in value:
        return parts
    target = _locate(str(value[TARGET]), at)
    arguments = {
        key: part
        if part is not value[key] and _holds_target(value[key])
        else _converted(target, key, value[key], at)
        for key, part in parts.items()
    }
    if value.get(PARTIAL) is True:
        return partial(target, **arguments, **given)
    return target(**(arguments | dict(given)))


def _holds_target(value: Any) -> bool:
    return next(_nodes(value, ""), None) is not None


def _locate(path: str, at: str) -> Callable[..., Any]:
    """The class (or the function of ours) behind a target."""
    place = f"{at}: " if at else ""
    if not path.startswith((_OURS, *_OTHERS)):
        raise ValueError(
            f"{place}{TARGET} '{path}' is refused; it must be of gainstage, torch or pytorch_lightning"
        )
    found: Any
    found, steps = _import(path, place)
    for step in steps:
        if not hasattr(found, step):
            raise ValueError(f"{place}'{path}' does not exist{nearest(step, dir(found))}")
        found = getattr(found, step)
    home = str(getattr(found, "__module__", ""))
    is_ours = f"{home}.".startswith(_OURS) and callable(found)
    is_class_of_others = inspect.isclass(found) and f"{home}.".startswith(_OTHERS)
    if not (is_ours or is_class_of_others):  # torch.load, torch.os.system, …
        raise ValueError(
            f"{place}{TARGET} '{path}' is refused; it is no class of torch or Lightning, nor ours"
        )
    target: Callable[..., Any] = found
    return target


def _import(path: str, place: str) -> tuple[Any, list[str]]:
    """The longest module that a path begins with, and what is left of the path."""
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:count])
        try:
            return import_module(module), parts[count:]
        except ModuleNotFoundError as error:
            if not module.startswith(error.name or "?"):
                raise  # one of its own imports is missing
    raise ValueError(f"{place}'{path}' does not exist")


def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: p for name, p in inspect.signature(target).parameters.items() if p.kind in named}


@cache
def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(target.__init__ if inspect.isclass(target) else target)
    except (NameError, TypeError):  # names that only a type checker sees
        return {}


@cache
def _adapter(target: Callable[..., Any], key: str) -> "TypeAdapter[Any] | None":
    hint = _hints(target).get(key)
    if hint is None:
        return None
    try:
        if inspect.isclass(hint) and issubclass(hint, BaseModel):
            return TypeAdapter(hint)
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except (PydanticUserError, TypeError, NameError):
        return None  # a type that says nothing about plain values


def _converted(target: Callable[..., Any], key: str, value: Any, at: str) -> Any:
    """A plain value as the type that the constructor names: a list as a tuple, text as a path."""
    adapter = _adapter(target, key)
    if adapter is None or _holds_target(value):
        return value
    try:
        # Strict as JSON is: text is no number, but a list may be a tuple and text a path.
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        place = f"{at}.{key}" if at else key
        fault = error.errors(include_url=False)[0]
        inner = "".join(f".{step}" for step in fault["loc"] if isinstance(value, dict | list))
        message = fault["msg"].removeprefix("Value error, ")
        got = json.dumps(value) if len(json.dumps(value)) < 60 else "a longer value"
        raise ValueError(f"{place}{inner}: {message[0].lower()}{message[1:]}, got {got}") from None
