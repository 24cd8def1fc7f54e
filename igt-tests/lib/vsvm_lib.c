// SPDX-License-Identifier: MIT
/*
 * Helpers of all vsvm tests; vsvm_lib.h says what each does.
 */
#include "vsvm_lib.h"

/* A call that a signal interrupted is made again. */
#define vsvm_restart(call) \
	({ \
		int __ret; \
		do { \
			__ret = (call); \
		} while (__ret == -EINTR); \
		__ret; \
	})

int64_t vsvm_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * (int64_t)NSEC_PER_SEC + ts.tv_nsec;
}

int64_t vsvm_deadline(int64_t ns)
{
	int64_t now = vsvm_now();

	return ns > VSVM_FOREVER - now ? VSVM_FOREVER : now + ns;
}

int vsvm_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

const char *vsvm_error_name(uint32_t error)
{
	static const char *const names[] = {
		[VSVM_ERROR_NONE] = "NONE",
		[VSVM_ERROR_COMMAND] = "COMMAND",
		[VSVM_ERROR_PROGRAM] = "PROGRAM",
		[VSVM_ERROR_MISALIGNED] = "MISALIGNED",
		[VSVM_ERROR_ADDRESS] = "ADDRESS",
		[VSVM_ERROR_ARGS] = "ARGS",
		[VSVM_ERROR_TIMEOUT] = "TIMEOUT",
		[VSVM_ERROR_TABLE] = "TABLE",
		[VSVM_ERROR_BOUNDS] = "BOUNDS",
		[VSVM_ERROR_UNMAPPED] = "UNMAPPED",
		[VSVM_ERROR_PERMISSION] = "PERMISSION",
		[VSVM_ERROR_UNSUPPORTED] = "UNSUPPORTED",
		[VSVM_ERROR_BUS] = "BUS",
		[VSVM_ERROR_NOMEM] = "NOMEM",
		[VSVM_ERROR_RETRY] = "RETRY",
		[VSVM_ERROR_EXITED] = "EXITED",
		[VSVM_ERROR_DEVICE] = "DEVICE",
		[VSVM_ERROR_UNREGISTERED] = "UNREGISTERED",
		[VSVM_ERROR_PAGE_SIZE] = "PAGE_SIZE",
	};

	if (error < ARRAY_SIZE(names) && names[error])
		return names[error];
	return "unknown";
}

uint64_t vsvm_rand(struct vsvm_rng *rng)
{
	uint64_t x = rng->state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void vsvm_rand_fill(struct vsvm_rng *rng, void *p, size_t size)
{
	uint8_t *bytes = p;
	uint64_t x;
	size_t n;

	for (; size; size -= n, bytes += n) {
		x = vsvm_rand(rng);
		n = size < sizeof(x) ? size : sizeof(x);
		memcpy(bytes, &x, n);
	}
}

/* Memory of the process */

static void *map(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | (prot == PROT_NONE ? MAP_NORESERVE : 0),
		       -1, 0);

	igt_assert_f(p != MAP_FAILED, "mmap of %zu bytes: %m\n", size);
	return p;
}

static void *map_aligned(size_t size, size_t align, int prot)
{
	uint8_t *p = map(size + align, prot);
	size_t head = ALIGN(vsvm_ptr(p), align) - vsvm_ptr(p);

	if (head)
		vsvm_unmap(p, head);
	vsvm_unmap(p + head + size, align - head);
	return p + head;
}

void *vsvm_map(size_t size)
{
	return map(size, PROT_READ | PROT_WRITE);
}

void *vsvm_map_aligned(size_t size, size_t align)
{
	return map_aligned(ALIGN(size, VSVM_PAGE_SIZE), align, PROT_READ | PROT_WRITE);
}

void *vsvm_reserve(size_t size)
{
	return map_aligned(ALIGN(size, VSVM_PAGE_SIZE), VSVM_2M, PROT_NONE);
}

void vsvm_unmap(void *p, size_t size)
{
	if (size)
		igt_assert_eq(munmap(p, size), 0);
}

/* Device and VMs */

