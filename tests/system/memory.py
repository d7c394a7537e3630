# SPDX-License-Identifier: GPL-2.0-only
"""Ballooning both ways, and the limits. (Of guests: mem-set of Dom0 aborts in stock libxl on ARM.)"""
import re

from dom0 import check, need


def before(d):
    d.free_before = d.free_memory()
    # Stock libxl on ARM aborts in mem-set when the configuration says nothing of acpi.
    d.create("small", name="one", memory=256, extra="console=hvc0 host=one", acpi=0)
    with d.console("one") as g:
        g.run("true")


def after(d):
    d.destroy_guests()
    need(d.free_memory() == d.free_before, f"free memory: {d.free_before} MiB before, {d.free_memory()} after")


def mem_total(d):
    with d.console("one") as g:
        return int(re.search(r"MemTotal: +(\d+)", g.run("cat /proc/meminfo"))[1]) >> 10


@check
def mem_set(d):
    free, total = d.free_memory(), mem_total(d)
    d.run("xl mem-set one 160")
    d.wait("160 MiB", lambda: d.domains()["one"]["mem"] == 160)
    need(d.free_memory() == free + 96, f"free memory: {free}, then {d.free_memory()}")
    need(abs(total - mem_total(d) - 96) < 3, f"MemTotal went from {total} to {mem_total(d)}")
    d.run("xl mem-set one 256")
    d.wait("256 MiB", lambda: d.domains()["one"]["mem"] == 256)
    need(abs(mem_total(d) - total) < 3 and d.free_memory() == free, "back to 256 MiB")


@check
def mem_max(d):
    number = d.domains()["one"]["id"]
    d.run("xl mem-max one 300")
    need(d.run(f"xenstore-read /local/domain/{number}/memory/static-max").strip() == str(300 << 10), "static-max")
    d.run("xl mem-set one 400", ok=False)
    d.run("xl debug-keys q")
    pages = re.findall(rf"domain {number}:(?:.|\n)*?max_pages=(\d+)", d.hypervisor_log())
    need(pages and 300 <= int(pages[-1]) >> 8 <= 302, f"the hypervisor's limit of its pages: {pages}")
