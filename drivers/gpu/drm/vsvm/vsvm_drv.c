// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: vsvm
 *
 * A DRM render driver for a GPU that exists in software only (hw/), and that dereferences any
 * pointer of the process (svm/). This file makes the devices and tells the kernel of them.
 *
 * A device is a platform device that the module registers itself, so it can be bound and unbound
 * through sysfs. When it is unbound while files are open, their queues are killed and every ioctl
 * fails with -ENODEV; the virtual GPU itself goes with the last file.
 *
 * There is one, or as many as devices= says. Each has a render node, engines, rings and VRAM of its
 * own (&struct vsvm_device), and what happens to one is no matter to the others. They have names of
 * their own too, "vsvm", "vsvm-1", "vsvm-2", and not numbers behind a common one: libdrm calls a
 * platform device without firmware by its module alias, which is made of the name, and takes
 * devices that it calls the same for nodes of one.
 *
 * What all devices of the module share: parameters; workqueues, whose items wait for nobody of
 * another device; the count of VMs, which the module's code has to outlive; hold points, each of
 * which is a VM's; and who is whose peer (vsvm_peer.c).
 */

#include <linux/dma-mapping.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "svm/svm.h"
#include "svm/svm_counter.h"
#include "svm/svm_density.h"
#include "vsvm_bind.h"
#include "vsvm_bo.h"
#include "vsvm_bo_place.h"
#include "vsvm_coherent.h"
#include "vsvm_drv.h"
#include "vsvm_fault.h"
#include "vsvm_hold.h"
#include "vsvm_peer.h"
#include "vsvm_prefetch.h"
#include "vsvm_queue.h"
#include "vsvm_vm.h"
#include "vsvm_wait.h"

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "GPUs that there are (1..8, default 1)");

static unsigned int engines = 4;
module_param(engines, uint, 0444);
MODULE_PARM_DESC(engines, "engines of a GPU, each a kernel thread (1..64, default 4)");

static unsigned int fault_ring_size = 1024;
module_param(fault_ring_size, uint, 0444);
MODULE_PARM_DESC(fault_ring_size, "records of the fault ring (power of 2, 2..65536, default 1024)");

static unsigned int counter_ring_size = 256;
module_param(counter_ring_size, uint, 0444);
MODULE_PARM_DESC(counter_ring_size,
		 "records of the access counters (power of 2, 2..65536, default 256)");

static unsigned int vram_mib = 256;
module_param(vram_mib, uint, 0444);
MODULE_PARM_DESC(vram_mib, "VRAM in MiB, of the host's memory as it is used (even, default 256)");

static int vectors = -1;
module_param(vectors, int, 0444);
MODULE_PARM_DESC(vectors,
		 "vectors that compute lanes: 0 for floats alone, 1 for all, 2 AVX2 (-1: fastest)");

unsigned int vsvm_job_timeout_ms = 60000;
module_param_named(job_timeout_ms, vsvm_job_timeout_ms, uint, 0644);
MODULE_PARM_DESC(job_timeout_ms,
		 "engine time that one packet may take (0: no limit, default 60000)");

module_param_named(counter_threshold, vsvm_counter_threshold, uint, 0644);
MODULE_PARM_DESC(counter_threshold,
		 "accesses to 64K that is elsewhere that bring it to VRAM (0: off, default 256)");

module_param_named(density_percent, vsvm_density_percent, uint, 0644);
MODULE_PARM_DESC(density_percent,
		 "how much of a part of 2M is in VRAM, when the rest follows (default: over 50)");

static bool hold_points;
module_param(hold_points, bool, 0444);
MODULE_PARM_DESC(hold_points, "for tests: let debugfs stop GPU and driver at certain points (N)");

/* VMs of different devices have different numbers, in decimal: 200000003 is the third of vsvm-2. */
#define AS_STEP		100000000

