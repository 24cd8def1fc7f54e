// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm uapi
 * Description: Every ioctl but those of vsvm_exec, with good and with bad arguments
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Device, VMs, BOs, queues: good and bad arguments");

/* An address that no process has. */
#define BAD_POINTER	0xffff800000000000ull
/* A number that no VM, queue or BO has. */
#define BAD_ID		0x12345678u

/* One call with one field of a good argument spoilt. */
#define expect_bad(request, good, field, value, error) \
	do { \
		typeof(good) __arg = (good); \
		\
		__arg.field = (value); \
		igt_assert_eq(vsvm_ioctl(fd, request, &__arg), error); \
	} while (0)

static void kill_queue(int fd, uint32_t queue)
{
	/* a stream in the first page */
	igt_assert_eq(__vsvm_exec1(fd, queue, 0x100, 8, 0, 0, 0), 0);
	vsvm_expect_error(fd, queue, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, 0x100);
}

/* Device */

static void test_nodes(int fd)
{
	struct drm_vsvm_dev_info info;
	char path[64];
	struct stat st;
	int primary;

	igt_assert_eq(fstat(fd, &st), 0);
	igt_assert_lte_u32(128, minor(st.st_rdev));
	vsvm_dev_info(fd, &info);

	/* A primary node need not be; where it is, it gives the same access. */
	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device/drm/card%d",
			 major(st.st_rdev), minor(st.st_rdev), i);
		if (access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		primary = open(path, O_RDWR);
		igt_assert_fd(primary);
		vsvm_dev_info(primary, &info);
		vsvm_vm_destroy(primary, vsvm_vm_create(primary));
		close(primary);
	}
}

static void test_dev_query(int fd)
{
	struct drm_vsvm_dev_query good = { .type = DRM_VSVM_DEV_QUERY_INFO };
	struct drm_vsvm_dev_info info, part[2];
	struct drm_vsvm_engine_info engine;
	uint32_t size;

	size = 0;
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, NULL, &size), 0);
	igt_assert_lte_u32(sizeof(info), size);
	size = 0;
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_ENGINE, 0, NULL, &size), 0);
	igt_assert_lte_u32(sizeof(engine), size);

	vsvm_dev_info(fd, &info);
	igt_assert_lte_u32(1, info.num_engines);
	igt_assert_lte_u32(48, info.va_bits);
	igt_assert_eq_u32(info.wave_lanes, VSVM_WAVE_LANES);
	igt_assert_eq_u64(info.page_sizes & (VSVM_PAGE_SIZE | VSVM_2M), VSVM_PAGE_SIZE | VSVM_2M);
	igt_assert_eq_u64(info.timestamp_frequency, NSEC_PER_SEC);
	igt_assert_lte_u32(1, info.queue_depth);
	igt_assert_lte_u32(info.num_engines, info.max_queues);
	igt_assert_lte_u32(2, info.max_vms);
	igt_assert_lte_u32(2, info.fault_ring_size);

	/* An old program knows less of it, a new one more. */
	memset(part, 0x5a, sizeof(part));
	size = offsetof(struct drm_vsvm_dev_info, va_bits);
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, part, &size), 0);
	igt_assert_eq_u32(size, offsetof(struct drm_vsvm_dev_info, va_bits));
	igt_assert_eq_u32(part[0].num_engines, info.num_engines);
	igt_assert_eq_u32(part[0].va_bits, 0x5a5a5a5a);
	size = sizeof(part);
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, part, &size), 0);
	igt_assert_lte_u32(sizeof(info), size);
	igt_assert_lt_u32(size, sizeof(part));
	igt_assert_eq(memcmp(part, &info, sizeof(info)), 0);
	igt_assert_eq_u32(((uint8_t *)part)[size], 0x5a);

	for (uint32_t i = 0; i < info.num_engines; i++)
		vsvm_engine_info(fd, i, &engine);
	size = sizeof(engine);
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_ENGINE, info.num_engines, &engine,
				       &size), -ENOENT);
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_ENGINE, ~0u, &engine, &size),
		      -ENOENT);
	size = sizeof(info);
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, (void *)BAD_POINTER,
				       &size), -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_DEV_QUERY, good, index, 1, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_DEV_QUERY, good, type, 2, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_DEV_QUERY, good, type, ~0u, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_DEV_QUERY, good, pad, 1, -EINVAL);
}

