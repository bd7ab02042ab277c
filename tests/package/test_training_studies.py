"""Studies that train networks, at small size: the numbers that they print and save."""

import pytest
from studies import run

import rnnsim as rs


def printed(said, start):
    """The numbers of the first line that starts so."""
    line = next(line for line in said.splitlines() if line.startswith(start))
    return [float(word) for word in line.removeprefix(start).split()]


def saved(file):
    with rs.open(file) as ds:
        return ds.load()


def test_weather(tmp_path):
    said = [run("weather.py", tmp_path, "--seeds", "2", "--day", "2013-07-01", "--out", folder) for folder in ("once", "again")]
    assert said[0] == said[1] and "After the 13 days to 2013-07-01, the next day's temp_max is" in said[0]
    for file in ("weather.nc", "weather_training.nc"):
        assert saved(tmp_path / "once" / file).equals(saved(tmp_path / "again" / file))  # to the last bit
    assert printed(said[0], "persistence") == pytest.approx([8.63, 8.32], abs=0.01)  # 8.58 from each day of the part to the next
    assert printed(said[0], "regression") == pytest.approx([7.79, 7.47], abs=0.01)
    training = saved(tmp_path / "once" / "weather_training.nc")
    assert list(training.epoch) == [*range(0, 21, 2), 21]
    assert (training.cost[:, 0] > 250).all() and (training.cost[:, -1] < 10).all() and (training.validation_cost[:, -1] < 8).all()
    ds = saved(tmp_path / "once" / "weather.nc")
    assert ds.prediction.sizes == {"model": 3, "sample": 207} and ds.prediction.units == "degree_Celsius"
    assert float(ds.day_after[0]) == pytest.approx(float(((ds.prediction[0] - ds.data) ** 2).mean()))
    assert (tmp_path / "once" / "weather.png").stat().st_size > 10_000


def test_weather_of_another_table(tmp_path):
    (tmp_path / "table.csv").write_text(
        "day,a,b\n" + "".join(f"2020-{1 + i // 28:02}-{1 + i % 28:02},{i % 7},{i}\n" for i in range(200))
    )
    said = run("weather.py", tmp_path, "--csv", "table.csv", "--target", "a", "--predictors", "b", "--seeds", "2")
    assert "the next day's a is" in said
    ds = saved(tmp_path / "weather.nc")
    # a is 0, 1, … 6 and again: today's value is wrong by 1, and by 6 on every seventh day
    assert float(ds.all_days.sel(model="persistence")) == pytest.approx(6.0, abs=0.5)


def test_weather_choice(tmp_path):
    said = run("weather_choice.py", tmp_path, "--seeds", "2", "--quick")
    assert "goal = change" in said
    persistence, chosen = printed(said, "persistence"), printed(said, "chosen network")
    assert all(ours < theirs for ours, theirs in zip(chosen, persistence, strict=True))
    grid = saved(tmp_path / "weather_grid.nc")
    mean = grid.validation_cost.mean("seed")
    assert mean.min(("units", "batch", "lr", "epoch")).idxmin("goal") == "change"
    errors = saved(tmp_path / "weather_choice.nc").day_after
    assert float(errors.sel(model="chosen network")) < float(errors.sel(model="regression"))
    assert (tmp_path / "weather_choice.png").stat().st_size > 10_000


def test_next_letter(tmp_path):
    said = run("next_letter.py", tmp_path, "--seeds", "2", "--epochs", "120")
    for cell in ("Elman", "GRU", "LSTM"):
        assert f"{cell:5} 25 of 25 right, at least; 2 of 2 recite it all; the first: abcdefghijklmnopqrstuvwxyz" in said
    ds = saved(tmp_path / "next_letter.nc")
    assert (ds.accuracy[..., -1] == 1).all() and (ds.cost[..., -1] < 0.05).all()
    following = ds.next[ds.probability.isel(after=-1).argmax("next")]
    assert all("".join(row.values) == "bcdefghijklmnopqrstuvwxyz" for row in following)
    assert (tmp_path / "next_letter.png").stat().st_size > 10_000


def test_long_memory(tmp_path):
    said = run("long_memory.py", tmp_path, "--lengths", "6", "30", "--seeds", "2", "--epochs", "12")
    ds = saved(tmp_path / "long_memory.nc")
    share = ds.solved.mean("seed")
    assert share.sizes == {"task": 2, "cell": 4, "length": 2}
    assert (share.sel(task="recall", length=6) == 1).all() and (share.sel(cell="GRU", length=6) == 1).all()
    assert share.sel(task="adding", cell="Elman", length=30) == 0  # its gradient does not reach so far
    assert "recall, length 6, GRU: 2 of 2 networks solve it" in said
    reach = ds.gradient_norm.sel(length=30, back=30).mean("seed")
    assert (reach.sel(cell="Elman") < 1e-3).all() and (reach.sel(cell="LSTM") > 1e-3).all()
    assert (ds.gradient_norm.sel(back=0) == 1).all() and ds.gradient_norm.sel(length=6, back=30).isnull().all()
    assert (tmp_path / "long_memory.png").stat().st_size > 10_000


def test_excitation_and_inhibition(tmp_path):
    sizes = "--units", "20", "--seeds", "2", "--trials", "200", "--epochs", "60", "--tested", "600"
    said = run("excitation_and_inhibition.py", tmp_path, *sizes)
    assert "Dale's law holds in all weights: True" in said
    ds = saved(tmp_path / "excitation_and_inhibition.nc")
    assert (ds.validation_cost.isel(epoch=-1) < 0.5 * ds.validation_cost.isel(epoch=0)).all()
    assert (ds.share.sel(coherence=0.32) > 0.9).all() and (ds.share.sel(coherence=-0.32) < 0.1).all()
    assert (abs(ds.bias) < 0.1).all()
    assert (tmp_path / "excitation_and_inhibition.png").stat().st_size > 10_000
