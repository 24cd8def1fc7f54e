// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Peers
 *
 * The devices of the module know of each other, for memory of a process that one of them has in its
 * VRAM may be what another one is asked for.
 *
 * A device is listed from before it can be opened until the last who had it open is gone
 * (vsvm_device_release()). Its VRAM has a number as long as there may be pages of processes in it:
 * from the same moment until all of them are back (vsvm_vram_close.c). So one that was unbound, and
 * is kept by a file, still looks at others, and is not looked at any more.
 *
 * Locking: peers_lock, below which nothing of the devices is taken.
 */

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "vsvm_drv.h"
#include "vsvm_peer.h"
#include "vsvm_vram.h"

/* Numbers begin with 1. There are some to spare for VRAM of devices that are on their way out. */
#define MAX_NUMBER	15

static DEFINE_MUTEX(peers_lock);
/* The VRAM of each device, through &vsvm_vram.peers. */
static LIST_HEAD(all);
/* Which numbers are taken. */
static DECLARE_BITMAP(numbers, MAX_NUMBER + 1);

/**
 * vsvm_peer_join() - let a device and the others know of each other
 * @vram: its VRAM, which may have no pages for processes
 *
 * Context: process; nobody has the device open yet.
 * Return: 0, or -EBUSY if too many are on their way out.
 */
int vsvm_peer_join(struct vsvm_vram *vram)
{
	unsigned long number = 0;
	int ret = 0;

	mutex_lock(&peers_lock);
	if (vram->num_pages) {
		number = find_next_zero_bit(numbers, MAX_NUMBER + 1, 1);
		if (number > MAX_NUMBER) {
			ret = -EBUSY;
			goto unlock;
		}
		__set_bit(number, numbers);
	}
	vram->number = number;
	list_add_tail(&vram->peers, &all);
unlock:
	mutex_unlock(&peers_lock);
	return ret;
}

/**
 * vsvm_peer_close() - no page of a device is in use, and none will be
 * @vram: its VRAM
 *
 * Context: process.
 */
void vsvm_peer_close(struct vsvm_vram *vram)
{
	mutex_lock(&peers_lock);
	if (vram->number)
		__clear_bit(vram->number, numbers);
	WRITE_ONCE(vram->number, 0);
	mutex_unlock(&peers_lock);
}

/**
 * vsvm_peer_leave() - a device is gone
 * @vram: its VRAM, closed; it need not have joined
 *
 * Context: process.
 */
void vsvm_peer_leave(struct vsvm_vram *vram)
{
	mutex_lock(&peers_lock);
	WARN_ON_ONCE(vram->number);
	if (vram->peers.next)
		list_del_init(&vram->peers);
	mutex_unlock(&peers_lock);
}

/**
 * vsvm_peer_count() - how many devices are there whose VRAM can be looked at?
 * @vram: VRAM of the one that asks, which is not counted
 *
 * Context: process.
 * Return: how many.
 */
unsigned int vsvm_peer_count(const struct vsvm_vram *vram)
{
	unsigned int count;

	mutex_lock(&peers_lock);
	count = bitmap_weight(numbers, MAX_NUMBER + 1) - !!vram->number;
	mutex_unlock(&peers_lock);
	return count;
}
