/* SPDX-License-Identifier: MIT */
/*
 * The vsvm GPU as a program sees it: command packets, programs, instructions and error codes.
 */
#ifndef _UAPI_VSVM_ISA_H_
#define _UAPI_VSVM_ISA_H_

#include <linux/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: Command streams
 *
 * A queue executes command streams: arrays of packets at GPU virtual addresses, read through the
 * MMU like any other access, so a stream may lie in malloc'd memory. All values are little endian.
 * A packet starts at a multiple of 8 bytes with &struct vsvm_cmd, and its size is fixed by its
 * opcode. A packet that is not exactly as described here kills the queue with %VSVM_ERROR_COMMAND:
 * unknown opcode, wrong size, reserved field or flag that is not zero.
 *
 * The packets of a queue begin in order. A packet may be overtaken by the effects of a later one
 * unless a %VSVM_CMD_BARRIER or a %VSVM_CMD_FENCE stands between them. Queues are not ordered among
 * each other.
 */

/** enum vsvm_cmd_op - opcodes of command packets */
enum vsvm_cmd_op {
	/** @VSVM_CMD_NOP: nothing; &struct vsvm_cmd alone */
	VSVM_CMD_NOP = 0,
	/** @VSVM_CMD_DISPATCH: run a program; &struct vsvm_cmd_dispatch */
	VSVM_CMD_DISPATCH = 1,
	/** @VSVM_CMD_COPY: copy bytes; &struct vsvm_cmd_copy */
	VSVM_CMD_COPY = 2,
	/** @VSVM_CMD_FILL: fill with a pattern; &struct vsvm_cmd_fill */
	VSVM_CMD_FILL = 3,
	/** @VSVM_CMD_ATOMIC: one atomic operation; &struct vsvm_cmd_atomic */
	VSVM_CMD_ATOMIC = 4,
	/**
	 * @VSVM_CMD_BARRIER: all earlier packets are done and visible before any later one; &struct
	 * vsvm_cmd alone
	 */
	VSVM_CMD_BARRIER = 5,
	/** @VSVM_CMD_TIMESTAMP: write the device clock; &struct vsvm_cmd_timestamp */
	VSVM_CMD_TIMESTAMP = 6,
	/**
	 * @VSVM_CMD_FENCE: a barrier, then a 64-bit write and an interrupt; &struct vsvm_cmd_fence
	 */
	VSVM_CMD_FENCE = 7,
};

/**
 * struct vsvm_cmd - head of every packet
 */
struct vsvm_cmd {
	/** @op: &enum vsvm_cmd_op */
	__u16 op;
	/** @size: bytes in this packet, head included: sizeof() its structure */
	__u16 size;
	/** @flags: must be zero */
	__u32 flags;
};

/**
 * struct vsvm_cmd_dispatch - %VSVM_CMD_DISPATCH
 *
 * Runs grid[0] * grid[1] * grid[2] workgroups of local[0] * local[1] * local[2] work items. A
 * workgroup is cut into waves of %VSVM_WAVE_LANES consecutive work items, x fastest; the lanes of
 * its last wave that have no work item stay off.
 */
struct vsvm_cmd_dispatch {
	/** @head: op and size */
	struct vsvm_cmd head;
	/** @program: address of a &struct vsvm_program, multiple of 8 */
	__u64 program;
	/**
	 * @args: address of the kernel arguments, any alignment; read once, before the first wave
	 * starts
	 */
	__u64 args;
	/** @args_size: bytes of arguments, 0..%VSVM_MAX_ARGS */
	__u32 args_size;
	/** @grid: workgroups in x, y, z; each >= 1, their product <= %VSVM_MAX_GROUPS */
	__u32 grid[3];
	/**
	 * @local: work items of a workgroup in x, y, z; each >= 1, their product <= %VSVM_MAX_LOCAL
	 */
	__u32 local[3];
	/**
	 * @shared_size: bytes of shared memory of a workgroup beyond the program's own, which they
	 * follow; 0..%VSVM_MAX_SHARED, as is the sum; above zero needs %VSVM_FEATURE_SHARED
	 */
	__u32 shared_size;
};

/**
 * struct vsvm_cmd_copy - %VSVM_CMD_COPY
 *
 * Copies towards higher addresses. Where the two ranges overlap the result is undefined.
 */
struct vsvm_cmd_copy {
	/** @head: op and size */
	struct vsvm_cmd head;
	/** @src: first byte to read, any alignment */
	__u64 src;
	/** @dst: first byte to write, any alignment */
	__u64 dst;
	/** @size: bytes, may be zero */
	__u64 size;
};

/**
 * struct vsvm_cmd_fill - %VSVM_CMD_FILL
 */
struct vsvm_cmd_fill {
	/** @head: op and size */
	struct vsvm_cmd head;
	/** @dst: first byte to write, any alignment; the pattern starts here */
	__u64 dst;
	/** @size: bytes, may be zero; the last copy of the pattern is cut off where it ends */
	__u64 size;
	/** @pattern: the pattern in its low @pattern_size bytes; the others must be zero */
	__u64 pattern;
	/** @pattern_size: 1, 2, 4 or 8 bytes */
	__u32 pattern_size;
	/** @pad: must be zero */
	__u32 pad;
};

/** enum vsvm_atomic_op - atomic read-modify-write operations, of packets and of instructions */
enum vsvm_atomic_op {
	/** @VSVM_ATOMIC_ADD: old + operand */
	VSVM_ATOMIC_ADD = 0,
	/** @VSVM_ATOMIC_AND: old & operand */
	VSVM_ATOMIC_AND = 1,
	/** @VSVM_ATOMIC_OR: old | operand */
	VSVM_ATOMIC_OR = 2,
	/** @VSVM_ATOMIC_XOR: old ^ operand */
	VSVM_ATOMIC_XOR = 3,
	/** @VSVM_ATOMIC_XCHG: operand */
	VSVM_ATOMIC_XCHG = 4,
	/** @VSVM_ATOMIC_CMPXCHG: operand if old equals the comparand, else old */
	VSVM_ATOMIC_CMPXCHG = 5,
	/** @VSVM_ATOMIC_UMIN: smaller, unsigned */
	VSVM_ATOMIC_UMIN = 6,
	/** @VSVM_ATOMIC_UMAX: larger, unsigned */
	VSVM_ATOMIC_UMAX = 7,
	/** @VSVM_ATOMIC_SMIN: smaller, signed */
	VSVM_ATOMIC_SMIN = 8,
	/** @VSVM_ATOMIC_SMAX: larger, signed */
	VSVM_ATOMIC_SMAX = 9,
	/**
	 * @VSVM_ATOMIC_FADD: floating point old + operand, as FADD; needs %VSVM_FEATURE_FLOAT; of
	 * instructions of a floating point type only, as the next two
	 */
	VSVM_ATOMIC_FADD = 10,
	/** @VSVM_ATOMIC_FMIN: floating point minimum, as FMIN */
	VSVM_ATOMIC_FMIN = 11,
	/** @VSVM_ATOMIC_FMAX: floating point maximum, as FMAX */
	VSVM_ATOMIC_FMAX = 12,
};

