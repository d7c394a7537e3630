#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the payload guests.

guest.py test [NAME...]      on Hospes; PASS/FAIL per payload and machine
guest.py compare [NAME...]   on Xen and Hospes; every line that differs must be in `differences`, of which a whole run leaves no entry unused
guest.py fuzz SECONDS SEED   the blind fuzzer on Hospes, on each machine in turn
guest.py soak ROUNDS         guests made and killed at random moments, so many on each machine
guest.py xen|hospes|bare NAME GIC CPUS   one run, output as it is
"""
import hashlib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build", "guest")
CACHE = os.environ.get("HOSPES_CACHE", os.path.join(TOP, "cache"))
HYPERVISOR = {
    "xen": os.environ.get("XEN", os.path.join(CACHE, "xen-4.17-arm64")),
    "hospes": os.environ.get("HOSPES", os.path.join(TOP, "build", "hospes")),
}
OURS = ("fuzz", "soak")         # not for comparison
MAX_OUTPUT = 400_000            # bytes; no payload needs more, a flooded log does
FAST = [(3, 4), (2, 1)]
SCALE = float(os.environ.get("TIMEOUT_SCALE", "1"))
ALL = [(3, 1), (3, 4), (2, 1), (2, 4)]
if "MACHINES" in os.environ:    # for example "3-4 2-1"
    FAST = ALL = [tuple(map(int, m.split("-"))) for m in os.environ["MACHINES"].split()]
CPU = os.environ.get("CPU", "cortex-a57")
MODELS = {"isolation": ("cortex-a57", "max")}   # tested on more than the usual model of CPU
XEN_ARGS = "console=dtuart dom0_mem=256M guest_loglvl=none xsm=dummy"
TROUBLE = re.compile(r"panic|Assertion|BUG at|Unexpected Trap|Hypervisor Trap|FATAL", re.I)


def names():
    return sorted(f[:-2] for f in os.listdir(HERE) if f.endswith(".c"))


def command(machine, name, gic, cpus, model):
    image = os.path.join(OUT, name + ".img")
    board = f"virt,gic-version={gic}" + ("" if machine == "bare" else ",virtualization=on")
    cmd = ["qemu-system-aarch64", "-M", board, "-cpu", model, "-smp", str(cpus), "-m",
           "1024", "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio",
           "-no-reboot", "-accel", "tcg,thread=multi"]
    if machine == "bare":
        return cmd + ["-kernel", image]
    return cmd + ["-kernel", HYPERVISOR[machine], "-append", XEN_ARGS, "-device",
                  f"guest-loader,addr=0x4a000000,kernel={image},"
                  f"bootargs={'oracle' if machine == 'xen' else 'test'}"
                  + os.environ.get("GUEST_ARGS", "")]


def run(machine, name, gic, cpus, timeout=60, model=CPU):
    try:
        done = subprocess.run(command(machine, name, gic, cpus, model), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout * SCALE,
                              check=False)
        return done.stdout.decode(errors="replace").replace("\r", "")
    except subprocess.TimeoutExpired as err:
        return (err.stdout or b"").decode(errors="replace").replace("\r", "") + "\nTIMEOUT\n"


def verdict(text):
    """Why a run failed, or None."""
    if "TIMEOUT" in text:
        return "timeout; last: " + repr(text[-160:])
    fails = re.findall(r"FAIL:.*", text)
    if fails:
        return f"{len(fails)} failed, first: {fails[0]}"
    if not re.search(r"SUMMARY: \d+ passed, 0 failed", text):
        return "no summary: the payload died; last: " + repr(text[-160:])
    if len(text) > MAX_OUTPUT:
        return f"{len(text)} bytes of output"
    trouble = [line for line in text.splitlines() if TROUBLE.search(line)]
    return "hypervisor says: " + trouble[0] if trouble else None


def log(machine, name, gic, cpus, text):
    os.makedirs(os.path.join(OUT, "logs"), exist_ok=True)
    path = os.path.join(OUT, "logs", f"{machine}-{name}-gicv{gic}-{cpus}cpu.log")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def test(chosen):
    failed = False
    for name in chosen:
        for gic, cpus in FAST if "ALL" not in os.environ else ALL:
            for model in MODELS.get(name, (CPU,)):
                text = run("hospes", name, gic, cpus, model=model)
                log("hospes", name, gic, cpus, text)
                why = verdict(text)
                failed |= why is not None
                print(f"{'FAIL' if why else 'PASS'} guest/{name}/gicv{gic}-{cpus}cpu"
                      + (f"-{model}" if model != CPU else "") + (f": {why}" if why else ""),
                      flush=True)
    return failed


def lines(text):
    """name -> what was said of it. The order of lines does not matter, their number does."""
    found = {}
    for line in text.splitlines():
        match = re.search(r"\b(PASS|FAIL|SKIP): (.*)$", line)
        if match:
            found.setdefault(match[2], []).append(match[1])
            continue
        match = re.search(r"\bVALUE: (.*?) =(.*)$", line)
        if match:
            found.setdefault(match[1], []).append(match[2].strip())
    return found


def excuses():
    """(regex of "payload/gicvN: name: xen VALUE, hospes VALUE", reason) from the file `differences`."""
    out = []
    with open(os.path.join(HERE, "differences"), encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                pattern, _, reason = line.partition("\t")
                out.append((re.compile(pattern), reason.strip()))
    return out


def oracle(name, gic, cpus):
    """Xen's output for this very image; runs Xen only when it is not kept from before."""
    digest = hashlib.sha256()
    for path in (os.path.join(OUT, name + ".img"), HYPERVISOR["xen"]):
        with open(path, "rb") as f:
            digest.update(f.read())
    kept = os.path.join(OUT, "oracle", f"{name}-{gic}-{cpus}-{digest.hexdigest()[:16]}")
    if not os.path.exists(kept):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        text = run("xen", name, gic, cpus, timeout=120)
        if "TIMEOUT" in text:
            return text
        with open(kept, "w", encoding="utf-8") as f:
            f.write(text)
    with open(kept, encoding="utf-8") as f:
        return f.read()


