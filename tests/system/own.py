# SPDX-License-Identifier: GPL-2.0-only
"""What our own toolstack promises beyond the stock one's list of scenarios."""
import re
import subprocess
import tempfile

from dom0 import VICTIM, check, need


OURS = True     # runs with no other tools


def before(d):
    d.free_before = d.free_memory()
    d.store_before = d.run("xenstore-list /local/domain /libxl /vm || true")


def after(d):
    d.destroy_guests()
    nothing_left(d)


def nothing_left(d):
    d.wait(f"free memory is {d.free_before} MiB again", lambda: d.free_memory() == d.free_before, 20)
    left = d.run("xenstore-ls /local/domain/0/backend; xenstore-list /local/domain; xl list", ok=None)[1]
    need(set(d.domains()) == {"Domain-0"} and left.count("frontend =") == (d.beats is not None), left)      # the victim's console


def tiny(d, name, word, **settings):
    d.create("small", name=name, kernel="/root/tiny", ramdisk="", memory=8, extra=f"tiny={word}", **settings)


def console_daemon_anew(d):
    """Another xenconsoled, which logs the hypervisor too."""
    d.run("kill $(cat /run/xen/xenconsoled.pid); while [ -e /run/xen/xenconsoled.pid ]; do sleep 0.1; done; "
          "xenconsoled --log=all --pid-file=/run/xen/xenconsoled.pid", 20)


def gone(d, name, seconds=20):
    d.wait(f"the end of {name}", lambda: name not in d.domains(), seconds)


@check
def completion_and_links(d):
    """The shell completion works in a bash; the program links itself."""
    with tempfile.NamedTemporaryFile("w", suffix=".bash") as f:
        f.write(d.run("xl help --completion") + "\nCOMP_WORDS=(xl netw); COMP_CWORD=1; _xl; echo ${COMPREPLY[@]}\n")
        f.flush()
        words = subprocess.run(["bash", f.name], capture_output=True, text=True, check=True).stdout.split()
    need(words == ["network-attach", "network-list", "network-detach"], f"completion of netw: {words}")
    d.run("mkdir /tmp/bin && hospes-tools install /tmp/bin && /tmp/bin/xl list && /tmp/bin/xenstore-list /local")


@check
def create_with_console(d):
    """xl create -c shows a guest from its first byte to its last, however short its life; so do further viewers and the log."""
    d.run("rm -f /var/log/xen/console/guest-talk.log")
    d.run("xl create -q -c small.cfg 'name=\"talk\"' 'kernel=\"/root/tiny\"' ramdisk= memory=8 'extra=\"tiny=lines\"' > /tmp/talk", 60)
    want = "seq 1 5000 | sed 's/.*/0000&/; s/.*\\(....\\)$/line \\1 of the tiny guest/'"
    for text in ("/tmp/talk", "/var/log/xen/console/guest-talk.log"):
        d.run(f"tr -d '\\r' < {text} > /tmp/got; {want} > /tmp/want; cmp /tmp/got /tmp/want", 20)
    gone(d, "talk")


@check
def console_survives_its_daemon(d):
    """xenconsoled is started anew: what nobody has seen yet is there for the next viewer, and the guest talks on."""
    d.create("small", name="one", extra="console=hvc0 host=one")
    with d.console("one") as g:
        g.run("(sleep 3; seq 1 300 | sed 's/^/kept /' > /dev/hvc0) & true")
    d.wait("the lines in the log", lambda: "kept 300" in d.guest_log("one"), 20)
    console_daemon_anew(d)
    d.run("sleep 3 | timeout 3 xenconsole $(xl domid one) > /tmp/view", ok=None)
    need(d.run("grep -c '^kept' /tmp/view").strip() == "300", "the history")
    with d.console("one") as g:
        g.run("true")
    d.run("xl destroy one", 20)


