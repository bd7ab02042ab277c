"""A network that beats persistence on the weather: chosen from many by the validation part alone, then tested once."""

import itertools
from typing import Any

import numpy as np
import xarray as xr
from weather import arguments, compare, figure, network, parts, predict, regression, today, window

import rnnsim as rs

RATES = rs.axis("lr", [1e-3, 3e-3, 1e-2, 3e-2])
UNITS, BATCHES, EPOCHS = (5, 10), (64, 16), 40
GOALS = rs.axis("goal", ["value", "change"])  # tomorrow's value, or its difference from today's


def goals(task: xr.Dataset) -> xr.DataArray:
    """The targets of both goals."""
    return xr.concat([task.targets, task.targets - today(task)], GOALS)


def grid(training: xr.Dataset, validation: xr.Dataset, units: int, batch: int, epochs: int, seeds: int) -> xr.Dataset:
    """Training over goal, rate and seed."""
    how: dict[str, Any] = {"optimizer": rs.Adam(RATES), "epochs": epochs, "batch_size": batch, "shuffle": True, "every": 2}
    held_out, net = (validation.inputs, goals(validation)), network(training, units, seeds)
    return rs.train(net, training.inputs, goals(training), validation=held_out, progress=False, **how)


@rs.plot.look()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_true", help="choose from fewer networks, trained for less long")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    training, validation, test = parts(options)

    sizes = list(itertools.product(UNITS, BATCHES))[: 1 if options.quick else None]
    epochs = EPOCHS // (2 if options.quick else 1)
    runs = {(n, batch): grid(training, validation, n, batch, epochs, options.seeds) for n, batch in sizes}
    costs = [run[["cost", "validation_cost"]].expand_dims(units=[n], batch=[batch]) for (n, batch), run in runs.items()]
    ds = xr.merge(costs, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts")
    for dim, long_name in {"units": "number of units", "batch": "samples of an update"}.items():
        ds[dim].attrs = {"long_name": long_name, "units": "1"}
    mean = ds.validation_cost.mean("seed", skipna=False)
    print("Least mean cost in validation:", mean.min(("units", "batch", "epoch")).to_pandas().round(3), sep="\n")
    best = {dim: ds[dim].values[int(place)].item() for dim, place in mean.argmin(...).items()}
    print("Chosen:", ", ".join(f"{dim} = {value}" for dim, value in best.items()))

    whole = runs[best["units"], best["batch"]]
    run = whole.sel(goal=best["goal"], lr=best["lr"])
    net = network(training, best["units"], options.seeds).at(run, epoch=best["epoch"])

    def forecast(task: xr.Dataset) -> xr.DataArray:
        return predict(net, task) + (today(task) if best["goal"] == "change" else 0.0)

    one = forecast(test)
    models = {"persistence": today(test), "regression": regression(training, test), "chosen network": one}
    found = compare(test, models | {f"mean of {options.seeds} such": one.mean("seed")})
    print("\n", found[["all_days", "day_after"]].to_dataframe().round(2), sep="")
    print(f"{np.mean(forecast(window(test, options)).isel(step=-1)):.1f}, predict the chosen networks in the mean")
    rs.save(ds.assign_attrs(title="costs of networks to choose from"), options.out / "weather_grid.nc")
    rs.save(found, options.out / "weather_choice.nc")
    chosen = f"{best['goal']}, {best['units']} units, batches of {best['batch']}, rate {best['lr']:g}"
    figure(run, found, f"costs of {chosen}").savefig(options.out / "weather_choice.png")


if __name__ == "__main__":
    main()
