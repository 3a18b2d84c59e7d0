#!/usr/bin/env python3
"""The part whole of scripts/gpu-check, in Python's standard library alone: the runs of bench/whole.json and what they took when they were first measured.

    gpu_whole.py commands FOLDER FASHION   a line for each run: seconds that it may take, its name, the arguments of neuspec fit; reports go to FOLDER
    gpu_whole.py pixels FASHION PREFIX     writes PREFIX.npy and PREFIX_y.npy, the data of bench/cases.py's fashion_pixels_5000x784
    gpu_whole.py table FOLDER              the table in Markdown: seconds, and in brackets how many times those of then
"""
import array
import gzip
import json
import math
import pathlib
import sys

CASES = pathlib.Path(__file__).resolve().parent.parent / 'bench' / 'whole.json'
STAGES = ('read', 'lift', 'solve', 'certify', 'total')


def read_cases():
    return json.loads(CASES.read_text())


def commands(folder, fashion):
    cases = read_cases()
    data = {name: text.format(folder=folder, fashion=fashion) for name, text in cases['data'].items()}
    for run in cases['runs']:
        seconds = math.ceil(5 + 1.2 * run['then']['total'])
        yield f"{seconds} {run['name']} {run['arguments'].format(**data)} --quiet --report {folder}/{run['name']}.json"


def write_npy(path, rows, columns, values):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header = header.ljust((len(header) + 11 + 63) // 64 * 64 - 11) + '\n'
    if sys.byteorder == 'big':
        values.byteswap()
    path.write_bytes(b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header.encode() + values.tobytes())


def pixels(fashion, prefix, n=5000, d=784):
    """The first images, centred, over a tenth of √28 standard deviations, and ±1 for shirts."""
    images = gzip.open(fashion / 'train-images-idx3-ubyte.gz').read(16 + n * d)[16:]
    labels = gzip.open(fashion / 'train-labels-idx1-ubyte.gz').read(8 + n)[8:]
    x = array.array('d', bytes(8 * n * d))
    squares = 0
    for feature in range(d):
        column = images[feature::d]
        mean = sum(column) / n
        centred = [(value - mean) / 255 for value in column]
        squares += math.fsum(value * value for value in centred)
        x[feature::d] = array.array('d', centred)
    scale = 1 / (math.sqrt(squares / (n * d)) * 28**0.5 * 0.1)
    write_npy(pathlib.Path(f'{prefix}.npy'), n, d, array.array('d', (value * scale for value in x)))
    write_npy(pathlib.Path(f'{prefix}_y.npy'), n, 1, array.array('d', (1.0 if label == 6 else -1.0 for label in labels)))


def read_whole(folder):
    """What each run that has ended did: its report, or the last line of its complaint."""
    runs = []
    for run in read_cases()['runs']:
        report, log, code = (folder / f"{run['name']}.{kind}" for kind in ('json', 'log', 'code'))
        if not code.exists():
            continue
        entry = dict(name=run['name'], problem=run['problem'], then=run['then'])
        if code.read_text().strip() in ('0', '4'):
            result = json.loads(report.read_text())
            entry.update({key: result[key] for key in ('status', 'primal', 'dual', 'relative_gap', 'neurons', 'iterations', 'device')}, seconds=result['seconds'])
        else:
            entry['failed'] = (log.read_text().splitlines() or [f'exit code {code.read_text().strip()}'])[-1]
        runs.append(entry)
    return runs


def cell(entry, stage):
    seconds, then = entry['seconds'][stage], entry['then'][stage]
    return f'{seconds:.3g} (×{seconds / then:.2g})'


def table(runs):
    yield f"Whole programs: seconds, and in brackets how many times those of {read_cases()['from']}.\n"
    yield '| problem | device | ' + ' | '.join(STAGES) + ' | ended | gap |'
    yield '|' + '---|' * (len(STAGES) + 4)
    for entry in runs:
        if 'failed' in entry:
            yield f"| {entry['problem']} | {' |' * (len(STAGES) + 1)} {entry['failed']} | |"
        else:
            cells = ' | '.join(cell(entry, stage) for stage in STAGES)
            yield f"| {entry['problem']} | {entry['device']} | {cells} | {entry['status']}, {entry['iterations']} steps | {entry['relative_gap']:.1e} |"
    yield ''


def main():
    match sys.argv[1:]:
        case ['commands', folder, fashion]:
            print('\n'.join(commands(folder, fashion)))
        case ['pixels', fashion, prefix]:
            pixels(pathlib.Path(fashion), prefix)
        case ['table', folder]:
            print('\n'.join(table(read_whole(pathlib.Path(folder)))))
        case _:
            sys.exit(__doc__)


if __name__ == '__main__':
    main()