@check
def failing_backend(d):
    """Path and reason are told, and nothing is left."""
    d.run("truncate -s 1M /tmp/d.img")
    for words, why in ((["'disk=[\"/tmp/d.img,raw,xvda,w\",\"/tmp/d.img,raw,xvdb,w\"]'"], "in use"),
                       (["'vif=[\"script=/bin/false\"]'"], "/bin/false"),
                       (["'disk=[\"/tmp/d.img,raw,xvda,w\"]'"], "/local/domain/0/backend/vbd")):
        if "backend" in why:
            d.run("rmmod xen_blkback")
        status, text = d.run(f"xl create -q small.cfg {' '.join(words)}", 60, ok=None)
        need(status == 3 and why in text, f"{words}: exit {status}: {text}")
        nothing_left(d)
    d.run("modprobe xen_blkback")


@check
def mistakes(d):
    """What is wrong in a configuration is named, and nothing is left."""
    d.run("sed 's/^memory/memroy/' small.cfg > /tmp/key.cfg; head -c 4000 /dev/urandom > /tmp/junk.cfg")
    for file, words, why in (("/tmp/key.cfg", "", "memory"), ("/tmp/junk.cfg", "", "junk.cfg:"), ("/tmp/none.cfg", "", "none.cfg"),
                             ("small.cfg", "memory=1x", "memory"), ("small.cfg", "kernel=/tmp/junk.cfg", "neither an arm64 Image"),
                             ("small.cfg", "vif='brigde=xenbr0'", "brigde"), ("small.cfg", "cpus=77", "cpus"), ("small.cfg", "gic_version=v7", "gic_version")):
        status, text = d.run(f"xl create -q {file} {words}", 60, ok=None)
        need(status != 0 and why in text, f"{file} {words}: exit {status}: {text}")
        nothing_left(d)
    d.run("rm /tmp/key.cfg /tmp/junk.cfg")


@check
def refused_at_once(d):
    """What can be known beforehand is told before anything is made: no step is shown, no number of a domain is used up."""
    def number():
        tiny(d, "count", "spin")
        n = d.domains()["count"]["id"]
        d.run("xl destroy count", 20)
        return n
    first = number()
    d.run("mkfifo /tmp/fifo; head -c 50000000 /dev/zero > /tmp/large; truncate -s 500M /tmp/sparse", 60)
    for words, why in (("'vif=[\"bridge=nosuch\"]'", "there is no bridge `nosuch'"), ("'disk=[\"/nonexistent,raw,xvda,w\"]'", "/nonexistent"),
                       ("'disk=[\"phy:nosuch,xvda,w\"]'", "/dev/nosuch"), ("'disk=[\"/tmp/fifo,raw,xvda,r\"]'", "neither a block device"),
                       ("'vif=[\"script=nosuch\"]'", "script /etc/xen/scripts/nosuch: No such file"), ("memory=999999", "the machine has"), ("'kernel=\"/root\"'", "not a regular file"),
                       ("'kernel=\"/nonexistent\"'", "/nonexistent"), ("'ramdisk=\"/nonexistent\"'", "/nonexistent"),
                       ("'ramdisk=\"/tmp/large\"' memory=64", "do not hold kernel, initramfs and device tree"),
                       ("'device_tree=\"/tmp/large\"'", "larger than"), ("'kernel=\"/tmp/fifo\"'", "not a regular file"),
                       ("'ramdisk=\"/tmp/fifo\"'", "not a regular file"), ("'device_tree=\"/tmp/fifo\"'", "not a regular file"),
                       ("'ramdisk=\"/tmp/sparse\"' memory=700", "Dom0 has no memory"), ("'kernel=\"/tmp/sparse\"'", "Dom0 has no memory"),
                       ("-f /tmp/fifo", "not a regular file"), ("-f /tmp/large", "larger than 1 MiB")):
        file = "" if words.startswith("-f") else "small.cfg"
        status, text = d.run(f"xl create {file} {words}", 60, ok=None)
        need(status == 3 and why in text and "creating" not in text, f"{words}: exit {status}: {text}")
    d.run("rm /tmp/fifo /tmp/large /tmp/sparse")
    for words in ("rename 9999 x", "mem-set 9999 64", "network-attach 9999", "block-attach 9999 /root/domU.img,raw,xvda,r"):
        need(d.run(f"xl {words}", ok=None)[0] == 1, words)
    need("9999" not in d.run("xenstore-ls -f"), "records of a guest that there is not")
    need(number() == first + 1, "a domain was made meanwhile")
    for command in ("pause 9999", "unpause 9999", "vcpu-list 9999", "uptime 9999", "block-list 9999", "network-list nosuch", "help frob"):
        need(d.run(f"xl {command}", ok=None)[0] == 1, f"xl {command}")     # with a message, as stock, but not with 0
    need("the machine has" in d.run("xl mem-set 0 999999", ok=False), "mem-set of Dom0")     # or its kernel would try
    need(d.run("xl -h", ok=None)[0] == 0, "xl -h")


