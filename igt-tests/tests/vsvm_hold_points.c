// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm hold points
 * Description: Hold points themselves: off unless asked for, exact, and never in the way of an end
 */
#include <sys/syscall.h>

#include "vsvm_modprobe.h"
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("Hold points: off unless asked for, exact, and never in the way of an end");

/* Of the points, one that any new page passes */
#define POINT	"fault-pages"

static void test_off(void)
{
	char path[] = "/sys/module/vsvm/parameters/hold_points";
	char value = '?';
	int fd, param;

	vsvm_module_reload("");
	fd = vsvm_open_node();
	igt_assert_eq(vsvm_hold_open(fd), -1);
	igt_assert_eq(errno, ENOENT);
	param = open(path, O_RDONLY);
	igt_assert_fd(param);
	igt_assert_eq(read(param, &value, 1), 1);
	igt_assert_eq(value, 'N');
	close(param);
	param = open(path, O_WRONLY);
	/* root may open it; it does not take anything */
	if (param >= 0)
		igt_assert_eq(write(param, "1", 1), -1);
	close(param);
	close(fd);
	vsvm_module_reload("hold_points=1");
}

static void test_errors(int fd)
{
	static const struct {
		const char *line;
		int error;
	} bad[] = {
		{ "", -EINVAL },
		{ "arm", -EINVAL },
		{ "arm %u", -EINVAL },
		{ "arm %u nowhere", -EINVAL },
		{ "arm x fault-pages", -EINVAL },
		{ "arm -1 fault-pages", -EINVAL },
		{ "arm 4294967295 fault-pages", -ENOENT },
		{ "arm 0 fault-pages", -ENOENT },
		{ "stop %u fault-pages", -EINVAL },
		{ "arm %u fault-pages skip", -EINVAL },
		{ "arm %u fault-pages skip=", -EINVAL },
		{ "arm %u fault-pages skip=x", -EINVAL },
		{ "arm %u fault-pages hop=1", -EINVAL },
		{ "arm %u fault-pages start=2 end=2", -EINVAL },
		{ "arm %u fault-pages limit=0", -EINVAL },
		{ "arm %u fault-pages limit=30001", -EINVAL },
		{ "arm %u engine-access limit=2001", -EINVAL },
		{ "wait %u fault-pages", -EINVAL },
		{ "wait %u fault-pages soon", -EINVAL },
		{ "wait %u fault-pages 10", -ENOENT },
		{ "release %u fault-pages", -ENOENT },
		{ "disarm %u fault-pages", -ENOENT },
	};
	struct vsvm_hold hold;
	char line[300];
	struct svm t;
	uint32_t vm;
	int file;

	race_init(&t, fd);
	vm = vsvm_hold_vm(fd, t.ctx.vm);
	file = vsvm_hold_open(fd);
	igt_assert_fd(file);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), bad[i].line, vm);
		igt_assert_f(vsvm_hold_command(file, "%s", line) == bad[i].error, "\"%s\"\n",
			     line);
	}
	memset(line, 'x', sizeof(line));
	igt_assert_eq(write(file, line, sizeof(line)), -1);
	igt_assert_eq(errno, EINVAL);

	/* armed once, by whomever */
	vsvm_hold_arm(&hold, fd, t.ctx.vm, POINT);
	igt_assert_eq(vsvm_hold_command(file, "arm %u %s", vm, POINT), -EBUSY);
	/* what another one has armed is not ours */
	igt_assert_eq(vsvm_hold_command(file, "wait %u %s 0", vm, POINT), -ENOENT);
	igt_assert_eq(vsvm_hold_command(file, "release %u %s", vm, POINT), -ENOENT);
	igt_assert_eq(vsvm_hold_command(file, "disarm %u %s", vm, POINT), -ENOENT);
	igt_assert_eq(vsvm_hold_command(hold.file, "release %u %s now", vm, POINT), -EINVAL);
	igt_assert_eq(__vsvm_hold_wait(&hold, 20), -ETIMEDOUT);
	vsvm_hold_release(&hold);
	close(file);
	svm_fini(&t);
}

