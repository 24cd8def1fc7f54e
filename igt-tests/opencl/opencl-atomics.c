// SPDX-License-Identifier: MIT
/*
 * opencl-atomics: CPU and GPU use words of malloc() at the same time. They throw a ball to each
 * other while the kernel runs, and both count in the same 32- and 64-bit words.
 */
#include <stdatomic.h>

#include "cl.h"

static const char source[] =
	"#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n"
	"#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable\n"
	"\n"
	"kernel void ping(volatile global atomic_int *ball, int rounds)\n"
	"{\n"
	"	for (int i = 0; i < rounds; i++) {\n"
	"		while (atomic_load_explicit(ball, memory_order_acquire,\n"
	"			memory_scope_all_svm_devices) != 2 * i + 1)\n"
	"			;\n"
	"		atomic_store_explicit(ball, 2 * i + 2, memory_order_release,\n"
	"			memory_scope_all_svm_devices);\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void count(volatile global int *narrow, volatile global long *wide,\n"
	"		  volatile global long *most, int n)\n"
	"{\n"
	"	for (int i = 0; i < n; i++) {\n"
	"		atomic_inc(narrow);\n"
	"		atom_add(wide, 0x100000001l);\n"
	"	}\n"
	"	atom_max(most, (long)get_global_id(0) << 33);\n"
	"}\n";

#define ROUNDS 50
#define ITEMS 96
#define EACH 40

int main(void)
{
	atomic_int *ball = malloc(sizeof(*ball)), *narrow = malloc(sizeof(*narrow));
	atomic_llong *wide = malloc(sizeof(*wide)), *most = malloc(sizeof(*most));
	const int rounds = ROUNDS, each = EACH;
	cl_device_svm_capabilities caps;
	cl_kernel ping, count;
	struct cl cl;
	cl_int status;
	cl_event event;
	size_t global;

	CHECK(ball && narrow && wide && most);
	atomic_init(ball, 0);
	atomic_init(narrow, 0);
	atomic_init(wide, 0);
	atomic_init(most, -1);

	cl_open(&cl);
	CL(clGetDeviceInfo(cl.device, CL_DEVICE_SVM_CAPABILITIES, sizeof(caps), &caps, NULL));
	CHECK(caps & CL_DEVICE_SVM_ATOMICS);

	ping = cl_kernel_of(&cl, source, "ping");
	cl_arg_ptr(ping, 0, ball);
	cl_arg(ping, 1, rounds);
	global = 1;
	CL(clEnqueueNDRangeKernel(cl.queue, ping, 1, NULL, &global, NULL, 0, NULL, &event));
	CL(clFlush(cl.queue));
	for (int i = 0; i < ROUNDS; i++) {
		atomic_store_explicit(ball, 2 * i + 1, memory_order_release);
		while (atomic_load_explicit(ball, memory_order_acquire) != 2 * i + 2) {
			/* A kernel that has died throws nothing back. */
			CL(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status),
					  &status, NULL));
			CHECK(status >= 0);
		}
	}
	CL(clFinish(cl.queue));
	CHECK(atomic_load(ball) == 2 * ROUNDS);

	count = cl_kernel_of(&cl, source, "count");
	cl_arg_ptr(count, 0, narrow);
	cl_arg_ptr(count, 1, wide);
	cl_arg_ptr(count, 2, most);
	cl_arg(count, 3, each);
	cl_launch(&cl, count, ITEMS, 0);
	CL(clFlush(cl.queue));
	for (int i = 0; i < ITEMS * EACH; i++) {
		atomic_fetch_add(narrow, 1);
		atomic_fetch_add(wide, 0x100000001ll);
	}
	CL(clFinish(cl.queue));
	CHECK(atomic_load(narrow) == 2 * ITEMS * EACH);
	CHECK(atomic_load(wide) == 2ll * ITEMS * EACH * 0x100000001ll);
	CHECK(atomic_load(most) == (ITEMS - 1ll) << 33);

	CL(clReleaseEvent(event));
	CL(clReleaseKernel(ping));
	CL(clReleaseKernel(count));
	cl_close(&cl);
	return cl_ok();
}
