/* SPDX-License-Identifier: MIT */
/*
 * An assembler for vsvm programs: one call appends one instruction. Needs nothing but libc.
 *
 *	struct vsvm_asm a = {};
 *
 *	asm_sreg(&a, R_X, VSVM_SREG_GLOBAL_X);
 *	asm_arg(&a, VSVM_TYPE_U64, R_PTR, 0);
 *	...
 *	asm_store(&a, VSVM_TYPE_U32, R_PTR, 0, R_X);
 *	program = asm_finish(&a);
 *
 * Registers are numbers; a 64-bit operand n takes n and n + 1. Which of them a program uses is
 * found out here. asm_finish() gives memory from malloc, to be freed with free(); a dispatch may
 * use it as it is, and it can be written to: what is tested may be a bad program.
 */
#ifndef VSVM_ASM_H
#define VSVM_ASM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vsvm_isa.h"

/**
 * struct vsvm_asm - a program in the making; starts as all zeros
 */
struct vsvm_asm {
	/** @insns: instructions, malloc'd */
	struct vsvm_insn *insns;
	/** @count: how many */
	uint32_t count;
	/** @capacity: room in @insns */
	uint32_t capacity;
	/** @num_regs: registers used so far */
	uint32_t num_regs;
	/** @shared_size: bytes of shared memory, to be set before asm_finish() */
	uint32_t shared_size;
	/** @scratch_size: bytes of scratch memory, likewise */
	uint32_t scratch_size;
};

/** asm_insns() - the instructions that follow the head of a program */
static inline struct vsvm_insn *asm_insns(struct vsvm_program *program)
{
	return (struct vsvm_insn *)(program + 1);
}

/** asm_program_size() - bytes of a program, head included */
static inline size_t asm_program_size(const struct vsvm_program *program)
{
	return sizeof(*program) + program->num_insns * sizeof(struct vsvm_insn);
}

static inline void asm_use_reg(struct vsvm_asm *as, unsigned int reg)
{
	/* one more, as if it were a pair */
	if (as->num_regs < reg + 2)
		as->num_regs = reg + 2 < VSVM_MAX_REGS ? reg + 2 : VSVM_MAX_REGS;
}

/** asm_emit() - append an instruction as it is; returns its index */
static inline uint32_t asm_emit(struct vsvm_asm *as, struct vsvm_insn insn)
{
	if (as->count == as->capacity) {
		as->capacity = as->capacity ? as->capacity * 2 : 32;
		as->insns = (struct vsvm_insn *)realloc(as->insns,
							as->capacity * sizeof(*as->insns));
		if (!as->insns) {
			perror("vsvm_asm");
			abort();
		}
	}
	asm_use_reg(as, insn.dst);
	asm_use_reg(as, insn.a);
	asm_use_reg(as, insn.b);
	asm_use_reg(as, insn.c);
	as->insns[as->count] = insn;
	return as->count++;
}

/** asm_finish() - make the program, in malloc'd memory; @as is as new afterwards */
static inline struct vsvm_program *asm_finish(struct vsvm_asm *as)
{
	size_t size = as->count * sizeof(*as->insns);
	struct vsvm_program *program = (struct vsvm_program *)calloc(1, sizeof(*program) + size);

	if (!program) {
		perror("vsvm_asm");
		abort();
	}
	program->magic = VSVM_PROGRAM_MAGIC;
	program->version = VSVM_PROGRAM_VERSION;
	program->num_regs = as->num_regs ? as->num_regs : 1;
	program->num_insns = as->count;
	program->shared_size = as->shared_size;
	program->scratch_size = as->scratch_size;
	if (size)
		memcpy(program + 1, as->insns, size);
	free(as->insns);
	memset(as, 0, sizeof(*as));
	return program;
}

/* Shapes: the operands that are not given are zero */

/** asm_op() - any register form */
static inline void asm_op(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t mod, uint8_t dst,
			  uint8_t a, uint8_t b, uint8_t c)
{
	struct vsvm_insn insn = {};

	insn.op = op;
	insn.type = type;
	insn.mod = mod;
	insn.dst = dst;
	insn.a = a;
	insn.b = b;
	insn.c = c;
	asm_emit(as, insn);
}