/* Every name that the file lists can be armed, all at once */
static void test_all(int fd)
{
	char text[8192], *line, *rest = text, name[64];
	unsigned int armed = 0;
	struct svm t;
	uint32_t vm;
	ssize_t size;
	int file;

	race_init(&t, fd);
	vm = vsvm_hold_vm(fd, t.ctx.vm);
	file = vsvm_hold_open(fd);
	igt_assert_fd(file);
	size = read(file, text, sizeof(text) - 1);
	igt_assert_lt(0, size);
	text[size] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "point %63s", name) != 1)
			continue;
		igt_assert_eq(vsvm_hold_command(file, "arm %u %s skip=1000000", vm, name), 0);
		armed++;
	}
	igt_assert_lt(10, armed);
	/* none is in the way of the others */
	svm_fill(&t, t.scratch, 64, 5);
	igt_assert_eq_u64(t.scratch[7], 5);
	close(file);
	svm_fini(&t);
}

/* Held, for as long as the test wants; let go; held again, the next one */
static void test_hold(int fd)
{
	uint64_t *p = svm_buffer(4 * PAGE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	svm_number_pages(p, 4, 1);
	race_arm(&hold, &t, POINT, p, 4 * PAGE);
	igt_assert_eq_u64(vsvm_hold_passed(&hold), 0);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	igt_assert(vsvm_hold_is_held(&hold));
	igt_assert_eq(__vsvm_wait(fd, t.ctx.queue, t.ctx.fence, seqno, 50 * NSEC_PER_MSEC), -ETIME);
	igt_assert(vsvm_hold_is_held(&hold));
	igt_assert_eq_u64(vsvm_hold_passed(&hold), 1);
	vsvm_hold_step(&hold);
	race_expect_value(&t, seqno, 1);
	igt_assert(!vsvm_hold_is_held(&hold));

	/* armed still */
	igt_assert_eq(madvise(p, 4 * PAGE, MADV_DONTNEED), 0);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	igt_assert_eq_u64(vsvm_hold_passed(&hold), 2);
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 0);
	igt_assert_eq(madvise(p, 4 * PAGE, MADV_DONTNEED), 0);
	igt_assert_eq_u64(svm_read(&t, p), 0);
	svm_fini(&t);
	svm_buffer_free(p, 4 * PAGE);
}

/* What is armed for others is not ours: another VM, other addresses, a later pass */
static void test_others(int fd)
{
	uint8_t *p = svm_buffer(4 * PAGE);
	struct vsvm_hold hold;
	char options[128];
	struct svm t, u;
	uint64_t seqno;

	race_init(&t, fd);
	svm_init(&u, fd);
	svm_number_pages(p, 4, 1);
	vsvm_hold_arm(&hold, fd, u.ctx.vm, POINT);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	igt_assert_eq_u64(vsvm_hold_passed(&hold), 0);
	vsvm_hold_release(&hold);

	svm_map_at(p, 4 * PAGE);
	race_arm(&hold, &t, POINT, p + 2 * PAGE, PAGE);
	igt_assert_eq_u64(svm_read(&t, p + PAGE), 0);
	igt_assert_eq_u64(svm_read(&t, p + 3 * PAGE), 0);
	igt_assert_eq_u64(vsvm_hold_passed(&hold), 0);
	seqno = race_read(&t, p + 2 * PAGE);
	vsvm_hold_wait(&hold);
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 0);

	svm_map_at(p, 4 * PAGE);
	snprintf(options, sizeof(options), "start=%#llx end=%#llx skip=2",
		 (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + 4 * PAGE);
	vsvm_hold_arm_options(&hold, fd, t.ctx.vm, POINT, options);
	for (int i = 0; i < 2; i++) {
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE), 0);
		igt_assert(!vsvm_hold_is_held(&hold));
		igt_assert_eq_u64(vsvm_hold_passed(&hold), i + 1);
	}
	seqno = race_read(&t, p + 2 * PAGE);
	vsvm_hold_wait(&hold);
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 0);
	svm_fini(&u);
	svm_fini(&t);
	svm_buffer_free(p, 4 * PAGE);
}