/**
 * struct vsvm_cmd_atomic - %VSVM_CMD_ATOMIC
 *
 * Atomic against the CPU and against every engine, sequentially consistent.
 */
struct vsvm_cmd_atomic {
	/** @head: op and size */
	struct vsvm_cmd head;
	/** @addr: the word, multiple of @width, else %VSVM_ERROR_MISALIGNED */
	__u64 addr;
	/** @operand: right-hand side; bits beyond @width are ignored */
	__u64 operand;
	/** @compare: comparand of %VSVM_ATOMIC_CMPXCHG; bits beyond @width are ignored */
	__u64 compare;
	/** @result: where the old value goes, @width bytes, any alignment; 0: nowhere */
	__u64 result;
	/** @op: &enum vsvm_atomic_op, integer operations only */
	__u32 op;
	/** @width: 4 or 8 bytes */
	__u32 width;
};

/**
 * struct vsvm_cmd_timestamp - %VSVM_CMD_TIMESTAMP
 */
struct vsvm_cmd_timestamp {
	/** @head: op and size */
	struct vsvm_cmd head;
	/** @addr: where the 64-bit time goes, multiple of 8; nanoseconds of CLOCK_MONOTONIC */
	__u64 addr;
};

/**
 * struct vsvm_cmd_fence - %VSVM_CMD_FENCE
 */
struct vsvm_cmd_fence {
	/** @head: op and size */
	struct vsvm_cmd head;
	/** @addr: the 64-bit word to write, multiple of 8 */
	__u64 addr;
	/** @value: what to write */
	__u64 value;
};

/**
 * DOC: Programs
 *
 * A program is a &struct vsvm_program followed by its instructions. It is read through the MMU when
 * a dispatch begins and is validated as a whole before the first wave starts; what the waves
 * execute is that copy. A program that breaks one of the rules kills the queue with
 * %VSVM_ERROR_PROGRAM and the address of the first offending instruction (or of the head).
 *
 * Registers are 32 bits wide, one value a lane. A 64-bit operand n is the pair n (low half), n + 1
 * (high half); no alignment is asked. An 8- or 16-bit operand is the low part of its register: as a
 * source its upper bits are ignored, as a result they become zero. Registers start as zero. Work
 * proceeds in lanes that are on; a lane that is off changes neither registers nor memory. All
 * sources are read before the destination is written, so they may overlap.
 *
 * Control flow is structured: IF [ELSE] ENDIF and LOOP ENDLOOP nest properly, to a depth of
 * %VSVM_MAX_NESTING. A program ends where its instructions end, or lane by lane at EXIT.
 *
 * Floating point is IEEE 754: denormals count, results are rounded once, to nearest even, unless an
 * instruction says otherwise, and nothing traps. A result that is not a number is quiet; its sign
 * and payload are not specified. FNEG, FABS and the moves only touch bits, so they keep them. F16
 * results of other instructions than FFMA, CVT and FLDEXP are computed from the operands in F32,
 * step by step, and rounded to F16 at the end.
 */

/**
 * DOC: Memory of a program
 *
 * GLOBAL is the VM's address space. SHARED is one piece of memory for each workgroup, SCRATCH one
 * for each work item; both begin as zeros, have 32-bit addresses from 0 on, and their end is where
 * the program (for SHARED: and the dispatch) says; an access beyond it is %VSVM_ERROR_BOUNDS. ARG
 * holds the kernel arguments.
 *
 * GENERIC takes 64-bit addresses of which the top two bits tell the memory: 1 is SHARED, 2 SCRATCH,
 * and the low 32 bits are the address there; 0 and 3 are GLOBAL. The bits between must be zero
 * for SHARED and SCRATCH. Errors report addresses in SHARED and SCRATCH in this form.
 *
 * An atomic, MEMBAR and BARRIER have a memory order and a scope. This device makes all of them
 * sequentially consistent at the scope of the system, whatever weaker they ask for.
 *
 * There is nothing for output: a printf buffer is memory in GLOBAL whose room is taken by ATOM ADD.
 */

/** VSVM_WAVE_LANES - lanes of a wave */
#define VSVM_WAVE_LANES		32
/** VSVM_MAX_REGS - registers a program may use */
#define VSVM_MAX_REGS		256
/** VSVM_MAX_INSNS - instructions of one program */
#define VSVM_MAX_INSNS		131072
/**
 * VSVM_MAX_NESTING - IF and LOOP open at one point
 *
 * A compiler makes of a switch with as many cases, or of as many else-ifs, one IF in the other.
 */
#define VSVM_MAX_NESTING	1024
/** VSVM_MAX_ARGS - bytes of kernel arguments */
#define VSVM_MAX_ARGS		4096
/**
 * VSVM_MAX_GROUPS - workgroups of a dispatch: enough for 2^32 work items along x, 65535 workgroups
 * along y and 1023 along z
 */
#define VSVM_MAX_GROUPS		(1ULL << 48)
/** VSVM_MAX_LOCAL - work items of a workgroup */
#define VSVM_MAX_LOCAL		1024
/** VSVM_MAX_SHARED - bytes of shared memory of a workgroup */
#define VSVM_MAX_SHARED		65536
/** VSVM_MAX_SCRATCH - bytes of scratch memory of a work item */
#define VSVM_MAX_SCRATCH	16384

/** VSVM_GENERIC_SHARED - GENERIC address of the first byte of SHARED */
#define VSVM_GENERIC_SHARED	0x4000000000000000ULL
/** VSVM_GENERIC_SCRATCH - GENERIC address of the first byte of SCRATCH */
#define VSVM_GENERIC_SCRATCH	0x8000000000000000ULL

