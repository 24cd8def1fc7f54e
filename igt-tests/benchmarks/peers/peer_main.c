// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Peers
 *
 * What vsvm is measured against, as devices that a benchmark can call: the least that any driver
 * with shared virtual memory has to do (floor.c, floor_move.c), and what one does that uses the
 * kernel's helpers for it (gpusvm.c, pagemap.c). This file has the two devices and hands the calls
 * on; both also tell how large descriptions of memory are (density.c).
 *
 * For benchmarks only: nothing limits what a caller can make the kernel allocate, so the devices
 * are root's.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "floor_move.h"
#include "peer.h"

/**
 * struct peer_file - an open file
 */
struct peer_file {
	/** @ops: kind of peer */
	const struct peer_ops *ops;
	/** @lock: one call at a time */
	struct mutex lock;
	/** @mm: whose memory @peer mirrors; only compared */
	struct mm_struct *mm;
	/** @peer: the mirror, NULL before PEER_SETUP */
	void *peer;
};

static int setup(struct peer_file *file, void __user *arg)
{
	struct peer_setup setup;
	void *peer;

	if (file->peer)
		return -EBUSY;
	if (copy_from_user(&setup, arg, sizeof(setup)))
		return -EFAULT;
	if (setup.flags & ~(u64)PEER_DEVICE_MEMORY)
		return -EINVAL;
	peer = file->ops->create(current->mm, &setup);
	if (IS_ERR(peer))
		return PTR_ERR(peer);
	file->peer = peer;
	file->mm = current->mm;
	return 0;
}

static int fault(struct peer_file *file, void __user *arg)
{
	struct peer_fault fault;
	int ret = 0;
	u32 i;

	if (copy_from_user(&fault, arg, sizeof(fault)))
		return -EFAULT;
	if (!fault.size || !PAGE_ALIGNED(fault.addr | fault.size | fault.stride))
		return -EINVAL;
	for (i = 0; i < fault.count && !ret; i++) {
		u64 start = fault.addr + i * fault.stride;

		if (fatal_signal_pending(current))
			return -EINTR;
		ret = file->ops->fault(file->peer, start, start + fault.size,
				       fault.flags & PEER_WRITE);
	}
	return ret;
}

static int move(struct peer_file *file, void __user *arg)
{
	struct peer_move move;

	if (copy_from_user(&move, arg, sizeof(move)))
		return -EFAULT;
	if (!move.size || !PAGE_ALIGNED(move.addr | move.size) ||
	    move.flags & ~(u64)PEER_TO_DEVICE)
		return -EINVAL;
	return file->ops->move(file->peer, move.addr, move.addr + move.size,
			       move.flags & PEER_TO_DEVICE);
}

static int stats(struct peer_file *file, void __user *arg)
{
	struct peer_stats stats = {};

	file->ops->stats(file->peer, &stats);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int density(void __user *arg)
{
	struct peer_density density;
	int ret;

	if (copy_from_user(&density, arg, sizeof(density)))
		return -EFAULT;
	ret = density_measure(&density);
	if (ret)
		return ret;
	return copy_to_user(arg, &density, sizeof(density)) ? -EFAULT : 0;
}

static int call(struct peer_file *file, unsigned int cmd, void __user *arg)
{
	if (cmd == PEER_SETUP)
		return setup(file, arg);
	if (cmd == PEER_DENSITY)
		return density(arg);
	if (!file->peer || file->mm != current->mm)
		return -EINVAL;

	switch (cmd) {
	case PEER_FAULT:
		return fault(file, arg);
	case PEER_MOVE:
		return move(file, arg);
	case PEER_SYNC:
		file->ops->sync(file->peer);
		return 0;
	case PEER_STATS:
		return stats(file, arg);
	default:
		return -ENOTTY;
	}
}

static long peer_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct peer_file *file = filp->private_data;
	int ret;

	mutex_lock(&file->lock);
	ret = call(file, cmd, (void __user *)arg);
	mutex_unlock(&file->lock);
	return ret;
}

static int peer_release(struct inode *inode, struct file *filp)
{
	struct peer_file *file = filp->private_data;

	if (file->peer)
		file->ops->destroy(file->peer);
	mutex_destroy(&file->lock);
	kfree(file);
	return 0;
}

static int peer_open(struct file *filp, const struct peer_ops *ops)
{
	struct peer_file *file = kzalloc_obj(*file);

	if (!file)
		return -ENOMEM;
	file->ops = ops;
	mutex_init(&file->lock);
	filp->private_data = file;
	return 0;
}

static int floor_open(struct inode *inode, struct file *filp)
{
	return peer_open(filp, &floor_ops);
}

static int gpusvm_open(struct inode *inode, struct file *filp)
{
	return peer_open(filp, &gpusvm_ops);
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.open = floor_open,
	.release = peer_release,
	.unlocked_ioctl = peer_ioctl,
};

static const struct file_operations gpusvm_fops = {
	.owner = THIS_MODULE,
	.open = gpusvm_open,
	.release = peer_release,
	.unlocked_ioctl = peer_ioctl,
};

static struct miscdevice floor_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vsvm-floor",
	.fops = &floor_fops,
	.mode = 0600,
};

static struct miscdevice gpusvm_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vsvm-gpusvm",
	.fops = &gpusvm_fops,
	.mode = 0600,
};

static int __init peers_init(void)
{
	int ret;

	ret = gpusvm_init();
	if (ret)
		return ret;
	ret = floor_move_init();
	if (ret)
		goto err_gpusvm;
	ret = misc_register(&floor_device);
	if (ret)
		goto err_move;
	ret = misc_register(&gpusvm_device);
	if (ret)
		goto err_floor;
	return 0;

err_floor:
	misc_deregister(&floor_device);
err_move:
	floor_move_exit();
err_gpusvm:
	gpusvm_exit();
	return ret;
}

static void __exit peers_exit(void)
{
	misc_deregister(&gpusvm_device);
	misc_deregister(&floor_device);
	floor_move_exit();
	gpusvm_exit();
}

module_init(peers_init);
module_exit(peers_exit);

MODULE_DESCRIPTION("What vsvm is measured against");
MODULE_LICENSE("Dual MIT/GPL");
