"""One processor as a program: what is done when a setting moves, and what for every sample.

A formula is written as a Python function that is given a `Program` and signals, and says step by step what to
do with them. Running it once writes the steps down; the languages print them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gainstage.interchange.formulas.expression import Expression, Name, Number, Past, Value, expression
from gainstage.processors import Parameter

RATE = Name("rate")
"""The host's sample rate in Hz."""

RAMP = 512
"""Samples over which what follows from a setting moves in a straight line when the setting moves."""


@dataclass(frozen=True)
class Step:
    """`name = value`; a state keeps what it is given until the next sample."""

    name: Name
    value: Expression


@dataclass(frozen=True)
class Push:
    """Put a value into a ring; `Past` finds it there."""

    ring: Name
    value: Expression


@dataclass(frozen=True)
class Setting:
    """A parameter as the host shows it.

    Args:
        processor: its processor.
        parameter: its row in the processor's table.
        name: its variable.
        value: where it stands at first.
    """

    processor: str
    parameter: Parameter
    name: Name
    value: float


@dataclass
class Program:
    """The steps of one processor.

    Args:
        processor: its name.
        number: which of the strip: it makes all variables of a strip different from each other.
        settings: its parameters.
        control: steps when a setting moves.
        ramped: those of the control's names that then move in a straight line.
        states: what is kept from sample to sample, 0 at first.
        rings: what is kept longer: name → size in samples, a number that follows from the rate.
        sample: steps for every sample.
        inputs, outputs: the signals.
    """

    processor: str
    number: int
    settings: list[Setting] = field(default_factory=list)
    control: list[Step] = field(default_factory=list)
    ramped: list[Name] = field(default_factory=list)
    states: list[Name] = field(default_factory=list)
    rings: dict[Name, Expression] = field(default_factory=dict)
    sample: list[Step | Push] = field(default_factory=list)
    inputs: list[Name] = field(default_factory=list)
    outputs: list[Name] = field(default_factory=list)
    _made: int = 0

    def setting_name(self, index: int) -> Name:
        """The variable of one of the settings."""
        return Name(f"p{self.number}x{index}")

    def parameter(self, name: str) -> Expression:
        """A setting's value."""
        return next(setting.name for setting in self.settings if setting.parameter.name == name)

    def once(self, value: Value) -> Expression:
        """Worked out when a setting moves, and taken at once."""
        name = self._name("c")
        self.control.append(Step(name, expression(value)))
        return name

    def moving(self, value: Value) -> Expression:
        """Worked out when a setting moves; from there it moves in a straight line."""
        name = self._name("m")
        self.control.append(Step(name, expression(value)))
        self.ramped.append(name)
        return name

    def now(self, value: Value) -> Expression:
        """Worked out for every sample."""
        name = self._name("t")
        self.sample.append(Step(name, expression(value)))
        return name

    def state(self) -> Name:
        """A number that is kept; 0 at first."""
        name = self._name("s")
        self.states.append(name)
        return name

    def keep(self, state: Name, value: Value) -> None:
        """What a state is from now on."""
        self.sample.append(Step(state, expression(value)))

    def ring(self, size: Value) -> Name:
        """Room for the last `size` values."""
        name = self._name("r")
        self.rings[name] = expression(size)
        return name

    def push(self, ring: Name, value: Value) -> None:
        self.sample.append(Push(ring, expression(value)))

    def past(self, ring: Name, back: Value) -> Expression:
        return Past(ring, expression(back))

    def take(self, channels: int) -> list[Name]:
        """The signals that come in."""
        self.inputs = [self._name("x") for _ in range(channels)]
        return self.inputs

    def give(self, signals: Sequence[Value]) -> None:
        """The signals that go out."""
        for signal in signals:
            name = self._name("y")
            self.sample.append(Step(name, expression(signal)))
            self.outputs.append(name)

    def _name(self, kind: str) -> Name:
        self._made += 1
        return Name(f"{kind}{self.number}x{self._made}")


def sum_of(values: Sequence[Expression]) -> Expression:
    total: Expression = Number(0.0)
    for i, value in enumerate(values):
        total = value if i == 0 else total + value
    return total
