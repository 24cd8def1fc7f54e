/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_DENSITY_H_
#define _VSVM_SVM_DENSITY_H_

#include <linux/types.h>

#include "../vsvm_pt.h"
#include "svm_interval.h"

struct vsvm_migrate_room;
struct vsvm_request;
struct vsvm_vram;

/** VSVM_DENSITY_LEAF - bytes that a fault moves at least, if it moves anything */
#define VSVM_DENSITY_LEAF	BIT_ULL(16)
/** VSVM_DENSITY_LEAVES - how many of them a block has */
#define VSVM_DENSITY_LEAVES	(VSVM_PT_BLOCK_SIZE / VSVM_DENSITY_LEAF)

/**
 * struct vsvm_density - how full a block of 2M is, by leaves of 64K
 */
struct vsvm_density {
	/** @pages: 4K pages of each leaf that may be in VRAM */
	u8 pages[VSVM_DENSITY_LEAVES];
	/** @there: those that are, or that are to be now */
	u8 there[VSVM_DENSITY_LEAVES];
};

/**
 * struct vsvm_leaves - leaves [first, end) of a block
 */
struct vsvm_leaves {
	/** @first: the first one */
	unsigned int first;
	/** @end: one past the last one */
	unsigned int end;
};

struct vsvm_leaves vsvm_density_grow(const struct vsvm_density *density, struct vsvm_leaves leaves,
				     unsigned int percent);
struct vsvm_span vsvm_density_span(const unsigned long *pfns, const struct vsvm_vram *vram,
				   struct vsvm_span block, const struct vsvm_request *req,
				   unsigned int percent);
void *vsvm_density_mark(u64 addr, const struct vsvm_request *req, unsigned long mark);
unsigned int vsvm_density_ahead(const struct vsvm_migrate_room *room, u64 start,
				unsigned int count, const struct vsvm_request *req);
void vsvm_density_used(const struct vsvm_vram *vram, u64 offset);

extern unsigned int vsvm_density_percent;

#endif
