"""Arithmetic as a tree, written as arithmetic: what a formula is before it is printed in some language."""

from dataclasses import dataclass


class Expression:
    """A number that is worked out elsewhere. Subclasses are final; Python's operators build them."""

    def __add__(self, other: "Value") -> "Expression":
        return Operation("+", self, expression(other))

    def __radd__(self, other: float) -> "Expression":
        return Operation("+", Number(other), self)

    def __sub__(self, other: "Value") -> "Expression":
        return Operation("-", self, expression(other))

    def __rsub__(self, other: float) -> "Expression":
        return Operation("-", Number(other), self)

    def __mul__(self, other: "Value") -> "Expression":
        return Operation("*", self, expression(other))

    def __rmul__(self, other: float) -> "Expression":
        return Operation("*", Number(other), self)

    def __truediv__(self, other: "Value") -> "Expression":
        return Operation("/", self, expression(other))

    def __rtruediv__(self, other: float) -> "Expression":
        return Operation("/", Number(other), self)


Value = Expression | float


@dataclass(frozen=True)
class Number(Expression):
    value: float


@dataclass(frozen=True)
class Name(Expression):
    """A variable; its text is made by us: a lower-case letter and digits, the same in every language."""

    text: str


@dataclass(frozen=True)
class Operation(Expression):
    """`+`, `-`, `*` or `/`."""

    symbol: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Call(Expression):
    """One of the functions that every language has: sin, cos, tan, exp, log, sqrt, floor."""

    function: str
    argument: Expression


@dataclass(frozen=True)
class Choice(Expression):
    """`then` where `left < right`, else `otherwise`."""

    left: Expression
    right: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Past(Expression):
    """What was pushed into a ring `back` pushes ago; 1 is the last."""

    ring: Name
    back: Expression


def expression(value: Value) -> Expression:
    return value if isinstance(value, Expression) else Number(float(value))


def where_less(left: Value, right: Value, then: Value, otherwise: Value) -> Expression:
    return Choice(*(expression(value) for value in (left, right, then, otherwise)))


def smaller(a: Value, b: Value) -> Expression:
    return where_less(a, b, a, b)


def larger(a: Value, b: Value) -> Expression:
    return where_less(a, b, b, a)


def clamped(value: Value, low: Value, high: Value) -> Expression:
    return larger(smaller(value, high), low)


def sin(value: Value) -> Expression:
    return Call("sin", expression(value))


def tan(value: Value) -> Expression:
    return Call("tan", expression(value))


def cos(value: Value) -> Expression:
    return Call("cos", expression(value))


def exp(value: Value) -> Expression:
    return Call("exp", expression(value))


def log(value: Value) -> Expression:
    return Call("log", expression(value))


def sqrt(value: Value) -> Expression:
    return Call("sqrt", expression(value))


def floor(value: Value) -> Expression:
    return Call("floor", expression(value))
