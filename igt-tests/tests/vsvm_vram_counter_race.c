// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram counter race
 * Description: Memory that moves because the GPU uses it often against what else happens to it
 */
#include "vsvm_counter.h"
#include "vsvm_modprobe.h"
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("Memory that moves because it is used against what else happens to it");

static int call_read(struct call *c)
{
	return READ_ONCE(*(uint64_t *)c->p) == 100 ? 0 : -EIO;
}

/* A region is hot, and who serves the notice is held before he has looked at it */
static uint8_t *begin_hot(struct svm *t, int fd, struct vsvm_hold *hold, const char *point)
{
	uint8_t *p;

	vsvm_hold_release_all();
	counter_begin(t, fd);
	p = counter_buffer(REGION_PAGES);
	race_arm(hold, t, point, p, REGION);
	counter_use_much(t, p);
	vsvm_hold_wait(hold);
	return p;
}

/* The notice is old: the memory has gone, has moved, or is other memory */
static void test_late(int fd, int (*fn)(struct call *c))
{
	struct call call = { .fn = fn, .size = REGION, .to = svm_buffer(REGION) };
	struct drm_vsvm_vm_stats stats;
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	p = begin_hot(&t, fd, &hold, "counter-serve");
	call.p = p;
	call_start(&call);
	call_finish(&call);
	if (fn == call_map_over)
		svm_number_pages(p, REGION_PAGES, 500);
	vsvm_hold_release(&hold);
	stats = counter_settle(&t);
	if (fn == call_map_over) {
		/* it is what is there now: it stays, or goes whole */
		igt_assert(stats.vram_pages == 0 || stats.vram_pages == REGION_PAGES);
		svm_expect_pages(&t, p, REGION_PAGES, 500);
		vram_check(p, REGION_PAGES, 500);
	} else if (fn == call_dontneed) {
		igt_assert_eq_u64(stats.vram_pages, 0);
		svm_expect_zeros(&t, p, REGION_PAGES);
	} else {
		igt_assert_eq_u64(stats.vram_pages, 0);
		svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	}
	if (fn == call_mremap) {
		svm_expect_pages(&t, call.to, REGION_PAGES, 100);
		vram_check(call.to, REGION_PAGES, 100);
	}
	igt_assert_eq_u64(svm_stats(&t).faults_failed, fn == call_munmap || fn == call_mremap);
	svm_buffer_free(call.to, REGION);
	svm_buffer_free(p, REGION);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
}

/* The service has the pages in hand: who unmaps them, moves them, or reads them waits */
static void test_early(int fd, const char *point, int (*fn)(struct call *c))
{
	struct call call = { .fn = fn, .size = REGION, .to = svm_buffer(REGION) };
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	vsvm_hold_release_all();
	counter_begin(&t, fd);
	p = counter_buffer(REGION_PAGES);
	call.p = p;
	told_start(&call);
	race_arm(&hold, &t, point, p, REGION);
	svm_stream(&t);
	for (unsigned int i = 0; i < THRESHOLD + 2 * SAMPLE; i++)
		vsvm_emit_copy(&t.s, vsvm_ptr(&t.scratch[0]), vsvm_ptr(p), 8);
	vsvm_submit(&t.ctx, &t.s);
	vsvm_hold_wait(&hold);
	told_go(&call);
	usleep(MOMENT);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	if (fn == call_read) {
		vsvm_finish(&t.ctx, t.ctx.seqno);
		svm_expect_pages(&t, p, REGION_PAGES, 100);
		vram_check(p, REGION_PAGES, 100);
	} else {
		/* the rest of the stream may have come before or after */
		(void)__vsvm_wait(fd, t.ctx.queue, t.ctx.fence, t.ctx.seqno, VSVM_WAIT_NS);
		vsvm_ctx_new_queue(&t.ctx);
		svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	}
	if (fn == call_mremap) {
		svm_expect_pages(&t, call.to, REGION_PAGES, 100);
		vram_check(call.to, REGION_PAGES, 100);
	}
	svm_buffer_free(call.to, REGION);
	svm_buffer_free(p, REGION);
	counter_settle(&t);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
}

/* The GPU faults on what the service is about to look at, or has looked at */
static void test_fault(int fd)
{
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	p = begin_hot(&t, fd, &hold, "counter-serve");
	igt_assert_eq(madvise(p + PAGE, PAGE, MADV_DONTNEED), 0);
	svm_write(&t, p + PAGE, 101);
	vsvm_hold_release(&hold);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES);
	vram_expect_pages(&t, REGION_PAGES);
	svm_expect_pages(&t, p, REGION_PAGES, 100);
	vram_check(p, REGION_PAGES, 100);
	svm_buffer_free(p, REGION);
	svm_fini(&t);
}

