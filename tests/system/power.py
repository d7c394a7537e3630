# SPDX-License-Identifier: GPL-2.0-only
"""Dom0 reboots, panics and powers off; Ctrl-A three times switches the keyboard."""
import re

from dom0 import check, need

VICTIM = False     # Dom0 ends again and again


@check
def ctrl_a(d):
    d.m.send("\x01\x01\x01")
    d.m.expect(r"Serial input to (Xen|Hospes)", 10)
    d.m.drain(0.3)
    d.m.send("h")
    d.m.expect(r"'h' pressed", 10, "the debug keys")
    d.m.send("\x01\x01\x01")
    d.m.expect(r"Serial input to D(OM|om)0", 10)
    d.sync(10)


@check
def reboot(d):
    d.m.send("reboot\n")
    d.m.expect(r"reboot: Restarting system", 30)
    d.boot()
    need("Domain-0" in d.domains(), "xl list")


@check
def panic(d):
    """A panic of Linux is to the hypervisor a reboot (panic=1 on the command line)."""
    d.m.allowed += ["Kernel panic - not syncing: sysrq"]
    d.m.send("echo c > /proc/sysrq-trigger\n")
    d.m.expect(r"Kernel panic - not syncing", 30)
    d.boot()
    need("Domain-0" in d.domains(), "xl list")


@check
def poweroff(d):
    d.create("small", name="one", memory=96)
    d.m.send("poweroff\n")
    need(d.m.wait_exit(40) == 0, "QEMU's exit status")
