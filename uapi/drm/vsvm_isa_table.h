/* SPDX-License-Identifier: MIT */
/*
 * The instructions of vsvm_isa.h as a table, from which validators, assemblers, disassemblers and
 * docs/isa.rst are made. Whoever wants it defines
 *
 *	VSVM_ISA_ROW(op, types, dst, a, b, c, flags, mod, imm, feature, text)
 *
 * and includes this file; each row is then expanded once, in the order of the opcodes. It can be
 * included again.
 *
 *	op	name of VSVM_OP_*
 *	types	VSVM_TYPES_*: types that the instruction takes; NONE: the field is zero
 *	dst	operands, see enum vsvm_operand, VSVM_OPERAND_*
 *	a, b, c
 *	flags	VSVM_FLAGS_*: flags that it may have
 *	mod	VSVM_MOD_*: what the modifier is
 *	imm	VSVM_IMM_*: what the immediate is
 *	feature	VSVM_NEEDS_*: VSVM_FEATURE_* without which there is no such instruction
 *	text	what it does, for people
 */
#ifndef _UAPI_VSVM_ISA_TABLE_H_
#define _UAPI_VSVM_ISA_TABLE_H_

#include "vsvm_isa.h"

/** enum vsvm_operand - what a register field names */
enum vsvm_operand {
	/** @VSVM_OPERAND_N: nothing, it is zero */
	VSVM_OPERAND_N,
	/** @VSVM_OPERAND_T: a value of the instruction's type */
	VSVM_OPERAND_T,
	/** @VSVM_OPERAND_W: 32 bits */
	VSVM_OPERAND_W,
	/** @VSVM_OPERAND_P: 32 bits, a predicate, there only with %VSVM_INSN_PRED */
	VSVM_OPERAND_P,
	/** @VSVM_OPERAND_A: an address, as wide as the memory space has them; none for ARG */
	VSVM_OPERAND_A,
	/** @VSVM_OPERAND_C: the comparand of CMPXCHG, of the type; nothing for other atomics */
	VSVM_OPERAND_C,
	/** @VSVM_OPERAND_F: a value of the type that the modifier names */
	VSVM_OPERAND_F,
	/** @VSVM_OPERAND_D: an unsigned value twice as wide as the type */
	VSVM_OPERAND_D,
};

/** enum vsvm_mod_kind - what the modifier of an instruction is */
enum vsvm_mod_kind {
	/** @VSVM_MOD_NONE: nothing, it is zero */
	VSVM_MOD_NONE,
	/** @VSVM_MOD_COND: &enum vsvm_cond, the first six */
	VSVM_MOD_COND,
	/** @VSVM_MOD_FCOND: &enum vsvm_cond */
	VSVM_MOD_FCOND,
	/** @VSVM_MOD_SREG: &enum vsvm_sreg */
	VSVM_MOD_SREG,
	/** @VSVM_MOD_FROM: &enum vsvm_type, and &enum vsvm_round above it */
	VSVM_MOD_FROM,
	/** @VSVM_MOD_LOAD: &enum vsvm_space */
	VSVM_MOD_LOAD,
	/** @VSVM_MOD_STORE: &enum vsvm_space, not ARG */
	VSVM_MOD_STORE,
	/** @VSVM_MOD_ATOM: &enum vsvm_space, not ARG nor SCRATCH */
	VSVM_MOD_ATOM,
	/** @VSVM_MOD_GLOBAL: &enum vsvm_space, GLOBAL only */
	VSVM_MOD_GLOBAL,
	/** @VSVM_MOD_REDUCE: &enum vsvm_reduce_op */
	VSVM_MOD_REDUCE,
};

