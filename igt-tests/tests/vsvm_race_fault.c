// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race fault
 * Description: A page fault of the GPU against what the CPU does to the same page, in both orders
 *
 * First order: the fault is stopped when it has the pages and has not entered them (fault-pages);
 * the CPU takes them away; the fault goes on, and must not enter them.
 *
 * Second order: the CPU is stopped when the pages are out of the GPU's reach and not yet changed
 * (invalidated); the GPU faults, and must wait, for what it would get is still the old.
 */
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("GPU page faults against changes of the same page, in both orders");

#define PAGES	4
#define SIZE	(PAGES * PAGE)

enum order { FAULT_FIRST, CPU_FIRST, NUM_ORDERS };

static const char *const order_names[] = { "fault-first", "cpu-first" };

/**
 * struct race - a fault and a call that get at each other
 */
struct race {
	/** @t: VM */
	struct svm t;
	/** @hold: who is stopped */
	struct vsvm_hold hold;
	/** @before: counters when the first was stopped */
	struct drm_vsvm_vm_stats before;
	/** @p: the memory, pages that the CPU has numbered from 1 on */
	uint8_t *p;
	/** @seqno: what the GPU does */
	uint64_t seqno;
};

static void race_begin(struct race *r, int fd)
{
	r->p = svm_buffer(SIZE);
	race_init(&r->t, fd);
	svm_number_pages(r->p, PAGES, 1);
}

static void race_end(struct race *r)
{
	svm_fini(&r->t);
	svm_buffer_free(r->p, SIZE);
}

static void access_emit(struct race *r, void *p, bool write)
{
	if (write)
		race_emit_write(&r->t, p, 0x600d);
	else
		race_emit_read(&r->t, p);
}

/* The fault at @p has been stopped, the call made, and the fault let go */
static void fault_first(struct race *r, uint8_t *p, bool write, struct call *call)
{
	race_arm(&r->hold, &r->t, "fault-pages", p, SIZE);
	access_emit(r, p, write);
	r->seqno = vsvm_submit(&r->t.ctx, &r->t.s);
	vsvm_hold_wait(&r->hold);
	r->before = svm_stats(&r->t);
	call_start(call);
	call_finish(call);
	igt_assert(vsvm_hold_is_held(&r->hold));
	vsvm_hold_release(&r->hold);
}

/*
 * The call has been stopped in its invalidation of @p, the GPU has faulted at @at, and both have
 * been let go. A fork that is stopped may have write-protected all memory but the stack, and
 * mmap_lock is taken: so what is to be written is written before.
 */
static void cpu_first(struct race *r, uint8_t *p, uint8_t *at, bool write, struct call *call)
{
	struct vsvm_hold update;

	access_emit(r, at, write);
	race_arm(&r->hold, &r->t, "invalidated", p, SIZE);
	/* what the invalidation has left, a deferred update would take away */
	vsvm_hold_arm(&update, r->t.ctx.fd, r->t.ctx.vm, "update");
	call_start(call);
	vsvm_hold_wait(&r->hold);
	r->before = svm_stats(&r->t);
	r->seqno = vsvm_submit(&r->t.ctx, &r->t.s);
	race_wait_faults(&r->t, &r->before, 1);
	/* a fault that does not wait would be done by then */
	usleep(50000);
	igt_assert(!call_is_done(call));
	igt_assert_eq_u64(svm_stats(&r->t).pages_mapped, r->before.pages_mapped);
	igt_assert_lt_u64(READ_ONCE(*r->t.ctx.fence), r->seqno);
	vsvm_hold_release(&r->hold);
	vsvm_hold_release(&update);
	call_finish(call);
}

static void run(struct race *r, enum order which, bool write, struct call *call)
{
	if (which == CPU_FIRST) {
		svm_expect_pages(&r->t, r->p, PAGES, 1);
		cpu_first(r, r->p, r->p, write, call);
	} else {
		fault_first(r, r->p, write, call);
	}
}

/* A fault that was stopped had to begin again, and did */
static void expect_retry(struct race *r, enum order order)
{
	struct drm_vsvm_vm_stats stats = svm_stats(&r->t);

	/* a call that was stopped had invalidated by then */
	if (order == FAULT_FIRST) {
		igt_assert_lt_u64(r->before.retries, stats.retries);
		igt_assert_lt_u64(r->before.invalidations, stats.invalidations);
	}
}

