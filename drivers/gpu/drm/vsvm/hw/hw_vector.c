// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Choice of vectors
 *
 * Which vectors compute the lanes of a wave is measured when the module is loaded. Processors
 * differ, and what emulates them more: to an emulator a wide vector may be more work than its
 * halves are, or a multiplication of two vectors more than one of each of their elements. Floats,
 * integers and long integers are looked at each for itself, a few instructions at a time between
 * the beginning and the end of a section of the FPU, as a program has them.
 *
 * What programs compute does not depend on it.
 */

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "hw_fpu.h"
#include "hw_internal.h"

#define SAMPLES	6
#define ROUNDS	16

static const struct {
	u8 op, type;
} samples[VSVM_HW_VECTOR_KINDS][SAMPLES] = {
	[VSVM_HW_VECTOR_FLOATS] = {
		{ VSVM_OP_FADD, VSVM_TYPE_F32 }, { VSVM_OP_FMUL, VSVM_TYPE_F32 },
		{ VSVM_OP_FFMA, VSVM_TYPE_F32 }, { VSVM_OP_FADD, VSVM_TYPE_F32 },
		{ VSVM_OP_FMUL, VSVM_TYPE_F64 }, { VSVM_OP_FDIV, VSVM_TYPE_F32 },
	},
	[VSVM_HW_VECTOR_WORDS] = {
		{ VSVM_OP_ADD, VSVM_TYPE_U32 }, { VSVM_OP_MUL, VSVM_TYPE_U32 },
		{ VSVM_OP_AND, VSVM_TYPE_U32 }, { VSVM_OP_SHL, VSVM_TYPE_U32 },
		{ VSVM_OP_CMP, VSVM_TYPE_S32 }, { VSVM_OP_MOV, VSVM_TYPE_U32 },
	},
	[VSVM_HW_VECTOR_LONGS] = {
		{ VSVM_OP_ADD, VSVM_TYPE_U64 }, { VSVM_OP_MUL, VSVM_TYPE_U64 },
		{ VSVM_OP_AND, VSVM_TYPE_U64 }, { VSVM_OP_SHL, VSVM_TYPE_U64 },
		{ VSVM_OP_CMP, VSVM_TYPE_S64 }, { VSVM_OP_MOV, VSVM_TYPE_U64 },
	},
};

/* Registers: three operands of 64 bits, and a result */
struct rows {
	u32 src[3][2][VSVM_WAVE_LANES];
	u32 dst[2][VSVM_WAVE_LANES];
};

/* The least of several times, in ns, that the samples of a kind take. */
static u64 measure(struct rows *rows, enum vsvm_hw_vector_kind kind, unsigned int level)
{
	struct vsvm_hw_insn insns[SAMPLES];
	u64 start, least = U64_MAX;
	unsigned int round, i;
	bool fpu = false;

	for (i = 0; i < SAMPLES; i++) {
		insns[i] = (struct vsvm_hw_insn) {
			.op = samples[kind][i].op,
			.type = samples[kind][i].type,
		};
		if (WARN_ON_ONCE(!vsvm_hw_alu_find_level(&insns[i], level)))
			return U64_MAX;
		fpu |= insns[i].fpu;
	}
	for (round = 0; round < ROUNDS; round++) {
		start = ktime_get_ns();
		if (fpu)
			vsvm_hw_fpu_begin();
		for (i = 0; i < SAMPLES; i++)
			insns[i].alu(insns[i].type, 0, rows->dst[0], rows->src[0][0],
				     rows->src[1][0], rows->src[2][0], VSVM_HW_ALL_LANES);
		if (fpu)
			vsvm_hw_fpu_end();
		least = min(least, ktime_get_ns() - start);
	}
	return least;
}

static unsigned int fastest(struct rows *rows, enum vsvm_hw_vector_kind kind)
{
	unsigned int level, best = 0;
	u64 time, least = U64_MAX;

	for (level = 0; level < vsvm_hw_alu_levels(); level++) {
		time = measure(rows, kind, level);
		if (time >= least)
			continue;
		least = time;
		best = level;
	}
	return best;
}

void vsvm_hw_set_vectors(int level)
{
	unsigned int most = vsvm_hw_alu_levels() - 1, kind;
	u8 chosen[VSVM_HW_VECTOR_KINDS] = {};
	struct rows *rows;

	rows = level < 0 && most ? kmalloc_obj(*rows) : NULL;
	/* Numbers, as floats too. */
	if (rows)
		memset32((u32 *)rows, 0x3f800000, sizeof(*rows) / sizeof(u32));
	for (kind = 0; kind < VSVM_HW_VECTOR_KINDS; kind++) {
		if (level >= 0)
			chosen[kind] = min_t(unsigned int, level, most);
		else if (rows)
			chosen[kind] = fastest(rows, kind);
		vsvm_hw_alu_set_level(kind, chosen[kind]);
	}
	kfree(rows);
	pr_debug("vsvm: vectors: floats %u, words %u, longs %u\n", chosen[VSVM_HW_VECTOR_FLOATS],
		 chosen[VSVM_HW_VECTOR_WORDS], chosen[VSVM_HW_VECTOR_LONGS]);
}
