#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our daemons in a real Dom0 in QEMU, with the stock xl: toolstack/tests/qemu.py [DAEMONS [CLIENTS]]

DAEMONS and CLIENTS are "ours" (default) or "stock": who is xenstored and xenconsoled, who is xenconsole and xenstore-*.
On Hospes, or with HYPERVISOR=xen on real Xen.
Prints PASS/FAIL lines. Needs the images (guests/build), build/hospes-tools and build/toolstack/xs_bench.
"""
import os
import re
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "system"))
sys.dont_write_bytecode = True
from dom0 import Dom0, need  # noqa: E402
from machine import Failure  # noqa: E402

STOCK_BIN = "usr/lib/xen-4.17/bin/"
DAEMONS = [STOCK_BIN + "xenstored", STOCK_BIN + "xenconsoled"]
CLIENTS = [STOCK_BIN + "xenconsole", STOCK_BIN + "xenstore-control"] + \
    ["usr/bin/xenstore-" + n for n in "chmod exists list ls read rm watch write".split()]


def cpio(entries):
    """entries: (path, mode, bytes) -> a cpio archive that can follow another one."""
    out = b""
    for i, (path, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")]):
        name = path.encode() + b"\0"
        head = b"070701" + b"".join(b"%08x" % v for v in (900000 + i, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0))
        for part in (head + name, data):
            out += part + b"\0" * (-len(part) % 4)
    return out


def build_initrd(path, daemons, clients):
    cache = os.environ.get("HOSPES_CACHE", os.path.join(TOP, "cache"))
    with open(os.path.join(TOP, "build", "hospes-tools"), "rb") as f:
        tools = f.read()
    with open(os.path.join(TOP, "build", "toolstack", "xs_bench"), "rb") as f:
        bench = f.read()
    bench_entry = ("usr/bin/xs_bench", 0o100755, bench)
    entries = [("usr/bin/hospes-tools", 0o100755, tools), bench_entry,
               ("usr/bin/xencommons", 0o120777, b"/usr/bin/hospes-tools"), ("guest.cpio", 0o100644, cpio([bench_entry]))]
    for group, who in ((DAEMONS, daemons), (CLIENTS, clients)):
        if who == "ours":
            entries += [(p, 0o120777, b"/usr/bin/hospes-tools") for p in group]
    with open(os.path.join(cache, "images", "dom0-stock.cpio"), "rb") as f:
        base = f.read()
    with open(path, "wb") as f:
        f.write(base + b"\0" * (-len(base) % 512) + cpio(entries))


def bench(d, what="", count=100):
    text = d.run(f"{what} xs_bench {count}", 240)
    return {m[1]: float(m[2]) for m in re.finditer(r"^(\S+) ([\d.]+)", text, re.M)}


def start(d, v):
    if v["daemons"] == "ours":
        d.run("xencommons start", 60)
        need("xenconsoled runs" in d.run("xencommons status"), "xencommons status")
        d.run("xencommons start", 60)           # again: does nothing
    else:
        d.run("/etc/init.d/xen start", 60)
    need("Domain-0" in d.domains(), "xl list")


def create(d, v):
    d.run("cat /root/domU.cpio /guest.cpio > /run/guest.cpio")
    d.create("small", timeout=90, name="one", options="-p", ramdisk="/run/guest.cpio", extra="console=hvc0 host=one")
    v["id"] = d.domains()["one"]["id"]
    tty = d.run(f"xenstore-read /local/domain/{v['id']}/console/tty").strip()
    need(tty.startswith("/dev/pts/"), f"tty {tty!r}")


def first_lines(d, v):
    """Two viewers from before the first instruction; both see all of it."""
    viewers = 2 if v["daemons"] == v["clients"] == "ours" else 1
    for i in range(viewers):
        d.run(f"sleep 9999 | /{STOCK_BIN}xenconsole {v['id']} > /run/view{i} & sleep 0.2")
    d.run("xl unpause one")
    d.wait("the guest's login", lambda: "login:" in d.run("tail -c 200 /run/view0"), 120, 2)
    for i in range(viewers):
        # Counted there: run() takes lines of a kernel for Dom0's own messages.
        d.run(f"head -c 2000 /run/view{i} | grep -q 'Booting Linux on physical CPU'")


def live_update(d, v):
    for options in "", "-t 60 -F ":
        text = d.run(f"xenstore-control live-update {options}/{STOCK_BIN}xenstored && echo done", 90)
        need("done" in text, f"the answer: {text}")     # the stock client says nothing then
    need(d.run(f"xenstore-read /local/domain/{v['id']}/name").strip() == "one", "what was there")
    need("OK" in d.run("xenstore-control check"), "check")


def flood(d, v):
    """A guest writes to the store as fast as it can; Dom0 hardly notices."""
    before = bench(d, count=1000)
    with d.console("one") as g:
        g.run("mkdir -p /dev/xen; xs_bench 1 data/bench flood > /dev/null 2>&1 & sleep 0.1")
    node = f"xenstore-read /local/domain/{v['id']}/data/bench/x"
    first = int(d.run(node))
    during = bench(d, count=1000)
    wrote = int(d.run(node)) - first
    print(f"    | the guest wrote {wrote} times meanwhile")
    need(wrote > 10, "the guest did not flood")
    d.run("xl list", 20)
    print("    | Dom0's operations/s, alone -> with a flooding guest: " +
          ", ".join(f"{k} {before[k]:.0f} -> {during[k]:.0f}" for k in ("read", "write", "transaction")))
    need(during["transaction"] > before["transaction"] / 10, f"{before} {during}")


def quota(d, v):
    with d.console("one") as g:
        text = g.run("kill %1; xs_bench 2000 data/q 2>&1; true", 240)
    need("create failed" in text, f"a guest created 2,000 nodes: {text}")
    need("OK" in d.run("xenstore-control check"), "check")


def last_lines(d, v):
    """The last words of a guest that powers off reach every viewer and the log."""
    if v["daemons"] == v["clients"] == "ours":
        with d.console("one") as g:
            d.m.send("(sleep 0.5; poweroff -f) &\n")
            g.m.drain(0.5)
    else:                                       # the only viewer is taken
        d.run("xl shutdown one")
    d.wait("its end", lambda: "one" not in d.domains(), 60, 2)
    d.wait("the viewers' end", lambda: not d.run("pidof xenconsole || true").strip(), 20)
    files = ["/run/view0"] + (["/run/view1", "/var/log/xen/console/guest-one.log"] if v["daemons"] == v["clients"] == "ours" else [])
    for f in files:
        d.run(f"tail -c 400 {f} | grep -q 'reboot: Power down'")
    need(str(v["id"]) not in d.run("xenstore-list /local/domain").split(), "its nodes are gone")


def many(d, v):
    """Ten guests: memory of the daemons."""
    for i in range(10):
        d.create("small", timeout=90, name=f"g{i}", options="-p", memory=64)
    rss = d.run("for p in xenstored xenconsoled; do grep VmRSS /proc/$(pidof $p)/status; done")
    kib = [int(n) for n in re.findall(r"(\d+) kB", rss)]
    print(f"    | resident with ten guests: xenstored {kib[0]} KiB, xenconsoled {kib[1]} KiB")
    need(sum(kib) <= 4096 or v["daemons"] == "stock", rss)
    for i in range(10):
        d.run(f"xl destroy g{i}", 60)


def speed(d, v):
    for what, env in (("socket", ""), ("kernel", "XENSTORED_RUNDIR=/none")):
        r = bench(d, env, 100)
        print(f"    | operations/s over the {what}: " + ", ".join(f"{k} {n:.0f}" for k, n in r.items()))


CHECKS = [start, speed, create, first_lines, live_update, flood, quota, last_lines, many]


def main():
    daemons, clients = (sys.argv[1:] + ["ours", "ours"])[:2]
    only = sys.argv[3:]
    log = os.path.join(TOP, "build", "toolstack", f"qemu-{daemons}-{clients}")
    build_initrd(log + ".cpio", daemons, clients)
    options = {"INITRD": log + ".cpio", "MEM": "2G", "DOM0_ARGS": "start=nothing", "TOOLS": "stock",
               "HYPERVISOR": os.path.join(TOP, "build", "hospes")}
    options.update({k: os.environ[k] for k in ("HYPERVISOR", "GIC", "CPUS", "CPU") if k in os.environ})
    v, bad = {"daemons": daemons, "clients": clients}, 0
    if "ICOUNT" in os.environ:      # one instruction is one nanosecond: speeds repeat exactly
        options.update(ACCEL="tcg,thread=single", CPUS=1)
    d = Dom0(log + ".log", options, ["-icount", "shift=0,sleep=off"] if "ICOUNT" in os.environ else [], boot_timeout=300)
    try:
        d.boot()
        for c in CHECKS:
            if (daemons == "stock" and c in (live_update, quota)) or (only and c.__name__ not in only):
                continue
            begin = time.monotonic()
            try:
                c(d, v)
                print(f"PASS {daemons}/{clients} {c.__name__} ({time.monotonic() - begin:.0f} s)", flush=True)
            except Failure as e:
                bad += 1
                print(f"FAIL {daemons}/{clients} {c.__name__}\n    | {e}", flush=True)
                d.recover()
    finally:
        d.m.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
