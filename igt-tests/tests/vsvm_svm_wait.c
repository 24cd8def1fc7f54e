// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm wait
 * Description: GPU accesses to memory that a userfaultfd watches
 */
#include <sys/syscall.h>

#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("GPU accesses to memory that a userfaultfd watches");

/* More than the driver has waits at a time, and than it takes records at a time */
#define MANY	(10 * VSVM_WAVE_LANES)
/* As many as a queue can have */
#define MOST	(64 * VSVM_WAVE_LANES)

#define MISSING	UFFDIO_REGISTER_MODE_MISSING
#define WP	UFFDIO_REGISTER_MODE_WP
#define MINOR	UFFDIO_REGISTER_MODE_MINOR

/* Kinds of memory */
enum kind { ANON, SHMEM, HUGETLB, NUM_KINDS };

static const char *const kind_names[] = { "anon", "shmem", "hugetlb" };

/**
 * struct memory - some pages that a userfaultfd may watch
 */
struct memory {
	/** @p: first page */
	uint8_t *p;
	/** @page: size of a page */
	size_t page;
	/** @size: of all */
	size_t size;
	/** @file: memfd, or -1 */
	int file;
	/** @kind: which */
	enum kind kind;
};

static void huge_pages(int change)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "r+");
	long count;

	igt_require_f(f && fscanf(f, "%ld", &count) == 1, "nr_hugepages: %m\n");
	rewind(f);
	fprintf(f, "%ld\n", count + change);
	fclose(f);
}

static void memory_init(struct memory *m, enum kind which, unsigned int pages)
{
	*m = (struct memory) { .page = PAGE, .file = -1, .kind = which };
	if (which == HUGETLB) {
		m->page = VSVM_2M;
		huge_pages(pages);
	}
	m->size = pages * m->page;
	m->p = svm_buffer(m->size);
	if (which == ANON)
		return;
	m->file = memfd_create("vsvm", which == HUGETLB ? MFD_HUGETLB : 0);
	igt_require_f(m->file >= 0, "memfd_create: %m\n");
	igt_assert_eq(ftruncate(m->file, m->size), 0);
	igt_require_f(mmap(m->p, m->size, RW, MAP_SHARED | MAP_FIXED, m->file, 0) == m->p,
		      "%s: %m\n", kind_names[which]);
}

static void memory_fini(struct memory *m)
{
	svm_buffer_free(m->p, m->size);
	if (m->file >= 0)
		close(m->file);
	if (m->kind == HUGETLB)
		huge_pages(-(int)(m->size / m->page));
}

static uint64_t flags_of(uint32_t access)
{
	return access == VSVM_ACCESS_READ ? 0 : UFFD_PAGEFAULT_FLAG_WRITE;
}

