// SPDX-License-Identifier: MIT
/*
 * opencl-generic: pointers of no address space, to memory of each: what built-in functions do with
 * them, what they are, and what becomes of them when they are cast, compared and kept.
 */
#include "cl.h"

#define N 64

/* Which memory a kernel's pointer is to be of, by the work item: its own, the workgroup's, all's */
static const char prelude[] =
	"#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
	"#define PLACE(type, name)						\\\n"
	"	type own_##name;						\\\n"
	"	local type group_##name[64];					\\\n"
	"	type *name = i % 3 == 0 ? &own_##name :				\\\n"
	"		i % 3 == 1 ? (type *)&group_##name[i] :			\\\n"
	"		(type *)((global type *)(memory + 64 * i));\n"
	"#define NEAR(a, b) (fabs((T1)(a) - (T1)(b)) <= (T1)LIMIT)\n";

/* Functions that give a second result through a pointer */
static const char second[] =
	"kernel void second(global int *bad, global char *memory)\n"
	"{\n"
	"	int i = get_local_id(0);\n"
	"	PLACE(T, t);\n"
	"	PLACE(I, n);\n"
	"	T x = (T)(i / 3 + (T1)0.25), r;\n"
	"	T1 first = (T1)(i / 3) + (T1)0.25;\n"
	"	int step;\n"
	"	r = fract(x, t);\n"
	"	step = AT(r) == (T1)0.25 && AT(*t) == (T1)(i / 3) ? 0 : 1;\n"
	"	r = modf(-x, t);\n"
	"	step = step ? step : AT(r) == (T1)-0.25 && AT(*t) == (T1)-(i / 3) ? 0 : 2;\n"
	"	r = frexp(x, n);\n"
	"	step = step ? step : ldexp(AT(r), AT(*n)) == first &&\n"
	"		AT(*n) == ilogb(first) + 1 ? 0 : 3;\n"
	"	r = sincos(x, t);\n"
	"	step = step ? step : NEAR(AT(r), sin(first)) && NEAR(AT(*t), cos(first)) ? 0 : 4;\n"
	"	r = remquo(x, (T)2, n);\n"
	"	step = step ? step : AT(r) == remainder(first, (T1)2) &&\n"
	"		(AT(*n) & 7) == ((int)rint(first / 2) & 7) ? 0 : 5;\n"
	"	r = lgamma_r(x + (T)1, n);\n"
	"	step = step ? step : NEAR(AT(r), lgamma(first + 1)) && AT(*n) == 1 ? 0 : 6;\n"
	"	bad[i] = step;\n"
	"}\n";

static const struct {
	const char *vector, *scalar, *ints, *element, *limit;
} types[] = {
	{ "float", "float", "int", "(v)", "1e-4f" },
	{ "float4", "float", "int4", "(v).w", "1e-4f" },
	{ "float16", "float", "int16", "(v).s7", "1e-4f" },
	{ "double", "double", "int", "(v)", "1e-10" },
	{ "double3", "double", "int3", "(v).z", "1e-10" },
	{ "half", "half", "int", "(v)", "0.05h" },
	{ "half2", "half", "int2", "(v).y", "0.05h" },
};

/* Vectors from and to memory of any kind */
static const char vectors[] =
	"kernel void vectors(global int *bad, global char *memory)\n"
	"{\n"
	"	int i = get_local_id(0), step = 0;\n"
	"	uint own[32];\n"
	"	local uint group[32 * 64];\n"
	"	half own_half[32];\n"
	"	uint *p = i % 3 == 0 ? own : i % 3 == 1 ? (uint *)(group + 32 * i) :\n"
	"		(uint *)(global uint *)(memory + 256 * i);\n"
	"	half *h = i % 3 == 0 ? own_half : i % 3 == 1 ? (half *)(group + 32 * i) :\n"
	"		(half *)(global half *)(memory + 256 * i);\n"
	"	for (int k = 0; k < 32; k++)\n"
	"		p[k] = k + i;\n"
	"	uint16 a = vload16(1, p);\n"
	"	step = all(a == (uint16)(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,\n"
	"			       30, 31) + (uint)i) ? 0 : 1;\n"
	"	uint3 b = vload3(2, p);\n"
	"	step = step ? step : all(b == (uint3)(6, 7, 8) + (uint)i) ? 0 : 2;\n"
	"	vstore16(a, 0, p);\n"
	"	vstore4(a.s0123 * 2u, 1, p);\n"
	"	vstore3(b, 3, p);\n"
	"	step = step ? step : p[3] == 19 + i && p[4] == 2 * (16 + i) && p[8] == 24 + i &&\n"
	"		p[9] == 6 + i && p[11] == 8 + i && p[12] == 28 + i ? 0 : 3;\n"
	"	vstore_half4((float4)(1, 2, 3, i), 1, h);\n"
	"	step = step ? step : vload_half(7, h) == i && vload_half4(1, h).y == 2 ? 0 : 4;\n"
	"	vstorea_half3((float3)(5, 6, 7), 1, h);\n"
	"	step = step ? step : all(vloada_half3(1, h) == (float3)(5, 6, 7)) &&\n"
	"		vload_half(7, h) == i ? 0 : 5;\n"
	"	vstore_half_rtz(1.0009f, 0, h);\n"
	"	vstore_half_rtp(1.0001f, 1, h);\n"
	"	vstore_half_rtn((double)-1.0001, 2, h);\n"
	"	step = step ? step : as_ushort(h[0]) == 0x3c00 && as_ushort(h[1]) == 0x3c01 &&\n"
	"		as_ushort(h[2]) == 0xbc01 ? 0 : 6;\n"
	"	bad[i] = step;\n"
	"}\n";

