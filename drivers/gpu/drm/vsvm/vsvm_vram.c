// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: VRAM of the driver
 *
 * Who has which part of the device's memory. It is handed out in chunks of %VSVM_HW_VRAM_BLOCK
 * bytes, 2M, by the kernel's buddy allocator for GPUs. A chunk holds memory of one VM: a folio of
 * 2M, or pages of 4K. It counts what is in use of it, and when that is nothing it is idle. Or it
 * holds a block of a BO (vsvm_bo_place.c), all of it.
 *
 * To the kernel the memory of processes here is device-private: it has a struct page for each page,
 * at physical addresses at which there is nothing, and these go through reference counts, reverse
 * mapping and fork as all pages do. When the last reference goes the kernel says so
 * (vram_folio_free()), from wherever that happens, and interrupts may be off. So pages are counted
 * under a spinlock, and chunks go back to the allocator later, by a work item, which also gives the
 * host its memory back if nobody has wanted the chunk for a while (IDLE_DELAY). A shrinker does so
 * at once.
 *
 * Each chunk is some VM's, its client's: of a block of a BO the one's that has brought it there, by
 * a fault of its GPU. So it stays until the block has left, whoever uses it meanwhile, and if that
 * VM is gone. A VM with a limit that has as many chunks, of whichever kind, makes room among its
 * own for the next one.
 *
 * Or it is memory that CPUs can reach (vsvm_coherent.c), and coherent to the kernel: pages like any
 * other, but that they are on no LRU list, so neither reclaim nor swap, KSM, compaction or NUMA
 * balancing know of them. No CPU's access brings them back. What else differs:
 *
 * - Others may have a reference for as long as they like, a pipe that vmsplice() has filled for
 *   one, and such a page does not move. So what a VM has left behind is tried again until all of
 *   it is back (close_work()), and the module stays while somebody has a chunk (take_free()); else
 *   its removal would wait for a program that need not end.
 * - Who pins for long, as by FOLL_LONGTERM, does not get such a page: the kernel moves it to system
 *   memory first (migrate_device_coherent_folio()), which our notifiers hear as any other event.
 * - Pages are of 4K. Linux 7.2 would take one of 2M as a destination, but then cannot split it: it
 *   would put the parts on an LRU list, by the word that says whose they are. Nor could it be
 *   migrated back (migrate_vma_setup() wants %MIGRATE_VMA_SELECT_SYSTEM for it), nor be pinned.
 *   &drm_vsvm_vm_stats.pages_split counts what would have been one.
 * - An idle chunk costs the host nothing, so it goes back to the allocator at once.
 *
 * A chunk that somebody allocates from, or evicts, is held: it is on no list and does not become
 * idle. So there is nobody but its holder who could allocate from it, and a chunk that is being
 * evicted does not fill up again.
 *
 * Who has to make room: the chunk that was used longest ago. Used is what a fault has mapped, and
 * what the device says that it has used (vsvm_vram_age.c).
 *
 * Not a chunk that is pinned, which is one with a page that is (svm_pin.c). To be evicted there has
 * to be another one, always: no more than half of all chunks can be pinned, nor of those that a VM
 * with a limit may have, which makes room among its own. A pin that would be too much is refused.
 * Where VRAM is closed, or the VM is gone, pins do not matter.
 *
 * Locking: vram->mutex, then vram->lock. vram->mutex is taken by who allocates a chunk, and memory
 * is allocated below it; the shrinker only tries to get it. None is held while pages migrate.
 *
 * Limits: in a chunk that is held by a VM and has few pages in use, the rest is nobody else's.
 */

#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "svm/svm_density.h"
#include "svm/svm_evict.h"
#include "svm/svm_migrate.h"
#include "svm/svm_to_ram.h"
#include "vsvm_bo_place.h"
#include "vsvm_pt.h"
#include "vsvm_vram.h"

/* How long the host's memory for a chunk is kept when nobody uses it, in jiffies. */
#define IDLE_DELAY	HZ
/* How many are asked to make room for one chunk: each may have somebody else's hands on it. */
#define GET_TRIES	8

static void client_release(struct kref *ref)
{
	kfree(container_of(ref, struct vsvm_vram_client, ref));
}

