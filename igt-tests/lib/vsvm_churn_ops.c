// SPDX-License-Identifier: MIT
/*
 * The operations of vsvm_churn: how they are drawn, and who does each.
 */
#include "vsvm_churn_ops.h"

#define PAGE		VSVM_PAGE_SIZE
#define RW		(PROT_READ | PROT_WRITE)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

enum kind {
	CPU_READ,
	CPU_WRITE,
	GPU_FILL,
	GPU_READ,
	GPU_WRITE,
	GPU_COPY,
	GPU_ATOMIC,
	GPU_DISPATCH,
	GPU_COUNT,
	BOUNDS,
	MMAP_ANON,
	MMAP_ANON_SHARED,
	MMAP_DISK_PRIVATE,
	MMAP_DISK_SHARED,
	MMAP_MEMFD_PRIVATE,
	MMAP_MEMFD_SHARED,
	MUNMAP,
	REMAP_MOVE,
	REMAP_KEEP,
	REMAP_GROW,
	REMAP_SHRINK,
	PROTECT_RW,
	PROTECT_RO,
	PROTECT_NONE,
	ADVISE_DONTNEED,
	ADVISE_FREE,
	ADVISE_COLD,
	ADVISE_PAGEOUT,
	ADVISE_HUGEPAGE,
	ADVISE_NOHUGEPAGE,
	ADVISE_COLLAPSE,
	ADVISE_POPULATE_READ,
	ADVISE_POPULATE_WRITE,
	ADVISE_REMOVE,
	ADVISE_WIPEONFORK,
	ADVISE_KEEPONFORK,
	ADVISE_DONTFORK,
	ADVISE_DOFORK,
	ADVISE_COUNTERS,
	FORK,
	FILE_READ,
	FILE_WRITE,
	FILE_TRUNCATE,
	FILE_PUNCH,
	FILE_DROP,
	PREFETCH,
	PREFETCH_ASYNC,
	PAGE_SIZE_OF,
	PAGE_SIZE_2M,
	LOCATION,
	GRANULARITY,
	ACCESSED_BY,
	PINNED,
	ATOMIC_MODE,
	REGISTER,
	LOCK,
	KINDS,
};

/* Has the GPU work in the memory meanwhile, every other time */
#define BURST	1
/* Changes what is in an object */
#define OBJECT	2
/* May take many pages */
#define LARGE	4
/* Of memory that is there: begins where something is mapped */
#define MAPPED	8
/* Of many pages, if it goes piece by piece */
#define MANY	16

