"""Gainstage: a differentiable mixing console and the engineers that drive it.

import gainstage
result = gainstage.mix("my song/stems", "my song/mix")     # a mix, and the settings behind it
console = gainstage.Console(gainstage.named("default"))     # a console to play with
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gainstage.console.console import Console
    from gainstage.console.session import Session
    from gainstage.console.spec import ConsoleSpec, named
    from gainstage.data.synthetic import Song, play_song
    from gainstage.interchange.ardour.read import read_session
    from gainstage.mixing.export import export_mix
    from gainstage.mixing.mix import Mixed, mix
    from gainstage.mixing.render import render_file

__all__ = [
    "Console",
    "ConsoleSpec",
    "Mixed",
    "Session",
    "Song",
    "export_mix",
    "mix",
    "named",
    "play_song",
    "read_session",
    "render_file",
]

_HOMES = {
    "Console": "gainstage.console.console",
    "ConsoleSpec": "gainstage.console.spec",
    "Mixed": "gainstage.mixing.mix",
    "Session": "gainstage.console.session",
    "Song": "gainstage.data.synthetic",
    "export_mix": "gainstage.mixing.export",
    "mix": "gainstage.mixing.mix",
    "named": "gainstage.console.spec",
    "play_song": "gainstage.data.synthetic",
    "read_session": "gainstage.interchange.ardour.read",
    "render_file": "gainstage.mixing.render",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `import gainstage` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gainstage' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
