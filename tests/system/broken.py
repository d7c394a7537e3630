# SPDX-License-Identifier: GPL-2.0-only
"""Broken modules, device trees and arguments: the hypervisor names the culprit and stops, and nothing else happens."""
import gzip
import os
import random
import struct
import subprocess

from dom0 import check, need
from machine import CACHE, Failure, Machine, TOP

BOOT = False                # each check starts machines of its own
DTB_AT, ENTRY, SHIM_AT = 0x47000000, 0x40200000, 0x47f00000
SCRATCH = os.path.join(TOP, "build", "test-logs", "broken")


def stops(options, pattern, qemu_args=(), what=""):
    """Boots it; expects the message and then silence."""
    os.makedirs(SCRATCH, exist_ok=True)
    with Machine(os.path.join(SCRATCH, "last.log"), {"CPUS": 1, "MEM": "1G", "DISK": "none", **options}, qemu_args) as m:
        try:
            m.expect(r"^\(XEN\) Hospes cannot start: .*(?i:" + pattern + ")", 30)
        except Failure as e:
            raise Failure(f"{what}: {e}\n{m.text[-800:]}") from None
        m.expect(r"^\(XEN\) Stopped\.\n", 5)
        end = len(m.text)
        m.drain(1)
        need(m.text[end:].strip() == "" and m.qemu.poll() is None, f"{what}: it went on: {m.text[end:]}")
        need(not m.troubles(), f"{what}: {m.text[-500:]}")


