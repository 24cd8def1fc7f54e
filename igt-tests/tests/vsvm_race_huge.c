// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race huge
 * Description: A fault against pages that become one of 2M, and one of 2M that becomes pages
 *
 * First order: the fault has the small pages, or the large one, in hand (fault-pages) when they
 * are collapsed, or a part of it goes. Second order: the CPU is stopped in its invalidation
 * (invalidated) when the GPU faults there.
 */
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("A fault against pages that become one of 2M, and the other way round");

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define SIZE	VSVM_2M
#define PAGES	(SIZE / PAGE)
/* The page of which the large one is robbed, and what the GPU writes there */
#define AT	(200 * PAGE)
#define VALUE	0x600d

/* There may be no free 2M in one piece at the moment */
static int call_collapse(struct call *c)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (madvise(c->p, SIZE, MADV_COLLAPSE)) {
		if (vsvm_now() > deadline)
			return -errno;
		usleep(10000);
	}
	return 0;
}

static int call_split(struct call *c)
{
	FILE *f = fopen("/sys/kernel/debug/split_huge_pages", "w");
	int ret;

	if (!f)
		return -errno;
	fprintf(f, "%d,%#llx,%#llx", getpid(), (long long)vsvm_ptr(c->p),
		(long long)vsvm_ptr(c->p) + SIZE);
	ret = fflush(f) ? -errno : 0;
	fclose(f);
	return ret;
}

static int call_munmap_page(struct call *c)
{
	return munmap(c->p + AT, PAGE) ? -errno : 0;
}

static int call_protect_page(struct call *c)
{
	return mprotect(c->p + AT, PAGE, PROT_READ) ? -errno : 0;
}

