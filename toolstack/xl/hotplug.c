// SPDX-License-Identifier: GPL-2.0-only
/*
 * hotplug.c - what stock Xen's scripts do when a back-end appears, done in place.
 *
 * Owns nothing that outlives the process: loop devices are of the auto-clearing kind and go with
 * blkback's last reference, interfaces go with netback's.  The bridge made when there is none
 * stays, as one made by hand would.
 */
#include "xl/xl.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/loop.h>
#include <linux/sockios.h>

#include "lib/daemon.h"
#include "lib/loop.h"

#define DEFAULT_BRIDGE "xenbr0"
#define DEFAULT_NET "10.213.0."
#define NETDEV_MS 10000

/* A free loop device for @fd.  Another process may take it first, hence the retries. */
static int loop_setup(struct hotplug_disk *h, int fd, const char *file, bool writable)
{
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), tries, n;

	if (ctl < 0)
		return -errno;
	for (tries = 0; tries < 16; tries++) {
		struct loop_config cfg = { .fd = fd, .block_size = 0 };

		n = ioctl(ctl, LOOP_CTL_GET_FREE);
		if (n < 0)
			break;
		snprintf(h->node, sizeof(h->node), "/dev/loop%d", n);
		h->fd = open(h->node, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
		if (h->fd < 0)
			break;
		snprintf((char *)cfg.info.lo_file_name, LO_NAME_SIZE, "%.63s",
			 file); /* what losetup shows */
		cfg.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? 0 : LO_FLAGS_READ_ONLY);
		if (!ioctl(h->fd, LOOP_CONFIGURE, &cfg)) {
			close(ctl);
			return 0;
		}
		n = -1;
		if (errno != EBUSY)
			break;
		close(h->fd);
		h->fd = -1;
	}
	n = -errno;
	hotplug_disk_close(h);
	close(ctl);
	return n;
}

/* The file or block device of a disk: an fd, or -errno with a sentence. */
static int open_target(const struct dev *d, char *dev, size_t size, struct stat *st, struct err *e)
{
	int flags = (d->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC, fd, rc = 0;

	/* A bare name is one in /dev, as with the stock scripts. */
	snprintf(dev, size, "%s%s", d->target[0] == '/' ? "" : "/dev/", d->target);
	fd = open(dev, flags | O_NONBLOCK); /* a FIFO would wait for its other end */
	if (fd < 0 || fstat(fd, st))
		rc = err_set(e, -errno, "disk %s: %s: %s", d->vdev, dev, strerror(errno));
	else if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		rc = err_set(e, -EINVAL, "disk %s: %s is neither a block device nor a file",
			     d->vdev, dev);
	if (!rc && S_ISBLK(st->st_mode) && d->writable) {
		int excl = open(dev, flags | O_EXCL);

		if (excl < 0)
			rc = err_set(e, -errno, "disk %s: %s is in use in Dom0 (mounted?): %s",
				     d->vdev, dev, strerror(errno));
		else
			close(excl);
	}
	if (rc && fd >= 0)
		close(fd);
	return rc ?: fd;
}

int hotplug_disk_open(struct hotplug_disk *h, const struct dev *d, struct err *e)
{
	struct stat st;
	char dev[256];
	int fd = open_target(d, dev, sizeof(dev), &st, e), rc = 0;

	h->fd = -1;
	if (fd < 0)
		return fd;
	snprintf(h->node, sizeof(h->node), "%.63s", dev);
	if (S_ISREG(st.st_mode)) {
		rc = loop_setup(h, fd, dev, d->writable);
		if (rc)
			err_set(e, rc,
				"disk %s: no loop device for %s: %s (is the module loop loaded?)",
				d->vdev, dev, strerror(-rc));
		else if (fstat(h->fd, &st))
			rc = err_set(e, -errno, "disk %s: %s", d->vdev, strerror(errno));
	}
	close(fd);
	h->major = major(st.st_rdev);
	h->minor = minor(st.st_rdev);
	return rc;
}

void hotplug_disk_close(struct hotplug_disk *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

static int net_ioctl(unsigned long cmd, const char *ifname, struct ifreq *r)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (s < 0)
		return -errno;
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", ifname);
	rc = ioctl(s, cmd, r) < 0 ? -errno : 0;
	close(s);
	return rc;
}

/* NET(SIOCSIFMTU, name, .ifr_mtu = 1500) */
#define NET(cmd, ifname, ...) net_ioctl(cmd, ifname, &(struct ifreq){ __VA_ARGS__ })

static int if_up(const char *ifname)
{
	struct ifreq r = { 0 };
	int rc = net_ioctl(SIOCGIFFLAGS, ifname, &r);

	return rc ? rc : NET(SIOCSIFFLAGS, ifname, .ifr_flags = r.ifr_flags | IFF_UP);
}

static int if_address(unsigned long cmd, const char *ifname, uint32_t addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr) };
	struct ifreq r = { 0 };

	memcpy(&r.ifr_addr, &sin, sizeof(sin));
	return net_ioctl(cmd, ifname, &r);
}