static void test_unknown_ioctl(int fd)
{
	uint64_t arg[16] = {};

	for (unsigned int nr = DRM_VSVM_VM_ATTR + 1; nr < 0x60; nr++)
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + nr, uint64_t[16]), arg),
			      -EINVAL);
}

/* Requests of a program that was built with an older or a newer header */
static unsigned long resized(unsigned long request, size_t size)
{
	return (request & ~((unsigned long)_IOC_SIZEMASK << _IOC_SIZESHIFT)) |
		size << _IOC_SIZESHIFT;
}

static void test_struct_size(int fd)
{
	struct {
		struct drm_vsvm_queue_create create;
		uint64_t more[4];
	} arg = {};
	struct drm_vsvm_vm_create vm = { .flags = DRM_VSVM_VM_SVM, .bo_start = 1 };

	/* bo_start is not passed, so it is 0 and not misaligned */
	igt_assert_eq(vsvm_ioctl(fd, resized(DRM_IOCTL_VSVM_VM_CREATE,
					     offsetof(struct drm_vsvm_vm_create, bo_start)), &vm),
		      0);
	igt_assert_neq_u32(vm.vm_id, 0);
	igt_assert_eq_u64(vm.bo_start, 1);

	arg.create.vm_id = vm.vm_id;
	arg.create.engine = DRM_VSVM_ENGINE_ANY;
	igt_assert_eq(vsvm_ioctl(fd, resized(DRM_IOCTL_VSVM_QUEUE_CREATE, sizeof(arg)), &arg), 0);
	vsvm_queue_destroy(fd, arg.create.queue_id);
	arg.create.engine = DRM_VSVM_ENGINE_ANY;
	igt_assert_eq(vsvm_ioctl(fd, resized(DRM_IOCTL_VSVM_QUEUE_CREATE,
					     offsetof(struct drm_vsvm_queue_create, timeout_ns)),
				 &arg), 0);
	vsvm_queue_destroy(fd, arg.create.queue_id);
	vsvm_vm_destroy(fd, vm.vm_id);
}

/* VMs */

static void test_vm_create(int fd)
{
	struct drm_vsvm_vm_create good = { .flags = DRM_VSVM_VM_SVM };
	struct drm_vsvm_vm_create plain = {};
	struct drm_vsvm_dev_info info;
	uint32_t vm, first;

	vsvm_dev_info(fd, &info);
	good.bo_start = vsvm_ptr(vsvm_reserve(VSVM_2M));
	good.bo_size = VSVM_2M;

	first = vsvm_vm_create_bo(fd);
	vm = vsvm_vm_create_range(fd, (void *)good.bo_start, good.bo_size);
	igt_assert_neq_u32(first, vm);
	vsvm_vm_destroy(fd, vm);
	vsvm_vm_destroy(fd, first);

	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, flags, DRM_VSVM_VM_SVM | 2, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, flags, DRM_VSVM_VM_SVM | 1u << 31, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, bo_start, good.bo_start + 8, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, bo_size, good.bo_size - 8, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, bo_start, 1ull << info.va_bits, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, bo_start,
		   (1ull << info.va_bits) - VSVM_PAGE_SIZE, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, bo_start, -VSVM_PAGE_SIZE, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, bo_size, -VSVM_PAGE_SIZE, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, plain, bo_start, VSVM_2M, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, plain, bo_size, VSVM_2M, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, plain, counter_threshold, 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, plain, counter_threshold, DRM_VSVM_COUNTER_OFF,
		   -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, good, pad, 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_CREATE, plain, pad, 1u << 31, -EINVAL);
	vsvm_unmap((void *)good.bo_start, VSVM_2M);
}

