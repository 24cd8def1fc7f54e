/* SPDX-License-Identifier: MIT */
/*
 * The data structures of vsvm-walk, and the GPU's programs that walk them. The comments are
 * the programs in C; the assembler below each says the same.
 */
#ifndef EXAMPLES_PROGRAMS_H
#define EXAMPLES_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

#include "vsvm_asm.h"

/* Types and conditions, as the programs below name them. */
enum { U8 = VSVM_TYPE_U8, U32 = VSVM_TYPE_U32, U64 = VSVM_TYPE_U64 };
enum { EQ = VSVM_COND_EQ, GE = VSVM_COND_GE };

#define FNV_BASIS	2166136261u
#define FNV_PRIME	16777619u

/* A word of the text, in a chain of the hash table. Each comes from malloc(). */
struct node {
	struct node *next;
	const uint8_t *text;		/* into the mapping of the file */
	uint64_t size;
	uint32_t hash;
	uint32_t expected;		/* how often the CPU met it */
	uint64_t count;			/* how often the GPU did */
};

/* A word to look up, and the answer. */
struct request {
	const uint8_t *text;		/* into the mapping of the file */
	uint64_t size;
	struct node *found;		/* written by the GPU */
};

struct args {
	struct request *requests;
	uint64_t count;			/* of requests */
	void *table;			/* buckets to look in, or counters of letters */
	uint64_t mask;			/* buckets - 1 */
};

/* Registers of both programs: 32 bits take one, 64 bits take two. */
enum { P, Q, HASH, BYTE, OTHER, INDEX };
enum { REQ = 6, TEXT = 8, END = 10, SIZE = 12, NODE = 14, A = 16, B = 18, T = 20 };

/* req = &args.requests[i], text = req->text, end = text + req->size, for work item i */
static inline void asm_request(struct vsvm_asm *a)
{
	/* if (i >= args.count) exit; */
	asm_sreg(a, INDEX, VSVM_SREG_GLOBAL_X);
	asm_arg(a, U32, P, offsetof(struct args, count));
	asm_cmp(a, GE, U32, P, INDEX, P);
	asm_exit_if(a, P);

	asm_arg(a, U64, T, offsetof(struct args, requests));
	asm_index(a, REQ, T, INDEX, sizeof(struct request));
	asm_load(a, U64, TEXT, REQ, offsetof(struct request, text));
	asm_load(a, U64, SIZE, REQ, offsetof(struct request, size));
	asm_op2(a, VSVM_OP_ADD, U64, END, TEXT, SIZE);
	asm_arg(a, U64, T, offsetof(struct args, table));
}

/* Finds the node of a request; writes it into the request or, with @count, adds 1 to its count. */
static inline struct vsvm_program *lookup_program(bool count)
{
	struct vsvm_asm a = {};

	asm_request(&a);

	/* for (hash = FNV_BASIS, a = text; a != end; a++) */
	asm_mov_imm(&a, U32, HASH, FNV_BASIS);
	asm_mov(&a, U64, A, TEXT);
	asm_loop(&a);
	asm_cmp(&a, EQ, U64, P, A, END);
	asm_break_if(&a, P);
	/*	hash = (hash ^ *a) * FNV_PRIME; */
	asm_load(&a, U8, BYTE, A, 0);
	asm_op2(&a, VSVM_OP_XOR, U32, HASH, HASH, BYTE);
	asm_op2_imm(&a, VSVM_OP_MUL, U32, HASH, HASH, FNV_PRIME);
	asm_op2_imm(&a, VSVM_OP_ADD, U64, A, A, 1);
	asm_endloop(&a);

	/* node = table[hash & args.mask]; */
	asm_arg(&a, U32, INDEX, offsetof(struct args, mask));
	asm_op2(&a, VSVM_OP_AND, U32, INDEX, INDEX, HASH);
	asm_index(&a, B, T, INDEX, sizeof(struct node *));
	asm_load(&a, U64, NODE, B, 0);

	/* for (; node; node = node->next) */
	asm_loop(&a);
	asm_cmp_imm(&a, EQ, U64, P, NODE, 0);
	asm_break_if(&a, P);
	/*	p = node->hash == hash && node->size == size; */
	asm_load(&a, U32, OTHER, NODE, offsetof(struct node, hash));
	asm_load(&a, U64, T, NODE, offsetof(struct node, size));
	asm_cmp(&a, EQ, U32, P, OTHER, HASH);
	asm_cmp(&a, EQ, U64, Q, T, SIZE);
	asm_op2(&a, VSVM_OP_AND, U32, P, P, Q);
	/*	if (p) p = !memcmp(text, node->text, size); */
	asm_if(&a, P);
	asm_mov(&a, U64, A, TEXT);
	asm_load(&a, U64, B, NODE, offsetof(struct node, text));
	asm_loop(&a);
	asm_cmp(&a, EQ, U64, P, A, END);
	asm_break_if(&a, P);
	asm_load(&a, U8, BYTE, A, 0);
	asm_load(&a, U8, OTHER, B, 0);
	asm_cmp(&a, EQ, U32, P, BYTE, OTHER);
	asm_break_if_not(&a, P);
	asm_op2_imm(&a, VSVM_OP_ADD, U64, A, A, 1);
	asm_op2_imm(&a, VSVM_OP_ADD, U64, B, B, 1);
	asm_endloop(&a);
	asm_endif(&a);
	/*	if (p) break; */
	asm_break_if(&a, P);
	asm_load(&a, U64, NODE, NODE, offsetof(struct node, next));
	asm_endloop(&a);

	if (count) {
		/* if (!node) exit; atomic_add(&node->count, 1); */
		asm_cmp_imm(&a, EQ, U64, P, NODE, 0);
		asm_exit_if(&a, P);
		asm_mov_imm(&a, U64, T, 1);
		asm_atomic_noret(&a, VSVM_ATOMIC_ADD, U64, NODE, offsetof(struct node, count), T,
				 0);
	} else {
		/* req->found = node; */
		asm_store(&a, U64, REQ, offsetof(struct request, found), NODE);
	}
	return asm_finish(&a);
}

/* Counts the letters of a request's word. */
static inline struct vsvm_program *histogram_program(void)
{
	struct vsvm_asm a = {};

	asm_request(&a);

	/* for (; text != end; text++) */
	asm_mov_imm(&a, U64, A, 1);
	asm_loop(&a);
	asm_cmp(&a, EQ, U64, P, TEXT, END);
	asm_break_if(&a, P);
	/*	atomic_add(&table[*text], 1); */
	asm_load(&a, U8, BYTE, TEXT, 0);
	asm_index(&a, B, T, BYTE, sizeof(uint64_t));
	asm_atomic_noret(&a, VSVM_ATOMIC_ADD, U64, B, 0, A, 0);
	asm_op2(&a, VSVM_OP_ADD, U64, TEXT, TEXT, A);
	asm_endloop(&a);
	return asm_finish(&a);
}

#endif
