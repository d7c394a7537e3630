#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Puts known classes of bugs into copies of the tree, one at a time, and shows which test catches each.

    run.py [NAME...]        those whose name, class or suite contains one of the words; all without
    run.py --check          only whether each still fits the source, and docs/testing.md counts them right
    run.py --table          the table for docs/testing.md

The table is faults.txt, see its head. A suite has to pass without a fault, or nothing that it says counts. Host suites run WORKERS=2 at a time,
QEMU alone and first. Prints a line per fault and at the end "N caught, M survived"; status 0 when all are caught.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join(TOP, "build", "mutants")
Fault = collections.namedtuple("Fault", "name kind suites file old new")
QEMU = ("guest", "compare", "system")
WORKERS = int(os.environ.get("WORKERS", "2"))
LIMIT = 900         # seconds for one suite, on a busy machine too
ARGUMENTS = {"test_config": ["guests/root/example.cfg"]}    # of the toolstack's tests


def read_faults():
    faults = []
    with open(os.path.join(HERE, "faults.txt"), encoding="utf-8") as f:
        blocks = re.split(r"\n(?=\[)", "\n" + f.read())[1:]
    for block in blocks:
        lines = [line for line in block.rstrip("\n").split("\n") if not line.startswith("#")]
        head = re.fullmatch(r"\[([\w-]+)\] ([^|]+) \| (.+)", lines[0])
        if not head or any(line[:1] not in ("-", "+", "") for line in lines[2:]):
            raise SystemExit(f"faults.txt: not understood: {lines[0]}")
        old, new = ("".join(line[1:] + "\n" for line in lines[2:] if line[:1] == sign) for sign in "-+")
        faults.append(Fault(head[1], head[2].strip(), head[3].split(), lines[1], old, new))
    return faults


def stale(fault):
    """Why the fault does not fit the source, or None."""
    try:
        with open(os.path.join(TOP, fault.file), encoding="utf-8") as f:
            n = ("\n" + f.read()).count("\n" + fault.old)
    except FileNotFoundError:
        return f"no {fault.file}"
    return None if n == 1 else f"its text is there {n} times in {fault.file}"


