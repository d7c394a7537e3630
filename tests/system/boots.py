# SPDX-License-Identifier: GPL-2.0-only
"""Which machine runs which checks. One boot runs many; the matrix of GICs, CPUs, memories and toolstacks is spread over them."""
import collections
import os

# options: of scripts/run-qemu. checks: modules of this folder. quick: in make test-quick too.
# long: only when it is named, as make test-all does.
Boot = collections.namedtuple("Boot", "name options checks quick not_on_xen long", defaults=(False, False, False))

DEBUG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/debug/hospes")      # "make test" makes it

# One CPU, whose clock counts its own instructions: nothing that the host does makes such a machine late. (With several CPUs, real Xen waits for
# one that QEMU does not run; and without this, on a busy host, a vCPU of its Dom0 was seen to miss its timer for good.)
COUNTED = dict(CPUS=1, ACCEL="tcg,thread=single", QEMU_ARGS="-icount shift=3")
# On such a machine the debug build measures how long Dom0 waited for a CPU, in time that is as exact as the instructions run.
EXACT = dict(COUNTED, QEMU_ARGS="-icount shift=1", HYPERVISOR=DEBUG)

BOOTS = [      # the long ones first
    Boot("own-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a72", MEM="2G", TOOLS="hospes"), ["own", "vuart"]),
    Boot("devices-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G"), ["devices"]),
    Boot("lifecycle-gic2", dict(GIC=2, CPUS=2, CPU="cortex-a72", MEM="2G"), ["lifecycle"]),
    Boot("kill-gic3", dict(GIC=3, CPUS=4, CPU="cortex-a57", MEM="2G", TOOLS="hospes"), ["kill"]),
    Boot("cpu-gic3", dict(GIC=3, CPUS=4, CPU="max", MEM="2G"), ["about", "cpu"]),
    Boot("devices-gic2", dict(GIC=2, CPUS=2, CPU="cortex-a72", MEM="4G", TOOLS="hospes"), ["devices"]),
    Boot("big-gic3", dict(GIC=3, CPUS=8, CPU="cortex-a72", MEM="16G", TOOLS="hospes"), ["sizes"]),
    Boot("memory-gic2", dict(GIC=2, CPUS=1, CPU="max", MEM="1G", DOM0_ARGS="start=nothing"), ["tutorial", "about", "memory", "store"]),
    Boot("small-gic2", dict(GIC=2, CPUS=1, CPU="cortex-a57", MEM="512M"), ["sizes"]),
    Boot("power-gic3", dict(GIC=3, CPUS=1, CPU="cortex-a72", MEM="1G", DOM0_ARGS="panic=1"), ["power", "crash"]),
    Boot("power-gic2", dict(GIC=2, CPUS=2, CPU="cortex-a57", MEM="2G", DOM0_ARGS="panic=1"), ["power", "crash"]),
    Boot("tutorial-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G", DOM0_ARGS="start=nothing"), ["tutorial"], quick=True),
    Boot("tools-gic2", dict(GIC=2, CPUS=2, CPU="cortex-a57", MEM="2G", TOOLS="hospes", DOM0_ARGS="start=guest"), ["demo", "lifecycle"]),
    Boot("passthrough-gic2", dict(GIC=2, CPUS=4, CPU="cortex-a72", MEM="2G", TOOLS="hospes", PASSTHROUGH="/pl031@9010000"), ["passthrough"]),
    Boot("tools-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G", TOOLS="hospes", DOM0_ARGS="start=nothing"), ["tutorial"], quick=True),
    Boot("xen-gic3", dict(GIC=3, CPU="cortex-a57", MEM="1G", HYPERVISOR="xen", TOOLS="hospes", DOM0_ARGS="start=nothing", **COUNTED),
         ["tutorial", "memory"]),
    Boot("exact-gic3", dict(GIC=3, CPU="cortex-a57", MEM="1G", TOOLS="hospes", **EXACT), ["memory"], not_on_xen=True),
    Boot("exact-gic2", dict(GIC=2, CPU="cortex-a72", MEM="1G", TOOLS="hospes", DOM0_ARGS="start=nothing", **EXACT), ["tutorial", "store"],
         not_on_xen=True),
    Boot("debug-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="1G", HYPERVISOR=DEBUG), ["debug"], not_on_xen=True),
    Boot("broken-gic3", dict(GIC=3), ["broken"], not_on_xen=True),
    Boot("uboot-gic3", dict(GIC=3), ["uboot"], not_on_xen=True),
    Boot("soak-gic2", dict(GIC=2, CPUS=4, CPU="cortex-a57", MEM="2G", TOOLS="hospes"), ["soak"], long=True),
    Boot("cpu-gic2", dict(GIC=2, CPUS=2, CPU="cortex-a57", MEM="1G", TOOLS="hospes"), ["cpu", "vuart"], long=True),
    Boot("passthrough-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="1G", PASSTHROUGH="/pl031@9010000"), ["passthrough"], long=True),
    Boot("boards", {}, ["boards"], not_on_xen=True),
    Boot("broken-gic2", dict(GIC=2), ["broken"], not_on_xen=True),
]
