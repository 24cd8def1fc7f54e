// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm fair
 * Description: A process whose faults are many, or do not end, is not in the way of another one
 *
 * How long a fault takes says nothing on a busy host. So it is counted what the other process got
 * done meanwhile.
 */
#include "vsvm_fs.h"
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("A process whose faults are many, or do not end, is not in another's way");

/* Another process, and what it has to say */
static struct other {
	/** @pid: of it */
	pid_t pid;
	/** @ready: it has begun */
	uint32_t ready;
	/** @stop: it has to end */
	uint32_t stop;
	/** @asked: how often it is to do its work */
	uint32_t asked;
	/** @done: how often it has */
	uint32_t done;
} *other;

static void await(const uint32_t *word, uint32_t value)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < value) {
		igt_assert_f(vsvm_now() < deadline, "the other process does not get there\n");
		usleep(500);
	}
}

static void tell(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* A storm */

#define STORM_QUEUES	8
#define STORM_PAGES	512

/* What the VM of a process has had served */
struct served {
	unsigned long long faults, batches;
};

/* As debugfs says it: only the process itself may ask for its counters */
static struct served served_of(int fd, pid_t pid)
{
	FILE *f = svm_debugfs(fd, "vms");
	struct served served = {};
	char line[256], mark[32];
	bool its = false;

	snprintf(mark, sizeof(mark), "[%d]", pid);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "vm ", 3))
			its = strstr(line, mark);
		if (!its)
			continue;
		if (sscanf(line, " faults %llu", &served.faults) != 1 &&
		    sscanf(line, " batches %llu", &served.batches) == 1)
			break;
	}
	fclose(f);
	return served;
}

/*
 * All queues fault in all of their pages, which go away again and again; of half the queues at a
 * time, so that the other half is at work.
 */
static void storm(int fd)
{
	struct vsvm_program *program = svm_store_program(PAGE);
	const size_t size = STORM_PAGES * PAGE;
	struct svm_args *args = svm_buffer(PAGE);
	uint64_t *fence = svm_buffer(PAGE);
	struct vsvm_stream s[STORM_QUEUES] = {};
	uint32_t queue[STORM_QUEUES];
	uint8_t *p = svm_buffer(STORM_QUEUES * size);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, STORM_QUEUES * size, MADV_NOHUGEPAGE), 0);
	for (unsigned int i = 0; i < STORM_QUEUES; i++) {
		queue[i] = vsvm_queue_create(fd, t.ctx.vm);
		args[i] = (struct svm_args){ vsvm_ptr(p) + i * size, i };
		vsvm_emit_dispatch(&s[i], program, &args[i], sizeof(*args),
				   STORM_PAGES / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
	}
	for (unsigned int i = 0; i < STORM_QUEUES; i++)
		fence[i] = 1;
	for (uint64_t round = 2; !__atomic_load_n(&other->stop, __ATOMIC_SEQ_CST); round++) {
		const unsigned int half = STORM_QUEUES / 2, first = round & 1 ? half : 0;

		for (unsigned int i = first; i < first + half; i++)
			vsvm_wait(fd, queue[i], &fence[i], round - 2);
		igt_assert_eq(madvise(p + first * size, half * size, MADV_DONTNEED), 0);
		for (unsigned int i = first; i < first + half; i++)
			igt_assert_eq(__vsvm_exec1(fd, queue[i], vsvm_ptr(s[i].base), s[i].size,
						   vsvm_ptr(&fence[i]), round, 0), 0);
		if (round == 6)
			tell(&other->ready, 1);
	}
}

/*
 * Single faults beside a storm: a stream of packets, each with a page of its own that is not there,
 * so that neither a program nor its scheduling is between one fault and the next. What the storm
 * gets served for each is a matter of its batches being bounded, and of nobody having to wait until
 * it has none.
 */
static void test_storm(int fd)
{
	enum { ROUNDS = 12, FAULTS = 24, BATCHES = 10, BATCH_FAULTS = 2000 };
	struct served before, after, all = {};
	uint64_t mine;
	uint8_t *p = svm_buffer(2 * FAULTS * PAGE);
	struct svm t;

	memset(other, 0, sizeof(*other));
	igt_fork(child, 1) {
		tell((uint32_t *)&other->pid, getpid());
		storm(drm_reopen_driver(fd));
	}
	await(&other->ready, 1);
	svm_init(&t, fd);
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		igt_assert_eq(madvise(p, 2 * FAULTS * PAGE, MADV_DONTNEED), 0);
		svm_stream(&t);
		for (unsigned int i = 0; i < FAULTS; i++)
			vsvm_emit_fill(&t.s, vsvm_ptr(p) + 2 * i * PAGE, 8, round << 8 | i, 8);
		mine = svm_stats(&t).faults;
		before = served_of(fd, other->pid);
		vsvm_run(&t.ctx, &t.s);
		after = served_of(fd, other->pid);
		for (unsigned int i = 0; i < FAULTS; i++)
			igt_assert_eq_u64(*(uint64_t *)(p + 2 * i * PAGE), round << 8 | i);
		igt_assert_lte_u64(mine + FAULTS, svm_stats(&t).faults);
		all.faults += after.faults - before.faults;
		all.batches += after.batches - before.batches;
	}
	igt_info("for a fault, the storm had %.2f batches and %.1f faults served\n",
		 (double)all.batches / (ROUNDS * FAULTS), (double)all.faults / (ROUNDS * FAULTS));
	/* or there was none */
	igt_assert_lt_u64(0, all.batches);
	igt_assert_lte_u64(all.batches, (uint64_t)BATCHES * ROUNDS * FAULTS);
	igt_assert_lte_u64(all.faults, (uint64_t)BATCH_FAULTS * ROUNDS * FAULTS);
	tell(&other->stop, 1);
	igt_waitchildren();
	svm_fini(&t);
	svm_buffer_free(p, 2 * FAULTS * PAGE);
}

