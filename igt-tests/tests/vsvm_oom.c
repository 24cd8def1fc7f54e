// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm oom
 * Description: Processes that are killed for want of memory while the GPU works for them
 *
 * In a cgroup with a limit of its own. The kernel takes the memory of a victim that does not come
 * to its end, the GPU's included: a thread of it writes to a file system that is frozen, which no
 * signal ends.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "vsvm_busy.h"
#include "vsvm_fs.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("Processes that are killed for want of memory while the GPU works for them");

#ifndef SYS_process_mrelease
#define SYS_process_mrelease	448
#endif

#define CGROUPS		"/sys/fs/cgroup"
/* scripts/vm knows it by this name: an end for want of memory is no bug there */
#define CGROUP		CGROUPS "/vsvm-oom"
#define LIMIT		(48ull << 20)
#define MEMORY		(2 * LIMIT)
/* What the stuck victim's GPU has */
#define HELD		(16ull << 20)

static void cgroup_begin(void)
{
	igt_require_f(!access(CGROUPS "/cgroup.subtree_control", W_OK), "no cgroup2\n");
	vsvm_tell(CGROUPS "/cgroup.subtree_control", "+memory");
	rmdir(CGROUP);
	igt_require_f(!mkdir(CGROUP, 0700), CGROUP ": %m\n");
	vsvm_tell(CGROUP "/memory.max", "%llu", LIMIT);
	vsvm_tell(CGROUP "/memory.oom.group", "1");
	/* What the kernel says of it is long, and no complaint; scripts/vm looks at it too. */
	igt_emit_ignore_dmesg_regex(".");
}

/* All that belonged to it has gone: rmdir() has nobody in it, and no memory is left charged */
static void cgroup_end(void)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	uint64_t left = 0;

	/* processors keep a little in advance */
	do {
		igt_assert_f(vsvm_now() < deadline, "%llu bytes are left\n", (long long)left);
		vsvm_tell(CGROUP "/memory.reclaim", "1K");
		left = vsvm_number(CGROUP "/memory.current", "");
	} while (left > 4ull << 20);
	while (rmdir(CGROUP)) {
		igt_assert_f(errno == EBUSY && vsvm_now() < deadline, "rmdir: %m\n");
		usleep(10000);
	}
	vsvm_tell(CGROUPS "/cgroup.subtree_control", "-memory");
}

static void cgroup_join(void)
{
	vsvm_tell(CGROUP "/cgroup.procs", "0");
}

/* What a victim tells */
static struct shared {
	uint32_t ready;
	pid_t pid;
	pid_t stuck;
	int file;
} *shared;

static void say_ready(uint32_t value)
{
	__atomic_store_n(&shared->ready, value, __ATOMIC_SEQ_CST);
}

static void wait_ready(uint32_t value)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);

	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) != value) {
		igt_assert_f(vsvm_now() < deadline, "the child does not get ready\n");
		usleep(1000);
	}
}

/* The others' memory, and their GPU: at work before, all the while and after */
struct other {
	struct svm t;
	uint8_t *p;
	struct known k;
};

static void other_begin(struct other *o, int fd)
{
	busy_init(&o->t, fd);
	o->p = svm_buffer(BUSY_LANES * PAGE);
	known_init(&o->k, svm_buffer(64 * PAGE), 64 * PAGE);
	known_write(&o->k, &o->t);
	busy_start(&o->t, o->p, PAGE, 0);
	busy_rounds(1);
}

static void other_end(struct other *o, pid_t gone)
{
	busy_rounds(2);
	known_expect(&o->k, &o->t);
	known_write(&o->k, &o->t);
	known_expect(&o->k, &o->t);
	busy_stop();
	svm_expect_no_vms(o->t.ctx.fd, gone);
	vsvm_engines_work(o->t.ctx.fd);
	svm_fini(&o->t);
	svm_buffer_free(o->p, BUSY_LANES * PAGE);
	svm_buffer_free(o->k.p, 64 * PAGE);
	known_fini(&o->k);
}

enum who { GPU, CPU, BOTH };

