// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Integers by vectors
 *
 * DOC: Arithmetic once more, compiled for the vectors that every processor of the architecture has
 * (SSE2), and by hw_alu_vector_avx2.c for wider ones: those operations that a vector does faster
 * than one lane after the other where all lanes are on. They are to be called in a section of the
 * FPU, see hw_fpu.h.
 *
 * Pure, but for the registers.
 */

#include "hw_elements.h"
#include "hw_lanes.h"

ALU(alu_mov, any_size, mov, UNARY)
ALU(alu_sel, any_size, sel, SELECT)
ALU(alu_add, any_size, add, BINARY)
ALU(alu_sub, any_size, sub, BINARY)
ALU(alu_mul, any_size, mul, BINARY)
ALU(alu_mad, any_size, mad, TERNARY)
ALU(alu_min, any_type, least, BINARY)
ALU(alu_max, any_type, most, BINARY)
ALU(alu_neg, any_size, neg, UNARY)
ALU(alu_abs, any_type, absolute, UNARY)
ALU(alu_and, any_size, and, BINARY)
ALU(alu_or, any_size, or, BINARY)
ALU(alu_xor, any_size, xor, BINARY)
ALU(alu_not, any_size, not, UNARY)
ALU(alu_shl, any_size, shl, SHIFT)
ALU(alu_shr, any_type, shr, SHIFT)
ALU(alu_bitsel, any_size, bitsel, TERNARY)
ALU(alu_eq, any_size, eq, COMPARE)
ALU(alu_ne, any_size, ne, COMPARE)
ALU(alu_lt, any_type, lt, COMPARE)
ALU(alu_le, any_type, le, COMPARE)
ALU(alu_gt, any_type, gt, COMPARE)
ALU(alu_ge, any_type, ge, COMPARE)

CONVERT(convert_u8, 8, false)
CONVERT(convert_u16, 16, false)
CONVERT(convert_u32, 32, false)
CONVERT(convert_u64, 64, false)
CONVERT(convert_s8, 8, true)
CONVERT(convert_s16, 16, true)
CONVERT(convert_s32, 32, true)

const struct vsvm_hw_vector_fns VSVM_HW_LEVEL(vsvm_hw_vector_fns) = {
	.operations = {
		[VSVM_OP_MOV] = alu_mov,
		[VSVM_OP_SEL] = alu_sel,
		[VSVM_OP_ADD] = alu_add,
		[VSVM_OP_SUB] = alu_sub,
		[VSVM_OP_MUL] = alu_mul,
		[VSVM_OP_MAD] = alu_mad,
		[VSVM_OP_MIN] = alu_min,
		[VSVM_OP_MAX] = alu_max,
		[VSVM_OP_NEG] = alu_neg,
		[VSVM_OP_ABS] = alu_abs,
		[VSVM_OP_AND] = alu_and,
		[VSVM_OP_OR] = alu_or,
		[VSVM_OP_XOR] = alu_xor,
		[VSVM_OP_NOT] = alu_not,
		[VSVM_OP_SHL] = alu_shl,
		[VSVM_OP_SHR] = alu_shr,
		[VSVM_OP_BITSEL] = alu_bitsel,
	},
	.comparisons = {
		[VSVM_COND_EQ] = alu_eq,
		[VSVM_COND_NE] = alu_ne,
		[VSVM_COND_LT] = alu_lt,
		[VSVM_COND_LE] = alu_le,
		[VSVM_COND_GT] = alu_gt,
		[VSVM_COND_GE] = alu_ge,
	},
	.conversions = {
		[VSVM_TYPE_U8] = convert_u8,
		[VSVM_TYPE_U16] = convert_u16,
		[VSVM_TYPE_U32] = convert_u32,
		[VSVM_TYPE_U64] = convert_u64,
		[VSVM_TYPE_S8] = convert_s8,
		[VSVM_TYPE_S16] = convert_s16,
		[VSVM_TYPE_S32] = convert_s32,
		/* There is nothing wider to extend to. */
		[VSVM_TYPE_S64] = convert_u64,
	},
};
