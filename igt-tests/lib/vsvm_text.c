// SPDX-License-Identifier: MIT
/*
 * Programs as text, and back.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vsvm_rows.h"
#include "vsvm_text.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const type_names[16] = {
	"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", NULL, "f16", "f32", "f64",
};

static const char *const cond_names[16] = {
	"eq", "ne", "lt", "le", "gt", "ge", "equ", "neo", "ltu", "leu", "gtu", "geu", "ord",
	"unord",
};

static const char *const round_names[16] = { "", "zero", "up", "down" };

static const char *const space_names[16] = { "global", "arg", "shared", "scratch", "generic" };

static const char *const reduce_names[16] = { "add", "mul", "min", "max", "and", "or", "xor" };

static const char *const atomic_names[16] = {
	"add", "and", "or", "xor", "xchg", "cmpxchg", "umin", "umax", "smin", "smax", "fadd",
	"fmin", "fmax",
};

static const char *const order_names[16] = { "", "acq_rel", "acquire", "release", "relaxed" };

static const char *const scope_names[16] = { "", "device", "group", "wave" };

static const char *const sreg_names[32] = {
	"lane", "wave", "local_x", "local_y", "local_z", "group_x", "group_y", "group_z",
	"local_size_x", "local_size_y", "local_size_z", "grid_x", "grid_y", "grid_z", "global_x",
	"global_y", "global_z", "engine", "clock", "local_index", "waves", "global_size_x",
	"global_size_y", "global_size_z", "shared_size",
};

/* Is there a register for this operand? The last source may be the immediate. */
static bool has_register(const struct vsvm_row *row, const struct vsvm_insn *insn,
			 unsigned int source)
{
	bool last = source == 2 || row->src[source + 1] == VSVM_OPERAND_N;

	if (last && insn->flags & VSVM_INSN_IMM)
		return false;
	switch (row->src[source]) {
	case VSVM_OPERAND_N:
		return false;
	case VSVM_OPERAND_P:
		return insn->op == VSVM_OP_IF || insn->flags & VSVM_INSN_PRED;
	case VSVM_OPERAND_A:
		return insn->mod != VSVM_SPACE_ARG;
	case VSVM_OPERAND_C:
		return (insn->imm >> 32 & 0xff) == VSVM_ATOMIC_CMPXCHG;
	default:
		return true;
	}
}

static bool has_space(const struct vsvm_row *row)
{
	return row->mod >= VSVM_MOD_LOAD && row->mod <= VSVM_MOD_GLOBAL;
}

/* Printing */

struct out {
	char *text;
	size_t size;
	bool bad;
};

static void add(struct out *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out->size += vsnprintf(out->text + out->size, VSVM_TEXT_SIZE - out->size, format, args);
	va_end(args);
}

/* A suffix; one that is empty is left out. */
static void add_name(struct out *out, const char *const *names, unsigned int count,
		     unsigned int i)
{
	if (i >= count || !names[i])
		out->bad = true;
	else if (*names[i])
		add(out, ".%s", names[i]);
}

static void add_suffixes(struct out *out, const struct vsvm_row *row, const struct vsvm_insn *insn)
{
	const bool ordered = row->imm == VSVM_IMM_ATOMIC || row->imm == VSVM_IMM_ORDER;

	if (row->mod == VSVM_MOD_COND || row->mod == VSVM_MOD_FCOND)
		add_name(out, cond_names, 16, insn->mod);
	if (row->mod == VSVM_MOD_REDUCE)
		add_name(out, reduce_names, 16, insn->mod);
	if (row->imm == VSVM_IMM_ATOMIC)
		add_name(out, atomic_names, 16, insn->imm >> 32 & 0xff);
	if (has_space(row))
		add_name(out, space_names, 16, insn->mod);
	if (row->types)
		add_name(out, type_names, 16, insn->type);
	if (row->mod == VSVM_MOD_FROM) {
		add_name(out, type_names, 16, insn->mod & 15);
		add_name(out, round_names, 16, insn->mod >> 4);
	}
	if (ordered) {
		add_name(out, order_names, 16, insn->imm >> 40 & 15);
		add_name(out, scope_names, 16, insn->imm >> 44 & 15);
	}
	if (row->imm == VSVM_IMM_CLUSTER && insn->imm)
		add(out, ".%u", (unsigned int)insn->imm);
	/* what IF says of itself without need */
	if (insn->op == VSVM_OP_IF && !(insn->flags & VSVM_INSN_PRED))
		add(out, ".plain");
}

