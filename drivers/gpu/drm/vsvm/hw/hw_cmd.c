// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Packet reader
 *
 * Fetches the packets of a queue's streams one by one, checks them, and executes each to its end
 * before it looks at the next. That is more order than the instruction set promises, and makes
 * BARRIER a memory barrier.
 *
 * Everything here can stop at any point, because the slice is over or because a page has to be
 * faulted in, and goes on there in a later slice. So progress lives in the queue: the phase, the
 * bytes of a fetch, a copy or a fill that are done, whether an atomic has been applied. What has
 * been done is not done again.
 *
 * What a packet says is read from memory that user space may be writing to, so it is copied once
 * and only the copy is looked at.
 *
 * Locking: the engine's thread alone. Memory is touched in sections, see hw_mmu.c.
 */

#include <linux/atomic.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "hw_internal.h"

/* Bytes from @va to the end of its page. */
static u64 to_page_end(u64 va)
{
	return VSVM_HW_PAGE_SIZE - (va & ~VSVM_HW_PAGE_MASK);
}

static enum vsvm_hw_result kill(struct vsvm_hw_queue *queue, u32 error, u64 addr,
				enum vsvm_access access)
{
	vsvm_hw_queue_kill(queue, error, addr, access, VSVM_HW_WAVE_NONE);
	return VSVM_HW_DEAD;
}

/* The one address of an access did not translate: park or kill. */
static enum vsvm_hw_result fail(struct vsvm_hw_queue *queue, u32 error, u64 addr,
				enum vsvm_access access)
{
	if (error != VSVM_HW_MISS)
		return kill(queue, error, addr, access);
	vsvm_hw_fault_note(queue->engine, addr, access, false);
	vsvm_hw_fault_park(queue, BIT_ULL(0), VSVM_HW_WAVE_NONE);
	return VSVM_HW_PARKED;
}

/**
 * vsvm_hw_cmd_fetch() - read packets, arguments or program text
 * @queue: queue; one fetch at a time
 * @va: address
 * @buf: where to put it
 * @size: bytes
 *
 * If it parks, call it again with the same arguments.
 *
 * Context: the engine's thread.
 * Return: %VSVM_HW_DONE, %VSVM_HW_PARKED or %VSVM_HW_DEAD.
 */
enum vsvm_hw_result vsvm_hw_cmd_fetch(struct vsvm_hw_queue *queue, u64 va, void *buf, u32 size)
{
	struct vsvm_hw_engine *engine = queue->engine;
	u32 error, chunk;
	void *ptr;
	u64 bad;

	if (!vsvm_hw_range_ok(va, size, &bad))
		return kill(queue, VSVM_ERROR_ADDRESS, bad, VSVM_ACCESS_READ);

	while (queue->fetched < size) {
		chunk = min_t(u64, size - queue->fetched, to_page_end(va + queue->fetched));
		vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, va + queue->fetched,
			     va + queue->fetched + chunk);
		vsvm_hw_mmu_begin(engine);
		error = vsvm_hw_mmu_translate(engine, queue->as, va + queue->fetched,
					      VSVM_ACCESS_READ, &ptr);
		if (!error)
			memcpy(buf + queue->fetched, ptr, chunk);
		vsvm_hw_mmu_end(engine);
		if (error)
			return fail(queue, error, va + queue->fetched, VSVM_ACCESS_READ);
		queue->fetched += chunk;
		engine->budget -= VSVM_HW_COST_MEMORY;
	}
	queue->fetched = 0;
	return VSVM_HW_DONE;
}

/**
 * vsvm_hw_cmd_size() - size of packets
 * @op: &enum vsvm_cmd_op
 *
 * Return: bytes, 0 if there is no such packet.
 */
size_t vsvm_hw_cmd_size(u32 op)
{
	switch (op) {
	case VSVM_CMD_NOP:
	case VSVM_CMD_BARRIER:
		return sizeof(struct vsvm_cmd);
	case VSVM_CMD_DISPATCH:
		return sizeof(struct vsvm_cmd_dispatch);
	case VSVM_CMD_COPY:
		return sizeof(struct vsvm_cmd_copy);
	case VSVM_CMD_FILL:
		return sizeof(struct vsvm_cmd_fill);
	case VSVM_CMD_ATOMIC:
		return sizeof(struct vsvm_cmd_atomic);
	case VSVM_CMD_TIMESTAMP:
		return sizeof(struct vsvm_cmd_timestamp);
	case VSVM_CMD_FENCE:
		return sizeof(struct vsvm_cmd_fence);
	default:
		return 0;
	}
}

