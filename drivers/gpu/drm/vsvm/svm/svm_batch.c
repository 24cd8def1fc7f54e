// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Fault batches
 *
 * What the ring gave, made into work: sorted by address, several records of one page taken
 * together, and neighbouring pages merged into runs, so that HMM walks the page table of the
 * process once for all of them. Pure functions of their arguments, for tests to call.
 *
 * Engines walk through memory upwards, each somewhere else, so a batch consists of a few rising
 * parts, often of one. Merging those takes as many passes as the logarithm of their number, where
 * sort() takes that of the number of records. What is merged is a word for each record, by which
 * the record is then moved once.
 */

#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "svm.h"
#include "svm_batch.h"

/**
 * vsvm_batch_writes() - is a record about writing?
 * @fault: record
 *
 * Return: true for writes and atomics.
 */
bool vsvm_batch_writes(const struct vsvm_svm_fault *fault)
{
	return fault->hw.access == VSVM_ACCESS_WRITE || fault->hw.access == VSVM_ACCESS_ATOMIC;
}

/*
 * What a record needs of its page, the most first: atomics, writing, reading. What serves one
 * serves those behind it.
 */
static unsigned int rank(const struct vsvm_svm_fault *fault)
{
	if (fault->hw.access == VSVM_ACCESS_ATOMIC)
		return 0;
	return fault->hw.access == VSVM_ACCESS_WRITE ? 1 : 2;
}

/* Index of a record in the lowest bits of its key, which are free as those of a page offset. */
#define KEY_INDEX_BITS	ilog2(VSVM_FAULT_BATCH)
#define KEY_INDEX_MASK	(VSVM_FAULT_BATCH - 1)

static u64 fault_page(const struct vsvm_svm_fault *fault)
{
	return fault->hw.addr & PAGE_MASK;
}

/*
 * By page; of one page by rank, for the first decides how it is asked for; and then as they came,
 * which makes it a word that no other record has.
 */
static u64 sort_key(const struct vsvm_svm_fault *fault, unsigned int index)
{
	u64 key = fault->hw.addr >> PAGE_SHIFT << 2 | rank(fault);

	BUILD_BUG_ON(2 + KEY_INDEX_BITS > PAGE_SHIFT);
	return key << KEY_INDEX_BITS | index;
}

/* One past the end of the rising part that begins at @from. */
static unsigned int rising(const u64 *keys, unsigned int from, unsigned int count)
{
	while (++from < count && keys[from - 1] < keys[from])
		;
	return min(from, count);
}

/* Merges each two neighbouring parts of @from into one of @to. Returns how many there are now. */
static unsigned int merge_parts(u64 *to, const u64 *from, unsigned int count)
{
	unsigned int a, a_end, b, b_end, at = 0, parts = 0;

	for (a = 0; a < count; a = b_end) {
		a_end = rising(from, a, count);
		b = a_end;
		b_end = rising(from, b, count);
		while (a < a_end && b < b_end)
			to[at++] = from[a] < from[b] ? from[a++] : from[b++];
		while (a < a_end)
			to[at++] = from[a++];
		while (b < b_end)
			to[at++] = from[b++];
		parts++;
	}
	return parts;
}

/* Puts the record that keys[i] names at i, for each i. The keys are used up. */
static void permute(struct vsvm_svm_fault *faults, u64 *keys, unsigned int count)
{
	unsigned int i, to, from;
	struct vsvm_svm_fault first;

	for (i = 0; i < count; i++) {
		from = keys[i] & KEY_INDEX_MASK;
		if (from == i)
			continue;
		first = faults[i];
		for (to = i; from != i; to = from, from = keys[to] & KEY_INDEX_MASK) {
			faults[to] = faults[from];
			keys[to] = to;
		}
		faults[to] = first;
		keys[to] = to;
	}
}