/** VSVM_PROGRAM_MAGIC - "VSVM", little endian */
#define VSVM_PROGRAM_MAGIC	0x4d565356
/** VSVM_PROGRAM_VERSION - the version that this header describes */
#define VSVM_PROGRAM_VERSION	1

/**
 * struct vsvm_program - head of a program
 */
struct vsvm_program {
	/** @magic: %VSVM_PROGRAM_MAGIC */
	__u32 magic;
	/** @version: %VSVM_PROGRAM_VERSION */
	__u16 version;
	/** @num_regs: registers used, 1..%VSVM_MAX_REGS; naming a higher one is an error */
	__u16 num_regs;
	/** @num_insns: instructions that follow, 1..%VSVM_MAX_INSNS */
	__u32 num_insns;
	/**
	 * @shared_size: bytes of shared memory of a workgroup, 0..%VSVM_MAX_SHARED; above zero
	 * needs %VSVM_FEATURE_SHARED
	 */
	__u32 shared_size;
	/**
	 * @scratch_size: bytes of scratch memory of a work item, 0..%VSVM_MAX_SCRATCH; above zero
	 * needs %VSVM_FEATURE_SCRATCH
	 */
	__u32 scratch_size;
	/** @pad: must be zero */
	__u32 pad[3];
};

/**
 * struct vsvm_insn - one instruction
 *
 * Fields that an instruction does not use must be zero.
 */
struct vsvm_insn {
	/** @op: &enum vsvm_op */
	__u8 op;
	/** @type: &enum vsvm_type of operands and result, unless the opcode says otherwise */
	__u8 type;
	/**
	 * @mod: modifier by opcode: condition, special register, source type and rounding, memory
	 * space, subgroup operation
	 */
	__u8 mod;
	/** @flags: VSVM_INSN_* */
	__u8 flags;
	/** @dst: result register */
	__u8 dst;
	/** @a: first source register */
	__u8 a;
	/** @b: second source register */
	__u8 b;
	/** @c: third source register */
	__u8 c;
	/**
	 * @imm: immediate. Memory instructions: a signed 32-bit byte offset in the low half. ATOM:
	 * &enum vsvm_atomic_op in bits 32..39. ATOM, MEMBAR, BARRIER: &enum vsvm_order in bits
	 * 40..43, &enum vsvm_scope in bits 44..47. REDUCE: lanes of a cluster, 1, 2, 4, 8, 16 or
	 * 32, or 0 for all. All other bits are zero.
	 */
	__u64 imm;
};

/**
 * VSVM_INSN_IMM - the last source operand is @imm, of the width of its type (bits beyond are
 * ignored), and its register field is zero. Allowed for instructions of the arithmetic, logic,
 * comparison and floating point groups, for MOV, SEL and the shuffles; not for CVT, and not for
 * loads, stores and atomics.
 */
#define VSVM_INSN_IMM		(1 << 0)
/**
 * VSVM_INSN_PRED - BREAK, CONTINUE, EXIT: only lanes whose 32-bit register @a is not zero. IF
 * always has a predicate, and may have the flag or not.
 */
#define VSVM_INSN_PRED		(1 << 1)
/** VSVM_INSN_NOT - with PRED: only lanes whose predicate is zero */
#define VSVM_INSN_NOT		(1 << 2)
/** VSVM_INSN_NORET - ATOM: the old value is not wanted, @dst is unused */
#define VSVM_INSN_NORET		(1 << 3)

/** enum vsvm_type - operand types */
enum vsvm_type {
	/** @VSVM_TYPE_U8: unsigned, 8 bits */
	VSVM_TYPE_U8 = 0,
	/** @VSVM_TYPE_U16: unsigned, 16 bits */
	VSVM_TYPE_U16 = 1,
	/** @VSVM_TYPE_U32: unsigned, 32 bits */
	VSVM_TYPE_U32 = 2,
	/** @VSVM_TYPE_U64: unsigned, 64 bits */
	VSVM_TYPE_U64 = 3,
	/** @VSVM_TYPE_S8: signed, 8 bits, two's complement */
	VSVM_TYPE_S8 = 4,
	/** @VSVM_TYPE_S16: signed, 16 bits */
	VSVM_TYPE_S16 = 5,
	/** @VSVM_TYPE_S32: signed, 32 bits */
	VSVM_TYPE_S32 = 6,
	/** @VSVM_TYPE_S64: signed, 64 bits */
	VSVM_TYPE_S64 = 7,
	/** @VSVM_TYPE_F16: IEEE 754 binary16; needs %VSVM_FEATURE_FLOAT */
	VSVM_TYPE_F16 = 9,
	/** @VSVM_TYPE_F32: IEEE 754 binary32; needs %VSVM_FEATURE_FLOAT */
	VSVM_TYPE_F32 = 10,
	/** @VSVM_TYPE_F64: IEEE 754 binary64; needs %VSVM_FEATURE_FLOAT */
	VSVM_TYPE_F64 = 11,
};

/**
 * enum vsvm_op - opcodes
 *
 * Where an instruction depends on the sign (DIV, REM, MULHI, MIN, MAX, SHR, CMP, saturating and
 * halving ones, BFE, FIND_MSB), the type decides. Integer arithmetic wraps. "true" is all ones in a
 * 32-bit register, "false" is zero.
 */
enum vsvm_op {
	/** @VSVM_OP_NOP: nothing */
	VSVM_OP_NOP = 0x00,

	/* Control flow: no type, no dst */
	/** @VSVM_OP_IF: lanes whose predicate @a fails go off until ELSE or ENDIF */
	VSVM_OP_IF = 0x01,
	/** @VSVM_OP_ELSE: the lanes that IF turned off go on, the others off */
	VSVM_OP_ELSE = 0x02,
	/**
	 * @VSVM_OP_ENDIF: the lanes that were on at IF go on, but those that have left by BREAK,
	 * CONTINUE or EXIT
	 */
	VSVM_OP_ENDIF = 0x03,
	/** @VSVM_OP_LOOP: begins a loop */
	VSVM_OP_LOOP = 0x04,
	/**
	 * @VSVM_OP_ENDLOOP: back to LOOP with every lane that has not left the loop; ends it when
	 * there is none
	 */
	VSVM_OP_ENDLOOP = 0x05,
	/** @VSVM_OP_BREAK: lanes leave the innermost loop */
	VSVM_OP_BREAK = 0x06,
	/** @VSVM_OP_CONTINUE: lanes are off until the innermost loop's next round */
	VSVM_OP_CONTINUE = 0x07,
	/** @VSVM_OP_EXIT: lanes end */
	VSVM_OP_EXIT = 0x08,

