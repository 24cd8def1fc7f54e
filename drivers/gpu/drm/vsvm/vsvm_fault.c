// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Page faults from the ring to their VM
 *
 * Two work items, so that a slow fault of one VM holds up nobody else:
 *
 * - vsvm_fault_work(), one for the device, empties the ring and hands each record to its VM. It
 *   never waits.
 * - vm_fault_work(), one for each VM, serves a batch, kills the queues of accesses that cannot be,
 *   and replays once.
 *
 * Both are bounded: the first stops after a ringful, the second after MAX_ROUNDS batches, and then
 * queues itself anew. But the service may wait for a disk, or for a program that serves files, and
 * a workqueue has only so many work items at work. So that VMs which wait cannot use up those of
 * others, each file has a workqueue for its VMs (&struct vsvm_fault_pool), and the ring's is
 * another. A file's also does the deferred updates of its VMs, which wait for their faults. A VM
 * that waits costs a kernel thread.
 *
 * Records may be lost, in the ring or when a VM has %VSVM_FAULT_BATCH waiting already. Nothing else
 * is: what was parked without a record tries again at the next replay, and reports again. There is
 * always a next replay: the batch that filled a VM's buffer ends with one, and vsvm_fault_work()
 * replays what the ring itself lost when it has made room.
 *
 * An access in the range for BOs (vsvm_bind_fault()) waits for no process. Either it is bound by
 * now, or it is an error; or the BO is one that moves, and is mapped where it is to be.
 *
 * An error kills only who still waits for the access. One access may report many pages, and goes on
 * as soon as it finds all of them mapped, by whatever record; the rest of its records are then
 * leftovers. By the time they are served the program may have seen a fence and unmapped the memory,
 * as it is entitled to. So a record that is older than the last replay proves nothing: whoever put
 * it has tried again since, and if that failed, has said so in a newer record:
 *
 *  engine                                  vm_fault_work()
 *  ------                                  ---------------
 *  misses A and B: puts A
 *                                          takes A
 *  puts B, parks
 *                                          maps A, and B as its neighbour
 *                                          replay, number 8
 *  A and B are there: goes on
 *  writes the fence
 *  (the program unmaps A and B)
 *                                          takes B, put after replay 7: no VMA, but stale
 *
 * For a bad access to be found out nevertheless, its record has to be served between two replays.
 * So what has come in while a batch was served is served too, before the replay (MAX_ROUNDS).
 *
 * An access that has to wait for the process (svm/svm_wait.c) has no error and is not there. If a
 * batch is nothing but such accesses there is no replay, or they would fault again at once. The end
 * of a wait brings one (vsvm_fault_resume()). If they are so many that records were lost, there has
 * to be a replay for those, and all report again. So that the same are not lost again and again,
 * such a replay lets the VM keep in mind who waits (is_known()), and every round has others.
 *
 * Where CPUs keep taking a page from an atomic, the replay is made while they cannot, by
 * vsvm_svm_turn() (svm/svm_atomic.c). What has come in until then is served by the next batch.
 *
 * The service may take its time: it may read a file, and that may be the affair of a program which
 * has died and has its files closed. So nobody waits for it. A work item that is queued or runs
 * holds a reference of its VM, and if that was the last, undoes the VM itself.
 *
 * Locking: the xarray lock of vdev->vms keeps a VM while records are handed to it, and that of
 * vm->queues a queue while it is killed.
 */

#include <linux/ktime.h>
#include <linux/slab.h>

#include "svm/svm.h"
#include "vsvm_bind.h"
#include "vsvm_drv.h"
#include "vsvm_fault.h"
#include "vsvm_hold.h"
#include "vsvm_queue.h"
#include "vsvm_trace.h"
#include "vsvm_vm.h"

/* Records taken from the ring at a time; what fits on the stack. */
#define RING_CHUNK	16
/* How often what has come in meanwhile is served, before those who wait may go on. */
#define MAX_ROUNDS	4

/* For the ring, and the end of pools: what never waits for a process. */
static struct workqueue_struct *ring_wq;

int vsvm_fault_module_init(void)
{
	ring_wq = alloc_workqueue("vsvm-fault-ring", WQ_UNBOUND | WQ_HIGHPRI, 0);
	return ring_wq ? 0 : -ENOMEM;
}

/* No VM is left, so nothing is queued any more; the last pools go before this returns. */
void vsvm_fault_module_fini(void)
{
	destroy_workqueue(ring_wq);
}

