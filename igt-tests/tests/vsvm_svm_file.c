// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm file
 * Description: Mapped files on real file systems: what the GPU reads and writes is the file
 */
#include "vsvm_svm_file.h"

IGT_TEST_DESCRIPTION("Mapped files on real file systems: the GPU reads and writes the file itself");

/* Go on with a queue that was there all the time */
static void use_queue(struct svm *t, uint32_t queue)
{
	vsvm_queue_destroy(t->ctx.fd, t->ctx.queue);
	t->ctx.queue = queue;
}

/* (1.1, 1.2) */
static void test_shared(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init_random(&f, fs, "shared", FILE_SIZE, MAP_SHARED);
	/* from the disk, without any help by the CPU */
	gpu_expect_file(&t, &f);
	/* write() finds the pages that the GPU has */
	file_write(&f, 3 * PAGE - 5, PAGE + 10);
	gpu_expect_file(&t, &f);
	/* and the other way about */
	gpu_write(&t, &f, 2 * PAGE + 100, 9 * PAGE);
	gpu_write(&t, &f, 20 * PAGE - 3, 7);
	file_expect(&f);
	file_write(&f, 4 * PAGE, 3);
	gpu_expect_file(&t, &f);
	/* the GPU is first at pages that nobody has, by writing */
	file_uncache(&f);
	gpu_write(&t, &f, 7 * PAGE + 8, 8);
	gpu_write(&t, &f, FILE_SIZE - 9, 9);
	gpu_expect_file(&t, &f);
	file_expect(&f);
	file_remount(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/* (2.3) */
static void test_private(int fd, struct vsvm_fs *fs)
{
	uint8_t *mine = vsvm_map(FILE_SIZE);
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init_random(&f, fs, "private", FILE_SIZE, MAP_PRIVATE);
	memcpy(mine, f.want, FILE_SIZE);
	/* pages that were read before, and pages that were not */
	gpu_expect(&t, &f, mine, 0, FILE_SIZE / 2);
	vsvm_rand_fill(&f.rng, mine + 2 * PAGE + 8, 20 * PAGE);
	svm_copy(&t, f.p + 2 * PAGE + 8, mine + 2 * PAGE + 8, 20 * PAGE);
	gpu_expect(&t, &f, mine, 0, FILE_SIZE);
	igt_assert(!memcmp(f.p, mine, FILE_SIZE));
	file_expect(&f);
	/* the file changes, what was written does not; gone with the file's pages it were lost */
	file_write(&f, 5 * PAGE, PAGE);
	gpu_expect(&t, &f, mine, 3 * PAGE, 18 * PAGE);
	vsvm_fs_drop_caches();
	gpu_expect(&t, &f, mine, 3 * PAGE, 18 * PAGE);
	/* and thrown away, the file is there again */
	igt_assert_eq(madvise(f.p, FILE_SIZE, MADV_DONTNEED), 0);
	gpu_expect_file(&t, &f);
	file_uncache(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
	vsvm_unmap(mine, FILE_SIZE);
}

/*
 * (5.1, 5.2) What was written before the fence is on the disk when @sync returns. The second round
 * writes to pages that the first one has cleaned, some of which the GPU may have mapped still.
 */
static void test_sync(int fd, struct vsvm_fs *fs, int (*sync)(struct file *f))
{
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	/* one half is on the disk, one half is a hole */
	file_init(&f, fs, "sync", FILE_SIZE, MAP_SHARED);
	file_write(&f, 0, FILE_SIZE / 2);
	file_uncache(&f);
	for (int round = 0; round < 2; round++) {
		gpu_expect_file(&t, &f);
		for (unsigned int i = 0; i < FILE_PAGES; i += 3 - round)
			gpu_write(&t, &f, i * PAGE + 8 * i, PAGE / 2 + i);
		igt_assert_eq(sync(&f), 0);
	}
	file_crash(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

static int by_fsync(struct file *f)
{
	return fsync(f->fd);
}

static int by_msync(struct file *f)
{
	return msync(f->p, FILE_SIZE, MS_SYNC);
}

static int by_syncfs(struct file *f)
{
	return syncfs(f->fd);
}

static void test_fsync(int fd, struct vsvm_fs *fs)
{
	test_sync(fd, fs, by_fsync);
}

static void test_msync(int fd, struct vsvm_fs *fs)
{
	test_sync(fd, fs, by_msync);
}

static void test_syncfs(int fd, struct vsvm_fs *fs)
{
	test_sync(fd, fs, by_syncfs);
}

/* (4.1) Nobody has asked for anything to be written: unmapping is enough for it not to be lost */
static void test_unmap(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init(&f, fs, "unmap", FILE_SIZE, MAP_SHARED);
	for (unsigned int i = 0; i < FILE_PAGES; i++)
		gpu_write(&t, &f, i * PAGE + 16 * i, 8);
	file_unmap(&f);
	file_expect(&f);
	file_remount(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/*
 * (4.2) A page of tmpfs that was only read is clean, and yet writable in the page table of the CPU.
 * Nobody but the GPU's dirty bit knows of a write to it, and clean pages may be thrown away.
 */
static void test_clean(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	file_init(&f, fs, "clean", FILE_SIZE, MAP_SHARED);
	for (int round = 0; round < 4; round++) {
		for (unsigned int i = 0; i < FILE_PAGES; i++)
			igt_assert_eq(READ_ONCE(f.p[i * PAGE + PAGE - 1]), 0);
		gpu_write(&t, &f, 0, FILE_SIZE - PAGE / 2);
		vsvm_fs_drop_caches();
		igt_assert_eq(madvise(f.p, FILE_SIZE, MADV_PAGEOUT), 0);
		file_expect(&f);
		gpu_expect_file(&t, &f);
		igt_assert_eq(madvise(f.p, FILE_SIZE, MADV_REMOVE), 0);
		memset(f.want, 0, FILE_SIZE);
	}
	file_fini(&f);
	svm_fini(&t);
}

/* (6.1, 6.2) The file ends in the midst of its third page */
static void test_eof(int fd, struct vsvm_fs *fs)
{
	const size_t size = 2 * PAGE + 100;
	uint32_t other;
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	other = vsvm_queue_create(fd, t.ctx.vm);
	file_init_random(&f, fs, "eof", size, MAP_SHARED);
	/* behind the end: zeros */
	gpu_expect(&t, &f, f.want, 0, 3 * PAGE);
	svm_expect_errors(&t, f.p + 3 * PAGE, VSVM_ERROR_BUS);
	svm_expect_errors(&t, f.p + FILE_SIZE + 8, VSVM_ERROR_BUS);
	/* the last page can be written, what is behind the end does not count */
	gpu_write(&t, &f, PAGE, size - PAGE);
	svm_write(&t, f.p + size + 12, ~0ull);
	svm_fill(&t, f.p + 2 * PAGE + 2048, 2048, ~0ull);
	file_expect(&f);
	file_uncache(&f);
	/* with DAX there is no way to the disk on which that could be lost */
	if (fs->can & VSVM_FS_DISK && fs->can & VSVM_FS_CACHE)
		gpu_expect(&t, &f, f.want, 0, 3 * PAGE);
	/* also for who still has it when the file grows */
	svm_write(&t, f.p + size + 12, ~0ull);
	file_resize(&f, 6 * PAGE);
	if (fs->can & VSVM_FS_DISK) {
		gpu_expect_file(&t, &f);
		file_expect(&f);
	}
	/* no rest of the errors: the pages are there now, and end where the file does */
	svm_fill(&t, f.p + 2 * PAGE, 4 * PAGE, 0x3333333333333333);
	memset(f.want + 2 * PAGE, 0x33, 4 * PAGE);
	svm_expect_errors(&t, f.p + 6 * PAGE, VSVM_ERROR_BUS);
	/* a copy that runs beyond dies at the first byte that is not there */
	vsvm_emit_copy(svm_stream(&t), vsvm_ptr(f.got), vsvm_ptr(f.p + 5 * PAGE), 2 * PAGE);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_BUS, VSVM_ACCESS_READ,
			      vsvm_ptr(f.p + 6 * PAGE));
	/* and all that has not hurt who has nothing to do with it */
	use_queue(&t, other);
	gpu_expect_file(&t, &f);
	file_remount(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/* (6.4) The file can be written, but not by this mapping; the page is, at another address */
static void test_readonly(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;
	uint8_t *p;
	int ro;

	svm_init(&t, fd);
	file_init_random(&f, fs, "readonly", FILE_SIZE, MAP_SHARED);
	ro = vsvm_fs_open(fs, "readonly", O_RDONLY);
	p = svm_buffer(FILE_SIZE);
	igt_assert(mmap(p, FILE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0) == p);
	gpu_write(&t, &f, PAGE, 3 * PAGE);
	svm_copy(&t, f.got, p, FILE_SIZE);
	igt_assert(!memcmp(f.got, f.want, FILE_SIZE));
	svm_expect_error(&t, p + PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p + 8 * PAGE + 4, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
	/* allowed, and forbidden again */
	gpu_write(&t, &f, 5 * PAGE, PAGE);
	igt_assert_eq(mprotect(f.p, FILE_SIZE, PROT_READ), 0);
	gpu_expect_file(&t, &f);
	svm_expect_error(&t, f.p + 5 * PAGE + 8, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	file_expect(&f);
	svm_buffer_free(p, FILE_SIZE);
	close(ro);
	file_fini(&f);
	svm_fini(&t);
}

/*
 * The GPU copies a page, which is done if the fence says so, or else has killed the queue with BUS
 * at @p, that of the two that is the file's.
 */
static bool gpu_try(struct svm *t, uint8_t *dst, const uint8_t *src, uint8_t *p)
{
	uint64_t seqno;
	int ret;

	vsvm_emit_copy(svm_stream(t), vsvm_ptr(dst), vsvm_ptr(src), PAGE);
	seqno = vsvm_submit(&t->ctx, &t->s);
	do {
		ret = __vsvm_wait(t->ctx.fd, t->ctx.queue, t->ctx.fence, seqno, VSVM_WAIT_NS);
	} while (ret == -EINTR);
	if (!ret)
		return true;
	vsvm_expect_error(t->ctx.fd, t->ctx.queue, VSVM_ERROR_BUS,
			  p == dst ? VSVM_ACCESS_WRITE : VSVM_ACCESS_READ, vsvm_ptr(p));
	vsvm_ctx_new_queue(&t->ctx);
	return false;
}

/*
 * (6.3) The disk is full, and the GPU writes into a hole, page after page: either a fence is seen
 * and the page is in the file, or the queue has an error and the page is a hole still.
 */
static void test_enospc(int fd, struct vsvm_fs *fs)
{
	uint8_t *src = svm_buffer(PAGE);
	unsigned int refused = 0;
	uint32_t other;
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	other = vsvm_queue_create(fd, t.ctx.vm);
	file_init(&f, fs, "enospc", FILE_ROOM, MAP_SHARED);
	vsvm_fs_fill_up(fs, "filler");
	for (unsigned int i = 0; i < FILE_ROOM / PAGE && refused < 3; i++) {
		vsvm_rand_fill(&f.rng, src, PAGE);
		if (gpu_try(&t, f.p + i * PAGE, src, f.p + i * PAGE))
			memcpy(f.want + i * PAGE, src, PAGE);
		else
			refused++;
	}
	igt_assert_lt_u32(0, refused);
	file_expect(&f);
	/* nobody else has had an error; a hole can be read where that takes no room */
	use_queue(&t, other);
	for (unsigned int i = 0; i < FILE_ROOM / PAGE; i++)
		if (fs->can & VSVM_FS_DISK || f.want[i * PAGE] || f.want[i * PAGE + 1])
			gpu_expect(&t, &f, f.want, i * PAGE, PAGE);
	/* and there is room again */
	vsvm_fs_unlink(fs, "filler");
	/* what was deleted is free after a commit */
	igt_assert_eq(syncfs(f.fd), 0);
	gpu_write(&t, &f, 0, FILE_ROOM);
	file_expect(&f);
	file_remount(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
	svm_buffer_free(src, PAGE);
}

/*
 * (6.5) The disk is gone. What is refused then depends on the file system; what is has to be an
 * error of who asked for it, and what is not has to be done.
 */
static void test_io_error(int fd, struct vsvm_fs *fs)
{
	unsigned int refused = 0;
	uint32_t other;
	struct svm t;
	struct file f;

	svm_init(&t, fd);
	other = vsvm_queue_create(fd, t.ctx.vm);
	file_init_random(&f, fs, "io-error", FILE_SIZE, MAP_SHARED);
	svm_read(&t, f.p);
	vsvm_fs_shutdown(fs);
	for (unsigned int page = 0; page < FILE_PAGES; page++) {
		bool write = page % 2;

		memset(f.got, 0xee, PAGE);
		if (!gpu_try(&t, write ? f.p + page * PAGE : f.got,
			     write ? f.got : f.p + page * PAGE, f.p + page * PAGE))
			refused++;
		else
			igt_assert(!memcmp(f.got, f.p + page * PAGE, PAGE));
	}
	/* XFS refuses all that it does not have in memory */
	igt_assert(refused || strcmp(fs->type, "xfs"));
	use_queue(&t, other);
	svm_write(&t, t.scratch, 1);
	file_remount(&f);
	file_expect(&f);
	gpu_write(&t, &f, 8 * PAGE, PAGE);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
}

/* (7.1) Beside O_DIRECT, which goes by the page cache; the GPU has the buffer as well */
static void test_direct(int fd, struct vsvm_fs *fs)
{
	uint8_t *buf = svm_buffer(FILE_SIZE);
	struct svm t;
	struct file f;
	int direct;

	svm_init(&t, fd);
	file_init_random(&f, fs, "direct", FILE_SIZE, MAP_SHARED);
	direct = vsvm_fs_open(fs, "direct", O_RDWR | O_DIRECT);
	/* what the GPU has written and nobody has asked to be on the disk */
	gpu_write(&t, &f, 0, FILE_SIZE);
	svm_fill(&t, buf, FILE_SIZE, 1);
	igt_assert_eq(pread(direct, buf, FILE_SIZE, 0), FILE_SIZE);
	svm_copy(&t, f.got, buf, FILE_SIZE);
	igt_assert(!memcmp(f.got, f.want, FILE_SIZE));
	/* what the disk has, the GPU having pages of the same range for writing */
	gpu_write(&t, &f, 3 * PAGE, 4 * PAGE);
	vsvm_rand_fill(&f.rng, f.want + 4 * PAGE, 8 * PAGE);
	svm_copy(&t, buf, f.want + 4 * PAGE, 8 * PAGE);
	igt_assert_eq(pwrite(direct, buf, 8 * PAGE, 4 * PAGE), 8 * PAGE);
	gpu_expect_file(&t, &f);
	file_expect(&f);
	gpu_write(&t, &f, 10 * PAGE + 8, 4 * PAGE);
	close(direct);
	file_uncache(&f);
	file_expect(&f);
	file_fini(&f);
	svm_fini(&t);
	svm_buffer_free(buf, FILE_SIZE);
}

/* (7.4) The name goes to another file, then is gone; who has the old file mapped has it still */
static void test_replace(int fd, struct vsvm_fs *fs)
{
	struct file old, new;
	char path[128];
	struct svm t;

	svm_init(&t, fd);
	file_init_random(&old, fs, "name", FILE_SIZE, MAP_SHARED);
	file_init_random(&new, fs, "new", FILE_SIZE / 2, MAP_SHARED);
	gpu_write(&t, &old, PAGE, PAGE);
	gpu_write(&t, &new, PAGE, PAGE);
	snprintf(path, sizeof(path), "%s", vsvm_fs_path(fs, "new"));
	igt_assert_eq(rename(path, vsvm_fs_path(fs, "name")), 0);
	new.name = "name";
	gpu_write(&t, &old, 2 * PAGE, 10 * PAGE);
	gpu_write(&t, &new, 4 * PAGE, 4 * PAGE);
	file_uncache(&old);
	gpu_expect_file(&t, &old);
	file_expect(&old);
	gpu_expect_file(&t, &new);
	file_expect(&new);
	file_fini(&old);
	/* emptied by who opens it, and filled again */
	close(vsvm_fs_open(fs, "name", O_WRONLY | O_TRUNC));
	svm_expect_errors(&t, new.p + PAGE, VSVM_ERROR_BUS);
	svm_expect_errors(&t, new.p + 4 * PAGE, VSVM_ERROR_BUS);
	file_write(&new, 0, FILE_SIZE / 2);
	gpu_expect_file(&t, &new);
	gpu_write(&t, &new, 3 * PAGE, PAGE);
	file_uncache(&new);
	file_expect(&new);
	file_fini(&new);
	svm_fini(&t);
}

/* (7.3) Files that share blocks do not share what is written */
static void test_reflink(int fd, struct vsvm_fs *fs)
{
	struct file_clone_range range = { .src_length = 4 * PAGE };
	struct file a, b;
	struct svm t;

	svm_init(&t, fd);
	file_init_random(&a, fs, "original", FILE_SIZE, MAP_SHARED);
	file_init(&b, fs, "clone", FILE_SIZE, MAP_SHARED);
	/* the GPU has pages of it for writing, and what it wrote belongs to the clone as well */
	gpu_write(&t, &a, PAGE, 8 * PAGE);
	gpu_expect_file(&t, &b);
	igt_assert_eq(ioctl(b.fd, FICLONE, a.fd), 0);
	memcpy(b.want, a.want, FILE_SIZE);
	gpu_write(&t, &a, 2 * PAGE + 8, 20 * PAGE);
	gpu_expect_file(&t, &b);
	file_expect(&b);
	gpu_write(&t, &b, 5 * PAGE, 40);
	gpu_expect_file(&t, &a);
	/* a part of one gets under the other, of which the GPU has those pages */
	range.src_fd = b.fd;
	range.dest_offset = 16 * PAGE;
	igt_assert_eq(ioctl(a.fd, FICLONERANGE, &range), 0);
	memcpy(a.want + 16 * PAGE, b.want, 4 * PAGE);
	gpu_expect_file(&t, &a);
	gpu_write(&t, &a, 17 * PAGE, 8);
	gpu_expect_file(&t, &b);
	igt_assert_eq(fsync(a.fd), 0);
	igt_assert_eq(fsync(b.fd), 0);
	vsvm_fs_shutdown(fs);
	file_close(&b);
	file_remount(&a);
	file_open(&b);
	file_expect(&a);
	file_expect(&b);
	file_fini(&a);
	file_fini(&b);
	svm_fini(&t);
}

/* (3.1, 3.2) Ranges of the file go, come, and become zero, of which the GPU has all pages */

/* Some for writing; most clean, for the writeback before such a call would take the others away */
static void begin_range(struct svm *t, struct file *f, int fd, struct vsvm_fs *fs)
{
	svm_init(t, fd);
	file_init_random(f, fs, "range", FILE_SIZE, MAP_SHARED);
	gpu_write(t, f, 0, FILE_SIZE);
	igt_assert_eq(fsync(f->fd), 0);
	gpu_expect_file(t, f);
	for (unsigned int i = 0; i < FILE_PAGES; i += 5)
		gpu_write(t, f, i * PAGE, PAGE);
}

/* The GPU sees the file as it is, writes to it, and all that gets to the disk */
static void end_range(struct svm *t, struct file *f)
{
	gpu_expect_file(t, f);
	file_expect(f);
	gpu_write(t, f, 5 * PAGE + 8, 2 * PAGE);
	gpu_write(t, f, f->size - 32, 32);
	gpu_expect_file(t, f);
	file_expect(f);
	if (f->size < FILE_ROOM)
		svm_expect_errors(t, f->p + ALIGN(f->size, PAGE), VSVM_ERROR_BUS);
	file_uncache(f);
	file_expect(f);
	file_fini(f);
	svm_fini(t);
}

static void test_truncate(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	begin_range(&t, &f, fd, fs);
	file_resize(&f, 9 * PAGE + 333);
	svm_expect_errors(&t, f.p + 10 * PAGE, VSVM_ERROR_BUS);
	svm_expect_errors(&t, f.p + FILE_SIZE - 4, VSVM_ERROR_BUS);
	gpu_expect(&t, &f, f.want, 0, 10 * PAGE);
	file_expect(&f);
	file_resize(&f, FILE_SIZE);
	end_range(&t, &f);
}

static void test_punch(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	begin_range(&t, &f, fd, fs);
	for (int round = 0; round < 2; round++) {
		igt_assert_eq(fallocate(f.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					3 * PAGE + 50, 10 * PAGE), 0);
		memset(f.want + 3 * PAGE + 50, 0, 10 * PAGE);
		gpu_expect_file(&t, &f);
		gpu_write(&t, &f, 4 * PAGE, PAGE + 8);
		file_expect(&f);
	}
	end_range(&t, &f);
}

static void test_remove(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	begin_range(&t, &f, fd, fs);
	igt_assert_eq(madvise(f.p + 3 * PAGE, 10 * PAGE, MADV_REMOVE), 0);
	memset(f.want + 3 * PAGE, 0, 10 * PAGE);
	end_range(&t, &f);
}

static void test_zero(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	begin_range(&t, &f, fd, fs);
	igt_assert_eq(fallocate(f.fd, FALLOC_FL_ZERO_RANGE, 3 * PAGE + 50, 10 * PAGE), 0);
	memset(f.want + 3 * PAGE + 50, 0, 10 * PAGE);
	end_range(&t, &f);
}

static void test_collapse(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	begin_range(&t, &f, fd, fs);
	igt_assert_eq(fallocate(f.fd, FALLOC_FL_COLLAPSE_RANGE, 4 * PAGE, 8 * PAGE), 0);
	f.size -= 8 * PAGE;
	memmove(f.want + 4 * PAGE, f.want + 12 * PAGE, f.size - 4 * PAGE);
	memset(f.want + f.size, 0, 8 * PAGE);
	end_range(&t, &f);
}

static void test_insert(int fd, struct vsvm_fs *fs)
{
	struct svm t;
	struct file f;

	begin_range(&t, &f, fd, fs);
	igt_assert_eq(fallocate(f.fd, FALLOC_FL_INSERT_RANGE, 4 * PAGE, 8 * PAGE), 0);
	memmove(f.want + 12 * PAGE, f.want + 4 * PAGE, f.size - 4 * PAGE);
	memset(f.want + 4 * PAGE, 0, 8 * PAGE);
	f.size += 8 * PAGE;
	end_range(&t, &f);
}

static const struct file_test tests[] = {
	{ "shared", "The GPU, read() and write() do not see the same bytes of a file",
	  test_shared },
	{ "private", "What the GPU writes to a private mapping is lost, or gets into the file",
	  test_private },
	{ "fsync", "What the GPU wrote is not on the disk after fsync", test_fsync, VSVM_FS_CRASH },
	{ "msync", "What the GPU wrote is not on the disk after msync", test_msync, VSVM_FS_CRASH },
	{ "syncfs", "What the GPU wrote is not on the disk after syncfs", test_syncfs,
	  VSVM_FS_CRASH },
	{ "unmap", "What the GPU wrote is lost when the file is unmapped", test_unmap },
	{ "eof", "Behind the end of a file is not what the CPU has there", test_eof },
	{ "readonly", "The GPU writes a file through a mapping that is for reading",
	  test_readonly },
	{ "io-error", "An access that the disk refuses is no error, or everybody's",
	  test_io_error, VSVM_FS_CRASH | VSVM_FS_CACHE },
	{ "reflink", "The GPU writes to blocks that belong to another file as well", test_reflink,
	  VSVM_FS_REFLINK },
	{ "direct", "The GPU and O_DIRECT do not see what the other has written", test_direct },
	{ "replace", "The GPU gets at the file that has the name of a mapped one now",
	  test_replace },
	{ "truncate", "The GPU still has pages that were cut off a file", test_truncate },
	{ "punch", "The GPU still has pages that were punched out of a file", test_punch },
	{ "remove", "The GPU still has pages that MADV_REMOVE took out of a file", test_remove },
	{ "zero", "The GPU still sees what a file had before a range was zeroed", test_zero,
	  VSVM_FS_ZERO },
	{ "collapse", "The GPU has pages at the offset that they had before a range was taken out",
	  test_collapse, VSVM_FS_SHIFT },
	{ "insert", "The GPU has pages at the offset that they had before a range was put in",
	  test_insert, VSVM_FS_SHIFT },
	{ "enospc", "A write for which the disk has no room is lost without an error",
	  test_enospc },
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
		if (strcmp(fs->name, "tmpfs"))
			continue;
		igt_describe("What the GPU wrote to a page that was only read is thrown away");
		igt_subtest_f("clean-%s", fs->name) {
			vsvm_fs_begin(fs);
			test_clean(fd, fs);
			vsvm_fs_end(fs);
		}
	}

	igt_fixture() {
		vsvm_fs_fini();
		close(fd);
	}
}
