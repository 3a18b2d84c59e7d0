#!/usr/bin/env python3
"""Backpropagation by PyTorch on the CPU, on the networks and the objective of docs/mathematics.md section 1, against the certified solver.

    scripts/install-deps --bench --rival && cmake --preset bench && cmake --build --preset bench
    /usr/bin/python3 bench/backprop_torch.py planted_10000x30 > build/race/planted_torch.csv
    bench/plot_race build/race/planted build/race/planted_10000x30_certified.csv build/race/planted_torch.csv

Prints CSV: optimizer, lr, seed, seconds, epoch, objective, certified_seconds (when the certified solver had reached that objective; nan where
it did not get there). Every objective is (P), Σ ℓ + β Σ|α|, of the network with unit directions u, in double on all samples. The clock
runs during training alone: reading, building and evaluating (P) cost the rival nothing.

u = w/‖w‖ is part of the network that is differentiated, so that every point of a run is a feasible network of (P) and no penalty on w has to be
traded against β; the scale of w then only scales the learning rate. The ℓ1 term is differentiated as sign(α), as autograd does. Steps follow
the gradient of (P)/n, so that learning rates mean the same for every n, and fall to 0 over the time of a run along a half cosine.
The width is that of the shared first layer: C outputs over P pools see width·P·C neurons of (P).
"""
import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np
import torch

from cases import CASES, FOLDER, Case, write

ACTIVATIONS = {'relu': (0.09, 0.5, 0.47), 'quadratic': (1.0, 0.0, 0.0), 'linear': (0.0, 1.0, 0.0)}

# Sums over samples and outputs; y is ±1 for margins, one-hot for softmax.
LOSSES = {
    'squared': lambda f, y: 0.5 * (f - y).square().sum(),
    'absolute': lambda f, y: (f - y).abs().sum(),
    'huber': lambda f, y: torch.nn.functional.huber_loss(f, y, reduction='sum'),
    'logistic': lambda f, y: torch.nn.functional.softplus(-y * f).sum(),
    'squared_hinge': lambda f, y: (1 - y * f).clamp(min=0).square().sum(),
    'hinge': lambda f, y: (1 - y * f).clamp(min=0).sum(),
    'softmax': lambda f, y: (torch.logsumexp(f, 1) - (y * f).sum(1)).sum(),
}


