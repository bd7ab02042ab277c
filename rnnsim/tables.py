"""Tables for lanes of float64: what a function is at the points of a grid, for its computation to start from."""

import numpy as np
from llvmlite import binding, ir
from numba import config
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_constant
from numba.extending import models, register_model, typeof_impl

from rnnsim.lanes import Lanes, teach

DOUBLE = ir.DoubleType()


class Table:
    """Rows of two numbers, 2¹⁵ at most, row k for the point k · 2^-`fineness`. They become a constant of the kernels that use them."""

    def __init__(self, name: str, fineness: int, rows: np.ndarray):
        self.name, self.fineness = name, fineness
        self.rows = np.zeros((1 << (len(rows) - 1).bit_length(), 2))
        self.rows[: len(rows)] = rows

    @property
    def layout(self):
        """How to find a row. Added to a number, `origin` rounds it to the table's grid and leaves the row's number in the sum's lowest
        bits; `last` keeps these, and no more of what a nan has there."""
        return 1.5 * 2.0 ** (52 - self.fineness), len(self.rows) - 1


class TableType(types.Type):
    def __init__(self, table: Table):
        self.table = table
        super().__init__(name=f"Table({table.name})")


register_model(TableType)(models.OpaqueModel)


@typeof_impl.register(Table)
def _typeof_table(table, context):
    return TableType(table)


@lower_constant(TableType)
def _lower_table(context, builder, typ, table):
    return context.get_dummy_value()


def look_up(table, x):
    """The point of the table's grid nearest to x ≥ 0, and the two numbers of its row (of any row for nan)."""
    origin, last = table.layout
    shifted = np.asarray(x + origin, np.float64)
    row = shifted.view(np.int64) & last
    return (shifted - origin)[()], table.rows[row, 0][()], table.rows[row, 1][()]


def _type_look_up(table, x):
    element = getattr(x, "dtype", x)
    return types.UniTuple(x, 3) if isinstance(table, TableType) and element == types.float64 else None


teach(look_up, _type_look_up)


def gathers(features: str) -> bool:
    """Whether a processor, by its features as LLVM lists them, fills a register from many addresses faster than it loads and joins their
    numbers. Intel's do since they need no mitigation of that instruction, which is since they multiply tiles; AMD's do not."""
    return "+amx-tile" in features.split(",")


GATHERS = gathers(binding.get_host_cpu_features().flatten() if config.CPU_FEATURES is None else config.CPU_FEATURES)


@lower_builtin(look_up, TableType, types.Any)
def _lower_look_up(context, builder, sig, args):
    table, x, lanes = sig.args[0].table, args[1], sig.args[1].width if isinstance(sig.args[1], Lanes) else 1
    origin, last = table.layout
    vector, integers = ir.VectorType(DOUBLE, lanes), ir.VectorType(ir.IntType(64), lanes)
    if vector != x.type:
        x = builder.bitcast(x, vector)
    shifted = builder.fadd(x, ir.Constant(vector, [origin] * lanes))
    row = builder.and_(builder.bitcast(shifted, integers), ir.Constant(integers, [last] * lanes))
    point = builder.fsub(shifted, ir.Constant(vector, [origin] * lanes))
    fill = _gathered if GATHERS and lanes > 1 else _loaded
    results = point, *fill(builder, table, row)
    return context.make_tuple(builder, sig.return_type, [builder.bitcast(v, args[1].type) for v in results])


def _address(builder, name, numbers):
    """Where a kernel's module keeps an array of constants, by its name."""
    name = f"rnnsim.{name}"
    if name not in builder.module.globals:
        content = cgutils.create_constant_array(ir.IntType(8), bytearray(numbers.tobytes()))
        cgutils.global_constant(builder.module, name, content).align = 64
    return builder.bitcast(builder.module.get_global(name), ir.IntType(8).as_pointer())


def _pick(builder, a, b, places):
    """The lanes of a, then b, at these places."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), list(places)))


def _places(builder, row, lanes):
    """Where the rows of these lanes, eight at most, begin, counted in numbers. They leave the vector register four at a time."""
    i16, i32, i64, word = ir.IntType(16), ir.IntType(32), ir.IntType(64), min(4, len(lanes))
    places = builder.shl(_pick(builder, row, row, lanes), ir.Constant(ir.VectorType(i64, len(lanes)), [1] * len(lanes)))
    short = builder.trunc(places, ir.VectorType(i16, len(lanes)))
    words = builder.bitcast(short, ir.VectorType(ir.IntType(16 * word), len(lanes) // word))
    for i in range(len(lanes)):
        four = builder.extract_element(words, ir.Constant(i32, i // word))
        four = four if four.type == i64 else builder.zext(four, i64)
        yield builder.and_(builder.lshr(four, ir.Constant(i64, 16 * (i % word))), ir.Constant(i64, 0xFFFF))


def _loaded(builder, table, row):
    """The two numbers of each of these rows: a load of a row for every lane. Every other row stands in one register, the rest in another,
    which an instruction each then joins to the first and to the second numbers."""
    start, lanes = _address(builder, table.name, table.rows), row.type.count
    rows = []
    for first in range(0, lanes, 8):
        for place in _places(builder, row, range(first, min(first + 8, lanes))):
            address = builder.gep(start, [place], source_etype=DOUBLE)
            rows.append(builder.load(builder.bitcast(address, ir.VectorType(DOUBLE, 2).as_pointer()), align=16))
    if lanes == 1:
        return [_pick(builder, rows[0], rows[0], [which]) for which in (0, 1)]
    halves = [rows[::2], rows[1::2]]
    while len(halves[0]) > 1:
        halves = [
            [_pick(builder, a, b, range(2 * a.type.count)) for a, b in zip(half[::2], half[1::2], strict=True)] for half in halves
        ]
    (even,), (odd,) = halves
    return [_pick(builder, even, odd, [lane % 2 * lanes + lane // 2 * 2 + which for lane in range(lanes)]) for which in (0, 1)]


def _gathered(builder, table, row):
    """As `_loaded`, by an instruction of the processor's for each of the two columns that is used."""
    lanes = row.type.count
    vector, mask = ir.VectorType(DOUBLE, lanes), ir.Constant(ir.VectorType(ir.IntType(1), lanes), [1] * lanes)
    numbers = []
    for which, column in enumerate(table.rows.T):
        start = _address(builder, f"{table.name}.{which}", column)
        addresses = builder.gep(start, [row], source_etype=DOUBLE)
        addresses.type = ir.VectorType(start.type, lanes)  # llvmlite knows single addresses alone
        arguments = addresses, ir.Constant(ir.IntType(32), 8), mask, ir.Constant(vector, ir.Undefined)
        name = f"llvm.masked.gather.v{lanes}f64.v{lanes}p0"
        signature = ir.FunctionType(vector, [argument.type for argument in arguments])
        numbers.append(builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments))
    return numbers