int vsvm_open(void)
{
	char name[16] = "";
	struct drm_version version = {
		.name = name,
		.name_len = sizeof(name) - 1,
	};
	int fd;

	setenv("IGT_FORCE_DRIVER", "vsvm", 0);
	fd = drm_open_driver_render(DRIVER_ANY);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VERSION, &version), 0);
	igt_require_f(!strcmp(name, "vsvm"), "a device of %s\n", name);
	return fd;
}

int __vsvm_dev_query(int fd, uint32_t type, uint32_t index, void *answer, uint32_t *size)
{
	struct drm_vsvm_dev_query query = {
		.type = type,
		.index = index,
		.size = *size,
		.pointer = vsvm_ptr(answer),
	};
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_DEV_QUERY, &query);

	*size = query.size;
	return ret;
}

void vsvm_dev_info(int fd, struct drm_vsvm_dev_info *info)
{
	uint32_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, info, &size), 0);
}

void vsvm_engine_info(int fd, uint32_t engine, struct drm_vsvm_engine_info *info)
{
	uint32_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_ENGINE, engine, info, &size), 0);
}

uint32_t vsvm_num_engines(int fd)
{
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	return info.num_engines;
}

/* Where the memory of VMs is to be that the library makes */
static uint32_t location(void)
{
	const char *name = getenv("VSVM_LOCATION");

	if (!name || !strcmp(name, "any"))
		return DRM_VSVM_LOCATION_ANY;
	if (!strcmp(name, "system"))
		return DRM_VSVM_LOCATION_SYSTEM;
	igt_assert_f(!strcmp(name, "vram"), "VSVM_LOCATION=%s\n", name);
	return DRM_VSVM_LOCATION_VRAM;
}

/*
 * How often memory is used before it moves to VRAM by itself. Most tests count what moves and what
 * faults, so it does not unless they are told otherwise.
 */
static uint32_t counter_threshold(void)
{
	const char *count = getenv("VSVM_COUNTER");

	return count ? strtoul(count, NULL, 0) : DRM_VSVM_COUNTER_OFF;
}

int __vsvm_vm_create_policy(int fd, uint32_t policy, uint64_t window, uint64_t bo_start,
			    uint64_t bo_size, uint32_t *vm)
{
	struct drm_vsvm_vm_create create = {
		.flags = DRM_VSVM_VM_SVM,
		.bo_start = bo_start,
		.bo_size = bo_size,
		.interval_policy = policy,
		.interval_window = window,
		.location = location(),
		.counter_threshold = counter_threshold(),
	};
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &create);

	*vm = create.vm_id;
	return ret;
}

/*
 * The policy that VSVM_INTERVAL_POLICY names, so that whole programs can be run with each. Where
 * memory has to be registered, all of it is.
 */
static int vm_create_chosen(int fd, const char *name, uint64_t bo_start, uint64_t bo_size,
			    uint32_t *vm)
{
	const uint64_t bo_end = bo_start + bo_size, top = 1ull << VSVM_VA_BITS;
	int ret;

	if (!strncmp(name, "window:", 7))
		return __vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_WINDOW,
					       strtoull(name + 7, NULL, 0), bo_start, bo_size, vm);
	if (!strcmp(name, "mm"))
		return __vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_MM, 0, bo_start,
					       bo_size, vm);
	if (!strcmp(name, "vma"))
		return __vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_VMA, 0, bo_start,
					       bo_size, vm);
	igt_assert_f(!strcmp(name, "registered"), "VSVM_INTERVAL_POLICY=%s\n", name);
	ret = __vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0, bo_start,
				      bo_size, vm);
	if (ret)
		return ret;
	if (bo_start)
		igt_assert_eq(__vsvm_register(fd, *vm, 0, bo_start, 0), 0);
	igt_assert_eq(__vsvm_register(fd, *vm, bo_end, top - bo_end, 0), 0);
	return 0;
}

