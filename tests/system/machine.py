# SPDX-License-Identifier: GPL-2.0-only
"""A machine in QEMU and the shell on its serial console."""
import contextlib
import os
import re
import select
import signal
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("HOSPES_CACHE") or os.path.join(TOP, "cache")
SCALE = float(os.environ.get("TIMEOUT_SCALE", "1"))

# For the command line of a Linux: on a slow host, its own limits of patience are stretched as ours are.
PATIENCE = "" if SCALE <= 1 else (f" rcupdate.rcu_cpu_stall_timeout={min(300, 21 * SCALE):.0f} watchdog_thresh={min(60, 10 * SCALE):.0f}"
                                  f" workqueue.watchdog_thresh={30 * SCALE:.0f}")

# Text of a crash or of a broken promise of the hypervisor or of a kernel, whoever printed it.
TROUBLE = re.compile(r"Xen call trace|Assertion '.*' failed|Panic on CPU|\(XEN\).*BUG|"
                     r"Unable to handle kernel|Internal error: Oops|Kernel panic - not syncing|rcu: INFO|"
                     r"BUG: (soft|workqueue) lockup|WARNING: CPU: \d+ PID|unregister_netdevice: waiting")


RUNNING = set()         # the QEMUs, so that an interrupted run leaves none behind


def end_all():
    for qemu in list(RUNNING):
        if qemu.poll() is None:
            os.killpg(qemu.pid, signal.SIGKILL)


class Failure(Exception):
    """A check that failed, or an answer that did not come."""


