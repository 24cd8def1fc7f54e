// SPDX-License-Identifier: MIT
/*
 * vsvm, from the call that submits work to the fence: the engine's fault, the ring, the service and
 * the replay, all of it. Its service of faults alone is what the VM counts.
 *
 * "vsvm" is a program that writes or reads one 64-bit word of each page. "vsvm-fill" is a packet
 * for each mapping that fills it as a whole, which reports faults ahead. The others are "vsvm" with
 * each policy of intervals, for rows that compare those, or with what it takes for a row of
 * migration: so much comes back at a CPU's touch, or there is so much VRAM.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "vsvm_asm.h"
#include "vsvm_drm.h"

#define GROUP_ITEMS	64

/* What a program is given: item i accesses page i of an area. */
struct args {
	uint64_t base;
	uint64_t stride;
	uint64_t value;
	uint32_t shift;		/* pages of a mapping are a power of two */
	uint32_t mask;
	uint32_t pages;
};

/*
 * Argument of a contestant: the policy, log2 of the window, and whether it fills; log2 of the bytes
 * that move together; MiB of VRAM that it may have.
 */
#define ARG(policy, window, fill)	((policy) | (window) << 8 | (fill) << 16)
#define ARG_TOGETHER(shift)		((shift) << 24)
#define ARG_ROOM(mib)			((mib) << 32)

enum kind { STORE, LOAD, PREFETCH, NUM_KINDS };

static struct {
	int fd;
	uint32_t vm;
	uint32_t queue;
	uint64_t fence;
	uint64_t seqno;
	struct vsvm_program *programs[NUM_KINDS];
	struct vsvm_cmd_dispatch dispatch;
	struct args args;
	struct vsvm_cmd_copy copy;
	struct vsvm_cmd_fill *fills;
	unsigned int num_fills;
	bool use_fill;
	uint32_t together;
} gpu;

static void call(unsigned long request, void *arg, const char *what)
{
	int ret;

	do {
		ret = ioctl(gpu.fd, request, arg);
	} while (ret && errno == EINTR);
	if (ret)
		die("%s: %m", what);
}

/* Executes what is at @stream, and waits. Everything the GPU needs for that is in @gpu or heap. */
static void execute(const void *stream, size_t size)
{
	struct drm_vsvm_exec_stream entry = {
		.addr = (uintptr_t)stream,
		.size = size,
		.fence_addr = (uintptr_t)&gpu.fence,
		.fence_value = ++gpu.seqno,
	};
	struct drm_vsvm_exec exec = {
		.queue_id = gpu.queue,
		.streams = { (uintptr_t)&entry, 1, sizeof(entry) },
	};
	struct drm_vsvm_wait_user_fence wait = {
		.addr = (uintptr_t)&gpu.fence,
		.value = gpu.seqno,
		.mask = ~0ull,
		.op = DRM_VSVM_WAIT_GE,
		.queue_id = gpu.queue,
		.timeout_ns = INT64_MAX,
	};

	call(DRM_IOCTL_VSVM_EXEC, &exec, "EXEC");
	call(DRM_IOCTL_VSVM_WAIT_USER_FENCE, &wait, "WAIT_USER_FENCE");
}

static struct vsvm_program *assemble(enum kind kind)
{
	enum { ITEM, PAGES, ON, SHIFT, MASK, BASE, STRIDE = 7, VALUE = 9, AT = 11, PART = 13 };
	struct vsvm_asm a = {};

	asm_sreg(&a, ITEM, VSVM_SREG_GLOBAL_X);
	asm_arg(&a, VSVM_TYPE_U32, PAGES, offsetof(struct args, pages));
	asm_cmp(&a, VSVM_COND_LT, VSVM_TYPE_U32, ON, ITEM, PAGES);
	asm_exit_if_not(&a, ON);
	asm_arg(&a, VSVM_TYPE_U32, SHIFT, offsetof(struct args, shift));
	asm_arg(&a, VSVM_TYPE_U32, MASK, offsetof(struct args, mask));
	asm_arg(&a, VSVM_TYPE_U64, BASE, offsetof(struct args, base));
	asm_arg(&a, VSVM_TYPE_U64, STRIDE, offsetof(struct args, stride));
	asm_arg(&a, VSVM_TYPE_U64, VALUE, offsetof(struct args, value));

