# SPDX-License-Identifier: GPL-2.0-only
"""PV block and net between stock guests and Dom0: bytes are compared by checksum, in both directions."""
import re

from dom0 import check, need

DISKS = (64,)       # MiB: a real (PCI) virtio disk of Dom0, with the serial number "scratch"
BYTES = 4 << 20


def before(d):
    d.free_before = d.free_memory()
    d.run("test -e blk.img || head -c 4194304 /dev/urandom > blk.img; truncate -s 32M blk.img; losetup /dev/loop6 blk.img || true", 40)
    # Which one is vdb depends on the kernel.
    d.disk = "/dev/" + d.run("grep -lx scratch /sys/block/vd*/serial").split("/")[3]
    d.run(f"dd if=/dev/urandom of={d.disk} bs={BYTES} count=1; sync", 40)
    d.create("small", name="one", memory=160, extra="console=hvc0 host=one addr=10.0.0.2/24", vif=["bridge=xenbr0"],
             disk=["phy:/dev/loop6,xvda,w", f"phy:{d.disk},xvdb,w"])
    with d.console("one") as g:
        g.run("test -b /dev/xvda -a -b /dev/xvdb")


def after(d):
    d.destroy_guests()
    d.wait("the loop device's release", lambda: d.run("losetup -d /dev/loop6", ok=None)[0] == 0)
    need(d.free_memory() == d.free_before, f"free memory: {d.free_before} MiB before, {d.free_memory()} after")


def digest(shell, path):
    return shell.run(f"head -c {BYTES} {path} | sha256sum", 60).split()[0]


def both_ways(d, dom0_path, guest_path):
    want = digest(d, dom0_path)
    with d.console("one") as g:
        need(digest(g, guest_path) == want, "the guest reads something else than Dom0 wrote")
        g.run(f"dd if=/dev/urandom of={guest_path} bs={BYTES} count=1 && sync && echo 3 > /proc/sys/vm/drop_caches", 60)
        want = digest(g, guest_path)
    d.run("sync; echo 3 > /proc/sys/vm/drop_caches")
    need(digest(d, dom0_path) == want, "Dom0 reads something else than the guest wrote")


@check
def block_over_loop(d):
    both_ways(d, "blk.img", "/dev/xvda")


@check
def block_over_virtio(d):
    both_ways(d, d.disk, "/dev/xvdb")


@check
def block_features(d):
    with d.console("one") as g:
        need(g.run("dmesg | grep -c 'blkfront.*persistent grants: enabled'").strip() == "2", "persistent grants")


@check
def file_system(d):
    with d.console("one") as g:
        g.run("mke2fs /dev/xvda && mount -t ext4 /dev/xvda /mnt", 60)
        want = g.run("cp -r /usr /mnt && cd /mnt && find . -type f | sort | xargs sha256sum | sha256sum; cd; umount /mnt", 60).split()[0]
    got = d.run("mount -o ro /dev/loop6 /mnt && cd /mnt && find . -type f | sort | xargs sha256sum | sha256sum; cd; umount /mnt", 60).split()[0]
    need(got == want, "the files differ")


@check
def block_list(d):
    rows = re.findall(r"^(\d+) +0 +\d+ +4 ", d.run("xl block-list one"), re.M)
    need(rows == ["51712", "51728"], d.run("xl block-list one"))


@check
def block_attach_detach(d):
    d.run("truncate -s 4M more.img && losetup /dev/loop7 more.img && xl block-attach one phy:/dev/loop7,xvdc,w", 40)
    with d.console("one") as g:
        g.run("n=0; until [ -b /dev/xvdc ] || [ $n = 50 ]; do sleep 0.1; n=$((n+1)); done; grep -c xvdc /proc/partitions")
        want = g.run("dd if=/dev/urandom of=/dev/xvdc bs=1M count=4 && sync; sha256sum < /dev/xvdc", 40).split()[-2]
    need("51744" in d.run("xl block-list one"), "xl block-list has no 51744")
    d.run("xl block-detach one xvdc", 40)
    need("51744" not in d.run("xl block-list one"), "xl block-list still has 51744")
    need(d.run("sha256sum < more.img").split()[0] == want, "the contents")
    with d.console("one") as g:
        g.run("test ! -b /dev/xvdc")
    d.wait("the loop device's release", lambda: d.run("losetup -d /dev/loop7", ok=None)[0] == 0)


@check
def ping_both_ways(d):
    with d.console("one") as g:
        need(" 0% packet loss" in g.run("ping -c 3 -i 0.3 10.0.0.1"), "guest to Dom0")
    need(" 0% packet loss" in d.run("ping -c 3 -i 0.3 10.0.0.2"), "Dom0 to guest")
    with d.console("one") as g:
        need(" 0% packet loss" in g.run("ping -c 3 -i 0.3 -s 8000 10.0.0.1"), "fragments")


def tcp(d, sender, receiver, address):
    """Random bytes from one shell to another; each is (name or None for Dom0). The receiver listens first."""
    # In the background nc would be stopped (SIGTTIN) if it saw what is typed next: its input never has anything and never ends.
    listen = "mkfifo /tmp/never; nc -l -p 5000 <> /tmp/never > /tmp/got & sleep 0.5"
    count = "wait; sha256sum < /tmp/got; rm /tmp/got /tmp/never"
    send = f"head -c {BYTES} /dev/urandom > /tmp/sent; nc {address} 5000 < /tmp/sent; sha256sum < /tmp/sent; rm /tmp/sent"

    def at(name, command):
        if name is None:
            return d.run(command, 60)
        with d.console(name) as g:
            return g.run(command, 60)
    at(receiver, listen)
    sent = at(sender, send).split()[0]
    got = at(receiver, count)
    need(sent in got, f"sent {sent}, got {got}")


@check
def tcp_to_dom0(d):
    tcp(d, "one", None, "10.0.0.1")


@check
def tcp_from_dom0(d):
    tcp(d, None, "one", "10.0.0.2")


@check
def network_attach_detach(d):
    need(len(re.findall(r"^\d+ +0 +", d.run("xl network-list one"), re.M)) == 1, "xl network-list")
    d.run("xl network-attach one bridge=xenbr0 mac=00:16:3e:11:22:33", 40)
    need("00:16:3e:11:22:33" in d.run("xl network-list one"), "xl network-list has no new one")
    with d.console("one") as g:
        g.run("n=0; until [ -e /sys/class/net/eth1 ] || [ $n = 50 ]; do sleep 0.1; n=$((n+1)); done; grep 00:16:3e:11:22:33 /sys/class/net/eth1/address")
        g.run("ip link set eth0 down; ip addr add 10.0.0.7/24 dev eth1; ip link set eth1 up; sleep 1; ping -c 2 10.0.0.1", 30)
        g.run("ip link set eth1 down; ip link set eth0 up; sleep 1; ping -c 1 10.0.0.1", 30)
    d.run("xl network-detach one 00:16:3e:11:22:33", 40)
    need("00:16:3e:11:22:33" not in d.run("xl network-list one"), "xl network-list still has it")
    with d.console("one") as g:
        g.run("test ! -e /sys/class/net/eth1")


@check
def guest_to_guest(d):
    d.create("small", name="two", memory=128, extra="console=hvc0 host=two addr=10.0.0.3/24", vif=["bridge=xenbr0"])
    with d.console("two") as g:
        need(" 0% packet loss" in g.run("ping -c 3 -i 0.3 10.0.0.2"), "ping")
    tcp(d, "two", "one", "10.0.0.2")
    tcp(d, "one", "two", "10.0.0.3")
    d.run("xl destroy two", 40)
