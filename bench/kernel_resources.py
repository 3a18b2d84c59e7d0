#!/usr/bin/env python3
"""Registers and stack of every kernel in a library, the most of its instances, as a Markdown table:

    cuobjdump -res-usage LIBRARY | bench/kernel_resources.py

Reads the machine code itself, so that it shows what runs. A spilled register would need a stack: 0 bytes of stack are no spills.
"""
import collections
import re
import subprocess
import sys


def main():
    table = collections.defaultdict(dict)  # kernel -> architecture -> (registers, stack)
    architecture = name = None
    for line in sys.stdin:
        if match := re.match(r"arch = sm_(\d+)", line):
            architecture = int(match[1])
        elif match := re.match(r"\s*Function (\S+):", line):
            name = match[1]
        elif match := re.search(r"REG:(\d+) STACK:(\d+)", line):
            table[name][architecture] = (int(match[1]), int(match[2]))
    readable = subprocess.run(["c++filt"], input="\n".join(table), capture_output=True, text=True, check=True).stdout.split("\n")

    rows = collections.defaultdict(lambda: collections.defaultdict(list))
    for mangled, plain in zip(table, readable):
        functor = re.search(r"\(anonymous namespace\)::(\w+)", plain)
        if functor is None:
            continue  # Thrust's own
        for arch, usage in table[mangled].items():
            rows[functor[1]][arch].append(usage)
    architectures = sorted({arch for row in rows.values() for arch in row})
    print("| kernel |" + "".join(f" sm_{arch} |" for arch in architectures) + " stack, bytes |")
    print("|---|" + "---|" * (len(architectures) + 1))
    for label, row in sorted(rows.items()):
        registers = "".join(f" {max(r for r, _ in row[arch])} |" for arch in architectures)
        print(f"| {label} |{registers} {max(s for usages in row.values() for _, s in usages)} |")


if __name__ == "__main__":
    main()
