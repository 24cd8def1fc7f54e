// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race stack
 * Description: An access below a stack against what changes the stack, or its neighbour
 *
 * First order: the access has found nothing mapped and is stopped before the stack is made to grow
 * (fault-unmapped), or has its page in hand already (fault-pages). Second order: a munmap is
 * stopped in its invalidation (invalidated), and the access comes.
 */
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("GPU accesses below a stack against changes of the stack or its neighbour");

/* Where nothing else will be */
#define STACK_TOP	((uint8_t *)0x200000000000)
#define STACK_PAGES	4
#define STACK_SIZE	(STACK_PAGES * PAGE)
#define STACK		(STACK_TOP - STACK_SIZE)
/* Where the access is: pages that the stack has to grow by */
#define GROW		8
#define TARGET		(STACK - GROW * PAGE)
/* A neighbour so near that the stack may not grow to there: the kernel keeps a gap of 1M */
#define NEIGHBOUR	(TARGET - 16 * PAGE)
#define AREA		(8ull << 20)

static void begin(struct svm *t, int fd)
{
	/* what a subtest that failed has left */
	munmap(STACK_TOP - AREA, AREA);
	race_init(t, fd);
	igt_assert(mmap(STACK, STACK_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
			MAP_GROWSDOWN, -1, 0) == STACK);
	svm_number_pages(STACK, STACK_PAGES, 1);
	svm_expect_pages(t, STACK, STACK_PAGES, 1);
}

static void end(struct svm *t)
{
	vsvm_unmap(STACK_TOP - AREA, AREA);
	vsvm_vm_sync(t->ctx.fd, t->ctx.vm);
	if (vsvm_is_vma_policy())
		igt_assert_eq(svm_intervals_in(t, STACK_TOP - AREA, AREA, NULL, 0), 0);
	svm_fini(t);
}

/* The stack begins at @start, and is as it was otherwise */
static void expect_stack(struct svm *t, const void *start)
{
	struct svm_vma vma;

	igt_assert_eq(svm_vmas_in(TARGET, STACK_TOP - TARGET, &vma, 1), 1);
	igt_assert_eq_u64(vma.start, vsvm_ptr(start));
	igt_assert_eq_u64(vma.end, vsvm_ptr(STACK_TOP));
	svm_expect_pages(t, STACK, STACK_PAGES, 1);
}

/* The access has come to its end, below a stack that has grown for it */
static void expect_grown(struct svm *t, uint64_t seqno)
{
	vsvm_finish(&t->ctx, seqno);
	igt_assert_eq_u64(*(uint64_t *)TARGET, 0x600d);
	expect_stack(t, TARGET);
	svm_expect_zeros(t, TARGET + PAGE, GROW - 1);
}

/* A neighbour comes, and the stack may not grow any more */
static void test_neighbour_comes(int fd)
{
	struct vsvm_hold hold;
	struct svm t;

	begin(&t, fd);
	race_arm(&hold, &t, "fault-unmapped", TARGET, PAGE);
	race_write(&t, TARGET, 0x600d);
	vsvm_hold_wait(&hold);
	*(uint64_t *)svm_map_at(NEIGHBOUR, PAGE) = 9;
	vsvm_hold_release(&hold);
	race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, TARGET);
	expect_stack(&t, STACK);
	igt_assert_eq_u64(svm_read(&t, NEIGHBOUR), 9);
	end(&t);
}

/* A neighbour goes, and the stack may grow now; its munmap has come to its end, or not yet */
static void test_neighbour_goes(int fd, bool cpu_first)
{
	struct call call = { .fn = call_munmap, .p = NEIGHBOUR, .size = PAGE };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	begin(&t, fd);
	*(uint64_t *)svm_map_at(NEIGHBOUR, PAGE) = 9;
	igt_assert_eq_u64(svm_read(&t, NEIGHBOUR), 9);
	race_emit_write(&t, TARGET, 0x600d);
	before = svm_stats(&t);
	if (cpu_first) {
		race_arm(&hold, &t, "invalidated", NEIGHBOUR, PAGE);
		call_start(&call);
		vsvm_hold_wait(&hold);
		seqno = vsvm_submit(&t.ctx, &t.s);
		race_wait_faults(&t, &before, 1);
		igt_assert_lt_u64(READ_ONCE(*t.ctx.fence), seqno);
	} else {
		race_arm(&hold, &t, "fault-unmapped", TARGET, PAGE);
		seqno = vsvm_submit(&t.ctx, &t.s);
		vsvm_hold_wait(&hold);
		call_start(&call);
		call_finish(&call);
	}
	vsvm_hold_release(&hold);
	if (cpu_first)
		call_finish(&call);
	expect_grown(&t, seqno);
	/* where it was there may be the stack now */
	igt_assert_eq_u64(svm_read(&t, NEIGHBOUR), 0);
	end(&t);
}