/* The GPU, the CPU, or both use more than there is. All of the cgroup is killed, nobody else. */
static void test_kill(int fd, enum who who)
{
	struct other other;
	pid_t pid = 0;

	fclose(svm_debugfs(fd, "vms"));
	for (unsigned int round = 0; round < 2; round++) {
		cgroup_begin();
		other_begin(&other, fd);
		say_ready(0);
		igt_fork(child, 1) {
			int own = drm_reopen_driver(fd);
			uint8_t *p, *q;
			struct svm t;

			cgroup_join();
			shared->pid = getpid();
			svm_init(&t, own);
			p = svm_buffer(MEMORY);
			q = svm_buffer(MEMORY);
			if (who != CPU) {
				vsvm_emit_fill(svm_stream(&t), vsvm_ptr(p), MEMORY, round, 8);
				vsvm_submit(&t.ctx, &t.s);
			}
			for (size_t i = 0; who != GPU && i < MEMORY; i += PAGE)
				WRITE_ONCE(q[i], 1);
			/* for the GPU; nobody else gets here */
			sleep(2 * VSVM_WAIT_NS / NSEC_PER_SEC);
			_exit(1);
		}
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		pid = shared->pid;
		igt_assert_lte_u64(1, vsvm_number(CGROUP "/memory.events", "oom_kill"));
		other_end(&other, pid);
		cgroup_end();
	}
}

/* The victim that is stuck */

static void *stuck_thread(void *data)
{
	__atomic_store_n(&shared->stuck, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	/* until the file system is thawed */
	if (write(shared->file, "x", 1) != 1)
		perror("write");
	return NULL;
}

/* What stuck victim and parent share: bytes, and what the victim's GPU tells of its work */
#define SHARED_BYTES	(16 * PAGE)
#define SHARED_SIZE	(SHARED_BYTES + BUSY_MEMORY)

/* Has a thread that is stuck, and a GPU that writes private memory without end */
static void be_stuck(int fd, uint8_t *shm)
{
	uint8_t *p, *words = svm_buffer(BUSY_LANES * PAGE);
	pthread_t thread;
	struct svm t;

	svm_init(&t, fd);
	p = svm_buffer(HELD);
	igt_assert_eq(madvise(p, HELD, MADV_NOHUGEPAGE), 0);
	svm_fill(&t, p, HELD, 1);
	svm_fill(&t, shm, SHARED_BYTES, 0x5a5a);
	igt_assert_eq(pthread_create(&thread, NULL, stuck_thread, NULL), 0);
	busy_start_at(&t, words, PAGE, 0, shm + SHARED_BYTES);
	busy_rounds(1);
	while (!__atomic_load_n(&shared->stuck, __ATOMIC_SEQ_CST))
		usleep(1000);
}

/* Its memory in KiB: of the thread, for the first one has ended */
static uint64_t stuck_rss(pid_t pid)
{
	char path[64];
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, shared->stuck);
	igt_assert_f(__vsvm_number(path, "VmRSS", &kib), "%s has no VmRSS\n", path);
	return kib;
}

static void wait_stuck(pid_t pid)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	char path[64], line[256], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, shared->stuck);
	do {
		igt_assert_f(vsvm_now() < deadline, "the thread is %c\n", state);
		usleep(1000);
		f = fopen(path, "r");
		igt_assert(f && fgets(line, sizeof(line), f));
		fclose(f);
		state = strrchr(line, ')')[2];
	} while (state != 'D');
}

/*
 * Its memory is gone, and it cannot have any other: its GPU must have come to an end at the first
 * word of it, and does no more rounds while ours does many.
 */
static void expect_ended(const uint8_t *shm)
{
	const uint32_t *beat = (const uint32_t *)(shm + SHARED_BYTES + 2 * PAGE);
	unsigned int tries = 0, same = 0;
	uint32_t before[BUSY_LANES];

	/* on a busy machine it may only not have had its turn */
	while (same < 10) {
		igt_assert_f(tries++ < 100, "the GPU works on in memory that is gone\n");
		memcpy(before, beat, sizeof(before));
		busy_rounds(20);
		usleep(100000);
		same = memcmp(before, beat, sizeof(before)) ? 0 : same + 1;
	}
	igt_assert_lt_u32(0, before[0]);
}

/* What was its memory is ours now: nobody may write to it who is not us */
static void expect_reusable(void)
{
	uint64_t *p = svm_buffer(8 * HELD);

	for (unsigned int round = 0; round < 4; round++) {
		for (size_t i = 0; i < 8 * HELD / 8; i++)
			p[i] = round ^ i;
		busy_rounds(20);
		for (size_t i = 0; i < 8 * HELD / 8; i++)
			igt_assert_f(p[i] == (round ^ i), "%#zx: %#llx\n", 8 * i, (long long)p[i]);
	}
	svm_buffer_free(p, 8 * HELD);
}

/*
 * Who is stuck cannot even be killed by a subtest that has failed, or with the program: a process
 * of its own thaws when it is told to, when we have ended, or when the subtest has had its time.
 */
static int thawer;