/**
 * vsvm_vram_client_create() - let a VM have VRAM
 * @vram: VRAM
 * @as: its address space, for hold points
 * @limit: bytes that it may have; 0: no limit
 *
 * Return: the client, or NULL.
 */
struct vsvm_vram_client *vsvm_vram_client_create(struct vsvm_vram *vram,
						 const struct vsvm_hw_as *as, u64 limit)
{
	struct vsvm_vram_client *client = kzalloc_obj(*client, GFP_KERNEL_ACCOUNT);

	if (!client)
		return NULL;
	kref_init(&client->ref);
	client->as = as;
	client->limit = limit ? limit / VSVM_HW_VRAM_BLOCK : U64_MAX;
	mutex_lock(&vram->age_mutex);
	list_add_tail(&client->link, &vram->clients);
	mutex_unlock(&vram->age_mutex);
	return client;
}

/**
 * vsvm_vram_client_close() - the VM goes
 * @vram: VRAM
 * @client: of the VM, which has put all chunks
 *
 * What is in VRAM still belongs to a process that goes on, or to one that is just ending, and is
 * brought back soon. BOs stay where they are.
 *
 * Context: process. Does not wait.
 */
void vsvm_vram_client_close(struct vsvm_vram *vram, struct vsvm_vram_client *client)
{
	bool left;

	mutex_lock(&vram->age_mutex);
	list_del(&client->link);
	mutex_unlock(&vram->age_mutex);

	spin_lock_irq(&vram->lock);
	client->closed = true;
	left = client->pages;
	spin_unlock_irq(&vram->lock);
	if (left)
		mod_delayed_work(system_dfl_wq, &vram->close_work, 0);
	kref_put(&client->ref, client_release);
}

/* It has no page in use and nobody holds it. */
static void make_idle(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk)
{
	lockdep_assert_held(&vram->lock);
	/* Who pins a page has it mapped, and hears before it goes. */
	WARN_ON_ONCE(chunk->pins);

	list_move_tail(&chunk->link, &vram->idle);
	vram->num_idle++;
	mod_delayed_work(system_dfl_wq, &vram->idle_work, vram->coherent ? 0 : IDLE_DELAY);
}

/*
 * Gives idle chunks back to the allocator, so that they can be had by anybody, and the host's
 * memory with them. Returns how many.
 */
static unsigned long give_idle(struct vsvm_vram *vram, unsigned long most)
{
	struct vsvm_vram_chunk *chunk;
	struct gpu_buddy_block *block;
	unsigned long given = 0;

	lockdep_assert_held(&vram->mutex);

	while (given < most) {
		spin_lock_irq(&vram->lock);
		chunk = list_first_entry_or_null(&vram->idle, struct vsvm_vram_chunk, link);
		if (!chunk) {
			spin_unlock_irq(&vram->lock);
			break;
		}
		list_del_init(&chunk->link);
		vram->num_idle--;
		chunk->client->chunks--;
		kref_put(&chunk->client->ref, client_release);
		chunk->client = NULL;
		block = chunk->block;
		chunk->block = NULL;
		spin_unlock_irq(&vram->lock);

		vsvm_hw_vram_give(vram->hw, gpu_buddy_block_offset(block));
		gpu_buddy_free_block(&vram->buddy, block);
		/* Whoever unloads it waits for us, by vsvm_vram_fini(). */
		if (vram->coherent)
			module_put(THIS_MODULE);
		given++;
	}
	return given;
}

static void idle_work(struct work_struct *work)
{
	struct vsvm_vram *vram = container_of(to_delayed_work(work), struct vsvm_vram, idle_work);

	mutex_lock(&vram->mutex);
	give_idle(vram, ULONG_MAX);
	mutex_unlock(&vram->mutex);
}

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct vsvm_vram *vram = shrinker->private_data;

	return READ_ONCE(vram->num_idle) * VSVM_VRAM_CHUNK_PAGES ?: SHRINK_EMPTY;
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct vsvm_vram *vram = shrinker->private_data;
	unsigned long given;

	/* Its holder may be the one who wants memory. */
	if (!mutex_trylock(&vram->mutex))
		return SHRINK_STOP;
	given = give_idle(vram, DIV_ROUND_UP(sc->nr_to_scan, VSVM_VRAM_CHUNK_PAGES));
	mutex_unlock(&vram->mutex);
	return given ? given * VSVM_VRAM_CHUNK_PAGES : SHRINK_STOP;
}

