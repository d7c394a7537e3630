# SPDX-License-Identifier: GPL-2.0-only
"""What "make run" leads to: Dom0 is booted with start=guest, and the guest with its disk and its network is there."""
from dom0 import check, need

VICTIM = False     # what the guest that is there already will give back is not known


@check
def guest_runs(d):
    need(d.domains().get("guest", {}).get("mem") == 256, f"{d.domains()}")
    with d.console("guest") as g:
        need("/dev/xvda on / type ext4" in g.run("mount"), "the root is not on /dev/xvda")
        need(" 0% packet loss" in g.run("ping -c 2 -i 0.3 10.0.0.1"), "ping from the guest")


@check
def help_is_there(d):
    need("create" in d.run("xl help"), "xl help")
    d.run("xl shutdown -w guest", 60)
    d.wait("the guest's end", lambda: "guest" not in d.domains(), 20)
    d.start_victim()
