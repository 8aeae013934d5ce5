"""A session that was edited in Ardour as a session of ours again.

The file still holds the session from which it was written. Every value in it is held against what was written
then: what is the same to rounding stays as it was, to the bit; what a person has moved comes back.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, parse

from gainstage.console.session import MAX_BYTES, Session
from gainstage.interchange.ardour.devices import Embedded, Flavour
from gainstage.interchange.ardour.native import Native
from gainstage.interchange.ardour.parts import Document
from gainstage.interchange.ardour.route import Route
from gainstage.interchange.ardour.strip_edits import StripEdits
from gainstage.interchange.desk import Desk
from gainstage.interchange.freezing import FROZEN, Plan

_FLAVOURS: dict[str, type[Embedded] | type[Native]] = {"ardour": Embedded, "ardour-native": Native}


@dataclass(frozen=True)
class Imported:
    """What came back from Ardour.

    Args:
        session: ours, with what was moved.
        changes: what was moved, a sentence each.
        left: what is in the Ardour session and cannot come back, a sentence each.
    """

    session: Session
    changes: tuple[str, ...] = field(default=())
    left: tuple[str, ...] = field(default=())


def read_session(path: Path | str) -> Imported:
    """Read what `gainstage export mix` has written and Ardour has saved.

    Args:
        path: the file with the ending .ardour, or the folder that holds one.

    Raises:
        ValueError: it cannot be read, or was not written by us; one sentence says which.
    """
    path = _file(Path(path))
    root = _root(path)
    made = root.find("Extra/Gainstage")
    if made is None:
        raise ValueError(f"{path} was not written by gainstage: export a session to Ardour and edit that one")
    flavour_name = made.get("flavour", "")
    if flavour_name not in _FLAVOURS:
        raise ValueError(
            f"{path} was written as '{flavour_name}', which this program does not know: update it"
        )
    try:
        before = Session.from_json(made.findtext("Session", ""))
    except ValueError as error:
        raise ValueError(f"{path}: the session in it cannot be read: {error}") from None
    flavour: Flavour = _FLAVOURS[flavour_name]()
    plan = Plan.of(Desk.of(before), flavour.can)
    try:
        return _edited(root, made, plan, flavour, before)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be read as Ardour saves it: {error}") from None


def _file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob("*.ardour"))
        if len(found) != 1:
            raise ValueError(f"{path} holds {len(found)} Ardour sessions; give the one to read")
        return found[0]
    return path


def _root(path: Path) -> Element:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MiB: not a session")
        root = parse(path).getroot()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except ParseError as error:
        raise ValueError(f"{path} is not an Ardour session: it is not XML ({error})") from None
    if root.tag != "Session":
        raise ValueError(f"{path} is not an Ardour session: it begins with <{root.tag}>")
    return root


def _edited(root: Element, made: Element, plan: Plan, flavour: Flavour, before: Session) -> Imported:
    document: dict[str, Any] = before.model_dump(mode="json")
    rate = Document(before.sample_rate)
    routes = {route.get("id", ""): route for route in root.iterfind("Routes/Route")}
    identities = {
        (strip.get("section", ""), int(strip.get("index", "0"))): strip.get("route", "")
        for strip in made.iterfind("Strip")
    }
    places = {identity: place for place, identity in identities.items()}
    changes: list[str] = []
    left: list[str] = []
    for live in plan.strips:
        if live.strip.section == FROZEN:
            continue
        section, index = live.strip.place
        target = document["master"] if section == "master" else document[section][index]
        element = routes.get(identities.get(live.strip.place, ""))
        if element is None:
            target["mute"], target["mute_curve"] = True, []
            changes.append(f"{live.strip.label}: is gone in Ardour; it is muted here")
            continue
        edits = StripEdits(Route(element, rate), live, plan, flavour, target, places)
        edits.take()
        changes += edits.document.changes
        left += edits.document.left
    known = set(identities.values())
    new = [r.get("name", "") for i, r in routes.items() if i not in known and _is_new(r, plan)]
    left += [f"{name}: is new in Ardour and left out" for name in new]
    return Imported(Session.model_validate(document), tuple(changes), tuple(left))


def _is_new(route: Element, plan: Plan) -> bool:
    """Routes that Ardour has of itself are no news, nor is the track that plays a frozen master."""
    about = route.find("PresentationInfo")
    flags = "" if about is None else about.get("flags", "")
    ours = {live.strip.name for live in plan.section(FROZEN)}
    own = ("MonitorOut", "MasterOut", "Auditioner", "SurroundMaster")
    return route.get("name") not in ours and not any(flag in flags for flag in own)