static void freeze(struct vsvm_fs *fs)
{
	int ends[2];
	pid_t pid;

	igt_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct pollfd told = { ends[1], POLLIN };

		/* of nobody's children, so that nobody waits for it */
		if (fork())
			_exit(0);
		close(ends[0]);
		poll(&told, 1, 3 * VSVM_WAIT_NS / NSEC_PER_MSEC);
		vsvm_fs_thaw(fs);
		_exit(0);
	}
	igt_assert_eq(waitpid(pid, NULL, 0), pid);
	close(ends[1]);
	thawer = ends[0];
	vsvm_fs_freeze(fs);
}

static void unfreeze(void)
{
	char byte;

	igt_assert_eq(shutdown(thawer, SHUT_WR), 0);
	/* it has thawed, and has ended */
	igt_assert_eq(read(thawer, &byte, 1), 0);
	close(thawer);
}

/* Killed by us, and its memory taken by process_mrelease(2); or all of that by the kernel */
static void test_stuck(int fd, bool oom)
{
	struct vsvm_fs *fs = &vsvm_fs[0];
	int64_t deadline;
	int own, pidfd, ret;
	struct other other;
	uint64_t *shm;
	pid_t pid;

	vsvm_fs_begin(fs);
	cgroup_begin();
	other_begin(&other, fd);
	shm = mmap(NULL, SHARED_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	igt_assert(shm != MAP_FAILED);
	shared->file = vsvm_fs_open(fs, "stuck", O_RDWR | O_CREAT);
	freeze(fs);
	say_ready(0);
	shared->stuck = 0;
	own = drm_reopen_driver(fd);
	igt_fork(child, 1) {
		uint8_t *p;

		/* held by us alone, it tells when we end */
		close(thawer);
		shared->pid = getpid();
		busy_forget();
		cgroup_join();
		be_stuck(own, (uint8_t *)shm);
		say_ready(2);
		wait_ready(3);
		p = svm_buffer(MEMORY);
		for (size_t i = 0; oom && i < MEMORY; i += PAGE)
			WRITE_ONCE(p[i], 1);
		for (;;)
			pause();
	}
	close(own);
	wait_ready(2);
	pid = shared->pid;
	wait_stuck(pid);
	igt_assert_lte_u64(HELD / 1024, stuck_rss(pid));
	say_ready(3);
	deadline = vsvm_deadline(3 * VSVM_WAIT_NS);
	if (!oom) {
		pidfd = syscall(SYS_pidfd_open, pid, 0);
		igt_assert_fd(pidfd);
		/* alive, it is left alone */
		igt_assert_eq(syscall(SYS_process_mrelease, pidfd, 0), -1);
		igt_assert_eq(errno, EINVAL);
		igt_assert_eq(kill(pid, SIGKILL), 0);
		/* who is in the way for a moment has it tried again */
		do {
			igt_assert_lt_s64(vsvm_now(), deadline);
			ret = syscall(SYS_process_mrelease, pidfd, 0) ? -errno : 0;
			igt_assert_f(!ret || ret == -EAGAIN || ret == -EINVAL,
				     "process_mrelease: %s\n", strerror(-ret));
		} while (ret);
		close(pidfd);
	}
	while (stuck_rss(pid) > HELD / 1024 / 4) {
		igt_assert_f(vsvm_now() < deadline, "it has %llu KiB still\n",
			     (long long)stuck_rss(pid));
		usleep(10000);
	}
	if (oom)
		igt_assert_lte_u64(1, vsvm_number(CGROUP "/memory.events", "oom_kill"));
	expect_ended((uint8_t *)shm);
	expect_reusable();
	/* what is not its own alone stays */
	for (unsigned int i = 0; i < SHARED_BYTES / 8; i++)
		igt_assert_eq_u64(shm[i], 0x5a5a);
	unfreeze();
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	other_end(&other, pid);
	vsvm_unmap(shm, SHARED_SIZE);
	close(shared->file);
	vsvm_fs_end(fs);
	cgroup_end();
}

int igt_main()
{
	static const char *const who[] = { "gpu", "cpu", "both" };
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(shared != MAP_FAILED);
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(who); i++) {
		igt_describe_f("A process out of memory (by %s) is not killed, or others suffer",
			       who[i]);
		igt_subtest_f("kill-%s", who[i])
			test_kill(fd, i);
	}
	igt_describe("The GPU writes on into memory that was taken from a killed process");
	igt_subtest("reap")
		test_stuck(fd, false);
	igt_describe("The GPU writes on into memory that the kernel took from its victim");
	igt_subtest("reap-oom")
		test_stuck(fd, true);

	igt_fixture() {
		vsvm_fs_fini();
		drm_close_driver(fd);
	}
}
