// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race end
 * Description: Queues, VMs, files and processes that end while a fault stands at any point
 */
#include "vsvm_modprobe.h"
#include "vsvm_race.h"
#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("Queues, VMs, files and processes that end while a fault stands at any point");

#define SIZE	(8 * PAGE)

/* What the GPU does, so that somebody comes to the point */
enum how { READ, READ_BAD, READ_WATCHED, UNMAP };

static const struct where {
	const char *point;
	enum how how;
} wheres[] = {
	{ "engine-translate", READ },
	{ "engine-park", READ },
	{ "engine-replay", READ },
	{ "fault-batch", READ },
	{ "fault-cover", READ },
	{ "interval-live", READ },
	{ "interval-swapped", READ },
	{ "fault-covered", READ },
	{ "fault-vma", READ },
	{ "fault-pages", READ },
	{ "fault-mapped", READ },
	{ "fault-error", READ_BAD },
	{ "fault-wait", READ_WATCHED },
	{ "update", UNMAP },
	{ "update-vmas", UNMAP },
};

/* Make @p what it is to be */
static void prepare(struct svm *t, const struct where *where, uint8_t *p)
{
	if (where->how == READ_WATCHED) {
		/* goes with the process */
		uffd_watch(uffd_open(0), p, SIZE, UFFDIO_REGISTER_MODE_MISSING);
		return;
	}
	*(uint64_t *)p = 7;
	if (where->how == UNMAP)
		igt_assert_eq_u64(svm_read(t, p), 7);
}

/* Let @t do at @p what brings somebody to the point, and wait until he is held */
static void begin(struct svm *t, struct vsvm_hold *hold, const struct where *where, uint8_t *p)
{
	prepare(t, where, p);
	if (!strncmp(where->point, "engine-t", 8) || !strncmp(where->point, "engine-p", 8))
		race_arm(hold, t, where->point, p, SIZE);
	else
		vsvm_hold_arm(hold, t->ctx.fd, t->ctx.vm, where->point);
	if (where->how == UNMAP)
		vsvm_unmap(p + SIZE / 2, SIZE / 2);
	else
		race_read(t, where->how == READ_BAD ? p + SIZE : p);
	vsvm_hold_wait(hold);
}

