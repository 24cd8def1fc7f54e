// SPDX-License-Identifier: MIT
/*
 * bench: some rows of what a device of OpenCL does a second, and how long a launch takes, for any
 * device with SVM. One line a row: name, value, unit; more is better, except for us. Each is the
 * best of several times, as others use the machine too; first touch alone can be had only once.
 */
#include <time.h>

#include "cl.h"

#define MIB 1048576ul
#define BYTES (16 * MIB)

static const char source[] =
	"kernel void nothing(global int *p) { }\n"
	"\n"
	"kernel void vadd(global const float *a, global const float *b, global float *c)\n"
	"{\n"
	"	size_t i = get_global_id(0);\n"
	"	c[i] = a[i] + b[i];\n"
	"}\n"
	"\n"
	"kernel void read(global const float4 *a, global float *out)\n"
	"{\n"
	"	float4 s = 0;\n"
	"	for (size_t i = get_global_id(0); i < 1 << 20; i += get_global_size(0))\n"
	"		s += a[i];\n"
	"	out[get_global_id(0)] = s.x + s.y + s.z + s.w;\n"
	"}\n"
	"\n"
	"#define CHAIN(T) \\\n"
	"kernel void chain_##T(global T *out) \\\n"
	"{ \\\n"
	"	T x = out[get_global_id(0)], y = get_local_id(0); \\\n"
	"	for (int i = 0; i < 64; i++) { \\\n"
	"		x = x * y + x; y = y * x + y; x = x * y + x; y = y * x + y; \\\n"
	"		x = x * y + x; y = y * x + y; x = x * y + x; y = y * x + y; \\\n"
	"	} \\\n"
	"	out[get_global_id(0)] = x + y; \\\n"
	"}\n"
	"CHAIN(float)\n"
	"CHAIN(int)\n"
	"CHAIN(long)\n"
	"\n"
	"kernel void atomics(global int *p) { atomic_inc(p); }\n"
	"\n"
	"kernel void barriers(global int *p)\n"
	"{\n"
	"	local int l[64];\n"
	"	int i = get_local_id(0), v = i;\n"
	"	for (int r = 0; r < 16; r++) {\n"
	"		l[i] = v;\n"
	"		barrier(CLK_LOCAL_MEM_FENCE);\n"
	"		v += l[63 - i];\n"
	"		barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	}\n"
	"	p[get_global_id(0)] = v;\n"
	"}\n";

static struct cl cl;
static cl_program program;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void row(const char *name, double value, const char *unit)
{
	printf("%s\t%.4g\t%s\n", name, value, unit);
	fflush(stdout);
}

static cl_kernel kernel(const char *name)
{
	cl_int ret;
	cl_kernel kernel = clCreateKernel(program, name, &ret);

	CL(ret);
	return kernel;
}

static void *alloc(size_t size)
{
	void *p = clSVMAlloc(cl.context, CL_MEM_READ_WRITE, size, 0);

	CHECK(p);
	return p;
}

static double launch(cl_kernel kernel, size_t global, size_t local)
{
	const double start = now();

	cl_launch(&cl, kernel, global, local);
	CL(clFinish(cl.queue));
	return now() - start;
}

/* At least so many times, and until an emulator has translated what it runs */
static double best(cl_kernel kernel, size_t global, size_t local, int times)
{
	const double end = now() + 0.3;
	double least = 1e9;

	while (times-- > 0 || now() < end) {
		const double t = launch(kernel, global, local);

		least = t < least ? t : least;
	}
	return least;
}

static void latency(void)
{
	cl_kernel nothing = kernel("nothing");
	int *p = alloc(4096);
	double start;

	cl_arg_ptr(nothing, 0, p);
	launch(nothing, 64, 64);
	row("launch and finish", 1e6 * best(nothing, 64, 64, 100), "us");
	start = now();
	for (int i = 0; i < 200; i++)
		cl_launch(&cl, nothing, 64, 64);
	CL(clFinish(cl.queue));
	row("a launch of 200", 1e6 * (now() - start) / 200, "us");
	clSVMFree(cl.context, p);
	CL(clReleaseKernel(nothing));
}

