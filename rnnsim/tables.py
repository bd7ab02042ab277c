"""Tables for lanes: what a function is at the points of a grid, for its computation to start from."""

import numpy as np
from llvmlite import ir
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


@lower_builtin(look_up, TableType, types.Any)
def _lower_look_up(context, builder, sig, args):
    """A load of 16 bytes (float32: 8) a lane. Processors' own gathers are slower, and would take one for each of the two numbers."""
    table, x = sig.args[0].table, args[1]
    _, origin, kept, places = table.layout
    lanes = sig.args[1].width if isinstance(sig.args[1], Lanes) else 1
    element, _ = element_of(x)
    integer, i32 = ir.IntType(8 * table.rows.itemsize), ir.IntType(32)
    vector, integers = ir.VectorType(element, lanes), ir.VectorType(integer, lanes)

    def pick(a, b, places):
        return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(i32, len(places)), list(places)))

    if vector != x.type:
        x = builder.bitcast(x, vector)
    shifted = builder.fadd(x, ir.Constant(vector, [origin] * lanes))
    bits = builder.and_(builder.bitcast(shifted, integers), ir.Constant(integers, [kept] * lanes))
    point = builder.fsub(builder.bitcast(bits, vector), ir.Constant(vector, [origin] * lanes))
    place = builder.bitcast(bits, ir.VectorType(i32, lanes * integer.width // 32))
    name = f"rnnsim.{table.name}.{table.rows.dtype}"
    if name not in builder.module.globals:
        content = cgutils.create_constant_array(ir.IntType(8), bytearray(table.rows.tobytes()))
        cgutils.global_constant(builder.module, name, content).align = 64
    start = builder.bitcast(builder.module.get_global(name), ir.IntType(8).as_pointer())
    rows = []
    for lane in range(0, place.type.count, integer.width // 32):
        at = builder.and_(builder.extract_element(place, ir.Constant(i32, lane)), ir.Constant(i32, places))
        at = builder.zext(at, ir.IntType(64))
        row = builder.load(builder.bitcast(builder.gep(start, [at]), ir.VectorType(element, 2).as_pointer()))
        row.align = 2 * table.rows.itemsize
        rows.append(row)
    while len(rows) > 1:
        rows = [pick(a, b, range(2 * a.type.count)) for a, b in zip(rows[::2], rows[1::2], strict=True)]
    results = [point, *(pick(rows[0], rows[0], range(first, 2 * lanes, 2)) for first in (0, 1))]
    return context.make_tuple(builder, sig.return_type, [builder.bitcast(v, args[1].type) for v in results])
