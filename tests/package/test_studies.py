"""Each study runs from a folder of its own, at tiny size, and leaves what it promises."""

import numpy as np
import pytest
import xarray as xr
from studies import ROOT, figures, run

import rnnsim as rs


def test_counting_cost_surface(tmp_path):
    said = run("counting_cost_surface.py", tmp_path, "--points", "13")
    assert "338 networks" in said and "w_in = 1, w_rec = 1" in said
    with rs.open(tmp_path / "counting_cost_surface.nc") as ds, rs.open(tmp_path / "counting_cost_surface_zoom.nc") as zoom:
        np.testing.assert_allclose(ds.cost.sel(w_in=2, w_rec=1), 28.35, rtol=1e-12)
        assert {"cost", "grad_w_in", "grad_w_rec"} < set(ds) == set(zoom)
    assert (tmp_path / "counting_cost_surface.png").stat().st_size > 10_000


def test_inference_dynamics(tmp_path):
    pytest.importorskip("scipy")
    said = run("inference_dynamics.py", tmp_path, "--points", "50", "--out", "results")
    ratios = [float(line.split()[2]) for line in said.splitlines() if line.startswith("0.0") and len(line.split()) == 3]
    assert len(ratios) >= 4 and all(abs(ratio - 2) < 0.02 for ratio in ratios[:-1])
    names = {
        "inference_dynamics.nc",
        "inference_portraits.png",
        "inference_trajectories.png",
        "inference_plane.nc",
        "inference_plane.png",
    }
    assert {path.name for path in (tmp_path / "results").iterdir()} == names
    with rs.open(tmp_path / "results" / "inference_plane.nc") as ds:
        assert ds.state.sizes == {"experiment": 2, "step": 101, "unit": 2}
        np.testing.assert_array_equal(ds.state[0, 1:, 0], ds.state[0, 1:, 1])  # equal weights


def test_chaos_transition(tmp_path):
    said = run("chaos_transition.py", tmp_path, "--points", "4", "--seeds", "2", "--steps", "200", "--units", "20")
    lines = [line.split() for line in said.splitlines() if line.startswith(" ")]
    assert len(lines) == 4 and all(abs(float(found) - float(exact)) < 0.1 for _, found, exact in lines)
    with rs.open(tmp_path / "chaos_transition.nc") as ds:
        assert float(ds.mean_field_exponent.sel(gain=2.0)) == pytest.approx(0.154724230, abs=1e-8)
        assert ds.lyapunov_exponent.sizes == {"seed": 2, "gain": 4, "exponent": 20}
        texts = figures(tmp_path)["chaos_transition"]["texts"]
        assert [float(text[5:]) for text in texts if text.startswith("gain ")] == ds.gain.values.tolist()
    assert "points: means over 2 seeds; bands: ± standard deviation" in texts
    assert (tmp_path / "chaos_transition.png").stat().st_size > 10_000


def test_training_and_chaos(tmp_path):
    said = run("training_and_chaos.py", tmp_path, "--gains", "2", "--seeds", "2", "--epochs", "20", "--steps", "60")
    rows = [[float(x) for x in line.split()] for line in said.splitlines() if line.startswith(" ")]
    assert len(rows) == 2 and rows[0][2] > rows[0][1] and all(after < before for *_, before, after in rows)
    with rs.open(tmp_path / "training_and_chaos.nc") as ds:
        assert ds.lyapunov_exponent.sizes == {"epoch": 21, "seed": 2, "gain": 2, "exponent": 24}
        assert set(map(str, ds.gain.values.tolist())) <= set(figures(tmp_path)["training_and_chaos"]["texts"])
    assert (tmp_path / "training_and_chaos.png").stat().st_size > 10_000


def test_gated_stability(tmp_path):
    said = run("gated_stability.py", tmp_path, "--points", "13", "--steps", "200")
    for cell in ("GRU", "LSTM"):
        assert f"{cell}: 0 of 169 networks on the wrong side" in said
    assert (tmp_path / "gated_stability.nc").exists() and (tmp_path / "gated_stability.png").stat().st_size > 10_000


