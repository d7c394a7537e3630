# SPDX-License-Identifier: GPL-2.0-only
"""The build with CONFIG_DEBUG, which stops at a wrong order of locks and at whatever else is only checked there: a guest lives and dies on it."""
import os

from dom0 import check, need


def before(d):
    with open(d.options["HYPERVISOR"], "rb") as f:
        need(b"lock order: rank" in f.read(), "the checks are not in this build")
    d.free_before = d.free_memory()


@check
def guest(d):
    d.create("small", name="one", memory=64, vcpus=2, extra="console=hvc0 host=one")
    with d.console("one") as g:
        need(g.run("nproc").strip() == "2", "nproc")
    d.run("xl destroy one")
    d.wait("the memory", lambda: d.free_memory() == d.free_before)


@check
def image_size(d):
    size, limit = os.path.getsize(d.options["HYPERVISOR"]), 256 << 10
    need(size <= limit, f"{size} bytes, {limit} allowed")