/* Takes a chunk off its list. */
static void hold(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk)
{
	lockdep_assert_held(&vram->lock);

	list_del_init(&chunk->link);
	if (!chunk->used)
		vram->num_idle--;
	chunk->held = true;
}

/* A chunk that has the host's memory still. With @own, one that is the client's already. */
static struct vsvm_vram_chunk *take_idle(struct vsvm_vram *vram, struct vsvm_vram_client *client,
					 bool own)
{
	struct vsvm_vram_chunk *chunk;

	lockdep_assert_held(&vram->lock);

	list_for_each_entry(chunk, &vram->idle, link) {
		if (own && chunk->client != client)
			continue;
		hold(vram, chunk);
		kref_get(&client->ref);
		client->chunks++;
		chunk->client->chunks--;
		kref_put(&chunk->client->ref, client_release);
		chunk->client = client;
		return chunk;
	}
	return NULL;
}

/* A chunk that was free, with the host's memory. */
static struct vsvm_vram_chunk *take_free(struct vsvm_vram *vram, struct vsvm_vram_client *client)
{
	struct vsvm_vram_chunk *chunk;
	struct gpu_buddy_block *block;
	LIST_HEAD(blocks);
	u64 offset;

	lockdep_assert_held(&vram->mutex);

	/* Not if it is being unloaded: a last fault of a file that is closed may come so late. */
	if (vram->coherent && !try_module_get(THIS_MODULE))
		return NULL;
	if (gpu_buddy_alloc_blocks(&vram->buddy, 0, vram->buddy.size, VSVM_HW_VRAM_BLOCK,
				   VSVM_HW_VRAM_BLOCK, &blocks, 0))
		goto put_module;
	block = list_first_entry(&blocks, struct gpu_buddy_block, link);
	offset = gpu_buddy_block_offset(block);
	if (vsvm_hw_vram_take(vram->hw, offset)) {
		gpu_buddy_free_block(&vram->buddy, block);
		goto put_module;
	}

	chunk = vsvm_vram_chunk_at(vram, offset);
	spin_lock_irq(&vram->lock);
	chunk->block = block;
	chunk->held = true;
	chunk->client = client;
	kref_get(&client->ref);
	client->chunks++;
	spin_unlock_irq(&vram->lock);
	return chunk;

put_module:
	if (vram->coherent)
		module_put(THIS_MODULE);
	return NULL;
}

/**
 * vsvm_vram_get() - have a chunk for oneself
 * @vram: VRAM
 * @client: for whom
 *
 * If there is none free, others have to make room, or, where @client is at its limit, its own.
 *
 * Context: process; locks of SVM that are taken before mmap_lock may be held, and no others.
 * Return: the chunk, held, with no page in use; NULL if there is none to be had.
 */
struct vsvm_vram_chunk *vsvm_vram_get(struct vsvm_vram *vram, struct vsvm_vram_client *client)
{
	struct vsvm_vram_chunk *chunk = NULL;
	unsigned int tries = 0;
	bool closed, full;

	if (!vram->num_chunks)
		return NULL;
	do {
		mutex_lock(&vram->mutex);
		spin_lock_irq(&vram->lock);
		closed = vram->closed;
		full = client->chunks >= client->limit;
		if (!closed)
			chunk = take_idle(vram, client, full);
		spin_unlock_irq(&vram->lock);
		if (!closed && !full && !chunk)
			chunk = take_free(vram, client);
		mutex_unlock(&vram->mutex);
		/* What one makes room for, another may take; or nobody could. */
	} while (!chunk && !closed && ++tries < GET_TRIES &&
		 vsvm_evict_chunk(vram, full ? client : NULL));
	return chunk;
}

/**
 * vsvm_vram_hold() - go on allocating from a chunk
 * @vram: VRAM
 * @client: for whom
 * @chunk: a chunk that was put earlier; it may have gone and come back since
 *
 * Context: any.
 * Return: @chunk, held, if it is @client's and has a page that is free; else NULL.
 */
struct vsvm_vram_chunk *vsvm_vram_hold(struct vsvm_vram *vram, struct vsvm_vram_client *client,
				       struct vsvm_vram_chunk *chunk)
{
	bool good;

