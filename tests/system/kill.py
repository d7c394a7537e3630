# SPDX-License-Identifier: GPL-2.0-only
"""Guests are destroyed at random moments of their creation, boot and I/O; Dom0 and a second guest do not notice."""
import random

from dom0 import check, need

ROUNDS = 8


def before(d):
    d.create("small", name="victim", memory=128, extra="console=hvc0 host=victim")
    with d.console("victim") as g:
        g.run("(while :; do date +%s > /tmp/beat; sleep 0.5; done) & true")
    d.free_before = d.free_memory()


def after(d):
    with d.console("victim") as g:
        need(abs(int(g.run("cat /tmp/beat")) - int(g.run("date +%s"))) <= 3, "the other guest stopped")
    d.run("xl destroy victim", 40)


def round_of(seed):
    def kill(d):
        moment = random.Random(seed).uniform(0.3, 14)
        d.run("rm -f k.img; truncate -s 64M k.img && (xl create -q small.cfg name=\\\"k\\\" 'disk=[\"file:/root/k.img,xvda,w\"]' "
              "'vif=[\"bridge=xenbr0\"]' 'extra=\"console=hvc0 busy=1 io=/dev/xvda\"' > /tmp/k.log 2>&1) & true")
        d.m.drain(moment)
        first, _ = d.run("xl destroy k", 60, ok=None)
        d.run("wait", 90)
        again, _ = d.run("xl destroy k", 60, ok=None)   # it may have come after the first one
        need(0 in (first, again), "there was no guest to destroy: " + d.run("cat /tmp/k.log"))
        d.wait("the guest's end", lambda: "k" not in d.domains())
        d.wait(f"killed after {moment:.1f} s; free memory is {d.free_before} MiB again", lambda: d.free_memory() == d.free_before, 20)
    kill.__name__ = f"round_{seed}"
    return check(kill)


for _seed in range(ROUNDS):
    globals()[f"round_{_seed}"] = round_of(_seed)
