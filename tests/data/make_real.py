"""Writes real/*.csv.gz: four data sets as scikit-learn carries them, raw features with a header, target in the last column.

Provenance (all from the UCI repository or its sources, as shipped in scikit-learn's datasets package under BSD-3-Clause):
  breast_cancer  Breast Cancer Wisconsin (Diagnostic), 569 x 30, target 0 malignant, 1 benign
  diabetes       Efron, Hastie, Johnstone, Tibshirani, Least Angle Regression, 442 x 10, unscaled, target: progression after a year
  wine           Wine recognition, 178 x 13, target: cultivar 0, 1, 2
  digits         Optical Recognition of Handwritten Digits (test part), 1797 x 64 pixels 0..16, target: digit 0..9

Run with scikit-learn installed: python3 tests/data/make_real.py
"""

import gzip
import io
import pathlib

from sklearn import datasets

LOADERS = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": lambda: datasets.load_diabetes(scaled=False),
    "wine": datasets.load_wine,
    "digits": datasets.load_digits,
}


def write(name, bunch, folder):
    text = io.StringIO()
    names = [str(feature).replace(" ", "_").replace("/", "_per_") for feature in bunch.feature_names]
    text.write(",".join(names + ["target"]) + "\n")
    for row, target in zip(bunch.data, bunch.target):
        # repr of a float is the shortest text that reads back to the same double; integers lose their ".0".
        text.write(",".join(repr(float(value)).removesuffix(".0") for value in [*row, target]) + "\n")
    # No time stamp and no name inside: the same data give the same bytes.
    compressed = gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)
    (folder / f"{name}.csv.gz").write_bytes(compressed)


def main():
    folder = pathlib.Path(__file__).parent / "real"
    folder.mkdir(exist_ok=True)
    for name, load in LOADERS.items():
        write(name, load(), folder)


if __name__ == "__main__":
    main()
