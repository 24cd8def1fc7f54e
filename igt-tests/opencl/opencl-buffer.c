// SPDX-License-Identifier: MIT
/*
 * opencl-buffer: cl_mem of every kind of host memory, parts of them, maps, rectangles, fills, and
 * kernels in between; against a model in the memory of the test.
 */
#include "cl.h"

#define EXPECT(call, code) do {						\
	const cl_int got_ = (call);					\
									\
	if (got_ != (code))						\
		FAIL("line %d: %s: %d, not %s", __LINE__, #call, got_, #code);	\
} while (0)

static const char source[] =
	"kernel void twice(global uchar *p, int n)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		p[i] = 2 * p[i] + 1;\n"
	"}\n"
	"\n"
	"kernel void copy(global const uchar *a, constant uchar *b, global uchar *c)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	c[i] = a[i] ^ b[i & 255];\n"
	"}\n";

#define SIZE 8192

static cl_kernel twice;

static void host_twice(uint8_t *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = 2 * p[i] + 1;
}

static void run_twice(struct cl *cl, cl_mem mem, int n)
{
	cl_arg(twice, 0, mem);
	cl_arg(twice, 1, n);
	cl_launch(cl, twice, (n + 63) / 64 * 64, 64);
}

static void pattern(uint8_t *p, size_t size, int seed)
{
	for (size_t i = 0; i < size; i++)
		p[i] = i * 31 + seed + (i >> 8);
}

static cl_uint map_count(cl_mem mem)
{
	cl_uint count;

	CL(clGetMemObjectInfo(mem, CL_MEM_MAP_COUNT, sizeof(count), &count, NULL));
	return count;
}

static void test_kind(struct cl *cl, cl_mem_flags flags)
{
	uint8_t *host = aligned_alloc(4096, SIZE), *model = malloc(SIZE), *back = malloc(SIZE);
	const bool has_ptr = flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
	const uint32_t word = 0xdeadbeef;
	uint8_t *map;
	cl_int ret;
	cl_mem mem;

	CHECK(host && model && back);
	pattern(host, SIZE, flags);
	memcpy(model, host, SIZE);
	mem = clCreateBuffer(cl->context, flags, SIZE, has_ptr ? host : NULL, &ret);
	CL(ret);
	if (!has_ptr)
		CL(clEnqueueWriteBuffer(cl->queue, mem, CL_FALSE, 0, SIZE, host, 0, NULL, NULL));

	run_twice(cl, mem, SIZE);
	host_twice(model, SIZE);
	CL(clEnqueueReadBuffer(cl->queue, mem, CL_TRUE, 0, SIZE, back, 0, NULL, NULL));
	CHECK(!memcmp(back, model, SIZE));

	/* Parts at odd places */
	pattern(back, 100, 77);
	memcpy(model + 1001, back, 100);
	CL(clEnqueueWriteBuffer(cl->queue, mem, CL_TRUE, 1001, 100, back, 0, NULL, NULL));
	memset(back, 0, SIZE);
	CL(clEnqueueReadBuffer(cl->queue, mem, CL_TRUE, 1003, 97, back + 3, 0, NULL, NULL));
	CHECK(!memcmp(back + 3, model + 1003, 97) && !back[2] && !back[100]);

	/* Two maps at a time, the GPU before and after */
	map = clEnqueueMapBuffer(cl->queue, mem, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 64, 1024, 0,
				 NULL, NULL, &ret);
	CL(ret);
	CHECK(map_count(mem) == 1);
	if (flags & CL_MEM_USE_HOST_PTR)
		CHECK(map == host + 64);
	CHECK(!memcmp(map, model + 64, 1024));
	for (int i = 0; i < 1024; i += 3) {
		map[i] = i;
		model[64 + i] = i;
	}
	{
		uint8_t *second = clEnqueueMapBuffer(cl->queue, mem, CL_TRUE, CL_MAP_READ, 4096,
						     100, 0, NULL, NULL, &ret);
		CL(ret);
		CHECK(!memcmp(second, model + 4096, 100));
		CHECK(map_count(mem) == 2);
		CL(clEnqueueUnmapMemObject(cl->queue, mem, second, 0, NULL, NULL));
	}
	CL(clEnqueueUnmapMemObject(cl->queue, mem, map, 0, NULL, NULL));
	CHECK(!map_count(mem));
	run_twice(cl, mem, SIZE);
	host_twice(model, SIZE);
	CL(clEnqueueFillBuffer(cl->queue, mem, &word, 4, 400, 800, 0, NULL, NULL));
	for (int i = 400; i < 1200; i += 4)
		memcpy(model + i, &word, 4);
	map = clEnqueueMapBuffer(cl->queue, mem, CL_TRUE, CL_MAP_READ, 0, SIZE, 0, NULL, NULL,
				 &ret);
	CL(ret);
	CHECK(!memcmp(map, model, SIZE));
	CL(clEnqueueUnmapMemObject(cl->queue, mem, map, 0, NULL, NULL));

	/* All of it is to be written: what was there does not matter. */
	map = clEnqueueMapBuffer(cl->queue, mem, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, SIZE,
				 0, NULL, NULL, &ret);
	CL(ret);
	pattern(map, SIZE, 3);
	pattern(model, SIZE, 3);
	CL(clEnqueueUnmapMemObject(cl->queue, mem, map, 0, NULL, NULL));
	CL(clEnqueueReadBuffer(cl->queue, mem, CL_TRUE, 0, SIZE, back, 0, NULL, NULL));
	CHECK(!memcmp(back, model, SIZE));

	CL(clReleaseMemObject(mem));
	free(host);
	free(model);
	free(back);
}