static void test_vm_destroy(int fd)
{
	struct drm_vsvm_vm_destroy good = {};
	uint32_t queue;

	good.vm_id = vsvm_vm_create(fd);
	expect_bad(DRM_IOCTL_VSVM_VM_DESTROY, good, vm_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_DESTROY, good, vm_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_DESTROY, good, pad, 1, -EINVAL);

	queue = vsvm_queue_create(fd, good.vm_id);
	igt_assert_eq(__vsvm_vm_destroy(fd, good.vm_id), -EBUSY);
	vsvm_queue_destroy(fd, queue);
	vsvm_vm_destroy(fd, good.vm_id);
	igt_assert_eq(__vsvm_vm_destroy(fd, good.vm_id), -ENOENT);
}

static void test_vm_limit(int fd)
{
	struct drm_vsvm_dev_info info;
	uint32_t *vms, extra;

	fd = drm_reopen_driver(fd);
	vsvm_dev_info(fd, &info);
	vms = calloc(info.max_vms, sizeof(*vms));
	for (uint32_t i = 0; i < info.max_vms; i++) {
		vms[i] = i % 2 ? vsvm_vm_create_bo(fd) : vsvm_vm_create(fd);
		igt_assert_lte_u32(1, vms[i]);
	}
	igt_assert_eq(__vsvm_vm_create(fd, DRM_VSVM_VM_SVM, 0, 0, &extra), -ENOSPC);
	igt_assert_eq(__vsvm_vm_create(fd, 0, 0, 0, &extra), -ENOSPC);
	vsvm_vm_destroy(fd, vms[info.max_vms / 2]);
	extra = vsvm_vm_create(fd);
	igt_assert_eq(__vsvm_vm_create(fd, DRM_VSVM_VM_SVM, 0, 0, vms), -ENOSPC);
	free(vms);
	/* closing the file is all it takes */
	close(fd);
}

static void test_vm_query(int fd)
{
	struct drm_vsvm_vm_query good = {};
	struct drm_vsvm_vm_stats stats, part[2];
	struct drm_vsvm_interval intervals[4];
	struct vsvm_ctx ctx;
	uint64_t size, needed;
	uint32_t *p[3];

	vsvm_require_vma_policy();
	vsvm_ctx_init(&ctx, fd);
	good.vm_id = ctx.vm;
	vsvm_vm_stats(fd, ctx.vm, &stats);
	igt_assert_eq_u64(stats.faults, 0);
	igt_assert_eq_u64(stats.intervals, 0);
	igt_assert_eq_u64(stats.pages, 0);
	igt_assert_eq_u64(stats.queues, 1);

	/* a hole between each two, so that they are mappings of their own */
	for (int i = 0; i < 3; i++) {
		p[i] = vsvm_map_aligned(VSVM_2M, VSVM_2M);
		vsvm_unmap((void *)p[i] + VSVM_PAGE_SIZE, VSVM_2M - VSVM_PAGE_SIZE);
		vsvm_write32(&ctx, p[i], i);
		igt_assert(vsvm_vm_find_interval(fd, ctx.vm, p[i], &intervals[0]));
		igt_assert_eq_u64(intervals[0].start, vsvm_ptr(p[i]));
		igt_assert_eq_u64(intervals[0].end, vsvm_ptr(p[i]) + VSVM_PAGE_SIZE);
	}
	vsvm_vm_stats(fd, ctx.vm, &stats);
	igt_assert_lte_u64(3, stats.faults);
	igt_assert_lte_u64(3, stats.intervals);
	igt_assert_lte_u64(3, stats.pages);

	/* sizes: a structure */
	memset(part, 0x5a, sizeof(part));
	size = 24;
	igt_assert_eq(__vsvm_vm_query(fd, ctx.vm, DRM_VSVM_VM_QUERY_STATS, part, &size), 0);
	igt_assert_eq_u64(size, 24);
	igt_assert_eq_u64(part[0].faults, stats.faults);
	igt_assert_eq_u64(((uint64_t *)part)[3], 0x5a5a5a5a5a5a5a5aull);
	size = sizeof(part);
	igt_assert_eq(__vsvm_vm_query(fd, ctx.vm, DRM_VSVM_VM_QUERY_STATS, part, &size), 0);
	igt_assert_lte_u64(sizeof(stats), size);
	igt_assert_lt_u64(size, sizeof(part));

	/* an array: whole elements only */
	size = 0;
	igt_assert_eq(__vsvm_vm_query(fd, ctx.vm, DRM_VSVM_VM_QUERY_INTERVALS, NULL, &needed), 0);
	igt_assert_eq_u64(needed, stats.intervals * sizeof(*intervals));
	memset(intervals, 0x5a, sizeof(intervals));
	size = 2 * sizeof(*intervals) + 8;
	igt_assert_eq(__vsvm_vm_query(fd, ctx.vm, DRM_VSVM_VM_QUERY_INTERVALS, intervals, &size),
		      0);
	igt_assert_eq_u64(size, 2 * sizeof(*intervals));
	igt_assert_lte_u64(intervals[0].end, intervals[1].start);
	igt_assert_eq_u64(intervals[2].start, 0x5a5a5a5a5a5a5a5aull);

	size = sizeof(stats);
	igt_assert_eq(__vsvm_vm_query(fd, ctx.vm, DRM_VSVM_VM_QUERY_STATS, (void *)BAD_POINTER,
				      &size), -EFAULT);
	size = sizeof(intervals);
	igt_assert_eq(__vsvm_vm_query(fd, ctx.vm, DRM_VSVM_VM_QUERY_INTERVALS,
				      (void *)BAD_POINTER, &size), -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_VM_QUERY, good, type, 2, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_QUERY, good, vm_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_QUERY, good, vm_id, BAD_ID, -ENOENT);
	vsvm_ctx_fini(&ctx);
	for (int i = 0; i < 3; i++)
		vsvm_unmap(p[i], VSVM_PAGE_SIZE);
}

