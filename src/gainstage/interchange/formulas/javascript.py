"""Programs in JavaScript: a function that makes a strip, and an AudioWorklet around it."""

import json
from collections.abc import Sequence

from gainstage.interchange.formulas.printing import Dialect, held, temporaries
from gainstage.interchange.formulas.program import RAMP, Program, Push

_FUNCTIONS = {name: f"Math.{name}" for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "floor")}
DIALECT = Dialect(
    _FUNCTIONS,
    "({left} < {right} ? {then} : {otherwise})",
    "{ring}[({ring}_at - {back} + {ring}_size) % {ring}_size]",
)


def module(programs: Sequence[Program]) -> str:
    """`function strip(rate)`, which gives `process(settings, n, signals)` → signals.

    `settings` are the values of all programs' settings in a row; `signals` are one or two arrays of n
    numbers.
    """
    lines, first = ["function strip(rate) {", "const programs = [];"], 0
    for program in programs:
        lines += ["programs.push((function () {", *_program(program, first), "})());"]
        first += len(program.settings)
    lines += [
        "return function (settings, n, signals) {",
        "  for (const program of programs) signals = program(settings, n, signals);",
        "  return signals;",
        "};",
        "}",
    ]
    return "\n".join(lines) + "\n"


def worklet(programs: Sequence[Program], name: str) -> str:
    """The module as an AudioWorkletProcessor whose parameters are the settings, by `processor.parameter`."""
    described = [
        {
            "name": f"{s.processor}.{s.parameter.name}",
            "defaultValue": s.value,
            "minValue": s.parameter.low,
            "maxValue": s.parameter.high,
            "automationRate": "k-rate",
        }
        for program in programs
        for s in program.settings
    ]
    return (
        module(programs)
        + f"const described = {json.dumps(described, indent=1)};\n"
        + f"registerProcessor({json.dumps(name)}, "
        + """class extends AudioWorkletProcessor {
  static get parameterDescriptors() { return described; }
  constructor() { super(); this.strip = strip(sampleRate); }
  process(inputs, outputs, parameters) {
    if (inputs[0].length === 0) return true;
    const settings = described.map((row) => parameters[row.name][0]);
    const made = this.strip(settings, outputs[0][0].length, inputs[0]);
    outputs[0].forEach((channel, i) => channel.set(made[Math.min(i, made.length - 1)]));
    return true;
  }
});
"""
    )


def _program(program: Program, first: int) -> list[str]:
    ramped, states, once = (
        [name.text for name in program.ramped],
        [name.text for name in program.states],
        held(program),
    )
    names = [*once, *states, *ramped, *(f"{name}_step" for name in ramped)]
    names += [f"{name}_goal" for name in ramped]
    lines = [f"let {', '.join(f'{name} = 0' for name in [*names, 'left'])}, last = null;"]
    for ring, size in program.rings.items():
        at = f"{ring.text}_size = Math.floor({DIALECT.text(size)})"
        lines.append(f"const {at}, {ring.text} = new Float64Array({ring.text}_size); let {ring.text}_at = 0;")
    lines.append("function control(p) {")
    lines += [f"  const {s.name.text} = p[{first + i}];" for i, s in enumerate(program.settings)]
    for step in program.control:
        if step.name.text in once:
            lines.append(f"  {step.name.text} = {DIALECT.text(step.value)};")
        elif step.name.text in ramped:
            lines.append(f"  {step.name.text}_goal = {DIALECT.text(step.value)};")
        else:
            lines.append(f"  const {step.name.text} = {DIALECT.text(step.value)};")
    end = first + len(program.settings)
    lines += [
        "}",
        "return function (p, n, signals) {",
        f"  const mine = p.slice({first}, {end});",
        "  if (last === null || mine.some((value, i) => value !== last[i])) {",
        "    control(p);",
        "    if (last === null) {" + " ".join(f"{name} = {name}_goal;" for name in ramped) + "}",
        f"    else {{ left = {RAMP};",
        *[f"      {name}_step = ({name}_goal - {name}) / {RAMP};" for name in ramped],
        "    }",
        "    last = mine;",
        "  }",
    ]
    inputs = [f"in_{i + 1}" for i in range(len(program.inputs))]
    outputs = [f"out_{i + 1}" for i in range(len(program.outputs))]
    lines += [f"  const {name} = signals[{i}];" for i, name in enumerate(inputs)]
    lines += [f"  const {name} = new Float64Array(n);" for name in outputs]
    lines += ["  for (let i = 0; i < n; i++) {", *_sample(program, inputs, outputs)]
    lines += ["    if (left > 0) {", "      left -= 1;"]
    lines += [f"      {name} = left === 0 ? {name}_goal : {name} + {name}_step;" for name in ramped]
    return [*lines, "    }", "  }", f"  return [{', '.join(outputs)}];", "};"]


def _sample(program: Program, inputs: list[str], outputs: list[str]) -> list[str]:
    lines = [
        f"    const {name.text} = {source}[i];" for name, source in zip(program.inputs, inputs, strict=True)
    ]
    new = set(temporaries(program))
    for step in program.sample:
        if isinstance(step, Push):
            ring = step.ring.text
            lines += [
                f"    {ring}[{ring}_at] = {DIALECT.text(step.value)};",
                f"    {ring}_at = ({ring}_at + 1) % {ring}_size;",
            ]
        else:
            declare = "const " if step.name.text in new else ""
            lines.append(f"    {declare}{step.name.text} = {DIALECT.text(step.value)};")
    lines += [f"    {out}[i] = {name.text};" for name, out in zip(program.outputs, outputs, strict=True)]
    return lines
