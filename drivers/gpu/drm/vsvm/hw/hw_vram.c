// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: VRAM
 *
 * The device's own memory: offsets from 0 to &vsvm_hw_config.vram_size, which entries of the page
 * table with %VSVM_PTE_VRAM and descriptors of the copy engine name. Silicon has memory chips for
 * it. Here a block of %VSVM_HW_VRAM_BLOCK bytes takes memory of the host when the driver says that
 * it is going to be used, and gives it back when the driver says that it is idle. Between the two
 * it keeps what is written to it; before, it holds whatever the host's memory held. So the driver
 * clears what somebody is to see, as it would have to with chips.
 *
 * Or there is memory of the device's own, at an address that processors reach it by too
 * (&vsvm_hw_config.vram_base): a host with such a link to the device has one coherent memory. Then
 * a block is a part of that, taking it says no more than that it is used, and it keeps what is
 * written to it for ever. What processors write there the device sees at once, and the other way
 * round, atomics included, for both go through the same caches.
 *
 * The host gives a block in one piece where it can, which the TLB then caches as a whole, and in
 * pages where it cannot. That shows in speed alone.
 *
 * Locking: vram->lock serialises taking and giving back. Engines and the copy engine look blocks up
 * without any: the driver has taken a block before anything names it, and gives it back only when
 * no entry names it any more and vsvm_hw_tlb_invalidate() has returned.
 */

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "hw_internal.h"

#define BLOCK_SHIFT	VSVM_PT_SHIFT(1)
#define BLOCK_ORDER	VSVM_PT_BITS
#define BLOCK_PAGES	BIT(BLOCK_ORDER)

/* In a word of vram->blocks: it is the memory itself, in one piece, and not a list of pages. */
#define ONE_PIECE	BIT(0)

/**
 * vsvm_hw_vram_init() - prepare VRAM of which nothing is used
 * @hw: device; &vsvm_hw_config.vram_size and .vram_base are good
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_hw_vram_init(struct vsvm_hw *hw)
{
	struct vsvm_hw_vram *vram = &hw->vram;

	mutex_init(&vram->lock);
	vram->num_blocks = hw->config.vram_size >> BLOCK_SHIFT;
	if (!vram->num_blocks)
		return 0;
	/* Of a size that nobody has there is no list either, which is no alarm. */
	vram->blocks = kvcalloc(vram->num_blocks, sizeof(*vram->blocks),
				GFP_KERNEL | __GFP_NOWARN);
	if (!vram->blocks)
		return -ENOMEM;
	if (!hw->config.vram_base)
		return 0;
	/* A mapping of its own, which does not depend on what others make of the memory. */
	vram->base = memremap(hw->config.vram_base, hw->config.vram_size, MEMREMAP_WB);
	if (!vram->base) {
		kvfree(vram->blocks);
		return -ENOMEM;
	}
	return 0;
}

static void free_pages_of(unsigned long *pages)
{
	unsigned int i;

	for (i = 0; i < BLOCK_PAGES && pages[i]; i++)
		free_page(pages[i]);
	kfree(pages);
}

static void free_block(unsigned long block)
{
	if (block & ONE_PIECE)
		free_pages(block & ~ONE_PIECE, BLOCK_ORDER);
	else if (block)
		free_pages_of((unsigned long *)block);
}

/**
 * vsvm_hw_vram_fini() - give all of the host's memory back
 * @hw: device; no engine runs
 */
void vsvm_hw_vram_fini(struct vsvm_hw *hw)
{
	u64 i;

	for (i = 0; i < hw->vram.num_blocks && !hw->vram.base; i++)
		free_block(hw->vram.blocks[i]);
	if (hw->vram.base)
		memunmap(hw->vram.base);
	kvfree(hw->vram.blocks);
	mutex_destroy(&hw->vram.lock);
}