static bool product_ok(const u32 n[3], u64 limit)
{
	u64 product = (u64)n[0] * n[1];

	return product && product <= limit && n[2] && n[2] <= div64_u64(limit, product);
}

static u32 check_dispatch(const struct vsvm_cmd_dispatch *cmd)
{
	if (cmd->program % 8 || cmd->args_size > VSVM_MAX_ARGS ||
	    cmd->shared_size > VSVM_MAX_SHARED ||
	    !product_ok(cmd->grid, VSVM_MAX_GROUPS) || !product_ok(cmd->local, VSVM_MAX_LOCAL))
		return VSVM_ERROR_COMMAND;
	return 0;
}

static u32 check_copy(const struct vsvm_cmd_copy *cmd, u64 *bad)
{
	if (!vsvm_hw_range_ok(cmd->src, cmd->size, bad) ||
	    !vsvm_hw_range_ok(cmd->dst, cmd->size, bad))
		return VSVM_ERROR_ADDRESS;
	return 0;
}

static u32 check_fill(const struct vsvm_cmd_fill *cmd, u64 *bad)
{
	switch (cmd->pattern_size) {
	case 1:
	case 2:
	case 4:
		if (cmd->pattern >> (8 * cmd->pattern_size))
			return VSVM_ERROR_COMMAND;
		break;
	case 8:
		break;
	default:
		return VSVM_ERROR_COMMAND;
	}
	if (cmd->pad)
		return VSVM_ERROR_COMMAND;
	return vsvm_hw_range_ok(cmd->dst, cmd->size, bad) ? 0 : VSVM_ERROR_ADDRESS;
}

static u32 check_aligned(u64 addr, u32 width, u64 *bad)
{
	*bad = addr;
	if (addr % width)
		return VSVM_ERROR_MISALIGNED;
	return addr < VSVM_HW_VA_END ? 0 : VSVM_ERROR_ADDRESS;
}

static u32 check_atomic(const struct vsvm_cmd_atomic *cmd, u64 *bad)
{
	if (cmd->op > VSVM_ATOMIC_SMAX || (cmd->width != 4 && cmd->width != 8))
		return VSVM_ERROR_COMMAND;
	if (cmd->result && !vsvm_hw_range_ok(cmd->result, cmd->width, bad))
		return VSVM_ERROR_ADDRESS;
	return check_aligned(cmd->addr, cmd->width, bad);
}

/**
 * vsvm_hw_cmd_check() - is a packet as it has to be?
 * @packet: the packet, whose head has been checked
 * @bad: set to the address that an error other than %VSVM_ERROR_COMMAND is about
 *
 * Return: 0 or &enum vsvm_error.
 */
u32 vsvm_hw_cmd_check(const union vsvm_hw_packet *packet, u64 *bad)
{
	switch (packet->head.op) {
	case VSVM_CMD_DISPATCH:
		return check_dispatch(&packet->dispatch);
	case VSVM_CMD_COPY:
		return check_copy(&packet->copy, bad);
	case VSVM_CMD_FILL:
		return check_fill(&packet->fill, bad);
	case VSVM_CMD_ATOMIC:
		return check_atomic(&packet->atomic, bad);
	case VSVM_CMD_TIMESTAMP:
		return check_aligned(packet->timestamp.addr, 8, bad);
	case VSVM_CMD_FENCE:
		return check_aligned(packet->fence.addr, 8, bad);
	default:
		return 0;
	}
}

/* Note the pages of a side of a copy or fill that are going to miss. */
static void look_ahead(struct vsvm_hw_queue *queue, u64 va, u64 size, enum vsvm_access access)
{
	struct vsvm_hw_engine *engine = queue->engine;
	unsigned int pages;
	u64 chunk;
	u32 error;

	for (pages = 0; size && pages < VSVM_HW_FAULT_AHEAD; pages++) {
		/* A section for each page: nobody shall wait for all of them. */
		vsvm_hw_mmu_begin(engine);
		error = vsvm_hw_mmu_probe(engine, queue->as, va, access);
		vsvm_hw_mmu_end(engine);
		if (error == VSVM_HW_MISS)
			vsvm_hw_fault_note(engine, va, access, true);
		chunk = min(size, to_page_end(va));
		va += chunk;
		size -= chunk;
	}
	engine->budget -= pages;
}

/* A copy or fill has moved some bytes of one page. */
static void account(struct vsvm_hw_engine *engine, u64 bytes)
{
	engine->budget -= VSVM_HW_COST_MEMORY + bytes * VSVM_HW_COST_PAGE / VSVM_HW_PAGE_SIZE;
	vsvm_hw_count(&engine->stats.bytes, bytes);
}

