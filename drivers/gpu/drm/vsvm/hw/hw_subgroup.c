// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Subgroup operations
 *
 * What the lanes of a wave do among themselves: votes, shuffles, reductions and scans, always of
 * those that are on. A wave is a subgroup. What a reduction does to two values is an operation of
 * hw_alu*.c, found when the program was read; it is applied lane after lane from the lowest one on,
 * so that a sum of floats is the same each time.
 *
 * Pure; a reduction of floats is called in a section of the FPU.
 */

#include <linux/bitops.h>
#include <linux/string.h>

#include "hw_internal.h"
#include "hw_soft.h"

#define LANES	VSVM_WAVE_LANES

/* A value of each lane, as a pair of rows. */
struct values {
	u32 row[2][LANES] __aligned(8);
};

static void copy_lane(struct values *to, unsigned int to_lane, const struct values *from,
		      unsigned int from_lane)
{
	to->row[0][to_lane] = from->row[0][from_lane];
	to->row[1][to_lane] = from->row[1][from_lane];
}

static void load(struct values *values, const u32 *a, u32 size)
{
	const u32 mask = size < 4 ? (1U << 8 * size) - 1 : U32_MAX;
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		values->row[0][lane] = a[lane] & mask;
	if (size == 8)
		memcpy(values->row[1], a + LANES, sizeof(values->row[1]));
}

static void store(u32 *dst, const struct values *values, u32 on, u32 size)
{
	for (; on; on &= on - 1) {
		dst[__ffs(on)] = values->row[0][__ffs(on)];
		if (size == 8)
			dst[LANES + __ffs(on)] = values->row[1][__ffs(on)];
	}
}

static void set_words(u32 *dst, u32 on, u32 value)
{
	for (; on; on &= on - 1)
		dst[__ffs(on)] = value;
}

static u32 truth(bool value)
{
	return value ? U32_MAX : 0;
}

static u32 ballot(const u32 *a, u32 on)
{
	u32 set = 0;

	for (; on; on &= on - 1) {
		if (a[__ffs(on)])
			set |= BIT(__ffs(on));
	}
	return set;
}

static unsigned int shuffle_lane(u8 op, unsigned int lane, u32 b)
{
	switch (op) {
	case VSVM_OP_SHUFFLE:
		return b % LANES;
	case VSVM_OP_SHUFFLE_XOR:
		return (lane ^ b) % LANES;
	case VSVM_OP_SHUFFLE_UP:
		return (lane - b) % LANES;
	default:
		return (lane + b) % LANES;
	}
}

static void shuffle(u32 *dst, u8 op, const struct values *a, const u32 *b, u32 on, u32 size)
{
	struct values result = {};
	unsigned int lane, from;
	u32 left;

	for (left = on; left; left &= left - 1) {
		lane = __ffs(left);
		from = shuffle_lane(op, lane, b[lane]);
		if (on & BIT(from))
			copy_lane(&result, lane, a, from);
	}
	store(dst, &result, on, size);
}

static void read_first(u32 *dst, const struct values *a, u32 on, u32 size)
{
	struct values result;
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		copy_lane(&result, lane, a, __ffs(on));
	store(dst, &result, on, size);
}

static bool all_equal(const struct vsvm_hw_insn *insn, const struct values *a, u32 on)
{
	const unsigned int first = __ffs(on);
	struct values same, result = {};
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		copy_lane(&same, lane, a, first);
	insn->combine(insn->type, VSVM_COND_EQ, result.row[0], a->row[0], same.row[0], NULL, on);
	for (; on; on &= on - 1) {
		if (!result.row[0][__ffs(on)])
			return false;
	}
	return true;
}

/* What combined with a value gives that value. */
static u64 neutral(u8 type, u8 mod)
{
	const u64 ones = U64_MAX >> (64 - 8 * vsvm_hw_type_size(type));
	const bool is_float = type >= VSVM_TYPE_F16, is_signed = type >= VSVM_TYPE_S8;
	const struct vsvm_hw_format *f = is_float ? vsvm_hw_format(type) : NULL;

	switch (mod) {
	case VSVM_REDUCE_MUL:
		return is_float ? (u64)f->bias << f->fraction : 1;
	case VSVM_REDUCE_MIN:
		if (is_float)
			return f->inf;
		return is_signed ? ones >> 1 : ones;
	case VSVM_REDUCE_MAX:
		if (is_float)
			return f->inf | f->sign;
		return is_signed ? ones ^ (ones >> 1) : 0;
	case VSVM_REDUCE_AND:
		return ones;
	default:
		return 0;
	}
}

