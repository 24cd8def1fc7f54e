// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm wait end
 * Description: Queues, VMs, files, processes that end while an access waits for an answer
 */
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "vsvm_modprobe.h"
#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("Queues, VMs, files, processes that end while an access waits for an answer");

/* What a process has under way when it ends */
enum work { ACCESS, MANY, PREFETCH, FENCE, NUM_WORKS };

static const char *const work_names[] = { "access", "many", "prefetch", "fence" };

/* How it ends */
enum how { KILL, EXIT, EXEC, NUM_HOWS };

static const char *const how_names[] = { "kill", "exit", "exec" };

#define PAGES	(2 * VSVM_WAVE_LANES)

/* What a child tells its parent */
static struct shared {
	uint32_t ready, go;
	int uffd;
	pid_t pid;
} *shared;

/*
 * Is the memory of a process gone, and not just its files? A segment of shared memory knows in how
 * many processes' memory it is.
 */
static void expect_memory_gone(int segment)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct shmid_ds ds;

	for (;;) {
		igt_assert_eq(shmctl(segment, IPC_STAT, &ds), 0);
		if (!ds.shm_nattch)
			break;
		igt_assert_f(vsvm_now() < deadline, "the memory of the process is not freed\n");
		usleep(1000);
	}
	igt_assert_eq(shmctl(segment, IPC_RMID, NULL), 0);
}

