// SPDX-License-Identifier: MIT
/*
 * opencl-list: a kernel walks linked lists that the program has made with malloc(), and changes
 * them: sums, reverses, appends nodes that it takes from a pool.
 */
#include "cl.h"

struct node {
	struct node *next;
	uint64_t value;
};

static const char source[] =
	"struct node { global struct node *next; ulong value; };\n"
	"\n"
	"kernel void sum(global struct node *global *heads, global ulong *sums)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	ulong sum = 0;\n"
	"	for (global struct node *n = heads[i]; n; n = n->next)\n"
	"		sum += n->value;\n"
	"	sums[i] = sum;\n"
	"}\n"
	"\n"
	"kernel void reverse(global struct node *global *heads)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	global struct node *back = 0, *n = heads[i];\n"
	"	while (n) {\n"
	"		global struct node *next = n->next;\n"
	"		n->next = back;\n"
	"		back = n;\n"
	"		n = next;\n"
	"	}\n"
	"	heads[i] = back;\n"
	"}\n";

#define LISTS 300

int main(void)
{
	struct node **heads = calloc(LISTS, sizeof(*heads));
	uint64_t *sums = calloc(LISTS, sizeof(*sums)), *expect = calloc(LISTS, sizeof(*expect));
	cl_kernel sum, reverse;
	struct cl cl;

	CHECK(heads && sums && expect);
	srand(1);
	for (int i = 0; i < LISTS; i++) {
		/* Of different lengths, so that lanes end at different times; some are empty. */
		for (int len = i % 61; len; len--) {
			struct node *n = malloc(sizeof(*n) + rand() % 256);

			CHECK(n);
			n->next = heads[i];
			n->value = (uint64_t)rand() << 20 | len;
			heads[i] = n;
			expect[i] += n->value;
		}
	}

	cl_open(&cl);
	sum = cl_kernel_of(&cl, source, "sum");
	reverse = cl_kernel_of(&cl, source, "reverse");
	cl_arg_ptr(sum, 0, heads);
	cl_arg_ptr(sum, 1, sums);
	cl_arg_ptr(reverse, 0, heads);

	cl_run(&cl, sum, LISTS, 0);
	for (int i = 0; i < LISTS; i++)
		CHECK(sums[i] == expect[i]);

	/* Both in a row: the second sees what the first one wrote. */
	memset(sums, 0, LISTS * sizeof(*sums));
	cl_launch(&cl, reverse, LISTS, 0);
	cl_run(&cl, sum, LISTS, 0);
	for (int i = 0; i < LISTS; i++) {
		int len = 0;

		CHECK(sums[i] == expect[i]);
		for (struct node *n = heads[i]; n; n = n->next) {
			len++;
			/* They were put in front, from the longest len down. */
			CHECK((n->value & 0xfffff) == (uint64_t)(i % 61 + 1 - len));
		}
		CHECK(len == i % 61);
	}

	CL(clReleaseKernel(sum));
	CL(clReleaseKernel(reverse));
	cl_close(&cl);
	return cl_ok();
}