/* The stack itself goes */
static void test_stack_goes(int fd, const char *point, bool cpu_first)
{
	struct call call = { .fn = call_munmap, .p = STACK, .size = STACK_SIZE };
	struct vsvm_hold hold, update;
	struct svm t;

	begin(&t, fd);
	race_emit_write(&t, TARGET, 0x600d);
	if (cpu_first) {
		race_arm(&hold, &t, point, STACK, STACK_SIZE);
		/* which waits for the invalidation, and a fault for it */
		vsvm_hold_arm(&update, fd, t.ctx.vm, "update");
		call_start(&call);
		vsvm_hold_wait(&hold);
		vsvm_submit(&t.ctx, &t.s);
		/* nothing of the stack is left to find, nor an interval for which to wait */
		if (vsvm_is_vma_policy())
			race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, TARGET);
		igt_assert(vsvm_hold_is_held(&hold));
		vsvm_hold_release(&hold);
		vsvm_hold_release(&update);
		call_finish(&call);
		if (!vsvm_is_vma_policy())
			race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, TARGET);
	} else {
		race_arm(&hold, &t, point, TARGET, PAGE);
		vsvm_submit(&t.ctx, &t.s);
		vsvm_hold_wait(&hold);
		/* with what it may have grown by */
		vsvm_unmap(TARGET, STACK_TOP - TARGET);
		vsvm_hold_release(&hold);
		race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, TARGET);
	}
	igt_assert_eq(svm_vmas_in(TARGET, STACK_TOP - TARGET, NULL, 0), 0);
	svm_expect_errors(&t, STACK, VSVM_ERROR_UNMAPPED);
	end(&t);
}

/* What it has grown by goes before it is used; so it grows once more, as for the CPU */
static void test_grown_goes(int fd)
{
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	begin(&t, fd);
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-pages", TARGET, PAGE);
	seqno = race_write(&t, TARGET, 0x600d);
	vsvm_hold_wait(&hold);
	*(uint64_t *)(TARGET + 8) = 0xbad;
	vsvm_unmap(TARGET, GROW * PAGE);
	vsvm_hold_release(&hold);
	expect_grown(&t, seqno);
	igt_assert_eq_u64(*(uint64_t *)(TARGET + 8), 0);
	igt_assert_lt_u64(before.retries, svm_stats(&t).retries);
	end(&t);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("A stack grows into the gap to memory that was mapped in time");
	igt_subtest("neighbour-comes")
		test_neighbour_comes(fd);
	igt_describe("An access dies of a neighbour of the stack that is gone when it counts");
	igt_subtest("neighbour-goes-fault-first")
		test_neighbour_goes(fd, false);
	igt_describe("An access dies of a neighbour of the stack that is just being unmapped");
	igt_subtest("neighbour-goes-cpu-first")
		test_neighbour_goes(fd, true);
	igt_describe("A stack that was unmapped comes back for an access below it");
	igt_subtest("stack-goes-fault-first")
		test_stack_goes(fd, "fault-unmapped", false);
	igt_describe("The GPU writes a page of a stack that has grown and gone");
	igt_subtest("stack-goes-pages")
		test_stack_goes(fd, "fault-pages", false);
	igt_describe("A stack that is just being unmapped grows, or an access waits for it");
	igt_subtest("stack-goes-cpu-first")
		test_stack_goes(fd, "invalidated", true);
	igt_describe("The GPU writes what a stack had grown by and lost, or dies of it");
	igt_subtest("grown-goes")
		test_grown_goes(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
