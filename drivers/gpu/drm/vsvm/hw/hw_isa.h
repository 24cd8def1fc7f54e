/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Programs as waves execute them, and arithmetic. Nothing here knows of engines, queues or memory,
 * so that it also builds outside of the kernel, see igt-tests/native.
 */
#ifndef _VSVM_HW_ISA_H_
#define _VSVM_HW_ISA_H_

#include <linux/bits.h>
#include <linux/types.h>
#include <drm/vsvm_isa.h>

#define VSVM_HW_ALL_LANES	GENMASK(VSVM_WAVE_LANES - 1, 0)

/* Bytes of a value of enum vsvm_type. */
static inline unsigned int vsvm_hw_type_size(u8 type)
{
	return 1 << (type & 3);
}

/**
 * typedef vsvm_hw_alu_fn - an operation on operands of a type, for the lanes that are on
 * @type: &enum vsvm_type
 * @mod: modifier of the instruction
 * @dst: row of the result
 * @a: row of the first source
 * @b: row of the second source
 * @c: row of the third source
 * @on: mask of lanes
 *
 * Operands are rows of %VSVM_WAVE_LANES words, aligned to 8 bytes; the high half of a 64-bit one is
 * the row after. A row is read only if the operation has that source. Rows may be the same.
 */
typedef void (*vsvm_hw_alu_fn)(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b,
			       const u32 *c, u32 on);

/**
 * struct vsvm_hw_insn - an instruction that has been found good
 */
struct vsvm_hw_insn {
	/** @alu: what it does, NULL if it is not arithmetic */
	vsvm_hw_alu_fn alu;
	/** @combine: subgroup: what it does to the values of two lanes, NULL if nothing */
	vsvm_hw_alu_fn combine;
	union {
		/** @imm: immediate or offset */
		u64 imm;
		struct {
			/**
			 * @next: control flow: where to go on when no lane is on. IF and LOOP,
			 * as long as they are open: what opened around them
			 */
			u32 next;
			/**
			 * @again: ENDLOOP: first instruction of the loop. IF, as long as it is
			 * open: has its ELSE been seen?
			 */
			u32 again;
		};
	};
	/** @op: &enum vsvm_op */
	u8 op;
	/** @type: &enum vsvm_type */
	u8 type;
	/** @mod: as in &struct vsvm_insn */
	u8 mod;
	/** @flags: VSVM_INSN_* */
	u8 flags;
	/** @dst: result register */
	u8 dst;
	/** @a: first source register */
	u8 a;
	/** @b: second source register */
	u8 b;
	/** @c: third source register */
	u8 c;
	/** @imm_source: which source is the immediate: 1, 2, 3 for a, b, c, 0 for none */
	u8 imm_source;
	/** @imm_wide: the immediate has 64 bits */
	bool imm_wide;
	/** @fpu: to be done in a section of the FPU */
	bool fpu;
	/** @cost: how many simple instructions it takes as long as */
	u8 cost;
};

/**
 * struct vsvm_hw_program - a program, copied and checked
 */
struct vsvm_hw_program {
	/** @insns: instructions */
	struct vsvm_hw_insn *insns;
	/** @capacity: instructions that there is room for */
	u32 capacity;
	/** @num_insns: instructions of the program */
	u32 num_insns;
	/** @checked: instructions that have been checked so far */
	u32 checked;
	/** @known: of @insns, how many are of the program before this one, and obeyed the rules */
	u32 known;
	/** @num_regs: registers of a lane */
	u32 num_regs;
	/** @features: VSVM_FEATURE_* that it may use */
	u32 features;
	/** @shared_size: bytes of shared memory of a workgroup, without the dispatch's */
	u32 shared_size;
	/** @scratch_size: bytes of scratch memory of a lane */
	u32 scratch_size;
	/** @depth: IF and LOOP open at this point */
	u32 depth;
	/** @max_depth: most that were ever open */
	u32 max_depth;
	/** @open: instruction that opened the innermost of them, if there is one */
	u32 open;
	/** @loops: how many of them are loops */
	u32 loops;
};