static const struct {
	const char *name;
	unsigned int flags;
	/* how often, by flavour: mixed, anonymous, file, fork, huge, bad */
	uint8_t weight[CHURN_FLAVOURS];
} kinds[KINDS] = {
	[CPU_READ] = { "cpu read", MAPPED, { 4, 4, 4, 4, 2, 2 } },
	[CPU_WRITE] = { "cpu write", BURST, { 8, 8, 8, 8, 6, 4 } },
	[GPU_FILL] = { "gpu fill", LARGE, { 8, 8, 8, 8, 8, 12 } },
	[GPU_READ] = { "gpu read", LARGE, { 6, 6, 6, 6, 6, 12 } },
	[GPU_WRITE] = { "gpu write", 0, { 8, 8, 8, 8, 6, 12 } },
	[GPU_COPY] = { "gpu copy", 0, { 6, 6, 6, 6, 4, 12 } },
	[GPU_ATOMIC] = { "gpu atomic", 0, { 6, 6, 6, 6, 4, 12 } },
	[GPU_DISPATCH] = { "gpu dispatch", 0, { 6, 6, 6, 6, 4, 12 } },
	[GPU_COUNT] = { "gpu count", 0, { 4, 4, 4, 6, 2, 2 } },
	[BOUNDS] = { "bounds", 0, { 3, 4, 2, 2, 2, 1 } },
	[MMAP_ANON] = { "mmap anon", BURST | LARGE, { 8, 12, 4, 8, 10, 8 } },
	[MMAP_ANON_SHARED] = { "mmap anon shared", BURST, { 3, 0, 4, 3, 0, 3 } },
	[MMAP_DISK_PRIVATE] = { "mmap disk private", BURST, { 3, 0, 8, 3, 0, 2 } },
	[MMAP_DISK_SHARED] = { "mmap disk shared", BURST, { 3, 0, 8, 3, 0, 2 } },
	[MMAP_MEMFD_PRIVATE] = { "mmap memfd private", BURST, { 3, 0, 6, 3, 0, 2 } },
	[MMAP_MEMFD_SHARED] = { "mmap memfd shared", BURST, { 3, 0, 6, 3, 2, 2 } },
	[MUNMAP] = { "munmap", BURST, { 6, 8, 5, 4, 4, 12 } },
	[REMAP_MOVE] = { "mremap move", BURST | MAPPED, { 8, 12, 6, 4, 6, 4 } },
	[REMAP_KEEP] = { "mremap dontunmap", BURST | MAPPED, { 4, 6, 4, 2, 3, 2 } },
	[REMAP_GROW] = { "mremap grow", BURST | MAPPED, { 3, 4, 3, 1, 1, 1 } },
	[REMAP_SHRINK] = { "mremap shrink", BURST | MAPPED, { 3, 4, 3, 1, 1, 2 } },
	[PROTECT_RW] = { "mprotect rw", BURST | LARGE | MAPPED, { 8, 8, 8, 6, 6, 8 } },
	[PROTECT_RO] = { "mprotect ro", BURST | MAPPED, { 5, 5, 5, 3, 3, 12 } },
	[PROTECT_NONE] = { "mprotect none", BURST | MAPPED, { 3, 3, 3, 2, 2, 8 } },
	[ADVISE_DONTNEED] = { "dontneed", BURST | LARGE | MAPPED | MANY, { 12, 16, 8, 4, 8, 2 } },
	[ADVISE_FREE] = { "free", BURST | MAPPED, { 5, 10, 0, 2, 3, 1 } },
	[ADVISE_COLD] = { "cold", BURST | MAPPED, { 2, 2, 2, 1, 1, 1 } },
	[ADVISE_PAGEOUT] = { "pageout", BURST | MAPPED, { 8, 10, 8, 4, 4, 2 } },
	[ADVISE_HUGEPAGE] = { "hugepage", BURST | LARGE | MAPPED, { 2, 2, 1, 1, 8, 1 } },
	[ADVISE_NOHUGEPAGE] = { "nohugepage", BURST | LARGE | MAPPED, { 1, 1, 1, 1, 2, 1 } },
	[ADVISE_COLLAPSE] = { "collapse", BURST | LARGE | MAPPED, { 1, 1, 1, 1, 8, 1 } },
	[ADVISE_POPULATE_READ] = { "populate read", BURST | MAPPED, { 2, 2, 2, 2, 2, 1 } },
	[ADVISE_POPULATE_WRITE] = { "populate write", BURST | MAPPED, { 2, 2, 2, 2, 2, 1 } },
	[ADVISE_REMOVE] = { "remove", BURST | OBJECT | MAPPED, { 3, 0, 6, 2, 1, 1 } },
	[ADVISE_WIPEONFORK] = { "wipeonfork", BURST | MAPPED, { 1, 0, 0, 6, 0, 0 } },
	[ADVISE_KEEPONFORK] = { "keeponfork", BURST | MAPPED, { 1, 0, 0, 4, 0, 0 } },
	[ADVISE_DONTFORK] = { "dontfork", BURST | MAPPED, { 1, 0, 0, 4, 0, 0 } },
	[ADVISE_DOFORK] = { "dofork", BURST | MAPPED, { 1, 0, 0, 4, 0, 0 } },
	[ADVISE_COUNTERS] = { "advise counters", 0, { 3, 3, 3, 3, 3, 1 } },
	[FORK] = { "fork", BURST, { 3, 2, 2, 24, 3, 1 } },
	[FILE_READ] = { "read", 0, { 2, 0, 6, 1, 0, 1 } },
	[FILE_WRITE] = { "write", BURST | OBJECT, { 4, 0, 10, 2, 0, 1 } },
	[FILE_TRUNCATE] = { "truncate", BURST | OBJECT, { 2, 0, 5, 1, 0, 3 } },
	[FILE_PUNCH] = { "punch", BURST | OBJECT, { 2, 0, 5, 1, 0, 1 } },
	[FILE_DROP] = { "fsync, drop", BURST, { 1, 0, 3, 1, 0, 1 } },
	[PREFETCH] = { "prefetch", BURST | LARGE, { 6, 6, 6, 4, 6, 6 } },
	[PREFETCH_ASYNC] = { "prefetch async", LARGE, { 4, 4, 4, 3, 4, 4 } },
	[PAGE_SIZE_OF] = { "page size", BURST | LARGE | MAPPED, { 4, 4, 3, 3, 8, 3 } },
	[PAGE_SIZE_2M] = { "page size 2M", MAPPED, { 1, 1, 1, 1, 2, 4 } },
	[LOCATION] = { "location", BURST | LARGE | MAPPED, { 8, 10, 4, 6, 10, 3 } },
	[GRANULARITY] = { "granularity", LARGE | MAPPED, { 2, 3, 1, 1, 3, 1 } },
	[ACCESSED_BY] = { "accessed by", LARGE | MAPPED, { 1, 1, 1, 1, 1, 1 } },
	[PINNED] = { "pinned", BURST | LARGE | MAPPED, { 2, 3, 1, 2, 3, 1 } },
	[ATOMIC_MODE] = { "atomic mode", BURST | LARGE | MAPPED, { 4, 6, 3, 4, 6, 2 } },
	[REGISTER] = { "register", BURST, { 2, 2, 2, 2, 2, 2 } },
	[LOCK] = { "mlock", BURST | MAPPED, { 2, 2, 2, 2, 2, 1 } },
};