/* The VM, or its file, goes with a notice that is not served yet, or is just being served */
static void test_gone(int fd, const char *point, bool file)
{
	int own = file ? vsvm_open_node() : fd;
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	vsvm_hold_release_all();
	counter_begin(&t, own);
	p = counter_buffer(REGION_PAGES);
	race_arm(&hold, &t, point, p, REGION);
	svm_stream(&t);
	for (unsigned int i = 0; i < THRESHOLD + 2 * SAMPLE; i++)
		vsvm_emit_copy(&t.s, vsvm_ptr(&t.scratch[0]), vsvm_ptr(p), 8);
	vsvm_submit(&t.ctx, &t.s);
	vsvm_hold_wait(&hold);
	/* the hold goes with it, and whoever is held goes on */
	if (file) {
		close(own);
		vsvm_unmap(t.range, svm_range_size());
	} else {
		svm_fini(&t);
	}
	vram_check(p, REGION_PAGES, 100);
	svm_buffer_free(p, REGION);
	vsvm_engines_work(fd);
}

/* The process ends with a notice pending; the file is open elsewhere */
static void test_exit(int fd)
{
	igt_fork(child, 1) {
		struct vsvm_hold hold;
		struct svm t;

		begin_hot(&t, fd, &hold, "counter-serve");
		_exit(0);
	}
	igt_waitchildren();
	vsvm_engines_work(fd);
}

/* Notices that wait, of one VM; svm_counter.c and vsvm_counter.c */
#define WAITING	16

/*
 * More notices than can wait: what is used last goes to VRAM, and what is used longest ago is told
 * of again when it is used as much once more
 */
static void test_many(int fd)
{
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	vsvm_hold_release_all();
	/* a region alone, however many are there */
	vsvm_set("/sys/module/vsvm/parameters/density_percent", "100");
	counter_begin(&t, fd);
	p = counter_buffer((WAITING + 2) * REGION_PAGES);
	race_arm(&hold, &t, "counter-serve", p, REGION);
	/* the first is being served, and one of the others is too much */
	for (unsigned int i = 0; i < WAITING + 2; i++) {
		counter_use_much(&t, p + i * REGION);
		if (!i)
			vsvm_hold_wait(&hold);
	}
	vsvm_hold_release(&hold);
	while (svm_stats(&t).counter_notices < WAITING + 1)
		usleep(1000);
	/* it is counted first and served then, under a lock that this takes too */
	counter_stay(&t, t.range + PAGE, PAGE);
	/* what the test itself needs is told of too, and takes places; so more may drop */
	igt_assert(vsvm_pagemap(p + REGION) & VSVM_PM_PRESENT);
	igt_assert(!(vsvm_pagemap(p + (WAITING + 1) * REGION) & VSVM_PM_PRESENT));
	vram_check(p, (WAITING + 2) * REGION_PAGES, 100);
	svm_buffer_free(p, (WAITING + 2) * REGION);
	svm_fini(&t);
	vsvm_set_back();
}

int igt_main()
{
	static const struct {
		const char *name;
		int (*fn)(struct call *c);
	} late[] = {
		{ "munmap", call_munmap }, { "mremap", call_mremap },
		{ "dontneed", call_dontneed }, { "map-over", call_map_over },
	}, early[] = {
		{ "munmap", call_munmap }, { "mremap", call_mremap }, { "cpu", call_read },
	};
	static const char *const points[] = { "migrate-pages", "migrate-done" };
	int fd = -1;

	igt_fixture() {
		fd = vsvm_hold_setup();
		vram_require(fd);
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(late); i++) {
		igt_describe("Memory that is gone moves, or other memory is lost for it");
		igt_subtest_f("%s-first", late[i].name)
			test_late(fd, late[i].fn);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(early); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(points); j++) {
			igt_describe("Memory that is moving is lost, or stays when it is unmapped");
			igt_subtest_f("%s-%s", points[j], early[i].name)
				test_early(fd, points[j], early[i].fn);
		}
	}
	igt_describe("An access during the service is lost, or undoes it");
	igt_subtest("fault-first")
		test_fault(fd);
	for (int file = 0; file < 2; file++) {
		igt_describe("A VM cannot be destroyed while notices of it are pending");
		igt_subtest_f("%s-pending", file ? "close" : "destroy")
			test_gone(fd, "counter-serve", file);
		igt_describe("A VM cannot be destroyed while its memory moves, which is lost then");
		igt_subtest_f("%s-moving", file ? "close" : "destroy")
			test_gone(fd, "migrate-pages", file);
	}
	igt_describe("A process does not come to its end while a notice is pending");
	igt_subtest("exit-pending")
		test_exit(fd);
	igt_describe("What is used now is passed over for what was used before");
	igt_subtest("many")
		test_many(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
