/* SPDX-License-Identifier: MIT */
/*
 * What the tests of file-backed memory have in common: a mapped file of which every byte is known.
 *
 * Numbers in comments, as in "(4.2)", are points of docs/file-backed-memory.rst.
 */
#ifndef VSVM_SVM_FILE_H
#define VSVM_SVM_FILE_H

#include <linux/falloc.h>
#include <linux/fs.h>

#include "vsvm_fs.h"
#include "vsvm_svm.h"

#ifndef MADV_PAGEOUT
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif

/* Of most files. On XFS, pages of a file of this size come in folios of several. */
#define FILE_PAGES	32u
#define FILE_SIZE	(FILE_PAGES * PAGE)
/* Addresses for a file that may grow */
#define FILE_ROOM	(2 * FILE_SIZE)

/**
 * struct file - a file, mapped, and what is in it
 */
struct file {
	/** @fs: where it is */
	struct vsvm_fs *fs;
	/** @name: its name */
	const char *name;
	/** @fd: open for reading and writing */
	int fd;
	/** @flags: of the mapping: MAP_SHARED or MAP_PRIVATE */
	int flags;
	/** @size: its size, which the mapping may exceed */
	size_t size;
	/** @p: %FILE_ROOM bytes of mapping, between guards */
	uint8_t *p;
	/** @want: what has to be in it; %FILE_ROOM bytes, zero from @size on */
	uint8_t *want;
	/** @got: %FILE_ROOM bytes for what is */
	uint8_t *got;
	/** @rng: for new content */
	struct vsvm_rng rng;
};

static inline void file_map(struct file *f)
{
	igt_assert(mmap(f->p, FILE_ROOM, RW, f->flags | MAP_FIXED, f->fd, 0) == f->p);
}

/** file_unmap() - the addresses stay, with nothing there */
static inline void file_unmap(struct file *f)
{
	igt_assert(mmap(f->p, FILE_ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0) == f->p);
}

/** file_cached() - how many of its pages are in the page cache */
static inline unsigned int file_cached(struct file *f)
{
	unsigned int pages = ALIGN(f->size, PAGE) / PAGE, cached = 0;
	void *p = mmap(NULL, FILE_ROOM, PROT_READ, MAP_SHARED, f->fd, 0);
	unsigned char there[FILE_ROOM / PAGE];

	igt_assert(p != MAP_FAILED);
	igt_assert_eq(mincore(p, FILE_ROOM, there), 0);
	vsvm_unmap(p, FILE_ROOM);
	for (unsigned int i = 0; i < pages; i++)
		cached += there[i] & 1;
	return cached;
}

/** file_uncache() - all of it goes to the disk and out of the page cache; it stays mapped */
static inline void file_uncache(struct file *f)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	if (!(f->fs->can & VSVM_FS_DISK))
		return;
	igt_assert_eq(fsync(f->fd), 0);
	/* mapped pages are passed over */
	file_unmap(f);
	if (f->fs->can & VSVM_FS_CACHE) {
		igt_assert_eq(posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED), 0);
		/* someone may look at a page just then, and so keep it */
		while (file_cached(f) && vsvm_now() < deadline) {
			usleep(1000);
			vsvm_fs_drop_caches();
		}
		igt_assert_eq(file_cached(f), 0);
	}
	file_map(f);
}

/** file_expect() - what read() gives is what it has to be, and so is the size */
static inline void file_expect(struct file *f)
{
	struct stat st;

	igt_assert_eq(fstat(f->fd, &st), 0);
	igt_assert_eq_u64(st.st_size, f->size);
	memset(f->got, 0, FILE_ROOM);
	igt_assert_eq(pread(f->fd, f->got, FILE_ROOM, 0), f->size);
	for (size_t i = 0; i < FILE_ROOM; i++)
		igt_assert_f(f->got[i] == f->want[i],
			     "%s, read(): byte %#zx (page %zu) is %#x and not %#x\n", f->name, i,
			     (size_t)(i / PAGE), f->got[i], f->want[i]);
}

