// SPDX-License-Identifier: MIT
/*
 * The arithmetic and the checks of programs of the virtual GPU, built as a program, with what finds
 * bad accesses and undefined behaviour: scripts/native. Every opcode of the table that computes is
 * compared with the oracle, by each kind of vectors that the processor has; then anything is thrown
 * at the checks of programs.
 *
 * usage: alu [SEED [ROUNDS]]
 */
#include <stdio.h>

#include "kernel.h"
#include "hw_isa.h"
#include "vsvm_oracle.h"
#include "vsvm_rows.h"
#include "vsvm_text.h"

#define LANES	VSVM_WAVE_LANES

static uint64_t state;
static unsigned int failures;

static uint64_t next(void *data)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

#define REGS	10

/* Registers of one lane are apart, as they are in a wave. */
static _Alignas(8) u32 regs[REGS][LANES];
static u32 before[REGS][LANES], after[REGS][LANES];

static void set(unsigned int reg, unsigned int lane, uint64_t value)
{
	regs[reg][lane] = value;
	regs[reg + 1][lane] = value >> 32;
}

static uint64_t get(unsigned int reg, unsigned int lane, bool wide)
{
	return regs[reg][lane] | (wide ? (uint64_t)regs[reg + 1][lane] << 32 : 0);
}

static uint8_t source_type(const struct vsvm_row *row, unsigned int i, uint8_t type, uint8_t mod)
{
	switch (row->src[i]) {
	case VSVM_OPERAND_F:
		return mod & 15;
	case VSVM_OPERAND_T:
		return type;
	default:
		return VSVM_TYPE_U32;
	}
}

static bool is_wide(const struct vsvm_row *row, uint8_t type)
{
	return row->dst == VSVM_OPERAND_T ? (type & 3) == 3 :
	       row->dst == VSVM_OPERAND_D && (type & 3) == 2;
}

static void run(const struct vsvm_row *row, uint8_t type, uint8_t mod, unsigned int level)
{
	struct vsvm_hw_insn insn = { .op = row->op, .type = type, .mod = mod };
	const struct vsvm_insn text = { .op = row->op, .type = type, .mod = mod };
	const u32 on = next(NULL) % 2 ? ~0u : (u32)next(NULL);
	/* registers of the sources and the result: apart, the same, or half over each other */
	const bool apart = next(NULL) % 4 == 0;
	uint64_t want[LANES];
	unsigned int at[4];

	if (!vsvm_hw_alu_find_level(&insn, level) || !insn.alu) {
		printf("%s: no function\n", row->name);
		failures++;
		return;
	}
	for (unsigned int i = 0; i < 4; i++)
		at[i] = apart ? 2 * i : next(NULL) % 6;
	for (unsigned int lane = 0; lane < LANES; lane++) {
		uint64_t src[3];

		for (unsigned int i = 0; i < REGS; i++)
			regs[i][lane] = 0x5a5a5a5a;
		for (unsigned int i = 0; i < 3; i++) {
			src[i] = vsvm_oracle_operand(source_type(row, i, type, mod), next, NULL);
			/* for predicates */
			if (row->src[i] == VSVM_OPERAND_W && next(NULL) % 4 == 0)
				src[i] = 0;
			/* numbers near each other, for sums that cancel */
			if (i && next(NULL) % 4 == 0)
				src[i] = src[0] ^ 1ull << next(NULL) % 64;
		}
		if (row->op == VSVM_OP_FFMA && next(NULL) % 4 == 0)
			vsvm_oracle_tie(type, src, next, NULL);
		for (unsigned int i = 0; i < 3; i++)
			set(at[i], lane, src[i]);
	}
	memcpy(before, regs, sizeof(regs));
	for (unsigned int lane = 0; lane < LANES; lane++) {
		uint64_t src[3];

		/* what overlaps has been set by the last one */
		for (unsigned int i = 0; i < 3; i++) {
			const uint8_t t = source_type(row, i, type, mod);

			src[i] = get(at[i], lane, (t & 3) == 3);
			if ((t & 3) < 2)
				src[i] &= (1ull << (8 << (t & 3))) - 1;
		}
		want[lane] = vsvm_oracle(&text, src[0], src[1], src[2]);
	}
	insn.alu(type, mod, regs[at[3]], regs[at[0]], regs[at[1]], regs[at[2]], on);
	memcpy(after, regs, sizeof(regs));
	for (unsigned int lane = 0; lane < LANES; lane++) {
		uint64_t got = get(at[3], lane, is_wide(row, type));
		bool bad = false;

		if (on >> lane & 1) {
			bad = !vsvm_oracle_accepts(&text, want[lane], got);
			after[at[3]][lane] = before[at[3]][lane];
			if (is_wide(row, type))
				after[at[3] + 1][lane] = before[at[3] + 1][lane];
		}
		/* no other register, and no lane that is off */
		for (unsigned int i = 0; i < REGS; i++)
			bad |= after[i][lane] != before[i][lane];
		if (!bad)
			continue;
		if (failures++ < 20)
			printf("%s type %u mod %u level %u on %#x[%u] r%u %u %u %u: %#llx, %#llx\n",
			       row->name, type, mod, level, on, lane, at[3], at[0], at[1], at[2],
			       (long long)got, (long long)want[lane]);
	}
}

