// SPDX-License-Identifier: MIT
/*
 * Operations of vsvm_churn that change mappings: where they are, what may be done there, and what
 * the kernel is told of them.
 */
#include <fcntl.h>
#include <linux/fs.h>

#include "vsvm_churn_ops.h"

#define PAGE		VSVM_PAGE_SIZE
#define RW		(PROT_READ | PROT_WRITE)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

void churn_do_mmap(struct churn_thread *t, uint8_t backing, unsigned int object, int flags)
{
	unsigned int a = t->op.a, n = t->op.n, offset = 0;
	int fd = -1;
	void *p;

	if (backing != CHURN_ANON) {
		struct churn_object *o = churn_file_object(t, object);

		fd = o->fd;
		/* beyond its end too, a little */
		offset = (t->op.bits >> 40) % (o->pages + 8);
		if (offset + n > CHURN_OBJECT_PAGES)
			offset = CHURN_OBJECT_PAGES - n;
	}
	p = mmap(churn_addr(&t->m, a), n * PAGE, RW, flags | MAP_FIXED, fd, offset * PAGE);
	churn_check(t, p == churn_addr(&t->m, a), "mmap: %m");
	for (unsigned int i = 0; i < n; i++)
		churn_map(&t->m, a + i, backing, object, offset + i);
	churn_burst_step(t);
}

/* The object has no file descriptor of its own: one is had from the mapping. */
void churn_do_mmap_shared(struct churn_thread *t)
{
	unsigned int a = t->op.a, n = t->op.n, object;
	uint8_t *p = churn_addr(&t->m, a);
	struct churn_object *o;
	char path[64];

	for (object = CHURN_FILES; object < CHURN_OBJECTS; object++)
		if (t->m.objects[object].fd < 0)
			break;
	if (object == CHURN_OBJECTS) {
		churn_do_mmap(t, CHURN_ANON, 0, MAP_PRIVATE | MAP_ANONYMOUS);
		return;
	}
	churn_check(t, mmap(p, n * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p,
		    "mmap: %m");
	o = &t->m.objects[object];
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)p,
		 (long)(p + n * PAGE));
	o->fd = open(path, O_RDWR | O_CLOEXEC);
	churn_check(t, o->fd >= 0, "%s: %m", path);
	o->pages = n;
	for (unsigned int i = 0; i < n; i++)
		churn_map(&t->m, a + i, CHURN_SHARED, object, i);
	churn_burst_step(t);
}

void churn_do_munmap(struct churn_thread *t)
{
	unsigned int a = t->op.a, end = a + t->op.n, n;

	for (; a < end; a += n) {
		n = end - a < t->piece ? end - a : t->piece;
		churn_check(t, !munmap(churn_addr(&t->m, a), n * PAGE), "munmap: %m");
		for (unsigned int i = a; i < a + n; i++)
			churn_unmap(&t->m, i);
		churn_burst_step(t);
	}
}

/* The intervals in a range are these, each the VMA that is there */
static void check_bounds(struct churn_thread *t, const unsigned int bounds[][2], unsigned int count,
			 unsigned int first, unsigned int end)
{
	struct drm_vsvm_interval *all;
	unsigned int num, hits = 0;

	churn_check(t, !__vsvm_vm_sync(t->churn->config.fd, t->churn->vm), "VM_SYNC: %m");
	if (!vsvm_is_vma_policy())
		return;
	num = vsvm_vm_intervals(t->churn->config.fd, t->churn->vm, &all);
	for (unsigned int i = 0; i < num; i++) {
		uint64_t base = vsvm_ptr(t->m.base);

		if (all[i].end <= base + first * PAGE || all[i].start >= base + end * PAGE)
			continue;
		churn_check(t, hits < count && all[i].start == base + bounds[hits][0] * PAGE &&
			    all[i].end == base + bounds[hits][1] * PAGE,
			    "interval %#llx..%#llx, pages up to %lld, expected pages %u..%u (%u of %u)",
			    (long long)all[i].start, (long long)all[i].end,
			    (long long)(all[i].end - base) / (int)PAGE - 1, bounds[hits & 1][0],
			    bounds[hits & 1][1] - 1, hits, count);
		hits++;
	}
	churn_check(t, hits == count, "%u intervals in pages %u..%u, expected %u", hits, first,
		    end - 1, count);
	free(all);
}