/** enum vsvm_imm_kind - what the immediate of an instruction is */
enum vsvm_imm_kind {
	/** @VSVM_IMM_SOURCE: zero; with %VSVM_INSN_IMM the last source */
	VSVM_IMM_SOURCE,
	/** @VSVM_IMM_OFFSET: a 32-bit offset */
	VSVM_IMM_OFFSET,
	/** @VSVM_IMM_ATOMIC: a 32-bit offset, &enum vsvm_atomic_op, order and scope */
	VSVM_IMM_ATOMIC,
	/** @VSVM_IMM_ORDER: order, not RELAXED, and scope */
	VSVM_IMM_ORDER,
	/** @VSVM_IMM_CLUSTER: lanes of a cluster */
	VSVM_IMM_CLUSTER,
};

/* Sets of types, as masks; U, S and F are all unsigned, signed and floating point ones. */
#define VSVM_TYPES_NONE		0x000
#define VSVM_TYPES_U		0x00f
#define VSVM_TYPES_S		0x0f0
#define VSVM_TYPES_I		0x0ff
#define VSVM_TYPES_F		0xe00
#define VSVM_TYPES_IF		0xeff
#define VSVM_TYPES_F16_F32	0x600
#define VSVM_TYPES_U32		0x004
#define VSVM_TYPES_I32		0x044
#define VSVM_TYPES_U32_U64	0x00c
#define VSVM_TYPES_U8_TO_U32	0x007
#define VSVM_TYPES_U16_TO_U64	0x00e
#define VSVM_TYPES_I16_TO_I64	0x0ee
#define VSVM_TYPES_I32_I64	0x0cc
#define VSVM_TYPES_ATOM		0xc0c

#define VSVM_FLAGS_NONE		0
#define VSVM_FLAGS_IMM		VSVM_INSN_IMM
#define VSVM_FLAGS_PRED		(VSVM_INSN_PRED | VSVM_INSN_NOT)
#define VSVM_FLAGS_NORET	VSVM_INSN_NORET

#define VSVM_NEEDS_NONE		0
#define VSVM_NEEDS_FLOAT	VSVM_FEATURE_FLOAT
#define VSVM_NEEDS_SHARED	VSVM_FEATURE_SHARED
#define VSVM_NEEDS_SUBGROUP	VSVM_FEATURE_SUBGROUP

#endif /* _UAPI_VSVM_ISA_TABLE_H_ */

#ifdef VSVM_ISA_ROW

/* Control flow */
VSVM_ISA_ROW(NOP, NONE, N, N, N, N, NONE, NONE, SOURCE, NONE, "nothing")
VSVM_ISA_ROW(IF, NONE, N, P, N, N, PRED, NONE, SOURCE, NONE,
	     "lanes where a is 0 (NOT: is not) go off until ELSE, ENDIF")
VSVM_ISA_ROW(ELSE, NONE, N, N, N, N, NONE, NONE, SOURCE, NONE,
	     "the lanes that IF turned off, not the others")
VSVM_ISA_ROW(ENDIF, NONE, N, N, N, N, NONE, NONE, SOURCE, NONE,
	     "lanes that were on at IF and have not left since")
VSVM_ISA_ROW(LOOP, NONE, N, N, N, N, NONE, NONE, SOURCE, NONE, "begins a loop")
VSVM_ISA_ROW(ENDLOOP, NONE, N, N, N, N, NONE, NONE, SOURCE, NONE,
	     "back to LOOP, unless every lane has left")
VSVM_ISA_ROW(BREAK, NONE, N, P, N, N, PRED, NONE, SOURCE, NONE, "lanes leave the innermost loop")
VSVM_ISA_ROW(CONTINUE, NONE, N, P, N, N, PRED, NONE, SOURCE, NONE,
	     "lanes are off until the next round of the loop")
VSVM_ISA_ROW(EXIT, NONE, N, P, N, N, PRED, NONE, SOURCE, NONE, "lanes end")
/* Moves */
VSVM_ISA_ROW(MOV, I, T, T, N, N, IMM, NONE, SOURCE, NONE, "a")
VSVM_ISA_ROW(SEL, I, T, W, T, T, IMM, NONE, SOURCE, NONE, "a ? b : c")
VSVM_ISA_ROW(SREG, U32_U64, T, N, N, N, NONE, SREG, SOURCE, NONE,
	     "special register; U64 for the clock alone")
