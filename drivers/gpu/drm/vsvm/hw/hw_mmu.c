// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: MMU
 *
 * Walks the five-level table and keeps what it found in a TLB for each engine: one array for pages
 * of 4 KiB, one for larger ones in pieces of 2 MiB, both direct mapped. An entry says where the
 * memory is, and which of WRITE, ATOMIC and DIRTY were set in the table when it was made. An access
 * that needs more than the entry says drops it and walks again. So more rights need no
 * invalidation, and the first write after reads is where DIRTY gets set.
 *
 * Nothing is cached about what is not mapped.
 *
 * Rule one: when vsvm_hw_tlb_invalidate() returns, no engine can touch the old page. An engine
 * translates and accesses inside a section that holds its tlb_lock, and no pointer that came from
 * a translation leaves the section::
 *
 *   engine                                  driver
 *   ------                                  ------
 *   lock(tlb_lock)
 *   translate: TLB entry or walk -> P
 *                                           entry = xchg(pte, 0)
 *                                           vsvm_hw_tlb_invalidate():
 *   access P                                        lock(tlb_lock) waits
 *   unlock(tlb_lock)
 *                                                   drop what maps the range
 *                                                   unlock(tlb_lock)
 *   lock(tlb_lock)                          return; P may be freed
 *   translate: no TLB entry, and the
 *   walk reads pte after the driver's
 *   unlock, so after its xchg: a miss
 *
 * Had the invalidation taken the lock first, the section would have been the second one. The same
 * holds for pointers between tables, which are used inside a section only. The lock has to be taken
 * even if no entry matches, because of what the section under way has in its hands.
 *
 * An engine that never had a queue of the address space is passed over. It cannot have begun a walk
 * with an old table, for then the invalidation would have seen its bit::
 *
 *   queue creation, engine                  driver
 *   ----------------------                  ------
 *   set_bit(as->engines)                    xchg(pte, 0)
 *   full barrier                            full barrier
 *   first walk reads pte                    test_bit(as->engines)
 *
 * At least one of the two sees the other.
 *
 * A section covers one page of a copy, or one memory instruction of a wave with its 32 lanes. It
 * neither sleeps nor allocates nor takes another lock, so an invalidation waits for no more.
 *
 * What translates to memory that is not in the device's own VRAM can be counted (hw_counter.c): a
 * walk when it is done, the answers of a TLB entry when there were several.
 *
 * A large page of VRAM that the host holds in pieces (hw_vram.c) is cached page by page. These
 * entries are marked, and an invalidation of any part of the 2 MiB drops all of them, as it drops
 * the one entry that there would be otherwise: in which form the host gives memory shows in speed
 * alone.
 */

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/lockdep.h>

#include "hw_internal.h"

/* How often a walk starts over because entries change under it, before it calls that a fault. */
#define MAX_WALKS	8

#define LARGE_LEVEL	1

/**
 * struct leaf - end of a walk
 */
struct leaf {
	/** @ptep: the entry */
	u64 *ptep;
	/** @pte: its value when it was read */
	u64 pte;
	/** @level: its level */
	unsigned int level;
};

/**
 * vsvm_hw_mmu_init() - prepare an engine's TLB
 * @engine: engine, all zero
 */
void vsvm_hw_mmu_init(struct vsvm_hw_engine *engine)
{
	spin_lock_init(&engine->tlb_lock);
}

/**
 * vsvm_hw_mmu_begin() - enter a section in which an engine may translate and access
 * @engine: engine
 */
void vsvm_hw_mmu_begin(struct vsvm_hw_engine *engine)
{
	/* Against invalidations from soft interrupts. */
	spin_lock_bh(&engine->tlb_lock);
}

/**
 * vsvm_hw_mmu_end() - leave the section
 * @engine: engine
 */
void vsvm_hw_mmu_end(struct vsvm_hw_engine *engine)
{
	spin_unlock_bh(&engine->tlb_lock);
	if (unlikely(engine->num_hot))
		vsvm_hw_counter_flush(engine);
}

/**
 * vsvm_hw_range_ok() - can the MMU translate all of a range?
 * @va: first byte
 * @size: bytes
 * @bad: set to the first address that it cannot
 *
 * Return: true if so. An empty range is always good.
 */
bool vsvm_hw_range_ok(u64 va, u64 size, u64 *bad)
{
	if (!size)
		return true;
	if (va < VSVM_HW_VA_END && size <= VSVM_HW_VA_END - va)
		return true;
	*bad = max(va, VSVM_HW_VA_END);
	return false;
}

/**
 * vsvm_hw_pte_check() - does a valid entry keep to the format?
 * @pte: the entry, with %VSVM_PTE_VALID
 * @level: its level
 * @leaf: set to whether it is a leaf
 *
 * Return: 0 or %VSVM_ERROR_TABLE.
 */
