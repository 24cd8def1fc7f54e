// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Structures and arrays of the uAPI
 *
 * The rules of the uAPI header about growing structures, in one place, and the device query, which
 * is little more than those rules.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vsvm_drv.h"
#include "vsvm_peer.h"
#include "vsvm_query.h"

/**
 * vsvm_query_answer() - give a structure to a program that may know less of it, or more
 * @pointer: where the program wants it; 0 to ask for the size
 * @size: in: room at @pointer; out: bytes written, or the whole size
 * @answer: the structure
 * @answer_size: its size
 *
 * Return: 0 or -EFAULT.
 */
int vsvm_query_answer(u64 pointer, u64 *size, const void *answer, size_t answer_size)
{
	if (!pointer) {
		*size = answer_size;
		return 0;
	}
	*size = min_t(u64, *size, answer_size);
	return copy_to_user(u64_to_user_ptr(pointer), answer, *size) ? -EFAULT : 0;
}

/**
 * vsvm_array_get() - read an array whose elements may be shorter or longer than ours
 * @array: the program's
 * @size: of our element; the smallest the program may have, as no element has grown yet
 * @max: elements allowed, at most %DRM_VSVM_MAX_ARRAY
 *
 * What the program's elements have beyond ours must be zero.
 *
 * Return: an array of ours for kvfree(), NULL if it has no elements, or ERR_PTR: -EINVAL for a bad
 * stride or count, -E2BIG for something that we do not know, -EFAULT, -ENOMEM.
 */
void *vsvm_array_get(const struct drm_vsvm_array *array, size_t size, unsigned int max)
{
	const void __user *from = u64_to_user_ptr(array->ptr);
	void *elements, *to;
	unsigned int i;
	int ret;

	if (array->count > max || array->stride < size || array->stride % sizeof(u64) ||
	    array->stride > PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	if (!array->count)
		return NULL;

	elements = kvmalloc_array(array->count, size, GFP_KERNEL_ACCOUNT);
	if (!elements)
		return ERR_PTR(-ENOMEM);
	for (i = 0, to = elements; i < array->count; i++, to += size, from += array->stride) {
		ret = copy_struct_from_user(to, size, from, array->stride);
		if (ret) {
			kvfree(elements);
			return ERR_PTR(ret);
		}
	}
	return elements;
}

/**
 * vsvm_array_put() - write back an array whose elements may be longer than ours
 * @array: as it was good for vsvm_array_get()
 * @elements: what it returned, or NULL
 * @size: of our element
 *
 * Return: 0 or -EFAULT.
 */
int vsvm_array_put(const struct drm_vsvm_array *array, const void *elements, size_t size)
{
	void __user *to = u64_to_user_ptr(array->ptr);
	unsigned int i;

	for (i = 0; i < array->count; i++, to += array->stride, elements += size)
		if (copy_to_user(to, elements, size))
			return -EFAULT;
	return 0;
}

static void get_info(struct vsvm_device *vdev, struct drm_vsvm_dev_info *info)
{
	*info = (struct drm_vsvm_dev_info) {
		.features = vsvm_hw_features(vdev->hw),
		.num_engines = vdev->num_engines,
		.va_bits = VSVM_VA_BITS,
		.vram_size = vsvm_hw_vram_size(vdev->hw),
		.wave_lanes = VSVM_WAVE_LANES,
		.timestamp_frequency = NSEC_PER_SEC,
		.queue_depth = VSVM_HW_QUEUE_DEPTH,
		.max_queues = VSVM_MAX_QUEUES,
		.max_vms = VSVM_MAX_VMS,
		.fault_ring_size = vdev->fault_ring_size,
		.flags = vdev->vram.coherent ? DRM_VSVM_DEV_VRAM_COHERENT : 0,
		.index = vdev->index,
		.num_peers = vsvm_peer_count(&vdev->vram),
	};
	for (unsigned int level = 0; level <= VSVM_PT_MAX_LEAF_LEVEL; level++)
		info->page_sizes |= 1ULL << VSVM_PT_SHIFT(level);
}

static void get_engine(struct vsvm_device *vdev, u32 index, struct drm_vsvm_engine_info *info)
{
	struct vsvm_hw_stats stats;

	vsvm_hw_stats(vdev->hw, index, &stats);
	*info = (struct drm_vsvm_engine_info) {
		.busy_ns = stats.busy_ns,
		.packets = stats.packets,
		.waves = stats.waves,
		.insns = stats.insns,
		.bytes = stats.bytes,
		.tlb_hits = stats.tlb_hits,
		.tlb_misses = stats.tlb_misses,
		.faults = stats.faults,
		.fault_overflows = stats.overflows,
		.invalidations = stats.invalidations,
		.counter_records = stats.counter_records,
		.counter_overflows = stats.counter_overflows,
	};
}

int vsvm_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vsvm_device *vdev = to_vsvm_device(drm);
	struct drm_vsvm_dev_query *args = data;
	union {
		struct drm_vsvm_dev_info info;
		struct drm_vsvm_engine_info engine;
	} answer;
	u64 size = args->size;
	size_t answer_size;
	int ret;

	if (args->pad)
		return -EINVAL;

	switch (args->type) {
	case DRM_VSVM_DEV_QUERY_INFO:
		if (args->index)
			return -ENOENT;
		get_info(vdev, &answer.info);
		answer_size = sizeof(answer.info);
		break;
	case DRM_VSVM_DEV_QUERY_ENGINE:
		if (args->index >= vdev->num_engines)
			return -ENOENT;
		get_engine(vdev, args->index, &answer.engine);
		answer_size = sizeof(answer.engine);
		break;
	default:
		return -EINVAL;
	}

	ret = vsvm_query_answer(args->pointer, &size, &answer, answer_size);
	args->size = size;
	return ret;
}