/**
 * vsvm_fault_queue() - have the fault ring emptied
 * @work: &vsvm_device.fault_work; what it needs is held until it is done
 *
 * Context: any.
 */
void vsvm_fault_queue(struct work_struct *work)
{
	queue_work(ring_wq, work);
}

static void pool_free_work(struct work_struct *work)
{
	struct vsvm_fault_pool *pool = container_of(work, struct vsvm_fault_pool, free);

	destroy_workqueue(pool->wq);
	kfree(pool);
}

/*
 * Whoever drops the last reference may be a work item of the pool, having undone its VM: then that
 * is about to return, and destroy_workqueue(), in another one, waits for it. No other is left, for
 * each that is queued holds a VM, and with it the pool.
 */
static void pool_release(struct kref *ref)
{
	struct vsvm_fault_pool *pool = container_of(ref, struct vsvm_fault_pool, ref);

	queue_work(ring_wq, &pool->free);
}

/**
 * vsvm_fault_pool_create() - make a pool for the VMs of a file
 *
 * Return: the pool with a reference, or NULL.
 */
struct vsvm_fault_pool *vsvm_fault_pool_create(void)
{
	struct vsvm_fault_pool *pool = kzalloc_obj(*pool);

	if (!pool)
		return NULL;
	pool->wq = alloc_workqueue("vsvm-fault", WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (!pool->wq) {
		kfree(pool);
		return NULL;
	}
	kref_init(&pool->ref);
	INIT_WORK(&pool->free, pool_free_work);
	return pool;
}

/**
 * vsvm_fault_pool_put() - drop a reference
 * @pool: pool, or NULL
 *
 * Context: any.
 */
void vsvm_fault_pool_put(struct vsvm_fault_pool *pool)
{
	if (pool)
		kref_put(&pool->ref, pool_release);
}

/* Has a VM's batch served. The VM may be on its way out; then nobody waits for that. */
static void queue_vm(struct vsvm_vm *vm)
{
	struct vsvm_vm_faults *faults = &vm->faults;

	lockdep_assert_held(&faults->lock);

	if (faults->queued || !kref_get_unless_zero(&vm->ref))
		return;
	faults->queued = true;
	/* It gives the reference back, so it must not have been queued before. */
	WARN_ON_ONCE(!queue_work(faults->pool->wq, &faults->work));
}

/* The BOs' side of a VM, and all there is without SVM. */
static u32 bo_fault(struct vsvm_vm *vm, const struct vsvm_hw_fault *fault)
{
	bool write = fault->access == VSVM_ACCESS_WRITE || fault->access == VSVM_ACCESS_ATOMIC;

	return vsvm_bind_fault(vm, fault->addr, write);
}

static bool is_bo_address(struct vsvm_vm *vm, u64 addr)
{
	return !vm->mm || (addr >= vm->bo_start && addr < vm->bo_end);
}

/**
 * vsvm_fault_serve_bos() - serve the faults in the range for BOs
 * @vm: VM
 * @batch: faults; the others are moved to the front
 * @count: how many
 *
 * Return: how many others there are.
 */
unsigned int vsvm_fault_serve_bos(struct vsvm_vm *vm, struct vsvm_svm_fault *batch,
				  unsigned int count)
{
	unsigned int i, rest = 0;

	for (i = 0; i < count; i++) {
		if (is_bo_address(vm, batch[i].hw.addr)) {
			batch[i].error = bo_fault(vm, &batch[i].hw);
		} else {
			if (i != rest)
				swap(batch[i], batch[rest]);
			rest++;
		}
	}
	return rest;
}

/**
 * vsvm_fault_report() - kill the queues of faults that could not be served
 * @vm: VM
 * @batch: faults that have been served
 * @count: how many
 *
 * Those that have an error and have not tried again since. Nobody waits for a prefetch or for what
 * is reported ahead, so nobody dies of it.
 */
void vsvm_fault_report(struct vsvm_vm *vm, const struct vsvm_svm_fault *batch, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!batch[i].error || batch[i].hw.access == VSVM_ACCESS_PREFETCH ||
		    batch[i].hw.ahead)
			continue;
		vsvm_hold(vm->pt.as, VSVM_HOLD_FAULT_ERROR, batch[i].hw.addr,
			  batch[i].hw.addr + 1);
		if (batch[i].hw.replay < vm->faults.replay)
			continue;
		WRITE_ONCE(vm->faults.failed, vm->faults.failed + 1);
		vsvm_queue_kill(vm, &batch[i].hw, batch[i].error);
	}
}

