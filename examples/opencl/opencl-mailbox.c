// SPDX-License-Identifier: MIT
/*
 * opencl-mailbox: a kernel that runs as long as the program does. Threads put jobs into a ring in
 * memory of malloc(), each job a pointer to a string of theirs; the kernel takes them, hashes the
 * strings, and answers through the job. There is no launch, no copy and no event for a job: two
 * atomics.
 *
 * usage: opencl-mailbox [JOBS]
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "cl.h"

#define SLOTS 16
#define THREADS 2

struct job {
	const char *text;
	uint64_t hash;
	atomic_uint done;
};

/* A slot is a thread's to write while its turn is the number of a job, at one more the kernel's. */
struct ring {
	atomic_uint head;
	atomic_uint stop;
	struct {
		atomic_uint turn;
		struct job *job;
	} slots[SLOTS];
};

static const char source[] =
	"#define ALL memory_scope_all_svm_devices\n"
	"#define SLOTS 16\n"
	"struct job { global const uchar *text; ulong hash; atomic_uint done; };\n"
	"struct slot { atomic_uint turn; global struct job *job; };\n"
	"struct ring { atomic_uint head; atomic_uint stop; struct slot slots[SLOTS]; };\n"
	"\n"
	"kernel void serve(global struct ring *ring)\n"
	"{\n"
	"	for (uint at = 0;; at++) {\n"
	"		global struct slot *slot = &ring->slots[at % SLOTS];\n"
	"\n"
	"		while (atomic_load_explicit(&slot->turn, memory_order_acquire, ALL) !=\n"
	"		       at + 1) {\n"
	"			if (atomic_load_explicit(&ring->stop, memory_order_acquire, ALL))\n"
	"				return;\n"
	"		}\n"
	"		global struct job *job = slot->job;\n"
	"		ulong hash = 0xcbf29ce484222325ul;\n"
	"		for (global const uchar *c = job->text; *c; c++)\n"
	"			hash = (hash ^ *c) * 0x100000001b3ul;\n"
	"		job->hash = hash;\n"
	"		atomic_store_explicit(&job->done, 1, memory_order_release, ALL);\n"
	"		atomic_store_explicit(&slot->turn, at + SLOTS, memory_order_release,\n"
	"				      ALL);\n"
	"	}\n"
	"}\n";

static struct ring *ring;
static cl_event event;
static int jobs = 200;

/* A wait for the kernel, unless there is none any more */
static void wait(void)
{
	cl_int status;

	CL(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	if (status <= 0)
		FAIL("the kernel has ended: %d", status);
	sched_yield();
}

static void put(struct job *job)
{
	const unsigned int at = atomic_fetch_add(&ring->head, 1);

	while (atomic_load_explicit(&ring->slots[at % SLOTS].turn, memory_order_acquire) != at)
		wait();
	ring->slots[at % SLOTS].job = job;
	atomic_store_explicit(&ring->slots[at % SLOTS].turn, at + 1, memory_order_release);
}

static uint64_t hash(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ull;
	return hash;
}

static void *client(void *name)
{
	unsigned long right = 0;

	for (int i = 0; i < jobs; i++) {
		struct job job = { 0 };
		char *text;

		CHECK(asprintf(&text, "%s, letter %d", (char *)name, i) > 0);
		job.text = text;
		put(&job);
		while (!atomic_load_explicit(&job.done, memory_order_acquire))
			wait();
		if (job.hash != hash(text))
			FAIL("\"%s\": the GPU has 0x%llx, the CPU 0x%llx", text,
			     (unsigned long long)job.hash, (unsigned long long)hash(text));
		if (!i)
			printf("\"%s\": the GPU has 0x%llx, the CPU too\n", text,
			       (unsigned long long)job.hash);
		right++;
		free(text);
	}
	return (void *)right;
}

int main(int argc, char **argv)
{
	static const char *const names[THREADS] = { "Alice", "Bob" };
	pthread_t threads[THREADS];
	unsigned long all = 0;
	const size_t one = 1;
	cl_kernel serve;
	struct cl cl;

	if (argc > 1)
		jobs = atoi(argv[1]);
	/* The kernel has to run for as long as there might be a job. */
	setenv("VSVM_TIMEOUT_MS", "0", 0);
	ring = calloc(1, sizeof(*ring));
	CHECK(ring);
	for (int i = 0; i < SLOTS; i++)
		atomic_init(&ring->slots[i].turn, i);

	cl_open(&cl);
	serve = cl_kernel_of(&cl, source, "serve");
	cl_arg_ptr(serve, 0, ring);
	CL(clEnqueueNDRangeKernel(cl.queue, serve, 1, NULL, &one, NULL, 0, NULL, &event));
	CL(clFlush(cl.queue));
	for (int t = 0; t < THREADS; t++)
		CHECK(!pthread_create(&threads[t], NULL, client, (void *)names[t]));
	for (int t = 0; t < THREADS; t++) {
		void *right;

		CHECK(!pthread_join(threads[t], &right));
		all += (unsigned long)right;
	}
	atomic_store_explicit(&ring->stop, 1, memory_order_release);
	CL(clWaitForEvents(1, &event));
	printf("%lu jobs of %d threads, answered by one launch\n", all, THREADS);

	CL(clReleaseEvent(event));
	CL(clReleaseKernel(serve));
	cl_close(&cl);
	free(ring);
	return cl_ok();
}