static bool computes(const struct vsvm_row *row)
{
	return row->dst != VSVM_OPERAND_N && row->mod != VSVM_MOD_SREG && row->op >> 4 != 5 &&
	       row->op >> 4 != 6;
}

static unsigned int modifiers(const struct vsvm_row *row)
{
	switch (row->mod) {
	case VSVM_MOD_COND:
		return VSVM_COND_GE + 1;
	case VSVM_MOD_FCOND:
		return VSVM_COND_UNORD + 1;
	case VSVM_MOD_FROM:
		return 64;
	default:
		return 1;
	}
}

/* Conversions: those that the rules allow. */
static bool allowed(const struct vsvm_row *row, uint8_t type, uint8_t mod)
{
	if (row->mod != VSVM_MOD_FROM)
		return true;
	if (!(VSVM_TYPES_IF >> (mod & 15) & 1))
		return false;
	return mod < 16 || type >= VSVM_TYPE_F16 || (mod & 15) >= VSVM_TYPE_F16;
}

static void arithmetic(unsigned int rounds)
{
	unsigned int kinds = 0;

	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		for (uint8_t type = 0; computes(&vsvm_rows[i]) && type < 16; type++) {
			if (!(vsvm_rows[i].types >> type & 1))
				continue;
			for (uint8_t mod = 0; mod < modifiers(&vsvm_rows[i]); mod++) {
				if (!allowed(&vsvm_rows[i], type, mod))
					continue;
				kinds++;
				for (unsigned int n = 0; n < rounds * vsvm_hw_alu_levels(); n++)
					run(&vsvm_rows[i], type, mod, n / rounds);
			}
		}
	}
	printf("%u kinds of instruction, %u times 32 lanes each, by %u kinds of vectors\n", kinds,
	       rounds, vsvm_hw_alu_levels());
}

/* A good instruction has a text, which means it and nothing else. */
static void expect_text(const struct vsvm_insn *insn)
{
	struct vsvm_insn back;
	char text[VSVM_TEXT_SIZE];

	if (vsvm_text_insn(insn, text)) {
		if (failures++ < 20)
			printf("opcode %#x type %u mod %u flags %#x: no text\n", insn->op,
			       insn->type, insn->mod, insn->flags);
	} else if (vsvm_text_parse_insn(text, &back) || memcmp(insn, &back, sizeof(back))) {
		if (failures++ < 20)
			printf("%s: means something else\n", text);
	}
}

/* And what is no text is found out, not believed: here one with a character changed. */
static void garble_text(const struct vsvm_insn *insn)
{
	char text[VSVM_TEXT_SIZE];
	struct vsvm_insn back;

	if (!vsvm_text_insn(insn, text)) {
		text[next(NULL) % strlen(text)] = 32 + next(NULL) % 95;
		vsvm_text_parse_insn(text, &back);
	}
}

/* One that is good, or nearly */
static void random_insn(struct vsvm_insn *insn)
{
	const struct vsvm_row *row = &vsvm_rows[next(NULL) % vsvm_num_rows];
	uint8_t *bytes = (uint8_t *)insn;

	*insn = (struct vsvm_insn) { .op = row->op };
	if (row->types)
		insn->type = next(NULL) % 12;
	if (row->mod)
		insn->mod = next(NULL) % (next(NULL) % 2 ? 6 : 64);
	if (row->flags)
		insn->flags = next(NULL) % 16 & row->flags;
	if (insn->flags & VSVM_INSN_IMM)
		insn->imm = next(NULL);
	else if (row->imm == VSVM_IMM_ATOMIC)
		insn->imm = next(NULL) & 0x34ffffffffff & ~(0xf0ull << 32);
	else if (row->imm == VSVM_IMM_OFFSET)
		insn->imm = (u32)next(NULL);
	else if (row->imm == VSVM_IMM_ORDER)
		insn->imm = (next(NULL) & 0x33) << 40;
	else if (row->imm == VSVM_IMM_CLUSTER)
		insn->imm = 1 << next(NULL) % 6;
	insn->dst = row->dst ? next(NULL) % 16 : 0;
	insn->a = row->src[0] ? next(NULL) % 16 : 0;
	insn->b = row->src[1] ? next(NULL) % 16 : 0;
	insn->c = row->src[2] ? next(NULL) % 16 : 0;
	if (next(NULL) % 16 == 0)
		bytes[next(NULL) % 16] ^= 1 << next(NULL) % 8;
}