/** asm_op_imm() - any form whose last source is an immediate */
static inline void asm_op_imm(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t mod,
			      uint8_t dst, uint8_t a, uint8_t b, uint64_t imm)
{
	struct vsvm_insn insn = {};

	insn.op = op;
	insn.type = type;
	insn.mod = mod;
	insn.flags = VSVM_INSN_IMM;
	insn.dst = dst;
	insn.a = a;
	insn.b = b;
	insn.imm = imm;
	asm_emit(as, insn);
}

/** asm_nop() - nothing */
static inline void asm_nop(struct vsvm_asm *as)
{
	asm_op(as, VSVM_OP_NOP, 0, 0, 0, 0, 0, 0);
}

/** asm_mov() - dst = a */
static inline void asm_mov(struct vsvm_asm *as, uint8_t type, uint8_t dst, uint8_t a)
{
	asm_op(as, VSVM_OP_MOV, type, 0, dst, a, 0, 0);
}

/** asm_mov_imm() - dst = imm */
static inline void asm_mov_imm(struct vsvm_asm *as, uint8_t type, uint8_t dst, uint64_t imm)
{
	asm_op_imm(as, VSVM_OP_MOV, type, 0, dst, 0, 0, imm);
}

/** asm_sel() - dst = pred ? b : c */
static inline void asm_sel(struct vsvm_asm *as, uint8_t type, uint8_t dst, uint8_t pred, uint8_t b,
			   uint8_t c)
{
	asm_op(as, VSVM_OP_SEL, type, 0, dst, pred, b, c);
}

/** asm_sel_imm() - dst = pred ? b : imm */
static inline void asm_sel_imm(struct vsvm_asm *as, uint8_t type, uint8_t dst, uint8_t pred,
			       uint8_t b, uint64_t imm)
{
	asm_op_imm(as, VSVM_OP_SEL, type, 0, dst, pred, b, imm);
}

/** asm_sreg() - dst = special register; two registers for the clock */
static inline void asm_sreg(struct vsvm_asm *as, uint8_t dst, uint8_t sreg)
{
	asm_op(as, VSVM_OP_SREG, sreg == VSVM_SREG_CLOCK ? VSVM_TYPE_U64 : VSVM_TYPE_U32, sreg,
	       dst, 0, 0, 0);
}

/** asm_cvt() - dst, of type @to, = a, of type @from */
static inline void asm_cvt(struct vsvm_asm *as, uint8_t to, uint8_t dst, uint8_t from, uint8_t a)
{
	asm_op(as, VSVM_OP_CVT, to, from, dst, a, 0, 0);
}

/** asm_op1() - dst = op a */
static inline void asm_op1(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t dst, uint8_t a)
{
	asm_op(as, op, type, 0, dst, a, 0, 0);
}

/** asm_op2() - dst = a op b */
static inline void asm_op2(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t dst, uint8_t a,
			   uint8_t b)
{
	asm_op(as, op, type, 0, dst, a, b, 0);
}

/** asm_op2_imm() - dst = a op imm */
static inline void asm_op2_imm(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t dst,
			       uint8_t a, uint64_t imm)
{
	asm_op_imm(as, op, type, 0, dst, a, 0, imm);
}

/** asm_op3() - dst = op(a, b, c) */
static inline void asm_op3(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t dst, uint8_t a,
			   uint8_t b, uint8_t c)
{
	asm_op(as, op, type, 0, dst, a, b, c);
}

/** asm_op3_imm() - dst = op(a, b, imm) */
static inline void asm_op3_imm(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t dst,
			       uint8_t a, uint8_t b, uint64_t imm)
{
	asm_op_imm(as, op, type, 0, dst, a, b, imm);
}

/** asm_cmp() - dst (32 bits) = a cond b */
static inline void asm_cmp(struct vsvm_asm *as, uint8_t cond, uint8_t type, uint8_t dst, uint8_t a,
			   uint8_t b)
{
	asm_op(as, VSVM_OP_CMP, type, cond, dst, a, b, 0);
}

/** asm_cmp_imm() - dst (32 bits) = a cond imm */
static inline void asm_cmp_imm(struct vsvm_asm *as, uint8_t cond, uint8_t type, uint8_t dst,
			       uint8_t a, uint64_t imm)
{
	asm_op_imm(as, VSVM_OP_CMP, type, cond, dst, a, 0, imm);
}

