#!/usr/bin/env python3
"""The eigendecompositions of bench/projection.cpp by torch or CuPy on the GPU, in its form: N,blocks,way,ms,remark.

    bench/projection_peers.py torch|cupy N [N ...]

A library that is not there, or sees no GPU, gives no lines but a word on the standard error.
"""
import statistics
import sys
import time

COUNTS = (1, 20, 100, 500)
LONGEST = 3  # seconds that a run may be expected to take


class Torch:
    """torch.linalg.eigh on a stack of matrices."""

    def __init__(self):
        import torch
        self.torch = torch
        if not torch.cuda.is_available():
            raise ImportError('it sees no GPU')
        self.too_large = (torch.cuda.OutOfMemoryError,)

    def matrices(self, n, count):
        halves = self.torch.randn(count, n, n, dtype=self.torch.float64, device='cuda')
        return halves + halves.mT

    def decompose(self, matrices):
        self.torch.linalg.eigh(matrices)

    def wait(self):
        self.torch.cuda.synchronize()

    def release(self):
        self.torch.cuda.empty_cache()


class Cupy:
    """cupy.linalg.eigh on a stack of matrices."""

    def __init__(self):
        import cupy
        self.cupy = cupy
        try:
            cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise ImportError(f'it sees no GPU: {error}') from error
        self.too_large = (cupy.cuda.memory.OutOfMemoryError,)

    def matrices(self, n, count):
        halves = self.cupy.random.standard_normal((count, n, n))
        return halves + halves.transpose(0, 2, 1)

    def decompose(self, matrices):
        self.cupy.linalg.eigh(matrices)

    def wait(self):
        self.cupy.cuda.Device().synchronize()

    def release(self):
        self.cupy.get_default_memory_pool().free_all_blocks()


def median_ms(library, n, count):
    """As bench/projection.cpp takes it: one run to warm up, then three to twenty, or one that takes a second."""
    matrices = library.matrices(n, count)
    times = []
    for run in range(21):
        library.wait()
        start = time.perf_counter()
        library.decompose(matrices)
        library.wait()
        if run > 0:
            times.append(time.perf_counter() - start)
        if sum(times) > 1 or (len(times) >= 3 and sum(times) > 0.2):
            break
    return 1e3 * statistics.median(times)


def print_size(library, name, n):
    previous, fewer, remark = 0, 1, ''
    for count in COUNTS:
        if not remark and previous * count / fewer > 1e3 * LONGEST:
            remark = f'longer than {LONGEST} s foreseen'
        if not remark:
            try:
                previous, fewer = median_ms(library, n, count), count
            except library.too_large:
                remark = 'does not fit into memory'
            except Exception as error:  # whatever a peer raises is its result
                remark = f'{type(error).__name__}: {error}'.splitlines()[0].replace('"', "'")
            library.release()
        print(f'{n},{count},{name},,"{remark}"' if remark else f'{n},{count},{name},{previous:.4g},', flush=True)


def main():
    libraries = dict(torch=Torch, cupy=Cupy)
    if len(sys.argv) < 3 or sys.argv[1] not in libraries:
        sys.exit(__doc__)
    name = sys.argv[1]
    try:
        library = libraries[name]()
    except ImportError as error:
        print(f'projection_peers: {name} is not there: {error}', file=sys.stderr)
        return
    print('N,blocks,way,ms,remark')
    for n in map(int, sys.argv[2:]):
        print_size(library, name, n)


if __name__ == '__main__':
    main()
