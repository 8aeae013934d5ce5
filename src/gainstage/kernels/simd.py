"""Eight numbers at once, for the compiled kernels: `Lanes` is a register of eight doubles.

A recurrence cannot use vector instructions along time, since each sample waits for the one before. But rows
do not wait for each other, so eight of them advance in lockstep, one a lane. numba does not find that by
itself (it cannot prove that arrays do not overlap), so here are the few operations that it takes, each one
LLVM instruction or a few, for whatever processor there is: one register of 512 bits, two of 256 or four of
128.

All of this is called from compiled code only. Indices are not checked.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

from gainstage.kernels.compile import kernel

WIDTH = 8

Audio = NDArray[Any]  # float32 or float64
Doubles = NDArray[np.float64]

_DOUBLES = ir.VectorType(ir.DoubleType(), WIDTH)
_FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
_INTEGERS = ir.VectorType(ir.IntType(64), WIDTH)
_INDICES = ir.VectorType(ir.IntType(32), WIDTH)
_FLAGS = ("contract", "nsz")  # multiply and add may fuse; NaNs stay NaNs
_intrinsic: Any = intrinsic
_BITS_OF_ROOT_HALF = int(np.float64(math.sqrt(0.5)).view(np.int64))


class Lanes(Protocol):
    """Eight doubles in a register, as the type checker sees them; with the arithmetic of one."""

    def __add__(self, other: "Lanes | float") -> "Lanes": ...
    def __radd__(self, other: float) -> "Lanes": ...
    def __sub__(self, other: "Lanes | float") -> "Lanes": ...
    def __rsub__(self, other: float) -> "Lanes": ...
    def __mul__(self, other: "Lanes | float") -> "Lanes": ...
    def __rmul__(self, other: float) -> "Lanes": ...
    def __truediv__(self, other: "Lanes | float") -> "Lanes": ...
    def __rtruediv__(self, other: float) -> "Lanes": ...


class _LanesType(types.Type):
    """… and as numba sees them."""


_LANES = _LanesType("Lanes")
_PAIR: Any = types.UniTuple(_LANES, 2)  # type: ignore[no-untyped-call]
_ALL: Any = types.UniTuple(_LANES, WIDTH)  # type: ignore[no-untyped-call]


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    """… and LLVM."""

    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _DOUBLES)  # type: ignore[no-untyped-call]


def _operation(emit: Callable[..., Any], result: Any, arguments: int) -> Any:
    """What `emit` writes with an LLVM builder, as a function for compiled code, on so many `Lanes`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        value = emit(builder, *values)
        if isinstance(value, list):
            return context.make_tuple(builder, signature.return_type, value)
        return value

    made = result(*[_LANES] * arguments), build
    definitions: Any = {  # numba reads their parameters, so *args will not do
        1: lambda _, _a: made,
        2: lambda _, _a, _b: made,
        4: lambda _, _a, _b, _c, _d: made,
        8: lambda _, _a, _b, _c, _d, _e, _f, _g, _h: made,
    }
    return _intrinsic(definitions[arguments])


def _integers(value: int) -> Any:
    return ir.Constant(_INTEGERS, [value] * WIDTH)


def _compare(relation: str) -> Callable[..., Any]:
    return lambda builder, a, b, yes, no: builder.select(builder.fcmp_ordered(relation, a, b), yes, no)


def _emit_magnitude(builder: Any, a: Any) -> Any:
    bits = builder.and_(builder.bitcast(a, _INTEGERS), _integers((1 << 63) - 1))
    return builder.bitcast(bits, _DOUBLES)


def _emit_split(builder: Any, a: Any) -> list[Any]:
    bits = builder.bitcast(a, _INTEGERS)
    exponent = builder.ashr(builder.sub(bits, _integers(_BITS_OF_ROOT_HALF)), _integers(52))
    mantissa = builder.sub(bits, builder.shl(exponent, _integers(52)))
    return [builder.bitcast(mantissa, _DOUBLES), builder.sitofp(exponent, _DOUBLES)]


def _emit_power_of_two(builder: Any, a: Any) -> Any:
    bits = builder.add(builder.bitcast(a, _INTEGERS), _integers(1023))
    return builder.bitcast(builder.shl(bits, _integers(52)), _DOUBLES)


