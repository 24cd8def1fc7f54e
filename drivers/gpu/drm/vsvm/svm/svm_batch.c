// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Fault batches
 *
 * What the ring gave, made into work: sorted by address, several records of one page taken
 * together, and neighbouring pages merged into runs, so that HMM walks the page table of the
 * process once for all of them. Pure functions of their arguments, for tests to call.
 */

#include <linux/align.h>
#include <linux/mm.h>
#include <linux/sort.h>

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

static u64 fault_page(const struct vsvm_svm_fault *fault)
{
	return fault->hw.addr & PAGE_MASK;
}

static int fault_cmp(const void *a, const void *b)
{
	const struct vsvm_svm_fault *l = a, *r = b;
	u64 lp = fault_page(l), rp = fault_page(r);

	if (lp != rp)
		return lp < rp ? -1 : 1;
	/* Writing first: it decides how the page is asked for. */
	return vsvm_batch_writes(r) - vsvm_batch_writes(l);
}

/**
 * vsvm_batch_sort() - order records for vsvm_batch_next()
 * @faults: the batch
 * @count: its length
 */
void vsvm_batch_sort(struct vsvm_svm_fault *faults, unsigned int count)
{
	sort(faults, count, sizeof(*faults), fault_cmp, NULL);
}

/**
 * vsvm_batch_next() - take the next run
 * @faults: a sorted batch
 * @count: its length
 * @run: in: the run before, zeroed for the first; out: the next one
 *
 * A run ends at a gap, at the end of a block of %VSVM_PT_BLOCK_SIZE, and where reading changes to
 * writing or back.
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
	};
	limit = ALIGN_DOWN(run->start, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE;

	while (++i < count) {
		u64 page = fault_page(&faults[i]);

		if (page == run->end - PAGE_SIZE) {
			run->duplicates++;
		} else if (page == run->end && page < limit &&
			   vsvm_batch_writes(&faults[i]) == run->write) {
			run->end += PAGE_SIZE;
		} else {
			break;
		}
		run->count++;
	}
	return true;
}
