#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our toolstack beside Debian's on Hospes, as a table: make -C toolstack measure

One instruction is one nanosecond here (QEMU's icount, one CPU), so that the figures do not depend on the machine that
measures. Needs the images, build/hospes-tools and build/toolstack/xs_bench. GUESTS="1 10" leaves out the longest part.
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "system"))
sys.path.insert(0, os.path.join(TOP, "toolstack", "tests"))
sys.dont_write_bytecode = True
from dom0 import Dom0, need  # noqa: E402
from machine import CACHE  # noqa: E402
from qemu import cpio  # noqa: E402

GUESTS = [int(n) for n in os.environ.get("GUESTS", "1 10 50").split()]
TRACING = "/sys/kernel/tracing"


def initrd(tools):
    path = os.path.join(TOP, "build", "toolstack", f"measure-{tools}.cpio")
    with open(os.path.join(CACHE, "images", f"dom0-{tools}.cpio"), "rb") as f:
        base = f.read()
    with open(os.path.join(TOP, "build", "toolstack", "xs_bench"), "rb") as f:
        bench = f.read()
    with open(path, "wb") as f:
        f.write(base + b"\0" * (-len(base) % 512) + cpio([("usr/bin/xs_bench", 0o100755, bench)]))
    return path


def creation(d, table):
    """From the start of xl to the event by which a guest whose first instruction ends it tells of that."""
    d.run(f"mount -t tracefs none {TRACING} || true; cd {TRACING}; echo 16384 > buffer_size_kb; "
          "echo 1 > events/raw_syscalls/sys_enter/enable; echo 1 > events/irq/irq_handler_entry/enable; cd")
    d.run(f"echo > {TRACING}/trace; echo start > {TRACING}/trace_marker; "
          "xl create -q -e small.cfg 'name=\"first\"' memory=8 'extra=\"tiny=poweroff\"' 'on_poweroff=\"preserve\"'; "
          f"sleep 0.2; echo 0 > {TRACING}/tracing_on", 600)
    text = d.run("awk '{ at = 0; for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+[.][0-9]+:$/) at = $i + 0 } "
                 "/mark_write: start/ { start = at } !start { next } "
                 "/irq_handler_entry.*evtchn:xenstored/ { end = at; xl = x; daemons = s } "
                 "/sys_enter/ { if ($1 ~ /^xl-/) x++; else if ($1 ~ /^xen(stored|consoled)-/) s++ } "
                 "END { print (end - start) * 1000, xl, daemons }' " + f"{TRACING}/trace", 300)
    ms, ours, daemons = text.split()
    table["million instructions, xl create to the guest's first"] = float(ms)
    table["system calls of xl meanwhile"] = int(ours)
    table["system calls of the daemons meanwhile"] = int(daemons)
    d.run(f"echo 0 > {TRACING}/events/enable; xl destroy first", 300)


def memory(d, table):
    made = 0
    for count in GUESTS:
        d.run(f"for i in $(seq {made + 1} {count}); do xl create -q small.cfg \"name='g$i'\" memory=8 || break; done", 3000)
        need(len(d.domains()) == count + 1, f"{len(d.domains())} domains")
        made = count
        kib = {}
        for name, n in re.findall(r"^(\S+) (\d+)$", d.run(
                "for p in $(pidof xenstored) $(pidof xenconsoled) $(pidof xl); do "
                "echo $(cat /proc/$p/comm) $(awk '/^Rss/ { print $2 }' /proc/$p/smaps_rollup); done", 300), re.M):
            kib[name] = kib.get(name, 0) + int(n)
        need("xenstored" in kib, "no xenstored")
        table[f"KiB resident, both daemons, {count} guest{'s' * (count > 1)}"] = kib["xenstored"] + kib["xenconsoled"]
        table[f"KiB resident, xl's watchers, {count} guest{'s' * (count > 1)}"] = kib.get("xl", 0)


def speed(d, table):
    text = d.run("xs_bench 100", 900)
    for what, n in re.findall(r"^(read|write|create|transaction|write\+event) ([\d.]+)", text, re.M):
        table[f"store: {what}, per 10^9 instructions"] = float(n)


def measure(tools):
    log = os.path.join(TOP, "build", "toolstack", f"measure-{tools}.log")
    options = {"INITRD": initrd(tools), "TOOLS": tools, "MEM": "2G", "CPUS": 1, "ACCEL": "tcg,thread=single",
               "HYPERVISOR": os.environ.get("HYPERVISOR") or os.path.join(TOP, "build", "hospes")}
    d = Dom0(log, options, ["-icount", "shift=0,sleep=off"], boot_timeout=600)
    table = {}
    try:
        d.boot()
        d.run("sed -i '/ramdisk/d; /kernel/s/Image/tiny/' small.cfg")
        for part in (speed, creation, memory):
            part(d, table)
    finally:
        d.m.close()
    return table


def main():
    ours, stock = measure("hospes"), measure("stock")
    print(f"| {'':52} | {'ours':>8} | {'stock':>8} | ratio |\n|---|---:|---:|---:|")
    for row, a in ours.items():
        b = stock[row]
        print(f"| {row:52} | {a:8.6g} | {b:8.6g} | {a / b:5.2f} |" if b else f"| {row:52} | {a:8.6g} | {b:8.6g} |       |")


if __name__ == "__main__":
    main()