static void test_vm_sync(int fd)
{
	struct drm_vsvm_vm_sync good = {};
	uint32_t plain = vsvm_vm_create_bo(fd);

	good.vm_id = vsvm_vm_create(fd);
	vsvm_vm_sync(fd, good.vm_id);
	expect_bad(DRM_IOCTL_VSVM_VM_SYNC, good, vm_id, plain, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_SYNC, good, vm_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_SYNC, good, vm_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_SYNC, good, flags, 1, -EINVAL);
	vsvm_vm_destroy(fd, good.vm_id);
	vsvm_vm_destroy(fd, plain);
}

/* BOs; what bindings do is in vsvm_bo */

static void test_bo_create(int fd)
{
	struct drm_vsvm_bo_create good = { .size = 1 };
	struct drm_vsvm_bo_create create = good;
	struct drm_vsvm_bo_mmap_offset map = {};
	uint32_t handle;
	int ret;

	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_BO_CREATE, &create), 0);
	igt_assert_neq_u32(create.handle, 0);
	igt_assert_eq_u64(create.size, VSVM_PAGE_SIZE);
	expect_bad(DRM_IOCTL_VSVM_BO_CREATE, good, size, 0, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_BO_CREATE, good, size, ~0ull, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_BO_CREATE, good, size, -VSVM_PAGE_SIZE, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_BO_CREATE, good, flags, DRM_VSVM_BO_VRAM << 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_BO_CREATE, good, flags, 1u << 31, -EINVAL);
	ret = __vsvm_bo_create(fd, 1ull << 62, &handle);
	igt_assert_f(ret == -EINVAL || ret == -ENOMEM, "a BO of 4 EiB: %d\n", ret);

	map.handle = create.handle;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_BO_MMAP_OFFSET, &map), 0);
	igt_assert_eq_u64(map.offset % VSVM_PAGE_SIZE, 0);
	expect_bad(DRM_IOCTL_VSVM_BO_MMAP_OFFSET, map, handle, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_BO_MMAP_OFFSET, map, handle, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_BO_MMAP_OFFSET, map, pad, 1, -EINVAL);
	vsvm_bo_close(fd, create.handle);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_BO_MMAP_OFFSET, &map), -ENOENT);
}

static void expect_bad_op(int fd, uint32_t vm, struct drm_vsvm_bind_op op, int error)
{
	struct drm_vsvm_vm_stats before, after;
	uint32_t count = 1;

	vsvm_vm_stats(fd, vm, &before);
	igt_assert_eq(__vsvm_bind_ops(fd, vm, &op, &count), error);
	igt_assert_eq_u32(count, 0);
	vsvm_vm_stats(fd, vm, &after);
	igt_assert_eq_u64(before.bo_bytes, after.bo_bytes);
}

