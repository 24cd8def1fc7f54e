// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race mm
 * Description: Memory of a process that ends before the file does, or that is reaped
 *
 * "last": the process is killed while its fault or deferred update is held at a point, and another
 * process has the file too, so that nothing else ends. Where the work has a reference on the users
 * of the mm, that one is the last, and the mm goes by its hand.
 *
 * "reap": what the OOM killer does with the memory of who was killed and has not ended yet. It must
 * not wait, and so the driver must not either. process_mrelease() does it on request; a tracer
 * keeps the process from its end.
 */
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "vsvm_modprobe.h"
#include "vsvm_race.h"
#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("Memory of a process that ends before the file does, or that is reaped");

#ifndef F_SEAL_WRITE
#define F_ADD_SEALS	1033
#define F_SEAL_WRITE	8
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease	448
#endif

#define SIZE	(8 * PAGE)
/* How often a machine may be too busy to look while somebody stands in a section */
#define TRIES	10

enum how { READ, READ_BAD, READ_WATCHED, UNMAP };

static const struct where {
	const char *point;
	enum how how;
	/* whoever is held there has users of the mm */
	bool users;
	/* comes by with the policy vma alone */
	bool bounds;
} wheres[] = {
	{ "engine-translate", READ },
	{ "engine-park", READ },
	{ "engine-replay", READ },
	{ "fault-batch", READ },
	{ "fault-unmapped", READ_BAD, true },
	{ "fault-cover", READ, true, true },
	{ "interval-live", READ, true, true },
	{ "interval-swapped", READ, true, true },
	{ "fault-covered", READ, true, true },
	{ "fault-vma", READ, true },
	{ "fault-pages", READ, true },
	{ "fault-wait", READ_WATCHED, true },
	{ "fault-mapped", READ },
	{ "fault-error", READ_BAD },
	{ "update", UNMAP },
	{ "update-vmas", UNMAP, true, true },
};

/**
 * struct shared - what the process and the test share
 */
struct shared {
	/** @ready: how far the process is */
	uint32_t ready;
	/** @go: how far it may go */
	uint32_t go;
	/** @vm: number of its VM in debugfs */
	uint32_t vm;
	/** @pid: the process */
	pid_t pid;
	/** @p: its memory */
	uint8_t *p;
	/** @result: where its GPU writes to */
	uint64_t result;
};

static struct shared *shared;
/* Who has been kept from his end, and the last hold: a subtest that fails leaves them behind */
static pid_t kept;
static int hold_file = -1;

static void shared_reset(void)
{
	vsvm_hold_release_all();
	if (hold_file >= 0)
		close(hold_file);
	hold_file = -1;
	if (kept) {
		ptrace(PTRACE_DETACH, kept, NULL, 0);
		waitpid(kept, NULL, 0);
	}
	kept = 0;
	if (shared)
		memset(shared, 0, sizeof(*shared));
}

static void set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* A counter of a VM, by debugfs: to other processes the VM says nothing */
static uint64_t debugfs_counter(int fd, uint32_t vm, const char *name)
{
	FILE *f = svm_debugfs(fd, "vms");
	unsigned long long value = 0;
	char line[256], field[64];
	unsigned int number = 0;
	bool found = false;

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "vm %u:", &number) == 1)
			continue;
		if (number == vm && sscanf(line, " %63s %llu", field, &value) == 2 &&
		    !strcmp(field, name)) {
			found = true;
			break;
		}
	}
	fclose(f);
	igt_assert_f(found, "%s of VM %u\n", name, vm);
	return value;
}

/*
 * As long as somebody has the file mapped for writing, it cannot be sealed: so this says whether
 * the mm of the process is still there
 */
static bool mm_is_gone(int file)
{
	if (!fcntl(file, F_ADD_SEALS, F_SEAL_WRITE))
		return true;
	igt_assert_eq(errno, EBUSY);
	return false;
}