class Copy:
    """A copy of the tree with what was built in it."""

    def __init__(self, name):
        self.top = os.path.join(WORK, name)
        self.passed = {}        # suite -> why it fails without a fault, or None
        tracked = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True).stdout
        kept = set()
        for path in tracked.split("\n"):
            source, copy = os.path.join(TOP, path), os.path.join(self.top, path)
            if path and os.path.isfile(source):
                kept.add(path)
                self.update(source, copy)
        self.env = {k: v for k, v in os.environ.items() if k not in ("BUILD", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.env["HOSPES_CACHE"] = os.environ.get("HOSPES_CACHE", os.path.join(TOP, "cache"))
        self.env.pop("HYPERVISOR", None)
        for folder in ("hypervisor", "tests", "toolstack"):     # files that have gone
            for place, _, names in os.walk(os.path.join(self.top, folder)):
                for name in names:
                    path = os.path.relpath(os.path.join(place, name), self.top)
                    if path not in kept and "__pycache__" not in path:
                        os.remove(os.path.join(self.top, path))

    @staticmethod
    def update(source, copy):
        with open(source, "rb") as f:
            data = f.read()
        if os.path.exists(copy):
            with open(copy, "rb") as f:
                if f.read() == data:
                    return
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copyfile(source, copy)
        shutil.copymode(source, copy)

    def call(self, *command, **env):
        """(status, output); a command that takes too long is ended, with all its children."""
        job = subprocess.Popen(command, cwd=self.top, env={**self.env, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        try:
            out, _ = job.communicate(timeout=LIMIT)
            return job.returncode, out
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            job.communicate()
            return -1, "FAIL it does not end"

    def build(self, *what):
        status, out = self.call("make", "-s", *what)
        if status:
            raise RuntimeError("does not build: " + " ".join(re.findall(r".*error.*", out)[:2] or out.split("\n")[-3:])[:300])

    def image(self):
        self.build("-C", "hypervisor")

    def debug_image(self):
        folder = os.path.join(self.top, "build", "debug")
        config = os.path.join(folder, ".config")
        if not os.path.exists(config):
            os.makedirs(folder, exist_ok=True)
            with open(config, "w", encoding="ascii") as f:
                f.write("CONFIG_DEBUG=y\n")
            os.utime(config, (0, 0))        # older than Kconfig: completed
        self.build("-C", "hypervisor", "BUILD=" + folder)

    # Each suite: builds what it needs and returns (status, output).
    def unit(self, name):
        program = os.path.join(self.top, "build/unit/test_" + name)
        self.build("-C", "tests/unit", "WARN=-w", program)
        return self.call("timeout", "180", program, FIRST="1")

    def static(self, name):
        try:
            self.image()
        except RuntimeError as e:
            return 1, f"FAIL {e}"       # the build has checks, too
        return self.call("make", "-s", "-C", "tests/static", name)

    def tools(self, name):
        self.build("-C", "toolstack", os.path.join(self.top, "build/toolstack-host", name))
        return self.call("timeout", "120", os.path.join(self.top, "build/toolstack-host", name), *ARGUMENTS.get(name, ()))

    def guest(self, name):
        payload, machine = name.split("@")
        self.image()
        self.build("-C", "tests/guest", "all")
        return self.call("python3", "tests/guest/guest.py", "test", payload, MACHINES=machine)

    def compare(self, name):
        payload, machine = name.split("@")
        self.image()
        self.build("-C", "tests/guest", "all")
        return self.call("python3", "tests/guest/guest.py", "compare", payload, MACHINES=machine)

    def system(self, name):
        self.image()
        if name.startswith(("exact", "debug")):
            self.debug_image()
        link = os.path.join(self.top, "build", "hospes-tools")
        if not os.path.exists(link):
            os.symlink(os.path.join(TOP, "build", "hospes-tools"), link)
        return self.call("python3", "tests/run", "-j1", name)

    def run(self, suite):
        """What the suite says against the tree, or None."""
        kind, _, name = suite.partition(":")
        status, out = getattr(self, kind)(name)
        if not status:
            return None
        found = re.findall(r"^(?:FAIL .*|.*SUMMARY: \w+Sanitizer.*|.*runtime error.*|panic.*)", out, re.M)
        return (found or [f"status {status}: " + out.strip().split("\n")[-1]])[0][:150]

    def sound(self, suite):
        if suite not in self.passed:
            self.passed[suite] = self.run(suite)
        return self.passed[suite]

    def try_fault(self, fault):
        """(suite, words) of what catches it; (None, why) if nothing does."""
        for suite in fault.suites:
            broken = self.sound(suite)
            if broken:
                return None, f"{suite} fails without a fault: {broken}"
        path = os.path.join(self.top, fault.file)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write(("\n" + text).replace("\n" + fault.old, "\n" + fault.new)[1:])
            for suite in fault.suites:
                said = self.run(suite)
                if said:
                    return suite, said
            return None, "survived " + " ".join(fault.suites)
        except RuntimeError as e:
            return None, str(e)
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)


def run_all(faults, report):
    """QEMU's by one; then host suites by WORKERS threads, each with a copy of its own."""
    host = [f for f in faults if not f.suites[0].startswith(QEMU)]
    boots = [f for f in faults if f.suites[0].startswith(QEMU)]
    copies, lock = [], threading.Lock()

    def one(fault):
        start = time.monotonic()
        with lock:
            copy = copies.pop() if copies else Copy(f"copy{next(numbers)}")
        try:
            suite, said = copy.try_fault(fault)
        finally:
            with lock:
                copies.append(copy)
        report(fault, suite, said, time.monotonic() - start)

    numbers = iter(range(WORKERS))
    for fault in sorted(boots, key=lambda f: f.suites):
        one(fault)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, sorted(host, key=lambda f: f.suites)))


def table(faults):
    """Lines of docs/testing.md."""
    kinds = {}
    for f in faults:
        kinds.setdefault(f.kind, []).append(f)
    yield "| class | faults | caught by |"
    yield "|---|---|---|"
    for kind, those in sorted(kinds.items()):
        yield f"| {kind} | {len(those)} | {', '.join(sorted({f.suites[0].split('@')[0].replace(':', ' ') for f in those}))} |"
    yield f"| all {len(kinds)} | {len(faults)} | |"


def documented(faults):
    """Why docs/testing.md does not have that table, or None."""
    with open(os.path.join(TOP, "docs", "testing.md"), encoding="utf-8") as f:
        text = f.read()
    missing = [line for line in table(faults) if line + "\n" not in text]
    return f"docs/testing.md, of run.py --table: {missing[0]}" if missing else None


def main():
    p = argparse.ArgumentParser(description="Seeded faults: which test catches each.")
    p.add_argument("names", nargs="*")
    p.add_argument("--check", action="store_true")
    p.add_argument("--table", action="store_true")
    args = p.parse_args()
    faults = read_faults()
    bad = [(f.name, stale(f)) for f in faults if stale(f)] + [(n, "is there twice") for n, c in collections.Counter(f.name for f in faults).items() if c > 1]
    if args.table:
        print("\n".join(table(faults)))
        return 0
    if args.check and documented(faults):
        bad.append(("table", documented(faults)))
    for name, why in bad:
        print(f"{name}: {why}")
    if args.check:
        print(f"{'FAIL' if bad else 'PASS'} faults fit the source: {len(faults)} of {len({f.kind for f in faults})} classes")
        return 1 if bad else 0
    chosen = [f for f in faults if not stale(f)]
    chosen = [f for f in chosen if not args.names or any(n in " ".join([f.name, f.kind, *f.suites]) for n in args.names)]
    count = collections.Counter()

    def report(fault, suite, said, seconds):
        count[bool(suite)] += 1
        print(f"{'caught  ' if suite else 'SURVIVED'} {fault.name:24} {fault.kind:28} {suite or '-':22} {seconds:4.0f} s  {said}", flush=True)

    run_all(chosen, report)
    print(f"{count[True]} caught, {count[False]} survived")
    return 1 if bad or count[False] or not count[True] else 0


if __name__ == "__main__":
    sys.exit(main())