/* What a pointer is, and stays */
static const char kinds[] =
	"struct pair { int *p; float *f; };\n"
	"union any { int *p; float *f; ulong bits; };\n"
	"\n"
	"kernel void kinds(global int *bad, global char *memory)\n"
	"{\n"
	"	int i = get_local_id(0), step = 0;\n"
	"	PLACE(int, p);\n"
	"	*p = 3 * i;\n"
	"	uint fence = get_fence(p);\n"
	"	step = fence == (i % 3 == 0 ? 0 : i % 3 == 1 ? CLK_LOCAL_MEM_FENCE :\n"
	"		CLK_GLOBAL_MEM_FENCE) ? 0 : 1;\n"
	"	step = step ? step : (to_private(p) != 0) == (i % 3 == 0) &&\n"
	"		(to_local(p) != 0) == (i % 3 == 1) && (to_global(p) != 0) == (i % 3 == 2) ?\n"
	"		0 : 2;\n"
	"	struct pair pair = { p, (float *)p };\n"
	"	union any any = { .f = pair.f };\n"
	"	int **pp = &pair.p;\n"
	"	step = step ? step : any.p == p && **pp == 3 * i && *any.p == 3 * i ? 0 : 3;\n"
	"	if (i % 3 == 1) {\n"
	"		local int *l = to_local(any.p);\n"
	"		step = step ? step : l == group_p + i && l < group_p + 64 &&\n"
	"			group_p + 64 - l == 64 - i ? 0 : 4;\n"
	"	} else if (i % 3 == 2) {\n"
	"		step = step ? step : (global char *)p == memory + 64 * i &&\n"
	"			any.bits == (ulong)(memory + 64 * i) ? 0 : 5;\n"
	"	}\n"
	"	private int *no_private = 0;\n"
	"	local int *no_local = 0;\n"
	"	global int *no_global = 0;\n"
	"	int *none = i & 1 ? (int *)no_local : (int *)no_private;\n"
	"	step = step ? step : !none && (int *)no_global == none && p != none ? 0 : 6;\n"
	"	bad[i] = step;\n"
	"}\n";

/* A store, an atomic, a store to the same place: the atomic finds what was stored first. */
static const char atomics[] =
	"int swap(volatile atomic_int *p)\n"
	"{\n"
	"	int was = atomic_exchange_explicit(p, 5, memory_order_relaxed,\n"
	"					   memory_scope_work_group);\n"
	"	atomic_store_explicit(p, 9, memory_order_relaxed, memory_scope_work_group);\n"
	"	return was;\n"
	"}\n"
	"\n"
	"bool set(volatile atomic_flag *p)\n"
	"{\n"
	"	bool was = atomic_flag_test_and_set(p);\n"
	"	atomic_flag_clear(p);\n"
	"	return was;\n"
	"}\n"
	"\n"
	"kernel void atomics(global int *bad, global char *memory)\n"
	"{\n"
	"	int i = get_local_id(0), step = 0;\n"
	"	local int group[64];\n"
	"	global int *all = (global int *)(memory + 64 * i);\n"
	"	group[i] = 7;\n"
	"	*all = 7;\n"
	"	group[i] = i;\n"
	"	*all = i + 1;\n"
	"	step = swap((local atomic_int *)(group + i)) == i ? 0 : 1;\n"
	"	step = step ? step : swap((global atomic_int *)all) == i + 1 ? 0 : 2;\n"
	"	step = step ? step : group[i] == 9 && *all == 9 ? 0 : 3;\n"
	"	group[i] = 0;\n"
	"	*all = 0;\n"
	"	step = step ? step : !set((local atomic_flag *)(group + i)) ? 0 : 4;\n"
	"	step = step ? step : !set((global atomic_flag *)all) ? 0 : 5;\n"
	"	bad[i] = step;\n"
	"}\n";

/* The kernel says at which of its steps a work item has something else than it should. */
static void run(struct cl *cl, const char *head, const char *body, const char *name)
{
	static cl_ulong16 memory[2 * N];
	static char source[16384];
	cl_kernel kernel;
	int bad[N];

	snprintf(source, sizeof(source), "%s%s%s", head, prelude, body);
	kernel = cl_kernel_of(cl, source, name);
	memset(bad, 0xff, sizeof(bad));
	cl_arg_ptr(kernel, 0, bad);
	cl_arg_ptr(kernel, 1, memory);
	cl_run(cl, kernel, N, N);
	for (int i = 0; i < N; i++) {
		if (bad[i])
			FAIL("%s%s: item %d: step %d", head, name, i, bad[i]);
	}
	CL(clReleaseKernel(kernel));
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char head[256];

		snprintf(head, sizeof(head),
			 "#define T %s\n#define T1 %s\n#define I %s\n#define AT(v) %s\n"
			 "#define LIMIT %s\n", types[i].vector, types[i].scalar, types[i].ints,
			 types[i].element, types[i].limit);
		run(&cl, head, second, "second");
	}
	run(&cl, "", vectors, "vectors");
	run(&cl, "", kinds, "kinds");
	run(&cl, "", atomics, "atomics");
	cl_close(&cl);
	return cl_ok();
}