static void test_munmap(int fd, enum order order, bool write)
{
	struct call call = { .fn = call_munmap, .size = SIZE };
	struct race r;

	race_begin(&r, fd);
	call.p = r.p;
	run(&r, order, write, &call);
	race_expect_error(&r.t, VSVM_ERROR_UNMAPPED, write ? VSVM_ACCESS_WRITE : VSVM_ACCESS_READ,
			  r.p);
	expect_retry(&r, order);
	/* not a page of it was entered, and nobody watches it any more */
	igt_assert_eq_u64(svm_sync_stats(&r.t).pages_mapped, r.before.pages_mapped);
	if (vsvm_is_vma_policy())
		igt_assert_eq(svm_intervals_in(&r.t, r.p, SIZE, NULL, 0), 0);
	race_end(&r);
}

static void test_protect(int fd, enum order order)
{
	struct call call = { .fn = call_mprotect, .size = SIZE, .prot = PROT_READ };
	struct race r;

	race_begin(&r, fd);
	call.p = r.p;
	run(&r, order, true, &call);
	race_expect_error(&r.t, VSVM_ERROR_PERMISSION, VSVM_ACCESS_WRITE, r.p);
	expect_retry(&r, order);
	igt_assert_eq_u64(*(uint64_t *)r.p, 1);
	svm_expect_pages(&r.t, r.p, PAGES, 1);
	race_end(&r);
}

/* The CPU discards the pages and writes others, before the fault goes on if it can */
static void test_dontneed(int fd, enum order order, bool write)
{
	struct call call = { .fn = call_dontneed, .size = SIZE };
	struct race r;

	race_begin(&r, fd);
	call.p = r.p;
	run(&r, order, write, &call);
	if (write) {
		vsvm_finish(&r.t.ctx, r.seqno);
		igt_assert_eq_u64(*(uint64_t *)r.p, 0x600d);
		*(uint64_t *)r.p = 0;
	} else {
		race_expect_value(&r.t, r.seqno, 0);
	}
	expect_retry(&r, order);
	svm_expect_zeros(&r.t, r.p, PAGES);
	svm_number_pages(r.p, PAGES, 100);
	svm_expect_pages(&r.t, r.p, PAGES, 100);
	race_end(&r);
}

static int call_protect_and_back(struct call *c)
{
	return mprotect(c->p, c->size, PROT_READ) || mprotect(c->p, c->size, RW) ? -errno : 0;
}

/* Other memory with other contents takes the place, in one step */
static void test_over(int fd, enum order order)
{
	struct call call = { .fn = call_map_over, .size = SIZE };
	struct race r;

	race_begin(&r, fd);
	call.p = r.p;
	run(&r, order, false, &call);
	race_expect_value(&r.t, r.seqno, 0);
	expect_retry(&r, order);
	svm_number_pages(r.p, PAGES, 100);
	svm_expect_pages(&r.t, r.p, PAGES, 100);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	svm_expect_pages(&r.t, r.p, PAGES, 100);
	svm_expect_interval(&r.t, r.p, SIZE);
	race_end(&r);
}

/* The parent's GPU writes, or reads and writes then; what the child has must stay */
static void test_fork(int fd, enum order order, bool write)
{
	uint32_t *go = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct call call = { .fn = call_fork, .to = go };
	struct race r;
	int status;

	race_begin(&r, fd);
	call.p = r.p;
	if (order == CPU_FIRST)
		svm_write(&r.t, r.p, 1);
	run(&r, order, write, &call);
	vsvm_finish(&r.t.ctx, r.seqno);
	expect_retry(&r, order);
	if (!write) {
		igt_assert_eq_u64(r.t.scratch[0], 1);
		svm_write(&r.t, r.p, 0x600d);
	}
	__atomic_store_n(go, 1, __ATOMIC_SEQ_CST);
	igt_assert_eq(waitpid(call.ret, &status, 0), call.ret);
	igt_assert(WIFEXITED(status));
	igt_assert_eq(WEXITSTATUS(status), 1);
	igt_assert_eq_u64(*(uint64_t *)r.p, 0x600d);
	igt_assert_eq_u64(svm_read(&r.t, r.p), 0x600d);
	svm_expect_pages(&r.t, r.p + PAGE, PAGES - 1, 2);
	race_end(&r);
	munmap(go, PAGE);
}

