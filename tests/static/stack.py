#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The deepest stack of the hypervisor, from the image: how far each function moves SP, which functions it calls, the longest way down from each entry.
A call through a pointer may go to every function of its type whose address is taken; the types come from clang, by the line of the call.
Prints the deepest way of each entry, and PASS or FAIL. With names: what these functions need below them.
"""
import os
import re
import subprocess
import sys

from image import BUILD, TOP, Image

HYP = os.path.join(TOP, "hypervisor")
ENTRIES = ("first_entry",)     # and all that assembly calls
FAULT_FRAME = 272               # of el2_exception: a fault at the deepest place is still told
RESET = ("stack_reset_and_call",)       # starts at the top of the stack again, with first_entry()
JUMPS = ("v3_lr_read", "v3_lr_write")   # jump within themselves
# Functions that call themselves or each other, and how many times each may be on the stack.
RECURSION = {
    ("map_level",): 4,          # levels of the tables
    ("init_text_writable",): 4,
    ("relinquish_table",): 4,
    ("hypercall_one", "dispatch_other", "hc_multicall"): 1,     # a multicall in a multicall is refused
    ("domain_put", "domain_release", "grants_free", "page_release"): 2,           # the last reference frees pages whose own references are not the last any more
    ("fdt_path_offset", "fdt_path_offset_namelen", "fdt_get_alias_namelen"): 3,     # machine_find_uart() lets no alias lead to an alias
    ("clear_pending",): 1,      # FIFO's leaves a port without an array to that of two levels
    # One vCPU is loaded on a CPU: vgic_notify() of another one than it does not come back here.
    ("vgic_update", "vgic_notify", "reconsider", "lr_to_model", "retire_empty", "vgic_end_active", "vgic_hw_release", "vgic_overflow_end",
     "vgic_review_all", "vgic_spill_all"): 1,
}


def clang_ir(source, flags):
    return subprocess.run(["clang-14", "-target", "aarch64-linux-gnu", "-O0", "-g", "-w", "-S", "-emit-llvm", "-o", "-", *flags, source], cwd=HYP,
                          check=True, capture_output=True, text=True).stdout


def plain(kind):
    """Without what differs from file to file: numbers of types, attributes."""
    return re.sub(r"(%struct\.\w+?)\.\d+\b", r"\1", re.sub(r" (noundef|zeroext|signext)", "", kind)).replace(" ", "")


def split(text):
    """At the commas outside of brackets."""
    parts, depth, last = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and not depth:
            parts.append(text[last:i])
            last = i + 1
    return [p.strip() for p in parts + [text[last:]] if p.strip()]


def closing(text, start):
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if not depth:
            return i
    raise ValueError(text)


FUNCTION = re.compile(r"\)\* (?:noundef )?@([\w.]+)")


def taken(line):
    """(type, name) of each function whose address stands in the line: RETURN (ARGUMENTS)* @NAME."""
    for m in FUNCTION.finditer(line):
        depth, i = 0, m.start()
        while True:
            depth += (line[i] == ")") - (line[i] == "(")
            if not depth:
                break
            i -= 1
        result = re.search(r"([^\s([{]+) $", line[:i])
        if result:
            yield plain(result[1] + line[i:m.start() + 1]), m[1]


class Pointers:
    """
    Which functions a call through a pointer may reach. A call of a structure's member reaches those that initializers and stores put there; when a
    variable was stored there, and for any other pointer, all of its type that stand outside of (in) initializers.
    """

    def __init__(self):
        self.members = {}       # (structure, index) -> functions
        self.open = set()       # members that got a variable
        self.loose = {}         # type -> functions that stand in code
        self.all = {}           # type -> functions
        self.calls = {}         # "file:line" -> set of (type, member or None)

    def add_file(self, text):
        files = {n: os.path.normpath(name) for n, name in re.findall(r'^!(\d+) = !DIFile\(filename: "(.*?)"', text, re.M)}
        scopes = {n: files.get(f) for n, f in re.findall(r"^!(\d+) = (?:distinct )?!DI(?:Subprogram|LexicalBlock\w*)\(.*?file: !(\d+)", text, re.M)}
        places = {n: f"{scopes.get(scope)}:{line}" for n, line, scope in
                  re.findall(r"^!(\d+) = (?:distinct )?!DILocation\(line: (\d+),(?: column: \d+,)? scope: !(\d+)", text, re.M)}
        values = {}             # of the function being read: %n -> what it is
        for line in text.splitlines():
            if line.startswith("define "):
                values = {}
            elif line.startswith("@"):
                self.add_constant(line)
            elif line.startswith("  "):
                self.add_instruction(line, values, places)

    def add_constant(self, line):
        for kind, name in taken(line):
            self.all.setdefault(kind, set()).add(name)
        for m in re.finditer(r"%(struct\.\w+?)(?:\.\d+)? <?\{ ", line):
            for k, field in enumerate(split(line[m.end():closing(line, m.end() - 2)])):
                f = re.search(r"\)\* @([\w.]+)$", field)
                if f and not re.match(r"%struct|\[|<?\{", field.partition(" (")[0].partition(" ")[2] or "x"):
                    self.members.setdefault((m[1], k), set()).add(f[1])

    def add_instruction(self, line, values, places):
        for kind, name in taken(line):
            self.all.setdefault(kind, set()).add(name)
            self.loose.setdefault(kind, set()).add(name)
        m = re.match(r"  (%\d+) = (.*)", line)
        if m:
            values[m[1]] = m[2]
        m = re.match(r"  store .*\)\* (\S+), .*\)\*\* (%\d+),", line)
        if m and self.member(values.get(m[2], "")):
            if m[1].startswith("@"):
                self.members.setdefault(self.member(values[m[2]]), set()).add(m[1][1:])
            else:
                self.open.add(self.member(values[m[2]]))
        m = re.search(r"\bcall (.*?)(\S+) (%\d+)\(", line)
        if m:
            args = [arg.split(" noundef")[0] if " noundef" in arg else re.match(r"\[.*?\]\**|\S+", arg)[0]
                    for arg in split(line[m.end():closing(line, m.end() - 1)])]
            load = re.match(r"load .*\)\*\* (%\d+),", values.get(m[3], ""))
            place = re.search(r"!dbg !(\d+)", line)
            call = (plain(f"{m[2]}({','.join(args)})"), load and self.member(values.get(load[1], "")))
            self.calls.setdefault(places.get(place and place[1]), set()).add(call)

    @staticmethod
    def member(value):
        m = re.match(r"getelementptr inbounds %(struct\.\w+?)(?:\.\d+)?, .*, i32 0, i32 (\d+)(?:,|$)", value)
        return (m[1], int(m[2])) if m else None

    def reached(self, place):
        """Functions that the call there may reach; None if there is no such call."""
        calls = self.calls.get(place)
        if not calls and place:         # a call of several lines
            path, _, line = place.rpartition(":")
            calls = next((self.calls[p] for p in (f"{path}:{int(line) + d}" for d in (-1, 1, -2, 2)) if p in self.calls), None)
        if not calls:
            return None
        found = set()
        for kind, member in calls:
            known = self.members.get(member)    # of a structure that names itself in its members' types, nothing is known
            if known:
                found |= known | (self.loose.get(kind, set()) if member in self.open else set())
            else:
                found |= self.all.get(kind, set())
        return found


def frame(function):
    """By how much the function moves SP down, all its ways taken together."""
    total = 0
    for address, text, _ in function.code:
        m = re.match(r"sub\tsp, sp, #(0x[0-9a-f]+|\d+)(, lsl #12)?$|st[rp]\t.*\[sp, #-(\d+)\]!", text)
        if m:
            total += int(m[3]) if m[3] else int(m[1], 0) << (12 if m[2] else 0)
        elif re.match(r"sub\tsp, ", text):
            raise SystemExit(f"FAIL stack: {function.name} at {address:x}: {text}: no constant")
    return total


class Graph:
    """Nodes are the functions' addresses: names of static functions come more than once."""

    def __init__(self, image, pointers):
        self.frames, self.edges, self.names, self.trouble = {}, {}, {}, []
        self.entries = set(ENTRIES)
        assembly = set()
        for source in ("entry.S", "head.S"):
            with open(os.path.join(HYP, "arm/a64", source), encoding="utf-8") as s:
                assembly |= set(re.findall(r"^(\w+):", s.read(), re.M))
        starts = {}             # name in the source -> addresses
        for start, f in image.functions.items():
            self.names[start] = f.name
            starts.setdefault(re.sub(r"\..*", "", f.name), set()).add(start)
        for start, f in image.functions.items():
            self.frames[start] = frame(f)
            self.edges[start] = edges = set()       # (callee, the frame is still there)
            from_c = f.name not in assembly
            edges |= {(callee, True) for callee, _ in f.targets("bl")}
            if not from_c:
                self.entries |= {name for _, name in f.targets("bl|b") if name not in assembly}
            # gcc gives the frame back before a branch to another function; its cold parts are the same function.
            edges |= {(callee, not from_c or ".cold" in name) for callee, name in f.targets(r"b|b\.\w+|cbn?z|tbn?z") if callee != start}
            for _, text, place in f.code:
                m = re.match(r"(blr|br)\tx", text)
                if m and f.name not in RESET + JUMPS:
                    found = pointers.reached(place)
                    if not found:
                        self.trouble.append(f"{f.name}: what does the call at {place} go to?")
                    edges |= {(callee, m[1] == "blr") for name in found or () for callee in starts.get(name, ())}
        for edges in self.edges.values():       # what stands at the same address twice
            edges -= {e for e in edges if e[0] not in self.edges}

    def cycles(self):
        """Strongly connected components of more than one function, or of one that calls itself (Tarjan)."""
        index, low, stack, found = {}, {}, [], []

        def visit(v):
            index[v] = low[v] = len(index)
            stack.append(v)
            for w, _ in self.edges.get(v, ()):
                if w not in index:
                    visit(w)
                    low[v] = min(low[v], low[w])
                elif w in stack:
                    low[v] = min(low[v], index[w])
            if low[v] == index[v]:
                part = set()
                while v not in part:
                    part.add(stack.pop())
                if len(part) > 1 or any(w == v for w, _ in self.edges.get(v, ())):
                    found.append(part)

        sys.setrecursionlimit(10000)
        for v in list(self.edges):
            if v not in index:
                visit(v)
        return found

    def bound_recursion(self):
        """A cycle becomes edges out of each of its functions, with what the repetitions cost on top of the frames."""
        for part in self.cycles():
            bases = {re.sub(r"\..*", "", self.names[v]) for v in part}
            times = next((n for names, n in RECURSION.items() if bases <= set(names)), None)
            if times is None:
                self.trouble.append("recursion without a bound: " + " ".join(sorted(self.names[v] for v in part)))
                times = 1
            outside = {(w, True) for v in part for w, _ in self.edges[v] if w not in part}
            whole = times * sum(self.frames[v] for v in part)
            for v in part:
                self.frames[v], self.edges[v] = whole, outside

    def deepest(self, v, memo):
        """(bytes, functions) of the longest way down."""
        if v not in memo:
            best = (self.frames[v], [v])
            for callee, live in self.edges[v]:
                depth, way = self.deepest(callee, memo)
                depth += self.frames[v] if live else 0
                if depth > best[0]:
                    best = (depth, [v] + way)
            memo[v] = best
        return memo[v]