static unsigned long known_index(const struct vsvm_hw_fault *fault)
{
	bool write = fault->access == VSVM_ACCESS_WRITE || fault->access == VSVM_ACCESS_ATOMIC;

	return fault->addr >> PAGE_SHIFT << 1 | write;
}

/* Remembers that an access waits. If there is no memory for that, it will be looked at again. */
static void note_known(struct vsvm_vm_faults *faults, const struct vsvm_hw_fault *fault)
{
	xa_store(&faults->known, known_index(fault), xa_mk_value(fault->replay),
		 GFP_KERNEL | __GFP_NOWARN);
}

/* Another replay than one for records that were lost: nothing is known any more. */
static void forget_known(struct vsvm_vm_faults *faults)
{
	if (xa_empty(&faults->known))
		return;
	spin_lock(&faults->lock);
	xa_destroy(&faults->known);
	spin_unlock(&faults->lock);
}

/*
 * Is this the record of an access that was found waiting before a replay that was not for it? Of a
 * page there is one such record after each replay; further ones may be somebody else's.
 */
static bool is_known(struct vsvm_vm_faults *faults, const struct vsvm_hw_fault *fault)
{
	unsigned long index = known_index(fault);
	void *entry;

	lockdep_assert_held(&faults->lock);

	entry = xa_load(&faults->known, index);
	if (!entry || xa_to_value(entry) >= fault->replay)
		return false;
	/* In place of the old one, which takes no memory. */
	xa_store(&faults->known, index, xa_mk_value(fault->replay), GFP_ATOMIC);
	faults->absorbed++;
	return true;
}

static unsigned int take_pending(struct vsvm_vm_faults *faults, bool *replay, bool *lost)
{
	unsigned int count;

	spin_lock(&faults->lock);
	swap(faults->pending, faults->batch);
	count = faults->num_pending;
	*replay |= faults->resume;
	*lost |= faults->lost;
	faults->num_pending = 0;
	faults->resume = false;
	faults->lost = false;
	spin_unlock(&faults->lock);
	return count;
}

/*
 * Serves what waits. Returns false if nothing does. Sets *@replay unless nobody gains from one,
 * because all of the batch waits for the process; and *@lost if there is more.
 */
static bool serve_pending(struct vsvm_vm *vm, bool *replay, bool *lost)
{
	u64 begin = vsvm_trace_begin(vsvm_fault_batch);
	struct vsvm_vm_faults *faults = &vm->faults;
	unsigned int count, rest, i, waits = 0;

	count = take_pending(faults, replay, lost);
	if (!count)
		return false;
	vsvm_hold(vm->pt.as, VSVM_HOLD_FAULT_BATCH, 0, U64_MAX);

	rest = vsvm_fault_serve_bos(vm, faults->batch, count);
	if (rest)
		vsvm_svm_fault(&vm->svm, faults->batch, rest);
	for (i = 0; i < rest; i++) {
		if (!faults->batch[i].waits)
			continue;
		waits++;
		note_known(faults, &faults->batch[i].hw);
	}
	vm->svm.stats.waited += waits;
	*replay |= waits < count;
	vsvm_fault_report(vm, faults->batch, count);
	trace_vsvm_fault_batch(vsvm_hw_as_id(vm->pt.as), count, *replay, vsvm_trace_ns(begin));
	return true;
}

static void vm_fault_work(struct work_struct *work)
{
	struct vsvm_vm_faults *faults = container_of(work, struct vsvm_vm_faults, work);
	struct vsvm_vm *vm = container_of(faults, struct vsvm_vm, faults);
	u64 begin = ktime_get_ns();
	unsigned int rounds = 0;
	bool replay = false, lost = false;

	spin_lock(&faults->lock);
	faults->queued = false;
	spin_unlock(&faults->lock);

	while (rounds < MAX_ROUNDS && serve_pending(vm, &replay, &lost))
		rounds++;
	/* Who has been let go on finds the batch counted. */
	if (rounds) {
		vsvm_hold(vm->pt.as, VSVM_HOLD_FAULT_MAPPED, 0, U64_MAX);
		WRITE_ONCE(faults->batches, faults->batches + 1);
		WRITE_ONCE(faults->busy_ns, faults->busy_ns + ktime_get_ns() - begin);
	}
	/* One that an atomic has a turn by is for everybody. */
	if (!rounds || !vm->mm || !vsvm_svm_turn(&vm->svm)) {
		if (replay)
			forget_known(faults);
		if (replay || lost)
			faults->replay = vsvm_hw_fault_replay(vm->vdev->hw, vm->pt.as);
	}
	vsvm_vm_put(vm);
}