/* The GPU reads where the pages were, while they move away */
static void test_mremap_old(int fd, enum order order)
{
	struct call call = { .fn = call_mremap, .size = SIZE, .to = svm_buffer(SIZE) };
	struct race r;

	race_begin(&r, fd);
	call.p = r.p;
	run(&r, order, false, &call);
	race_expect_error(&r.t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, r.p);
	expect_retry(&r, order);
	svm_expect_pages(&r.t, call.to, PAGES, 1);
	vsvm_vm_sync(fd, r.t.ctx.vm);
	if (vsvm_is_vma_policy())
		igt_assert_eq(svm_intervals_in(&r.t, r.p, SIZE, NULL, 0), 0);
	race_end(&r);
	svm_buffer_free(call.to, SIZE);
}

/* The GPU reads where they go, and where there was something else */
static void test_mremap_new(int fd, enum order order)
{
	uint8_t *from = svm_buffer(SIZE);
	struct call call = { .fn = call_mremap, .size = SIZE, .p = from };
	struct race r;

	race_begin(&r, fd);
	call.to = r.p;
	svm_number_pages(from, PAGES, 100);
	if (order == CPU_FIRST) {
		svm_expect_pages(&r.t, r.p, PAGES, 1);
		svm_expect_pages(&r.t, from, PAGES, 100);
		cpu_first(&r, from, r.p, false, &call);
	} else {
		fault_first(&r, r.p, false, &call);
	}
	race_expect_value(&r.t, r.seqno, 100);
	svm_expect_pages(&r.t, r.p, PAGES, 100);
	svm_expect_error(&r.t, from, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	race_end(&r);
	svm_buffer_free(from, SIZE);
}

/* The page of zeros was to be entered for reading; the CPU writes, and so has another page */
static void test_zero_page(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), 0);
	race_arm(&hold, &t, "fault-pages", p, SIZE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	svm_number_pages(p, PAGES, 1);
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/*
 * The GPU has the page of zeros, which may only be read, and writes. Whether it may is asked anew:
 * by then the memory is read-only, or has been in between
 */
static void test_upgrade_protect(int fd, enum order order, bool back)
{
	struct call call = { .fn = call_mprotect, .size = SIZE, .prot = PROT_READ };
	struct race r;

	r.p = svm_buffer(SIZE);
	race_init(&r.t, fd);
	call.p = r.p;
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(r.p + i * PAGE), 0);
	svm_expect_zeros(&r.t, r.p, PAGES);
	if (back)
		call.fn = call_protect_and_back;
	if (order == CPU_FIRST)
		cpu_first(&r, r.p, r.p, true, &call);
	else
		fault_first(&r, r.p, true, &call);
	if (back)
		vsvm_finish(&r.t.ctx, r.seqno);
	else
		race_expect_error(&r.t, VSVM_ERROR_PERMISSION, VSVM_ACCESS_WRITE, r.p);
	expect_retry(&r, order);
	igt_assert_eq_u64(*(uint64_t *)r.p, back ? 0x600d : 0);
	svm_expect_zeros(&r.t, r.p + PAGE, PAGES - 1);
	igt_assert_eq_u64(svm_read(&r.t, r.p), back ? 0x600d : 0);
	race_end(&r);
}

/*
 * One queue reads a page that nobody has touched, another one writes it. The writer's record comes
 * when the reader's is being served, and is served before either may go on: what was mapped for
 * reading is replaced by what can be written
 */
