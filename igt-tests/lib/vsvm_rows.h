/* SPDX-License-Identifier: MIT */
/*
 * The table of instructions, vsvm_isa_table.h, as data. Needs nothing but libc.
 */
#ifndef VSVM_ROWS_H
#define VSVM_ROWS_H

#include <stdint.h>

#include "vsvm_isa_table.h"

/**
 * struct vsvm_row - an instruction, see vsvm_isa_table.h
 */
struct vsvm_row {
	/** @name: VSVM_OP_* without that */
	const char *name;
	/** @text: what it does */
	const char *text;
	/** @types: mask of &enum vsvm_type */
	uint16_t types;
	/** @op: &enum vsvm_op */
	uint8_t op;
	/** @dst: &enum vsvm_operand */
	uint8_t dst;
	/** @src: &enum vsvm_operand of a, b, c */
	uint8_t src[3];
	/** @flags: VSVM_INSN_* that it may have */
	uint8_t flags;
	/** @mod: &enum vsvm_mod_kind */
	uint8_t mod;
	/** @imm: &enum vsvm_imm_kind */
	uint8_t imm;
	/** @feature: VSVM_FEATURE_* that it needs */
	uint8_t feature;
};

/** vsvm_rows - the instructions, in the order of their opcodes */
extern const struct vsvm_row vsvm_rows[];
/** vsvm_num_rows - how many there are */
extern const unsigned int vsvm_num_rows;

#endif /* VSVM_ROWS_H */