/* A network out of the box: a bridge with an address in Dom0, told to the user. */
static int make_bridge(const char *name, struct err *e)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	rc = s < 0 || ioctl(s, SIOCBRADDBR, name) < 0 ? -errno : 0;
	close(s);
	if (rc && rc != -EEXIST)
		return err_set(e, rc, "vif: making bridge %s: %s (is the module bridge loaded?)",
			       name, strerror(-rc));
	rc = if_address(SIOCSIFADDR, name, 0x0ad50001) ?:
		if_address(SIOCSIFNETMASK, name, 0xffffff00) ?:
		if_up(name);
	if (rc)
		return err_set(e, rc, "vif: setting up bridge %s: %s", name, strerror(-rc));
	fprintf(stderr,
		"xl: made the bridge %s: Dom0 is " DEFAULT_NET "1/24, give guests " DEFAULT_NET
		"2 and up\n",
		name);
	return 0;
}

static bool is_bridge(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.16s/bridge", name);
	return !access(path, F_OK);
}

/* The first bridge there is, else the default one. */
void hotplug_default_bridge(struct dev *n, struct err *e)
{
	struct if_nameindex *list = if_nameindex(), *i;

	for (i = list; i && i->if_name && !n->bridge; i++)
		if (!strncmp(i->if_name, "xenbr", 5) && is_bridge(i->if_name))
			n->bridge = strdup(i->if_name);
	if (list)
		if_freenameindex(list);
	if (!n->bridge)
		n->bridge = strdup(DEFAULT_BRIDGE);
}

int hotplug_check(const struct dev *d, struct err *e)
{
	struct stat st;
	char path[256];
	int fd = -1;

	if (d->script || d->backend)
		return 0; /* the affair of others */
	if (d->bridge && !is_bridge(d->bridge) && strcmp(d->bridge, DEFAULT_BRIDGE))
		return err_set(e, -ENODEV,
			       "vif: there is no bridge `%s': make it with `ip link add "
			       "%s type bridge', or leave bridge= out",
			       d->bridge, d->bridge);
	if (!d->target)
		return 0;
	fd = open_target(d, path, sizeof(path), &st, e);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int join_bridge(const char *vif, const char *bridge, struct err *e)
{
	int rc = is_bridge(bridge) ? 0 : make_bridge(bridge, e);

	if (rc)
		return rc;
	rc = NET(SIOCBRADDIF, bridge, .ifr_ifindex = if_nametoindex(vif));
	return rc && rc != -EBUSY ? err_set(e, rc, "vif: adding %s to bridge %s: %s", vif, bridge,
					    strerror(-rc))
				  : 0;
}

/* netback makes the interface a moment after its state says so. */
static int wait_netdev(const char *vif)
{
	int64_t end = loop_now() + NETDEV_MS;
	struct timespec pause = { .tv_nsec = 1000000 };

	while (!if_nametoindex(vif)) {
		if (loop_now() > end)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 50000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

int hotplug_nic(uint32_t domid, const struct dev *n, struct err *e)
{
	char vif[IFNAMSIZ];
	int rc;

	snprintf(vif, sizeof(vif), "vif%u.%d", domid, n->devid);
	if (wait_netdev(vif))
		return err_set(e, -ETIMEDOUT, "vif %d: interface %s did not appear", n->devid, vif);
	NET(SIOCSIFMTU, vif, .ifr_mtu = n->mtu ? n->mtu : 1500);
	/* The highest address, so that the bridge never takes its own from a guest's interface. */
	NET(SIOCSIFHWADDR, vif,
	    .ifr_hwaddr = { ARPHRD_ETHER, { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff } });
	if (n->vifname && strcmp(n->vifname, vif)) {
		struct ifreq r = { 0 };

		snprintf(r.ifr_newname, sizeof(r.ifr_newname), "%s", n->vifname);
		rc = net_ioctl(SIOCSIFNAME, vif, &r);
		if (rc)
			return err_set(e, rc, "vif %d: renaming %s to %s: %s", n->devid, vif,
				       n->vifname, strerror(-rc));
		snprintf(vif, sizeof(vif), "%.15s", n->vifname);
	}
	rc = n->bridge ? join_bridge(vif, n->bridge, e) : 0;
	if (rc)
		return rc;
	rc = if_up(vif);
	return rc ? err_set(e, rc, "vif %d: bringing %s up: %s", n->devid, vif, strerror(-rc)) : 0;
}

/* A script the user configured, with the environment stock Xen gives it. */
int hotplug_script(const char *script, const char *action, const char *type, const char *backend,
		   const char *vif, const char *bridge, struct err *e)
{
	char path[256], base[128];
	bool net = !strcmp(type, "vif");
	char *argv[] = { path, (char *)action, net ? "type_if=vif" : NULL, NULL };
	int rc;

	snprintf(path, sizeof(path), "%s%s", script[0] == '/' ? "" : "/etc/xen/scripts/", script);
	snprintf(base, sizeof(base), "backend/%s", type);
	setenv("script", path, 1);
	setenv("XENBUS_TYPE", type, 1);
	setenv("XENBUS_PATH", backend, 1);
	setenv("XENBUS_BASE_PATH", "backend", 1);
	if (vif) {
		setenv("vif", vif, 1);
		setenv("INTERFACE", vif, 1);
	}
	if (bridge)
		setenv("bridge", bridge, 1);
	rc = run_program(argv);
	if (rc < 0)
		return err_set(e, rc, "%s: %s", path, strerror(-rc));
	return rc ? err_set(e, -EIO, "%s %s ended with exit code %d", path, action, rc) : 0;
}