	/* Moves */
	/** @VSVM_OP_MOV: dst = a */
	VSVM_OP_MOV = 0x10,
	/** @VSVM_OP_SEL: dst = a (32-bit predicate) != 0 ? b : c */
	VSVM_OP_SEL = 0x11,
	/**
	 * @VSVM_OP_SREG: dst = special register @mod (&enum vsvm_sreg); type U32, or U64 for the
	 * clock
	 */
	VSVM_OP_SREG = 0x12,
	/**
	 * @VSVM_OP_CVT: dst = a converted from type @mod & 15 to @type. Between integers:
	 * truncates, or extends by the sign or by zeros as the source type says. Where one of them
	 * is floating point, &enum vsvm_round @mod >> 4 says how to round, else it is zero. From
	 * floating point to an integer: clamped to the type, 0 for NaN.
	 */
	VSVM_OP_CVT = 0x13,

	/* Integer arithmetic */
	/** @VSVM_OP_ADD: dst = a + b */
	VSVM_OP_ADD = 0x20,
	/** @VSVM_OP_SUB: dst = a - b */
	VSVM_OP_SUB = 0x21,
	/** @VSVM_OP_MUL: dst = low half of a * b */
	VSVM_OP_MUL = 0x22,
	/** @VSVM_OP_MULHI: dst = high half of a * b */
	VSVM_OP_MULHI = 0x23,
	/** @VSVM_OP_MAD: dst = a * b + c */
	VSVM_OP_MAD = 0x24,
	/**
	 * @VSVM_OP_DIV: dst = a / b towards zero; 0 where b is 0; the least value / -1 is the least
	 * value
	 */
	VSVM_OP_DIV = 0x25,
	/** @VSVM_OP_REM: dst = a - (a / b) * b, sign of a; 0 where b is 0 */
	VSVM_OP_REM = 0x26,
	/** @VSVM_OP_MIN: dst = smaller of a, b */
	VSVM_OP_MIN = 0x27,
	/** @VSVM_OP_MAX: dst = larger of a, b */
	VSVM_OP_MAX = 0x28,
	/** @VSVM_OP_NEG: dst = -a */
	VSVM_OP_NEG = 0x29,
	/** @VSVM_OP_ABS: dst = |a|; the least value stays; signed types only */
	VSVM_OP_ABS = 0x2a,
	/** @VSVM_OP_ADDSAT: dst = a + b, clamped to the type */
	VSVM_OP_ADDSAT = 0x2b,
	/** @VSVM_OP_SUBSAT: dst = a - b, clamped to the type */
	VSVM_OP_SUBSAT = 0x2c,
	/** @VSVM_OP_HADD: dst = (a + b) >> 1 without overflow, towards minus infinity */
	VSVM_OP_HADD = 0x2d,
	/** @VSVM_OP_RHADD: dst = (a + b + 1) >> 1 without overflow, towards minus infinity */
	VSVM_OP_RHADD = 0x2e,

	/* Logic and bits */
	/** @VSVM_OP_AND: dst = a & b */
	VSVM_OP_AND = 0x30,
	/** @VSVM_OP_OR: dst = a | b */
	VSVM_OP_OR = 0x31,
	/** @VSVM_OP_XOR: dst = a ^ b */
	VSVM_OP_XOR = 0x32,
	/** @VSVM_OP_NOT: dst = ~a */
	VSVM_OP_NOT = 0x33,
	/** @VSVM_OP_SHL: dst = a << (b modulo width of the type); b is a 32-bit operand */
	VSVM_OP_SHL = 0x34,
	/**
	 * @VSVM_OP_SHR: dst = a >> (b modulo width), arithmetic for signed types; b is a 32-bit
	 * operand
	 */
	VSVM_OP_SHR = 0x35,
	/**
	 * @VSVM_OP_ROL: dst = a rotated left by (b modulo width); b is a 32-bit operand; unsigned
	 * types only
	 */
	VSVM_OP_ROL = 0x36,
	/**
	 * @VSVM_OP_ROR: dst = a rotated right by (b modulo width); b is a 32-bit operand; unsigned
	 * types only
	 */
	VSVM_OP_ROR = 0x37,
	/** @VSVM_OP_POPCNT: dst (32 bits) = number of ones in a; unsigned types only */
	VSVM_OP_POPCNT = 0x38,
	/**
	 * @VSVM_OP_CLZ: dst (32 bits) = leading zeros of a, the width for 0; unsigned types only
	 */
	VSVM_OP_CLZ = 0x39,
	/**
	 * @VSVM_OP_FIND_LSB: dst (32 bits) = index of the lowest one of a, -1 for 0; unsigned types
	 * only
	 */
	VSVM_OP_FIND_LSB = 0x3a,
	/**
	 * @VSVM_OP_FIND_MSB: dst (32 bits) = index of the highest bit that differs from the sign (0
	 * if unsigned), -1 for none
	 */
	VSVM_OP_FIND_MSB = 0x3b,
	/** @VSVM_OP_BITREV: dst = a with its bits in reverse; unsigned types only */
	VSVM_OP_BITREV = 0x3c,
	/**
	 * @VSVM_OP_BFE: dst = c modulo 32 bits of a from bit b modulo 32 on, extended as the type
	 * says; 0 where the count is 0; where they reach beyond bit 31, a >> offset. U32 and S32
	 * only.
	 */
	VSVM_OP_BFE = 0x3d,
	/**
	 * @VSVM_OP_BFM: dst = mask of (a modulo 32) ones, shifted left by (b modulo 32); U32 only
	 */
	VSVM_OP_BFM = 0x3e,

	/* Comparison */
	/** @VSVM_OP_CMP: dst (32 bits) = a @mod b ? true : false; &enum vsvm_cond */
	VSVM_OP_CMP = 0x40,

