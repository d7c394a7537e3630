# SPDX-License-Identifier: GPL-2.0-only
"""Guests are destroyed at random moments of their creation, boot and I/O; Dom0 and a second guest do not notice."""
import random

from dom0 import check, need

ROUNDS = 5


def before(d):
    d.create("small", name="other", memory=128, extra="console=hvc0 host=other")
    with d.console("other") as g:
        g.run("(while :; do date +%s > /tmp/beat; sleep 0.5; done) & true")
    d.free_before = d.free_memory()


def after(d):
    with d.console("other") as g:
        need(abs(int(g.run("cat /tmp/beat")) - int(g.run("date +%s"))) <= 3, "the other guest stopped")
    d.run("xl destroy other", 40)


def round_of(seed, guests=1):
    """So many guests at once; each is destroyed at a moment of its own."""
    def kill(d):
        draw = random.Random(seed)
        moments = {f"k{i}": draw.uniform(0.3, 9 + 5 * guests) for i in range(guests)}
        d.run("rm -f /tmp/killed")
        for name, moment in moments.items():
            d.run(f"rm -f {name}.img; truncate -s 64M {name}.img; (xl create -q small.cfg name=\\\"{name}\\\" 'disk=[\"file:/root/{name}.img,xvda,w\"]' "
                  f"'vif=[\"bridge=xenbr0\"]' 'extra=\"console=hvc0 busy=1 io=/dev/xvda\"' > /tmp/{name}.log 2>&1) & (sleep {moment:.1f}; xl destroy {name} 2> /dev/null && echo {name} >> /tmp/killed) & true")
        d.run("wait", 90 + 30 * guests)
        killed = d.run("cat /tmp/killed", ok=None)[1].split()
        for name in moments:                                # it may have come after the first one
            need(d.run(f"xl destroy {name}", 60, ok=None)[0] == 0 or name in killed, "there was no guest to destroy: " + d.run(f"cat /tmp/{name}.log"))
        d.wait("the end of all", lambda: not set(moments) & set(d.domains()))
        d.wait(f"killed after {moments}; free memory is {d.free_before} MiB again", lambda: d.free_memory() == d.free_before, 20)
    kill.__name__ = f"round_{seed}"
    return check(kill)


for _seed in range(ROUNDS):
    globals()[f"round_{_seed}"] = round_of(_seed)
