// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: What of VRAM is in use
 *
 * A GPU that has memory mapped uses it without anybody hearing of that. The device notes it in the
 * entry of the page table, ACCESSED, and whoever wants room has all page tables asked for what was
 * used since the last time. The chunks that were go to the end of the list of those that have to
 * make room. That is asked for at most every AGE_INTERVAL; a fault that maps a page counts at once.
 *
 * Every VM is asked, for it may have BOs bound, whether it has memory of a process or not. So are
 * the VMs of other devices, which may have memory mapped that is here: it is used by whoever uses
 * it.
 *
 * Locking: vram->age_mutex, then pt->lock of one VM at a time, then vram->lock. For VMs of another
 * device it is the age_mutex of that one, below the lock of vsvm_peer_ask(), and not ours too.
 */

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#include "svm/svm_density.h"
#include "vsvm_peer.h"
#include "vsvm_pt.h"
#include "vsvm_vram.h"

/* How often the page tables are asked for what is in use, at most, in jiffies. */
#define AGE_INTERVAL	(HZ / 10)

/* The device has used a page. Not later than it was mapped, perhaps, and that is known already. */
static void note_used(void *data, u64 offset)
{
	struct vsvm_vram *vram = data;
	struct vsvm_vram_chunk *chunk = vsvm_vram_chunk_at(vram, offset);

	vsvm_density_used(vram, offset);
	spin_lock_irq(&vram->lock);
	if (!chunk->held && chunk->used && !chunk->mapped)
		list_move_tail(&chunk->link, &vram->lru);
	spin_unlock_irq(&vram->lock);
}

/* Of what is used from now on it is told. */
static void forget_mapped(struct vsvm_vram *vram)
{
	struct vsvm_vram_chunk *chunk;

	spin_lock_irq(&vram->lock);
	list_for_each_entry(chunk, &vram->lru, link)
		chunk->mapped = false;
	spin_unlock_irq(&vram->lock);
}

/**
 * vsvm_vram_watch() - ask a page table too what is in use
 * @vram: VRAM
 * @watch: for vsvm_vram_unwatch()
 * @pt: page table
 *
 * Context: process.
 */
void vsvm_vram_watch(struct vsvm_vram *vram, struct vsvm_vram_watch *watch, struct vsvm_pt *pt)
{
	watch->pt = pt;
	mutex_lock(&vram->age_mutex);
	list_add_tail(&watch->link, &vram->watched);
	mutex_unlock(&vram->age_mutex);
}

/**
 * vsvm_vram_unwatch() - undo vsvm_vram_watch()
 * @vram: VRAM
 * @watch: it
 *
 * Context: process. On return nobody looks at the page table.
 */
void vsvm_vram_unwatch(struct vsvm_vram *vram, struct vsvm_vram_watch *watch)
{
	mutex_lock(&vram->age_mutex);
	list_del(&watch->link);
	mutex_unlock(&vram->age_mutex);
}

/* Asks all VMs of a device what they have used of @vram, which they know as @peer. */
static void ask(struct vsvm_vram *device, struct vsvm_vram *vram, unsigned int peer)
{
	struct vsvm_vram_watch *watch;

	lockdep_assert_held(&device->age_mutex);

	list_for_each_entry(watch, &device->watched, link) {
		mutex_lock(&watch->pt->lock);
		vsvm_pt_age_vram(watch->pt, peer, note_used, vram);
		mutex_unlock(&watch->pt->lock);
	}
}

static void ask_peer(struct vsvm_vram *device, struct vsvm_vram *vram, unsigned int peer)
{
	mutex_lock(&device->age_mutex);
	ask(device, vram, peer);
	mutex_unlock(&device->age_mutex);
}

/**
 * vsvm_vram_age() - see what the GPU uses
 * @vram: VRAM
 *
 * What is mapped does not fault, so it is only the device that knows. It says so in its page
 * tables, and they are asked when somebody has to make room, but not all the time.
 *
 * Context: as vsvm_vram_get().
 */
void vsvm_vram_age(struct vsvm_vram *vram)
{
	bool due;

	mutex_lock(&vram->age_mutex);
	due = time_after_eq(jiffies, vram->aged + AGE_INTERVAL);
	if (due) {
		ask(vram, vram, 0);
		vram->aged = jiffies;
	}
	mutex_unlock(&vram->age_mutex);
	if (!due)
		return;
	vsvm_peer_ask(vram, ask_peer);
	forget_mapped(vram);
}

/**
 * vsvm_vram_age_init() - be able to ask, when there is somebody to be asked
 * @vram: VRAM
 */
void vsvm_vram_age_init(struct vsvm_vram *vram)
{
	mutex_init(&vram->age_mutex);
	INIT_LIST_HEAD(&vram->clients);
	INIT_LIST_HEAD(&vram->watched);
	vram->aged = jiffies - AGE_INTERVAL;
}
