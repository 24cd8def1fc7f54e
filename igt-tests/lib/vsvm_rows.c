// SPDX-License-Identifier: MIT
/*
 * The table of instructions as data.
 */
#include "vsvm_rows.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define VSVM_ISA_ROW(op_, types_, dst_, a_, b_, c_, flags_, mod_, imm_, feature_, text_)	\
	{											\
		.name = #op_,									\
		.text = text_,									\
		.types = VSVM_TYPES_##types_,							\
		.op = VSVM_OP_##op_,								\
		.dst = VSVM_OPERAND_##dst_,							\
		.src = { VSVM_OPERAND_##a_, VSVM_OPERAND_##b_, VSVM_OPERAND_##c_ },		\
		.flags = VSVM_FLAGS_##flags_,							\
		.mod = VSVM_MOD_##mod_,								\
		.imm = VSVM_IMM_##imm_,								\
		.feature = VSVM_NEEDS_##feature_,						\
	},

const struct vsvm_row vsvm_rows[] = {
#include "vsvm_isa_table.h"
};

const unsigned int vsvm_num_rows = ARRAY_SIZE(vsvm_rows);