	/*
	 * Memory: @mod is an &enum vsvm_space, the address is register @a (64 bits in GLOBAL, else
	 * 32 bits) plus the offset
	 */
	/**
	 * @VSVM_OP_LD: dst = memory; any alignment; ARG: @a is unused and the offset alone counts
	 */
	VSVM_OP_LD = 0x50,
	/** @VSVM_OP_ST: memory = b; any alignment */
	VSVM_OP_ST = 0x51,
	/**
	 * @VSVM_OP_ATOM: dst = old value, memory = old op b; CMPXCHG: c is the comparand. U32 or
	 * U64, naturally aligned, else %VSVM_ERROR_MISALIGNED. Sequentially consistent against the
	 * CPU and all engines. Lanes with one address take turns.
	 */
	VSVM_OP_ATOM = 0x52,
	/**
	 * @VSVM_OP_PREFETCH: ask for the page at the address to be mapped for reading; never waits,
	 * never fails; GLOBAL only
	 */
	VSVM_OP_PREFETCH = 0x53,
	/**
	 * @VSVM_OP_MEMBAR: earlier memory accesses of the wave are visible to all before later ones
	 */
	VSVM_OP_MEMBAR = 0x54,
	/**
	 * @VSVM_OP_BARRIER: a MEMBAR, then waits until every wave of the workgroup is at a BARRIER
	 * or has ended. A wave is there as a whole, whichever of its lanes are on, and it does not
	 * matter at which BARRIER. Needs %VSVM_FEATURE_SHARED.
	 */
	VSVM_OP_BARRIER = 0x55,

	/* Subgroup, over the lanes that are on; needs %VSVM_FEATURE_SUBGROUP */
	/** @VSVM_OP_BALLOT: dst (32 bits) = lane mask of 32-bit predicate @a != 0 */
	VSVM_OP_BALLOT = 0x60,
	/** @VSVM_OP_VOTE_ANY: dst = true if @a != 0 in one lane */
	VSVM_OP_VOTE_ANY = 0x61,
	/** @VSVM_OP_VOTE_ALL: dst = true if @a != 0 in all lanes */
	VSVM_OP_VOTE_ALL = 0x62,
	/**
	 * @VSVM_OP_SHUFFLE: dst = a of lane (b modulo %VSVM_WAVE_LANES); of a lane that is off, 0;
	 * b is a 32-bit operand, also of the three below; unsigned types only
	 */
	VSVM_OP_SHUFFLE = 0x63,
	/** @VSVM_OP_READFIRST: dst = a of the lowest lane that is on; unsigned types only */
	VSVM_OP_READFIRST = 0x64,
	/**
	 * @VSVM_OP_REDUCE: dst = a of all lanes of the cluster combined by @mod, &enum
	 * vsvm_reduce_op, one after the other from the lowest lane on; clusters are lanes that
	 * stand together, @imm of them, beginning at a multiple of it
	 */
	VSVM_OP_REDUCE = 0x65,
	/**
	 * @VSVM_OP_SCAN_INCL: dst = a of the lanes up to this one combined by @mod, one after the
	 * other
	 */
	VSVM_OP_SCAN_INCL = 0x66,
	/**
	 * @VSVM_OP_SCAN_EXCL: dst = what SCAN_INCL gives the lane before this one, the neutral
	 * element in the first: 0 or +0.0 for ADD, 1 for MUL, the largest value or +infinity for
	 * MIN, the smallest or -infinity for MAX, all ones for AND, 0 for OR and XOR
	 */
	VSVM_OP_SCAN_EXCL = 0x67,
	/** @VSVM_OP_SHUFFLE_XOR: dst = a of lane (this one ^ b), as SHUFFLE */
	VSVM_OP_SHUFFLE_XOR = 0x68,
	/** @VSVM_OP_SHUFFLE_UP: dst = a of lane (this one - b), as SHUFFLE */
	VSVM_OP_SHUFFLE_UP = 0x69,
	/** @VSVM_OP_SHUFFLE_DOWN: dst = a of lane (this one + b), as SHUFFLE */
	VSVM_OP_SHUFFLE_DOWN = 0x6a,
	/** @VSVM_OP_ELECT: dst (32 bits) = true in the lowest lane that is on, else false */
	VSVM_OP_ELECT = 0x6b,
	/**
	 * @VSVM_OP_VOTE_EQ: dst (32 bits) = true if @a is the same in all lanes; floating point: as
	 * FCMP EQ
	 */
	VSVM_OP_VOTE_EQ = 0x6c,

	/* More arithmetic and bits */
	/**
	 * @VSVM_OP_MOD: dst = a - b * (a / b towards minus infinity), sign of b; 0 where b is 0;
	 * signed types only
	 */
	VSVM_OP_MOD = 0x70,
	/** @VSVM_OP_SIGN: dst = -1, 0, 1 as a is below, at or above 0; signed types only */
	VSVM_OP_SIGN = 0x71,
	/** @VSVM_OP_ABSDIFF: dst = |a - b| as an unsigned value */
	VSVM_OP_ABSDIFF = 0x72,
	/** @VSVM_OP_CARRY: dst = 1 if a + b overflows, else 0; unsigned types only */
	VSVM_OP_CARRY = 0x73,
	/** @VSVM_OP_BORROW: dst = 1 if a < b, else 0; unsigned types only */
	VSVM_OP_BORROW = 0x74,
	/** @VSVM_OP_MULW: dst (64 bits) = a * b of 32 bits; U32 and S32 only */
	VSVM_OP_MULW = 0x75,
	/** @VSVM_OP_BITSEL: dst = (a & b) | (~a & c); unsigned types only */
	VSVM_OP_BITSEL = 0x76,
	/**
	 * @VSVM_OP_BFI: dst = c with b, shifted left to the lowest one of a, where a has ones; U32
	 * only
	 */
	VSVM_OP_BFI = 0x77,
	/** @VSVM_OP_PACK: dst (twice as wide) = a | b << width; U8, U16, U32 only */
	VSVM_OP_PACK = 0x78,
	/**
	 * @VSVM_OP_EXTB: dst = byte (b modulo bytes of the type) of a, extended as the type says; b
	 * is a 32-bit operand; 16 bits and wider
	 */
	VSVM_OP_EXTB = 0x79,
	/** @VSVM_OP_EXTH: likewise, 16 bits of a; 32 and 64 bits */
	VSVM_OP_EXTH = 0x7a,
	/**
	 * @VSVM_OP_INSB: dst = (a & 0xff) << 8 * (b modulo bytes of the type); b is a 32-bit
	 * operand; unsigned types, 16 bits and wider
	 */
	VSVM_OP_INSB = 0x7b,
	/** @VSVM_OP_INSH: likewise, 16 bits; U32 and U64 only */
	VSVM_OP_INSH = 0x7c,

