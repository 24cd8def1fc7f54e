// SPDX-License-Identifier: MIT
/*
 * opencl-fault: a kernel that dereferences NULL ends with CL_OUT_OF_RESOURCES, and takes nothing
 * else along: not the process, not other queues, not the next context.
 */
#include "cl.h"

static const char source[] =
	"kernel void store(global int *p, int value)\n"
	"{\n"
	"	p[get_global_id(0)] = value;\n"
	"}\n";

static void store(struct cl *cl, cl_kernel kernel, int *p, int value)
{
	cl_arg_ptr(kernel, 0, p);
	cl_arg(kernel, 1, value);
	cl_run(cl, kernel, 64, 0);
	for (int i = 0; i < 64; i++)
		CHECK(p[i] == value);
}

int main(void)
{
	int *p = calloc(64, sizeof(*p));
	const size_t global = 64;
	cl_event first, second;
	struct cl cl, other;
	cl_kernel kernel;
	cl_int status, ret;
	int value = 3;

	CHECK(p);
	cl_open(&cl);
	cl_open(&other);
	kernel = cl_kernel_of(&cl, source, "store");
	store(&cl, kernel, p, 1);

	/* The second is behind the first, and fails with it. */
	cl_arg_ptr(kernel, 0, NULL);
	cl_arg(kernel, 1, value);
	CL(clEnqueueNDRangeKernel(cl.queue, kernel, 1, NULL, &global, NULL, 0, NULL, &first));
	cl_arg_ptr(kernel, 0, p);
	CL(clEnqueueNDRangeKernel(cl.queue, kernel, 1, NULL, &global, NULL, 0, NULL, &second));
	ret = clFinish(cl.queue);
	CL(clGetEventInfo(first, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	if (status != CL_OUT_OF_RESOURCES)
		FAIL("the status is %d, not CL_OUT_OF_RESOURCES; clFinish: %d", status, ret);
	CL(clGetEventInfo(second, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status,
			  NULL));
	CHECK(status < 0);
	CL(clReleaseEvent(first));
	CL(clReleaseEvent(second));
	CL(clReleaseKernel(kernel));

	/* A context that was there */
	kernel = cl_kernel_of(&other, source, "store");
	store(&other, kernel, p, 4);
	CL(clReleaseKernel(kernel));
	cl_close(&other);

	/* and one that comes after it */
	clReleaseCommandQueue(cl.queue);
	CL(clReleaseContext(cl.context));
	cl_open(&cl);
	kernel = cl_kernel_of(&cl, source, "store");
	store(&cl, kernel, p, 5);
	CL(clReleaseKernel(kernel));
	cl_close(&cl);
	return cl_ok();
}
