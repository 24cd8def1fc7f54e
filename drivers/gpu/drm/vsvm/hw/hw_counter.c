// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Access counters
 *
 * Which memory do the engines use often, that is not in the device's own VRAM but the system's, or
 * in VRAM of a peer? The driver may want to have it in VRAM here, and would not learn it otherwise,
 * as what is mapped does not fault. So an engine counts its translations that end elsewhere, by
 * regions of %VSVM_HW_COUNTER_REGION bytes of an address space, if the driver wants so for that
 * (vsvm_hw_counter_enable()).
 *
 * What one count is: one translation, which a wave's instruction needs for each page that its lanes
 * touch, a copy or a fill for each page, a packet, its arguments, a fence for each piece. A walk of
 * the page table counts at once. What the TLB answers is sampled: each %VSVM_HW_COUNTER_SAMPLE
 * answers of one TLB entry count together, in the region of the last of them. So up to one less
 * than that for each entry is not counted yet, and never will be if the entry goes before. In
 * return a hit costs one decrement of a word of its TLB entry, which has just been read anyway, and
 * which nobody else writes.
 *
 * Counters are few: %VSVM_HW_COUNTER_SETS sets of %VSVM_HW_COUNTER_WAYS in each engine. A region
 * that has none gets the least counter of its set, and halves the others. So counters are of
 * what is used often of late: who goes through much memory once disturbs them, but gets nowhere.
 *
 * A counter that reaches the threshold of its address space tells the driver so by a record in a
 * ring, with an interrupt, and tells again whenever it has doubled since. So what the driver leaves
 * as it is costs ever less, and a record that did not fit into the ring is lost without harm:
 * there is another one. vsvm_hw_counter_clear() has counters begin anew.
 *
 * Where records come from::
 *
 *   engine, in its section                  engine, after it
 *   ----------------------                  ----------------
 *   translate: count, threshold reached
 *   note it in engine->hot
 *   unlock(tlb_lock)
 *                                           lock(ring), put what was noted, unlock
 *                                           interrupt
 *
 * The driver may clear the counter between the two. It then gets a record of a region that it has
 * just dealt with, and so has to look at what is there, as it has to anyhow.
 *
 * Locking: counters and TLB entries are under &vsvm_hw_engine.tlb_lock of their engine, the notes
 * belong to its thread. The ring has a lock of its own, innermost, and never taken in a section.
 *
 * Limits: each engine counts for itself, so a region that several use is told of when one of them
 * has used it often enough, and perhaps by each. What more than %VSVM_HW_COUNTER_HOT regions reach
 * in one section is told at the next count.
 */

#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "hw_internal.h"

/**
 * vsvm_hw_counter_init() - allocate the ring
 * @hw: device
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_hw_counter_init(struct vsvm_hw *hw)
{
	struct vsvm_hw_counter_ring *ring = &hw->counter_ring;

	spin_lock_init(&ring->lock);
	ring->size = hw->config.counter_ring_size;
	ring->records = kvzalloc_objs(*ring->records, ring->size);
	return ring->records ? 0 : -ENOMEM;
}

/**
 * vsvm_hw_counter_fini() - free the ring
 * @hw: device
 */
void vsvm_hw_counter_fini(struct vsvm_hw *hw)
{
	kvfree(hw->counter_ring.records);
}

static struct vsvm_hw_counter *set_of(struct vsvm_hw_engine *engine, u32 asid, u64 region)
{
	/* Neighbours in neighbouring sets: what is used together does not compete. */
	u32 set = (u32)region + hash_32(asid, 32);

	return engine->counters[set & (VSVM_HW_COUNTER_SETS - 1)];
}

/* The counter of a region; a new one in place of the least of its set. */
static struct vsvm_hw_counter *counter_get(struct vsvm_hw_engine *engine, u32 asid, u64 region)
{
	struct vsvm_hw_counter *set = set_of(engine, asid, region), *least = set;
	unsigned int i;

	for (i = 0; i < VSVM_HW_COUNTER_WAYS; i++) {
		if (set[i].asid == asid && set[i].region == region)
			return &set[i];
		if (set[i].count < least->count)
			least = &set[i];
	}
	for (i = 0; i < VSVM_HW_COUNTER_WAYS; i++)
		set[i].count /= 2;
	*least = (struct vsvm_hw_counter) { .region = region, .asid = asid };
	return least;
}

/**
 * vsvm_hw_counter_add() - count translations
 * @engine: engine, in a section
 * @as: address space
 * @va: address of the last of them, which is not in the device's own VRAM
 * @access: what that was for
 * @count: how many
 */
void vsvm_hw_counter_add(struct vsvm_hw_engine *engine, const struct vsvm_hw_as *as, u64 va,
			 enum vsvm_access access, u32 count)
{
	u32 threshold = READ_ONCE(as->counter_threshold);
	struct vsvm_hw_counter *counter;

	lockdep_assert_held(&engine->tlb_lock);

