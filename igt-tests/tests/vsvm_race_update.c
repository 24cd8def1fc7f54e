// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race update
 * Description: Changes of an interval's bounds against faults, invalidations and each other
 */
#include <sched.h>

#include "vsvm_failslab.h"
#include "vsvm_modprobe.h"
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("Changes of an interval's bounds against whatever changes memory meanwhile");

#define PAGES	12
#define SIZE	(PAGES * PAGE)
#define THIRD	(SIZE / 3)

/**
 * struct race - a buffer that the GPU has, in one interval
 */
struct race {
	/** @t: VM */
	struct svm t;
	/** @hold: who is stopped */
	struct vsvm_hold hold;
	/** @p: %PAGES pages that the CPU has numbered from 1 on */
	uint8_t *p;
};

static uint32_t look(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static void race_begin(struct race *r, int fd, bool mapped)
{
	vsvm_failslab_stop();
	r->p = svm_buffer(SIZE);
	race_init(&r->t, fd);
	svm_number_pages(r->p, PAGES, 1);
	if (!mapped)
		return;
	svm_expect_pages(&r->t, r->p, PAGES, 1);
	svm_expect_interval(&r->t, r->p, SIZE);
}

static void race_end(struct race *r)
{
	svm_fini(&r->t);
	svm_buffer_free(r->p, SIZE);
}

/*
 * A VMA goes, in whole or in part, after its bounds were read and before the interval for them can
 * hear. Nobody is told, so the interval has to be looked at once more
 */
static void test_cover(int fd, const char *point, size_t first, size_t size)
{
	uint64_t seqno;
	struct race r;

	race_begin(&r, fd, false);
	race_arm(&r.hold, &r.t, point, r.p, SIZE);
	seqno = race_read(&r.t, r.p);
	vsvm_hold_wait(&r.hold);
	vsvm_unmap(r.p + first, size);
	vsvm_hold_release(&r.hold);
	if (!first) {
		race_expect_error(&r.t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, r.p);
		vsvm_vm_sync(fd, r.t.ctx.vm);
		igt_assert_eq(svm_intervals_in(&r.t, r.p, size, NULL, 0), 0);
		igt_assert_eq(svm_intervals_in(&r.t, r.p, SIZE, NULL, 0), size < SIZE);
	} else {
		race_expect_value(&r.t, seqno, 1);
		vsvm_vm_sync(fd, r.t.ctx.vm);
		svm_expect_interval(&r.t, r.p, first);
	}
	if (size < SIZE)
		svm_expect_pages(&r.t, first ? r.p : r.p + size, (SIZE - size) / PAGE,
				 first ? 1 : 1 + size / PAGE);
	svm_expect_error(&r.t, r.p + first, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	race_end(&r);
}

/* While old and new notifier stand side by side both hear, and one zap is as good as two */
static void test_swap(int fd, const char *point)
{
	struct drm_vsvm_vm_stats before, after;
	uint64_t seqno;
	struct race r;

	race_begin(&r, fd, true);
	vsvm_hold_arm(&r.hold, fd, r.t.ctx.vm, point);
	vsvm_unmap(r.p + 2 * THIRD, THIRD);
	vsvm_hold_wait(&r.hold);
	before = svm_stats(&r.t);
	igt_assert_eq(madvise(r.p, 2 * PAGE, MADV_DONTNEED), 0);
	after = svm_stats(&r.t);
	igt_assert_eq_u64(after.invalidations, before.invalidations + 2);
	igt_assert_eq_u64(after.pages_zapped, before.pages_zapped + 2);
	svm_number_pages(r.p, 2, 100);
	/* whoever faults waits for the change of bounds */
	seqno = race_read(&r.t, r.p);
	race_wait_faults(&r.t, &after, 1);
	usleep(20000);
	igt_assert_lt_u64(READ_ONCE(*r.t.ctx.fence), seqno);
	vsvm_hold_release(&r.hold);
	race_expect_value(&r.t, seqno, 100);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	svm_expect_interval(&r.t, r.p, 2 * THIRD);
	svm_expect_pages(&r.t, r.p, 2, 100);
	svm_expect_pages(&r.t, r.p + 2 * PAGE, 2 * THIRD / PAGE - 2, 3);
	race_end(&r);
}

/* A second munmap comes at one point or another of the update for the first */
static void test_second(int fd, const char *point, size_t first, size_t size)
{
	struct drm_vsvm_vm_stats before;
	struct drm_vsvm_interval list[3];
	unsigned int count = 0, n;
	struct race r;

	race_begin(&r, fd, true);
	before = svm_stats(&r.t);
	vsvm_hold_arm(&r.hold, fd, r.t.ctx.vm, point);
	vsvm_unmap(r.p + 2 * THIRD, THIRD);
	vsvm_hold_wait(&r.hold);
	vsvm_unmap(r.p + first, size);
	igt_assert_eq_u64(svm_stats(&r.t).pages,
			  before.pages - (THIRD + size) / PAGE);
	vsvm_hold_release(&r.hold);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	/* what is left, and nothing else, has an interval */
	n = svm_intervals_in(&r.t, r.p, SIZE, list, ARRAY_SIZE(list));
	if (first) {
		igt_assert_lt(count, n);
		igt_assert_eq_u64(list[count].start, vsvm_ptr(r.p));
		igt_assert_eq_u64(list[count].end, vsvm_ptr(r.p) + first);
		count++;
	}
	if (first + size < 2 * THIRD) {
		igt_assert_lt(count, n);
		igt_assert_eq_u64(list[count].start, vsvm_ptr(r.p) + first + size);
		igt_assert_eq_u64(list[count].end, vsvm_ptr(r.p) + 2 * THIRD);
		count++;
	}
	igt_assert_eq(n, count);
	for (unsigned int i = 0; i < 2 * THIRD / PAGE; i++) {
		if (i * PAGE >= first && i * PAGE < first + size)
			continue;
		igt_assert_eq_u64(svm_read(&r.t, r.p + i * PAGE), 1 + i);
	}
	svm_expect_error(&r.t, r.p + first, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&r.t, r.p + 2 * THIRD, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	race_end(&r);
}

/* Two intervals are due; the second one becomes so when the first is at work */
static void test_two(int fd)
{
	struct drm_vsvm_vm_stats before, after;
	uint8_t *q = svm_buffer(SIZE);
	struct race r;

	race_begin(&r, fd, true);
	svm_number_pages(q, PAGES, 50);
	svm_expect_pages(&r.t, q, PAGES, 50);
	before = svm_stats(&r.t);
	race_arm(&r.hold, &r.t, "update-vmas", r.p, SIZE);
	vsvm_unmap(r.p + THIRD, THIRD);
	vsvm_hold_wait(&r.hold);
	vsvm_unmap(q, THIRD);
	vsvm_hold_release(&r.hold);
	after = svm_sync_stats(&r.t);
	igt_assert_eq_u64(after.intervals_split, before.intervals_split + 1);
	igt_assert_eq_u64(after.intervals_shrunk, before.intervals_shrunk + 1);
	igt_assert_eq_u64(after.deferred_updates, before.deferred_updates + 2);
	svm_expect_interval(&r.t, r.p, THIRD);
	svm_expect_interval(&r.t, r.p + 2 * THIRD, THIRD);
	svm_expect_interval(&r.t, q + THIRD, 2 * THIRD);
	svm_expect_pages(&r.t, r.p, THIRD / PAGE, 1);
	svm_expect_pages(&r.t, q + THIRD, 2 * THIRD / PAGE, 50 + THIRD / PAGE);
	race_end(&r);
	svm_buffer_free(q, SIZE);
}

/* VM_SYNC waits for an update, wherever that is; a signal ends the wait */
static void test_sync(int fd, const char *point)
{
	struct call call = { .fn = call_sync };
	struct race r;

	race_begin(&r, fd, true);
	call.t = &r.t;
	vsvm_hold_arm(&r.hold, fd, r.t.ctx.vm, point);
	vsvm_unmap(r.p, THIRD);
	vsvm_hold_wait(&r.hold);
	call_start(&call);
	usleep(50000);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&r.hold);
	call_finish(&call);
	svm_expect_interval(&r.t, r.p + THIRD, 2 * THIRD);
	race_end(&r);
}

/* Something else is mapped, and used by the GPU, before the update for what was there begins */
static void test_remap(int fd)
{
	struct drm_vsvm_vm_stats before, after;
	struct race r;

	race_begin(&r, fd, true);
	vsvm_hold_arm(&r.hold, fd, r.t.ctx.vm, "update");
	vsvm_unmap(r.p, SIZE);
	vsvm_hold_wait(&r.hold);
	svm_map_at(r.p, SIZE);
	svm_number_pages(r.p, PAGES, 100);
	svm_expect_pages(&r.t, r.p, PAGES, 100);
	before = svm_stats(&r.t);
	vsvm_hold_release(&r.hold);
	after = svm_sync_stats(&r.t);
	/* what is mapped now stays, and so does the interval */
	igt_assert_eq_u64(after.pages_zapped, before.pages_zapped);
	igt_assert_eq_u64(after.faults, before.faults);
	igt_assert_eq_u64(after.deferred_updates, before.deferred_updates + 1);
	svm_expect_interval(&r.t, r.p, SIZE);
	svm_expect_pages(&r.t, r.p, PAGES, 100);
	igt_assert_eq_u64(svm_stats(&r.t).faults, before.faults);
	race_end(&r);
}

/*
 * An update that finds no memory for the interval of what is left, and does it later. So from here
 * on: the last third goes, and the update for that fails
 */
static void begin_retry(struct race *r, int fd, int times)
{
	vsvm_failslab_require(VSVM_FAILSLAB_INTERVALS);
	race_begin(r, fd, true);
	vsvm_failslab_start(VSVM_FAILSLAB_INTERVALS, times);
	vsvm_hold_arm(&r->hold, fd, r->t.ctx.vm, "update-retry");
	vsvm_unmap(r->p + 2 * THIRD, THIRD);
	vsvm_hold_wait(&r->hold);
	if (times > 0)
		igt_assert_eq(vsvm_failslab_left(), times - 1);
}

/* Let who is held go, and wait until the next try has failed too */
static void fail_again(struct race *r)
{
	uint64_t passed = vsvm_hold_passed(&r->hold);

	vsvm_hold_step(&r->hold);
	vsvm_hold_wait(&r->hold);
	igt_assert_lt_u64(passed, vsvm_hold_passed(&r->hold));
}

/* VM_SYNC, that is: or the test would wait for ever with it */
static void finish_sync(struct call *call)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (!call_is_done(call)) {
		igt_assert_f(vsvm_now() < deadline, "VM_SYNC does not return\n");
		usleep(1000);
	}
	call_finish(call);
}

/* Whoever waits for the update waits for as long as it takes to have memory */
static void test_retry_sync(int fd, bool early)
{
	struct call call = { .fn = call_sync };
	struct drm_vsvm_vm_stats before, after;
	struct vsvm_hold begun;
	struct race r;

	call.t = &r.t;
	if (early) {
		/* it waits before the first try */
		vsvm_failslab_require(VSVM_FAILSLAB_INTERVALS);
		race_begin(&r, fd, true);
		before = svm_stats(&r.t);
		vsvm_failslab_start(VSVM_FAILSLAB_INTERVALS, 3);
		vsvm_hold_arm(&begun, fd, r.t.ctx.vm, "update");
		vsvm_hold_arm(&r.hold, fd, r.t.ctx.vm, "update-retry");
		vsvm_unmap(r.p + 2 * THIRD, THIRD);
		vsvm_hold_wait(&begun);
		call_start(&call);
		usleep(20000);
		vsvm_hold_release(&begun);
		vsvm_hold_wait(&r.hold);
	} else {
		begin_retry(&r, fd, 3);
		before = svm_stats(&r.t);
		call_start(&call);
	}
	igt_assert_eq_u64(svm_stats(&r.t).pages, before.pages - (early ? THIRD / PAGE : 0));
	fail_again(&r);
	fail_again(&r);
	usleep(20000);
	igt_assert(!call_is_done(&call));
	igt_assert_eq(vsvm_failslab_left(), 0);
	/* as it was, too large; what was done is not counted, for it was not */
	after = svm_stats(&r.t);
	igt_assert_eq_u64(after.deferred_updates, before.deferred_updates);
	igt_assert_eq_u64(after.intervals_shrunk, before.intervals_shrunk);
	svm_expect_interval(&r.t, r.p, SIZE);
	vsvm_hold_release(&r.hold);
	finish_sync(&call);
	after = svm_stats(&r.t);
	igt_assert_eq_u64(after.deferred_updates, before.deferred_updates + 1);
	igt_assert_eq_u64(after.intervals_shrunk, before.intervals_shrunk + 1);
	svm_expect_interval(&r.t, r.p, 2 * THIRD);
	svm_expect_pages(&r.t, r.p, 2 * THIRD / PAGE, 1);
	svm_expect_error(&r.t, r.p + 2 * THIRD, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	race_end(&r);
}

/* A signal ends the wait, though there is no end to the update */
static void on_signal(int sig)
{
}

static int call_sync_errno(struct call *c)
{
	c->prot = call_sync(c);
	return 0;
}

static void test_retry_signal(int fd)
{
	struct sigaction action = { .sa_handler = on_signal }, old;
	struct call call = { .fn = call_sync_errno };
	struct race r;

	begin_retry(&r, fd, -1);
	igt_assert_eq(sigaction(SIGUSR1, &action, &old), 0);
	call.t = &r.t;
	call_start(&call);
	/* it may not have come to its wait */
	for (unsigned int i = 0; i < 10 || !call_is_done(&call); i++) {
		igt_assert_lt(i, VSVM_WAIT_NS / (20 * NSEC_PER_MSEC));
		usleep(20000);
		if (!call_is_done(&call))
			pthread_kill(call.thread, SIGUSR1);
		if (i == 5)
			fail_again(&r);
	}
	call_finish(&call);
	igt_assert_eq(call.prot, -EINTR);
	igt_assert_eq(sigaction(SIGUSR1, &old, NULL), 0);
	vsvm_failslab_stop();
	vsvm_hold_release(&r.hold);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	svm_expect_interval(&r.t, r.p, 2 * THIRD);
	race_end(&r);
}

/* The VM goes with the update to be tried again, and memory still short; others are as before */
static void test_retry_vm(int fd, bool held)
{
	struct vsvm_hold hold;
	struct race r, other;

	begin_retry(&r, fd, -1);
	if (!held) {
		/* it has failed, and the next try is to come */
		vsvm_hold_arm(&hold, fd, r.t.ctx.vm, "update");
		vsvm_hold_release(&r.hold);
		vsvm_hold_wait(&hold);
		vsvm_hold_step(&hold);
		vsvm_hold_wait(&hold);
		vsvm_hold_step(&hold);
	}
	svm_fini(&r.t);
	igt_assert_eq(__vsvm_hold_wait(held ? &r.hold : &hold, 0), -ENODEV);
	vsvm_hold_release(held ? &r.hold : &hold);
	svm_buffer_free(r.p, SIZE);
	race_begin(&other, fd, true);
	vsvm_unmap(other.p, THIRD);
	vsvm_vm_sync(fd, other.t.ctx.vm);
	svm_expect_interval(&other.t, other.p + THIRD, 2 * THIRD);
	race_end(&other);
}

/* The process is killed, with a thread in VM_SYNC that waits for the update */
static void test_retry_kill(int fd)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t pid;

	vsvm_failslab_require(VSVM_FAILSLAB_INTERVALS);
	vsvm_hold_release_all();
	/* what the child starts is ours to stop */
	vsvm_failslab_start(VSVM_FAILSLAB_INTERVALS, 0);
	igt_fork(child, 1) {
		struct call call = { .fn = call_sync };
		struct race r;

		begin_retry(&r, vsvm_open_node(), -1);
		call.t = &r.t;
		call_start(&call);
		fail_again(&r);
		set(ready, getpid());
		for (;;)
			pause();
	}
	pid = race_wait_word(ready, 1);
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	svm_expect_no_vms(fd, pid);
	vsvm_failslab_stop();
	munmap(ready, PAGE);
}

/* Faults of the same interval, which is too large, while its update is to be tried again */
static void test_retry_fault(int fd, bool held)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct drm_vsvm_vm_stats before;
	struct race r;
	uint64_t seqno;

	begin_retry(&r, fd, -1);
	igt_assert_eq(madvise(r.p, 2 * PAGE, MADV_DONTNEED), 0);
	svm_number_pages(r.p, 2, 100);
	before = svm_stats(&r.t);
	seqno = race_read(&r.t, r.p);
	/* who faults waits for the update to have failed, and for no more */
	race_wait_faults(&r.t, &before, 1);
	igt_assert_lt_u64(READ_ONCE(*r.t.ctx.fence), seqno);
	if (held) {
		vsvm_failslab_stop();
		vsvm_hold_release(&r.hold);
		race_expect_value(&r.t, seqno, 100);
	} else {
		vsvm_hold_step(&r.hold);
		/* on a slow machine the next try may be faster than who waits for the first */
		while (READ_ONCE(*r.t.ctx.fence) < seqno) {
			igt_assert_lt_s64(vsvm_now(), deadline);
			usleep(1000);
			if (vsvm_hold_is_held(&r.hold))
				vsvm_hold_step(&r.hold);
		}
		race_expect_value(&r.t, seqno, 100);
		vsvm_hold_wait(&r.hold);
		/* something is mapped where the interval still is, before the next try */
		svm_map_at(r.p + 2 * THIRD, THIRD);
		svm_number_pages(r.p + 2 * THIRD, THIRD / PAGE, 200);
		vsvm_failslab_stop();
		vsvm_hold_release(&r.hold);
		svm_expect_pages(&r.t, r.p + 2 * THIRD, THIRD / PAGE, 200);
	}
	vsvm_vm_sync(fd, r.t.ctx.vm);
	svm_expect_interval(&r.t, r.p, held ? 2 * THIRD : SIZE);
	svm_expect_pages(&r.t, r.p, 2, 100);
	svm_expect_pages(&r.t, r.p + 2 * PAGE, 2 * THIRD / PAGE - 2, 3);
	if (held)
		svm_expect_error(&r.t, r.p + 2 * THIRD, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	else
		svm_expect_pages(&r.t, r.p + 2 * THIRD, THIRD / PAGE, 200);
	race_end(&r);
}

/*
 * The window of the DOC comment of svm_interval.c: munmap() has taken a VMA out of the tree and let
 * readers of the memory map in, and has not told anybody. A thread that waits to read the memory
 * map is one of those let in, at once, for it has the same CPU and a higher priority. There it
 * stays, and keeps munmap() in the window, until it is told to go.
 */
struct window {
	/** @munmap: the thread that unmaps, on the first CPU */
	pthread_t munmap;
	/** @hog: the thread that gets in its way, there too */
	pthread_t hog;
	/** @p: what is unmapped */
	void *p;
	/** @size: how much */
	size_t size;
	/** @tid: number of the thread that began last, when it is about to lock the memory map */
	pid_t tid;
	/** @begin: 1 for the one thread to begin, 2 for the other */
	uint32_t begin;
	/** @in: munmap() is in the window */
	uint32_t in;
	/** @out: it may go on */
	uint32_t out;
	/** @done: it has returned */
	uint32_t done;
};

static void window_thread(struct window *w, uint32_t turn, int policy)
{
	struct sched_param param = { .sched_priority = policy == SCHED_FIFO ? 10 : 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || sched_setscheduler(0, policy, &param))
		abort();
	while (look(&w->begin) < turn)
		usleep(1000);
	set((uint32_t *)&w->tid, gettid());
}

static void *munmap_thread(void *data)
{
	struct window *w = data;

	window_thread(w, 1, SCHED_OTHER);
	if (munmap(w->p, w->size))
		abort();
	set(&w->done, 1);
	return NULL;
}

static void *hog_thread(void *data)
{
	struct window *w = data;
	unsigned char vec[1];
	int64_t deadline;

	window_thread(w, 2, SCHED_FIFO);
	mincore(w, PAGE, vec);
	set(&w->in, 1);
	/* should the test fail meanwhile, the CPU is not lost */
	for (deadline = vsvm_deadline(VSVM_WAIT_NS); !look(&w->out) && vsvm_now() < deadline;)
		;
	return NULL;
}

/* Let a thread begin, and wait until it waits for the memory map. Does not allocate memory */
static void window_begin(struct window *w, uint32_t turn)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	char path[64], line[256], *state;
	int file;

	set((uint32_t *)&w->tid, 0);
	set(&w->begin, turn);
	do {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
			 (int)look((uint32_t *)&w->tid));
		memset(line, 0, sizeof(line));
		file = open(path, O_RDONLY);
		if (file < 0)
			continue;
		if (read(file, line, sizeof(line) - 1) < 0)
			line[0] = 0;
		close(file);
		state = strrchr(line, ')');
	} while (file < 0 || !state || state[2] != 'D');
}

