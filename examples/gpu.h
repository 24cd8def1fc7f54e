/* SPDX-License-Identifier: MIT */
/*
 * The calls of the uAPI that vsvm-walk makes: device, VM, queues, packets, counters. No library;
 * drm.h comes with libdrm. What fails ends the program.
 */
#ifndef EXAMPLES_GPU_H
#define EXAMPLES_GPU_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vsvm_drm.h"

#define MAX_QUEUES	64
#define GROUP_ITEMS	64			/* work items of a workgroup: two waves */
#define WAIT_NS		120000000000ll		/* nothing here takes that long */

#define die(...)	(fprintf(stderr, "vsvm-walk: " __VA_ARGS__), fputc('\n', stderr), exit(1))

/* A packet is executed where it lies, in this structure, so a queue has one at a time. */
struct queue {
	uint32_t id;
	uint64_t fence;				/* the GPU sets this ... */
	uint64_t seqno;				/* ... to this, when the last packet is done */
	union {
		struct vsvm_cmd_dispatch dispatch;
		struct vsvm_cmd_copy copy;
		struct vsvm_cmd_fill fill;
	};
};

struct gpu {
	int fd;
	uint32_t vm;
	uint32_t num_engines;
	unsigned int num_queues;
	struct queue queues[MAX_QUEUES];
};

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

