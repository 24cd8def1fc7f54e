// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Density
 *
 * How many bytes a description of memory takes: an array of struct page *, an sg_table as the
 * kernel's own call makes it, and vsvm's list, of the same pages. Nobody uses the pages: that they
 * exist is enough, so they are those at %FIRST_PFN, in an order that a seed decides. The figures
 * are what is asked for; what the allocator rounds up is its matter.
 *
 * An sg_table has the addresses of memory and device, a list one of them; a second list is needed
 * where the two differ.
 */

#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "peer.h"

/* vsvm exports nothing. This file of it needs nothing of the rest. */
#include "../../../drivers/gpu/drm/vsvm/vsvm_phyr.c"

/* 256 MiB: RAM in every machine that has more than that. */
#define FIRST_PFN	(256UL << (20 - PAGE_SHIFT))
#define MAX_PAGES	65536

/* Entries of a table, with those that only point to the next ones. */
static u64 sgt_bytes(const struct sg_table *sgt)
{
	u64 chains = (sgt->orig_nents - 1) / (SG_MAX_SINGLE_ALLOC - 1);

	return sizeof(*sgt) + (sgt->orig_nents + chains) * sizeof(struct scatterlist);
}

static int measure(struct peer_density *density, struct page **pages, unsigned int count)
{
	struct vsvm_phyr *list;
	struct sg_table sgt;
	int ret;

	ret = sg_alloc_table_from_pages(&sgt, pages, count, 0, (u64)count << PAGE_SHIFT,
					GFP_KERNEL);
	if (ret)
		return ret;
	list = vsvm_phyr_from_pages(pages, count, GFP_KERNEL);
	if (IS_ERR(list)) {
		sg_free_table(&sgt);
		return PTR_ERR(list);
	}
	density->array_bytes = (u64)count * sizeof(*pages);
	density->sgt_bytes = sgt_bytes(&sgt);
	density->phyr_bytes = vsvm_phyr_bytes(list);
	vsvm_phyr_put(list);
	sg_free_table(&sgt);
	return 0;
}

/**
 * density_measure() - serve PEER_DENSITY
 * @density: question, and answer
 *
 * Return: 0; -EINVAL for a question that has no answer; -ENXIO if the machine has too little
 * memory; -ENOMEM.
 */
int density_measure(struct peer_density *density)
{
	u32 unit = density->unit, units, i, j;
	struct rnd_state rnd;
	struct page **pages;
	u32 *order;
	int ret = -ENOMEM;

	if (!unit || !is_power_of_2(unit) || density->pages > MAX_PAGES || density->pages < unit ||
	    density->pages % unit || density->first >= unit || density->pad)
		return -EINVAL;
	for (i = 0; i < density->pages; i++)
		if (!pfn_valid(FIRST_PFN + i))
			return -ENXIO;

	units = density->pages / unit;
	order = kvmalloc_objs(*order, units);
	pages = kvmalloc_objs(*pages, density->pages);
	if (!order || !pages)
		goto out;

	prandom_seed_state(&rnd, 2022);
	for (i = 0; i < units; i++)
		order[i] = i;
	for (i = units - 1; i; i--) {
		j = prandom_u32_state(&rnd) % (i + 1);
		swap(order[i], order[j]);
	}
	for (i = 0; i < density->pages; i++)
		pages[i] = pfn_to_page(FIRST_PFN + order[i / unit] * unit + i % unit);
	ret = measure(density, pages + density->first, density->pages - density->first);
out:
	kvfree(pages);
	kvfree(order);
	return ret;
}