static void memory(void)
{
	cl_kernel vadd = kernel("vadd"), read = kernel("read");
	const size_t n = BYTES / sizeof(float);
	float *a = alloc(BYTES), *b = alloc(BYTES), *c = alloc(BYTES);
	float *few = alloc(4096);
	double least = 1e9;

	memset(few, 0, 4096);
	for (size_t i = 0; i < n; i++) {
		a[i] = i & 1023;
		b[i] = 1;
		c[i] = 0;
	}
	/* Compiled by some before its first launch, with other memory */
	cl_arg_ptr(vadd, 0, few);
	cl_arg_ptr(vadd, 1, few);
	cl_arg_ptr(vadd, 2, few);
	launch(vadd, 64, 64);
	cl_arg_ptr(vadd, 0, a);
	cl_arg_ptr(vadd, 1, b);
	cl_arg_ptr(vadd, 2, c);
	/* The CPU has touched all pages, the device none. */
	row("vadd, first touch", 3 * BYTES / MIB / launch(vadd, n, 64), "MiB/s");
	row("vadd", 3 * BYTES / MIB / best(vadd, n, 64, 3), "MiB/s");
	CHECK(c[n - 1] == ((n - 1) & 1023) + 1);
	cl_arg_ptr(read, 0, a);
	cl_arg_ptr(read, 1, c);
	row("read float4", BYTES / MIB / best(read, 16384, 64, 3), "MiB/s");

	for (int i = 0; i < 5; i++) {
		const double start = now();
		double t;

		CL(clEnqueueSVMMemcpy(cl.queue, CL_TRUE, c, a, BYTES, 0, NULL, NULL));
		t = now() - start;
		least = t < least ? t : least;
	}
	row("SVM memcpy", BYTES / MIB / least, "MiB/s");
	clSVMFree(cl.context, a);
	clSVMFree(cl.context, b);
	clSVMFree(cl.context, c);
	clSVMFree(cl.context, few);
	CL(clReleaseKernel(vadd));
	CL(clReleaseKernel(read));
}

static void buffers(void)
{
	char *p = malloc(BYTES);
	double least[3] = { 1e9, 1e9, 1e9 };
	cl_mem mem, other;
	cl_int ret;

	CHECK(p);
	memset(p, 1, BYTES);
	mem = clCreateBuffer(cl.context, CL_MEM_READ_WRITE, BYTES, NULL, &ret);
	CL(ret);
	other = clCreateBuffer(cl.context, CL_MEM_READ_WRITE, BYTES, NULL, &ret);
	CL(ret);
	for (int i = 0; i < 5; i++) {
		double t[4];

		t[0] = now();
		CL(clEnqueueWriteBuffer(cl.queue, mem, CL_TRUE, 0, BYTES, p, 0, NULL, NULL));
		t[1] = now();
		CL(clEnqueueCopyBuffer(cl.queue, mem, other, 0, 0, BYTES, 0, NULL, NULL));
		CL(clFinish(cl.queue));
		t[2] = now();
		CL(clEnqueueReadBuffer(cl.queue, other, CL_TRUE, 0, BYTES, p, 0, NULL, NULL));
		t[3] = now();
		for (int k = 0; k < 3; k++)
			least[k] = t[k + 1] - t[k] < least[k] ? t[k + 1] - t[k] : least[k];
	}
	row("write buffer", BYTES / MIB / least[0], "MiB/s");
	row("copy buffer", BYTES / MIB / least[1], "MiB/s");
	row("read buffer", BYTES / MIB / least[2], "MiB/s");
	CL(clReleaseMemObject(mem));
	CL(clReleaseMemObject(other));
	free(p);
}

static void compute(void)
{
	static const char *const types[] = { "float", "int", "long" };
	const size_t n = 8192;
	cl_kernel other;
	void *p = alloc(8 * n);
	char name[32];

	memset(p, 0, 8 * n);
	for (int i = 0; i < 3; i++) {
		cl_kernel chain;

		snprintf(name, sizeof(name), "chain_%s", types[i]);
		chain = kernel(name);
		cl_arg_ptr(chain, 0, p);
		launch(chain, n, 64);
		snprintf(name, sizeof(name), "%s multiply, add", types[i]);
		row(name, 2e-6 * 512 * n / best(chain, n, 64, 3), "Mop/s");
		CL(clReleaseKernel(chain));
	}

	other = kernel("atomics");
	cl_arg_ptr(other, 0, p);
	launch(other, n, 64);
	row("atomics, one word", 1e-6 * n / best(other, n, 64, 3), "Mop/s");
	CL(clReleaseKernel(other));
	other = kernel("barriers");
	cl_arg_ptr(other, 0, p);
	launch(other, n, 64);
	row("barriers of 64", 1e-3 * 32 * (n / 64) / best(other, n, 64, 3), "kop/s");
	CL(clReleaseKernel(other));
	clSVMFree(cl.context, p);
}

int main(void)
{
	char name[256];
	cl_platform_id platform;
	cl_int ret;

	CL(clGetPlatformIDs(1, &platform, NULL));
	CL(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &cl.device, NULL));
	CL(clGetDeviceInfo(cl.device, CL_DEVICE_NAME, sizeof(name), name, NULL));
	printf("# %s\n", name);
	cl.context = clCreateContext(NULL, 1, &cl.device, NULL, NULL, &ret);
	CL(ret);
	cl.queue = clCreateCommandQueueWithProperties(cl.context, cl.device, NULL, &ret);
	CL(ret);
	CL(cl_build(&cl, source, &program));
	latency();
	memory();
	buffers();
	compute();
	CL(clReleaseProgram(program));
	cl_close(&cl);
	return 0;
}
