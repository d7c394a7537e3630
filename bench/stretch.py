#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The longest stretches at EL2 with interrupts masked, by their paths: see plugin/paths.c for what a stretch is.

stretch.py [RUN...]   all, or runs whose name begins so: payload/NAME/GIC, latency, scale, devices-gic3, lifecycle-gic2;
                      or other boots of tests/system (tests/run --list)
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import paths    # noqa: E402
import run      # noqa: E402

sys.path.insert(0, os.path.join(run.TOP, "tests", "guest"))
import guest    # noqa: E402

LIMIT = 20000
SHORTEST = 2000                 # of no interest below
BOOTS = ("devices-gic3", "lifecycle-gic2")
LOGS = os.path.join(run.OUT, "stretch")


def plugin(log):
    return f"{run.OUT}/paths.so,out={log},stretches=1,min={SHORTEST},hyp={run.HYP_CODE['hospes']}"


def payload(name, gic, cpus, log):
    """A payload of tests/guest; the verdict is that suite's own affair."""
    cmd = [w.replace("thread=multi", "thread=single") for w in guest.command("hospes", name, gic, cpus, guest.CPU)]
    try:
        subprocess.run(cmd + ["-plugin", plugin(log)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=300, check=False)
    except subprocess.TimeoutExpired:
        print(f"note: {name} was ended after five minutes")


def bench(part, log):
    """scale: domains of 64 MiB to 4 GiB come and go, and 500 small ones, and one of 128 vCPUs. latency: long calls, debug keys"""
    cmd = run.command("hospes", 3, 2, 6144, os.path.join(run.OUT, "bench.img"), plugin(log), "console=dtuart dom0_mem=256M", part)
    subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=600, check=False)


def boot(name, log):
    """A boot of tests/system with all its checks."""
    env = {**os.environ, "ACCEL": "tcg,thread=single", "QEMU_ARGS": f"-plugin {plugin(log)}", "TIMEOUT_SCALE": "5"}
    done = subprocess.run([os.path.join(run.TOP, "tests", "run"), name], env=env, stdout=subprocess.PIPE, text=True, check=False)
    print(f"note: {name}: {done.stdout.splitlines()[-1]}")


def runs():
    all_runs = {f"payload/{n}/gicv{gic}": lambda log, n=n, gic=gic, cpus=cpus: payload(n, gic, cpus, log)
                for n in guest.names() for gic, cpus in guest.FAST}
    all_runs |= {part: lambda log, part=part: bench(part, log) for part in ("latency", "scale")}
    named = [n for n in sys.argv[1:] if "-gic" in n and "/" not in n]
    return all_runs | {b: lambda log, b=b: boot(b, log) for b in dict.fromkeys([*BOOTS, *named])}


def main():
    os.makedirs(LOGS, exist_ok=True)
    worst, found = 0, []
    for name, execute in runs().items():
        if sys.argv[1:] and not name.startswith(tuple(sys.argv[1:])):
            continue
        log = os.path.join(LOGS, name.replace("/", "-") + ".paths")
        if os.path.exists(log):
            os.remove(log)
        execute(log)
        here = sorted(paths.read(log), key=lambda p: -p.longest)
        print(f"{name}: {here[0].longest if here else f'below {SHORTEST}'}", flush=True)
        found += [(p, name) for p in here[:10]]
        worst = max([worst] + [p.longest for p in here])
    print(f"\nworst: {worst} of {LIMIT}; each path once, with the functions that took most of it")
    seen = set()
    for p, name in sorted(found, key=lambda f: -f[0].longest):
        path = frozenset(paths.top(p, 3))
        if path not in seen and len(seen) < 25:
            print(f"{p.longest:>8}  {name}: {paths.chain(p)}")
        seen.add(path)
    return worst > LIMIT


if __name__ == "__main__":
    sys.exit(main())
