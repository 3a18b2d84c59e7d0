#!/usr/bin/env python3
"""What scripts/gpu-check needs beside the shell, in Python's standard library alone.

    gpu_report.py planted N D C PREFIX            writes PREFIX.csv and PREFIX_y.csv: normal features, five planted ReLU neurons an output, noise
    gpu_report.py report FOLDER GPU DRIVER CUDA   writes bench/results/GPU-DATE.json and .md from the parts in FOLDER
"""
import csv
import datetime
import json
import math
import pathlib
import random
import re
import sys

PARTS = ('build', 'tests', 'traces', 'sanitizer', 'bench', 'race')
ACCURACIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)


def planted(n, d, outputs, prefix):
    draw = random.Random(1)
    planes = [[draw.gauss(0, d**-0.5) for _ in range(d)] for _ in range(5)]
    with open(f'{prefix}.csv', 'w') as features, open(f'{prefix}_y.csv.part', 'w') as targets:
        for _ in range(n):
            x = [draw.gauss(0, 1) for _ in range(d)]
            hidden = [max(0.0, sum(u * v for u, v in zip(plane, x))) for plane in planes]
            y = [sum(h * (-1)**(j + k) for j, h in enumerate(hidden)) + draw.gauss(0, 0.1) for k in range(outputs)]
            features.write(','.join(f'{value:.9g}' for value in x) + '\n')
            targets.write(','.join(f'{value:.9g}' for value in y) + '\n')
    pathlib.Path(f'{prefix}_y.csv.part').rename(f'{prefix}_y.csv')  # the last to appear: both files are whole


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else None


def read_tests(folder):
    programs = {}
    for path in sorted(folder.glob('tests/*.json')):
        result = read_json(path)
        cases = [case for suite in result['testsuites'] for case in suite['testsuite']]
        skipped = sum(case.get('result') == 'SKIPPED' for case in cases)
        failed = [f"{case['classname']}.{case['name']}" for case in cases if case.get('failures')]
        programs[path.stem] = dict(tests=len(cases), skipped=skipped, failed=failed, crashed=not cases)
    return programs


def read_traces(folder):
    result = read_json(folder / 'traces.json')
    if result is None:
        return {}
    keys = ('first_iterations', 'one_rounding', 'optimum_admm', 'optimum_bm')
    return {case['name']: dict(passed=not case.get('failures'), skipped=case.get('result') == 'SKIPPED',
                               **{key: float(case[key]) for key in keys if key in case})
            for suite in result['testsuites'] for case in suite['testsuite']}


def read_sanitizer(folder):
    """Exit codes of the tools: 0 clean, 99 errors found, 124 ran out of time."""
    return {path.stem: int(path.read_text()) for path in sorted(folder.glob('sanitizer/*.code'))}


def read_bench(folder):
    result = read_json(folder / 'bench.json')
    rows = []
    for entry in result['benchmarks'] if result else ():
        if entry.get('error_occurred') or 'real_time' not in entry:
            continue
        row = dict(kernel=entry['name'].replace('/manual_time', ''), time_ms=entry['real_time'])
        for key in ('floor_ms', 'fraction', 'GF/s', 'GB/s', 'iterations', 'iteration_ms', 'gap', 'speedup_over_syrk'):
            if key in entry:
                row[key] = entry[key]
        rows.append(row)
    return rows


