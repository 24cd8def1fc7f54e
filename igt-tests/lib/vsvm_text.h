/* SPDX-License-Identifier: MIT */
/*
 * Programs as text, and back. Made of vsvm_isa_table.h, so there is nothing here to be changed when
 * an instruction comes. Needs nothing but libc.
 *
 *	.regs 24
 *	.shared 128
 *	sreg.u32 r0, local_index		# an operand of 32 bits, or less, is a register
 *	ld.arg.u64 r2, [8]			# one of 64 bits is that register and the next one
 *	cmp.lt.u32 r4, r0, #0x10		# an immediate
 *	if !r4
 *		cvt.f32.u32.zero r5, r0		# to, from, rounding
 *		atom.fadd.shared.f32.relaxed.group _, [r6 + 4], r5
 *	endif
 *	barrier.acq_rel.group
 *
 * docs/isa.rst has the instructions. What text says is checked for its form alone: whether it is a
 * program is for the device to say.
 */
#ifndef VSVM_TEXT_H
#define VSVM_TEXT_H

#include <stddef.h>
#include <stdio.h>

struct vsvm_insn;
struct vsvm_program;

/** VSVM_TEXT_SIZE - room that is enough for the text of an instruction */
#define VSVM_TEXT_SIZE	160

/**
 * vsvm_text_insn() - the text of an instruction
 * @insn: instruction
 * @text: where the text goes, %VSVM_TEXT_SIZE bytes
 *
 * Returns 0, or -1 if there is no text that means this instruction: an unknown opcode, or a field
 * that says nothing and is not zero. Each good instruction has one.
 */
int vsvm_text_insn(const struct vsvm_insn *insn, char *text);

/**
 * vsvm_text_parse_insn() - the instruction that a text means
 * @text: one instruction, without comment
 * @insn: where it goes
 *
 * Returns 0, or -1.
 */
int vsvm_text_parse_insn(const char *text, struct vsvm_insn *insn);

/** vsvm_text_print() - print a program; an instruction without text is shown as its bytes */
void vsvm_text_print(FILE *file, const struct vsvm_program *program);

/**
 * vsvm_text_parse() - the program that a text means
 * @text: lines of instructions, comments after #, .regs, .shared and .scratch
 * @line: number of the line that is wrong, from 1 on; 0: none is
 *
 * Returns the program, to be freed with free(), or NULL.
 */
struct vsvm_program *vsvm_text_parse(const char *text, unsigned int *line);

#endif /* VSVM_TEXT_H */
