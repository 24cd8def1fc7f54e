// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm atomic race
 * Description: An exclusive page between the GPU and CPUs, in every order
 */
#include "vsvm_atomic.h"
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("An exclusive page between the GPU and CPUs, in every order");

static int call_add(struct call *c)
{
	cpu_add(c->p, 0x100);
	return 0;
}

static uint32_t *begin_race(struct svm *t, int fd)
{
	uint32_t *p;

	race_init(t, fd);
	p = atomic_buffer(t, PAGE, EXCLUSIVE);
	*p = 0x10;
	return p;
}

/*
 * The GPU has made the page exclusive, and not mapped it. A CPU that wants it waits; who throws it
 * away does not; who unmaps it waits for mmap_lock.
 */
static void test_gpu_first(int fd, int (*fn)(struct call *))
{
	struct call call = { .fn = fn, .size = PAGE };
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	uint32_t *p;

	p = begin_race(&t, fd);
	call.p = p;
	call.prot = PROT_READ;
	told_start(&call);
	race_arm(&hold, &t, "exclusive-page", p, PAGE);
	seqno = gpu_add_start(&t, p, 1);
	vsvm_hold_wait(&hold);
	told_go(&call);
	if (fn == call_dontneed) {
		call_finish(&call);
		igt_assert(vsvm_hold_is_held(&hold));
	} else {
		usleep(MOMENT);
		igt_assert(!call_is_done(&call));
	}
	vsvm_hold_release(&hold);
	if (fn != call_dontneed)
		call_finish(&call);
	if (fn == call_munmap || fn == call_mprotect) {
		/* the addition was before it, or there was nothing to add to */
		bool added = vsvm_finish_or_error(&t.ctx, seqno, fn == call_munmap ?
						  VSVM_ERROR_UNMAPPED : VSVM_ERROR_PERMISSION,
						  VSVM_ACCESS_ATOMIC);

		if (fn == call_mprotect)
			igt_assert_eq_u32(*p, added ? 0x11 : 0x10);
	} else {
		vsvm_finish(&t.ctx, seqno);
		igt_assert_eq_u32(*p, fn == call_dontneed ? 1 : 0x111);
	}
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/*
 * A CPU has begun to take the page back, and the GPU's entry is gone: an atomic has to wait until
 * the CPU has it, and then takes it again.
 */
static void test_cpu_first(int fd)
{
	struct call call = { .fn = call_add };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	uint32_t *p;

	p = begin_race(&t, fd);
	gpu_add(&t, p, 1);
	svm_settle(&t);
	before = svm_stats(&t);
	call.p = p;
	race_arm(&hold, &t, "invalidated", p, PAGE);
	call_start(&call);
	vsvm_hold_wait(&hold);
	seqno = gpu_add_start(&t, p, 1);
	race_wait_faults(&t, &before, 1);
	usleep(MOMENT);
	igt_assert(READ_ONCE(*t.ctx.fence) < seqno);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	vsvm_finish(&t.ctx, seqno);
	/* once, but for when the CPU had been too slow and had to take it back once more */
	igt_assert_lt_u64(before.pages_exclusive, svm_stats(&t).pages_exclusive);
	igt_assert_eq_u32(*p, 0x112);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* A CPU is about to take the page back, and the GPU has it still: both add, one after the other */
static void test_cpu_before(int fd)
{
	struct call call = { .fn = call_add };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct svm t;
	uint32_t *p;

	p = begin_race(&t, fd);
	gpu_add(&t, p, 1);
	before = svm_stats(&t);
	call.p = p;
	race_arm(&hold, &t, "invalidate", p, PAGE);
	call_start(&call);
	vsvm_hold_wait(&hold);
	for (unsigned int i = 0; i < 5; i++)
		gpu_add(&t, p, 1);
	atomic_expect(&t, &before, 0, 0);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	igt_assert_eq_u32(*p, 0x116);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* How often the driver lets an atomic be too late */
#define LOSSES	8

static uint32_t seen;

static int call_add_seen(struct call *c)
{
	seen = cpu_add(c->p, 0x100);
	return 0;
}

/*
 * The page is taken back before each replay, so the atomic is always too late. After LOSSES times
 * it has a turn: the replay comes while no CPU can have the page. An engine that is slow to try
 * again, and a CPU that wants the page then, do not change that.
 */
static void test_turn(int fd)
{
	struct call call = { .fn = call_add_seen };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold mapped, engine;
	uint64_t seqno;
	struct svm t;
	uint32_t *p;

	p = begin_race(&t, fd);
	call.p = p;
	before = svm_stats(&t);
	told_start(&call);
	vsvm_hold_arm(&mapped, fd, t.ctx.vm, "fault-mapped");
	seqno = gpu_add_start(&t, p, 1);
	vsvm_hold_wait(&mapped);
	for (unsigned int i = 1; i <= LOSSES; i++) {
		atomic_expect(&t, &before, i, 0);
		cpu_add(p, 0x1000);
		igt_assert(is_present(p));
		vsvm_hold_step(&mapped);
		vsvm_hold_wait(&mapped);
		igt_assert(READ_ONCE(*t.ctx.fence) < seqno);
		igt_assert_eq_u64(svm_stats(&t).atomic_turns, 0);
	}
	cpu_add(p, 0x1000);
	vsvm_hold_arm(&engine, fd, t.ctx.vm, "engine-replay");
	vsvm_hold_release(&mapped);
	vsvm_hold_wait(&engine);
	told_go(&call);
	usleep(MOMENT);
	vsvm_hold_release(&engine);
	vsvm_finish(&t.ctx, seqno);
	call_finish(&call);
	/* the CPU was second */
	igt_assert_eq_u32(seen, 0x10 + (LOSSES + 1) * 0x1000 + 1 + 0x100);
	igt_assert_eq_u64(svm_stats(&t).atomic_turns, 1);
	atomic_expect(&t, &before, LOSSES + 2, 0);
	/* and it begins anew */
	for (unsigned int i = 1; i <= LOSSES; i++) {
		gpu_add(&t, p, 1);
		cpu_add(p, 1);
	}
	igt_assert_eq_u64(svm_stats(&t).atomic_turns, 1);
	igt_assert_eq_u32(*p, seen + 2 * LOSSES);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* An engine that does not come to try again in time: the CPUs get the page, and it is due again */
static void test_turn_late(int fd)
{
	struct call call = { .fn = call_add_seen };
	struct vsvm_hold mapped, engine;
	uint64_t seqno;
	struct svm t;
	uint32_t *p;

	p = begin_race(&t, fd);
	call.p = p;
	told_start(&call);
	vsvm_hold_arm(&mapped, fd, t.ctx.vm, "fault-mapped");
	seqno = gpu_add_start(&t, p, 1);
	vsvm_hold_wait(&mapped);
	for (unsigned int i = 1; i <= LOSSES; i++) {
		cpu_add(p, 0x1000);
		vsvm_hold_step(&mapped);
		vsvm_hold_wait(&mapped);
	}
	cpu_add(p, 0x1000);
	vsvm_hold_arm(&engine, fd, t.ctx.vm, "engine-replay");
	vsvm_hold_release(&mapped);
	vsvm_hold_wait(&engine);
	/* the CPU is not kept off for as long as the engine is held, and comes first */
	told_go(&call);
	call_finish(&call);
	igt_assert_eq_u32(seen, 0x10 + (LOSSES + 1) * 0x1000 + 0x100);
	igt_assert_eq_u64(svm_stats(&t).atomic_turns, 1);
	vsvm_hold_release(&engine);
	vsvm_finish(&t.ctx, seqno);
	igt_assert_eq_u64(svm_stats(&t).atomic_turns, 2);
	igt_assert_eq_u32(*p, seen + 1);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* Memory that goes takes its count along */
static void test_turn_munmap(int fd)
{
	struct svm t;
	uint32_t *p;

	p = begin_race(&t, fd);
	for (unsigned int i = 0; i < 2 * LOSSES; i++) {
		gpu_add(&t, p, 1);
		cpu_add(p, 1);
		if (i % (LOSSES / 2))
			continue;
		vsvm_unmap(p, PAGE);
		svm_map_at(p, PAGE);
		atomic_set_mode(&t, p, PAGE, EXCLUSIVE);
	}
	igt_assert_eq_u64(svm_stats(&t).atomic_turns, 0);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* The copy of a parent's page, the split of 2M: the driver's own work does not make it try again */
static void test_no_retries(int fd, bool huge)
{
	const size_t size = huge ? VSVM_2M : PAGE;
	struct drm_vsvm_vm_stats before;
	uint32_t *p = svm_buffer(size);
	struct svm t;
	pid_t pid;

	race_init(&t, fd);
	igt_assert_eq(madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	*p = 0x10;
	igt_require(!huge || vsvm_huge_kib(p) == 2048);
	atomic_set_mode(&t, p, size, EXCLUSIVE);
	igt_assert_eq_u64(svm_read(&t, p), 0x10);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		pause();
		_exit(0);
	}
	igt_assert_eq_u64(svm_read(&t, p), 0x10);
	svm_settle(&t);
	before = svm_stats(&t);
	gpu_add(&t, p, 1);
	igt_assert_eq_u64(svm_stats(&t).retries, before.retries);
	atomic_expect(&t, &before, 1, 0);
	igt_assert_eq_u32(*p, 0x11);
	kill(pid, SIGKILL);
	igt_assert_eq(waitpid(pid, NULL, 0), pid);
	svm_buffer_free(p, size);
	svm_fini(&t);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("A CPU gets a page before the GPU that has made it exclusive");
	igt_subtest("gpu-first-cpu")
		test_gpu_first(fd, call_add);
	igt_describe("A page thrown away while it is made exclusive is mapped");
	igt_subtest("gpu-first-dontneed")
		test_gpu_first(fd, call_dontneed);
	igt_describe("A page unmapped while it is made exclusive is mapped");
	igt_subtest("gpu-first-munmap")
		test_gpu_first(fd, call_munmap);
	igt_describe("A page that may not be written any more is added to");
	igt_subtest("gpu-first-mprotect")
		test_gpu_first(fd, call_mprotect);
	igt_describe("The GPU gets a page before the CPU that is taking it back");
	igt_subtest("cpu-first")
		test_cpu_first(fd);
	igt_describe("The GPU loses a page before the CPU takes it back");
	igt_subtest("cpu-before")
		test_cpu_before(fd);
	igt_describe("A CPU that is always faster keeps an atomic from ever being done");
	igt_subtest("turn")
		test_turn(fd);
	igt_describe("A CPU waits for as long as an engine has other things to do");
	igt_subtest("turn-late")
		test_turn_late(fd);
	igt_describe("New memory has what CPUs did to memory that is gone");
	igt_subtest("turn-munmap")
		test_turn_munmap(fd);
	igt_describe("The driver tries again because of what it did itself");
	igt_subtest("no-retries-copy")
		test_no_retries(fd, false);
	igt_describe("The driver tries again because it had 2M split");
	igt_subtest("no-retries-huge")
		test_no_retries(fd, true);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