def blob(name, data):
    os.makedirs(SCRATCH, exist_ok=True)
    path = os.path.join(SCRATCH, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def device_tree(options):
    """The device tree that QEMU makes for these options, modules included."""
    path = blob("qemu.dtb", b"")
    env = {**os.environ, "CPUS": "1", "MEM": "1G", "DISK": "none", **{k: str(v) for k, v in options.items()}}
    subprocess.run([os.path.join(TOP, "scripts", "run-qemu"), "-machine", f"dumpdtb={path}"], env=env, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    with open(path, "rb") as f:
        return f.read()


def edited(data, *edits):
    """The tree after fdtput edits."""
    path = blob("edited.dtb", data)
    for edit in edits:
        subprocess.run(["fdtput", *edit[:1], path, *edit[1:]] if edit[0].startswith("-") else ["fdtput", path, *edit], check=True)
    with open(path, "rb") as f:
        return f.read()


def bare_args(options, tree, at, pokes=()):
    """QEMU's arguments to enter the hypervisor as a boot loader does, with a device tree that QEMU's own loader would refuse or change.
    The words of pokes, pairs of address and value, are written to devices before."""
    # msr daifclr, #15; msr spsel, #0 (a loader that does not mask interrupts); ldr x0, =at; ldr x4, =ENTRY; x1..x3 stay 0; br x4; nop
    shim = struct.pack("<IIIIIIQQ", 0xd5034fff, 0xd50040bf, 0x58000080, 0x580000a4, 0xd61f0080, 0xd503201f, at, ENTRY)
    for address, value in pokes:    # ldr x5, +16; ldr x6, +20; str w6, [x5]; b +20
        shim = struct.pack("<IIIIQQ", 0x58000085, 0x580000a6, 0xb90000a6, 0x14000005, address, value) + shim
    args = ["-device", f"loader,file={options['HYPERVISOR']},addr={ENTRY:#x},force-raw=on",
            "-device", f"loader,file={blob('shim', shim)},addr={SHIM_AT:#x},force-raw=on",
            "-device", f"loader,addr={SHIM_AT:#x},cpu-num=0"]
    if tree:
        args += ["-device", f"loader,file={blob('tree', tree)},addr={at:#x},force-raw=on"]
    return args


def with_tree(options, tree, pattern, what, at=DTB_AT):
    """Such a tree ends with that message."""
    stops({**options, "BARE": 1}, pattern, bare_args(options, tree, at), what)


@check
def no_dom0_module(d):
    stops({**d, "KERNEL": "none", "INITRD": "none"}, "kernel", what="no module")


@check
def garbage_kernel(d):
    junk = blob("junk", random.Random(1).randbytes(1 << 20))
    stops({**d, "KERNEL": junk}, "kernel", what="random bytes as kernel")


@check
def short_kernel(d):
    with open(os.path.join(CACHE, "vmlinuz"), "rb") as f:
        head = f.read(3 << 20)
    stops({**d, "KERNEL": blob("short", head)}, "kernel", what="the first 3 MiB of a kernel")
    stops({**d, "KERNEL": blob("shorter", head[:40])}, "kernel", what="the first 40 bytes of a kernel")


@check
def packed_kernel(d):
    """Unpacked, if it is whole."""
    with open(os.path.join(CACHE, "vmlinuz"), "rb") as f:
        packed = gzip.compress(f.read(), 1)
    options = {"CPUS": 1, "MEM": "1G", "DISK": "none", **d, "KERNEL": blob("vmlinuz.gz", packed)}
    with Machine(os.path.join(SCRATCH, "last.log"), options) as m:
        m.expect(r"Booting Linux on physical CPU", 60)
    stops({**d, "KERNEL": blob("cut.gz", packed[:5 << 20])}, "kernel.*gzip", what="the first 5 MiB of a packed kernel")
    at = len(packed) // 2
    bad = packed[:at] + bytes([packed[at] ^ 16]) + packed[at + 1:]
    stops({**d, "KERNEL": blob("bad.gz", bad)}, "kernel.*gzip", what="a packed kernel with a bit turned over")


@check
def bad_dom0_mem(d):
    for value in ("banana", "999999M", "0", "-5M", "18446744073709551615G"):
        stops({**d, "ARGS": f"dom0_mem={value}"}, "dom0_mem|Dom0|memory", what=f"dom0_mem={value}")


@check
def broken_device_trees(d):
    tree = device_tree(d)
    start, length = struct.unpack(">I", tree[8:12])[0], struct.unpack(">I", tree[36:40])[0]
    half = start + (length // 2 & ~3)
    noise = random.Random(3).randbytes(256)
    with_tree(d, random.Random(2).randbytes(4096), "device tree", "random bytes")
    with_tree(d, None, "device tree", "nothing but zeroes")
    with_tree(d, tree[:half], "device tree", "cut off in the middle")
    with_tree(d, tree[:half] + noise + tree[half + 256:], "device tree", "a damaged structure block")
    with_tree(d, tree[:4] + struct.pack(">I", 0x7fffffff) + tree[8:], "device tree", "a size of 2 GiB")
    with_tree(d, tree[:4] + struct.pack(">I", start + 100) + tree[8:], "device tree", "a size that cuts it off")


@check
def incomplete_device_trees(d):
    tree = device_tree(d)
    nodes = subprocess.run(["fdtget", "-l", blob("full.dtb", tree), "/"], check=True, capture_output=True, text=True).stdout.split()

    def node(prefix):
        return "/" + next(n for n in nodes if n.startswith(prefix))
    with_tree(d, edited(tree, ("-r", node("memory"))), "memory|ram", "no memory node")
    with_tree(d, edited(tree, ("-r", node("intc"))), "interrupt controller|gic", "no interrupt controller")
    gic = subprocess.run(["fdtget", "-tx", blob("full.dtb", tree), node("intc"), "reg"], check=True, capture_output=True, text=True).stdout.split()
    with_tree(d, edited(tree, ("-tx", node("intc"), "reg", *gic[:3], "800", *gic[4:])), "interrupt controller|gic", "a distributor of 2 KiB")
    with_tree(d, edited(tree, ("-r", node("timer"))), "timer", "no timer")
    with_tree(d, edited(tree, ("-r", node("cpus"))), "cpu", "no CPUs")
    modules = [m for m in subprocess.run(["fdtget", "-l", blob("full.dtb", tree), "/chosen"], check=True, capture_output=True,
                                         text=True).stdout.split() if m.startswith("module")]
    need(len(modules) == 2, f"{modules}")
    first, second = (f"/chosen/{m}" for m in modules)

    def reg(path, high, low, length):
        return ("-tx", path, "reg", f"{high:x}", f"{low:x}", "0", f"{length:x}")
    with_tree(d, edited(tree, reg(first, 0x7f, 0, 0x1000000)), "module|kernel|initr", "a module outside the RAM")
    with_tree(d, edited(tree, reg(first, 0xffffffff, 0xfffff000, 0x7fffffff)), "module|kernel|initr", "a module that wraps around")
    with_tree(d, edited(tree, reg(first, 0, 0x49000000, 0x2000000), reg(second, 0, 0x49800000, 0x2000000)), "module|overlap|kernel|initr",
              "modules that overlap")
    with_tree(d, edited(tree, reg(first, 0, ENTRY, 0x2000000)), "module|overlap|kernel|initr", "a module over the hypervisor")
