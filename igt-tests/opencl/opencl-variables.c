// SPDX-License-Identifier: MIT
/*
 * opencl-variables: variables of programs. What they begin with, that kernels of a program share
 * them and programs do not, and pointers to them.
 */
#include "cl.h"

/* Of any type: T1 is that of a component */
static const char any[] =
	"T var;\n"
	"global T one = (T)(1);\n"
	"T two[2] = { (T)(2), (T)(3) };\n"
	"volatile global T *at = &two[1];\n"
	"T *also = &two[1];\n"
	"T none[3];\n"
	"global int *missing;\n"
	"\n"
	"kernel void first(global T1 *out)\n"
	"{\n"
	"	out[0] = AT(var) == 0 && AT(none[2]) == 0 && !missing;\n"
	"	out[1] = AT(one), out[2] = AT(two[0]), out[3] = AT(two[1]);\n"
	"	out[4] = at == &two[1] && also == two + 1;\n"
	"	T copy = *also;\n"
	"	out[5] = AT(copy);\n"
	"}\n"
	"\n"
	"kernel void set(uint which)\n"
	"{\n"
	"	*at = (T)(7);\n"
	"	var = (T)(5), one = (T)(6);\n"
	"	at = two + which, also = &none[2];\n"
	"}\n"
	"\n"
	/* It does not use all of them. */
	"kernel void get(global T1 *out)\n"
	"{\n"
	"	*at = (T)(9);\n"
	"	*also = (T)(4);\n"
	"	out[0] = AT(var), out[1] = AT(one), out[2] = AT(two[0]), out[3] = AT(two[1]);\n"
	"}\n"
	"\n"
	"kernel void last(global T1 *out)\n"
	"{\n"
	"	out[0] = AT(none[2]), out[1] = AT(none[1]);\n"
	"}\n";

static const struct {
	const char *type, *part, *at;
	size_t size;
} types[] = {
	{ "char", "char", "(v)", 1 }, { "uchar3", "uchar", "(v).z", 4 },
	{ "short", "short", "(v)", 2 }, { "ushort16", "ushort", "(v).sf", 32 },
	{ "int", "int", "(v)", 4 }, { "uint2", "uint", "(v).y", 8 },
	{ "int3", "int", "(v).z", 16 }, { "long", "long", "(v)", 8 },
	{ "ulong16", "ulong", "(v).s9", 128 }, { "float4", "float", "(v).w", 16 },
	{ "double8", "double", "(v).s7", 64 }, { "half2", "half", "(v).y", 4 },
	{ "size_t", "ulong", "(v)", 8 },
};

/* A value of one of the types, as a number */
static double value(const void *p, int i, const char *part)
{
	const unsigned char *b = p;

	if (!strcmp(part, "char") || !strcmp(part, "uchar"))
		return b[i];
	if (!strcmp(part, "half"))
		return ((const uint16_t *)p)[i] ? 1 << ((((const uint16_t *)p)[i] >> 10) - 15) : 0;
	if (strstr(part, "short"))
		return ((const uint16_t *)p)[i];
	if (strstr(part, "int"))
		return ((const uint32_t *)p)[i];
	if (strstr(part, "long"))
		return ((const uint64_t *)p)[i];
	return *part == 'f' ? ((const float *)p)[i] : ((const double *)p)[i];
}

static cl_kernel kernel_of(cl_program program, const char *name)
{
	cl_int ret;
	cl_kernel kernel = clCreateKernel(program, name, &ret);

	CL(ret);
	return kernel;
}

static size_t bytes(struct cl *cl, cl_program program)
{
	size_t size;

	CL(clGetProgramBuildInfo(program, cl->device, CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE,
				 sizeof(size), &size, NULL));
	return size;
}

static void run_with(struct cl *cl, cl_program program, const char *name, void *out)
{
	cl_kernel kernel = kernel_of(program, name);

	cl_arg_ptr(kernel, 0, out);
	cl_run(cl, kernel, 1, 0);
	CL(clReleaseKernel(kernel));
}

