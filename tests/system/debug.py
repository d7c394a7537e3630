# SPDX-License-Identifier: GPL-2.0-only
"""The build with CONFIG_DEBUG, which stops at a wrong order of locks and at whatever else is only checked there: a guest lives and dies on it."""
import os

from dom0 import check, need


def before(d):
    with open(d.options["HYPERVISOR"], "rb") as f:
        need(b"lock order: rank" in f.read(), "the checks are not in this build")
    d.free_before = d.free_memory()


def as_specified(d, times):
    """domain/spec.c, with all vCPUs stopped: who owns what, counts, links."""
    d.run("xl debug-keys s")
    lines = [x for x in d.run("xl dmesg").splitlines() if "Specification:" in x or "spec:" in x]
    need(len(lines) == times and all("0 deviations" in x for x in lines), "\n".join(lines) or "no answer to the debug key")


@check
def guest(d):
    d.create("small", name="one", memory=64, vcpus=2, extra="console=hvc0 host=one")
    with d.console("one") as g:
        need(g.run("nproc").strip() == "2", "nproc")
    as_specified(d, 1)
    d.run("xl destroy one")
    d.wait("the memory", lambda: d.free_memory() == d.free_before)
    as_specified(d, 2)


@check
def image_size(d):
    size, limit = os.path.getsize(d.options["HYPERVISOR"]), 256 << 10
    need(size <= limit, f"{size} bytes, {limit} allowed")
