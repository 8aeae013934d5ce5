"""What printing a program is in any language: expressions as text, and what each part of a program needs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from gainstage.interchange.formulas.expression import (
    Call,
    Choice,
    Expression,
    Name,
    Number,
    Operation,
    Past,
)
from gainstage.interchange.formulas.program import Program, Push


@dataclass(frozen=True)
class Dialect:
    """How a language writes arithmetic.

    Args:
        functions: our name → its name.
        choice: text of `then if left < right else otherwise`, with {left}, {right}, {then} and {otherwise}.
        past: text of a value in a ring, with {ring} and {back}.
        number: how it writes a number.
    """

    functions: Mapping[str, str]
    choice: str
    past: str
    number: Callable[[float], str] = repr

    def text(self, value: Expression) -> str:
        """An expression in this language; every operation in brackets, so that no precedence matters."""
        match value:
            case Number(number):
                return self.number(number) if number >= 0 else f"({self.number(number)})"
            case Name(text):
                return text
            case Operation(symbol, left, right):
                return f"({self.text(left)} {symbol} {self.text(right)})"
            case Call(function, argument):
                return f"{self.functions[function]}({self.text(argument)})"
            case Choice(left, right, then, otherwise):
                parts = {"left": left, "right": right, "then": then, "otherwise": otherwise}
                return self.choice.format(**{name: self.text(part) for name, part in parts.items()})
            case Past(ring, back):
                return self.past.format(ring=ring.text, back=self.text(back))
        raise AssertionError(f"{value} is no expression")


def names_in(value: Expression) -> Iterator[str]:
    """The variables that an expression reads."""
    match value:
        case Name(text):
            yield text
        case Operation(_, left, right):
            yield from (*names_in(left), *names_in(right))
        case Call(_, argument):
            yield from names_in(argument)
        case Choice(left, right, then, otherwise):
            for part in (left, right, then, otherwise):
                yield from names_in(part)
        case Past(_, back):
            yield from names_in(back)


def held(program: Program) -> list[str]:
    """What the control works out at once and every sample reads."""
    read = {name for step in program.sample for name in names_in(step.value)}
    ramped = {name.text for name in program.ramped}
    return [step.name.text for step in program.control if step.name.text in read - ramped]


def temporaries(program: Program) -> list[str]:
    """What is worked out anew for every sample."""
    kept = {state.text for state in program.states}
    steps = (step for step in program.sample if not isinstance(step, Push))
    return [step.name.text for step in steps if step.name.text not in kept]


def decimal(number: float) -> str:
    """A number without an exponent, to the last bit."""
    from decimal import Decimal

    return format(Decimal(repr(number)), "f")