static void wait_mm(int file)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (!mm_is_gone(file)) {
		igt_assert_f(vsvm_now() < deadline, "the mm of a process that has ended stays\n");
		usleep(1000);
	}
}

static void map_file(int file)
{
	void *p = mmap(NULL, PAGE, RW, MAP_SHARED, file, 0);

	igt_assert(p != MAP_FAILED);
	*(uint32_t *)p = 1;
}

/* Arm a point for the VM of the process */
static void hold_begin(struct vsvm_hold *hold, int fd, const char *point, const char *options)
{
	*hold = (struct vsvm_hold) {
		.file = vsvm_hold_open(fd), .vm = shared->vm, .point = point,
		.limited = strstr(options, "limit="),
	};
	igt_assert_fd(hold->file);
	hold_file = hold->file;
	igt_assert_eq(vsvm_hold_command(hold->file, "arm %u %s %s", hold->vm, point, options), 0);
}

static void hold_end(struct vsvm_hold *hold)
{
	vsvm_hold_command(hold->file, "disarm %u %s", hold->vm, hold->point);
	close(hold->file);
	if (hold_file == hold->file)
		hold_file = -1;
}

/* The process: memory as the point wants it, then what brings somebody there */
static void last_process(int node, int file, const struct where *where)
{
	struct svm t;
	uint8_t *p;

	map_file(file);
	p = svm_buffer(SIZE);
	race_init(&t, node);
	if (where->how == READ_WATCHED)
		uffd_watch(uffd_open(0), p, SIZE, UFFDIO_REGISTER_MODE_MISSING);
	else
		*(uint64_t *)p = 7;
	if (where->how == UNMAP)
		igt_assert_eq_u64(svm_read(&t, p), 7);
	if (where->how == READ_BAD) {
		p += SIZE;
		vsvm_unmap(p, PAGE);
	}
	shared->vm = vsvm_hold_vm(node, t.ctx.vm);
	shared->p = p;
	shared->pid = getpid();
	set(&shared->ready, 1);
	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		usleep(1000);
	if (where->how == UNMAP)
		vsvm_unmap(p + SIZE / 2, SIZE / 2);
	else
		race_read(&t, p);
	for (;;)
		pause();
}

