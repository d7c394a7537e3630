# SPDX-License-Identifier: GPL-2.0-only
"""Which machine runs which checks. One boot runs many; the matrix of GICs, CPUs and memories is spread over them."""
import collections

# options: of scripts/run-qemu. checks: modules of this folder. extra: disks of the machine beside Dom0's.
Boot = collections.namedtuple("Boot", "name options checks quick not_on_xen", defaults=(False, False))

BOOTS = [
    Boot("about-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G"), ["about"]),
    Boot("tutorial-gic3", dict(GIC=3, CPUS=2, CPU="cortex-a57", MEM="2G", DOM0_ARGS="start=nothing"), ["tutorial"]),
]