static int vsvm_open(struct drm_device *drm, struct drm_file *file)
{
	struct vsvm_file *vfile = kzalloc_obj(*vfile);

	if (!vfile)
		return -ENOMEM;
	mutex_init(&vfile->lock);
	xa_init_flags(&vfile->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&vfile->queues, XA_FLAGS_ALLOC1);
	file->driver_priv = vfile;
	return 0;
}

static void vsvm_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct vsvm_file *vfile = file->driver_priv;

	vsvm_queue_close_file(vfile);
	vsvm_vm_close_file(vfile);
	vsvm_fault_pool_put(vfile->fault_pool);
	xa_destroy(&vfile->queues);
	xa_destroy(&vfile->vms);
	mutex_destroy(&vfile->lock);
	kfree(vfile);
}

/* BOs, and the process's memory that is in VRAM by the file's VMs. */
static void vsvm_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct vsvm_file *vfile = file->driver_priv;
	struct vsvm_vm *vm;
	unsigned long id;
	u64 bytes = 0;

	mutex_lock(&vfile->lock);
	xa_for_each(&vfile->vms, id, vm)
		bytes += vsvm_svm_vram_bytes(&vm->svm);
	mutex_unlock(&vfile->lock);
	vsvm_bo_show_memory(p, file, bytes);
}

#define IOCTL(n, func) DRM_IOCTL_DEF_DRV(VSVM_##n, vsvm_ioctl_##func, DRM_RENDER_ALLOW)
static const struct drm_ioctl_desc vsvm_ioctls[] = {
	IOCTL(DEV_QUERY, dev_query),
	IOCTL(VM_CREATE, vm_create),
	IOCTL(VM_DESTROY, vm_destroy),
	IOCTL(VM_BIND, vm_bind),
	IOCTL(VM_QUERY, vm_query),
	IOCTL(VM_SYNC, vm_sync),
	IOCTL(BO_CREATE, bo_create),
	IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	IOCTL(QUEUE_CREATE, queue_create),
	IOCTL(QUEUE_DESTROY, queue_destroy),
	IOCTL(QUEUE_QUERY, queue_query),
	IOCTL(EXEC, exec),
	IOCTL(WAIT_USER_FENCE, wait_user_fence),
	IOCTL(VM_REGISTER, vm_register),
	IOCTL(VM_PREFETCH, vm_prefetch),
	IOCTL(VM_ATTR, vm_attr),
};

static const struct file_operations vsvm_fops = {
	.owner = THIS_MODULE,
	.show_fdinfo = drm_show_fdinfo,
	DRM_GEM_FOPS,
};

static const struct drm_driver vsvm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_GEM_GPUVA | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = vsvm_open,
	.postclose = vsvm_postclose,
	.show_fdinfo = vsvm_show_fdinfo,
	.ioctls = vsvm_ioctls,
	.num_ioctls = ARRAY_SIZE(vsvm_ioctls),
	.fops = &vsvm_fops,

	DRM_GEM_SHMEM_DRIVER_OPS,
	.gem_create_object = vsvm_bo_create_object,

	.name = "vsvm",
	.desc = "virtual GPU with shared virtual memory",
	.major = 1,
	.minor = 0,
};

/* From an engine's thread or from a call into the hardware; must not sleep. */
static void vsvm_irq(void *data, u32 status)
{
	struct vsvm_device *vdev = data;

	if (status & VSVM_HW_IRQ_FAULT)
		vsvm_fault_queue(&vdev->fault_work);
	if (status & VSVM_HW_IRQ_COUNTER)
		vsvm_fault_queue(&vdev->counter_work);
	if (status & (VSVM_HW_IRQ_FENCE | VSVM_HW_IRQ_ERROR))
		wake_up_all(&vdev->event_wq);
}

