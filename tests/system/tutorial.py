# SPDX-License-Identifier: GPL-2.0-only
"""The tutorial of the ARM port, as a newcomer types it. Dom0 is booted with start=nothing."""
from dom0 import check, need

VICTIM = False     # the daemons are to be started first


@check
def daemons(d):
    if d.own_tools:
        for command in ("xl list", "xenstore-ls"):
            need("xencommons start" in d.run(command, ok=False), f"{command} without xenstored")
    d.run("losetup /dev/loop0 domU.img")
    d.run("/etc/init.d/xen start", 40)
    need("Domain-0" in d.domains(), "xl list")
    d.start_victim()


@check
def create(d):
    d.run("xl create domU.cfg", 60)
    guest = d.domains()["guest"]
    need(guest["mem"] == 512 and guest["vcpus"] == 1, f"{guest}")


@check
def console(d):
    with d.console("guest") as g:
        need("/dev/xvda on / type ext4 (ro" in g.run("mount"), "the root is not on /dev/xvda")
        need(g.run("cat /sys/hypervisor/type").strip() == "xen", "hypervisor type")


@check
def shutdown(d):
    d.run("xl shutdown -w guest", 60)
    d.wait("the guest's end", lambda: "guest" not in d.domains(), 20)
