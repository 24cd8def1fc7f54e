/* SPDX-License-Identifier: MIT */
/*
 * What all vsvm tests share: calls, command streams, a VM with a queue.
 *
 * A helper asserts that it succeeds. Its __name() returns 0 or -errno instead, and leaves a signal
 * to the caller (-EINTR), where name() starts the call anew.
 *
 *	struct vsvm_ctx ctx;
 *	struct vsvm_stream s = {};
 *
 *	vsvm_ctx_init(&ctx, fd);
 *	vsvm_emit_copy(&s, vsvm_ptr(dst), vsvm_ptr(src), size);
 *	vsvm_run(&ctx, &s);
 *	vsvm_ctx_fini(&ctx);
 */
#ifndef VSVM_LIB_H
#define VSVM_LIB_H

#include <igt.h>

#include "vsvm_drm.h"

/** VSVM_PAGE_SIZE - of the CPU and of the GPU's smallest leaf */
#define VSVM_PAGE_SIZE		4096ull

/** VSVM_2M - the GPU's middle leaf */
#define VSVM_2M			(2ull << 20)

/** VSVM_WAIT_NS - how long a wait lasts before its test fails: what a guest without KVM needs */
#define VSVM_WAIT_NS		(20 * NSEC_PER_SEC)

/** VSVM_FOREVER - no timeout, for waits */
#define VSVM_FOREVER		INT64_MAX

/** VSVM_ACCESS_ANY - vsvm_expect_error(): the access is not looked at */
#define VSVM_ACCESS_ANY		(~0u)

/** vsvm_ptr() - a pointer as the uAPI has it */
static inline uint64_t vsvm_ptr(const void *p)
{
	return (uintptr_t)p;
}

/** vsvm_now() - CLOCK_MONOTONIC in ns */
int64_t vsvm_now(void);

/** vsvm_deadline() - the moment @ns from now; %VSVM_FOREVER stays */
int64_t vsvm_deadline(int64_t ns);

/** vsvm_ioctl() - one call of ioctl(), no restart: 0 or -errno */
int vsvm_ioctl(int fd, unsigned long request, void *arg);

/** vsvm_error_name() - name of an &enum vsvm_error */
const char *vsvm_error_name(uint32_t error);

/**
 * struct vsvm_rng - random numbers that are the same in every run (splitmix64)
 */
struct vsvm_rng {
	/** @state: the seed at first */
	uint64_t state;
};

/** vsvm_rand() - the next random number */
uint64_t vsvm_rand(struct vsvm_rng *rng);

/** vsvm_rand_fill() - fill memory with random bytes */
void vsvm_rand_fill(struct vsvm_rng *rng, void *p, size_t size);

/* Memory of the process */

/** vsvm_map() - private anonymous memory, page aligned, not touched yet */
void *vsvm_map(size_t size);

/** vsvm_map_aligned() - the same, at a multiple of @align (a power of two) */
void *vsvm_map_aligned(size_t size, size_t align);

/** vsvm_reserve() - addresses without memory (PROT_NONE), as for BOs, at a multiple of 2M */
void *vsvm_reserve(size_t size);

/** vsvm_unmap() - munmap() */
void vsvm_unmap(void *p, size_t size);

/* Device and VMs */

/**
 * vsvm_open() - open the render node of vsvm, skip if there is none
 *
 * Goes by IGT_FORCE_DRIVER and the device filters of IGT; without IGT_FORCE_DRIVER, by the name
 * "vsvm", so that a missing device loads no other driver's module.
 */
int vsvm_open(void);

int __vsvm_dev_query(int fd, uint32_t type, uint32_t index, void *answer, uint32_t *size);
/** vsvm_dev_info() - what the device is */
void vsvm_dev_info(int fd, struct drm_vsvm_dev_info *info);
/** vsvm_engine_info() - counters of an engine */
void vsvm_engine_info(int fd, uint32_t engine, struct drm_vsvm_engine_info *info);
/** vsvm_num_engines() - engines of the device */
uint32_t vsvm_num_engines(int fd);