def test_stacked_networks(tmp_path):
    said = run("stacked_networks.py", tmp_path, "--text", "hello")
    assert "the output is the top layer's last state: True" in said and "an embedding give the same: True" in said
    assert "inputs of another size: inputs has 4 features, but w_in takes 26" in said
    by_hand = [float(line.split()[-1]) for line in said.splitlines() if "by hand differs" in line or "PyTorch's nn.RNN" in line]
    assert len(by_hand) >= 2 and max(by_hand) < 1e-15
    with rs.open(tmp_path / "stacked_networks.nc") as ds:
        assert list(ds.letter.values) == ["", *"hello"] and ds.state_1.sizes == {"step": 6, "unit_1": 3}
    assert (tmp_path / "stacked_networks.png").stat().st_size > 10_000


def test_gradient_flow(tmp_path):
    run("gradient_flow.py", tmp_path, "--points", "2", "--seeds", "2")
    with rs.open(tmp_path / "gradient_flow.nc") as ds:
        norm = ds.gradient_norm
        assert set(norm.dims) == {"cell", "depth", "length", "gain", "layer", "step"}
        start = norm.sel(depth=1, length=100, layer=0, step=0)
        assert (start.isel(gain=0) < 1e-10).all() and (start.isel(gain=-1) > 1).all()  # vanishing and exploding
        assert norm.sel(depth=1, layer=1).isnull().all()
        np.testing.assert_allclose(norm.sel(depth=4, length=100, layer=3, step=100), 1.0)
    assert (tmp_path / "gradient_flow.png").stat().st_size > 10_000


def test_memory_reach(tmp_path):
    said = run("memory_reach.py", tmp_path, "--points", "5", "--seeds", "2", "--steps", "60")
    alone = [list(map(float, line.split())) for line in said.splitlines() if len(line.split()) == 4 and "." in line.split()[0]]
    assert [row[0] for row in alone] == [-2, 0, 2, 4, 6]
    (_, gru, lstm, exact), (_, far, *_, exact_far) = alone[2:4]
    assert abs(gru / exact - 1) < 0.3 and abs(lstm / exact - 1) < 0.4 and abs(far / exact_far - 1) < 0.05
    with rs.open(tmp_path / "memory_reach.nc") as ds:
        assert ds.memory_length.sizes == {"cell": 4, "seed": 2, "gain": 5, "bias": 5}
        ungated, gated = ds.sel(cell=["Elman", "orthogonal"]), ds.sel(cell=["GRU", "LSTM"])
        assert (ungated.memory_length.sel(gain=0) == 0).all() and (
            ungated.memory_length.isel(bias=0) == ungated.memory_length
        ).all()
        within = gated.memory_length.sel(gain=0).where(gated.bias < 4, drop=True)
        assert (within.diff("bias") > 0).all()  # the more the gate keeps, the farther it reaches
        assert (gated.memory_length.sel(gain=1, bias=2) > ungated.memory_length.sel(gain=1, bias=2).max("cell")).any()
    assert (tmp_path / "memory_reach.png").stat().st_size > 10_000


def test_difficulty_of_training(tmp_path):
    said = run("difficulty_of_training.py", tmp_path, "--points", "61", "--starts", "4", "--epochs", "100")
    assert "spacings from b = 1/2 - w σ(1/2)" in said and said.count("Paper:") == 3
    with rs.open(tmp_path / "difficulty_of_training.nc") as ds:
        assert ds.gradient_norm.sizes == {"w_rec": 61, "bias": 61}
        high = ds.sel(w_rec=slice(5, None))
        drop = high.cost.diff("bias").argmin("bias")
        exact = 0.5 - high.w_rec / (1 + np.exp(-0.5))
        assert (abs(ds.bias[1:][drop] - exact) <= ds.bias[1] - ds.bias[0]).all()
        assert 0.35 < float(-high.cost.diff("bias").min()) < 0.45
    with rs.open(tmp_path / "difficulty_of_training_descents.nc") as ds:
        plain, clipped = (ds.sel(descent=name) for name in ("as it is", "clipped"))
        assert (plain.bias > -1).mean() > 0.2 and (clipped.bias < -1).all()
        assert clipped.cost.mean() < plain.cost.mean()
    assert (tmp_path / "difficulty_of_training.png").stat().st_size > 10_000


