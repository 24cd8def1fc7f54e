/* SPDX-License-Identifier: MIT */
/*
 * What an OpenCL program needs before it does anything: a device that knows every pointer of the
 * process, a context, a queue, a kernel from its source. Whatever fails ends the program.
 */
#ifndef EXAMPLES_OPENCL_CL_H
#define EXAMPLES_OPENCL_CL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CL/cl.h>

/* The last part of the program's name, for what it prints */
#define FAIL(...) do {							\
	fprintf(stderr, "%s: ", program_invocation_short_name);		\
	fprintf(stderr, __VA_ARGS__);					\
	fputc('\n', stderr);						\
	exit(1);							\
} while (0)

#define CHECK(cond) do {						\
	if (!(cond))							\
		FAIL("line %d: not so: %s", __LINE__, #cond);		\
} while (0)

/* A call that returns CL_SUCCESS */
#define CL(call) do {							\
	const cl_int ret_ = (call);					\
									\
	if (ret_ != CL_SUCCESS)						\
		FAIL("line %d: %s: error %d", __LINE__, #call, ret_);	\
} while (0)

extern char *program_invocation_short_name;

struct cl {
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
};

/* The first GPU on which kernels may use any pointer */
static inline cl_device_id cl_find_device(void)
{
	cl_platform_id platforms[8];
	cl_uint num_platforms = 0;

	CL(clGetPlatformIDs(8, platforms, &num_platforms));
	for (cl_uint p = 0; p < num_platforms; p++) {
		cl_device_id devices[8];
		cl_uint num_devices = 0;

		if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_GPU, 8, devices, &num_devices))
			continue;
		for (cl_uint d = 0; d < num_devices; d++) {
			cl_device_svm_capabilities caps = 0;

			CL(clGetDeviceInfo(devices[d], CL_DEVICE_SVM_CAPABILITIES, sizeof(caps),
					   &caps, NULL));
			if (caps & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM)
				return devices[d];
		}
	}
	FAIL("no GPU with fine-grained system SVM");
}

static inline void cl_open(struct cl *cl)
{
	static const cl_queue_properties props[] = {
		CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0,
	};
	cl_int ret;

	cl->device = cl_find_device();
	cl->context = clCreateContext(NULL, 1, &cl->device, NULL, NULL, &ret);
	CL(ret);
	cl->queue = clCreateCommandQueueWithProperties(cl->context, cl->device, props, &ret);
	CL(ret);
}

static inline void cl_close(struct cl *cl)
{
	CL(clReleaseCommandQueue(cl->queue));
	CL(clReleaseContext(cl->context));
}

/* Builds a program. Returns its error, with the log on stderr if it was not expected. */
static inline cl_int cl_build(struct cl *cl, const char *source, cl_program *program)
{
	char log[8192] = "";
	cl_int ret;

	*program = clCreateProgramWithSource(cl->context, 1, &source, NULL, &ret);
	CL(ret);
	ret = clBuildProgram(*program, 1, &cl->device, "-cl-std=CL3.0", NULL, NULL);
	if (ret) {
		clGetProgramBuildInfo(*program, cl->device, CL_PROGRAM_BUILD_LOG, sizeof(log) - 1,
				      log, NULL);
		fprintf(stderr, "%s\n", log);
	}
	return ret;
}

static inline cl_kernel cl_kernel_of(struct cl *cl, const char *source, const char *name)
{
	cl_program program;
	cl_kernel kernel;
	cl_int ret;

	CL(cl_build(cl, source, &program));
	kernel = clCreateKernel(program, name, &ret);
	CL(ret);
	CL(clReleaseProgram(program));
	return kernel;
}

/* A pointer of the program as an argument of a kernel: nothing is made known before. */
static inline void cl_arg_ptr(cl_kernel kernel, cl_uint index, const void *ptr)
{
	CL(clSetKernelArgSVMPointer(kernel, index, ptr));
}

#define cl_arg(kernel, index, value)					\
	CL(clSetKernelArg(kernel, index, sizeof(value), &(value)))

static inline void cl_launch(struct cl *cl, cl_kernel kernel, size_t global, size_t local)
{
	CL(clEnqueueNDRangeKernel(cl->queue, kernel, 1, NULL, &global, local ? &local : NULL, 0,
				  NULL, NULL));
}

/* Launches, and waits until it is done. */
static inline void cl_run(struct cl *cl, cl_kernel kernel, size_t global, size_t local)
{
	cl_event event;

	CL(clEnqueueNDRangeKernel(cl->queue, kernel, 1, NULL, &global, local ? &local : NULL, 0,
				  NULL, &event));
	/* Unlike clFinish(), it says whether the kernel came to its end. */
	CL(clWaitForEvents(1, &event));
	CL(clReleaseEvent(event));
}

static inline int cl_ok(void)
{
	printf("%s: ok\n", program_invocation_short_name);
	return 0;
}

#endif /* EXAMPLES_OPENCL_CL_H */