static void test_sub(struct cl *cl, cl_mem_flags flags)
{
	uint8_t *host = aligned_alloc(4096, SIZE), *model = malloc(SIZE), *back = malloc(SIZE);
	const cl_buffer_region region = { .origin = 1024, .size = 2048 };
	const cl_buffer_region bad = { .origin = SIZE, .size = 64 };
	cl_buffer_region odd = { .size = 64 };
	cl_mem mem, sub, parent;
	size_t offset;
	cl_uint align;
	cl_int ret;

	CHECK(host && model && back);
	pattern(host, SIZE, 5);
	memcpy(model, host, SIZE);
	mem = clCreateBuffer(cl->context, flags, SIZE, host, &ret);
	CL(ret);
	CL(clGetDeviceInfo(cl->device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(align), &align, NULL));
	CHECK(align && 8192 % align == 0);
	sub = clCreateSubBuffer(mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &ret);
	CL(ret);
	CL(clGetMemObjectInfo(sub, CL_MEM_OFFSET, sizeof(offset), &offset, NULL));
	CL(clGetMemObjectInfo(sub, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(parent), &parent, NULL));
	CHECK(offset == 1024 && parent == mem);

	run_twice(cl, sub, 2048);
	host_twice(model + 1024, 2048);
	run_twice(cl, mem, 1100);
	host_twice(model, 1100);
	CL(clEnqueueCopyBuffer(cl->queue, mem, sub, 4096, 100, 300, 0, NULL, NULL));
	memcpy(model + 1124, model + 4096, 300);
	CL(clEnqueueReadBuffer(cl->queue, sub, CL_TRUE, 0, 2048, back, 0, NULL, NULL));
	CHECK(!memcmp(back, model + 1024, 2048));
	CL(clEnqueueReadBuffer(cl->queue, mem, CL_TRUE, 0, SIZE, back, 0, NULL, NULL));
	CHECK(!memcmp(back, model, SIZE));

	CHECK(!clCreateSubBuffer(mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &bad, &ret));
	CHECK(ret == CL_INVALID_VALUE);
	/* the alignment is in bits */
	for (odd.origin = 4; odd.origin < align / 8; odd.origin *= 2) {
		CHECK(!clCreateSubBuffer(mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &odd, &ret));
		CHECK(ret == CL_MISALIGNED_SUB_BUFFER_OFFSET);
	}
	EXPECT(clEnqueueCopyBuffer(cl->queue, mem, sub, 1024, 100, 300, 0, NULL, NULL),
	       CL_MEM_COPY_OVERLAP);
	/* The parent stays until its part has gone. */
	CL(clReleaseMemObject(mem));
	CL(clEnqueueReadBuffer(cl->queue, sub, CL_TRUE, 0, 2048, back, 0, NULL, NULL));
	CHECK(!memcmp(back, model + 1024, 2048));
	CL(clReleaseMemObject(sub));
	free(host);
	free(model);
	free(back);
}

static void host_rect(uint8_t *dst, const size_t *to, size_t to_row, size_t to_slice,
		      const uint8_t *src, const size_t *from, size_t from_row, size_t from_slice,
		      const size_t *region)
{
	for (size_t z = 0; z < region[2]; z++) {
		for (size_t y = 0; y < region[1]; y++)
			memcpy(dst + (to[2] + z) * to_slice + (to[1] + y) * to_row + to[0],
			       src + (from[2] + z) * from_slice + (from[1] + y) * from_row +
			       from[0],
			       region[0]);
	}
}

