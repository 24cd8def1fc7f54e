// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Programs
 *
 * Turns the text of a program into what waves execute, and refuses what breaks a rule. After that a
 * wave cannot name a register that it does not have, jump out of its program or run out of frames,
 * so it checks none of this.
 *
 * What an instruction may look like is data: one &struct rule for each opcode says which types,
 * operands, flags and modifiers it takes, and every field that it does not take must be zero. An
 * opcode without a rule does not exist. Features that are not there yet (floating point, shared and
 * scratch memory, subgroups) get in by more rules.
 *
 * Instructions are checked in order, as they come in; jumps are resolved when the last one is in,
 * backwards, since where a lane goes on is later in the text, but for loops. Each instruction that
 * can turn the last lane off knows where the next lanes may come on again: the ELSE, ENDIF or
 * ENDLOOP of what it is in, or the end.
 *
 * This is pure: no locks, no memory but what is passed in.
 */

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "hw_internal.h"

/* What kind of operand a register field names, and so how many registers it is. */
enum operand {
	/* none: the field must be zero */
	NONE,
	/* of the instruction's type */
	TYPE,
	/* 32 bits, whatever the type */
	WORD,
	/* address: 64 bits */
	ADDR,
	/* of the type that the modifier names */
	FROM,
};

enum modifier {
	MOD_ZERO,
	MOD_COND,
	MOD_SREG,
	MOD_TYPE,
	MOD_LOAD,
	MOD_GLOBAL,
};

enum immediate {
	/* zero, or the last source with VSVM_INSN_IMM */
	IMM_SOURCE,
	IMM_OFFSET,
	IMM_ATOMIC,
};

/**
 * struct rule - what an instruction looks like
 */
struct rule {
	/** @known: the opcode exists */
	bool known;
	/** @alu: hw_alu.c does it */
	bool alu;
	/** @types: mask of enum vsvm_type; 0: the field must be zero */
	u16 types;
	/** @dst: &enum operand */
	u8 dst;
	/** @src: &enum operand of a, b, c */
	u8 src[3];
	/** @flags: VSVM_INSN_* that it may have */
	u8 flags;
	/** @mod: &enum modifier */
	u8 mod;
	/** @imm: &enum immediate */
	u8 imm;
};

#define UNSIGNED	(BIT(VSVM_TYPE_U8) | BIT(VSVM_TYPE_U16) | BIT(VSVM_TYPE_U32) | \
			 BIT(VSVM_TYPE_U64))
#define SIGNED		(BIT(VSVM_TYPE_S8) | BIT(VSVM_TYPE_S16) | BIT(VSVM_TYPE_S32) | \
			 BIT(VSVM_TYPE_S64))
#define INTEGER		(UNSIGNED | SIGNED)

static const struct rule flow_rule = { .known = true };

static const struct rule flow_predicate_rule = {
	.known = true, .src = { WORD }, .flags = VSVM_INSN_PRED | VSVM_INSN_NOT,
};

