// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race engine
 * Description: An engine between its steps, against memory that goes away
 */
#include "vsvm_mm.h"
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("An engine between its steps, against memory that goes away");

#define PAGES	4
#define SIZE	(PAGES * PAGE)

/* How long an engine stands in its section, in ms: munmap needs a fraction of that */
#define SECTION_MS	250
/* The longest that is possible, of an engine and of whoever invalidates its TLB */
#define LONGEST_MS	2000
/* How often a machine may be too busy to look while somebody stands there */
#define TRIES	10

static void require_cpus(int count)
{
	igt_require_f(sysconf(_SC_NPROCESSORS_ONLN) >= count,
		      "an engine in its section keeps a CPU\n");
}

static void arm_for(struct vsvm_hold *hold, struct svm *t, const char *point, const void *p,
		    unsigned int limit)
{
	char options[128];

	snprintf(options, sizeof(options), "start=%#llx end=%#llx limit=%u",
		 (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + PAGE, limit);
	vsvm_hold_arm_options(hold, t->ctx.fd, t->ctx.vm, point, options);
}

/* Let the GPU access @p, and be back while the engine stands in its section; what to wait for */
static uint64_t enter_section(struct vsvm_hold *hold, struct svm *t, void *p, bool write)
{
	unsigned int limit = SECTION_MS, tries = 0;
	uint64_t seqno;
	int ret;

	for (;;) {
		arm_for(hold, t, "engine-access", p, limit);
		seqno = write ? race_write(t, p, 0x600d) : race_read(t, p);
		ret = __vsvm_hold_wait(hold, VSVM_WAIT_NS / NSEC_PER_MSEC);
		if (!ret)
			return seqno;
		/* It stood there, and has gone before we were told. */
		igt_assert_eq(ret, -ESTALE);
		igt_assert_lt(tries++, TRIES);
		vsvm_finish(&t->ctx, seqno);
		vsvm_hold_release(hold);
		svm_write(t, p, 1);
		limit = 2 * limit < LONGEST_MS ? 2 * limit : LONGEST_MS;
	}
}

/*
 * The engine has translated, and has not written yet. Whoever takes the page away waits for it:
 * when the call has returned, the engine has left its section, and what it wrote is where it
 * belongs. Both keep their CPUs meanwhile, so the hold ends by its limit.
 */
static void test_access(int fd, bool write)
{
	int file = memfd_create("vsvm", MFD_CLOEXEC);
	struct vsvm_hold hold;
	uint64_t value = 0, seqno;
	struct svm t;
	uint8_t *p;

	require_cpus(2);
	igt_assert_fd(file);
	igt_assert_eq(ftruncate(file, SIZE), 0);
	p = svm_buffer(SIZE);
	igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	race_init(&t, fd);
	svm_write(&t, p, 1);
	seqno = enter_section(&hold, &t, p, write);
	vsvm_unmap(p, SIZE);
	/* munmap has returned: nobody has the page in his hands */
	igt_assert(!vsvm_hold_is_held(&hold));
	igt_assert_eq(pread(file, &value, 8, 0), 8);
	igt_assert_eq_u64(value, write ? 0x600d : 1);
	vsvm_finish(&t.ctx, seqno);
	if (!write)
		igt_assert_eq_u64(t.scratch[0], 1);
	vsvm_hold_release(&hold);
	svm_expect_errors(&t, p, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	close(file);
}

/* The same for who takes away the right to write, and then knows the contents for good */
static void test_access_protect(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	require_cpus(2);
	race_init(&t, fd);
	svm_write(&t, p, 1);
	seqno = enter_section(&hold, &t, p, true);
	igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	igt_assert(!vsvm_hold_is_held(&hold));
	igt_assert_eq_u64(READ_ONCE(*(uint64_t *)p), 0x600d);
	vsvm_finish(&t.ctx, seqno);
	vsvm_hold_release(&hold);
	svm_expect_error(&t, p, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(*(uint64_t *)p, 0x600d);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/*
 * The same for who writes the page to swap: the write that the engine has announced, and not done
 * yet, is in what goes there. Nobody but the engine has written since the page came from there, so
 * that without its word the page would just be dropped
 */
static void test_access_pageout(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	require_cpus(2);
	vsvm_swapfile_on(16 * PAGES);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	race_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	vsvm_page_out(p, SIZE);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(READ_ONCE(p[i * PAGE / 8]), i + 1);
	svm_expect_pages(&t, p, PAGES, 1);
	seqno = enter_section(&hold, &t, p, true);
	vsvm_page_out(p, SIZE);
	igt_assert(!vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	igt_assert_eq_u64(READ_ONCE(*p), 0x600d);
	vsvm_finish(&t.ctx, seqno);
	svm_expect_pages(&t, (uint8_t *)p + PAGE, PAGES - 1, 2);
	igt_assert_eq_u64(svm_read(&t, p), 0x600d);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	vsvm_swapfile_off();
}

/* The engine is about to translate what it has used before, and finds nothing of it */
static void test_translate(int fd, bool write)
{
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_write(&t, p, 1);
	race_arm(&hold, &t, "engine-translate", p, SIZE);
	if (write)
		race_write(&t, p, 0x600d);
	else
		race_read(&t, p);
	vsvm_hold_wait(&hold);
	vsvm_unmap(p, SIZE);
	vsvm_hold_release(&hold);
	race_expect_error(&t, VSVM_ERROR_UNMAPPED, write ? VSVM_ACCESS_WRITE : VSVM_ACCESS_READ, p);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Its fault has been served; before it tries again the page is gone, or is another one */
static void test_replay(int fd, bool gone)
{
	struct drm_vsvm_vm_stats before, after;
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	before = svm_stats(&t);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "engine-replay");
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	/* it could have gone on */
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped + PAGES);
	if (gone)
		vsvm_unmap(p, SIZE);
	else
		*(uint64_t *)svm_map_at(p, SIZE) = 100;
	vsvm_hold_release(&hold);
	if (gone)
		race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, p);
	else
		race_expect_value(&t, seqno, 100);
	after = svm_sync_stats(&t);
	igt_assert_eq_u64(after.faults, before.faults + 2);
	igt_assert_eq_u64(after.faults_failed, before.faults_failed + gone);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/*
 * The record is in the ring and the interrupt is not raised. Somebody else's interrupt has the ring
 * emptied, the fault served and replayed, all before the engine has come to sleep
 */
static void test_park(int fd)
{
	const uint32_t engines = vsvm_num_engines(fd);
	uint8_t *p = svm_buffer(SIZE), *q = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct svm t, u;
	uint64_t seqno;

	igt_require(engines > 1);
	race_init(&t, fd);
	svm_init(&u, fd);
	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create_on(fd, t.ctx.vm, 0, 0);
	vsvm_queue_destroy(fd, u.ctx.queue);
	u.ctx.queue = vsvm_queue_create_on(fd, u.ctx.vm, 1, 0);
	*(uint64_t *)p = 7;
	*(uint64_t *)q = 8;
	before = svm_stats(&t);
	race_arm(&hold, &t, "engine-park", p, SIZE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults);
	igt_assert_eq_u64(svm_read(&u, q), 8);
	race_wait_faults(&t, &before, 1);
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 7);
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults + 1);
	svm_fini(&u);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(q, SIZE);
}

/*
 * The entry has been taken away, with its dirty bit as it was then, and the TLB has not heard. The
 * engine has read the page, and so may write; but not without announcing it first, and there is no
 * entry any more to announce it in. If it wrote nevertheless, the page would have gone as clean.
 */
static void test_dirty(int fd)
{
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	unsigned int tries = 0;
	uint64_t seqno;
	struct svm t;
	bool parked;

	require_cpus(2);
	race_init(&t, fd);
	do {
		struct call call = { .fn = call_dontneed, .p = p, .size = SIZE };

		igt_assert_lt(tries++, TRIES);
		igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
		svm_number_pages(p, PAGES, 1);
		svm_expect_pages(&t, p, PAGES, 1);
		before = svm_stats(&t);
		race_emit_write(&t, p, 0x600d);
		arm_for(&hold, &t, "tlb-invalidate", p, LONGEST_MS);
		call_start(&call);
		__vsvm_hold_wait(&hold, VSVM_WAIT_NS / NSEC_PER_MSEC);
		/* a right that it has cached, and a page whose new contents must get it */
		seqno = vsvm_submit(&t.ctx, &t.s);
		do {
			usleep(1000);
			vsvm_queue_query(fd, t.ctx.queue, &state);
			/* else the invalidation may have been over before the GPU began */
			parked = state.parked && vsvm_hold_is_held(&hold);
		} while (!parked && vsvm_hold_is_held(&hold));
		vsvm_hold_release(&hold);
		call_finish(&call);
		vsvm_finish(&t.ctx, seqno);
		igt_assert_eq_u64(*(uint64_t *)p, 0x600d);
		igt_assert_eq_u64(svm_stats(&t).pages_dirtied, before.pages_dirtied);
		svm_expect_zeros(&t, p + PAGE, PAGES - 1);
	} while (!parked);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_hold_setup();
	}

	igt_describe("munmap returns while an engine still reads the page");
	igt_subtest("access-read")
		test_access(fd, false);
	igt_describe("munmap returns while an engine still writes the page");
	igt_subtest("access-write")
		test_access(fd, true);
	igt_describe("mprotect returns while an engine still writes the page");
	igt_subtest("access-mprotect")
		test_access_protect(fd);
	igt_describe("A page goes to swap, and what an engine was just writing to it is lost");
	igt_subtest("access-pageout")
		test_access_pageout(fd);
	igt_describe("An engine reads by a translation that is no longer good");
	igt_subtest("translate-read")
		test_translate(fd, false);
	igt_describe("An engine writes by a translation that is no longer good");
	igt_subtest("translate-write")
		test_translate(fd, true);
	igt_describe("An engine writes by what it has cached after the dirty bit was read");
	igt_subtest("dirty")
		test_dirty(fd);
	igt_describe("An access that is served believes that its page is still there");
	igt_subtest("replay-munmap")
		test_replay(fd, true);
	igt_describe("An access that is served believes that its page is still the same");
	igt_subtest("replay-map-over")
		test_replay(fd, false);
	igt_describe("An access that was served before its engine slept is never woken");
	igt_subtest("park")
		test_park(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
