/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_DEVICE_H
#define XL_DEVICE_H

#include <stdint.h>

/* Names one device: number @devid of @type ("vbd", "vif", "console") of a guest. */
struct device {
	uint32_t domid;
	const char *type;
	int devid;
	uint32_t backend; /* domain that serves it */
};

struct device_paths {
	char front[128], back[128], record[128];
};

void device_paths(const struct device *d, struct device_paths *p);
/* Waits until the state below @dir is one of the bits: that state, or -ETIMEDOUT after @ms. */
int device_wait(const char *dir, unsigned int states, int ms);
int64_t now_ms(void);

#endif
