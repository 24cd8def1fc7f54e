// SPDX-License-Identifier: MIT
/*
 * opencl-svm-sync: CPU threads and a kernel that runs at the same time. Every atomic operation on
 * one word from both sides, what was written before a release seen after an acquire, orders that
 * sequential consistency forbids, locks, and results taken while the kernel still runs.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "cl.h"

#define THREADS 2
#define ITEMS 64
#define EACH 50

/* T is int, uint, long or ulong */
#define OPS_SOURCE \
	"#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n" \
	"#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable\n" \
	"#define ALL memory_scope_all_svm_devices\n" \
	"#define RLX memory_order_relaxed, ALL\n" \
	"#define SEQ memory_order_seq_cst, ALL\n" \
	"#define ACR memory_order_acq_rel, ALL\n" \
	"kernel void ops(volatile global AT *w, global T *got, int n)\n" \
	"{\n" \
	"	T id = get_global_id(0) + 2, sum = 0;\n" \
	"	for (int i = 0; i < n; i++) {\n" \
	"		atomic_fetch_add_explicit(&w[0], id, RLX);\n" \
	"		atomic_fetch_sub_explicit(&w[1], id, SEQ);\n" \
	"		atomic_fetch_xor_explicit(&w[4], id << (i & 7), ACR);\n" \
	"		atomic_fetch_min_explicit(&w[5], 1000 - (id * n + i), RLX);\n" \
	"		atomic_fetch_max_explicit(&w[6], 1000 + (id * n + i), ACR);\n" \
	"		sum += atomic_exchange_explicit(&w[7], id * n + i, SEQ);\n" \
	"		T old = atomic_load_explicit(&w[8], RLX);\n" \
	"		while (!atomic_compare_exchange_weak_explicit(&w[8], &old, old + 3,\n" \
	"			memory_order_acq_rel, memory_order_acquire, ALL))\n" \
	"			;\n" \
	"		old = atomic_load(&w[9]);\n" \
	"		while (!atomic_compare_exchange_strong(&w[9], &old, old + 5))\n" \
	"			;\n" \
	"		atomic_fetch_add(&w[10], (T)1);\n" \
	"	}\n" \
	"	atomic_fetch_or_explicit(&w[2], (T)1 << (id - 2) % BITS / 2 * 2, ACR);\n" \
	"	atomic_fetch_and_explicit(&w[3], ~((T)1 << (id - 2) % BITS / 2 * 2), SEQ);\n" \
	"	got[get_global_id(0)] = sum;\n" \
	"}\n"

#define WORDS 11

/* A C type, its name there, its atomic one */
#define OPS_TEST(name, T, U, AT)								\
struct ops_##name {										\
	_Atomic T *w;										\
	T got;											\
	int id;											\
};												\
												\
static void *host_##name(void *data)								\
{												\
	struct ops_##name *o = data;								\
	_Atomic T *w = o->w;									\
	const T id = o->id;									\
	T old;											\
												\
	for (int i = 0; i < EACH; i++) {							\
		atomic_fetch_add_explicit(&w[0], id, memory_order_relaxed);			\
		atomic_fetch_sub(&w[1], id);							\
		atomic_fetch_xor(&w[4], (T)((U)id << (i & 7)));					\
		old = atomic_load(&w[5]);							\
		while ((T)(1000 - (id * EACH + i)) < old &&					\
		       !atomic_compare_exchange_weak(&w[5], &old, (T)(1000 - (id * EACH + i))))	\
			;									\
		old = atomic_load(&w[6]);							\
		while ((T)(1000 + (id * EACH + i)) > old &&					\
		       !atomic_compare_exchange_weak(&w[6], &old, (T)(1000 + (id * EACH + i))))	\
			;									\
		o->got += atomic_exchange(&w[7], id * EACH + i);				\
		old = atomic_load(&w[8]);							\
		while (!atomic_compare_exchange_weak(&w[8], &old, old + 3))			\
			;									\
		old = atomic_load(&w[9]);							\
		while (!atomic_compare_exchange_strong(&w[9], &old, old + 5))			\
			;									\
		atomic_fetch_add(&w[10], 1);							\
	}											\
	/* The odd bits; the GPU has the even ones. */						\
	for (unsigned int bit = 1; bit < 8 * sizeof(T); bit += 2) {				\
		atomic_fetch_or(&w[2], (T)((U)1 << bit));					\
		atomic_fetch_and(&w[3], (T)~((U)1 << bit));					\
	}											\
	return NULL;										\
}												\
												\
