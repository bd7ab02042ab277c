"""Descriptors: what they refuse, and the records that are made of them."""

import numpy as np
import pytest

from rnnsim.kernels.hessian import descriptors as hessian_descriptors
from rnnsim.kernels.recurrence import descriptors
from rnnsim.kernels.recurrence.descriptors import ChunkDescriptor, Descriptor, ZerosDescriptor, records

KINDS = {kind.__name__: kind for kind in Descriptor.__subclasses__() if kind.__module__.startswith("rnnsim.")}


def test_an_unknown_number_is_refused():
    with pytest.raises(TypeError, match="size"):
        ZerosDescriptor(at=8, length=3, size=3)


def test_a_missing_number_is_refused():
    with pytest.raises(TypeError, match="length"):
        ZerosDescriptor(at=8)


def test_numbers_do_not_change():
    with pytest.raises(AttributeError, match="at"):
        ZerosDescriptor(at=8, length=3).at = 16


@pytest.mark.parametrize("row", [ChunkDescriptor(), {"at": 8, "length": 3}])
def test_records_of_another_kind_are_refused(row):
    with pytest.raises(TypeError, match=rf"^{type(row).__name__} is given; records of ZerosDescriptor need nothing else$"):
        records(ZerosDescriptor, [ZerosDescriptor(at=0, length=1), row])


def test_a_name_that_numpy_has_taken_is_refused():
    with pytest.raises(AssertionError, match="size"):

        class Taken(Descriptor):
            size: int


def test_records_have_the_numbers_in_their_order():
    made = records(ZerosDescriptor, [ZerosDescriptor(length=3, at=8), ZerosDescriptor(at=16, length=True)])
    assert made.dtype.names == ("at", "length")
    assert made.at.tolist() == [8, 16] and made.length.tolist() == [3, 1]
    assert (made[0].at, made[0].length) == (8, 3)


def test_no_rows_make_no_records():
    assert records(ZerosDescriptor, []).shape == (0,)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_records_are_whole_numbers_side_by_side(kind):
    assert kind.dtype.itemsize == 8 * len(kind.dtype.names)
    assert all(kind.dtype[name] == np.int64 for name in kind.dtype.names)
    assert kind.dtype.names == tuple(kind.__dataclass_fields__)


def test_every_kind_is_here():
    assert {descriptors.__name__, hessian_descriptors.__name__} == {kind.__module__ for kind in KINDS.values()}
