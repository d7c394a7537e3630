#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Checks what the linker made: build/hospes.elf and build/hospes. What a compiler, the linker script or the assembly could get wrong is seen
here only. Prints PASS RULE, or the places and FAIL RULE.
"""
import os
import re
import struct
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
CROSS = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
PAGE = 4096
LIMIT = 200 << 10               # bytes of the image, debug checks not counted in

# Where the branches of each vector lead, in this order; others may come between.
OWN, IRQ, SERROR = ["el2_exception"], ["irq_handle", "leave"], ["trap_serror", "leave_all"]
VECTORS = [OWN] * 8 + [["other_sync", "hypercall_run", "leave"], IRQ, IRQ, SERROR] + [["other_sync"], IRQ, IRQ, SERROR]
# The first page of each right, the rights of what stands before the next one: those of mm_early_init()'s calls of map_image().
RANGES = [("__image_start", "X"), ("__rodata_start", ""), ("__relro_end", "W"), ("__init_text_start", "X"), ("__init_text_end", "W"), ("__image_end", "")]
RELOCATED = (".data.rel.ro", ".data", ".init.data")     # the sections that head.S may write addresses to


def tool(name, *args):
    return subprocess.run([CROSS + name, *args], check=True, capture_output=True, text=True).stdout


class Function:
    def __init__(self, name, start, init):
        self.name, self.start, self.init = name, start, init
        self.code = []          # (address, instruction, "file:line" or None)

    def targets(self, pattern):
        """(address, name) of the functions that instructions with such a mnemonic name."""
        for _, text, _ in self.code:
            m = re.match(r"(?:%s)\t(?:.*, )?([0-9a-f]+) <([^+>]+)>" % pattern, text)
            if m:
                yield int(m[1], 16), m[2]


class Image:
    """The disassembly, sections and symbols of an ELF."""

    def __init__(self, elf):
        self.elf = elf
        self.sections = {}      # name -> (address, size, flags)
        for line in tool("readelf", "-SW", elf).splitlines():
            m = re.match(r"\s*\[ *\d+\] (\.\S+)\s+\S+\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+\s+([A-Z]*) ", line)
            if m and "A" in m[4]:
                self.sections[m[1]] = (int(m[2], 16), int(m[3], 16), m[4])
        self.symbols = {}
        for line in tool("nm", elf).splitlines():
            fields = line.split()
            if len(fields) == 3:
                self.symbols[fields[2]] = int(fields[0], 16)
        self.functions = {}     # start address -> Function
        self.read()

    def read(self):
        function, place = None, None
        for line in tool("objdump", "-dl", "--no-show-raw-insn", "-j", ".text", "-j", ".init.text", self.elf).splitlines():
            m = re.match(r"([0-9a-f]{16}) <(.+)>:", line)
            if m:
                start = int(m[1], 16)
                function = self.functions[start] = Function(m[2], start, start >= self.sections[".init.text"][0])
                place = None
                continue
            m = re.match(r"\s*([0-9a-f]+):\t(.*)", line)
            if m:
                function.code.append((int(m[1], 16), m[2].split("\t//")[0].strip(), place))
                continue
            m = re.match(r"(\S+):(\d+)(?: \(discriminator \d+\))?$", line)
            if m:
                place = f"{os.path.relpath(m[1], os.path.join(TOP, 'hypervisor'))}:{m[2]}" if m[1].startswith("/") else f"{m[1]}:{m[2]}"

    def section_of(self, address):
        return next((n for n, (start, size, _) in self.sections.items() if start <= address < start + size), None)


def code(image):
    for f in image.functions.values():
        for i in range(len(f.code)):
            yield f, i


def vectors(image):
    """The vector table stands at 2 KiB, and each of its 16 entries is ours and leads where it should."""
    base = image.symbols["el2_vectors"]
    table = image.functions[base]
    if base % 2048:
        yield f"el2_vectors at {base:#x}"
    if not any(re.match(r"msr\tvbar_el2, ", text) for f in image.functions.values() for _, text, _ in f.code):
        yield "nothing writes VBAR_EL2"
    for slot, goals in enumerate(VECTORS):
        entry = Function("", 0, False)
        entry.code = [c for c in table.code if slot * 0x80 <= c[0] - base < slot * 0x80 + 0x80]
        first = entry.code[0][1] if entry.code else "nothing"
        if not re.match(r"sub\tsp, sp, |stp\tx0, x1, \[sp\]", first):
            yield f"vector {slot} begins with: {first}"
        ways = [name for _, name in entry.targets(r"bl|b|b\.\w+")]
        if [w for w in ways if w in goals] != goals:
            yield f"vector {slot} leads to {ways}, not to {goals}"
        if goals == OWN and f"mov\tx0, #{slot:#x}" not in [text for _, text, _ in entry.code]:
            yield f"vector {slot} does not tell its number"
    if table.code[-1][0] >= base + 16 * 0x80:
        yield "more than 16 vectors"


def barrier_after_eret(image):
    """Nothing behind an ERET is speculated: SB, or DSB and ISB, come next."""
    found = 0
    for f, i in code(image):
        if f.code[i][1] != "eret":
            continue
        found += 1
        after = [text for _, text, _ in f.code[i + 1:i + 3]]
        if after[:1] != ["sb"] and not (len(after) == 2 and after[0].startswith("dsb\t") and after[1] == "isb"):
            yield f"{f.code[i][0]:x} in {f.name}: then {after}"
    if not found:
        yield "no eret at all"


def no_simd(image):
    """The guest's FP/SIMD registers are live while we run: only fp_save and fp_load touch them, and page_copy, which puts them back."""
    for f, i in code(image):
        if f.name in ("fp_save", "fp_load", "page_copy"):
            continue
        address, text, place = f.code[i]
        operands = re.sub(r"\b[0-9a-f]+ <.*?>", "", text.partition("\t")[2])    # but for branch targets: b8 is an address, too
        if re.search(r"(?<![\w.])(?:[bhsdq](?:[12]?\d|3[01])|[vz](?:[12]?\d|3[01])(?:\.\w+)?|p\d+/[mz])(?!\w)", operands):
            yield f"{address:x} in {f.name} ({place}): {text}"


