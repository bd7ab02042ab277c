"""Runs of networks of many units: the loop over blocks of points and blocks of samples."""

from typing import Any

import numpy as np

from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.kernels.recurrence import network as groups
from rnnsim.kernels.recurrence.descriptors import KeepDescriptor, SumDescriptor, records
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.outline import Request
from rnnsim.verbs.engines.program import Program, thread_descriptors
from rnnsim.verbs.engines.result_arrays import Results
from rnnsim.verbs.engines.sources import counted_of, counted_targets


def blocks_of(run: Run, program: Program) -> list[tuple[int, int, int, int]]:
    """Blocks of points and of samples: lo, hi, first and last block of samples. Those are apart only where there are few points."""
    sample_blocks = len(program.tiling.sample_blocks) - 1
    of_step = sum(
        member.units * ((member.rank if len(member.factors) == 2 else member.units) + member.inputs) * member.cell.gates
        for member in run.net.members
    )
    work = (run.samples or 1) * run.steps * of_step
    kept = [run.net.source(name) for name in run.net.parameter_names]
    numbers = 1 + sum(parameter.numbers for parameter in kept if isinstance(parameter, Drawn))
    points = parallel.blocks(run.grid.points, max(1, work // 64), numbers, program.tiling.points)
    if len(points) >= 2 * parallel.thread_count():
        return [(lo, hi, 0, sample_blocks) for lo, hi in points]
    return [(lo, hi, sample_block, sample_block + 1) for lo, hi in points for sample_block in range(sample_blocks)]


def kept_of(program: Program, results: Results) -> dict[str, Any]:
    """What kernels keep, as records."""
    forward = [results.keep(name, frames, divided=False) for name, frames in program.forward]
    backward = [results.keep(name, frames, divided=True) for name, frames in program.backward]
    summed = [sums for sums in program.summed if sums.name in results.summed]
    return {
        "forward": records(KeepDescriptor, forward),
        "backward": records(KeepDescriptor, backward),
        "sums": records(SumDescriptor, [results.sum(sums) for sums in summed]),
        "by_slot": np.array([results.by_slot(sums.name) for sums in summed], np.int64),
    }


def compute(run: Run, names: tuple[str, ...], loss: Any = None) -> dict[str, np.ndarray]:
    """The variables `names` and `diverged_at`, over points and their own dimensions."""
    program = Program(run, names, Request((loss,), back=True) if loss is not None else Request())
    blocks, sample_blocks = blocks_of(run, program), program.tiling.sample_blocks
    apart = len(sample_blocks) > 2 and blocks[0][3] - blocks[0][2] == 1
    results = Results.of(run, names, len(sample_blocks) - 1 if apart else 1)
    program_record, network, kept = program.record(), program.network(), kept_of(program, results)
    counts = counted_targets(run) if run.targets else None
    found = results.arrays[DIVERGED_AT]

    def work(next_block: Any) -> None:
        scratch = program.memory.make(run.dtype)
        descriptors = thread_descriptors(program.costs)
        thread = groups.ThreadScratch(scratch, address_of(scratch), np.full(4, -1, np.int64), *descriptors)
        while (block := next_block()) is not None:
            lo, hi, first, last = block
            slot = first if apart else 0
            sources, offsets, arrays = program.sources.block(lo, hi)
            counted = counted_of(counts, lo, hi) if counts else np.ones(1, run.dtype)
            sums = kept["sums"].copy()
            sums.address += slot * kept["by_slot"]
            of_block = groups.Kept(kept["forward"], kept["backward"], sums, lo, found[slot, lo:hi])
            groups.run_block(
                program_record,
                network,
                groups.Data(sources, offsets, counted, (0, 0)),
                thread,
                of_block,
                hi - lo,
                first,
                last,
                sample_blocks,
            )
            del arrays

    parallel.run(work, blocks)
    return results.total(counted_of(counts, 0, run.grid.points) if counts and apart else None)
