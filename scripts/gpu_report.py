#!/usr/bin/env python3
"""What scripts/gpu-check needs beside the shell, in Python's standard library alone.

    gpu_report.py report FOLDER GPU DRIVER CUDART COMMIT   writes bench/results/GPU-DATE.json and .md from the parts in FOLDER; CUDART is the file of
                                                           CUDA's runtime, empty where it is linked statically
    gpu_report.py projection FOLDER                        the table of that part
"""
import csv
import ctypes
import datetime
import json
import math
import pathlib
import re
import sys

import gpu_whole

PARTS = ('build', 'tests', 'traces', 'sanitizer', 'bench', 'projection', 'whole', 'race')
OUTCOMES = {None: 'not run', 0: 'passed', 4: 'not ended', 5: 'something is missing'}
ACCURACIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else None


def cases_of(path):
    result = read_json(path)
    return [case for suite in result['testsuites'] for case in suite['testsuite']] if result else []


def read_tests(folder):
    """Each program's tests; one that left no result of a piece has crashed or was cut short."""
    programs = {}
    for code in sorted(folder.glob('tests/*.code')):
        cases = cases_of(code.with_suffix('.json'))
        program = programs.setdefault(code.stem.rsplit('-', 1)[0], dict(tests=0, skipped=0, failed=[], crashed=False))
        program['tests'] += len(cases)
        program['skipped'] += sum(case.get('result') == 'SKIPPED' for case in cases)
        program['failed'] += [f"{case['classname']}.{case['name']}" for case in cases if case.get('failures')]
        program['crashed'] |= not code.with_suffix('.json').exists()
    return programs


def read_traces(folder):
    keys = ('first_iterations', 'one_rounding', 'optimum_admm', 'optimum_bm')
    return {case['name']: dict(passed=not case.get('failures'), skipped=case.get('result') == 'SKIPPED',
                               **{key: float(case[key]) for key in keys if key in case})
            for case in cases_of(folder / 'traces' / 'traces.json')}


def read_sanitizer(folder):
    """The worst exit code of each tool: 0 clean, 99 errors found, 124 ran out of time; None where some of its pieces are left."""
    tools = {}
    for tool in sorted(folder.glob('sanitizer/*')):
        codes = [int(path.read_text()) for path in tool.glob('*.code')]
        tools[tool.name] = max(codes) if (tool / 'ended').exists() else None
    return tools


def read_bench(folder):
    rows = []
    for path in sorted(folder.glob('bench/*.code'), key=lambda path: path.stat().st_mtime):
        result = read_json(path.with_suffix('.json')) if int(path.read_text()) == 0 else None
        for entry in result['benchmarks'] if result else ():
            if entry.get('error_occurred') or 'real_time' not in entry:
                continue
            row = dict(kernel=entry['name'].replace('/manual_time', ''), time_ms=entry['real_time'])
            for key in ('floor_ms', 'fraction', 'GF/s', 'GB/s', 'iterations', 'iteration_ms', 'gap', 'speedup_over_syrk'):
                if key in entry:
                    row[key] = entry[key]
            rows.append(row)
    return rows


def read_projection(folder):
    """Milliseconds, or a word why there are none, by way, size and number of blocks."""
    cells = {}
    for path in sorted(folder.glob('*.code')):
        for row in numbers(path.with_suffix('.out')):
            cell = float(row['ms']) if row['ms'] else row['remark']
            cells.setdefault(int(row['N']), {}).setdefault(int(row['blocks']), {})[row['way']] = cell
    return [dict(N=n, blocks=blocks, **cells[n][blocks]) for n in sorted(cells) for blocks in sorted(cells[n])]


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
        for rival in sorted(folder.glob(f'race/{case}_cudnn_*.out')):
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


