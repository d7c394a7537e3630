# SPDX-License-Identifier: GPL-2.0-only
"""Builds a file tree from a recipe and writes it as a newc cpio archive or as a folder.

Recipe lines (paths are those in the tree; ROOT is an unpacked set of Debian packages):
  dir PATH...                    folders
  link PATH TARGET               symbolic link
  node PATH c|b MAJOR MINOR      device node (left out of a folder: devtmpfs makes it)
  file PATH SOURCE [MODE]        SOURCE is relative to the recipe; @cache/... and @build/... are there; default mode 644
  root PATH...                   files or folders out of ROOT, at the same path
  prog PATH...                   programs out of ROOT with the shared libraries they need
  busybox PATH                   the static busybox out of ROOT and a link for each of its applets
  module NAME...                 kernel modules with those they need, and a modules.dep for modprobe
  include RECIPE                 another recipe's lines
A line whose path exists already is an error, except that applets and libraries never replace a file.
"""
import gzip
import lzma
import os
import re
import stat
import subprocess


class RecipeError(Exception):
    pass


class Tree:
    def __init__(self, root, modules, cache):
        self.root, self.modules, self.cache = root, modules, cache
        self.entries = {}       # path -> (mode, data: bytes | (major, minor))
        for name in ("bin", "sbin", "lib"):
            self.entries[name] = (stat.S_IFLNK | 0o777, f"usr/{name}".encode())
            self.folder(f"usr/{name}")

    # ---- entries
    @staticmethod
    def canonical(path):
        path = path.strip("/")
        return "usr/" + path if path.split("/")[0] in ("bin", "sbin", "lib") else path

    def folder(self, path):
        path = self.canonical(path)
        while path and path not in self.entries:
            self.entries[path] = (stat.S_IFDIR | 0o755, b"")
            path = os.path.dirname(path)

    def add(self, path, mode, data, keep=False):
        path = self.canonical(path)
        if path in self.entries:
            if keep or self.entries[path] == (mode, data):
                return
            raise RecipeError(f"{path} is there already")
        self.folder(os.path.dirname(path))
        self.entries[path] = (mode, data)

    def add_from_root(self, path, keep=False):
        """One file, link or folder of ROOT; links are followed inside ROOT and kept as links."""
        full = os.path.join(self.root, self.canonical(path))
        if os.path.islink(full):
            target = os.readlink(full)
            self.add(path, stat.S_IFLNK | 0o777, target.encode(), keep)
            self.add_from_root(os.path.normpath(os.path.join("/" + os.path.dirname(self.canonical(path)), target)), True)
        elif os.path.isdir(full):
            self.folder(path)
            for name in sorted(os.listdir(full)):
                self.add_from_root(os.path.join(path, name), keep)
        elif os.path.exists(full):
            with open(full, "rb") as f:
                self.add(path, stat.S_IFREG | (os.stat(full).st_mode & 0o777), f.read(), keep)
        else:
            raise RecipeError(f"{path} is not in {self.root}")

    # ---- programs and libraries
    def add_program(self, path, keep=False):
        self.add_from_root(path, keep)
        real = os.path.realpath(os.path.join(self.root, self.canonical(path)))
        for name in needed_libraries(real):
            lib = "usr/lib/ld-linux-aarch64.so.1" if name.startswith("ld-linux") else "usr/lib/aarch64-linux-gnu/" + name
            if lib not in self.entries:
                self.add_program(lib, True)

    def add_busybox(self, path):
        self.add_from_root(path)
        for applet in busybox_applets(os.path.join(self.root, self.canonical(path))):
            if not any(f"usr/{d}/{applet}" in self.entries for d in ("bin", "sbin")):
                self.add(f"usr/bin/{applet}", stat.S_IFLNK | 0o777, b"/" + self.canonical(path).encode())

    # ---- modules
    def add_modules(self, names):
        version = os.path.basename(os.path.realpath(self.modules))
        base = f"usr/lib/modules/{version}"
        known = module_files(self.modules)
        builtin = builtin_modules(self.modules)
        deps, todo = {}, [n.replace("-", "_") for n in names]
        while todo:
            name = todo.pop()
            if name in deps or name in builtin:
                continue
            if name not in known:
                raise RecipeError(f"no module {name} in {self.modules}")
            data = module_data(os.path.join(self.modules, known[name]))
            known[name] = known[name][:known[name].rindex(".ko") + 3]
            self.add(f"{base}/{known[name]}", stat.S_IFREG | 0o644, data, True)
            deps[name] = [d for d in module_depends(data) if d not in builtin]
            todo += deps[name]

        text = "".join(f"{known[n]}: {' '.join(known[d] for d in load_order(n, deps)[-2::-1])}\n" for n in sorted(deps))
        self.add(f"{base}/modules.dep", stat.S_IFREG | 0o644, text.encode())

    # ---- recipe
    def read_recipe(self, recipe):
        modules = []
        self._lines(recipe, modules)
        if modules:
            self.add_modules(modules)

    def _lines(self, recipe, modules):
        here = os.path.dirname(os.path.abspath(recipe))
        with open(recipe, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                word, *args = line.split("#")[0].split() or [""]
                try:
                    self._line(word, args, here, modules)
                except (RecipeError, IndexError, OSError, ValueError) as e:
                    raise RecipeError(f"{recipe}:{number}: {e}") from None

    def _line(self, word, args, here, modules):
        if word == "":
            return
        if word == "dir":
            for a in args:
                self.folder(a)
        elif word == "link":
            self.add(args[0], stat.S_IFLNK | 0o777, args[1].encode())
        elif word == "node":
            kind = stat.S_IFCHR if args[1] == "c" else stat.S_IFBLK
            self.add(args[0], kind | 0o600, (int(args[2]), int(args[3])))
        elif word == "file":
            top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
            src = os.path.join(here, args[1].replace("@cache", self.cache).replace("@build", os.path.join(top, "build")))
            with open(src, "rb") as f:
                self.add(args[0], stat.S_IFREG | int(args[2] if len(args) > 2 else "644", 8), f.read())
        elif word == "root":
            for a in args:
                self.add_from_root(a)
        elif word == "prog":
            for a in args:
                self.add_program(a)
        elif word == "busybox":
            self.add_busybox(args[0])
        elif word == "module":
            modules += args
        elif word == "include":
            self._lines(os.path.join(here, args[0]), modules)
        else:
            raise RecipeError(f"unknown word {word}")

    # ---- output
    def write_cpio(self, path):
        with open(path, "wb") as out:
            for ino, name in enumerate(sorted(self.entries), 1):
                mode, data = self.entries[name]
                dev = data if isinstance(data, tuple) else (0, 0)
                cpio_entry(out, ino, name, mode, b"" if isinstance(data, tuple) else data, dev)
            cpio_entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))
            out.write(b"\0" * (-out.tell() % 512))

    def write_folder(self, path):
        for name in sorted(self.entries):
            mode, data = self.entries[name]
            full = os.path.join(path, name)
            if stat.S_ISDIR(mode):
                os.makedirs(full, exist_ok=True)
            elif stat.S_ISLNK(mode):
                os.symlink(data, full)
            elif stat.S_ISREG(mode):
                with open(full, "wb") as f:
                    f.write(data)
                os.chmod(full, mode & 0o777)


