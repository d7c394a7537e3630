#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PV block and net, syscalls, a hackbench, a build: all instructions of a stock guest, its Dom0 and the hypervisor.

loads.py         the table, real Xen and Hospes; some minutes
loads.py show M  one machine's console
"""
import os
import sys

sys.dont_write_bytecode = True
import linux    # noqa: E402
import run      # noqa: E402

LOADS = {
    0: "PV block, 16 MiB read",
    1: "PV block, 16 MiB written",
    2: "PV net, 16 MiB sent to Dom0 by TCP",
    3: "PV net, 16 MiB received from Dom0",
    4: "170,000 system calls",
    5: "16 pairs of processes, 200 messages each (as hackbench)",
    6: "100 short processes with files (as a build)",
}
INITRD = os.path.join(run.OUT, "dom0-loads.cpio")


def measure(machine, gic=3):
    scrub = " bootscrub=0" if machine == "xen" else ""
    return run.run(machine, gic, smp=2, mem=2048, kernel=linux.KERNEL, initrd=INITRD, cpu="cortex-a53", timeout=900,
                   options=f",hyp={run.HYP_CODE[machine]}", cmdline=f"console=dtuart dom0_mem=512M{scrub}",
                   bootargs="console=hvc0 clk_ignore_unused quiet rdinit=/bench/init")


def costs(result, row):
    """(all instructions, those at EL2, exits) of a load"""
    begin, end = (result.marks.get(2 * row + i) for i in (0, 1))
    if not begin or not end:
        return None
    hyp, guest, exits = (e - b for b, e in zip(begin, end))
    return hyp + guest, hyp, exits


def table(gic=3):
    got = {m: measure(m, gic) for m in ("xen", "hospes")}
    for machine, result in got.items():
        for line in result.console.splitlines():
            if "FAIL" in line or "TIMEOUT" in line:
                print(f"{machine}: {line}")
    print(f"\n| GICv{gic}, 2 CPUs | all instructions: Xen 4.17 | Hospes | ratio | EL2's: Xen 4.17 | Hospes | ratio | exits: Xen | Hospes |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row, name in LOADS.items():
        x, h = (costs(got[m], row) for m in ("xen", "hospes"))
        if x and h:
            print(f"| {name} | {x[0]} | {h[0]} | {h[0] / x[0]:.3f} | {x[1]} | {h[1]} | {h[1] / x[1]:.3f} | {x[2]} | {h[2]} |")
        else:
            print(f"| {name} | {x} | {h} | - | | | | | |")


def main():
    linux.write_cpio("loads.recipe", os.path.join(run.OUT, "loads.cpio"))
    linux.write_cpio("dom0-loads.recipe", INITRD)
    if sys.argv[1:2] == ["show"]:
        result = measure(sys.argv[2])
        print(result.console, result.marks, result.total)
    else:
        table()


if __name__ == "__main__":
    main()