def projection_table(rows):
    ways = ('ours', 'XsyevBatched', 'Xsyevd', 'torch', 'cupy')
    yield 'FP64, milliseconds: our projection of all blocks, and the eigendecompositions alone by others (Xsyevd in a loop, torch.linalg.eigh, cupy.linalg.eigh).\n'
    lines = []
    for row in rows:
        others = [row[way] for way in ways[1:] if isinstance(row.get(way), float)]
        ratio = min(others) / row['ours'] if others and isinstance(row.get('ours'), float) else None
        lines.append((row['N'], row['blocks'], *(row.get(way) for way in ways), ratio))
    yield from table(('N', 'blocks', *ways, 'fastest other over ours'), lines)


def markdown(result):
    yield f"# {result['gpu']}, {result['date']}\n"
    yield f"Commit {result['commit']}, driver {result['driver']}, CUDA {result['cuda']}; `scripts/gpu-check`.\n"
    yield from table(('part', 'outcome', 'seconds'), [(part, OUTCOMES.get(state['code'], 'failed'), state['seconds']) for part, state in result['parts'].items()])
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
        yield from table(('compute-sanitizer', 'outcome'), [(tool, {None: 'not ended', 0: 'clean', 99: 'errors', 124: 'ran out of time'}.get(code, f'exit {code}'))
                                                            for tool, code in result['sanitizer'].items()])
    if result['bench']:
        yield from table(('kernel', 'time, ms', 'floor, ms', 'fraction of the floor', 'GF/s'),
                         [(row['kernel'], row['time_ms'], row.get('floor_ms'), row.get('fraction'), row.get('GF/s')) for row in result['bench']])
    if result['projection']:
        yield from projection_table(result['projection'])
    if result['whole']:
        yield from gpu_whole.table(result['whole'])
    if result['race']:
        yield 'Seconds until the objective was within an accuracy of the proven bound; the rival is the first of its grid.\n'
        yield from table(('case', 'cuDNN in', 'accuracy', 'certified', 'backpropagation', 'by'),
                         [(r['case'], r['math'], f"{r['accuracy']:.0e}", r['certified_seconds'], r['rival_seconds'], r['rival']) for r in result['race']])


def cuda_version(runtime):
    if not runtime:
        return 'of its own'
    version = ctypes.c_int()
    ctypes.CDLL(runtime).cudaRuntimeGetVersion(ctypes.byref(version))
    return f'{version.value // 1000}.{version.value % 1000 // 10}'


def report(folder, gpu, driver, runtime, commit, results=pathlib.Path('bench/results')):
    parts = {}
    for part in PARTS:
        status = folder / f'{part}.status'
        code, seconds = map(int, status.read_text().split()) if status.exists() else (None, None)
        parts[part] = dict(code=code, seconds=seconds)
    result = dict(gpu=gpu, driver=driver, cuda=cuda_version(runtime), commit=commit, date=datetime.date.today().isoformat(), parts=parts,
                  tests=read_tests(folder), traces=read_traces(folder), sanitizer=read_sanitizer(folder), bench=read_bench(folder),
                  projection=read_projection(folder / 'projection'), whole=gpu_whole.read_whole(folder / 'whole'), race=read_race(folder))
    if not any(state['code'] is not None for state in parts.values()):
        sys.exit(f'gpu_report: no part has been run: {folder} is empty')
    results.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r'[^a-z0-9]+', '-', gpu.lower()).strip('-') + '-' + result['date']
    (results / f'{stem}.json').write_text(json.dumps(result, indent=1) + '\n')
    (results / f'{stem}.md').write_text('\n'.join(markdown(result)).rstrip() + '\n')
    print(f"wrote {results / stem}.json and .md")


def main():
    match sys.argv[1:]:
        case ['projection', folder]:
            print('\n'.join(projection_table(read_projection(pathlib.Path(folder)))))
        case ['report', folder, gpu, driver, runtime, commit]:
            report(pathlib.Path(folder), gpu, driver, runtime, commit)
        case _:
            sys.exit(__doc__)


if __name__ == '__main__':
    main()
