# SPDX-License-Identifier: GPL-2.0-only
"""xenstore by its command-line tools, and the live update of xenstored."""
from dom0 import check, need


@check
def write_read(d):
    d.run("xenstore-write /test/a one /test/b two /test/b/c three")
    need(d.run("xenstore-read /test/a /test/b /test/b/c").split() == ["one", "two", "three"], "xenstore-read")
    need(d.run("xenstore-list /test").split() == ["a", "b"], "xenstore-list")
    need('b = "two"' in d.run("xenstore-ls /test"), "xenstore-ls")
    need("(n0)" in d.run("xenstore-ls -p /test"), "xenstore-ls -p")
    d.run("xenstore-exists /test/b/c")
    d.run("xenstore-exists /test/x", ok=False)
    d.run("xenstore-chmod /test/a n0 r7")
    need("(n0,r7)" in d.run("xenstore-ls -p /test"), "xenstore-chmod")


@check
def big_value(d):
    d.run("xenstore-write /test/big $(head -c 1500 /dev/zero | tr '\\0' x)")
    need(d.run("xenstore-read /test/big | wc -c").strip() == "1501", "1,500 bytes")
    d.run("xenstore-write /test/big $(head -c 9000 /dev/zero | tr '\\0' x)", ok=False)


@check
def watch(d):
    d.run("xenstore-watch -n 3 /test/b > /tmp/watch & sleep 0.5")
    d.run("xenstore-write /test/b/d four; xenstore-rm /test/b; wait")
    need(d.run("cat /tmp/watch").split() == ["/test/b", "/test/b/d", "/test/b"], d.run("cat /tmp/watch"))


@check
def remove(d):
    d.run("xenstore-rm /test")
    d.run("xenstore-read /test/a", ok=False)
    d.run("xenstore-exists /test", ok=False)


@check
def live_update(d):
    """A new xenstored takes over from the running one; a guest's connection and its watches live on."""
    d.create("small", name="one", memory=96, extra="console=hvc0 host=one")
    with d.console("one") as g:
        g.run("true")
    d.run("xenstore-write /test/kept yes")
    pid_file = "/run/xen/xenstored.pid" if d.own_tools else "/run/xenstore.pid"
    old = d.run(f"cat {pid_file}").strip()
    program = d.run(f"readlink /proc/{old}/exe").strip()
    file, mark = ("environ", "XENSTORED_STATE=") if d.own_tools else ("cmdline", " -U")
    need(mark not in d.run(f"tr '\\0' ' ' < /proc/{old}/{file}"), "it has been updated before")
    d.run(f"xenstore-control live-update {program}", 60)
    need(mark in d.run(f"tr '\\0' ' ' < /proc/{old}/{file}"), "the process runs on as it was")
    need(d.run("xenstore-read /test/kept").strip() == "yes", "what was written before")
    need(d.run(f"cat {pid_file}").strip() == old, "the process is the same")
    d.run("xl shutdown -w one", 60)
    d.wait("its end", lambda: "one" not in d.domains())
    d.run("xenstore-rm /test")