	spin_lock_irq(&vram->lock);
	good = chunk->client == client && !chunk->held && chunk->used < VSVM_VRAM_CHUNK_PAGES;
	if (good)
		hold(vram, chunk);
	spin_unlock_irq(&vram->lock);
	return good ? chunk : NULL;
}

/**
 * vsvm_vram_free_pages() - how many pages can be allocated from a chunk
 * @vram: VRAM
 * @chunk: held by the caller, or NULL
 *
 * Context: any.
 * Return: at least so many until it is put; nobody else allocates from it.
 */
unsigned int vsvm_vram_free_pages(struct vsvm_vram *vram, const struct vsvm_vram_chunk *chunk)
{
	unsigned int used = VSVM_VRAM_CHUNK_PAGES;

	if (chunk) {
		spin_lock_irq(&vram->lock);
		used = chunk->used;
		spin_unlock_irq(&vram->lock);
	}
	return VSVM_VRAM_CHUNK_PAGES - used;
}

/**
 * vsvm_vram_put() - do not allocate from a chunk any more, or have evicted it
 * @vram: VRAM
 * @chunk: held, or NULL
 *
 * Context: any.
 */
void vsvm_vram_put(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk)
{
	unsigned long flags;

	if (!chunk)
		return;
	spin_lock_irqsave(&vram->lock, flags);
	chunk->held = false;
	if (chunk->used)
		list_add_tail(&chunk->link, &vram->lru);
	else
		make_idle(vram, chunk);
	spin_unlock_irqrestore(&vram->lock, flags);
}

/* Not page_folio(): a page that was part of a folio last time may still seem to be. */
static void init_folio(struct vsvm_vram *vram, struct page *page, unsigned int order)
{
	zone_device_folio_init((struct folio *)page, &vram->pgmap, order);
}

/* The rest of what it takes to use some pages. From now on they are in use. */
static void count_pages(struct vsvm_vram_chunk *chunk, unsigned int count)
{
	chunk->used += count;
	chunk->client->pages += count;
}

/**
 * vsvm_vram_pages() - allocate pages of 4K
 * @vram: VRAM
 * @chunk: from which; held by the caller
 * @pages: filled with pages, locked and with a reference, as migration wants its destinations
 * @count: how many are wanted
 *
 * What they contain is undefined.
 *
 * Context: any.
 * Return: how many there are; less than @count if @chunk has no more, or VRAM is closed.
 */
unsigned int vsvm_vram_pages(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
			     struct page **pages, unsigned int count)
{
	u64 offset = vsvm_vram_chunk_offset(vram, chunk);
	unsigned int i, got = 0, bit = 0;

	spin_lock_irq(&vram->lock);
	WARN_ON_ONCE(!chunk->held);
	while (!vram->closed && got < count) {
		bit = find_next_zero_bit(chunk->map, VSVM_VRAM_CHUNK_PAGES, bit);
		if (bit >= VSVM_VRAM_CHUNK_PAGES)
			break;
		__set_bit(bit, chunk->map);
		pages[got++] = vsvm_vram_page(vram, offset + ((u64)bit << PAGE_SHIFT));
	}
	count_pages(chunk, got);
	spin_unlock_irq(&vram->lock);

	for (i = 0; i < got; i++)
		init_folio(vram, pages[i], 0);
	return got;
}

/**
 * vsvm_vram_folio() - make all of a chunk one folio
 * @vram: VRAM
 * @chunk: chunk without a page in use, held by the caller
 *
 * Context: any.
 * Return: first page of the folio, which is locked and has a reference; NULL if VRAM is closed.
 */
struct page *vsvm_vram_folio(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk)
{
	struct page *page = vsvm_vram_page(vram, vsvm_vram_chunk_offset(vram, chunk));
	bool closed;

	spin_lock_irq(&vram->lock);
	WARN_ON_ONCE(!chunk->held || chunk->used);
	closed = vram->closed;
	if (!closed) {
		bitmap_fill(chunk->map, VSVM_VRAM_CHUNK_PAGES);
		count_pages(chunk, VSVM_VRAM_CHUNK_PAGES);
	}
	spin_unlock_irq(&vram->lock);
	if (closed)
		return NULL;
	init_folio(vram, page, HPAGE_PMD_ORDER);
	return page;
}