@check
def top_fits_its_terminal(d):
    """The header is never scrolled away, no line is wrapped; a large terminal shows all."""
    for rows, cols, lines in ((6, 60, 5), (50, 300, 8)):
        text = d.run(f"stty rows {rows} cols {cols}; xl top -v -i 1 < /dev/null")
        text = re.sub(r"\x1b\[[0-9]*[A-Za-z]", "", text)      # what came in two pieces
        need(text.startswith("xl top -") and text.count("\n") == lines and "q quit" in text, f"{rows} rows: {text}")
        need(max(map(len, text.splitlines())) < cols, f"{cols} columns: {text}")
    need(d.run("xl top -b -i abc", ok=None)[0] == 2, "-i abc")


@check
def daemon_stopped_and_started(d):
    """xencommons stop returns when xenconsoled has ended, so that a start after it starts one."""
    for i in range(5):
        d.run("xencommons stop; xencommons status", ok=False)
        need(i or "try: xencommons start" in d.run(f"xl console {VICTIM} < /dev/null", 30, ok=False), "the console without its daemon")
        d.run("xencommons start && xencommons status")


@check
def example(d):
    """The example of xl.cfg(5), as docs/first-guest.md has it, with a second vCPU and more memory while it runs."""
    d.run("cp domU.img my.img && xl create -n example.cfg", 60)
    d.create("example", name="my")
    with d.console("my") as g:
        need("/dev/xvda on / type ext4" in g.run("mount"), "the root is not on /dev/xvda")
        need(" 0% packet loss" in g.run("ping -c 2 -i 0.3 10.0.0.1"), "ping from the guest")
        need(g.run("nproc").strip() == "1", "vCPUs")
    d.run("xl vcpu-set --ignore-host my 2 && xl mem-set my 256")
    with d.console("my") as g:
        d.wait("two vCPUs", lambda: g.run("echo 1 > /sys/devices/system/cpu/cpu1/online; nproc", ok=None)[1].split()[-1] == "2")
    d.run("xl shutdown -w my; rm my.img", 60)
    nothing_left(d)


@check
def interfaces_in_json(d):
    """xl list -l tells of an interface what was asked for; so does the store, from which the next life has it."""
    tiny(d, "net", "spin", vif=["bridge=xenbr0,mtu=1400,rate=1Mb/s"])
    nic = d.details("net")[0]["config"]["nics"][0]
    need((nic["bridge"], nic["mtu"], nic["rate_bytes_per_interval"], nic["rate_interval_usecs"]) == ("xenbr0", 1400, 6250, 50000), f"{nic}")
    d.run("xl destroy net", 20)
    nothing_left(d)
    need("event_channels" not in d.run("xl list -l 0"), "Domain-0's limits are not known")
    need("ratelimit=2000us" in d.run("xl sched-credit2 -s -r 2000; xl sched-credit2 -s"), "the rate limit")
    d.run("xl sched-credit2 -s -r 1000")