/* Who asks for VRAM can do without. So neither do others have to die for it, nor is it an alarm. */
static unsigned long alloc_block(void)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	unsigned long block, *pages;
	unsigned int i;

	block = __get_free_pages(gfp | __GFP_NORETRY | __GFP_COMP, BLOCK_ORDER);
	if (block)
		return block | ONE_PIECE;

	pages = kcalloc(BLOCK_PAGES, sizeof(*pages), gfp | __GFP_RETRY_MAYFAIL);
	if (!pages)
		return 0;
	for (i = 0; i < BLOCK_PAGES; i++) {
		pages[i] = __get_free_page(gfp | __GFP_RETRY_MAYFAIL);
		if (!pages[i]) {
			free_pages_of(pages);
			return 0;
		}
	}
	return (unsigned long)pages;
}

u64 vsvm_hw_vram_size(struct vsvm_hw *hw)
{
	return hw->vram.num_blocks << BLOCK_SHIFT;
}

u64 vsvm_hw_vram_used(struct vsvm_hw *hw)
{
	return READ_ONCE(hw->vram.used) << BLOCK_SHIFT;
}

int vsvm_hw_vram_take(struct vsvm_hw *hw, u64 offset)
{
	struct vsvm_hw_vram *vram = &hw->vram;
	u64 index = offset >> BLOCK_SHIFT;
	unsigned long block;
	int ret = 0;

	if (index >= vram->num_blocks)
		return -EINVAL;

	mutex_lock(&vram->lock);
	if (!vram->blocks[index]) {
		if (vram->base)
			block = (unsigned long)(vram->base + (index << BLOCK_SHIFT)) | ONE_PIECE;
		else
			block = alloc_block();
		if (block) {
			/* The list before the pointer to it. */
			smp_store_release(&vram->blocks[index], block);
			WRITE_ONCE(vram->used, vram->used + 1);
		} else {
			ret = -ENOMEM;
		}
	}
	mutex_unlock(&vram->lock);
	return ret;
}

void vsvm_hw_vram_give(struct vsvm_hw *hw, u64 offset)
{
	struct vsvm_hw_vram *vram = &hw->vram;
	u64 index = offset >> BLOCK_SHIFT;
	unsigned long block;

	if (index >= vram->num_blocks)
		return;

	mutex_lock(&vram->lock);
	block = vram->blocks[index];
	WRITE_ONCE(vram->blocks[index], 0);
	if (block)
		WRITE_ONCE(vram->used, vram->used - 1);
	mutex_unlock(&vram->lock);
	if (!vram->base)
		free_block(block);
}

/**
 * vsvm_hw_vram_ptr() - where the kernel sees VRAM
 * @hw: device
 * @offset: in it
 * @size: in: bytes wanted; out: those of them that are there in one piece
 *
 * Context: any; the driver does not give the block back meanwhile.
 * Return: the memory, or NULL if there is none.
 */
void *vsvm_hw_vram_ptr(struct vsvm_hw *hw, u64 offset, u64 *size)
{
	u64 index = offset >> BLOCK_SHIFT;
	unsigned long block, *pages;
	u64 in_block, in_page;

	if (index >= hw->vram.num_blocks)
		return NULL;
	/* Pairs with vsvm_hw_vram_take(): a list is there before the pointer to it. */
	block = smp_load_acquire(&hw->vram.blocks[index]);
	if (!block)
		return NULL;

	in_block = offset & (VSVM_HW_VRAM_BLOCK - 1);
	if (block & ONE_PIECE) {
		*size = min(*size, VSVM_HW_VRAM_BLOCK - in_block);
		return (void *)(block & ~ONE_PIECE) + in_block;
	}
	pages = (unsigned long *)block;
	in_page = offset & ~VSVM_HW_PAGE_MASK;
	*size = min(*size, VSVM_HW_PAGE_SIZE - in_page);
	return (void *)pages[in_block >> VSVM_HW_PAGE_SHIFT] + in_page;
}

phys_addr_t vsvm_hw_vram_bar(struct vsvm_hw *hw, u64 offset)
{
	u64 size = 1;
	void *ptr = vsvm_hw_vram_ptr(hw, offset, &size);

	if (ptr && hw->vram.base)
		return hw->config.vram_base + offset;
	return ptr ? virt_to_phys(ptr) : 0;
}
