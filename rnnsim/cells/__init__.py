"""Published cells, each its equation: gated ones, linear recurrences, oscillators and rate units. `rnnsim.Cell` says how they are made."""

from rnnsim.cells.docstrings import complete
from rnnsim.cells.gated import CFN, JANET, MGU, UGRNN, FastRNN
from rnnsim.cells.linear_recurrences import LRU, minGRU, minLSTM
from rnnsim.cells.oscillators import UnICORNN
from rnnsim.cells.rate_units import PLRNN, AdaptiveRateUnit, PlasticRateUnit, RateUnit, SynapticRateUnit, VoltageUnit

__all__ = [
    "CFN",
    "JANET",
    "LRU",
    "MGU",
    "PLRNN",
    "UGRNN",
    "AdaptiveRateUnit",
    "FastRNN",
    "PlasticRateUnit",
    "RateUnit",
    "SynapticRateUnit",
    "UnICORNN",
    "VoltageUnit",
    "minGRU",
    "minLSTM",
]

for _name in __all__:
    complete(globals()[_name])
