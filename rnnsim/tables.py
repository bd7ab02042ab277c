"""Tables for lanes: what a function is at the points of a grid, for its computation to start from."""

import numpy as np
from llvmlite import binding, ir
from numba import config
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_constant
from numba.extending import models, register_model, typeof_impl
from numba.np.numpy_support import from_dtype

from rnnsim.lanes import Lanes, element_of, teach


class Table:
    """Rows of two numbers, row k for the point k · 2^-`fineness`. They become a constant of the kernels that use them."""

    def __init__(self, name: str, fineness: int, rows: np.ndarray):
        self.name, self.fineness = name, fineness
        self.rows = np.zeros((1 << (len(rows) - 1).bit_length(), 2), rows.dtype)
        self.rows[: len(rows)] = rows

    @property
    def layout(self):
        """How to find a row. Added to a number, `origin` leaves the row's place in bytes in the sum's lowest bits, with fractions of a row
        as the last of them; `kept` clears those, and what a nan has there."""
        integer, mantissa = (np.int64, 52) if self.rows.dtype == np.float64 else (np.int32, 23)
        fractions = (2 * self.rows.itemsize).bit_length() - 1
        origin = 1.5 * 2.0 ** (mantissa - self.fineness - fractions)
        places = (len(self.rows) - 1) << fractions
        kept = ~((1 << (mantissa - 2)) - 1) | places
        return integer, origin, kept, places


class TableType(types.Type):
    def __init__(self, table: Table):
        self.table = table
        super().__init__(name=f"Table({table.name}, {table.rows.dtype})")


register_model(TableType)(models.OpaqueModel)


@typeof_impl.register(Table)
def _typeof_table(table, context):
    return TableType(table)


@lower_constant(TableType)
def _lower_table(context, builder, typ, table):
    return context.get_dummy_value()


def look_up(table, x):
    """The last point of the table's grid before x ≥ 0 (or a hair above it), and the two numbers of its row (of any row for nan)."""
    integer, origin, kept, places = table.layout
    dtype = table.rows.dtype.type
    bits = np.asarray(x + dtype(origin), dtype).view(integer) & integer(kept)
    row = (bits & integer(places)) // (2 * table.rows.itemsize)
    return (bits.view(dtype) - dtype(origin))[()], table.rows[row, 0][()], table.rows[row, 1][()]


def _type_look_up(table, x):
    element = getattr(x, "dtype", x)
    if isinstance(table, TableType) and isinstance(x, Lanes | types.Float) and from_dtype(table.table.rows.dtype) == element:
        return types.UniTuple(x, 3)
    return None


teach(look_up, _type_look_up)


def gathers(processor: str) -> bool:
    """Whether a processor, by LLVM's name, fills a register from many addresses faster than it loads and joins their numbers. Intel's do
    since they need no mitigation of that instruction (1.6 times, for one number of a row); AMD's do not."""
    return processor in ("sapphirerapids", "emeraldrapids", "graniterapids", "graniterapids-d", "diamondrapids")


GATHERS = gathers(config.CPU_NAME or binding.get_host_cpu_name())


@lower_builtin(look_up, TableType, types.Any)
def _lower_look_up(context, builder, sig, args):
    table, x, lanes = sig.args[0].table, args[1], sig.args[1].width if isinstance(sig.args[1], Lanes) else 1
    _, origin, kept, places = table.layout
    element, _ = element_of(x)
    vector = ir.VectorType(element, lanes)
    integers = ir.VectorType(ir.IntType(8 * table.rows.itemsize), lanes)
    if vector != x.type:
        x = builder.bitcast(x, vector)
    shifted = builder.fadd(x, ir.Constant(vector, [origin] * lanes))
    bits = builder.and_(builder.bitcast(shifted, integers), ir.Constant(integers, [kept] * lanes))
    point = builder.fsub(builder.bitcast(bits, vector), ir.Constant(vector, [origin] * lanes))
    name = f"rnnsim.{table.name}.{table.rows.dtype}"
    if name not in builder.module.globals:
        content = cgutils.create_constant_array(ir.IntType(8), bytearray(table.rows.tobytes()))
        cgutils.global_constant(builder.module, name, content).align = 64
    start = builder.bitcast(builder.module.get_global(name), ir.IntType(8).as_pointer())
    fill = _gathered if GATHERS and lanes > 1 else _loaded
    results = point, *fill(builder, start, bits, places, vector)
    return context.make_tuple(builder, sig.return_type, [builder.bitcast(v, args[1].type) for v in results])


def _loaded(builder, start, bits, places, vector):
    """The two numbers of the rows at `start` + (`bits` and `places`): a load of a row for every lane."""
    i32, words = ir.IntType(32), bits.type.element.width // 32
    row_type = ir.VectorType(vector.element, 2)

    def pick(a, b, places):
        return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(i32, len(places)), list(places)))

    place = builder.bitcast(bits, ir.VectorType(i32, vector.count * words))
    rows = []
    for lane in range(0, place.type.count, words):
        at = builder.and_(builder.extract_element(place, ir.Constant(i32, lane)), ir.Constant(i32, places))
        at = builder.zext(at, ir.IntType(64))
        row = builder.load(builder.bitcast(builder.gep(start, [at]), row_type.as_pointer()))
        row.align = 8 * words
        rows.append(row)
    while len(rows) > 1:
        rows = [pick(a, b, range(2 * a.type.count)) for a, b in zip(rows[::2], rows[1::2], strict=True)]
    return [pick(rows[0], rows[0], range(first, 2 * vector.count, 2)) for first in (0, 1)]


def _gathered(builder, start, bits, places, vector):
    """As `_loaded`, by an instruction of the processor's for each of the two numbers that is used."""
    place = builder.and_(bits, ir.Constant(bits.type, [places] * vector.count))
    mask = ir.Constant(ir.VectorType(ir.IntType(1), vector.count), [1] * vector.count)
    numbers = []
    for offset in (0, bits.type.element.width // 8):
        first = builder.gep(start, [ir.Constant(ir.IntType(64), offset)])
        addresses = builder.gep(first, [place], source_etype=ir.IntType(8))
        addresses.type = ir.VectorType(first.type, vector.count)  # llvmlite knows single addresses alone
        arguments = addresses, ir.Constant(ir.IntType(32), offset or 8), mask, ir.Constant(vector, ir.Undefined)
        name = f"llvm.masked.gather.v{vector.count}f{bits.type.element.width}.v{vector.count}p0"
        signature = ir.FunctionType(vector, [argument.type for argument in arguments])
        numbers.append(builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments))
    return numbers