static void vsvm_device_release(struct drm_device *drm, void *data)
{
	struct vsvm_device *vdev = data;
	unsigned long index = 0;

	/* No address space is left, so no engine raises an interrupt any more. */
	WARN_ON_ONCE(xa_find(&vdev->vms, &index, ULONG_MAX, XA_PRESENT));
	/* What the last interrupt asked for may be under way still, and looks at the hardware. */
	cancel_work_sync(&vdev->fault_work);
	cancel_work_sync(&vdev->counter_work);
	vsvm_peer_leave(&vdev->vram);
	vsvm_vram_fini(&vdev->vram);
	if (vdev->hw)
		vsvm_hw_destroy(vdev->hw);
	if (vdev->claimed)
		vsvm_coherent_release(&vdev->coherent);
	xa_destroy(&vdev->vms);
}

static unsigned int index_of(struct platform_device *pdev)
{
	return platform_get_device_id(pdev)->driver_data;
}

/* Of what is to be VRAM that CPUs map, its part. */
static int claim_coherent(struct vsvm_device *vdev)
{
	const struct range *range = vsvm_coherent_range();
	int ret;

	if (!range)
		return 0;
	ret = vsvm_coherent_split(range, vdev->index, devices, &vdev->coherent);
	if (ret)
		return ret;
	ret = vsvm_coherent_claim(&vdev->coherent);
	vdev->claimed = !ret;
	return ret;
}

static int probe(struct platform_device *pdev)
{
	struct vsvm_hw_config config = {
		.num_engines = engines,
		.fault_ring_size = fault_ring_size,
		.counter_ring_size = counter_ring_size,
		.vram_size = (u64)vram_mib << 20,
		.irq = vsvm_irq,
	};
	struct vsvm_device *vdev;
	int ret;

	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	vdev = devm_drm_dev_alloc(&pdev->dev, &vsvm_driver, struct vsvm_device, drm);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	platform_set_drvdata(pdev, vdev);

	vdev->index = index_of(pdev);
	xa_init(&vdev->vms);
	init_waitqueue_head(&vdev->event_wq);
	INIT_WORK(&vdev->fault_work, vsvm_fault_work);
	INIT_WORK(&vdev->counter_work, vsvm_counter_work);
	ret = drmm_add_action_or_reset(&vdev->drm, vsvm_device_release, vdev);
	if (ret)
		return ret;

	ret = claim_coherent(vdev);
	if (ret)
		return ret;
	if (vdev->claimed) {
		config.vram_base = vdev->coherent.start;
		config.vram_size = range_len(&vdev->coherent);
	}
	config.irq_data = vdev;
	config.as_base = vdev->index * AS_STEP;
	if (vsvm_hold_allowed())
		config.hold = vsvm_hw_held;
	vdev->hw = vsvm_hw_create(&config);
	if (IS_ERR(vdev->hw)) {
		ret = PTR_ERR(vdev->hw);
		vdev->hw = NULL;
		return ret;
	}
	vdev->num_engines = config.num_engines;
	vdev->fault_ring_size = config.fault_ring_size;
	vdev->counter_ring_size = config.counter_ring_size;
	ret = vsvm_vram_init(&vdev->vram, vdev->hw, vdev->claimed ? &vdev->coherent : NULL);
	if (ret)
		return ret;
	ret = vsvm_peer_join(&vdev->vram);
	if (ret)
		goto close_vram;

	/* BOs in large pages take large entries. Without such a mount they are in small ones. */
	ret = drm_gem_huge_mnt_create(&vdev->drm, "within_size");
	if (ret)
		drm_dbg(&vdev->drm, "no mount for large pages: %d\n", ret);

	vsvm_debugfs_init(vdev);

	/* Final step: expose the device to user space. */
	ret = drm_dev_register(&vdev->drm, 0);
	if (!ret)
		return 0;
close_vram:
	vsvm_vram_close(&vdev->vram);
	return ret;
}

/* The names of the devices, and which of them each is. */
static const struct platform_device_id vsvm_ids[] = {
	{ "vsvm", 0 }, { "vsvm-1", 1 }, { "vsvm-2", 2 }, { "vsvm-3", 3 },
	{ "vsvm-4", 4 }, { "vsvm-5", 5 }, { "vsvm-6", 6 }, { "vsvm-7", 7 },
	{ }
};

