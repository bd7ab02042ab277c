"""The maps of a family whose inputs change over steps, for all samples, as kernels take them: block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsim.equations.losses import LOSSES
from rnnsim.kernels.maps.map import Layer
from rnnsim.kernels.propagation.output_gradients import Outputs
from rnnsim.verbs.engines.autonomous_maps import BlockOfSources, Map, layer_of
from rnnsim.verbs.engines.sources import counted_of, counted_targets


@dataclass(frozen=True)
class DrivenMap(Map):
    """A family of networks, each with its inputs at every step of every sample."""

    @property
    def samples(self) -> int:
        return self.run.samples or 1

    @property
    def outputs(self) -> int:
        """Numbers of one output."""
        return self.net.outputs or 1

    @property
    def numbers(self) -> int:
        return super().numbers + self.samples * self.run.steps * self.inputs

    def block(self, lo: int, hi: int) -> tuple[tuple[Layer, ...], np.ndarray]:
        """The layers' parameters and the inputs (point, sample, step, input) of the points lo…hi."""
        sources = BlockOfSources(self.sources, lo, hi)
        return tuple(layer_of(member, sources) for member in self.members), self._inputs(sources)

    def _inputs(self, sources: BlockOfSources) -> np.ndarray:
        sizes = self.samples, self.run.steps
        if self.net.table is None:
            return self._sequences(sources, "inputs", *sizes, self.inputs)
        tokens = self._sequences(sources, "inputs", *sizes, 1)[..., 0].astype(np.int64)
        table = sources.whole("table", self.net.table.sizes["token"], self.inputs)
        return table[np.arange(len(tokens))[:, None, None], tokens]

    def _sequences(self, sources: BlockOfSources, name: str, samples: int, steps: int, units: int) -> np.ndarray:
        """What changes over samples and steps, if it does: (point, sample, step, unit)."""
        source, values, offsets = sources._of(name)
        by_sample, by_step = np.arange(samples) * source.by_sample, np.arange(steps) * source.by_step
        places = by_sample[:, None, None] + by_step[:, None] + np.arange(units) * source.by_unit
        found: np.ndarray = values[offsets[:, None, None, None] + places]
        return found

    def starts(self, lo: int, hi: int) -> np.ndarray:
        """The states at step 0: (point, sample, state)."""
        sources = BlockOfSources(self.sources, lo, hi)
        names = [(name, member.units) for member in self.members for name in member.starts]
        return np.concatenate([self._sequences(sources, name, self.samples, 1, units)[:, :, 0] for name, units in names], axis=2)

    def measured(self, lo: int, hi: int, loss: Any) -> Outputs:
        """The targets of the points lo…hi, with the readout that makes the outputs; without targets, none."""
        classes, element = loss.classes, LOSSES["mse"] if loss.classes else loss
        top = self.layer_states[-self.members[-1].own].at
        if self.run.targets is None:
            return Outputs(np.empty((0, 1, 1)), np.empty((0, 1)), np.empty((0, 0, 0, 0)), np.empty(0), 0, top, classes, element)
        sources, targeted = BlockOfSources(self.sources, lo, hi), self.run.targeted
        targets = self._sequences(sources, "targets", self.samples, targeted, 1 if classes else self.outputs)
        w_out, b_out = np.empty((0, 1, 1)), np.empty((0, 1))
        if self.net.readout is not None:
            w_out = sources.whole("w_out", self.outputs, self.net.units)
            b_out = sources.rows("b_out", 1, self.outputs)[:, 0]
        counted = counted_of(counted_targets(self.run), lo, hi)
        return Outputs(w_out, b_out, targets, counted, self.run.steps - targeted, top, classes, element)
