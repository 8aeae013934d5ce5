"""Programs as a JSFX effect (EEL2), as REAPER runs them. EEL2 knows no capitals and no exponents."""

from collections.abc import Sequence

from gainstage.console.session_words import label, processor_label
from gainstage.interchange.formulas.printing import Dialect, decimal
from gainstage.interchange.formulas.program import RAMP, Program, Push, Setting

MOST_SLIDERS = 64
_FUNCTIONS = {name: name for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "floor")}
DIALECT = Dialect(
    _FUNCTIONS,
    "({left} < {right} ? {then} : {otherwise})",
    "{ring}[({ring}_at - {back} + {ring}_size) % {ring}_size]",
    decimal,
)


def effect(programs: Sequence[Program], title: str, *, keep_before: str | None = None) -> str:
    """The text of a .jsfx file.

    Args:
        programs: the processors in series.
        title: in REAPER's list; one line of ASCII, made by us.
        keep_before: the processor before which the signal is also put out on channels 3 and 4, for sends
            that are taken there.

    Raises:
        ValueError: more parameters than an effect can have.
    """
    settings = [setting for program in programs for setting in program.settings]
    if len(settings) > MOST_SLIDERS:
        raise ValueError(
            f"a JSFX effect has at most {MOST_SLIDERS} parameters, this strip has {len(settings)}"
        )
    lines = [f"desc:{title}", *(_slider(i + 1, setting) for i, setting in enumerate(settings)), ""]
    pins = ("left", "right") if keep_before is None else ("left", "right", "left before", "right before")
    lines += [f"{side}_pin:{pin}" for side in ("in", "out") for pin in pins]
    lines += ["", "@init", "rate = srate;", "free = 0;"]
    for program in programs:
        lines += _init(program)
    lines += ["", "@slider"]
    for at, program in zip(_starts(programs), programs, strict=True):
        lines += _control(program, at)
    lines += ["", "@sample"]
    for program in programs:
        if program.processor == keep_before:
            lines += ["spl2 = spl0;", "spl3 = spl1;"]
        lines += _sample(program)
    if keep_before is not None and keep_before not in [program.processor for program in programs]:
        lines += ["spl2 = spl0;", "spl3 = spl1;"]
    return "\n".join(lines) + "\n"


def _starts(programs: Sequence[Program]) -> list[int]:
    starts, at = [], 1
    for program in programs:
        starts.append(at)
        at += len(program.settings)
    return starts


def _slider(number: int, setting: Setting) -> str:
    row = setting.parameter
    step = decimal(10.0 ** -(3 if row.high - row.low < 10 else 2))
    low, high, value = (decimal(v) for v in (row.low, row.high, setting.value))
    unit = f" ({row.unit})" if row.unit else ""
    return (
        f"slider{number}:{value}<{low},{high},{step}>{processor_label(setting.processor)} {label(row)}{unit}"
    )


def _init(program: Program) -> list[str]:
    lines = [f"{name.text} = 0;" for name in program.states]
    for ring, size in program.rings.items():
        r = ring.text
        lines += [f"{r} = free;", f"{r}_size = floor({DIALECT.text(size)});", f"free += {r}_size;"]
        lines += [f"{r}_at = 0;", f"memset({r}, 0, {r}_size);"]
    return [*lines, f"left{program.number} = 0;", f"ready{program.number} = 0;"]


def _control(program: Program, first: int) -> list[str]:
    ramped, number = {name.text for name in program.ramped}, program.number
    lines = [f"{s.name.text} = slider{first + i};" for i, s in enumerate(program.settings)]
    for step in program.control:
        goal = "_goal" if step.name.text in ramped else ""
        lines.append(f"{step.name.text}{goal} = {DIALECT.text(step.value)};")
    if not ramped:
        return lines
    moves = [f"{name.text}_step = ({name.text}_goal - {name.text}) / {RAMP};" for name in program.ramped]
    jumps = [f"{name.text} = {name.text}_goal;" for name in program.ramped]
    branches = f"ready{number} ? ( {' '.join(moves)} left{number} = {RAMP}; ) : ( {' '.join(jumps)} );"
    return [*lines, branches, f"ready{number} = 1;"]


def _sample(program: Program) -> list[str]:
    lines = [f"{name.text} = spl{i};" for i, name in enumerate(program.inputs)]
    for step in program.sample:
        if isinstance(step, Push):
            r = step.ring.text
            lines += [f"{r}[{r}_at] = {DIALECT.text(step.value)};", f"{r}_at = ({r}_at + 1) % {r}_size;"]
        else:
            lines.append(f"{step.name.text} = {DIALECT.text(step.value)};")
    lines += [f"spl{i} = {name.text};" for i, name in enumerate(program.outputs)]
    if len(program.outputs) == 1:
        lines.append("spl1 = spl0;")
    if program.ramped:
        left = f"left{program.number}"
        ramp = " ".join(
            f"{n.text} = {left} == 0 ? {n.text}_goal : {n.text} + {n.text}_step;" for n in program.ramped
        )
        lines.append(f"{left} > 0 ? ( {left} -= 1; {ramp} );")
    return lines