int __vsvm_vm_create(int fd, uint32_t flags, uint64_t bo_start, uint64_t bo_size, uint32_t *vm)
{
	struct drm_vsvm_vm_create create = {
		.flags = flags,
		.bo_start = bo_start,
		.bo_size = bo_size,
		.location = flags & DRM_VSVM_VM_SVM ? location() : 0,
		.counter_threshold = flags & DRM_VSVM_VM_SVM ? counter_threshold() : 0,
	};
	const char *policy = getenv("VSVM_INTERVAL_POLICY");
	int ret;

	if (flags == DRM_VSVM_VM_SVM && policy)
		return vm_create_chosen(fd, policy, bo_start, bo_size, vm);
	ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &create);
	*vm = create.vm_id;
	return ret;
}

bool vsvm_is_vma_policy(void)
{
	const char *policy = getenv("VSVM_INTERVAL_POLICY");

	return !policy || !strcmp(policy, "vma");
}

void vsvm_require_vma_policy(void)
{
	igt_require_f(vsvm_is_vma_policy(), "intervals are not those of mappings\n");
}

int __vsvm_register(int fd, uint32_t vm, uint64_t addr, uint64_t size, uint32_t flags)
{
	struct drm_vsvm_vm_register reg = {
		.vm_id = vm,
		.flags = flags,
		.addr = addr,
		.size = size,
	};

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_REGISTER, &reg);
}

int __vsvm_prefetch(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t flags,
		    uint64_t *done)
{
	struct drm_vsvm_range range = { vsvm_ptr(p), size };
	struct drm_vsvm_vm_prefetch prefetch = {
		.vm_id = vm,
		.flags = flags,
		.ranges = { vsvm_ptr(&range), 1, sizeof(range) },
	};
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &prefetch);

	if (done)
		*done = prefetch.done;
	return ret;
}

int __vsvm_prefetch_async(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t flags,
			  uint64_t *fence, uint64_t value)
{
	struct drm_vsvm_range range = { vsvm_ptr(p), size };
	struct drm_vsvm_vm_prefetch prefetch = {
		.vm_id = vm,
		.flags = flags | DRM_VSVM_PREFETCH_ASYNC,
		.ranges = { vsvm_ptr(&range), 1, sizeof(range) },
		.fence_addr = vsvm_ptr(fence),
		.fence_value = value,
	};

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &prefetch);
}

int __vsvm_attr(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t type, uint32_t value)
{
	struct drm_vsvm_attr_op op = {
		.addr = vsvm_ptr(p),
		.size = size,
		.type = type,
		.value = value,
	};
	struct drm_vsvm_vm_attr args = {
		.vm_id = vm,
		.ops = { vsvm_ptr(&op), 1, sizeof(op) },
	};

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_ATTR, &args);
}

int __vsvm_page_size(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t page_size)
{
	return __vsvm_attr(fd, vm, p, size, DRM_VSVM_ATTR_PAGE_SIZE, page_size);
}

uint32_t vsvm_vm_create(int fd)
{
	return vsvm_vm_create_range(fd, NULL, 0);
}

uint32_t vsvm_vm_create_range(int fd, void *bo_start, uint64_t bo_size)
{
	uint32_t vm;

	igt_assert_eq(vsvm_restart(__vsvm_vm_create(fd, DRM_VSVM_VM_SVM, vsvm_ptr(bo_start),
						    bo_size, &vm)), 0);
	igt_assert_neq_u32(vm, 0);
	return vm;
}

uint32_t vsvm_vm_create_bo(int fd)
{
	uint32_t vm;

	igt_assert_eq(vsvm_restart(__vsvm_vm_create(fd, 0, 0, 0, &vm)), 0);
	igt_assert_neq_u32(vm, 0);
	return vm;
}

int __vsvm_vm_destroy(int fd, uint32_t vm)
{
	struct drm_vsvm_vm_destroy destroy = { .vm_id = vm };

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_DESTROY, &destroy);
}

void vsvm_vm_destroy(int fd, uint32_t vm)
{
	igt_assert_eq(vsvm_restart(__vsvm_vm_destroy(fd, vm)), 0);
}

int __vsvm_vm_sync(int fd, uint32_t vm)
{
	struct drm_vsvm_vm_sync sync = { .vm_id = vm };

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_SYNC, &sync);
}