/**
 * vsvm_vram_is_open() - may there be VRAM to be had?
 * @vram: VRAM
 */
bool vsvm_vram_is_open(struct vsvm_vram *vram)
{
	return vram->num_chunks && !READ_ONCE(vram->closed);
}

/**
 * vsvm_vram_bo_enter() - make all of a chunk a BO's
 * @vram: VRAM
 * @chunk: chunk without a page in use, held by the caller; it is no longer
 * @bo: BO, until vsvm_vram_bo_leave()
 * @block: which block of it
 *
 * Its struct pages are not used: nobody else knows of the memory. From now on it may be evicted,
 * which waits for the BO's dma_resv.
 *
 * Context: any.
 * Return: false if VRAM is closed; then the chunk stays the caller's.
 */
bool vsvm_vram_bo_enter(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk, struct vsvm_bo *bo,
			u64 block)
{
	bool open;

	spin_lock_irq(&vram->lock);
	WARN_ON_ONCE(!chunk->held || chunk->used);
	open = !vram->closed;
	if (open) {
		chunk->bo = bo;
		chunk->bo_block = block;
		chunk->used = VSVM_VRAM_CHUNK_PAGES;
		chunk->client->bo_blocks++;
		chunk->held = false;
		list_add_tail(&chunk->link, &vram->lru);
	}
	spin_unlock_irq(&vram->lock);
	return open;
}

/**
 * vsvm_vram_bo_leave() - the BO has no use for a chunk any more
 * @vram: VRAM
 * @chunk: its chunk, which no entry of a page table names any more, nor a TLB, nor a CPU
 *
 * Context: any. Somebody may hold it, to evict it.
 */
void vsvm_vram_bo_leave(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk)
{
	spin_lock_irq(&vram->lock);
	chunk->bo = NULL;
	chunk->used -= VSVM_VRAM_CHUNK_PAGES;
	chunk->client->bo_blocks--;
	if (!chunk->held)
		make_idle(vram, chunk);
	spin_unlock_irq(&vram->lock);
}

/* &dev_pagemap_ops.folio_free: the last reference is gone. */
static void vram_folio_free(struct folio *folio)
{
	struct vsvm_vram *vram = vsvm_vram_of(&folio->page);
	unsigned int pages = folio_nr_pages(folio);
	u64 offset = vsvm_vram_offset(vram, &folio->page);
	struct vsvm_vram_chunk *chunk = vsvm_vram_chunk_at(vram, offset);
	unsigned long flags;

	spin_lock_irqsave(&vram->lock, flags);
	bitmap_clear(chunk->map, (offset % VSVM_HW_VRAM_BLOCK) >> PAGE_SHIFT, pages);
	chunk->used -= pages;
	chunk->client->pages -= pages;
	/* What is kept with a page is of no use to whoever has it next. */
	WRITE_ONCE(folio->page.zone_device_data, NULL);
	if (!chunk->used && !chunk->held)
		make_idle(vram, chunk);
	spin_unlock_irqrestore(&vram->lock, flags);
}

const struct dev_pagemap_ops vsvm_vram_pgmap_ops = {
	.folio_free = vram_folio_free,
	.migrate_to_ram = vsvm_migrate_cpu_fault,
	.folio_split = vsvm_migrate_folio_split,
};

/**
 * vsvm_vram_page_client() - whose chunk is a page in?
 * @vram: VRAM
 * @page: page of it, in use as long as the client is looked at
 *
 * Return: the client.
 */
struct vsvm_vram_client *vsvm_vram_page_client(const struct vsvm_vram *vram,
					       const struct page *page)
{
	return vsvm_vram_chunk_at(vram, vsvm_vram_offset(vram, page))->client;
}

/**
 * vsvm_vram_used() - the GPU has just been given a page of VRAM
 * @vram: VRAM
 * @offset: of the page
 *
 * Context: any.
 */
void vsvm_vram_used(struct vsvm_vram *vram, u64 offset)
{
	struct vsvm_vram_chunk *chunk = vsvm_vram_chunk_at(vram, offset);

	spin_lock_irq(&vram->lock);
	chunk->mapped = true;
	if (!chunk->held && chunk->used)
		list_move_tail(&chunk->link, &vram->lru);
	spin_unlock_irq(&vram->lock);
}

