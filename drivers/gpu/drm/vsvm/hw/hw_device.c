// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Device
 *
 * The device owns its engines and its fault ring, hands out the numbers by which fault records call
 * address spaces and queues, and has the one interrupt line.
 *
 * Locks of the device, none of which is ever held while another is taken:
 *
 * - &vsvm_hw_engine.tlb_lock: translations and the accesses that use them, see hw_mmu.c;
 * - &vsvm_hw_fault_ring.lock: records, parking and replaying, see hw_fault.c;
 * - &vsvm_hw_engine.lock: which queues an engine has, see hw_engine.c;
 * - &vsvm_hw_queue.lock: a queue's ring and its report, see hw_queue.c;
 * - &vsvm_hw_counter_ring.lock: records of access counters, see hw_counter.c;
 * - &vsvm_hw_copy_engine.lock: what the copy engine is to do, see hw_copy.c;
 * - &vsvm_hw_vram.lock: which blocks of VRAM have memory, see hw_vram.c. It may sleep.
 *
 * No lock is held either when the interrupt is raised, so its handler may call the device.
 *
 * Hold points (&vsvm_hw_config.hold) are for tests, and a no-op as long as no device has any. Those
 * in a section, or below whatever the caller of vsvm_hw_tlb_invalidate() holds, must not sleep; the
 * others may, and then stop the whole engine, whose queues are different processes'.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "hw_fpu.h"
#include "hw_internal.h"

DEFINE_STATIC_KEY_FALSE(vsvm_hw_hold_key);

/**
 * vsvm_hw_irq() - raise the interrupt
 * @hw: device
 * @status: VSVM_HW_IRQ_*
 *
 * Context: no lock of the device is held.
 */
void vsvm_hw_irq(struct vsvm_hw *hw, u32 status)
{
	hw->config.irq(hw->config.irq_data, status);
}

/**
 * vsvm_hw_new_id() - next number of a kind
 * @ids: last one
 *
 * Return: a number that is not 0, which stands for none.
 */
u32 vsvm_hw_new_id(atomic_t *ids)
{
	u32 id;

	do {
		id = atomic_inc_return(ids);
	} while (!id);
	return id;
}

struct vsvm_hw *vsvm_hw_create(const struct vsvm_hw_config *config)
{
	struct vsvm_hw *hw;
	unsigned int i;
	int err;

	if (!config->num_engines || config->num_engines > VSVM_HW_MAX_ENGINES || !config->irq ||
	    !is_power_of_2(config->fault_ring_size) || config->fault_ring_size < 2 ||
	    config->fault_ring_size > 65536 || !is_power_of_2(config->counter_ring_size) ||
	    config->counter_ring_size < 2 || config->counter_ring_size > 65536 ||
	    config->vram_size % VSVM_HW_VRAM_BLOCK || config->vram_base % VSVM_HW_VRAM_BLOCK ||
	    config->vram_size - 1 > U64_MAX - config->vram_base)
		return ERR_PTR(-EINVAL);

	hw = kzalloc_obj(*hw);
	if (!hw)
		return ERR_PTR(-ENOMEM);
	hw->config = *config;
	atomic_set(&hw->as_ids, config->as_base);

	err = vsvm_hw_fault_init(hw);
	if (err)
		goto err_free;
	err = vsvm_hw_counter_init(hw);
	if (err)
		goto err_fault;
	err = vsvm_hw_vram_init(hw);
	if (err)
		goto err_counter;
	err = vsvm_hw_copy_init(hw);
	if (err)
		goto err_vram;
	/* Before there is an engine to execute what this changes. */
	if (hw->config.hold)
		static_branch_inc(&vsvm_hw_hold_key);
	for (i = 0; i < config->num_engines; i++) {
		hw->engines[i] = vsvm_hw_engine_create(hw, i);
		if (IS_ERR(hw->engines[i])) {
			err = PTR_ERR(hw->engines[i]);
			goto err_engines;
		}
	}
	return hw;

err_engines:
	while (i--)
		vsvm_hw_engine_destroy(hw->engines[i]);
	if (hw->config.hold)
		static_branch_dec(&vsvm_hw_hold_key);
	vsvm_hw_copy_fini(hw);
err_vram:
	vsvm_hw_vram_fini(hw);
err_counter:
	vsvm_hw_counter_fini(hw);
err_fault:
	vsvm_hw_fault_fini(hw);
err_free:
	kfree(hw);
	return ERR_PTR(err);
}

void vsvm_hw_destroy(struct vsvm_hw *hw)
{
	unsigned int i;

	for (i = hw->config.num_engines; i--;)
		vsvm_hw_engine_destroy(hw->engines[i]);
	if (hw->config.hold)
		static_branch_dec(&vsvm_hw_hold_key);
	vsvm_hw_copy_fini(hw);
	vsvm_hw_vram_fini(hw);
	vsvm_hw_counter_fini(hw);
	vsvm_hw_fault_fini(hw);
	kfree(hw);
}

u32 vsvm_hw_features(struct vsvm_hw *hw)
{
	return VSVM_FEATURE_SHARED | VSVM_FEATURE_SCRATCH | VSVM_FEATURE_SUBGROUP |
	       (vsvm_hw_fpu_available() ? VSVM_FEATURE_FLOAT : 0);
}

void vsvm_hw_stats(struct vsvm_hw *hw, unsigned int engine, struct vsvm_hw_stats *stats)
{
	const struct vsvm_hw_stats *from = &hw->engines[engine]->stats;

	*stats = (struct vsvm_hw_stats) {
		.busy_ns = READ_ONCE(from->busy_ns),
		.packets = READ_ONCE(from->packets),
		.waves = READ_ONCE(from->waves),
		.insns = READ_ONCE(from->insns),
		.bytes = READ_ONCE(from->bytes),
		.tlb_hits = READ_ONCE(from->tlb_hits),
		.tlb_misses = READ_ONCE(from->tlb_misses),
		.faults = READ_ONCE(from->faults),
		.overflows = READ_ONCE(from->overflows),
		.invalidations = READ_ONCE(from->invalidations),
		.counter_records = READ_ONCE(from->counter_records),
		.counter_overflows = READ_ONCE(from->counter_overflows),
	};
}

void vsvm_hw_copy_stats(struct vsvm_hw *hw, struct vsvm_hw_copy_stats *stats)
{
	stats->jobs = READ_ONCE(hw->copy.stats.jobs);
	stats->bytes = READ_ONCE(hw->copy.stats.bytes);
}

struct vsvm_hw_as *vsvm_hw_as_create(struct vsvm_hw *hw, phys_addr_t root)
{
	struct vsvm_hw_as *as;

	as = kzalloc_obj(*as, GFP_KERNEL_ACCOUNT);
	if (!as)
		return ERR_PTR(-ENOMEM);
	as->hw = hw;
	as->root = root;
	as->id = vsvm_hw_new_id(&hw->as_ids);
	/* 0 is the number of a &struct vsvm_hw_report that is empty. */
	as->replays = 1;
	return as;
}

void vsvm_hw_as_destroy(struct vsvm_hw_as *as)
{
	vsvm_hw_tlb_invalidate(as, 0, 0);
	kfree(as);
}

u32 vsvm_hw_as_id(struct vsvm_hw_as *as)
{
	return as->id;
}
