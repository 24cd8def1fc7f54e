// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race error
 * Description: Errors and leftover records of faults that come late
 */
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("Errors and leftover records of faults that come late");

#define SIZE	(4 * PAGE)

/**
 * struct reader - a queue that reads a word, with a fence of its own
 */
struct reader {
	/** @queue: queue */
	uint32_t queue;
	/** @out: what it read, and next to it the fence */
	uint64_t *out;
	/** @s: stream */
	struct vsvm_stream s;
};

/* The memory is the test's scratch, @slot pages behind its beginning */
static void reader_init(struct reader *r, struct svm *t, uint32_t engine, unsigned int slot)
{
	r->queue = vsvm_queue_create_on(t->ctx.fd, t->ctx.vm, engine, 0);
	r->out = &t->scratch[(2 * slot + 2) * PAGE / 8];
	r->out[0] = 0;
	r->out[1] = 0;
	vsvm_stream_init_at(&r->s, r->out + PAGE / 8, vsvm_ptr(r->out + PAGE / 8), PAGE);
}

static void reader_start(struct reader *r, struct svm *t, const void *p)
{
	vsvm_emit_copy(&r->s, vsvm_ptr(r->out), vsvm_ptr(p), 8);
	igt_assert_eq(__vsvm_exec1(t->ctx.fd, r->queue, vsvm_stream_addr(&r->s, 0), r->s.size,
				   vsvm_ptr(&r->out[1]), 1, 0), 0);
}

static void reader_finish(struct reader *r, struct svm *t, uint64_t value)
{
	vsvm_wait(t->ctx.fd, r->queue, &r->out[1], 1);
	igt_assert_eq_u64(r->out[0], value);
}

static void expect_alive(struct svm *t, uint32_t queue)
{
	struct drm_vsvm_queue_query state;

	vsvm_queue_query(t->ctx.fd, queue, &state);
	igt_assert_f(!state.error, "a queue that was done got %s\n",
		     vsvm_error_name(state.error));
}

/*
 * Two queues miss the same page. The first one's fault is served, and its replay lets the second
 * go on too, whose own record is still in the ring. It is done, the program frees the memory, and
 * then the record is served
 */
static void test_leftover(int fd)
{
	struct vsvm_hold fault, park, batch;
	struct drm_vsvm_vm_stats before, after;
	uint64_t *p = svm_buffer(SIZE), *other = svm_buffer(PAGE);
	struct reader first, second;
	struct svm t;

	igt_require(vsvm_num_engines(fd) > 1);
	race_init(&t, fd);
	*p = 7;
	reader_init(&first, &t, 0, 0);
	reader_init(&second, &t, 1, 1);
	before = svm_stats(&t);

	race_arm(&fault, &t, "fault-pages", p, SIZE);
	reader_start(&first, &t, p);
	vsvm_hold_wait(&fault);
	/* the second one's record is put, and nobody has been told */
	race_arm(&park, &t, "engine-park", p, SIZE);
	reader_start(&second, &t, p);
	vsvm_hold_wait(&park);
	vsvm_hold_release(&fault);
	reader_finish(&first, &t, 7);
	/* now they are told, and begin; the second one goes on, for there has been a replay */
	vsvm_hold_arm(&batch, fd, t.ctx.vm, "fault-batch");
	vsvm_hold_release(&park);
	vsvm_hold_wait(&batch);
	reader_finish(&second, &t, 7);
	vsvm_unmap(p, SIZE);
	vsvm_hold_release(&batch);

	/* when the next fault has been served, so has this one been */
	svm_write(&t, other, 1);
	after = svm_stats(&t);
	igt_assert_lte_u64(before.faults + 3, after.faults);
	igt_assert_eq_u64(after.faults_failed, before.faults_failed);
	expect_alive(&t, first.queue);
	expect_alive(&t, second.queue);
	vsvm_queue_destroy(fd, first.queue);
	vsvm_queue_destroy(fd, second.queue);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(other, PAGE);
}

/* An access that cannot be stays an error, exact, if memory comes there before it is reported */
static void test_late(int fd, bool mapped)
{
	struct drm_vsvm_vm_stats before;
	uint64_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	vsvm_unmap(p, SIZE);
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-error", p, SIZE);
	race_write(&t, p, 0xbad);
	vsvm_hold_wait(&hold);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, before.faults_failed);
	if (mapped)
		svm_map_at(p, SIZE);
	vsvm_hold_release(&hold);
	race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, p);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, before.faults_failed + 1);
	svm_map_at(p, SIZE);
	igt_assert_eq_u64(*p, 0);
	igt_assert_eq_u64(svm_read(&t, p), 0);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* One queue's bad access is about to be reported; another queue's good ones next to it are not */
static void test_neighbour(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct vsvm_hold batch, error;
	struct drm_vsvm_vm_stats before;
	struct reader good;
	struct svm t;

	igt_require(vsvm_num_engines(fd) > 1);
	race_init(&t, fd);
	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create_on(fd, t.ctx.vm, 0, 0);
	reader_init(&good, &t, 1, 0);
	svm_number_pages(p, 4, 1);
	vsvm_unmap(p + PAGE / 8, PAGE);
	before = svm_stats(&t);
	vsvm_hold_arm(&batch, fd, t.ctx.vm, "fault-batch");
	race_arm(&error, &t, "fault-error", p, SIZE);
	race_read(&t, p + PAGE / 8);
	vsvm_hold_wait(&batch);
	reader_start(&good, &t, p);
	race_wait_faults(&t, &before, 2);
	/* the good one's record is of the next round, before the same replay */
	vsvm_hold_release(&batch);
	vsvm_hold_wait(&error);
	vsvm_hold_release(&error);
	reader_finish(&good, &t, 1);
	race_expect_error(&t, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, p + PAGE / 8);
	expect_alive(&t, good.queue);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, before.faults_failed + 1);
	vsvm_queue_destroy(fd, good.queue);
	svm_fini(&t);
	svm_map_at(p, SIZE);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("A queue that is done is killed for memory that was freed afterwards");
	igt_subtest("leftover")
		test_leftover(fd);
	igt_describe("An error that is reported late is not the one that was found");
	igt_subtest("late")
		test_late(fd, false);
	igt_describe("A bad access succeeds, or writes, if memory comes there in time");
	igt_subtest("late-mapped")
		test_late(fd, true);
	igt_describe("A bad access takes a good one of another queue with it");
	igt_subtest("neighbour")
		test_neighbour(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