#define bad_op(good, field, value, error) \
	do { \
		struct drm_vsvm_bind_op __op = (good); \
		\
		__op.field = (value); \
		expect_bad_op(fd, vm, __op, error); \
	} while (0)

static void test_bind_ops(int fd)
{
	void *range = vsvm_reserve(VSVM_2M);
	uint32_t vm = vsvm_vm_create_range(fd, range, VSVM_2M);
	const uint64_t start = vsvm_ptr(range), bo_size = 4 * VSVM_PAGE_SIZE;
	struct drm_vsvm_bind_op map = {
		.op = DRM_VSVM_BIND_OP_MAP,
		.handle = vsvm_bo_create(fd, bo_size),
		.addr = start,
		.size = bo_size,
	};
	struct drm_vsvm_bind_op unmap = {
		.op = DRM_VSVM_BIND_OP_UNMAP,
		.addr = start,
		.size = bo_size,
	};
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	bad_op(map, op, 2, -EINVAL);
	bad_op(map, op, ~0u, -EINVAL);
	bad_op(map, flags, 2, -EINVAL);
	bad_op(map, flags, 1u << 31, -EINVAL);
	bad_op(map, pad, 1, -EINVAL);
	bad_op(map, handle, 0, -ENOENT);
	bad_op(map, handle, BAD_ID, -ENOENT);
	bad_op(map, bo_offset, 8, -EINVAL);
	bad_op(map, bo_offset, VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, bo_offset, bo_size, -EINVAL);
	bad_op(map, bo_offset, -VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, addr, start + 8, -EINVAL);
	bad_op(map, addr, start - VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, addr, start + VSVM_2M - VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, addr, start + VSVM_2M, -EINVAL);
	bad_op(map, addr, -VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, size, 0, -EINVAL);
	bad_op(map, size, 8, -EINVAL);
	bad_op(map, size, bo_size + VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, size, -VSVM_PAGE_SIZE, -EINVAL);
	bad_op(unmap, flags, DRM_VSVM_BIND_READONLY, -EINVAL);
	bad_op(unmap, pad, 1, -EINVAL);
	bad_op(unmap, handle, map.handle, -EINVAL);
	bad_op(unmap, bo_offset, VSVM_PAGE_SIZE, -EINVAL);
	bad_op(unmap, addr, start + 8, -EINVAL);
	bad_op(unmap, addr, start - VSVM_PAGE_SIZE, -EINVAL);
	bad_op(unmap, size, 0, -EINVAL);
	bad_op(unmap, size, 8, -EINVAL);
	bad_op(unmap, size, VSVM_2M + VSVM_PAGE_SIZE, -EINVAL);
	bad_op(unmap, size, -VSVM_PAGE_SIZE, -EINVAL);
	/* and the two that they were made from are good */
	vsvm_bind(fd, vm, map.handle, 0, start, bo_size, 0);
	vsvm_unbind(fd, vm, start, bo_size);
	vsvm_vm_destroy(fd, vm);

	/* an SVM VM that keeps no range has no place for BOs */
	vm = vsvm_vm_create(fd);
	bad_op(map, addr, start, -EINVAL);
	vsvm_vm_destroy(fd, vm);

	/* without SVM, the end of the address space is the limit */
	vm = vsvm_vm_create_bo(fd);
	bad_op(map, addr, (1ull << info.va_bits) - VSVM_PAGE_SIZE, -EINVAL);
	bad_op(map, addr, 1ull << info.va_bits, -EINVAL);
	bad_op(map, addr, -bo_size, -EINVAL);
	vsvm_bind(fd, vm, map.handle, 0, (1ull << info.va_bits) - bo_size, bo_size, 0);
	vsvm_bind(fd, vm, map.handle, 0, 0, bo_size, 0);
	vsvm_vm_destroy(fd, vm);
	vsvm_bo_close(fd, map.handle);
	vsvm_unmap(range, VSVM_2M);
}

