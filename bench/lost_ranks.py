#!/usr/bin/env python3
"""Trials of what ranks do when one of them is lost: a fit on ranks loses one by SIGKILL at a random moment of its run, start and end included.

Counted are trials in which anything of it still ran ten seconds later (a rank, or the launcher alone), in which the launcher told of success although the
rank was lost before the end, and in which the program itself wrote more than one message. Needs a program for the ranks of that MPI, as
build/cpu/tests/mpi/neuspec_openmpi.

    bench/lost_ranks.py --program build/cpu/tests/mpi/neuspec_openmpi --launcher "mpirun.openmpi --oversubscribe --allow-run-as-root --mca plm isolated"
    bench/lost_ranks.py --program build/cpu/tests/mpi/neuspec_mpich --launcher mpirun.mpich
"""

import argparse
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time

LIMIT = 10  # seconds from the loss to the end of everything
LAUNCHER = "the launcher waits although every rank has ended"


def ranks_of(mark):
    """Processes that have the mark, the name of a file, among their arguments, but for the launcher and its helpers."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
            if entry.isdigit() and mark.encode() in arguments and os.path.basename(arguments[0]).startswith(b"neuspec"):
                found.append(int(entry))
        except OSError:
            continue
    return found


def write_samples(path):
    with open(path, "w", encoding="ascii") as out:
        for _ in range(4000):
            x = [random.gauss(0, 1) for _ in range(15)]
            y = 1 if x[0] * x[1] + x[2] + random.gauss(0, 1) > 0 else -1
            out.write(",".join(f"{value:.4f}" for value in x) + f",{y}\n")


def start(options, count, path):
    command = shlex.split(options.launcher) + ["-n", str(count), os.path.abspath(options.program), "fit", path]
    command += ["--loss", random.choice(["logistic", "squared", "hinge"]), "--beta-ratio", "0.001", "--tol", "1e-9", "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)


def trial(options, path, mark):
    """Seconds until all had ended, or None if no rank was there to be killed; whether anything was wrong."""
    running = start(options, random.randint(2, 4), path)
    time.sleep(random.uniform(0, options.longest))
    ranks = ranks_of(mark)
    if not ranks:
        running.kill()
        running.communicate()
        return None, ""
    try:
        os.kill(random.choice(ranks), signal.SIGKILL)
    except ProcessLookupError:
        ranks = []
    begin = time.monotonic()
    try:
        _, err = running.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        left = ranks_of(mark)
        for rank in left:
            os.kill(rank, signal.SIGKILL)
        running.kill()
        running.communicate()
        return LIMIT, "hangs" if left else LAUNCHER
    while ranks_of(mark) and time.monotonic() - begin < LIMIT:
        time.sleep(0.02)
    seconds = time.monotonic() - begin
    if ranks_of(mark):
        return seconds, "leaves ranks behind"
    if not ranks:
        return None, ""
    own = [line for line in err.splitlines() if line.startswith("neuspec:")]
    if len(own) > 1:
        return seconds, "says more than one thing: " + " | ".join(own)
    return seconds, "" if running.returncode != 0 else "tells of success"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--launcher", required=True)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--longest", type=float, default=2.0, help="seconds after which a rank is killed at the latest [2]")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    times, wrong, attempts = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "samples.csv")
        write_samples(path)
        while len(times) < options.trials:
            attempts += 1
            seconds, fault = trial(options, path, path)
            if seconds is not None:
                times.append(seconds)
            if fault:
                wrong.append(fault)
    times.sort()
    print(f"{len(times)} trials ({attempts - len(times)} more had no rank to lose): all ended after {times[len(times) // 2]:.2f} s (median), "
          f"{times[-1]:.2f} s (at most); {len(wrong)} went wrong, in {wrong.count(LAUNCHER)} of them all ranks had ended")
    for fault in wrong:
        print("  " + fault)
    sys.exit(1 if any(fault != LAUNCHER for fault in wrong) else 0)


if __name__ == "__main__":
    main()