static void add_address(struct out *out, const struct vsvm_row *row, const struct vsvm_insn *insn)
{
	const int32_t offset = (int32_t)(uint32_t)insn->imm;

	if (!has_register(row, insn, 0))
		add(out, "[%d]", offset);
	else if (offset < 0)
		add(out, "[r%u - %u]", insn->a, -(uint32_t)offset);
	else if (offset)
		add(out, "[r%u + %u]", insn->a, offset);
	else
		add(out, "[r%u]", insn->a);
}

static void add_operands(struct out *out, const struct vsvm_row *row, const struct vsvm_insn *insn)
{
	const uint8_t regs[3] = { insn->a, insn->b, insn->c };
	const char *comma = " ";

	if (row->dst != VSVM_OPERAND_N) {
		if (insn->flags & VSVM_INSN_NORET)
			add(out, "%s_", comma);
		else
			add(out, "%sr%u", comma, insn->dst);
		comma = ", ";
	}
	if (row->mod == VSVM_MOD_SREG) {
		if (insn->mod >= ARRAY_SIZE(sreg_names) || !sreg_names[insn->mod])
			out->bad = true;
		else
			add(out, "%s%s", comma, sreg_names[insn->mod]);
	}
	for (unsigned int i = 0; i < 3; i++) {
		if (row->src[i] == VSVM_OPERAND_A) {
			add(out, "%s", comma);
			add_address(out, row, insn);
		} else if (has_register(row, insn, i)) {
			add(out, "%s%sr%u", comma, insn->flags & VSVM_INSN_NOT ? "!" : "",
			    regs[i]);
		} else {
			continue;
		}
		comma = ", ";
	}
	if (insn->flags & VSVM_INSN_IMM)
		add(out, "%s#%#llx", comma, (unsigned long long)insn->imm);
}

static const struct vsvm_row *find_op(uint8_t op)
{
	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		if (vsvm_rows[i].op == op)
			return &vsvm_rows[i];
	}
	return NULL;
}

int vsvm_text_insn(const struct vsvm_insn *insn, char *text)
{
	const struct vsvm_row *row = find_op(insn->op);
	struct out out = { .text = text };
	struct vsvm_insn back;

	if (!row)
		return -1;
	for (const char *c = row->name; *c; c++)
		add(&out, "%c", tolower(*c));
	add_suffixes(&out, row, insn);
	add_operands(&out, row, insn);
	/* What does not show in the text is lost by it. */
	if (out.bad || vsvm_text_parse_insn(text, &back) || memcmp(&back, insn, sizeof(back)))
		return -1;
	return 0;
}

void vsvm_text_print(FILE *file, const struct vsvm_program *program)
{
	const struct vsvm_insn *insns = (const struct vsvm_insn *)(program + 1);
	char text[VSVM_TEXT_SIZE];
	unsigned int depth = 1;

	fprintf(file, "\t.regs %u\n", program->num_regs);
	if (program->shared_size)
		fprintf(file, "\t.shared %u\n", program->shared_size);
	if (program->scratch_size)
		fprintf(file, "\t.scratch %u\n", program->scratch_size);
	for (uint32_t i = 0; i < program->num_insns; i++) {
		const uint8_t op = insns[i].op, *bytes = (const uint8_t *)&insns[i];

		if ((op == VSVM_OP_ELSE || op == VSVM_OP_ENDIF || op == VSVM_OP_ENDLOOP) &&
		    depth > 1)
			depth--;
		for (unsigned int j = 0; j < depth; j++)
			fputc('\t', file);
		if (!vsvm_text_insn(&insns[i], text)) {
			fprintf(file, "%s\n", text);
		} else {
			fprintf(file, "#");
			for (unsigned int j = 0; j < sizeof(insns[i]); j++)
				fprintf(file, " %02x", bytes[j]);
			fprintf(file, "\n");
		}
		if (op == VSVM_OP_IF || op == VSVM_OP_ELSE || op == VSVM_OP_LOOP)
			depth++;
	}
}

/* Parsing. What is not there leaves the text where it is. */

struct in {
	const char *at;
	bool bad;
};

static void skip_blanks(struct in *in)
{
	while (*in->at == ' ' || *in->at == '\t')
		in->at++;
}

static bool take(struct in *in, char c)
{
	skip_blanks(in);
	if (*in->at != c)
		return false;
	in->at++;
	return true;
}

