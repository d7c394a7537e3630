# SPDX-License-Identifier: GPL-2.0-only
"""vCPUs of guests: pinning, hot-plug, and what weights and caps of the scheduler really give."""
import re

from dom0 import check, need


def before(d):
    d.free_before = d.free_memory()


def after(d):
    d.destroy_guests()
    need(d.free_memory() == d.free_before, f"free memory: {d.free_before} MiB before, {d.free_memory()} after")


def rows(d, name):
    """[(vcpu, cpu, state, time, affinity)]"""
    found = re.findall(rf"^{name} +\d+ +(\d+) +(\d+|-) +(\S+) +(\d+\.\d) +(\S+) / ", d.run(f"xl vcpu-list {name}"), re.M)
    return [(int(v), c, s, float(t), a) for v, c, s, t, a in found]


def smp(d):
    if "smp" not in d.domains():
        d.create("small", name="smp", memory=128, vcpus=2, maxvcpus=4, extra="console=hvc0 host=smp")


@check
def guest_with_vcpus(d):
    smp(d)
    with d.console("smp") as g:
        need(g.run("nproc").strip() == "2", f"nproc is {g.run('nproc')}")
    r = rows(d, "smp")
    need([v for v, *_ in r] == [0, 1, 2, 3] and r[2][1] == "-", f"xl vcpu-list: {r}")


@check
def vcpu_set(d):
    smp(d)
    d.run("xl vcpu-set --ignore-host smp 4")
    with d.console("smp") as g:
        g.run("n=0; until [ -e /sys/devices/system/cpu/cpu3/online ] || [ $n = 50 ]; do sleep 0.1; n=$((n+1)); done")
        g.run("echo 1 > /sys/devices/system/cpu/cpu2/online; echo 1 > /sys/devices/system/cpu/cpu3/online", 40)
        need(g.run("nproc").strip() == "4", "after vcpu-set 4")
    d.run("xl vcpu-set smp 1")
    with d.console("smp") as g:
        g.run("n=0; until [ $(nproc) = 1 ] || [ $n = 100 ]; do sleep 0.1; n=$((n+1)); done")
        need(g.run("nproc").strip() == "1", "after vcpu-set 1")
    need([r[1] for r in rows(d, "smp")][1:] == ["-"] * 3, "xl vcpu-list after vcpu-set 1")
    d.run("xl vcpu-set --ignore-host smp 2")
    with d.console("smp") as g:
        g.run("n=0; until [ -e /sys/devices/system/cpu/cpu1/online ] || [ $n = 50 ]; do sleep 0.1; n=$((n+1)); done")
        g.run("echo 1 > /sys/devices/system/cpu/cpu1/online", 40)
        need(g.run("nproc").strip() == "2", "after vcpu-set 2")


@check
def vcpu_pin(d):
    smp(d)
    last = d.cpus - 1
    d.run(f"xl vcpu-pin smp 0 {last}")
    d.run("xl vcpu-pin smp 1 0")
    with d.console("smp") as g:
        g.run("taskset 1 seq 1 20000 > /dev/null; taskset 2 seq 1 20000 > /dev/null", 40)
    r = rows(d, "smp")
    shown = (str(last), "0") if last else ("all", "all")
    need((r[0][1], r[1][1]) == (str(last), "0") and (r[0][4], r[1][4]) == shown, f"{r}")
    d.run("xl vcpu-pin smp all 0 all")
    need([r[4] for r in rows(d, "smp")] == ["0" if last else "all"] * 4, "xl vcpu-pin all 0 all")
    d.run("xl vcpu-pin smp all all")
    need(all(r[4] == "all" for r in rows(d, "smp")), "xl vcpu-pin all all")
    d.run("xl vcpu-pin smp 0 77", ok=False)
    d.run("xl destroy smp", 40)


def busy(d, **weights):
    """Busy guests of these names and weights, all on the last CPU."""
    for name in [n for n in d.domains() if n not in weights and n != "Domain-0"]:
        d.run(f"xl destroy {name}", 60)
    for name, weight in weights.items():
        if name not in d.domains():
            d.create("small", name=name, memory=96, extra="console=hvc0 busy=1", cpus=str(d.cpus - 1), cpu_weight=weight)
    for name in weights:
        d.wait(f"{name} is busy", lambda n=name: "busy now" in d.guest_log(n), 90)


@check
def scheduler_parameters(d):
    need(re.search(r"Domain-0 +0 +256 +0", d.run("xl sched-credit2")), "xl sched-credit2")
    busy(d, busy1=256, busy2=512)
    need(re.search(r"busy2 +\d+ +512 +0", d.run("xl sched-credit2")), "the weight of the file")
    d.run("xl sched-credit2 -d busy1 -w 0", ok=False)


def shares(d, seconds):
    a = d.domains()
    d.m.drain(seconds)
    b = d.domains()
    return [b[n]["time"] - a[n]["time"] for n in ("busy1", "busy2")]


@check
def weights_hold(d):
    busy(d, busy1=256, busy2=512)
    one, two = shares(d, 10)
    need(1.6 < two / one < 2.5, f"weights 256 and 512 gave {one:.1f} s and {two:.1f} s")
    d.run("xl sched-credit2 -d busy1 -w 1024")
    d.m.drain(2)
    one, two = shares(d, 10)
    need(1.6 < one / two < 2.5, f"weights 1024 and 512 gave {one:.1f} s and {two:.1f} s")


def share(d, seconds):
    """CPU share of busy1 by the machine's clock, for the host may be slow."""
    def now():
        return float(d.run("cut -d' ' -f1 /proc/uptime")), d.domains()["busy1"]["time"]
    t0, a = now()
    d.m.drain(seconds)
    t1, b = now()
    return (b - a) / (t1 - t0)


@check
def caps_hold(d):
    """A cap holds though the CPU would be free."""
    busy(d, busy1=1024)
    d.run("xl sched-credit2 -d busy1 -c 25")
    need(re.search(r"busy1 +\d+ +1024 +25", d.run("xl sched-credit2")), "the cap is not shown")
    d.m.drain(2)
    got = share(d, 8)
    need(0.18 < got < 0.31, f"a cap of 25 % gave {got * 100:.0f} %")
    d.run("xl sched-credit2 -d busy1 -c 0")
    d.m.drain(1)
    got = share(d, 4)
    need(got > 0.6, f"without cap it gets only {got * 100:.0f} %")
