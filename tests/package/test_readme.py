"""What the README says of names, arguments, defaults, commands, extras and studies is so, and its first example runs."""

import inspect
import re
from operator import attrgetter

import matplotlib.pyplot as plt
import pytest
from project import PROJECT, ROOT

import rnnsim as rs

README = (ROOT / "README.md").read_text()
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
SIGNATURES = re.findall(r"`((?:rs|net)\.[\w.]+)\(((?:[^`()]|\([^`()]*\))*)\)`", PROSE)
NAMES = re.findall(r"`(rs\.[\w.]+)(?:\([^`]*\))?`((?:(?:,|;| and) `\w+`)*)", PROSE)
NETWORKS = [rs.Elman(1.0, 1.0), rs.GRU.random(2), rs.LSTM.random(2), rs.Stack([rs.GRU.random(2)])]
MODULES = ("cells", "plot", "schedules", "surfaces", "tasks")


def test_the_first_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, *_ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(code, names)
    promised, dims = re.search(r"# (.*) over \((.*)\)", code).groups()
    surface = names["surface"]
    assert set(promised.split(", ")) | {"diverged_at"} == set(surface)
    assert surface.cost.dims == tuple(dims.split(", ")) and surface.cost.shape == (400, 400)
    assert rs.open("counting.nc").identical(surface)
    plt.close("all")


def named(name):
    """What a name of the README stands for: one object, or that of every kind of network."""
    of, _, rest = name.partition(".")
    return [attrgetter(rest)(home) for home in ([rs] if of == "rs" else NETWORKS)]


def written(function):
    """The arguments of a function as signatures show them, one by one."""
    found, starred = [], False
    for parameter in inspect.signature(function).parameters.values():
        starred |= parameter.kind is inspect.Parameter.VAR_POSITIONAL
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            found, starred = [*found, "*"], True
        found.append(str(parameter.replace(annotation=inspect.Parameter.empty)))
    return found


def of_text(arguments):
    """The same of the README's words, in which … stands for any more arguments."""
    names: dict = {}
    count = iter(range(9))
    exec(f"def told({re.sub('…', lambda _: f'more_{next(count)}=0', arguments)}): pass", names)
    return written(names["told"])


def agree(told, found):
    """Whether the arguments told are those found, with any others in the place of …"""
    pattern = "".join("(?:[^;]*;)*" if one.startswith("more_") else re.escape(f"{one};") for one in told)
    return re.fullmatch(pattern, "".join(f"{one};" for one in found)) is not None


@pytest.mark.parametrize(("name", "arguments"), SIGNATURES, ids=[name for name, _ in SIGNATURES])
def test_signatures_are_those_of_the_code(name, arguments):
    for function in named(name):
        assert agree(of_text(arguments), written(function)), ", ".join(written(function))


def test_a_signature_of_other_names_orders_kinds_or_defaults_is_not_that_of_the_code():
    def f(net, inputs=None, *, keep=("a", "b"), seed=0):
        """What is told of."""

    right = [
        "net, inputs=None, *, keep=('a', 'b'), seed=0",
        "net, inputs=None, *, keep=('a', 'b'), …",
        "net, …, seed=0",
        "net, …",
        "…",
    ]
    wrong = [
        "",
        "net",
        "net, …, seed=1",
        "net, inputs=None, keep=('a', 'b'), seed=0",
        "inputs=None, net=0, …",
        "n, …",
        "net, …, eed=0",
    ]
    assert all(agree(of_text(arguments), written(f)) for arguments in right)
    assert not any(agree(of_text(arguments), written(f)) for arguments in wrong)


def test_names_are_there_and_every_public_name_is_told_of():
    told = set()
    for first, others in NAMES:
        home = first.rpartition(".")[0]
        told |= {first, *(f"{home}.{other}" for other in re.findall(r"\w+", others.replace(" and ", " ")))}
    for name in told:
        named(name)
    homes = {"rs": rs, **{f"rs.{module}": getattr(rs, module) for module in MODULES}}
    public = {f"{home}.{name}" for home, module in homes.items() for name in module.__all__}
    assert public - told - {"rs.__version__", *homes} == {"rs.tasks.Scaling"}  # of which it tells `rs.tasks.Scaling.of`


SECTIONS = ("Parameters\n----", "Raises\n----", ">>> ")


def docstring(function):
    """The text of `help`, of `Scaling` with that of `Scaling.of`, which makes it."""
    return "\n".join(inspect.getdoc(one) or "" for one in (function, getattr(function, "of", None)) if one is not None)


@pytest.mark.parametrize("home", ["", *MODULES])
def test_docstrings_have_shapes_errors_and_an_example(home):
    module = getattr(rs, home) if home else rs
    for name in module.__all__:
        function = getattr(module, name)
        if callable(function):
            lacking = [s for s in (SECTIONS[2:] if name == "look" else SECTIONS) if s not in docstring(function)]
            assert not lacking, (name, lacking)


def test_commands_extras_and_files_are_there():
    extras = {extra for names in re.findall(r'pip install (?:-e )?"?\.\[([\w,]+)\]', README) for extra in names.split(",")}
    assert extras == set(PROJECT["project"]["optional-dependencies"])
    assert f"with Python {PROJECT['project']['requires-python'].removeprefix('>=')} or newer" in README
    for module in set(re.findall(r"python -m (benchmarks\.\w+)", README)):
        assert '__name__ == "__main__"' in (ROOT / f"{module.replace('.', '/')}.py").read_text()
    files = set(re.findall(r"python (\S+\.py)", README))
    assert files and all((ROOT / file).exists() for file in files)
    assert list((ROOT / "benchmarks").glob("test_*.py")) and "python -m pytest benchmarks/" in README


def test_studies_are_those_that_there_are():
    listed = re.search(r"## Studies\n(.*?)\n## ", README, re.DOTALL)[1]
    assert set(re.findall(r"`(\w+\.py)`", listed)) == {path.name for path in (ROOT / "sweeps").glob("*.py")}


def test_the_licence_is_mit():
    assert README.rstrip().endswith("## Licence\n\nMIT.") and PROJECT["project"]["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
