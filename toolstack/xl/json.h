/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XL_JSON_H
#define XL_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "xl/config.h"

/* A guest's configuration as stock xl has it; @stored adds what a guest has on top of its file. */
json_t *config_json(const struct config *c, bool stored);
json_t *dev_json(const struct dev *d, bool stored);
/* Puts the devices of @c in place of those of that configuration. */
void config_json_devices(json_t *config, const struct config *c, bool stored);
json_t *json_text(const char *s);      /* NULL of NULL, which "o*" leaves out */
void json_print(FILE *out, json_t *j); /* and frees it */

#endif