@check
def asked_as_stock(d):
    """One value of info, dry runs of attach, the columns of list -n and top, as stock's; a number that is no domain's leaves nothing in the store."""
    need(d.run("xl info xen_major; xl info nr_cpus").split() == ["4", str(d.cpus)], "xl info NAME")
    nodes = re.search(r"cpu_topology .*\n.*\n((?: +\d+:(?: +0){3}\n)+)numa_info .*\n.*\n +0: +\d+ +\d+ +20\n", d.run("xl info -n"))
    need(nodes and nodes[1].count("\n") == d.cpus, "xl info -n")
    tiny(d, "ask", "spin", vcpus=1)
    for words, want in (("block-attach ask /i,raw,xvdb,r", 'disk: {"pdev_path": "/i", "vdev": "xvdb", "format": "raw"}'),
                        ("network-attach ask bridge=b", 'vif: {"bridge": "b"}')):
        need(re.sub(r"\s+", " ", d.run(f"xl -N {words}")).strip().replace("{ ", "{").replace(" }", "}") == want, f"xl -N {words}")
    need("Affinity\n" in d.run("xl list -n") and re.search(r"^ask .* all$", d.run("xl list -n"), re.M), "xl list -n")
    top = [line.split()[0] for line in d.run("xl top -b -i 1 -r").splitlines()]
    need(top[::2] == ["NAME"] * 3 and top[1::2] == ["ask", "Domain-0", VICTIM], f"xl top: {top}")
    for words in ("rename 9999 x", "mem-set 9999 64", "dump-core ask /dev/full", "dump-core 0 /tmp/core", "list ask 0", "console 0"):
        need(d.run(f"xl {words}", ok=None)[0] == 1, f"xl {words}")
    d.run("[ -c /dev/full ] && ! [ -e /tmp/core ] && ! xenstore-exists /local/domain/9999 && xl destroy ask", 20)


@check
def policies(d):
    """on_watchdog, on_crash, on_poweroff and on_reboot, each with another action."""
    tiny(d, "dog", "watchdog", on_watchdog="preserve")
    d.wait("the watchdog's end", lambda: d.domains()["dog"]["state"][3] == "s" or d.domains()["dog"]["state"][4] == "c", 20)
    need("reason code 4" in d.run("cat /var/log/xen/xl-dog.log"), "the reason")
    d.run("xl destroy dog", 20)
    tiny(d, "ren", "crash", on_crash="rename-restart")
    d.wait("two renamed ones", lambda: len([n for n in d.domains() if n.startswith("ren-2")]) >= 2, 30)
    d.run("xl destroy ren; for n in $(xl list | awk '/^ren/ {print $1}'); do xl destroy $n; done", 40)
    tiny(d, "cd", "crash", on_crash="coredump-restart")
    first = d.domains().get("cd", {"id": 0})["id"]
    d.wait("a second life", lambda: d.domains().get("cd", {"id": first})["id"] > first, 40)
    d.wait("a core file", lambda: "ELF" in d.run("head -c 4 /var/lib/xen/dump/cd | tail -c 3"), 20)   # each end makes it anew
    d.run("xl destroy cd; rm -f /var/lib/xen/dump/cd", 20)
    tiny(d, "off", "poweroff", on_poweroff="destroy")
    gone(d, "off")
    tiny(d, "re", "reboot", on_reboot="destroy")
    gone(d, "re")
    nothing_left(d)


@check
def destroy_between_two_lives(d):
    """A guest that reboots at once is destroyed at some moments of its restart: it never comes back."""
    for pause in (0, 1.1, 2.3):
        tiny(d, "loop", "reboot")
        d.run(f"sleep {pause}; xl destroy loop", 20)
        d.m.drain(4.5)
        need("loop" not in d.domains(), f"destroyed after {pause} s, it came back")
        need("loop" not in d.run("ps"), "a process stays behind it")
    nothing_left(d)


