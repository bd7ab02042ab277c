"""A SIMD value type for Numba: `Lanes(dtype, width)` holds `width` numbers, one per grid point.

Arithmetic on it becomes LLVM vector arithmetic by construction, so a recurrence written with + - * / and `primitives` runs
unchanged on a Python float, a NumPy array, a jitted float and a vector of lanes. LLVM splits a wide vector into as many
registers as the processor needs.

No fast-math flag is ever set: the only fused operation is `muladd`, which is written where it is wanted. So a result
depends on neither the width, nor the code around it, nor on how the optimiser saw it.
"""

import functools
import operator
from dataclasses import dataclass

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_constant
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox
from numba.np.numpy_support import from_dtype

from rnnsim.numerics.checked import check_lanes

CACHE_LINE = 64  # bytes


@dataclass(frozen=True)
class Kind:
    """What a register holds: `width` numbers of type `dtype`. Kernels take one as an argument and are compiled for it."""

    width: int
    dtype: str = "float64"


class KindType(types.Type):
    def __init__(self, kind: Kind):
        self.kind = kind
        self.lanes = Lanes(from_dtype(np.dtype(kind.dtype)), kind.width)
        super().__init__(name=f"Kind({kind.dtype}, {kind.width})")


class Lanes(types.Type):
    def __init__(self, dtype: types.Float, width: int):
        self.dtype, self.width = dtype, width
        super().__init__(name=f"Lanes({dtype}, {width})")


class Mask(types.Type):
    def __init__(self, lanes: Lanes):
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


register_model(KindType)(models.OpaqueModel)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        element = dmm.lookup(fe_type.dtype).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(element, fe_type.width))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), fe_type.lanes.width))


@typeof_impl.register(Kind)
def _typeof_kind(kind, context):
    return _type_of(kind)


_type_of = functools.cache(KindType)


@unbox(KindType)
def _unbox_kind(typ, value, c):
    return NativeValue(c.context.get_dummy_value())


@lower_constant(KindType)
def _constant_kind(context, builder, typ, value):
    return context.get_dummy_value()


# How a Python value of type `typ` becomes a vector of `lanes` in LLVM.


def _spread(context, builder, value, typ, lanes):
    if typ == lanes:
        return value
    element = context.cast(builder, value, typ, lanes.dtype)
    vector = context.get_value_type(lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), element, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes.width), [0] * lanes.width)
    return builder.shuffle_vector(first, first, zeros)


def meeting_type(args):
    """The type that numbers and lanes meet in: the lanes' own, or float64 among numbers alone; None for anything else."""
    lanes = {a for a in args if isinstance(a, Lanes)}
    if len(lanes) > 1 or not all(isinstance(a, Lanes | types.Float | types.Integer) for a in args):
        return None
    if lanes:
        return lanes.pop()
    return types.float32 if all(a == types.float32 for a in args) else types.float64


def all_as(context, builder, args, types_in, typ):
    """LLVM values of the type that they meet in."""
    if isinstance(typ, Lanes):
        return [_spread(context, builder, a, t, typ) for a, t in zip(args, types_in, strict=True)]
    return [context.cast(builder, a, t, typ) for a, t in zip(args, types_in, strict=True)]


def element_of(value):
    """The LLVM element type of a vector or scalar, and its suffix in the names of intrinsics."""
    vector = isinstance(value.type, ir.VectorType)
    element = value.type.element if vector else value.type
    bits = "f64" if element == ir.DoubleType() else "f32"
    return element, f"v{value.type.count}{bits}" if vector else bits


def any_bit(builder, x, bits):
    """Whether any lane of a vector of integers has one of some bits: those of all registers in one, and a branch of which LLVM knows that
    it hardly ever goes one way."""
    while x.type.count * x.type.element.width > 256:
        halves = np.arange(x.type.count).reshape(2, -1).tolist()
        x = builder.or_(*(builder.shuffle_vector(x, x, ir.Constant(ir.VectorType(ir.IntType(32), len(h)), h)) for h in halves))
    found = builder.and_(x, ir.Constant(x.type, [bits] * x.type.count))
    found = builder.bitcast(builder.icmp_unsigned("!=", found, ir.Constant(x.type, [0] * x.type.count)), ir.IntType(x.type.count))
    true = builder.icmp_unsigned("!=", found, ir.Constant(found.type, 0))
    expect = cgutils.get_or_insert_function(builder.module, ir.FunctionType(true.type, [true.type] * 2), "llvm.expect.i1")
    return builder.call(expect, [true, ir.Constant(true.type, 0)])


