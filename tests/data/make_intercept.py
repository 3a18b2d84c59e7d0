"""Prints the table of tests/solve/bias_test.cpp: optima of networks with an intercept that is not penalised, for every loss.

The semidefinite program of docs/mathematics.md section 2 with a free scalar an output, on the test's data by formula, by CVXPY and Clarabel, which share no code with
this project. The last column is the optimum without an intercept, which tells that the intercept matters.

    python3 tests/data/make_intercept.py [LOSS]...      (NumPy, CVXPY, Clarabel)
"""

import itertools
import sys

import cvxpy as cp
import numpy as np

SAMPLES, FEATURES = 24, 6
ACTIVATION = (0.09, 0.5, 0.47)
BETA = {"squared": 0.3, "absolute": 0.5, "huber:0.5": 0.3, "logistic": 0.2, "squared_hinge": 0.3, "hinge": 0.4, "softmax": 0.2}
POOLS = {False: [[slice(0, 6)]], True: [[slice(0, 3), slice(1, 4)], [slice(2, 5), slice(3, 6)]]}  # conv1d:length=6,filter=3,pool=2

i = np.arange(1, SAMPLES + 1)[:, None]
wave = lambda j: np.sin(1.7 * i + 2.3 * (j + 1) + 0.9 * i * (j + 1))
x = wave(np.arange(FEATURES))
weights = np.where(i[:, 0] % 7 == 1, 0, 0.5 * (1 + (i[:, 0] - 1) % 4))


def targets(outputs):
    k = np.arange(outputs)
    return 2 + np.cos(1.1 * i + 2 * k) + wave(k) ** 2 + 0.5 * wave(k + 1)


def lifted(pool):
    """n × N²: the mean of [a x xᵀ, (b/2) x; (b/2) xᵀ, c] over the patches of a pool."""
    a, b, c = ACTIVATION
    patches = np.stack([x[:, patch] for patch in pool], 1)
    f = patches.shape[2]
    A = np.zeros((SAMPLES, f + 1, f + 1))
    A[:, :f, :f] = a * np.einsum("ipf,ipg->ifg", patches, patches) / len(pool)
    A[:, :f, f] = A[:, f, :f] = b / 2 * patches.mean(1)
    A[:, f, f] = c
    return A.reshape(SAMPLES, -1)


def network(convolution):
    """Predictions of one output without its intercept, their penalty, and the constraints."""
    prediction, penalty, constraints = 0, 0, []
    for pool in POOLS[convolution]:
        N = x[:, pool[0]].shape[1] + 1
        G = np.diag([1.0] * (N - 1) + [-1.0])
        sides = [cp.Variable((N, N), PSD=True) for _ in range(2)]
        prediction = prediction + lifted(pool) @ cp.vec(sides[0] - sides[1], order="C")
        constraints += [cp.trace(G @ side) == 0 for side in sides]
        penalty = penalty + sides[0][N - 1, N - 1] + sides[1][N - 1, N - 1]
    return prediction, penalty, constraints


def loss_of(loss, f, y, w):
    if loss == "softmax":
        f = cp.vstack(f).T
        return w @ (cp.log_sum_exp(f, axis=1) - cp.sum(cp.multiply(f, np.eye(y.shape[1])[np.argmax(y, 1)]), axis=1))
    total = 0
    for k, fk in enumerate(f):
        r, margin = fk - y[:, k], cp.multiply(np.where(y[:, k] > 2.5, 1.0, -1.0), fk)
        total += {
            "squared": lambda: w @ cp.square(r) / 2,
            "absolute": lambda: w @ cp.abs(r),
            "huber:0.5": lambda: w @ cp.huber(r, 0.5) / 2,
            "logistic": lambda: w @ cp.logistic(-margin),
            "squared_hinge": lambda: w @ cp.square(cp.pos(1 - margin)) / 2,
            "hinge": lambda: w @ cp.pos(1 - margin),
        }[loss]()
    return total


def optimum(loss, convolution, outputs, weighted, bias):
    parts = [network(convolution) for _ in range(outputs)]
    f = [prediction + (cp.Variable() if bias else 0) for prediction, _, _ in parts]
    w = weights if weighted else np.ones(SAMPLES)
    objective = loss_of(loss, f, targets(outputs), w) + BETA[loss] * sum(penalty for _, penalty, _ in parts)
    problem = cp.Problem(cp.Minimize(objective), sum((constraints for _, _, constraints in parts), []))
    return problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)


def main():
    text = lambda flag: str(flag).lower()
    for loss in sys.argv[1:] or BETA:
        for convolution, outputs, weighted in itertools.product((False, True), (2, 3, 4) if loss == "softmax" else (1, 3), (False, True)):
            best, without = (optimum(loss, convolution, outputs, weighted, bias) for bias in (True, False))
            print(f'    {{"{loss}", {BETA[loss]}, {text(convolution)}, {outputs}, {text(weighted)}, {best:.12g}}},  // {without:.6g}', flush=True)


if __name__ == "__main__":
    main()