static size_t word_size(const char *at)
{
	size_t size = 0;

	while (isalnum((unsigned char)at[size]) || at[size] == '_')
		size++;
	return size;
}

static bool is_word(const char *at, size_t size, const char *word)
{
	return strlen(word) == size && !strncasecmp(at, word, size);
}

/* A word of a list; -1 if the next one is none of them. */
static int take_word(struct in *in, const char *const *names, unsigned int count)
{
	size_t size = word_size(in->at);

	for (unsigned int i = 0; size && i < count; i++) {
		if (names[i] && is_word(in->at, size, names[i])) {
			in->at += size;
			return i;
		}
	}
	return -1;
}

/* A suffix; if it is optional and not there, 0. */
static unsigned int take_name(struct in *in, const char *const *names, unsigned int count,
			      bool optional)
{
	struct in after = *in;
	int i = -1;

	if (*after.at == '.') {
		after.at++;
		i = take_word(&after, names, count);
	}
	if (i >= 0) {
		*in = after;
		return i;
	}
	in->bad |= !optional;
	return 0;
}

static uint64_t take_number(struct in *in)
{
	char *end;
	uint64_t x;

	skip_blanks(in);
	x = strtoull(in->at, &end, 0);
	in->bad |= end == in->at;
	in->at = end;
	return x;
}

static uint8_t take_register(struct in *in)
{
	uint64_t reg;

	if (!take(in, 'r') || !isdigit((unsigned char)*in->at)) {
		in->bad = true;
		return 0;
	}
	reg = take_number(in);
	in->bad |= reg >= VSVM_MAX_REGS;
	return reg;
}

static void take_suffixes(struct in *in, const struct vsvm_row *row, struct vsvm_insn *insn)
{
	static const char *const plain[] = { "plain" };
	const bool ordered = row->imm == VSVM_IMM_ATOMIC || row->imm == VSVM_IMM_ORDER;

	if (row->mod == VSVM_MOD_COND || row->mod == VSVM_MOD_FCOND)
		insn->mod = take_name(in, cond_names, 16, false);
	if (row->mod == VSVM_MOD_REDUCE)
		insn->mod = take_name(in, reduce_names, 16, false);
	if (row->imm == VSVM_IMM_ATOMIC)
		insn->imm = (uint64_t)take_name(in, atomic_names, 16, false) << 32;
	if (has_space(row))
		insn->mod = take_name(in, space_names, 16, false);
	if (row->types)
		insn->type = take_name(in, type_names, 16, false);
	if (row->mod == VSVM_MOD_FROM) {
		insn->mod = take_name(in, type_names, 16, false);
		insn->mod |= take_name(in, round_names, 16, true) << 4;
	}
	if (ordered) {
		insn->imm |= (uint64_t)take_name(in, order_names, 16, true) << 40;
		insn->imm |= (uint64_t)take_name(in, scope_names, 16, true) << 44;
	}
	if (row->imm == VSVM_IMM_CLUSTER && *in->at == '.') {
		in->at++;
		insn->imm = take_number(in);
	}
	if (insn->op == VSVM_OP_IF) {
		const char *before = in->at;

		take_name(in, plain, 1, true);
		if (in->at == before)
			insn->flags |= VSVM_INSN_PRED;
	}
}

static void take_address(struct in *in, struct vsvm_insn *insn)
{
	uint32_t offset = 0;

	in->bad |= !take(in, '[');
	if (insn->mod == VSVM_SPACE_ARG) {
		offset = take_number(in);
	} else {
		insn->a = take_register(in);
		if (take(in, '-'))
			offset = -(uint32_t)take_number(in);
		else if (take(in, '+'))
			offset = take_number(in);
	}
	in->bad |= !take(in, ']');
	insn->imm |= offset;
}

/* What goes into a source: a register, or for the last one the immediate. */
static void take_source(struct in *in, const struct vsvm_row *row, struct vsvm_insn *insn,
			unsigned int i)
{
	uint8_t *const regs[3] = { &insn->a, &insn->b, &insn->c };

	switch (row->src[i]) {
	case VSVM_OPERAND_A:
		take_address(in, insn);
		return;
	case VSVM_OPERAND_P:
		insn->flags |= insn->op == VSVM_OP_IF ? 0 : VSVM_INSN_PRED;
		if (take(in, '!'))
			insn->flags |= VSVM_INSN_NOT;
		break;
	}
	if (row->flags & VSVM_INSN_IMM && take(in, '#')) {
		insn->flags |= VSVM_INSN_IMM;
		insn->imm = take_number(in);
		/* only the last one may be one */
		in->bad |= i < 2 && row->src[i + 1] != VSVM_OPERAND_N;
		return;
	}
	*regs[i] = take_register(in);
}