/* Write @size bytes of a pattern that begins at its byte @phase. */
static void fill_bytes(u8 *dst, u64 size, u64 pattern, u32 pattern_size, u64 phase)
{
	union {
		u8 bytes[8];
		u64 word;
	} image;
	unsigned int i;

	if (pattern_size == 1) {
		memset(dst, pattern, size);
		return;
	}
	/* Bytes up to an aligned word, whole words, the rest. */
	for (; size && (unsigned long)dst % 8; size--)
		*dst++ = pattern >> (8 * (phase++ % pattern_size));
	for (i = 0; i < 8; i++)
		image.bytes[i] = pattern >> (8 * ((phase + i) % pattern_size));
	memset64((u64 *)dst, image.word, size / 8);
	for (i = 0, dst += size & ~7ULL; i < size % 8; i++)
		dst[i] = image.bytes[i];
}

static enum vsvm_hw_result run_copy(struct vsvm_hw_queue *queue)
{
	const struct vsvm_cmd_copy *cmd = &queue->packet.copy;
	struct vsvm_hw_engine *engine = queue->engine;
	u32 src_error, dst_error;
	void *src_ptr, *dst_ptr;
	u64 src, dst, chunk;

	while (queue->done < cmd->size) {
		if (engine->budget <= 0)
			return VSVM_HW_MORE;
		src = cmd->src + queue->done;
		dst = cmd->dst + queue->done;
		chunk = min3(cmd->size - queue->done, to_page_end(src), to_page_end(dst));

		vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, src, src + chunk);
		vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, dst, dst + chunk);
		vsvm_hw_mmu_begin(engine);
		src_error = vsvm_hw_mmu_translate(engine, queue->as, src, VSVM_ACCESS_READ,
						  &src_ptr);
		dst_error = vsvm_hw_mmu_translate(engine, queue->as, dst, VSVM_ACCESS_WRITE,
						  &dst_ptr);
		if (!src_error && !dst_error)
			memcpy(dst_ptr, src_ptr, chunk);
		vsvm_hw_mmu_end(engine);

		if (src_error && src_error != VSVM_HW_MISS)
			return kill(queue, src_error, src, VSVM_ACCESS_READ);
		if (dst_error && dst_error != VSVM_HW_MISS)
			return kill(queue, dst_error, dst, VSVM_ACCESS_WRITE);
		if (src_error || dst_error) {
			/* What just missed may be there by now, so it is noted in any case. */
			if (src_error)
				vsvm_hw_fault_note(engine, src, VSVM_ACCESS_READ, false);
			if (dst_error)
				vsvm_hw_fault_note(engine, dst, VSVM_ACCESS_WRITE, false);
			look_ahead(queue, src, cmd->size - queue->done, VSVM_ACCESS_READ);
			look_ahead(queue, dst, cmd->size - queue->done, VSVM_ACCESS_WRITE);
			vsvm_hw_fault_park(queue, BIT_ULL(0), VSVM_HW_WAVE_NONE);
			return VSVM_HW_PARKED;
		}
		queue->done += chunk;
		account(engine, chunk);
	}
	return VSVM_HW_DONE;
}

static enum vsvm_hw_result run_fill(struct vsvm_hw_queue *queue)
{
	const struct vsvm_cmd_fill *cmd = &queue->packet.fill;
	struct vsvm_hw_engine *engine = queue->engine;
	u64 dst, chunk;
	void *ptr;
	u32 error;

	while (queue->done < cmd->size) {
		if (engine->budget <= 0)
			return VSVM_HW_MORE;
		dst = cmd->dst + queue->done;
		chunk = min(cmd->size - queue->done, to_page_end(dst));

		vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, dst, dst + chunk);
		vsvm_hw_mmu_begin(engine);
		error = vsvm_hw_mmu_translate(engine, queue->as, dst, VSVM_ACCESS_WRITE, &ptr);
		if (!error)
			fill_bytes(ptr, chunk, cmd->pattern, cmd->pattern_size, queue->done);
		vsvm_hw_mmu_end(engine);

		if (error == VSVM_HW_MISS) {
			vsvm_hw_fault_note(engine, dst, VSVM_ACCESS_WRITE, false);
			look_ahead(queue, dst, cmd->size - queue->done, VSVM_ACCESS_WRITE);
			vsvm_hw_fault_park(queue, BIT_ULL(0), VSVM_HW_WAVE_NONE);
			return VSVM_HW_PARKED;
		}
		if (error)
			return kill(queue, error, dst, VSVM_ACCESS_WRITE);
		queue->done += chunk;
		account(engine, chunk);
	}
	return VSVM_HW_DONE;
}

