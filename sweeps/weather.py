"""Tomorrow's temperature from the days before: a network from scratch, beside persistence and regression."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

DAYS, UNITS, EPOCHS, RATE = 13, 5, 21, 1e-4


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--csv", help="a table to read, dates first (default: the weather of Seattle)")
    parser.add_argument("--target", default="temp_max", help="column to predict, also a predictor (default: %(default)s)")
    parser.add_argument("--predictors", nargs="*", default=["temp_min", "precipitation"], help="others (default: %(default)s)")
    parser.add_argument("--day", help="predict the day after this one, such as 2015-06-30 (default: the last of the table)")
    parser.add_argument("--seeds", type=int, default=8, help="networks of each kind (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    return parser


def parts(options: argparse.Namespace) -> list[xr.Dataset]:
    """The windows for training, validation and test."""
    names = list(dict.fromkeys([options.target, *options.predictors]))
    task = rs.tasks.weather(DAYS, predictors=names, target=options.target, csv=options.csv)
    return [task.isel(sample=task.part == part).drop_vars("part") for part in ("training", "validation", "test")]


def network(task: xr.Dataset, units: int, seeds: int) -> rs.Elman:
    """Every parameter is drawn from ±1/√units."""
    seed, inputs = rs.axis("seed", range(seeds)), task.sizes["input"]
    return rs.Elman.random(units, inputs, init="uniform", bias="uniform", seed=seed, readout=rs.Readout.random(units, seed=seed))


def today(task: xr.Dataset) -> xr.DataArray:
    """The target's own column on every day of the windows, (sample, step, output)."""
    own = rs.tasks.Scaling(task.input_mean, task.input_scale).inverse(task.inputs.sel(input=task.output.values))
    return own.drop_vars(("input", "units")).rename(input="output").assign_coords(output=task.output)


def regression(training: xr.Dataset, task: xr.Dataset) -> xr.DataArray:
    """Least squares on today's predictors, (sample, step, output)."""
    x, rows = (np.pad(part.inputs.values, [(0, 0), (0, 0), (0, 1)], constant_values=1) for part in (training, task))
    weights = np.linalg.lstsq(x.reshape(-1, x.shape[-1]), training.targets.values.reshape(-1, 1), rcond=None)[0]
    return task.targets.copy(data=rows @ weights)


def predict(net: rs.Elman, task: xr.Dataset) -> xr.DataArray:
    """(seed, sample, step, output), in the target's units."""
    return rs.simulate(net, task.inputs, keep="output").output.isel(step=slice(1, None)).drop_vars("step")


def compare(task: xr.Dataset, predicted: dict[str, xr.DataArray]) -> xr.Dataset:
    """Predictions and mean squared errors on all days of the windows, and on the day after each; of many seeds the median."""
    last = [array.isel(step=-1, output=0, drop=True) for array in (task.targets, *predicted.values())]
    data, *after = (array.median("seed") if "seed" in array.dims else array for array in last)
    prediction = xr.concat(after, rs.axis("model", list(predicted)), coords="minimal", compat="override")
    ds = xr.Dataset({"data": data, "prediction": prediction.assign_attrs(data.attrs, long_name="prediction of the test part")})
    for name, steps in {"all_days": slice(None), "day_after": slice(-1, None)}.items():
        errors = [((array - task.targets)[..., steps, :] ** 2).mean(("sample", "step", "output")) for array in predicted.values()]
        ds[name] = "model", [float(error.median()) for error in errors], {"long_name": f"mean squared error, {name}"}
    return ds


def window(task: xr.Dataset, options: argparse.Namespace) -> xr.Dataset:
    """The days up to a given one, as a task without targets."""
    table = xr.decode_cf(rs.tasks.weather_table(options.csv)).sel(time=slice(None, options.day)).isel(time=slice(-DAYS, None))
    if table.sizes["time"] < DAYS:
        raise SystemExit(f"--day was given as {options.day}; it needs {DAYS} days of the table up to it")
    print(f"\nAfter the {DAYS} days to {str(table.time.values[-1])[:10]}, the next day's {options.target} is")
    scaled = rs.tasks.Scaling(task.input_mean, task.input_scale)(table[task.predictors])
    return task.isel(sample=[0]).assign(inputs=(task.inputs.dims, scaled.to_array().values.T[None]))


def figure(run: xr.Dataset, found: xr.Dataset, title: str, yscale: str = "linear") -> plt.Figure:
    """Costs over epochs, errors of all models, and predictions of the last days of the test part."""
    _, axes = plt.subplot_mosaic("ab;cc", figsize=(7, 5), layout="constrained")
    square = "" if found.data.units == "1" else f" ({found.data.units}²)".replace("degree_Celsius", "°C")
    rs.plot.training_curves(run, ax=axes["a"]).set(title=title, ylabel=f"mean squared error{square}", yscale=yscale)
    axes["b"].bar_label(axes["b"].barh(found.model[::-1], found.day_after[::-1], color="0.7"), fmt="%.2f", padding=-26)
    axes["b"].set(title="test part, day after the window", xlabel=f"mean squared error{square}")
    some = xr.decode_cf(found.isel(sample=slice(-90, None), model=[0, -1]))
    rs.plot.predictions({str(one.model.item()): one for one in some.prediction}, some.data, ax=axes["c"]).set_title("last days")
    rs.plot.shared_legend([axes["c"]])
    return rs.plot.panel_letters(axes.values())


@rs.plot.look()
def main() -> None:
    options = arguments(__doc__).parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    training, held_out, test = parts(options)
    net, sgd = network(training, UNITS, options.seeds), rs.SGD(RATE / 2)  # the gradient of mean squares is 2/13 Σ(y-t)
    run = rs.train(net, training.inputs, training.targets, optimizer=sgd, epochs=EPOCHS, batch_size=1, validation=held_out, every=2)
    print(run[["cost", "validation_cost"]].median("seed").to_dataframe().round(2))
    models = {"persistence": today(test), "regression": regression(training, test), "network": predict(net.at(run), test)}
    found = compare(test, models)
    print("\n", found[["all_days", "day_after"]].to_dataframe().round(2), sep="")
    print(f"{predict(net.at(run), window(test, options)).isel(step=-1).median().item():.1f}, predicts the network")
    for name, ds in {"weather_training": run, "weather": found}.items():
        rs.save(ds, options.out / f"{name}.nc")
    figure(run, found, "costs of the network", "log").savefig(options.out / "weather.png")


if __name__ == "__main__":
    main()