static void take_operands(struct in *in, const struct vsvm_row *row, struct vsvm_insn *insn)
{
	bool comma = false;
	int sreg;

	if (row->dst != VSVM_OPERAND_N) {
		if (row->flags & VSVM_INSN_NORET && take(in, '_'))
			insn->flags |= VSVM_INSN_NORET;
		else
			insn->dst = take_register(in);
		comma = true;
	}
	if (row->mod == VSVM_MOD_SREG) {
		in->bad |= !take(in, ',');
		skip_blanks(in);
		sreg = take_word(in, sreg_names, ARRAY_SIZE(sreg_names));
		in->bad |= sreg < 0;
		insn->mod = sreg;
	}
	for (unsigned int i = 0; i < 3 && row->src[i] != VSVM_OPERAND_N; i++) {
		skip_blanks(in);
		/* what may be left out */
		if (row->src[i] == VSVM_OPERAND_P && insn->op != VSVM_OP_IF && !*in->at)
			break;
		if (row->src[i] == VSVM_OPERAND_C &&
		    (insn->imm >> 32 & 0xff) != VSVM_ATOMIC_CMPXCHG)
			break;
		if (comma)
			in->bad |= !take(in, ',');
		take_source(in, row, insn, i);
		comma = true;
	}
}

int vsvm_text_parse_insn(const char *text, struct vsvm_insn *insn)
{
	struct in in = { .at = text };
	const struct vsvm_row *row = NULL;
	size_t size;

	memset(insn, 0, sizeof(*insn));
	skip_blanks(&in);
	size = word_size(in.at);
	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		if (is_word(in.at, size, vsvm_rows[i].name))
			row = &vsvm_rows[i];
	}
	if (!row)
		return -1;
	in.at += size;
	insn->op = row->op;
	take_suffixes(&in, row, insn);
	take_operands(&in, row, insn);
	skip_blanks(&in);
	return in.bad || *in.at ? -1 : 0;
}

static bool directive(const char *line, const char *name, uint32_t *value)
{
	size_t size = strlen(name);
	char *end;

	if (strncmp(line, name, size))
		return false;
	*value = strtoul(line + size, &end, 0);
	return end > line + size && !end[strspn(end, " \t")];
}

/* A line without comment and blanks at its ends; an immediate is no comment. */
static void clean(char *line)
{
	char *start = line + strspn(line, " \t"), *end;

	for (end = start; *end; end++) {
		if (*end == '#' && !isdigit((unsigned char)end[1]))
			break;
	}
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	memmove(line, start, end - start + 1);
}

struct vsvm_program *vsvm_text_parse(const char *text, unsigned int *line)
{
	struct vsvm_program head = {
		.magic = VSVM_PROGRAM_MAGIC, .version = VSVM_PROGRAM_VERSION,
		.num_regs = VSVM_MAX_REGS,
	};
	struct vsvm_program *program = malloc(sizeof(*program));
	uint32_t regs;

	for (*line = 1; program && *text; (*line)++) {
		size_t size = strcspn(text, "\n");
		char *copy = strndup(text, size);
		struct vsvm_insn insn;
		void *more;

		text += size + (text[size] == '\n');
		if (!copy)
			goto bad;
		clean(copy);
		if (!*copy || directive(copy, ".shared", &head.shared_size) ||
		    directive(copy, ".scratch", &head.scratch_size)) {
			free(copy);
			continue;
		}
		if (directive(copy, ".regs", &regs)) {
			head.num_regs = regs;
			free(copy);
			continue;
		}
		if (vsvm_text_parse_insn(copy, &insn)) {
			free(copy);
			goto bad;
		}
		free(copy);
		more = realloc(program, sizeof(*program) +
			       (head.num_insns + 1) * sizeof(insn));
		if (!more)
			goto bad;
		program = more;
		memcpy((struct vsvm_insn *)(program + 1) + head.num_insns++, &insn, sizeof(insn));
	}
	*line = 0;
	if (program)
		*program = head;
	return program;
bad:
	free(program);
	return NULL;
}
