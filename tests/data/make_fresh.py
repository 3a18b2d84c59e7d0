"""Writes fresh/cases.json: a small problem of every loss and architecture with its optimum, by two solvers that share no code with this project.

Squared, logistic and softmax loss: column generation over neurons, of a module given as argument (its `solve` ends with a primal point and a dual bound).
Huber, absolute, squared hinge and hinge loss: the semidefinite program of docs/mathematics.md section 2, stated block by block, by CVXPY and Clarabel.

    python3 tests/data/make_fresh.py FOLDER_OF_REFERENCE_PY      (NumPy, SciPy, CVXPY, Clarabel)

Data sets hold features `x`, three targets `y` and `weights`; numbers have few digits, so that the text is exact. A case takes the first `targets` columns:
of regression as they are, of ±1 labels their signs, of one-hot classes the largest of the three. Only cases that say `weighted` use the weights.
"""

import itertools
import json
import pathlib
import sys

import cvxpy as cp
import numpy as np

SEED = 7
RATIO = {1: 0.12, 3: 0.2}  # of β_max
DATA_SETS = {  # samples, architecture, activation
    "dense": (30, None, (0.09, 0.5, 0.47)),
    "conv1d": (28, dict(height=1, width=10, channels=1, filter=(1, 3), stride=(1, 2), padding=(0, 0), pool=(1, 1)), (0.3, -0.7, 0.2)),
    "conv1d_pooled": (26, dict(height=1, width=8, channels=2, filter=(1, 3), stride=(1, 1), padding=(0, 0), pool=(1, 3)), (0.09, 0.5, 0.47)),
    "conv2d_pooled": (24, dict(height=5, width=3, channels=1, filter=(2, 2), stride=(1, 1), padding=(0, 0), pool=(2, 1)), (0.09, 0.5, 0.47)),
    "global": (30, dict(height=4, width=4, channels=1, filter=(2, 2), stride=(2, 2), padding=(1, 1), pool=(3, 3)), (1.0, 0.4, 0.0)),
}
BY_REFERENCE = ["squared", "logistic", "softmax"]
BY_PROGRAM = ["huber:0.3", "absolute", "squared_hinge", "hinge"]
LABELS = ["logistic", "squared_hinge", "hinge"]


def name_of(shape):
    if shape is None:
        return "dense"
    pair = lambda key: "x".join(map(str, shape[key]))
    if shape["height"] == 1:
        text = f"conv1d:length={shape['width']},channels={shape['channels']}"
        return text + "".join(f",{key}={shape[key][1]}" for key in ("filter", "stride", "padding", "pool"))
    text = f"conv2d:height={shape['height']},width={shape['width']},channels={shape['channels']}"
    return text + "".join(f",{key}={pair(key)}" for key in ("filter", "stride", "padding", "pool"))