static void test_upgrade(int fd)
{
	const uint32_t engines = vsvm_num_engines(fd);
	struct drm_vsvm_vm_stats before, after;
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;
	uint64_t seqno, batches, *fence;
	struct vsvm_stream s = {};
	uint32_t queue;

	igt_require(engines > 1);
	race_init(&t, fd);
	before = svm_stats(&t);
	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create_on(fd, t.ctx.vm, 0, 0);
	queue = vsvm_queue_create_on(fd, t.ctx.vm, 1, 0);
	fence = &t.scratch[PAGE / 8];
	*fence = 0;
	vsvm_stream_init_at(&s, &t.scratch[2 * PAGE / 8], vsvm_ptr(&t.scratch[2 * PAGE / 8]),
			    PAGE);
	vsvm_emit_fill(&s, vsvm_ptr(p), 8, 0x600d, 8);

	vsvm_hold_arm(&hold, fd, t.ctx.vm, "fault-batch");
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	/* one batch after the other: with this one in hand all before it are counted */
	batches = svm_stats(&t).batches;
	igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(&s, 0), s.size, vsvm_ptr(fence), 1,
				   0), 0);
	race_wait_faults(&t, &before, 2);
	vsvm_hold_step(&hold);
	/* the second round, with the writer's */
	vsvm_hold_wait(&hold);
	vsvm_hold_release(&hold);
	vsvm_finish(&t.ctx, seqno);
	vsvm_wait(fd, queue, fence, 1);
	igt_assert(t.scratch[0] == 0 || t.scratch[0] == 0x600d);
	igt_assert_eq_u64(*(uint64_t *)p, 0x600d);
	igt_assert_eq_u64(svm_read(&t, p), 0x600d);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "fault-batch");
	seqno = race_read(&t, p + PAGE);
	vsvm_hold_wait(&hold);
	after = svm_stats(&t);
	igt_assert_eq_u64(after.faults_failed, before.faults_failed);
	igt_assert_eq_u64(after.batches, batches + 1);
	vsvm_hold_release(&hold);
	vsvm_finish(&t.ctx, seqno);
	vsvm_queue_destroy(fd, queue);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	for (enum order order = 0; order < NUM_ORDERS; order++) {
		const char *name = order_names[order];

		igt_describe("The GPU reads a page that munmap has taken away");
		igt_subtest_f("munmap-%s", name)
			test_munmap(fd, order, false);
		igt_describe("The GPU writes a page that munmap has taken away");
		igt_subtest_f("munmap-write-%s", name)
			test_munmap(fd, order, true);
		igt_describe("The GPU writes a page that mprotect has made read-only");
		igt_subtest_f("mprotect-%s", name)
			test_protect(fd, order);
		igt_describe("The GPU reads what MADV_DONTNEED has discarded");
		igt_subtest_f("dontneed-%s", name)
			test_dontneed(fd, order, false);
		igt_describe("The GPU writes into a page that MADV_DONTNEED has discarded");
		igt_subtest_f("dontneed-write-%s", name)
			test_dontneed(fd, order, true);
		igt_describe("The GPU reads what was there before another mapping");
		igt_subtest_f("map-over-%s", name)
			test_over(fd, order);
		igt_describe("The GPU writes into a page that is a child's too");
		igt_subtest_f("fork-%s", name)
			test_fork(fd, order, true);
		igt_describe("The GPU has read a page, and so writes what is a child's too");
		igt_subtest_f("fork-read-%s", name)
			test_fork(fd, order, false);
		igt_describe("The GPU still has the pages where mremap took them from");
		igt_subtest_f("mremap-old-%s", name)
			test_mremap_old(fd, order);
		igt_describe("The GPU still has what was there where mremap took pages to");
		igt_subtest_f("mremap-new-%s", name)
			test_mremap_new(fd, order);
	}
	igt_describe("The GPU reads zeros where the CPU has written by then");
	igt_subtest("zero-page")
		test_zero_page(fd);
	for (enum order order = 0; order < NUM_ORDERS; order++) {
		igt_describe("The GPU writes what it could read, and mprotect forbids to write");
		igt_subtest_f("upgrade-mprotect-%s", order_names[order])
			test_upgrade_protect(fd, order, false);
	}
	/* in the other order the write may come between the two calls, and be an error */
	igt_describe("A write dies of a mprotect that was taken back");
	igt_subtest_f("upgrade-mprotect-back-%s", order_names[FAULT_FIRST])
		test_upgrade_protect(fd, FAULT_FIRST, true);
	igt_describe("A write in the midst of the service of a read is lost, or an error");
	igt_subtest("upgrade")
		test_upgrade(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