static void test_bind_array(int fd)
{
	struct {
		struct drm_vsvm_bind_op op;
		uint64_t more;
	} wide[2] = {};
	struct drm_vsvm_bind_op *many;
	struct drm_vsvm_vm_bind good = {};
	struct drm_vsvm_vm_stats stats;
	const uint64_t bo_size = VSVM_PAGE_SIZE;
	uint32_t bo = vsvm_bo_create(fd, bo_size);
	uint32_t vm = vsvm_vm_create_bo(fd);

	for (int i = 0; i < 2; i++) {
		wide[i].op.op = DRM_VSVM_BIND_OP_MAP;
		wide[i].op.handle = bo;
		wide[i].op.addr = VSVM_2M + i * bo_size;
		wide[i].op.size = bo_size;
	}
	good.vm_id = vm;
	good.ops = (struct drm_vsvm_array){ vsvm_ptr(wide), 2, sizeof(*wide) };
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, vm_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, vm_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, flags, 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, ops.ptr, BAD_POINTER, -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, ops.count, DRM_VSVM_MAX_ARRAY + 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, ops.count, ~0u, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, ops.stride, 0, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, ops.stride, sizeof(*wide) - 4, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_VM_BIND, good, ops.count, 0, 0);
	vsvm_vm_stats(fd, vm, &stats);
	igt_assert_eq_u64(stats.bo_bytes, 0);

	/* elements as a later header may have them, and what only that header knows */
	wide[1].more = 1ull << 63;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_BIND, &good), -E2BIG);
	vsvm_vm_stats(fd, vm, &stats);
	igt_assert_eq_u64(stats.bo_bytes, 0);
	wide[1].more = 0;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_BIND, &good), 0);
	vsvm_vm_stats(fd, vm, &stats);
	igt_assert_eq_u64(stats.bo_bytes, 2 * bo_size);
	vsvm_unbind(fd, vm, VSVM_2M, 2 * bo_size);

	/* as many as one call takes */
	many = calloc(DRM_VSVM_MAX_ARRAY, sizeof(*many));
	for (int i = 0; i < DRM_VSVM_MAX_ARRAY; i++) {
		many[i] = wide[0].op;
		many[i].addr = VSVM_2M + 2 * i * bo_size;
	}
	good.ops = (struct drm_vsvm_array){ vsvm_ptr(many), DRM_VSVM_MAX_ARRAY, sizeof(*many) };
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_BIND, &good), 0);
	vsvm_vm_stats(fd, vm, &stats);
	igt_assert_eq_u64(stats.bo_bytes, DRM_VSVM_MAX_ARRAY * bo_size);
	free(many);
	vsvm_vm_destroy(fd, vm);
	vsvm_bo_close(fd, bo);
}

/* Queues */

static void test_queue_create(int fd)
{
	const uint32_t engines = vsvm_num_engines(fd);
	struct drm_vsvm_queue_create good = {};
	struct drm_vsvm_queue_query state;
	uint32_t *seen = calloc(engines, sizeof(*seen));
	uint32_t queue, last;

	good.vm_id = vsvm_vm_create(fd);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_CREATE, good, vm_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_CREATE, good, vm_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_CREATE, good, flags, 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_CREATE, good, flags, 1u << 31, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_CREATE, good, engine, engines, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_CREATE, good, engine, DRM_VSVM_ENGINE_ANY - 1, -EINVAL);

	for (uint32_t i = 0; i < engines; i++) {
		queue = vsvm_queue_create_on(fd, good.vm_id, i, 0);
		memset(&state, 0xff, sizeof(state));
		state.queue_id = queue;
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_QUEUE_QUERY, &state), 0);
		igt_assert_eq_u32(state.engine, i);
		igt_assert_eq_u64(state.submitted, 0);
		igt_assert_eq_u64(state.completed, 0);
		igt_assert_eq_u32(state.error, VSVM_ERROR_NONE);
		igt_assert_eq_u32(state.parked, 0);
		vsvm_queue_destroy(fd, queue);
	}

	/* any engine means each in turn */
	last = 0;
	for (uint32_t i = 0; i < 2 * engines; i++) {
		struct drm_vsvm_queue_create create = good;

		create.engine = DRM_VSVM_ENGINE_ANY;
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_QUEUE_CREATE, &create), 0);
		igt_assert_lt_u32(create.engine, engines);
		igt_assert_neq_u32(create.queue_id, last);
		last = create.queue_id;
		seen[create.engine]++;
		vsvm_queue_query(fd, create.queue_id, &state);
		igt_assert_eq_u32(state.engine, create.engine);
	}
	for (uint32_t i = 0; i < engines; i++)
		igt_assert_eq_u32(seen[i], 2);
	free(seen);

	expect_bad(DRM_IOCTL_VSVM_QUEUE_QUERY, state, queue_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_QUERY, state, queue_id, BAD_ID, -ENOENT);
	for (uint32_t i = 0; i < 2 * engines; i++)
		vsvm_queue_destroy(fd, last - i);
	igt_assert_eq(__vsvm_queue_destroy(fd, last), -ENOENT);
	igt_assert_eq(__vsvm_queue_query(fd, last, &state), -ENOENT);
	igt_assert_eq(__vsvm_exec1(fd, last, 0, 0, 0, 0, 0), -ENOENT);
	vsvm_vm_destroy(fd, good.vm_id);
}

