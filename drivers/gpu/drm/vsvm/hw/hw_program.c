// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Programs
 *
 * Turns the text of a program into what waves execute, and refuses what breaks a rule. After that a
 * wave cannot name a register that it does not have, jump out of its program or run out of frames,
 * so it checks none of this.
 *
 * What an instruction may look like is data: one &struct rule for each opcode, a row of
 * drm/vsvm_isa_table.h, says which types, operands, flags and modifiers it takes, and every field
 * that it does not take must be zero. An opcode without a row does not exist, nor does one whose
 * feature the device does not have.
 *
 * Instructions are checked in order, as they come in; jumps are resolved when the last one is in,
 * backwards, since where a lane goes on is later in the text, but for loops. Each instruction that
 * can turn the last lane off knows where the next lanes may come on again: the ELSE, ENDIF or
 * ENDLOOP of what it is in, or the end.
 *
 * A queue often runs the same program again. What it has read it keeps, and an instruction that is
 * still the same in the same place, for as many registers, needs no second look. It is compared
 * with what there is in memory now, so that a program may change between two dispatches in any way.
 *
 * This is pure: no locks, no memory but what is passed in.
 */

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <drm/vsvm_isa_table.h>

#include "hw_isa.h"

/**
 * struct rule - what an instruction looks like
 */
struct rule {
	/** @known: the opcode exists */
	bool known;
	/** @types: mask of enum vsvm_type; 0: the field must be zero */
	u16 types;
	/** @dst: &enum vsvm_operand */
	u8 dst;
	/** @src: &enum vsvm_operand of a, b, c */
	u8 src[3];
	/** @flags: VSVM_INSN_* that it may have */
	u8 flags;
	/** @mod: &enum vsvm_mod_kind */
	u8 mod;
	/** @imm: &enum vsvm_imm_kind */
	u8 imm;
	/** @feature: VSVM_FEATURE_* that it needs */
	u8 feature;
};