	asm_op2(&a, VSVM_OP_AND, VSVM_TYPE_U32, PAGES, ITEM, MASK);
	asm_op2(&a, VSVM_OP_SHR, VSVM_TYPE_U32, ITEM, ITEM, SHIFT);
	asm_cvt(&a, VSVM_TYPE_U64, AT, VSVM_TYPE_U32, ITEM);
	asm_op3(&a, VSVM_OP_MAD, VSVM_TYPE_U64, AT, AT, STRIDE, BASE);
	asm_cvt(&a, VSVM_TYPE_U64, PART, VSVM_TYPE_U32, PAGES);
	asm_op2_imm(&a, VSVM_OP_MUL, VSVM_TYPE_U64, PART, PART, PAGE);
	asm_op2(&a, VSVM_OP_ADD, VSVM_TYPE_U64, AT, AT, PART);

	switch (kind) {
	case STORE:
		asm_store(&a, VSVM_TYPE_U64, AT, 0, VALUE);
		break;
	case LOAD:
		asm_load(&a, VSVM_TYPE_U64, VALUE, AT, 0);
		break;
	default:
		asm_prefetch(&a, AT, 0);
	}
	return asm_finish(&a);
}

static void dispatch(enum kind kind, const struct area *a)
{
	uint32_t pages = a->size / PAGE;

	if (pages & (pages - 1))
		die("%u pages are no power of two", pages);
	gpu.args = (struct args) {
		.base = (uintptr_t)a->base,
		.stride = a->stride,
		.value = gpu.seqno + 1,
		.shift = __builtin_ctz(pages),
		.mask = pages - 1,
		.pages = area_pages(a),
	};
	gpu.dispatch = (struct vsvm_cmd_dispatch) {
		.head = { .op = VSVM_CMD_DISPATCH, .size = sizeof(gpu.dispatch) },
		.program = (uintptr_t)gpu.programs[kind],
		.args = (uintptr_t)&gpu.args,
		.args_size = sizeof(gpu.args),
		.grid = { (gpu.args.pages + GROUP_ITEMS - 1) / GROUP_ITEMS, 1, 1 },
		.local = { GROUP_ITEMS, 1, 1 },
	};
	execute(&gpu.dispatch, sizeof(gpu.dispatch));
}