/* Combine the values of @lanes: each gets that of the lanes up to it. Returns the last one. */
static unsigned int scan(const struct vsvm_hw_insn *insn, struct values *sum,
			 const struct values *a, u32 lanes)
{
	unsigned int last = __ffs(lanes), lane = last;

	copy_lane(sum, last, a, last);
	for (lanes &= lanes - 1; lanes; lanes &= lanes - 1, last = lane) {
		lane = __ffs(lanes);
		copy_lane(sum, lane, sum, last);
		insn->combine(insn->type, 0, sum->row[0], sum->row[0], a->row[0], NULL,
			      BIT(lane));
	}
	return lane;
}

static void reduce(u32 *dst, const struct vsvm_hw_insn *insn, const struct values *a, u32 on,
		   u32 size)
{
	const unsigned int cluster = insn->imm ?: LANES;
	struct values sum = {}, result = {};
	unsigned int base, last;
	u32 lanes, left;

	for (base = 0; base < LANES; base += cluster) {
		lanes = on & GENMASK(base + cluster - 1, base);
		if (!lanes)
			continue;
		last = scan(insn, &sum, a, lanes);
		for (left = lanes; left; left &= left - 1)
			copy_lane(&result, __ffs(left), &sum, last);
	}
	store(dst, &result, on, size);
}

static void scan_inclusive(u32 *dst, const struct vsvm_hw_insn *insn, const struct values *a,
			   u32 on, u32 size)
{
	struct values sum = {};

	scan(insn, &sum, a, on);
	store(dst, &sum, on, size);
}

static void scan_exclusive(u32 *dst, const struct vsvm_hw_insn *insn, const struct values *a,
			   u32 on, u32 size)
{
	const u64 first = neutral(insn->type, insn->mod);
	struct values sum = {}, result = {};
	unsigned int last = __ffs(on);
	u32 left;

	scan(insn, &sum, a, on);
	result.row[0][last] = first;
	result.row[1][last] = first >> 32;
	for (left = on & (on - 1); left; left &= left - 1) {
		copy_lane(&result, __ffs(left), &sum, last);
		last = __ffs(left);
	}
	store(dst, &result, on, size);
}

/**
 * vsvm_hw_subgroup_insn() - execute a subgroup instruction
 * @wave: wave
 * @insn: instruction
 * @a: row of the first source
 * @b: row of the second source
 */
void vsvm_hw_subgroup_insn(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn,
			   const u32 *a, const u32 *b)
{
	const u32 size = vsvm_hw_type_size(insn->type);
	u32 *dst = wave->regs + insn->dst * LANES;
	struct values values = {};
	const u32 on = wave->on;

	if (insn->op != VSVM_OP_ELECT)
		load(&values, a, size);
	switch (insn->op) {
	case VSVM_OP_BALLOT:
		set_words(dst, on, ballot(a, on));
		break;
	case VSVM_OP_VOTE_ANY:
		set_words(dst, on, truth(ballot(a, on)));
		break;
	case VSVM_OP_VOTE_ALL:
		set_words(dst, on, truth(ballot(a, on) == on));
		break;
	case VSVM_OP_VOTE_EQ:
		set_words(dst, on, truth(all_equal(insn, &values, on)));
		break;
	case VSVM_OP_ELECT:
		set_words(dst, on, 0);
		dst[__ffs(on)] = U32_MAX;
		break;
	case VSVM_OP_READFIRST:
		read_first(dst, &values, on, size);
		break;
	case VSVM_OP_REDUCE:
		reduce(dst, insn, &values, on, size);
		break;
	case VSVM_OP_SCAN_INCL:
		scan_inclusive(dst, insn, &values, on, size);
		break;
	case VSVM_OP_SCAN_EXCL:
		scan_exclusive(dst, insn, &values, on, size);
		break;
	default:
		shuffle(dst, insn->op, &values, b, on, size);
		break;
	}
}
