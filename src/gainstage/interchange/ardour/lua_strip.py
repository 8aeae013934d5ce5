"""A strip's processors as one Lua script that Ardour runs from its session file."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gainstage.console.session_words import label, processor_label
from gainstage.interchange.desk import Stage
from gainstage.interchange.formulas import lua
from gainstage.interchange.formulas.program import Setting
from gainstage.interchange.formulas.table import programs
from gainstage.processors import Scale

_BLOCK = 256


@dataclass(frozen=True)
class LuaStrip:
    """A script and its parameters.

    Args:
        text: the script.
        settings: its parameters in order: what Ardour numbers from 0.
        inputs: channels that come in; two go out.
    """

    text: str
    settings: tuple[Setting, ...]
    inputs: int

    @property
    def base64(self) -> str:
        return base64.b64encode(self.text.encode()).decode()

    @property
    def identity(self) -> str:
        """As Ardour computes it."""
        return hashlib.sha1(self.text.encode()).hexdigest()


def lua_strip(stages: Sequence[Stage], *, channels: int, inputs: int) -> LuaStrip:
    """The script of some processors in series.

    Args:
        stages: processors that have formulas; none of them for a script that makes two channels of one.
        channels: 1 where the signal is still mono, though it may be in both channels.
        inputs: channels that Ardour hands over.
    """
    made = programs(stages, channels)
    settings = tuple(setting for program in made for setting in program.settings)
    rows = ",\n".join(f"    {_row(setting)}" for setting in settings)
    text = f"""ardour {{
  ["type"] = "dsp", name = "Gainstage", category = "Channel Strip", license = "Apache-2.0",
  author = "Gainstage", description = {lua.text(", ".join(processor_label(s.name) for s in stages))}
}}

function dsp_ioconfig () return {{ {{ audio_in = {inputs}, audio_out = 2 }} }} end

function dsp_params ()
  return {{
{rows}
  }}
end

{lua.module(made)}
local process
local settings, signals, memories = {{}}, {{}}, {{}}

-- a script has 3 MiB for its tables: what is long lies outside of them, and blocks are short
local function room (size)
  local memory = ARDOUR.DSP.DspShm(size)
  memory:clear()
  memories[#memories + 1] = memory
  return memory:to_float(0):array()
end

local rate_of_host, rolled = 0, false

local function start ()
  memories = {{}}
  process = strip(rate_of_host, room)
end

function dsp_init (rate)
  rate_of_host = rate
  start ()
end

function dsp_run (ins, outs, n_samples)
  -- what is heard while the transport stands still, or rolls towards its start, must not be remembered
  local rolling = Session:transport_state_rolling ()
  if rolling and not (rolled and Session:transport_rolling ()) then start () end
  rolled = rolling
  local ports = CtrlPorts:array()
  for i = 1, {len(settings)} do settings[i] = ports[i] end
  for at = 0, n_samples - 1, {_BLOCK} do
    local n = math.min({_BLOCK}, n_samples - at)
    for c = 1, {channels} do signals[c] = ins[c]:offset(at):get_table(n) end
    local made = process(settings, n, signals)
    outs[1]:offset(at):set_table(made[1], n)
    outs[2]:offset(at):set_table(made[2] or made[1], n)
  end
end
"""
    return LuaStrip(text, settings, inputs)


def _row(setting: Setting) -> str:
    row = setting.parameter
    name = f"{processor_label(setting.processor)}: {label(row)}"
    parts = [
        '["type"] = "input"',
        f"name = {lua.text(name)}",
        f"min = {row.low!r}",
        f"max = {row.high!r}",
        f"default = {row.default!r}",
        f"unit = {lua.text(row.unit)}",
    ]
    parts += ["logarithmic = true"] if row.scale is Scale.LOG else []
    return f"{{ {', '.join(parts)} }}"
