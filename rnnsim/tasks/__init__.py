"""The problems that networks are given: Datasets with `inputs` and `targets`, and what makes them from tables."""

from rnnsim.tasks.decisions import perceptual_decision
from rnnsim.tasks.digits import counting, sum_of_digits
from rnnsim.tasks.fresh import Fresh
from rnnsim.tasks.letters import next_letter
from rnnsim.tasks.memory import adding, delayed_recall, flip_flop
from rnnsim.tasks.neurogym import neurogym
from rnnsim.tasks.scaling import Scaling
from rnnsim.tasks.splitting import split
from rnnsim.tasks.weather import weather, weather_table
from rnnsim.tasks.windows import windows

__all__ = [
    "Fresh",
    "Scaling",
    "adding",
    "counting",
    "delayed_recall",
    "flip_flop",
    "neurogym",
    "next_letter",
    "perceptual_decision",
    "split",
    "sum_of_digits",
    "weather",
    "weather_table",
    "windows",
]
