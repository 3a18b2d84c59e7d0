#!/usr/bin/env python3
"""The program on a machine that is quiet, busy, and shared by four of its own: seconds of wall time from file to certificate.

    bench/busy.py [--program build/cpu/bin/neuspec] [--against OTHER] [--rounds 5] [CASE ...]

busy: as many endless loops as processors run beside it; the fair share is 2. four: four fits started at once, over the sum of four alone. Rounds go
through all settings in turn, and the median is printed; `cpu` is user and system time when quiet, which grows where threads wait by spinning. With
--against another program's lines come beside, run in the same rounds. Needs Python's standard library only, and a quiet machine.
"""
import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FASHION = pathlib.Path('/usr/share/datasets/fashion-mnist')
MOST_BUSY, MOST_FOUR = 3.0, 1.3


def planted(path, n=10000, d=30):
    generator = random.Random(1)
    directions = [[generator.gauss(0, 1) for _ in range(d)] for _ in range(5)]
    with open(path, 'w') as file:
        file.write(','.join(f'x{j}' for j in range(d)) + ',y\n')
        for _ in range(n):
            x = [generator.gauss(0, 1) for _ in range(d)]
            heights = [sum(a * b for a, b in zip(u, x)) / d ** 0.5 for u in directions]
            y = sum(sign * max(0, height) for sign, height in zip((1, -1, 1, -1, 1), heights)) + 0.1 * generator.gauss(0, 1)
            file.write(','.join(f'{value:.9g}' for value in x + [y]) + '\n')


def cases(folder):
    real = ROOT / 'tests/data/real'
    planted(folder / 'planted.csv')
    result = {
        'breast_cancer': [real / 'breast_cancer.csv.gz', '--standardize', '--beta', '1'],
        'planted_10000x30': [folder / 'planted.csv', '--target', 'y', '--standardize', '--beta', '10'],
        'digits': [real / 'digits.csv.gz', '--standardize', '--one-vs-rest', '--beta', '10'],
    }
    if FASHION.exists():  # what scripts/quickstart trains
        result['fashion_7x7'] = [FASHION / 'train-images-idx3-ubyte.gz', '--labels', FASHION / 'train-labels-idx1-ubyte.gz', '--downsample', '4x4',
                                 '--standardize', '--one-vs-rest', '--beta', '100']
    return result


def start(program, arguments):
    return subprocess.Popen([program, 'fit', *map(str, arguments), '--quiet'], stdout=subprocess.DEVNULL)


def run(program, arguments, copies=1):
    """Seconds of wall time and of processors until all copies have ended."""
    before, begin = os.times(), time.monotonic()
    processes = [start(program, arguments) for _ in range(copies)]
    for process in processes:
        if process.wait() != 0:
            sys.exit(f'{program} fit ended with {process.returncode}')
    after = os.times()
    return time.monotonic() - begin, after.children_user + after.children_system - before.children_user - before.children_system


def beside_loops(program, arguments):
    loops = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in os.sched_getaffinity(0)]
    try:
        time.sleep(0.3)
        return run(program, arguments)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', default=ROOT / 'build/cpu/bin/neuspec')
    parser.add_argument('--against')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('cases', nargs='*', metavar='CASE')
    options = parser.parse_args()
    programs = [str(program) for program in (options.program, options.against) if program]
    held = True
    with tempfile.TemporaryDirectory() as folder:
        known = cases(pathlib.Path(folder))
        print(f'{"case":18} {"program":28} {"quiet":>8} {"cpu":>8} {"busy":>8} {"ratio":>6} {"four":>8} {"ratio":>6}')
        for name in options.cases or known:
            seen = {program: [] for program in programs}
            for _ in range(options.rounds):
                for program in programs:
                    quiet, cpu = run(program, known[name])
                    seen[program].append((quiet, cpu, beside_loops(program, known[name])[0], run(program, known[name], 4)[0]))
            for program in programs:
                quiet, cpu, busy, four = (statistics.median(column) for column in zip(*seen[program]))
                print(f'{name:18} {program[-28:]:28} {quiet:8.3f} {cpu:8.3f} {busy:8.3f} {busy / quiet:6.2f} {four:8.3f} {four / (4 * quiet):6.2f}', flush=True)
                held = held and (program != programs[0] or (busy <= MOST_BUSY * quiet and four <= MOST_FOUR * 4 * quiet))
    print(f'busy at most {MOST_BUSY}, four at most {MOST_FOUR}: {"held" if held else "NOT held"}')
    return 0 if held else 1


if __name__ == '__main__':
    sys.exit(main())
