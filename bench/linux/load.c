// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads in a stock guest, each between two markers (2 * n and 2 * n + 1, see
 * LOADS): "load NAME". "load serve" is the other end of the network, in Dom0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER "10.0.0.1"
#define PORT 5001
#define BYTES (16 << 20)
#define CHUNK (64 << 10)
/* A no-op everywhere that the counting plugin sees. */
#define MARK(n) asm volatile("movz xzr, #%0" ::"i"(n) : "memory")

static char *chunk; /* CHUNK bytes, aligned to a page */

static void need(int ok, const char *what)
{
	if (ok)
		return;
	printf("FAIL: %s\n", what);
	exit(1);
}

static void transfer(int fd, int writes)
{
	for (size_t done = 0; done < BYTES;) {
		ssize_t n = writes ? write(fd, chunk, CHUNK) : read(fd, chunk, CHUNK);

		need(n > 0, "a transfer");
		done += (size_t)n;
	}
}

static void load_blkread(void)
{
	int fd = open("/dev/xvda", O_RDONLY | O_DIRECT);

	need(fd >= 0, "/dev/xvda");
	transfer(fd, 0);
	close(fd);
}

static void load_blkwrite(void)
{
	int fd = open("/dev/xvda", O_WRONLY | O_DIRECT);

	need(fd >= 0, "/dev/xvda");
	transfer(fd, 1);
	fsync(fd);
	close(fd);
}

static struct sockaddr_in peer(void)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(PORT),
				     .sin_addr.s_addr = inet_addr(PEER) };
}

/* The first byte says who sends. Who receives says when all is there. */
static void network(char who)
{
	struct sockaddr_in a = peer();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(!connect(fd, (void *)&a, sizeof(a)) && write(fd, &who, 1) == 1, "connection");
	transfer(fd, who == 's');
	need(who != 's' || read(fd, &who, 1) == 1, "the peer's answer");
	close(fd);
}

static void load_netsend(void)
{
	network('s');
}

static void load_netreceive(void)
{
	network('r');
}

static void serve(void)
{
	struct sockaddr_in a = peer();
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0), c;
	char who;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	need(!bind(fd, (void *)&a, sizeof(a)) && !listen(fd, 4), "the port");
	while ((c = accept(fd, NULL, NULL)) >= 0) {
		need(read(c, &who, 1) == 1, "the first byte");
		transfer(c, who == 'r');
		if (who == 's')
			need(write(c, &who, 1) == 1, "the answer");
		close(c);
	}
}

static void load_syscalls(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	struct stat st;
	char c;

	for (int i = 0; i < 100000; i++)
		getppid();
	for (int i = 0; i < 50000; i++)
		need(read(fd, &c, 1) == 1, "read");
	for (int i = 0; i < 20000; i++)
		need(!stat("/proc/self/stat", &st), "stat");
	close(fd);
}

/* As hackbench: groups of senders and receivers over socket pairs. */
#define GROUPS 2
#define PAIRS 8
#define MESSAGES 200

static void pump(int fd, int writes)
{
	char text[100] = "";

	for (int i = 0; i < MESSAGES; i++)
		need((writes ? write(fd, text, sizeof(text)) : read(fd, text, sizeof(text))) ==
			     sizeof(text),
		     "a message");
	_exit(0);
}

static void load_hackbench(void)
{
	int fd[2], status;

	for (int i = 0; i < GROUPS * PAIRS; i++) {
		need(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), "socketpair");
		for (int end = 0; end < 2; end++)
			if (!fork())
				pump(fd[end], end);
		close(fd[0]);
		close(fd[1]);
	}
	while (wait(&status) > 0)
		need(!status, "a child");
}

/* As a build: many short processes that read, allocate and write files. */
static void compile(int i)
{
	size_t size = 2 << 20;
	char name[32], *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	for (size_t at = 0; at < size; at += 64)
		memory[at] = (char)(at * 31 >> 6);
	sprintf(name, "/tmp/o%d", i);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	need(fd >= 0 && write(fd, memory, CHUNK) == CHUNK, name);
	close(fd);
	execl("/bin/busybox", "sh", "-c", "true", NULL);
	_exit(1);
}

static void load_build(void)
{
	int status;

	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < 2; j++)
			if (!fork())
				compile(j);
		while (wait(&status) > 0)
			need(!status, "a child");
	}
}

#define LOADS(L) \
	L(0, blkread) \
	L(1, blkwrite) L(2, netsend) L(3, netreceive) L(4, syscalls) L(5, hackbench) L(6, build)
#define RUN(n, name) \
	if (!strcmp(argv[1], #name)) { \
		MARK(2 * n); \
		load_##name(); \
		MARK(2 * n + 1); \
		return 0; \
	}

int main(int argc, char **argv)
{
	need(argc == 2 && !posix_memalign((void **)&chunk, 4096, CHUNK), "an argument, and memory");
	memset(chunk, 0x5a, CHUNK);
	LOADS(RUN)
	if (!strcmp(argv[1], "serve"))
		serve();
	return 1;
}
