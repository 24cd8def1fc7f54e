// SPDX-License-Identifier: MIT
/*
 * opencl-il: programs that come as SPIR-V, built word by word: each work item stores its number,
 * which is in a variable of the storage class that the standard wants, or of the one that LLVM's
 * translator used before; and a constant that is the bits of others.
 */
#include <stdarg.h>

#include "cl.h"

#define ITEMS 1000

/* Of SPIR-V, what is used here */
enum op {
	OP_MEMORY_MODEL = 14, OP_ENTRY_POINT = 15, OP_CAPABILITY = 17, OP_TYPE_VOID = 19,
	OP_TYPE_INT = 21, OP_TYPE_VECTOR = 23, OP_TYPE_POINTER = 32, OP_TYPE_FUNCTION = 33,
	OP_CONSTANT = 43, OP_CONSTANT_COMPOSITE = 44, OP_SPEC_CONSTANT_OP = 52,
	OP_FUNCTION = 54, OP_FUNCTION_PARAMETER = 55, OP_FUNCTION_END = 56, OP_VARIABLE = 59,
	OP_LOAD = 61, OP_STORE = 62, OP_PTR_ACCESS_CHAIN = 67, OP_DECORATE = 71,
	OP_COMPOSITE_EXTRACT = 81, OP_BITCAST = 124, OP_IADD = 128, OP_LABEL = 248, OP_RETURN = 253,
};

enum {
	MAGIC = 0x07230203, VERSION = 0x10000,
	CAPABILITY_ADDRESSES = 4, CAPABILITY_KERNEL = 6, CAPABILITY_INT64 = 11,
	PHYSICAL_64 = 2, MEMORY_OPENCL = 2, MODEL_KERNEL = 6, ALIGNED = 2,
	BUILTIN = 11, GLOBAL_INVOCATION_ID = 28,
	UNIFORM_CONSTANT = 0, INPUT = 1, CROSS_WORKGROUP = 5,
	FIRST_VALUE = 0x89abcdef, SECOND_VALUE = 0x01234567,
};

enum id {
	MAIN = 1, ID, VOID, ULONG, VECTOR, POINTER_IN, POINTER_OUT, FUNCTION, OUT, LABEL, VALUE, X,
	ADDRESS, UINT, UINT2, FIRST, SECOND, PAIR, LONG_PAIR, PAIR_AGAIN, BOTH, SUM, BOUND,
};

struct module {
	uint32_t words[256];
	size_t count;
};

/* An instruction of @count words with its first */
static void put(struct module *m, enum op which, unsigned int count, ...)
{
	va_list args;

	m->words[m->count++] = count << 16 | which;
	va_start(args, count);
	while (--count)
		m->words[m->count++] = va_arg(args, uint32_t);
	va_end(args);
}