/* Other VMs and queues of the device are as they were */
static void expect_works(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	svm_fill(&t, p, SIZE, 0x600d);
	for (unsigned int i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(p[i], 0x600d);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	vsvm_engines_work(fd);
}

/* The queue whose fault is held is destroyed, and does not wait for it; the VM works on */
static void test_queue(int fd, const struct where *where)
{
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	begin(&t, &hold, where, p);
	vsvm_queue_destroy(fd, t.ctx.queue);
	/* of the engine, which had to come to an end, nobody is held; of the rest it stays */
	if (!strncmp(where->point, "engine", 6))
		igt_assert_eq(__vsvm_hold_wait(&hold, 0), -ENODEV);
	else
		igt_assert(vsvm_hold_is_held(&hold));
	t.ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
	vsvm_hold_release(&hold);
	svm_map_at(p, SIZE);
	igt_assert_eq_u64(svm_read(&t, p), 0);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Queue and VM are destroyed; the hold goes with them, and they do not wait for who has it */
static void test_vm(int fd, const struct where *where)
{
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	begin(&t, &hold, where, p);
	svm_fini(&t);
	igt_assert_eq(__vsvm_hold_wait(&hold, 0), -ENODEV);
	vsvm_hold_release(&hold);
	svm_buffer_free(p, SIZE);
	expect_works(fd);
}

/* The file is closed: the same, all at once */
static void test_close(int fd, const struct where *where)
{
	uint8_t *p = svm_buffer(SIZE);
	int other = vsvm_open_node();
	struct vsvm_hold hold;
	unsigned int vms;
	int64_t deadline;
	struct svm t;

	vsvm_hold_release_all();
	vms = svm_debugfs_vms(fd, getpid());
	race_init(&t, other);
	begin(&t, &hold, where, p);
	close(other);
	igt_assert_eq(__vsvm_hold_wait(&hold, 0), -ENODEV);
	/* a batch that is being served undoes the VM itself */
	for (deadline = vsvm_deadline(VSVM_WAIT_NS); svm_debugfs_vms(fd, getpid()) != vms;) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	vsvm_hold_release_all();
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, SIZE);
	expect_works(fd);
}

/* The process ends, by itself or killed; who holds is itself, or somebody else who goes on */
static void test_process(int fd, const struct where *where, bool kill, bool own)
{
	struct shared {
		uint32_t ready, go;
		uint32_t vm;
		pid_t pid;
	} *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct vsvm_hold hold = { .file = -1 };
	pid_t pid;
	int ret;

	vsvm_hold_release_all();
	igt_fork(child, 1) {
		uint8_t *p = svm_buffer(SIZE);
		int node = vsvm_open_node();
		struct vsvm_hold mine;
		struct svm t;

		race_init(&t, node);
		shared->pid = getpid();
		if (own) {
			begin(&t, &mine, where, p);
		} else {
			prepare(&t, where, p);
			shared->vm = vsvm_hold_vm(node, t.ctx.vm);
			__atomic_store_n(&shared->ready, 1, __ATOMIC_SEQ_CST);
			while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
				usleep(1000);
			if (where->how == UNMAP)
				vsvm_unmap(p + SIZE / 2, SIZE / 2);
			else
				race_read(&t, where->how == READ_BAD ? p + SIZE : p);
		}
		__atomic_store_n(&shared->ready, 2, __ATOMIC_SEQ_CST);
		while (kill || !own)
			pause();
		_exit(0);
	}
	race_wait_word(&shared->ready, own ? 2 : 1);
	pid = shared->pid;
	if (!own) {
		hold.file = vsvm_hold_open(fd);
		hold.vm = shared->vm;
		hold.point = where->point;
		igt_assert_eq(vsvm_hold_command(hold.file, "arm %u %s", hold.vm, hold.point), 0);
		__atomic_store_n(&shared->go, 1, __ATOMIC_SEQ_CST);
		vsvm_hold_wait(&hold);
	}
	if (kill || !own) {
		igt_kill_children(SIGKILL);
		ret = __igt_waitchildren();
		igt_assert_eq(ret, 128 + SIGKILL);
	} else {
		igt_waitchildren();
	}
	svm_expect_no_vms(fd, pid);
	if (!own) {
		igt_assert_eq(__vsvm_hold_wait(&hold, 0), -ENODEV);
		close(hold.file);
	}
	munmap(shared, PAGE);
	expect_works(fd);
}

/* A thread stands in the kernel, in munmap, when its process is killed */
static void test_kill_in_munmap(int fd, const char *point)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t pid;

	vsvm_hold_release_all();
	igt_fork(child, 1) {
		struct call call = { .fn = call_munmap, .size = SIZE };
		int node = vsvm_open_node();
		struct vsvm_hold hold;
		struct svm t;

		race_init(&t, node);
		call.p = svm_buffer(SIZE);
		svm_fill(&t, call.p, SIZE, 1);
		race_arm(&hold, &t, point, call.p, SIZE);
		call_start(&call);
		vsvm_hold_wait(&hold);
		__atomic_store_n(ready, getpid(), __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	pid = race_wait_word(ready, 1);
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	svm_expect_no_vms(fd, pid);
	munmap(ready, PAGE);
	expect_works(fd);
}

/* The device goes */
static int test_unbind(int fd, const struct where *where)
{
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	begin(&t, &hold, where, p);
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	close(fd);
	vsvm_hold_release_all();
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, SIZE);
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	fd = vsvm_open_node();
	expect_works(fd);
	return fd;
}

/* A queue is about to be stopped, and works on as long as it is not */
static int call_queue_destroy(struct call *c)
{
	return __vsvm_queue_destroy(c->t->ctx.fd, c->t->ctx.queue);
}

static void test_queue_stop(int fd)
{
	struct call call = { .fn = call_queue_destroy };
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	uint64_t *p = svm_buffer(SIZE), seqno;
	struct vsvm_hold hold, fault;
	struct svm t;

	race_init(&t, fd);
	*p = 7;
	race_arm(&fault, &t, "fault-pages", p, SIZE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&fault);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "queue-stop");
	call.t = &t;
	call_start(&call);
	vsvm_hold_wait(&hold);
	/* for the program it is gone already, and for the GPU not yet */
	igt_assert_eq(__vsvm_exec1(fd, t.ctx.queue, 0, 0, 0, 0, 0), -ENOENT);
	vsvm_hold_release(&fault);
	while (READ_ONCE(*t.ctx.fence) < seqno) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	igt_assert_eq_u64(t.scratch[0], 7);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	t.ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The last reference is gone; memory changes before anything is undone, and is heard of */
static int call_vm_destroy(struct call *c)
{
	return __vsvm_vm_destroy(c->t->ctx.fd, c->t->ctx.vm);
}

static void test_vm_release(int fd)
{
	struct call call = { .fn = call_vm_destroy };
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	svm_fill(&t, p, SIZE, 5);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "vm-release");
	vsvm_queue_destroy(fd, t.ctx.queue);
	call.t = &t;
	call_start(&call);
	vsvm_hold_wait(&hold);
	igt_assert_eq(__vsvm_vm_destroy(fd, t.ctx.vm), -ENOENT);
	igt_assert_eq_u64(*(uint64_t *)p, 5);
	vsvm_unmap(p, SIZE / 2);
	svm_map_at(p, SIZE);
	vsvm_hold_release(&hold);
	call_finish(&call);
	for (unsigned int i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(((uint64_t *)p)[i], 0);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, SIZE);
	expect_works(fd);
}

