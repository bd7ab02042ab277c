"""The option that says how large the works are."""


def pytest_addoption(parser):
    parser.addoption("--size", default="full", choices=["full", "quick", "tiny"], help="how large the works are")