static void test_rect(struct cl *cl)
{
	const size_t a0[] = { 3, 2, 1 }, b0[] = { 10, 0, 2 }, h0[] = { 1, 1, 0 };
	const size_t region[] = { 37, 5, 3 };
	const size_t a_row = 64, a_slice = 64 * 10, b_row = 50, b_slice = 50 * 9;
	const size_t h_row = 41, h_slice = 41 * 7;
	uint8_t *a = malloc(SIZE), *b = malloc(SIZE), *h = malloc(SIZE), *back = malloc(SIZE);
	cl_mem mem_a, mem_b;
	cl_int ret;

	CHECK(a && b && h && back);
	pattern(a, SIZE, 1);
	pattern(b, SIZE, 2);
	pattern(h, SIZE, 3);
	mem_a = clCreateBuffer(cl->context, CL_MEM_COPY_HOST_PTR, SIZE, a, &ret);
	CL(ret);
	mem_b = clCreateBuffer(cl->context, CL_MEM_COPY_HOST_PTR, SIZE, b, &ret);
	CL(ret);

	CL(clEnqueueCopyBufferRect(cl->queue, mem_a, mem_b, a0, b0, region, a_row, a_slice, b_row,
				   b_slice, 0, NULL, NULL));
	host_rect(b, b0, b_row, b_slice, a, a0, a_row, a_slice, region);
	CL(clEnqueueWriteBufferRect(cl->queue, mem_a, CL_TRUE, a0, h0, region, a_row, a_slice,
				    h_row, h_slice, h, 0, NULL, NULL));
	host_rect(a, a0, a_row, a_slice, h, h0, h_row, h_slice, region);
	CL(clEnqueueReadBuffer(cl->queue, mem_a, CL_TRUE, 0, SIZE, back, 0, NULL, NULL));
	CHECK(!memcmp(back, a, SIZE));
	CL(clEnqueueReadBuffer(cl->queue, mem_b, CL_TRUE, 0, SIZE, back, 0, NULL, NULL));
	CHECK(!memcmp(back, b, SIZE));

	pattern(back, SIZE, 9);
	pattern(h, SIZE, 9);
	CL(clEnqueueReadBufferRect(cl->queue, mem_b, CL_TRUE, b0, h0, region, b_row, b_slice, h_row,
				   h_slice, back, 0, NULL, NULL));
	host_rect(h, h0, h_row, h_slice, b, b0, b_row, b_slice, region);
	CHECK(!memcmp(back, h, SIZE));
	EXPECT(clEnqueueCopyBufferRect(cl->queue, mem_a, mem_b, a0, b0, region, 20, a_slice, b_row,
				       b_slice, 0, NULL, NULL), CL_INVALID_VALUE);
	CL(clReleaseMemObject(mem_a));
	CL(clReleaseMemObject(mem_b));
	free(a);
	free(b);
	free(h);
	free(back);
}