#define VSVM_ISA_ROW(op_, types_, dst_, a_, b_, c_, flags_, mod_, imm_, feature_, ...)	\
	[VSVM_OP_##op_] = {									\
		.known = true,									\
		.types = VSVM_TYPES_##types_,							\
		.dst = VSVM_OPERAND_##dst_,							\
		.src = { VSVM_OPERAND_##a_, VSVM_OPERAND_##b_, VSVM_OPERAND_##c_ },		\
		.flags = VSVM_FLAGS_##flags_,							\
		.mod = VSVM_MOD_##mod_,								\
		.imm = VSVM_IMM_##imm_,								\
		.feature = VSVM_NEEDS_##feature_,						\
	},

static const struct rule rules[256] = {
#include <drm/vsvm_isa_table.h>
};

static bool is_wide(u8 type)
{
	return vsvm_hw_type_size(type) == 8;
}

static bool is_float(u8 type)
{
	return type < 16 && VSVM_TYPES_F & BIT(type);
}

static bool has(const struct vsvm_hw_program *program, u32 features)
{
	return !(features & ~program->features);
}

static bool type_ok(const struct vsvm_hw_program *program, u8 type, u16 types)
{
	return type < 16 && types & BIT(type) &&
	       (!is_float(type) || has(program, VSVM_FEATURE_FLOAT));
}

static bool is_last_source(const struct rule *rule, unsigned int i)
{
	return rule->src[i] != VSVM_OPERAND_N && (i == 2 || rule->src[i + 1] == VSVM_OPERAND_N);
}

static u32 atomic_op(const struct vsvm_insn *insn)
{
	return insn->imm >> 32 & 0xff;
}

/* Registers that an operand takes; 0: its field must be zero. */
static u32 operand_regs(const struct vsvm_insn *insn, u8 operand)
{
	switch (operand) {
	case VSVM_OPERAND_T:
		return 1 + is_wide(insn->type);
	case VSVM_OPERAND_W:
		return 1;
	case VSVM_OPERAND_P:
		/* IF has a predicate, whether the flag says so or not. */
		return insn->flags & VSVM_INSN_PRED || insn->op == VSVM_OP_IF;
	case VSVM_OPERAND_A:
		if (insn->mod == VSVM_SPACE_ARG)
			return 0;
		return insn->mod == VSVM_SPACE_SHARED || insn->mod == VSVM_SPACE_SCRATCH ? 1 : 2;
	case VSVM_OPERAND_C:
		return atomic_op(insn) == VSVM_ATOMIC_CMPXCHG ? 1 + is_wide(insn->type) : 0;
	case VSVM_OPERAND_F:
		return 1 + is_wide(insn->mod);
	case VSVM_OPERAND_D:
		return 1 + (vsvm_hw_type_size(insn->type) == 4);
	default:
		return 0;
	}
}

static bool operand_ok(const struct vsvm_hw_program *program, const struct vsvm_insn *insn,
		       u8 operand, u8 reg)
{
	u32 regs = operand_regs(insn, operand);

	return regs ? reg + regs <= program->num_regs : !reg;
}

static bool space_ok(const struct vsvm_hw_program *program, u8 space)
{
	switch (space) {
	case VSVM_SPACE_GLOBAL:
	case VSVM_SPACE_ARG:
		return true;
	case VSVM_SPACE_SHARED:
		return has(program, VSVM_FEATURE_SHARED);
	case VSVM_SPACE_SCRATCH:
		return has(program, VSVM_FEATURE_SCRATCH);
	case VSVM_SPACE_GENERIC:
		return has(program, VSVM_FEATURE_SHARED | VSVM_FEATURE_SCRATCH);
	default:
		return false;
	}
}

static bool conversion_ok(const struct vsvm_hw_program *program, const struct vsvm_insn *insn)
{
	const u8 from = insn->mod & 15, round = insn->mod >> 4;

	if (!type_ok(program, from, VSVM_TYPES_IF) || round > VSVM_ROUND_DOWN)
		return false;
	return !round || is_float(from) || is_float(insn->type);
}

static bool modifier_ok(const struct vsvm_hw_program *program, const struct rule *rule,
			const struct vsvm_insn *insn)
{
	switch (rule->mod) {
	case VSVM_MOD_COND:
		return insn->mod <= VSVM_COND_GE;
	case VSVM_MOD_FCOND:
		return insn->mod <= VSVM_COND_UNORD;
	case VSVM_MOD_SREG:
		if (insn->mod == VSVM_SREG_CLOCK)
			return insn->type == VSVM_TYPE_U64;
		return insn->mod <= VSVM_SREG_SHARED_SIZE && insn->type == VSVM_TYPE_U32;
	case VSVM_MOD_FROM:
		return conversion_ok(program, insn);
	case VSVM_MOD_LOAD:
		return space_ok(program, insn->mod);
	case VSVM_MOD_STORE:
		return insn->mod != VSVM_SPACE_ARG && space_ok(program, insn->mod);
	case VSVM_MOD_ATOM:
		return insn->mod != VSVM_SPACE_ARG && insn->mod != VSVM_SPACE_SCRATCH &&
		       space_ok(program, insn->mod);
	case VSVM_MOD_GLOBAL:
		return insn->mod == VSVM_SPACE_GLOBAL;
	case VSVM_MOD_REDUCE:
		return insn->mod <= (is_float(insn->type) ? VSVM_REDUCE_MAX : VSVM_REDUCE_XOR);
	default:
		return !insn->mod;
	}
}

/* Bits 40 and up of @imm. */
static bool order_ok(u64 imm, u8 weakest)
{
	return !(imm >> 48) && (imm >> 40 & 15) <= weakest && imm >> 44 <= VSVM_SCOPE_WAVE;
}

static bool atomic_ok(const struct vsvm_insn *insn)
{
	const u32 op = atomic_op(insn);

	if (!order_ok(insn->imm, VSVM_ORDER_RELAXED))
		return false;
	if (is_float(insn->type))
		return op >= VSVM_ATOMIC_FADD && op <= VSVM_ATOMIC_FMAX;
	return op <= VSVM_ATOMIC_SMAX;
}

static bool immediate_ok(const struct rule *rule, const struct vsvm_insn *insn)
{
	switch (rule->imm) {
	case VSVM_IMM_OFFSET:
		return !(insn->imm >> 32);
	case VSVM_IMM_ATOMIC:
		return atomic_ok(insn);
	case VSVM_IMM_ORDER:
		return !(insn->imm & GENMASK_ULL(39, 0)) &&
		       order_ok(insn->imm, VSVM_ORDER_RELEASE);
	case VSVM_IMM_CLUSTER:
		return insn->imm <= VSVM_WAVE_LANES && !(insn->imm & (insn->imm - 1));
	default:
		return !insn->imm || insn->flags & VSVM_INSN_IMM;
	}
}

static bool operands_ok(const struct vsvm_hw_program *program, const struct rule *rule,
			const struct vsvm_insn *insn)
{
	const u8 regs[3] = { insn->a, insn->b, insn->c };
	unsigned int i;

	if (!operand_ok(program, insn, insn->flags & VSVM_INSN_NORET ? VSVM_OPERAND_N : rule->dst,
			insn->dst))
		return false;

	for (i = 0; i < 3; i++) {
		u8 operand = rule->src[i];

		if (insn->flags & VSVM_INSN_IMM && is_last_source(rule, i))
			operand = VSVM_OPERAND_N;
		if (!operand_ok(program, insn, operand, regs[i]))
			return false;
	}
	return true;
}

static bool insn_ok(const struct vsvm_hw_program *program, const struct rule *rule,
		    const struct vsvm_insn *insn)
{
	if (!rule->known || !has(program, rule->feature) || insn->flags & ~rule->flags)
		return false;
	if (rule->types ? !type_ok(program, insn->type, rule->types) : insn->type)
		return false;
	/* IF has a predicate, whether the flag says so or not. */
	if (insn->flags & VSVM_INSN_NOT && !(insn->flags & VSVM_INSN_PRED) &&
	    insn->op != VSVM_OP_IF)
		return false;
	return modifier_ok(program, rule, insn) && immediate_ok(rule, insn) &&
	       operands_ok(program, rule, insn);
}

static bool close(struct vsvm_hw_program *program, u8 op)
{
	const struct vsvm_hw_insn *top = &program->insns[program->open];

	if (!program->depth || top->op != op)
		return false;
	if (op == VSVM_OP_LOOP)
		program->loops--;
	program->open = top->next;
	program->depth--;
	return true;
}

/* Does control flow nest? What is open is a list through the instructions that opened it. */
static bool nest(struct vsvm_hw_program *program, u8 op)
{
	struct vsvm_hw_insn *insn = &program->insns[program->checked];
	struct vsvm_hw_insn *top;

	switch (op) {
	case VSVM_OP_IF:
	case VSVM_OP_LOOP:
		if (program->depth == VSVM_MAX_NESTING)
			return false;
		if (op == VSVM_OP_LOOP)
			program->loops++;
		insn->next = program->open;
		insn->again = 0;
		program->open = program->checked;
		program->depth++;
		program->max_depth = max(program->max_depth, program->depth);
		return true;
	case VSVM_OP_ELSE:
		top = &program->insns[program->open];
		if (!program->depth || top->op != VSVM_OP_IF || top->again)
			return false;
		top->again = 1;
		return true;
	case VSVM_OP_ENDIF:
		return close(program, VSVM_OP_IF);
	case VSVM_OP_ENDLOOP:
		return close(program, VSVM_OP_LOOP);
	case VSVM_OP_BREAK:
	case VSVM_OP_CONTINUE:
		return program->loops;
	default:
		return true;
	}
}

/**
 * vsvm_hw_program_begin() - check the head of a program
 * @program: program to begin; the caller then sees to room for its instructions. With other room
 *           than before, &vsvm_hw_program.known is to be 0
 * @head: head
 * @features: VSVM_FEATURE_* that there are
 *
 * Return: false if the head breaks a rule.
 */
bool vsvm_hw_program_begin(struct vsvm_hw_program *program, const struct vsvm_program *head,
			   u32 features)
{
	if (head->magic != VSVM_PROGRAM_MAGIC || head->version != VSVM_PROGRAM_VERSION ||
	    !head->num_regs || head->num_regs > VSVM_MAX_REGS ||
	    !head->num_insns || head->num_insns > VSVM_MAX_INSNS ||
	    head->shared_size > (features & VSVM_FEATURE_SHARED ? VSVM_MAX_SHARED : 0) ||
	    head->scratch_size > (features & VSVM_FEATURE_SCRATCH ? VSVM_MAX_SCRATCH : 0) ||
	    memchr_inv(head->pad, 0, sizeof(head->pad)))
		return false;

	program->known = program->num_regs == head->num_regs && program->features == features ?
			 program->checked : 0;
	program->num_regs = head->num_regs;
	program->num_insns = head->num_insns;
	program->features = features;
	program->shared_size = head->shared_size;
	program->scratch_size = head->scratch_size;
	program->checked = 0;
	program->depth = 0;
	program->max_depth = 0;
	program->open = 0;
	program->loops = 0;
	return true;
}

/* Is this what an instruction was made of that obeyed the rules? */
static bool is_known(const struct vsvm_hw_insn *have, const struct vsvm_insn *insn)
{
	/* IF has got a flag that it needs not have had, and control flow has targets for its 0. */
	u8 flags = have->op == VSVM_OP_IF ? have->flags & ~VSVM_INSN_PRED : have->flags;
	u64 imm = have->op <= VSVM_OP_EXIT ? 0 : have->imm;

	return have->op == insn->op && have->type == insn->type && have->mod == insn->mod &&
	       flags == insn->flags && have->dst == insn->dst && have->a == insn->a &&
	       have->b == insn->b && have->c == insn->c && imm == insn->imm;
}

/* Checks the next instruction by itself, and makes of it what waves execute. */
static bool decode(struct vsvm_hw_program *program, const struct vsvm_insn *insn)
{
	struct vsvm_hw_insn *out = &program->insns[program->checked];
	const struct rule *rule = &rules[insn->op];
	unsigned int i;

	if (!insn_ok(program, rule, insn))
		return false;

	*out = (struct vsvm_hw_insn) {
		.imm = insn->imm,
		.op = insn->op,
		.type = insn->type,
		.mod = insn->mod,
		.flags = insn->flags,
		.dst = insn->dst,
		.a = insn->a,
		.b = insn->b,
		.c = insn->c,
	};
	if (insn->op == VSVM_OP_IF)
		out->flags |= VSVM_INSN_PRED;
	if (!vsvm_hw_alu_find(out))
		return false;
	for (i = 0; i < 3 && insn->flags & VSVM_INSN_IMM; i++) {
		if (is_last_source(rule, i)) {
			out->imm_source = i + 1;
			out->imm_wide = rule->src[i] == VSVM_OPERAND_T && is_wide(insn->type);
		}
	}
	return true;
}

/**
 * vsvm_hw_program_add() - check the next instruction
 * @program: program that has been begun, with room for all
 * @insn: instruction
 *
 * Return: false if it breaks a rule; it is number &vsvm_hw_program.checked then.
 */
bool vsvm_hw_program_add(struct vsvm_hw_program *program, const struct vsvm_insn *insn)
{
	bool known = program->checked < program->known &&
		     is_known(&program->insns[program->checked], insn);

	if (!known && !decode(program, insn))
		return false;
	if (!nest(program, insn->op))
		return false;
	program->checked++;
	return true;
}

/**
 * vsvm_hw_program_end() - check that nothing is open, and resolve jumps
 * @program: program with all its instructions
 *
 * Return: &vsvm_hw_program.num_insns, or a smaller number, the first instruction that opens
 * something which is never closed.
 */
u32 vsvm_hw_program_end(struct vsvm_hw_program *program)
{
	struct vsvm_hw_insn *insns = program->insns;
	u32 i, ahead, first;

	if (program->depth) {
		for (i = program->depth, first = program->open; --i;)
			first = insns[first].next;
		return first;
	}

	/*
	 * @ahead is where a wave goes on that has no lane on: the ELSE or the innermost end that
	 * lies ahead. An ELSE leads to its ENDIF, an end to the one around it.
	 */
	ahead = program->num_insns;
	for (i = program->num_insns; i--;) {
		switch (insns[i].op) {
		case VSVM_OP_ENDIF:
		case VSVM_OP_ENDLOOP:
		case VSVM_OP_ELSE:
			insns[i].next = ahead;
			ahead = i;
			break;
		case VSVM_OP_LOOP:
			insns[ahead].again = i + 1;
			insns[i].next = ahead;
			ahead = insns[ahead].next;
			break;
		case VSVM_OP_IF:
			insns[i].next = ahead;
			if (insns[ahead].op == VSVM_OP_ELSE)
				ahead = insns[ahead].next;
			ahead = insns[ahead].next;
			break;
		case VSVM_OP_BREAK:
		case VSVM_OP_CONTINUE:
		case VSVM_OP_EXIT:
			insns[i].next = ahead;
			break;
		}
	}
	return program->num_insns;
}
