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


class Dom0(Shell):
    def __init__(self, log, options, qemu_args=(), boot_timeout=120):
        self.free_before = None     # MiB, for checks that nothing is left behind
        super().__init__(Machine(log, options, qemu_args), "dom0")
        self.options = options
        self.boot_timeout = boot_timeout
        self.cpus = int(options.get("CPUS", 2))
        self.own_tools = options["TOOLS"] == "hospes"

    def boot(self):
        """Waits for the shell. Call it again after Dom0 was told to reboot."""
        self.m.expect(r"^dom0# ", self.boot_timeout, "Dom0's shell")
        self.logged_in.clear()
        self.settle()
        # Information of the kernel's in the middle of a line hides the answers of the shell; warnings and worse are to be seen.
        self.run("echo 5 > /proc/sys/kernel/printk")

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
            if m:
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

    def longest_wait(self):
        """Microseconds since the last call; debug builds only."""
        self.m.drain(0)
        self.m.mark = len(self.m.text)
        self.run("xl debug-keys w")
        self.m.mark = self.m.text.rfind("xl debug-keys w")
        return int(self.m.expect(r"Dom0 waited for a CPU (\d+) us at most", 10)[1])

    def details(self, what=""):
        return json.loads(self.run(f"xl list -l {what}"))

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