static void test_window(int fd)
{
	struct window *w = svm_buffer(PAGE);
	struct drm_vsvm_vm_stats before, after;
	struct vsvm_hold update, event;
	uint8_t *q = svm_buffer(PAGE);
	cpu_set_t all, others;
	bool missed;
	struct race r;

	igt_require_f(sysconf(_SC_NPROCESSORS_ONLN) > 1, "one thread keeps a CPU\n");
	race_begin(&r, fd, true);
	*w = (struct window){ .p = r.p + THIRD, .size = THIRD };
	*(uint64_t *)q = 7;
	igt_assert_eq(pthread_create(&w->munmap, NULL, munmap_thread, w), 0);
	igt_assert_eq(pthread_create(&w->hog, NULL, hog_thread, w), 0);
	igt_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	others = all;
	CPU_CLR(0, &others);
	igt_assert_eq(sched_setaffinity(0, sizeof(others), &others), 0);

	/* an update is due for the last third */
	vsvm_hold_arm(&update, fd, r.t.ctx.vm, "update");
	vsvm_unmap(r.p + 2 * THIRD, THIRD);
	vsvm_hold_wait(&update);
	vsvm_hold_count(&event, fd, r.t.ctx.vm, "invalidate", w->p, THIRD);
	/* a fault reads the memory map; munmap waits for it, and the hog for munmap */
	race_arm(&r.hold, &r.t, "fault-vma", q, PAGE);
	race_read(&r.t, q);
	vsvm_hold_wait(&r.hold);
	before = svm_stats(&r.t);
	window_begin(w, 1);
	window_begin(w, 2);
	vsvm_hold_release(&r.hold);
	race_wait_word(&w->in, 1);

	/* the update sees the first third, and nothing of the second but what the GPU has of it */
	vsvm_hold_release(&update);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	after = svm_stats(&r.t);
	missed = look(&w->done) || vsvm_hold_passed(&event);
	set(&w->out, 1);
	igt_assert_eq(pthread_join(w->hog, NULL), 0);
	igt_assert_eq(pthread_join(w->munmap, NULL), 0);
	igt_assert_eq(sched_setaffinity(0, sizeof(all), &all), 0);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	svm_expect_interval(&r.t, r.p, THIRD);
	svm_expect_error(&r.t, w->p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&r.t, w->p + THIRD - PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	svm_expect_pages(&r.t, r.p, THIRD / PAGE, 1);
	igt_require_f(!missed, "munmap did not stay in the window\n");
	igt_assert_eq_u64(after.pages_zapped, before.pages_zapped + THIRD / PAGE);
	igt_assert_eq_u64(vsvm_hold_passed(&event), 0);
	vsvm_hold_release(&event);
	race_end(&r);
	svm_buffer_free(q, PAGE);
	svm_buffer_free(w, PAGE);
}

int igt_main()
{
	static const char *const swaps[] = { "interval-live", "interval-swapped" };
	static const char *const updates[] = {
		"update", "update-vmas", "interval-live", "interval-swapped",
	};
	int fd = -1;

	igt_fixture() {
		vsvm_require_vma_policy();
		fd = vsvm_hold_setup();
	}

	igt_describe("An interval stays that was made for a VMA which went before it was live");
	igt_subtest("cover-all")
		test_cover(fd, "fault-cover", 0, SIZE);
	igt_describe("An interval stays too large whose VMA lost its end before it was live");
	igt_subtest("cover-end")
		test_cover(fd, "fault-cover", 2 * THIRD, THIRD);
	igt_describe("An interval stays too large whose VMA lost its head before it was live");
	igt_subtest("cover-head")
		test_cover(fd, "fault-cover", 0, THIRD);
	igt_describe("A VMA that goes when its interval has just been made is not heard of");
	igt_subtest("covered")
		test_cover(fd, "fault-covered", 0, SIZE);

	for (unsigned int i = 0; i < ARRAY_SIZE(swaps); i++) {
		igt_describe("An event between old and new bounds is heard by neither");
		igt_subtest_f("swap-%s", swaps[i])
			test_swap(fd, swaps[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(updates); i++) {
		igt_describe("A munmap while an update is at work for another is forgotten");
		igt_subtest_f("second-end-%s", updates[i])
			test_second(fd, updates[i], THIRD, THIRD);
		igt_describe("A munmap of all the rest while an update is at work is forgotten");
		igt_subtest_f("second-all-%s", updates[i])
			test_second(fd, updates[i], 0, 2 * THIRD);
		igt_describe("A munmap in the middle while an update is at work is forgotten");
		igt_subtest_f("second-middle-%s", updates[i])
			test_second(fd, updates[i], 2 * PAGE, THIRD);
		igt_describe("VM_SYNC returns before an update has come to its end");
		igt_subtest_f("sync-%s", updates[i])
			test_sync(fd, updates[i]);
	}
	igt_describe("An interval that becomes due while another is updated is forgotten");
	igt_subtest("two")
		test_two(fd);
	igt_describe("An update takes away what was mapped in place of what had gone");
	igt_subtest("remap")
		test_remap(fd);

	igt_describe("VM_SYNC returns though an update found no memory, and is still to be done");
	igt_subtest("retry-sync")
		test_retry_sync(fd, false);
	igt_describe("VM_SYNC that waits is let go by an update that found no memory");
	igt_subtest("retry-sync-early")
		test_retry_sync(fd, true);
	igt_describe("VM_SYNC cannot be interrupted while there is no memory for an update");
	igt_subtest("retry-signal")
		test_retry_signal(fd);
	igt_describe("A VM cannot be destroyed when an update has just found no memory");
	igt_subtest("retry-vm")
		test_retry_vm(fd, true);
	igt_describe("An update is tried again when its VM is gone");
	igt_subtest("retry-vm-later")
		test_retry_vm(fd, false);
	igt_describe("A process cannot be killed while there is no memory for an update");
	igt_subtest("retry-kill")
		test_retry_kill(fd);
	igt_describe("A fault is forgotten, or bounds stay too large, if an update is repeated");
	igt_subtest("retry-fault")
		test_retry_fault(fd, true);
	igt_describe("An update that is repeated takes away what was mapped and used meanwhile");
	igt_subtest("retry-fault-later")
		test_retry_fault(fd, false);

	igt_describe("What an update uncovers stays with the GPU if munmap is slow to say so");
	igt_subtest("window")
		test_window(fd);

	igt_fixture() {
		vsvm_failslab_stop();
		vsvm_hold_teardown(fd);
	}
}