/*
 * A mapping without neighbours, that the GPU has used: its interval is the mapping. When a part of
 * it is gone, what is left has an interval each. Where mappings have neighbours a VMA may be
 * larger, and the interval follows when the GPU faults, so that is the only case with one answer.
 */
void churn_do_bounds(struct churn_thread *t)
{
	const unsigned int n = 3 + t->op.bits % 30;
	const unsigned int a = t->op.a + n + 1 < CHURN_PAGES ?
			       t->op.a + 1u : CHURN_PAGES - n - 1;
	const unsigned int from = a + (t->op.bits >> 40) % n;
	const unsigned int to = from + 1 + (t->op.bits >> 48) % (a + n - from);
	unsigned int bounds[2][2] = { { a, a + n } }, count = 0;
	void *p = churn_addr(&t->m, a);

	churn_check(t, !munmap(churn_addr(&t->m, a - 1), (n + 2) * PAGE), "munmap: %m");
	for (unsigned int i = a - 1; i <= a + n; i++)
		churn_unmap(&t->m, i);
	churn_check(t, !__vsvm_vm_sync(t->churn->config.fd, t->churn->vm), "VM_SYNC: %m");
	churn_check(t, mmap(p, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p,
		    "mmap: %m");
	for (unsigned int i = a; i < a + n; i++)
		churn_map(&t->m, i, CHURN_ANON, 0, 0);
	churn_gpu_fill(t, t->op.bits >> 8 & 1, a, n, t->op.value);
	check_bounds(t, bounds, 1, a - 1, a + n + 1);

	churn_check(t, !munmap(churn_addr(&t->m, from), (to - from) * PAGE), "munmap: %m");
	for (unsigned int i = from; i < to; i++)
		churn_unmap(&t->m, i);
	if (from > a) {
		bounds[count][0] = a;
		bounds[count++][1] = from;
	}
	if (to < a + n) {
		bounds[count][0] = to;
		bounds[count++][1] = a + n;
	}
	check_bounds(t, bounds, count, a - 1, a + n + 1);
}

void churn_do_protect(struct churn_thread *t, int prot)
{
	unsigned int a = t->op.a, end = a + t->op.n, n;

	for (; (n = churn_next_run(t, churn_is_mapped, &a, end)); a += n) {
		churn_check(t, !mprotect(churn_addr(&t->m, a), n * PAGE, prot), "mprotect: %m");
		for (unsigned int i = 0; i < n; i++)
			churn_protect(&t->m, a + i, prot);
		churn_burst_step(t);
	}
}

/* Pages from @a on that are in the same VMA, at most @n */
static unsigned int in_vma(struct churn_thread *t, unsigned int a, unsigned int n)
{
	struct procmap_query query = {
		.size = sizeof(query),
		.query_addr = vsvm_ptr(churn_addr(&t->m, a)),
	};
	uint64_t pages;

	churn_check(t, !ioctl(t->maps, PROCMAP_QUERY, &query), "the VMA at page %u: %m", a);
	pages = (query.vma_end - query.query_addr) / PAGE;
	return pages < n ? pages : n;
}

/* What mremap() adds to the end of a mapping whose last page is @last of the model, at @to */
static void model_grow(struct churn_thread *t, unsigned int last, unsigned int to,
		       unsigned int count)
{
	const struct churn_page p = t->m.pages[last];

	for (unsigned int i = 0; i < count; i++) {
		struct churn_page *page = &t->m.pages[to + i];

		churn_map(&t->m, to + i, p.backing, p.object, p.offset + 1 + i);
		page->prot = p.prot;
		page->wipe = p.wipe;
		page->dontfork = p.dontfork;
	}
}

void churn_do_move(struct churn_thread *t, bool keep)
{
	unsigned int a = t->op.a, b = t->op.b, n, size, common;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
	void *p;

	n = churn_next_run(t, churn_is_mapped, &a, t->op.a + t->op.n);
	if (!n)
		return;
	n = in_vma(t, a, n);
	size = n;
	/* It may grow or shrink by the way. */
	if (!keep && !(t->op.bits >> 40 & 3))
		size = 1 + (t->op.bits >> 42) % (n + 4);
	if (b + size > CHURN_PAGES)
		b = CHURN_PAGES - size;
	if (a < b + size && b < a + (n > size ? n : size))
		return;
	if (size > n && t->m.pages[a + n - 1].offset + size - n >= CHURN_OBJECT_PAGES)
		size = n;
	common = size < n ? size : n;
	p = mremap(churn_addr(&t->m, a), n * PAGE, size * PAGE, flags, churn_addr(&t->m, b));
	churn_check(t, p == churn_addr(&t->m, b), "mremap of pages %u..%u to %u..%u: %m", a,
		    a + n - 1, b, b + size - 1);
	for (unsigned int i = 0; i < common; i++)
		churn_move(&t->m, a + i, b + i, keep);
	if (size > n)
		model_grow(t, b + n - 1, b + n, size - n);
	for (unsigned int i = size; i < n; i++)
		churn_unmap(&t->m, a + i);
	churn_burst_step(t);
}

/* In place: where nothing is mapped behind */
void churn_do_grow(struct churn_thread *t)
{
	unsigned int a = t->op.a, n, room, more = 1 + (t->op.bits >> 40) % 8;
	void *p;

	n = churn_next_run(t, churn_is_mapped, &a, CHURN_PAGES);
	if (!n)
		return;
	for (room = 0; a + n + room < CHURN_PAGES && !churn_is_mapped(t, a + n + room); room++)
		;
	if (more > room)
		more = room;
	if (!more || t->m.pages[a + n - 1].offset + more >= CHURN_OBJECT_PAGES)
		return;
	p = mremap(churn_addr(&t->m, a + n - 1), PAGE, (1 + more) * PAGE, 0);
	churn_check(t, p == churn_addr(&t->m, a + n - 1), "mremap of page %u to %u more: %m",
		    a + n - 1, more);
	model_grow(t, a + n - 1, a + n, more);
	churn_burst_step(t);
}

void churn_do_shrink(struct churn_thread *t)
{
	unsigned int a = t->op.a, n, size;

	n = churn_next_run(t, churn_is_mapped, &a, t->op.a + t->op.n);
	if (n)
		n = in_vma(t, a, n);
	if (n < 2)
		return;
	size = 1 + (t->op.bits >> 40) % (n - 1);
	churn_check(t, mremap(churn_addr(&t->m, a), n * PAGE, size * PAGE, 0) ==
		    churn_addr(&t->m, a), "mremap of pages %u..%u to %u: %m", a, a + n - 1, size);
	for (unsigned int i = size; i < n; i++)
		churn_unmap(&t->m, a + i);
	churn_burst_step(t);
}

/* @must: it has to succeed; else it is a hint, and its failure changes nothing */
void churn_do_advise(struct churn_thread *t, int advice, churn_possible_t possible, bool must)
{
	unsigned int a = t->op.a, end = a + t->op.n, n;

	for (; (n = churn_next_run(t, possible, &a, end)); a += n) {
		int ret = madvise(churn_addr(&t->m, a), n * PAGE, advice);

		churn_check(t, !ret || !must || errno == EAGAIN, "madvise %d of pages %u..%u: %m",
			    advice, a, a + n - 1);
		for (unsigned int i = a; i < a + n; i++) {
			struct churn_page *p = &t->m.pages[i];

			switch (advice) {
			case MADV_DONTNEED:
				churn_drop(&t->m, i);
				break;
			case MADV_FREE:
				churn_lazy_free(&t->m, i);
				break;
			case MADV_REMOVE:
				if (p->offset < t->m.objects[p->object].pages)
					churn_object_zero(&t->m, p->object, p->offset, 1, false);
				break;
			case MADV_POPULATE_WRITE:
				churn_copy(&t->m, i);
				break;
			case MADV_WIPEONFORK:
			case MADV_KEEPONFORK:
				p->wipe = advice == MADV_WIPEONFORK;
				break;
			case MADV_DONTFORK:
			case MADV_DOFORK:
				p->dontfork = advice == MADV_DONTFORK;
				break;
			}
		}
		churn_burst_step(t);
	}
}

/* Nothing that changes what the counters count: other threads are at it */
void churn_do_advise_counters(struct churn_thread *t)
{
	static const int advice[] = { MADV_PAGEOUT, MADV_COLD, MADV_COLLAPSE, MADV_PAGEOUT,
				      MADV_NOHUGEPAGE, MADV_HUGEPAGE };
	int which = advice[(t->op.bits >> 32) % ARRAY_SIZE(advice)];

	madvise(t->churn->counters, which == MADV_PAGEOUT ? PAGE : VSVM_2M, which);
}
