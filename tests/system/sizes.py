# SPDX-License-Identifier: GPL-2.0-only
"""The smallest and the largest guest that the machine is meant to carry."""
import re

from dom0 import check, need


def lives(d, memory, vcpus):
    free = d.free_memory()
    d.create("small", name="one", memory=memory, vcpus=vcpus, extra="console=hvc0 host=one", timeout=120)
    with d.console("one", 120) as g:
        need(g.run("nproc").strip() == str(vcpus), f"nproc is not {vcpus}")
        total = int(re.search(r"MemTotal: +(\d+)", g.run("cat /proc/meminfo"))[1]) >> 10
        need(memory - 80 - memory // 16 < total < memory, f"MemTotal is {total} MiB of {memory}")
        g.run("dd if=/dev/zero of=/tmp/fill bs=64k count=$(awk '/MemAvailable/ {print int($2 / 256)}' /proc/meminfo) && rm /tmp/fill", 120)      # a quarter of what is free
    d.run("xl destroy one", 60)
    need(d.free_memory() == free, f"free memory: {free} MiB before, {d.free_memory()} after")


@check
def smallest_guest(d):
    lives(d, 64, 1)


@check
def largest_guest(d):
    """4 GiB and 8 vCPUs, or what the machine has."""
    free = d.free_memory()
    lives(d, min(4096, (free - 40) // 64 * 64), min(8, 2 * d.cpus))