void vsvm_vm_sync(int fd, uint32_t vm)
{
	igt_assert_eq(vsvm_restart(__vsvm_vm_sync(fd, vm)), 0);
}

int __vsvm_vm_query(int fd, uint32_t vm, uint32_t type, void *answer, uint64_t *size)
{
	struct drm_vsvm_vm_query query = {
		.vm_id = vm,
		.type = type,
		.pointer = vsvm_ptr(answer),
		.size = *size,
	};
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_QUERY, &query);

	*size = query.size;
	return ret;
}

void vsvm_vm_stats(int fd, uint32_t vm, struct drm_vsvm_vm_stats *stats)
{
	uint64_t size = sizeof(*stats);

	memset(stats, 0, sizeof(*stats));
	igt_assert_eq(vsvm_restart(__vsvm_vm_query(fd, vm, DRM_VSVM_VM_QUERY_STATS, stats, &size)),
		      0);
}

unsigned int vsvm_vm_intervals(int fd, uint32_t vm, struct drm_vsvm_interval **intervals)
{
	struct drm_vsvm_interval *array = NULL;
	uint64_t size = 0, room;

	/* There may be more of them by the time of the second call. */
	for (;;) {
		igt_assert_eq(vsvm_restart(__vsvm_vm_query(fd, vm, DRM_VSVM_VM_QUERY_INTERVALS,
							   NULL, &size)), 0);
		room = size + 16 * sizeof(*array);
		free(array);
		array = calloc(1, room);
		igt_assert(array);
		size = room;
		igt_assert_eq(vsvm_restart(__vsvm_vm_query(fd, vm, DRM_VSVM_VM_QUERY_INTERVALS,
							   array, &size)), 0);
		if (size < room)
			break;
		size = 0;
	}
	igt_assert_eq_u64(size % sizeof(*array), 0);
	if (!intervals || !size) {
		free(array);
		array = NULL;
	}
	if (intervals)
		*intervals = array;
	return size / sizeof(*array);
}

bool vsvm_vm_find_interval(int fd, uint32_t vm, const void *addr, struct drm_vsvm_interval *found)
{
	struct drm_vsvm_interval *intervals;
	unsigned int count = vsvm_vm_intervals(fd, vm, &intervals);
	bool hit = false;

	for (unsigned int i = 0; i < count && !hit; i++) {
		hit = intervals[i].start <= vsvm_ptr(addr) && vsvm_ptr(addr) < intervals[i].end;
		if (hit && found)
			*found = intervals[i];
	}
	free(intervals);
	return hit;
}

/* BOs */

int __vsvm_bo_create_flags(int fd, uint64_t size, uint32_t flags, uint32_t *handle)
{
	struct drm_vsvm_bo_create create = { .size = size, .flags = flags };
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_BO_CREATE, &create);

	*handle = create.handle;
	return ret;
}

int __vsvm_bo_create(int fd, uint64_t size, uint32_t *handle)
{
	const char *bo = getenv("VSVM_BO");

	return __vsvm_bo_create_flags(fd, size, bo && !strcmp(bo, "vram") ? DRM_VSVM_BO_VRAM : 0,
				      handle);
}

uint32_t vsvm_bo_create_vram(int fd, uint64_t size)
{
	uint32_t handle;

	igt_assert_eq(vsvm_restart(__vsvm_bo_create_flags(fd, size, DRM_VSVM_BO_VRAM, &handle)),
		      0);
	igt_assert_neq_u32(handle, 0);
	return handle;
}

uint32_t vsvm_bo_create(int fd, uint64_t size)
{
	uint32_t handle;

	igt_assert_eq(vsvm_restart(__vsvm_bo_create(fd, size, &handle)), 0);
	igt_assert_neq_u32(handle, 0);
	return handle;
}

int __vsvm_bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close close = { .handle = handle };

	return vsvm_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close);
}

void vsvm_bo_close(int fd, uint32_t handle)
{
	igt_assert_eq(vsvm_restart(__vsvm_bo_close(fd, handle)), 0);
}