static void test_types(struct cl *cl)
{
	for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
		/* Halves are powers of two, or they would need more to be read. */
		const bool half = !strcmp(types[t].part, "half");
		const char *part = types[t].part;
		char source[4096], out[16 * 8];
		cl_program program;

		snprintf(source, sizeof(source), "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
			 "#define T %s\n#define T1 %s\n#define AT(v) %s\n%s", types[t].type, part,
			 types[t].at, any);
		CL(cl_build(cl, source, &program));
		CHECK(bytes(cl, program) >= 7 * types[t].size + 3 * sizeof(void *));

		run_with(cl, program, "first", out);
		for (int i = 0; i < 6; i++) {
			static const int expect[] = { 1, 1, 2, 3, 1, 3 };
			const int e = half && expect[i] == 3 ? 2 : expect[i];

			if (value(out, i, part) != e)
				FAIL("%s: %d begins as %g", types[t].type, i, value(out, i, part));
		}
		for (cl_uint which = 0; which < 2; which++) {
			static const int expect[][4] = { { 5, 6, 9, 7 }, { 5, 6, 7, 9 } };
			static const int powers[][4] = { { 4, 4, 8, 4 }, { 4, 4, 4, 8 } };
			cl_kernel set = kernel_of(program, "set");

			cl_arg(set, 0, which);
			cl_run(cl, set, 1, 0);
			run_with(cl, program, "get", out);
			for (int i = 0; i < 4; i++)
				CHECK(value(out, i, part) == (half ? powers : expect)[which][i]);
			run_with(cl, program, "last", out);
			CHECK(value(out, 0, part) == 4 && value(out, 1, part) == 0);
			CL(clReleaseKernel(set));
		}
		CL(clReleaseProgram(program));
	}
}

static const char others[] =
	"typedef struct { int a; float b; char c[3]; } pair;\n"
	"typedef struct __attribute((packed)) { char a; long b; } packed;\n"
	"pair p = { 5, 2.5f, { 1, 2, 3 } };\n"
	"packed q = { 7, 1234567890123 };\n"
	"global ulong grid[3][2] = { { 1, 2 }, { 3, 4 }, { 5, 6 } };\n"
	"global pair *to_pair = &p;\n"
	"global float *to_member = &p.b;\n"
	"char *to_char = &p.c[2];\n"
	"global ulong *to_grid = &grid[1][1];\n"
	"global ulong **to_pointer = &to_grid;\n"
	"bool yes = true;\n"
	"const global int fixed = 11;\n"
	"atomic_int counter = ATOMIC_VAR_INIT(100);\n"
	"\n"
	"int next(void)\n"
	"{\n"
	"	static global int n = 10;\n"
	"	return atomic_inc((volatile global int *)&n);\n"
	"}\n"
	"\n"
	"int take(int *any) { return *any; }\n"
	"\n"
	"kernel void check(global int *out, local int *l)\n"
	"{\n"
	"	int i = get_local_id(0), mine = 30 + i, n = next();\n"
	"	l[i] = 20 + i;\n"
	"	int *any = i % 3 == 0 ? &p.a : i % 3 == 1 ? (int *)(l + i) : &mine;\n"
	"	bool ok = n >= 10 && n < 10 + 64;\n"
	"	ok &= take(any) == (i % 3 == 0 ? 5 : i % 3 == 1 ? 20 + i : 30 + i);\n"
	"	ok &= to_global(&p) == to_pair && to_pair->a == 5 && *to_member == 2.5f;\n"
	"	ok &= *to_char == 3 && q.a == 7 && q.b == 1234567890123;\n"
	"	ok &= grid[0][0] == 1 && grid[2][1] == 6 && **to_pointer == 4;\n"
	"	ok &= yes && fixed == 11;\n"
	"	atomic_fetch_add(&counter, 1);\n"
	"	out[i] = ok;\n"
	"}\n"
	"\n"
	"kernel void count(global int *out)\n"
	"{\n"
	"	*out = atomic_load(&counter);\n"
	"}\n";

static void check(struct cl *cl, cl_program program)
{
	cl_kernel kernel = kernel_of(program, "check");
	int out[64] = { 0 };

	cl_arg_ptr(kernel, 0, out);
	CL(clSetKernelArg(kernel, 1, sizeof(out), NULL));
	cl_run(cl, kernel, 64, 64);
	for (int i = 0; i < 64; i++)
		CHECK(out[i] == 1);
	CL(clReleaseKernel(kernel));
}