def _emit_transpose(builder: Any, *values: Any) -> list[Any]:
    rows = list(values)
    for half in (4, 2, 1):  # swap the off-diagonal quarters of ever smaller squares
        low = [i - half + WIDTH if i & half else i for i in range(WIDTH)]
        high = [i + WIDTH if i & half else i + half for i in range(WIDTH)]
        masks = ir.Constant(_INDICES, low), ir.Constant(_INDICES, high)
        for i in range(WIDTH):
            if not i & half:
                pair = rows[i], rows[i + half]
                rows[i], rows[i + half] = (builder.shuffle_vector(*pair, mask) for mask in masks)
    return rows


def _emit_splat(builder: Any, value: Any) -> Any:
    first = builder.insert_element(ir.Constant(_DOUBLES, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, ir.Constant(_INDICES, [0] * WIDTH))


where_less: Callable[[Lanes, Lanes, Lanes, Lanes], Lanes] = _operation(_compare("<"), _LANES, 4)
"""(a, b, yes, no), per lane: `yes` where a < b, else `no`; a NaN takes `no`."""

where_equal: Callable[[Lanes, Lanes, Lanes, Lanes], Lanes] = _operation(_compare("=="), _LANES, 4)
"""(a, b, yes, no), per lane: `yes` where a = b, else `no`; a NaN takes `no`."""

magnitude: Callable[[Lanes], Lanes] = _operation(_emit_magnitude, _LANES, 1)
"""Absolute values: all bits but the sign."""

split: Callable[[Lanes], tuple[Lanes, Lanes]] = _operation(_emit_split, _PAIR, 1)
"""Positive normal numbers as m·2^e with m from √½ to √2: (m, e)."""

power_of_two: Callable[[Lanes], Lanes] = _operation(_emit_power_of_two, _LANES, 1)
"""2^k for a whole k that has been added to 1.5·2⁵², which puts it into the lowest bits of the double."""

transpose: Callable[..., tuple[Lanes, ...]] = _operation(_emit_transpose, _ALL, WIDTH)
"""Eight registers as an 8 × 8 matrix, transposed in 24 shuffles."""


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> tuple[Any, bool, int]:
    """Pointer to eight neighbours in a flat array, whether they are floats, and what they are aligned to."""
    data = context.make_array(array_type)(context, builder, array).data
    single = array_type.dtype == types.float32
    vector = _FLOATS if single else _DOUBLES
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer()), single, 4 if single else 8


def _define_load(_: Any, array: Any, __: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, single, align = _address(context, builder, signature.args[0], *args)
        value = builder.load(pointer, align=align)
        return builder.fpext(value, _DOUBLES) if single else value

    return _LANES(array, types.intp), build


def _define_store(_: Any, array: Any, __: Any, ___: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, single, align = _address(context, builder, signature.args[0], *args[:2])
        value = builder.fptrunc(args[2], _FLOATS) if single else args[2]
        builder.store(value, pointer, align=align)
        return context.get_dummy_value()

    return types.none(array, types.intp, _LANES), build


def _define_splat(_: Any, __: Any) -> Any:
    def build(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return _emit_splat(builder, args[0])

    return _LANES(types.float64), build


load: Callable[[Audio, int], Lanes] = _intrinsic(_define_load)
"""Eight neighbours of a flat array."""

store: Callable[[Audio, int, Lanes], None] = _intrinsic(_define_store)
"""Write eight neighbours of a flat array."""

splat: Callable[[float], Lanes] = _intrinsic(_define_splat)
"""One number in all lanes."""


def _teach(function: Any, instruction: str) -> None:
    """Teach numba an operator on two `Lanes`, or on `Lanes` and a number."""
    both = _operation(lambda builder, a, b: getattr(builder, instruction)(a, b, flags=_FLAGS), _LANES, 2)

    def implement(a: Any, b: Any) -> Any:
        if a is _LANES and b is _LANES:
            return lambda a, b: both(a, b)
        if a is _LANES and isinstance(b, types.Float):
            return lambda a, b: both(a, splat(b))
        if isinstance(a, types.Float) and b is _LANES:
            return lambda a, b: both(splat(a), b)
        return None

    overload(function, strict=False)(implement)  # strict compares annotations, which lambdas do not have


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _teach(_function, _instruction)


@kernel
def aligned(count: int) -> Doubles:
    """Scratch memory that starts on a cache line."""
    memory = np.empty(count + WIDTH)
    start = (-(memory.ctypes.data // 8)) % WIDTH
    return memory[start : start + count]
