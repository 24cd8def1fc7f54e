// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Peers
 *
 * The devices of the module know of each other, for memory of a process that one of them has in its
 * VRAM may be what another one is asked for. That one maps it where it is, takes it over to its own
 * VRAM, or has it come back to the system (svm/svm_peer.c).
 *
 * A device is listed from before it can be opened until the last who had it open is gone
 * (vsvm_device_release()). Its VRAM has a number, by which all others call it, as long as there may
 * be pages of processes in it: from the same moment until all of them are back
 * (vsvm_vram_close.c). So one that was unbound, and is kept by a file, still looks at others, as it
 * must as long as its page tables name them; and is not looked at any more.
 *
 * Pages of all devices have one owner, as the kernel calls it (vsvm_vram_owner()). HMM is given one
 * owner for a request: it tells where pages of that one are, and has all others brought back to the
 * system. With an owner for each device no page of a peer's could ever be told of, let alone be
 * mapped or taken; and which of them may be is a wish for a range, of which there are several in a
 * request's window, and not for a call. So we are told of all, and look whose each is. The price:
 * migrate_vma_setup() collects pages of all devices too, and who wants those of one leaves the
 * others where they are, which zaps them once for nothing.
 *
 * Lifetime: who has a page of a peer's in use may look at that one's &struct vsvm_vram without a
 * reference. In use is a page that is locked with a reference, or that an entry of a page table
 * names, under pt->lock: before the page is freed our notifier takes the entry away. And with a
 * page in use VRAM is not closed, and so neither is its number taken away nor the device released::
 *
 *  a device that looks                     the peer is unbound
 *  -------------------                     -------------------
 *  HMM: pfn
 *                                          vsvm_vram_close(): migrates the page
 *                                            invalidate(): pt->lock, set_seq, zap
 *  pt->lock: read_retry() is true,           the page is freed
 *    all of it anew
 *                                          nothing is in use: vsvm_peer_close():
 *                                            the number is taken away, RCU, devices
 *                                            forget it (hw_peer.c)
 *                                          memunmap_pages()
 *
 * Had the one that looks been first, the zap would have found the entry. What HMM has said of a
 * page may be out of date before that, so the page itself must not be looked at, as it may not
 * exist: by its number the list says, under RCU, whose it is or was (vsvm_peer_has_pfn()).
 *
 * Locking: peers_lock for changes, and to keep a device for as long as its page tables are asked
 * (vsvm_peer_ask()). Below it are age_mutex, pt->lock and vram->lock of one device; above it may be
 * update_lock, or a BO's dma_resv, of who makes room.
 */

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "vsvm_peer.h"
#include "vsvm_vram.h"

static DEFINE_MUTEX(peers_lock);
/* The VRAM of each device, through &vsvm_vram.peers. */
static LIST_HEAD(all);
/* Those with pages; there are numbers to spare for devices that are on their way out. */
static struct vsvm_vram __rcu *numbers[VSVM_HW_MAX_PEERS + 1];

/* How many are listed. */
unsigned int vsvm_num_devices;

static struct vsvm_vram *numbered(unsigned int number)
{
	return rcu_dereference_protected(numbers[number], lockdep_is_held(&peers_lock));
}

static int take_number(struct vsvm_vram *vram)
{
	unsigned int number;

	for (number = 1; number <= VSVM_HW_MAX_PEERS; number++) {
		if (numbered(number))
			continue;
		vram->number = number;
		rcu_assign_pointer(numbers[number], vram);
		return 0;
	}
	return -EBUSY;
}

/* Both devices can reach each other's VRAM, as far as there is any. */
static void connect(struct vsvm_vram *a, struct vsvm_vram *b)
{
	if (b->number)
		vsvm_hw_peer_connect(a->hw, b->number, b->hw);
	if (a->number)
		vsvm_hw_peer_connect(b->hw, a->number, a->hw);
}

/**
 * vsvm_peer_join() - let a device and the others know of each other
 * @vram: its VRAM, which may have no pages for processes
 *
 * Context: process; nobody has the device open yet.
 * Return: 0, or -EBUSY if too many are on their way out.
 */
int vsvm_peer_join(struct vsvm_vram *vram)
{
	struct vsvm_vram *other;
	int ret = 0;

	mutex_lock(&peers_lock);
	if (vram->num_pages)
		ret = take_number(vram);
	if (!ret) {
		list_for_each_entry(other, &all, peers)
			connect(vram, other);
		list_add_tail(&vram->peers, &all);
		WRITE_ONCE(vsvm_num_devices, vsvm_num_devices + 1);
	}
	mutex_unlock(&peers_lock);
	return ret;
}

