"""Tables: windows by slow loops, parts that share nothing, scaling that comes back, and the weather of Seattle."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import rnnsim as rs

RNG = np.random.default_rng(1)
DATES = pd.date_range("2012-01-01", periods=12)
COLUMNS = {"rain": RNG.normal(size=12), "sun": RNG.normal(size=12), "wind": np.arange(12)}
FRAME = pd.DataFrame(COLUMNS, index=pd.Index(DATES, name="date"))
TABLE = xr.Dataset(
    {name: ("time", values, {"long_name": name.upper(), "units": "mm"}) for name, values in COLUMNS.items()}, {"time": DATES}
)
TABLE.wind.attrs["units"] = "m s-1"
TABLES = {"DataFrame": FRAME, "Dataset": TABLE, "mapping": COLUMNS}


def changed(column, row, value, table=FRAME):
    table = table.copy().astype({column: type(value)})
    table.iloc[row, table.columns.get_loc(column)] = value
    return table


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(("length", "ahead"), [(1, 1), (3, 1), (4, 3), (11, 1), (1, 11)])
def test_windows_row_by_row(table, length, ahead):
    task = rs.tasks.windows(table, ["wind", "rain"], "sun", length, ahead=ahead)
    assert task.inputs.dims == ("sample", "step", "input") and task.targets.dims == ("sample", "step", "output")
    assert task.sizes == {"sample": 12 - length - ahead + 1, "step": length, "input": 2, "output": 1}
    assert list(task.input.values) == ["wind", "rain"] and list(task.output.values) == ["sun"]
    for j in range(task.sizes["sample"]):
        for k in range(length):
            assert task.inputs[j, k, 0] == COLUMNS["wind"][j + k]
            assert task.inputs[j, k, 1] == COLUMNS["rain"][j + k]
            assert task.targets[j, k, 0] == COLUMNS["sun"][j + k + ahead]
    dated = xr.decode_cf(task)
    for j, label in enumerate(dated.sample.values):
        assert label == (j + length - 1 if table is COLUMNS else DATES[j + length - 1].to_datetime64())


def test_windows_keep_units_and_can_be_saved(tmp_path):
    task = rs.tasks.windows(TABLE, ["wind", "rain"], "sun", 3)
    assert list(task.units.values) == ["m s-1", "mm"] and task.inputs.attrs["units"] == "1"  # the coordinate comes first
    assert (task.targets.units, task.targets.long_name) == ("mm", "SUN")
    assert rs.tasks.windows(TABLE, "rain", "rain", 3).inputs.attrs["units"] == "mm"
    assert task.sample.attrs == {
        "long_name": "time of the last inputs",
        "standard_name": "time",
        "units": "days since 1970-01-01",
        "calendar": "standard",
    }
    rs.save(task, tmp_path / "task.nc")
    with rs.open(tmp_path / "task.nc") as back:
        xr.testing.assert_equal(back, task)


@pytest.mark.parametrize(
    ("index", "units", "labels"),
    [
        (pd.date_range("1970-01-02", periods=3, freq="h"), "hours since 1970-01-01", [24, 25]),
        (pd.date_range("1970-01-01", periods=3, freq="D", tz="Etc/GMT+1"), "hours since 1970-01-01", [1, 25]),
        (pd.date_range("1970-01-01", periods=3, freq="500ns"), "nanoseconds since 1970-01-01", [0, 500]),
        (pd.period_range("1970-01", periods=3, freq="M"), "days since 1970-01-01", [0, 31]),
        (pd.Index(["a", "b", "c"]), "1", ["a", "b"]),
        (pd.Index([0.5, 1.5, 2.5]), "1", [0.5, 1.5]),
    ],
)
def test_an_index_of_any_kind_labels_samples(index, units, labels):
    task = rs.tasks.windows(pd.DataFrame({"row": [1.0, 2.0, 3.0]}, index=index), "row", "row", 1)
    assert task.sample.values.tolist() == labels and task.sample.units == units


def test_verbs_take_windows_and_label_their_samples():
    task = rs.tasks.windows(TABLE, ["sun", "wind"], "sun", 3)
    net = rs.Elman([[1.0, 0.0]], [[0.0]], activation="linear")  # tomorrow is like today
    run = rs.backprop(net, task.inputs, task.targets, keep=("cost", "grad", "output"))
    error = [(COLUMNS["sun"][j + k] - COLUMNS["sun"][j + k + 1]) ** 2 for j in range(9) for k in range(3)]
    assert run.cost.item() == pytest.approx(np.mean(error), rel=1e-12)
    assert run.sample.identical(task.sample.reset_coords(drop=True))
    assert xr.decode_cf(run).sample[0] == DATES[2].to_datetime64()


@pytest.mark.parametrize("rows", [7, 20, 100, 365, 1461])
def test_parts_end_where_the_document_ends_them(rows):
    parts = rs.tasks.split({"x": np.arange(rows)})
    for part, expected in zip(parts, np.split(np.arange(rows), [int(0.7 * rows), int(0.85 * rows)]), strict=True):
        np.testing.assert_array_equal(part["x"], expected)


def test_samples_are_split_before_times():
    ds = xr.Dataset({"inputs": (("time", "sample"), np.zeros((4, 6)))})
    assert [dict(part.sizes) for part in rs.tasks.split(ds, (0.5, 0.5))] == [{"time": 4, "sample": 3}] * 2
    assert [dict(part.sizes) for part in rs.tasks.split(ds, (0.5, 0.5), dim="time")] == [{"time": 2, "sample": 6}] * 2


def test_parts_end_at_whole_numbers_in_spite_of_rounding():
    assert [len(part["x"]) for part in rs.tasks.split({"x": np.arange(10)}, (0.7, 0.1, 0.2))] == [7, 1, 2]  # 0.7 + 0.1 < 0.8
    assert [len(part["x"]) for part in rs.tasks.split({"x": np.arange(100)}, (0.29, 0.71))] == [29, 71]


@pytest.mark.parametrize("how", ["time", "random"])
@pytest.mark.parametrize("data", [*TABLES.values(), TABLE.rain, rs.tasks.counting(samples=12)], ids=[*TABLES, "DataArray", "task"])
def test_parts_are_of_one_type_and_lose_no_row(data, how):
    parts = rs.tasks.split(data, (0.5, 0.25, 0.25), how=how, seed=3)
    assert {type(part) for part in parts} == {type(data)}
    order = np.concatenate(
        [part["position"] for part in rs.tasks.split({"position": np.arange(12)}, (0.5, 0.25, 0.25), how=how, seed=3)]
    )
    assert sorted(order) == list(range(12)) and (list(order) == list(range(12))) == (how == "time")
    if isinstance(data, pd.DataFrame):
        pd.testing.assert_frame_equal(pd.concat(parts), data.iloc[order], check_freq=False)
    elif isinstance(data, dict):
        for name in data:
            np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), data[name][order])
    else:
        dim = "sample" if "sample" in data.dims else "time"
        assert [part.sizes[dim] for part in parts] == [6, 3, 3]
        joined = xr.concat(parts, dim, data_vars="minimal") if isinstance(data, xr.Dataset) else xr.concat(parts, dim)
        xr.testing.assert_equal(joined, data.isel({dim: order}))


def test_a_random_split_has_a_seed():
    first, again, other = (rs.tasks.split(FRAME, how="random", seed=seed)[0] for seed in (1, 1, 2))
    assert first.equals(again) and not first.equals(other)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_scaling_is_that_of_the_training_part_and_comes_back(table):
    training, _, test = rs.tasks.split(table, (0.5, 0.25, 0.25))
    scaling = rs.tasks.Scaling.of(training)
    for part, rows in ((training, slice(0, 6)), (test, slice(9, 12))):
        scaled = scaling(part)
        assert type(scaled) is type(part)
        back = scaling.inverse(scaled)
        for name, values in COLUMNS.items():
            mean = sum(values[:6]) / 6
            scale = np.sqrt(sum((value - mean) ** 2 for value in values[:6]) / 6)
            np.testing.assert_allclose(scaled[name], (values[rows] - mean) / scale, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(back[name], values[rows], rtol=1e-12)
    if table is TABLE:
        assert (scaling(test).wind.units, back.wind.units, scaling(test).wind.long_name) == ("1", "m s-1", "WIND")


def test_a_constant_column_is_not_divided_by_what_rounding_leaves():
    scaling = rs.tasks.Scaling.of({"x": np.full(7, 0.1)})
    assert scaling.scale.item() == 1 and abs(scaling([0.1], "x")).item() < 1e-15


def test_scaling_of_labelled_arrays_goes_by_label():
    task = rs.tasks.windows(FRAME, ["wind", "rain"], "sun", 3)
    own = rs.tasks.Scaling.of(task.inputs)
    np.testing.assert_allclose(own.mean, task.inputs.mean(("sample", "step")), rtol=1e-12)
    np.testing.assert_allclose(own.scale, task.inputs.std(("sample", "step")), rtol=1e-12)
    scaling = rs.tasks.Scaling.of(FRAME)
    scaled = scaling(task.inputs)
    for i, name in enumerate(("wind", "rain")):
        mean, scale = COLUMNS[name].mean(), COLUMNS[name].std()
        np.testing.assert_allclose(scaled[..., i], (task.inputs.values[..., i] - mean) / scale, rtol=1e-12)
    np.testing.assert_allclose(scaling.inverse(scaled), task.inputs, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(scaling.inverse(scaling(task.targets)), task.targets, rtol=1e-12)


def test_predictions_come_back_in_the_units_of_the_data():
    task = rs.tasks.windows(TABLE, ["rain", "wind"], "wind", 3)
    scaling = rs.tasks.Scaling.of(TABLE)
    output = rs.simulate(rs.Elman([[0.0, 1.0]], [[0.0]], activation="linear"), scaling(task.inputs), keep="output").output
    predicted = scaling.inverse(output, "wind")
    np.testing.assert_allclose(predicted[:, 1:, 0], task.inputs.sel(input="wind"), rtol=1e-12, atol=1e-14)
    assert predicted.units == "m s-1"
    named = scaling(TABLE).wind
    np.testing.assert_allclose(scaling.inverse(named), TABLE.wind, rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError, match="Scaling was given no names for 1 column; it needs one each: give columns="):
        scaling.inverse(output)


def test_the_chain_of_any_table_is_that_of_the_weather():
    table = xr.decode_cf(rs.tasks.weather_table()).to_dataframe()
    names = ["temp_max", "temp_min", "precipitation"]
    parts = rs.tasks.split(table)
    scaling = rs.tasks.Scaling.of(parts[0][names])
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        task = rs.tasks.windows(part, names, "temp_max", 13)
        weather = rs.tasks.weather(part=name)
        np.testing.assert_array_equal(scaling(task.inputs), weather.inputs)
        np.testing.assert_array_equal(task.targets, weather.targets)
        np.testing.assert_array_equal(task.sample, weather.sample)
        undone = rs.tasks.Scaling(weather.input_mean, weather.input_scale).inverse(weather.inputs)
        np.testing.assert_allclose(undone, task.inputs, rtol=1e-12, atol=1e-12)


def test_parts_of_the_weather_share_no_day():
    whole = xr.decode_cf(rs.tasks.weather())
    days, last = [], None
    for name, sizes in {"training": 1022, "validation": 219, "test": 220}.items():
        part = whole.isel(sample=whole.part == name)
        xr.testing.assert_equal(part, xr.decode_cf(rs.tasks.weather(part=name)))
        assert part.sizes["sample"] == sizes - 13
        first, end = part.sample.values[0] - np.timedelta64(12, "D"), part.sample.values[-1] + np.timedelta64(1, "D")
        assert last is None or first == last + np.timedelta64(1, "D")
        last = end
        days.append((end - first) / np.timedelta64(1, "D") + 1)
    assert days == [1022, 219, 220]


def test_scaling_of_the_weather_knows_the_training_part_alone():
    table = rs.tasks.weather_table()
    task = rs.tasks.weather(part="test")
    for name in ("temp_max", "temp_min", "precipitation"):
        known = table[name].values[:1022]
        assert task.input_mean.sel(input=name).item() == pytest.approx(known.mean(), rel=1e-12)
        assert task.input_scale.sel(input=name).item() == pytest.approx(known.std(), rel=1e-12)


def test_the_weather_of_seattle_is_as_hard_as_it_was():
    training, test = (rs.tasks.weather(length=1, part=part) for part in ("training", "test"))
    x, y = (
        [np.c_[d.inputs[:, 0], np.ones(d.sizes["sample"])] for d in (training, test)],
        [d.targets[:, 0, 0].values for d in (training, test)],
    )
    today = rs.tasks.Scaling(test.input_mean, test.input_scale).inverse(test.inputs).sel(input="temp_max")[:, 0]
    assert np.mean((today.values - y[1]) ** 2) == pytest.approx(8.580, abs=0.005)
    weights = np.linalg.lstsq(x[0], y[0], rcond=None)[0]
    assert np.mean((x[1] @ weights - y[1]) ** 2) == pytest.approx(7.777, abs=0.005)
    table = rs.tasks.weather_table()
    assert table.sizes == {"time": 1461} and set(table) == {"precipitation", "temp_max", "temp_min", "wind", "weather"}
    assert table.precipitation.units == "mm" and table.temp_min.units == "degree_Celsius"


def test_a_csv_replaces_seattle(tmp_path):
    path = tmp_path / "local.csv"
    frame = pd.DataFrame({"tmax": [60.0, np.nan, 58.0, *range(57)], "tmin": np.arange(60.0)})
    frame.index = pd.date_range("1970-01-01", periods=60)
    frame.to_csv(path)
    table = rs.tasks.weather_table(path)
    assert table.tmax.values[:3].tolist() == [60.0, 60.0, 58.0] and table.time.values[-1] == 59
    task = rs.tasks.weather(3, predictors=("tmax", "tmin"), target="tmax", csv=path)
    assert task.sizes == {"sample": 51, "step": 3, "input": 2, "output": 1} and task.csv == str(path)
    rs.save(task, tmp_path / "task.nc")
    with pytest.raises(ValueError, match="weather was given no column 'temp_max'; it needs one of tmax, tmin"):
        rs.tasks.weather(csv=path)
    path.write_text("day,tmax\nmonday,3\n")
    with pytest.raises(
        ValueError, match="csv was given with 'monday' in its first column; it needs dates such as 2012-01-31 there"
    ):
        rs.tasks.weather_table(path)


WINDOWS = rs.tasks.windows
LATER = FRAME.iloc[[0, 2, 1, 3]]


def one_column(value):
    return xr.DataArray([value], {"column": ["rain"]}, "column")


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: WINDOWS(changed("sun", 3, np.nan), "rain", "sun", 2),
            ValueError,
            r"windows was given nan in column 'sun' at row 3 \(row 2012-01-04\); it needs finite numbers: fill first, as table.ffill",
        ),
        (lambda: WINDOWS(changed("rain", 11, -np.inf), "rain", "sun", 2), ValueError, "given -inf in column 'rain' at row 11"),
        (lambda: WINDOWS({"x": [1.0, np.nan, 2.0]}, "x", "x", 1), ValueError, r"nan in column 'x' at row 1 \(row 1\)"),
        (lambda: WINDOWS(TABLE.where(TABLE.wind != 5), "wind", "wind", 1), ValueError, r"'wind' at row 5 \(time 2012-01-06\)"),
        (
            lambda: WINDOWS(pd.DataFrame({"x": pd.array([1, None, 3], "Int64")}), "x", "x", 1),
            ValueError,
            "nan in column 'x' at row 1",
        ),
        (
            lambda: WINDOWS(FRAME, "snow", "sun", 2),
            ValueError,
            "windows was given no column 'snow'; it needs one of rain, sun, wind",
        ),
        (lambda: WINDOWS(FRAME, "sun", "snow", 2), ValueError, "windows was given no column 'snow'"),
        (lambda: WINDOWS(FRAME, [], "sun", 2), ValueError, r"predictors was given nothing; it needs names"),
        (lambda: WINDOWS(FRAME, ["sun", "sun"], "sun", 2), ValueError, "it needs one name or more, each of them once"),
        (
            lambda: WINDOWS(changed("rain", 0, "wet"), "rain", "sun", 2),
            TypeError,
            "column 'rain' of type .*; it needs real numbers",
        ),
        (lambda: WINDOWS({"x": [1j, 2.0]}, "x", "x", 1), TypeError, "column 'x' of type complex128; it needs real numbers"),
        (lambda: WINDOWS({"x": [[1.0], [2.0]]}, "x", "x", 1), ValueError, r"column 'x' of shape \(2, 1\); it needs one dimension"),
        (
            lambda: WINDOWS({"x": [1.0], "y": [1.0, 2.0]}, "x", "y", 1),
            ValueError,
            "1 rows of 'row' in 'x' and 2 of 'row' in 'y'; it needs",
        ),
        (lambda: WINDOWS(FRAME, "rain", "sun", 0), ValueError, "length was given as 0; it needs a whole number of 1 or more"),
        (
            lambda: WINDOWS(FRAME, "rain", "sun", 2, ahead=0),
            ValueError,
            "ahead was given as 0; it needs a whole number of 1 or more",
        ),
        (
            lambda: WINDOWS(FRAME, "rain", "sun", 12),
            ValueError,
            "a table of 12 rows; it needs at least 13 for windows of 12 and targets 1 ahead",
        ),
        (
            lambda: WINDOWS(LATER, "rain", "sun", 1),
            ValueError,
            "windows was given rows that go back in time at row 2; it needs them in order",
        ),
        (
            lambda: WINDOWS([1.0, 2.0], "rain", "sun", 1),
            TypeError,
            "windows was given a list; it needs a DataFrame, a Dataset or a mapping",
        ),
        (lambda: WINDOWS(pd.concat([FRAME, FRAME], axis=1), "rain", "sun", 1), ValueError, "the column 'rain' twice"),
        (
            lambda: WINDOWS(FRAME.set_axis([pd.NaT, *DATES[1:]]), "rain", "sun", 1),
            ValueError,
            "no time for row 0; it needs one for every",
        ),
        (
            lambda: rs.tasks.split(FRAME, (0.5, 0.6)),
            ValueError,
            r"shares was given as \(0.5, 0.6\); it needs numbers above 0 with the sum 1",
        ),
        (lambda: rs.tasks.split(FRAME, (1.5, -0.5)), ValueError, "shares was given as"),
        (lambda: rs.tasks.split(FRAME, "half"), ValueError, "shares was given as 'half'"),
        (
            lambda: rs.tasks.split(FRAME[:3]),
            ValueError,
            "split was given 3 rows, of which share 1 has none; it needs more rows or larger",
        ),
        (lambda: rs.tasks.split(FRAME, how="space"), ValueError, "how was given as 'space'; it needs one of time, random"),
        (
            lambda: rs.tasks.split(FRAME, dim="time"),
            ValueError,
            "dim was given as 'time' with a DataFrame; it needs a Dataset or a DataArray",
        ),
        (lambda: rs.tasks.split(TABLE, dim="sample"), ValueError, "dim was given as 'sample'; it needs one of time"),
        (lambda: rs.tasks.split(LATER), ValueError, "split was given rows that go back in time at row 2"),
        (
            lambda: rs.tasks.split(xr.DataArray(np.ones((2, 2)))),
            ValueError,
            "the dimensions dim_0, dim_1; it needs to be told which one: dim=",
        ),
        (lambda: rs.tasks.split(3.0), TypeError, "split was given a float; it needs a DataFrame"),
        (lambda: rs.tasks.Scaling.of(changed("sun", 3, np.nan)), ValueError, "Scaling was given nan in column 'sun' at row 3"),
        (
            lambda: rs.tasks.Scaling.of(FRAME[["sun"]])(FRAME),
            ValueError,
            "Scaling was given the column 'rain'; it needs some of sun",
        ),
        (lambda: rs.tasks.Scaling.of(FRAME)(FRAME, "sun"), ValueError, "columns was given with a DataFrame, which names its own"),
        (
            lambda: rs.tasks.Scaling.of(TABLE.rain),
            ValueError,
            r"a DataArray over \('time',\) without them; it needs labels for 'input'",
        ),
        (lambda: rs.tasks.Scaling.of({}), ValueError, "Scaling was given no columns; it needs at least one"),
        (
            lambda: rs.tasks.Scaling(one_column(np.nan), one_column(1.0)),
            ValueError,
            r"mean was given as \[nan\]; it needs finite numbers$",
        ),
        (
            lambda: rs.tasks.Scaling(one_column(0.0), one_column(0.0)),
            ValueError,
            r"scale was given as \[0.0\]; it needs finite numbers, above 0",
        ),
        (
            lambda: rs.tasks.Scaling(one_column(0.0), one_column(np.inf)),
            ValueError,
            r"scale was given as \[inf\]; it needs finite numbers, above 0",
        ),
        (
            lambda: rs.tasks.Scaling(one_column("a"), one_column(1.0)),
            TypeError,
            r"mean was given as a DataArray over \(column\) of type <U1; it needs real numbers",
        ),
        (
            lambda: rs.tasks.Scaling(1.0, 2.0),
            TypeError,
            "mean was given as float; it needs a DataArray over one dimension of named columns",
        ),
        (
            lambda: rs.tasks.weather(part="train"),
            ValueError,
            "part was given as 'train'; it needs one of training, validation, test",
        ),
        (lambda: rs.tasks.weather(shares=(0.5, 0.5)), ValueError, r"shares was given as \(0.5, 0.5\); it needs three"),
        (
            lambda: rs.tasks.weather(target="weather"),
            TypeError,
            "weather was given column 'weather' of type .*; it needs real numbers",
        ),
        (lambda: rs.tasks.weather(length=219), ValueError, "a table of 219 rows; it needs at least 220"),
    ],
)
def test_tables_are_refused_in_one_sentence(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