/* Bounds change at a fault or a munmap by the policy vma alone: elsewhere nobody comes by there */
static unsigned int next_where(unsigned int i)
{
	static const char * const bounds[] = {
		"fault-cover", "fault-covered", "interval-live", "interval-swapped", "update-vmas",
	};
	unsigned int j;

	for (; i < ARRAY_SIZE(wheres) && !vsvm_is_vma_policy(); i++) {
		for (j = 0; j < ARRAY_SIZE(bounds) && strcmp(wheres[i].point, bounds[j]); j++)
			;
		if (j == ARRAY_SIZE(bounds))
			break;
	}
	return i;
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("A queue cannot be destroyed while its fault is served, or harms the VM");
	igt_subtest_with_dynamic("queue")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				test_queue(fd, &wheres[i]);
	igt_describe("A VM cannot be destroyed, or goes too early, while its fault is served");
	igt_subtest_with_dynamic("vm")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				test_vm(fd, &wheres[i]);
	igt_describe("A file cannot be closed while a fault is served");
	igt_subtest_with_dynamic("close")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				test_close(fd, &wheres[i]);
	igt_describe("A process does not come to its end while its fault is served");
	igt_subtest_with_dynamic("exit")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				test_process(fd, &wheres[i], false, true);
	igt_describe("A process cannot be killed while its fault is served");
	igt_subtest_with_dynamic("kill")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				test_process(fd, &wheres[i], true, true);
	igt_describe("A process cannot be killed whose fault somebody else holds up");
	igt_subtest_with_dynamic("kill-held-by-other")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				test_process(fd, &wheres[i], true, false);
	igt_describe("A process cannot be killed in a munmap that the driver holds up");
	igt_subtest("kill-in-munmap")
		test_kill_in_munmap(fd, "invalidate");
	igt_describe("A process cannot be killed in a munmap that the driver has served");
	igt_subtest("kill-in-munmap-late")
		test_kill_in_munmap(fd, "invalidated");
	igt_describe("A queue that is to go dies before it is stopped, or is not to be stopped");
	igt_subtest("queue-stop")
		test_queue_stop(fd);
	igt_describe("A VM without references hears nothing any more of what it still maps");
	igt_subtest("vm-release")
		test_vm_release(fd);
	igt_describe("The device cannot be taken away while a fault is served");
	igt_subtest_with_dynamic("unbind")
		for (unsigned int i = 0; (i = next_where(i)) < ARRAY_SIZE(wheres); i++)
			igt_dynamic_f("%s", wheres[i].point)
				fd = test_unbind(fd, &wheres[i]);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