/**
 * vsvm_peer_close() - no page of a device is in use, and none will be
 * @vram: its VRAM
 *
 * On return nobody looks at it but its own device.
 *
 * Context: process.
 */
void vsvm_peer_close(struct vsvm_vram *vram)
{
	struct vsvm_vram *other;

	mutex_lock(&peers_lock);
	if (!vram->number)
		goto unlock;
	RCU_INIT_POINTER(numbers[vram->number], NULL);
	list_for_each_entry(other, &all, peers)
		if (other != vram)
			vsvm_hw_peer_disconnect(other->hw, vram->number);
	WRITE_ONCE(vram->number, 0);
	synchronize_rcu();
unlock:
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
	if (vram->peers.next) {
		list_del(&vram->peers);
		WRITE_ONCE(vsvm_num_devices, vsvm_num_devices - 1);
	}
	mutex_unlock(&peers_lock);
}

/**
 * vsvm_peer_count() - how many devices are there whose VRAM can be looked at?
 * @vram: VRAM of the one that asks, which is not counted
 *
 * Context: any.
 * Return: how many.
 */
unsigned int vsvm_peer_count(const struct vsvm_vram *vram)
{
	unsigned int number, count = 0;
	struct vsvm_vram *other;

	rcu_read_lock();
	for (number = 1; number <= VSVM_HW_MAX_PEERS; number++) {
		other = rcu_dereference(numbers[number]);
		count += other && other != vram;
	}
	rcu_read_unlock();
	return count;
}

static struct vsvm_vram *find(unsigned long pfn)
{
	unsigned int number;
	struct vsvm_vram *vram;

	for (number = 1; number <= VSVM_HW_MAX_PEERS; number++) {
		vram = rcu_dereference(numbers[number]);
		if (vram && vsvm_vram_has_pfn(vram, pfn))
			return vram;
	}
	return NULL;
}

/* The rest of vsvm_peer_has_pfn(), where there are peers. */
bool __vsvm_peer_has_pfn(const struct vsvm_vram *vram, unsigned long pfn)
{
	const struct vsvm_vram *found;

	rcu_read_lock();
	found = find(pfn);
	rcu_read_unlock();
	return found && found != vram;
}

/**
 * vsvm_peer_by_pfn() - whose page is it?
 * @pfn: its number
 *
 * Context: any. What is returned stays as long as the page is in use, as DOC: Peers has it, or the
 * caller is in an RCU section.
 * Return: VRAM of whatever device; NULL if it is in none.
 */
struct vsvm_vram *vsvm_peer_by_pfn(unsigned long pfn)
{
	struct vsvm_vram *found;

	rcu_read_lock();
	found = find(pfn);
	rcu_read_unlock();
	return found;
}

/**
 * vsvm_peer_by_number() - whose VRAM does an entry of a page table name?
 * @number: %VSVM_PTE_PEER of an entry that is there, or has been until now
 *
 * Context: pt->lock held since.
 * Return: VRAM of a peer.
 */
struct vsvm_vram *vsvm_peer_by_number(unsigned int number)
{
	/* Its page is in use. */
	return rcu_dereference_check(numbers[number], true);
}

/**
 * vsvm_peer_span() - widen a span of page numbers to those of all devices
 * @first: first number
 * @count: how many; 0: the span is empty
 *
 * Context: any.
 */
void vsvm_peer_span(unsigned long *first, unsigned long *count)
{
	unsigned long start = *count ? *first : ULONG_MAX, end = *count ? *first + *count : 0;
	const struct vsvm_vram *vram;
	unsigned int number;

	rcu_read_lock();
	for (number = 1; number <= VSVM_HW_MAX_PEERS; number++) {
		vram = rcu_dereference(numbers[number]);
		if (!vram)
			continue;
		start = min(start, vram->first_pfn);
		end = max(end, vram->first_pfn + READ_ONCE(vram->num_pages));
	}
	rcu_read_unlock();
	*first = start;
	*count = end > start ? end - start : 0;
}

/**
 * vsvm_peer_ask() - do something with each other device
 * @vram: VRAM of one, which is open
 * @ask: called with each other device, @vram, and what that calls @vram. Nothing that it waits for
 *       may wait for a device that comes or goes
 *
 * Context: process.
 */
void vsvm_peer_ask(struct vsvm_vram *vram,
		   void (*ask)(struct vsvm_vram *device, struct vsvm_vram *vram,
			       unsigned int peer))
{
	struct vsvm_vram *device;

	if (!vsvm_peer_any())
		return;
	mutex_lock(&peers_lock);
	list_for_each_entry(device, &all, peers)
		if (device != vram && vram->number)
			ask(device, vram, vram->number);
	mutex_unlock(&peers_lock);
}
