// SPDX-License-Identifier: MIT
/*
 * opencl-large: the largest buffer there may be, and a kernel that reads all of it, however long
 * that takes.
 */
#include "cl.h"

static const char source[] =
	/* Each item its own part: they are never in the same page. */
	"kernel void parts(global const uint *p, ulong words, global uint *sums)\n"
	"{\n"
	"	ulong part = (words + get_global_size(0) - 1) / get_global_size(0);\n"
	"	ulong first = part * get_global_id(0);\n"
	"	uint s = 0;\n"
	"	for (ulong i = first; i < first + part && i < words; i++)\n"
	"		s += p[i];\n"
	"	sums[get_global_id(0)] = s;\n"
	"}\n";

#define ITEMS 16384
#define CHUNK (8 << 20)

int main(void)
{
	cl_uint *chunk = malloc(CHUNK), *sums = malloc(ITEMS * sizeof(*sums)), expect = 0;
	cl_kernel parts;
	cl_ulong most, memory, words;
	struct cl cl;
	cl_mem mem;
	cl_int ret;

	CHECK(chunk && sums);
	cl_open(&cl);
	CL(clGetDeviceInfo(cl.device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(most), &most, NULL));
	CL(clGetDeviceInfo(cl.device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(memory), &memory, NULL));
	CHECK(most >= (memory / 4 < 1 << 30 ? memory / 4 : 1 << 30) && most <= memory);
	mem = clCreateBuffer(cl.context, 0, most + 1, NULL, &ret);
	CHECK(!mem && ret == CL_INVALID_BUFFER_SIZE);

	mem = clCreateBuffer(cl.context, CL_MEM_READ_WRITE, most, NULL, &ret);
	CL(ret);
	for (size_t i = 0; i < CHUNK / sizeof(*chunk); i++)
		chunk[i] = i * 2654435761u;
	for (size_t at = 0; at < most; at += CHUNK) {
		const size_t size = most - at < CHUNK ? most - at : CHUNK;

		chunk[0] = at >> 3;
		CL(clEnqueueWriteBuffer(cl.queue, mem, CL_TRUE, at, size, chunk, 0, NULL, NULL));
		for (size_t i = 0; i < size / sizeof(*chunk); i++)
			expect += chunk[i];
	}
	words = most / sizeof(*chunk);
	parts = cl_kernel_of(&cl, source, "parts");
	cl_arg(parts, 0, mem);
	cl_arg(parts, 1, words);
	cl_arg_ptr(parts, 2, sums);
	cl_run(&cl, parts, ITEMS, 0);
	for (int i = 0; i < ITEMS; i++)
		expect -= sums[i];
	CHECK(!expect);
	CL(clReleaseKernel(parts));
	CL(clReleaseMemObject(mem));
	cl_close(&cl);
	free(chunk);
	free(sums);
	return cl_ok();
}