/* Too long is told */
static void test_limit(int fd, const char *point, unsigned int limit)
{
	uint64_t *p = svm_buffer(PAGE);
	struct vsvm_hold hold;
	char options[128];
	struct svm t;

	race_init(&t, fd);
	*p = 7;
	snprintf(options, sizeof(options), "start=%#llx end=%#llx limit=%u",
		 (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + PAGE, limit);
	vsvm_hold_arm_options(&hold, fd, t.ctx.vm, point, options);
	igt_assert_eq_u64(svm_read(&t, p), 7);
	igt_assert_eq(__vsvm_hold_wait(&hold, 1000), -ESTALE);
	vsvm_hold_release(&hold);
	svm_fini(&t);
	svm_buffer_free(p, PAGE);
}

/* The file is closed with somebody held */
static void test_close(int fd)
{
	uint64_t *p = svm_buffer(PAGE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	*p = 7;
	race_arm(&hold, &t, POINT, p, PAGE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	vsvm_hold_release_all();
	race_expect_value(&t, seqno, 7);
	/* and it is armed no more */
	race_arm(&hold, &t, POINT, p, PAGE);
	vsvm_hold_release(&hold);
	svm_fini(&t);
	svm_buffer_free(p, PAGE);
}

/* Who armed it dies, in the one way or the other */
static void test_death(int fd, bool kill)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t *p = svm_buffer(PAGE);
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	*p = 7;
	igt_fork(child, 1) {
		struct vsvm_hold hold;

		race_arm(&hold, &t, POINT, p, PAGE);
		__atomic_store_n(ready, 1, __ATOMIC_SEQ_CST);
		vsvm_hold_wait(&hold);
		__atomic_store_n(ready, 2, __ATOMIC_SEQ_CST);
		while (kill)
			pause();
	}
	race_wait_word(ready, 1);
	seqno = race_read(&t, p);
	race_wait_word(ready, 2);
	if (kill) {
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	} else {
		igt_waitchildren();
	}
	race_expect_value(&t, seqno, 7);
	svm_fini(&t);
	svm_buffer_free(p, PAGE);
	munmap(ready, PAGE);
}

/* Who armed it is dead, and the file is open: a copy of it is ours */
static void test_orphan(int fd, const char *point)
{
	struct {
		uint32_t ready;
		pid_t pid;
		int file;
	} *child_has = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t *p = svm_buffer(PAGE);
	struct vsvm_hold hold, again;
	struct svm t;
	int pidfd;

	race_init(&t, fd);
	*p = 7;
	hold.vm = vsvm_hold_vm(fd, t.ctx.vm);
	hold.point = point;
	hold.limited = false;
	igt_fork(child, 1) {
		struct vsvm_hold theirs;

		race_arm(&theirs, &t, point, p, PAGE);
		child_has->pid = getpid();
		child_has->file = theirs.file;
		__atomic_store_n(&child_has->ready, 1, __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	race_wait_word(&child_has->ready, 1);
	pidfd = syscall(SYS_pidfd_open, child_has->pid, 0);
	igt_assert_fd(pidfd);
	hold.file = syscall(SYS_pidfd_getfd, pidfd, child_has->file, 0);
	igt_assert_fd(hold.file);
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	igt_assert_eq_u64(svm_read(&t, p), 7);
	/* it came by, and was not stopped, not even for a moment */
	igt_assert_lt_u64(0, vsvm_hold_passed(&hold));
	igt_assert_eq(__vsvm_hold_wait(&hold, 0), -ETIMEDOUT);
	/* nor is the point taken */
	race_arm(&again, &t, point, p, PAGE);
	vsvm_hold_release(&again);
	close(hold.file);
	close(pidfd);
	svm_fini(&t);
	svm_buffer_free(p, PAGE);
	munmap(child_has, PAGE);
}

/* One thread waits, another one with the same file gives up the hold */
static int call_wait_long(struct call *c)
{
	return vsvm_hold_command(c->prot, "wait %u " POINT " 60000", (uint32_t)c->size);
}

static void test_disarm(int fd)
{
	struct call wait = { .fn = call_wait_long };
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, POINT);
	wait.prot = hold.file;
	wait.size = hold.vm;
	call_start(&wait);
	usleep(50000);
	vsvm_hold_step(&hold);
	igt_assert(!call_is_done(&wait));
	igt_assert_eq(vsvm_hold_command(hold.file, "disarm %u " POINT, hold.vm), 0);
	pthread_join(wait.thread, NULL);
	igt_assert_eq(wait.ret, -ENOENT);
	vsvm_hold_release_all();
	svm_fini(&t);
}

/*
 * Queues are destroyed with the engine at work, and each time what was armed has gone it is armed
 * anew. So now and then the engine comes to a hold again before it has come to its end
 */
#define REARM_QUEUES	64
#define REARM_SIZE	(64 * PAGE)

static int call_queues(struct call *c)
{
	struct svm *t = c->t;
	int ret = 0;

	for (unsigned int i = 0; i < REARM_QUEUES && !ret; i++) {
		t->ctx.queue = vsvm_queue_create(t->ctx.fd, t->ctx.vm);
		svm_stream(t);
		for (unsigned int n = 0; n < 16; n++)
			vsvm_emit_fill(&t->s, vsvm_ptr(c->p), REARM_SIZE, i, 8);
		vsvm_submit(&t->ctx, &t->s);
		usleep(i % 8 * 500);
		ret = __vsvm_queue_destroy(t->ctx.fd, t->ctx.queue);
	}
	return ret;
}

static void test_destroy(int fd)
{
	struct call queues = { .fn = call_queues };
	struct vsvm_hold hold;
	unsigned int gone = 0;
	int64_t deadline;
	struct svm t;
	int ret;

	queues.p = svm_buffer(REARM_SIZE);
	race_init(&t, fd);
	svm_fill(&t, queues.p, REARM_SIZE, 1);
	vsvm_queue_destroy(fd, t.ctx.queue);
	queues.t = &t;
	vsvm_hold_arm_options(&hold, fd, t.ctx.vm, "engine-translate", "skip=1000000");
	call_start(&queues);
	do {
		/* first one that only hears of its end, then at once one that holds */
		deadline = vsvm_deadline(VSVM_WAIT_NS);
		while ((ret = __vsvm_hold_wait(&hold, 100)) != -ENODEV && !call_is_done(&queues))
			igt_assert_lt_s64(vsvm_now(), deadline);
		gone += ret == -ENODEV;
		igt_assert_eq(vsvm_hold_command(hold.file, "disarm %u %s", hold.vm, hold.point),
			      0);
		igt_assert_eq(vsvm_hold_command(hold.file, "arm %u %s %s", hold.vm, hold.point,
						gone % 2 ? "" : "skip=1000000"), 0);
	} while (!call_is_done(&queues));
	call_finish(&queues);
	igt_assert_lt(0, gone);
	vsvm_hold_release_all();
	t.ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
	svm_fini(&t);
	svm_buffer_free(queues.p, REARM_SIZE);
}

/* A VM goes: the hold is told, and its number is nobody's */
static void test_vm_gone(int fd)
{
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, POINT);
	svm_fini(&t);
	igt_assert_eq(__vsvm_hold_wait(&hold, 10000), -ENODEV);
	igt_assert_eq(vsvm_hold_command(hold.file, "arm %u fault-vma", hold.vm), -ENOENT);
	vsvm_hold_release(&hold);
}

/* The device goes, with a fault held and a thread that waits for another */
static int call_wait(struct call *c)
{
	return vsvm_hold_command(c->prot, "wait %u fault-batch 60000", (uint32_t)c->size);
}

static int test_unbind(int fd)
{
	uint64_t *p = svm_buffer(PAGE);
	struct call wait = { .fn = call_wait };
	struct vsvm_hold hold;
	int64_t begin;
	struct svm t;

	race_init(&t, fd);
	*p = 7;
	race_arm(&hold, &t, POINT, p, PAGE);
	race_read(&t, p);
	vsvm_hold_wait(&hold);
	igt_assert_eq(vsvm_hold_command(hold.file, "arm %u fault-batch", hold.vm), 0);
	wait.prot = hold.file;
	wait.size = hold.vm;
	call_start(&wait);
	usleep(20000);
	begin = vsvm_now();
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	igt_assert_lt_s64(vsvm_now() - begin, VSVM_WAIT_NS);
	pthread_join(wait.thread, NULL);
	igt_assert_eq(wait.ret, -ENODEV);
	/* of the file nothing is left but that it can be closed */
	igt_assert_eq(vsvm_hold_command(hold.file, "disarm %u %s", hold.vm, POINT), -EIO);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	close(fd);
	vsvm_hold_release_all();
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, PAGE);
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	return vsvm_open_node();
}

/* The file keeps the module, armed or not; closed, it does not */
static int test_unload(int fd)
{
	uint64_t *p = svm_buffer(PAGE);
	struct vsvm_hold hold;
	struct svm t;
	int file;

	race_init(&t, fd);
	*p = 7;
	race_arm(&hold, &t, POINT, p, PAGE);
	race_read(&t, p);
	vsvm_hold_wait(&hold);
	/* with the file goes the VM, with that the hold */
	close(fd);
	igt_assert_eq(__vsvm_hold_wait(&hold, 10000), -ENODEV);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	vsvm_hold_release_all();
	vsvm_module_reload("hold_points=1");
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, PAGE);

	fd = vsvm_open_node();
	file = vsvm_hold_open(fd);
	igt_assert_fd(file);
	close(fd);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	close(file);
	vsvm_module_reload("hold_points=1");
	return vsvm_open_node();
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	igt_describe("A module loaded as usual can be stopped through debugfs");
	igt_subtest("off") {
		close(fd);
		test_off();
		fd = vsvm_open_node();
	}
	igt_describe("A command that makes no sense is taken for one");
	igt_subtest("errors")
		test_errors(fd);
	igt_describe("A point that is listed cannot be armed, or not together with others");
	igt_subtest("all-points")
		test_all(fd);
	igt_describe("A party is not held, not for long enough, or not let go");
	igt_subtest("hold")
		test_hold(fd);
	igt_describe("A party is held that is another VM's, elsewhere, or too early");
	igt_subtest("others")
		test_others(fd);
	igt_describe("A hold that was given up looks as if nothing had happened");
	igt_subtest("limit")
		test_limit(fd, POINT, 50);
	igt_describe("An engine in its section is held for longer than allowed");
	igt_subtest("limit-spinning")
		test_limit(fd, "engine-access", 50);
	igt_describe("A test that closes the file leaves somebody held");
	igt_subtest("close")
		test_close(fd);
	igt_describe("A test that exits leaves somebody held");
	igt_subtest("exit")
		test_death(fd, false);
	igt_describe("A test that is killed leaves somebody held");
	igt_subtest("killed")
		test_death(fd, true);
	igt_describe("A test that is killed stops others still, because somebody has its file");
	igt_subtest("killed-file-stays")
		test_orphan(fd, POINT);
	igt_describe("A test that is killed makes an engine spin, because somebody has its file");
	igt_subtest("killed-file-stays-spinning")
		test_orphan(fd, "engine-access");
	igt_describe("A thread that waits for a hold keeps another one from giving it up");
	igt_subtest("disarm-wakes")
		test_disarm(fd);
	igt_describe("A queue cannot be destroyed because its engine is stopped anew meanwhile");
	igt_subtest("destroy-rearm")
		test_destroy(fd);
	igt_describe("A hold outlives its VM, or keeps it");
	igt_subtest("vm-gone")
		test_vm_gone(fd);
	igt_describe("A device cannot go while a fault is held");
	igt_subtest("unbind")
		fd = test_unbind(fd);
	igt_describe("A module goes from under an open file, or stays");
	igt_subtest("unload")
		fd = test_unload(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
