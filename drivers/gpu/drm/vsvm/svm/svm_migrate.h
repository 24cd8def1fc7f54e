/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_MIGRATE_H_
#define _VSVM_SVM_MIGRATE_H_

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

struct folio;

/** enum vsvm_whose - whose pages move to system memory */
enum vsvm_whose {
	/** @VSVM_OWN: those that are in VRAM of the device that copies them */
	VSVM_OWN = 0,
	/** @VSVM_PEERS: those in VRAM of others */
	VSVM_PEERS,
	/** @VSVM_ALL: those in VRAM of whatever device */
	VSVM_ALL,
};

/*
 * What &page.zone_device_data of a page in VRAM has: log2 of the pages that come back together,
 * whether nobody has asked for the page or used it so far, and whether it is there because the
 * program wants it to be.
 */
#define VSVM_PAGE_ORDER		GENMASK(7, 0)
#define VSVM_PAGE_AHEAD		BIT(8)
#define VSVM_PAGE_ADVISED	BIT(9)

/**
 * struct vsvm_migrate_room - what moving some pages takes besides the pages
 */
struct vsvm_migrate_room {
	/** @max: pages that there is room for */
	unsigned int max;
	/** @num_copies: entries in @copies */
	unsigned int num_copies;
	/** @copies: what the copy engine is to do */
	struct vsvm_hw_copy *copies;
	/** @src: what the kernel says of the pages as they are, as &migrate_vma.src */
	unsigned long *src;
	/** @dst: where they go, as &migrate_vma.dst */
	unsigned long *dst;
	/** @pages: destinations that have not been given to one yet */
	struct page **pages;
	/** @whose: what vsvm_migrate_to_ram() moves, &enum vsvm_whose */
	u8 whose;
	/** @evict_as: for hold points: of the VM whose memory is to make room, or NULL */
	const struct vsvm_hw_as *evict_as;
};

struct vsvm_migrate_room *vsvm_migrate_room_alloc(unsigned int max);
void vsvm_migrate_room_free(struct vsvm_migrate_room *room);
void vsvm_migrate_add_copy(struct vsvm_migrate_room *room, u64 src, u64 dst, u64 size, u32 flags);
void vsvm_migrate_drop(struct vsvm_migrate_room *room, unsigned int count);
int vsvm_migrate_copy(struct vsvm_hw *hw, struct vsvm_migrate_room *room, unsigned int count);
unsigned int vsvm_migrate_moved(const struct vsvm_migrate_room *room, unsigned int count);
void vsvm_migrate_folio_split(struct folio *head, struct folio *tail);

#endif
