# SPDX-License-Identifier: GPL-2.0-only
"""Machines that are not QEMU's virt, by their own device trees, and RAM that is not in one piece."""
import glob
import io
import os
import stat
import subprocess
import sys

from broken import DTB_AT, bare_args, device_tree, edited
from dom0 import check, need
from machine import CACHE, TOP, Machine, Shell

sys.path.insert(0, os.path.join(TOP, "guests"))
from initramfs import cpio_entry   # noqa: E402

BOOT = False                # each check starts machines of its own
SCRATCH = os.path.join(TOP, "build", "test-logs", "boards")
KERNEL_AT, INITRD_AT = 0x50000000, 0x58000000      # from `base` on, RAM's beginning or less
GUEST = 'name = "guest"\nkernel = "/guest/Image"\nramdisk = "/guest/domU.cpio"\nmemory = 128\nvcpus = 2\nextra = "console=hvc0 quiet"\n'


def scratch(name, data):
    os.makedirs(SCRATCH, exist_ok=True)
    path = os.path.join(SCRATCH, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def contents(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def initramfs_with_guest():
    """Dom0's initramfs, and a guest's kernel, initramfs and configuration: these machines have no disk."""
    out = io.BytesIO(contents(CACHE, "images", "dom0-hospes.cpio"))
    out.seek(0, os.SEEK_END)
    cpio_entry(out, 1, "guest", stat.S_IFDIR | 0o755, b"", (0, 0))
    for i, (name, data) in enumerate((("Image", contents(CACHE, "vmlinuz")), ("domU.cpio", contents(CACHE, "images", "domU.cpio")),
                                      ("guest.cfg", GUEST.encode()))):
        cpio_entry(out, 2 + i, f"guest/{name}", stat.S_IFREG | 0o644, data, (0, 0))
    cpio_entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))
    return out.getvalue()


def with_modules(tree, initrd_size, hypervisor_args, base=0):
    """The tree with the nodes that a boot loader adds (docs/boot.md)."""
    sizes = os.path.getsize(os.path.join(CACHE, "vmlinuz")), initrd_size
    edits = [("-pts", "/chosen", "xen,xen-bootargs", hypervisor_args), ("-tx", "/chosen", "#address-cells", "2"),
             ("-tx", "/chosen", "#size-cells", "2")]
    for kind, at, size in zip(("kernel", "ramdisk"), (KERNEL_AT, INITRD_AT), sizes):
        node = f"/chosen/module@{base + at:x}"
        edits += [("-pts", node, "compatible", f"multiboot,{kind}", "multiboot,module"),
                  ("-tx", node, "reg", f"{base >> 32:x}", f"{at:x}", "0", f"{size:x}")]
    edits.append(("-ts", f"/chosen/module@{base + KERNEL_AT:x}", "bootargs", "console=hvc0 quiet clk_ignore_unused"))
    return edited(subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dtb", "-p", "8192"], input=tree, check=True, capture_output=True).stdout, *edits)


def machine(d, name, initrd, *args, base=0):
    """A machine without any of run-qemu's devices, Dom0's kernel and initramfs in its memory."""
    return Machine(os.path.join(SCRATCH, f"{name}.log"), d, program=(
        "qemu-system-aarch64", "-m", "2G", "-display", "none", "-monitor", "none", *args,
        "-device", f"loader,file={os.path.join(CACHE, 'vmlinuz')},addr={base + KERNEL_AT:#x},force-raw=on",
        "-device", f"loader,file={scratch(name + '.initrd', initrd)},addr={base + INITRD_AT:#x},force-raw=on"))


def board(d, name, model, tree, base=0):
    """Boots Dom0 with the files of a guest on another board: QEMU's loaders in the place of a boot loader. Returns the machine."""
    initrd = initramfs_with_guest()
    tree = scratch(f"{name}.dtb", with_modules(tree, len(initrd), "dom0_mem=768M", base))
    return machine(d, name, initrd, "-M", model, "-global", "VGA.romfile=", "-nic", "none", "-audiodev", "none,id=none", "-serial", "stdio",
                   "-kernel", d["HYPERVISOR"], "-dtb", tree, base=base)


def shell(m):
    m.expect("^dom0# ", 120, "Dom0's shell")
    dom0 = Shell(m, "dom0")
    dom0.settle()
    return dom0


def runs_a_guest(m, cpus):
    """Dom0 has that many CPUs, and a guest of two vCPUs gets to its shell."""
    dom0 = shell(m)
    found = dom0.run("nproc")
    need(found == f"{cpus}\n", f"not {cpus} CPUs: {found!r}")
    dom0.run("xl create /guest/guest.cfg", 60)
    with dom0.console("guest", 120) as guest:
        need(guest.run("nproc") == "2\n" and "GIC" in guest.run("cat /proc/interrupts"), "the guest lacks a CPU or its interrupts")
    dom0.run("xl destroy guest")
    need(not m.troubles(), m.text[-2000:])


@check
def zcu102(d):
    """Xilinx ZynqMP with Debian's device tree: another UART, a GIC-400 whose pages are 64 KiB apart, RAM at 0, PSCI by SMC, four Cortex-A53."""
    tree = contents(glob.glob(os.path.join(CACHE, "kernel/usr/lib/linux-image-*/xilinx/zynqmp-zcu102-rev1.0.dtb"))[0])
    with board(d, "zcu102", "xlnx-zcu102,virtualization=on", tree) as m:
        runs_a_guest(m, 4)


@check
def versal(d):
    """Xilinx Versal: GICv3, RAM at 0, a device tree whose second CPU cannot be started."""
    path = scratch("versal.qemu", b"")
    subprocess.run(["qemu-system-aarch64", "-M", f"xlnx-versal-virt,dumpdtb={path}", "-m", "2G", "-display", "none"], check=True, capture_output=True)
    with board(d, "versal", "xlnx-versal-virt", contents(path)) as m:
        runs_a_guest(m, 1)


SBSA = """/dts-v1/;
/ {
	compatible = "linux,sbsa-ref";
	#address-cells = <2>;
	#size-cells = <2>;
	interrupt-parent = <&gic>;
	chosen { stdout-path = "/serial@60000000"; };
	memory@10000000000 { device_type = "memory"; reg = <0x100 0 0 0x80000000>; };
	cpus {
		#address-cells = <1>;
		#size-cells = <0>;
		cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a57"; reg = <0>; };
	};
	timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };
	gic: interrupt-controller@40060000 {
		compatible = "arm,gic-v3";
		reg = <0 0x40060000 0 0x10000>, <0 0x40080000 0 0x4000000>;
		interrupt-controller;
		#interrupt-cells = <3>;
		interrupts = <1 9 4>;
	};
	clock: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };
	serial@60000000 {
		compatible = "arm,pl011", "arm,primecell";
		reg = <0 0x60000000 0 0x1000>;
		interrupts = <0 1 4>;
		clocks = <&clock>, <&clock>;
		clock-names = "uartclk", "apb_pclk";
	};
	rtc@60010000 {
		compatible = "arm,pl031", "arm,primecell";
		reg = <0 0x60010000 0 0x1000>;
		interrupts = <0 2 4>;
		clocks = <&clock>;
		clock-names = "apb_pclk";
	};
};
"""


@check
def sbsa(d):
    """The Server Base System's reference machine: RAM at 1 TiB and nowhere else, no PSCI. Its own device tree is for its firmware only."""
    tree = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=SBSA.encode(), check=True, capture_output=True).stdout
    with board(d, "sbsa", "sbsa-ref", tree, base=1 << 40) as m:
        runs_a_guest(m, 1)


