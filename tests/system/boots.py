# SPDX-License-Identifier: GPL-2.0-only
"""Which machine runs which checks. One boot runs many; the matrix of GICs, CPUs and memories is spread over them."""
import collections

# options: of scripts/run-qemu. checks: modules of this folder. extra: disks of the machine beside Dom0's.
Boot = collections.namedtuple("Boot", "name options checks quick not_on_xen", defaults=(False, False))

BOOTS = [
    Boot("devices-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G"), ["devices"]),
    Boot("lifecycle-gic2", dict(GIC=2, CPUS=2, CPU="cortex-a72", MEM="2G"), ["lifecycle"]),
    Boot("cpu-gic3", dict(GIC=3, CPUS=4, CPU="max", MEM="2G"), ["about", "cpu"]),
    Boot("kill-gic2", dict(GIC=2, CPUS=4, CPU="cortex-a57", MEM="2G"), ["kill"]),
    Boot("memory-gic2", dict(GIC=2, CPUS=1, CPU="max", MEM="1G"), ["about", "memory", "store"]),
    Boot("tutorial-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G", DOM0_ARGS="start=nothing"), ["tutorial"]),
    Boot("power-gic3", dict(GIC=3, CPUS=1, CPU="cortex-a72", MEM="1G"), ["power"]),
    Boot("broken-gic3", dict(GIC=3), ["broken"], not_on_xen=True),
]