static void make(struct module *m, uint32_t storage)
{
	static const uint32_t head[] = { MAGIC, VERSION, 0, BOUND, 0 };
	uint32_t name;

	memcpy(&name, "ids", 4);
	memcpy(m->words, head, sizeof(head));
	m->count = 5;
	put(m, OP_CAPABILITY, 2, CAPABILITY_ADDRESSES);
	put(m, OP_CAPABILITY, 2, CAPABILITY_KERNEL);
	put(m, OP_CAPABILITY, 2, CAPABILITY_INT64);
	put(m, OP_MEMORY_MODEL, 3, PHYSICAL_64, MEMORY_OPENCL);
	/* Its interface are its inputs. */
	put(m, OP_ENTRY_POINT, storage == INPUT ? 5 : 4, MODEL_KERNEL, MAIN, name, ID);
	put(m, OP_DECORATE, 4, ID, BUILTIN, GLOBAL_INVOCATION_ID);
	put(m, OP_TYPE_VOID, 2, VOID);
	put(m, OP_TYPE_INT, 4, ULONG, 64, 0);
	put(m, OP_TYPE_VECTOR, 4, VECTOR, ULONG, 3);
	put(m, OP_TYPE_INT, 4, UINT, 32, 0);
	put(m, OP_TYPE_VECTOR, 4, UINT2, UINT, 2);
	put(m, OP_CONSTANT, 4, UINT, FIRST, FIRST_VALUE);
	put(m, OP_CONSTANT, 4, UINT, SECOND, SECOND_VALUE);
	put(m, OP_CONSTANT_COMPOSITE, 5, UINT2, PAIR, FIRST, SECOND);
	/* From more components to fewer, back, and once more */
	put(m, OP_SPEC_CONSTANT_OP, 5, ULONG, LONG_PAIR, OP_BITCAST, PAIR);
	put(m, OP_SPEC_CONSTANT_OP, 5, UINT2, PAIR_AGAIN, OP_BITCAST, LONG_PAIR);
	put(m, OP_SPEC_CONSTANT_OP, 5, ULONG, BOTH, OP_BITCAST, PAIR_AGAIN);
	put(m, OP_TYPE_POINTER, 4, POINTER_IN, storage, VECTOR);
	put(m, OP_TYPE_POINTER, 4, POINTER_OUT, CROSS_WORKGROUP, ULONG);
	put(m, OP_TYPE_FUNCTION, 4, FUNCTION, VOID, POINTER_OUT);
	put(m, OP_VARIABLE, 4, POINTER_IN, ID, storage);
	put(m, OP_FUNCTION, 5, VOID, MAIN, 0, FUNCTION);
	put(m, OP_FUNCTION_PARAMETER, 3, POINTER_OUT, OUT);
	put(m, OP_LABEL, 2, LABEL);
	put(m, OP_LOAD, 6, VECTOR, VALUE, ID, ALIGNED, 32);
	put(m, OP_COMPOSITE_EXTRACT, 5, ULONG, X, VALUE, 0);
	put(m, OP_PTR_ACCESS_CHAIN, 5, POINTER_OUT, ADDRESS, OUT, X);
	put(m, OP_IADD, 5, ULONG, SUM, X, BOTH);
	put(m, OP_STORE, 5, ADDRESS, SUM, ALIGNED, 8);
	put(m, OP_RETURN, 1);
	put(m, OP_FUNCTION_END, 1);
	CHECK(m->count <= sizeof(m->words) / sizeof(*m->words));
}

static void test_runs(struct cl *cl, uint32_t storage)
{
	uint64_t *out = calloc(ITEMS, sizeof(*out));
	struct module m;
	uint32_t copy[256];
	cl_program program;
	cl_kernel kernel;
	size_t size;
	cl_int ret;

	make(&m, storage);
	program = clCreateProgramWithIL(cl->context, m.words, 4 * m.count, &ret);
	CL(ret);
	CL(clGetProgramInfo(program, CL_PROGRAM_IL, sizeof(copy), copy, &size));
	CHECK(size == 4 * m.count && !memcmp(copy, m.words, size));
	ret = clBuildProgram(program, 1, &cl->device, "", NULL, NULL);
	if (ret) {
		char log[4096] = "";

		clGetProgramBuildInfo(program, cl->device, CL_PROGRAM_BUILD_LOG, sizeof(log) - 1,
				      log, NULL);
		FAIL("storage class %u: error %d: %s", storage, ret, log);
	}
	clCreateKernel(program, "id", &ret);
	CHECK(ret == CL_INVALID_KERNEL_NAME);
	kernel = clCreateKernel(program, "ids", &ret);
	CL(ret);
	cl_arg_ptr(kernel, 0, out);
	cl_launch(cl, kernel, ITEMS, 0);
	CL(clFinish(cl->queue));
	for (size_t i = 0; i < ITEMS; i++)
		CHECK(out[i] == i + ((uint64_t)SECOND_VALUE << 32 | FIRST_VALUE));
	CL(clReleaseKernel(kernel));
	CL(clReleaseProgram(program));
	free(out);
}

/* What is not SPIR-V, or breaks its rules */
static void test_bad(struct cl *cl)
{
	struct module m;
	cl_program program;
	cl_int ret;

	make(&m, INPUT);
	clCreateProgramWithIL(cl->context, NULL, 4 * m.count, &ret);
	CHECK(ret == CL_INVALID_VALUE);
	clCreateProgramWithIL(cl->context, m.words, 0, &ret);
	CHECK(ret == CL_INVALID_VALUE);

	/* The function has no end. */
	program = clCreateProgramWithIL(cl->context, m.words, 4 * (m.count - 1), &ret);
	if (!ret) {
		CHECK(clBuildProgram(program, 1, &cl->device, "", NULL, NULL) ==
		      CL_BUILD_PROGRAM_FAILURE);
		CL(clReleaseProgram(program));
	} else {
		CHECK(ret == CL_INVALID_VALUE);
	}
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_runs(&cl, INPUT);
	test_runs(&cl, UNIFORM_CONSTANT);
	test_bad(&cl);
	cl_close(&cl);
	return cl_ok();
}