/**
 * vsvm_vram_pin() - keep a page from making room, and its chunk with it
 * @vram: VRAM
 * @offset: of the page, which is in use, and whose end the caller will hear of
 *
 * Context: any.
 * Return: false if too much is pinned.
 */
bool vsvm_vram_pin(struct vsvm_vram *vram, u64 offset)
{
	struct vsvm_vram_chunk *chunk = vsvm_vram_chunk_at(vram, offset);
	struct vsvm_vram_client *client;
	bool good = true;

	spin_lock_irq(&vram->lock);
	client = chunk->client;
	if (!chunk->pins) {
		good = vram->num_pinned < vram->num_chunks / 2 &&
		       client->pinned < client->limit / 2;
		vram->num_pinned += good;
		client->pinned += good;
	}
	WRITE_ONCE(chunk->pins, chunk->pins + good);
	spin_unlock_irq(&vram->lock);
	return good;
}

/**
 * vsvm_vram_has_pins() - is something of a chunk pinned?
 * @vram: VRAM
 * @offset: of a page of the chunk
 *
 * Context: any; it may be out of date on return.
 * Return: true if so.
 */
bool vsvm_vram_has_pins(const struct vsvm_vram *vram, u64 offset)
{
	return READ_ONCE(vsvm_vram_chunk_at(vram, offset)->pins);
}

/**
 * vsvm_vram_unpin() - undo vsvm_vram_pin()
 * @vram: VRAM
 * @offset: as it was then
 *
 * Context: any.
 */
void vsvm_vram_unpin(struct vsvm_vram *vram, u64 offset)
{
	struct vsvm_vram_chunk *chunk = vsvm_vram_chunk_at(vram, offset);

	spin_lock_irq(&vram->lock);
	if (!WARN_ON_ONCE(!chunk->pins)) {
		WRITE_ONCE(chunk->pins, chunk->pins - 1);
		if (!chunk->pins) {
			vram->num_pinned--;
			chunk->client->pinned--;
		}
	}
	spin_unlock_irq(&vram->lock);
}

/**
 * vsvm_vram_victim() - the chunk that is to make room next
 * @vram: VRAM
 * @client: only one of its; NULL: of whomever
 *
 * Return: the chunk, held by the caller, or NULL if there is none.
 */
struct vsvm_vram_chunk *vsvm_vram_victim(struct vsvm_vram *vram,
					 const struct vsvm_vram_client *client)
{
	struct vsvm_vram_chunk *chunk, *found = NULL;

	spin_lock_irq(&vram->lock);
	list_for_each_entry(chunk, &vram->lru, link) {
		if (client && chunk->client != client)
			continue;
		if (chunk->pins && !vram->closed && !chunk->client->closed)
			continue;
		found = chunk;
		hold(vram, chunk);
		break;
	}
	spin_unlock_irq(&vram->lock);
	return found;
}

/**
 * vsvm_vram_left() - a chunk with memory of a process that a VM which is gone has left
 * @vram: VRAM
 *
 * Return: the chunk, held by the caller, or NULL if there is none.
 */
struct vsvm_vram_chunk *vsvm_vram_left(struct vsvm_vram *vram)
{
	struct vsvm_vram_chunk *chunk, *found = NULL;

	spin_lock_irq(&vram->lock);
	list_for_each_entry(chunk, &vram->lru, link) {
		if (!chunk->client->closed || chunk->bo)
			continue;
		found = chunk;
		hold(vram, chunk);
		break;
	}
	spin_unlock_irq(&vram->lock);
	return found;
}

/* Pages of memory that is the device's already. Their node is the one that this is part of. */
static int init_coherent(struct vsvm_vram *vram, const struct range *range)
{
	void *ret;

	vram->pgmap.type = MEMORY_DEVICE_COHERENT;
	vram->pgmap.range = *range;
	vram->pgmap.nr_range = 1;
	vram->pgmap.ops = &vsvm_vram_pgmap_ops;
	vram->pgmap.owner = vsvm_vram_owner();
	ret = memremap_pages(&vram->pgmap, phys_to_target_node(range->start));
	if (IS_ERR(ret)) {
		pr_err("no coherent memory at %#llx: %ld\n", range->start, PTR_ERR(ret));
		return PTR_ERR(ret);
	}
	vram->first_pfn = PHYS_PFN(range->start);
	vram->num_pages = range_len(range) >> PAGE_SHIFT;
	return 0;
}

