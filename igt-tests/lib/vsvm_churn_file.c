// SPDX-License-Identifier: MIT
/*
 * Operations of vsvm_churn on the files of a thread, one on a disk and one in memory, by system
 * calls: what is mapped of them changes behind the mapping's back.
 */
#include <fcntl.h>
#include <linux/falloc.h>

#include "vsvm_churn_ops.h"

#define PAGE		VSVM_PAGE_SIZE

static int make_file(struct churn_thread *t, unsigned int object)
{
	char path[] = "/var/tmp/vsvm-churn-XXXXXX";
	int fd;

	if (object == CHURN_FILE_MEMFD)
		return memfd_create("vsvm-churn", MFD_CLOEXEC);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

struct churn_object *churn_file_object(struct churn_thread *t, unsigned int object)
{
	struct churn_object *o = &t->m.objects[object];

	if (o->fd >= 0)
		return o;
	o->fd = make_file(t, object);
	o->pages = 256;
	churn_check(t, o->fd >= 0 && !ftruncate(o->fd, o->pages * PAGE), "a file: %m");
	return o;
}

/* A file, and pages of it that there are */
static struct churn_object *op_object(struct churn_thread *t, unsigned int *object,
				      unsigned int *first, unsigned int *count)
{
	struct churn_object *o;

	*object = t->op.bits >> 40 & 1;
	o = churn_file_object(t, *object);
	*first = (t->op.bits >> 41) % o->pages;
	*count = t->op.n < o->pages - *first ? t->op.n : o->pages - *first;
	return o;
}

void churn_do_file_read(struct churn_thread *t)
{
	unsigned int object, first, count;
	struct churn_object *o = op_object(t, &object, &first, &count);
	uint64_t words[CHURN_WORDS];

	for (unsigned int i = first; i < first + count; i++) {
		int word;

		churn_check(t, pread(o->fd, words, PAGE, i * PAGE) == PAGE, "read: %m");
		word = churn_match(&t->m, &o->slots[i], words);
		churn_check(t, word < 0, "read() of file %u page %u word %u: %#llx, expected %#llx",
			    object, i, word, (long long)words[word & (CHURN_WORDS - 1)],
			    (long long)churn_word(o->slots[i].w, word));
	}
}

void churn_do_file_write(struct churn_thread *t)
{
	unsigned int object, first, count;
	struct churn_object *o = op_object(t, &object, &first, &count);
	const unsigned int word = t->op.bits >> 56, words = CHURN_WORDS - 2 * word;
	struct vsvm_rng rng = { t->op.value };
	uint64_t data[CHURN_WORDS];

	for (unsigned int i = first; words && i < first + count; i++) {
		vsvm_rand_fill(&rng, data, 8 * words);
		churn_check(t, pwrite(o->fd, data, 8 * words, i * PAGE + 8 * word) ==
			    (ssize_t)(8 * words), "write: %m");
		churn_object_write(&t->m, object, i, data, word, words);
		churn_burst_step(t);
	}
}

/* Down, and up again to another size */
void churn_do_file_truncate(struct churn_thread *t)
{
	unsigned int object, first, count, old;
	struct churn_object *o = op_object(t, &object, &first, &count);

	old = o->pages;
	churn_check(t, !ftruncate(o->fd, first * PAGE), "truncate: %m");
	churn_object_zero(&t->m, object, first, CHURN_OBJECT_PAGES - first, true);
	o->pages = first;
	churn_burst_step(t);
	o->pages = t->op.bits >> 60 & 1 ? old : 192 + (t->op.bits >> 52) % 128;
	if (o->pages < first)
		o->pages = first;
	if (!o->pages)
		o->pages = 1;
	churn_check(t, !ftruncate(o->fd, o->pages * PAGE), "truncate: %m");
	/* What had no page behind it has one. */
	for (unsigned int i = 0; i < CHURN_PAGES; i++)
		if (t->m.pages[i].object == object)
			t->m.pages[i].gen++;
	churn_burst_step(t);
}

void churn_do_file_punch(struct churn_thread *t)
{
	unsigned int object, first, count;
	struct churn_object *o = op_object(t, &object, &first, &count);

	churn_check(t, !fallocate(o->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  first * PAGE, count * PAGE), "fallocate: %m");
	churn_object_zero(&t->m, object, first, count, false);
	churn_burst_step(t);
}

/* What is not dirty is gone from memory: it has to come from the disk. */
void churn_do_file_drop(struct churn_thread *t)
{
	unsigned int object, first, count;
	struct churn_object *o = op_object(t, &object, &first, &count);

	churn_check(t, !fsync(o->fd), "fsync: %m");
	for (unsigned int i = 0; i < CHURN_PAGES; i++)
		if (t->m.pages[i].backing == CHURN_SHARED && t->m.pages[i].object == object)
			madvise(churn_addr(&t->m, i), PAGE, MADV_PAGEOUT);
	posix_fadvise(o->fd, 0, 0, POSIX_FADV_DONTNEED);
}