int __vsvm_bo_mmap_offset(int fd, uint32_t handle, uint64_t *offset)
{
	struct drm_vsvm_bo_mmap_offset arg = { .handle = handle };
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_BO_MMAP_OFFSET, &arg);

	*offset = arg.offset;
	return ret;
}

void *vsvm_bo_mmap(int fd, uint32_t handle, uint64_t size)
{
	uint64_t offset;
	void *p;

	igt_assert_eq(vsvm_restart(__vsvm_bo_mmap_offset(fd, handle, &offset)), 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	igt_assert_f(p != MAP_FAILED, "mmap of a BO: %m\n");
	return p;
}

int __vsvm_bind_ops(int fd, uint32_t vm, struct drm_vsvm_bind_op *ops, uint32_t *count)
{
	struct drm_vsvm_vm_bind bind = {
		.vm_id = vm,
		.ops = { vsvm_ptr(ops), *count, sizeof(*ops) },
	};
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_BIND, &bind);

	*count = bind.ops.count;
	return ret;
}

int __vsvm_bind(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t addr, uint64_t size,
		uint32_t flags)
{
	struct drm_vsvm_bind_op op = {
		.op = DRM_VSVM_BIND_OP_MAP,
		.flags = flags,
		.handle = handle,
		.bo_offset = offset,
		.addr = addr,
		.size = size,
	};
	uint32_t count = 1;

	return __vsvm_bind_ops(fd, vm, &op, &count);
}

void vsvm_bind(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t addr, uint64_t size,
	       uint32_t flags)
{
	igt_assert_eq(vsvm_restart(__vsvm_bind(fd, vm, handle, offset, addr, size, flags)), 0);
}

int __vsvm_unbind(int fd, uint32_t vm, uint64_t addr, uint64_t size)
{
	struct drm_vsvm_bind_op op = {
		.op = DRM_VSVM_BIND_OP_UNMAP,
		.addr = addr,
		.size = size,
	};
	uint32_t count = 1;

	return __vsvm_bind_ops(fd, vm, &op, &count);
}

void vsvm_unbind(int fd, uint32_t vm, uint64_t addr, uint64_t size)
{
	igt_assert_eq(vsvm_restart(__vsvm_unbind(fd, vm, addr, size)), 0);
}

/* Queues */

int __vsvm_queue_create(int fd, uint32_t vm, uint32_t engine, uint64_t timeout_ns, uint32_t *queue)
{
	struct drm_vsvm_queue_create create = {
		.vm_id = vm,
		.engine = engine,
		.timeout_ns = timeout_ns,
	};
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_QUEUE_CREATE, &create);

	*queue = create.queue_id;
	return ret;
}

uint32_t vsvm_queue_create_on(int fd, uint32_t vm, uint32_t engine, uint64_t timeout_ns)
{
	uint32_t queue;

	igt_assert_eq(vsvm_restart(__vsvm_queue_create(fd, vm, engine, timeout_ns, &queue)), 0);
	igt_assert_neq_u32(queue, 0);
	return queue;
}

uint32_t vsvm_queue_create(int fd, uint32_t vm)
{
	return vsvm_queue_create_on(fd, vm, DRM_VSVM_ENGINE_ANY, 0);
}

int __vsvm_queue_destroy(int fd, uint32_t queue)
{
	struct drm_vsvm_queue_destroy destroy = { .queue_id = queue };

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_QUEUE_DESTROY, &destroy);
}

void vsvm_queue_destroy(int fd, uint32_t queue)
{
	igt_assert_eq(vsvm_restart(__vsvm_queue_destroy(fd, queue)), 0);
}

int __vsvm_queue_query(int fd, uint32_t queue, struct drm_vsvm_queue_query *state)
{
	memset(state, 0, sizeof(*state));
	state->queue_id = queue;
	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_QUEUE_QUERY, state);
}

void vsvm_queue_query(int fd, uint32_t queue, struct drm_vsvm_queue_query *state)
{
	igt_assert_eq(vsvm_restart(__vsvm_queue_query(fd, queue, state)), 0);
}

