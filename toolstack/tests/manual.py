#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
manual.py [--write] PROGRAM: the manual pages of the daemons and clients list what the programs take, no more and no
less. The text of docs/man is written by hand; the list of options is that of --help, --write puts it there.
"""
import pathlib
import re
import subprocess
import sys

MAN = pathlib.Path(__file__).resolve().parents[2] / "docs" / "man"


def usage(exe, *words):
    return subprocess.run([exe, *words, "--help"], capture_output=True, text=True, check=True).stdout


def roff(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def options(text):
    rows = re.findall(r"^  (-.*?)  +(.*)$", text, re.M)
    return "".join(f".TP\n{roff(name)}\n{roff(what)}\n" for name, what in rows)


def main():
    write, exe = sys.argv[1] == "--write", sys.argv[-1]
    pages = {page: (MAN / page).read_text() for page in ("xenstored.8", "xenconsoled.8", "xenconsole.1")}
    good = dict.fromkeys([*pages, "xenstore.1"], True)
    for page, text in pages.items():
        want = re.sub(r"(?<=\.SH OPTIONS\n).*?(?=\.SH)", lambda _: options(usage(exe, page[:-2])), text, flags=re.S)
        good[page] = text == want
        if write:
            (MAN / page).write_text(want)
    text = (MAN / "xenstore.1").read_text()
    commands = re.findall(r"^Usage: xenstore (\S+) \[-h\] (.*)$", usage(exe, "xenstore"), re.M)
    good["xenstore.1"] = re.findall(r"^xenstore\\-([a-z]\S+) (.*)$", text, re.M) == [(n, roff(a)) for n, a in commands]
    for page, ok in good.items():
        print(f"PASS man {page}" if ok else f"FAIL man {page}: not what the program takes; make -C toolstack man")
    return not (write or all(good.values()))


sys.exit(main())
