#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Line coverage of the hypervisor's core by the unit tests: coverage.py HYPERVISOR OBJECTS CROSS-GCC [CROSS-GCC's options ...]

OBJECTS: a build of the tests with --coverage that has been run. The core is every .c file but those of HARDWARE; one that no test compiles counts with all its
lines (the cross compiler knows how many there are). Prints a line per file, the worst first, and the total.
"""
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

# What needs the machine itself, with the reason. A directory ends with a slash.
HARDWARE = {
    "arm/": "system registers, the interrupt controller, other CPUs; boots in QEMU test it (mm.c, gic.c and gicv2.c have host tests all the same)",
    "drivers/": "the UART's registers",
    "boot/boot.c": "the order of the start: every boot runs all of it",
    "boot/stack_protector.c": "symbols that libfdt's archive asks for",
}


def is_core(name):
    return not any(name == h or (h.endswith("/") and name.startswith(h)) for h in HARDWARE)


def lines_of(hypervisor, file):
    """{source: {line: count}} of one .gcda or .gcno."""
    out = subprocess.run(["gcov", "--json-format", "--stdout", file], capture_output=True, text=True, cwd=os.path.dirname(file), check=False).stdout
    found = {}
    for doc in out.splitlines():
        for source in json.loads(doc)["files"]:
            name = os.path.relpath(os.path.realpath(os.path.join(os.path.dirname(file), source["file"])), hypervisor)
            if name.endswith(".c") and not name.startswith(".."):
                found.setdefault(name, {}).update({x["line_number"]: x["count"] for x in source["lines"]})
    return found


def untested(hypervisor, name, gcc):
    """All lines of a file that no test has, none of them run."""
    with tempfile.TemporaryDirectory() as tmp:
        source = os.path.join(hypervisor, name)
        subprocess.run([*gcc, "-ftest-coverage", "-c", source, "-o", tmp + "/x.o"], check=True, cwd=hypervisor)
        return lines_of(hypervisor, tmp + "/x.gcno").get(name, {})


def main():
    hypervisor, objects, gcc = os.path.realpath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    counts = collections.defaultdict(collections.Counter)
    for data in glob.glob(objects + "/**/*.gcda", recursive=True):
        for name, lines in lines_of(hypervisor, os.path.realpath(data)).items():
            counts[name].update(lines)
    rows = []
    for path in sorted(glob.glob(hypervisor + "/*/**/*.c", recursive=True)):
        name = os.path.relpath(path, hypervisor)
        if is_core(name):
            lines = counts.get(name) or untested(hypervisor, name, gcc)
            rows.append((sum(n > 0 for n in lines.values()), len(lines), name, sorted(x for x, n in lines.items() if not n)))
    print("Not counted, for they need the machine:")
    for name, why in HARDWARE.items():
        print(f"  {name:24} {why}")
    for run, total, name, missing in sorted(rows, key=lambda r: r[0] / max(r[1], 1)):
        tail = " ".join(map(str, missing[:int(os.environ.get("MISSING", "0"))]))
        print(f"  {100 * run / max(total, 1):5.1f} %  {run:4} of {total:4}  {name} {tail}".rstrip())
    run, total = sum(r[0] for r in rows), sum(r[1] for r in rows)
    print(f"coverage: {100 * run / total:.1f} % of {total} lines in {len(rows)} files of the core")


if __name__ == "__main__":
    main()