static enum vsvm_hw_result run_atomic(struct vsvm_hw_queue *queue)
{
	const struct vsvm_cmd_atomic *cmd = &queue->packet.atomic;
	struct vsvm_hw_engine *engine = queue->engine;
	u64 chunk;
	void *ptr;
	u32 error;

	if (!queue->atomic_done) {
		vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, cmd->addr, cmd->addr + cmd->width);
		vsvm_hw_mmu_begin(engine);
		error = vsvm_hw_mmu_translate(engine, queue->as, cmd->addr, VSVM_ACCESS_ATOMIC,
					      &ptr);
		if (!error)
			queue->atomic_old = vsvm_hw_mem_atomic(ptr, cmd->op, cmd->width,
							       cmd->operand, cmd->compare);
		vsvm_hw_mmu_end(engine);
		if (error)
			return fail(queue, error, cmd->addr, VSVM_ACCESS_ATOMIC);
		queue->atomic_done = true;
	}

	while (cmd->result && queue->done < cmd->width) {
		chunk = min(cmd->width - queue->done, to_page_end(cmd->result + queue->done));
		vsvm_hw_mmu_begin(engine);
		error = vsvm_hw_mmu_translate(engine, queue->as, cmd->result + queue->done,
					      VSVM_ACCESS_WRITE, &ptr);
		if (!error)
			memcpy(ptr, (u8 *)&queue->atomic_old + queue->done, chunk);
		vsvm_hw_mmu_end(engine);
		if (error)
			return fail(queue, error, cmd->result + queue->done, VSVM_ACCESS_WRITE);
		queue->done += chunk;
	}
	queue->atomic_done = false;
	return VSVM_HW_DONE;
}

/* Everything done so far is visible before @value is, and that before what follows. */
static enum vsvm_hw_result write_word(struct vsvm_hw_queue *queue, u64 va, u64 value)
{
	struct vsvm_hw_engine *engine = queue->engine;
	void *ptr;
	u32 error;

	vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, va, va + sizeof(value));
	vsvm_hw_mmu_begin(engine);
	error = vsvm_hw_mmu_translate(engine, queue->as, va, VSVM_ACCESS_WRITE, &ptr);
	if (!error) {
		/* Pairs with what user space puts between reading the word and its results. */
		smp_mb();
		WRITE_ONCE(*(u64 *)ptr, value);
		/* Later packets stay later. */
		smp_mb();
	}
	vsvm_hw_mmu_end(engine);
	return error ? fail(queue, error, va, VSVM_ACCESS_WRITE) : VSVM_HW_DONE;
}

static enum vsvm_hw_result run_packet(struct vsvm_hw_queue *queue)
{
	enum vsvm_hw_result result;

	switch (queue->packet.head.op) {
	case VSVM_CMD_DISPATCH:
		return vsvm_hw_dispatch_run(queue);
	case VSVM_CMD_COPY:
		return run_copy(queue);
	case VSVM_CMD_FILL:
		return run_fill(queue);
	case VSVM_CMD_ATOMIC:
		return run_atomic(queue);
	case VSVM_CMD_BARRIER:
		/* Earlier packets have ended; this makes them visible. */
		smp_mb();
		return VSVM_HW_DONE;
	case VSVM_CMD_TIMESTAMP:
		return write_word(queue, queue->packet.timestamp.addr, ktime_get_ns());
	case VSVM_CMD_FENCE:
		result = write_word(queue, queue->packet.fence.addr, queue->packet.fence.value);
		if (result == VSVM_HW_DONE)
			vsvm_hw_irq(queue->hw, VSVM_HW_IRQ_FENCE);
		return result;
	default:
		return VSVM_HW_DONE;
	}
}

static enum vsvm_hw_result begin_stream(struct vsvm_hw_queue *queue)
{
	const struct vsvm_hw_stream *stream = &queue->stream;
	u32 error;
	u64 bad;

	/* Acquire: pairs with vsvm_hw_queue_submit(). */
	if (smp_load_acquire(&queue->submitted) == queue->completed)
		return VSVM_HW_DONE;
	queue->stream = queue->ring[queue->completed % VSVM_HW_QUEUE_DEPTH];
	queue->pos = 0;
	if (stream->addr % 8 || stream->size % 8)
		return kill(queue, VSVM_ERROR_COMMAND, stream->addr, VSVM_ACCESS_READ);
	if (stream->fence_addr) {
		error = check_aligned(stream->fence_addr, 8, &bad);
		if (error)
			return kill(queue, error, bad, VSVM_ACCESS_WRITE);
	}
	queue->phase = VSVM_HW_PHASE_HEAD;
	return VSVM_HW_MORE;
}

