// SPDX-License-Identifier: MIT
/*
 * opencl-api: buffers beside raw pointers, and the order of what is queued: kernels, copies, fills
 * and frees of either device follow each other as they were enqueued. Times, printf, limits of
 * workgroups, a program that does not build.
 */
#include <unistd.h>

#include "cl.h"

static const char source[] =
	"kernel void add(global int *p, int v)\n"
	"{\n"
	"	p[get_global_id(0)] += v;\n"
	"}\n"
	"\n"
	"kernel void slow(global int *p, int v, int rounds)\n"
	"{\n"
	"	int x = p[get_global_id(0)];\n"
	"	for (int i = 0; i < rounds; i++)\n"
	"		x = x * 1664525 + 1013904223;\n"
	"	p[get_global_id(0)] = x ? v : v + 1;\n"
	"}\n"
	"\n"
	"kernel void say(int v)\n"
	"{\n"
	"	printf(\"item %d says %d %s\\n\", (int)get_global_id(0), v, \"twice\");\n"
	"}\n";

#define N 4096

static void test_buffers(struct cl *cl)
{
	cl_kernel add = cl_kernel_of(cl, source, "add");
	const int one = 1, pattern = 7;
	int *host = malloc(N * sizeof(int)), *p;
	cl_mem a, b, user;
	cl_int ret;

	CHECK(host);
	for (int i = 0; i < N; i++)
		host[i] = i;
	a = clCreateBuffer(cl->context, CL_MEM_COPY_HOST_PTR, N * sizeof(int), host, &ret);
	CL(ret);
	b = clCreateBuffer(cl->context, 0, N * sizeof(int), NULL, &ret);
	CL(ret);
	user = clCreateBuffer(cl->context, CL_MEM_USE_HOST_PTR, N * sizeof(int), host, &ret);
	CL(ret);

	/* a += 1; b = a; b += 1; its middle = 7; read */
	cl_arg(add, 0, a);
	cl_arg(add, 1, one);
	cl_launch(cl, add, N, 0);
	CL(clEnqueueCopyBuffer(cl->queue, a, b, 0, 0, N * sizeof(int), 0, NULL, NULL));
	cl_arg(add, 0, b);
	cl_launch(cl, add, N, 0);
	CL(clEnqueueFillBuffer(cl->queue, b, &pattern, sizeof(pattern), 1024 * sizeof(int),
			       512 * sizeof(int), 0, NULL, NULL));
	p = clEnqueueMapBuffer(cl->queue, b, CL_TRUE, CL_MAP_READ, 0, N * sizeof(int), 0, NULL,
			       NULL, &ret);
	CL(ret);
	for (int i = 0; i < N; i++)
		CHECK(p[i] == (i >= 1024 && i < 1536 ? 7 : i + 2));
	CL(clEnqueueUnmapMemObject(cl->queue, b, p, 0, NULL, NULL));

	/* The memory of the program, by its pointer and as a buffer */
	cl_arg(add, 0, user);
	cl_launch(cl, add, N, 0);
	cl_arg_ptr(add, 0, host);
	cl_run(cl, add, N, 0);
	for (int i = 0; i < N; i++)
		CHECK(host[i] == i + 2);

	CL(clReleaseMemObject(a));
	CL(clReleaseMemObject(b));
	CL(clReleaseMemObject(user));
	CL(clReleaseKernel(add));
	free(host);
}

/* A kernel that takes its time, and what the CPU does behind it on the same memory */
static void test_order(struct cl *cl)
{
	cl_kernel slow = cl_kernel_of(cl, source, "slow"), add = cl_kernel_of(cl, source, "add");
	int *p = clSVMAlloc(cl->context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER,
			    N * sizeof(int), 0);
	int *copy = malloc(N * sizeof(int));
	const int value = 41, rounds = 2000, one = 1, zero = 0;

	CHECK(p && copy);
	memset(p, 0, N * sizeof(int));
	cl_arg_ptr(slow, 0, p);
	cl_arg(slow, 1, value);
	cl_arg(slow, 2, rounds);
	cl_arg_ptr(add, 0, p);
	cl_arg(add, 1, one);

	cl_launch(cl, slow, N, 0);
	CL(clEnqueueSVMMemcpy(cl->queue, CL_FALSE, copy, p, N * sizeof(int), 0, NULL, NULL));
	cl_launch(cl, slow, N, 0);
	CL(clEnqueueSVMMemFill(cl->queue, p, &zero, sizeof(zero), N * sizeof(int), 0, NULL, NULL));
	cl_launch(cl, add, N, 0);
	CL(clFinish(cl->queue));
	for (int i = 0; i < N; i++)
		CHECK((copy[i] == value || copy[i] == value + 1) && p[i] == 1);

	/* Freed when the kernel is done, and not before */
	cl_launch(cl, slow, N, 0);
	CL(clEnqueueSVMFree(cl->queue, 1, (void **)&p, NULL, NULL, 0, NULL, NULL));
	CL(clFinish(cl->queue));

	free(copy);
	CL(clReleaseKernel(slow));
	CL(clReleaseKernel(add));
}

