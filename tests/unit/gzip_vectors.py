# SPDX-License-Identifier: GPL-2.0-only
"""Writes the files that test_gunzip.c unpacks, as C arrays: all block types, all header fields, by zlib."""
import random
import zlib

rand = random.Random(7)
words = [rand.randbytes(rand.randint(2, 300)) for _ in range(60)]
mixed = b"".join(rand.choice(words) for _ in range(900))        # repeats at all distances up to 32 KiB
cases = [
    ("empty", b"", 9, zlib.Z_DEFAULT_STRATEGY, 0),
    ("byte", b"x", 9, zlib.Z_DEFAULT_STRATEGY, 0),
    ("zeros", bytes(100000), 9, zlib.Z_DEFAULT_STRATEGY, 0),
    ("noise", rand.randbytes(70001), 6, zlib.Z_DEFAULT_STRATEGY, 0),
    ("stored", mixed[:70000], 0, zlib.Z_DEFAULT_STRATEGY, 0),
    ("fixed", mixed[:40000], 6, zlib.Z_FIXED, 0),
    ("huffman", mixed[:40000], 6, zlib.Z_HUFFMAN_ONLY, 0),
    ("dynamic", mixed, 9, zlib.Z_DEFAULT_STRATEGY, 0),
    ("header", mixed[:5000], 9, zlib.Z_DEFAULT_STRATEGY, 2 | 4 | 8 | 16),
]


def gzip(data, level, strategy, flags):
    c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    body = c.compress(data) + c.flush()
    fields = ((4, b"\x03\x00abc"), (8, b"vmlinuz\0"), (16, b"a remark\0"), (2, b"hc"))
    head = bytes([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]) + b"".join(f for bit, f in fields if flags & bit)
    return head + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def array(name, data):
    print(f"static const u8 {name}[] = {{ {','.join(map(str, data)) or '0'} }};")


print("/* made by gzip_vectors.py */")
for name, data, *how in cases:
    array(f"raw_{name}", data)
    array(f"packed_{name}", gzip(data, *how))
print("static const struct vector { const char *name; const u8 *raw, *packed; size_t size, packed_size; } vectors[] = {")
for name, data, *_ in cases:
    print(f'\t{{ "{name}", raw_{name}, packed_{name}, {len(data)}, sizeof(packed_{name}) }},')
print("};")