def test_counting_rprop(tmp_path):
    said = run("counting_rprop.py", tmp_path, "--points", "7", "--out", "results")
    assert "irprop-  w_in = 1.0000043473693738, w_rec = 0.9999989237980148; of 5 ones among 12 it counts 5.00" in said
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "counting_rprop.nc",
        "counting_rprop.png",
        "counting_rprop_paths.nc",
    }
    with rs.open(tmp_path / "results" / "counting_rprop_paths.nc") as ds:
        assert ds.w_in.sizes == {"variant": 5, "epoch": 501} and (ds.w_in[:, 0] == -1.5).all() and (ds.w_rec[:, 0] == 2).all()
        end = ds.sel(variant="irprop-").isel(epoch=-1)
        np.testing.assert_allclose([end.w_in, end.w_rec], [1.0000043473693738, 0.9999989237980148], rtol=1e-12)
    with rs.open(tmp_path / "results" / "counting_rprop.nc") as ds:
        assert ds.iterations.sizes == {"variant": 5, "w_in_start": 7, "w_rec_start": 7}
        assert (ds.iterations.sel(w_in_start=1, w_rec_start=1) == 0).all()  # starts where it should end
        solved = ds.iterations.notnull()
        assert (solved.mean(("w_in_start", "w_rec_start")) > 0.7).all() and (ds.cost.where(solved, 0) < 1e-5).all()
        np.testing.assert_allclose(ds[["w_in", "w_rec"]].to_array().where(solved, 1.0), 1.0, atol=0.01)
        lost = ds.sel(variant="irprop-", w_in_start=0, w_rec_start=-3)
        assert np.isnan(lost.iterations) and lost.w_rec < -1.15 and 18.04 < lost.cost < 28.35  # below the ridge, above its end


def test_sum_of_digits(tmp_path):
    said = run("sum_of_digits.py", tmp_path, "--starts", "2")
    assert said.count("validation_rounded_accuracy") == 3 and "U runs away from the starts [-3." in said
    with rs.open(tmp_path / "sum_of_digits.nc") as ds:
        assert ds.cost.sizes == {"encoding": 3, "start": 2, "lr": 3, "epoch": 9}
        one = ds.sel(start=0, lr=0.03)
        assert (abs(one.digit_weight - np.arange(10)) < 0.02).all() and (abs(one.w_rec - 1) < 0.02).all()
        assert (one.validation_rounded_accuracy[:, -1] == 1).all() and (one.validation_rounded_accuracy[:, 0] < 0.2).all()
        assert (one.validation_cost[:, -1] < 1e-3).all() and one.validation_cost.sizes == {"encoding": 3, "epoch": 9}
    with rs.open(tmp_path / "sum_of_digits_runaway.nc") as ds:
        end, start = ds.isel(epoch=-1), ds.w_rec_start
        np.testing.assert_allclose(end.w_rec[start >= -0.75], 1.0, atol=0.02)
        lost = end.isel(w_rec_start=np.flatnonzero(start < -1.1))
        u = lost.w_rec
        assert lost.sizes["w_rec_start"] == 8 and (u < start[start < -1.1]).all()
        np.testing.assert_allclose(lost.cost, 8.25 * (3 - (1 + u + u**2) / (1 - u + u**2)), rtol=0.02)
    assert (tmp_path / "sum_of_digits.png").stat().st_size > 10_000