/**
 * vsvm_batch_sort() - order records for vsvm_batch_next()
 * @faults: the batch
 * @count: its length, at most %VSVM_FAULT_BATCH
 * @keys: room for twice as many
 */
void vsvm_batch_sort(struct vsvm_svm_fault *faults, unsigned int count, u64 *keys)
{
	u64 *spare = keys + VSVM_FAULT_BATCH;
	unsigned int i;

	for (i = 0; i < count; i++)
		keys[i] = sort_key(&faults[i], i);
	if (rising(keys, 0, count) == count)
		return;
	while (merge_parts(spare, keys, count) > 1)
		swap(keys, spare);
	permute(faults, spare, count);
}

/* Is a record what its run was made for, and not for less? */
static bool is_kind(const struct vsvm_svm_fault *fault, const struct vsvm_run *run)
{
	return rank(fault) == (run->atomic ? 0 : run->write ? 1 : 2);
}

/**
 * vsvm_batch_next() - take the next run
 * @faults: a sorted batch
 * @count: its length
 * @run: in: the run before, zeroed for the first; out: the next one
 *
 * A run ends at a gap, at the end of a block of %VSVM_PT_BLOCK_SIZE, and where reading changes to
 * writing or atomics, or back.
 *
 * Return: false at the end of the batch.
 */
bool vsvm_batch_next(const struct vsvm_svm_fault *faults, unsigned int count, struct vsvm_run *run)
{
	unsigned int i = run->first + run->count;
	u64 limit;

	if (i >= count)
		return false;

	*run = (struct vsvm_run) {
		.start = fault_page(&faults[i]),
		.end = fault_page(&faults[i]) + PAGE_SIZE,
		.first = i,
		.count = 1,
		.write = vsvm_batch_writes(&faults[i]),
		.atomic = !rank(&faults[i]),
	};
	limit = ALIGN_DOWN(run->start, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE;

	while (++i < count) {
		u64 page = fault_page(&faults[i]);

		if (page == run->end - PAGE_SIZE) {
			run->duplicates++;
		} else if (page == run->end && page < limit &&
			   is_kind(&faults[i], run)) {
			run->end += PAGE_SIZE;
		} else {
			break;
		}
		run->count++;
	}
	return true;
}

/**
 * vsvm_batch_fail() - set the error of what a run could not serve
 * @faults: the batch of @run
 * @run: run
 * @start: first byte that could not be served
 * @end: one past the last byte
 * @error: &enum vsvm_error
 *
 * Records of reading may stand in a run for writing, one page having both, and so on. What writing
 * meets says nothing of them: without an error they try again at the replay, and ask for
 * themselves.
 */
void vsvm_batch_fail(struct vsvm_svm_fault *faults, const struct vsvm_run *run, u64 start, u64 end,
		     u32 error)
{
	unsigned int i;

	for (i = run->first; i < run->first + run->count; i++)
		if (faults[i].hw.addr >= start && faults[i].hw.addr < end &&
		    is_kind(&faults[i], run))
			faults[i].error = error;
}

/**
 * vsvm_batch_wait() - mark the records of what has to wait for the process
 * @faults: the batch of @run
 * @run: run
 * @start: first byte of what waits
 * @end: one past the last byte
 *
 * Records of reading in a run for writing are not marked, as with vsvm_batch_fail().
 *
 * Return: true if there is an access that waits: prefetches and what is reported ahead do not.
 */
bool vsvm_batch_wait(struct vsvm_svm_fault *faults, const struct vsvm_run *run, u64 start, u64 end)
{
	bool any = false;
	unsigned int i;

	for (i = run->first; i < run->first + run->count; i++) {
		if (faults[i].hw.addr < start || faults[i].hw.addr >= end ||
		    !is_kind(&faults[i], run))
			continue;
		faults[i].waits = true;
		any |= faults[i].hw.access != VSVM_ACCESS_PREFETCH && !faults[i].hw.ahead;
	}
	return any;
}
