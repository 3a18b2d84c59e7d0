#!/usr/bin/env python3
"""Whole solves beside SCS 3.3 (direct) on the same semidefinite programme, in one run: set-up and solve of both.

    scripts/install-deps --bench && build/venv/bin/python bench/race_scs.py [--case NAME ...] [--neuspec PROGRAM]

SCS gets the programme in two ways and is credited with the faster one: with one residual a sample (as it is usually stated) and with
the quadratic form of the moments, which it would have to be given by somebody. Both to eps_abs = eps_rel = 1e-6. neuspec's time is that of
lifting, solving, decomposing and certifying from raw data; its gap is the certified one.
"""
import argparse
import json
import pathlib
import subprocess
import time

import numpy as np
import scipy.sparse as sparse
import scs

from cases import CASES, FOLDER, write

A, B, C = 0.09, 0.5, 0.47
DENSE = [name for name, case in CASES.items() if case.architecture == 'dense']
HELD_BY_SCS = ('planted_10000x30', 'digits_3_against_rest', 'breast_cancer')


def lifted(X):
    """Lifted samples in svec of the lower triangle, column by column: n × p."""
    n, d = X.shape
    N = d + 1
    J, I = np.triu_indices(N)  # column, row ≥ column
    coefficient = np.where(I < d, A, np.where(J < d, B / 2, C)) * np.where(I == J, 1, np.sqrt(2))
    X1 = np.c_[X, np.ones(n)]
    return X1[:, I] * X1[:, J] * coefficient, I, J, N


def solve_scs(X, y, beta, moments, limit):
    """Variables (Z, Z') in svec, and residuals r = A(Z − Z') − y unless the moments' quadratic form is given."""
    start = time.perf_counter()
    F, I, J, N = lifted(X)
    n, p = F.shape
    G = np.where(I == J, np.where(I < N - 1, 1.0, -1.0), 0.0)
    corner = np.zeros(p)
    corner[-1] = beta
    traces = sparse.block_diag([G[None], G[None]])
    cones = -sparse.identity(2 * p)
    if moments:
        S, r = F.T @ F, F.T @ y
        P = sparse.csc_matrix(np.triu(np.block([[S, -S], [-S, S]])))
        c = np.r_[corner - r, corner + r]
        constraints, b, equalities, constant = sparse.vstack([traces, cones]), np.zeros(2 + 2 * p), 2, y @ y / 2
    else:
        P = sparse.block_diag([sparse.csc_matrix((2 * p, 2 * p)), sparse.identity(n)])
        c = np.r_[corner, corner, np.zeros(n)]
        residuals = sparse.hstack([sparse.csc_matrix(F), sparse.csc_matrix(-F), -sparse.identity(n)])
        none = sparse.csc_matrix((2 + 2 * p, n))
        constraints = sparse.vstack([residuals, sparse.hstack([sparse.vstack([traces, cones]), none])])
        b, equalities, constant = np.r_[y, np.zeros(2 + 2 * p)], n + 2, 0.0
    solver = scs.SCS(dict(P=sparse.csc_matrix(P), A=sparse.csc_matrix(constraints), b=b, c=c), dict(z=equalities, s=[N, N]),
                     eps_abs=1e-6, eps_rel=1e-6, max_iters=1000000, time_limit_secs=limit, verbose=False)
    info = solver.solve()['info']
    return time.perf_counter() - start, info['pobj'] + constant, info['status'], info['iter']


def solve_neuspec(program, name, beta, runs):
    features, targets = write(name)
    reports = []
    for _ in range(runs):
        done = subprocess.run([program, 'fit', features, '--labels', targets, '--beta', str(beta), '--tol', '1e-6', '--quiet', '--json'],
                              capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        seconds = report['seconds']
        reports.append((sum(seconds[stage] for stage in ('lift', 'solve', 'decompose', 'certify')), report))
    return sorted(reports, key=lambda entry: entry[0])[len(reports) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--case', choices=DENSE, nargs='*', default=DENSE)
    parser.add_argument('--neuspec', default='build/bench/bin/neuspec')
    parser.add_argument('--runs', type=int, default=5, help='runs of neuspec, the median counts')
    parser.add_argument('--limit', type=float, default=300, help='seconds that SCS gets for each formulation')
    parser.add_argument('--json', type=pathlib.Path, help='where to write the figures')
    options = parser.parse_args()
    results = []
    for name in options.case:
        beta = CASES[name].beta
        seconds, report = solve_neuspec(options.neuspec, name, beta, options.runs)
        row = dict(case=name, beta=beta, neuspec_seconds=seconds, neuspec_primal=report['primal'], neuspec_gap=report['relative_gap'])
        for moments in (True, False) if name in HELD_BY_SCS else ():
            X, y = (np.load(FOLDER / f'{name}{ending}.npy') for ending in ('', '_y'))
            peer_seconds, objective, status, iterations = solve_scs(X, y[:, 0], beta, moments, options.limit)
            row['scs_moments' if moments else 'scs_samples'] = dict(seconds=peer_seconds, primal=objective, status=status, iterations=iterations)
        results.append(row)
        print(f"{name:24} neuspec {seconds:8.3f} s  primal {report['primal']:.6f}  gap {report['relative_gap']:.1e}", flush=True)
        for form in ('scs_samples', 'scs_moments'):
            if form in row:
                peer_row = row[form]
                print(f"{'':24} {form:12} {peer_row['seconds']:8.3f} s  primal {peer_row['primal']:.6f}  {peer_row['status']}, "
                      f"{peer_row['seconds'] / seconds:.0f} times neuspec's", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + '\n')


if __name__ == '__main__':
    main()