static enum vsvm_hw_result end_stream(struct vsvm_hw_queue *queue)
{
	enum vsvm_hw_result result;

	if (queue->stream.fence_addr) {
		result = write_word(queue, queue->stream.fence_addr, queue->stream.fence_value);
		if (result != VSVM_HW_DONE)
			return result;
	}
	queue->phase = VSVM_HW_PHASE_IDLE;
	/* Release: the ring's entry has been read, and the stream's work is visible. */
	smp_store_release(&queue->completed, queue->completed + 1);
	vsvm_hw_irq(queue->hw, VSVM_HW_IRQ_FENCE);
	return VSVM_HW_DONE;
}

static enum vsvm_hw_result read_head(struct vsvm_hw_queue *queue)
{
	const struct vsvm_cmd *head = &queue->packet.head;
	u64 left = queue->stream.size - queue->pos;
	u64 va = queue->stream.addr + queue->pos;
	enum vsvm_hw_result result;

	if (!left) {
		queue->phase = VSVM_HW_PHASE_FENCE;
		return VSVM_HW_DONE;
	}
	result = vsvm_hw_cmd_fetch(queue, va, &queue->packet, sizeof(*head));
	if (result != VSVM_HW_DONE)
		return result;
	if (!head->size || head->size != vsvm_hw_cmd_size(head->op) || head->size > left ||
	    head->flags)
		return kill(queue, VSVM_ERROR_COMMAND, va, VSVM_ACCESS_READ);
	queue->phase = VSVM_HW_PHASE_BODY;
	return VSVM_HW_DONE;
}

static enum vsvm_hw_result read_body(struct vsvm_hw_queue *queue)
{
	const u32 head = sizeof(queue->packet.head);
	u64 va = queue->stream.addr + queue->pos;
	enum vsvm_hw_result result;
	u64 bad = va;
	u32 error;

	result = vsvm_hw_cmd_fetch(queue, va + head, (u8 *)&queue->packet + head,
				   queue->packet.head.size - head);
	if (result != VSVM_HW_DONE)
		return result;
	error = vsvm_hw_cmd_check(&queue->packet, &bad);
	if (error)
		return kill(queue, error, error == VSVM_ERROR_COMMAND ? va : bad, VSVM_ACCESS_READ);

	queue->phase = VSVM_HW_PHASE_EXEC;
	queue->done = 0;
	queue->atomic_done = false;
	queue->packet_ns = 0;
	if (queue->timeout_ns)
		queue->clock = ktime_get_ns();
	if (queue->packet.head.op == VSVM_CMD_DISPATCH)
		vsvm_hw_dispatch_begin(queue);
	return VSVM_HW_DONE;
}

/**
 * vsvm_hw_cmd_run() - execute a queue's streams for a slice
 * @queue: queue
 *
 * Context: the engine's thread.
 * Return: %VSVM_HW_DONE if there is no stream left, %VSVM_HW_MORE when the slice is used up,
 * %VSVM_HW_PARKED or %VSVM_HW_DEAD.
 */
enum vsvm_hw_result vsvm_hw_cmd_run(struct vsvm_hw_queue *queue)
{
	struct vsvm_hw_engine *engine = queue->engine;
	enum vsvm_hw_result result;

	while (engine->budget > 0) {
		switch (queue->phase) {
		case VSVM_HW_PHASE_IDLE:
			result = begin_stream(queue);
			if (result != VSVM_HW_MORE) {
				if (result == VSVM_HW_DONE)
					vsvm_hw_dispatch_trim(queue, VSVM_HW_KEEP_BYTES);
				return result;
			}
			break;
		case VSVM_HW_PHASE_HEAD:
			result = read_head(queue);
			if (result != VSVM_HW_DONE)
				return result;
			break;
		case VSVM_HW_PHASE_BODY:
			result = read_body(queue);
			if (result != VSVM_HW_DONE)
				return result;
			break;
		case VSVM_HW_PHASE_EXEC:
			result = run_packet(queue);
			if (result != VSVM_HW_DONE)
				return result;
			queue->pos += queue->packet.head.size;
			queue->phase = VSVM_HW_PHASE_HEAD;
			vsvm_hw_count(&engine->stats.packets, 1);
			engine->budget -= VSVM_HW_COST_PACKET;
			break;
		case VSVM_HW_PHASE_FENCE:
			result = end_stream(queue);
			if (result != VSVM_HW_DONE)
				return result;
			engine->budget -= VSVM_HW_COST_PACKET;
			break;
		}
	}
	return VSVM_HW_MORE;
}
