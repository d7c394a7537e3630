// SPDX-License-Identifier: GPL-2.0-only
/*
 * gzip (RFC 1952) and deflate (RFC 1951). Reads nothing beyond the file and writes nothing beyond
 * the size its last bytes promise; whatever the file holds, each step takes input or makes output,
 * so the time is bounded by both. Past its end the input reads as zeros and `short_input` is set.
 */
#include <boot/gunzip.h>
#include <lib/string.h>

#define HEADER_SIZE 10
#define TRAILER_SIZE 8
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16 };

#define MAX_BITS 15
#define LITERALS 288
#define DISTANCES 32
#define END_OF_BLOCK 256

/*
 * A prefix code as a table over the next MAX_BITS bits of input: symbol << 4 | length; 0 where no
 * code begins so.
 */
struct code {
	u16 entry[1 << MAX_BITS];
};

static struct stream {
	const u8 *in, *in_end;
	u8 *out, *out_start, *out_end;
	u64 bits; /* read ahead, the next one lowest */
	unsigned nr_bits;
	bool short_input;
} s __initbss;

static struct code literal_code __initbss, distance_code __initbss;
static u8 lengths[LITERALS + DISTANCES] __initbss;

/* peek(), skip() and decode() are inlined: they run for every few bits. */
static inline __attribute__((always_inline)) u32 peek(unsigned n)
{
	while (s.nr_bits < n) {
		if (s.in < s.in_end)
			s.bits |= (u64)*s.in++ << s.nr_bits;
		else
			s.short_input = true;
		s.nr_bits += 8;
	}
	return (u32)(s.bits & ((1UL << n) - 1));
}

static inline __attribute__((always_inline)) void skip(unsigned n)
{
	s.bits >>= n;
	s.nr_bits -= n;
}

static u32 __init take(unsigned n)
{
	u32 v = peek(n);

	skip(n);
	return v;
}

static unsigned __init reversed(unsigned v, unsigned bits)
{
	unsigned r = 0;

	while (bits--) {
		r = r << 1 | (v & 1);
		v >>= 1;
	}
	return r;
}

/*
 * RFC 1951, 3.2.2: from the length of each symbol's code. False: more codes than there is room for.
 * Fewer are allowed; what is left over decodes to nothing.
 */
static bool __init make_code(struct code *c, const u8 *len, unsigned nr)
{
	unsigned next = 0;

	memset(c, 0, sizeof(*c));
	for (unsigned bits = 1; bits <= MAX_BITS; bits++, next <<= 1) {
		for (unsigned sym = 0; sym < nr; sym++) {
			if (len[sym] != bits)
				continue;
			if (next >> bits)
				return false;
			for (unsigned i = reversed(next, bits); i < ARRAY_SIZE(c->entry);
			     i += 1U << bits)
				c->entry[i] = (u16)(sym << 4 | bits);
			next++;
		}
	}
	return true;
}

/* The next symbol, or -1: no code begins like this. */
static inline __attribute__((always_inline)) int decode(const struct code *c)
{
	u16 e = c->entry[peek(MAX_BITS)];

	skip(e & 15);
	return e ? e >> 4 : -1;
}

static bool __init fixed_codes(void)
{
	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	memset(lengths + LITERALS, 5, DISTANCES);
	return make_code(&literal_code, lengths, LITERALS) &&
	       make_code(&distance_code, lengths + LITERALS, DISTANCES);
}

/* RFC 1951, 3.2.7: the lengths of both codes, themselves packed by a third. */
static bool __init dynamic_codes(void)
{
	static const u8 order[] __initconst = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
						11, 4,	12, 3, 13, 2, 14, 1, 15 };
	unsigned nr_lit = take(5) + 257, nr_dist = take(5) + 1, nr_len = take(4) + 4, n = 0;
	u8 len[ARRAY_SIZE(order)] = { 0 };

	for (unsigned i = 0; i < nr_len; i++)
		len[order[i]] = (u8)take(3);
	if (nr_lit > LITERALS || !make_code(&literal_code, len, ARRAY_SIZE(len)))
		return false;
	while (n < nr_lit + nr_dist) {
		int sym = decode(&literal_code);
		unsigned repeat = 1;
		u8 v = (u8)sym;

		if (sym < 0 || (sym == 16 && !n))
			return false;
		if (sym >= 16) {
			v = sym == 16 ? lengths[n - 1] : 0;
			repeat = sym == 16 ? 3 + take(2) : sym == 17 ? 3 + take(3) : 11 + take(7);
		}
		if (n + repeat > nr_lit + nr_dist)
			return false;
		memset(lengths + n, v, repeat);
		n += repeat;
	}
	return lengths[END_OF_BLOCK] && make_code(&distance_code, lengths + nr_lit, nr_dist) &&
	       make_code(&literal_code, lengths, nr_lit);
}