def teach(function, typer):
    """Register how Numba types calls of a Python function or operator: `typer` maps argument types to a result, or None."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, args, kws):
            try:
                result = typer(*args)
            except TypeError:
                return None
            return result and signature(result, *args)

    infer_global(function, types.Function(Template))


# Operators: + - * / and comparisons between lanes, or lanes and numbers.

NUMBERS = (types.Float, types.Integer)
PAIRS = [(Lanes, Lanes), *((Lanes, n) for n in NUMBERS), *((n, Lanes) for n in NUMBERS)]


def _operator(op, result, build):
    def typer(left, right):
        typ = meeting_type((left, right))
        return result(typ) if isinstance(typ, Lanes) else None

    def lower(context, builder, sig, args):
        return build(builder, *all_as(context, builder, args, sig.args, meeting_type(sig.args)))

    teach(op, typer)
    for pair in PAIRS:
        lower_builtin(op, *pair)(lower)


for _ops, _name in (
    ((operator.add, operator.iadd), "fadd"),
    ((operator.sub, operator.isub), "fsub"),
    ((operator.mul, operator.imul), "fmul"),
    ((operator.truediv, operator.itruediv), "fdiv"),
):
    for _op in _ops:
        _operator(_op, lambda lanes: lanes, lambda builder, a, b, name=_name: getattr(builder, name)(a, b))

for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(_op, lambda lanes: Mask(lanes), lambda builder, a, b, sign=_sign: builder.fcmp_ordered(sign, a, b))
_operator(operator.ne, lambda lanes: Mask(lanes), lambda builder, a, b: builder.fcmp_unordered("!=", a, b))

teach(operator.neg, lambda x: x if isinstance(x, Lanes) else None)


@lower_builtin(operator.neg, Lanes)
def _lower_neg(context, builder, sig, args):
    return builder.fneg(args[0])


# Memory: contiguous arrays, of any rank, by the position of an element in memory.


def splat(kind, x):
    """Every lane holds the number x."""
    return np.full(kind.width, x, kind.dtype)


def spread(kind, array, position):
    """Every lane holds the number that stands at `position` in a contiguous 1-D `array`."""
    return splat(kind, array[position])


def load(kind, array, position):
    """The lanes that stand from `position` on in a contiguous 1-D `array`."""
    return array[position : position + kind.width].copy()


def store(array, position, value):
    """Write lanes from `position` on into a contiguous 1-D `array`."""
    array[position : position + len(value)] = value


def stream(array, position, value):
    """`store` past the caches, for results too large to be read soon. The address must be a multiple of `CACHE_LINE`."""
    store(array, position, value)


def end_streams():
    """Let other threads see what this one streamed."""


teach(splat, lambda kind, x: kind.lanes)
teach(spread, lambda kind, array, position: kind.lanes if _fits(array, kind.lanes) else None)
teach(load, lambda kind, array, position: kind.lanes if _fits(array, kind.lanes) else None)
teach(store, lambda array, position, value: types.void if _fits(array, value) else None)
teach(stream, lambda array, position, value: types.void if _fits(array, value) else None)
teach(end_streams, lambda: types.void)


def _fits(array, lanes):
    return isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C" and array.dtype == lanes.dtype


def _address(context, builder, array_type, array, position, lanes):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [position]), context.get_value_type(lanes).as_pointer())


def _alignment(lanes):
    return lanes.dtype.bitwidth // 8


for _number in NUMBERS:

    @lower_builtin(splat, KindType, _number)
    def _lower_splat(context, builder, sig, args):
        return _spread(context, builder, args[1], sig.args[1], sig.return_type)


@lower_builtin(spread, KindType, types.Array, types.Integer)
def _lower_spread(context, builder, sig, args):
    _, array_type, place_type = sig.args
    check_lanes(context, builder, array_type, args[1], args[2], place_type, 1)
    data = context.make_array(array_type)(context, builder, args[1]).data
    number = builder.load(builder.gep(data, [args[2]]))
    return _spread(context, builder, number, sig.return_type.dtype, sig.return_type)


@lower_builtin(load, KindType, types.Array, types.Integer)
def _lower_load(context, builder, sig, args):
    _, array_type, place_type = sig.args
    check_lanes(context, builder, array_type, args[1], args[2], place_type, sig.return_type.width)
    value = builder.load(_address(context, builder, array_type, args[1], args[2], sig.return_type))
    value.align = _alignment(sig.return_type)
    return value


@lower_builtin(store, types.Array, types.Integer, Lanes)
def _lower_store(context, builder, sig, args):
    array_type, place_type, lanes = sig.args
    check_lanes(context, builder, array_type, args[0], args[1], place_type, lanes.width)
    written = builder.store(args[2], _address(context, builder, array_type, args[0], args[1], lanes))
    written.align = _alignment(lanes)
    return context.get_dummy_value()


@lower_builtin(stream, types.Array, types.Integer, Lanes)
def _lower_stream(context, builder, sig, args):
    array_type, place_type, lanes = sig.args
    check_lanes(context, builder, array_type, args[0], args[1], place_type, lanes.width)
    written = builder.store(args[2], _address(context, builder, array_type, args[0], args[1], lanes))
    written.align = CACHE_LINE
    written.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))
    return context.get_dummy_value()


@lower_builtin(end_streams)
def _lower_end_streams(context, builder, sig, args):
    builder.fence("seq_cst")
    return context.get_dummy_value()


def align_stack():
    """At the start of a kernel: let LLVM align its stack, so that spilled registers do not straddle cache lines (up to 1.4 times)."""


teach(align_stack, lambda: types.void)


@lower_builtin(align_stack)
def _lower_align_stack(context, builder, sig, args):
    with builder.goto_entry_block():
        room = builder.alloca(ir.VectorType(ir.DoubleType(), 8))
        room.align = 64
    used = ir.InlineAsm(ir.FunctionType(ir.VoidType(), [room.type]), "", "r", side_effect=True)
    builder.call(used, [room])
    return context.get_dummy_value()