@check
def destroyed_half_made(d):
    """A guest that is destroyed while its maker still works, with or without a name, leaves no record; a maker that stands still does not hold it up."""
    make = "xl create -q small.cfg 'name=\"half\"' 'kernel=\"/root/tiny\"' ramdisk= memory=8 > /tmp/half.log 2>&1 &"
    for wait in ("true", "until xl domid half > /dev/null 2>&1; do true; done", "until [ -s /run/xen/xl/half ]; do true; done; kill -STOP $!") * 3:
        d.run(f"{make} {wait}; until xl destroy half > /dev/null 2>&1; do true; done; wait", 40)
        nothing_left(d)


@check
def same_name_twice(d):
    """Of three creations of one name at once, one succeeds; so does one of two renames."""
    d.run("rm -f /tmp/rc*; for i in 1 2 3; do (xl create -q small.cfg 'name=\"twin\"' 'kernel=\"/root/tiny\"' ramdisk= > /tmp/rc$i.log 2>&1; "
          "echo $? > /tmp/rc$i) & done; wait", 60)
    need(sorted(d.run("cat /tmp/rc1 /tmp/rc2 /tmp/rc3").split()) == ["0", "3", "3"], d.run("cat /tmp/rc*"))
    need(len(re.findall(r"^twin ", d.run("xl list"), re.M)) == 1, "the number of twins")
    tiny(d, "other", "spin")
    d.run("for i in $(seq 8); do xl rename twin same & xl rename other same & wait; xl list | grep -c '^same ' > /tmp/n; [ $(cat /tmp/n) = 1 ] || break; "
          "xl rename same $(xl list | grep -q '^twin ' && echo other || echo twin); done > /dev/null 2>&1; [ $(cat /tmp/n) = 1 ]", 60)
    d.run("xl destroy twin; xl destroy other", 40)
    nothing_left(d)


@check
def others_are_left_alone(d):
    """A path is no name; a UUID is one guest's; a guest that has run is not half made; creations that find no console daemon start one, together."""
    tiny(d, "u1", "spin", uuid="11111111-2222-4333-8444-555555555555")
    status, text = d.run("xl create -q small.cfg name=u2 kernel=/root/tiny ramdisk= uuid=11111111-2222-4333-8444-555555555555", ok=None)
    need(status == 3 and "uuid: domain" in text, f"the same UUID again: {text}")
    d.run("p=$(cat /run/xen/xenconsoled.pid); ! xl destroy ../xenconsoled.pid && kill -0 $p")
    d.run("sleep 1; xl pause u1; printf '\\21\\21\\21\\21\\42\\42\\103\\63\\204\\104\\125\\125\\125\\125\\125\\125' > /run/xen/xl/u1")
    tiny(d, "u2", "spin")
    need("u1" in d.domains(), "who was making it was killed when it ran already")
    d.run("xl destroy u1; xl destroy u2; kill -9 $(cat /run/xen/xenconsoled.pid)", 40)
    d.run("for i in 1 2 3; do xl create -q small.cfg name=c$i kernel=/root/tiny ramdisk= memory=8 > /tmp/c$i 2>&1 & done; wait", 60)
    need({"c1", "c2", "c3"} <= set(d.domains()), d.run("cat /tmp/c1 /tmp/c2 /tmp/c3"))
    d.run("for i in 1 2 3; do xl destroy c$i; done; xenconsoled_pid=$(cat /run/xen/xenconsoled.pid) && kill -0 $xenconsoled_pid", 40)
    nothing_left(d)