def there_are(w, b):
    """The fixed points, and the cycles of period 2, of h' = tanh(w h + b) by the changes of sign on a fine grid, in words."""
    h = np.linspace(-1, 1, 20_000)
    words = []
    for period, name in ((1, "fixed point"), (2, "cycle of period 2")):
        step, slope = h, np.ones_like(h)
        for _ in range(period):
            step = np.tanh(w * step + b)
            slope = slope * w * (1 - step**2)
        at = np.flatnonzero(np.diff(np.sign(step - h)))
        once = np.sign(np.tanh(w * h + b) - h)
        at = at if period == 1 else at[once[at] == once[at + 1]]
        count, stable = len(at) // period, int((np.abs(slope[at]) < 1).sum()) // period
        numbers = ("none", "one", "two", "three")
        if count:
            how = ("unstable", "stable")[stable] if count == 1 else f"{numbers[stable]} stable"
            words.append(f"{numbers[count]} {name}{'s' * (count > 1)},\n{how}")
    return "\n".join(words)


def test_scalar_bifurcations(tmp_path):
    said = run("scalar_bifurcations.py", tmp_path, "--points", "41")
    assert "w =  1.5: b = 0.2075464553" in said and "flip at w = -1.0000" in said and "branch_point at w = 1.0000" in said
    with rs.open(tmp_path / "scalar_bifurcations.nc") as ds:
        found = np.abs(ds.bifurcation_b)
        there = (np.abs(ds.exact_b) < 4) & (np.abs(ds.w) > 1)
        assert (ds.point_count == 2 * there).all()
        np.testing.assert_allclose(found.where(there), ds.exact_b.where(there).broadcast_like(found), rtol=0, atol=1e-11)
        expected = (np.abs(ds.b) < ds.exact_b) * xr.where(ds.w > 0, 1, 2)
        near = np.abs(np.abs(ds.b) - ds.exact_b.fillna(0.0)) < 0.05
        assert (ds.attractors == expected).where(~near, True).all() and ds.attractors.max() == 2
    placed = figures(tmp_path)["scalar_bifurcations"]["placed"]
    assert sorted(text for *_, text in placed) == sorted(there_are(w, b) for w, b, _ in placed) and len(placed) == 3
    assert there_are(2.95, 0.0) == "three fixed points,\ntwo stable"
    assert (tmp_path / "scalar_bifurcations.png").stat().st_size > 10_000


def test_big_surface(tmp_path):
    for _ in range(2):  # the second goes on from the first, which is done
        said = run("big_surface.py", tmp_path, "--points", "1300", "--memory", "8MB")
        assert "points       1690000 (w_in 1300 × w_rec 1300)" in said and "1690000 networks in" in said
        assert 0.1 < float(said.split("the peak of memory was ")[1].split()[0]) < 1.0  # GB
    with rs.open(tmp_path / "big_surface.zarr") as ds:
        assert ds.status.size > 3 and (ds.status > 0).all()
        some = ds[["cost", "grad_w_in", "grad_w_rec"]].isel(w_in=slice(0, 1300, 100), w_rec=slice(0, 1300, 100)).load()
    task = rs.tasks.counting(samples=20, steps=10, seed=1)
    right = rs.backprop(rs.Elman(some.w_in, some.w_rec, activation="linear"), task.inputs, task.targets)
    for name in some:
        np.testing.assert_array_equal(some[name], right[name])
    assert (tmp_path / "big_surface.png").stat().st_size > 10_000


def test_sweep_on_cluster(tmp_path):
    pytest.importorskip("distributed")
    said = run("sweep_on_cluster.py", tmp_path, "--units", "8", "--seeds", "3")
    assert "33 networks of 8 units" in said and (tmp_path / "pulse.png").stat().st_size > 10_000
    with rs.open(tmp_path / "pulse.zarr") as ds:
        assert ds.state.sizes == {"gain": 11, "seed": 3, "step": 101, "unit": 8} and (ds.status > 0).all()


POINTS = {"counting_cost_surface.py": 400, "big_surface.py": 20_000}  # of two windows of points² networks, and of one


@pytest.mark.parametrize("study", sorted(path.name for path in (ROOT / "sweeps").glob("*.py")))
def test_studies_say_what_they_do_and_are_short(study, tmp_path):
    said = run(study, tmp_path, "--help")
    assert "--out" in said
    assert study not in POINTS or f"points along each weight (default: {POINTS[study]})" in said
    source = (ROOT / "sweeps" / study).read_text()
    assert len(source.splitlines()) <= 110 and "from rnnsim" not in source
