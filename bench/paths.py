# SPDX-License-Identifier: GPL-2.0-only
"""What the plugin paths.so logged, with the names of functions."""
import bisect
import os
import re
import subprocess

import run

ELF = os.path.join(run.TOP, "build", "hospes.elf")
BASE = int(run.HYP_CODE["hospes"].split("-")[0], 16)


class Symbols:
    """Function names of our image by address."""

    def __init__(self):
        text = subprocess.run(["aarch64-linux-gnu-nm", "-n", ELF], check=True, capture_output=True, text=True).stdout
        found = re.findall(r"^([0-9a-f]+) [tT] ([A-Za-z_]\w*)$", text, re.M)
        self.start = [int(a, 16) for a, _ in found]
        # The compiler's parts of a function (name.part.0) are the function.
        self.names = [n for _, n in found]

    def name(self, vaddr):
        if vaddr < BASE:
            return "..."
        return self.names[max(bisect.bisect(self.start, vaddr - BASE) - 1, 0)]


class Path:
    """All stays or stretches that ran the same functions, in order of their first block."""

    def __init__(self):
        self.longest = self.times = self.sum = 0
        self.functions = {}         # name -> instructions of the longest


def read(log):
    """Paths by their functions. A line is superseded by later ones of the same blocks."""
    symbols, lines = Symbols(), {}
    with open(log, encoding="ascii") as f:
        for line in f:
            _, longest, times, total, *blocks = line.split()
            blocks = [b.split(":") for b in blocks]
            lines[frozenset(b for b, _ in blocks)] = int(longest), int(times), int(total), blocks
    paths = {}
    for longest, times, total, blocks in lines.values():
        functions = {}
        for vaddr, insns in blocks:
            name = symbols.name(int(vaddr, 16))
            functions[name] = functions.get(name, 0) + int(insns)
        p = paths.setdefault(tuple(functions), Path())
        p.times += times
        p.sum += total
        if longest > p.longest:
            p.longest, p.functions = longest, functions
    return sorted(paths.values(), key=lambda p: -p.sum)


def top(path, most):
    """The functions that took most, in the order they were called."""
    chosen = sorted(path.functions, key=lambda n: -path.functions[n])[:most]
    return [n for n in path.functions if n in chosen]


def chain(path, most=8):
    return " ".join(f"{n} {path.functions[n]}" for n in top(path, most))