static const struct rule unary_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = TYPE, .src = { TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule unary_signed_rule = {
	.known = true, .alu = true, .types = SIGNED, .dst = TYPE, .src = { TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule unary_unsigned_rule = {
	.known = true, .alu = true, .types = UNSIGNED, .dst = TYPE, .src = { TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule index_unsigned_rule = {
	.known = true, .alu = true, .types = UNSIGNED, .dst = WORD, .src = { TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule index_any_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = WORD, .src = { TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule binary_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = TYPE, .src = { TYPE, TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule ternary_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = TYPE, .src = { TYPE, TYPE, TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule shift_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = TYPE, .src = { TYPE, WORD },
	.flags = VSVM_INSN_IMM,
};

static const struct rule rotate_rule = {
	.known = true, .alu = true, .types = UNSIGNED, .dst = TYPE, .src = { TYPE, WORD },
	.flags = VSVM_INSN_IMM,
};

static const struct rule extract_rule = {
	.known = true, .alu = true, .types = BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_S32), .dst = TYPE,
	.src = { TYPE, WORD, WORD }, .flags = VSVM_INSN_IMM,
};

static const struct rule mask_rule = {
	.known = true, .alu = true, .types = BIT(VSVM_TYPE_U32), .dst = TYPE,
	.src = { TYPE, TYPE }, .flags = VSVM_INSN_IMM,
};

static const struct rule compare_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = WORD, .src = { TYPE, TYPE },
	.flags = VSVM_INSN_IMM, .mod = MOD_COND,
};

static const struct rule select_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = TYPE, .src = { WORD, TYPE, TYPE },
	.flags = VSVM_INSN_IMM,
};

static const struct rule convert_rule = {
	.known = true, .alu = true, .types = INTEGER, .dst = TYPE, .src = { FROM },
	.mod = MOD_TYPE,
};

static const struct rule special_rule = {
	.known = true, .types = BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_U64), .dst = TYPE,
	.mod = MOD_SREG,
};

static const struct rule load_rule = {
	.known = true, .types = INTEGER, .dst = TYPE, .src = { ADDR }, .mod = MOD_LOAD,
	.imm = IMM_OFFSET,
};

static const struct rule store_rule = {
	.known = true, .types = INTEGER, .src = { ADDR, TYPE }, .mod = MOD_GLOBAL,
	.imm = IMM_OFFSET,
};

static const struct rule atomic_rule = {
	.known = true, .types = BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_U64), .dst = TYPE,
	.src = { ADDR, TYPE, TYPE }, .flags = VSVM_INSN_NORET, .mod = MOD_GLOBAL,
	.imm = IMM_ATOMIC,
};

static const struct rule prefetch_rule = {
	.known = true, .src = { ADDR }, .mod = MOD_GLOBAL, .imm = IMM_OFFSET,
};

static const struct rule *const rules[256] = {
	[VSVM_OP_NOP] = &flow_rule,
	[VSVM_OP_IF] = &flow_predicate_rule,
	[VSVM_OP_ELSE] = &flow_rule,
	[VSVM_OP_ENDIF] = &flow_rule,
	[VSVM_OP_LOOP] = &flow_rule,
	[VSVM_OP_ENDLOOP] = &flow_rule,
	[VSVM_OP_BREAK] = &flow_predicate_rule,
	[VSVM_OP_CONTINUE] = &flow_predicate_rule,
	[VSVM_OP_EXIT] = &flow_predicate_rule,

	[VSVM_OP_MOV] = &unary_rule,
	[VSVM_OP_SEL] = &select_rule,
	[VSVM_OP_SREG] = &special_rule,
	[VSVM_OP_CVT] = &convert_rule,

	[VSVM_OP_ADD] = &binary_rule,
	[VSVM_OP_SUB] = &binary_rule,
	[VSVM_OP_MUL] = &binary_rule,
	[VSVM_OP_MULHI] = &binary_rule,
	[VSVM_OP_MAD] = &ternary_rule,
	[VSVM_OP_DIV] = &binary_rule,
	[VSVM_OP_REM] = &binary_rule,
	[VSVM_OP_MIN] = &binary_rule,
	[VSVM_OP_MAX] = &binary_rule,
	[VSVM_OP_NEG] = &unary_rule,
	[VSVM_OP_ABS] = &unary_signed_rule,
	[VSVM_OP_ADDSAT] = &binary_rule,
	[VSVM_OP_SUBSAT] = &binary_rule,
	[VSVM_OP_HADD] = &binary_rule,
	[VSVM_OP_RHADD] = &binary_rule,

	[VSVM_OP_AND] = &binary_rule,
	[VSVM_OP_OR] = &binary_rule,
	[VSVM_OP_XOR] = &binary_rule,
	[VSVM_OP_NOT] = &unary_rule,
	[VSVM_OP_SHL] = &shift_rule,
	[VSVM_OP_SHR] = &shift_rule,
	[VSVM_OP_ROL] = &rotate_rule,
	[VSVM_OP_ROR] = &rotate_rule,
	[VSVM_OP_POPCNT] = &index_unsigned_rule,
	[VSVM_OP_CLZ] = &index_unsigned_rule,
	[VSVM_OP_FIND_LSB] = &index_unsigned_rule,
	[VSVM_OP_FIND_MSB] = &index_any_rule,
	[VSVM_OP_BITREV] = &unary_unsigned_rule,
	[VSVM_OP_BFE] = &extract_rule,
	[VSVM_OP_BFM] = &mask_rule,

	[VSVM_OP_CMP] = &compare_rule,

	[VSVM_OP_LD] = &load_rule,
	[VSVM_OP_ST] = &store_rule,
	[VSVM_OP_ATOM] = &atomic_rule,
	[VSVM_OP_PREFETCH] = &prefetch_rule,
	[VSVM_OP_MEMBAR] = &flow_rule,
};

static bool is_wide(u8 type)
{
	return vsvm_hw_type_size(type) == 8;
}

static bool is_integer(u8 type)
{
	return type <= VSVM_TYPE_S64 && (INTEGER & BIT(type));
}

static bool is_last_source(const struct rule *rule, unsigned int i)
{
	return rule->src[i] != NONE && (i == 2 || rule->src[i + 1] == NONE);
}

static bool operand_ok(const struct vsvm_hw_program *program, const struct vsvm_insn *insn,
		       u8 operand, u8 reg)
{
	u32 regs = 1;

	switch (operand) {
	case NONE:
		return !reg;
	case TYPE:
		regs += is_wide(insn->type);
		break;
	case FROM:
		regs += is_wide(insn->mod);
		break;
	case ADDR:
		regs += 1;
		break;
	}
	return reg + regs <= program->num_regs;
}

static bool modifier_ok(const struct rule *rule, const struct vsvm_insn *insn)
{
	switch (rule->mod) {
	case MOD_COND:
		return insn->mod <= VSVM_COND_GE;
	case MOD_SREG:
		if (insn->mod == VSVM_SREG_CLOCK)
			return insn->type == VSVM_TYPE_U64;
		return insn->mod < VSVM_SREG_CLOCK && insn->type == VSVM_TYPE_U32;
	case MOD_TYPE:
		return is_integer(insn->mod);
	case MOD_LOAD:
		return insn->mod == VSVM_SPACE_GLOBAL || insn->mod == VSVM_SPACE_ARG;
	default:
		/* VSVM_SPACE_GLOBAL is 0. */
		return !insn->mod;
	}
}

static bool immediate_ok(const struct rule *rule, const struct vsvm_insn *insn)
{
	switch (rule->imm) {
	case IMM_OFFSET:
		return !(insn->imm >> 32);
	case IMM_ATOMIC:
		return insn->imm >> 32 <= VSVM_ATOMIC_SMAX;
	default:
		return !insn->imm || insn->flags & VSVM_INSN_IMM;
	}
}

static bool operands_ok(const struct vsvm_hw_program *program, const struct rule *rule,
			const struct vsvm_insn *insn)
{
	const u8 regs[3] = { insn->a, insn->b, insn->c };
	u8 dst = rule->dst;
	unsigned int i;

	if (insn->flags & VSVM_INSN_NORET)
		dst = NONE;
	if (!operand_ok(program, insn, dst, insn->dst))
		return false;

	for (i = 0; i < 3; i++) {
		u8 operand = rule->src[i];

		if (insn->flags & VSVM_INSN_IMM && is_last_source(rule, i))
			operand = NONE;
		/* Without a predicate there is no register for it. */
		if (rule == &flow_predicate_rule && insn->op != VSVM_OP_IF &&
		    !(insn->flags & VSVM_INSN_PRED))
			operand = NONE;
		if (rule == &load_rule && insn->mod == VSVM_SPACE_ARG)
			operand = NONE;
		if (rule == &atomic_rule && i == 2 && insn->imm >> 32 != VSVM_ATOMIC_CMPXCHG)
			operand = NONE;
		if (!operand_ok(program, insn, operand, regs[i]))
			return false;
	}
	return true;
}

static bool insn_ok(const struct vsvm_hw_program *program, const struct rule *rule,
		    const struct vsvm_insn *insn)
{
	if (!rule || insn->flags & ~rule->flags)
		return false;
	if (rule->types ? !is_integer(insn->type) || !(BIT(insn->type) & rule->types) : insn->type)
		return false;
	/* IF has a predicate, whether the flag says so or not. */
	if (insn->flags & VSVM_INSN_NOT && !(insn->flags & VSVM_INSN_PRED) &&
	    insn->op != VSVM_OP_IF)
		return false;
	return modifier_ok(rule, insn) && immediate_ok(rule, insn) &&
	       operands_ok(program, rule, insn);
}

static bool in_loop(const struct vsvm_hw_program *program)
{
	u32 i;

	for (i = program->depth; i--;) {
		if (program->insns[program->open[i]].op == VSVM_OP_LOOP)
			return true;
	}
	return false;
}

/* Does control flow nest? Keeps the stack of what is open. */
static bool nest(struct vsvm_hw_program *program, u8 op)
{
	u8 top = VSVM_OP_NOP;

	if (program->depth)
		top = program->insns[program->open[program->depth - 1]].op;

	switch (op) {
	case VSVM_OP_IF:
	case VSVM_OP_LOOP:
		if (program->depth == VSVM_MAX_NESTING)
			return false;
		program->has_else &= ~BIT_ULL(program->depth);
		program->open[program->depth++] = program->checked;
		program->max_depth = max(program->max_depth, program->depth);
		return true;
	case VSVM_OP_ELSE:
		if (top != VSVM_OP_IF || program->has_else & BIT_ULL(program->depth - 1))
			return false;
		program->has_else |= BIT_ULL(program->depth - 1);
		return true;
	case VSVM_OP_ENDIF:
		if (top != VSVM_OP_IF)
			return false;
		program->depth--;
		return true;
	case VSVM_OP_ENDLOOP:
		if (top != VSVM_OP_LOOP)
			return false;
		program->depth--;
		return true;
	case VSVM_OP_BREAK:
	case VSVM_OP_CONTINUE:
		return in_loop(program);
	default:
		return true;
	}
}

/**
 * vsvm_hw_program_begin() - check the head of a program
 * @program: program to begin; the caller then sees to room for its instructions
 * @head: head
 *
 * Return: false if the head breaks a rule.
 */
bool vsvm_hw_program_begin(struct vsvm_hw_program *program, const struct vsvm_program *head)
{
	BUILD_BUG_ON(VSVM_MAX_INSNS - 1 > U16_MAX);
	BUILD_BUG_ON(BITS_PER_TYPE(program->has_else) < VSVM_MAX_NESTING);

	if (head->magic != VSVM_PROGRAM_MAGIC || head->version != VSVM_PROGRAM_VERSION ||
	    !head->num_regs || head->num_regs > VSVM_MAX_REGS ||
	    !head->num_insns || head->num_insns > VSVM_MAX_INSNS ||
	    head->shared_size || head->scratch_size || memchr_inv(head->pad, 0, sizeof(head->pad)))
		return false;

	program->num_regs = head->num_regs;
	program->num_insns = head->num_insns;
	program->checked = 0;
	program->depth = 0;
	program->max_depth = 0;
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
	const struct rule *rule = rules[insn->op];
	struct vsvm_hw_insn *out = &program->insns[program->checked];
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
	if (rule->alu) {
		out->alu = vsvm_hw_alu_find(insn->op, insn->mod);
		if (!out->alu)
			return false;
	}
	for (i = 0; i < 3 && insn->flags & VSVM_INSN_IMM; i++) {
		if (is_last_source(rule, i)) {
			out->imm_source = i + 1;
			out->imm_wide = rule->src[i] == TYPE && is_wide(insn->type);
		}
	}
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
	struct vsvm_hw_insn *insn;
	u32 i, next;

	if (program->depth)
		return program->open[0];

	/* open[] now holds the closing ends that lie ahead, the innermost last. */
	for (i = program->num_insns; i--;) {
		insn = &program->insns[i];
		next = program->depth ? program->open[program->depth - 1] : program->num_insns;
		switch (insn->op) {
		case VSVM_OP_ENDIF:
		case VSVM_OP_ENDLOOP:
			insn->next = next;
			program->open[program->depth++] = i;
			break;
		case VSVM_OP_ELSE:
			insn->next = next;
			program->open[program->depth - 1] = i;
			break;
		case VSVM_OP_LOOP:
			program->insns[next].again = i + 1;
			insn->next = next;
			program->depth--;
			break;
		case VSVM_OP_IF:
			insn->next = next;
			program->depth--;
			break;
		case VSVM_OP_BREAK:
		case VSVM_OP_CONTINUE:
		case VSVM_OP_EXIT:
			insn->next = next;
			break;
		}
	}
	return program->num_insns;
}