u32 vsvm_hw_pte_check(u64 pte, unsigned int level, bool *leaf)
{
	*leaf = !level || (pte & VSVM_PTE_LEAF);

	if (pte & VSVM_PTE_RESERVED)
		return VSVM_ERROR_TABLE;
	if ((pte & VSVM_PTE_LEAF) && (!level || level > VSVM_PT_MAX_LEAF_LEVEL))
		return VSVM_ERROR_TABLE;
	if ((pte & VSVM_PTE_PEER) && !(*leaf && (pte & VSVM_PTE_VRAM)))
		return VSVM_ERROR_TABLE;
	if (!*leaf)
		return 0;
	if ((pte & VSVM_PTE_ATOMIC) && !(pte & VSVM_PTE_WRITE))
		return VSVM_ERROR_TABLE;
	if ((pte & VSVM_PTE_ADDR) & (BIT_ULL(VSVM_PT_SHIFT(level)) - 1))
		return VSVM_ERROR_TABLE;
	return 0;
}

/*
 * Where the kernel sees system memory; NULL if there is none. That the address exists is checked so
 * that a stray one becomes a report and not an oops.
 */
static void *resolve(u64 addr, u64 size)
{
	void *ptr = phys_to_virt(addr);

	if (!virt_addr_valid(ptr) || virt_to_phys(ptr) != addr)
		return NULL;
	if (size > VSVM_HW_PAGE_SIZE && !virt_addr_valid(ptr + size - 1))
		return NULL;
	return ptr;
}

static u32 walk(const struct vsvm_hw_as *as, u64 va, struct leaf *leaf)
{
	u64 table = as->root;
	bool is_leaf;
	u64 *entries;
	u32 error;

	for (leaf->level = VSVM_PT_LEVELS - 1;; leaf->level--) {
		entries = resolve(table, VSVM_HW_PAGE_SIZE);
		if (!entries || (table & ~VSVM_HW_PAGE_MASK))
			return VSVM_ERROR_TABLE;
		leaf->ptep = entries + ((va >> VSVM_PT_SHIFT(leaf->level)) & (VSVM_PT_ENTRIES - 1));
		leaf->pte = READ_ONCE(*leaf->ptep);
		if (!(leaf->pte & VSVM_PTE_VALID))
			return VSVM_HW_MISS;
		error = vsvm_hw_pte_check(leaf->pte, leaf->level, &is_leaf);
		if (error || is_leaf)
			return error;
		table = leaf->pte & VSVM_PTE_ADDR;
	}
}

/* What an entry, of the TLB or of the table, must have for an access. */
static u32 rights_of(enum vsvm_access access)
{
	switch (access) {
	case VSVM_ACCESS_WRITE:
		return VSVM_PTE_WRITE;
	case VSVM_ACCESS_ATOMIC:
		return VSVM_PTE_WRITE | VSVM_PTE_ATOMIC;
	default:
		return 0;
	}
}

static struct vsvm_hw_tlb_entry *small_slot(struct vsvm_hw_engine *engine, u32 asid, u64 va)
{
	return &engine->small[((va >> VSVM_PT_SHIFT(0)) + asid * 61) & (VSVM_HW_TLB_SMALL - 1)];
}

static struct vsvm_hw_tlb_entry *large_slot(struct vsvm_hw_engine *engine, u32 asid, u64 va)
{
	return &engine->large[((va >> VSVM_PT_SHIFT(LARGE_LEVEL)) + asid * 7) &
			      (VSVM_HW_TLB_LARGE - 1)];
}

static struct vsvm_hw_tlb_entry *lookup(struct vsvm_hw_engine *engine, u32 asid, u64 va)
{
	struct vsvm_hw_tlb_entry *entry;

	entry = small_slot(engine, asid, va);
	if (entry->va == (va & VSVM_HW_PAGE_MASK) && entry->asid == asid)
		return entry;
	entry = large_slot(engine, asid, va);
	if (entry->va == (va & ~(BIT_ULL(VSVM_PT_SHIFT(LARGE_LEVEL)) - 1)) && entry->asid == asid)
		return entry;
	return NULL;
}

/*
 * Where the kernel sees the memory that a leaf maps at @va, and how much of it one TLB entry is to
 * map; NULL if there is none.
 */