def main():
    with open(os.path.join(HYP, "include/arm/asm.h"), encoding="utf-8") as f:
        limit = int(re.search(r"#define EL2_STACK_SIZE (\d+)", f.read())[1])
    sources, flags = sys.argv[1].split(), sys.argv[2].split()
    image = Image(os.path.join(BUILD, "hospes.elf"))
    pointers = Pointers()
    for source in sources:
        pointers.add_file(clang_ir(source, flags))
    graph = Graph(image, pointers)
    graph.bound_recursion()
    memo, worst = {}, 0
    fault = FAULT_FRAME + graph.deepest(image.symbols["el2_fault"], memo)[0]
    for name in sys.argv[3:] or sorted(graph.entries):
        if name not in image.symbols:
            graph.trouble.append(f"no function {name}")
            continue
        depth, way = graph.deepest(image.symbols[name], memo)
        worst = max(worst, depth)
        print(f"    {depth:5} {' '.join(f'{graph.names[v]}({graph.frames[v]})' for v in way)}")
    if worst + fault > limit:
        graph.trouble.append(f"{worst} bytes and {fault} for a fault there, {limit} allowed")
    for text in graph.trouble:
        print("   ", text)
    print("FAIL" if graph.trouble else "PASS", f"stack: {worst} bytes, and {fault} to report a fault there, of {limit}")
    return 1 if graph.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