/* Memory */

static inline void asm_memory(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t space,
			      uint8_t flags, uint8_t dst, uint8_t a, uint8_t b, uint8_t c,
			      uint64_t imm)
{
	struct vsvm_insn insn = {};

	insn.op = op;
	insn.type = type;
	insn.mod = space;
	insn.flags = flags;
	insn.dst = dst;
	insn.a = a;
	insn.b = b;
	insn.c = c;
	insn.imm = imm;
	asm_emit(as, insn);
}

/** asm_load() - dst = memory at (64-bit address + offset) */
static inline void asm_load(struct vsvm_asm *as, uint8_t type, uint8_t dst, uint8_t address,
			    int32_t offset)
{
	asm_memory(as, VSVM_OP_LD, type, VSVM_SPACE_GLOBAL, 0, dst, address, 0, 0,
		   (uint32_t)offset);
}

/** asm_arg() - dst = kernel arguments at offset */
static inline void asm_arg(struct vsvm_asm *as, uint8_t type, uint8_t dst, int32_t offset)
{
	asm_memory(as, VSVM_OP_LD, type, VSVM_SPACE_ARG, 0, dst, 0, 0, 0, (uint32_t)offset);
}

/** asm_store() - memory at (64-bit address + offset) = value */
static inline void asm_store(struct vsvm_asm *as, uint8_t type, uint8_t address, int32_t offset,
			     uint8_t value)
{
	asm_memory(as, VSVM_OP_ST, type, VSVM_SPACE_GLOBAL, 0, 0, address, value, 0,
		   (uint32_t)offset);
}

/** asm_atomic() - dst = old value, memory = old op b; @compare: of CMPXCHG, else 0 */
static inline void asm_atomic(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t dst,
			      uint8_t address, int32_t offset, uint8_t b, uint8_t compare)
{
	asm_memory(as, VSVM_OP_ATOM, type, VSVM_SPACE_GLOBAL, 0, dst, address, b, compare,
		   (uint32_t)offset | (uint64_t)op << 32);
}

/** asm_atomic_noret() - memory = old op b; @compare: of CMPXCHG, else 0 */
static inline void asm_atomic_noret(struct vsvm_asm *as, uint8_t op, uint8_t type, uint8_t address,
				    int32_t offset, uint8_t b, uint8_t compare)
{
	asm_memory(as, VSVM_OP_ATOM, type, VSVM_SPACE_GLOBAL, VSVM_INSN_NORET, 0, address, b,
		   compare, (uint32_t)offset | (uint64_t)op << 32);
}

/** asm_load_from() - dst = memory of any space but ARG, at address + offset */
static inline void asm_load_from(struct vsvm_asm *as, uint8_t space, uint8_t type, uint8_t dst,
				 uint8_t address, int32_t offset)
{
	asm_memory(as, VSVM_OP_LD, type, space, 0, dst, address, 0, 0, (uint32_t)offset);
}

/** asm_store_to() - memory of any space but ARG = value */
static inline void asm_store_to(struct vsvm_asm *as, uint8_t space, uint8_t type, uint8_t address,
				int32_t offset, uint8_t value)
{
	asm_memory(as, VSVM_OP_ST, type, space, 0, 0, address, value, 0, (uint32_t)offset);
}

/** asm_order() - what an order and a scope are in the immediate of ATOM, MEMBAR and BARRIER */
static inline uint64_t asm_order(uint8_t order, uint8_t scope)
{
	return (uint64_t)order << 40 | (uint64_t)scope << 44;
}

/** asm_atomic_in() - an atomic in GLOBAL, SHARED or GENERIC; @order: asm_order() */
static inline void asm_atomic_in(struct vsvm_asm *as, uint8_t space, uint8_t op, uint8_t type,
				 uint8_t dst, uint8_t address, int32_t offset, uint8_t b,
				 uint8_t compare, uint64_t order)
{
	asm_memory(as, VSVM_OP_ATOM, type, space, 0, dst, address, b, compare,
		   (uint32_t)offset | (uint64_t)op << 32 | order);
}

