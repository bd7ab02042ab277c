"""The problems that networks are given: Datasets with `inputs` and `targets`."""

from rnnsim.tasks.digits import counting, sum_of_digits
from rnnsim.tasks.letters import next_letter
from rnnsim.tasks.memory import adding, delayed_recall, flip_flop

__all__ = [
    "adding",
    "counting",
    "delayed_recall",
    "flip_flop",
    "next_letter",
    "sum_of_digits",
]
