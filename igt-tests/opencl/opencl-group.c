// SPDX-License-Identifier: MIT
/*
 * opencl-group: what work items do together and each for itself: local memory and barriers,
 * subgroups, private arrays, control flow that diverges, more values than there are registers.
 */
#include "cl.h"

#define ITEMS 1024
#define GROUP 256

static const char source[] =
	"kernel void reduce(global const int *in, global int *out, local int *buf)\n"
	"{\n"
	"	local int twice[256];\n"
	"	int l = get_local_id(0), n = get_local_size(0);\n"
	"	buf[l] = in[get_global_id(0)];\n"
	"	twice[n - 1 - l] = 2 * buf[l];\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	for (int s = n / 2; s; s /= 2) {\n"
	"		if (l < s)\n"
	"			buf[l] += buf[l + s];\n"
	"		barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	}\n"
	"	out[get_global_id(0)] = buf[0] + twice[l];\n"
	"}\n"
	"\n"
	"kernel void count(global const int *in, global int *bins)\n"
	"{\n"
	"	local int mine[16];\n"
	"	int l = get_local_id(0);\n"
	"	if (l < 16)\n"
	"		mine[l] = 0;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	atomic_add(&mine[in[get_global_id(0)] & 15], 1);\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	if (l < 16)\n"
	"		atomic_add(&bins[l], mine[l]);\n"
	"}\n"
	"\n"
	"kernel void sort(global int *io)\n"
	"{\n"
	"	int v[24], n = 1 + get_global_id(0) % 24;\n"
	"	global int *p = io + 24 * get_global_id(0);\n"
	"	for (int i = 0; i < n; i++)\n"
	"		v[i] = p[i];\n"
	"	for (int i = 1; i < n; i++) {\n"
	"		int x = v[i], j = i;\n"
	"		while (j && v[j - 1] > x) {\n"
	"			v[j] = v[j - 1];\n"
	"			j--;\n"
	"		}\n"
	"		v[j] = x;\n"
	"	}\n"
	"	for (int i = 0; i < n; i++)\n"
	"		p[i] = v[i];\n"
	"}\n"
	"\n"
	"kernel void diverge(global const int *in, global int *out)\n"
	"{\n"
	"	int x = in[get_global_id(0)] & 0xffff, steps = 0, sum = 0;\n"
	"	for (int i = 0; i < 1000; i++) {\n"
	"		if (x <= 1)\n"
	"			break;\n"
	"		steps++;\n"
	"		if (x & 1) {\n"
	"			x = 3 * x + 1;\n"
	"			if (x % 5 == 0)\n"
	"				continue;\n"
	"			for (int j = 0; j < x % 7; j++) {\n"
	"				if (j == 4)\n"
	"					break;\n"
	"				sum += j;\n"
	"			}\n"
	"		} else {\n"
	"			x >>= 1;\n"
	"			switch (x & 3) {\n"
	"			case 0: sum += 1; break;\n"
	"			case 1: sum += 10;\n"
	"			case 2: sum += 100; break;\n"
	"			default: sum ^= 5;\n"
	"			}\n"
	"		}\n"
	"	}\n"
	"	out[get_global_id(0)] = sum * 1000 + steps;\n"
	"}\n"
	"\n"
	"kernel void lanes(global const int *in, global int *out, global uint *size)\n"
	"{\n"
	"	int x = in[get_global_id(0)], i = get_sub_group_local_id();\n"
	"	int sum = sub_group_reduce_add(x), most = sub_group_reduce_max(x);\n"
	"	int before = sub_group_scan_exclusive_add(x);\n"
	"	int third = sub_group_broadcast(x, 3);\n"
	"	int any = !!sub_group_any(x == most), all = !!sub_group_all(x == most);\n"
	"	out[get_global_id(0)] = sum ^ most * 3 ^ before * 7 ^ third * 31 ^ any << 8 ^ all << 9;\n"
	"	size[0] = get_max_sub_group_size();\n"
	"}\n"
	"\n"
	"struct pair { int key; short part[6]; };\n"
	"kernel void byvalue(struct pair pair, global int *out)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	out[i] = pair.key + pair.part[i % 6];\n"
	"}\n";

struct pair {
	int key;
	short part[6];
};

static int in[ITEMS], out[ITEMS];

static int host_diverge(int x)
{
	int steps = 0, sum = 0;

	for (int i = 0; i < 1000 && x > 1; i++) {
		steps++;
		if (x & 1) {
			x = 3 * x + 1;
			if (x % 5 == 0)
				continue;
			for (int j = 0; j < x % 7 && j != 4; j++)
				sum += j;
		} else {
			x >>= 1;
			switch (x & 3) {
			case 0:
				sum += 1;
				break;
			case 1:
				sum += 110;
				break;
			case 2:
				sum += 100;
				break;
			default:
				sum ^= 5;
			}
		}
	}
	return sum * 1000 + steps;
}