/* Without struct pages there is VRAM, but nothing of a process's can be in it. */
static void init_pages(struct vsvm_vram *vram, u64 size)
{
	struct resource *res;
	void *ret;

	res = request_free_mem_region(&iomem_resource, size, "vsvm");
	if (IS_ERR(res)) {
		pr_info("no room for %llu MiB of device-private memory: %ld\n", size >> 20,
			PTR_ERR(res));
		return;
	}
	vram->pgmap.type = MEMORY_DEVICE_PRIVATE;
	vram->pgmap.range.start = res->start;
	vram->pgmap.range.end = res->end;
	vram->pgmap.nr_range = 1;
	vram->pgmap.ops = &vsvm_vram_pgmap_ops;
	vram->pgmap.owner = vsvm_vram_owner();
	ret = memremap_pages(&vram->pgmap, NUMA_NO_NODE);
	if (IS_ERR(ret)) {
		pr_info("no device-private memory: %ld\n", PTR_ERR(ret));
		release_mem_region(res->start, resource_size(res));
		return;
	}
	vram->first_pfn = PHYS_PFN(res->start);
	vram->num_pages = size >> PAGE_SHIFT;
}

/**
 * vsvm_vram_init() - make the device's memory available
 * @vram: zeroed
 * @hw: device; it may have no VRAM
 * @coherent: where all of it is, and CPUs are to have it; NULL: they are not
 *
 * Return: 0 or -ENOMEM; with @coherent, also what the kernel has against the place.
 */
int vsvm_vram_init(struct vsvm_vram *vram, struct vsvm_hw *hw, const struct range *coherent)
{
	u64 i, size = vsvm_hw_vram_size(hw);
	int ret;

	vram->hw = hw;
	vram->coherent = coherent;
	mutex_init(&vram->mutex);
	vsvm_vram_age_init(vram);
	spin_lock_init(&vram->lock);
	INIT_LIST_HEAD(&vram->lru);
	INIT_LIST_HEAD(&vram->idle);
	INIT_DELAYED_WORK(&vram->idle_work, idle_work);
	vsvm_vram_close_init(vram);
	if (!size)
		return 0;

	vram->num_chunks = size / VSVM_HW_VRAM_BLOCK;
	vram->chunks = kvcalloc(vram->num_chunks, sizeof(*vram->chunks), GFP_KERNEL);
	if (!vram->chunks)
		return -ENOMEM;
	for (i = 0; i < vram->num_chunks; i++)
		INIT_LIST_HEAD(&vram->chunks[i].link);
	ret = gpu_buddy_init(&vram->buddy, size, VSVM_HW_VRAM_BLOCK);
	if (ret)
		goto free_chunks;
	gpu_buddy_driver_set_lock(&vram->buddy, &vram->mutex);
	if (coherent) {
		ret = init_coherent(vram, coherent);
		if (ret)
			goto fini_buddy;
		return 0;
	}
	vram->shrinker = shrinker_alloc(0, "vsvm-vram");
	if (!vram->shrinker) {
		ret = -ENOMEM;
		goto fini_buddy;
	}
	vram->shrinker->count_objects = shrink_count;
	vram->shrinker->scan_objects = shrink_scan;
	vram->shrinker->private_data = vram;
	shrinker_register(vram->shrinker);
	init_pages(vram, size);
	return 0;

fini_buddy:
	gpu_buddy_fini(&vram->buddy);
free_chunks:
	kvfree(vram->chunks);
	vram->num_chunks = 0;
	return ret;
}

/**
 * vsvm_vram_fini() - undo vsvm_vram_init()
 * @vram: VRAM, closed; there is no client
 */
void vsvm_vram_fini(struct vsvm_vram *vram)
{
	if (!vram->num_chunks)
		return;
	shrinker_free(vram->shrinker);
	cancel_delayed_work_sync(&vram->close_work);
	cancel_delayed_work_sync(&vram->idle_work);
	mutex_lock(&vram->mutex);
	give_idle(vram, ULONG_MAX);
	gpu_buddy_fini(&vram->buddy);
	mutex_unlock(&vram->mutex);
	kvfree(vram->chunks);
	mutex_destroy(&vram->age_mutex);
	mutex_destroy(&vram->mutex);
}