/* hw_program.c */
bool vsvm_hw_program_begin(struct vsvm_hw_program *program, const struct vsvm_program *head,
			   u32 features);
bool vsvm_hw_program_add(struct vsvm_hw_program *program, const struct vsvm_insn *insn);
u32 vsvm_hw_program_end(struct vsvm_hw_program *program);

/* hw_alu.c */
/* 0: floats alone, by vectors that each CPU has. 1: integers too. 2: by AVX2. */
#define VSVM_HW_VECTOR_LEVELS	3

/**
 * enum vsvm_hw_vector_kind - instructions whose vectors are chosen together
 */
enum vsvm_hw_vector_kind {
	/** @VSVM_HW_VECTOR_FLOATS: of floating point */
	VSVM_HW_VECTOR_FLOATS,
	/** @VSVM_HW_VECTOR_WORDS: integers of up to 32 bits */
	VSVM_HW_VECTOR_WORDS,
	/** @VSVM_HW_VECTOR_LONGS: integers of 64 bits */
	VSVM_HW_VECTOR_LONGS,
	/** @VSVM_HW_VECTOR_KINDS: how many there are */
	VSVM_HW_VECTOR_KINDS,
};

unsigned int vsvm_hw_alu_levels(void);
void vsvm_hw_alu_set_level(enum vsvm_hw_vector_kind kind, unsigned int level);
bool vsvm_hw_alu_find(struct vsvm_hw_insn *insn);
bool vsvm_hw_alu_find_level(struct vsvm_hw_insn *insn, unsigned int level);

/* hw_alu_bits.c */
vsvm_hw_alu_fn vsvm_hw_bits_find(u8 op);

/* hw_alu_soft.c */
vsvm_hw_alu_fn vsvm_hw_soft_find(u8 op, u8 type, u8 mod);

/**
 * struct vsvm_hw_conversion - a conversion that the FPU does
 */
struct vsvm_hw_conversion {
	/** @fn: what does it */
	vsvm_hw_alu_fn fn;
	/** @to: &enum vsvm_type */
	u8 to;
	/** @from: &enum vsvm_type */
	u8 from;
	/** @rounds: mask of those &enum vsvm_round that it does */
	u8 rounds;
};

#define VSVM_HW_FLOAT_CONVERSIONS	8

/* Files that are compiled once for each width of vectors say how their tables are called. */
#ifndef VSVM_HW_LEVEL
#define VSVM_HW_LEVEL(name)	name
#endif

/* hw_alu_float.c: for the FPU, so to be called in a section of it alone */
extern const vsvm_hw_alu_fn vsvm_hw_float_fns[256];
extern const vsvm_hw_alu_fn vsvm_hw_float_fns_avx2[256];
extern const struct vsvm_hw_conversion vsvm_hw_float_conversions[VSVM_HW_FLOAT_CONVERSIONS];
extern const struct vsvm_hw_conversion vsvm_hw_float_conversions_avx2[VSVM_HW_FLOAT_CONVERSIONS];

/**
 * struct vsvm_hw_simple_fns - what does operations on integers that vectors do as well
 */
struct vsvm_hw_simple_fns {
	/** @operations: by opcode */
	vsvm_hw_alu_fn operations[256];
	/** @comparisons: by &enum vsvm_cond */
	vsvm_hw_alu_fn comparisons[VSVM_COND_GE + 1];
	/** @conversions: by the type from which */
	vsvm_hw_alu_fn conversions[VSVM_TYPE_S64 + 1];
};

/* hw_alu_simple.c: but for the first, in a section of the FPU as well */
extern const struct vsvm_hw_simple_fns vsvm_hw_simple_fns;
extern const struct vsvm_hw_simple_fns vsvm_hw_simple_fns_vector;
extern const struct vsvm_hw_simple_fns vsvm_hw_simple_fns_avx2;

/* hw_soft.c */
u64 vsvm_hw_soft_fma(u8 type, u64 a, u64 b, u64 c);
u64 vsvm_hw_soft_min(u8 type, u64 a, u64 b, bool max);
u64 vsvm_hw_soft_convert(u8 to, u8 from, u8 round, u64 a);

#endif /* _VSVM_HW_ISA_H_ */
