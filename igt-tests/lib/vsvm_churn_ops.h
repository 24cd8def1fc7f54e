/* SPDX-License-Identifier: MIT */
/*
 * What the files of vsvm_churn's operations have of each other: vsvm_churn_ops.c draws operations
 * and knows which function does which, vsvm_churn_map.c changes mappings, vsvm_churn_file.c what
 * lies behind them, vsvm_churn_vm.c tells the VM of them, vsvm_churn_fork.c has children.
 *
 * Each function does the same to memory and model, and says so by churn_burst_step() after each
 * call. A run of pages is what one call is made for: those from a first one on, at most
 * &churn_thread.piece, for which the call is possible.
 */
#ifndef VSVM_CHURN_OPS_H
#define VSVM_CHURN_OPS_H

#include "vsvm_churn.h"

/* Most of it happens in a few pages on both sides of a 2M boundary. */
#define CHURN_HOT	448
#define CHURN_HOT_PAGES	128

typedef bool (*churn_possible_t)(struct churn_thread *t, unsigned int page);

static inline bool churn_is_mapped(struct churn_thread *t, unsigned int page)
{
	return t->m.pages[page].backing != CHURN_NOTHING;
}

static inline bool churn_is_anon(struct churn_thread *t, unsigned int page)
{
	return t->m.pages[page].backing == CHURN_ANON;
}

static inline bool churn_is_shared(struct churn_thread *t, unsigned int page)
{
	return t->m.pages[page].backing == CHURN_SHARED;
}

static inline bool churn_is_readable(struct churn_thread *t, unsigned int page)
{
	return !churn_error(&t->m, page, false);
}

static inline bool churn_is_writable(struct churn_thread *t, unsigned int page)
{
	return !churn_error(&t->m, page, true);
}

/** churn_next_run() - the next run in [*@a, @end); its length, or 0 */
static inline unsigned int churn_next_run(struct churn_thread *t, churn_possible_t possible,
					  unsigned int *a, unsigned int end)
{
	unsigned int n = 0;

	while (*a < end && !possible(t, *a))
		++*a;
	while (*a + n < end && n < t->piece && possible(t, *a + n))
		n++;
	return n;
}

/* vsvm_churn_map.c */

void churn_do_mmap(struct churn_thread *t, uint8_t backing, unsigned int object, int flags);
void churn_do_mmap_shared(struct churn_thread *t);
void churn_do_munmap(struct churn_thread *t);
/** churn_do_bounds() - intervals of a mapping without neighbours, and of what is left of it */
void churn_do_bounds(struct churn_thread *t);
void churn_do_protect(struct churn_thread *t, int prot);
/** churn_do_move() - mremap() to another place; @keep: the old one stays mapped */
void churn_do_move(struct churn_thread *t, bool keep);
void churn_do_grow(struct churn_thread *t);
void churn_do_shrink(struct churn_thread *t);
/** churn_do_advise() - madvise(); @must: it has to succeed, else it is a hint */
void churn_do_advise(struct churn_thread *t, int advice, churn_possible_t possible, bool must);
/** churn_do_advise_counters() - hints about the memory that all count in */
void churn_do_advise_counters(struct churn_thread *t);

/* vsvm_churn_file.c */

/** churn_file_object() - a file that can be mapped, made if need be */
struct churn_object *churn_file_object(struct churn_thread *t, unsigned int object);
void churn_do_file_read(struct churn_thread *t);
void churn_do_file_write(struct churn_thread *t);
void churn_do_file_truncate(struct churn_thread *t);
void churn_do_file_punch(struct churn_thread *t);
void churn_do_file_drop(struct churn_thread *t);

/* vsvm_churn_vm.c */

void churn_do_prefetch(struct churn_thread *t);
void churn_do_prefetch_async(struct churn_thread *t);
/** churn_do_page_size() - 4K, or what is there */
void churn_do_page_size(struct churn_thread *t);
/** churn_do_page_size_2m() - nothing but 2M, for a moment */
void churn_do_page_size_2m(struct churn_thread *t);
/** churn_do_location() - system memory, VRAM, or where it is */
void churn_do_location(struct churn_thread *t);
/** churn_do_granularity() - how much moves between them together */
void churn_do_granularity(struct churn_thread *t);
/** churn_do_accessed_by() - used where it is, or no longer */
void churn_do_accessed_by(struct churn_thread *t);
/** churn_do_pinned() - does not make room in VRAM, or does again */
void churn_do_pinned(struct churn_thread *t);
/** churn_do_atomic_mode() - atomics by exclusive access, where that can be had, or direct */
void churn_do_atomic_mode(struct churn_thread *t);
/** churn_do_register() - the arena is not registered for a moment, if it has to be at all */
void churn_do_register(struct churn_thread *t);
/** churn_do_lock() - mlock() and munlock() */
void churn_do_lock(struct churn_thread *t);

/* vsvm_churn_fork.c */

/** churn_do_fork() - a child, which compares, writes its copies, and ends */
void churn_do_fork(struct churn_thread *t);

#endif /* VSVM_CHURN_OPS_H */