class Machine:
    def __init__(self, log, options, qemu_args=(), program=(os.path.join(TOP, "scripts", "run-qemu"),)):
        self.options = options
        self.text = ""          # all that was printed, without carriage returns and escapes
        self.mark = 0           # what is before this was looked at by expect()
        self.allowed = []       # patterns of trouble that the running check provokes on purpose
        self.troubles_seen = 0
        self.start = time.monotonic()
        self._partial = b""
        self._log = open(log, "wb", buffering=0)
        env = {**os.environ, **{k: str(v) for k, v in options.items()}}
        env["DOM0_ARGS"] = env.get("DOM0_ARGS", "") + PATIENCE
        self.qemu = subprocess.Popen([*program, *qemu_args], env=env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        RUNNING.add(self.qemu)
        os.set_blocking(self.qemu.stdout.fileno(), False)

    # ---- bytes
    def _pump(self, seconds):
        """Reads what came, waits at most that long for something; False at the end of the output."""
        ready, _, _ = select.select([self.qemu.stdout], [], [], max(0, seconds))
        if not ready:
            return True
        data = os.read(self.qemu.stdout.fileno(), 65536)
        self._log.write(data)
        data = self._partial + data
        cut = len(data) if not data or data[-1] < 0x80 else max(data.rfind(b"\n"), 0)
        self._partial = data[cut:]
        text = data[:cut].decode("utf-8", "replace").replace("\r", "")
        self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        return bool(data)

    def send(self, data):
        """Types, no faster than the other side echoes: a UART has no flow control and Xen keeps only 128 bytes."""
        for i in range(0, len(data), 24):
            chunk = data[i:i + 24]
            at = len(self.text)
            try:
                self.qemu.stdin.write(chunk.encode("latin-1"))
                self.qemu.stdin.flush()
            except OSError:
                raise Failure("QEMU has ended") from None
            end = time.monotonic() + 0.7
            while chunk.isprintable() and time.monotonic() < end and chunk[-8:] not in self.text[at:]:
                self._pump(0.05)

    def expect(self, pattern, timeout, what=None):
        """Waits for the pattern after what the last expect() found; returns the match."""
        regex = re.compile(pattern, re.M)
        end = time.monotonic() + timeout * SCALE
        alive = True
        while True:
            found = regex.search(self.text, self.mark)
            if found:
                self.mark = found.end()
                return found
            left = end - time.monotonic()
            if left <= 0 or not alive:
                raise Failure(f"{what or pattern!r} did not come {'in %.0f s' % (timeout * SCALE) if alive else '; QEMU ended'}")
            alive = self._pump(min(left, 0.5))

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._pump(min(0.1, end - time.monotonic())):
            pass

    def wait_exit(self, timeout):
        end = time.monotonic() + timeout * SCALE
        while self._pump(0.2):
            if time.monotonic() > end:
                raise Failure(f"the machine did not end in {timeout * SCALE:.0f} s")
        return self.qemu.wait(10)

    def troubles(self):
        """New lines of trouble since the last call."""
        new = []
        for m in TROUBLE.finditer(self.text, self.troubles_seen):
            line = self.text[self.text.rfind("\n", 0, m.start()) + 1:].split("\n", 1)[0]
            if not any(re.search(a, line) for a in self.allowed):
                new.append(line)
        self.troubles_seen = len(self.text)
        return new

    def close(self):
        if self.qemu.poll() is None:
            os.killpg(self.qemu.pid, signal.SIGKILL)
        self.qemu.wait()
        RUNNING.discard(self.qemu)
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


BETWEEN = r"(?:(?:\[ *\d+\.\d+\]|\(XEN\)) .*\n)*"     # a kernel's or the hypervisor's lines come between any two letters


class Shell:
    """Commands to the shell that reads the console now: Dom0's or, inside console(), a guest's."""

    def __init__(self, machine, name):
        self.m = machine
        self.name = name
        self.logged_in = set()      # names of guests

    def settle(self):
        """Replaces the line editor by a loop that reads lines: no prompt, no redrawing, the tty's plain echo."""
        self.m.send(f"PS1=; HERE={self.name}; while read -r l; do eval \"$l\"; done\n")
        self.m.drain(0.3)
        self.sync(20)

    def sync(self, timeout):
        self.m.send("\necho @@$HERE@@\n")
        self.m.expect(f"^@@{self.name}@@(?:\n|(?=\\[ *\\d+\\.))", timeout, f"the shell of {self.name}")

    def run(self, command, timeout=20, ok=True):
        """Runs it; returns its output. A status other than 0 fails unless ok is False; ok=None returns both."""
        m = self.m
        m.drain(0)
        m.mark = len(m.text)
        m.send(f"{command}; echo @@$?\n")
        m.expect(BETWEEN.join(("@", "@", r"\$", r"\?", r"\n")), 10, f"the echo of {command!r}")
        start = m.mark
        found = m.expect(f"@{BETWEEN}@{BETWEEN}(\\d+)(?:\n|(?=\\[ *\\d+\\.\\d+\\]))", timeout, f"the end of {command!r}")
        output = re.sub(r"\(XEN\) .*\n|^\[ *\d+\.\d+\] .*\n", "", m.text[start:found.start()], flags=re.M)
        status = int(found[1])
        if ok is None:
            return status, output
        if ok and status:
            raise Failure(f"{command!r} returned {status}: {output.strip()[-600:]}")
        if ok is False and status == 0:
            raise Failure(f"{command!r} should fail but did not: {output.strip()[-600:]}")
        return output

    @contextlib.contextmanager
    def console(self, guest, timeout=60, options=""):
        """The shell of a guest through "xl console"; logs in the first time. Ctrl-] leaves it."""
        m = self.m
        m.drain(0)
        m.mark = len(m.text)
        terminal = f"{options} {guest}".strip()
        m.send(f"xl console {terminal}\n")
        inside = Shell(m, guest)
        if terminal not in self.logged_in:
            m.expect(r"login: ", timeout, f"the login of {guest}")
            m.send("root\n")
            m.expect(r"^\S*# ", 20, f"the prompt of {guest}")
            inside.settle()
            self.logged_in.add(terminal)
        else:
            m.drain(0.5)
            inside.sync(timeout)
        try:
            yield inside
        finally:
            self.leave_console()

    def leave_console(self):
        for attempt in range(4):
            self.m.drain(0.3 + attempt)     # xenconsole knows Ctrl-] only when it is read alone
            self.m.send("\x1d")
            self.m.drain(0.3 + attempt)
            try:
                self.sync(3)
                return
            except Failure:
                pass
        raise Failure(f"Ctrl-] does not lead back to {self.name}")