def differences(name, gic, xen, hospes, known, used):
    """Lines that differ without an excuse; prints nothing. `used` learns what was excused: entry -> lines."""
    bad = []
    for key in sorted(set(xen) | set(hospes)):
        x, h = (" ".join(got.get(key, ["absent"])) for got in (xen, hospes))
        if x == h:
            continue
        label = f"{name}/gicv{gic}: {key}: xen {x}, hospes {h}"
        hit = next((k for k, (p, _) in enumerate(known) if p.search(label)), None)
        if hit is None:
            bad.append(label)
        else:
            used.setdefault(hit, set()).add(label)
    return bad


def compare_one(name, gic, cpus, known, used):
    got = {}
    for machine in ("xen", "hospes"):
        text = oracle(name, gic, cpus) if machine == "xen" else run(machine, name, gic, cpus)
        log(machine, name, gic, cpus, text)
        got[machine] = lines(text)
    return len(got["xen"]), differences(name, gic, got["xen"], got["hospes"], known, used)


def compare(chosen):
    failed, known, used = False, excuses(), {}
    for name in chosen:
        for gic, cpus in ALL:
            total, bad = compare_one(name, gic, cpus, known, used)
            failed |= bool(bad)
            print(f"{'FAIL' if bad else 'PASS'} compare/{name}/gicv{gic}-{cpus}cpu: "
                  f"{total} lines, {len(bad)} unexplained")
            print("".join(f"    {line}\n" for line in bad[:80]), end="", flush=True)
    print(f"{sum(map(len, used.values()))} differences explained by {len(used)} of {len(known)} entries")
    idle = [known[k][0].pattern for k in range(len(known)) if k not in used]
    if set(chosen) >= set(names()) - set(OURS) and "MACHINES" not in os.environ:
        print(f"{'FAIL' if idle else 'PASS'} compare/differences: {len(idle)} entries explain nothing")
        print("".join(f"    {pattern}\n" for pattern in idle), end="")
        failed |= bool(idle)
    return failed


def fuzz(seconds, seed):
    failed = False
    os.environ["GUEST_ARGS"] = f" seed={seed} time={seconds // len(ALL)}"
    for gic, cpus in ALL:
        text = run("hospes", "fuzz", gic, cpus, timeout=60 + 4 * seconds)
        log("hospes", "fuzz", gic, cpus, text)
        why = verdict(text)
        failed |= why is not None
        lives = re.findall(r"seed (\d+): (\d+) rounds", text)
        print(f"{'FAIL' if why else 'PASS'} fuzz/gicv{gic}-{cpus}cpu: {len(lives)} lives, "
              f"{sum(int(r) for _, r in lives)} rounds" + (f": {why}" if why else ""), flush=True)
    return failed


def soak(rounds):
    failed = False
    for n, (gic, cpus) in enumerate(ALL):
        os.environ["GUEST_ARGS"] = f" rounds={rounds} seed={n + 1}"
        text = run("hospes", "soak", gic, cpus, timeout=3600)
        log("hospes", "soak", gic, cpus, text)
        why = verdict(text)
        failed |= why is not None
        print(f"{'FAIL' if why else 'PASS'} soak/gicv{gic}-{cpus}cpu" + (f": {why}" if why else ""), *re.findall(r"rounds: (.*)", text), flush=True)
    return failed


def main():
    args = sys.argv[1:]
    if args and args[0] == "test":
        sys.exit(test(args[1:] or names()))
    if args and args[0] == "compare":
        sys.exit(compare(args[1:] or [n for n in names() if n not in OURS]))
    if len(args) == 2 and args[0] == "soak":
        sys.exit(soak(int(args[1])))
    if len(args) == 3 and args[0] == "fuzz":
        sys.exit(fuzz(int(args[1]), int(args[2])))
    if len(args) == 4:
        sys.stdout.write(run(args[0], args[1], int(args[2]), int(args[3])))
        return
    sys.exit(__doc__)


if __name__ == "__main__":
    main()