static int call_dontneed_page(struct call *c)
{
	return madvise(c->p + AT, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static int call_move_page(struct call *c)
{
	return mremap(c->p + AT, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, c->to) == c->to ?
	       0 : -errno;
}

enum part { SPLIT, MUNMAP, PROTECT, DONTNEED, MOVE, NUM_PARTS };

/* What becomes of the page, and what a write of the GPU to it finds */
static const struct {
	const char *name, *what;
	int (*fn)(struct call *c);
	uint32_t error;
	bool empty;
} parts[NUM_PARTS] = {
	[SPLIT] = { "split", "which was split", call_split },
	[MUNMAP] = { "munmap", "of which a part was unmapped", call_munmap_page,
		     VSVM_ERROR_UNMAPPED },
	[PROTECT] = { "mprotect", "of which a part is read-only", call_protect_page,
		      VSVM_ERROR_PERMISSION },
	[DONTNEED] = { "dontneed", "of which a part was discarded", call_dontneed_page,
		       .empty = true },
	[MOVE] = { "mremap", "of which a part was moved", call_move_page, VSVM_ERROR_UNMAPPED },
};

/* Memory of 512 pages that the CPU has numbered from 1 on */
static uint8_t *numbered(bool large)
{
	uint8_t *p = svm_buffer(SIZE);
	struct call call = { .p = p };

	igt_assert_eq(madvise(p, SIZE, large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, PAGES, 1);
	if (large) {
		int ret = call_collapse(&call);

		igt_require_f(!ret, "no page of 2M: %s\n", strerror(-ret));
	}
	return p;
}

/* What is to be collapsed has to be allowed to be, and must not have been collapsed yet */
static void allow_collapse(uint8_t *p)
{
	igt_assert_eq(madvise(p, SIZE, MADV_HUGEPAGE), 0);
}

static void expect_all(struct svm *t, uint8_t *p, bool written)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t word = *(uint64_t *)(p + i * PAGE);

		igt_assert_eq_u64(word, written && i == AT / PAGE ? VALUE : i + 1);
		for (unsigned int j = 1; j < PAGE / 8; j++)
			igt_assert_eq_u64(((uint64_t *)(p + i * PAGE))[j], 0);
	}
	*(uint64_t *)(p + AT) = AT / PAGE + 1;
	svm_expect_pages(t, p, PAGES, 1);
}

static void test_collapse_fault_first(int fd, bool write)
{
	uint8_t *p = numbered(false);
	struct call call = { .fn = call_collapse, .p = p };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	race_arm(&hold, &t, "fault-pages", p + AT, PAGE);
	seqno = write ? race_write(&t, p + AT, VALUE) : race_read(&t, p + AT);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	allow_collapse(p);
	call_start(&call);
	call_finish(&call);
	vsvm_hold_release(&hold);
	if (write)
		vsvm_finish(&t.ctx, seqno);
	else
		race_expect_value(&t, seqno, AT / PAGE + 1);
	igt_assert_lt_u64(before.retries, svm_stats(&t).retries);
	igt_assert_lt_u64(before.leaves_2m, svm_stats(&t).leaves_2m);
	expect_all(&t, p, write);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The small pages are being copied: what the GPU writes must not go to one of them */
static void test_collapse_cpu_first(int fd)
{
	uint8_t *p = numbered(false);
	struct call call = { .fn = call_collapse, .p = p };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	svm_expect_pages(&t, p, PAGES, 1);
	svm_write(&t, p + AT, AT / PAGE + 1);
	allow_collapse(p);
	race_emit_write(&t, p + AT, VALUE);
	race_arm(&hold, &t, "invalidated", p, SIZE);
	call_start(&call);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	seqno = vsvm_submit(&t.ctx, &t.s);
	race_wait_faults(&t, &before, 1);
	usleep(50000);
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	igt_assert_lt_u64(READ_ONCE(*t.ctx.fence), seqno);
	vsvm_hold_release(&hold);
	call_finish(&call);
	vsvm_finish(&t.ctx, seqno);
	expect_all(&t, p, true);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void call_part(struct call *call, enum part part, uint8_t *p)
{
	*call = (struct call) { .fn = parts[part].fn, .p = p };
	if (part == MOVE)
		call->to = svm_buffer(PAGE);
}

/* The page of which the large one was robbed, and the others, after the GPU has accessed it */
static void expect_part(struct svm *t, struct call *call, enum part part, uint64_t seqno)
{
	uint8_t *p = call->p, *at = p + AT;
	const uint64_t number = AT / PAGE + 1;

	if (parts[part].error) {
		race_expect_error(t, parts[part].error, VSVM_ACCESS_WRITE, at);
	} else {
		vsvm_finish(&t->ctx, seqno);
		igt_assert_eq_u64(*(uint64_t *)at, VALUE);
		*(uint64_t *)at = number;
	}
	switch (part) {
	case MUNMAP:
		svm_expect_error(t, at + PAGE - 8, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
		break;
	case MOVE:
		svm_expect_error(t, at + PAGE - 8, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
		igt_assert_eq_u64(*(uint64_t *)call->to, number);
		igt_assert_eq_u64(svm_read(t, call->to), number);
		svm_buffer_free(call->to, PAGE);
		break;
	default:
		svm_expect_pages(t, at, 1, number);
	}
	svm_expect_pages(t, p, AT / PAGE, 1);
	svm_expect_pages(t, at + PAGE, PAGES - AT / PAGE - 1, number + 1);
	vsvm_vm_sync(t->ctx.fd, t->ctx.vm);
	/* and it is no more than what it is now */
	svm_write(t, p, 1000);
	igt_assert_eq_u64(*(uint64_t *)p, 1000);
}

static void test_part_fault_first(int fd, enum part part)
{
	uint8_t *p = numbered(true);
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct call call;
	uint64_t seqno;
	struct svm t;

	call_part(&call, part, p);
	race_init(&t, fd);
	race_arm(&hold, &t, "fault-pages", p + AT, PAGE);
	seqno = race_write(&t, p + AT, VALUE);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	call_start(&call);
	call_finish(&call);
	vsvm_hold_release(&hold);
	expect_part(&t, &call, part, seqno);
	igt_assert_lt_u64(before.retries, svm_stats(&t).retries);
	/* the large page that it had in hand has not been entered */
	igt_assert_eq_u64(svm_stats(&t).leaves_2m, before.leaves_2m);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_part_cpu_first(int fd, enum part part)
{
	uint8_t *p = numbered(true);
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold, update;
	struct call call;
	uint64_t seqno;
	struct svm t;

	call_part(&call, part, p);
	race_init(&t, fd);
	before = svm_stats(&t);
	svm_write(&t, p + 8 * PAGE, 9);
	igt_assert_lt_u64(before.leaves_2m, svm_stats(&t).leaves_2m);
	race_emit_write(&t, p + AT, VALUE);
	race_arm(&hold, &t, "invalidated", p + AT, PAGE);
	/* what the invalidation has left, a deferred update would take away */
	vsvm_hold_arm(&update, fd, t.ctx.vm, "update");
	call_start(&call);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	seqno = vsvm_submit(&t.ctx, &t.s);
	race_wait_faults(&t, &before, 1);
	usleep(50000);
	igt_assert(!call_is_done(&call));
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	igt_assert_lt_u64(READ_ONCE(*t.ctx.fence), seqno);
	vsvm_hold_release(&hold);
	vsvm_hold_release(&update);
	call_finish(&call);
	expect_part(&t, &call, part, seqno);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("The GPU reads small pages that were collapsed into a large one, and freed");
	igt_subtest("collapse-fault-first")
		test_collapse_fault_first(fd, false);
	igt_describe("The GPU writes small pages that were collapsed into a large one, and freed");
	igt_subtest("collapse-write-fault-first")
		test_collapse_fault_first(fd, true);
	igt_describe("What the GPU writes while small pages are copied into a large one is lost");
	igt_subtest("collapse-cpu-first")
		test_collapse_cpu_first(fd);
	for (enum part part = 0; part < NUM_PARTS; part++) {
		igt_describe_f("The GPU gets all of a large page %s", parts[part].what);
		igt_subtest_f("%s-fault-first", parts[part].name)
			test_part_fault_first(fd, part);
		igt_describe_f("The GPU keeps a large page %s", parts[part].what);
		igt_subtest_f("%s-cpu-first", parts[part].name)
			test_part_cpu_first(fd, part);
	}

	igt_fixture()
		vsvm_hold_teardown(fd);
}