static void test_ops_##name(struct cl *cl)							\
{												\
	char text[8192];									\
	_Atomic T *w = aligned_alloc(64, 128);							\
	T *got = calloc(ITEMS, sizeof(T)), sum = 0, ids = 0, xors = 0, received, put = 0;	\
	T least = sizeof(T) == 4 ? (T)INT32_MAX : (T)INT64_MAX, most = 0;			\
	struct ops_##name o[THREADS] = { 0 };							\
	pthread_t threads[THREADS];								\
	const int n = EACH;									\
	cl_kernel kernel;									\
												\
	CHECK(w && got);									\
	snprintf(text, sizeof(text), "#define T %s\n#define AT %s\n#define BITS %d\n%s", #name,	\
		 #AT, (int)(8 * sizeof(T)), OPS_SOURCE);					\
	for (int i = 0; i < WORDS; i++)								\
		atomic_init(&w[i], i == 3 ? (T)-1 : i == 5 ? least : 0);			\
	kernel = cl_kernel_of(cl, text, "ops");							\
	cl_arg_ptr(kernel, 0, (const void *)w);							\
	cl_arg_ptr(kernel, 1, got);								\
	cl_arg(kernel, 2, n);									\
	cl_launch(cl, kernel, ITEMS, 0);							\
	CL(clFlush(cl->queue));									\
	for (int t = 0; t < THREADS; t++) {							\
		o[t].w = w;									\
		o[t].id = ITEMS + 2 + t;							\
		CHECK(!pthread_create(&threads[t], NULL, host_##name, &o[t]));			\
	}											\
	for (int t = 0; t < THREADS; t++)							\
		CHECK(!pthread_join(threads[t], NULL));						\
	CL(clFinish(cl->queue));								\
												\
	received = atomic_load(&w[7]);								\
	for (int id = 2; id < ITEMS + 2 + THREADS; id++) {					\
		ids += (T)id * EACH;								\
		for (int i = 0; i < EACH; i++) {						\
			const T low = 1000 - ((T)id * EACH + i), high = 1000 + ((T)id * EACH + i); \
												\
			xors ^= (T)((U)id << (i & 7));						\
			put += (T)id * EACH + i;						\
			least = low < least ? low : least;					\
			most = high > most ? high : most;					\
		}										\
	}											\
	for (int i = 0; i < ITEMS; i++)								\
		received += got[i];								\
	for (int t = 0; t < THREADS; t++)							\
		received += o[t].got;								\
	sum = (ITEMS + THREADS) * EACH;								\
	CHECK(atomic_load(&w[0]) == ids);							\
	CHECK(atomic_load(&w[1]) == (T)-(U)ids);						\
	CHECK(atomic_load(&w[2]) == (T)-1);							\
	CHECK(atomic_load(&w[3]) == 0);								\
	CHECK(atomic_load(&w[4]) == xors);							\
	CHECK(atomic_load(&w[5]) == least);							\
	CHECK(atomic_load(&w[6]) == most);							\
	/* Each value that was put in came out once, or is there. */				\
	CHECK(received == put);									\
	CHECK(atomic_load(&w[8]) == 3 * sum);							\
	CHECK(atomic_load(&w[9]) == 5 * sum);							\
	CHECK(atomic_load(&w[10]) == sum);							\
	free((void *)w);									\
	free(got);										\
	CL(clReleaseKernel(kernel));								\
}

OPS_TEST(int, int32_t, uint32_t, atomic_int)
OPS_TEST(uint, uint32_t, uint32_t, atomic_uint)
OPS_TEST(long, int64_t, uint64_t, atomic_long)
OPS_TEST(ulong, uint64_t, uint64_t, atomic_ulong)

static const char source[] =
	"#define ALL memory_scope_all_svm_devices\n"
	"#define ACQ memory_order_acquire, ALL\n"
	"#define REL memory_order_release, ALL\n"
	"#define SEQ memory_order_seq_cst, ALL\n"
	"\n"
	/* Each workgroup has a ball, and a thread that throws it back. */
	"kernel void ball(volatile global atomic_int *balls, int rounds)\n"
	"{\n"
	"	volatile global atomic_int *ball = balls + 16 * get_group_id(0);\n"
	"	for (int i = 0; i < rounds; i++) {\n"
	"		while (atomic_load_explicit(ball, ACQ) != 2 * i + 1)\n"
	"			;\n"
	"		atomic_store_explicit(ball, 2 * i + 2, REL);\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void send(global int *data, volatile global atomic_int *flag, int n, int rounds)\n"
	"{\n"
	"	for (int r = 1; r <= rounds; r++) {\n"
	"		for (int i = 0; i < n; i++)\n"
	"			data[i] = r * 1000 + i;\n"
	"		atomic_store_explicit(flag, 2 * r, REL);\n"
	"		while (atomic_load_explicit(flag, ACQ) != 2 * r + 1)\n"
	"			;\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void receive(global int *data, volatile global atomic_int *flag, int n,\n"
	"		    int rounds, global int *bad)\n"
	"{\n"
	"	for (int r = 1; r <= rounds; r++) {\n"
	"		while (atomic_load_explicit(flag, memory_order_relaxed, ALL) != 2 * r)\n"
	"			;\n"
	"		atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_acquire, ALL);\n"
	"		for (int i = 0; i < n; i++)\n"
	"			*bad += data[i] != r * 1000 + i;\n"
	"		atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_release, ALL);\n"
	"		atomic_store_explicit(flag, 2 * r + 1, memory_order_relaxed, ALL);\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void buffering(volatile global atomic_int *go, volatile global atomic_int *x,\n"
	"		      volatile global atomic_int *y, global int *saw, int n)\n"
	"{\n"
	"	for (int i = 0; i < n; i++) {\n"
	"		atomic_fetch_add_explicit(go, 1, SEQ);\n"
	"		while (atomic_load_explicit(go, SEQ) < 2 * (i + 1))\n"
	"			;\n"
	"		atomic_store_explicit(&x[i], 1, SEQ);\n"
	"		saw[i] = atomic_load_explicit(&y[i], SEQ);\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void watch(volatile global atomic_int *up, volatile global atomic_int *down,\n"
	"		  int n, global int *bad)\n"
	"{\n"
	"	int last = 0, now;\n"
	"	do {\n"
	"		now = atomic_load_explicit(up, memory_order_relaxed, ALL);\n"
	"		*bad += now < last;\n"
	"		last = now;\n"
	"		atomic_fetch_add_explicit(down, 1, memory_order_relaxed, ALL);\n"
	"	} while (now < n);\n"
	"}\n"
	"\n"
	"kernel void lock(volatile global atomic_flag *lock, global int *count, int n)\n"
	"{\n"
	"	for (int left = n; left;) {\n"
	"		if (!atomic_flag_test_and_set_explicit(lock, ACQ)) {\n"
	"			count[0]++;\n"
	"			count[1] += 2;\n"
	"			left--;\n"
	"			atomic_flag_clear_explicit(lock, REL);\n"
	"		}\n"
	"	}\n"
	"}\n"
	"\n"
	/* Lanes of a wave may wait for the CPU, all for the same, not one of them for another. */
	"kernel void serve(volatile global atomic_int *ask, volatile global atomic_int *answer,\n"
	"		  int rounds)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	for (int r = 1; r <= rounds; r++) {\n"
	"		while (atomic_load_explicit(ask, ACQ) != r)\n"
	"			;\n"
	"		atomic_store_explicit(&answer[i], r * 1000 + i, REL);\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void floats(volatile global atomic_float *f, volatile global atomic_double *d,\n"
	"		   global float *old)\n"
	"{\n"
	"	atomic_store(f, 1.5f);\n"
	"	*old = atomic_exchange(f, 2.5f);\n"
	"	atomic_store(d, atomic_load(&d[1]) + 0.25);\n"
	"}\n";

/* Fails, rather than to wait for a kernel that is no more */
static void still_runs(cl_event event)
{
	cl_int status;

	CL(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	if (status < 0)
		FAIL("the kernel ended with %d", status);
	/* There may be fewer processors than parties. */
	sched_yield();
}

static cl_event start(struct cl *cl, cl_kernel kernel, size_t global, size_t local)
{
	cl_event event;

	CL(clEnqueueNDRangeKernel(cl->queue, kernel, 1, NULL, &global, &local, 0, NULL, &event));
	CL(clFlush(cl->queue));
	return event;
}

static void end(cl_event event, cl_kernel kernel)
{
	CL(clWaitForEvents(1, &event));
	CL(clReleaseEvent(event));
	CL(clReleaseKernel(kernel));
}

#define BALL_ROUNDS 30

struct ball {
	atomic_int *ball;
	cl_event event;
};

static void *throw(void *data)
{
	struct ball *b = data;

	for (int i = 0; i < BALL_ROUNDS; i++) {
		atomic_store_explicit(b->ball, 2 * i + 1, memory_order_release);
		while (atomic_load_explicit(b->ball, memory_order_acquire) != 2 * i + 2)
			still_runs(b->event);
	}
	return NULL;
}

static void test_balls(struct cl *cl)
{
	enum { balls = 4 };
	cl_kernel kernel = cl_kernel_of(cl, source, "ball");
	atomic_int *mem = calloc(balls, 64);
	pthread_t threads[balls];
	struct ball b[balls];
	const int rounds = BALL_ROUNDS;
	cl_event event;

	CHECK(mem);
	cl_arg_ptr(kernel, 0, (const void *)mem);
	cl_arg(kernel, 1, rounds);
	event = start(cl, kernel, balls, 1);
	for (int i = 0; i < balls; i++) {
		b[i] = (struct ball) { mem + 16 * i, event };
		CHECK(!pthread_create(&threads[i], NULL, throw, &b[i]));
	}
	for (int i = 0; i < balls; i++)
		CHECK(!pthread_join(threads[i], NULL));
	end(event, kernel);
	free((void *)mem);
}

/* Plain data, and a flag by which the other side knows that it is there: both ways */
static void test_messages(struct cl *cl)
{
	enum { n = 40, rounds = 60 };
	cl_kernel send = cl_kernel_of(cl, source, "send");
	cl_kernel receive = cl_kernel_of(cl, source, "receive");
	int *data = calloc(n, sizeof(*data)), *bad = calloc(1, sizeof(*bad));
	atomic_int *flag = malloc(sizeof(*flag));
	const int num = n, times = rounds;
	cl_event event;

	CHECK(data && bad && flag);
	atomic_init(flag, 0);
	cl_arg_ptr(send, 0, data);
	cl_arg_ptr(send, 1, (const void *)flag);
	cl_arg(send, 2, num);
	cl_arg(send, 3, times);
	event = start(cl, send, 1, 1);
	for (int r = 1; r <= rounds; r++) {
		while (atomic_load_explicit(flag, memory_order_acquire) != 2 * r)
			still_runs(event);
		for (int i = 0; i < n; i++)
			CHECK(data[i] == r * 1000 + i);
		atomic_store_explicit(flag, 2 * r + 1, memory_order_release);
	}
	end(event, send);

	atomic_init(flag, 0);
	cl_arg_ptr(receive, 0, data);
	cl_arg_ptr(receive, 1, (const void *)flag);
	cl_arg(receive, 2, num);
	cl_arg(receive, 3, times);
	cl_arg_ptr(receive, 4, bad);
	event = start(cl, receive, 1, 1);
	for (int r = 1; r <= rounds; r++) {
		for (int i = 0; i < n; i++)
			data[i] = r * 1000 + i;
		atomic_store_explicit(flag, 2 * r, memory_order_release);
		while (atomic_load_explicit(flag, memory_order_acquire) != 2 * r + 1)
			still_runs(event);
	}
	end(event, receive);
	CHECK(!*bad);
	free(data);
	free(bad);
	free((void *)flag);
}

/* x = 1, y? here, and y = 1, x? there: in no single order do both see 0. */
static void test_buffering(struct cl *cl)
{
	enum { n = 300 };
	cl_kernel kernel = cl_kernel_of(cl, source, "buffering");
	atomic_int *go = calloc(1, 64), *x = calloc(n, sizeof(*x)), *y = calloc(n, sizeof(*y));
	int *saw = calloc(n, sizeof(*saw)), mine[n];
	const int num = n;
	cl_event event;

	CHECK(go && x && y && saw);
	cl_arg_ptr(kernel, 0, (const void *)go);
	cl_arg_ptr(kernel, 1, (const void *)x);
	cl_arg_ptr(kernel, 2, (const void *)y);
	cl_arg_ptr(kernel, 3, saw);
	cl_arg(kernel, 4, num);
	event = start(cl, kernel, 1, 1);
	for (int i = 0; i < n; i++) {
		atomic_fetch_add(go, 1);
		while (atomic_load(go) < 2 * (i + 1))
			still_runs(event);
		atomic_store(&y[i], 1);
		mine[i] = atomic_load(&x[i]);
	}
	end(event, kernel);
	for (int i = 0; i < n; i++)
		CHECK(saw[i] || mine[i]);
	free((void *)go);
	free((void *)x);
	free((void *)y);
	free(saw);
}

/* A word that grows is never seen to shrink, on either side. */
static void test_coherence(struct cl *cl)
{
	enum { n = 2000 };
	cl_kernel kernel = cl_kernel_of(cl, source, "watch");
	atomic_int *up = calloc(1, 64), *down = calloc(1, 64);
	int *bad = calloc(1, sizeof(*bad)), last = 0;
	const int num = n;
	cl_event event;

	CHECK(up && down && bad);
	cl_arg_ptr(kernel, 0, (const void *)up);
	cl_arg_ptr(kernel, 1, (const void *)down);
	cl_arg(kernel, 2, num);
	cl_arg_ptr(kernel, 3, bad);
	event = start(cl, kernel, 1, 1);
	for (int i = 0; i < n; i++) {
		const int now = atomic_load_explicit(down, memory_order_relaxed);

		CHECK(now >= last);
		last = now;
		atomic_fetch_add_explicit(up, 1, memory_order_relaxed);
		if (i % 64 == 0)
			still_runs(event);
	}
	end(event, kernel);
	CHECK(!*bad && atomic_load(down) >= last);
	free((void *)up);
	free((void *)down);
	free(bad);
}

/* A lock that lanes and threads take, around words that are not atomic */
static void test_lock(struct cl *cl)
{
	enum { items = 32, each = 20, mine = 400 };
	cl_kernel kernel = cl_kernel_of(cl, source, "lock");
	atomic_int *lock = calloc(1, 64);
	int *count = calloc(2, sizeof(*count));
	const int n = each;
	cl_event event;

	CHECK(lock && count);
	cl_arg_ptr(kernel, 0, (const void *)lock);
	cl_arg_ptr(kernel, 1, count);
	cl_arg(kernel, 2, n);
	event = start(cl, kernel, items, items);
	for (int i = 0; i < mine; i++) {
		/* An atomic_flag of OpenCL C is an int; the GPU sets it to what is not 0. */
		while (atomic_exchange_explicit(lock, -1, memory_order_acquire))
			still_runs(event);
		count[0]++;
		count[1] += 2;
		atomic_store_explicit(lock, 0, memory_order_release);
	}
	end(event, kernel);
	CHECK(count[0] == items * each + mine && count[1] == 2 * count[0]);
	free((void *)lock);
	free(count);
}

/* Three waves wait for a question, and the CPU has each answer of theirs before it asks again. */
static void test_serve(struct cl *cl)
{
	enum { n = 96, rounds = 20 };
	cl_kernel kernel = cl_kernel_of(cl, source, "serve");
	atomic_int *ask = calloc(1, 64), *answer = calloc(n, sizeof(*answer));
	const int times = rounds;
	cl_event event;

	CHECK(ask && answer);
	cl_arg_ptr(kernel, 0, (const void *)ask);
	cl_arg_ptr(kernel, 1, (const void *)answer);
	cl_arg(kernel, 2, times);
	event = start(cl, kernel, n, n);
	for (int r = 1; r <= rounds; r++) {
		for (int i = 0; i < n; i++)
			CHECK(atomic_load(&answer[i]) == (r > 1 ? (r - 1) * 1000 + i : 0));
		atomic_store_explicit(ask, r, memory_order_release);
		for (int i = 0; i < n; i++) {
			const int want = r * 1000 + i;

			while (atomic_load_explicit(&answer[i], memory_order_acquire) != want)
				still_runs(event);
		}
	}
	end(event, kernel);
	free((void *)ask);
	free((void *)answer);
}

static void test_floats(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "floats");
	float *f = calloc(2, sizeof(*f));
	double *d = calloc(2, sizeof(*d));

	CHECK(f && d);
	d[1] = 7;
	cl_arg_ptr(kernel, 0, f);
	cl_arg_ptr(kernel, 1, d);
	cl_arg_ptr(kernel, 2, f + 1);
	cl_run(cl, kernel, 1, 0);
	CHECK(f[0] == 2.5f && f[1] == 1.5f && d[0] == 7.25);
	free(f);
	free(d);
	CL(clReleaseKernel(kernel));
}

static const struct {
	const char *name;
	void (*func)(struct cl *cl);
} tests[] = {
	{ "int", test_ops_int },
	{ "uint", test_ops_uint },
	{ "long", test_ops_long },
	{ "ulong", test_ops_ulong },
	{ "floats", test_floats },
	{ "balls", test_balls },
	{ "messages", test_messages },
	{ "buffering", test_buffering },
	{ "coherence", test_coherence },
	{ "lock", test_lock },
	{ "serve", test_serve },
};

int main(void)
{
	const cl_device_atomic_capabilities all = CL_DEVICE_ATOMIC_ORDER_RELAXED |
		CL_DEVICE_ATOMIC_ORDER_ACQ_REL | CL_DEVICE_ATOMIC_ORDER_SEQ_CST |
		CL_DEVICE_ATOMIC_SCOPE_WORK_GROUP | CL_DEVICE_ATOMIC_SCOPE_DEVICE |
		CL_DEVICE_ATOMIC_SCOPE_ALL_DEVICES;
	cl_device_atomic_capabilities caps;
	struct cl cl;

	/* Its kernels wait for threads, which may not get a processor for long. */
	setenv("VSVM_TIMEOUT_MS", "0", 0);
	cl_open(&cl);
	CL(clGetDeviceInfo(cl.device, CL_DEVICE_ATOMIC_MEMORY_CAPABILITIES, sizeof(caps), &caps,
			   NULL));
	CHECK((caps & all) == all);
	CL(clGetDeviceInfo(cl.device, CL_DEVICE_ATOMIC_FENCE_CAPABILITIES, sizeof(caps), &caps,
			   NULL));
	CHECK((caps & all) == all);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		/* Which one it was, if it waits for ever */
		printf("%s\n", tests[i].name);
		fflush(stdout);
		tests[i].func(&cl);
	}
	cl_close(&cl);
	return cl_ok();
}