int __vsvm_vm_create(int fd, uint32_t flags, uint64_t bo_start, uint64_t bo_size, uint32_t *vm);
/**
 * __vsvm_vm_create_policy() - an SVM VM with an &enum drm_vsvm_interval_policy
 *
 * All the others take the policy that VSVM_INTERVAL_POLICY names in the environment: vma,
 * window:BYTES, mm, or registered, where all that there is gets registered. And the location that
 * VSVM_LOCATION names: any, system, vram. And the threshold of access counters that VSVM_COUNTER
 * says, 0 for the module's default; nothing moves by itself without it.
 */
int __vsvm_vm_create_policy(int fd, uint32_t policy, uint64_t window, uint64_t bo_start,
			    uint64_t bo_size, uint32_t *vm);
/** vsvm_is_vma_policy() - do VMs have an interval for each mapping, no other policy being set? */
bool vsvm_is_vma_policy(void);
/**
 * vsvm_require_vma_policy() - skip where another policy is set
 *
 * For a subtest that looks at intervals, or at what is counted of them.
 */
void vsvm_require_vma_policy(void);
/** __vsvm_register() - register a range, or undo it */
int __vsvm_register(int fd, uint32_t vm, uint64_t addr, uint64_t size, uint32_t flags);
/** __vsvm_prefetch() - map a range on the GPU; @done may be NULL */
int __vsvm_prefetch(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t flags,
		    uint64_t *done);
/** __vsvm_prefetch_async() - the same in the background, with a fence */
int __vsvm_prefetch_async(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t flags,
			  uint64_t *fence, uint64_t value);
/** __vsvm_attr() - set an attribute of a range */
int __vsvm_attr(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t type, uint32_t value);
/** __vsvm_page_size() - set the page size of a range */
int __vsvm_page_size(int fd, uint32_t vm, const void *p, uint64_t size, uint32_t page_size);
/** vsvm_vm_create() - a VM with SVM and no range for BOs */
uint32_t vsvm_vm_create(int fd);
/** vsvm_vm_create_range() - a VM with SVM that keeps a range for BOs */
uint32_t vsvm_vm_create_range(int fd, void *bo_start, uint64_t bo_size);
/** vsvm_vm_create_bo() - a VM without SVM */
uint32_t vsvm_vm_create_bo(int fd);
int __vsvm_vm_destroy(int fd, uint32_t vm);
/** vsvm_vm_destroy() - destroy a VM */
void vsvm_vm_destroy(int fd, uint32_t vm);

int __vsvm_vm_sync(int fd, uint32_t vm);
/** vsvm_vm_sync() - wait for deferred updates */
void vsvm_vm_sync(int fd, uint32_t vm);
int __vsvm_vm_query(int fd, uint32_t vm, uint32_t type, void *answer, uint64_t *size);
/** vsvm_vm_stats() - counters of a VM */
void vsvm_vm_stats(int fd, uint32_t vm, struct drm_vsvm_vm_stats *stats);
/**
 * vsvm_vm_intervals() - intervals of a VM
 * @fd: device
 * @vm: VM
 * @intervals: malloc'd by the call, NULL if there are none; may be NULL if not wanted
 *
 * Returns how many.
 */
unsigned int vsvm_vm_intervals(int fd, uint32_t vm, struct drm_vsvm_interval **intervals);
/** vsvm_vm_find_interval() - look for the interval that has an address; false if none has */
bool vsvm_vm_find_interval(int fd, uint32_t vm, const void *addr, struct drm_vsvm_interval *found);

/* BOs */

int __vsvm_bo_create_flags(int fd, uint64_t size, uint32_t flags, uint32_t *handle);
/**
 * __vsvm_bo_create() - a BO; with VSVM_BO=vram in the environment, one that prefers VRAM
 */