static void test_migrate(struct cl *cl)
{
	cl_kernel add = cl_kernel_of(cl, source, "add");
	int *p = clSVMAlloc(cl->context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER,
			    N * sizeof(int), 4096);
	const void *ptrs[] = { p };
	const int one = 1;

	CHECK(p);
	for (int i = 0; i < N; i++)
		p[i] = i;
	cl_arg_ptr(add, 0, p);
	cl_arg(add, 1, one);
	CL(clEnqueueSVMMigrateMem(cl->queue, 1, ptrs, NULL, 0, 0, NULL, NULL));
	cl_launch(cl, add, N, 0);
	CL(clEnqueueSVMMigrateMem(cl->queue, 1, ptrs, NULL, CL_MIGRATE_MEM_OBJECT_HOST, 0, NULL,
				  NULL));
	cl_run(cl, add, N, 0);
	for (int i = 0; i < N; i++)
		CHECK(p[i] == i + 2);
	clSVMFree(cl->context, p);
	CL(clReleaseKernel(add));
}

static void test_times(struct cl *cl)
{
	static const cl_profiling_info infos[] = {
		CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT,
		CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END,
	};
	cl_kernel slow = cl_kernel_of(cl, source, "slow");
	const int value = 1, rounds = 100;
	const size_t global = 64;
	cl_ulong times[4];
	cl_event event;
	int p[64] = { 0 };

	cl_arg_ptr(slow, 0, p);
	cl_arg(slow, 1, value);
	cl_arg(slow, 2, rounds);
	CL(clEnqueueNDRangeKernel(cl->queue, slow, 1, NULL, &global, NULL, 0, NULL, &event));
	CL(clWaitForEvents(1, &event));
	for (int i = 0; i < 4; i++)
		CL(clGetEventProfilingInfo(event, infos[i], sizeof(times[i]), &times[i], NULL));
	CHECK(times[0] <= times[1] && times[1] <= times[2] && times[2] < times[3]);
	CL(clReleaseEvent(event));
	CL(clReleaseKernel(slow));
}

static void test_printf(struct cl *cl)
{
	cl_kernel say = cl_kernel_of(cl, source, "say");
	char line[256], expect[64];
	unsigned int seen = 0;
	const int value = -5;
	int saved, number;
	FILE *f = tmpfile();

	CHECK(f);
	fflush(stdout);
	saved = dup(1);
	CHECK(saved >= 0 && dup2(fileno(f), 1) == 1);
	cl_arg(say, 0, value);
	cl_run(cl, say, 32, 0);
	fflush(stdout);
	CHECK(dup2(saved, 1) == 1);
	close(saved);

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		CHECK(sscanf(line, "item %d", &number) == 1 && number >= 0 && number < 32);
		sprintf(expect, "item %d says -5 twice\n", number);
		CHECK(!strcmp(line, expect));
		CHECK(!(seen & 1u << number));
		seen |= 1u << number;
	}
	CHECK(seen == ~0u);
	fclose(f);
	CL(clReleaseKernel(say));
}

/* Workgroups with more than there is are refused, and their queue goes on. */
static void test_limits(struct cl *cl)
{
	static const char source[] =
		"kernel void fill(local int *l, int n, global int *sum)\n"
		"{\n"
		"	for (int i = get_local_linear_id(); i < n; i += 64)\n"
		"		l[i] = 1;\n"
		"	barrier(CLK_LOCAL_MEM_FENCE);\n"
		"	int s = 0;\n"
		"	for (int i = get_local_linear_id(); i < n; i += 64)\n"
		"		s += l[n - 1 - i];\n"
		"	atomic_add(sum, s);\n"
		"}\n";
	static const size_t many[] = { 1024, 2, 1 }, shape[] = { 8, 4, 2 };
	cl_kernel fill = cl_kernel_of(cl, source, "fill");
	cl_ulong most;
	size_t items;
	int n, sum = 0;

	CL(clGetDeviceInfo(cl->device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(most), &most, NULL));
	CL(clGetKernelWorkGroupInfo(fill, cl->device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(items),
				    &items, NULL));
	CHECK(items <= 1024);
	n = most / sizeof(n);
	cl_arg(fill, 1, n);
	cl_arg_ptr(fill, 2, &sum);

	CL(clSetKernelArg(fill, 0, most + 4, NULL));
	CHECK(clEnqueueNDRangeKernel(cl->queue, fill, 3, NULL, shape, shape, 0, NULL, NULL) ==
	      CL_OUT_OF_RESOURCES);
	CL(clSetKernelArg(fill, 0, most, NULL));
	CHECK(clEnqueueNDRangeKernel(cl->queue, fill, 3, NULL, many, many, 0, NULL, NULL) ==
	      CL_INVALID_WORK_GROUP_SIZE);
	CL(clEnqueueNDRangeKernel(cl->queue, fill, 3, NULL, shape, shape, 0, NULL, NULL));
	CL(clFinish(cl->queue));
	CHECK(sum == n);
	CL(clReleaseKernel(fill));
}

