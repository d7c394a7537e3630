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
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/loop.h>
#include <linux/sockios.h>

#include "lib/daemon.h"

#define DEFAULT_BRIDGE "xenbr0"
#define DEFAULT_NET "10.213.0."
#define NETDEV_MS 10000

/* A free loop device for @file.  Another process may take it first, hence the retries. */
static int loop_open(int file, bool writable, const char **node)
{
	struct loop_config cfg = { .fd = file,
				   .info.lo_flags = LO_FLAGS_AUTOCLEAR |
						    (writable ? 0 : LO_FLAGS_READ_ONLY) };
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd = -1, tries, n;
	int mode = writable ? O_RDWR : O_RDONLY, rc = ctl < 0 ? -errno : -EBUSY;

	snprintf((char *)cfg.info.lo_file_name, LO_NAME_SIZE, "%s", *node); /* losetup shows it */
	for (tries = 0; rc == -EBUSY && tries < 16; tries++) {
		n = ioctl(ctl, LOOP_CTL_GET_FREE);
		fd = n < 0 ? -1 : open(*node = strf("/dev/loop%d", n), mode | O_CLOEXEC);
		rc = fd < 0 || ioctl(fd, LOOP_CONFIGURE, &cfg) ? -errno : 0;
		if (rc)
			close(fd);
	}
	close(ctl);
	return rc ?: fd;
}

/* The file or block device of a disk and its name: an fd, or -errno with a sentence. */
static int open_target(const struct dev *d, const char **name, struct stat *st, struct err *e)
{
	int flags = (d->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC, fd, excl, rc = 0;

	/* A bare name is one in /dev, as with the stock scripts. */
	*name = strf("%s%s", d->target[0] == '/' ? "" : "/dev/", d->target);
	fd = open(*name, flags | O_NONBLOCK); /* a FIFO would wait for its other end */
	if (fd < 0 || fstat(fd, st))
		return err_why(e, -errno, "disk %s: %s", d->vdev, *name);
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		rc = err_set(e, -EINVAL, "disk %s: %s is neither a block device nor a file",
			     d->vdev, *name);
	if (S_ISBLK(st->st_mode) && d->writable) {
		excl = open(*name, flags | O_EXCL);
		rc = excl < 0 ? -errno : 0;
		err_why(e, rc, "disk %s: %s is in use in Dom0 (mounted?)", d->vdev, *name);
		close(excl);
	}
	if (rc)
		close(fd);
	return rc ?: fd;
}

int hotplug_disk(const struct dev *d, const char **node, dev_t *number, struct err *e)
{
	const char *name;
	struct stat st;
	int file, fd = open_target(d, &name, &st, e);

	*node = name;
	if (fd >= 0 && S_ISREG(st.st_mode)) {
		file = fd;
		fd = loop_open(file, d->writable, node);
		close(file);
		if (fd < 0)
			err_set(e, fd,
				"disk %s: no loop device for %s: %s (is the module loop loaded?)",
				d->vdev, name, strerror(-fd));
		else if (fstat(fd, &st))
			fd = err_why(e, -errno, "disk %s", d->vdev);
	}
	*number = st.st_rdev;
	return fd;
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
		return err_why(e, rc, "vif: setting up bridge %s", name);
	fprintf(stderr,
		"xl: made the bridge %s: Dom0 is " DEFAULT_NET "1/24, give guests " DEFAULT_NET
		"2 and up\n",
		name);
	return 0;
}

static bool is_bridge(const char *name)
{
	return !access(strf("/sys/class/net/%s/bridge", name), F_OK);
}

/* The first bridge there is, else the default one. */
void hotplug_default_bridge(struct dev *n)
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

static const char *script_path(const char *script)
{
	return strf("%s%s", script[0] == '/' ? "" : "/etc/xen/scripts/", script);
}

int hotplug_check(const struct dev *d, struct err *e)
{
	const char *name;
	struct stat st;
	int fd;

	if (d->script && !d->backend && access(script_path(d->script), X_OK))
		return err_why(e, -errno, "%s: script %s", dev_name[d->type],
			       script_path(d->script));
	if (d->script || d->backend)
		return 0; /* the affair of others */
	if (d->bridge && !is_bridge(d->bridge) && strcmp(d->bridge, DEFAULT_BRIDGE))
		return err_set(e, -ENODEV,
			       "vif: there is no bridge `%s': make it with `ip link add "
			       "%s type bridge', or leave bridge= out",
			       d->bridge, d->bridge);
	if (!d->target)
		return 0;
	fd = open_target(d, &name, &st, e);
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
	return rc == -EBUSY ? 0 : err_why(e, rc, "vif: adding %s to bridge %s", vif, bridge);
}

static bool netdev_there(const void *name)
{
	return if_nametoindex(name) || stop_asked();
}

int hotplug_nic(uint32_t domid, const struct dev *n, struct err *e)
{
	char vif[IFNAMSIZ];
	int rc;

	snprintf(vif, sizeof(vif), "vif%u.%d", domid, n->devid);
	/* netback makes the interface a moment after its state says so. */
	if (!wait_until(NULL, netdev_there, vif, NETDEV_MS))
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
			return err_why(e, rc, "vif %d: renaming %s to %s", n->devid, vif,
				       n->vifname);
		snprintf(vif, sizeof(vif), "%.15s", n->vifname);
	}
	rc = n->bridge ? join_bridge(vif, n->bridge, e) : 0;
	return rc ?: err_why(e, if_up(vif), "vif %d: bringing %s up", n->devid, vif);
}

/* A script the user configured, with the environment stock Xen gives it. */
int hotplug_script(const char *script, const char *action, const char *type, const char *backend,
		   const char *vif, const char *bridge, struct err *e)
{
	const char *path = script_path(script);
	char *net = strcmp(type, "vif") ? NULL : "type_if=vif";
	char *argv[] = { (char *)path, (char *)action, net, NULL };
	const char *const env[][2] = {
		{ "script", path },
		{ "XENBUS_TYPE", type },
		{ "XENBUS_PATH", backend },
		{ "XENBUS_BASE_PATH", "backend" },
		{ "vif", vif },
		{ "INTERFACE", vif },
		{ "bridge", bridge },
	};
	int rc;

	for (unsigned int i = 0; i < sizeof(env) / sizeof(*env); i++)
		if (env[i][1])
			setenv(env[i][0], env[i][1], 1);
	rc = run_file(path, argv);
	return rc > 0 ? err_set(e, -EIO, "%s %s ended with exit code %d", path, action, rc)
		      : err_why(e, rc, "%s", path);
}
