#!/usr/bin/env python3
"""Training from files that are larger than what is held of them: seconds, and memory beside the page cache.

    bench/large.py [--samples 10000000] [--parts 8] [--rounds 3] [--program build/cpu/bin/neuspec]

Makes normal features (float32, n × 30) and a target of neurons in build/large: as one NPY file, as HDF5 in one piece, in chunks and in compressed chunks, as
parts of NPY and, of a tenth of the samples, as parts of CSV. Then fits them and tells how the program's time is made up. A run is from the page cache: the
files have just been written or read. HDF5 and NPY take turns, so many rounds; the shortest run of each is compared. Last, squared and logistic loss (of two
classes of the same samples) with 1.5 GB of address space; --only-limited does nothing else: 33,500,000 samples are 4 GB.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import resource
import subprocess
import time

import numpy as np

FOLDER = pathlib.Path('build/large')
FEATURES = 30
ADDRESS_SPACE = 1_500_000 * 1024  # bytes, where it is limited
TEXT_SPACE = 600_000 * 1024  # a tenth of the samples
BLOCK = 100_000  # samples made at a time: no more than that is ever in memory


def block(index, samples):
    rng = np.random.default_rng(index)
    X = rng.standard_normal((samples, FEATURES), dtype=np.float32)
    U = np.random.default_rng(1_000_000).standard_normal((FEATURES, 3))
    return np.column_stack([X, (0.1 * (X @ U) ** 2).sum(1) + X[:, 0] + 0.5 * rng.standard_normal(samples)]).astype(np.float32)


def with_classes(samples):
    samples[:, -1] = samples[:, -1] > 1
    return samples


def write_npy(path, first, last, made=lambda samples: samples):
    if path.exists():
        return
    with open(path.with_suffix('.new'), 'wb') as file:
        header = {'descr': '<f4', 'fortran_order': False, 'shape': (last - first, FEATURES + 1)}
        np.lib.format.write_array_header_1_0(file, header)
        for at in range(first, last, BLOCK):
            file.write(made(block(at, min(BLOCK, last - at))).tobytes())
    path.with_suffix('.new').rename(path)


def write_hdf5(path, samples, **layout):
    if path.exists():
        return
    import h5py  # here: what this process holds is counted to the programs it starts
    with h5py.File(path.with_suffix('.new'), 'w') as file:
        data = file.create_dataset('data', (samples, FEATURES + 1), 'f4', **layout)
        for at in range(0, samples, BLOCK):
            data[at:at + BLOCK] = block(at, min(BLOCK, samples - at))
    path.with_suffix('.new').rename(path)


def write_csv(path, first, last):
    if path.exists():
        return
    with open(path.with_suffix('.new'), 'w') as file:
        file.write(','.join([f'x{j}' for j in range(FEATURES)] + ['y']) + '\n')
        for at in range(first, last, BLOCK):
            np.savetxt(file, block(at, min(BLOCK, last - at)), fmt='%.6g', delimiter=',')
    path.with_suffix('.new').rename(path)


def run(command, address_space):
    """Seconds, those of all its threads, megabytes and the report of a run."""
    start = time.monotonic()
    process = subprocess.Popen(command + ['--quiet', '--report', FOLDER / 'report.json'],
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space)))
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if os.waitstatus_to_exitcode(status) not in (0, 4):
        raise SystemExit(f'{command} ended with {os.waitstatus_to_exitcode(status)}')
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads((FOLDER / 'report.json').read_text())


def row(name, data, program, extra=(), address_space=resource.RLIM_INFINITY):
    seconds, work, megabytes, report = run([program, 'fit', str(data), '--beta-ratio', '0.01', *extra], address_space)
    parts = report['seconds']
    files = [data] if data.exists() else sorted(FOLDER.glob(data.name))
    size = sum(os.path.getsize(file) for file in files)
    print(f"{name:28s} {report['status']:9s} {seconds:7.2f} s: read {parts['read']:6.2f} ({size / parts['read'] / 1e6:6.0f} MB/s), lift {parts['lift']:6.2f}, "
          f"solve {parts['solve']:6.2f}, certify {parts['certify']:5.2f}; {seconds / parts['lift']:5.2f} of the lift; {megabytes:6.0f} MB", flush=True)
    return seconds, work


def race(rivals, program, rounds):
    """Each beside the first one, by the shortest of its runs and, where others keep the machine busy, by the least of what its threads worked."""
    runs = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, data in rivals.items():
            runs[name].append(row(name, data, program))
    best = {name: np.min(runs[name], axis=0) for name in rivals}
    first, *others = rivals
    for name in others:
        seconds, work = best[name] / best[first]
        print(f'{name:28s} {seconds:5.2f} of the seconds of {first}, {work:5.2f} of the work of its threads', flush=True)


def make_files(whole, classes, hdf5, n, parts):
    write_npy(whole, 0, n)
    write_npy(classes, 0, n, with_classes)
    if not hdf5:
        return
    write_hdf5(hdf5['whole'], n)
    write_hdf5(hdf5['chunks'], n, chunks=(8192, FEATURES + 1))
    write_hdf5(hdf5['deflate'], n, chunks=(8192, FEATURES + 1), compression=1, shuffle=True)
    for k in range(parts):
        write_npy(FOLDER / f'{n}-part-{k}.npy', n * k // parts, n * (k + 1) // parts)
        write_csv(FOLDER / f'{n}-part-{k}.csv', n // 10 * k // parts, n // 10 * (k + 1) // parts)


def compare_formats(whole, hdf5, n, parts, given):
    race({'NPY': whole, 'HDF5': hdf5['whole'], 'HDF5 in chunks': hdf5['chunks']}, given.program, given.rounds)
    row('HDF5, compressed', hdf5['deflate'], given.program)
    row('NPY, standardised', whole, given.program, ['--standardize'])
    row(f'{parts} parts of NPY', FOLDER / f'{n}-part-*.npy', given.program)
    row(f'a tenth, {parts} parts of CSV', FOLDER / f'{n}-part-*.csv', given.program)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--samples', type=int, default=10_000_000)
    options.add_argument('--parts', type=int, default=8)
    options.add_argument('--rounds', type=int, default=3)
    options.add_argument('--program', default='build/cpu/bin/neuspec')
    options.add_argument('--only-limited', action='store_true')
    given = options.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    n, parts = given.samples, given.parts
    whole, classes = FOLDER / f'{n}.npy', FOLDER / f'{n}-classes.npy'
    hdf5 = {} if given.only_limited else {name: FOLDER / f'{n}-{name}.h5' for name in ('whole', 'chunks', 'deflate')}
    maker = multiprocessing.Process(target=make_files, args=(whole, classes, hdf5, n, parts))
    maker.start()
    maker.join()
    if maker.exitcode != 0:
        raise SystemExit('the files could not be made')
    if not given.only_limited:
        compare_formats(whole, hdf5, n, parts, given)
    row('squared within 1.5 GB', whole, given.program, address_space=ADDRESS_SPACE)
    row('logistic within 1.5 GB', classes, given.program, ['--loss', 'logistic'], ADDRESS_SPACE)
    if not given.only_limited:
        row('CSV within 0.6 GB', FOLDER / f'{n}-part-*.csv', given.program, address_space=TEXT_SPACE)


if __name__ == '__main__':
    main()