static void test_local(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "reduce");
	int bins[16] = { 0 }, expect[16] = { 0 };

	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	CL(clSetKernelArg(kernel, 2, GROUP * sizeof(int), NULL));
	cl_run(cl, kernel, ITEMS, GROUP);
	for (int i = 0; i < ITEMS; i++) {
		const int first = i / GROUP * GROUP;
		unsigned int sum = 0;

		for (int j = 0; j < GROUP; j++)
			sum += in[first + j];
		CHECK(out[i] == (int)(sum + 2u * in[first + GROUP - 1 - i % GROUP]));
	}
	CL(clReleaseKernel(kernel));

	kernel = cl_kernel_of(cl, source, "count");
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, bins);
	cl_run(cl, kernel, ITEMS, GROUP);
	for (int i = 0; i < ITEMS; i++)
		expect[in[i] & 15]++;
	CHECK(!memcmp(bins, expect, sizeof(bins)));
	CL(clReleaseKernel(kernel));
}

static int compare(const void *a, const void *b)
{
	const int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static void test_private(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "sort");
	const int lists = 96;
	int *io = malloc(lists * 24 * sizeof(int)), *expect = malloc(lists * 24 * sizeof(int));

	CHECK(io && expect);
	for (int i = 0; i < lists * 24; i++)
		io[i] = rand() % 1000 - 500;
	memcpy(expect, io, lists * 24 * sizeof(int));
	cl_arg_ptr(kernel, 0, io);
	cl_run(cl, kernel, lists, 0);
	for (int i = 0; i < lists; i++)
		qsort(expect + 24 * i, 1 + i % 24, sizeof(int), compare);
	CHECK(!memcmp(io, expect, lists * 24 * sizeof(int)));
	free(io);
	free(expect);
	CL(clReleaseKernel(kernel));
}

static void test_diverge(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "diverge");

	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_run(cl, kernel, ITEMS, 0);
	for (int i = 0; i < ITEMS; i++) {
		const int want = host_diverge(in[i] & 0xffff);

		if (out[i] != want)
			FAIL("diverge: %d of %d, not %d", out[i], in[i] & 0xffff, want);
	}
	CL(clReleaseKernel(kernel));
}

static void test_lanes(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "lanes");
	cl_uint size = 0;

	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_arg_ptr(kernel, 2, &size);
	cl_run(cl, kernel, ITEMS, GROUP);
	CHECK(size > 3 && GROUP % size == 0);
	for (cl_uint i = 0; i < ITEMS; i++) {
		const int *lane = in + i / size * size;
		int most = lane[0], all = 1;
		unsigned int sum = 0, before = 0;

		for (cl_uint j = 0; j < size; j++) {
			if (j == i % size)
				before = sum;
			sum += lane[j];
			most = lane[j] > most ? lane[j] : most;
		}
		for (cl_uint j = 0; j < size; j++)
			all &= lane[j] == most;
		CHECK((unsigned int)out[i] == (sum ^ most * 3u ^ before * 7u ^ lane[3] * 31u ^
					       1 << 8 ^ all << 9));
	}
	CL(clReleaseKernel(kernel));
}

static void test_by_value(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "byvalue");
	const struct pair pair = { 1000, { 1, -2, 3, -4, 5, -6 } };

	cl_arg(kernel, 0, pair);
	cl_arg_ptr(kernel, 1, out);
	cl_run(cl, kernel, 64, 0);
	for (int i = 0; i < 64; i++)
		CHECK(out[i] == pair.key + pair.part[i % 6]);
	CL(clReleaseKernel(kernel));
}

