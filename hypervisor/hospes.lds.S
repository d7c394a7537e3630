/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image is position independent (linked at 0, relocated by head.S). Text, read-only data and
 * data each start on a page: W^X.
 */
OUTPUT_FORMAT("elf64-littleaarch64")
OUTPUT_ARCH(aarch64)
ENTRY(_start)
PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	init_text PT_LOAD FLAGS(5);
	init_data PT_LOAD FLAGS(6);
	dynamic PT_DYNAMIC FLAGS(6);
}
SECTIONS
{
	. = 0;
	__image_start = .;
	.text : {
		*(.head.text)
		*(.text.entry)
		*(EXCLUDE_FILE(*libfdt.a:*) .text EXCLUDE_FILE(*libfdt.a:*) .text.*)
	} :text
	. = ALIGN(4096);
	__rodata_start = .;
	.rodata : {
		*(EXCLUDE_FILE(*libfdt.a:*) .rodata EXCLUDE_FILE(*libfdt.a:*) .rodata.*)
	} :rodata
	.note.gnu.build-id : { __build_id_start = .; *(.note.gnu.build-id) __build_id_end = .; }
	. = ALIGN(4096);
	__data_start = .;
	/*
	 * Tables with addresses inside are constant but relocated, hence in data until head.S has
	 * run; mapped read-only afterwards.
	 */
	.data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) *(.got .got.plt) } :data
	. = ALIGN(4096);
	__relro_end = .;
	.data : { *(EXCLUDE_FILE(*libfdt.a:*) .data EXCLUDE_FILE(*libfdt.a:*) .data.*) }
	. = ALIGN(4096);
	__init_start = .;
	__init_text_start = .;
	.init.text : { *(.init.text .init.text.*) *libfdt.a:*(.text .text.*) } :init_text
	. = ALIGN(4096);
	__init_text_end = .;
	.init.data : {
		*(.init.rodata .init.rodata.* .init.data .init.data.*)
		*libfdt.a:*(.rodata .rodata.* .data .data.* .data.rel.ro .data.rel.ro.*)
	} :init_data
	.dynsym : { *(.dynsym) }
	.dynstr : { *(.dynstr) }
	.hash : { *(.hash .gnu.hash) }
	.dynamic : { *(.dynamic) } :init_data :dynamic
	/* Last in the file: the Makefile puts a shorter form of the same table in its place. */
	.rela.dyn : { __relocs = .; *(.rela .rela.*) } :init_data
	. = ALIGN(16);
	.init.bss (NOLOAD) : {
		__bss_start = .;
		*(.bss.init)
	} :init_data
	. = ALIGN(4096);
	__init_end = .;
	.bss (NOLOAD) : {
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		__bss_end = .;
	}
	__image_end = .;
	__image_size = ABSOLUTE(__image_end - __image_start);
	/DISCARD/ : { *(.comment) *(.eh_frame) *(.note.GNU-stack) *(.interp) }
}
