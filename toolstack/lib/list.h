/* SPDX-License-Identifier: GPL-2.0-only */
/* Singly linked lists: the links are in the items, the head is a pointer. */
#ifndef HOSPES_LIST_H
#define HOSPES_LIST_H

#define LIST_PUSH(head, item, link) ((item)->link = (head), (head) = (item))

#define LIST_APPEND(head, item, link) \
	do { \
		__typeof__(head) *at_ = &(head); \
\
		while (*at_) \
			at_ = &(*at_)->link; \
		(item)->link = NULL; \
		*at_ = (item); \
	} while (0)

/* The item is in the list. */
#define LIST_REMOVE(head, item, link) \
	do { \
		__typeof__(head) *at_ = &(head); \
\
		while (*at_ != (item)) \
			at_ = &(*at_)->link; \
		*at_ = (item)->link; \
	} while (0)

#endif