static void test_queue_destroy(int fd)
{
	struct drm_vsvm_queue_destroy good = {};
	uint32_t vm = vsvm_vm_create(fd);

	good.queue_id = vsvm_queue_create(fd, vm);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_DESTROY, good, queue_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_DESTROY, good, queue_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_QUEUE_DESTROY, good, pad, 1, -EINVAL);
	/* a dead one goes like a live one */
	kill_queue(fd, good.queue_id);
	vsvm_queue_destroy(fd, good.queue_id);
	igt_assert_eq(__vsvm_queue_destroy(fd, good.queue_id), -ENOENT);
	vsvm_vm_destroy(fd, vm);
}

static void test_queue_limit(int fd)
{
	struct drm_vsvm_dev_info info;
	uint32_t vm[2], queue = 0, extra;

	fd = drm_reopen_driver(fd);
	vsvm_dev_info(fd, &info);
	vm[0] = vsvm_vm_create(fd);
	vm[1] = vsvm_vm_create(fd);
	for (uint32_t i = 0; i < info.max_queues; i++)
		queue = vsvm_queue_create(fd, vm[i % 2]);
	/* the limit is the file's, not the VM's */
	for (int i = 0; i < 2; i++)
		igt_assert_eq(__vsvm_queue_create(fd, vm[i], 0, 0, &extra), -ENOSPC);
	vsvm_queue_destroy(fd, queue);
	vsvm_queue_create(fd, vm[0]);
	igt_assert_eq(__vsvm_queue_create(fd, vm[1], 0, 0, &extra), -ENOSPC);
	close(fd);
}

