"""The signature of every public callable is that of a file: parameters, their order, their kinds and their defaults.

After a change that is meant, `python tests/package/test_signatures.py` writes the file anew.
"""

import inspect
from pathlib import Path

import rnnsim as rs

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "signatures.txt"
MODULES = ("cells", "plot", "schedules", "surfaces", "tasks")


def public():
    """Every public callable by its name: functions, classes, and what they and their members can do."""
    for module in ("", *MODULES):
        home = getattr(rs, module) if module else rs
        for name in home.__all__:
            found = getattr(home, name)
            path = ".".join(filter(None, ("rs", module, name)))
            if inspect.isclass(found):
                yield path, found
                for member in sorted(getattr(found, "_PUBLIC", dir(found))):
                    if not member.startswith("_") and callable(getattr(found, member, None)):
                        yield f"{path}.{member}", getattr(found, member)
            elif callable(found):
                yield path, found


def signature(function):
    plain = inspect.signature(function)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in plain.parameters.values()]
    return str(plain.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def lines():
    return [f"{name}{signature(function)}" for name, function in public()]


def test_signatures_are_as_they_were():
    assert lines() == SNAPSHOT.read_text().splitlines()


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(lines()) + "\n")