/** gpu_expect() - what the GPU reads there has to be @want */
static inline void gpu_expect(struct svm *t, struct file *f, const uint8_t *want, size_t at,
			      size_t size)
{
	memset(f->got, 0xee, FILE_ROOM);
	svm_copy(t, f->got + at, f->p + at, size);
	for (size_t i = at; i < at + size; i++)
		igt_assert_f(f->got[i] == want[i],
			     "%s, GPU: byte %#zx (page %zu) is %#x and not %#x\n", f->name, i,
			     (size_t)(i / PAGE), f->got[i], want[i]);
}

/** gpu_expect_file() - the GPU sees all of the file as it has to be */
static inline void gpu_expect_file(struct svm *t, struct file *f)
{
	gpu_expect(t, f, f->want, 0, f->size);
}

/** gpu_write() - the GPU writes something new into a part of the file */
static inline void gpu_write(struct svm *t, struct file *f, size_t at, size_t size)
{
	vsvm_rand_fill(&f->rng, f->want + at, size);
	svm_copy(t, f->p + at, f->want + at, size);
}

/** file_write() - the same by write() */
static inline void file_write(struct file *f, size_t at, size_t size)
{
	vsvm_rand_fill(&f->rng, f->want + at, size);
	igt_assert_eq(pwrite(f->fd, f->want + at, size, at), size);
}

/** file_resize() - ftruncate(): what was cut off does not come back */
static inline void file_resize(struct file *f, size_t size)
{
	igt_assert_eq(ftruncate(f->fd, size), 0);
	if (size < f->size)
		memset(f->want + size, 0, f->size - size);
	f->size = size;
}

/** file_init() - a new file that is one hole */
static inline void file_init(struct file *f, struct vsvm_fs *fs, const char *name, size_t size,
			     int flags)
{
	*f = (struct file) {
		.fs = fs, .name = name, .flags = flags, .size = size,
		.fd = vsvm_fs_open(fs, name, O_RDWR | O_CREAT | O_TRUNC),
		.p = svm_buffer(FILE_ROOM),
		.want = svm_buffer(FILE_ROOM),
		.got = svm_buffer(FILE_ROOM),
		.rng = { size },
	};
	igt_assert_eq(ftruncate(f->fd, size), 0);
	file_map(f);
}

/** file_init_random() - a new file that is full, and on the disk alone if there is one */
static inline void file_init_random(struct file *f, struct vsvm_fs *fs, const char *name,
				    size_t size, int flags)
{
	file_init(f, fs, name, size, flags);
	file_write(f, 0, size);
	file_uncache(f);
}

/** file_close() - unmapped and closed; what has to be in it is known still */
static inline void file_close(struct file *f)
{
	file_unmap(f);
	close(f->fd);
}

/** file_open() - and back again */
static inline void file_open(struct file *f)
{
	f->fd = vsvm_fs_open(f->fs, f->name, O_RDWR);
	file_map(f);
}

/** file_remount() - all goes to the disk and is looked for there */
static inline void file_remount(struct file *f)
{
	if (!(f->fs->can & VSVM_FS_DISK))
		return;
	file_close(f);
	vsvm_fs_remount(f->fs);
	file_open(f);
}

/** file_crash() - the power goes: what is not on the disk now never will be */
static inline void file_crash(struct file *f)
{
	vsvm_fs_shutdown(f->fs);
	file_remount(f);
}

/** file_fini() - give it back */
static inline void file_fini(struct file *f)
{
	close(f->fd);
	svm_buffer_free(f->p, FILE_ROOM);
	svm_buffer_free(f->want, FILE_ROOM);
	svm_buffer_free(f->got, FILE_ROOM);
}

/**
 * struct file_test - a subtest for each file system that can what it needs
 */
struct file_test {
	/** @name: beginning of its name */
	const char *name;
	/** @describe: what would go wrong for a user */
	const char *describe;
	/** @fn: the test */
	void (*fn)(int fd, struct vsvm_fs *fs);
	/** @needs: VSVM_FS_* */
	unsigned int needs;
};

#endif /* VSVM_SVM_FILE_H */