class Architecture(NamedTuple):
    """Patches of a height × width × channels sample (channels last); a dense layer is one patch that is all of the sample."""
    height: int
    width: int
    channels: int
    filter: tuple
    stride: tuple
    pool: tuple

    @property
    def pools(self):
        return tuple((size - f) // s + 1 for size, f, s in zip((self.height, self.width), self.filter, self.stride))

    @staticmethod
    def parse(text, features):
        """`dense`, `conv1d:length=12,channels=1,filter=4,stride=2,pool=5` or `conv2d:height=6,width=6,…,filter=3x3,stride=1x1,pool=2x2`."""
        kind, _, rest = text.partition(':')
        values = dict(item.split('=') for item in rest.split(',')) if rest else {}

        def pair(name, default='1'):
            numbers = [int(number) for number in values.get(name, default).split('x')]
            return (1, *numbers) if kind == 'conv1d' else tuple(numbers * (3 - len(numbers)))

        if kind == 'dense':
            return Architecture(1, 1, features, (1, 1), (1, 1), (1, 1))
        if kind not in ('conv1d', 'conv2d'):
            sys.exit(f"architecture '{text}': dense, conv1d:… or conv2d:…")
        height, width = (1, int(values['length'])) if kind == 'conv1d' else (int(values['height']), int(values['width']))
        shape = Architecture(height, width, int(values.get('channels', 1)), pair('filter'), pair('stride'), pair('pool'))
        if shape.height * shape.width * shape.channels != features:
            sys.exit(f"architecture '{text}': the data have {features} features, not {shape.height * shape.width * shape.channels}")
        if any(patches % pool for patches, pool in zip(shape.pools, shape.pool)):
            sys.exit(f"architecture '{text}': {shape.pool} does not tile the {shape.pools} patches")
        return shape


class Network(torch.nn.Module):
    def __init__(self, shape, activation, neurons, outputs):
        super().__init__()
        self.shape, self.activation = shape, activation
        pools = math.prod(patches // pool for patches, pool in zip(shape.pools, shape.pool))
        self.w = torch.nn.Parameter(torch.nn.functional.normalize(torch.randn(neurons, shape.channels * math.prod(shape.filter))))
        self.alpha = torch.nn.Parameter(torch.randn(outputs, neurons * pools) / (neurons * pools)**0.5)

    def forward(self, x):
        a, b, c = self.activation
        u = torch.nn.functional.normalize(self.w, eps=0)
        if self.shape.height * self.shape.width == 1:
            z = x @ u.T
            return ((a * z + b) * z + c) @ self.alpha.T
        z = torch.nn.functional.conv2d(x, u.reshape(len(u), self.shape.channels, *self.shape.filter), stride=self.shape.stride)
        s = torch.nn.functional.avg_pool2d((a * z + b) * z + c, self.shape.pool)
        return s.flatten(1) @ self.alpha.T


def arranged(X, shape):
    """Samples as the layers want them: channels first."""
    x = torch.from_numpy(np.ascontiguousarray(X))
    return x if shape.height * shape.width == 1 else x.reshape(-1, shape.height, shape.width, shape.channels).permute(0, 3, 1, 2).contiguous()


@torch.no_grad()
def objective(network, x, y, loss, beta, chunk=4096):
    """(P) in double; the parameters of a run are single, their norms and sums are not."""
    exact = Network(network.shape, network.activation, len(network.w), len(network.alpha)).double()
    exact.load_state_dict({name: value.double() for name, value in network.state_dict().items()})
    total = sum(LOSSES[loss](exact(x[i:i + chunk]), y[i:i + chunk]).item() for i in range(0, len(x), chunk))
    return total + beta * exact.alpha.abs().sum().item()


def train(problem, options, optimizer, lr, seed):
    """Yields (seconds, epoch, objective) from the start to the end of a run."""
    x, y, single_x, single_y, shape, activation = problem
    torch.manual_seed(seed)
    network = Network(shape, activation, options.width, y.shape[1])
    steps = {'adam': lambda: torch.optim.Adam(network.parameters(), lr=lr),
             'sgd': lambda: torch.optim.SGD(network.parameters(), lr=lr, momentum=options.momentum)}[optimizer]()
    n = len(x)
    batch = options.batch or n
    clock, step, due = 0.0, 0, 0.0
    while True:
        if clock >= due:
            value = objective(network, x, y, options.loss, options.beta)
            yield clock, step * batch / n, value
            if clock >= options.seconds or not math.isfinite(value):
                return
            due = min(options.seconds, max(clock * 1.15, 2e-3))
        start = time.perf_counter()
        for group in steps.param_groups:
            group['lr'] = lr * 0.5 * (1 + math.cos(math.pi * min(1, clock / options.seconds)))
        at = step * batch % n
        if at < batch:  # also where batches do not divide n: the order is drawn anew once an epoch
            order = torch.randperm(n)
        part = order[at:at + batch] if batch < n else slice(None)
        xb, yb = single_x[part], single_y[part]
        value = LOSSES[options.loss](network(xb), yb) / len(xb) + options.beta / n * network.alpha.abs().sum()
        steps.zero_grad()
        value.backward()
        steps.step()
        step += 1
        clock += time.perf_counter() - start


def certified_curve(options, features, targets):
    """(seconds, primal) of the certified solver, the certified network last; and its proven lower bound. Kept as CSV for the plot."""
    curve_file = FOLDER / f'{options.case}_certified.csv'
    command = [options.neuspec, 'fit', features, '--labels', targets, '--beta', str(options.beta), '--loss', options.loss,
               '--activation', ','.join(map(str, options.sigma)), '--quiet', '--json', '--convergence', curve_file]
    if options.architecture != 'dense':
        command += ['--arch', options.architecture]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 4):
        sys.exit(f'{options.neuspec} cannot solve this: {done.stderr.strip()}\n(--no-certified runs the rival alone)')
    report = json.loads(done.stdout)
    seconds = sum(report['seconds'][stage] for stage in ('lift', 'solve', 'decompose', 'certify'))
    with open(curve_file, 'a') as file:
        file.write(f"{seconds},{report['iterations']},{report['primal']},{report['dual']},{report['relative_gap']},{report['neurons']}\n")
    rows = np.atleast_1d(np.genfromtxt(curve_file, delimiter=',', names=True))
    return list(zip(rows['seconds'], rows['primal'])), report['dual']


def reached(curve, value):
    return next((seconds for seconds, primal in curve if primal <= value), math.nan)


def summarise(runs, curve, dual):
    """For each accuracy: the first of all runs of the grid to be within it of the proven lower bound, and the certified solver."""
    for accuracy in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        level = dual + accuracy * max(1, abs(dual))
        certified = reached(curve, level)
        for optimizer in sorted({run[0] for run in runs}):
            times = [(point[0], run) for run, points in runs.items() if run[0] == optimizer for point in points if point[2] <= level]
            seconds, run = min(times, default=(math.nan, None))
            print(f'within {accuracy:.0e} of the bound: {optimizer:4} {seconds:8.3f} s' + (f' (lr {run[1]:g}, seed {run[2]})' if run else ''),
                  f'certified {certified:.3f} s', file=sys.stderr)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('case', help='a case of bench/cases.py, or a name for --data')
    parser.add_argument('--data', nargs=2, type=pathlib.Path, metavar=('X', 'Y'), help='NPY files of features and targets')
    parser.add_argument('--beta', type=float)
    parser.add_argument('--loss', choices=LOSSES)
    parser.add_argument('--arch', dest='architecture', help="as the program's --arch")
    parser.add_argument('--activation', default='relu', help='relu, quadratic, linear or a,b,c')
    parser.add_argument('--width', type=int, default=100, help='neurons of the first layer')
    parser.add_argument('--batch', type=int, default=256, help='samples a step; 0: all')
    parser.add_argument('--seconds', type=float, default=10, help='of training, for each run')
    parser.add_argument('--optimizer', nargs='+', choices=('adam', 'sgd'), default=('adam', 'sgd'))
    parser.add_argument('--lr', nargs='+', type=float, help='default: 1e-3 … 1e-1 for Adam, 1e-3 … 1 for SGD')
    parser.add_argument('--momentum', type=float, default=0.9, help='of SGD')
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=0, help='0: all')
    parser.add_argument('--neuspec', default='build/bench/bin/neuspec')
    parser.add_argument('--no-certified', action='store_true')
    options = parser.parse_args()
    case = CASES.get(options.case, Case(None, 1.0))
    if case.make is None and not options.data:
        parser.error(f'{options.case}: no such case (bench/cases.py --list), and no --data')
    for name in ('beta', 'loss', 'architecture'):
        if getattr(options, name) is None:
            setattr(options, name, getattr(case, name))
    options.sigma = ACTIVATIONS.get(options.activation) or tuple(float(number) for number in re.split(',', options.activation))
    return options