/** asm_barrier() - wait for the workgroup */
static inline void asm_barrier(struct vsvm_asm *as)
{
	asm_memory(as, VSVM_OP_BARRIER, 0, 0, 0, 0, 0, 0, 0,
		   asm_order(VSVM_ORDER_SEQ_CST, VSVM_SCOPE_GROUP));
}

/** asm_prefetch() - ask for the page at (64-bit address + offset) */
static inline void asm_prefetch(struct vsvm_asm *as, uint8_t address, int32_t offset)
{
	asm_memory(as, VSVM_OP_PREFETCH, 0, VSVM_SPACE_GLOBAL, 0, 0, address, 0, 0,
		   (uint32_t)offset);
}

/** asm_membar() - order this wave's accesses */
static inline void asm_membar(struct vsvm_asm *as)
{
	asm_op(as, VSVM_OP_MEMBAR, 0, 0, 0, 0, 0, 0);
}

/* Control flow */

static inline void asm_control(struct vsvm_asm *as, uint8_t op, uint8_t flags, uint8_t pred)
{
	struct vsvm_insn insn = {};

	insn.op = op;
	insn.flags = flags;
	insn.a = pred;
	asm_emit(as, insn);
}

/** asm_if() - lanes whose 32-bit register is not zero */
static inline void asm_if(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_IF, VSVM_INSN_PRED, pred);
}

/** asm_if_not() - lanes whose 32-bit register is zero */
static inline void asm_if_not(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_IF, VSVM_INSN_PRED | VSVM_INSN_NOT, pred);
}

/** asm_else() - the other lanes */
static inline void asm_else(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_ELSE, 0, 0);
}

/** asm_endif() - all lanes again */
static inline void asm_endif(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_ENDIF, 0, 0);
}

/** asm_loop() - begin a loop */
static inline void asm_loop(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_LOOP, 0, 0);
}

/** asm_endloop() - next round */
static inline void asm_endloop(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_ENDLOOP, 0, 0);
}

/** asm_break() - leave the loop */
static inline void asm_break(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_BREAK, 0, 0);
}

/** asm_break_if() - lanes whose register is not zero leave the loop */
static inline void asm_break_if(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_BREAK, VSVM_INSN_PRED, pred);
}

/** asm_break_if_not() - lanes whose register is zero leave the loop */
static inline void asm_break_if_not(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_BREAK, VSVM_INSN_PRED | VSVM_INSN_NOT, pred);
}

/** asm_continue() - off until the next round */
static inline void asm_continue(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_CONTINUE, 0, 0);
}

/** asm_continue_if() - lanes whose register is not zero are off until the next round */
static inline void asm_continue_if(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_CONTINUE, VSVM_INSN_PRED, pred);
}

/** asm_continue_if_not() - lanes whose register is zero are off until the next round */
static inline void asm_continue_if_not(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_CONTINUE, VSVM_INSN_PRED | VSVM_INSN_NOT, pred);
}

/** asm_exit() - end */
static inline void asm_exit(struct vsvm_asm *as)
{
	asm_control(as, VSVM_OP_EXIT, 0, 0);
}

/** asm_exit_if() - lanes whose register is not zero end */
static inline void asm_exit_if(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_EXIT, VSVM_INSN_PRED, pred);
}

/** asm_exit_if_not() - lanes whose register is zero end */
static inline void asm_exit_if_not(struct vsvm_asm *as, uint8_t pred)
{
	asm_control(as, VSVM_OP_EXIT, VSVM_INSN_PRED | VSVM_INSN_NOT, pred);
}

/**
 * asm_index() - dst (64 bits) = base + index * size, the address of an array's element
 * @as: program
 * @dst: result pair; neither of the others
 * @base: 64-bit register
 * @index: U32 register
 * @size: bytes of an element
 */
static inline void asm_index(struct vsvm_asm *as, uint8_t dst, uint8_t base, uint8_t index,
			     uint64_t size)
{
	asm_cvt(as, VSVM_TYPE_U64, dst, VSVM_TYPE_U32, index);
	asm_op2_imm(as, VSVM_OP_MUL, VSVM_TYPE_U64, dst, dst, size);
	asm_op2(as, VSVM_OP_ADD, VSVM_TYPE_U64, dst, dst, base);
}

#endif /* VSVM_ASM_H */
