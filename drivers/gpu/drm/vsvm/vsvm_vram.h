/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_VRAM_H_
#define _VSVM_VRAM_H_

#include <linux/atomic.h>
#include <linux/gpu_buddy.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>
#include <linux/workqueue.h>

struct vsvm_bo;
struct vsvm_pt;

/** VSVM_VRAM_CHUNK_PAGES - 4K pages of a chunk */
#define VSVM_VRAM_CHUNK_PAGES	(VSVM_HW_VRAM_BLOCK >> PAGE_SHIFT)

/**
 * struct vsvm_vram_watch - a page table that may have entries for VRAM
 */
struct vsvm_vram_watch {
	/** @link: in &vsvm_vram.watched */
	struct list_head link;
	/** @pt: page table */
	struct vsvm_pt *pt;
};

/**
 * struct vsvm_vram_client - a VM that may have VRAM, and for as long as it has some after its end
 */
struct vsvm_vram_client {
	/** @ref: the VM, and each of its chunks */
	struct kref ref;
	/** @as: address space of the VM, for hold points: not to be looked into, it may be gone */
	const struct vsvm_hw_as *as;
	/** @link: in &vsvm_vram.clients */
	struct list_head link;
	/**
	 * @drop: has the VM give up what it has here beside memory of the process; called with
	 * &vsvm_vram.age_mutex held, as long as it is in &vsvm_vram.clients
	 */
	void (*drop)(void *data);
	/** @data: for @drop */
	void *data;
	/** @limit: chunks that it may have */
	u64 limit;
	/** @chunks: those that it has; under &vsvm_vram.lock */
	u64 chunks;
	/** @pages: 4K pages of processes in use in them; under &vsvm_vram.lock */
	u64 pages;
	/** @bo_blocks: those of @chunks that are a BO's; under &vsvm_vram.lock */
	u64 bo_blocks;
	/** @pinned: those of @chunks that are pinned; under &vsvm_vram.lock */
	u64 pinned;
	/** @closed: the VM is gone; under &vsvm_vram.lock */
	bool closed;
	/** @faulted: pages that accesses of CPUs brought back */
	atomic64_t faulted;
	/** @evicted: pages of processes that had to make room */
	atomic64_t evicted;
	/** @bo_evicted: blocks of BOs that had to make room */
	atomic64_t bo_evicted;
	/** @ahead_used: pages that moved unasked, and that the device has used since */
	atomic64_t ahead_used;
};

/**
 * struct vsvm_vram_chunk - a block of VRAM that holds memory of one VM or BO; under &vsvm_vram.lock
 */
struct vsvm_vram_chunk {
	/** @block: from the buddy allocator; NULL: the chunk is free */
	struct gpu_buddy_block *block;
	/** @client: whose it is */
	struct vsvm_vram_client *client;
	/** @bo: BO that is in it, whose all pages are then; else NULL */
	struct vsvm_bo *bo;
	/** @bo_block: which of its blocks */
	u64 bo_block;
	/** @link: in &vsvm_vram.lru, &vsvm_vram.idle, or nowhere while @held */
	struct list_head link;
	/** @used: pages in use */
	unsigned int used;
	/** @pins: how often a page of it is pinned; not 0: the chunk is, see vsvm_vram_pin() */
	unsigned int pins;
	/** @held: somebody allocates from it or evicts it: it stays, however many are used */
	bool held;
	/** @mapped: a fault has mapped some of it since it was last looked what is in use */
	bool mapped;
	/** @map: which pages are in use */
	DECLARE_BITMAP(map, VSVM_VRAM_CHUNK_PAGES);
};

/**
 * struct vsvm_vram - the device's memory
 */
struct vsvm_vram {
	/** @hw: device */
	struct vsvm_hw *hw;
	/** @pgmap: struct pages for it, by which the kernel knows memory that is here */
	struct dev_pagemap pgmap;
	/** @coherent: CPUs can map it where it is, and do */
	bool coherent;
	/** @first_pfn: number of the first of these */
	unsigned long first_pfn;
	/** @num_pages: how many there are, 0 if there are none (any more) */
	unsigned long num_pages;
	/** @peers: link in the list of all devices, see vsvm_peer.c */
	struct list_head peers;
	/** @number: by which peers call it; 0: they do not. Belongs to vsvm_peer.c */
	unsigned int number;
	/** @mutex: of @buddy, and for giving chunks back. May be held where memory is allocated */
	struct mutex mutex;
	/** @age_mutex: of @clients, @watched and @aged */
	struct mutex age_mutex;
	/** @clients: those whose VM is there */
	struct list_head clients;
	/** @watched: the page tables of all VMs */
	struct list_head watched;
	/** @aged: when it was last looked what the GPU uses, in jiffies */
	unsigned long aged;
	/** @buddy: which chunks are free */
	struct gpu_buddy buddy;
	/** @lock: of all chunks and clients; taken with interrupts off, also by who frees pages */
	spinlock_t lock;
	/** @chunks: all of them, by place */
	struct vsvm_vram_chunk *chunks;
	/** @num_chunks: how many */
	u64 num_chunks;
	/** @lru: those in use, the one that was used longest ago first */
	struct list_head lru;
	/** @idle: those without a page in use */
	struct list_head idle;
	/** @num_pinned: chunks that are pinned */
	u64 num_pinned;
	/** @num_idle: how many */
	u64 num_idle;
	/** @idle_work: gives them back */
	struct delayed_work idle_work;
	/** @close_work: brings back what VMs that are gone have left */
	struct delayed_work close_work;
	/** @unplug_work: brings back everything of a device that is gone */
	struct work_struct unplug_work;
	/** @closed: no chunk may be had any more */
	bool closed;
	/** @shrinker: gives idle chunks back when memory is short; NULL if that frees none */
	struct shrinker *shrinker;
};