/* Garbage: whatever is passed, there is an answer. */
static void garbage(int fd, struct vsvm_rng *rng)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_VSVM_DEV_QUERY, DRM_IOCTL_VSVM_VM_CREATE, DRM_IOCTL_VSVM_VM_DESTROY,
		DRM_IOCTL_VSVM_VM_BIND, DRM_IOCTL_VSVM_VM_QUERY, DRM_IOCTL_VSVM_VM_SYNC,
		DRM_IOCTL_VSVM_BO_CREATE, DRM_IOCTL_VSVM_BO_MMAP_OFFSET,
		DRM_IOCTL_VSVM_QUEUE_CREATE, DRM_IOCTL_VSVM_QUEUE_DESTROY,
		DRM_IOCTL_VSVM_QUEUE_QUERY, DRM_IOCTL_VSVM_EXEC, DRM_IOCTL_VSVM_WAIT_USER_FENCE,
	};
	unsigned long request = requests[vsvm_rand(rng) % ARRAY_SIZE(requests)];
	static uint64_t memory[1024];
	union {
		uint8_t bytes[256];
		uint32_t words[64];
		struct drm_vsvm_wait_user_fence wait;
		struct drm_vsvm_exec exec;
	} arg = {};

	/* small numbers are likely to be valid ones, and so are pointers into memory */
	for (unsigned int i = 0; i < ARRAY_SIZE(arg.words); i++) {
		switch (vsvm_rand(rng) % 8) {
		case 0:
			arg.words[i] = vsvm_rand(rng);
			break;
		case 1:
			arg.words[i] = vsvm_rand(rng) % 64;
			break;
		case 2:
			if (i % 2 == 0) {
				arg.words[i++] = vsvm_ptr(memory);
				arg.words[i] = vsvm_ptr(memory) >> 32;
			}
			break;
		case 3:
			arg.words[i] = vsvm_rand(rng) % 4;
			break;
		case 4:
			arg.words[i] = vsvm_rand(rng) << 12;
			break;
		}
	}
	vsvm_rand_fill(rng, memory, 64);
	if (request == DRM_IOCTL_VSVM_WAIT_USER_FENCE)
		arg.wait.timeout_ns = 0;
	if (request == DRM_IOCTL_VSVM_EXEC)
		arg.exec.flags |= DRM_VSVM_EXEC_NONBLOCK;
	if (vsvm_rand(rng) % 8 == 0)
		request = resized(request, vsvm_rand(rng) % sizeof(arg));
	vsvm_ioctl(fd, request, &arg);
}

static void test_garbage(int fd)
{
	struct vsvm_ctx ctx;

	igt_fork(child, 2) {
		struct vsvm_rng rng = { child };
		int mine = drm_reopen_driver(fd);
		struct vsvm_ctx ctx;

		vsvm_ctx_init(&ctx, mine);
		for (int i = 0; i < 5000; i++)
			garbage(mine, &rng);
		close(mine);
	}
	igt_waitchildren();
	vsvm_ctx_init(&ctx, fd);
	vsvm_write32(&ctx, ctx.fence + 1, 1);
	vsvm_ctx_fini(&ctx);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("A program without display rights finds the device and may use it");
	igt_subtest("nodes")
		test_nodes(fd);

	igt_describe("Programs older or newer than the driver learn what both know of the device");
	igt_subtest("dev-query")
		test_dev_query(fd);

	igt_describe("A call that this driver does not have fails, so that it can be probed for");
	igt_subtest("unknown-ioctl")
		test_unknown_ioctl(fd);

	igt_describe("Programs built with older or newer structures get the old behaviour");
	igt_subtest("struct-size")
		test_struct_size(fd);

	igt_describe("A wrong address range or flag is refused when a VM is made");
	igt_subtest("vm-create")
		test_vm_create(fd);

	igt_describe("A VM in use does not vanish, and one that is gone is not found");
	igt_subtest("vm-destroy")
		test_vm_destroy(fd);

	igt_describe("A program that leaks VMs hits a limit of its own file");
	igt_subtest("vm-limit")
		test_vm_limit(fd);

	igt_describe("Counters and intervals can be read, whole or in part");
	igt_subtest("vm-query")
		test_vm_query(fd);

	igt_describe("The barrier for deferred work checks what it is called on");
	igt_subtest("vm-sync")
		test_vm_sync(fd);

	igt_describe("Sizes and handles of BOs are checked");
	igt_subtest("bo-create")
		test_bo_create(fd);

	igt_describe("A bind operation that is wrong in one field changes nothing");
	igt_subtest("bind-ops")
		test_bind_ops(fd);

	igt_describe("Arrays of bind operations: limits, strides, elements of a later header");
	igt_subtest("bind-array")
		test_bind_array(fd);

	igt_describe("Queues are made on the engine asked for, or spread over all");
	igt_subtest("queue-create")
		test_queue_create(fd);

	igt_describe("A queue goes once, dead or alive");
	igt_subtest("queue-destroy")
		test_queue_destroy(fd);

	igt_describe("A program that leaks queues hits a limit of its own file");
	igt_subtest("queue-limit")
		test_queue_limit(fd);

	igt_describe("Random arguments get an error or an answer, and hurt nobody");
	igt_subtest("garbage")
		test_garbage(fd);

	igt_fixture() {
		close(fd);
	}
}
