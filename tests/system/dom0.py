# SPDX-License-Identifier: GPL-2.0-only
"""Dom0 as the checks see it: its shell, and guests by xl."""
import json
import os
import re
import time

from machine import Failure, Machine, PATIENCE, Shell


def check(function):
    """Marks a check. The checks of a file run in the order of their definition, on one machine."""
    function.is_check = True
    return function


def need(condition, text):
    if not condition:
        raise Failure(text)


def seconds(m):
    """What a match of hours, minutes and seconds says."""
    return int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3])


VICTIM = "victim0"
CORES = "/run/crashed"


class Dom0(Shell):
    def __init__(self, log, options, qemu_args=(), boot_timeout=120):
        self.free_before = None     # MiB, for checks that nothing is left behind
        super().__init__(Machine(log, options, qemu_args), "dom0")
        self.options = options
        self.boot_timeout = boot_timeout
        self.cpus = int(options.get("CPUS", 2))
        self.metered = 0            # lines that the meters asked the hypervisor for
        self.beats = None           # of the victim, while there is one
        self.own_tools = options["TOOLS"] == "hospes"

    def boot(self):
        """Waits for the shell. Call it again after Dom0 was told to reboot."""
        self.m.expect(r"^dom0# ", self.boot_timeout, "Dom0's shell")
        self.beats = None
        self.logged_in.clear()
        self.settle()
        # Information of the kernel's in the middle of a line hides the answers of the shell; warnings and worse are to be seen.
        self.run("echo 5 > /proc/sys/kernel/printk")
        # A daemon or a watcher that dies of a signal says nothing; the kernel keeps its core, whatever its limits are.
        self.run(f"echo '|/bin/busybox tee {CORES}-%e-%p' > /proc/sys/kernel/core_pattern")

    # ---- guests
    def create(self, config, timeout=60, options="", **settings):
        """xl create with settings that override the file's; each is written as in the file."""
        name = settings.get("name", config)
        self.logged_in.discard(name)
        if "kernel" not in settings and "extra" in settings:
            settings["extra"] += PATIENCE
        words = " ".join(f"'{key}={self.literal(value)}'" for key, value in settings.items())
        self.run(f"rm -f /var/log/xen/console/guest-{name}.log; xl create -q {options} /root/{config}.cfg {words}", timeout)

    @staticmethod
    def literal(value):
        if isinstance(value, str):
            return f'"{value}"'
        if isinstance(value, (list, tuple)):
            return "[" + ",".join(Dom0.literal(v) for v in value) + "]"
        return str(value)

    def domains(self):
        """name -> {"id", "mem", "vcpus", "state", "time"} as xl list prints them."""
        found = {}
        for line in self.run("xl list").splitlines():
            m = re.match(r"(\S+) +(\d+) +(\d+) +(\d+) +([-rbpsdc]{6}) +(\d+\.\d)$", line.strip().replace("\t", " "))
            if m and m[1] != VICTIM:
                found[m[1]] = {"id": int(m[2]), "mem": int(m[3]), "vcpus": int(m[4]), "state": m[5], "time": float(m[6])}
        return found

    def info(self):
        return dict(re.findall(r"^(\S+) *: (.*)$", self.run("xl info"), re.M))

    def free_memory(self):
        return int(self.info()["free_memory"])

    def top(self):
        """The batch view. Stock xl starts xentop without arguments; ours has it built in."""
        return self.run("xl top -b -i 1" if self.own_tools else "xentop -b -i 1")

    def guest_log(self, name):
        """The last lines of a guest, as xenconsoled logs them; without what run() looks for."""
        return self.run(f"tail -n 30 /var/log/xen/console/guest-{name}.log | tr @ .", ok=None)[1]

    def hypervisor_log(self):
        # In other letters, or run() would take it for the hypervisor's own messages on the console and drop it.
        return self.run("xl dmesg | tr '()' '{}'").replace("{XEN}", "(XEN)")

    # ---- meters
    def debug_key(self, key, answer):
        """What the hypervisor prints at it, of which `answer` is a number."""
        self.m.drain(0)
        self.m.mark = len(self.m.text)
        self.run(f"xl debug-keys {key}")
        at = self.m.mark = self.m.text.rfind(f"xl debug-keys {key}")
        found = self.m.expect(answer, 10)
        self.metered += self.m.text.count("\n(XEN)", at)
        return int(found[1])

    def longest_wait(self):
        """Microseconds since the last call; debug builds only."""
        return self.debug_key("w", r"Dom0 waited for a CPU (\d+) us at most")

    def free_pages(self):
        """Pages of the heap, with those of Dom0's own tables, which grow with the windows that it maps. Of real Xen, MiB."""
        if self.options["HYPERVISOR"] == "xen":
            return self.free_memory()
        return self.debug_key("H", r"Heap: (\d+) pages free") + self.debug_key("q", r"domain 0:\n.*table_pages=(\d+)")

    def beat(self):
        """How often the victim has told that its memory is its own; 0 before its first word."""
        text = self.run(f"tail -n 2 /var/log/xen/console/guest-{VICTIM}.log", ok=None)[1]
        return int((re.findall(r"^beat (\d+)", text, re.M) or ["0"])[-1])

    def start_victim(self):
        """A guest beside all others, which domains() does not name. Its end tells what was not given back since this."""
        free = self.free_pages()
        self.create("small", name=VICTIM, kernel="/root/tiny", ramdisk="", memory=8, extra="tiny=victim", on_crash="preserve")
        self.beats, self.free_pages_before = 0, free
        self.victim_lives()

    def victim_lives(self):
        before = self.beats
        if before is not None:
            self.beats = self.wait("a word of the victim", lambda: (n := self.beat()) > before and n)

    def end_victim(self):
        if self.beats is None:
            return
        self.beats = None
        self.run(f"xl destroy {VICTIM}", 40)
        self.wait(f"{self.free_pages_before} free pages again", lambda: self.free_pages() == self.free_pages_before)

    def nothing_crashed(self):
        """Where there is a victim, the last Dom0 of the boot is still there."""
        if self.beats is not None:
            cores = self.run(f"ls {CORES}-* 2> /dev/null", ok=None)[1]
            need(not cores, cores)

    def details(self, what=""):
        found = json.loads(self.run(f"xl list -l {what}"))
        return [x for x in found if x["config"]["c_info"].get("name") != VICTIM] if isinstance(found, list) else found

    def destroy_guests(self):
        for name in self.domains():
            if name != "Domain-0":
                self.run(f"xl destroy {name}", 40, ok=None)

    def wait(self, what, condition, timeout=20, pause=0.5):
        """Asks again and again until condition() holds."""
        end = time.monotonic() + timeout * float(os.environ.get("TIMEOUT_SCALE", "1"))
        while True:
            value = condition()
            if value:
                return value
            need(time.monotonic() < end, f"{what}: not in {timeout} s")
            self.m.drain(pause)

    def recover(self):
        """Back to Dom0's shell without guests after a failed check; a Failure when that is not possible."""
        self.m.send("\x1d\n")
        try:
            self.sync(5)
        except Failure:
            self.m.send("\x1d\x03")
            self.m.drain(1)
            self.m.send("\n")
            self.settle()
        self.destroy_guests()