VSVM_ISA_ROW(CVT, IF, T, F, N, N, NONE, FROM, SOURCE, NONE, "a converted")
/* Integer arithmetic */
VSVM_ISA_ROW(ADD, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a + b")
VSVM_ISA_ROW(SUB, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a - b")
VSVM_ISA_ROW(MUL, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "low half of a * b")
VSVM_ISA_ROW(MULHI, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "high half of a * b")
VSVM_ISA_ROW(MAD, I, T, T, T, T, IMM, NONE, SOURCE, NONE, "a * b + c")
VSVM_ISA_ROW(DIV, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a / b towards zero; by 0: 0")
VSVM_ISA_ROW(REM, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "what DIV leaves, sign of a; by 0: 0")
VSVM_ISA_ROW(MIN, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "smaller")
VSVM_ISA_ROW(MAX, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "larger")
VSVM_ISA_ROW(NEG, I, T, T, N, N, IMM, NONE, SOURCE, NONE, "-a")
VSVM_ISA_ROW(ABS, S, T, T, N, N, IMM, NONE, SOURCE, NONE,
	     "absolute value; of the least value, itself")
VSVM_ISA_ROW(ADDSAT, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a + b, clamped")
VSVM_ISA_ROW(SUBSAT, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a - b, clamped")
VSVM_ISA_ROW(HADD, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "(a + b) >> 1, no overflow")
VSVM_ISA_ROW(RHADD, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "(a + b + 1) >> 1, no overflow")
/* Logic and bits */
VSVM_ISA_ROW(AND, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a & b")
VSVM_ISA_ROW(OR, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a | b")
VSVM_ISA_ROW(XOR, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "a ^ b")
VSVM_ISA_ROW(NOT, I, T, T, N, N, IMM, NONE, SOURCE, NONE, "~a")
VSVM_ISA_ROW(SHL, I, T, T, W, N, IMM, NONE, SOURCE, NONE, "a << (b mod width)")
VSVM_ISA_ROW(SHR, I, T, T, W, N, IMM, NONE, SOURCE, NONE,
	     "a >> (b mod width), arithmetic if signed")
VSVM_ISA_ROW(ROL, U, T, T, W, N, IMM, NONE, SOURCE, NONE, "a rotated left by b mod width")
VSVM_ISA_ROW(ROR, U, T, T, W, N, IMM, NONE, SOURCE, NONE, "a rotated right by b mod width")
VSVM_ISA_ROW(POPCNT, U, W, T, N, N, IMM, NONE, SOURCE, NONE, "ones of a")
VSVM_ISA_ROW(CLZ, U, W, T, N, N, IMM, NONE, SOURCE, NONE, "leading zeros of a")
VSVM_ISA_ROW(FIND_LSB, U, W, T, N, N, IMM, NONE, SOURCE, NONE, "index of the lowest one, or -1")
VSVM_ISA_ROW(FIND_MSB, I, W, T, N, N, IMM, NONE, SOURCE, NONE,
	     "index of the highest bit unlike the sign, or -1")
VSVM_ISA_ROW(BITREV, U, T, T, N, N, IMM, NONE, SOURCE, NONE, "a backwards")
VSVM_ISA_ROW(BFE, I32, T, T, W, W, IMM, NONE, SOURCE, NONE, "c bits of a from bit b on, extended")
VSVM_ISA_ROW(BFM, U32, T, T, T, N, IMM, NONE, SOURCE, NONE, "a ones, from bit b on")
/* Comparison */
VSVM_ISA_ROW(CMP, I, W, T, T, N, IMM, COND, SOURCE, NONE, "a mod b ? ~0 : 0")
/* Memory */
VSVM_ISA_ROW(LD, I, T, A, N, N, NONE, LOAD, OFFSET, NONE, "memory")
VSVM_ISA_ROW(ST, I, N, A, T, N, NONE, STORE, OFFSET, NONE, "memory = b")
VSVM_ISA_ROW(ATOM, ATOM, T, A, T, C, NORET, ATOM, ATOMIC, NONE, "memory; memory = a op b")
VSVM_ISA_ROW(PREFETCH, NONE, N, A, N, N, NONE, GLOBAL, OFFSET, NONE,
	     "asks for the page, and goes on")
VSVM_ISA_ROW(MEMBAR, NONE, N, N, N, N, NONE, NONE, ORDER, NONE, "orders the wave's accesses")
VSVM_ISA_ROW(BARRIER, NONE, N, N, N, N, NONE, NONE, ORDER, SHARED,
	     "MEMBAR, and waits for the workgroup")
/* Subgroup, of the lanes that are on */
VSVM_ISA_ROW(BALLOT, U32, W, T, N, N, IMM, NONE, SOURCE, SUBGROUP, "mask of lanes where a is not 0")
VSVM_ISA_ROW(VOTE_ANY, U32, W, T, N, N, IMM, NONE, SOURCE, SUBGROUP,
	     "~0 if a is not 0 in one lane, else 0")
VSVM_ISA_ROW(VOTE_ALL, U32, W, T, N, N, IMM, NONE, SOURCE, SUBGROUP,
	     "~0 if a is not 0 in all lanes, else 0")
VSVM_ISA_ROW(SHUFFLE, U, T, T, W, N, IMM, NONE, SOURCE, SUBGROUP,
	     "a of lane b mod 32; of one that is off, 0")
VSVM_ISA_ROW(READFIRST, U, T, T, N, N, IMM, NONE, SOURCE, SUBGROUP, "a of the lowest lane")
VSVM_ISA_ROW(REDUCE, IF, T, T, N, N, NONE, REDUCE, CLUSTER, SUBGROUP, "a of all lanes combined")
VSVM_ISA_ROW(SCAN_INCL, IF, T, T, N, N, NONE, REDUCE, SOURCE, SUBGROUP,
	     "a of the lanes up to this one combined")
VSVM_ISA_ROW(SCAN_EXCL, IF, T, T, N, N, NONE, REDUCE, SOURCE, SUBGROUP,
	     "a of the lanes before this one combined")
VSVM_ISA_ROW(SHUFFLE_XOR, U, T, T, W, N, IMM, NONE, SOURCE, SUBGROUP, "a of this lane ^ b")
VSVM_ISA_ROW(SHUFFLE_UP, U, T, T, W, N, IMM, NONE, SOURCE, SUBGROUP, "a of this lane - b")
VSVM_ISA_ROW(SHUFFLE_DOWN, U, T, T, W, N, IMM, NONE, SOURCE, SUBGROUP, "a of this lane + b")
VSVM_ISA_ROW(ELECT, U32, W, N, N, N, NONE, NONE, SOURCE, SUBGROUP, "~0 in the lowest lane, else 0")
VSVM_ISA_ROW(VOTE_EQ, IF, W, T, N, N, IMM, NONE, SOURCE, SUBGROUP,
	     "~0 if a is the same in all lanes, else 0")
/* More arithmetic and bits */
VSVM_ISA_ROW(MOD, S, T, T, T, N, IMM, NONE, SOURCE, NONE,
	     "what a / b downwards leaves, sign of b; by 0: 0")
VSVM_ISA_ROW(SIGN, S, T, T, N, N, IMM, NONE, SOURCE, NONE, "-1, 0, 1")
VSVM_ISA_ROW(ABSDIFF, I, T, T, T, N, IMM, NONE, SOURCE, NONE, "absolute difference, unsigned")
VSVM_ISA_ROW(CARRY, U, T, T, T, N, IMM, NONE, SOURCE, NONE, "1 if a + b overflows, else 0")
VSVM_ISA_ROW(BORROW, U, T, T, T, N, IMM, NONE, SOURCE, NONE, "1 if a < b, else 0")
VSVM_ISA_ROW(MULW, I32, D, T, T, N, IMM, NONE, SOURCE, NONE, "a * b in 64 bits")
VSVM_ISA_ROW(BITSEL, U, T, T, T, T, IMM, NONE, SOURCE, NONE, "(a & b) | (~a & c)")
VSVM_ISA_ROW(BFI, U32, T, T, T, T, IMM, NONE, SOURCE, NONE,
	     "c with b, moved to the lowest one of a, under a")
VSVM_ISA_ROW(PACK, U8_TO_U32, D, T, T, N, IMM, NONE, SOURCE, NONE, "a | b << width")
VSVM_ISA_ROW(EXTB, I16_TO_I64, T, T, W, N, IMM, NONE, SOURCE, NONE, "byte b of a, extended")
VSVM_ISA_ROW(EXTH, I32_I64, T, T, W, N, IMM, NONE, SOURCE, NONE,
	     "16 bits, number b, of a, extended")
VSVM_ISA_ROW(INSB, U16_TO_U64, T, T, W, N, IMM, NONE, SOURCE, NONE, "low byte of a as byte b")
VSVM_ISA_ROW(INSH, U32_U64, T, T, W, N, IMM, NONE, SOURCE, NONE, "low 16 bits of a as number b")
/* Floating point */
VSVM_ISA_ROW(FADD, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a + b")
VSVM_ISA_ROW(FMUL, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a * b")
VSVM_ISA_ROW(FFMA, F, T, T, T, T, IMM, NONE, SOURCE, FLOAT, "a * b + c, rounded once")
VSVM_ISA_ROW(FDIV, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a / b")
VSVM_ISA_ROW(FREM, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a - b * trunc(a / b)")
VSVM_ISA_ROW(FMIN, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "smaller; not the NaN")
VSVM_ISA_ROW(FMAX, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "larger; not the NaN")
VSVM_ISA_ROW(FNEG, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "sign bit turned")
VSVM_ISA_ROW(FABS, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "sign bit cleared")
VSVM_ISA_ROW(FSQRT, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "square root")
VSVM_ISA_ROW(FRCP, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "1 / a")
VSVM_ISA_ROW(FRSQ, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "1 / square root")
VSVM_ISA_ROW(FFLOOR, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "integer, downwards")
VSVM_ISA_ROW(FCEIL, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "integer, upwards")
VSVM_ISA_ROW(FTRUNC, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "integer, towards zero")
VSVM_ISA_ROW(FROUND_EVEN, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "integer, to nearest even")
VSVM_ISA_ROW(FSIN, F16_F32, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "sine")
VSVM_ISA_ROW(FCOS, F16_F32, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "cosine")
VSVM_ISA_ROW(FEXP2, F16_F32, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "2 to the a")
VSVM_ISA_ROW(FLOG2, F16_F32, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "binary logarithm")
VSVM_ISA_ROW(FPOW, F16_F32, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a to the b")
VSVM_ISA_ROW(FLDEXP, F, T, T, W, N, IMM, NONE, SOURCE, FLOAT, "a * 2 to the b")
VSVM_ISA_ROW(FCMP, F, W, T, T, N, IMM, FCOND, SOURCE, FLOAT, "a mod b ? ~0 : 0")
VSVM_ISA_ROW(FSUB, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a - b")
VSVM_ISA_ROW(FMOD, F, T, T, T, N, IMM, NONE, SOURCE, FLOAT, "a - b * floor(a / b)")
VSVM_ISA_ROW(FSIGN, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "-1, 1, or the zero; NaN: +0")
VSVM_ISA_ROW(FSAT, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "a clamped to 0 and 1; NaN: +0")
VSVM_ISA_ROW(FFRACT, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "a - floor(a)")
VSVM_ISA_ROW(FREXP_EXP, F, W, T, N, N, IMM, NONE, SOURCE, FLOAT, "exponent of a")
VSVM_ISA_ROW(FREXP_SIG, F, T, T, N, N, IMM, NONE, SOURCE, FLOAT, "significand of a")

#undef VSVM_ISA_ROW
#endif /* VSVM_ISA_ROW */