int __vsvm_bo_create(int fd, uint64_t size, uint32_t *handle);
/** vsvm_bo_create() - the same */
uint32_t vsvm_bo_create(int fd, uint64_t size);
/** vsvm_bo_create_vram() - a BO that prefers VRAM */
uint32_t vsvm_bo_create_vram(int fd, uint64_t size);
int __vsvm_bo_close(int fd, uint32_t handle);
/** vsvm_bo_close() - give up a handle */
void vsvm_bo_close(int fd, uint32_t handle);
int __vsvm_bo_mmap_offset(int fd, uint32_t handle, uint64_t *offset);
/** vsvm_bo_mmap() - map a BO for reading and writing */
void *vsvm_bo_mmap(int fd, uint32_t handle, uint64_t size);

int __vsvm_bind_ops(int fd, uint32_t vm, struct drm_vsvm_bind_op *ops, uint32_t *count);
int __vsvm_bind(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t addr, uint64_t size,
		uint32_t flags);
/** vsvm_bind() - map a part of a BO on the GPU */
void vsvm_bind(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t addr, uint64_t size,
	       uint32_t flags);
int __vsvm_unbind(int fd, uint32_t vm, uint64_t addr, uint64_t size);
/** vsvm_unbind() - unmap whatever is bound in a range */
void vsvm_unbind(int fd, uint32_t vm, uint64_t addr, uint64_t size);

/* Queues */

int __vsvm_queue_create(int fd, uint32_t vm, uint32_t engine, uint64_t timeout_ns, uint32_t *queue);
/** vsvm_queue_create() - a queue on any engine with the default timeout */
uint32_t vsvm_queue_create(int fd, uint32_t vm);
/** vsvm_queue_create_on() - a queue on one engine, with a timeout (0: default, ~0: none) */
uint32_t vsvm_queue_create_on(int fd, uint32_t vm, uint32_t engine, uint64_t timeout_ns);
int __vsvm_queue_destroy(int fd, uint32_t queue);
/** vsvm_queue_destroy() - destroy a queue, whatever it is doing */
void vsvm_queue_destroy(int fd, uint32_t queue);
int __vsvm_queue_query(int fd, uint32_t queue, struct drm_vsvm_queue_query *state);
/** vsvm_queue_query() - state of a queue */
void vsvm_queue_query(int fd, uint32_t queue, struct drm_vsvm_queue_query *state);

int __vsvm_exec(int fd, uint32_t queue, const struct drm_vsvm_exec_stream *streams, uint32_t count,
		uint32_t flags);
/** vsvm_exec() - submit streams */
void vsvm_exec(int fd, uint32_t queue, const struct drm_vsvm_exec_stream *streams, uint32_t count);
/** __vsvm_exec1() - submit one stream */
int __vsvm_exec1(int fd, uint32_t queue, uint64_t addr, uint64_t size, uint64_t fence_addr,
		 uint64_t fence_value, uint32_t flags);

/** __vsvm_wait() - wait until *@word >= @value; @timeout_ns counts from now */
int __vsvm_wait(int fd, uint32_t queue, const uint64_t *word, uint64_t value,
		int64_t timeout_ns);
/** vsvm_wait() - the same, for %VSVM_WAIT_NS; on failure the report of the queue is shown */
void vsvm_wait(int fd, uint32_t queue, const uint64_t *word, uint64_t value);

/**
 * vsvm_expect_error() - wait until a queue was killed, and compare its report
 * @fd: device
 * @queue: queue
 * @error: &enum vsvm_error
 * @access: &enum vsvm_access or %VSVM_ACCESS_ANY
 * @addr: address
 *
 * Also checks that the queue takes no more work.
 */
void vsvm_expect_error(int fd, uint32_t queue, uint32_t error, uint32_t access, uint64_t addr);

/* Command streams */

/**
 * struct vsvm_stream - a command stream in the making; starts as all zeros
 *
 * Grows in malloc'd memory, which may move: addresses of packets are asked for when all are there.
 * With vsvm_stream_init_at() it is in memory of the caller, which may have another address on the
 * GPU (a BO), and does not grow.
 */
