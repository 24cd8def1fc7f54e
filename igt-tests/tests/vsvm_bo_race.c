// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm bo race
 * Description: A block of a BO that moves between VRAM and the system, against faults and unbinding
 *
 * VRAM is as small as it can be, so that the other BO makes room whenever one is used. The points:
 * at bo-placed a fault has the block where it is to be and has not mapped it; at bo-zapped it is to
 * move and nobody has it mapped; at bo-unbind it is out of the page table, and still known.
 */
#include "vsvm_modprobe.h"
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("A block of a BO that moves, against faults and unbinding, in order");

#define SIZE	VSVM_2M

/**
 * struct side - a VM with a BO of one block, which is all of VRAM when it is there
 */
struct side {
	/** @t: VM */
	struct svm t;
	/** @range: where it may be bound; one block is free behind it */
	uint8_t *range;
	/** @bo: handle */
	uint32_t bo;
	/** @map: what a CPU sees */
	uint64_t *map;
};

static int setup(void)
{
	close(vsvm_hold_setup());
	return vsvm_module_begin("hold_points=1 vram_mib=2");
}

static void side_init(struct side *s, int fd, uint64_t value)
{
	s->range = vsvm_reserve(2 * SIZE);
	svm_init_vm(&s->t, fd, vsvm_vm_create_range(fd, s->range, 2 * SIZE));
	svm_settle(&s->t);
	s->bo = vsvm_bo_create_vram(fd, SIZE);
	s->map = vsvm_bo_mmap(fd, s->bo, SIZE);
	vsvm_bind(fd, s->t.ctx.vm, s->bo, 0, vsvm_ptr(s->range), SIZE, 0);
	svm_fill(&s->t, s->range, SIZE, value);
}

static void side_fini(struct side *s)
{
	int fd = s->t.ctx.fd;

	vsvm_unmap(s->map, SIZE);
	vsvm_bo_close(fd, s->bo);
	svm_fini(&s->t);
	vsvm_unmap(s->range, 2 * SIZE);
}

/* All words of it, as the CPU sees them; the first one may be another */
static void side_expect(struct side *s, uint64_t first, uint64_t value)
{
	igt_assert_eq_u64(s->map[0], first);
	for (unsigned int i = 1; i < SIZE / 8; i++)
		igt_assert_eq_u64(s->map[i], value);
}

/* Two of them: b is in VRAM, and a has made room */
static void begin(struct side *a, struct side *b, int fd)
{
	vsvm_hold_release_all();
	side_init(a, fd, 1);
	side_init(b, fd, 2);
}

/* b is on its way out when its GPU, or its CPU, wants it */
static void test_evict_fault(int fd, bool cpu, bool write)
{
	struct vsvm_hold hold;
	struct side a, b;
	uint64_t first, second = 0;

	begin(&a, &b, fd);
	race_arm(&hold, &b.t, "bo-zapped", b.range, SIZE);
	first = race_read(&a.t, a.range);
	vsvm_hold_wait(&hold);
	if (cpu) {
		/* by a child, for it waits; what it sees is its status */
		igt_fork(child, 1) {
			if (write)
				WRITE_ONCE(b.map[0], 0x77);
			igt_assert_eq_u64(READ_ONCE(b.map[1]), 2);
		}
		usleep(MOMENT);
		igt_assert(vsvm_hold_is_held(&hold));
		igt_assert(READ_ONCE(*a.t.ctx.fence) < first);
	} else {
		second = write ? race_write(&b.t, b.range, 0x77) : race_read(&b.t, b.range);
		race_wait_parked(fd, b.t.ctx.queue);
		usleep(MOMENT);
		igt_assert(READ_ONCE(*b.t.ctx.fence) < second);
	}
	vsvm_hold_release(&hold);
	race_expect_value(&a.t, first, 1);
	if (cpu) {
		igt_waitchildren();
	} else {
		vsvm_finish(&b.t.ctx, second);
		igt_assert(write || b.t.scratch[0] == 2);
	}
	side_expect(&b, write ? 0x77 : 2, 2);
	igt_assert_eq_u64(svm_read(&b.t, b.range + SIZE - 8), 2);
	igt_assert_eq_u64(svm_read(&a.t, a.range + SIZE - 8), 1);
	side_expect(&a, 1, 1);
	side_fini(&a);
	side_fini(&b);
}

/* a's fault has brought it to VRAM, and holds it there: b gets no room, and gets on without */
static void test_fault_evict(int fd)
{
	struct vsvm_hold hold, count;
	struct side a, b;
	uint64_t first;

	begin(&a, &b, fd);
	race_arm(&hold, &a.t, "bo-placed", a.range, SIZE);
	first = race_write(&a.t, a.range, 0x77);
	vsvm_hold_wait(&hold);
	vsvm_hold_count(&count, fd, a.t.ctx.vm, "bo-zapped", a.range, SIZE);
	/* b was moved out by that; what it has is right where it is */
	igt_assert_eq_u64(svm_read(&b.t, b.range), 2);
	svm_write(&b.t, b.range, 0x66);
	igt_assert_eq_u64(b.map[0], 0x66);
	igt_assert_eq_u64(vsvm_hold_passed(&count), 0);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	vsvm_hold_release(&count);
	vsvm_finish(&a.t.ctx, first);
	side_expect(&a, 0x77, 1);
	side_expect(&b, 0x66, 2);
	side_fini(&a);
	side_fini(&b);
}

static int call_unbind(struct call *c)
{
	return __vsvm_unbind(c->t->ctx.fd, c->t->ctx.vm, vsvm_ptr(c->p), c->size);
}

