"""Programs in Lua 5.3: a function that makes a strip, which works on tables of numbers."""

from collections.abc import Sequence

from gainstage.interchange.formulas.printing import Dialect, held, temporaries
from gainstage.interchange.formulas.program import RAMP, Program, Push

_FUNCTIONS = {name: f"math.{name}" for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "floor")}
DIALECT = Dialect(
    _FUNCTIONS,
    "({left} < {right} and {then} or {otherwise})",
    "{ring}[({ring}_at - {back}) % {ring}_size + 1]",
)


def text(value: str) -> str:
    """A string as a Lua literal: nothing in it can end it or mean anything."""
    return (
        '"'
        + "".join(c if (c.isalnum() and c.isascii()) or c in " -_.,()" else _escape(c) for c in value)
        + '"'
    )


def _escape(character: str) -> str:
    return "".join(f"\\{byte:03d}" for byte in character.encode("utf-8"))


def module(programs: Sequence[Program]) -> str:
    """`local function strip(rate, room)`, which gives `process(settings, n, signals)` → signals.

    `settings` are the values of all programs' settings in a row; `signals` are one or two tables of n
    numbers, and so is what comes out, which the next call overwrites. `room(size)` gives an array of zeros;
    plain tables do where memory is plentiful.
    """
    parts = ["local function strip(rate, room)", "local programs = {}"]
    for i, program in enumerate(programs):
        parts += [f"programs[{i + 1}] = (function()", *_program(program), "end)()"]
    starts, at = [], 0
    for program in programs:
        starts.append(str(at))
        at += len(program.settings)
    counts = ", ".join(str(len(program.settings)) for program in programs)
    parts += [
        f"local first, count, last = {{{', '.join(starts)}}}, {{{counts}}}, {{}}",
        "return function(settings, n, signals)",
        "  for i = 1, #programs do",
        "    local moved = false",
        "    for j = first[i] + 1, first[i] + count[i] do",
        "      if settings[j] ~= last[j] then moved = true; last[j] = settings[j] end",
        "    end",
        "    signals = programs[i](settings, first[i], moved, n, signals)",
        "  end",
        "  return signals",
        "end",
        "end",
    ]
    return "\n".join(parts) + "\n"


def _program(program: Program) -> list[str]:
    ramped, states, once = (
        [name.text for name in program.ramped],
        [name.text for name in program.states],
        held(program),
    )
    lines = [f"local kept, now, step, goal, once, left = {{{_zeros(states)}}}, {{}}, {{}}, {{}}, {{}}, 0"]
    for ring, size in program.rings.items():
        r = ring.text
        lines += [
            f"local {r}_at, {r}_size = 0, math.floor({DIALECT.text(size)})",
            f"local {r} = room({r}_size)",
        ]
    lines += [f"local outputs = {{{', '.join('{}' for _ in program.outputs)}}}"]
    lines += ["local function control(p, base)"]
    lines += [f"  local {s.name.text} = p[base + {i + 1}]" for i, s in enumerate(program.settings)]
    lines += [f"  local {step.name.text} = {DIALECT.text(step.value)}" for step in program.control]
    lines += [f"  goal[{i + 1}] = {name}" for i, name in enumerate(ramped)]
    lines += [f"  once[{i + 1}] = {name}" for i, name in enumerate(once)]
    lines += [
        "end",
        "return function(p, base, moved, n, signals)",
        "  if moved then",
        "    control(p, base)",
        f"    if now[1] == nil then for i = 1, {len(ramped)} do now[i] = goal[i] end",
        f"    else left = {RAMP}; for i = 1, {len(ramped)} do step[i] = (goal[i] - now[i]) / {RAMP} end end",
        "  end",
    ]
    inputs = [f"in_{i + 1}" for i in range(len(program.inputs))]
    outputs = [f"out_{i + 1}" for i in range(len(program.outputs))]
    lines += [f"  local {name} = signals[{i + 1}]" for i, name in enumerate(inputs)]
    lines += (
        _unpacked(outputs, "outputs")
        + _unpacked(once, "once")
        + _unpacked(states, "kept")
        + _unpacked(ramped, "now")
    )
    lines += ["  local done = 0", "  if left > 0 then", "    done = math.min(left, n)"]
    lines += [f"    local {name}_step = step[{i + 1}]" for i, name in enumerate(ramped)]
    lines += ["    for i = 1, done do", *_sample(program, inputs, outputs)]
    lines += [f"      {name} = {name} + {name}_step" for name in ramped]
    lines += ["    end", "    left = left - done", "    if left == 0 then"]
    lines += [f"      {name} = goal[{i + 1}]" for i, name in enumerate(ramped)]
    lines += ["    end", "  end", "  for i = done + 1, n do", *_sample(program, inputs, outputs), "  end"]
    lines += [f"  kept[{i + 1}] = {name}" for i, name in enumerate(states)]
    lines += [f"  now[{i + 1}] = {name}" for i, name in enumerate(ramped)]
    return [*lines, "  return outputs", "end"]


def _sample(program: Program, inputs: list[str], outputs: list[str]) -> list[str]:
    lines = [
        f"      local {name.text} = {source}[i]" for name, source in zip(program.inputs, inputs, strict=True)
    ]
    new = set(temporaries(program))
    for step in program.sample:
        if isinstance(step, Push):
            ring = step.ring.text
            lines += [
                f"      {ring}[{ring}_at + 1] = {DIALECT.text(step.value)}",
                f"      {ring}_at = ({ring}_at + 1) % {ring}_size",
            ]
        else:
            local = "local " if step.name.text in new else ""
            lines.append(f"      {local}{step.name.text} = {DIALECT.text(step.value)}")
    lines += [f"      {out}[i] = {name.text}" for name, out in zip(program.outputs, outputs, strict=True)]
    return lines


def _unpacked(names: list[str], table: str) -> list[str]:
    return [f"  local {name} = {table}[{i + 1}]" for i, name in enumerate(names)]


def _zeros(names: list[str]) -> str:
    return ", ".join("0.0" for _ in names)