#define CALL(gpu, name, arg) \
	(ioctl((gpu)->fd, DRM_IOCTL_VSVM_##name, arg) ? die(#name ": %m") : (void)0)

/* The render node whose driver is "vsvm". */
static inline int open_render_node(void)
{
	char path[32], name[8] = "";
	int i, fd;

	for (i = 128; i < 192; i++) {
		struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vsvm"))
			return fd;
		close(fd);
	}
	die("no render node of vsvm that I may open in /dev/dri: is the module loaded?");
}

static inline void queue_init(struct gpu *gpu, struct queue *queue, uint32_t engine)
{
	struct drm_vsvm_queue_create create = { .vm_id = gpu->vm, .engine = engine };

	CALL(gpu, QUEUE_CREATE, &create);
	*queue = (struct queue) { .id = create.queue_id };
}

/* A VM that sees all memory of this process, and queues in it; 0: one queue on each engine. */
static inline void gpu_init(struct gpu *gpu, unsigned int num_queues)
{
	struct drm_vsvm_vm_create create = { .flags = DRM_VSVM_VM_SVM };
	struct drm_vsvm_dev_info info;
	struct drm_vsvm_dev_query query = {
		.type = DRM_VSVM_DEV_QUERY_INFO,
		.pointer = (uintptr_t)&info,
		.size = sizeof(info),
	};
	unsigned int i;

	gpu->fd = open_render_node();
	CALL(gpu, DEV_QUERY, &query);
	CALL(gpu, VM_CREATE, &create);
	gpu->vm = create.vm_id;
	gpu->num_engines = info.num_engines;
	gpu->num_queues = num_queues ? num_queues : info.num_engines;
	for (i = 0; i < gpu->num_queues; i++)
		queue_init(gpu, &gpu->queues[i], i % info.num_engines);
}

static inline void submit(struct gpu *gpu, struct queue *queue, size_t size)
{
	struct drm_vsvm_exec_stream stream = {
		.addr = (uintptr_t)&queue->dispatch,
		.size = size,
		.fence_addr = (uintptr_t)&queue->fence,
		.fence_value = ++queue->seqno,
	};
	struct drm_vsvm_exec exec = {
		.queue_id = queue->id,
		.streams = { (uintptr_t)&stream, 1, sizeof(stream) },
	};

	CALL(gpu, EXEC, &exec);
}

static inline void submit_dispatch(struct gpu *gpu, struct queue *queue, const void *program,
				   const void *args, size_t args_size, uint32_t items)
{
	queue->dispatch = (struct vsvm_cmd_dispatch) {
		.head = { .op = VSVM_CMD_DISPATCH, .size = sizeof(queue->dispatch) },
		.program = (uintptr_t)program,
		.args = (uintptr_t)args,
		.args_size = args_size,
		.grid = { (items + GROUP_ITEMS - 1) / GROUP_ITEMS, 1, 1 },
		.local = { GROUP_ITEMS, 1, 1 },
	};
	if (items)
		submit(gpu, queue, sizeof(queue->dispatch));
}

static inline void submit_copy(struct gpu *gpu, struct queue *queue, void *dst, const void *src,
			       size_t size)
{
	queue->copy = (struct vsvm_cmd_copy) {
		.head = { .op = VSVM_CMD_COPY, .size = sizeof(queue->copy) },
		.src = (uintptr_t)src,
		.dst = (uintptr_t)dst,
		.size = size,
	};
	submit(gpu, queue, sizeof(queue->copy));
}

static inline void submit_fill(struct gpu *gpu, struct queue *queue, const void *dst, size_t size,
			       uint8_t byte)
{
	queue->fill = (struct vsvm_cmd_fill) {
		.head = { .op = VSVM_CMD_FILL, .size = sizeof(queue->fill) },
		.dst = (uintptr_t)dst,
		.size = size,
		.pattern = byte,
		.pattern_size = 1,
	};
	submit(gpu, queue, sizeof(queue->fill));
}

/* Waits until the queue has done its work, or was killed: then @report says why. */
static inline void wait_for(struct gpu *gpu, struct queue *queue,
			    struct drm_vsvm_queue_query *report)
{
	struct drm_vsvm_wait_user_fence wait = {
		.addr = (uintptr_t)&queue->fence,
		.value = queue->seqno,
		.mask = ~0ull,
		.op = DRM_VSVM_WAIT_GE,
		.queue_id = queue->id,
		.timeout_ns = now_ns() + WAIT_NS,
	};

	if (ioctl(gpu->fd, DRM_IOCTL_VSVM_WAIT_USER_FENCE, &wait) && errno != EIO)
		die("queue %u: WAIT_USER_FENCE: %m", queue->id);
	*report = (struct drm_vsvm_queue_query) { .queue_id = queue->id };
	CALL(gpu, QUEUE_QUERY, report);
}

static const char *const access_names[] = { "read", "write", "atomic", "prefetch" };

/* Waits for work that has to succeed. */
static inline void finish(struct gpu *gpu, struct queue *queue)
{
	struct drm_vsvm_queue_query report;

	wait_for(gpu, queue, &report);
	if (report.error)
		die("queue %u was killed: vsvm_error %u, %s of %#llx", queue->id, report.error,
		    access_names[report.access], report.addr);
}

static inline void query_vm(struct gpu *gpu, struct drm_vsvm_vm_stats *stats)
{
	struct drm_vsvm_vm_query query = {
		.vm_id = gpu->vm,
		.type = DRM_VSVM_VM_QUERY_STATS,
		.pointer = (uintptr_t)stats,
		.size = sizeof(*stats),
	};

	CALL(gpu, VM_QUERY, &query);
}

/* The lowest intervals, as many as there is room for. Returns how many that is. */
static inline unsigned int query_intervals(struct gpu *gpu, struct drm_vsvm_interval *list,
					   unsigned int room)
{
	struct drm_vsvm_vm_query query = {
		.vm_id = gpu->vm,
		.type = DRM_VSVM_VM_QUERY_INTERVALS,
		.pointer = (uintptr_t)list,
		.size = room * sizeof(*list),
	};

	CALL(gpu, VM_QUERY, &query);
	return query.size / sizeof(*list);
}

/* Waits until the driver has followed every munmap and mremap so far. */
static inline void sync_vm(struct gpu *gpu)
{
	struct drm_vsvm_vm_sync sync = { .vm_id = gpu->vm };

	CALL(gpu, VM_SYNC, &sync);
}

static inline void query_engine(struct gpu *gpu, uint32_t engine, struct drm_vsvm_engine_info *info)
{
	struct drm_vsvm_dev_query query = {
		.type = DRM_VSVM_DEV_QUERY_ENGINE,
		.index = engine,
		.pointer = (uintptr_t)info,
		.size = sizeof(*info),
	};

	CALL(gpu, DEV_QUERY, &query);
}

#endif