/* All at once, or a page or two with each call? */
static bool in_pieces(const struct churn_op *op)
{
	return kinds[op->kind].flags & BURST && !(op->bits >> 57 & 1);
}

void churn_op_make(const struct churn_config *config, unsigned int thread, uint32_t index,
		   struct churn_op *op)
{
	struct vsvm_rng rng = { config->seed + thread * 0x2545f4914f6cdd1dull };
	unsigned int total = 0, draw, i;
	uint64_t bits;

	rng.state = vsvm_rand(&rng) + index;
	for (i = 0; i < KINDS; i++)
		total += kinds[i].weight[config->flavour];
	draw = vsvm_rand(&rng) % total;
	for (i = 0; draw >= kinds[i].weight[config->flavour]; i++)
		draw -= kinds[i].weight[config->flavour];
	op->kind = i;
	bits = vsvm_rand(&rng);
	if (bits & 7) {
		op->a = CHURN_HOT + (bits >> 3) % CHURN_HOT_PAGES;
		op->b = CHURN_HOT + (bits >> 16) % CHURN_HOT_PAGES;
	} else {
		op->a = (bits >> 3) % CHURN_PAGES;
		op->b = (bits >> 16) % CHURN_PAGES;
	}
	op->n = 1 + (bits >> 32) % (bits >> 48 & 7 ? 12 : 64);
	if (kinds[i].flags & LARGE && !(bits >> 51 & (config->flavour == CHURN_HUGE ? 1 : 15))) {
		op->n = 64 + (bits >> 40) % 600;
		if (bits >> 56 & 1) {
			/* all of the 2M page, and what is in it */
			op->a = 0;
			op->n = VSVM_2M / PAGE;
		}
	}
	op->value = vsvm_rand(&rng);
	op->bits = vsvm_rand(&rng);
	if (kinds[i].flags & MANY && in_pieces(op))
		op->n = 32 + op->n % 32;
	if (op->a + op->n > CHURN_PAGES)
		op->n = CHURN_PAGES - op->a;
}

