// SPDX-License-Identifier: MIT
/*
 * opencl-svm: the kinds of SVM. Large arrays of each kind, structures that point into others,
 * memory that two contexts share, and bytes that belong to CPU and GPU by turns within one word.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "cl.h"

static const char source[] =
	"kernel void large(global uint4 *p, uint mul)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	p[i] = p[i] * mul + i;\n"
	"}\n"
	"\n"
	"struct leaf { long value; global struct leaf *next; };\n"
	"struct root {\n"
	"	global struct leaf *leaves[8];\n"
	"	global int *middle;\n"
	"	constant char *text;\n"
	"	global struct root *self;\n"
	"};\n"
	"\n"
	"kernel void walk(global struct root *root, ulong as_number, global long *out)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	long sum = 0;\n"
	"	for (global struct leaf *l = root->self->self->leaves[i]; l; l = l->next)\n"
	"		sum += l->value++;\n"
	"	root->middle[i - 4] = i;\n"
	"	global struct root *same = (global struct root *)as_number;\n"
	"	out[i] = sum + (root->text[i] - 'a') * 1000000 + (same == root);\n"
	"}\n"
	"\n"
	"kernel void odd(global uchar *bytes, global ushort *words, int n, int rounds)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	for (int r = 1; r <= rounds; r++) {\n"
	"		for (int k = 2 * i + 1; k < n; k += 2 * get_global_size(0)) {\n"
	"			bytes[k] = bytes[k] + 1;\n"
	"			words[k] = words[k] + 3;\n"
	"		}\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void add(global int *p, int v)\n"
	"{\n"
	"	p[get_global_id(0)] += v;\n"
	"}\n";

#define LARGE (64ul << 20)

static void large(struct cl *cl, cl_kernel kernel, const char *kind, uint32_t *p, bool map)
{
	const size_t n = LARGE / sizeof(*p);
	const cl_uint mul = 3;

	CHECK(p);
	if (map)
		CL(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, p, LARGE, 0,
				   NULL, NULL));
	for (size_t i = 0; i < n; i++)
		p[i] = i ^ 0x5a5a;
	if (map)
		CL(clEnqueueSVMUnmap(cl->queue, p, 0, NULL, NULL));
	cl_arg_ptr(kernel, 0, p);
	cl_arg(kernel, 1, mul);
	cl_run(cl, kernel, n / 4, 0);
	if (map)
		CL(clEnqueueSVMMap(cl->queue, CL_TRUE, CL_MAP_READ, p, LARGE, 0, NULL, NULL));
	for (size_t i = 0; i < n; i++) {
		const uint32_t want = ((uint32_t)i ^ 0x5a5a) * mul + i / 4;

		if (p[i] != want)
			FAIL("%s: p[%zu] is 0x%x, not 0x%x", kind, i, p[i], want);
	}
	if (map)
		CL(clEnqueueSVMUnmap(cl->queue, p, 0, NULL, NULL));
	CL(clFinish(cl->queue));
}

static void test_large(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "large");
	uint32_t *p;

	p = clSVMAlloc(cl->context, CL_MEM_READ_WRITE, LARGE, 0);
	large(cl, kernel, "coarse-grained buffer", p, true);
	clSVMFree(cl->context, p);
	p = clSVMAlloc(cl->context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, LARGE, 4096);
	large(cl, kernel, "fine-grained buffer", p, false);
	clSVMFree(cl->context, p);
	p = malloc(LARGE);
	large(cl, kernel, "malloc()", p, false);
	free(p);
	CL(clReleaseKernel(kernel));
}

struct leaf {
	int64_t value;
	struct leaf *next;
};

struct root {
	struct leaf *leaves[8];
	int *middle;
	const char *text;
	struct root *self;
};

/* Memory of one kind after the other: SVM of the API, malloc(), a mapping, the stack, data. */
static void test_pointers(struct cl *cl)
{
	static struct leaf in_data = { 1000, NULL };
	cl_kernel walk = cl_kernel_of(cl, source, "walk");
	struct leaf on_stack = { 10000, &in_data };
	struct root *root = clSVMAlloc(cl->context, 0, sizeof(*root), 0);
	int64_t *out = malloc(8 * sizeof(*out)), expect[8];
	const struct root *number = root;
	struct leaf *leaf[24];
	const void *ptrs[26];
	int middle[8] = { 0 };

	CHECK(root && out);
	for (int i = 0; i < 24; i++) {
		switch (i % 3) {
		case 0:
			leaf[i] = clSVMAlloc(cl->context, CL_MEM_SVM_FINE_GRAIN_BUFFER,
					     sizeof(*leaf[i]), 0);
			break;
		case 1:
			leaf[i] = malloc(sizeof(*leaf[i]));
			break;
		case 2:
			leaf[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			CHECK(leaf[i] != MAP_FAILED);
			break;
		}
		CHECK(leaf[i]);
		leaf[i]->value = i;
		leaf[i]->next = i < 8 ? &on_stack : leaf[i - 8];
		ptrs[i] = leaf[i];
	}
	ptrs[24] = &on_stack;
	ptrs[25] = &in_data;
	for (int i = 0; i < 8; i++) {
		/* One list has nothing that others have too: they would race. */
		root->leaves[i] = i < 7 ? NULL : leaf[16 + i];
		expect[i] = i * 1000000 + 1;
	}
	expect[7] += 7 + 15 + 23 + 10000 + 1000;
	root->middle = middle + 4;
	root->text = "abcdefgh";
	root->self = root;

	CL(clSetKernelExecInfo(walk, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(ptrs), ptrs));
	cl_arg_ptr(walk, 0, root);
	cl_arg(walk, 1, number);
	cl_arg_ptr(walk, 2, out);
	cl_run(cl, walk, 8, 0);
	for (int i = 0; i < 8; i++)
		CHECK(out[i] == expect[i] && middle[i] == i);
	CHECK(in_data.value == 1001 && on_stack.value == 10001 && leaf[23]->value == 24);
	CHECK(leaf[22]->value == 22);

	for (int i = 0; i < 24; i++) {
		switch (i % 3) {
		case 0:
			clSVMFree(cl->context, leaf[i]);
			break;
		case 1:
			free(leaf[i]);
			break;
		case 2:
			CHECK(!munmap(leaf[i], 4096));
			break;
		}
	}
	clSVMFree(cl->context, root);
	free(out);
	CL(clReleaseKernel(walk));
}

/* What is allocated in one context is memory of the process, and so of the other's kernels. */
static void test_contexts(struct cl *cl)
{
	cl_kernel here = cl_kernel_of(cl, source, "add"), there;
	int *p = clSVMAlloc(cl->context, CL_MEM_SVM_FINE_GRAIN_BUFFER, 4096, 0);
	const int one = 1, ten = 10;
	struct cl other;

	CHECK(p);
	memset(p, 0, 4096);
	cl_open(&other);
	there = cl_kernel_of(&other, source, "add");
	cl_arg_ptr(here, 0, p);
	cl_arg(here, 1, one);
	cl_arg_ptr(there, 0, p);
	cl_arg(there, 1, ten);
	for (int i = 0; i < 3; i++) {
		cl_run(cl, here, 1024, 0);
		cl_run(&other, there, 1024, 0);
	}
	for (int i = 0; i < 1024; i++)
		CHECK(p[i] == 33);
	CL(clReleaseKernel(there));
	cl_close(&other);
	clSVMFree(cl->context, p);
	CL(clReleaseKernel(here));
}

#define BYTES 8192
#define ROUNDS 60

struct bytes {
	_Atomic uint8_t *bytes;
	_Atomic uint16_t *words;
	atomic_int stop;
	int rounds;
};

/* Plain stores of a byte, or a word, that the compiler leaves where they are */
#define load(p) atomic_load_explicit(p, memory_order_relaxed)
#define store(p, v) atomic_store_explicit(p, v, memory_order_relaxed)

static void *even(void *data)
{
	struct bytes *b = data;

	/* As long as the GPU is at it, and once at least */
	do {
		for (int i = 0; i < BYTES; i += 2) {
			store(&b->bytes[i], load(&b->bytes[i]) + 1);
			store(&b->words[i], load(&b->words[i]) + 5);
		}
		b->rounds++;
	} while (!b->stop);
	return NULL;
}

/*
 * The GPU has the odd bytes and words, a thread the even ones, at the same time. A store that
 * writes more than its bytes loses one of the other's.
 */
static void test_bytes(struct cl *cl)
{
	cl_kernel odd = cl_kernel_of(cl, source, "odd");
	const int n = BYTES, rounds = ROUNDS;
	struct bytes b = { 0 };
	pthread_t thread;

	b.bytes = calloc(BYTES, 1);
	b.words = calloc(BYTES, 2);
	CHECK(b.bytes && b.words);
	cl_arg_ptr(odd, 0, (const void *)b.bytes);
	cl_arg_ptr(odd, 1, (const void *)b.words);
	cl_arg(odd, 2, n);
	cl_arg(odd, 3, rounds);
	CHECK(!pthread_create(&thread, NULL, even, &b));
	cl_run(cl, odd, 256, 0);
	b.stop = 1;
	CHECK(!pthread_join(thread, NULL));
	for (int i = 0; i < BYTES; i++) {
		const uint8_t byte = i & 1 ? ROUNDS : b.rounds;
		const uint16_t word = i & 1 ? 3 * ROUNDS : 5 * b.rounds;

		if (b.bytes[i] != byte || b.words[i] != word)
			FAIL("%d: %u and %u, not %u and %u, after %d rounds of the CPU", i,
			     b.bytes[i], b.words[i], byte, word, b.rounds);
	}
	free((void *)b.bytes);
	free((void *)b.words);
	CL(clReleaseKernel(odd));
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_pointers(&cl);
	test_contexts(&cl);
	test_bytes(&cl);
	test_large(&cl);
	cl_close(&cl);
	return cl_ok();
}
