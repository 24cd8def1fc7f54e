// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm file busy
 * Description: Mapped files that change, or are cleaned and reclaimed, while the GPU writes them
 *
 * The moment is left to chance, in several rounds; vsvm_race_file has those that matter in order.
 */
#include <linux/mman.h>
#include <poll.h>

#include "vsvm_svm_file.h"

IGT_TEST_DESCRIPTION("Mapped files that change or are cleaned while the GPU writes them");

/* Passes of the GPU over a file */
#define PASSES		60
/* What has to be done to the file meanwhile, or else there are more passes */
#define MIN_ROUNDS	12
#define MAX_PASSES	(20 * PASSES)

/**
 * struct busy - what a thread does as long as the GPU works
 */
struct busy {
	/** @thread: thread */
	pthread_t thread;
	/** @f: file that it is done to */
	struct file *f;
	/** @action: what; @round counts from 0 */
	void (*action)(struct file *f, unsigned int round);
	/** @rounds: how often it was done */
	unsigned int rounds;
	/** @stop: set to end it */
	bool stop;
};

static void *busy_thread(void *data)
{
	struct busy *b = data;

	/* and once more when all is done: the last writes are hit as well */
	do {
		b->action(b->f, b->rounds);
		WRITE_ONCE(b->rounds, b->rounds + 1);
	} while (!READ_ONCE(b->stop));
	return NULL;
}

static void busy_start(struct busy *b, struct file *f, void (*action)(struct file *, unsigned int))
{
	*b = (struct busy){ .f = f, .action = action };
	igt_assert_eq(pthread_create(&b->thread, NULL, busy_thread, b), 0);
}

static void busy_stop(struct busy *b)
{
	WRITE_ONCE(b->stop, true);
	igt_assert_eq(pthread_join(b->thread, NULL), 0);
	igt_debug("%u rounds\n", b->rounds);
}

/* Every way to have pages written back, which cleans them and takes away the right to write */
static void do_writeback(struct file *f, unsigned int round)
{
	int ret = 0;

	switch (round % 4) {
	case 0:
		ret = fsync(f->fd);
		break;
	case 1:
		ret = msync(f->p, f->size, MS_SYNC);
		break;
	case 2:
		ret = sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
				      SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
		break;
	case 3:
		ret = syncfs(f->fd);
		break;
	}
	if (ret)
		abort();
}

/* As vsvm_fs_drop_caches(), which skips and asserts: nothing for a thread */
static void drop_clean(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		abort();
	close(fd);
}

/* Every way to have pages given up, some of which works only on clean ones */
static void do_reclaim(struct file *f, unsigned int round)
{
	switch (round % 5) {
	case 0:
		madvise(f->p, f->size, MADV_PAGEOUT);
		break;
	case 1:
		madvise(f->p, f->size, MADV_COLD);
		break;
	case 2:
		madvise(f->p, f->size, MADV_DONTNEED);
		posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
		break;
	case 3:
		sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		break;
	case 4:
		drop_clean();
		break;
	}
}

/* Each pass writes another word of each page, so that none covers the loss of another */
static void run_pass(struct svm *t, struct file *f, unsigned int pass)
{
	svm_stream(t);
	for (unsigned int i = 0; i < FILE_PAGES; i++) {
		size_t at = i * PAGE + (pass * 7 + i) % (PAGE / 8) * 8;
		uint64_t word = (uint64_t)(pass + 1) << 32 | i;

		memcpy(f->want + at, &word, 8);
		vsvm_emit_fill(&t->s, vsvm_ptr(f->p + at), 8, word, 8);
	}
	vsvm_run(&t->ctx, &t->s);
}

