# SPDX-License-Identifier: GPL-2.0-only
"""One counted run: QEMU with -icount and the plugin, and what its log says."""
import os
import re
import statistics
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, "build", "bench")
CACHE = os.environ.get("HOSPES_CACHE", os.path.join(TOP, "cache"))
HYPERVISOR = {
    "bare": None,
    "xen": os.environ.get("XEN", os.path.join(CACHE, "xen-4.17-arm64")),
    "hospes": os.environ.get("HOSPES", os.path.join(TOP, "build", "hospes")),
}
KERNEL_ADDR = 0x4A000000
INITRD_ADDR = 0x50000000
# Where EL2's code runs: plugin option hyp=, for guests with programs in the lower half. Xen's vectors may lie in its vmap.
HYP_CODE = {"bare": "0-0", "xen": "200000-400000,hyp=10000000-10010000", "hospes": "40200000-40400000"}


class Result:
    """Samples per row (instructions outside the guest, exits), metrics, console text."""

    def __init__(self):
        self.counts, self.exits, self.lines = {}, {}, {}
        self.metrics, self.console, self.image = {}, "", []
        self.marks = {}         # marker -> (hypervisor's instructions, guest's, exits) so far, last time
        self.total = None

    def median(self, row):
        return int(statistics.median(self.counts[row])) if self.counts.get(row) else None

    def median_exits(self, row):
        return int(statistics.median(self.exits[row])) if self.exits.get(row) else None


def command(machine, gic, smp, mem, kernel, plugin, cmdline, bootargs, cpu="cortex-a57", initrd=None):
    board = f"virt,gic-version={gic},dtb-randomness=off"
    if machine != "bare":
        board += ",virtualization=on"
    cmd = ["qemu-system-aarch64", "-M", board, "-cpu", f"{cpu},cntfrq=1000000000",
           "-smp", str(smp), "-m", str(mem), "-accel", "tcg", "-icount", "shift=0,sleep=off",
           "-seed", "1", "-rtc", "base=2024-01-01,clock=vm", "-nodefaults", "-display", "none",
           "-monitor", "none", "-serial", "stdio", "-no-reboot", "-plugin", plugin]
    if machine == "bare":
        return cmd + ["-kernel", kernel]
    cmd += ["-kernel", HYPERVISOR[machine], "-append", cmdline, "-device",
            f"guest-loader,addr={KERNEL_ADDR:#x},kernel={kernel},bootargs={bootargs}"]
    return cmd + (["-device", f"guest-loader,addr={INITRD_ADDR:#x},initrd={initrd}"] if initrd else [])


def parse_log(text, result):
    begun = {}
    for line in text.splitlines():
        word = line.split()
        if word[0] == "image":
            result.image.append(int(word[2]))
        elif word[0] == "total":
            result.total = dict(hyp=int(word[1]), guest=int(word[2]), exits=int(word[3]),
                                longest=int(word[5]), longest_from=word[7])
        elif word[0].isdigit():
            marker, hyp, exits = int(word[1]), int(word[2]), int(word[4])
            result.marks[marker] = hyp, int(word[3]), exits
            row = marker // 2
            if marker % 2 == 0:
                begun[row] = hyp, exits
            elif row in begun:
                hyp0, exits0 = begun.pop(row)
                result.counts.setdefault(row, []).append(hyp - hyp0)
                result.exits.setdefault(row, []).append(exits - exits0)
                if len(word) > 5:
                    result.lines.setdefault(row, []).append((int(word[5]), int(word[6])))


def parse_console(text, result):
    result.console = text
    for line in text.splitlines():
        found = re.search(r"\bmetric (.+?) = (\d+)", line)
        if found:
            result.metrics[found[1]] = int(found[2])
        found = re.search(r"\bmetric pages: total (\d+) free (\d+) dom0 (\d+)", line)
        if found:
            result.metrics["pages"] = tuple(int(found[i]) for i in (1, 2, 3))


def run(machine, gic=3, smp=2, mem=1024, kernel=None, options="", timeout=300,
        cmdline="console=dtuart dom0_mem=256M", bootargs="bench", **more):
    kernel = kernel or os.path.join(OUT, "bench.img")
    result = Result()
    with tempfile.NamedTemporaryFile(mode="r", suffix=".count") as log:
        plugin = f"{OUT}/count.so,out={log.name}{options}"
        cmd = command(machine, gic, smp, mem, kernel, plugin, cmdline, bootargs, **more)
        try:
            done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=timeout)
            text = done.stdout
        except subprocess.TimeoutExpired as err:
            text = (err.stdout or b"") + b"\nTIMEOUT\n"
        parse_console(text.decode(errors="replace"), result)
        parse_log(log.read(), result)
    return result