@check
def far_memory(d):
    """2 GiB of RAM with a hole of 10 GiB: the ledger costs what the RAM needs, and each end of it can be used."""
    tree = edited(device_tree({**d, "MEM": "12G", "CPUS": 2}), ("-tx", "/memory@40000000", "reg", "0", "40000000", "0", "40000000", "3", "0", "0", "40000000"))
    args = bare_args(d, tree, DTB_AT)
    with Machine(os.path.join(SCRATCH, "far.log"), {**d, "MEM": "12G", "CPUS": 2, "DISK": "none", "BARE": 1}, args) as m:
        kept = int(m.expect(r"(\d+) kept", 60)[1])
        need(kept < 2048 + 6 * 512, f"{kept} pages kept")
        dom0 = shell(m)
        total, free = (int(line.split(":")[1]) for line in dom0.run("xl info | grep -E '^(total|free)_memory'").splitlines())
        need(total == 2048 and free > 1200, f"{free} of {total} MiB")
        need(not m.troubles(), m.text[-2000:])


PCI_SERIAL = 0x4010000000 + (2 << 15)      # the configuration space of slot 2
PIO, PORT, SPI = 0x3eff0000, 0x1000, 5


@check
def other_uart(d):
    """The console on a 16550: a PCI card's, which the code before the hypervisor sets up as a boot loader does. Input and output."""
    node = f"/serial@{PIO + PORT:x}"
    tree = edited(device_tree({**d, "MEM": "2G", "KERNEL": "none", "INITRD": "none"}), ("-r", "/pcie@10000000"), ("-c", node),
                  ("-ts", node, "compatible", "acme,uart", "ns16550a"), ("-tx", node, "reg", "0", f"{PIO + PORT:x}", "0", "8"),
                  ("-tx", node, "interrupts", "0", f"{SPI:x}", "4"), ("-ts", "/chosen", "stdout-path", node + ":115200n8"))
    initrd = contents(CACHE, "images", "dom0-hospes.cpio")
    boot = bare_args(d, with_modules(tree, len(initrd), "dom0_mem=512M"), DTB_AT, ((PCI_SERIAL + 0x10, PORT | 1), (PCI_SERIAL + 4, 1)))
    with machine(d, "16550", initrd, "-M", "virt,gic-version=3,virtualization=on", "-cpu", "cortex-a57", "-nodefaults", "-serial", "null",
                 "-chardev", "stdio,id=card", "-device", "pci-serial,addr=2,chardev=card", *boot) as m:
        dom0 = shell(m)
        need("Domain-0" in dom0.run("xl list"), "xl list")
        need("ttyAMA0" in dom0.run("ls /sys/class/tty"), "the other UART is not Dom0's")
        need(not m.troubles(), m.text[-2000:])
