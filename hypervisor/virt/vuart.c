// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual UART (SBSA's subset of a PL011), the one device that is emulated for its own sake: it
 * is the console of what has no PV driver yet (firmware, a kernel's first lines, small systems).
 * Owns struct vuart under its lock. The flags follow from the ring; an interrupt is remembered
 * until cleared or until its cause ends. The ring is in guest memory: every index is read once and
 * may be anything; a difference beyond the ring's size means nothing to read and no room. An access
 * moves one byte at most.
 */
#include <core/console.h>
#include <domain/domain.h>
#include <lib/errno.h>
#include <virt/vuart.h>
#include <xen/arch-arm.h>
#include <xen/io/console.h>

enum { DR = 0x00, RSR = 0x04, FR = 0x18, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };

#define FR_BUSY (1U << 3)
#define FR_RXFE (1U << 4)
#define FR_TXFF (1U << 5)
#define FR_RXFF (1U << 6)
#define FR_TXFE (1U << 7)
#define INT_RX (1U << 4)
#define INT_TX (1U << 5)
#define INT_RT (1U << 6) /* something to read, for a while */

#define IN_SIZE ((u32)sizeof(((struct xencons_interface *)0)->in))
#define OUT_SIZE ((u32)sizeof(((struct xencons_interface *)0)->out))
#define TRIGGER 16 /* this far from full, INT_RX comes and INT_TX goes */

/* How many bytes wait to be read; the other side's index first. */
static u32 waiting(const struct vuart *u)
{
	u32 prod = __atomic_load_n(&u->ring->in_prod, __ATOMIC_ACQUIRE);
	u32 n = prod - READ_ONCE(u->ring->in_cons);

	return n > IN_SIZE ? 0 : n;
}

/* How many are written that the daemon has not taken. */
static u32 unsent(const struct vuart *u)
{
	u32 cons = __atomic_load_n(&u->ring->out_cons, __ATOMIC_ACQUIRE);

	return min(READ_ONCE(u->ring->out_prod) - cons, OUT_SIZE);
}

static void update_line(struct domain *d)
{
	struct vuart *u = &d->vuart;
	bool high = u->ris & u->imsc;

	if (high != u->high)
		vgic_set_spi_level(d, GUEST_VPL011_SPI, high);
	u->high = high;
}

static void update_tx(struct vuart *u)
{
	if (unsent(u) <= OUT_SIZE - TRIGGER)
		u->ris |= INT_TX;
	else
		u->ris &= ~INT_TX;
}

static u8 take(struct vuart *u)
{
	u32 n = waiting(u), cons = READ_ONCE(u->ring->in_cons);
	u8 c;

	if (!n)
		return 0;
	c = (u8)READ_ONCE(u->ring->in[MASK_XENCONS_IDX(cons, u->ring->in)]);
	__atomic_store_n(&u->ring->in_cons, cons + 1, __ATOMIC_RELEASE);
	if (n - 1 < IN_SIZE - TRIGGER)
		u->ris &= ~INT_RX;
	if (n == 1)
		u->ris &= ~INT_RT;
	return c;
}

/* What does not fit is lost, as on the real one. */
static void put(struct vuart *u, u8 c)
{
	u32 prod = READ_ONCE(u->ring->out_prod);

	if (unsent(u) == OUT_SIZE)
		return;
	WRITE_ONCE(u->ring->out[MASK_XENCONS_IDX(prod, u->ring->out)], (char)c);
	__atomic_store_n(&u->ring->out_prod, prod + 1, __ATOMIC_RELEASE);
	update_tx(u);
}

/*
 * Busy only when full: a driver that waits for it after each line does not wait for the daemon.
 */
static u32 flags(const struct vuart *u)
{
	u32 in = waiting(u), out = unsent(u), fr = 0;

	if (!in)
		fr |= FR_RXFE;
	if (in == IN_SIZE)
		fr |= FR_RXFF;
	if (!out)
		fr |= FR_TXFE;
	if (out == OUT_SIZE)
		fr |= FR_TXFF | FR_BUSY;
	return fr;
}

static bool get(struct vuart *u, u64 reg, u64 *val)
{
	switch (reg) {
	case DR: *val = take(u); return true;
	case RSR: *val = 0; return true; /* no errors on this line */
	case FR: *val = flags(u); return true;
	case IMSC: *val = u->imsc; return true;
	case RIS: *val = u->ris; return true;
	case MIS: *val = u->ris & u->imsc; return true;
	}
	return false;
}

static bool set(struct vuart *u, u64 reg, u32 val)
{
	switch (reg) {
	case DR: put(u, (u8)val); return true;
	case IMSC: u->imsc = val; return true;
	case ICR: u->ris &= ~val; return true;
	case RSR:
	case FR:
	case RIS:
	case MIS: return true;
	}
	return false;
}

static void end(struct domain *d, u64 reg)
{
	update_line(d);
	unlock(&d->vuart.lock);
	if (reg == DR)
		evtchn_raise_served(d);
}

static bool vuart_read(struct vcpu *v, void *priv, u64 reg, unsigned size, u64 *val)
{
	struct domain *d = v->domain;
	bool ok;

	lock(&d->vuart.lock);
	ok = size <= 4 && get(&d->vuart, reg, val);
	end(d, reg);
	return ok;
}

static bool vuart_write(struct vcpu *v, void *priv, u64 reg, unsigned size, u64 val)
{
	struct domain *d = v->domain;
	bool ok;

	lock(&d->vuart.lock);
	ok = size <= 4 && set(&d->vuart, reg, (u32)val);
	end(d, reg);
	return ok;
}

void vuart_event(struct domain *d)
{
	struct vuart *u = &d->vuart;
	u32 in;

	lock(&u->lock);
	in = waiting(u);
	if (in)
		u->ris |= INT_RT;
	if (in >= IN_SIZE - TRIGGER)
		u->ris |= INT_RX;
	update_tx(u);
	update_line(d);
	unlock(&u->lock);
}

int vuart_init(struct domain *d, gfn_t ring, domid_t console)
{
	struct vuart *u = &d->vuart;
	struct page *pg;
	int rc;

	if (u->ring || !vgic_spi_is_free(d, GUEST_VPL011_SPI))
		return -EINVAL;
	pg = p2m_get_page(d, ring, WANT_READ | WANT_WRITE | WANT_OWN);
	if (!pg)
		return -EINVAL;
	lock_init(&u->lock, RANK_VUART);
	u->ring = page_va(pg);
	/* From here on somebody may bind to the port, and send. */
	rc = evtchn_alloc_served(d, console);
	if (rc) {
		u->ring = NULL;
		page_put(pg);
		return rc;
	}
	mmio_add(d, GUEST_PL011_BASE, GUEST_PL011_SIZE, vuart_read, vuart_write, 0);
	return 0;
}

void vuart_free(struct domain *d)
{
	if (d->vuart.ring)
		page_put(va_page(d->vuart.ring));
	d->vuart.ring = NULL;
}
