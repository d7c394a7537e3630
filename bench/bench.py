#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Exact benchmark: instructions outside the guest, real Xen and Hospes side by side.

bench.py table    every row on bare QEMU, Xen and Hospes, GICv3 and GICv2; JSON in build/bench
bench.py test     Hospes only, against the file `budgets`; PASS/FAIL lines, exit status
bench.py scale    costs against the number of domains, ports, grants and the size of a domain
bench.py show M G one machine (bare, xen, hospes), one GIC
bench.py size     bytes of the image, in memory with it, and resident when Dom0 runs
"""
import json
import math
import os
import re
import subprocess
import sys

import linux
import run

HERE = os.path.dirname(os.path.abspath(__file__))
HALVED = {"SWITCH"}             # a sample holds two of them
LATENCY = "timer latency out of WFI, by the guest's clock"
MEAN, WORST = 0.25, 0.5         # goals for Hospes / Xen: over all rows, of each row
STOCK = os.path.join(run.CACHE, "vmlinuz")


def rows():
    with open(os.path.join(HERE, "rows.h"), encoding="ascii") as f:
        return re.findall(r'^ROW\((\w+), "([^"]+)", \d+\)', f.read(), re.M)


def budgets():
    """key -> (budget, goal)"""
    with open(os.path.join(HERE, "budgets"), encoding="ascii") as f:
        lines = [line.split("#")[0].split() for line in f]
    return {w[0]: (int(w[1]), int(w[-1])) for w in lines if w}


def figures(result, base):
    """Median per row, less what bare hardware shows (code that runs before the guest's MMU is on)."""
    out = {}
    for i, (key, _) in enumerate(rows()):
        count = result.median(i)
        if count is None:
            continue
        if base:
            count -= base.median(i) or 0
        out[key] = count // 2 if key in HALVED else count
    if LATENCY in result.metrics:
        out["LATENCY"] = result.metrics[LATENCY]
    if "pages" in result.metrics:
        total, free, dom0 = result.metrics["pages"]
        out["KEPT_1G"] = total - free - dom0
    if "pages of the DomU" in result.metrics:
        out["KEPT_DOMU"] = result.metrics["pages of the DomU"]
    return out


def extra(machine, gic):
    """Rows that need a run of their own: lines touched, reset to Dom0, pages of a big machine."""
    out = {}
    lines = run.run(machine, gic, options=",lines=1").lines.get(0)
    if lines:
        out["LINES_CODE"], out["LINES_DATA"] = lines[-1]
    if os.path.exists(STOCK):
        boot = run.run(machine, gic, smp=1, kernel=STOCK, options=",stop=1", timeout=60)
        if boot.image:
            out["RESET"] = boot.image[-1]
    pages = run.run(machine, gic, mem=4096, bootargs="pages").metrics.get("pages")
    if pages:
        out["KEPT_4G"] = pages[0] - pages[1] - pages[2]
    late = run.run(machine, gic, bootargs="latency").metrics
    for name, value in late.items():
        if name.startswith("interrupt latency, "):
            key = "MASKED" if name.endswith("worst") else name
            NAMES.setdefault(key, name)
            out[key] = value
    return out


NAMES = {
    "LATENCY": LATENCY,
    "LINES_CODE": "64-byte lines touched by the null hypercall: code",
    "LINES_DATA": "64-byte lines touched by the null hypercall: data",
    "RESET": "reset to Dom0's first instruction, 1 GiB, stock kernel, 1 CPU",
    "KEPT_1G": "pages kept, 1 GiB machine with Dom0",
    "KEPT_4G": "pages kept, 4 GiB machine with Dom0",
    "KEPT_DOMU": "pages kept per DomU of 128 MiB",
    "MASKED": "interrupt latency, worst",
} | {key: name for key, (name, *_) in linux.ROWS.items()}


def print_table(gic, xen, hospes):
    goal = {key: pair[1] for key, pair in budgets().items()}
    names = dict(rows()) | NAMES
    ratios = {}
    print(f"\n## GICv{gic}, 2 CPUs: instructions outside the guest\n")
    print("| operation | Xen 4.17 | Hospes | ratio | goal |")
    print("|---|---:|---:|---:|---:|")
    for key, name in names.items():
        x, h = xen.get(key), hospes.get(key)
        ratio = h / x if x and h is not None else None
        if ratio and key not in ("RESET",) and not key.startswith(("KEPT", "LINES", "MASKED", "interrupt")):
            ratios[name] = ratio
        mark = "" if h is None or h <= goal.get(key, h) else " !"
        print(f"| {name} | {x if x is not None else '-'} | {h if h is not None else '-'}{mark} | "
              f"{f'{ratio:.2f}' if ratio is not None else '-'} | {goal.get(key, '-')} |")
    if ratios:
        mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
        print(f"\nGICv{gic}: geometric mean of Hospes / Xen over {len(ratios)} rows where Xen traps: {mean:.3f} (goal: {MEAN}); "
              f"above {WORST}: {', '.join(n for n, r in ratios.items() if r > WORST) or 'none'}")


def complain(machine, gic, result):
    for line in result.console.splitlines():
        if "FAIL" in line or "TIMEOUT" in line:
            print(f"{machine} GICv{gic}: {line}")
    if "bench done" not in result.console:
        print(f"{machine} GICv{gic}: the payload did not reach its end; last lines:")
        print("\n".join(result.console.splitlines()[-8:]))


def table():
    everything = {}
    for gic in (3, 2):
        base = run.run("bare", gic)
        got = {}
        for machine in ("xen", "hospes"):
            result = run.run(machine, gic)
            complain(machine, gic, result)
            got[machine] = figures(result, base) | linux.figures(machine, gic)[0] | extra(machine, gic)
            if result.total:
                got[machine]["_longest"] = result.total["longest"]
        print_table(gic, got["xen"], got["hospes"])
        everything[f"gicv{gic}"] = got
    with open(os.path.join(run.OUT, "results.json"), "w", encoding="ascii") as f:
        json.dump(everything, f, indent=1)


def judge(gic, got, limits):
    """A line per budget; the number of those exceeded, or not measured."""
    bad = 0
    for key, (limit, _) in limits.items():
        over = got.get(key) is None or got[key] > limit
        bad += over
        print(f"{'FAIL' if over else 'PASS'} bench/gicv{gic}/{key} {got.get(key)} of {limit}")
    return bad


def test():
    bad = 0
    # Runs of their own are for `make bench`; of Linux, each GIC has one boot here.
    limits = {key: pair for key, pair in budgets().items() if not key.startswith(("LINES", "KEPT_4G", "RESET", "MASKED"))}
    for gic, boot, keys in ((3, linux.BOOTS[0], ("LINUX_BOOT", "LINUX_SLEEP")), (2, linux.BOOTS[1], ("LINUX_PIPE",))):
        result = run.run("hospes", gic)
        complain("hospes", gic, result)
        got = figures(result, run.run("bare", gic)) | linux.figures("hospes", gic, [boot])[0]
        bad += judge(gic, got, {key: pair for key, pair in limits.items() if not key.startswith("LINUX") or key in keys})
    return bad > 0


def scale():
    # Real Xen would scrub the whole machine's memory at boot or while it idles.
    got = {m: run.run(m, 3, mem=6144, bootargs="scale", timeout=900, cmdline="console=dtuart dom0_mem=256M" + scrub)
           for m, scrub in (("xen", " bootscrub=0"), ("hospes", ""))}
    for machine, result in got.items():
        for line in result.console.splitlines():
            if "FAIL" in line or "TIMEOUT" in line:
                print(f"{machine}: {line}")
    print("| instructions, by the guest's clock | Xen 4.17 | Hospes |\n|---|---:|---:|")
    for name in got["hospes"].metrics | got["xen"].metrics:
        x, h = (got[m].metrics.get(name, "-") for m in ("xen", "hospes"))
        print(f"| {name.removeprefix('scale ')} | {x} | {h} |")


def size():
    """Resident: all that Dom0 does not have and nobody could be given, page tables and page records with it."""
    print("| bytes | Xen 4.17 | Hospes |\n|---|---:|---:|")
    got = {}
    for machine in ("xen", "hospes"):
        with open(run.HYPERVISOR[machine], "rb") as f:
            image = f.read()
        total, free, dom0 = run.run(machine, 3, bootargs="pages").metrics["pages"]
        got[machine] = len(image), int.from_bytes(image[16:24], "little"), (total - free - dom0) * 4096
    for name, x, h in zip(("image file", "image in memory at boot (its header)", "resident, 1 GiB machine with Dom0"), got["xen"], got["hospes"]):
        print(f"| {name} | {x:,} | {h:,} |")
    elf = os.path.join(run.TOP, "build", "hospes.elf")
    sections = subprocess.run(["aarch64-linux-gnu-size", "-A", elf], check=True, capture_output=True, text=True).stdout
    parts = {m[0]: int(m[1]) for m in re.findall(r"^(\.\S+) +(\d+)", sections, re.M)}
    for name, wanted in (("kept: code", [".text"]), ("kept: data", [".rodata", ".data.rel.ro", ".data"]), ("kept: zeroed data", [".bss"]),
                         ("given back after boot", [n for n in parts if n.startswith((".init", ".rela", ".dyn", ".hash"))])):
        print(f"| {name} | - | {sum(parts[n] for n in wanted):,} |")


def show(machine, gic):
    result = run.run(machine, gic)
    complain(machine, gic, result)
    for i, (key, name) in enumerate(rows()):
        counts = sorted(result.counts.get(i, []))
        print(f"{key:16}{name:52}{result.median(i)!s:>9}{result.median_exits(i)!s:>6}  "
              f"{counts[:1]}{counts[-1:]}")
    print(result.metrics, result.total)


def main():
    if sys.argv[1:] == ["table"]:
        table()
    elif sys.argv[1:] == ["scale"]:
        scale()
    elif sys.argv[1:] == ["size"]:
        size()
    elif sys.argv[1:] == ["test"]:
        sys.exit(test())
    elif len(sys.argv) == 4 and sys.argv[1] == "show":
        show(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