def main():
    options = parse_options()
    torch.set_num_threads(options.threads or torch.multiprocessing.cpu_count())
    features, targets = options.data or write(options.case)
    FOLDER.mkdir(parents=True, exist_ok=True)
    curve, dual = ([], math.nan) if options.no_certified else certified_curve(options, features, targets)
    X, Y = np.load(features).astype(float), np.load(targets).astype(float)
    shape = Architecture.parse(options.architecture, X.shape[1])
    x, y = arranged(X, shape), torch.from_numpy(Y)
    problem = (x, y, x.float(), y.float(), shape, options.sigma)
    print('optimizer,lr,seed,seconds,epoch,objective,certified_seconds')
    runs = {}
    for optimizer in options.optimizer:
        for lr in options.lr or {'adam': (1e-3, 1e-2, 1e-1), 'sgd': (1e-3, 1e-2, 1e-1, 1.0)}[optimizer]:
            for seed in range(options.seeds):
                points = runs[optimizer, lr, seed] = []
                for seconds, epoch, value in train(problem, options, optimizer, lr, seed):
                    points.append((seconds, epoch, value))
                    print(f'{optimizer},{lr:g},{seed},{seconds:.6g},{epoch:.6g},{value:.12g},{reached(curve, value):.6g}', flush=True)
    if curve:
        summarise(runs, curve, dual)


if __name__ == '__main__':
    main()
