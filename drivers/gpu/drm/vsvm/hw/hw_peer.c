// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: VRAM of peers
 *
 * A device can reach the VRAM of others, its peers, by numbers that the driver has given them: in
 * entries of the page table (%VSVM_PTE_PEER), with all rights that there are, atomics included, and
 * as the source of its copy engine. Silicon would have a window of the bus for that, or a link;
 * here the device looks where the other one has a block, as that does itself. To the MMU it is
 * memory like the device's own, and to the access counters it is memory elsewhere.
 *
 * The other device does not know who looks at it. What it has can go away, a block first and then
 * all of it, and nobody may look at it then. The rule is that of the device's own VRAM: the driver
 * takes away what names the place, and waits; only then the place goes::
 *
 *   engine                                  driver
 *   ------                                  ------
 *   lock(tlb_lock)
 *   walk: peer n, offset
 *   peers[n], its block -> P
 *                                           entry = xchg(pte, 0)
 *                                           vsvm_hw_tlb_invalidate(): waits
 *   access P
 *   unlock(tlb_lock)
 *                                           the peer's vsvm_hw_vram_give()
 *                                           when nothing names peer n any more:
 *                                           vsvm_hw_peer_disconnect():
 *                                             peers[n] = NULL
 *                                             lock, unlock(tlb_lock) of each engine
 *                                           the peer's vsvm_hw_destroy()
 *
 * An invalidation waits for the engines that have had a queue of the address space. By the end of
 * it nobody has the block in hand, and by the end of the disconnection nobody has the device: who
 * has read peers[n] has done so in a section, or with copy->busy held, for a copy engine's job.
 *
 * Locking: none for reading, but that. The driver serialises changes.
 */

#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "hw_internal.h"

/**
 * vsvm_hw_peer() - whose VRAM is it?
 * @hw: device that asks
 * @number: of the peer, 0: the device itself
 *
 * Context: in a section of an engine, or with copy->busy held.
 * Return: the device; NULL if there is no such peer.
 */
struct vsvm_hw *vsvm_hw_peer(struct vsvm_hw *hw, unsigned int number)
{
	return number ? READ_ONCE(hw->peers[number]) : hw;
}

void vsvm_hw_peer_connect(struct vsvm_hw *hw, unsigned int number, struct vsvm_hw *peer)
{
	if (WARN_ON_ONCE(!number || number > VSVM_HW_MAX_PEERS || hw->peers[number]))
		return;
	/* What the peer is before the pointer to it. */
	smp_store_release(&hw->peers[number], peer);
}

void vsvm_hw_peer_disconnect(struct vsvm_hw *hw, unsigned int number)
{
	unsigned int i;

	if (WARN_ON_ONCE(!number || number > VSVM_HW_MAX_PEERS))
		return;
	WRITE_ONCE(hw->peers[number], NULL);
	/* The lock alone: what an engine does at the end of a section is its thread's affair. */
	for (i = 0; i < hw->config.num_engines; i++) {
		spin_lock_bh(&hw->engines[i]->tlb_lock);
		spin_unlock_bh(&hw->engines[i]->tlb_lock);
	}
	mutex_lock(&hw->copy.busy);
	mutex_unlock(&hw->copy.busy);
}