static void expect_works(int fd)
{
	uint64_t *p = svm_buffer(8 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	svm_fill(&t, p, 8 * PAGE, 0x600d);
	for (unsigned int i = 0; i < PAGE; i++)
		igt_assert_eq_u64(p[i], 0x600d);
	svm_fini(&t);
	svm_buffer_free(p, 8 * PAGE);
}

/* An access that waits, in this process */
static uint8_t *begin(struct svm *t, int fd, int uffd)
{
	uint8_t *p = svm_buffer(PAGE);

	uffd_watch(uffd, p, PAGE, UFFDIO_REGISTER_MODE_MISSING);
	svm_init(t, fd);
	svm_begin(t, p, VSVM_ACCESS_WRITE);
	uffd_expect(uffd, p, PAGE, UFFD_PAGEFAULT_FLAG_WRITE);
	igt_assert_eq_u64(svm_stats(t).waits_now, 1);
	igt_assert_eq(uffd_waiters(uffd), 1);
	return p;
}

static void end(int uffd, uint8_t *p)
{
	close(uffd);
	/* nobody has written to it */
	igt_assert_eq_u64(*(uint64_t *)p, 0);
	svm_buffer_free(p, PAGE);
}

static void test_queue(int fd)
{
	int uffd = uffd_open(0);
	struct svm t;
	uint8_t *p = begin(&t, fd, uffd);

	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
	svm_write(&t, &t.scratch[2], 5);
	uffd_zero(uffd, p);
	svm_wait_waits(&t, 0);
	igt_assert_eq_u64(svm_read(&t, p), 0);
	svm_fini(&t);
	end(uffd, p);
}

static void test_vm(int fd)
{
	int uffd = uffd_open(0);
	struct svm t;
	uint8_t *p = begin(&t, fd, uffd);

	svm_fini(&t);
	uffd_expect_no_waiters(uffd);
	expect_works(fd);
	end(uffd, p);
}

static void test_close(int fd)
{
	unsigned int vms = svm_debugfs_vms(fd, getpid());
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int uffd = uffd_open(0), node = vsvm_open_node();
	struct svm t;
	uint8_t *p = begin(&t, node, uffd);

	close(node);
	while (svm_debugfs_vms(fd, getpid()) != vms) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	uffd_expect_no_waiters(uffd);
	expect_works(fd);
	vsvm_unmap(t.range, svm_range_size());
	end(uffd, p);
}

static int test_unload(int fd)
{
	int uffd = uffd_open(0);
	struct svm t;
	uint8_t *p = begin(&t, fd, uffd);

	close(fd);
	vsvm_module_unload();
	igt_assert_eq(uffd_waiters(uffd), 0);
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
	fd = vsvm_open_node();
	expect_works(fd);
	vsvm_unmap(t.range, svm_range_size());
	end(uffd, p);
	return fd;
}

static void *prefetch_thread(void *data)
{
	struct svm *t = data;

	__vsvm_prefetch(t->ctx.fd, t->ctx.vm, t->range, PAGE, 0, NULL);
	return NULL;
}

/* Begins the work, in the process that is to end */
static void begin_work(struct svm *t, enum work which, uint8_t *p)
{
	struct svm_args *args = (struct svm_args *)&t->scratch[SVM_SCRATCH / 8 - 2];
	pthread_t thread;

	switch (which) {
	case ACCESS:
		svm_begin(t, p, VSVM_ACCESS_WRITE);
		break;
	case MANY:
		*args = (struct svm_args){ vsvm_ptr(p), 1 };
		vsvm_emit_dispatch(svm_stream(t), svm_store_program(PAGE), args, sizeof(*args),
				   PAGES / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
		vsvm_submit(&t->ctx, &t->s);
		break;
	case PREFETCH:
		t->range = p;
		igt_assert_eq(pthread_create(&thread, NULL, prefetch_thread, t), 0);
		break;
	default:
		igt_assert_eq(__vsvm_prefetch_async(t->ctx.fd, t->ctx.vm, t->scratch, PAGE, 0,
						    (uint64_t *)p, 1), 0);
	}
}

/* The process that is to end, and does so when it is told to */
static void __igt_noreturn child_main(int fd, int segment, enum how how, enum work work)
{
	int uffd = uffd_open(0);
	uint8_t *p = svm_buffer(PAGES * PAGE);
	struct svm t;

	igt_assert(shmat(segment, NULL, 0) != (void *)-1);
	uffd_watch(uffd, p, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	svm_init(&t, fd);
	begin_work(&t, work, p);
	shared->uffd = uffd;
	shared->pid = getpid();
	__atomic_store_n(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		usleep(1000);
	if (how == EXIT)
		_exit(0);
	if (how == EXEC)
		execl("/bin/sleep", "sleep", "1000", NULL);
	for (;;)
		pause();
}

/*
 * A process ends while it waits for an answer that never comes, for another one has the
 * userfaultfd. If @keep is set that one has the device's file open as well.
 */
static void test_process(int fd, enum how how, enum work work, bool keep)
{
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	int node = keep ? vsvm_open_node() : -1;
	struct uffd_msg msg;
	int pidfd, uffd;

	igt_require_f(segment >= 0, "shmget: %m\n");
	memset(shared, 0, sizeof(*shared));
	igt_fork(child, 1)
		child_main(keep ? node : vsvm_open_node(), segment, how, work);
	while (!__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	pidfd = syscall(SYS_pidfd_open, shared->pid, 0);
	igt_require_f(pidfd >= 0, "pidfd_open: %m\n");
	uffd = syscall(SYS_pidfd_getfd, pidfd, shared->uffd, 0);
	igt_require_f(uffd >= 0, "pidfd_getfd: %m\n");
	close(pidfd);
	if (work != FENCE)
		igt_assert(uffd_message(uffd, VSVM_WAIT_NS / NSEC_PER_MSEC, &msg));

	__atomic_store_n(&shared->go, 1, __ATOMIC_SEQ_CST);
	if (how == EXEC) {
		expect_memory_gone(segment);
		uffd_expect_no_waiters(uffd);
	}
	if (how == EXIT) {
		igt_waitchildren();
	} else {
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	}
	if (how != EXEC) {
		expect_memory_gone(segment);
		uffd_expect_no_waiters(uffd);
	}
	if (keep)
		close(node);
	svm_expect_no_vms(fd, shared->pid);
	expect_works(fd);
	close(uffd);
}

/* Killed at any moment, with more than the driver has waits */
static void test_kill_any(int fd)
{
	struct vsvm_rng rng = { 7 };

	for (int round = 0; round < 8; round++) {
		memset(shared, 0, sizeof(*shared));
		igt_fork(child, 1) {
			int uffd = uffd_open(0);
			uint8_t *p = svm_buffer(PAGES * PAGE);
			struct svm t;

			uffd_watch(uffd, p, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING);
			svm_init(&t, vsvm_open_node());
			shared->pid = getpid();
			__atomic_store_n(&shared->ready, 1, __ATOMIC_SEQ_CST);
			begin_work(&t, MANY, p);
			for (;;)
				pause();
		}
		while (!__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST))
			usleep(100);
		usleep(vsvm_rand(&rng) % 10000);
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		svm_expect_no_vms(fd, shared->pid);
	}
	expect_works(fd);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		vsvm_module_save();
		fd = vsvm_open_node();
		shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(shared != MAP_FAILED);
	}

	igt_describe("A queue cannot be destroyed while its access waits, or writes later");
	igt_subtest("queue")
		test_queue(fd);
	igt_describe("A VM cannot be destroyed while an access waits, or leaves a thread behind");
	igt_subtest("vm")
		test_vm(fd);
	igt_describe("A file cannot be closed while an access waits, or leaves a thread behind");
	igt_subtest("close")
		test_close(fd);

	for (enum how how = KILL; how < NUM_HOWS; how++) {
		for (enum work work = ACCESS; work < NUM_WORKS; work++) {
			igt_describe_f("After its end (%s) a process keeps memory (%s waits)",
				       how_names[how], work_names[work]);
			igt_subtest_f("%s-%s", how_names[how], work_names[work])
				test_process(fd, how, work, false);
			igt_describe_f("After its end (%s) a process keeps memory (%s, shared)",
				       how_names[how], work_names[work]);
			igt_subtest_f("%s-%s-shared", how_names[how], work_names[work])
				test_process(fd, how, work, true);
		}
	}
	igt_describe("A process cannot be killed at every moment of a wait");
	igt_subtest("kill-any")
		test_kill_any(fd);
	igt_describe("The module cannot be unloaded when an access has waited");
	igt_subtest("unload")
		fd = test_unload(fd);

	igt_fixture() {
		close(fd);
		vsvm_module_reload(vsvm_module_found());
	}
}
