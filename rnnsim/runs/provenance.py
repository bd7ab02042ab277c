"""What a result carries so that it can be repeated: versions, the call's options, and hashes of what went in."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
import xxhash

from rnnsim.numerics.jit import STAMP
from rnnsim.runs.version import VERSION


def fingerprint(arrays: Mapping[str, xr.DataArray]) -> str:
    """A hash of named arrays: names, dimensions, types, numbers and coordinates. (SHA-256 took longer than to simulate 64 units.)"""
    digest = xxhash.xxh3_128()
    for name, array in arrays.items():
        parts = {name: array.variable, **{str(dim): array[dim].variable for dim in array.dims if dim in array.coords}}
        for part, variable in parts.items():
            values = np.ascontiguousarray(variable.values)
            digest.update(f"{part}{variable.dims}{values.shape}{values.dtype.str}".encode())
            digest.update(values.data if values.dtype.kind in "biuf" else repr(values.tolist()).encode())
    return digest.hexdigest()


def attributes(verb: str, net: Any, given: Mapping[str, xr.DataArray], options: Mapping[str, Any]) -> dict[str, str]:
    """A result's attributes, all of them text."""
    return {
        "Conventions": "CF-1.11",
        "title": f"{verb} of a family of recurrent networks",
        "source": f"rnnsim {VERSION}",
        "rnnsim_version": VERSION,
        "rnnsim_kernel": STAMP,
        "verb": verb,
        "network": json.dumps(net.described),
        "options": json.dumps(dict(options), sort_keys=True),
        "parameters_hash": fingerprint(net.hashed),
        **{f"{name}_hash": fingerprint({name: array}) for name, array in (net.hashed_functions | given).items()},
    }