@check
def dump_core_elsewhere(d):
    """What is no file is refused and stays; a dump that is stopped leaves neither its file nor a paused guest."""
    d.create("small", name="big", kernel="/root/tiny", ramdisk="", memory=400, extra="tiny=spin")
    d.run("mknod /tmp/full c 1 7; mkfifo /tmp/fifo")
    for path in ("/tmp/full", "/tmp/fifo"):
        status, text = d.run(f"xl dump-core big {path}", ok=None)
        need(status == 1 and "not a regular file" in text, f"{path}: {text}")
    d.run("rm /tmp/full /tmp/fifo")
    status = d.run("xl dump-core big /tmp/core & p=$!; until [ -s /tmp/core ]; do true; done; kill $p; wait $p", 60, ok=None)[0]
    need(status == 143 and "p" not in d.domains()["big"]["state"], f"exit {status}, {d.domains()}")
    d.run("! [ -e /tmp/core ] && xl destroy big", 20)
    nothing_left(d)


@check
def killed_creation(d):
    """kill -9 of xl at many moments of a creation: the next xl removes what is left."""
    found = 0
    for ms in (50, 700, 1400, 1800, 2200):
        d.run("(xl create -q small.cfg 'name=\"half\"' 'vif=[\"bridge=xenbr0\"]' & p=$!; "
              f"sleep {ms / 1000}; kill -9 $p; wait $p) > /dev/null 2>&1; true", 30)
        if "half" in d.domains() or re.search(r"^\(null\)|^ +\d", d.run("xl list"), re.M):
            found += 1
        d.run("xl create -q small.cfg 'name=\"next\"' 'kernel=\"/root/tiny\"' ramdisk= && xl destroy next", 60)
        if "half" in d.domains():       # it was done
            need("p" not in d.domains()["half"]["state"], "a guest that never runs")
            d.run("xl destroy half", 20)
        nothing_left(d)
    need(found, "no kill came in the middle of a creation")


@check
def stopped_by_a_signal(d):
    """SIGTERM or SIGHUP at some moments of a creation: it is undone at once, xl ends by the signal; that nobody reads its words does not stop it."""
    undone = 0
    for signal, ms in (("TERM", 300), ("HUP", 900), ("TERM", 1500), ("HUP", 2100), ("TERM", 2700)):
        status, text = d.run("xl create small.cfg 'name=\"half\"' 'vif=[\"bridge=xenbr0\"]' > /tmp/half.log 2>&1 & p=$!; "
                             f"sleep {ms / 1000}; kill -{signal} $p; wait $p", 30, ok=None)
        if "half" in d.domains():
            d.run("xl destroy half", 20)
        else:
            undone += "nothing is left" in d.run("cat /tmp/half.log")
            need(status == {"TERM": 143, "HUP": 129}[signal], f"exit {status}: {text}")
        nothing_left(d)
    need(undone, "no signal came in the middle of a creation")
    d.run("xl create small.cfg 'name=\"mute\"' 'kernel=\"/root/tiny\"' ramdisk= 2>&1 >&- | true; xl domid mute && xl destroy mute", 30)
    need(d.run("xl list >&-", ok=None)[0] == 1, "xl list without a stdout")
    nothing_left(d)


@check
def killed_destruction(d):
    """kill -9 of xl at many moments of a destruction: the next destroy or create removes what is left."""
    traces = "xenstore-list /vm /libxl /local/domain; losetup -a; ls /var/lib/xen /sys/class/net"
    before = d.run(traces)
    # What there is just before the end, which no kill is sure to meet.
    d.run("xenstore-write /libxl/999/type pvh /local/domain/999/vm /vm/0-0 /vm/0-0/name half; touch /var/lib/xen/userdata-d.999.0-0.libxl-json")
    for ms in (0, 40, 100, 200):
        d.create("small", name="half", kernel="/root/tiny", ramdisk="", memory=8, disk=["/root/domU.img,raw,xvda,r"], vif=["bridge=xenbr0"], options="-e")
        d.run(f"(xl destroy half & p=$!; sleep {ms / 1000}; kill -9 $p; wait $p; xl destroy half) > /dev/null 2>&1; true", 60)
        tiny(d, "next", "spin")
        d.run("xl destroy next", 20)
        nothing_left(d)
        need(d.run(traces) == before, "something of it")


