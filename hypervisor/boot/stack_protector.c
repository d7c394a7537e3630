// SPDX-License-Identifier: GPL-2.0-only
/* Debian's libfdt.a is compiled with the stack protector; this is what it refers to. Boot only. */
#include <core/console.h>
#include <lib/types.h>

extern u64 __stack_chk_guard;
__noreturn void __stack_chk_fail(void);

u64 __stack_chk_guard __initdata = 0x00f00dfeed0a55edUL;

__init __noreturn void __stack_chk_fail(void)
{
	panic("stack overrun in libfdt");
}
