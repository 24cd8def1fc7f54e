// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: The end of VRAM
 *
 * Two things end while memory of processes that go on is in VRAM: a VM, and the device.
 *
 * When a VM goes, a work item brings back what it has left, as far as that can be had at once. The
 * rest comes when a CPU wants it, or to make room; where CPUs can reach VRAM, who is in the way is
 * waited for.
 *
 * When the device goes, all of it has to come: the struct pages go with it. There is a process that
 * maps each page, and it takes that process's mmap_lock, which another thread may have. The first
 * round takes what can be had by trylock, from all processes. After that it waits for mmap_lock,
 * one after the other; no lock of ours is held then. To wait and not to poll matters: who changes
 * mappings all the time always has the lock when one looks, but lets go of it for the next in the
 * queue.
 *
 * Why it ends: who has mmap_lock of a process is a thread of it, or works for it, and lets go when
 * the process is killed, at the latest; whoever waits below mmap_lock, for a disk or for a program
 * that serves files, is waked by that, or is a system that hangs. And who waits here, in a write to
 * "unbind", can be killed himself. The device is gone for programs by then, and what is left is no
 * longer his affair: a work item goes on with it, by trylock, with a reference of the device. Only
 * the removal of the module cannot be given up in the middle, for the pages' operations are in it.
 * It waits for the work item, and so for those who have mmap_lock.
 *
 * What is lost: of the memory of processes nothing. What there is no memory for in the system
 * stays where it is, and is tried again until there is; a CPU that wants it meanwhile gets it, or
 * waits for memory as in any page fault. Until the last page is back its struct page is there, and
 * so is the device's memory, which goes with the device's last reference. A block of a BO is tried
 * once: who made the BO is charged for its pages, and if he may have no more, or there are none,
 * nothing says that this will end. Then it is lost (DOC: BOs in VRAM).
 *
 * Locking: none that is held, but for the device's own, which the core of drivers has taken.
 */

#include <linux/memremap.h>
#include <linux/ioport.h>
#include <linux/sched/signal.h>

#include <drm/drm_drv.h>

#include "svm/svm_evict.h"
#include "vsvm_drv.h"
#include "vsvm_peer.h"
#include "vsvm_vram.h"

/* When memory that is on its way somewhere else is looked at again, in jiffies. */
#define CLOSE_DELAY	1
/* The same for what a VM has left behind and no CPU's access brings back, in jiffies. */
#define LEFT_DELAY	(HZ / 4)
/* The same by the work item, for which nobody waits but a module that is to go. */
#define UNPLUG_DELAY	max(HZ / 10, 1)

/* Those who bring back the rest of a device that is gone. */
static struct workqueue_struct *unplug_wq;

int vsvm_vram_module_init(void)
{
	unplug_wq = alloc_workqueue("vsvm-unplug", WQ_UNBOUND, 0);
	return unplug_wq ? 0 : -ENOMEM;
}

/* There is no device any more but those that are being closed; they are closed then. */
void vsvm_vram_module_fini(void)
{
	destroy_workqueue(unplug_wq);
}

/* Puts chunks that were held while others were tried. */
static void put_tried(struct vsvm_vram *vram, struct list_head *tried)
{
	struct vsvm_vram_chunk *chunk;

	while ((chunk = list_first_entry_or_null(tried, struct vsvm_vram_chunk, link))) {
		list_del_init(&chunk->link);
		vsvm_vram_put(vram, chunk);
	}
}

static void close_work(struct work_struct *work)
{
	struct vsvm_vram *vram = container_of(to_delayed_work(work), struct vsvm_vram,
					      close_work);
	struct vsvm_vram_chunk *chunk;
	LIST_HEAD(tried);

	while ((chunk = vsvm_vram_left(vram))) {
		if (vsvm_evict_pages(vram, chunk, false, false))
			vsvm_vram_put(vram, chunk);
		else
			list_add_tail(&chunk->link, &tried);
		cond_resched();
	}
	if (list_empty(&tried))
		return;
	put_tried(vram, &tried);
	/* Somebody has it in hand. It comes when a CPU wants it, unless that has it already. */
	if (vram->coherent)
		queue_delayed_work(system_dfl_wq, &vram->close_work, LEFT_DELAY);
}

static bool in_use(struct vsvm_vram *vram)
{
	bool used = false;
	u64 i;

	spin_lock_irq(&vram->lock);
	for (i = 0; i < vram->num_chunks && !used; i++)
		used = vram->chunks[i].used;
	spin_unlock_irq(&vram->lock);
	return used;
}

/* What is not memory of a process cannot be brought back to one. */
static void drop_copies(struct vsvm_vram *vram)
{
	struct vsvm_vram_client *client;

	mutex_lock(&vram->age_mutex);
	list_for_each_entry(client, &vram->clients, link)
		if (client->drop)
			client->drop(client->data);
	mutex_unlock(&vram->age_mutex);
}

/* Tries each chunk once. With @wait, waits for who is in the way, until the caller is killed. */
static void bring_back(struct vsvm_vram *vram, bool wait)
{
	struct vsvm_vram_chunk *chunk;
	LIST_HEAD(tried);

	drop_copies(vram);
	while (!(wait && fatal_signal_pending(current)) &&
	       (chunk = vsvm_vram_victim(vram, NULL))) {
		vsvm_evict_pages(vram, chunk, wait, true);
		list_add_tail(&chunk->link, &tried);
		cond_resched();
	}
	put_tried(vram, &tried);
}

/* Nothing is in use, and nothing can be had any more. */
static void close_pages(struct vsvm_vram *vram)
{
	if (!vram->num_pages)
		return;
	vsvm_peer_close(vram);
	WRITE_ONCE(vram->num_pages, 0);
	memunmap_pages(&vram->pgmap);
	if (!vram->coherent)
		release_mem_region(vram->pgmap.range.start, range_len(&vram->pgmap.range));
}

static void unplug_work(struct work_struct *work)
{
	struct vsvm_vram *vram = container_of(work, struct vsvm_vram, unplug_work);

	while (in_use(vram)) {
		bring_back(vram, false);
		schedule_timeout_idle(UNPLUG_DELAY);
	}
	close_pages(vram);
	/* With the last reference @vram goes too. */
	drm_dev_put(&container_of(vram, struct vsvm_device, vram)->drm);
}

/**
 * vsvm_vram_close_init() - be able to close VRAM
 * @vram: VRAM
 */
void vsvm_vram_close_init(struct vsvm_vram *vram)
{
	INIT_DELAYED_WORK(&vram->close_work, close_work);
	INIT_WORK(&vram->unplug_work, unplug_work);
}

/**
 * vsvm_vram_close() - bring everything back to the processes, for good
 * @vram: VRAM
 *
 * Whatever a process has here is in system memory afterwards, and there are no device-private pages
 * of ours any more. It needs as much memory as that, and waits for it. If the caller is killed,
 * that goes on without him.
 *
 * Context: process, no locks.
 */
void vsvm_vram_close(struct vsvm_vram *vram)
{
	if (!vram->num_chunks)
		return;
	spin_lock_irq(&vram->lock);
	vram->closed = true;
	spin_unlock_irq(&vram->lock);

	bring_back(vram, false);
	while (in_use(vram)) {
		if (fatal_signal_pending(current)) {
			drm_dev_get(&container_of(vram, struct vsvm_device, vram)->drm);
			queue_work(unplug_wq, &vram->unplug_work);
			return;
		}
		bring_back(vram, true);
		/* Somebody has the rest in his hands. */
		schedule_timeout_killable(CLOSE_DELAY);
	}
	close_pages(vram);
}
