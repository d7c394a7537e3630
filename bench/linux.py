#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Stock Linux as Dom0: what boot, pipes, sleeping and idling cost at EL2. bench.py has these rows in its table.

linux.py              the table, real Xen and Hospes, both GICs
linux.py profile LOAD what Hospes does in them: instructions, times, mean, and the functions of each path
linux.py show M LOAD  one machine's console and counters
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import paths    # noqa: E402
import run      # noqa: E402

sys.path.insert(0, os.path.join(run.TOP, "guests"))
import initramfs    # noqa: E402

BOOTS = (("sleep+idle", 1), ("pipe", 2))     # load, CPUs
INITRD = os.path.join(run.OUT, "linux.cpio")
KERNEL = os.path.join(run.CACHE, "vmlinuz")
# What is measured, on a cortex-a53: key: (name, row of linux/init.c's markers, load, CPUs)
ROWS = {
    "LINUX_BOOT": ("stock Linux: boot to /init, 1 CPU", 0, "boot", 1),
    "LINUX_PIPE": ("stock Linux: 1,000 pipe round trips across CPUs", 1, "pipe", 2),
    "LINUX_SLEEP": ("stock Linux: 1,000 sleeps", 2, "sleep", 1),
    "LINUX_IDLE": ("stock Linux: ten virtual seconds idle", 3, "idle", 1),
}


def write_cpio(recipe, path):
    tree = initramfs.Tree(os.path.join(run.CACHE, "dom0-root"), os.path.join(run.CACHE, "modules"), run.CACHE)
    tree.read_recipe(os.path.join(run.TOP, "bench", "linux", recipe))
    tree.write_cpio(path)


def build():
    write_cpio("linux.recipe", INITRD)


def machine_of(machine, load, cpus):
    """Arguments of run.run() and run.command(). Xen would scrub free memory while we idle: its own affair."""
    scrub = " bootscrub=0" if machine == "xen" else ""
    return dict(smp=cpus, mem=1024, kernel=KERNEL, cpu="cortex-a53", initrd=INITRD, cmdline=f"console=dtuart dom0_mem=512M{scrub}",
                bootargs=f"console=hvc0 clk_ignore_unused quiet load={load}")


def measure(machine, gic, load, cpus):
    return run.run(machine, gic, options=f",hyp={run.HYP_CODE[machine]}", timeout=300, **machine_of(machine, load, cpus))


def figures(machine, gic, boots=BOOTS):
    """key -> EL2 instructions, key -> exits. The boot counts from the kernel's first instruction."""
    build()
    out, exits = {}, {}
    for load, cpus in boots:
        result = measure(machine, gic, load, cpus)
        if "bench done" not in result.console:
            print(f"{machine} GICv{gic}: load {load}: " + "\n".join(result.console.splitlines()[-8:]))
        for key, (_, row, name, nr) in ROWS.items():
            if name == "boot" and nr == cpus and 0 in result.marks and result.image:
                out[key], exits[key] = result.marks[0][0] - result.image[-1], result.marks[0][2]
            elif row in result.counts:
                out[key], exits[key] = result.median(row), result.median_exits(row)
    return out, exits


def table():
    for gic in (3, 2):
        xen, hospes = (figures(m, gic) for m in ("xen", "hospes"))
        print(f"\n| EL2 instructions (exits), GICv{gic} | Xen 4.17 | Hospes | ratio |\n|---|---:|---:|---:|")
        for key, (name, *_) in ROWS.items():
            x, h = (f[0].get(key) for f in (xen, hospes))
            print(f"| {name} | {x} ({xen[1].get(key)}) | {h} ({hospes[1].get(key)}) | {h / x if x and h else 0:.3f} |")


def profile(load, gic=3):
    build()
    row, cpus = next((row, cpus) for _, row, name, cpus in ROWS.values() if name == load)
    with tempfile.NamedTemporaryFile(suffix=".paths") as log:
        part = f",from={2 * row}" if row else ""
        plugin = f"{run.OUT}/paths.so,out={log.name},hyp={run.HYP_CODE['hospes']}{part}"
        subprocess.run(run.command("hospes", gic, plugin=plugin, **machine_of("hospes", load, cpus)), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=300, check=True)
        found = paths.read(log.name)
    print(f"{sum(p.sum for p in found)} instructions in {sum(p.times for p in found)} stays")
    for p in found[:20]:
        print(f"{p.sum:>9} {p.times:>6} {p.sum // p.times:>6}  {paths.chain(p, 12)}")


def main():
    args = sys.argv[1:]
    if not args:
        table()
    elif len(args) == 2 and args[0] == "profile":
        profile(args[1])
    elif len(args) == 3 and args[0] == "show":
        build()
        result = measure(args[1], 3, args[2], 2 if args[2] == "pipe" else 1)
        print(result.console, result.marks, result.image, result.total)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
