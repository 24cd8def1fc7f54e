/* SPDX-License-Identifier: MIT */
/*
 * What arithmetic instructions have to give. Needs nothing but libc and libm.
 */
#ifndef VSVM_ORACLE_H
#define VSVM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

struct vsvm_insn;

/**
 * vsvm_oracle() - what an instruction gives
 * @insn: instruction of the moves, arithmetic, bits, comparison or floating point
 * @a: contents of the first source's registers, whatever its width
 * @b: the same, second source
 * @c: the same, third source
 *
 * Returns the result; of sines and the like the nearest float, also for halves.
 */
uint64_t vsvm_oracle(const struct vsvm_insn *insn, uint64_t a, uint64_t b, uint64_t c);

/** vsvm_oracle_accepts() - may an instruction have given @got, where vsvm_oracle() says @want? */
bool vsvm_oracle_accepts(const struct vsvm_insn *insn, uint64_t want, uint64_t got);

/** vsvm_oracle_operand() - a random value where something may go wrong, with any bits above it */
uint64_t vsvm_oracle_operand(uint8_t type, uint64_t (*rand)(void *data), void *data);

/**
 * vsvm_oracle_tie() - three random numbers of which the product of two is half way between numbers
 * @type: floating point type
 * @src: the numbers; the third one is smaller, so that its sign decides, however small it is
 * @rand: gives any 64 bits
 * @data: what @rand is called with
 */
void vsvm_oracle_tie(uint8_t type, uint64_t src[3], uint64_t (*rand)(void *data), void *data);

#endif /* VSVM_ORACLE_H */