/**
 * vsvm_fault_replay() - let the accesses of a VM try again, at the end of a batch
 * @svm: its SVM
 *
 * Context: the work item that serves its faults, all of which have been reported.
 * Return: the number of the replay.
 */
u64 vsvm_fault_replay(struct vsvm_svm *svm)
{
	struct vsvm_vm *vm = container_of(svm, struct vsvm_vm, svm);

	forget_known(&vm->faults);
	vm->faults.replay = vsvm_hw_fault_replay(vm->vdev->hw, vm->pt.as);
	return vm->faults.replay;
}

/**
 * vsvm_fault_resume() - let the accesses of a VM try again
 * @svm: its SVM, which is not undone before this returns
 *
 * Context: any.
 */
void vsvm_fault_resume(struct vsvm_svm *svm)
{
	struct vsvm_vm *vm = container_of(svm, struct vsvm_vm, svm);

	spin_lock(&vm->faults.lock);
	vm->faults.resume = true;
	queue_vm(vm);
	spin_unlock(&vm->faults.lock);
}

static void hand_over(struct vsvm_device *vdev, const struct vsvm_hw_fault *fault)
{
	struct vsvm_vm_faults *faults;
	struct vsvm_vm *vm;

	xa_lock(&vdev->vms);
	vm = xa_load(&vdev->vms, fault->asid);
	if (vm) {
		faults = &vm->faults;
		spin_lock(&faults->lock);
		faults->received++;
		if (is_known(faults, fault))
			goto unlock;
		if (faults->num_pending < VSVM_FAULT_BATCH)
			faults->pending[faults->num_pending++] = (struct vsvm_svm_fault) {
				.hw = *fault,
			};
		else
			faults->lost = true;
		queue_vm(vm);
unlock:
		spin_unlock(&faults->lock);
	}
	xa_unlock(&vdev->vms);
}

/**
 * vsvm_fault_work() - empty the fault ring
 * @work: &vsvm_device.fault_work
 */
void vsvm_fault_work(struct work_struct *work)
{
	struct vsvm_device *vdev = container_of(work, struct vsvm_device, fault_work);
	unsigned int left = vdev->fault_ring_size;
	struct vsvm_hw_fault chunk[RING_CHUNK];
	unsigned int count, i;

	/* One ringful at a time: who fills it without end must not keep others from the replay. */
	while (left && (count = vsvm_hw_fault_read(vdev->hw, chunk, min(left, RING_CHUNK)))) {
		for (i = 0; i < count; i++)
			hand_over(vdev, &chunk[i]);
		left -= count;
	}

	vsvm_hw_fault_replay(vdev->hw, NULL);
	if (!left)
		vsvm_fault_queue(&vdev->fault_work);
}

/**
 * vsvm_vm_faults_init() - make room for a VM's faults
 * @faults: zeroed
 * @pool: of its file; a reference is taken, which the VM gives back when it has ended: its last
 *        work item may be what ends it, and @pool is not to wait for that
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_vm_faults_init(struct vsvm_vm_faults *faults, struct vsvm_fault_pool *pool)
{
	faults->pending = kvcalloc(2 * VSVM_FAULT_BATCH, sizeof(*faults->pending),
				   GFP_KERNEL_ACCOUNT);
	if (!faults->pending)
		return -ENOMEM;
	faults->batch = faults->pending + VSVM_FAULT_BATCH;
	spin_lock_init(&faults->lock);
	xa_init(&faults->known);
	INIT_WORK(&faults->work, vm_fault_work);
	kref_get(&pool->ref);
	faults->pool = pool;
	return 0;
}

/**
 * vsvm_vm_faults_fini() - give back the room
 * @faults: of a VM that hand_over() finds no more; as nobody refers to it, no batch is served
 */
void vsvm_vm_faults_fini(struct vsvm_vm_faults *faults)
{
	xa_destroy(&faults->known);
	/* One allocation; the two halves may have changed places. */
	kvfree(min(faults->pending, faults->batch));
}