def cpio_entry(out, ino, name, mode, data, dev):
    raw = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (ino, mode, 0, 0, links, 0, len(data), 0, 0, dev[0], dev[1], len(raw), 0)
    out.write(b"070701" + b"".join(b"%08X" % v for v in fields) + raw)
    out.write(b"\0" * (-out.tell() % 4) + data)
    out.write(b"\0" * (-out.tell() % 4))


def needed_libraries(path):
    with open(path, "rb") as f:
        if f.read(4) != b"\x7fELF":
            return []
    text = subprocess.run(["aarch64-linux-gnu-readelf", "-d", path], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def busybox_applets(path):
    """The applet names out of the binary's own table: sorted, NUL-separated, beginning with [ and [[."""
    with open(path, "rb") as f:
        data = f.read()
    start = data.find(b"\0[\0[[\0")
    if start < 0:
        raise RecipeError(f"{path}: no applet table")
    names, at = [], start + 1
    while True:
        end = data.index(b"\0", at)
        name = data[at:end].decode("latin-1")
        if not re.fullmatch(r"[a-z0-9_.\[-]+", name) or (names and name < names[-1]):
            return names
        names.append(name)
        at = end + 1


def module_files(modules):
    found = {}
    for folder, _, names in os.walk(os.path.join(modules, "kernel")):
        for n in names:
            m = re.fullmatch(r"(.*)\.ko(\.xz|\.gz)?", n)
            if m:
                found[m[1].replace("-", "_")] = os.path.relpath(os.path.join(folder, n), modules)
    return found


def module_data(path):
    """A module as it is loaded: busybox hands the kernel what it finds, and kernels need not know how to unpack."""
    opener = {".xz": lzma.open, ".gz": gzip.open}.get(os.path.splitext(path)[1], open)
    with opener(path, "rb") as f:
        return f.read()


def builtin_modules(modules):
    with open(os.path.join(modules, "modules.builtin"), encoding="utf-8") as f:
        return {os.path.basename(line.strip())[:-3].replace("-", "_") for line in f}


def load_order(name, deps, done=None):
    """The modules that name needs, each after those it needs itself, and name last."""
    done = [] if done is None else done
    for d in deps[name]:
        if d not in done:
            load_order(d, deps, done)
    done.append(name)
    return done


def module_depends(data):
    m = re.search(rb"\0depends=([^\0]*)\0", data)
    return [d.replace("-", "_") for d in m[1].decode().split(",") if d] if m else []
