/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Physical ranges in eight bytes a chunk.
 *
 * Called vsvm_phyr.h and not phyr.h, for it is this driver's: nothing of it is exported.
 */
#ifndef _LINUX_VSVM_PHYR_H_
#define _LINUX_VSVM_PHYR_H_

#include <linux/bits.h>
#include <linux/dma-direction.h>
#include <linux/gfp_types.h>
#include <linux/kref.h>
#include <linux/types.h>

struct device;
struct folio;
struct page;
struct sg_table;

/** VSVM_PHYR_SHIFT - of the page that addresses and sizes are in, whatever the CPU's page is */
#define VSVM_PHYR_SHIFT		12
/** VSVM_PHYR_PAGE - its size in bytes */
#define VSVM_PHYR_PAGE		BIT_ULL(VSVM_PHYR_SHIFT)
/** VSVM_PHYR_MAX_PAGES - most pages of a list: its size in bytes is a u64 */
#define VSVM_PHYR_MAX_PAGES	(U64_MAX >> VSVM_PHYR_SHIFT)

/** VSVM_PHYR_ORDER - of a chunk: log2 of its pages */
#define VSVM_PHYR_ORDER		GENMASK_ULL(5, 0)
/** VSVM_PHYR_INDEX - of a chunk: a piece of the index, see DOC: phyr */
#define VSVM_PHYR_INDEX		GENMASK_ULL(11, 6)
/** VSVM_PHYR_ADDR - of a chunk: address of its first byte, aligned to its size */
#define VSVM_PHYR_ADDR		GENMASK_ULL(63, VSVM_PHYR_SHIFT)

/**
 * struct vsvm_phyr - a list of physical ranges, or of what a device calls them
 *
 * Never changes once it is made, so it needs no lock, and may be shared.
 */
struct vsvm_phyr {
	/** @ref: users */
	struct kref ref;
	/** @count: chunks, at least one */
	u32 count;
	/** @pages: pages of all chunks */
	u64 pages;
	/** @chunks: address, order and a piece of the index each */
	u64 chunks[] __counted_by(count);
};

/**
 * struct vsvm_phyr_range - some bytes of memory
 */
struct vsvm_phyr_range {
	/** @addr: first byte */
	u64 addr;
	/** @size: bytes */
	u64 size;
};

/**
 * struct vsvm_phyr_iter - a place in a list, and the chunk there as far as it is asked for
 */
struct vsvm_phyr_iter {
	/** @list: list */
	const struct vsvm_phyr *list;
	/** @index: of the chunk */
	u32 index;
	/** @addr: where the piece begins */
	u64 addr;
	/** @size: its bytes; 0 at the end */
	u64 size;
	/** @left: bytes that are asked for beyond it */
	u64 left;
};

/**
 * struct vsvm_phyr_mapper - somebody who makes memory visible at other addresses: an IOMMU
 */
struct vsvm_phyr_mapper {
	/** @max: most bytes of one call, a multiple of %VSVM_PHYR_PAGE */
	u64 max;
	/** @map: make memory visible; returns 0 and the address in @dma, or an error */
	int (*map)(void *ctx, u64 phys, u64 size, u64 *dma);
	/** @unmap: undo it, by the same size */
	void (*unmap)(void *ctx, u64 dma, u64 size);
	/** @ctx: for both */
	void *ctx;
};

static inline u64 vsvm_phyr_chunk_addr(u64 chunk)
{
	return chunk & VSVM_PHYR_ADDR;
}

static inline unsigned int vsvm_phyr_chunk_order(u64 chunk)
{
	return chunk & VSVM_PHYR_ORDER;
}

static inline u64 vsvm_phyr_chunk_size(u64 chunk)
{
	return VSVM_PHYR_PAGE << vsvm_phyr_chunk_order(chunk);
}

/* Bytes that a list describes. */
static inline u64 vsvm_phyr_size(const struct vsvm_phyr *list)
{
	return list->pages << VSVM_PHYR_SHIFT;
}

struct vsvm_phyr *vsvm_phyr_from_ranges(const struct vsvm_phyr_range *ranges, size_t count,
					gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_from_hmm_pfns(const unsigned long *pfns, size_t count, gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_from_pages(struct page *const *pages, size_t count, gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_from_folios(struct folio *const *folios, size_t count, gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_from_sgt(const struct sg_table *sgt, gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_from_sgt_dma(const struct sg_table *sgt, gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_slice(const struct vsvm_phyr *list, u64 offset, u64 size, gfp_t gfp);
struct vsvm_phyr *vsvm_phyr_concat(const struct vsvm_phyr *head, const struct vsvm_phyr *tail,
				   gfp_t gfp);
int vsvm_phyr_split(const struct vsvm_phyr *list, u64 offset, gfp_t gfp, struct vsvm_phyr **head,
		    struct vsvm_phyr **tail);
struct vsvm_phyr *vsvm_phyr_get(struct vsvm_phyr *list);
void vsvm_phyr_put(struct vsvm_phyr *list);
bool vsvm_phyr_equal(const struct vsvm_phyr *a, const struct vsvm_phyr *b);
size_t vsvm_phyr_bytes(const struct vsvm_phyr *list);

int vsvm_phyr_lookup(const struct vsvm_phyr *list, u64 offset, struct vsvm_phyr_range *found);
struct vsvm_phyr_iter *vsvm_phyr_iter_init(struct vsvm_phyr_iter *it, const struct vsvm_phyr *list,
					   u64 offset, u64 size);
void vsvm_phyr_iter_consume(struct vsvm_phyr_iter *it, u64 size);

/**
 * vsvm_phyr_for_each_in() - all pieces of a part of a list
 * @it: &struct vsvm_phyr_iter, at each round a chunk, or what of it is in the part
 * @list: list
 * @offset: where the part begins, in bytes
 * @bytes: its size; the end of the list ends it earlier
 */
#define vsvm_phyr_for_each_in(it, list, offset, bytes)				\
	for (struct vsvm_phyr_iter *__it =					\
		     vsvm_phyr_iter_init((it), (list), (offset), (bytes));	\
	     __it->size; vsvm_phyr_iter_consume(__it, __it->size))

/**
 * vsvm_phyr_for_each() - all chunks of a list
 * @it: &struct vsvm_phyr_iter
 * @list: list
 */
#define vsvm_phyr_for_each(it, list) vsvm_phyr_for_each_in(it, list, 0, U64_MAX)

struct vsvm_phyr *vsvm_phyr_map(struct vsvm_phyr *list, const struct vsvm_phyr_mapper *mapper,
				gfp_t gfp);
void vsvm_phyr_unmap(const struct vsvm_phyr *list, struct vsvm_phyr *mapped,
		     const struct vsvm_phyr_mapper *mapper);
struct vsvm_phyr *vsvm_phyr_dma_map(struct device *dev, struct vsvm_phyr *list,
				    enum dma_data_direction dir, gfp_t gfp);
void vsvm_phyr_dma_unmap(struct device *dev, const struct vsvm_phyr *list,
			 struct vsvm_phyr *mapped, enum dma_data_direction dir);

#endif
