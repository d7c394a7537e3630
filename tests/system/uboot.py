# SPDX-License-Identifier: GPL-2.0-only
"""A boot loader that is not QEMU: Debian's U-Boot loads Hospes, Dom0's kernel and initramfs with the commands of docs/boot.md."""
import os
import re

from dom0 import check, need
from machine import CACHE, TOP, Machine

BOOT = False                # each check starts machines of its own
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
LOG = os.path.join(TOP, "build", "test-logs", "uboot.log")


def commands(**values):
    """The block of docs/boot.md that begins with the device tree, with sizes filled in."""
    with open(os.path.join(TOP, "docs", "boot.md"), encoding="utf-8") as f:
        block = re.search(r"^```\n(fdt addr .*?)^```$", f.read(), re.M | re.S)[1]
    for name, value in values.items():
        need(f"${{{name}}}" in block, f"docs/boot.md: no ${{{name}}} in U-Boot's commands")
        block = block.replace(f"${{{name}}}", value)
    return block.strip().split("\n")


@check
def documented_commands(d):
    kernel, initrd = os.path.join(CACHE, "vmlinuz"), os.path.join(CACHE, "images", f"dom0-{os.environ.get('TOOLS', 'hospes')}.cpio")
    args = ["-bios", UBOOT]
    for path, at in ((d["HYPERVISOR"], 0x50000000), (kernel, 0x51000000), (initrd, 0x56000000)):
        args += ["-device", f"loader,file={path},addr={at:#x},force-raw=on"]
    options = {**d, "CPUS": 2, "MEM": "1G", "DISK": "none", "BARE": 1, "KERNEL": "none", "INITRD": "none"}
    with Machine(LOG, options, args) as m:
        m.expect("Hit any key", 60)
        m.send("\n")
        m.expect("^=> ", 20)
        for line in commands(kernel_size=hex(os.path.getsize(kernel)), initrd_size=hex(os.path.getsize(initrd))):
            m.send(line + "\n")
            if not line.startswith("booti"):
                m.expect("^=> ", 20, line)
        m.expect("^dom0# ", 120, "Dom0's shell")
        need("libfdt" not in m.text and not m.troubles(), m.text[-2000:])
