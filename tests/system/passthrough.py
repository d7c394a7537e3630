# SPDX-License-Identifier: GPL-2.0-only
"""A driver domain: the clock chip, kept from Dom0, is a guest's; its alarms arrive; the guest dies and comes back alone."""
import time

from dom0 import check, need

RTC = "/proc/device-tree/pl031@9010000"
IRQ = 34


def before(d):
    d.free_before = d.free_memory()
    d.create("small", name="other", memory=96, extra="console=hvc0 host=other")      # lives through all of it
    d.other = d.domains()["other"]["id"]


def after(d):
    d.destroy_guests()
    need(d.free_memory() == d.free_before, f"free memory: {d.free_before} MiB before, {d.free_memory()} after")


def start(d, **settings):
    if "rtc" not in d.domains():
        d.create("rtc", extra="console=hvc0 host=rtc", **settings)


def counts(g):
    """Interrupts of the clock on each vCPU."""
    return [int(n) for n in g.run("grep rtc-pl031 /proc/interrupts").split()[1:3]]


def alarm(d, g, cpu=None):
    """Sets the alarm and waits for its interrupt, exactly one."""
    was = counts(g)
    g.run("echo +2 > /sys/class/rtc/rtc0/wakealarm")     # +1 may have passed before it is set
    d.wait("the alarm", lambda: counts(g) != was, 30)
    now = counts(g)
    need(sum(now) == sum(was) + 1, f"interrupts {was}, then {now}")
    need(cpu is None or now[cpu] == was[cpu] + 1, f"not on vCPU {cpu}: {was}, then {now}")


def works(d):
    with d.console("rtc") as g:
        alarm(d, g)
        alarm(d, g)


def refused(d, why, **settings):
    """xl create of a small guest fails, says why and leaves nothing."""
    domains, free = set(d.domains()), d.free_memory()
    words = " ".join(f"'{key}={d.literal(value)}'" for key, value in settings.items())
    status, text = d.run(f"xl create -q /root/small.cfg 'name=\"two\"' {words} 2>&1", 60, ok=None)
    need(status and why in text, f"{settings}: status {status}, {text.strip()[-300:]}")
    d.wait("nothing to be left", lambda: set(d.domains()) == domains and d.free_memory() == free)


@check
def dom0_does_not_have_it(d):
    need(d.run(f"cat {RTC}/status").rstrip("\0\n") == "disabled", "the node's status")
    d.run(f"test ! -e {RTC}/xen,passthrough && test -z \"$(ls /sys/class/rtc)\" && ! grep 09010000 /proc/iomem")


@check
def time_and_alarms(d):
    start(d)
    with d.console("rtc") as g:
        first = time.time()
        now = int(g.run("cat /sys/class/rtc/rtc0/since_epoch"))
        need(first - 2 < now < time.time() + 2, f"the clock says {now}")     # the machine's clock is the host's
        need("Level" in g.run("grep rtc-pl031 /proc/interrupts"), "the trigger")
        need(counts(g) == [0, 0], f"interrupts at first: {counts(g)}")
        for _ in range(3):
            alarm(d, g)


@check
def affinity(d):
    start(d)
    with d.console("rtc") as g:
        number = g.run("grep rtc-pl031 /proc/interrupts").split(":")[0].strip()
        for cpu in (1, 0, 1, 0, 1, 0):
            g.run(f"echo {1 << cpu} > /proc/irq/{number}/smp_affinity")
            alarm(d, g, cpu)


@check
def one_owner(d):
    start(d)
    refused(d, "busy", irqs=[IRQ])
    refused(d, "busy", irqs=[IRQ], iomem=["9010,1"], device_tree="/root/rtc.dtb")
    refused(d, "busy", irqs=[int(d.run("awk '/virtio0/{print $(NF-2)}' /proc/interrupts"))])     # Dom0's disk
    refused(d, "not permitted", iomem=["9000,1"])     # the console, the hypervisor's
    works(d)


@check
def no_iommu(d):
    refused(d, "IOMMU" if d.own_tools else "passthrough not supported", dtdev=["/virtio_mmio@a000000"])


@check
def dies_with_its_line_high(d):
    """The alarm comes while the guest is paused: it dies with the interrupt on its way and the line high."""
    start(d)
    with d.console("rtc") as g:
        g.run("echo +2 > /sys/class/rtc/rtc0/wakealarm")
    d.run("xl pause rtc; sleep 4; xl destroy rtc", 60)
    before_idle = d.domains()["other"]["time"]
    d.run("sleep 3")
    need(d.domains()["other"]["time"] - before_idle < 3, "the other guest was kept busy")
    start(d)
    works(d)


@check
def restarted_alone(d):
    start(d)
    works(d)        # it is up and hears of the reboot
    was = d.domains()["rtc"]["id"]
    d.run("xl reboot rtc", 60)

    def is_back():
        rtc = d.domains().get("rtc", {"id": was})
        return rtc["id"] != was and rtc["vcpus"] and "p" not in rtc["state"]
    d.wait("the new domain", is_back, 90)
    d.logged_in.discard("rtc")
    works(d)
    need(d.domains()["other"]["id"] == d.other, "the other guest is another one")
    with d.console("other") as g:
        g.run("true")


@check
def killed_at_any_moment(d):
    """While the guest sets alarms as fast as it can."""
    for pause in (0.3, 1.2):
        start(d)
        with d.console("rtc") as g:
            g.run("(while :; do echo 0 > /sys/class/rtc/rtc0/wakealarm; echo +1 > /sys/class/rtc/rtc0/wakealarm; sleep 1.05; done) 2>/dev/null & true")
        d.run(f"sleep {pause}; xl destroy rtc", 60)
    start(d)
    works(d)


@check
def by_edge(d):
    d.run("xl destroy rtc", 60, ok=None)
    start(d, device_tree="/root/rtc-edge.dtb")
    with d.console("rtc") as g:
        need("Edge" in g.run("grep rtc-pl031 /proc/interrupts"), "the trigger")
    works(d)
    d.run("xl destroy rtc", 60)
    start(d)
    with d.console("rtc") as g:
        need(counts(g) == [0, 0], f"interrupts of another life: {counts(g)}")
    works(d)