static bool open_node(void)
{
	char name[8], path[32];
	int i;

	for (i = 128; i < 192; i++) {
		struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

		memset(name, 0, sizeof(name));
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", i);
		gpu.fd = open(path, O_RDWR | O_CLOEXEC);
		if (gpu.fd < 0)
			continue;
		if (!ioctl(gpu.fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vsvm"))
			return true;
		close(gpu.fd);
	}
	return false;
}

static void register_range(uint64_t start, uint64_t end, unsigned int flags)
{
	struct drm_vsvm_vm_register arg = {
		.vm_id = gpu.vm,
		.flags = flags,
		.addr = start,
		.size = end - start,
	};

	call(DRM_IOCTL_VSVM_VM_REGISTER, &arg, "VM_REGISTER");
}

static void vsvm_add(const struct area *a)
{
	for (unsigned int i = 0; i < a->count; i++)
		register_range((uintptr_t)a->base + i * a->stride,
			       (uintptr_t)a->base + i * a->stride + a->size, 0);
}

static void vsvm_remove(const struct area *a)
{
	for (unsigned int i = 0; i < a->count; i++)
		register_range((uintptr_t)a->base + i * a->stride,
			       (uintptr_t)a->base + i * a->stride + a->size,
			       DRM_VSVM_REGISTER_REMOVE);
}

/* What the process has now: its programs, and what it tells the GPU by. */
static void register_process(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[256];

	if (!maps)
		die("/proc/self/maps: %m");
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && end < 1ul << 47)
			register_range(start, end, 0);
	fclose(maps);
}

/* All that the GPU needs besides the area has been accessed once when this returns. */
static bool vsvm_open(const struct contestant *c)
{
	unsigned int policy = c->arg & 0xff, window = c->arg >> 8 & 0xff;
	struct drm_vsvm_vm_create vm = {
		.flags = DRM_VSVM_VM_SVM,
		.interval_policy = policy,
		.interval_window = window ? 1ull << window : 0,
		.vram_limit = (c->arg >> 32) * MIB,
		/* What is measured stays where it is. */
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	struct drm_vsvm_queue_create queue = { .timeout_ns = ~0ull };
	struct area scratch;
	int kind;

	if (!open_node())
		return false;
	call(DRM_IOCTL_VSVM_VM_CREATE, &vm, "VM_CREATE");
	gpu.vm = vm.vm_id;
	queue.vm_id = vm.vm_id;
	call(DRM_IOCTL_VSVM_QUEUE_CREATE, &queue, "QUEUE_CREATE");
	gpu.queue = queue.queue_id;
	gpu.use_fill = c->arg >> 16 & 1;
	gpu.together = c->arg >> 24 & 0xff;

	area_map(&scratch, PAGE, PAGE, 1, false);
	for (kind = 0; kind < NUM_KINDS; kind++)
		gpu.programs[kind] = assemble(kind);
	if (policy == DRM_VSVM_INTERVAL_POLICY_REGISTERED)
		register_process();
	for (kind = 0; kind < NUM_KINDS; kind++)
		dispatch(kind, &scratch);
	return true;
}

static void vsvm_prepare(const struct area *a)
{
	if (!gpu.use_fill || a->count == gpu.num_fills)
		return;
	free(gpu.fills);
	gpu.num_fills = a->count;
	gpu.fills = calloc(a->count, sizeof(*gpu.fills));
	if (!gpu.fills)
		die("no memory");
	/* Fills of nothing, so that the GPU has seen the packets. */
	for (unsigned int i = 0; i < a->count; i++)
		gpu.fills[i].head = (struct vsvm_cmd) { VSVM_CMD_FILL, sizeof(*gpu.fills), 0 };
	for (unsigned int i = 0; i < a->count; i++)
		gpu.fills[i].pattern_size = 8;
	execute(gpu.fills, a->count * sizeof(*gpu.fills));
}

static void fill(const struct area *a)
{
	unsigned int i;

	for (i = 0; i < a->count; i++) {
		gpu.fills[i].dst = (uintptr_t)a->base + i * a->stride;
		gpu.fills[i].size = a->size;
		gpu.fills[i].pattern = gpu.seqno + 1;
	}
	execute(gpu.fills, a->count * sizeof(*gpu.fills));
}

static void vsvm_access(const struct area *a, bool write)
{
	if (gpu.use_fill)
		fill(a);
	else
		dispatch(write ? STORE : LOAD, a);
}

static void vsvm_check(const struct area *a)
{
	size_t i;

	for (i = 0; i < area_pages(a); i++)
		if (load((uint64_t *)area_at(a, i)) != gpu.seqno)
			die("page %zu was not written", i);
}

static void vsvm_sync(void)
{
	struct drm_vsvm_vm_sync sync = { .vm_id = gpu.vm };

	call(DRM_IOCTL_VSVM_VM_SYNC, &sync, "VM_SYNC");
}

static void prefetch(const struct area *a, uint32_t flags)
{
	struct drm_vsvm_range range = { (uintptr_t)a->base, a->stride * a->count };
	struct drm_vsvm_vm_prefetch prefetch = {
		.vm_id = gpu.vm,
		.flags = DRM_VSVM_PREFETCH_WRITE | flags,
		.ranges = { (uintptr_t)&range, 1, sizeof(range) },
	};

	call(DRM_IOCTL_VSVM_VM_PREFETCH, &prefetch, "VM_PREFETCH");
}

static void vsvm_refault(const struct area *a)
{
	prefetch(a, 0);
}

static void vsvm_to_device(const struct area *a)
{
	prefetch(a, DRM_VSVM_PREFETCH_TO_VRAM);
}

static void vsvm_to_system(const struct area *a)
{
	prefetch(a, DRM_VSVM_PREFETCH_TO_SYSTEM);
}

static void set_attr(const struct area *a, uint32_t type, uint32_t value)
{
	struct drm_vsvm_attr_op op = { (uintptr_t)a->base, a->size, type, value };
	struct drm_vsvm_vm_attr attr = {
		.vm_id = gpu.vm,
		.ops = { (uintptr_t)&op, 1, sizeof(op) },
	};

	call(DRM_IOCTL_VSVM_VM_ATTR, &attr, "VM_ATTR");
}

static void vsvm_prefer_device(const struct area *a)
{
	set_attr(a, DRM_VSVM_ATTR_LOCATION, DRM_VSVM_LOCATION_VRAM);
}

static void vsvm_add_together(const struct area *a)
{
	set_attr(a, DRM_VSVM_ATTR_GRANULARITY, gpu.together);
}

static struct drm_vsvm_vm_stats query(void)
{
	struct drm_vsvm_vm_stats stats = {};
	struct drm_vsvm_vm_query query = {
		.vm_id = gpu.vm,
		.type = DRM_VSVM_VM_QUERY_STATS,
		.pointer = (uintptr_t)&stats,
		.size = sizeof(stats),
	};

	call(DRM_IOCTL_VSVM_VM_QUERY, &query, "VM_QUERY");
	return stats;
}

static void vsvm_count(struct counters *counters)
{
	struct drm_vsvm_vm_stats stats = query();

	counters->bytes = stats.interval_bytes + stats.pt_bytes;
	counters->invalidations = stats.invalidations;
	counters->service_ns = stats.fault_ns;
}

#define CONTESTANT(var, label, label_service, ...)		\
const struct contestant var = {					\
	.name = label,						\
	.service = label_service,				\
	.open = vsvm_open,					\
	.prepare = vsvm_prepare,				\
	.access = vsvm_access,					\
	.to_device = vsvm_to_device,				\
	.to_system = vsvm_to_system,				\
	.prefer_device = vsvm_prefer_device,			\
	.evicts = true,						\
	.sync = vsvm_sync,					\
	.count = vsvm_count,					\
	.check = vsvm_check,					\
	__VA_ARGS__						\
}

CONTESTANT(on_vsvm, "vsvm", "vsvm-service", .refault = vsvm_refault);
CONTESTANT(on_vsvm_fill, "vsvm-fill", "vsvm-fill-service", .arg = ARG(0, 0, 1));
CONTESTANT(on_vsvm_2m, "vsvm", NULL, .arg = ARG_TOGETHER(21ull), .add = vsvm_add_together);
CONTESTANT(on_vsvm_64k, "vsvm", NULL, .arg = ARG_TOGETHER(16ull), .add = vsvm_add_together);
CONTESTANT(on_vsvm_4k, "vsvm", NULL, .arg = ARG_TOGETHER(12ull), .add = vsvm_add_together);
CONTESTANT(on_vsvm_room, "vsvm", NULL, .arg = ARG_ROOM(64ull));
CONTESTANT(on_by_vma, "by-vma", "by-vma-service");
CONTESTANT(on_by_window_2m, "by-window-2m", "by-window-2m-service",
	   .arg = ARG(DRM_VSVM_INTERVAL_POLICY_WINDOW, 21, 0));
CONTESTANT(on_by_window_512m, "by-window-512m", "by-window-512m-service",
	   .arg = ARG(DRM_VSVM_INTERVAL_POLICY_WINDOW, 29, 0));
CONTESTANT(on_by_mm, "by-mm", "by-mm-service", .arg = ARG(DRM_VSVM_INTERVAL_POLICY_MM, 0, 0));
CONTESTANT(on_by_register, "by-register", "by-register-service",
	   .arg = ARG(DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0, 0),
	   .add = vsvm_add, .remove = vsvm_remove);

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* A stream without packets: from EXEC to the fence seen. */
void run_launch(const struct row *row, const struct contestant *c)
{
	uint64_t times[1001], start;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		start = now();
		execute(NULL, 0);
		times[i] = now() - start;
	}
	qsort(times, ARRAY_SIZE(times), sizeof(times[0]), compare);
	report("p10", c->name, times[ARRAY_SIZE(times) / 10]);
	report("fence", c->name, times[ARRAY_SIZE(times) / 2]);
	report("p90", c->name, times[ARRAY_SIZE(times) * 9 / 10]);
}

/* Moving bytes between memory that is mapped on both sides. Results are for a page. */
void run_copy(const struct row *row, const struct contestant *c)
{
	struct area src, dst;
	uint64_t start;
	double pages;

	area_map(&src, row->size, row->size, 1, false);
	area_map(&dst, row->size, row->size, 1, false);
	area_touch(&src);
	area_touch(&dst);
	c->access(&src, true);
	c->access(&dst, true);
	pages = area_pages(&src);

	start = now();
	memcpy(dst.base, src.base, row->size);
	report("memcpy", "cpu", (now() - start) / pages);

	gpu.copy = (struct vsvm_cmd_copy) {
		.head = { .op = VSVM_CMD_COPY, .size = sizeof(gpu.copy) },
		.src = (uintptr_t)src.base,
		.dst = (uintptr_t)dst.base,
		.size = row->size,
	};
	start = now();
	execute(&gpu.copy, sizeof(gpu.copy));
	report("packet", c->name, (now() - start) / pages);
}

/* Hints, which nobody waits for and which may be dropped. */
void run_prefetch(const struct row *row, const struct contestant *c)
{
	struct drm_vsvm_vm_stats before, after;
	uint64_t start, time;
	struct area a;
	double mapped;

	area_map(&a, row->size, row->size, row->count, row->thp);
	area_touch(&a);
	count(c);
	before = query();
	start = now();
	dispatch(PREFETCH, &a);
	time = now() - start;
	count(c);
	after = query();

	mapped = after.pages_mapped - before.pages_mapped;
	report("mapped", c->name, mapped / area_pages(&a));
	report("asked", c->name, time / (double)area_pages(&a));
	if (mapped)
		report("mapped", c->service, (after.fault_ns - before.fault_ns) / mapped);
}