/* Repeats `len` bytes from `distance` bytes ago; the two may overlap. */
static bool __init copy_back(unsigned len, unsigned distance)
{
	if (distance > (size_t)(s.out - s.out_start) || len > (size_t)(s.out_end - s.out))
		return false;
	for (; len; len--, s.out++)
		*s.out = s.out[-(long)distance];
	return true;
}

/*
 * Lengths and distances grow by powers of two, `per` symbols to each power: the base of symbol n,
 * whose further bits are added from the input.
 */
static unsigned __init stepped(unsigned n, unsigned per)
{
	unsigned extra = n < 2 * per ? 0 : n / per - 1;

	return (n < 2 * per ? n : (per + n % per) << extra) + take(extra);
}

static bool __init copy_symbol(unsigned sym)
{
	unsigned len = sym == 285 ? 258 : 3 + stepped(sym - 257, 4);
	int dist = decode(&distance_code);

	return sym <= 285 && dist >= 0 && dist < 30 &&
	       copy_back(len, 1 + stepped((unsigned)dist, 2));
}

static bool __init coded_block(void)
{
	while (!s.short_input) {
		int sym = decode(&literal_code);

		if (sym == END_OF_BLOCK)
			return true;
		if (sym < 0)
			return false;
		if (sym > END_OF_BLOCK) {
			if (!copy_symbol((unsigned)sym))
				return false;
		} else {
			if (s.out == s.out_end)
				return false;
			*s.out++ = (u8)sym;
		}
	}
	return false;
}

static void __init to_byte_boundary(void)
{
	skip(s.nr_bits & 7);
	s.in -= s.nr_bits / 8;
	s.bits = 0;
	s.nr_bits = 0;
}

static bool __init stored_block(void)
{
	unsigned len, check;

	if (s.short_input)
		return false;
	to_byte_boundary();
	len = take(16);
	check = take(16);
	if (s.short_input || (len ^ check) != 0xffff || len > (size_t)(s.in_end - s.in) ||
	    len > (size_t)(s.out_end - s.out))
		return false;
	memcpy(s.out, s.in, len);
	s.in += len;
	s.out += len;
	return true;
}

static bool __init inflate(void)
{
	bool last = false, ok = true;

	while (ok && !last && !s.short_input) {
		last = take(1);
		switch (take(2)) {
		case 0: ok = stored_block(); break;
		case 1: ok = fixed_codes() && coded_block(); break;
		case 2: ok = dynamic_codes() && coded_block(); break;
		default: return false;
		}
	}
	return ok && last && !s.short_input;
}

static u32 __init crc32(const u8 *p, size_t n)
{
	u32 table[16], crc = ~0U;

	for (u32 i = 0; i < 16; i++) {
		table[i] = i;
		for (unsigned bit = 0; bit < 4; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (; n; n--, p++) {
		crc = crc >> 4 ^ table[(crc ^ *p) & 15];
		crc = crc >> 4 ^ table[(crc ^ *p >> 4) & 15];
	}
	return ~crc;
}

static u32 __init le32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

/* Behind the zero that ends a text in the header, or the end of the input. */
static const u8 *__init behind_text(const u8 *p, const u8 *end)
{
	while (p < end)
		if (!*p++)
			break;
	return p;
}

/* Where the packed data begins; beyond `end` if the header does not end before it. */
static const u8 *__init behind_header(const u8 *p, const u8 *end)
{
	u8 flags = p[3];

	p += HEADER_SIZE;
	if (flags & FEXTRA)
		p += end - p < 2 ? 2 : 2 + (p[0] | p[1] << 8);
	if (flags & FNAME)
		p = behind_text(p, end);
	if (flags & FCOMMENT)
		p = behind_text(p, end);
	return flags & FHCRC ? p + 2 : p;
}

bool __init gzip_is(const void *file, size_t n)
{
	const u8 *p = file;

	return n >= HEADER_SIZE + TRAILER_SIZE && p[0] == 0x1f && p[1] == 0x8b;
}

size_t __init gzip_size(const void *file, size_t n)
{
	return le32((const u8 *)file + n - 4);
}

const char *__init gunzip(const void *file, size_t n, void *out)
{
	const u8 *p = file, *end = p + n - TRAILER_SIZE, *data = behind_header(p, end);
	size_t size = gzip_size(file, n);

	if (p[2] != 8 || data >= end)
		return "has a gzip header that makes no sense";
	/*
	 * Codes are looked up by more bits than most have: what follows the packed data may be
	 * read, too.
	 */
	s = (struct stream){ .in = data,
			     .in_end = p + n,
			     .out = out,
			     .out_start = out,
			     .out_end = (u8 *)out + size };
	if (!inflate())
		return "is packed with gzip and damaged or cut off";
	to_byte_boundary();
	if (s.in != end || s.out != s.out_end || crc32(out, size) != le32(end))
		return "is packed with gzip and does not match its checksum and size";
	return NULL;
}
