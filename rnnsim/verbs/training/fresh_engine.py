"""Training on fresh trials: those of an epoch take the places of the ones before, and an engine goes on by one epoch."""

import numpy as np
import xarray as xr

from rnnsim.checks.inputs_and_targets import OWN
from rnnsim.equations.user_losses import check_loss
from rnnsim.numerics import parallel
from rnnsim.runs.run import check_sequences, tokens_of
from rnnsim.verbs.training.fresh_trials import FreshSet
from rnnsim.verbs.training.layer_engine import LayerEngine
from rnnsim.verbs.training.small_engine import LaneEngine
from rnnsim.verbs.training.training_run import TrainingState

Parts = dict[str, xr.Variable]


class FreshEngine:
    """An engine that gets the trials of every epoch before it computes anything of that epoch."""

    def __init__(self, engine: LaneEngine | LayerEngine, state: TrainingState, fresh: FreshSet):
        self.engine, self.state, self.fresh, run = engine, state, fresh, state.training.run
        self.classes, self.tokens = check_loss(state.training.loss).classes, tokens_of(run.net)
        first = fresh.trials(state.training.first)
        self.sizes = sizes_of(first)
        self.orders = {name: [part.dims.index(dim) for dim in OWN if dim in part.dims] for name, part in first.items()}
        self.places = {name: engine.read_from(name) for name in first}

    def advance(self, first: int, last: int, finish: bool) -> None:
        """Go from epoch `first` to epoch `last`, whose record is left to the next call unless this is to `finish`."""
        with parallel.one_pool():
            for epoch in range(first, last):
                self.bring(epoch)
                self.engine.advance(epoch, epoch + 1, False)
                if self.state.settled:
                    return
            if finish:
                self.bring(last)
                self.engine.advance(last, last, True)

    def bring(self, epoch: int) -> None:
        """Put the trials of an epoch where the engine reads them."""
        trials = self.fresh.trials(epoch)
        sizes = sizes_of(trials)
        if sizes != self.sizes:
            raise ValueError(
                f"the trials of epoch {epoch} have {shown_sizes(sizes)}; they need {shown_sizes(self.sizes)}, as before"
            )
        if not self.plainly_right(trials):
            self.check(trials, epoch)
        for name, part in trials.items():
            values = part.values.transpose(self.orders[name])
            for place in self.places[name]:
                here = place.reshape(values.shape)
                here[...] = values
                if name == "targets" and self.classes:
                    here[values < 0] = np.nan
        self.engine.forget_sequences()

    def check(self, trials: Parts, epoch: int) -> None:
        """Refuse trials that a run of their own would refuse."""
        run = self.state.training.run
        inputs, targets, weight = (
            xr.DataArray(trials[name]) if name in trials else None for name in ("inputs", "targets", "weight")
        )
        try:
            check_sequences(run.net, inputs, targets, weight, run.dtype, self.classes)
        except (ValueError, TypeError) as error:
            raise type(error)(f"in the trials of epoch {epoch}, {error}") from None

    def plainly_right(self, trials: Parts) -> bool:
        """Whether trials of the right sizes are known to be right; of others `check` tells, which takes a millisecond."""
        most = float(np.finfo(self.state.training.run.dtype).max)
        limits: dict[str, tuple[str, float, float]] = dict.fromkeys(trials, ("biuf", -most, most)) | {"weight": ("biuf", 0.0, most)}
        if self.tokens is not None:
            limits["inputs"] = "iu", 0, self.tokens - 1
        if self.classes:
            limits["targets"] = "iu", 0, (self.state.training.run.net.outputs or 1) - 1
        return all(within(part.values, *limits[name]) for name, part in trials.items()) and (
            "weight" not in trials or bool(trials["weight"].values.any())
        )


def within(values: np.ndarray, kinds: str, least: float, most: float) -> bool:
    """Whether numbers are of some kinds of dtype, none of them nan, and lie between two limits."""
    return values.dtype.kind in kinds and bool(least <= values.min() and values.max() <= most)


def sizes_of(trials: Parts) -> dict[str, dict[str, int]]:
    """The dimensions of each part of trials."""
    return {name: dict(zip(map(str, part.dims), part.shape, strict=True)) for name, part in trials.items()}


def shown_sizes(sizes: dict[str, dict[str, int]]) -> str:
    """Dimensions as a message shows them."""
    return ", ".join(f"{name} of {of}" for name, of in sizes.items())
