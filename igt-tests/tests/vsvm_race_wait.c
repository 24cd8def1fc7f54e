// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race wait
 * Description: A wait for the process against its answer, its memory and its VM
 */
#include "vsvm_modprobe.h"
#include "vsvm_race.h"
#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("A wait for the process against its answer, its memory and its VM");

#define SIZE	(4 * PAGE)

/* An access is to wait, and nothing has been done about that: whoever does it is held */
static uint8_t *begin(struct svm *t, struct vsvm_hold *hold, int fd, int uffd, uint64_t *seqno)
{
	uint8_t *p = svm_buffer(SIZE);

	uffd_watch(uffd, p, SIZE, UFFDIO_REGISTER_MODE_MISSING);
	race_init(t, fd);
	race_arm(hold, t, "fault-wait", p, PAGE);
	*seqno = svm_begin(t, p, VSVM_ACCESS_ATOMIC);
	vsvm_hold_wait(hold);
	uffd_expect_none(uffd);
	igt_assert_eq_u64(svm_stats(t).waits_now, 1);
	return p;
}

enum what { ANSWER, UNWATCH, UNMAP, NEW, MOVE };

/* What was waited for is there, or never will be, before the wait has begun */
static void test_before(int fd, enum what what)
{
	uint8_t *p, *to = svm_buffer(SIZE);
	int uffd = uffd_open(0);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	p = begin(&t, &hold, fd, uffd, &seqno);
	switch (what) {
	case ANSWER:
		uffd_copy(uffd, p, 9);
		break;
	case UNWATCH:
		uffd_unwatch(uffd, p, SIZE);
		break;
	case UNMAP:
		vsvm_unmap(p, SIZE);
		break;
	case NEW:
		svm_map_at(p, SIZE);
		*(uint64_t *)p = 9;
		break;
	case MOVE:
		igt_assert(mremap(p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	}
	vsvm_hold_release(&hold);
	if (what == UNMAP || what == MOVE) {
		vsvm_expect_error(fd, t.ctx.queue, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_ATOMIC,
				  vsvm_ptr(p));
		vsvm_ctx_new_queue(&t.ctx);
	} else {
		svm_end(&t, seqno, p, VSVM_ACCESS_ATOMIC, what == UNWATCH ? 0 : 9);
	}
	uffd_expect_none(uffd);
	svm_wait_waits(&t, 0);
	igt_assert_eq_u64(svm_stats(&t).waits, 1);
	close(uffd);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(to, SIZE);
}

/* The batch that began the wait stands still; the wait is over before its replay */
static void test_replay(int fd)
{
	int uffd = uffd_open(0);
	struct vsvm_hold hold;
	uint64_t seqno;
	uint8_t *p;
	struct svm t;

	p = svm_buffer(SIZE);
	uffd_watch(uffd, p, SIZE, UFFDIO_REGISTER_MODE_MISSING);
	race_init(&t, fd);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "fault-mapped");
	seqno = svm_begin(&t, p, VSVM_ACCESS_ATOMIC);
	vsvm_hold_wait(&hold);
	uffd_expect(uffd, p, PAGE, UFFD_PAGEFAULT_FLAG_WRITE);
	uffd_copy(uffd, p, 9);
	svm_wait_waits(&t, 0);
	vsvm_hold_release(&hold);
	svm_end(&t, seqno, p, VSVM_ACCESS_ATOMIC, 9);
	close(uffd);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Queue and VM go while the wait has not begun; nobody waits afterwards */
static void test_vm(int fd)
{
	int uffd = uffd_open(0);
	struct vsvm_hold hold;
	struct uffd_msg msg;
	uint64_t seqno;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &hold, fd, uffd, &seqno);
	svm_fini(&t);
	igt_assert_eq(__vsvm_hold_wait(&hold, 0), -ENODEV);
	vsvm_hold_release(&hold);
	/* it may begin, to end at once */
	uffd_expect_no_waiters(uffd);
	while (uffd_message(uffd, 0, &msg))
		igt_debug("it has begun\n");
	vsvm_engines_work(fd);
	close(uffd);
	igt_assert_eq_u64(*(uint64_t *)p, 0);
	svm_buffer_free(p, SIZE);
}

static int call_vm_destroy(struct call *c)
{
	return __vsvm_vm_destroy(c->t->ctx.fd, c->t->ctx.vm);
}

/* The last reference of the VM is gone when the answer comes, and the wait has somebody to tell */
static void test_vm_release(int fd)
{
	struct call call = { .fn = call_vm_destroy };
	uint8_t *p = svm_buffer(SIZE);
	int uffd = uffd_open(0);
	struct vsvm_hold hold;
	struct svm t;

	uffd_watch(uffd, p, SIZE, UFFDIO_REGISTER_MODE_MISSING);
	race_init(&t, fd);
	svm_begin(&t, p, VSVM_ACCESS_ATOMIC);
	uffd_expect(uffd, p, PAGE, UFFD_PAGEFAULT_FLAG_WRITE);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "vm-release");
	vsvm_queue_destroy(fd, t.ctx.queue);
	call.t = &t;
	call_start(&call);
	vsvm_hold_wait(&hold);
	uffd_copy(uffd, p, 9);
	uffd_expect_no_waiters(uffd);
	vsvm_hold_release(&hold);
	call_finish(&call);
	igt_assert_eq_u64(*(uint64_t *)p, 9);
	vsvm_engines_work(fd);
	vsvm_unmap(t.range, svm_range_size());
	close(uffd);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("An answer that comes before the wait has begun is missed");
	igt_subtest("answer-before")
		test_before(fd, ANSWER);
	igt_describe("Memory that is watched no more when the wait begins is waited for");
	igt_subtest("unwatch-before")
		test_before(fd, UNWATCH);
	igt_describe("Memory that is gone when the wait begins is waited for");
	igt_subtest("munmap-before")
		test_before(fd, UNMAP);
	igt_describe("Memory that is other memory when the wait begins is waited for");
	igt_subtest("map-over-before")
		test_before(fd, NEW);
	igt_describe("Memory that has moved when the wait begins is waited for");
	igt_subtest("mremap-before")
		test_before(fd, MOVE);
	igt_describe("An answer that comes before the batch is done with is missed");
	igt_subtest("answer-before-replay")
		test_replay(fd);
	igt_describe("A VM that goes before the wait has begun leaves it behind");
	igt_subtest("vm-before")
		test_vm(fd);
	igt_describe("A VM that is going is told of an answer");
	igt_subtest("answer-at-release")
		test_vm_release(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