int vsvm_vram_init(struct vsvm_vram *vram, struct vsvm_hw *hw, const struct range *coherent);
void vsvm_vram_fini(struct vsvm_vram *vram);

int vsvm_vram_module_init(void);
void vsvm_vram_module_fini(void);
void vsvm_vram_close_init(struct vsvm_vram *vram);
void vsvm_vram_close(struct vsvm_vram *vram);

void vsvm_vram_watch(struct vsvm_vram *vram, struct vsvm_vram_watch *watch, struct vsvm_pt *pt);
void vsvm_vram_unwatch(struct vsvm_vram *vram, struct vsvm_vram_watch *watch);

struct vsvm_vram_client *vsvm_vram_client_create(struct vsvm_vram *vram,
						 const struct vsvm_hw_as *as, u64 limit);
void vsvm_vram_client_close(struct vsvm_vram *vram, struct vsvm_vram_client *client);

struct vsvm_vram_chunk *vsvm_vram_get(struct vsvm_vram *vram, struct vsvm_vram_client *client);
struct vsvm_vram_chunk *vsvm_vram_hold(struct vsvm_vram *vram, struct vsvm_vram_client *client,
				       struct vsvm_vram_chunk *chunk);
unsigned int vsvm_vram_free_pages(struct vsvm_vram *vram, const struct vsvm_vram_chunk *chunk);
void vsvm_vram_put(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk);
unsigned int vsvm_vram_pages(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
			     struct page **pages, unsigned int count);
struct page *vsvm_vram_folio(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk);
bool vsvm_vram_is_open(struct vsvm_vram *vram);
bool vsvm_vram_bo_enter(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk, struct vsvm_bo *bo,
			u64 block);
void vsvm_vram_bo_leave(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk);
struct vsvm_vram_client *vsvm_vram_page_client(const struct vsvm_vram *vram,
					       const struct page *page);
bool vsvm_vram_has_pins(const struct vsvm_vram *vram, u64 offset);
bool vsvm_vram_pin(struct vsvm_vram *vram, u64 offset);
void vsvm_vram_unpin(struct vsvm_vram *vram, u64 offset);
void vsvm_vram_used(struct vsvm_vram *vram, u64 offset);
void vsvm_vram_age_init(struct vsvm_vram *vram);
void vsvm_vram_age(struct vsvm_vram *vram);
struct vsvm_vram_chunk *vsvm_vram_victim(struct vsvm_vram *vram,
					 const struct vsvm_vram_client *client);
struct vsvm_vram_chunk *vsvm_vram_left(struct vsvm_vram *vram);

extern const struct dev_pagemap_ops vsvm_vram_pgmap_ops;

/**
 * vsvm_vram_owner() - how the kernel calls whose memory VRAM is
 *
 * One name for all devices, see DOC: Peers.
 *
 * Return: for &hmm_range.dev_private_owner and &migrate_vma.pgmap_owner.
 */
static inline void *vsvm_vram_owner(void)
{
	return (void *)&vsvm_vram_pgmap_ops;
}

/** vsvm_vram_select() - &migrate_vma.flags for pages that are in VRAM */
static inline unsigned long vsvm_vram_select(const struct vsvm_vram *vram)
{
	return vram->coherent ? MIGRATE_VMA_SELECT_DEVICE_COHERENT :
				MIGRATE_VMA_SELECT_DEVICE_PRIVATE;
}

/** vsvm_vram_has_pfn() - is this the number of a page of ours? */
static inline bool vsvm_vram_has_pfn(const struct vsvm_vram *vram, unsigned long pfn)
{
	return pfn - vram->first_pfn < READ_ONCE(vram->num_pages);
}

/** vsvm_vram_of() - VRAM that a page of ours lies in */
static inline struct vsvm_vram *vsvm_vram_of(const struct page *page)
{
	return container_of(page_pgmap(page), struct vsvm_vram, pgmap);
}

/** vsvm_vram_offset() - where in VRAM a page of ours lies */
static inline u64 vsvm_vram_offset(const struct vsvm_vram *vram, const struct page *page)
{
	return (u64)(page_to_pfn(page) - vram->first_pfn) << PAGE_SHIFT;
}

/** vsvm_vram_page() - the page at an offset of VRAM */
static inline struct page *vsvm_vram_page(const struct vsvm_vram *vram, u64 offset)
{
	return pfn_to_page(vram->first_pfn + (offset >> PAGE_SHIFT));
}

/** vsvm_vram_chunk_at() - the chunk that an offset of VRAM lies in */
static inline struct vsvm_vram_chunk *vsvm_vram_chunk_at(const struct vsvm_vram *vram, u64 offset)
{
	return &vram->chunks[offset / VSVM_HW_VRAM_BLOCK];
}

static inline u64 vsvm_vram_chunk_offset(const struct vsvm_vram *vram,
					 const struct vsvm_vram_chunk *chunk)
{
	return (u64)(chunk - vram->chunks) * VSVM_HW_VRAM_BLOCK;
}

/**
 * vsvm_vram_has_bo() - is it a BO that has the memory at an offset of VRAM?
 * @vram: VRAM
 * @offset: offset that somebody has in use, so that it stays so
 */
static inline bool vsvm_vram_has_bo(const struct vsvm_vram *vram, u64 offset)
{
	return READ_ONCE(vram->chunks[offset / VSVM_HW_VRAM_BLOCK].bo);
}

#endif
