# SPDX-License-Identifier: GPL-2.0-only
"""A Dom0 that reports its own crash: the hypervisor says so and resets the machine. (Linux on ARM does not report.)"""
import os

from dom0 import check, need
from machine import CACHE, Machine, TOP

BOOT = False


@check
def dom0_crash_resets(options):
    log = os.path.join(TOP, "build", "test-logs", "crash.log")
    kernel = os.path.join(CACHE, "images", "tiny")
    with Machine(log, {**options, "KERNEL": kernel, "INITRD": "none", "DISK": "none", "DOM0_ARGS": "tiny=crash"}) as m:
        for _ in range(2):
            m.expect(r"(Hardware Dom0|Domain 0) crashed", 60, "the report of the crash")
        need(m.qemu.poll() is None, "QEMU has ended")
        need(not m.troubles(), "trouble on the console")