def numbers(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def read_race(folder):
    """For each accuracy: when the certified solver was within it of the proven bound, and the first of the rival's runs."""
    races = []
    for certified in sorted(folder.glob('race/*_certified.csv')):
        case = certified.name[:-len('_certified.csv')]
        report = read_json(folder / 'race' / f'{case}.json')
        if report is None:
            continue
        curve = [(float(row['seconds']), float(row['primal'])) for row in numbers(certified)]
        whole = sum(report['seconds'][stage] for stage in ('lift', 'solve', 'decompose', 'certify'))
        curve.append((whole, report['primal']))
        for rival in sorted(folder.glob(f'race/{case}_cudnn_*.csv')):
            points = [(float(row['seconds']), float(row['objective']), row['optimizer'], row['lr'], row['seed']) for row in numbers(rival)]
            for accuracy in ACCURACIES:
                level = report['dual'] + accuracy * max(1, abs(report['dual']))
                first = min((point for point in points if point[1] <= level), default=None)
                races.append(dict(case=case, math=rival.stem.rsplit('_', 1)[1], accuracy=accuracy,
                                  certified_seconds=next((seconds for seconds, primal in curve if primal <= level), None),
                                  rival_seconds=first[0] if first else None, rival=f'{first[2]}, lr {first[3]}, seed {first[4]}' if first else None))
    return races


def table(header, rows):
    yield '| ' + ' | '.join(header) + ' |'
    yield '|' + '---|' * len(header)
    for row in rows:
        yield '| ' + ' | '.join('–' if cell is None else f'{cell:.3g}' if isinstance(cell, float) and math.isfinite(cell) else str(cell) for cell in row) + ' |'
    yield ''


def markdown(result):
    yield f"# {result['gpu']}, {result['date']}\n"
    yield f"Driver {result['driver']}, CUDA {result['cuda']}; `scripts/gpu-check`.\n"
    yield from table(('part', 'outcome', 'seconds'), [(part, {None: 'not run', 0: 'passed'}.get(state['code'], 'failed'), state['seconds'])
                                                     for part, state in result['parts'].items()])
    if result['tests']:
        yield from table(('test program', 'tests', 'skipped', 'failed'), [(name, t['tests'], t['skipped'], 'crashed or cut short' if t['crashed'] else len(t['failed']))
                                                                          for name, t in result['tests'].items()])
        yield from (f'- failed: `{case}`' for test in result['tests'].values() for case in test['failed'])
        yield ''
    if result['traces']:
        yield 'Largest difference from the CPU, relative; beside it what one rounding of the samples changes on the CPU.\n'
        yield from table(('golden case', 'first iterations', 'one rounding', 'optimum, ADMM', 'optimum, BM', 'passed'),
                         [(name, t.get('first_iterations'), t.get('one_rounding'), t.get('optimum_admm'), t.get('optimum_bm'),
                           'skipped' if t['skipped'] else t['passed']) for name, t in result['traces'].items()])
    if result['sanitizer']:
        yield from table(('compute-sanitizer', 'outcome'), [(tool, {0: 'clean', 99: 'errors', 124: 'ran out of time'}.get(code, f'exit {code}'))
                                                            for tool, code in result['sanitizer'].items()])
    if result['bench']:
        yield from table(('kernel', 'time, ms', 'floor, ms', 'fraction of the floor', 'GF/s'),
                         [(row['kernel'], row['time_ms'], row.get('floor_ms'), row.get('fraction'), row.get('GF/s')) for row in result['bench']])
    if result['race']:
        yield 'Seconds until the objective was within an accuracy of the proven bound; the rival is the first of its grid.\n'
        yield from table(('case', 'cuDNN in', 'accuracy', 'certified', 'backpropagation', 'by'),
                         [(r['case'], r['math'], f"{r['accuracy']:.0e}", r['certified_seconds'], r['rival_seconds'], r['rival']) for r in result['race']])


def report(folder, gpu, driver, cuda, results=pathlib.Path('bench/results')):
    parts = {}
    for part in PARTS:
        status = folder / f'{part}.status'
        code, seconds = map(int, status.read_text().split()) if status.exists() else (None, None)
        parts[part] = dict(code=code, seconds=seconds)
    result = dict(gpu=gpu, driver=driver, cuda=cuda, date=datetime.date.today().isoformat(), parts=parts, tests=read_tests(folder),
                  traces=read_traces(folder), sanitizer=read_sanitizer(folder), bench=read_bench(folder), race=read_race(folder))
    if not any(state['code'] is not None for state in parts.values()):
        sys.exit(f'gpu_report: no part has been run: {folder} is empty')
    results.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r'[^a-z0-9]+', '-', gpu.lower()).strip('-') + '-' + result['date']
    (results / f'{stem}.json').write_text(json.dumps(result, indent=1) + '\n')
    (results / f'{stem}.md').write_text('\n'.join(markdown(result)).rstrip() + '\n')
    print(f"wrote {results / stem}.json and .md")


def main():
    match sys.argv[1:]:
        case ['planted', n, d, outputs, prefix]:
            planted(int(n), int(d), int(outputs), prefix)
        case ['report', folder, gpu, driver, cuda, *results]:
            report(pathlib.Path(folder), gpu, driver, cuda, *map(pathlib.Path, results))
        case _:
            sys.exit(__doc__)


if __name__ == '__main__':
    main()