struct vsvm_stream {
	/** @base: its bytes */
	uint8_t *base;
	/** @gpu: their GPU address, if @fixed */
	uint64_t gpu;
	/** @size: bytes so far */
	size_t size;
	/** @capacity: room at @base */
	size_t capacity;
	/** @fixed: @base is the caller's */
	bool fixed;
};

/** vsvm_stream_init_at() - begin a stream in memory of the caller */
void vsvm_stream_init_at(struct vsvm_stream *s, void *base, uint64_t gpu, size_t capacity);
/** vsvm_stream_reset() - begin again in the same memory; nothing may be running from it */
void vsvm_stream_reset(struct vsvm_stream *s);
/** vsvm_stream_fini() - free the memory, all zeros again */
void vsvm_stream_fini(struct vsvm_stream *s);
/** vsvm_stream_addr() - GPU address of the packet that an emit returned */
uint64_t vsvm_stream_addr(const struct vsvm_stream *s, size_t offset);
/** vsvm_stream_packet() - CPU address of the same, to spoil it */
void *vsvm_stream_packet(struct vsvm_stream *s, size_t offset);

/* Each appends a packet and returns its offset. */

/** vsvm_emit() - any bytes */
size_t vsvm_emit(struct vsvm_stream *s, const void *packet, size_t size);
/** vsvm_emit_nop() - nothing */
size_t vsvm_emit_nop(struct vsvm_stream *s);
/** vsvm_emit_barrier() - order */
size_t vsvm_emit_barrier(struct vsvm_stream *s);
/** vsvm_emit_copy() - copy bytes */
size_t vsvm_emit_copy(struct vsvm_stream *s, uint64_t dst, uint64_t src, uint64_t size);
/** vsvm_emit_fill() - fill bytes */
size_t vsvm_emit_fill(struct vsvm_stream *s, uint64_t dst, uint64_t size, uint64_t pattern,
		      uint32_t pattern_size);
/** vsvm_emit_atomic() - one atomic operation, the old value to @result if it is not 0 */
size_t vsvm_emit_atomic(struct vsvm_stream *s, uint32_t op, uint32_t width, uint64_t addr,
			uint64_t operand, uint64_t compare, uint64_t result);
/** vsvm_emit_timestamp() - write the clock */
size_t vsvm_emit_timestamp(struct vsvm_stream *s, uint64_t addr);
/** vsvm_emit_fence() - write a 64-bit word when everything before is done */
size_t vsvm_emit_fence(struct vsvm_stream *s, uint64_t addr, uint64_t value);
/** vsvm_emit_dispatch3() - run a program on a grid of workgroups */
size_t vsvm_emit_dispatch3(struct vsvm_stream *s, uint64_t program, uint64_t args,
			   uint32_t args_size, const uint32_t grid[3], const uint32_t local[3]);
/** vsvm_emit_dispatch() - the same in one dimension */
size_t vsvm_emit_dispatch(struct vsvm_stream *s, const struct vsvm_program *program,
			  const void *args, uint32_t args_size, uint32_t groups, uint32_t local);

/* A VM with one queue */

/**
 * struct vsvm_ctx - device, VM, queue and a word for fences
 */
struct vsvm_ctx {
	/** @fd: device, the caller's */
	int fd;
	/** @vm: VM */
	uint32_t vm;
	/** @queue: queue */
	uint32_t queue;
	/** @bo: BO that holds the fence word, if the VM is not an SVM one; else 0 */
	uint32_t bo;
	/** @fence: the fence word, one page of its own */
	uint64_t *fence;
	/** @fence_addr: its GPU address */
	uint64_t fence_addr;
	/** @seqno: fence value of the last submission */
	uint64_t seqno;
};

