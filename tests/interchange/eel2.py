"""Enough of a JSFX host to hear an effect: its sections as JavaScript, its memory, its sliders, its samples.

EEL2 takes no notice of case, lets every variable begin at 0, and has one memory; `( a; b; )` is an
expression. There is no REAPER here, so this stands in for it: the grammar of our effects, and no more.
"""

import re

_SECTION = re.compile(r"^@(\w+)$", re.MULTILINE)
_WORDS = {"sin", "cos", "tan", "exp", "log", "sqrt", "abs", "floor"}


def as_javascript(effect: str) -> str:
    """`function strip(rate)` of the same kind as our JavaScript, from the text of a .jsfx file."""
    head, *parts = _SECTION.split(effect)
    assert re.search(r"\d[eE][-+]?\d", effect) is None, "EEL2 has no exponents"
    sections = dict(zip(parts[::2], (_script(part.lower()) for part in parts[1::2]), strict=True))
    words = set(re.findall(r"\b[a-z]\w*\b", " ".join(sections.values())))
    names = sorted((words | {"srate", "spl0", "spl1", "spl2", "spl3"}) - _WORDS - {"mem", "memset"})
    sliders = re.findall(r"^slider(\d+):", head, re.MULTILINE)
    return f"""
function strip(rate_of_host) {{
  const {{sin, cos, tan, exp, log, sqrt, abs, floor}} = Math;
  const mem = new Float64Array(1 << 20);
  const memset = (at, value, count) => mem.fill(value, at, at + count);
  let {", ".join(f"{name} = 0" for name in names)};
  srate = rate_of_host;
  {sections["init"]}
  let last = null;
  return function (settings, n, signals) {{
    if (last === null || settings.some((value, i) => value !== last[i])) {{
      {" ".join(f"slider{number} = settings[{int(number) - 1}];" for number in sliders)}
      {sections["slider"]}
      last = settings.slice();
    }}
    const out = [new Float64Array(n), new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {{
      spl0 = signals[0][i]; spl1 = signals[signals.length - 1][i];
      {sections["sample"]}
      out[0][i] = spl0; out[1][i] = spl1; out[2][i] = spl2; out[3][i] = spl3;
    }}
    return out;
  }};
}}
"""


def _script(text: str) -> str:
    text = re.sub(r"\b(r\d+x\d+)\[", r"mem[\1 + ", text)
    # `( a; b; )` → `( a, b )`
    while (found := re.sub(r";(\s*)\)", r"\1)", text)) != text:
        text = found
    lines = []
    for line in text.splitlines():
        body, end = (line[:-1], ";") if line.endswith(";") else (line, "")
        if re.match(r"(ready|left)\d+( > 0)? \? \(", body):
            # EEL2's ? needs no other branch
            body = body if ") : (" in body else body.replace("? (", "&& (", 1)
            line = body.replace(";", ",") + end
        lines.append(line)
    return "\n".join(lines)
