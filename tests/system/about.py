# SPDX-License-Identifier: GPL-2.0-only
"""What Dom0 is and what xl says of the machine while no guest runs."""
import re

from dom0 import check, need, seconds


@check
def dom0_has_the_machine(d):
    need(d.run("nproc").strip() == str(d.cpus), "Dom0 does not have all CPUs")
    need("Xen" in d.run("cat /proc/device-tree/hypervisor/compatible; dmesg | grep 'Xen 4.17'"), "no Xen in Dom0's log")
    disks = d.run("ls /sys/class/block /sys/class/rtc /sys/bus/amba/drivers/pl061_gpio /sys/bus/pci/devices")
    for want in ("vda", "rtc0", "9030000.pl061", "0000:00:00.0"):
        need(want in disks, f"Dom0 has no {want}: {disks}")


@check
def dom0_log_is_clean(d):
    bad = d.run("dmesg | grep -iE 'warning:|call trace|unhandled|stall|bug:|oops|nobody cared' || true").strip()
    need(not bad, bad)


@check
def info(d):
    i = d.info()
    for key, want in (("nr_cpus", str(d.cpus)), ("xen_version", r"4\.17.*"), ("xen_pagesize", "4096"), ("xen_scheduler", "credit2"),
                      ("machine", "aarch64"), ("nr_nodes", "1"), ("xen_caps", r".*xen-3\.0-aarch64.*"), ("virt_caps", ".*hvm.*"),
                      ("xen_commandline", ".*dom0_mem=.*"), ("free_memory", r"\d+"), ("total_memory", r"\d+")):
        need(re.fullmatch(want, i.get(key, "(missing)").strip()), f"xl info: {key} is {i.get(key)!r}, not {want}")


@check
def list_dom0(d):
    dom0 = d.domains().get("Domain-0")
    need(dom0, "xl list has no Domain-0")
    need(dom0["id"] == 0 and dom0["vcpus"] == d.cpus and dom0["state"][0] == "r" and dom0["time"] > 0, f"xl list: {dom0}")
    memory = re.search(r"dom0_mem=(\d+)M", d.info()["xen_commandline"])
    need(dom0["mem"] == int(memory[1]), f"Domain-0 has {dom0['mem']} MiB, not {memory[1]}")
    need("00000000-0000-0000-0000-000000000000" in d.run("xl list -v"), "xl list -v: no uuid")
    need([x["domid"] for x in d.details()] == [0], "xl list -l")


@check
def dmesg(d):
    text = d.hypervisor_log()
    need(len(text.splitlines()) > 5, f"xl dmesg prints next to nothing: {text}")
    need(text == d.hypervisor_log(), "xl dmesg does not print the same twice")


@check
def debug_keys(d):
    d.run("xl debug-keys h")
    d.run("xl debug-keys q")
    text = d.hypervisor_log()
    need(re.search(r"'h' pressed(?:.|\n)*'q' pressed(?:.|\n)*domain 0:(?:.|\n){,200}nr_pages=\d", text), f"the keys' answers are not in xl dmesg: {text[-2000:]}")


@check
def uptime(d):
    text = d.run("cut -d. -f1 /proc/uptime; xl uptime; cut -d. -f1 /proc/uptime")
    m = re.search(r"Domain-0 +0 +(\d+):(\d\d):(\d\d)\n", text)
    need(m and int(text.split()[0]) <= seconds(m) <= int(text.split()[-1]), f"Dom0's uptime, between two looks at its clock: {text}")


@check
def top(d):
    text = d.top()
    m = re.search(r"Domain-0 +\S+ +(\d+) +\d+\.\d +(\d+)", text)
    need(m and int(m[1]) > 0 and int(m[2]) >> 10 == d.domains()["Domain-0"]["mem"], f"xentop: {text}")


@check
def names(d):
    need(d.run("xl domid Domain-0").strip() == "0", "xl domid Domain-0")
    need(d.run("xl domname 0").strip() == "Domain-0", "xl domname 0")
    d.run("xl domid nobody", ok=False)
    d.run("xl domname 77", ok=False)


@check
def cpupool_list(d):
    m = re.search(r"^Pool-0 +(\d+) +(\S+) +(\w) +(\d+)", d.run("xl cpupool-list"), re.M)
    need(m and m[1] == str(d.cpus) and m[2] == "credit2" and m[3] == "y" and int(m[4]) == 1 + (d.beats is not None), "xl cpupool-list")


@check
def vcpu_list(d):
    rows = re.findall(r"^Domain-0 +0 +(\d+) +(\d+|-) +(\S+) +(\d+\.\d) ", d.run("xl vcpu-list"), re.M)
    need([int(r[0]) for r in rows] == list(range(d.cpus)), f"xl vcpu-list: {rows}")
    need(any(float(r[3]) > 0 for r in rows), "no vCPU of Dom0 has used time")


@check
def dom0_vcpu_hotplug(d):
    if d.cpus == 1:
        return
    d.run(f"xl vcpu-set 0 {d.cpus - 1}")
    d.wait("a vCPU less", lambda: d.run("nproc").strip() == str(d.cpus - 1))
    d.run(f"xl vcpu-set 0 {d.cpus}")
    d.wait("the vCPU is back", lambda: d.run(f"test -e /sys/devices/system/cpu/cpu{d.cpus - 1}/online", ok=None)[0] == 0)
    d.run(f"echo 1 > /sys/devices/system/cpu/cpu{d.cpus - 1}/online")
    need(d.run("nproc").strip() == str(d.cpus), "not all CPUs are on again")


@check
def time_passes(d):
    """A second of Dom0 is a second of ours, and sleeping uses no CPU."""
    before = d.domains()["Domain-0"]["time"]
    a, b = d.run("cut -d' ' -f1 /proc/uptime; sleep 4; cut -d' ' -f1 /proc/uptime").split()[:2]
    need(3.9 < float(b) - float(a) < 8, f"sleep 4 took {float(b) - float(a):.2f} s")
    used = d.domains()["Domain-0"]["time"] - before
    need(used < 4, f"Dom0 used {used:.1f} s of CPU time in 4 s of sleep")


@check
def timers_wake_every_cpu(d):
    for cpu in range(d.cpus):
        took = []
        while not took or (took[-1] > 6 and len(took) < 3):         # the host may be busy for once
            took.append(int(d.run(f"a=$(cut -d. -f1 /proc/uptime); for i in 1 2 3 4 5; do taskset {1 << cpu:x} sleep 0.3; done; "
                                  "b=$(cut -d. -f1 /proc/uptime); echo $((b-a))", 60).split()[-1]))
        need(min(took) <= 6, f"CPU {cpu}: five times 0.3 s of sleep took {took} s")
