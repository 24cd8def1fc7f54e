// SPDX-License-Identifier: MIT
/*
 * opencl-svm-api: each entry of the SVM chapter, with what it is to refuse, its events and its
 * place behind what was queued before.
 */
#include "cl.h"

#define EXPECT(call, code) do {						\
	const cl_int got_ = (call);					\
									\
	if (got_ != (code))						\
		FAIL("line %d: %s: %d, not %s", __LINE__, #call, got_, #code);	\
} while (0)

static const char source[] =
	"kernel void add(global int *p, int v)\n"
	"{\n"
	"	p[get_global_id(0)] += v;\n"
	"}\n";

#define KIB 1024
#define SIZE (64 * KIB)

static cl_int info(cl_event event, cl_event_info what)
{
	cl_int value;

	CL(clGetEventInfo(event, what, sizeof(value), &value, NULL));
	return value;
}

static int status(cl_event event)
{
	return info(event, CL_EVENT_COMMAND_EXECUTION_STATUS);
}

/* Waits for it, and was it that command? */
static void done(cl_event event, cl_command_type type)
{
	CL(clWaitForEvents(1, &event));
	CHECK(status(event) == CL_COMPLETE);
	CHECK((cl_command_type)info(event, CL_EVENT_COMMAND_TYPE) == type);
	CL(clReleaseEvent(event));
}

static void test_alloc(struct cl *cl)
{
	static const cl_svm_mem_flags good[] = {
		0, CL_MEM_READ_WRITE, CL_MEM_READ_ONLY, CL_MEM_WRITE_ONLY,
		CL_MEM_SVM_FINE_GRAIN_BUFFER, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER,
		CL_MEM_SVM_FINE_GRAIN_BUFFER | CL_MEM_SVM_ATOMICS,
	};
	static const cl_svm_mem_flags bad[] = {
		CL_MEM_SVM_ATOMICS, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY,
		CL_MEM_READ_WRITE | CL_MEM_READ_ONLY, CL_MEM_USE_HOST_PTR, 1ull << 40,
	};
	cl_ulong most;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		for (cl_uint align = 0; align <= 4096; align = align ? 2 * align : 1) {
			char *p = clSVMAlloc(cl->context, good[i], 1000, align);

			CHECK(p && (uintptr_t)p % (align ? align : 128) == 0);
			memset(p, align, 1000);
			clSVMFree(cl->context, p);
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (clSVMAlloc(cl->context, bad[i], 1000, 0))
			FAIL("clSVMAlloc takes flags 0x%llx", (unsigned long long)bad[i]);
	}
	CL(clGetDeviceInfo(cl->device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(most), &most, NULL));
	CHECK(most >= 128 << 20);
	CHECK(!clSVMAlloc(cl->context, 0, 0, 0));
	CHECK(!clSVMAlloc(cl->context, 0, most + 1, 0));
	CHECK(!clSVMAlloc(cl->context, 0, 1000, 3));
	CHECK(!clSVMAlloc(NULL, 0, 1000, 0));
	clSVMFree(cl->context, NULL);
}