/** vsvm_ctx_init() - an SVM VM with a queue on any engine */
void vsvm_ctx_init(struct vsvm_ctx *ctx, int fd);
/** vsvm_ctx_init_vm() - the same in an SVM VM that is there, and then is the context's */
void vsvm_ctx_init_vm(struct vsvm_ctx *ctx, int fd, uint32_t vm);
/** vsvm_ctx_init_range() - the same, the VM keeping a range for BOs */
void vsvm_ctx_init_range(struct vsvm_ctx *ctx, int fd, void *bo_start, uint64_t bo_size);
/**
 * vsvm_ctx_init_bo() - a VM without SVM
 * @ctx: context
 * @fd: device
 * @fence_addr: GPU address at which a BO with the fence word gets bound, one page
 */
void vsvm_ctx_init_bo(struct vsvm_ctx *ctx, int fd, uint64_t fence_addr);
/** vsvm_ctx_new_queue() - destroy the queue (dead or not) and make another one */
void vsvm_ctx_new_queue(struct vsvm_ctx *ctx);
/** vsvm_ctx_fini() - destroy queue and VM */
void vsvm_ctx_fini(struct vsvm_ctx *ctx);

/** vsvm_submit() - submit a stream with a fence; returns the value to wait for */
uint64_t vsvm_submit(struct vsvm_ctx *ctx, const struct vsvm_stream *s);
/** vsvm_finish() - wait for what vsvm_submit() returned */
void vsvm_finish(struct vsvm_ctx *ctx, uint64_t seqno);
/**
 * vsvm_finish_or_error() - the same, for work whose memory may have gone before it
 *
 * Returns true if it is done; false if an access was killed by @error, and there is a new queue.
 */
bool vsvm_finish_or_error(struct vsvm_ctx *ctx, uint64_t seqno, uint32_t error, uint32_t access);
/** vsvm_run() - submit a stream and wait for it; it has to succeed */
void vsvm_run(struct vsvm_ctx *ctx, const struct vsvm_stream *s);
/** vsvm_run_expect_error() - submit a stream that has to kill the queue; see vsvm_expect_error() */
void vsvm_run_expect_error(struct vsvm_ctx *ctx, const struct vsvm_stream *s, uint32_t error,
			   uint32_t access, uint64_t addr);

/** vsvm_run_program() - run a program in one dimension and wait for it */
void vsvm_run_program(struct vsvm_ctx *ctx, const struct vsvm_program *program, const void *args,
		      uint32_t args_size, uint32_t groups, uint32_t local);
/** vsvm_run_copy() - copy and wait */
void vsvm_run_copy(struct vsvm_ctx *ctx, void *dst, const void *src, size_t size);
/** vsvm_run_fill() - fill with a byte and wait */
void vsvm_run_fill(struct vsvm_ctx *ctx, void *dst, uint8_t byte, size_t size);
/** vsvm_read32() - what the GPU reads at an address */
uint32_t vsvm_read32(struct vsvm_ctx *ctx, const void *addr);
/** vsvm_write32() - let the GPU write */
void vsvm_write32(struct vsvm_ctx *ctx, void *addr, uint32_t value);
/** vsvm_touch_expect_error() - let the GPU read or write one byte, which has to kill the queue */
void vsvm_touch_expect_error(struct vsvm_ctx *ctx, const void *addr, uint32_t access,
			     uint32_t error);

/** vsvm_engines_work() - every engine still runs a stream of a new queue */
void vsvm_engines_work(int fd);

/* A program that does not end before it is told to */

/**
 * struct vsvm_gate - a stream that keeps its queue busy until vsvm_gate_open()
 *
 * Its queue should have no timeout.
 */
struct vsvm_gate {
	/** @stream: the stream to submit */
	struct vsvm_stream stream;
	/** @program: its program */
	struct vsvm_program *program;
	/** @args: its argument: where the flag is */
	uint64_t *args;
	/** @flag: what it waits for to be not zero */
	uint32_t *flag;
};

/** vsvm_gate_init() - make the stream */
void vsvm_gate_init(struct vsvm_gate *gate);
/** vsvm_gate_open() - let it end */
void vsvm_gate_open(struct vsvm_gate *gate);
/** vsvm_gate_fini() - free the stream, which must not be running any more */
void vsvm_gate_fini(struct vsvm_gate *gate);

#endif /* VSVM_LIB_H */