static_assert(ARRAY_SIZE(vsvm_ids) == VSVM_MAX_DEVICES + 1);

/* What the platform has of each. */
static struct vsvm_slot {
	/* The device; NULL if there is none. */
	struct platform_device *pdev;
	/* Why it could not be had the last time, for who loads the module. */
	int error;
} slots[VSVM_MAX_DEVICES];

static int vsvm_probe(struct platform_device *pdev)
{
	int ret = probe(pdev);

	slots[index_of(pdev)].error = ret;
	return ret;
}

static void vsvm_remove(struct platform_device *pdev)
{
	struct vsvm_device *vdev = platform_get_drvdata(pdev);

	vsvm_hold_unplug(vdev);
	drm_dev_unplug(&vdev->drm);
	/* Nothing can be submitted any more. */
	vsvm_queue_kill_all(vdev, VSVM_ERROR_DEVICE);
	wake_up_all(&vdev->event_wq);
	/* What processes have in VRAM they keep. */
	vsvm_vram_close(&vdev->vram);
}

static struct platform_driver vsvm_platform_driver = {
	.probe = vsvm_probe,
	.remove = vsvm_remove,
	.id_table = vsvm_ids,
	.driver = {
		.name = "vsvm",
	},
};

static void remove_devices(void)
{
	unsigned int i = VSVM_MAX_DEVICES;

	while (i--) {
		platform_device_unregister(slots[i].pdev);
		slots[i].pdev = NULL;
	}
}

/* A device that no driver took, for want of memory or for a bad parameter, is of no use. */
static int __init make_device(unsigned int index)
{
	struct vsvm_slot *slot = &slots[index];
	struct platform_device *pdev;

	pdev = platform_device_register_simple(vsvm_ids[index].name, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	slot->pdev = pdev;
	return platform_get_drvdata(pdev) ? 0 : slot->error ?: -ENODEV;
}

static int __init vsvm_init(void)
{
	unsigned int i;
	int ret;

	if (!devices || devices > VSVM_MAX_DEVICES)
		return -EINVAL;
	vsvm_hw_set_vectors(vectors);
	ret = vsvm_coherent_module_init();
	if (ret)
		return ret;
	if (hold_points)
		vsvm_hold_module_init();
	ret = vsvm_fault_module_init();
	if (ret)
		return ret;
	ret = vsvm_svm_module_init();
	if (ret)
		goto fini_fault;

	ret = vsvm_prefetch_module_init();
	if (ret)
		goto fini_svm;
	ret = vsvm_vram_module_init();
	if (ret)
		goto fini_prefetch;

	ret = platform_driver_register(&vsvm_platform_driver);
	if (ret)
		goto fini_vram;

	for (i = 0; i < devices; i++) {
		ret = make_device(i);
		if (ret)
			goto remove_devices;
	}
	return 0;

remove_devices:
	remove_devices();
	platform_driver_unregister(&vsvm_platform_driver);
fini_vram:
	vsvm_vram_module_fini();
fini_prefetch:
	vsvm_prefetch_module_fini();
fini_svm:
	vsvm_svm_module_fini();
fini_fault:
	vsvm_fault_module_fini();
	return ret;
}

static void __exit vsvm_exit(void)
{
	remove_devices();
	platform_driver_unregister(&vsvm_platform_driver);
	/* No file is open, but the last batch of a VM may still be served, and undoes the VM. */
	vsvm_vm_wait_all();
	/* Nor is a device there, but processes may still get back what they had in its VRAM. */
	vsvm_vram_module_fini();
	vsvm_prefetch_module_fini();
	vsvm_fault_module_fini();
	vsvm_svm_module_fini();
}

module_init(vsvm_init);
module_exit(vsvm_exit);

MODULE_DESCRIPTION("Virtual GPU with shared virtual memory");
MODULE_AUTHOR("The vsvm authors");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_IMPORT_NS("DMA_BUF");