def pools_of(x, shape):
    """A list over pools of n × P × f arrays; images are row-major with channels last."""
    if shape is None:
        return [x[:, None]]
    (fh, fw), (sh, sw), (ph, pw), (qh, qw) = (shape[key] for key in ("filter", "stride", "padding", "pool"))
    image = np.pad(x.reshape(len(x), shape["height"], shape["width"], shape["channels"]), ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    rows, columns = range(0, image.shape[1] - fh + 1, sh), range(0, image.shape[2] - fw + 1, sw)
    patch = [[image[:, r : r + fh, c : c + fw].reshape(len(x), -1) for c in columns] for r in rows]
    return [
        np.stack([patch[r + i][c + j] for i in range(qh) for j in range(qw)], 1)
        for r in range(0, len(rows), qh)
        for c in range(0, len(columns), qw)
    ]


def targets_of(y, loss, count):
    if loss == "softmax":
        return np.eye(count)[np.argmax(y[:, :count], 1)]
    return np.where(y[:, :count] > 0, 1.0, -1.0) if loss in LABELS else y[:, :count]


def lifted(pool, activation):
    """n × N²: the mean of [a x xᵀ, (b/2) x; (b/2) xᵀ, c] over the patches of a pool."""
    a, b, c = activation
    n, P, f = pool.shape
    A = np.zeros((n, f + 1, f + 1))
    A[:, :f, :f] = a * np.einsum("ipf,ipg->ifg", pool, pool) / P
    A[:, :f, f] = A[:, f, :f] = b / 2 * pool.mean(1)
    A[:, f, f] = c
    return A.reshape(n, -1)


def gradient_at_zero(y, loss):
    if loss == "softmax":
        return 1 / y.shape[1] - y
    if loss.startswith("huber"):
        return -np.clip(y, -float(loss[6:]), float(loss[6:]))
    return {"squared": -y, "absolute": -np.sign(y), "logistic": -y / 2, "squared_hinge": -y, "hinge": -y}[loss]


def beta_max(reference, pools, activation, v):
    largest = 0
    for pool, k in itertools.product(pools, range(v.shape[1])):
        f = pool.shape[2]
        gamma = (v[:, k] @ lifted(pool, activation)).reshape(f + 1, f + 1)
        for sign in (1, -1):
            largest = max(largest, reference.sphere_quadratic_max(sign * gamma[:f, :f], sign * 2 * gamma[f, :f], sign * gamma[f, f])[0])
    return largest


def convex_loss(f, y, loss):
    if loss.startswith("huber"):
        return cp.huber(f - y, float(loss[6:])) / 2  # CVXPY's is r² near 0
    if loss == "absolute":
        return cp.abs(f - y)
    violation = cp.pos(1 - cp.multiply(y, f))
    return violation if loss == "hinge" else cp.square(violation) / 2


def program_optimum(pools, y, weights, beta, loss, activation):
    outputs, constraints, penalty = [], [], 0
    for k in range(y.shape[1]):
        prediction = 0
        for pool in pools:
            N = pool.shape[2] + 1
            G = np.diag([1.0] * (N - 1) + [-1.0])
            sides = [cp.Variable((N, N), PSD=True) for _ in range(2)]
            prediction = prediction + lifted(pool, activation) @ cp.vec(sides[0] - sides[1], order="C")
            constraints += [cp.trace(G @ side) == 0 for side in sides]
            penalty = penalty + sides[0][N - 1, N - 1] + sides[1][N - 1, N - 1]
        outputs.append(cp.sum(cp.multiply(weights, convex_loss(prediction, y[:, k], loss))))
    problem = cp.Problem(cp.Minimize(sum(outputs) + beta * penalty), constraints)
    # Solved by hand for the sake of the dual objective, which problem.solve does not keep.
    options = dict(tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    data, chain, inverse = problem.get_problem_data(cp.CLARABEL, solver_opts=options)
    raw = chain.solve_via_data(problem, data, solver_opts=options)
    problem.unpack_results(raw, chain, inverse)
    return float(problem.value), abs(raw.obj_val - raw.obj_val_dual)


def main():
    sys.path.insert(0, sys.argv[1])
    import reference

    smooth = {"squared": reference.Squared(), "logistic": reference.Logistic(), "softmax": reference.Softmax()}
    random = np.random.default_rng(SEED)
    sets, cases = {}, []
    for name, (n, shape, activation) in DATA_SETS.items():
        d = 4 if shape is None else shape["height"] * shape["width"] * shape["channels"]
        x = np.round(random.standard_normal((n, d)), 3)
        y = np.maximum(x @ random.standard_normal((d, 3)), 0) - np.maximum(x @ random.standard_normal((d, 3)), 0)
        y = np.round(y / np.sqrt(d) + 0.3 * random.standard_normal((n, 3)), 3)
        weights = np.round(random.uniform(0.2, 2, n), 2)
        sets[name] = dict(architecture=name_of(shape), activation=activation, x=x.tolist(), y=y.tolist(), weights=weights.tolist())
        pools = pools_of(x, shape)
        for loss, count in itertools.product(BY_REFERENCE + BY_PROGRAM, (1, 3)):
            if loss == "softmax" and count == 1:
                continue
            targets, weighted = targets_of(y, loss, count), loss in BY_PROGRAM and count == 3
            w = weights if weighted else np.ones(n)
            beta = float(f"{RATIO[count] * beta_max(reference, pools, activation, w[:, None] * gradient_at_zero(targets, loss)):.2g}")
            if loss in BY_REFERENCE:
                # The module's smallest gap is what it gets to before its descent stalls.
                found = reference.solve(pools, targets, beta, smooth[loss], activation, tol=1e-8, max_outer=60)
                primal, gap = found["primal"], found["gap"] * max(1, found["primal"])
            else:
                primal, gap = program_optimum(pools, targets, w, beta, loss, activation)
            cases.append(dict(data=name, loss=loss, targets=count, weighted=weighted, beta=beta, primal=primal, gap=gap))
            print(cases[-1], flush=True)
    text = json.dumps(dict(sets=sets, cases=cases), separators=(",", ":"))
    text = text.replace("],[", "],\n[").replace("},{", "},\n{").replace('},"', '},\n"')
    (pathlib.Path(__file__).parent / "fresh" / "cases.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
