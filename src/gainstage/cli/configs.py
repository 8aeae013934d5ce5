"""Configs: composed by Hydra from `configs/`, with one sentence for whatever is wrong in them.

A root (`train.yaml`) chooses one file of each group (`data/`, `loss/`, …); an experiment is a small file that
overrides some of it, and so does the command line: `group=choice key.of.group=value`.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from gainstage.cli.building import TARGET, accepted_keys
from gainstage.console.nearest import nearest

_OVERLAY = "# @package _global_"


@cache
def config_folder() -> Path:
    """The folder of the configs that ship: in the wheel inside the package, in a checkout at its top.

    Raises:
        ValueError: there is none.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "configs", package.parents[1] / "configs"):
        if folder.is_dir():
            return folder
    raise ValueError("the folder 'configs' is missing from this installation; install gainstage again")


def compose(name: str, overrides: Sequence[str] = (), *, folder: Path | None = None) -> DictConfig:
    """Compose a root config with overrides.

    Keys are checked here; what their values must be, `building.check` reads from the constructors.

    Args:
        name: of the root, for example `train`.
        overrides: `group=choice`, `key=value`, `+new_key=value`, `~key`, in Hydra's grammar. A key that the
            constructor of its node knows needs no `+`.
        folder: of the configs; those that ship by default.

    Raises:
        ValueError: a root, group, choice or key that does not exist (the nearest is named), a value that is
            missing or of another kind, an interpolation that leads nowhere.
    """
    folder = folder or config_folder()
    _check_root(name, folder)
    parsed = [(text, _parse(text)) for text in overrides]
    groups = _groups(folder)
    chosen = [text for text, override in parsed if _is_choice(override, groups)]
    for _, override in parsed:
        if _is_choice(override, groups):
            _check_choice(override.key_or_group, override.value(), name, folder)
    base, _ = _compose(name, chosen, folder)
    valued = [(t, o) for t, o in parsed if not _is_choice(o, groups)]
    final = [*chosen, *(_checked(text, override, base, name, groups) for text, override in valued)]
    config, picked = _compose(name, final, folder)
    for _, override in valued:
        _check_kind(override, base, config)
    added = {override.key_or_group for _, override in valued if not override.is_delete()}
    _check_overlays(config, picked, {key.partition(".")[0] for key in added}, name, folder)
    _check_complete(config, name)
    return config


def choices(name: str, *, folder: Path | None = None) -> str:
    """What may be chosen for a root config, as text: groups with their files, and the root's own keys.

    Raises:
        ValueError: there is no such root.
    """
    import yaml

    folder = folder or config_folder()
    _check_root(name, folder)
    root = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) or {}
    entries = [
        item for entry in root.pop("defaults", []) if isinstance(entry, dict) for item in entry.items()
    ]
    lines = ["Choices (GROUP=CHOICE; * is what is taken by default):"]
    for entry, picked in entries:
        group = str(entry).removeprefix("optional ")
        lines.append(f"  {group}" + ("" if picked not in (None, "???") else _nothing(picked)))
        for choice in _choices(folder, group):
            star = "*" if choice == picked else " "
            about = _first_comment(folder / group / f"{choice}.yaml")
            lines.append(f"    {star} {choice:<20} {about}".rstrip())
    lines.append("Values (KEY=VALUE):")
    lines += [f"    {key}={_shown(value)}" for key, value in root.items()]
    return "\n".join(lines)


def _compose(name: str, overrides: Sequence[str], folder: Path) -> tuple[DictConfig, dict[str, str]]:
    """The config, and the choice that was made for each group."""
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(folder.resolve())):
            config = hydra_compose(name, list(overrides), return_hydra_config=True)
        picked = {g: c for g, c in config.hydra.runtime.choices.items() if c and not g.startswith("hydra/")}
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        OmegaConf.set_struct(config, True)
        return config, picked
    except MissingConfigException as error:
        group, _, choice = (error.missing_cfg_file or "").rpartition("/")
        _check_choice(group, choice, name, folder)
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
    except (HydraException, OmegaConfBaseException) as error:
        first, _, rest = str(error).partition("\nAvailable options:")
        if "No match in the defaults list" in first:
            group = first.partition("'")[2].partition("'")[0]
            raise ValueError(
                f"{name} has no group '{group}'; `gainstage {name} --choices` lists what it has"
            ) from None
        there = f"; there is {', '.join(rest.split())}" if rest else ""
        raise ValueError(f"{name}: {' '.join(first.split())}{there}") from None
    except (OSError, ValueError) as error:  # Hydra lets errors of YAML through
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
    except Exception as error:
        if type(error).__module__.startswith("yaml."):
            raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
        raise


def _check_choice(group: str, choice: Any, name: str, folder: Path) -> None:
    """Look for the file of a choice: Hydra passes over what is missing from an optional group."""
    there = _choices(folder, group)
    if isinstance(choice, str) and choice not in there:
        hint = nearest(choice, there) or f"; there is {', '.join(there) or 'none'}"
        raise ValueError(f"{name}: the group '{group}' has no choice '{choice}'{hint}")


def _parse(text: str) -> Override:
    try:
        override: Override = OverridesParser.create().parse_overrides([text])[0]
    except OverrideParseException:
        raise ValueError(
            f"'{text}' is no override; write group=choice or key=value, for example seed=1 "
            "(values with blanks or special characters in quotes)"
        ) from None
    if override.is_sweep_override():
        raise ValueError(f"'{text}' gives several values; a run takes one (a list is written [1,2])")
    return override