/* An executable need not have kernels; and a debugger may be wanted. */
static void test_empty(struct cl *cl)
{
	const char *source = "int f(int x) { return x + 1; }";
	cl_uint count = 1;
	cl_program program;
	cl_int ret;

	program = clCreateProgramWithSource(cl->context, 1, &source, NULL, &ret);
	CL(ret);
	CHECK(clCreateKernelsInProgram(program, 0, NULL, &count) == CL_INVALID_PROGRAM_EXECUTABLE);
	clCreateKernel(program, "f", &ret);
	CHECK(ret == CL_INVALID_PROGRAM_EXECUTABLE);
	CL(clBuildProgram(program, 1, &cl->device, "-g -cl-std=CL3.0", NULL, NULL));
	CL(clCreateKernelsInProgram(program, 0, NULL, &count));
	CHECK(!count);
	clCreateKernel(program, "f", &ret);
	CHECK(ret == CL_INVALID_KERNEL_NAME);
	CL(clReleaseProgram(program));

	program = clCreateProgramWithSource(cl->context, 1, &source, NULL, &ret);
	CL(ret);
	CL(clCompileProgram(program, 1, &cl->device, "-g", 0, NULL, NULL, NULL, NULL));
	CHECK(clCreateKernelsInProgram(program, 0, NULL, &count) == CL_INVALID_PROGRAM_EXECUTABLE);
	CL(clReleaseProgram(program));
}

/* Builds by options, or compiles. Returns its error. */
static cl_int build_by(struct cl *cl, const char *source, const char *options, bool compile)
{
	cl_program program;
	cl_int ret;

	program = clCreateProgramWithSource(cl->context, 1, &source, NULL, &ret);
	CL(ret);
	ret = compile ?
	      clCompileProgram(program, 1, &cl->device, options, 0, NULL, NULL, NULL, NULL) :
	      clBuildProgram(program, 1, &cl->device, options, NULL, NULL);
	CL(clReleaseProgram(program));
	return ret;
}

static void test_options(struct cl *cl)
{
	static const char wants[] =
		"#if X != 3 || Y != 1\n"
		"#error\n"
		"#endif\n"
		"constant char text[] = Z;\n"
		"kernel void k(global int *p) { *p = text[0]; }\n";
	static const char *const good[] = {
		"-D X=3 -DY -DZ=\\\"a\\\"",
		"-D X=\"1 + 2\"  -D Y\t-D\nZ=\\\"b\\\" ",
		"\"-DX=3\" -D Y=1 -DZ={1} -cl-fast-relaxed-math -w -Werror -cl-std=CL1.2",
		"-I /no-such-directory -I\"/none here\" -DX=3 -DY -D Z={0} -I .",
	};
	static const char *const bad[] = {
		"-no-such-option", "-DX=3 --never", "-cl-std=CL7.5", "-DX=3 -D",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		for (int compile = 0; compile < 2; compile++) {
			const cl_int ret = build_by(cl, wants, good[i], compile);

			if (ret)
				FAIL("%s: error %d", good[i], ret);
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(build_by(cl, wants, bad[i], false) == CL_INVALID_BUILD_OPTIONS);
		CHECK(build_by(cl, wants, bad[i], true) == CL_INVALID_COMPILER_OPTIONS);
	}
	/* Not what is in the cache by then */
	CHECK(build_by(cl, wants, "-DX=3 -DY -DZ={1}", false) == CL_SUCCESS);
	CHECK(build_by(cl, wants, "-DX=3-DY -DZ={1}", false) == CL_BUILD_PROGRAM_FAILURE);
	CHECK(build_by(cl, wants, "-DX=1", false) == CL_BUILD_PROGRAM_FAILURE);
	CHECK(build_by(cl, wants, "-DX=1", true) == CL_COMPILE_PROGRAM_FAILURE);
}

static void test_bad(struct cl *cl)
{
	cl_program program;
	int saved = dup(2);

	/* Its log is of no interest. */
	CHECK(freopen("/dev/null", "w", stderr));
	CHECK(cl_build(cl, "kernel void k(global int *p) { *p = undeclared; }", &program) ==
	      CL_BUILD_PROGRAM_FAILURE);
	CL(clReleaseProgram(program));
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_buffers(&cl);
	test_order(&cl);
	test_migrate(&cl);
	test_times(&cl);
	test_printf(&cl);
	test_limits(&cl);
	test_empty(&cl);
	test_options(&cl);
	test_bad(&cl);
	cl_close(&cl);
	return cl_ok();
}