const char *churn_op_text(const struct churn_op *op, char *text, size_t size)
{
	snprintf(text, size, "%s, pages %u..%u, other %u, value %#llx, bits %#llx",
		 kinds[op->kind].name, op->a, op->a + op->n - 1, op->b, (long long)op->value,
		 (long long)op->bits);
	return text;
}

static void do_cpu_write(struct churn_thread *t)
{
	const unsigned int first = t->op.bits >> 40 & 255;
	const unsigned int count = 1 + (t->op.bits >> 48) % (CHURN_WORDS - first);
	unsigned int a = t->op.a, end = a + t->op.n, n;
	struct vsvm_rng rng = { t->op.value };
	uint64_t words[CHURN_WORDS];

	for (; (n = churn_next_run(t, churn_is_writable, &a, end)); a += n) {
		for (unsigned int i = a; i < a + n; i++) {
			uint64_t *p = (uint64_t *)churn_addr(&t->m, i) + first;

			vsvm_rand_fill(&rng, words, 8 * count);
			for (unsigned int w = 0; w < count; w++)
				WRITE_ONCE(p[w], words[w]);
			churn_write(&t->m, i, first, count, words);
		}
	}
	churn_burst_step(t);
}

static void do_gpu(struct churn_thread *t)
{
	static const bool writes[KINDS] = {
		[GPU_FILL] = true, [GPU_WRITE] = true, [GPU_ATOMIC] = true, [GPU_DISPATCH] = true,
	};
	const unsigned int q = t->op.bits >> 8 & 1;
	unsigned int a = t->op.a, n = t->op.n, b = t->op.b;
	bool bad;

	/* As it is, with whatever is in the way; else what is possible of it. */
	bad = !(t->op.bits >> 16 & (t->churn->config.flavour == CHURN_BAD ? 1 : 15));
	if (!bad) {
		n = churn_next_run(t, writes[t->op.kind] ? churn_is_writable : churn_is_readable,
				   &a, a + n);
		if (!n)
			return;
	}
	switch (t->op.kind) {
	case GPU_FILL:
		churn_gpu_fill(t, q, a, n, t->op.value);
		break;
	case GPU_READ:
		churn_gpu_read(t, q, a, n < CHURN_SCRATCH_PAGES ? n : CHURN_SCRATCH_PAGES);
		break;
	case GPU_WRITE:
		churn_gpu_write(t, q, a, n);
		break;
	case GPU_COPY:
		if (b + n > CHURN_PAGES)
			b = CHURN_PAGES - n;
		if (!bad && b < CHURN_PAGES)
			n = churn_run(&t->m, b, n, true);
		if (n && (a + n <= b || b + n <= a))
			churn_gpu_copy(t, q, a, b, n);
		break;
	case GPU_ATOMIC:
		churn_gpu_atomic(t, q, a, n);
		break;
	default:
		churn_gpu_dispatch(t, q, a, n);
	}
}

