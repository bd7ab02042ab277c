"""How runs of networks of many units are cut up: what lanes are, and how many points, samples and steps are computed at once."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnsim.kernels.linalg.matmul import AsNumbers, AsVectors, Tile
from rnnsim.kernels.recurrence.layers import LaneLayout
from rnnsim.numerics import parallel
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run

ROWS = 8  # sequences at once: they share each load of a weight
SAMPLE_BLOCKS = 8  # parts of the samples that may be computed at once
SCRATCH_NUMBERS = 1 << 15  # of states and pre-activations at once on the way forward, so that they stay in the second-level cache
UNITS_AS_LANES = 16
UNITS_WITH_TANGENTS = 32
WIDER = ((6, 4), (12, 2))  # registers of a vector of tangents, by the most units
SAMPLES_AS_LANES = 32


class Shape(NamedTuple):
    """Units, numbers of a row and of a frame, tiles of columns in a row."""

    units: int
    row: int
    frame: int
    tiles: int


@dataclass(frozen=True)
class Tiling:
    """How a run is tiled. Units are lanes where there are many, samples where those are many, points elsewhere; never does it depend on
    the number of points, blocks or threads."""

    layout: LaneLayout
    rows: int
    chunk: int
    points: int
    lane_points: int
    lane_samples: int
    row_samples: int
    panel: int
    sample_blocks: np.ndarray

    @classmethod
    def of(cls, run: Run, samples: int, tangents: bool = False) -> "Tiling":
        """The tiling of so many samples of a run; if tangents are pushed along, with wider vectors for few units."""
        most = max(member.units for member in run.net.members)
        lanes = parallel.lanes(next((n for units, n in WIDER if tangents and most <= units), 1), run.dtype)
        units = most >= (UNITS_WITH_TANGENTS if tangents else UNITS_AS_LANES)
        by_samples = not units and samples >= SAMPLES_AS_LANES
        row_samples = lanes if by_samples else 1
        rows = min(ROWS, -(-samples // row_samples))
        columns = 1 if most == 1 else 2 if rows >= 4 or most == 2 else 4
        gates = max(member.cell.gates for member in run.net.members)
        layout = LaneLayout(
            narrow=Kind(lanes, run.dtype),
            wide=Kind(lanes * (4 if gates == 1 and rows * columns > 2 else 2), run.dtype),
            tile=Tile((0,) * (4 if rows >= 4 else 1), (0,) * columns),
            weights=AsNumbers() if by_samples else AsVectors(),
            data=AsNumbers() if units else AsVectors(),
            apart=1 if units else lanes,
        )
        chunk = rows * row_samples
        chunks = -(-samples // chunk)
        parts = min(SAMPLE_BLOCKS, chunks)
        return cls(
            layout,
            rows=rows,
            chunk=chunk,
            points=1 if units or by_samples else lanes,
            lane_points=int(not units and not by_samples),
            lane_samples=int(by_samples),
            row_samples=row_samples,
            panel=columns * lanes if units else columns,
            sample_blocks=np.array([min(i * chunks // parts * chunk, samples) for i in range(parts + 1)], np.int64),
        )

    @property
    def lanes(self) -> int:
        """Points or samples of a vector."""
        return self.layout.apart

    @property
    def weight_lanes(self) -> int:
        """Points of a vector."""
        return self.lanes if self.lane_points else 1

    def shape(self, units: int) -> Shape:
        """The shape of frames of so many units."""
        row = self.panels(units) * self.panel * self.lanes
        wide = self.layout.wide.width
        return Shape(units, row, -(-self.rows * row // wide) * wide, self.panels(units))

    def panels(self, units: int) -> int:
        """Panels that hold so many units."""
        return -(-units // self.panel)

    def steps_at_once(self, run: Run) -> int:
        """How many steps the way forward takes before it is taken up again."""
        numbers: int = sum(self.shape(m.units).frame * (m.cell.states + m.cell.gates) for m in run.net.members)
        return min(run.steps, max(1, SCRATCH_NUMBERS // numbers))
