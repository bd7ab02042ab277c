"""Cells have what type checkers take them to have."""

import inspect

import pytest
from registry import CELLS

from rnnsim.families.cell_protocol import Cell

MEMBERS = {name: member for name, member in vars(Cell).items() if not name.startswith("_")}


@pytest.mark.parametrize("cell", [type(cell) for cell in CELLS.values()], ids=[*CELLS])
def test_every_member_of_the_protocol_is_there_and_takes_the_same(cell):
    assert [name for name in MEMBERS if not hasattr(cell, name)] == []
    rules = [name for name, member in MEMBERS.items() if inspect.isfunction(member)]
    own, told = ({name: [*inspect.signature(getattr(kind, name)).parameters][1:] for name in rules} for kind in (cell, Cell))
    assert own == told