@check
def no_room_for_files(d):
    """Neither a full nor a read-only disk for logs and records keeps a guest from being made and watched."""
    for mount in ("-t tmpfs -o size=4k,nr_inodes=1 none", "-t tmpfs -o ro none"):
        d.run(f"for i in log lib; do mount {mount} /var/$i; done")
        try:
            tiny(d, "off", "poweroff")
            gone(d, "off")
        finally:
            d.run("umount /var/log /var/lib")
    nothing_left(d)


@check
def hostile_store_clients(d):
    """Guests flood the store and spoil their rings: Dom0's requests are answered, other guests live, the daemon too."""
    pid = d.run("cat /run/xen/xenstored.pid")
    ask = "a=$(cut -d. -f1 /proc/uptime); for i in $(seq 10); do xenstore-read /local/domain/0/name; done > /dev/null; b=$(cut -d. -f1 /proc/uptime); echo $((b-a))"
    took = {}
    for words in (("spin", "spin"), ("flood", "garbage")):      # first what two busy guests cost anyway
        for i, word in enumerate(words):
            tiny(d, f"busy{i}", word)
        took[words[0]] = int(d.run(ask, 120))
        if words[0] == "flood":
            d.run("rm -f /var/log/xen/console/guest-good.log")
            tiny(d, "good", "lines")
            gone(d, "good", 120)
            need("line 5000" in d.guest_log("good"), "another guest's output")
        d.run("xl destroy busy0; xl destroy busy1", 60)
    need(took["flood"] <= 5 * took["spin"] + 10, f"10 reads took {took} s")
    need(d.run("cat /run/xen/xenstored.pid") == pid, "xenstored was started anew")
    need("OK" in d.run("xenstore-control check", 30), "the store's own check")
    nothing_left(d)


@check
def live_update_under_load(d):
    """xenstored is replaced five times while guests and Dom0 write and watch: no request fails, no event is lost."""
    tiny(d, "flood1", "flood")
    d.run("xenstore-write /lu/n 0; xenstore-watch -n 61 /lu/n > /tmp/events & sleep 0.5")
    d.run("(for i in $(seq 60); do xenstore-write /lu/n $i || echo lost; done > /tmp/lost 2>&1; echo end >> /tmp/lost) & true")
    for _ in range(5):
        need("OK" in d.run("xenstore-control live-update", 60), "the answer")
    d.wait("the writer's end", lambda: "end" in d.run("cat /tmp/lost"), 120)
    need(d.run("cat /tmp/lost").split() == ["end"], d.run("cat /tmp/lost"))
    d.wait("all events", lambda: d.run("wc -l < /tmp/events").strip() == "61", 20)
    need(d.run("xenstore-read /lu/n").strip() == "60" and "OK" in d.run("xenstore-control check"), "the store afterwards")
    d.run("xl destroy flood1; xenstore-rm /lu", 20)
    nothing_left(d)


@check
def hypervisor_log(d):
    """xenconsoled writes the hypervisor's log to a file: what a debug key prints is in it, told by an event and not looked for."""
    console_daemon_anew(d)
    wakes = "awk '/ctxt/ {n += $2} END {print n}' /proc/$(cat /run/xen/xenconsoled.pid)/status"
    d.run(f"xl pause {VICTIM}; sleep 1")
    need(d.run(f"{wakes}; sleep 7; {wakes}").split()[0] == d.run(wakes).strip(), "xenconsoled runs while nothing happens")
    d.run(f"xl unpause {VICTIM}")
    d.run("xl debug-keys h")
    d.wait("the key in the log", lambda: "pressed" in d.run("tail -c 20000 /var/log/xen/console/hypervisor.log 2>/dev/null | tr '()' '{}'", ok=None)[1], 10)