static void *leaf_ptr(struct vsvm_hw *hw, const struct leaf *leaf, u64 va, u64 *piece)
{
	u64 in_leaf = va & (BIT_ULL(VSVM_PT_SHIFT(leaf->level)) - 1);
	u64 addr = leaf->pte & VSVM_PTE_ADDR;
	u64 size;
	void *ptr;

	*piece = BIT_ULL(VSVM_PT_SHIFT(leaf->level ? LARGE_LEVEL : 0));
	if (!(leaf->pte & VSVM_PTE_VRAM))
		return resolve(addr + (in_leaf & ~(*piece - 1)), *piece);

	hw = vsvm_hw_peer(hw, FIELD_GET(VSVM_PTE_PEER, leaf->pte));
	if (!hw)
		return NULL;
	size = *piece;
	ptr = vsvm_hw_vram_ptr(hw, addr + (in_leaf & ~(*piece - 1)), &size);
	if (!ptr || size == *piece)
		return ptr;
	*piece = VSVM_HW_PAGE_SIZE;
	size = *piece;
	return vsvm_hw_vram_ptr(hw, addr + (in_leaf & ~(*piece - 1)), &size);
}

/* Does an entry name memory that is not the device's own: the system's, or a peer's VRAM? */
static bool is_remote(u64 pte)
{
	return !(pte & VSVM_PTE_VRAM) || FIELD_GET(VSVM_PTE_PEER, pte);
}

/* Walk, mark the leaf, make a TLB entry of it, and count that if it is to be counted. */
static u32 fill(struct vsvm_hw_engine *engine, const struct vsvm_hw_as *as, u64 va, u32 rights,
		enum vsvm_access access, struct vsvm_hw_tlb_entry **filled)
{
	struct vsvm_hw_tlb_entry *entry;
	unsigned int tries;
	struct leaf leaf;
	u64 marked, piece;
	void *ptr;
	u32 error;

	for (tries = 0; tries < MAX_WALKS; tries++) {
		error = walk(as, va, &leaf);
		if (error)
			return error;
		if ((leaf.pte & rights) != rights)
			return VSVM_HW_MISS;

		ptr = leaf_ptr(as->hw, &leaf, va, &piece);
		if (!ptr)
			return VSVM_ERROR_TABLE;

		marked = leaf.pte | VSVM_PTE_ACCESSED;
		if (rights)
			marked |= VSVM_PTE_DIRTY;
		/*
		 * The whole entry is exchanged: had the driver taken it away, moved it or reduced
		 * its rights, this fails, and the next walk finds what it is now.
		 */
		if (marked == leaf.pte || cmpxchg(leaf.ptep, leaf.pte, marked) == leaf.pte) {
			entry = piece > VSVM_HW_PAGE_SIZE ? large_slot(engine, as->id, va) :
							    small_slot(engine, as->id, va);
			*entry = (struct vsvm_hw_tlb_entry) {
				.va = va & ~(piece - 1),
				.ptr = ptr,
				.asid = as->id,
				.rights = marked & (VSVM_PTE_WRITE | VSVM_PTE_ATOMIC |
						    VSVM_PTE_DIRTY | VSVM_PTE_LEAF),
			};
			if (READ_ONCE(as->counter_threshold) && is_remote(leaf.pte)) {
				entry->counted = true;
				entry->left = VSVM_HW_COUNTER_SAMPLE;
				vsvm_hw_counter_add(engine, as, va, access, 1);
			}
			if (leaf.level && piece == VSVM_HW_PAGE_SIZE)
				engine->pieces = true;
			*filled = entry;
			return 0;
		}
	}
	return VSVM_HW_MISS;
}

/**
 * vsvm_hw_mmu_translate() - find the memory behind an address
 * @engine: engine, in a section
 * @as: address space
 * @va: address
 * @access: what it is for; sets DIRTY if it is not reading
 * @ptr: set to where the kernel sees @va; good up to the end of its 4 KiB page and of the section
 *
 * Return: 0, %VSVM_HW_MISS if it has to be faulted in, or an &enum vsvm_error.
 */
u32 vsvm_hw_mmu_translate(struct vsvm_hw_engine *engine, struct vsvm_hw_as *as, u64 va,
			  enum vsvm_access access, void **ptr)
{
	u32 rights = rights_of(access);
	struct vsvm_hw_tlb_entry *entry;
	u32 error;

	lockdep_assert_held(&engine->tlb_lock);

	if (unlikely(va >= VSVM_HW_VA_END))
		return VSVM_ERROR_ADDRESS;

	if (rights)
		rights |= VSVM_PTE_DIRTY;
	entry = lookup(engine, as->id, va);
	if (likely(entry && (entry->rights & rights) == rights)) {
		vsvm_hw_count(&engine->stats.tlb_hits, 1);
		if (unlikely(!--entry->left))
			vsvm_hw_counter_sample(engine, as, entry, va, access);
	} else {
		vsvm_hw_count(&engine->stats.tlb_misses, 1);
		if (entry)
			entry->asid = 0;
		error = fill(engine, as, va, rights & ~VSVM_PTE_DIRTY, access, &entry);
		if (error)
			return error;
	}
	*ptr = entry->ptr + (va - entry->va);
	vsvm_hw_hold(as, VSVM_HW_HOLD_ACCESS, va, va + 1);
	return 0;
}