	if (!threshold)
		return;
	counter = counter_get(engine, as->id, va / VSVM_HW_COUNTER_REGION);
	counter->wrote |= access != VSVM_ACCESS_READ;
	counter->count = min(counter->count + count, VSVM_HW_COUNTER_MAX);
	if (likely(counter->count < max(threshold, counter->next)) ||
	    engine->num_hot == VSVM_HW_COUNTER_HOT)
		return;
	/* At the largest count it is told of each time, which is not often. */
	counter->next = min(2 * counter->count, VSVM_HW_COUNTER_MAX);
	engine->hot[engine->num_hot++] = (struct vsvm_hw_counter_record) {
		.addr = counter->region * VSVM_HW_COUNTER_REGION,
		.asid = as->id,
		.count = counter->count,
		.engine = engine->id,
		.wrote = counter->wrote,
	};
}

/**
 * vsvm_hw_counter_sample() - a TLB entry has answered so often that it has to be looked at
 * @engine: engine, in a section
 * @as: address space
 * @entry: the entry, its &vsvm_hw_tlb_entry.left at zero
 * @va: address that it was asked for
 * @access: what for
 */
void vsvm_hw_counter_sample(struct vsvm_hw_engine *engine, const struct vsvm_hw_as *as,
			    struct vsvm_hw_tlb_entry *entry, u64 va, enum vsvm_access access)
{
	/* One that does not count comes here after 2^32 answers. */
	if (!entry->counted)
		return;
	entry->left = VSVM_HW_COUNTER_SAMPLE;
	vsvm_hw_counter_add(engine, as, va, access, VSVM_HW_COUNTER_SAMPLE);
}

/**
 * vsvm_hw_counter_flush() - tell the driver what was noted in a section
 * @engine: engine
 *
 * Context: the engine's thread, not in a section.
 */
void vsvm_hw_counter_flush(struct vsvm_hw_engine *engine)
{
	struct vsvm_hw_counter_ring *ring = &engine->hw->counter_ring;
	u64 now = ktime_get_ns();
	unsigned int i, put = 0;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	for (i = 0; i < engine->num_hot && ring->put - ring->get < ring->size; i++, put++) {
		engine->hot[i].time_ns = now;
		ring->records[ring->put++ & (ring->size - 1)] = engine->hot[i];
	}
	spin_unlock_irqrestore(&ring->lock, flags);

	vsvm_hw_count(&engine->stats.counter_records, put);
	vsvm_hw_count(&engine->stats.counter_overflows, engine->num_hot - put);
	engine->num_hot = 0;
	/* Whoever filled it has raised the interrupt. */
	if (put)
		vsvm_hw_irq(engine->hw, VSVM_HW_IRQ_COUNTER);
}

unsigned int vsvm_hw_counter_read(struct vsvm_hw *hw, struct vsvm_hw_counter_record *records,
				  unsigned int count)
{
	struct vsvm_hw_counter_ring *ring = &hw->counter_ring;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	count = min(count, ring->put - ring->get);
	for (i = 0; i < count; i++)
		records[i] = ring->records[ring->get++ & (ring->size - 1)];
	spin_unlock_irqrestore(&ring->lock, flags);
	return count;
}

/* Clears what of a set is in [first, last]. */
static void clear_set(struct vsvm_hw_counter *set, u32 asid, u64 first, u64 last)
{
	unsigned int i;

	for (i = 0; i < VSVM_HW_COUNTER_WAYS; i++)
		if (set[i].asid == asid && set[i].region >= first && set[i].region <= last)
			set[i] = (struct vsvm_hw_counter) {};
}

/* As cheap as looking at one set for each region, and never dearer than looking at all of them. */
static void clear_range(struct vsvm_hw_engine *engine, u32 asid, u64 first, u64 last)
{
	unsigned int i;
	u64 region;

	lockdep_assert_held(&engine->tlb_lock);

	if (last - first >= VSVM_HW_COUNTER_SETS) {
		for (i = 0; i < VSVM_HW_COUNTER_SETS; i++)
			clear_set(engine->counters[i], asid, first, last);
		return;
	}
	for (region = first; region <= last; region++)
		clear_set(set_of(engine, asid, region), asid, region, region);
}

void vsvm_hw_counter_clear(struct vsvm_hw_as *as, u64 start, u64 end)
{
	/* An end of 0 is the end of all addresses. */
	u64 last = end - 1;
	unsigned long flags;
	unsigned int i;

	if (last < start || !READ_ONCE(as->counter_threshold))
		return;
	/* An engine that is only now getting a queue of it has counted nothing. */
	for_each_set_bit(i, as->engines, VSVM_HW_MAX_ENGINES) {
		struct vsvm_hw_engine *engine = as->hw->engines[i];

		spin_lock_irqsave(&engine->tlb_lock, flags);
		clear_range(engine, as->id, start / VSVM_HW_COUNTER_REGION,
			    last / VSVM_HW_COUNTER_REGION);
		spin_unlock_irqrestore(&engine->tlb_lock, flags);
	}
}

void vsvm_hw_counter_enable(struct vsvm_hw_as *as, u32 threshold)
{
	/* While there still is, or already is, a threshold. */
	vsvm_hw_counter_clear(as, 0, 0);
	WRITE_ONCE(as->counter_threshold, min(threshold, VSVM_HW_COUNTER_MAX));
	/* Whether a translation is counted is known to the TLB. */
	vsvm_hw_tlb_invalidate(as, 0, 0);
}