int __vsvm_exec(int fd, uint32_t queue, const struct drm_vsvm_exec_stream *streams, uint32_t count,
		uint32_t flags)
{
	struct drm_vsvm_exec exec = {
		.queue_id = queue,
		.flags = flags,
		.streams = { vsvm_ptr(streams), count, sizeof(*streams) },
	};

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_EXEC, &exec);
}

static void show_queue(int fd, uint32_t queue)
{
	struct drm_vsvm_queue_query state;

	if (!queue || __vsvm_queue_query(fd, queue, &state))
		return;
	igt_info("queue %u on engine %u: submitted %llu, completed %llu, parked %u, error %s, access %u, address %#llx, wave %d\n",
		 queue, state.engine, (long long)state.submitted, (long long)state.completed,
		 state.parked, vsvm_error_name(state.error), state.access, (long long)state.addr,
		 (int)state.wave);
}

void vsvm_exec(int fd, uint32_t queue, const struct drm_vsvm_exec_stream *streams, uint32_t count)
{
	int ret = vsvm_restart(__vsvm_exec(fd, queue, streams, count, 0));

	if (ret)
		show_queue(fd, queue);
	igt_assert_f(!ret, "exec: %s\n", strerror(-ret));
}

int __vsvm_exec1(int fd, uint32_t queue, uint64_t addr, uint64_t size, uint64_t fence_addr,
		 uint64_t fence_value, uint32_t flags)
{
	struct drm_vsvm_exec_stream stream = {
		.addr = addr,
		.size = size,
		.fence_addr = fence_addr,
		.fence_value = fence_value,
	};

	return __vsvm_exec(fd, queue, &stream, 1, flags);
}

static int wait_until(int fd, uint32_t queue, const uint64_t *word, uint64_t value,
		      int64_t deadline)
{
	struct drm_vsvm_wait_user_fence wait = {
		.addr = vsvm_ptr(word),
		.value = value,
		.mask = ~0ull,
		.op = DRM_VSVM_WAIT_GE,
		.queue_id = queue,
		.timeout_ns = deadline,
	};

	return vsvm_ioctl(fd, DRM_IOCTL_VSVM_WAIT_USER_FENCE, &wait);
}

int __vsvm_wait(int fd, uint32_t queue, const uint64_t *word, uint64_t value,
		int64_t timeout_ns)
{
	return wait_until(fd, queue, word, value, vsvm_deadline(timeout_ns));
}

void vsvm_wait(int fd, uint32_t queue, const uint64_t *word, uint64_t value)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int ret = vsvm_restart(wait_until(fd, queue, word, value, deadline));

	if (ret)
		show_queue(fd, queue);
	igt_assert_f(!ret, "wait for %#llx, word is %#llx: %s\n", (long long)value,
		     (long long)READ_ONCE(*word), strerror(-ret));
}

void vsvm_expect_error(int fd, uint32_t queue, uint32_t error, uint32_t access, uint64_t addr)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct drm_vsvm_queue_query state;
	const uint64_t never = 0;
	int ret;

	/* A word that nothing writes: only the queue's end ends the wait. */
	ret = vsvm_restart(wait_until(fd, queue, &never, 1, deadline));
	vsvm_queue_query(fd, queue, &state);
	if (ret != -EIO || state.error != error || state.addr != addr ||
	    (access != VSVM_ACCESS_ANY && state.access != access))
		show_queue(fd, queue);
	igt_assert_f(ret == -EIO, "queue not killed, expected %s at %#llx (wait: %d)\n",
		     vsvm_error_name(error), (long long)addr, ret);
	igt_assert_f(state.error == error, "killed with %s, expected %s\n",
		     vsvm_error_name(state.error), vsvm_error_name(error));
	igt_assert_eq_u64(state.addr, addr);
	if (access != VSVM_ACCESS_ANY)
		igt_assert_eq_u32(state.access, access);
	igt_assert_lte_u64(state.time_ns, vsvm_now());
	igt_assert_lt_u64(0, state.time_ns);
	igt_assert_eq(__vsvm_exec1(fd, queue, 0, 0, 0, 0, 0), -EIO);
}
