"""Trials of what a checkpoint promises: a fit is killed at random moments and resumed, until it ends by itself.

Never is the file found damaged, and always do the bounds of the resumed fit hold for the objective of one that nobody killed.

    bench/kill_trials.py --trials 100                    # SIGKILL
    bench/kill_trials.py --trials 100 --signal TERM      # a queue's time limit
"""

import argparse
import glob
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

CASES = (  # a loss with kinks (ADMM's state is large and written often), one that ends with a descent, a descent alone
    ["--loss", "hinge"],
    ["--loss", "squared", "--tol", "1e-11"],
    ["--loss", "logistic", "--tol", "1e-10", "--solver", "bm"],
)


def report_of(command):
    done = subprocess.run(command + ["--json", "--quiet"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 4):
        raise SystemExit(f"exit code {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), done.returncode


def trial(base, checkpoint, longest, ending, counts):
    """Kills until the fit ends by itself; its report."""
    command = base + ["--checkpoint", checkpoint, "--every", "0.00001", "--resume"]
    while True:
        running = subprocess.Popen(command + ["--json", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = running.communicate(timeout=random.uniform(0, longest))
        except subprocess.TimeoutExpired:
            running.send_signal(ending)
            begin = time.monotonic()
            out, err = running.communicate()
            counts["slowest end"] = max(counts["slowest end"], time.monotonic() - begin)
            counts["kills"] += 1
            counts["of them with a checkpoint"] += os.path.exists(checkpoint)
            counts["of them while one was written"] += bool(glob.glob(checkpoint + ".part*"))
            counts["ended with 4"] += running.returncode == 4
        if running.returncode not in (0, 4, -ending):
            raise SystemExit(f"exit code {running.returncode}: {err}")
        if running.returncode == 0:
            return json.loads(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/cpu/bin/neuspec")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--signal", choices=("KILL", "TERM"), default="KILL")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    ending = signal.SIGKILL if options.signal == "KILL" else signal.SIGTERM
    counts = {"kills": 0, "of them with a checkpoint": 0, "of them while one was written": 0, "ended with 4": 0, "slowest end": 0.0}
    whole, resumed = {}, 0
    data = os.path.join(os.path.dirname(__file__), "..", "tests", "data", "real", "breast_cancer.csv.gz")
    for number in range(options.trials):
        case = number % len(CASES)
        base = [options.program, "fit", data, "--standardize", "--beta", "1"] + CASES[case]
        if case not in whole:
            begin = time.monotonic()
            whole[case] = report_of(base)[0] | {"took": time.monotonic() - begin}
        with tempfile.TemporaryDirectory() as folder:
            end = trial(base, os.path.join(folder, "c"), whole[case]["took"], ending, counts)
            resumed += end["resumed_iterations"] > 0
            left = sorted(os.listdir(folder))
        expected = whole[case]
        same = end["status"] == "optimal" and end["dual"] <= expected["primal"] and expected["dual"] <= end["primal"]
        if not same or left != ["c"]:
            sys.exit(f"trial {number}: {end['status']}, {end['primal']} and {end['dual']}; expected {expected['primal']}; files {left}")
    print(f"{options.trials} trials, {resumed} of them resumed to the same optimum, no file damaged:", counts)


if __name__ == "__main__":
    main()