/* A page that is not there comes when the process brings it */
static void test_missing(int fd, enum kind kind, bool zero)
{
	int uffd = uffd_open(kind == ANON ? 0 : kind == SHMEM ? UFFD_FEATURE_MISSING_SHMEM :
					      UFFD_FEATURE_MISSING_HUGETLBFS);
	struct drm_vsvm_vm_stats before, after;
	struct memory m;
	struct svm t;

	memory_init(&m, kind, VSVM_ACCESS_ATOMIC + 1);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	for (uint32_t access = VSVM_ACCESS_READ; access <= VSVM_ACCESS_ATOMIC; access++) {
		uint8_t *p = m.p + access * m.page + 264;
		uint64_t seqno, word = zero ? 0 : 1000 + access;

		before = svm_stats(&t);
		igt_assert_eq_u64(before.waits_now, 0);
		seqno = svm_begin(&t, p, access);
		uffd_expect(uffd, p, m.page, flags_of(access));
		svm_expect_waiting(&t, seqno, 1);
		uffd_expect_none(uffd);
		if (zero)
			uffd_zero(uffd, p);
		else
			uffd_copy_page(uffd, p, m.page, word);
		svm_end(&t, seqno, p, access, word);
		svm_wait_waits(&t, 0);
		after = svm_stats(&t);
		igt_assert_lt_u64(before.waits, after.waits);
		igt_assert_lt_u64(before.faults_waited, after.faults_waited);
		igt_assert_eq_u64(after.faults_failed, 0);
	}
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

/* A page that may not be written is read, and written when the process allows it */
static void test_protected(int fd, enum kind kind)
{
	int uffd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			     (kind == ANON ? 0 : UFFD_FEATURE_WP_HUGETLBFS_SHMEM));
	struct memory m;
	struct svm t;

	memory_init(&m, kind, VSVM_ACCESS_ATOMIC + 1);
	svm_init(&t, fd);
	uffd_watch(uffd, m.p, m.size, WP);
	for (uint32_t access = VSVM_ACCESS_WRITE; access <= VSVM_ACCESS_ATOMIC; access++) {
		uint8_t *p = m.p + access * m.page;
		uint64_t seqno;

		/* what the GPU could write before */
		svm_write(&t, p, 5);
		uffd_protect(uffd, m.p, m.size, true);
		igt_assert_eq_u64(svm_read(&t, p), 5);
		uffd_expect_none(uffd);
		seqno = svm_begin(&t, p, access);
		uffd_expect(uffd, p, m.page,
			    UFFD_PAGEFAULT_FLAG_WRITE | UFFD_PAGEFAULT_FLAG_WP);
		svm_expect_waiting(&t, seqno, 1);
		igt_assert_eq_u64(*(uint64_t *)p, 5);
		uffd_protect(uffd, m.p, m.size, false);
		svm_end(&t, seqno, p, access, 5);
		svm_wait_waits(&t, 0);
	}
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

/* A page that its file has already comes when the process has seen to it */
static void test_minor(int fd)
{
	int uffd = uffd_open(UFFD_FEATURE_MINOR_SHMEM);
	struct memory m;
	uint8_t *alias;
	struct svm t;

	memory_init(&m, SHMEM, VSVM_ACCESS_ATOMIC + 1);
	alias = mmap(NULL, m.size, RW, MAP_SHARED, m.file, 0);
	igt_assert(alias != MAP_FAILED);
	svm_init(&t, fd);
	uffd_watch(uffd, m.p, m.size, MINOR);
	for (uint32_t access = VSVM_ACCESS_READ; access <= VSVM_ACCESS_ATOMIC; access++) {
		uint64_t *word = (uint64_t *)(alias + access * PAGE);
		uint8_t *p = m.p + access * PAGE;
		uint64_t seqno;

		*word = 1;
		seqno = svm_begin(&t, p, access);
		uffd_expect(uffd, p, PAGE, flags_of(access) | UFFD_PAGEFAULT_FLAG_MINOR);
		svm_expect_waiting(&t, seqno, 1);
		*word = 2;
		uffd_continue(uffd, p);
		svm_end(&t, seqno, p, access, 2);
	}
	close(uffd);
	svm_fini(&t);
	vsvm_unmap(alias, m.size);
	memory_fini(&m);
}

/* The answer may be that there is nothing */
static void test_poison(int fd)
{
	int uffd = uffd_open(UFFD_FEATURE_POISON);
	struct memory m;
	struct svm t;

	memory_init(&m, ANON, VSVM_ACCESS_ATOMIC + 1);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	for (uint32_t access = VSVM_ACCESS_READ; access <= VSVM_ACCESS_ATOMIC; access++) {
		uint8_t *p = m.p + access * PAGE;

		svm_begin(&t, p, access);
		uffd_expect(uffd, p, PAGE, flags_of(access));
		uffd_poison(uffd, p);
		vsvm_expect_error(fd, t.ctx.queue, VSVM_ERROR_BUS, access, vsvm_ptr(p));
		vsvm_ctx_new_queue(&t.ctx);
	}
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

static void test_sigbus(int fd)
{
	int uffd = uffd_open(UFFD_FEATURE_SIGBUS);
	struct memory m;
	struct svm t;

	memory_init(&m, ANON, 2);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	svm_expect_errors(&t, m.p + 8, VSVM_ERROR_BUS);
	igt_assert_eq_u64(svm_stats(&t).waits, 0);
	uffd_copy(uffd, m.p, 3);
	igt_assert_eq_u64(svm_read(&t, m.p + 8), 3);
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

/* One that hears of accesses of user mode only hears of the GPU's, for they are that */
static void test_user_mode(int fd)
{
	int uffd = __uffd_open(UFFD_USER_MODE_ONLY, 0);
	struct memory m;
	uint64_t seqno;
	struct svm t;

	igt_require_f(uffd >= 0, "UFFD_USER_MODE_ONLY: %m\n");
	memory_init(&m, ANON, 1);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	seqno = svm_begin(&t, m.p, VSVM_ACCESS_READ);
	uffd_expect(uffd, m.p, PAGE, 0);
	uffd_copy(uffd, m.p, 8);
	svm_end(&t, seqno, m.p, VSVM_ACCESS_READ, 8);
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

/* Begins a dispatch that reads one word of each page; returns what to wait for */
static uint64_t begin_many(struct svm *t, struct vsvm_program *program, const void *p,
			   uint32_t *results, unsigned int count)
{
	struct svm_args *args = (struct svm_args *)&t->scratch[SVM_SCRATCH / 8 - 2];

	*args = (struct svm_args){ vsvm_ptr(p), vsvm_ptr(results) };
	vsvm_emit_dispatch(svm_stream(t), program, args, sizeof(*args), count / VSVM_WAVE_LANES,
			   VSVM_WAVE_LANES);
	return vsvm_submit(&t->ctx, &t->s);
}

/* Of many accesses that wait, each gets its answer, whatever the order */
static void test_many(int fd)
{
	struct vsvm_program *program = svm_load_program(PAGE);
	int64_t deadline = vsvm_deadline(4 * VSVM_WAIT_NS);
	uint32_t *results = svm_buffer(MANY * 4);
	bool answered[MANY] = {};
	unsigned int count = 0;
	int uffd = uffd_open(0);
	struct uffd_msg msg;
	struct memory m;
	uint64_t seqno;
	struct svm t;

	memory_init(&m, ANON, MANY);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	svm_fill(&t, results, MANY * 4, 0);
	seqno = begin_many(&t, program, m.p, results, MANY);
	while (count < MANY) {
		uint64_t page;

		igt_assert_f(vsvm_now() < deadline, "%u pages of %u\n", count, (unsigned int)MANY);
		if (!uffd_message(uffd, 1000, &msg))
			continue;
		page = (msg.arg.pagefault.address - vsvm_ptr(m.p)) / PAGE;
		igt_assert_lt_u64(page, MANY);
		/* it may have begun to wait once more before the answer was there */
		if (answered[page])
			continue;
		answered[page] = true;
		count++;
		uffd_copy(uffd, m.p + page * PAGE, page);
	}
	vsvm_finish(&t.ctx, seqno);
	for (unsigned int i = 0; i < MANY; i++)
		igt_assert_eq_u32(results[i], i);
	svm_wait_waits(&t, 0);
	igt_assert_lte_u64(MANY, svm_stats(&t).waits);
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
	svm_buffer_free(results, MANY * 4);
	free(program);
}

/* As long as nobody answers nothing happens */
static void test_quiet(int fd, bool many)
{
	struct vsvm_program *program = svm_load_program(PAGE);
	uint32_t *results = svm_buffer(MOST * 4);
	struct drm_vsvm_vm_stats before, after;
	int uffd = uffd_open(0);
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	unsigned int quiet = 0;
	struct svm t, other;
	struct memory m;

	memory_init(&m, ANON, MOST);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	svm_init(&other, fd);
	svm_fill(&t, results, MOST * 4, 0);
	if (many)
		begin_many(&t, program, m.p, results, MOST);
	else
		svm_begin(&t, m.p, VSVM_ACCESS_READ);
	svm_wait_waits(&t, many ? 16 : 1);
	/* what is under way comes to its end */
	for (after = svm_stats(&t); quiet < 3; after = before) {
		usleep(200000);
		before = svm_stats(&t);
		quiet = before.batches == after.batches ? quiet + 1 : 0;
		igt_assert_lt_s64(vsvm_now(), deadline);
	}
	before = svm_stats(&t);
	usleep(200000);
	for (int i = 0; i < 50; i++)
		igt_assert_eq_u64(svm_read(&other, other.scratch + 8), 0);
	after = svm_stats(&t);
	igt_info("faults %llu, waited %llu, batches %llu, waits %llu\n",
		 (long long)after.faults, (long long)after.faults_waited,
		 (long long)after.batches, (long long)after.waits);
	/* reclaim may take a page of the stream at any moment, so not none */
	igt_assert_lte_u64(after.batches - before.batches, 4);
	igt_assert_lte_u64(after.faults - before.faults, 4 * MOST);
	igt_assert_eq_u64(after.waits, before.waits);
	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
	close(uffd);
	svm_fini(&t);
	svm_fini(&other);
	memory_fini(&m);
	svm_buffer_free(results, MOST * 4);
	free(program);
}

/* What else the VM does goes on: faults of another queue, changes of memory, and their updates */
static void test_others(int fd, bool many)
{
	struct vsvm_program *program = svm_load_program(PAGE);
	uint32_t *results = svm_buffer(MOST * 4);
	uint8_t *p = svm_buffer(64 * PAGE);
	int uffd = uffd_open(0);
	struct memory m;
	uint64_t seqno;
	uint32_t queue;
	struct svm t;

	memory_init(&m, ANON, MOST);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	svm_fill(&t, results, MOST * 4, 0);
	seqno = many ? begin_many(&t, program, m.p, results, MOST) :
		       svm_begin(&t, m.p, VSVM_ACCESS_READ);
	svm_wait_waits(&t, many ? 16 : 1);
	queue = vsvm_queue_create(fd, t.ctx.vm);
	for (unsigned int i = 0; i < 16; i++) {
		struct vsvm_stream s = {};
		uint64_t fence = 0;

		vsvm_emit_fill(&s, vsvm_ptr(p + i * PAGE), 8, i + 1, 8);
		igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(&s, 0), s.size,
					   vsvm_ptr(&fence), 1, 0), 0);
		vsvm_wait(fd, queue, &fence, 1);
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), i + 1);
		vsvm_stream_fini(&s);
	}
	vsvm_unmap(p + 8 * PAGE, 8 * PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	vsvm_queue_destroy(fd, queue);
	svm_expect_waiting(&t, seqno, many ? 16 : 1);
	close(uffd);
	vsvm_finish(&t.ctx, seqno);
	svm_fini(&t);
	memory_fini(&m);
	svm_buffer_free(p, 64 * PAGE);
	svm_buffer_free(results, MOST * 4);
	free(program);
}

/* Two queues wait for the same page: one of another VM, or one of the same that only reads */
static void test_two(int fd, bool vms)
{
	int uffd = uffd_open(0);
	struct svm t, other;
	uint64_t seqnos[2];
	struct memory m;

	memory_init(&m, ANON, 1);
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	svm_init(&other, fd);
	if (!vms) {
		vsvm_queue_destroy(fd, other.ctx.queue);
		other.ctx.queue = vsvm_queue_create(fd, t.ctx.vm);
	}
	seqnos[0] = svm_begin(&t, m.p, VSVM_ACCESS_WRITE);
	uffd_expect(uffd, m.p, PAGE, UFFD_PAGEFAULT_FLAG_WRITE);
	seqnos[1] = svm_begin(&other, m.p + 8, VSVM_ACCESS_READ);
	if (vms) {
		uffd_expect(uffd, m.p, PAGE, 0);
		svm_expect_waiting(&other, seqnos[1], 1);
	} else {
		struct drm_vsvm_queue_query state;

		do {
			usleep(1000);
			vsvm_queue_query(fd, other.ctx.queue, &state);
		} while (!state.parked);
	}
	svm_expect_waiting(&t, seqnos[0], 1);
	uffd_copy(uffd, m.p, 7);
	svm_end(&t, seqnos[0], m.p, VSVM_ACCESS_WRITE, 7);
	vsvm_finish(&other.ctx, seqnos[1]);
	igt_assert_eq_u64(other.scratch[0], 7);
	svm_wait_waits(&t, 0);
	close(uffd);
	if (!vms) {
		vsvm_queue_destroy(fd, other.ctx.queue);
		other.ctx.queue = vsvm_queue_create(fd, other.ctx.vm);
	}
	svm_fini(&t);
	svm_fini(&other);
	memory_fini(&m);
}

/* What makes an end of the wait, and what the access then finds */
enum end { UNWATCH, CLOSE, WAKE, UNMAP, MREMAP, DONTNEED, FORK, NUM_ENDS };

static const struct {
	const char *name, *what;
} ends[] = {
	[UNWATCH] = { "unregister", "Memory that is watched no more is waited for ever after" },
	[CLOSE] = { "close-uffd", "A userfaultfd that is closed is waited for ever after" },
	[WAKE] = { "wake", "Who is woken without an answer is lost, or goes on without the page" },
	[UNMAP] = { "munmap", "Memory that is gone is waited for, or no error" },
	[MREMAP] = { "mremap", "Memory that has moved is waited for at its old place" },
	[DONTNEED] = { "dontneed", "A page that is thrown away under a write that waits is lost" },
	[FORK] = { "fork", "A fork ends the wait, or gives the answer to the child" },
};

static void test_end(int fd, enum end end)
{
	int uffd = uffd_open(0);
	uint32_t access = end == DONTNEED ? VSVM_ACCESS_WRITE : VSVM_ACCESS_READ;
	struct memory m, to;
	uint64_t seqno;
	struct svm t;

	memory_init(&m, ANON, 3);
	memory_init(&to, ANON, 3);
	svm_init(&t, fd);
	if (end == DONTNEED) {
		memset(m.p, 1, m.size);
		uffd_watch(uffd, m.p, m.size, WP);
		uffd_protect(uffd, m.p, m.size, true);
	} else {
		uffd_watch(uffd, m.p, m.size, MISSING);
	}
	seqno = svm_begin(&t, m.p, access);
	uffd_expect(uffd, m.p, PAGE, end == DONTNEED ?
		    UFFD_PAGEFAULT_FLAG_WRITE | UFFD_PAGEFAULT_FLAG_WP : 0);
	switch (end) {
	case UNWATCH:
		uffd_unwatch(uffd, m.p, m.size);
		svm_end(&t, seqno, m.p, access, 0);
		break;
	case CLOSE:
		close(uffd);
		uffd = -1;
		svm_end(&t, seqno, m.p, access, 0);
		break;
	case WAKE:
		for (int i = 0; i < 3; i++) {
			uffd_wake(uffd, m.p, PAGE);
			uffd_expect(uffd, m.p, PAGE, 0);
			svm_wait_waits(&t, 1);
			svm_expect_waiting(&t, seqno, 1);
		}
		uffd_copy(uffd, m.p, 4);
		svm_end(&t, seqno, m.p, access, 4);
		break;
	case UNMAP:
	case MREMAP:
		if (end == UNMAP)
			vsvm_unmap(m.p, PAGE);
		else
			igt_assert(mremap(m.p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to.p) ==
				   to.p);
		uffd_wake(uffd, m.p, PAGE);
		vsvm_expect_error(fd, t.ctx.queue, VSVM_ERROR_UNMAPPED, access, vsvm_ptr(m.p));
		vsvm_ctx_new_queue(&t.ctx);
		break;
	case DONTNEED:
		igt_assert_eq(madvise(m.p, PAGE, MADV_DONTNEED), 0);
		uffd_protect(uffd, m.p, m.size, false);
		svm_end(&t, seqno, m.p, access, 0);
		igt_assert_eq_u64(((uint64_t *)m.p)[1], 0);
		break;
	default:
		igt_fork(child, 1)
			_exit(m.p[PAGE]);
		igt_waitchildren();
		svm_expect_waiting(&t, seqno, 1);
		uffd_copy(uffd, m.p, 4);
		svm_end(&t, seqno, m.p, access, 4);
	}
	svm_wait_waits(&t, 0);
	if (uffd >= 0)
		close(uffd);
	svm_fini(&t);
	memory_fini(&m);
	memory_fini(&to);
}

/* Reading and writing of one page wait, and are answered one after the other */
static void test_read_then_write(int fd)
{
	int uffd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	struct uffdio_copy copy = { .len = PAGE, .mode = UFFDIO_COPY_MODE_WP };
	uint64_t *from = vsvm_map(PAGE), seqno;
	struct memory m;
	struct svm t;

	*from = 9;
	memory_init(&m, ANON, 1);
	uffd_watch(uffd, m.p, m.size, MISSING | WP);
	svm_init(&t, fd);
	seqno = svm_begin(&t, m.p, VSVM_ACCESS_ATOMIC);
	uffd_expect(uffd, m.p, PAGE, UFFD_PAGEFAULT_FLAG_WRITE);
	copy.dst = vsvm_ptr(m.p);
	copy.src = vsvm_ptr(from);
	igt_assert_eq(ioctl(uffd, UFFDIO_COPY, &copy), 0);
	uffd_expect(uffd, m.p, PAGE, UFFD_PAGEFAULT_FLAG_WRITE | UFFD_PAGEFAULT_FLAG_WP);
	igt_assert_eq_u64(*(uint64_t *)m.p, 9);
	uffd_protect(uffd, m.p, PAGE, false);
	svm_end(&t, seqno, m.p, VSVM_ACCESS_ATOMIC, 9);
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
	vsvm_unmap(from, PAGE);
}

/* A prefetch in a thread of its own */
struct prefetch {
	pthread_t thread;
	struct svm *t;
	void *p;
	size_t size;
	uint32_t flags;
	uint64_t done;
	int ret;
	bool over;
	pid_t tid;
};

static void *prefetch_thread(void *data)
{
	struct prefetch *f = data;

	WRITE_ONCE(f->tid, gettid());
	f->ret = __vsvm_prefetch(f->t->ctx.fd, f->t->ctx.vm, f->p, f->size, f->flags, &f->done);
	__atomic_store_n(&f->over, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_prefetch(int fd, uint32_t flags, int mode)
{
	int uffd = __uffd_open(mode, 0);
	struct prefetch f = { .size = 3 * PAGE, .flags = flags };
	struct memory m;
	uint64_t faults;
	struct svm t;

	igt_require_f(uffd >= 0, "userfaultfd: %m\n");
	memory_init(&m, ANON, 3);
	m.p[0] = 1;
	m.p[2 * PAGE] = 3;
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	f.t = &t;
	f.p = m.p;
	igt_assert_eq(pthread_create(&f.thread, NULL, prefetch_thread, &f), 0);
	uffd_expect(uffd, m.p + PAGE, PAGE, flags ? UFFD_PAGEFAULT_FLAG_WRITE : 0);
	igt_assert(!__atomic_load_n(&f.over, __ATOMIC_SEQ_CST));
	uffd_copy(uffd, m.p + PAGE, 2);
	pthread_join(f.thread, NULL);
	igt_assert_eq(f.ret, 0);
	igt_assert_eq_u64(f.done, f.size);
	uffd_expect_none(uffd);
	faults = svm_stats(&t).faults;
	for (uint64_t i = 0; i < 3; i++) {
		igt_assert_eq_u64(svm_read(&t, m.p + i * PAGE), i + 1);
		if (flags)
			svm_write(&t, m.p + i * PAGE, i);
	}
	igt_assert_eq_u64(svm_stats(&t).faults, faults);
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

static void on_signal(int sig)
{
}

static void test_prefetch_signal(int fd)
{
	struct sigaction act = { .sa_handler = on_signal }, old;
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct prefetch f = { .size = 2 * PAGE };
	int uffd = uffd_open(0);
	struct memory m;
	struct svm t;

	memory_init(&m, ANON, 2);
	m.p[0] = 1;
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	f.t = &t;
	f.p = m.p;
	igt_assert_eq(sigaction(SIGUSR1, &act, &old), 0);
	igt_assert_eq(pthread_create(&f.thread, NULL, prefetch_thread, &f), 0);
	uffd_expect(uffd, m.p + PAGE, PAGE, 0);
	/* once is enough if it comes while the call waits */
	while (!__atomic_load_n(&f.over, __ATOMIC_SEQ_CST) && vsvm_now() < deadline) {
		pthread_kill(f.thread, SIGUSR1);
		usleep(10000);
	}
	if (!__atomic_load_n(&f.over, __ATOMIC_SEQ_CST)) {
		uffd_copy(uffd, m.p + PAGE, 2);
		pthread_join(f.thread, NULL);
		igt_assert_f(false, "a signal does not end the call\n");
	}
	pthread_join(f.thread, NULL);
	igt_assert_eq(f.ret, -EINTR);
	igt_assert_eq_u64(f.done, PAGE);
	sigaction(SIGUSR1, &old, NULL);
	close(uffd);
	igt_assert_eq_u64(svm_read(&t, m.p), 1);
	svm_fini(&t);
	memory_fini(&m);
}

/* An asynchronous prefetch does what needs nobody's answer, and bothers nobody */
static void test_prefetch_async(int fd, bool watched_fence)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	uint64_t *fence, faults, seqno;
	int uffd = uffd_open(0);
	struct memory m;
	struct svm t;

	memory_init(&m, ANON, 4);
	m.p[0] = 1;
	m.p[2 * PAGE] = 3;
	uffd_watch(uffd, m.p, m.size, MISSING);
	svm_init(&t, fd);
	fence = watched_fence ? (uint64_t *)(m.p + 3 * PAGE) : &t.scratch[1];
	igt_assert_eq(__vsvm_prefetch_async(fd, t.ctx.vm, m.p, 3 * PAGE, 0, fence, 6), 0);
	if (watched_fence) {
		/* it does not wait for the fence's page either, and has it when it comes */
		uffd_copy(uffd, fence, 5);
		while (READ_ONCE(*fence) != 6) {
			igt_assert_lt_s64(vsvm_now(), deadline);
			usleep(1000);
		}
	} else {
		vsvm_wait(fd, 0, fence, 6);
	}
	uffd_expect_none(uffd);
	igt_assert_eq_u64(svm_stats(&t).waits, 0);
	faults = svm_stats(&t).faults;
	igt_assert_eq_u64(svm_read(&t, m.p), 1);
	igt_assert_eq_u64(svm_read(&t, m.p + 2 * PAGE), 3);
	igt_assert_eq_u64(svm_stats(&t).faults, faults);
	seqno = svm_begin(&t, m.p + PAGE, VSVM_ACCESS_READ);
	uffd_expect(uffd, m.p + PAGE, PAGE, 0);
	uffd_copy(uffd, m.p + PAGE, 2);
	svm_end(&t, seqno, m.p + PAGE, VSVM_ACCESS_READ, 2);
	close(uffd);
	svm_fini(&t);
	memory_fini(&m);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (enum kind kind = ANON; kind < NUM_KINDS; kind++) {
		igt_describe_f("A page that a userfaultfd brings (%s) does not reach the GPU",
			       kind_names[kind]);
		igt_subtest_f("copy-%s", kind_names[kind])
			test_missing(fd, kind, false);
		if (kind != HUGETLB) {
			igt_describe_f("A userfaultfd's page of zeros (%s) is not the GPU's",
				       kind_names[kind]);
			igt_subtest_f("zero-%s", kind_names[kind])
				test_missing(fd, kind, true);
		}
		igt_describe_f("The GPU writes what a userfaultfd protects (%s), or cannot read it",
			       kind_names[kind]);
		igt_subtest_f("protected-%s", kind_names[kind])
			test_protected(fd, kind);
	}
	igt_describe("The GPU sees a page of a file before the userfaultfd has seen to it");
	igt_subtest("minor")
		test_minor(fd);
	igt_describe("A userfaultfd that has no page makes the GPU wait for ever");
	igt_subtest("poison")
		test_poison(fd);
	igt_describe("Where the CPU gets SIGBUS at once the GPU waits");
	igt_subtest("sigbus")
		test_sigbus(fd);
	igt_describe("A userfaultfd without privilege does not hear of the GPU");
	igt_subtest("user-mode-only")
		test_user_mode(fd);
	igt_describe("A page that is brought protected is written without asking");
	igt_subtest("brought-protected")
		test_read_then_write(fd);

	igt_describe("Of many accesses that wait, some never get their answer");
	igt_subtest("many")
		test_many(fd);
	igt_describe("An access that waits keeps the driver busy");
	igt_subtest("quiet")
		test_quiet(fd, false);
	igt_describe("Many accesses that wait keep the driver busy");
	igt_subtest("quiet-many")
		test_quiet(fd, true);
	igt_describe("An access that waits holds up what else the VM does");
	igt_subtest("others")
		test_others(fd, false);
	igt_describe("Many accesses that wait hold up what else the VM does");
	igt_subtest("others-many")
		test_others(fd, true);
	igt_describe("Of two queues that wait for a page one is forgotten");
	igt_subtest("two-queues")
		test_two(fd, false);
	igt_describe("Of two VMs that wait for a page one is forgotten");
	igt_subtest("two-vms")
		test_two(fd, true);
	for (enum end end = 0; end < NUM_ENDS; end++) {
		igt_describe(ends[end].what);
		igt_subtest(ends[end].name)
			test_end(fd, end);
	}

	igt_describe("A prefetch for reading fails where it could wait");
	igt_subtest("prefetch")
		test_prefetch(fd, 0, 0);
	igt_describe("A prefetch for writing fails where it could wait");
	igt_subtest("prefetch-write")
		test_prefetch(fd, DRM_VSVM_PREFETCH_WRITE, 0);
	igt_describe("A prefetch tries for ever where the kernel may not ask");
	igt_subtest("prefetch-user-mode-only")
		test_prefetch(fd, DRM_VSVM_PREFETCH_WRITE, UFFD_USER_MODE_ONLY);
	igt_describe("A prefetch that waits cannot be interrupted");
	igt_subtest("prefetch-signal")
		test_prefetch_signal(fd);
	igt_describe("A prefetch in the background gets stuck at a page that has to be waited for");
	igt_subtest("prefetch-async")
		test_prefetch_async(fd, false);
	igt_describe("The fence of a prefetch gets lost where its page has to be waited for");
	igt_subtest("prefetch-async-fence")
		test_prefetch_async(fd, true);

	igt_fixture()
		close(fd);
}