	/* Floating point, round to nearest even unless said otherwise; needs %VSVM_FEATURE_FLOAT */
	/** @VSVM_OP_FADD: dst = a + b */
	VSVM_OP_FADD = 0x80,
	/** @VSVM_OP_FMUL: dst = a * b */
	VSVM_OP_FMUL = 0x81,
	/** @VSVM_OP_FFMA: dst = a * b + c, rounded once */
	VSVM_OP_FFMA = 0x82,
	/** @VSVM_OP_FDIV: dst = a / b */
	VSVM_OP_FDIV = 0x83,
	/**
	 * @VSVM_OP_FREM: dst = a - b * trunc(a / b), each step rounded
	 */
	VSVM_OP_FREM = 0x84,
	/**
	 * @VSVM_OP_FMIN: dst = smaller, -0 being smaller than +0; the other one if one is NaN
	 */
	VSVM_OP_FMIN = 0x85,
	/** @VSVM_OP_FMAX: dst = larger, +0 being larger than -0; the other one if one is NaN */
	VSVM_OP_FMAX = 0x86,
	/** @VSVM_OP_FNEG: dst = a with the sign bit turned */
	VSVM_OP_FNEG = 0x87,
	/** @VSVM_OP_FABS: dst = a with the sign bit cleared */
	VSVM_OP_FABS = 0x88,
	/** @VSVM_OP_FSQRT: dst = square root of a */
	VSVM_OP_FSQRT = 0x89,
	/** @VSVM_OP_FRCP: dst = 1 / a */
	VSVM_OP_FRCP = 0x8a,
	/** @VSVM_OP_FRSQ: dst = 1 / square root of a, each step rounded */
	VSVM_OP_FRSQ = 0x8b,
	/** @VSVM_OP_FFLOOR: dst = a rounded to an integer, towards minus infinity */
	VSVM_OP_FFLOOR = 0x8c,
	/** @VSVM_OP_FCEIL: dst = a rounded to an integer, towards plus infinity */
	VSVM_OP_FCEIL = 0x8d,
	/** @VSVM_OP_FTRUNC: dst = a rounded to an integer, towards zero */
	VSVM_OP_FTRUNC = 0x8e,
	/** @VSVM_OP_FROUND_EVEN: dst = a rounded to an integer, to nearest even */
	VSVM_OP_FROUND_EVEN = 0x8f,
	/**
	 * @VSVM_OP_FSIN: dst = sine of a in radians, whatever its size; F32: within 1 ulp, F16:
	 * that rounded; F16 and F32 only, as the four below
	 */
	VSVM_OP_FSIN = 0x90,
	/** @VSVM_OP_FCOS: dst = cosine of a, as FSIN */
	VSVM_OP_FCOS = 0x91,
	/** @VSVM_OP_FEXP2: dst = 2 to the a, within 1 ulp as FSIN */
	VSVM_OP_FEXP2 = 0x92,
	/** @VSVM_OP_FLOG2: dst = binary logarithm of a, within 1 ulp as FSIN */
	VSVM_OP_FLOG2 = 0x93,
	/** @VSVM_OP_FPOW: dst = a to the b, within 1 ulp as FSIN; special cases as C's pow() */
	VSVM_OP_FPOW = 0x94,
	/** @VSVM_OP_FLDEXP: dst = a * 2^b; b is a signed 32-bit operand */
	VSVM_OP_FLDEXP = 0x95,
	/** @VSVM_OP_FCMP: dst (32 bits) = a @mod b ? true : false; &enum vsvm_cond */
	VSVM_OP_FCMP = 0x96,
	/** @VSVM_OP_FSUB: dst = a - b */
	VSVM_OP_FSUB = 0x97,
	/** @VSVM_OP_FMOD: dst = a - b * floor(a / b), each step rounded */
	VSVM_OP_FMOD = 0x98,
	/** @VSVM_OP_FSIGN: dst = -1, 1, or a where it is -0 or +0; +0 for NaN */
	VSVM_OP_FSIGN = 0x99,
	/** @VSVM_OP_FSAT: dst = a clamped to [+0, 1]; +0 for NaN */
	VSVM_OP_FSAT = 0x9a,
	/** @VSVM_OP_FFRACT: dst = a - floor(a), rounded */
	VSVM_OP_FFRACT = 0x9b,
	/**
	 * @VSVM_OP_FREXP_EXP: dst (32 bits, signed) = e of a = m * 2^e, 0.5 <= |m| < 1; 0 for 0,
	 * infinity and NaN
	 */
	VSVM_OP_FREXP_EXP = 0x9c,
	/** @VSVM_OP_FREXP_SIG: dst = m of the same; a for 0, infinity and NaN */
	VSVM_OP_FREXP_SIG = 0x9d,
};

/**
 * enum vsvm_cond - conditions of CMP and FCMP
 *
 * CMP takes the first six. With NaN on a side they are false in FCMP, but NE is true.
 */
enum vsvm_cond {
	/** @VSVM_COND_EQ: equal */
	VSVM_COND_EQ = 0,
	/** @VSVM_COND_NE: not equal */
	VSVM_COND_NE = 1,
	/** @VSVM_COND_LT: less */
	VSVM_COND_LT = 2,
	/** @VSVM_COND_LE: less or equal */
	VSVM_COND_LE = 3,
	/** @VSVM_COND_GT: greater */
	VSVM_COND_GT = 4,
	/** @VSVM_COND_GE: greater or equal */
	VSVM_COND_GE = 5,
	/** @VSVM_COND_EQU: equal, or one is NaN */
	VSVM_COND_EQU = 6,
	/** @VSVM_COND_NEO: not equal, and none is NaN */
	VSVM_COND_NEO = 7,
	/** @VSVM_COND_LTU: less, or one is NaN */
	VSVM_COND_LTU = 8,
	/** @VSVM_COND_LEU: less or equal, or one is NaN */
	VSVM_COND_LEU = 9,
	/** @VSVM_COND_GTU: greater, or one is NaN */
	VSVM_COND_GTU = 10,
	/** @VSVM_COND_GEU: greater or equal, or one is NaN */
	VSVM_COND_GEU = 11,
	/** @VSVM_COND_ORD: none is NaN */
	VSVM_COND_ORD = 12,
	/** @VSVM_COND_UNORD: one is NaN */
	VSVM_COND_UNORD = 13,
};

