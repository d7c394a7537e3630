# SPDX-License-Identifier: GPL-2.0-only
"""A guest with a virtual UART: its first words, a login, both directions, beside its PV console."""
import re

from dom0 import check, need

LOG = "/var/log/xen/console/guest-serial-vuart0.log"


def before(d):
    d.free_before = d.free_memory()
    d.run(f"rm -f {LOG}")
    d.logged_in.discard("-t vuart serial")
    d.create("small", name="serial", memory=128, vuart="sbsa_uart",
             extra="earlycon=pl011,0x22000000 console=hvc0 console=ttyAMA0 host=serial")


def after(d):
    d.destroy_guests()
    need(d.free_memory() == d.free_before, f"free memory: {d.free_before} MiB before, {d.free_memory()} after")
    need("vuart" not in d.run("xenstore-ls -f"), "the store still knows a vuart")


def serial(d):
    return d.console("serial", options="-t vuart")


@check
def login(d):
    with serial(d) as g:
        need(g.run("tty").strip() == "/dev/ttyAMA0", "not the terminal that was asked for")
        g.run("echo 1 > /proc/sys/kernel/printk")
        need(re.search(r" 32 Level +uart-pl011", g.run("cat /proc/interrupts")), "no level interrupt 32")


@check
def first_words(d):
    """earlycon speaks before any driver does, and the driver goes on where it stopped."""
    text = d.run(f"head -n 400 {LOG} | sed 's/^\\[[^]]*\\]/:/' | tr @ .")     # in other letters: run() looks for its own
    need(re.search(r"^: Booting Linux on physical CPU", text), f"it begins with {text[:200]!r}")
    for words in ("earlycon: pl11 at MMIO 0x0000000022000000", "console [ttyAMA0] enabled", "bootconsole [pl11] disabled"):
        need(words in text, f"no {words!r}")


@check
def out(d):
    """Some 100 KB, each line whole and in order."""
    with serial(d) as g:
        lines = g.run("seq 1 2000 | sed 's/.*/line & of a long answer from the guest/'", 90).split("\n")
    want = [f"line {i} of a long answer from the guest" for i in range(1, 2001)]
    got = [x for x in lines if x.startswith("line")]
    need(got == want, f"{len(got)} lines of {len(want)}; first difference: "
         f"{next(((a, b) for a, b in zip(got, want) if a != b), None)}")


@check
def typed(d):
    with serial(d) as g:
        for i in range(4):
            word = f"{i}" + "abcdefghij" * 12
            need(g.run(f"echo {word} | md5sum; echo {word}").split()[-1] == word, "what was typed did not arrive")


@check
def both_consoles(d):
    """The PV console is the same as ever, and neither shows what belongs to the other."""
    with d.console("serial") as g:
        need(g.run("tty").strip() == "/dev/hvc0", "not the PV console")
        g.run("echo to the PV console")
    with serial(d) as g:
        need(g.run("tty").strip() == "/dev/ttyAMA0", "not the UART")
    d.run(f"! grep -q 'to the PV console' {LOG}")


@check
def crash_is_heard(d):
    """A guest that dies at once has said why; nothing of it is left."""
    d.run(f"xl destroy serial; rm -f {LOG}")
    d.create("small", name="serial", memory=128, vuart="sbsa_uart", ramdisk="", on_crash="destroy", on_reboot="destroy",
             extra="console=ttyAMA0 root=nothing panic=1")
    d.wait("the guest's end", lambda: "serial" not in d.domains(), 60)
    words = d.run(f"grep -o 'Unable to mount root fs' {LOG} || tail -n 5 {LOG} | tr '@[' '.:'")
    need("Unable" in words, f"its last words are not in the log: {words}")