static void op_do(struct churn_thread *t)
{
	switch (t->op.kind) {
	case CPU_READ:
		churn_check_cpu(t, t->op.a, t->op.n);
		break;
	case CPU_WRITE:
		do_cpu_write(t);
		break;
	case GPU_COUNT:
		churn_gpu_count(t, t->op.bits >> 8 & 1);
		break;
	case BOUNDS:
		churn_do_bounds(t);
		break;
	case MMAP_ANON:
		churn_do_mmap(t, CHURN_ANON, 0, MAP_PRIVATE | MAP_ANONYMOUS);
		break;
	case MMAP_ANON_SHARED:
		churn_do_mmap_shared(t);
		break;
	case MMAP_DISK_PRIVATE:
		churn_do_mmap(t, CHURN_PRIVATE, CHURN_FILE_DISK, MAP_PRIVATE);
		break;
	case MMAP_DISK_SHARED:
		churn_do_mmap(t, CHURN_SHARED, CHURN_FILE_DISK, MAP_SHARED);
		break;
	case MMAP_MEMFD_PRIVATE:
		churn_do_mmap(t, CHURN_PRIVATE, CHURN_FILE_MEMFD, MAP_PRIVATE);
		break;
	case MMAP_MEMFD_SHARED:
		churn_do_mmap(t, CHURN_SHARED, CHURN_FILE_MEMFD, MAP_SHARED);
		break;
	case MUNMAP:
		churn_do_munmap(t);
		break;
	case REMAP_MOVE:
		churn_do_move(t, false);
		break;
	case REMAP_KEEP:
		churn_do_move(t, true);
		break;
	case REMAP_GROW:
		churn_do_grow(t);
		break;
	case REMAP_SHRINK:
		churn_do_shrink(t);
		break;
	case PROTECT_RW:
		churn_do_protect(t, RW);
		break;
	case PROTECT_RO:
		churn_do_protect(t, PROT_READ);
		break;
	case PROTECT_NONE:
		churn_do_protect(t, PROT_NONE);
		break;
	case ADVISE_DONTNEED:
		churn_do_advise(t, MADV_DONTNEED, churn_is_mapped, true);
		break;
	case ADVISE_FREE:
		churn_do_advise(t, MADV_FREE, churn_is_anon, true);
		break;
	case ADVISE_COLD:
		churn_do_advise(t, MADV_COLD, churn_is_mapped, false);
		break;
	case ADVISE_PAGEOUT:
		churn_do_advise(t, MADV_PAGEOUT, churn_is_mapped, false);
		break;
	case ADVISE_HUGEPAGE:
		churn_do_advise(t, MADV_HUGEPAGE, churn_is_mapped, false);
		break;
	case ADVISE_NOHUGEPAGE:
		churn_do_advise(t, MADV_NOHUGEPAGE, churn_is_mapped, false);
		break;
	case ADVISE_COLLAPSE:
		churn_do_advise(t, MADV_COLLAPSE, churn_is_mapped, false);
		break;
	case ADVISE_POPULATE_READ:
		churn_do_advise(t, MADV_POPULATE_READ, churn_is_readable, true);
		break;
	case ADVISE_POPULATE_WRITE:
		churn_do_advise(t, MADV_POPULATE_WRITE, churn_is_writable, true);
		break;
	case ADVISE_REMOVE:
		churn_do_advise(t, MADV_REMOVE, churn_is_shared, true);
		break;
	case ADVISE_WIPEONFORK:
		churn_do_advise(t, MADV_WIPEONFORK, churn_is_anon, true);
		break;
	case ADVISE_KEEPONFORK:
		churn_do_advise(t, MADV_KEEPONFORK, churn_is_anon, true);
		break;
	case ADVISE_DONTFORK:
		churn_do_advise(t, MADV_DONTFORK, churn_is_mapped, true);
		break;
	case ADVISE_DOFORK:
		churn_do_advise(t, MADV_DOFORK, churn_is_mapped, true);
		break;
	case ADVISE_COUNTERS:
		churn_do_advise_counters(t);
		break;
	case FORK:
		churn_do_fork(t);
		break;
	case FILE_READ:
		churn_do_file_read(t);
		break;
	case FILE_WRITE:
		churn_do_file_write(t);
		break;
	case FILE_TRUNCATE:
		churn_do_file_truncate(t);
		break;
	case FILE_PUNCH:
		churn_do_file_punch(t);
		break;
	case FILE_DROP:
		churn_do_file_drop(t);
		break;
	case PREFETCH:
		churn_do_prefetch(t);
		break;
	case PREFETCH_ASYNC:
		churn_do_prefetch_async(t);
		break;
	case PAGE_SIZE_OF:
		churn_do_page_size(t);
		break;
	case PAGE_SIZE_2M:
		churn_do_page_size_2m(t);
		break;
	case LOCATION:
		churn_do_location(t);
		break;
	case GRANULARITY:
		churn_do_granularity(t);
		break;
	case ACCESSED_BY:
		churn_do_accessed_by(t);
		break;
	case PINNED:
		churn_do_pinned(t);
		break;
	case ATOMIC_MODE:
		churn_do_atomic_mode(t);
		break;
	case REGISTER:
		churn_do_register(t);
		break;
	case LOCK:
		churn_do_lock(t);
		break;
	default:
		do_gpu(t);
	}
}

