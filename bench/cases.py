#!/usr/bin/env python3
"""The data sets of the races, and the files that every racer reads.

    bench/cases.py [NAME ...]     writes build/race/NAME.npy (features, n × d) and build/race/NAME_y.npy (targets, n × C)
    bench/cases.py --list
"""
import argparse
import gzip
import pathlib
from typing import Callable, NamedTuple

import numpy as np

FOLDER = pathlib.Path('build/race')


class Case(NamedTuple):
    make: Callable  # () -> X, Y
    beta: float
    loss: str = 'squared'
    architecture: str = 'dense'


def standardise(X):
    deviation = X.std(0)
    return (X - X.mean(0)) / np.where(deviation > 0, deviation, 1)


def planted(n=10000, d=30):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, d))
    U = rng.standard_normal((d, 5))
    U /= np.linalg.norm(U, axis=0)
    return standardise(X), np.maximum(X @ U, 0) @ np.array([1, -1, 1, -1, 1.0]) + 0.1 * rng.standard_normal(n)


def digits():
    from sklearn import datasets
    X, y = datasets.load_digits(return_X_y=True)
    return standardise(X), np.where(y == 3, 1.0, -1.0)


def breast_cancer():
    from sklearn import datasets
    X, y = datasets.load_breast_cancer(return_X_y=True)
    return standardise(X), 2.0 * y - 1


def correlated(n=4000, d=200):
    rng = np.random.default_rng(0)
    X = standardise(rng.standard_normal((n, 40)) @ rng.standard_normal((40, d)) / 6 + 0.3 * rng.standard_normal((n, d)))
    U = rng.standard_normal((d, 6))
    U /= np.linalg.norm(U, axis=0)
    return X, np.maximum(X @ U, 0) @ np.array([1, -1, 1, -1, 1.0, 1]) + 0.3 * rng.standard_normal(n)


def fashion():
    """The 60,000 training images, n × 784 in [0, 1], and their labels."""
    folder = pathlib.Path('/usr/share/datasets/fashion-mnist')

    def read(name, header):
        return np.frombuffer(gzip.open(folder / name).read(), np.uint8, offset=header)

    return read('train-images-idx3-ubyte.gz', 16).reshape(-1, 784) / 255.0, read('train-labels-idx1-ubyte.gz', 8)


def fashion_pixels(n=5000):
    X, labels = fashion()
    X = X[:n] - X[:n].mean(0)
    return X / (X.std() * 28**0.5 * 0.1), np.where(labels[:n] == 6, 1.0, -1.0)


def fashion_7x7():
    """What scripts/quickstart trains on: 4 × 4 means, ten outputs."""
    X, labels = fashion()
    return standardise(X.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49)), np.where(labels[:, None] == np.arange(10), 1.0, -1.0)


def fashion_images(n=10000):
    """Whole images for convolutions, ten outputs."""
    X, labels = fashion()
    return standardise(X[:n]), np.where(labels[:n, None] == np.arange(10), 1.0, -1.0)


CASES = {
    'planted_10000x30': Case(planted, 10.0),
    'digits_3_against_rest': Case(digits, 1.0),
    'breast_cancer': Case(breast_cancer, 1.0),
    'correlated_4000x200': Case(correlated, 20.0),
    'fashion_pixels_5000x784': Case(fashion_pixels, 20.0),
    'fashion_7x7': Case(fashion_7x7, 100.0),
    'fashion_convolution': Case(fashion_images, 20.0, architecture='conv2d:height=28,width=28,filter=5x5,stride=2x2,pool=3x3'),
}


def write(name):
    """The two files of a case, written unless they are there, and its (X, Y)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    features, targets = FOLDER / f'{name}.npy', FOLDER / f'{name}_y.npy'
    if not (features.exists() and targets.exists()):
        X, Y = CASES[name].make()
        np.save(features, X)
        np.save(targets, Y.reshape(len(X), -1))
    return features, targets


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', nargs='*', metavar='NAME', help='of: ' + ', '.join(CASES))
    parser.add_argument('--list', action='store_true')
    options = parser.parse_args()
    if options.list:
        for name, case in CASES.items():
            print(f'{name:26} beta {case.beta:g}, {case.loss}, {case.architecture}')
        return
    for name in options.name or CASES:
        if name not in CASES:
            parser.error(f'{name}: no such case; --list shows them')
        print(*write(name))


if __name__ == '__main__':
    main()