/* b is on its way out when it is unbound, all of it or a part */
static void test_evict_unbind(int fd, bool part)
{
	const uint64_t size = part ? SIZE / 2 : SIZE;
	struct call call = { .fn = call_unbind };
	struct vsvm_hold hold;
	struct side a, b;
	uint64_t first;

	begin(&a, &b, fd);
	call.t = &b.t;
	call.p = b.range;
	call.size = size;
	race_arm(&hold, &b.t, "bo-zapped", b.range, SIZE);
	first = race_read(&a.t, a.range);
	vsvm_hold_wait(&hold);
	call_start(&call);
	usleep(MOMENT);
	/* the mapping is in the BO's list, which is in use */
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	race_expect_value(&a.t, first, 1);
	svm_expect_error(&b.t, b.range, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	if (part)
		igt_assert_eq_u64(svm_read(&b.t, b.range + size), 2);
	else
		svm_expect_error(&b.t, b.range + size - 8, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	side_expect(&b, 2, 2);
	side_expect(&a, 1, 1);
	side_fini(&a);
	side_fini(&b);
}

/* b is being unbound when it has to make room, all of it or a part */
static void test_unbind_evict(int fd, bool part)
{
	const uint64_t size = part ? SIZE / 2 : SIZE;
	struct call call = { .fn = call_unbind };
	struct vsvm_hold hold;
	struct side a, b;

	begin(&a, &b, fd);
	call.t = &b.t;
	call.p = b.range;
	call.size = size;
	race_arm(&hold, &b.t, "bo-unbind", b.range, SIZE);
	call_start(&call);
	vsvm_hold_wait(&hold);
	/* a goes to VRAM, and b makes room, while the BO knows of the mapping */
	svm_fill(&a.t, a.range, SIZE, 3);
	igt_assert(vsvm_hold_is_held(&hold));
	igt_assert(!call_is_done(&call));
	side_expect(&b, 2, 2);
	vsvm_hold_release(&hold);
	call_finish(&call);
	svm_expect_error(&b.t, b.range, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	if (part)
		igt_assert_eq_u64(svm_read(&b.t, b.range + size), 2);
	side_expect(&a, 3, 3);
	side_fini(&a);
	side_fini(&b);
}

/* A fault has the block when it is unbound; the fault comes first, and the mapping goes */
static void test_fault_unbind(int fd)
{
	struct call call = { .fn = call_unbind, .size = SIZE };
	struct vsvm_hold hold;
	struct side a, b;
	uint64_t first;

	begin(&a, &b, fd);
	call.t = &a.t;
	call.p = a.range;
	race_arm(&hold, &a.t, "bo-placed", a.range, SIZE);
	first = race_read(&a.t, a.range);
	vsvm_hold_wait(&hold);
	call_start(&call);
	usleep(MOMENT);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	/* mapped, and zapped again: the access may have got through in between, or not */
	if (vsvm_finish_or_error(&a.t.ctx, first, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ))
		igt_assert_eq_u64(a.t.scratch[0], 1);
	svm_expect_error(&a.t, a.range, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	side_expect(&a, 1, 1);
	side_fini(&a);
	side_fini(&b);
}

/* The last handle and mapping go while it is on its way out: who moves it has the last reference */
static void test_evict_close(int fd)
{
	struct vsvm_hold hold;
	struct side a, b;
	struct call call = { .fn = call_unbind, .size = SIZE };
	uint64_t first;

	begin(&a, &b, fd);
	call.t = &b.t;
	call.p = b.range;
	race_arm(&hold, &b.t, "bo-zapped", b.range, SIZE);
	first = race_read(&a.t, a.range);
	vsvm_hold_wait(&hold);
	vsvm_unmap(b.map, SIZE);
	vsvm_bo_close(fd, b.bo);
	call_start(&call);
	usleep(MOMENT);
	vsvm_hold_release(&hold);
	call_finish(&call);
	race_expect_value(&a.t, first, 1);
	/* all of VRAM is a's, and then another's */
	b.bo = vsvm_bo_create_vram(fd, SIZE);
	b.map = vsvm_bo_mmap(fd, b.bo, SIZE);
	vsvm_bind(fd, b.t.ctx.vm, b.bo, 0, vsvm_ptr(b.range), SIZE, 0);
	igt_assert_eq_u64(svm_read(&b.t, b.range), 0);
	side_expect(&b, 0, 0);
	side_expect(&a, 1, 1);
	side_fini(&a);
	side_fini(&b);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = setup();
	}

	for (int write = 0; write < 2; write++) {
		const char *name = write ? "write" : "read";

		igt_describe("A GPU has a block that is being copied");
		igt_subtest_f("evict-first-gpu-%s", name)
			test_evict_fault(fd, false, write);
		igt_describe("A CPU has a block that is being copied");
		igt_subtest_f("evict-first-cpu-%s", name)
			test_evict_fault(fd, true, write);
	}
	igt_describe("A block goes between where a fault found it and where it is mapped");
	igt_subtest("gpu-first-evict")
		test_fault_evict(fd);
	for (int part = 0; part < 2; part++) {
		const char *name = part ? "-part" : "";

		igt_describe("A mapping goes while its entries are taken away");
		igt_subtest_f("evict-first-unbind%s", name)
			test_evict_unbind(fd, part);
		igt_describe("A block moves, and who unbinds it has it again");
		igt_subtest_f("unbind-first-evict%s", name)
			test_unbind_evict(fd, part);
	}
	igt_describe("A fault maps what is not bound any more");
	igt_subtest("gpu-first-unbind")
		test_fault_unbind(fd);
	igt_describe("A BO is freed under who moves it");
	igt_subtest("evict-first-close")
		test_evict_close(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