def _is_choice(override: Override, groups: Sequence[str]) -> bool:
    return override.key_or_group in groups and not isinstance(override.value(), dict | list)


def _checked(text: str, override: Override, base: DictConfig, name: str, groups: Sequence[str]) -> str:
    """An override of a value, after a look whether its key is there."""
    key = override.key_or_group
    if override.is_add() or override.is_force_add() or _has(base, key):
        return text
    parent_key, _, last = key.rpartition(".")
    parent = OmegaConf.select(base, parent_key) if parent_key else None
    keys = accepted_keys(parent) if isinstance(parent, DictConfig) else []
    if last in keys and not override.is_delete():
        return f"+{text}"
    if isinstance(parent, DictConfig):
        children = sorted({*map(str, parent), *keys} - {TARGET, "_partial_"})
        hint = nearest(last, children).replace("'", f"'{parent_key}.", 1) or f"; it has {', '.join(children)}"
        raise ValueError(f"{name}: {parent_key} has no key '{last}'{hint}")
    raise ValueError(f"{name} has no key '{key}'{nearest(key, [*_paths(base), *groups])}")


def _check_kind(override: Override, base: DictConfig, config: DictConfig) -> None:
    """A value that no constructor will look at must be of the kind that the config has."""
    key = override.key_or_group
    parent = OmegaConf.select(base, key.rpartition(".")[0]) if "." in key else base
    if override.is_delete() or not _has(base, key) or (isinstance(parent, DictConfig) and TARGET in parent):
        return
    try:
        before, after = OmegaConf.select(base, key), OmegaConf.select(config, key)
    except OmegaConfBaseException:
        return  # what an interpolation leads to is looked at later
    if None not in (before, after) and _kind(before) != _kind(after):
        raise ValueError(f"{key} must be {_kind(before)} (such as {_shown(before)}), got {_shown(after)}")


def _check_overlays(
    config: DictConfig, picked: dict[str, str], added: set[str], name: str, folder: Path
) -> None:
    """The top keys of an experiment must be keys of the root: Hydra itself would take any without a word."""
    overlays = {g: c for g, c in picked.items() if _is_overlay(folder / g / f"{c}.yaml")}
    if not overlays:
        return
    plain, _ = _compose(name, [f"{g}={c}" for g, c in picked.items() if g not in overlays], folder)
    wrong = sorted(set(map(str, config)) - set(map(str, plain)) - added)
    if wrong:
        where = " or ".join(f"{group}/{choice}" for group, choice in overlays.items())
        raise ValueError(f"{where}: {name} has no key '{wrong[0]}'{nearest(wrong[0], map(str, plain))}")


def _check_complete(config: DictConfig, name: str) -> None:
    """Every value must be there, and every interpolation lead to one."""
    try:
        missing = sorted(OmegaConf.missing_keys(config))
        if not missing:
            OmegaConf.to_container(config, resolve=True)
    except InterpolationToMissingValueError as error:
        missing = [str(error).rpartition("Missing mandatory value: ")[2].split()[0]]
    except OmegaConfBaseException as error:
        raise ValueError(f"{name}: {error.full_key}: {str(error).splitlines()[0]}") from None
    if missing:
        raise ValueError(f"{name} needs {missing[0]}, which has no default; give it as {missing[0]}=VALUE")


def _check_root(name: str, folder: Path) -> None:
    if not (folder / f"{name}.yaml").is_file():
        roots = [path.stem for path in folder.glob("*.yaml")]
        raise ValueError(f"there is no config '{name}'{nearest(name, roots)}")


def _groups(folder: Path) -> list[str]:
    return sorted({path.parent.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")} - {"."})


def _choices(folder: Path, group: str) -> list[str]:
    return sorted(path.stem for path in (folder / group).glob("*.yaml"))


def _is_overlay(path: Path) -> bool:
    return path.is_file() and _OVERLAY in path.read_text(encoding="utf-8").splitlines()[:20]


def _has(config: DictConfig, key: str) -> bool:
    return key in set(_paths(config))


def _paths(config: Any, prefix: str = "") -> Iterator[str]:
    """All dotted keys of a config, interpolations unresolved."""
    if not isinstance(config, DictConfig) or config._is_missing() or config._is_none():
        return
    for key in map(str, config):
        path = f"{prefix}{key}"
        yield path
        if not OmegaConf.is_missing(config, key) and not OmegaConf.is_interpolation(config, key):
            yield from _paths(config[key], f"{path}.")


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", str: "text", DictConfig: "a mapping", ListConfig: "a list"}
    return next((word for kind, word in kinds.items() if isinstance(value, kind)), "a number")


def _shown(value: Any) -> str:
    plain = OmegaConf.to_container(value) if isinstance(value, DictConfig | ListConfig) else value
    return value if isinstance(value, str) else json.dumps(plain)


def _nothing(choice: str | None) -> str:
    return "  (one must be chosen)" if choice == "???" else "  (nothing by default)"


def _first_comment(path: Path) -> str:
    """The first comment of a file that is not for Hydra."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = (line.removeprefix("#").strip() for line in lines if line.startswith("#"))
    first = next((text for text in comments if not text.startswith("@")), "")
    return first if len(first) <= 72 else f"{first[:71].rstrip()}…"
