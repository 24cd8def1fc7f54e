// SPDX-License-Identifier: MIT
/*
 * opencl-vadd: c = a + b on memory of malloc(), of the stack and of a mapping, by their pointers.
 */
#include <sys/mman.h>

#include "cl.h"

static const char source[] =
	"kernel void vadd(global const float *a, global const float *b, global float *c, int n)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		c[i] = a[i] + b[i];\n"
	"}\n";

static void vadd(struct cl *cl, cl_kernel kernel, const float *a, const float *b, float *c, int n)
{
	cl_arg_ptr(kernel, 0, a);
	cl_arg_ptr(kernel, 1, b);
	cl_arg_ptr(kernel, 2, c);
	cl_arg(kernel, 3, n);
	cl_run(cl, kernel, (n + 63) / 64 * 64, 64);
	for (int i = 0; i < n; i++) {
		if (c[i] != a[i] + b[i])
			FAIL("c[%d] is %g, not %g", i, c[i], a[i] + b[i]);
	}
}

int main(void)
{
	enum { n = 100003, few = 37 };
	float on_stack[few] = { 0 };
	float *a, *b, *c;
	cl_kernel kernel;
	struct cl cl;

	cl_open(&cl);
	kernel = cl_kernel_of(&cl, source, "vadd");

	a = malloc(n * sizeof(*a));
	b = malloc(n * sizeof(*b));
	c = malloc(n * sizeof(*c));
	CHECK(a && b && c);
	for (int i = 0; i < n; i++) {
		a[i] = i * 0.5f;
		b[i] = 1.0f / (i + 1);
	}
	vadd(&cl, kernel, a, b, c, n);

	/* Addresses of no alignment but their own, and one the GPU has to write on the stack */
	vadd(&cl, kernel, a + 1, b + 3, on_stack, few);

	/* The memory behind a pointer becomes another one. */
	free(c);
	c = mmap(NULL, n * sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(c != MAP_FAILED);
	vadd(&cl, kernel, b, a, c, n);
	CHECK(mmap(c, n * sizeof(*c), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == c);
	CHECK(c[n - 1] == 0);
	vadd(&cl, kernel, a, a, c, n);

	CHECK(!munmap(c, n * sizeof(*c)));
	free(a);
	free(b);
	CL(clReleaseKernel(kernel));
	cl_close(&cl);
	return cl_ok();
}