static void test_fill(struct cl *cl)
{
	uint8_t *model = malloc(SIZE), *back = malloc(SIZE), bytes[128];
	cl_mem mem;
	cl_int ret;

	CHECK(model && back);
	pattern(bytes, sizeof(bytes), 11);
	mem = clCreateBuffer(cl->context, 0, SIZE, NULL, &ret);
	CL(ret);
	for (size_t size = 1; size <= 128; size *= 2) {
		pattern(model, SIZE, size);
		CL(clEnqueueWriteBuffer(cl->queue, mem, CL_FALSE, 0, SIZE, model, 0, NULL, NULL));
		CL(clEnqueueFillBuffer(cl->queue, mem, bytes, size, 3 * size, 20 * size, 0, NULL,
				       NULL));
		CL(clEnqueueReadBuffer(cl->queue, mem, CL_TRUE, 0, SIZE, back, 0, NULL, NULL));
		for (size_t i = 0; i < 20 * size; i++)
			model[3 * size + i] = bytes[i % size];
		CHECK(!memcmp(back, model, SIZE));
	}
	EXPECT(clEnqueueFillBuffer(cl->queue, mem, bytes, 3, 0, 30, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueFillBuffer(cl->queue, mem, bytes, 0, 0, 30, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueFillBuffer(cl->queue, mem, bytes, 4, 2, 32, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	CL(clReleaseMemObject(mem));
	free(model);
	free(back);
}

static void CL_CALLBACK gone(cl_mem mem, void *data)
{
	(void)mem;
	__atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

static void test_access(struct cl *cl)
{
	cl_kernel copy = cl_kernel_of(cl, source, "copy");
	uint8_t a[SIZE], b[256], c[SIZE];
	cl_mem in, table, out, none;
	int calls = 0;
	cl_int ret;

	pattern(a, SIZE, 1);
	pattern(b, 256, 2);
	in = clCreateBuffer(cl->context, CL_MEM_READ_ONLY | CL_MEM_HOST_WRITE_ONLY, SIZE, NULL,
			    &ret);
	CL(ret);
	table = clCreateBuffer(cl->context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, 256, b, &ret);
	CL(ret);
	out = clCreateBuffer(cl->context, CL_MEM_WRITE_ONLY | CL_MEM_HOST_READ_ONLY, SIZE, NULL,
			     &ret);
	CL(ret);
	none = clCreateBuffer(cl->context, CL_MEM_HOST_NO_ACCESS, SIZE, NULL, &ret);
	CL(ret);
	CL(clSetMemObjectDestructorCallback(out, gone, &calls));
	CL(clEnqueueWriteBuffer(cl->queue, in, CL_FALSE, 0, SIZE, a, 0, NULL, NULL));
	cl_arg(copy, 0, in);
	cl_arg(copy, 1, table);
	cl_arg(copy, 2, none);
	cl_launch(cl, copy, SIZE, 0);
	CL(clEnqueueCopyBuffer(cl->queue, none, out, 0, 0, SIZE, 0, NULL, NULL));
	CL(clEnqueueReadBuffer(cl->queue, out, CL_TRUE, 0, SIZE, c, 0, NULL, NULL));
	for (int i = 0; i < SIZE; i++)
		CHECK(c[i] == (a[i] ^ b[i & 255]));

	EXPECT(clEnqueueReadBuffer(cl->queue, in, CL_TRUE, 0, 1, c, 0, NULL, NULL),
	       CL_INVALID_OPERATION);
	EXPECT(clEnqueueWriteBuffer(cl->queue, out, CL_TRUE, 0, 1, c, 0, NULL, NULL),
	       CL_INVALID_OPERATION);
	EXPECT(clEnqueueReadBuffer(cl->queue, none, CL_TRUE, 0, 1, c, 0, NULL, NULL),
	       CL_INVALID_OPERATION);
	EXPECT(clEnqueueReadBuffer(cl->queue, out, CL_TRUE, SIZE - 1, 2, c, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	CHECK(!clCreateBuffer(cl->context, CL_MEM_USE_HOST_PTR, SIZE, NULL, &ret));
	CHECK(ret == CL_INVALID_HOST_PTR);
	CHECK(!clCreateBuffer(cl->context, 0, SIZE, a, &ret) && ret == CL_INVALID_HOST_PTR);
	CHECK(!clCreateBuffer(cl->context, 0, 0, NULL, &ret) && ret == CL_INVALID_BUFFER_SIZE);
	CHECK(!clCreateBuffer(cl->context, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 1, NULL, &ret));
	CHECK(ret == CL_INVALID_VALUE);

	CHECK(!calls);
	CL(clReleaseMemObject(in));
	CL(clReleaseMemObject(table));
	CL(clReleaseMemObject(none));
	CL(clReleaseMemObject(out));
	CL(clReleaseKernel(copy));
	CL(clFinish(cl->queue));
	CHECK(__atomic_load_n(&calls, __ATOMIC_SEQ_CST) == 1);
}

static void test_large(struct cl *cl)
{
	const size_t size = 64 << 20;
	uint8_t *p = malloc(size);
	cl_mem a, b;
	cl_int ret;

	CHECK(p);
	for (size_t i = 0; i < size / 8; i++)
		((uint64_t *)p)[i] = i * 0x9e3779b97f4a7c15ull;
	a = clCreateBuffer(cl->context, CL_MEM_READ_WRITE, size, NULL, &ret);
	CL(ret);
	b = clCreateBuffer(cl->context, CL_MEM_READ_WRITE, size, NULL, &ret);
	CL(ret);
	CL(clEnqueueWriteBuffer(cl->queue, a, CL_TRUE, 0, size, p, 0, NULL, NULL));
	CL(clEnqueueCopyBuffer(cl->queue, a, b, 0, 0, size, 0, NULL, NULL));
	memset(p, 0, size);
	CL(clEnqueueReadBuffer(cl->queue, b, CL_TRUE, 0, size, p, 0, NULL, NULL));
	for (size_t i = 0; i < size / 8; i++)
		CHECK(((uint64_t *)p)[i] == i * 0x9e3779b97f4a7c15ull);
	CL(clReleaseMemObject(a));
	CL(clReleaseMemObject(b));
	free(p);
}

int main(void)
{
	static const cl_mem_flags kinds[] = {
		0, CL_MEM_READ_WRITE, CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR,
		CL_MEM_ALLOC_HOST_PTR, CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR,
	};
	struct cl cl;

	cl_open(&cl);
	twice = cl_kernel_of(&cl, source, "twice");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		test_kind(&cl, kinds[i]);
	test_sub(&cl, CL_MEM_USE_HOST_PTR);
	test_sub(&cl, CL_MEM_COPY_HOST_PTR);
	test_rect(&cl);
	test_fill(&cl);
	test_access(&cl);
	test_large(&cl);
	CL(clReleaseKernel(twice));
	cl_close(&cl);
	return cl_ok();
}