static void test_last(int fd, const struct where *where)
{
	int file = memfd_create("vsvm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int node = vsvm_open_node();
	struct vsvm_hold hold;
	char options[96] = "";
	struct svm t;
	uint64_t *p;

	shared_reset();
	igt_assert_fd(file);
	igt_assert_eq(ftruncate(file, PAGE), 0);
	igt_fork(child, 1)
		last_process(node, file, where);
	race_wait_word(&shared->ready, 1);
	if (!strncmp(where->point, "engine-t", 8) || !strncmp(where->point, "engine-p", 8))
		snprintf(options, sizeof(options), "start=%#llx end=%#llx",
			 (long long)vsvm_ptr(shared->p), (long long)vsvm_ptr(shared->p) + PAGE);
	hold_begin(&hold, fd, where->point, options);
	set(&shared->go, 1);
	vsvm_hold_wait(&hold);
	igt_assert(!mm_is_gone(file));
	/* the process ends, whatever is held of it */
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	igt_assert(vsvm_hold_is_held(&hold));
	igt_assert_eq(svm_debugfs_vms(fd, shared->pid), 1);
	if (where->users)
		igt_assert(!mm_is_gone(file));
	else
		wait_mm(file);
	hold_end(&hold);
	wait_mm(file);
	/* the file keeps the VM, of which nothing is mapped any more, and then nothing does */
	igt_assert_eq(svm_debugfs_vms(fd, shared->pid), 1);
	igt_assert_eq_u64(debugfs_counter(fd, shared->vm, "pages"), 0);
	close(node);
	svm_expect_no_vms(fd, shared->pid);
	close(file);

	/* others are as they were */
	p = svm_buffer(SIZE);
	race_init(&t, fd);
	svm_fill(&t, p, SIZE, 0x600d);
	for (unsigned int i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(p[i], 0x600d);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	vsvm_engines_work(fd);
}

/* The process: its GPU has @p for reading, as the page of zeros, or for writing, with a number */
static void reap_process(bool zero)
{
	int node = vsvm_open_node();
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	race_init(&t, node);
	if (zero) {
		igt_assert_eq_u64(*(uint64_t *)p, 0);
		igt_assert_eq_u64(svm_read(&t, p), 0);
	} else {
		svm_fill(&t, p, SIZE, 0x5ec4e7);
	}
	shared->vm = vsvm_hold_vm(node, t.ctx.vm);
	shared->p = p;
	shared->pid = getpid();
	/* the result has its entry before, and does not go with the memory */
	svm_write(&t, &shared->result, 1);
	set(&shared->ready, 1);
	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		usleep(1000);
	if (zero)
		race_emit_write(&t, p, 0x600d);
	else
		vsvm_emit_copy(svm_stream(&t), vsvm_ptr(&shared->result), vsvm_ptr(p), 8);
	vsvm_submit(&t.ctx, &t.s);
	for (;;)
		pause();
}

/* It is killed, and stops on its way to the end, with all of its memory */
static int kill_and_keep(void)
{
	int pidfd = syscall(SYS_pidfd_open, shared->pid, 0), status = 0;

	igt_assert_fd(pidfd);
	igt_assert_eq(ptrace(PTRACE_SEIZE, shared->pid, NULL, PTRACE_O_TRACEEXIT), 0);
	kept = shared->pid;
	igt_assert_eq(kill(shared->pid, SIGKILL), 0);
	igt_assert_eq(waitpid(shared->pid, &status, 0), shared->pid);
	igt_assert_f(WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8),
		     "status %#x\n", status);
	return pidfd;
}

static void let_end(int fd, int pidfd)
{
	int status;

	igt_assert_eq(ptrace(PTRACE_DETACH, shared->pid, NULL, 0), 0);
	kept = 0;
	igt_assert_eq(waitpid(shared->pid, &status, 0), shared->pid);
	igt_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	svm_expect_no_vms(fd, shared->pid);
	close(pidfd);
	vsvm_engines_work(fd);
}

static int mrelease(int pidfd)
{
	return syscall(__NR_process_mrelease, pidfd, 0) ? -errno : 0;
}

/* Reaping that had to give up is done once more, and then nothing is left to the GPU */
static void reap(int fd, int pidfd)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int ret;

	while ((ret = mrelease(pidfd)) == -EAGAIN) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	igt_assert_eq(ret, 0);
	/* all but what is shared */
	igt_assert_lte_u64(debugfs_counter(fd, shared->vm, "pages"), 1);
}

/* Not a child of igt_fork(): a subtest that fails waits for those, and this one does not end */
static void begin_reap(bool zero)
{
	pid_t pid;

	shared_reset();
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!sigsetjmp(igt_subtest_jmpbuf, 1))
			reap_process(zero);
		_exit(1);
	}
	race_wait_word(&shared->ready, 1);
}

/*
 * A fault's service has pt->lock, for it breaks copy-on-write and takes the old page from the GPU.
 * Who reaps cannot take the pages now, does not wait, and comes again.
 */
static void test_reap_locked(int fd)
{
	struct vsvm_hold engine, tlb;
	unsigned int tries = 0;
	char options[96];
	bool held;
	int pidfd, ret;

	igt_require_f(sysconf(_SC_NPROCESSORS_ONLN) >= 2, "who holds the lock keeps a CPU\n");
	do {
		igt_assert_lt(tries++, TRIES);
		begin_reap(true);
		snprintf(options, sizeof(options), "start=%#llx end=%#llx",
			 (long long)vsvm_ptr(shared->p), (long long)vsvm_ptr(shared->p) + PAGE);
		hold_begin(&engine, fd, "engine-translate", options);
		set(&shared->go, 1);
		vsvm_hold_wait(&engine);
		pidfd = kill_and_keep();
		strcat(options, " limit=2000");
		hold_begin(&tlb, fd, "tlb-invalidate", options);
		hold_end(&engine);
		ret = __vsvm_hold_wait(&tlb, VSVM_WAIT_NS / NSEC_PER_MSEC);
		igt_assert(!ret || ret == -ESTALE);
		ret = mrelease(pidfd);
		/* else the lock may have been free before the call began */
		held = vsvm_hold_is_held(&tlb);
		if (held)
			igt_assert_eq(ret, -EAGAIN);
		else
			igt_assert(!ret || ret == -EAGAIN);
		hold_end(&tlb);
		reap(fd, pidfd);
		let_end(fd, pidfd);
	} while (!held);
}