static void test_passes(int fd, struct vsvm_fs *fs, void (*action)(struct file *, unsigned int),
			bool crash)
{
	struct busy busy;
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init(&f, fs, "passes", FILE_SIZE, MAP_SHARED);
	busy_start(&busy, &f, action);
	for (unsigned int pass = 0; pass < PASSES ||
	     (pass < MAX_PASSES && READ_ONCE(busy.rounds) < MIN_ROUNDS); pass++)
		run_pass(&t, &f, pass);
	busy_stop(&busy);
	if (crash) {
		igt_assert_eq(fsync(f.fd), 0);
		file_crash(&f);
	} else {
		file_expect(&f);
		file_remount(&f);
	}
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/* (4.3) */
static void test_writeback(int fd, struct vsvm_fs *fs)
{
	test_passes(fd, fs, do_writeback, true);
}

/* (4.4) */
static void test_reclaim(int fd, struct vsvm_fs *fs)
{
	test_passes(fd, fs, do_reclaim, false);
}

/* The GPU fills each page with the number of the pass, over and over */
static void emit_fills(struct file *f, struct vsvm_stream *s)
{
	for (uint64_t pass = 1; pass <= PASSES / 2; pass++)
		for (unsigned int i = 0; i < FILE_PAGES; i++)
			vsvm_emit_fill(s, vsvm_ptr(f->p + i * PAGE), PAGE, pass, 8);
}

/*
 * (3.1, 6.1) Half of the file is cut off under the GPU's hands. The queue dies of the first access
 * behind the new end, at the latest in the stream that the gate keeps for after the cut; another
 * one, in the half that stays, does not notice.
 */
static void test_truncate(int fd, struct vsvm_fs *fs)
{
	const size_t half = FILE_SIZE / 2 + 100;
	struct vsvm_stream fills = {}, adds = {};
	struct drm_vsvm_queue_query state;
	uint64_t *count = svm_buffer(PAGE);
	struct vsvm_gate gate;
	uint32_t other;
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init(&f, fs, "truncate", FILE_SIZE, MAP_SHARED);
	emit_fills(&f, &fills);
	for (unsigned int i = 0; i < 200; i++) {
		vsvm_emit_atomic(&adds, VSVM_ATOMIC_ADD, 8, vsvm_ptr(count), 1, 0, 0);
		vsvm_emit_copy(&adds, vsvm_ptr(count + 8), vsvm_ptr(f.p + i % 8 * PAGE), 64);
	}
	for (unsigned int round = 0; round < 3; round++) {
		uint64_t added = *count, *words = (uint64_t *)f.got;
		struct vsvm_ctx second = t.ctx;
		uint64_t seqno;

		igt_assert_eq(ftruncate(f.fd, FILE_SIZE), 0);
		vsvm_gate_init(&gate);
		other = vsvm_queue_create(fd, t.ctx.vm);
		second.queue = other;
		second.fence = count + 32;
		second.fence_addr = vsvm_ptr(second.fence);
		second.seqno = *second.fence;
		vsvm_queue_destroy(fd, t.ctx.queue);
		t.ctx.queue = vsvm_queue_create_on(fd, t.ctx.vm, DRM_VSVM_ENGINE_ANY, ~0ull);
		vsvm_submit(&t.ctx, &fills);
		vsvm_submit(&t.ctx, &gate.stream);
		vsvm_submit(&t.ctx, &fills);
		seqno = vsvm_submit(&second, &adds);
		usleep(300 * round);
		igt_assert_eq(ftruncate(f.fd, half), 0);
		vsvm_gate_open(&gate);

		__vsvm_wait(fd, t.ctx.queue, t.ctx.fence, t.ctx.seqno, VSVM_WAIT_NS);
		vsvm_queue_query(fd, t.ctx.queue, &state);
		igt_assert_f(state.error == VSVM_ERROR_BUS, "killed with %s\n",
			     vsvm_error_name(state.error));
		igt_assert_eq_u32(state.access, VSVM_ACCESS_WRITE);
		igt_assert_lte_u64(vsvm_ptr(f.p) + ALIGN(half, PAGE), state.addr);
		igt_assert_lt_u64(state.addr, vsvm_ptr(f.p) + FILE_SIZE);
		vsvm_finish(&second, seqno);
		igt_assert_eq_u64(*count, added + 200);

		/* nothing that was cut off comes back when the file grows, by whatever way */
		vsvm_ctx_new_queue(&t.ctx);
		igt_assert_eq(ftruncate(f.fd, FILE_SIZE), 0);
		svm_copy(&t, f.got, f.p, FILE_SIZE);
		igt_assert(!memcmp(f.got, f.p, FILE_SIZE));
		memcpy(f.want, f.got, FILE_SIZE);
		for (size_t i = 0; i < FILE_SIZE; i++)
			if (i >= ALIGN(half, PAGE))
				igt_assert_eq(f.got[i], 0);
		for (size_t i = 0; i < half / 8; i++)
			igt_assert_lte_u64(words[i], PASSES / 2);
		file_expect(&f);
		vsvm_queue_destroy(fd, other);
		vsvm_gate_fini(&gate);
	}
	file_remount(&f);
	file_expect(&f);
	vsvm_stream_fini(&fills);
	vsvm_stream_fini(&adds);
	file_fini(&f);
	svm_fini(&t);
	svm_buffer_free(count, PAGE);
}

/*
 * (3.1) Holes are punched where the GPU adds. It may have new pages in the hole, but none that is
 * not the file's any more: what it sees there would not be what read() sees.
 */
static void test_punch(int fd, struct vsvm_fs *fs)
{
	struct vsvm_rng rng = { 7 };
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init(&f, fs, "punch", FILE_SIZE, MAP_SHARED);
	for (unsigned int pass = 0; pass < PASSES; pass++) {
		size_t at = vsvm_rand(&rng) % (FILE_PAGES - 4) * PAGE;
		uint64_t seqno;

		svm_stream(&t);
		for (unsigned int i = 0; i < FILE_PAGES; i++)
			vsvm_emit_atomic(&t.s, VSVM_ATOMIC_ADD, 8, vsvm_ptr(f.p + i * PAGE), 1, 0,
					 0);
		seqno = vsvm_submit(&t.ctx, &t.s);
		usleep(vsvm_rand(&rng) % 500);
		igt_assert_eq(fallocate(f.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
					4 * PAGE), 0);
		/* sometimes the CPU is first in it, sometimes the GPU */
		if (pass % 2)
			igt_assert_lte_u64(READ_ONCE(*(uint64_t *)(f.p + at)), PASSES);
		vsvm_finish(&t.ctx, seqno);
	}
	/* as the GPU has it, be it right or wrong */
	svm_copy(&t, f.want, f.p, FILE_SIZE);
	for (unsigned int i = 0; i < FILE_PAGES; i++)
		igt_assert_lte_u64(*(uint64_t *)(f.want + i * PAGE), PASSES);
	file_expect(&f);
	igt_assert(!memcmp(f.p, f.want, FILE_SIZE));
	/* a last one, with nothing under way */
	gpu_write(&t, &f, 0, FILE_SIZE);
	igt_assert_eq(fallocate(f.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				FILE_SIZE / 2), 0);
	memset(f.want, 0, FILE_SIZE / 2);
	gpu_expect_file(&t, &f);
	file_uncache(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/* The GPU adds 1 to a word of each page at @gpu, the CPU to the same at @cpu */
static void add_pass(struct svm *t, uint8_t *gpu, uint8_t *cpu)
{
	uint64_t seqno;

	svm_stream(t);
	for (unsigned int i = 0; i < FILE_PAGES; i++)
		vsvm_emit_atomic(&t->s, VSVM_ATOMIC_ADD, 8, vsvm_ptr(gpu + i * PAGE + 8), 1, 0, 0);
	seqno = vsvm_submit(&t->ctx, &t->s);
	for (unsigned int i = 0; i < FILE_PAGES; i++)
		__atomic_fetch_add((uint64_t *)(cpu + i * PAGE + 8), 1, __ATOMIC_SEQ_CST);
	vsvm_finish(&t->ctx, seqno);
}

/*
 * (1.3) Two processes, each with a GPU and a CPU that add to the same words by two mappings, while
 * the pages are written back again and again.
 */
static void test_processes(int fd, struct vsvm_fs *fs)
{
	struct busy busy;
	struct svm t;
	struct file f;
	uint8_t *p = svm_buffer(FILE_SIZE);

	file_init(&f, fs, "processes", FILE_SIZE, MAP_SHARED);
	igt_assert(mmap(p, FILE_SIZE, RW, MAP_SHARED | MAP_FIXED, f.fd, 0) == p);
	igt_fork(child, 2) {
		svm_init(&t, fd);
		for (unsigned int pass = 0; pass < PASSES / 2; pass++)
			add_pass(&t, pass % 2 ? f.p : p, p);
		svm_fini(&t);
	}
	busy_start(&busy, &f, do_writeback);
	igt_waitchildren();
	busy_stop(&busy);
	for (unsigned int page = 0; page < FILE_PAGES; page++)
		*(uint64_t *)(f.want + page * PAGE + 8) = 2 * 2 * (PASSES / 2);
	file_expect(&f);
	svm_buffer_free(p, FILE_SIZE);
	file_uncache(&f);
	file_expect(&f);
	file_fini(&f);
}

/* Freezing */

/**
 * struct other - a process that was there before the file system froze
 *
 * It has a GPU and memory of its own. And it thaws the file system when a test that failed has not:
 * a test may not be able to, for its memory map is locked as long as a fault of its GPU waits.
 */
struct other {
	/** @to: to wake it up; closed, it ends */
	int to;
	/** @from: what it says */
	int from;
};

static void other_process(int fd, struct vsvm_fs *fs, int from, int to)
{
	struct pollfd poll_from = { .fd = from, .events = POLLIN };
	uint8_t *p = svm_buffer(FILE_SIZE);
	struct svm t;
	char c = 0;

	svm_init(&t, fd);
	if (write(to, "r", 1) == 1 && poll(&poll_from, 1, 60000) == 1 && read(from, &c, 1) == 1) {
		svm_fill(&t, p, FILE_SIZE, 7);
		igt_assert_eq_u64(*(uint64_t *)(p + FILE_SIZE - 8), 7);
		igt_assert_eq(write(to, "d", 1), 1);
		poll(&poll_from, 1, 60000);
	}
	vsvm_fs_thaw(fs);
	svm_fini(&t);
}

static void other_start(struct other *o, int fd, struct vsvm_fs *fs)
{
	int there[2], back[2];
	char c;

	igt_assert_eq(pipe(there), 0);
	igt_assert_eq(pipe(back), 0);
	igt_fork(child, 1) {
		close(there[1]);
		close(back[0]);
		other_process(fd, fs, there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	o->to = there[1];
	o->from = back[0];
	igt_assert_eq(read(o->from, &c, 1), 1);
}

/* It does some work, which has to come to an end */
static void other_works(struct other *o)
{
	char c = 0;

	igt_assert_eq(write(o->to, "w", 1), 1);
	igt_assert_eq(read(o->from, &c, 1), 1);
	igt_assert_eq(c, 'd');
}

static void other_end(struct other *o)
{
	close(o->to);
	igt_waitchildren();
	close(o->from);
}

static void wait_parked(int fd, uint32_t queue)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct drm_vsvm_queue_query state;

	do {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
		vsvm_queue_query(fd, queue, &state);
	} while (!state.parked);
}

/* (2.4) A write to a clean page waits for the thaw; a read, and another process, does not */
static void test_freeze(int fd, struct vsvm_fs *fs)
{
	struct other other;
	uint64_t word, seqno;
	struct svm t;
	struct file f;

	other_start(&other, fd, fs);
	svm_init(&t, fd);
	file_init_random(&f, fs, "freeze", FILE_SIZE, MAP_SHARED);
	gpu_write(&t, &f, 0, FILE_SIZE);
	/* which makes it clean, or else freezing does */
	igt_assert_eq(fsync(f.fd), 0);
	vsvm_fs_freeze(fs);
	gpu_expect_file(&t, &f);
	word = ~*(uint64_t *)(f.want + 3 * PAGE);
	vsvm_emit_fill(svm_stream(&t), vsvm_ptr(f.p + 3 * PAGE), 8, word, 8);
	seqno = vsvm_submit(&t.ctx, &t.s);
	wait_parked(fd, t.ctx.queue);
	other_works(&other);
	igt_assert_eq(__vsvm_wait(fd, t.ctx.queue, t.ctx.fence, seqno, 20 * NSEC_PER_MSEC), -ETIME);
	/* nothing of it is in the file */
	igt_assert_eq(pread(f.fd, f.got, 8, 3 * PAGE), 8);
	igt_assert(!memcmp(f.got, f.want + 3 * PAGE, 8));
	vsvm_fs_thaw(fs);
	vsvm_finish(&t.ctx, seqno);
	memcpy(f.want + 3 * PAGE, &word, 8);
	file_expect(&f);
	other_end(&other);
	file_remount(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/* (2.4) A process that is killed while its GPU waits for the thaw is gone after that, VM and all */
static void test_freeze_kill(int fd, struct vsvm_fs *fs)
{
	struct other other;
	struct file f;
	int ready[2];
	pid_t pid;
	char c;

	other_start(&other, fd, fs);
	file_init_random(&f, fs, "kill", FILE_SIZE, MAP_SHARED);
	igt_assert_eq(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		struct svm t;

		fd = drm_reopen_driver(fd);
		svm_init(&t, fd);
		gpu_expect_file(&t, &f);
		vsvm_fs_freeze(fs);
		vsvm_emit_fill(svm_stream(&t), vsvm_ptr(f.p), 8, 0, 8);
		vsvm_submit(&t.ctx, &t.s);
		wait_parked(fd, t.ctx.queue);
		if (write(ready[1], "p", 1) == 1)
			pause();
		_exit(1);
	}
	igt_assert(pid > 0);
	close(ready[1]);
	igt_assert_eq(read(ready[0], &c, 1), 1);
	igt_assert_eq(kill(pid, SIGKILL), 0);
	other_works(&other);
	vsvm_fs_thaw(fs);
	igt_assert_eq(waitpid(pid, NULL, 0), pid);
	svm_expect_no_vms(fd, pid);
	close(ready[0]);
	/* whether the write came about is nobody's business any more */
	memset(f.want, 0, 8);
	igt_assert_eq(pwrite(f.fd, f.want, 8, 0), 8);
	other_end(&other);
	file_uncache(&f);
	file_expect(&f);
	file_fini(&f);
}

/* hugetlbfs */

static bool set_huge_pages(unsigned int count)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w+");
	unsigned int got = 0;

	if (!f)
		return false;
	fprintf(f, "%u\n", count);
	rewind(f);
	if (fscanf(f, "%u", &got) != 1)
		got = 0;
	fclose(f);
	return got == count;
}

/* (8.2) A file of 2M pages: shared, private, with a hole, cut off, and with no page left */
static void test_hugetlb(int fd)
{
	const size_t huge = VSVM_2M;
	uint8_t *p, *copy;
	struct svm t;
	int mem;

	igt_require_f(set_huge_pages(3), "no three 2M pages\n");
	mem = memfd_create("vsvm", MFD_HUGETLB | MAP_HUGE_2MB);
	igt_require_f(mem >= 0, "hugetlbfs: %m\n");
	igt_assert_eq(ftruncate(mem, 3 * huge), 0);
	/* without MAP_NORESERVE, mmap would fail and not the access */
	p = mmap(NULL, 4 * huge, RW, MAP_SHARED | MAP_NORESERVE, mem, 0);
	copy = mmap(NULL, huge, RW, MAP_PRIVATE | MAP_NORESERVE, mem, 0);
	igt_require_f(p != MAP_FAILED && copy != MAP_FAILED, "2M pages: %m\n");
	svm_init(&t, fd);
	svm_fill(&t, p + 8, 2 * huge - 8, 0x11);
	igt_assert_eq_u64(*(uint64_t *)(p + 2 * huge - 8), 0x11);
	igt_assert_eq_u64(svm_read(&t, copy + PAGE), 0x11);
	svm_write(&t, copy + PAGE, 0x22);
	igt_assert_eq_u64(*(uint64_t *)(copy + PAGE), 0x22);
	igt_assert_eq_u64(svm_read(&t, p + PAGE), 0x11);
	/* three pages are in use: there is none for the rest of the file */
	svm_expect_errors(&t, p + 2 * huge + 64, VSVM_ERROR_BUS);
	vsvm_unmap(copy, huge);
	svm_write(&t, p + 2 * huge, 0x33);
	igt_assert_eq(fallocate(mem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, huge, huge), 0);
	igt_assert_eq_u64(svm_read(&t, p + 2 * huge - 8), 0);
	igt_assert_eq_u64(svm_read(&t, p + 2 * huge), 0x33);
	igt_assert_eq(ftruncate(mem, huge), 0);
	svm_expect_errors(&t, p + huge, VSVM_ERROR_BUS);
	svm_expect_errors(&t, p + 3 * huge, VSVM_ERROR_BUS);
	igt_assert_eq_u64(svm_read(&t, p + huge - 8), 0x11);
	svm_fini(&t);
	vsvm_unmap(p, 4 * huge);
	close(mem);
	set_huge_pages(0);
}

static const struct file_test tests[] = {
	{ "writeback", "What the GPU writes while pages are written back is not on the disk",
	  test_writeback, VSVM_FS_CRASH },
	{ "reclaim", "What the GPU writes while pages are reclaimed is lost", test_reclaim },
	{ "truncate", "The GPU writes on behind the end of a file that was cut under it",
	  test_truncate },
	{ "punch", "The GPU goes on in pages that were punched out of the file under it",
	  test_punch },
	{ "processes", "GPUs and CPUs of two processes add to a file, and a sum is wrong",
	  test_processes },
	{ "freeze", "A write to a frozen file system is done, or an error, or all have to wait",
	  test_freeze, VSVM_FS_DISK },
	{ "freeze-kill", "A process killed while its GPU waits for a thaw stays for ever",
	  test_freeze_kill, VSVM_FS_DISK },
};

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	for (struct vsvm_fs *fs = vsvm_fs; fs->name; fs++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
			if (!vsvm_fs_can(fs, tests[i].needs))
				continue;
			igt_describe(tests[i].describe);
			igt_subtest_f("%s-%s", tests[i].name, fs->name) {
				vsvm_fs_begin(fs);
				tests[i].fn(fd, fs);
				vsvm_fs_end(fs);
			}
		}
	}
	igt_describe("A file of 2M pages is not for the GPU what it is for the CPU");
	igt_subtest("hugetlb")
		test_hugetlb(fd);

	igt_fixture() {
		vsvm_fs_fini();
		close(fd);
	}
}