/** enum vsvm_round - how CVT rounds */
enum vsvm_round {
	/** @VSVM_ROUND_EVEN: to nearest, the even one of two */
	VSVM_ROUND_EVEN = 0,
	/** @VSVM_ROUND_ZERO: towards zero */
	VSVM_ROUND_ZERO = 1,
	/** @VSVM_ROUND_UP: towards plus infinity */
	VSVM_ROUND_UP = 2,
	/** @VSVM_ROUND_DOWN: towards minus infinity */
	VSVM_ROUND_DOWN = 3,
};

/** enum vsvm_order - memory order of ATOM, MEMBAR and BARRIER */
enum vsvm_order {
	/** @VSVM_ORDER_SEQ_CST: sequentially consistent */
	VSVM_ORDER_SEQ_CST = 0,
	/** @VSVM_ORDER_ACQ_REL: acquire and release */
	VSVM_ORDER_ACQ_REL = 1,
	/** @VSVM_ORDER_ACQUIRE: what is later stays later */
	VSVM_ORDER_ACQUIRE = 2,
	/** @VSVM_ORDER_RELEASE: what is earlier stays earlier */
	VSVM_ORDER_RELEASE = 3,
	/** @VSVM_ORDER_RELAXED: none; ATOM only */
	VSVM_ORDER_RELAXED = 4,
};

/** enum vsvm_scope - to whom that order applies */
enum vsvm_scope {
	/** @VSVM_SCOPE_SYSTEM: to all, CPUs too */
	VSVM_SCOPE_SYSTEM = 0,
	/** @VSVM_SCOPE_DEVICE: to all engines */
	VSVM_SCOPE_DEVICE = 1,
	/** @VSVM_SCOPE_GROUP: to the workgroup */
	VSVM_SCOPE_GROUP = 2,
	/** @VSVM_SCOPE_WAVE: to the wave */
	VSVM_SCOPE_WAVE = 3,
};

/** enum vsvm_space - memory spaces */
enum vsvm_space {
	/** @VSVM_SPACE_GLOBAL: the VM's address space */
	VSVM_SPACE_GLOBAL = 0,
	/**
	 * @VSVM_SPACE_ARG: the kernel arguments, read only; beyond their end is %VSVM_ERROR_ARGS
	 */
	VSVM_SPACE_ARG = 1,
	/** @VSVM_SPACE_SHARED: the workgroup's memory; needs %VSVM_FEATURE_SHARED */
	VSVM_SPACE_SHARED = 2,
	/** @VSVM_SPACE_SCRATCH: the work item's memory; needs %VSVM_FEATURE_SCRATCH */
	VSVM_SPACE_SCRATCH = 3,
	/**
	 * @VSVM_SPACE_GENERIC: GLOBAL, SHARED or SCRATCH, by the top two bits of the address; needs
	 * the features of both
	 */
	VSVM_SPACE_GENERIC = 4,
};

/** enum vsvm_sreg - special registers, 32 bits unless said otherwise */
enum vsvm_sreg {
	/** @VSVM_SREG_LANE: lane in the wave, 0..31 */
	VSVM_SREG_LANE = 0,
	/** @VSVM_SREG_WAVE: wave in the workgroup */
	VSVM_SREG_WAVE = 1,
	/** @VSVM_SREG_LOCAL_X: work item in the workgroup, x */
	VSVM_SREG_LOCAL_X = 2,
	/** @VSVM_SREG_LOCAL_Y: the same, y */
	VSVM_SREG_LOCAL_Y = 3,
	/** @VSVM_SREG_LOCAL_Z: the same, z */
	VSVM_SREG_LOCAL_Z = 4,
	/** @VSVM_SREG_GROUP_X: workgroup in the grid, x */
	VSVM_SREG_GROUP_X = 5,
	/** @VSVM_SREG_GROUP_Y: the same, y */
	VSVM_SREG_GROUP_Y = 6,
	/** @VSVM_SREG_GROUP_Z: the same, z */
	VSVM_SREG_GROUP_Z = 7,
	/** @VSVM_SREG_LOCAL_SIZE_X: work items of a workgroup, x */
	VSVM_SREG_LOCAL_SIZE_X = 8,
	/** @VSVM_SREG_LOCAL_SIZE_Y: the same, y */
	VSVM_SREG_LOCAL_SIZE_Y = 9,
	/** @VSVM_SREG_LOCAL_SIZE_Z: the same, z */
	VSVM_SREG_LOCAL_SIZE_Z = 10,
	/** @VSVM_SREG_GRID_X: workgroups of the grid, x */
	VSVM_SREG_GRID_X = 11,
	/** @VSVM_SREG_GRID_Y: the same, y */
	VSVM_SREG_GRID_Y = 12,
	/** @VSVM_SREG_GRID_Z: the same, z */
	VSVM_SREG_GRID_Z = 13,
	/** @VSVM_SREG_GLOBAL_X: group * local size + local, x, modulo 2^32 */
	VSVM_SREG_GLOBAL_X = 14,
	/** @VSVM_SREG_GLOBAL_Y: the same, y */
	VSVM_SREG_GLOBAL_Y = 15,
	/** @VSVM_SREG_GLOBAL_Z: the same, z */
	VSVM_SREG_GLOBAL_Z = 16,
	/** @VSVM_SREG_ENGINE: number of the engine that runs the wave */
	VSVM_SREG_ENGINE = 17,
	/** @VSVM_SREG_CLOCK: device clock, 64 bits, nanoseconds of CLOCK_MONOTONIC */
	VSVM_SREG_CLOCK = 18,
	/** @VSVM_SREG_LOCAL_INDEX: work item in the workgroup, x fastest */
	VSVM_SREG_LOCAL_INDEX = 19,
	/** @VSVM_SREG_WAVES: waves of the workgroup */
	VSVM_SREG_WAVES = 20,
	/** @VSVM_SREG_GLOBAL_SIZE_X: grid * local size, x, modulo 2^32 */
	VSVM_SREG_GLOBAL_SIZE_X = 21,
	/** @VSVM_SREG_GLOBAL_SIZE_Y: the same, y */
	VSVM_SREG_GLOBAL_SIZE_Y = 22,
	/** @VSVM_SREG_GLOBAL_SIZE_Z: the same, z */
	VSVM_SREG_GLOBAL_SIZE_Z = 23,
	/** @VSVM_SREG_SHARED_SIZE: bytes of shared memory, those of the dispatch included */
	VSVM_SREG_SHARED_SIZE = 24,
};