/* The memory is gone when the GPU gets to it: neither what was there, nor what is there now */
static void test_reap_first(int fd)
{
	struct vsvm_hold engine;
	int64_t deadline;
	char options[96];
	uint64_t failed;
	int pidfd;

	begin_reap(false);
	snprintf(options, sizeof(options), "start=%#llx end=%#llx",
		 (long long)vsvm_ptr(shared->p), (long long)vsvm_ptr(shared->p) + PAGE);
	hold_begin(&engine, fd, "engine-translate", options);
	set(&shared->go, 1);
	vsvm_hold_wait(&engine);
	pidfd = kill_and_keep();
	failed = debugfs_counter(fd, shared->vm, "faults_failed");
	igt_assert_lt_u64(1, debugfs_counter(fd, shared->vm, "pages"));
	reap(fd, pidfd);
	hold_end(&engine);
	deadline = vsvm_deadline(VSVM_WAIT_NS);
	while (debugfs_counter(fd, shared->vm, "faults_failed") == failed) {
		igt_assert_f(vsvm_now() < deadline, "result %#llx\n",
			     (long long)READ_ONCE(shared->result));
		usleep(1000);
	}
	igt_assert_eq_u64(READ_ONCE(shared->result), 1);
	let_end(fd, pidfd);
}

/* The fault has the page in hand when it is reaped */
static void test_reap_fault(int fd)
{
	struct vsvm_hold hold;
	int64_t deadline;
	char options[96];
	uint64_t failed;
	int pidfd;

	begin_reap(true);
	failed = debugfs_counter(fd, shared->vm, "faults_failed");
	snprintf(options, sizeof(options), "start=%#llx end=%#llx",
		 (long long)vsvm_ptr(shared->p), (long long)vsvm_ptr(shared->p) + PAGE);
	hold_begin(&hold, fd, "fault-pages", options);
	set(&shared->go, 1);
	vsvm_hold_wait(&hold);
	pidfd = kill_and_keep();
	reap(fd, pidfd);
	hold_end(&hold);
	deadline = vsvm_deadline(VSVM_WAIT_NS);
	while (debugfs_counter(fd, shared->vm, "faults_failed") == failed) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	igt_assert_lte_u64(debugfs_counter(fd, shared->vm, "pages"), 1);
	let_end(fd, pidfd);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_hold_setup();
		shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(shared != MAP_FAILED);
	}

	igt_describe("The memory of a killed process stays, or goes in the hands of its last user");
	igt_subtest_with_dynamic("last")
		for (unsigned int i = 0; i < ARRAY_SIZE(wheres); i++)
			if (vsvm_is_vma_policy() || !wheres[i].bounds)
				igt_dynamic(wheres[i].point)
					test_last(fd, &wheres[i]);
	igt_describe("Who reaps a killed process's memory waits, or frees what the GPU has");
	igt_subtest("reap-locked")
		test_reap_locked(fd);
	igt_describe("The GPU reads memory of a killed process that was reaped");
	igt_subtest("reap-first")
		test_reap_first(fd);
	igt_describe("A fault enters a page of a killed process that was reaped");
	igt_subtest("reap-fault")
		test_reap_fault(fd);

	igt_fixture() {
		shared_reset();
		vsvm_hold_teardown(fd);
	}
}