static void test_copy(struct cl *cl)
{
	char *p = clSVMAlloc(cl->context, 0, SIZE, 0), *q = malloc(SIZE), expect[SIZE];
	cl_event event;

	CHECK(p && q);
	for (size_t size = 0; size < SIZE - 64; size = size ? 3 * size : 1) {
		for (int to = 0; to < 4; to++) {
			for (int i = 0; i < SIZE; i++) {
				p[i] = i * 7 + size;
				q[i] = i * 5 + to;
				expect[i] = q[i];
			}
			memcpy(expect + to, p + 3, size);
			CL(clEnqueueSVMMemcpy(cl->queue, to & 1, q + to, p + 3, size, 0, NULL,
					      &event));
			if (to & 1)
				CHECK(status(event) == CL_COMPLETE);
			done(event, CL_COMMAND_SVM_MEMCPY);
			CHECK(!memcmp(q, expect, SIZE));
		}
	}

	/* Between two of malloc()'s, and within one */
	memset(q, 1, 64);
	CL(clEnqueueSVMMemcpy(cl->queue, CL_TRUE, expect, q, 64, 0, NULL, NULL));
	CHECK(expect[63] == 1);
	q[0] = 9;
	CL(clEnqueueSVMMemcpy(cl->queue, CL_TRUE, q + 32, q, 32, 0, NULL, NULL));
	CHECK(q[32] == 9);

	EXPECT(clEnqueueSVMMemcpy(cl->queue, CL_TRUE, q + 31, q, 32, 0, NULL, NULL),
	       CL_MEM_COPY_OVERLAP);
	EXPECT(clEnqueueSVMMemcpy(cl->queue, CL_TRUE, q, q + 31, 32, 0, NULL, NULL),
	       CL_MEM_COPY_OVERLAP);
	EXPECT(clEnqueueSVMMemcpy(cl->queue, CL_TRUE, NULL, q, 32, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemcpy(cl->queue, CL_TRUE, q, NULL, 32, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemcpy(NULL, CL_TRUE, q, p, 32, 0, NULL, NULL),
	       CL_INVALID_COMMAND_QUEUE);
	clSVMFree(cl->context, p);
	free(q);
}

static void test_fill(struct cl *cl)
{
	unsigned char *p = clSVMAlloc(cl->context, 0, SIZE, 4096), pattern[256];
	cl_event event;

	CHECK(p);
	for (int i = 0; i < 256; i++)
		pattern[i] = i + 1;
	for (int size = 1; size <= 128; size *= 2) {
		memset(p, 0, SIZE);
		/* The pattern is copied when the call is made. */
		CL(clEnqueueSVMMemFill(cl->queue, p + size, pattern, size, 8 * 128, 0, NULL,
				       &event));
		done(event, CL_COMMAND_SVM_MEMFILL);
		for (int i = 0; i < SIZE; i++) {
			const bool in = i >= size && i < size + 8 * 128;

			CHECK(p[i] == (in ? pattern[(i - size) % size] : 0));
		}
	}
	EXPECT(clEnqueueSVMMemFill(cl->queue, p, pattern, 0, 64, 0, NULL, NULL), CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemFill(cl->queue, p, pattern, 3, 66, 0, NULL, NULL), CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemFill(cl->queue, p, pattern, 256, 512, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemFill(cl->queue, p, pattern, 4, 66, 0, NULL, NULL), CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemFill(cl->queue, p + 2, pattern, 4, 64, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemFill(cl->queue, NULL, pattern, 4, 64, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMemFill(cl->queue, p, NULL, 4, 64, 0, NULL, NULL), CL_INVALID_VALUE);
	clSVMFree(cl->context, p);
}

static void test_map(struct cl *cl)
{
	static const cl_map_flags flags[] = {
		CL_MAP_READ, CL_MAP_WRITE, CL_MAP_READ | CL_MAP_WRITE,
		CL_MAP_WRITE_INVALIDATE_REGION,
	};
	cl_kernel add = cl_kernel_of(cl, source, "add");
	int *p = clSVMAlloc(cl->context, CL_MEM_READ_WRITE, SIZE, 0);
	const int n = SIZE / sizeof(*p), one = 1;
	cl_event event;

	CHECK(p);
	CL(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_WRITE, p, SIZE, 0, NULL, NULL));
	for (int i = 0; i < n; i++)
		p[i] = i;
	CL(clEnqueueSVMUnmap(cl->queue, p, 0, NULL, &event));
	done(event, CL_COMMAND_SVM_UNMAP);

	cl_arg_ptr(add, 0, p);
	cl_arg(add, 1, one);
	for (int k = 0; k < 4; k++) {
		cl_launch(cl, add, n, 0);
		CL(clEnqueueSVMMap(cl->queue, k & 1, flags[k], p, SIZE, 0, NULL, &event));
		done(event, CL_COMMAND_SVM_MAP);
		for (int i = 0; i < n; i++) {
			CHECK(p[i] == i + k * 3 + 1);
			p[i] += 2;
		}
		/* Work behind the unmap sees what the CPU wrote. */
		CL(clEnqueueSVMUnmap(cl->queue, p, 0, NULL, NULL));
	}
	CL(clFinish(cl->queue));

	EXPECT(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_READ, NULL, 64, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_READ, p, 0, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION,
			       p, 64, 0, NULL, NULL), CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMUnmap(cl->queue, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
	clSVMFree(cl->context, p);
	CL(clReleaseKernel(add));
}

static void test_migrate(struct cl *cl)
{
	cl_kernel add = cl_kernel_of(cl, source, "add");
	int *p = clSVMAlloc(cl->context, CL_MEM_SVM_FINE_GRAIN_BUFFER, SIZE, 4096);
	int *q = clSVMAlloc(cl->context, 0, SIZE, 0);
	const int n = SIZE / sizeof(*p), one = 1;
	const void *both[] = { p, q + 100 }, *outside[] = { p - 1 };
	const size_t sizes[] = { SIZE, 4 * KIB }, none[] = { 0, 0 }, beyond[] = { SIZE, SIZE };
	cl_event event;

	CHECK(p && q);
	for (int i = 0; i < n; i++) {
		p[i] = i;
		q[i] = i;
	}
	for (int k = 0; k < 6; k++) {
		const cl_mem_migration_flags flags = k & 1 ? CL_MIGRATE_MEM_OBJECT_HOST : 0;

		CL(clEnqueueSVMMigrateMem(cl->queue, 2, both, k < 2 ? NULL : k < 4 ? sizes : none,
					  flags, 0, NULL, &event));
		done(event, CL_COMMAND_SVM_MIGRATE_MEM);
		cl_arg(add, 1, one);
		cl_arg_ptr(add, 0, p);
		cl_launch(cl, add, n, 0);
		cl_arg_ptr(add, 0, q);
		cl_run(cl, add, n, 0);
		for (int i = 0; i < n; i++)
			CHECK(p[i] == i + k + 1 && q[i] == p[i]);
	}
	EXPECT(clEnqueueSVMMigrateMem(cl->queue, 0, both, NULL, 0, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMigrateMem(cl->queue, 1, NULL, NULL, 0, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMigrateMem(cl->queue, 2, both, NULL, 1 << 20, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMigrateMem(cl->queue, 2, both, beyond, 0, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMMigrateMem(cl->queue, 1, outside, sizes, 0, 0, NULL, NULL),
	       CL_INVALID_VALUE);
	clSVMFree(cl->context, p);
	clSVMFree(cl->context, q);
	CL(clReleaseKernel(add));
}

struct freed {
	struct cl *cl;
	void *ptrs[2];
	int calls;
};

static void CL_CALLBACK free_them(cl_command_queue queue, cl_uint num, void *ptrs[], void *data)
{
	struct freed *freed = data;

	CHECK(queue == freed->cl->queue && num == 2);
	for (cl_uint i = 0; i < num; i++) {
		CHECK(ptrs[i] == freed->ptrs[i]);
		clSVMFree(freed->cl->context, ptrs[i]);
	}
	freed->calls++;
}

static void test_free(struct cl *cl)
{
	struct freed freed = { .cl = cl };
	void *ptrs[2];
	cl_event event;

	for (int i = 0; i < 2; i++) {
		ptrs[i] = clSVMAlloc(cl->context, 0, SIZE, 0);
		freed.ptrs[i] = ptrs[i];
		CHECK(ptrs[i]);
	}
	CL(clEnqueueSVMFree(cl->queue, 2, ptrs, free_them, &freed, 0, NULL, &event));
	/* The list is copied when the call is made. */
	ptrs[0] = NULL;
	ptrs[1] = NULL;
	done(event, CL_COMMAND_SVM_FREE);
	CHECK(freed.calls == 1);

	ptrs[0] = clSVMAlloc(cl->context, 0, SIZE, 0);
	CL(clEnqueueSVMFree(cl->queue, 1, ptrs, NULL, NULL, 0, NULL, &event));
	done(event, CL_COMMAND_SVM_FREE);
	CL(clEnqueueSVMFree(cl->queue, 0, NULL, NULL, NULL, 0, NULL, NULL));
	EXPECT(clEnqueueSVMFree(cl->queue, 1, NULL, NULL, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
	EXPECT(clEnqueueSVMFree(cl->queue, 0, ptrs, NULL, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
	CL(clFinish(cl->queue));
}

static void test_kernel(struct cl *cl)
{
	cl_kernel add = cl_kernel_of(cl, source, "add");
	int *p = clSVMAlloc(cl->context, 0, SIZE, 0), mine[64] = { 0 };
	void *list[] = { p, mine };
	const cl_bool yes = CL_TRUE, no = CL_FALSE;
	const int one = 1;
	cl_bool uses;
	cl_mem mem;
	cl_int ret;

	CHECK(p);
	EXPECT(clSetKernelArgSVMPointer(add, 7, p), CL_INVALID_ARG_INDEX);
	EXPECT(clSetKernelArgSVMPointer(NULL, 0, p), CL_INVALID_KERNEL);
	CL(clSetKernelArgSVMPointer(add, 0, NULL));
	CL(clSetKernelExecInfo(add, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(list), list));
	CL(clSetKernelExecInfo(add, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, sizeof(no), &no));
	CL(clSetKernelExecInfo(add, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, sizeof(yes), &yes));
	EXPECT(clSetKernelExecInfo(add, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(list), NULL),
	       CL_INVALID_VALUE);
	EXPECT(clSetKernelExecInfo(add, CL_KERNEL_EXEC_INFO_SVM_PTRS, 7, list), CL_INVALID_VALUE);
	EXPECT(clSetKernelExecInfo(add, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, 1, &yes),
	       CL_INVALID_VALUE);
	EXPECT(clSetKernelExecInfo(add, 0x7777, sizeof(yes), &yes), CL_INVALID_VALUE);

	/* In the middle of an allocation, and on the stack */
	memset(p, 0, SIZE);
	cl_arg(add, 1, one);
	cl_arg_ptr(add, 0, p + 5);
	cl_run(cl, add, 8, 0);
	CHECK(p[4] == 0 && p[5] == 1 && p[12] == 1 && p[13] == 0);
	cl_arg_ptr(add, 0, mine + 1);
	cl_run(cl, add, 8, 0);
	CHECK(mine[0] == 0 && mine[1] == 1 && mine[8] == 1 && mine[9] == 0);

	/* A buffer of it is the same memory. */
	mem = clCreateBuffer(cl->context, CL_MEM_USE_HOST_PTR, SIZE, p, &ret);
	CL(ret);
	CL(clGetMemObjectInfo(mem, CL_MEM_USES_SVM_POINTER, sizeof(uses), &uses, NULL));
	CHECK(uses);
	cl_arg(add, 0, mem);
	cl_run(cl, add, 8, 0);
	CHECK(p[0] == 1 && p[5] == 2 && p[8] == 1);
	CL(clReleaseMemObject(mem));
	clSVMFree(cl->context, p);
	CL(clReleaseKernel(add));
}

static void CL_CALLBACK count(cl_event event, cl_int state, void *data)
{
	(void)event;
	__atomic_add_fetch((int *)data, state == CL_COMPLETE ? 1 : 1000, __ATOMIC_SEQ_CST);
}

/* Each of them waits for events, and events wait for each of them. */
static void test_events(struct cl *cl)
{
	char *p = clSVMAlloc(cl->context, 0, SIZE, 0), *q = malloc(SIZE), *gone;
	const void *ptrs[] = { p };
	const char five = 5;
	cl_event user, e[6];
	int calls = 0;
	cl_int ret;

	gone = clSVMAlloc(cl->context, 0, SIZE, 0);
	CHECK(p && q && gone);
	memset(p, 0, SIZE);
	memset(q, 0, SIZE);
	user = clCreateUserEvent(cl->context, &ret);
	CL(ret);
	CL(clEnqueueSVMMap(cl->queue, CL_FALSE, CL_MAP_WRITE, p, SIZE, 1, &user, &e[0]));
	CL(clEnqueueSVMUnmap(cl->queue, p, 1, &e[0], &e[1]));
	CL(clEnqueueSVMMigrateMem(cl->queue, 1, ptrs, NULL, 0, 1, &e[1], &e[2]));
	CL(clEnqueueSVMMemFill(cl->queue, p, &five, 1, SIZE, 1, &e[2], &e[3]));
	CL(clEnqueueSVMMemcpy(cl->queue, CL_FALSE, q, p, SIZE, 2, &e[2], &e[4]));
	CL(clEnqueueSVMFree(cl->queue, 1, (void **)&gone, NULL, NULL, 1, &e[4], &e[5]));
	for (int i = 0; i < 6; i++)
		CL(clSetEventCallback(e[i], CL_COMPLETE, count, &calls));
	CL(clFlush(cl->queue));
	for (int i = 0; i < 6; i++)
		CHECK(status(e[i]) > CL_COMPLETE);
	CHECK(p[0] == 0 && q[0] == 0 && !__atomic_load_n(&calls, __ATOMIC_SEQ_CST));

	CL(clSetUserEventStatus(user, CL_COMPLETE));
	CL(clWaitForEvents(6, e));
	for (int i = 0; i < SIZE; i++)
		CHECK(p[i] == 5 && q[i] == 5);
	/* A callback may come a little later than the event. */
	while (__atomic_load_n(&calls, __ATOMIC_SEQ_CST) < 6)
		;
	CHECK(calls == 6);
	for (int i = 0; i < 6; i++)
		CL(clReleaseEvent(e[i]));

	EXPECT(clEnqueueSVMMemcpy(cl->queue, CL_FALSE, q, p, SIZE, 1, NULL, NULL),
	       CL_INVALID_EVENT_WAIT_LIST);
	EXPECT(clEnqueueSVMMemFill(cl->queue, p, &five, 1, SIZE, 0, &user, NULL),
	       CL_INVALID_EVENT_WAIT_LIST);
	EXPECT(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_READ, p, SIZE, 1, NULL, NULL),
	       CL_INVALID_EVENT_WAIT_LIST);
	EXPECT(clEnqueueSVMUnmap(cl->queue, p, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
	EXPECT(clEnqueueSVMMigrateMem(cl->queue, 1, ptrs, NULL, 0, 1, NULL, NULL),
	       CL_INVALID_EVENT_WAIT_LIST);
	EXPECT(clEnqueueSVMFree(cl->queue, 1, (void **)&p, NULL, NULL, 1, NULL, NULL),
	       CL_INVALID_EVENT_WAIT_LIST);
	CL(clReleaseEvent(user));
	clSVMFree(cl->context, p);
	free(q);
}

/* What waits for something that fails does not happen, in a queue of its own. */
static void test_failed_event(void)
{
	char *p = malloc(64);
	const char five = 5;
	cl_event user, event;
	struct cl cl;
	cl_int ret;

	CHECK(p);
	memset(p, 0, 64);
	cl_open(&cl);
	user = clCreateUserEvent(cl.context, &ret);
	CL(ret);
	CL(clEnqueueSVMMemFill(cl.queue, p, &five, 1, 64, 1, &user, &event));
	CL(clFlush(cl.queue));
	CL(clSetUserEventStatus(user, -42));
	EXPECT(clWaitForEvents(1, &event), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
	CHECK(status(event) < 0 && p[0] == 0);
	CL(clReleaseEvent(user));
	CL(clReleaseEvent(event));
	clReleaseCommandQueue(cl.queue);
	CL(clReleaseContext(cl.context));
	free(p);
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_alloc(&cl);
	test_copy(&cl);
	test_fill(&cl);
	test_map(&cl);
	test_migrate(&cl);
	test_free(&cl);
	test_kernel(&cl);
	test_events(&cl);
	test_failed_event();
	cl_close(&cl);
	return cl_ok();
}