/**
 * enum vsvm_reduce_op - what REDUCE and SCAN combine with
 *
 * Floating point types have the first four, which are FADD, FMUL, FMIN and FMAX.
 */
enum vsvm_reduce_op {
	/** @VSVM_REDUCE_ADD: sum */
	VSVM_REDUCE_ADD = 0,
	/** @VSVM_REDUCE_MUL: product */
	VSVM_REDUCE_MUL = 1,
	/** @VSVM_REDUCE_MIN: minimum, by the sign of the type */
	VSVM_REDUCE_MIN = 2,
	/** @VSVM_REDUCE_MAX: maximum, by the sign of the type */
	VSVM_REDUCE_MAX = 3,
	/** @VSVM_REDUCE_AND: bitwise and */
	VSVM_REDUCE_AND = 4,
	/** @VSVM_REDUCE_OR: bitwise or */
	VSVM_REDUCE_OR = 5,
	/** @VSVM_REDUCE_XOR: bitwise exclusive or */
	VSVM_REDUCE_XOR = 6,
};

/*
 * Features that a device may have, as a mask. An opcode, type or space that needs one that is not
 * there is %VSVM_ERROR_PROGRAM.
 */
/** VSVM_FEATURE_FLOAT - floating point types and opcodes */
#define VSVM_FEATURE_FLOAT	(1 << 0)
/** VSVM_FEATURE_SHARED - shared memory and workgroup barriers */
#define VSVM_FEATURE_SHARED	(1 << 1)
/** VSVM_FEATURE_SCRATCH - scratch memory */
#define VSVM_FEATURE_SCRATCH	(1 << 2)
/** VSVM_FEATURE_SUBGROUP - subgroup opcodes */
#define VSVM_FEATURE_SUBGROUP	(1 << 3)

/**
 * DOC: Errors
 *
 * What can end a queue. Codes below 32 are detected by the hardware, codes from 32 on by the
 * driver, which answers the page faults that the hardware raises. A queue that has ended stays
 * ended: the report keeps the first cause.
 */

/** enum vsvm_error - why a queue was killed */
enum vsvm_error {
	/** @VSVM_ERROR_NONE: it was not */
	VSVM_ERROR_NONE = 0,
	/** @VSVM_ERROR_COMMAND: bad packet; the address is the packet's */
	VSVM_ERROR_COMMAND = 1,
	/**
	 * @VSVM_ERROR_PROGRAM: bad program; the address is the first bad instruction's, the
	 * outermost IF or LOOP that is never closed, or the head's
	 */
	VSVM_ERROR_PROGRAM = 2,
	/**
	 * @VSVM_ERROR_MISALIGNED: atomic, fence or timestamp at an address that is no multiple of
	 * its size
	 */
	VSVM_ERROR_MISALIGNED = 3,
	/** @VSVM_ERROR_ADDRESS: address beyond the %VSVM_VA_BITS of the MMU */
	VSVM_ERROR_ADDRESS = 4,
	/**
	 * @VSVM_ERROR_ARGS: load beyond the end of the arguments; the address is the instruction's
	 */
	VSVM_ERROR_ARGS = 5,
	/**
	 * @VSVM_ERROR_TIMEOUT: one packet ran for longer than the queue allows; the address is the
	 * packet's
	 */
	VSVM_ERROR_TIMEOUT = 6,
	/** @VSVM_ERROR_TABLE: page table entry that breaks the format: a driver's bug */
	VSVM_ERROR_TABLE = 7,
	/**
	 * @VSVM_ERROR_BOUNDS: access beyond the end of shared or scratch memory; the address is the
	 * GENERIC one
	 */
	VSVM_ERROR_BOUNDS = 8,

	/** @VSVM_ERROR_UNMAPPED: nothing is mapped at the address */
	VSVM_ERROR_UNMAPPED = 32,
	/** @VSVM_ERROR_PERMISSION: what is mapped there does not allow this access */
	VSVM_ERROR_PERMISSION = 33,
	/**
	 * @VSVM_ERROR_UNSUPPORTED: memory that no device may map: VM_IO, VM_PFNMAP, secret memory
	 */
	VSVM_ERROR_UNSUPPORTED = 34,
	/**
	 * @VSVM_ERROR_BUS: the CPU would get SIGBUS: beyond the end of a file, I/O error, poisoned
	 * page
	 */
	VSVM_ERROR_BUS = 35,
	/** @VSVM_ERROR_NOMEM: out of memory */
	VSVM_ERROR_NOMEM = 36,
	/** @VSVM_ERROR_RETRY: the page kept changing; given up after a bounded number of tries */
	VSVM_ERROR_RETRY = 37,
	/** @VSVM_ERROR_EXITED: the process whose memory this is has ended */
	VSVM_ERROR_EXITED = 38,
	/** @VSVM_ERROR_DEVICE: the device was removed */
	VSVM_ERROR_DEVICE = 39,
	/** @VSVM_ERROR_UNREGISTERED: the VM has to have its memory registered, and this is not */
	VSVM_ERROR_UNREGISTERED = 40,
	/** @VSVM_ERROR_PAGE_SIZE: the range is to have 2M pages, and the memory there is not so */
	VSVM_ERROR_PAGE_SIZE = 41,
};

/** enum vsvm_access - kinds of access that can fault */
enum vsvm_access {
	/** @VSVM_ACCESS_READ: load, instruction or command fetch */
	VSVM_ACCESS_READ = 0,
	/** @VSVM_ACCESS_WRITE: store */
	VSVM_ACCESS_WRITE = 1,
	/** @VSVM_ACCESS_ATOMIC: read-modify-write */
	VSVM_ACCESS_ATOMIC = 2,
	/** @VSVM_ACCESS_PREFETCH: read ahead of need, may be ignored */
	VSVM_ACCESS_PREFETCH = 3,
};

/** VSVM_VA_BITS - width of a GPU virtual address: five levels of nine bits above a 4 KiB page */
#define VSVM_VA_BITS		57

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_VSVM_ISA_H_ */
