// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - files of a guest into memory, unpacked by zlib.
 *
 * Owns what it maps.  Invariant: a file that grows, shrinks or unpacks without end meets the limit
 * and nothing else: address space for that much is taken at first, memory as it is filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "builder/file.h"

#define STEP (16ul << 20)
#define RESERVE (16ul << 20) /* of Dom0's memory, for others */
#define NO_MEMORY "%s: Dom0 has no memory for %zu MiB: give it more (dom0_mem=), or end a process"

/* The kernel gives what it does not have, and then kills whom it likes: so ask it first. */
static bool available(size_t bytes)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib;
	bool enough = !f || fscanf(f, "%*[^\n] %*[^\n] MemAvailable: %lu", &kib) != 1 ||
		      kib >= bytes >> 10;

	if (f)
		fclose(f);
	return enough;
}

/*
 * To the end of @gz, or of @fd if it is NULL; memory is taken step by step.  The one byte that
 * there is room for beyond the limit shows that there are more.
 */
static int fill(struct file *f, gzFile gz, int fd, const char *what, struct err *e)
{
	size_t ready = 0;
	int zrc = Z_OK;
	ssize_t n;

	do {
		char *end = (char *)f->data + f->len;

		if (f->len == ready) {
			bool asked = !ready || available(STEP + RESERVE);

			ready += f->room - ready < STEP ? f->room - ready : STEP;
			if (!asked || mprotect(f->data, ready, PROT_READ | PROT_WRITE))
				return err_set(e, -ENOMEM, NO_MEMORY, what, ready >> 20);
		}
		n = gz ? gzread(gz, end, ready - f->len) : read(fd, end, ready - f->len);
		f->len += n > 0 ? n : 0;
	} while (n > 0 && f->len < f->room);
	if (f->len == f->room)
		return err_set(e, -EFBIG, "%s: unpacks to more than %zu MiB", what, f->len >> 20);
	if (gz)
		gzerror(gz, &zrc); /* also what is cut short */
	return n < 0 || zrc
		       ? err_set(e, -EINVAL, "%s: damaged gzip data, or it cannot be read", what)
		       : 0;
}

int file_read(struct file *f, const char *path, size_t max, bool unpack, const char *what,
	      struct err *e)
{
	/* A FIFO would wait for its other end. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), rc = 0;
	gzFile gz = NULL;
	struct stat st;

	if (fd < 0)
		return err_why(e, -errno, "%s: %s", what, path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = err_set(e, -EINVAL, "%s: %s is not a regular file", what, path);
	else if ((uint64_t)st.st_size > max)
		rc = err_set(e, -EFBIG, "%s: %s is larger than %zu MiB", what, path, max >> 20);
	if (!rc) {
		f->data = mmap(NULL, max + 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		f->room = f->data == MAP_FAILED ? 0 : max + 1;
		gz = unpack ? gzdopen(fd, "r") : NULL;
		if (!f->room || (unpack && !gz))
			rc = err_set(e, -ENOMEM, NO_MEMORY, what, max >> 20);
	}
	if (!rc)
		rc = fill(f, gz, fd, what, e);
	gz ? gzclose_r(gz) : close(fd);
	return rc;
}

void file_free(struct file *f)
{
	if (f->room)
		munmap(f->data, f->room);
	*f = (struct file){ 0 };
}