/* Faults that do not end */

/* Each time another page that is not there yet */
static void work_on_demand(int fd)
{
	uint8_t *p = svm_buffer(64 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	tell(&other->ready, 1);
	while (!__atomic_load_n(&other->stop, __ATOMIC_SEQ_CST)) {
		uint32_t asked = __atomic_load_n(&other->asked, __ATOMIC_SEQ_CST);

		if (asked == other->done) {
			usleep(500);
			continue;
		}
		svm_write(&t, p + asked % 64 * PAGE, asked);
		igt_assert_eq_u64(*(uint64_t *)(p + asked % 64 * PAGE), asked);
		tell(&other->done, asked);
	}
	svm_fini(&t);
}

/*
 * VMs of this process, more than a workqueue has work items at work, write to a file system that is
 * frozen. No fault of theirs ends before the thaw. Another process has to notice nothing.
 */
static void test_blocked(int fd, struct vsvm_fs *fs)
{
	enum { VMS = 64, FILES = 17, ALL = VMS * FILES, TIMES = 10 };
	static struct { int fd; uint32_t vm, queue; } who[ALL];
	struct vsvm_cmd_fill *fill = svm_buffer(ALL * sizeof(*fill));
	uint64_t *fence = svm_buffer(ALL * sizeof(*fence)), *file;
	struct drm_vsvm_queue_query state;
	int64_t deadline;
	unsigned int parked = 0, times = 0;
	int files[FILES], temp;

	memset(other, 0, sizeof(*other));
	igt_fork(child, 1)
		work_on_demand(drm_reopen_driver(fd));
	await(&other->ready, 1);

	temp = vsvm_fs_open(fs, "blocked", O_RDWR | O_CREAT | O_TRUNC);
	igt_assert_eq(ftruncate(temp, ALL * sizeof(uint64_t)), 0);
	file = svm_buffer(ALL * sizeof(uint64_t));
	igt_assert(mmap(file, ALL * sizeof(uint64_t), RW, MAP_SHARED | MAP_FIXED, temp, 0) == file);
	for (unsigned int i = 0; i < ALL; i++)
		file[i] = 1;
	igt_assert_eq(fsync(temp), 0);
	/* From the first fault on, memory of this process can neither be mapped nor unmapped. */
	for (unsigned int i = 0; i < ALL; i++) {
		if (i % VMS == 0)
			files[i / VMS] = drm_reopen_driver(fd);
		who[i].fd = files[i / VMS];
		who[i].vm = vsvm_vm_create(who[i].fd);
		who[i].queue = vsvm_queue_create(who[i].fd, who[i].vm);
		fill[i] = (struct vsvm_cmd_fill) {
			.head = { VSVM_CMD_FILL, sizeof(*fill), 0 },
			.dst = vsvm_ptr(&file[i]),
			.size = 8,
			.pattern = 1000 + i,
			.pattern_size = 8,
		};
		fence[i] = 0;
	}
	vsvm_fs_freeze(fs);
	for (unsigned int i = 0; i < ALL; i++)
		igt_assert_eq(__vsvm_exec1(who[i].fd, who[i].queue, vsvm_ptr(&fill[i]),
					   sizeof(*fill), vsvm_ptr(&fence[i]), 1, 0), 0);
	deadline = vsvm_deadline(3 * VSVM_WAIT_NS);
	/* While they come there, and a few times more; nothing is asserted before the thaw. */
	while (times < TIMES && vsvm_now() < deadline) {
		tell(&other->asked, other->done + 1);
		while (other->asked != __atomic_load_n(&other->done, __ATOMIC_SEQ_CST) &&
		       vsvm_now() < deadline)
			usleep(500);
		times += parked == ALL;
		parked = 0;
		for (unsigned int i = 0; i < ALL; i++) {
			if (!__vsvm_queue_query(who[i].fd, who[i].queue, &state))
				parked += !!state.parked;
		}
	}
	vsvm_fs_thaw(fs);
	for (unsigned int i = 0; i < ALL; i++)
		vsvm_wait(who[i].fd, who[i].queue, &fence[i], 1);
	igt_assert_eq_u32(other->done, other->asked);
	igt_assert_eq_u32(times, TIMES);
	tell(&other->stop, 1);
	igt_waitchildren();
	for (unsigned int i = 0; i < ALL; i++)
		igt_assert_eq_u64(file[i], 1000 + i);
	for (unsigned int i = 0; i < FILES; i++)
		close(files[i]);
	close(temp);
	svm_buffer_free(file, ALL * sizeof(uint64_t));
	svm_buffer_free(fence, ALL * sizeof(*fence));
	svm_buffer_free(fill, ALL * sizeof(*fill));
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		other = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(other != MAP_FAILED);
	}

	igt_describe("Single faults wait until another process's storm of faults is over");
	igt_subtest("storm")
		test_storm(fd);

	igt_describe("A thousand VMs whose faults wait for a disk keep others from being served");
	igt_subtest("blocked") {
		vsvm_fs_begin(&vsvm_fs[0]);
		test_blocked(fd, &vsvm_fs[0]);
		vsvm_fs_end(&vsvm_fs[0]);
	}

	igt_fixture() {
		vsvm_fs_fini();
		drm_close_driver(fd);
	}
}