def rights(image):
    """Nothing is writable and executable: by the program headers, and by what mm.c maps how."""
    for line in tool("readelf", "-lW", image.elf).splitlines():
        m = re.match(r"\s+(LOAD|GNU_STACK)\s.* ([R ][W ][E ]) +0x", line)
        if m and "W" in m[2] and "E" in m[2]:
            yield "segment:" + line
    marks = [(image.symbols[name], name, right) for name, right in RANGES]
    for address, name, _ in marks:
        if address % PAGE:
            yield f"{name} is at {address:#x}, within a page"
    for section, (start, size, flags) in image.sections.items():
        here = [(name, right) for (low, name, right), (high, _, _) in zip(marks, marks[1:]) if start < high and start + size > low and size]
        # Constants with addresses in them are written by head.S, before there are rights.
        wanted = "X" if "X" in flags else "W" if "W" in flags and section != ".data.rel.ro" else ""
        if len(here) != 1 or (wanted and here[0][1] != wanted) or (here[0][1] == "X" and not wanted):
            yield f"{section} ({flags}) stands in {here}"
    with open(os.path.join(TOP, "hypervisor/arm/mm.c"), encoding="utf-8") as f:
        calls = re.findall(r"map_image\((__\w+), (__\w+), EL2_(\w+)\);", f.read())
    right = {"TEXT": "X", "RODATA": "", "NORMAL": "W"}
    expected = [(name, nxt, r) for (name, r), (nxt, _) in zip(RANGES, RANGES[1:])]
    if [(a, b, right.get(how)) for a, b, how in calls] != expected:
        yield f"mm_early_init() maps {calls}"


def relocations(image):
    """Only what head.S relocates, and only where it may write; each addend is in its place and in the table; nothing undefined is left."""
    with open(os.path.join(BUILD, "hospes"), "rb") as f:
        binary = f.read()
    places = []
    for line in tool("readelf", "-rW", image.elf).splitlines():
        m = re.match(r"([0-9a-f]{16})  [0-9a-f]{16} (R_\w+) +([0-9a-f]+)$", line)
        if not m:
            continue
        place = int(m[1], 16)
        places.append(place)
        where = image.section_of(place)
        if m[2] != "R_AARCH64_RELATIVE" or where not in RELOCATED or place % 8:
            yield f"{m[2]} at {m[1]} in {where}"
        elif int.from_bytes(binary[place:place + 8], "little") != int(m[3], 16):
            yield f"{m[1]}: not {m[3]}"
    if not places:
        yield "no relocations: readelf's output was not understood"
    if binary[image.symbols["__relocs"]:] != struct.pack(f"<{len(places) + 1}I", *places, 0):
        yield "the image's table of relocations is not the linker's"
    if "TEXTREL" in tool("readelf", "-dW", image.elf):
        yield "TEXTREL"
    for line in tool("nm", "-u", image.elf).splitlines():
        yield "undefined:" + line


def size(image):
    """The image is at most 200 KiB."""
    length = os.path.getsize(os.path.join(BUILD, "hospes"))
    if length > LIMIT:
        yield f"{length} bytes, {LIMIT} allowed"


def main():
    image = Image(os.path.join(BUILD, "hospes.elf"))
    failed = 0
    for rule in (vectors, barrier_after_eret, no_simd, rights, relocations, size):
        places = list(rule(image))
        for place in places[:10]:
            print("   ", place)
        print("FAIL" if places else "PASS", "image:", rule.__name__.replace("_", " "), f"({len(places)})" if places else "")
        failed += bool(places)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