/* Another build has variables of its own, from a binary too. */
static void test_programs(struct cl *cl)
{
	cl_program a, b, c;
	unsigned char *binary;
	size_t size;
	cl_int ret;
	int n;

	CL(cl_build(cl, others, &a));
	CL(cl_build(cl, others, &b));
	check(cl, a);
	run_with(cl, a, "count", &n);
	CHECK(n == 164);
	run_with(cl, b, "count", &n);
	CHECK(n == 100);
	check(cl, b);
	run_with(cl, b, "count", &n);
	CHECK(n == 164);

	CL(clGetProgramInfo(a, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL));
	binary = malloc(size);
	CHECK(binary);
	CL(clGetProgramInfo(a, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL));
	c = clCreateProgramWithBinary(cl->context, 1, &cl->device, &size,
				      (const unsigned char **)&binary, NULL, &ret);
	CL(ret);
	CL(clBuildProgram(c, 1, &cl->device, NULL, NULL, NULL));
	CHECK(bytes(cl, c) == bytes(cl, a));
	check(cl, c);
	run_with(cl, c, "count", &n);
	CHECK(n == 164);

	CL(clBuildProgram(a, 1, &cl->device, "-cl-std=CL3.0", NULL, NULL));
	run_with(cl, a, "count", &n);
	CHECK(n == 100);
	free(binary);
	CL(clReleaseProgram(a));
	CL(clReleaseProgram(b));
	CL(clReleaseProgram(c));
}

/* A variable that another program has */
static void test_linked(struct cl *cl)
{
	static const char * const parts[] = {
		"typedef struct { uchar c; uint i; } pair;\n"
		"pair var = { 'a', 42 };\n"
		"kernel void set(global uint *v) { var.i = *v; }\n",
		"typedef struct { uchar c; uint i; } pair;\n"
		"extern pair var;\n"
		"extern uint same(uint *any);\n"
		"kernel void get(global uint *v) { v[0] = var.c; v[1] = same(&var.i); }\n",
		/* It has none. */
		"uint same(uint *any) { return *any; }\n",
	};
	cl_program program[3], linked;
	cl_uint v[2];
	cl_int ret;

	for (int i = 0; i < 3; i++) {
		program[i] = clCreateProgramWithSource(cl->context, 1, (const char **)&parts[i],
						       NULL, &ret);
		CL(ret);
		CL(clCompileProgram(program[i], 1, &cl->device, "-cl-std=CL3.0", 0, NULL, NULL,
				    NULL, NULL));
	}
	linked = clLinkProgram(cl->context, 1, &cl->device, NULL, 3, program, NULL, NULL, &ret);
	CL(ret);
	CHECK(bytes(cl, linked) >= 8);
	run_with(cl, linked, "get", v);
	CHECK(v[0] == 'a' && v[1] == 42);
	v[0] = 77;
	run_with(cl, linked, "set", v);
	run_with(cl, linked, "get", v);
	CHECK(v[0] == 'a' && v[1] == 77);
	for (int i = 0; i < 3; i++)
		CL(clReleaseProgram(program[i]));
	CL(clReleaseProgram(linked));
}

/* The largest there may be */
static void test_large(struct cl *cl)
{
	size_t most;
	char source[512];
	unsigned char *out;
	cl_program program;
	cl_kernel set, get;

	CL(clGetDeviceInfo(cl->device, CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE, sizeof(most), &most,
			   NULL));
	CHECK(most >= 64 * 1024);
	snprintf(source, sizeof(source), "uchar var[%zu];\n"
		 "kernel void set(void) { var[get_global_id(0)] = get_global_id(0) * 7; }\n"
		 "kernel void get(global uchar *out)\n"
		 "{\n"
		 "	out[get_global_id(0)] = var[get_global_size(0) - 1 - get_global_id(0)];\n"
		 "}\n", most);
	CL(cl_build(cl, source, &program));
	CHECK(bytes(cl, program) >= most);
	out = malloc(most);
	CHECK(out);
	set = kernel_of(program, "set");
	get = kernel_of(program, "get");
	cl_launch(cl, set, most, 0);
	cl_arg_ptr(get, 0, out);
	cl_run(cl, get, most, 0);
	for (size_t i = 0; i < most; i++)
		CHECK(out[i] == (unsigned char)((most - 1 - i) * 7));
	free(out);
	CL(clReleaseKernel(set));
	CL(clReleaseKernel(get));
	CL(clReleaseProgram(program));
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_types(&cl);
	test_programs(&cl);
	test_linked(&cl);
	test_large(&cl);
	cl_close(&cl);
	return cl_ok();
}
