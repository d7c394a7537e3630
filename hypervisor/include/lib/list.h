/* SPDX-License-Identifier: GPL-2.0-only */
/* Doubly linked circular lists whose head is a node. */
#ifndef LIB_LIST_H
#define LIB_LIST_H
#include <lib/types.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_add_before(struct list *n, struct list *at)
{
	n->prev = at->prev;
	n->next = at;
	at->prev->next = n;
	at->prev = n;
}
static inline void list_add_tail(struct list *n, struct list *head)
{
	list_add_before(n, head);
}
static inline void list_add(struct list *n, struct list *head)
{
	list_add_before(n, head->next);
}
/* Leaves n linked to itself, so that list_empty(n) tells that it is on no list. */
static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}
#define list_entry(p, t, m) container_of(p, t, m)
#define list_first(head, t, m) list_entry((head)->next, t, m)
#define list_for_each(pos, head, m) \
	for (pos = list_entry((head)->next, __typeof__(*pos), m); &pos->m != (head); \
	     pos = list_entry(pos->m.next, __typeof__(*pos), m))
#define list_for_each_safe(pos, tmp, head, m) \
	for (pos = list_entry((head)->next, __typeof__(*pos), m), \
	    tmp = list_entry(pos->m.next, __typeof__(*pos), m); \
	     &pos->m != (head); pos = tmp, tmp = list_entry(tmp->m.next, __typeof__(*tmp), m))
#endif