/*
 * A program in the place of another one, which differs from it here and there, is what it would be
 * anywhere else.
 */
static void check_again(unsigned int rounds)
{
	struct vsvm_program head = {
		.magic = VSVM_PROGRAM_MAGIC, .version = VSVM_PROGRAM_VERSION, .num_regs = 16,
		.num_insns = 64,
	};
	struct vsvm_hw_program kept = { .insns = calloc(64, sizeof(*kept.insns)) };
	static struct vsvm_hw_insn fresh_insns[64];
	struct vsvm_insn insns[64];
	unsigned int known = 0, good = 0;

	for (unsigned int n = 0; n < 64; n++)
		insns[n] = (struct vsvm_insn) { .op = VSVM_OP_NOP };
	for (unsigned int n = 0; n < rounds; n++) {
		struct vsvm_hw_program fresh = { .insns = fresh_insns };
		uint8_t *bytes = (uint8_t *)&insns[next(NULL) % 64];
		bool kept_ok = true, fresh_ok = true;
		unsigned int bad, at;

		memset(fresh_insns, 0, sizeof(fresh_insns));
		switch (next(NULL) % 8) {
		case 0:
			head.num_insns = 1 + next(NULL) % 64;
			break;
		case 1:
			head.num_regs = next(NULL) % 2 ? 16 : 8;
			break;
		case 2:
			bytes[next(NULL) % 16] ^= 1 << next(NULL) % 8;
			break;
		case 3:
			/* what was made of it, which is no text */
			at = (struct vsvm_insn *)bytes - insns;
			insns[at].imm = kept.insns[at].imm;
			break;
		default:
			random_insn((struct vsvm_insn *)bytes);
		}
		if (!vsvm_hw_program_begin(&kept, &head, 15) ||
		    !vsvm_hw_program_begin(&fresh, &head, 15))
			abort();
		known += kept.known;
		for (unsigned int i = 0; i < head.num_insns && kept_ok && fresh_ok; i++) {
			kept_ok = vsvm_hw_program_add(&kept, &insns[i]);
			fresh_ok = vsvm_hw_program_add(&fresh, &insns[i]);
		}
		bad = kept.checked;
		if (kept_ok != fresh_ok || bad != fresh.checked) {
			failures++;
		} else if (kept_ok) {
			bad = vsvm_hw_program_end(&kept);
			good += bad == head.num_insns;
			if (bad != vsvm_hw_program_end(&fresh) ||
			    (bad == head.num_insns &&
			     memcmp(kept.insns, fresh_insns, bad * sizeof(*fresh_insns))))
				failures++;
		}
		/* What is wrong goes again, or nothing would be compared any more. */
		if (bad < head.num_insns)
			insns[bad] = (struct vsvm_insn) { .op = VSVM_OP_NOP };
	}
	free(kept.insns);
	printf("%u programs in the place of others, %u of them good, %u instructions compared\n",
	       rounds, good, known);
}

/* Programs of anything that looks like instructions; a good one has targets within it. */
static void check_programs(unsigned int rounds)
{
	struct vsvm_program head = {
		.magic = VSVM_PROGRAM_MAGIC, .version = VSVM_PROGRAM_VERSION, .num_regs = 16,
	};
	unsigned int good = 0, insns = 0;

	for (unsigned int n = 0; n < rounds; n++) {
		struct vsvm_hw_program program = {};

		head.num_insns = 1 + next(NULL) % 64;
		if (!vsvm_hw_program_begin(&program, &head, next(NULL) & 15))
			abort();
		program.insns = calloc(head.num_insns, sizeof(*program.insns));
		while (program.checked < program.num_insns) {
			struct vsvm_insn insn;

			random_insn(&insn);
			if (vsvm_hw_program_add(&program, &insn)) {
				insns++;
				expect_text(&insn);
				garble_text(&insn);
			}
			if (next(NULL) % 256 == 0)
				break;
		}
		if (program.checked == program.num_insns &&
		    vsvm_hw_program_end(&program) == program.num_insns) {
			good++;
			for (unsigned int i = 0; i < program.num_insns; i++)
				if (program.insns[i].op <= VSVM_OP_EXIT &&
				    program.insns[i].op != VSVM_OP_NOP &&
				    program.insns[i].next > program.num_insns)
					failures++;
		}
		free(program.insns);
	}
	printf("%u programs, %u of them good, %u good instructions\n", rounds, good, insns);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 40;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	state = state * 0x9e3779b97f4a7c15 + 0x1234567;
	arithmetic(rounds);
	check_programs(rounds * 50);
	check_again(rounds * 500);
	if (failures)
		printf("%u failures\n", failures);
	return failures != 0;
}