/* So many 64-bit values at a time that some have to leave the registers */
static void test_many(struct cl *cl)
{
	enum { n = 200 };
	static char text[65536];
	unsigned long *a = malloc(n * 64 * 8), *b = calloc(64, 8);
	cl_kernel kernel;
	char *p = text;

	CHECK(a && b);
	p += sprintf(p, "kernel void many(global volatile ulong *a, global ulong *b)\n{\n"
		     "int i = get_global_id(0);\nulong s = i;\n");
	for (int k = 0; k < n; k++)
		p += sprintf(p, "ulong v%d = a[%d + i];\n", k, 64 * k);
	for (int k = n - 1; k >= 0; k--)
		p += sprintf(p, "s = rotate(s, 7ul) * 31 + (v%d ^ v%d);\n", k, (k * 7) % n);
	sprintf(p, "b[i] = s;\n}\n");

	for (int i = 0; i < n * 64; i++)
		a[i] = (unsigned long)rand() << 32 ^ rand();
	kernel = cl_kernel_of(cl, text, "many");
	cl_arg_ptr(kernel, 0, a);
	cl_arg_ptr(kernel, 1, b);
	cl_run(cl, kernel, 64, 0);
	for (int i = 0; i < 64; i++) {
		unsigned long s = i;

		for (int k = n - 1; k >= 0; k--)
			s = (s << 7 | s >> 57) * 31 + (a[64 * k + i] ^ a[64 * (k * 7 % n) + i]);
		CHECK(b[i] == s);
	}
	free(a);
	free(b);
	CL(clReleaseKernel(kernel));
}

/* More branches, and more often, than may be open at a time: they are left again */
static void test_branches(struct cl *cl)
{
	enum { n = 300 };
	static char text[65536];
	int a[n + 64], b[64];
	cl_kernel kernel;
	char *p = text;

	p += sprintf(p, "kernel void branches(global volatile int *a, global int *b)\n{\n"
		     "int i = get_global_id(0), s = 0;\n");
	for (int k = 0; k < n; k++)
		p += sprintf(p, "if (a[%d + i] & 1) { s += a[%d]; if (s & 2) b[i] = s; }\n", k, k);
	sprintf(p, "b[i] = s;\n}\n");

	for (int i = 0; i < n + 64; i++)
		a[i] = rand() >> 12;
	kernel = cl_kernel_of(cl, text, "branches");
	cl_arg_ptr(kernel, 0, a);
	cl_arg_ptr(kernel, 1, b);
	cl_run(cl, kernel, 64, 0);
	for (int i = 0; i < 64; i++) {
		int s = 0;

		for (int k = 0; k < n; k++)
			s += a[k + i] & 1 ? a[k] : 0;
		CHECK(b[i] == s);
	}
	CL(clReleaseKernel(kernel));
}

/* A switch of many cases, some of which go on into the next, or else-ifs: each in the one before */
static void test_cases(struct cl *cl, bool is_switch)
{
	const int cases = 300;
	static int got[ITEMS];
	char *text = calloc(1, 1 << 17), *p = text;
	cl_int sum = 0, want_sum = 0;
	cl_kernel kernel;

	CHECK(text);
	p += sprintf(p, "kernel void cases(global int *out, global int *sum)\n{\n"
		     "	int i = get_global_id(0) * 7 %% %d, x = 0;\n", ITEMS);
	if (is_switch)
		p += sprintf(p, "	switch (i) {\n");
	for (int i = 0; i < cases; i++)
		p += is_switch ?
		     sprintf(p, "	case %d: x = x * 3 + %d; atomic_add(sum, %d);%s\n",
			     2 * i, i, i, i % 5 ? " break;" : "") :
		     sprintf(p, "	%sif (i == %d) { x = %d; atomic_add(sum, %d); }\n",
			     i ? "else " : "", 2 * i, i, i);
	sprintf(p, is_switch ? "	default: x = -i;\n	}\n	out[i] = x;\n}\n" :
		"	else\n		x = -i;\n	out[i] = x;\n}\n");

	kernel = cl_kernel_of(cl, text, "cases");
	memset(got, 0xa5, sizeof(got));
	cl_arg_ptr(kernel, 0, got);
	cl_arg_ptr(kernel, 1, &sum);
	cl_run(cl, kernel, ITEMS, 0);
	for (int i = 0; i < ITEMS; i++) {
		int at = i / 2, want = -i;

		if (i % 2 == 0 && at < cases) {
			want = at;
			want_sum += at;
			if (is_switch && at % 5 == 0) {
				want = at * 3 + at + 1;
				want_sum += at + 1;
			}
		}
		if (got[i] != want)
			FAIL("%s: %d gives %d and not %d", is_switch ? "switch" : "else if", i,
			     got[i], want);
	}
	CHECK(sum == want_sum);
	free(text);
	CL(clReleaseKernel(kernel));
}

int main(void)
{
	struct cl cl;

	srand(2);
	for (int i = 0; i < ITEMS; i++)
		in[i] = rand() - (i & 1 ? RAND_MAX / 2 : 0);

	cl_open(&cl);
	test_local(&cl);
	test_private(&cl);
	test_diverge(&cl);
	test_lanes(&cl);
	test_by_value(&cl);
	test_many(&cl);
	test_branches(&cl);
	test_cases(&cl, true);
	test_cases(&cl, false);
	cl_close(&cl);
	return cl_ok();
}