/**
 * vsvm_hw_mmu_probe() - would an access be translated?
 * @engine: engine, in a section
 * @as: address space
 * @va: address
 * @access: what it would be for
 *
 * Changes nothing, neither in the table nor in the TLB.
 *
 * Return: as vsvm_hw_mmu_translate().
 */
u32 vsvm_hw_mmu_probe(struct vsvm_hw_engine *engine, struct vsvm_hw_as *as, u64 va,
		      enum vsvm_access access)
{
	u32 rights = rights_of(access);
	struct vsvm_hw_tlb_entry *entry;
	struct leaf leaf;
	u32 error;

	lockdep_assert_held(&engine->tlb_lock);

	if (va >= VSVM_HW_VA_END)
		return VSVM_ERROR_ADDRESS;
	entry = lookup(engine, as->id, va);
	if (entry && (entry->rights & rights) == rights)
		return 0;
	error = walk(as, va, &leaf);
	if (error)
		return error;
	return (leaf.pte & rights) == rights ? 0 : VSVM_HW_MISS;
}

/* Drop the entry of @slot if it maps any of @start..@last; @size is what it maps. */
static void drop(struct vsvm_hw_tlb_entry *slot, u32 asid, u64 start, u64 last, u64 size)
{
	if (slot->asid == asid && slot->va <= last && slot->va + (size - 1) >= start)
		slot->asid = 0;
}

/* Drop the pages of larger leaves of whose 2 MiB any part is in @start..@last. */
static void drop_pieces(struct vsvm_hw_engine *engine, u32 asid, u64 start, u64 last)
{
	const u64 in_block = BIT_ULL(VSVM_PT_SHIFT(LARGE_LEVEL)) - 1;
	struct vsvm_hw_tlb_entry *entry;
	unsigned int i;

	engine->pieces = false;
	for (i = 0; i < VSVM_HW_TLB_SMALL; i++) {
		entry = &engine->small[i];
		if (!(entry->rights & VSVM_PTE_LEAF))
			continue;
		drop(entry, asid, start & ~in_block, last | in_block, VSVM_HW_PAGE_SIZE);
		if (entry->asid)
			engine->pieces = true;
	}
}

/*
 * As cheap as looking at one slot for each page, and never dearer than looking at all of them; but
 * for where there are pages of larger leaves.
 */
static void drop_range(struct vsvm_hw_engine *engine, u32 asid, u64 start, u64 last)
{
	const unsigned int large_shift = VSVM_PT_SHIFT(LARGE_LEVEL);
	u64 page, i;

	lockdep_assert_held(&engine->tlb_lock);

	if (unlikely(engine->pieces))
		drop_pieces(engine, asid, start, last);

	if ((last - start) >> VSVM_HW_PAGE_SHIFT < VSVM_HW_TLB_SMALL) {
		for (page = start >> VSVM_HW_PAGE_SHIFT; page <= last >> VSVM_HW_PAGE_SHIFT; page++)
			drop(small_slot(engine, asid, page << VSVM_HW_PAGE_SHIFT), asid,
			     start, last, VSVM_HW_PAGE_SIZE);
	} else {
		for (i = 0; i < VSVM_HW_TLB_SMALL; i++)
			drop(&engine->small[i], asid, start, last, VSVM_HW_PAGE_SIZE);
	}

	if ((last - start) >> large_shift < VSVM_HW_TLB_LARGE) {
		for (page = start >> large_shift; page <= last >> large_shift; page++)
			drop(large_slot(engine, asid, page << large_shift), asid,
			     start, last, BIT_ULL(large_shift));
	} else {
		for (i = 0; i < VSVM_HW_TLB_LARGE; i++)
			drop(&engine->large[i], asid, start, last, BIT_ULL(large_shift));
	}
}

void vsvm_hw_tlb_invalidate(struct vsvm_hw_as *as, u64 start, u64 end)
{
	/* An end of 0 is the end of all addresses. */
	u64 last = end - 1;
	unsigned long flags;
	unsigned int i;

	if (last < start)
		return;
	vsvm_hw_hold(as, VSVM_HW_HOLD_TLB, start, last);

	/* Pairs with vsvm_hw_queue_create(), see above. */
	smp_mb();
	for_each_set_bit(i, as->engines, VSVM_HW_MAX_ENGINES) {
		struct vsvm_hw_engine *engine = as->hw->engines[i];

		spin_lock_irqsave(&engine->tlb_lock, flags);
		drop_range(engine, as->id, start, last);
		vsvm_hw_count(&engine->stats.invalidations, 1);
		spin_unlock_irqrestore(&engine->tlb_lock, flags);
	}
}
