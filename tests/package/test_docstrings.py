"""What every public name says of itself can be read by tools, but for what `pyproject.toml` excuses."""

import inspect
from functools import cached_property

import pytest
from project import PROJECT
from test_signatures import public

docscrape = pytest.importorskip("numpydoc.docscrape")
validation = pytest.importorskip("numpydoc.validate")
TABLE = PROJECT["tool"]["numpydoc_validation"]


def documented():
    """Every public callable and property by its name, and whether it is a member of a class; what classes inherit, once."""
    known, classes = set(), set()
    for path, value in public():
        if inspect.isclass(value):
            classes.add(path)
            members = {name: inspect.getattr_static(value, name, None) for name in getattr(value, "_PUBLIC", dir(value))}
            for name, member in members.items():
                if not name.startswith("_") and isinstance(member, property | cached_property) and id(member) not in known:
                    known.add(id(member))
                    yield f"{path}.{name}", member, True
        inner = getattr(value, "__func__", value)
        if id(inner) not in known:
            known.add(id(inner))
            yield path, value, path.rpartition(".")[0] in classes


FOUND = [pytest.param(value, member, id=path) for path, value, member in documented()]


@pytest.mark.parametrize(("value", "member"), FOUND)
def test_numpydoc_finds_nothing_but_what_is_excused(value, member):
    excused = {*TABLE["checks"], *(TABLE["of_members"] if member else ())}
    errors = validation.validate(docscrape.get_doc_object(value))["errors"]
    assert [error for error in errors if error[0] not in excused] == []


@pytest.mark.parametrize(("value", "member"), FOUND)
def test_what_is_raised_and_warned_of_stands_in_one_entry_each(value, member):
    doc = docscrape.get_doc_object(value)
    for _, kind, told in (*doc["Raises"], *doc["Warns"]):
        text = " ".join(told)
        assert kind.isidentifier() and kind.endswith(("Error", "Warning", "Interrupt")), kind
        assert text[:1].isupper() and text.endswith("."), text