/* In two of three times the GPU works where the operation does something, or will have done */
static void begin_burst(struct churn_thread *t)
{
	static const uint8_t choice[] = {
		CHURN_BURST_FILL, CHURN_BURST_FILL, CHURN_BURST_ADD, CHURN_BURST_READ,
	};
	unsigned int kind = choice[t->op.bits & 3], a, n;
	unsigned int flags = kinds[t->op.kind].flags;
	bool move = t->op.kind == REMAP_MOVE || t->op.kind == REMAP_KEEP;

	if (!(flags & BURST) || (!(t->op.bits >> 2 & 3) && !(flags & MANY)))
		return;
	a = move && t->op.bits >> 4 & 1 ? t->op.b : t->op.a;
	/* a file is somewhere else */
	if (flags & OBJECT && t->op.kind != ADVISE_REMOVE)
		a = CHURN_HOT + (t->op.bits >> 16) % (CHURN_HOT_PAGES - 64);
	else if (a >= 4)
		a -= t->op.bits >> 5 & 3;
	n = t->op.n + (t->op.bits >> 18 & 7);
	if (n > CHURN_BURST_PAGES)
		n = CHURN_BURST_PAGES;
	if (a + n > CHURN_PAGES)
		n = CHURN_PAGES - a;
	/* What is not accessible kills the queue at once: not often, please. */
	if (t->op.bits >> 21 & 7) {
		n = churn_next_run(t, kind == CHURN_BURST_READ ? churn_is_readable :
								 churn_is_writable, &a, a + n);
		if (!n)
			return;
	}
	/*
	 * A private page of a file is a copy or is none when the file changes: when exactly the GPU
	 * made it one decides what it is a copy of.
	 */
	for (unsigned int i = a; flags & OBJECT && i < a + n; i++)
		if (t->m.pages[i].backing == CHURN_PRIVATE && !t->m.pages[i].copied)
			kind = CHURN_BURST_READ;
	churn_burst_begin(t, kind, a, n);
	t->burst.torn = t->op.kind == FILE_WRITE;
	if (t->op.bits >> 24 & 1)
		for (unsigned int i = t->op.bits >> 25 & 1023; i; i--)
			__asm__ volatile("" ::: "memory");
}

void churn_op_run(struct churn_thread *t)
{
	uint64_t words[CHURN_WORDS];

	t->piece = CHURN_PAGES;
	if (kinds[t->op.kind].flags & MAPPED)
		while (t->op.n > 1 && !churn_is_mapped(t, t->op.a)) {
			t->op.a++;
			t->op.n--;
		}
	/* Three answers would be too many. */
	if (t->op.kind == ADVISE_FREE)
		for (unsigned int i = t->op.a; i < t->op.a + t->op.n; i++) {
			struct churn_slot *slot = &t->m.pages[i].own;

			if (slot->lazy != CHURN_EITHER)
				continue;
			churn_look(t, i, words);
			churn_check(t, churn_match(&t->m, slot, words) < 0,
				    "page %u is neither what it was nor what it was without what MADV_FREE took",
				    i);
		}
	begin_burst(t);
	/* Pieces make many invalidations, and deferred updates while the next page goes. */
	if (in_pieces(&t->op))
		t->piece = 1 + (t->op.bits >> 58 & 1);
	op_do(t);
	t->piece = CHURN_PAGES;
	churn_burst_end(t);
	if (t->op.bits >> 36 & 1)
		churn_check_cpu(t, t->op.a, t->op.n < 64 ? t->op.n : 64);
	if (!(t->op.bits >> 37 & 3))
		churn_check_gpu(t, t->op.bits >> 39 & 1, t->op.a, t->op.n < 64 ? t->op.n : 64);
}
