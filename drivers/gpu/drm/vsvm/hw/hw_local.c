// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Shared and scratch memory
 *
 * Memory that a workgroup shares, and that each work item has for itself. Both belong to the slots
 * of a dispatch, are cleared when a workgroup starts, and are no memory of the MMU's: an access
 * cannot fault, so an instruction is done for all its lanes at once. Since an engine runs one wave
 * at a time, nobody else looks meanwhile.
 *
 * A GENERIC instruction does here what goes to these two, and leaves the rest to hw_mem.c.
 *
 * Locking: the engine's thread alone.
 */

#include <linux/bitops.h>
#include <linux/string.h>

#include "hw_internal.h"

#define GENERIC_SHIFT	62

/**
 * struct place - where a lane's access goes
 */
struct place {
	/** @addr: generic address */
	u64 addr;
	/** @ptr: where that is; NULL beyond the end */
	void *ptr;
};

static u32 *row(const struct vsvm_hw_wave *wave, u8 reg)
{
	return wave->regs + reg * VSVM_WAVE_LANES;
}

static u64 pair(const u32 *row, unsigned int lane)
{
	return row[lane] | (u64)row[VSVM_WAVE_LANES + lane] << 32;
}

static u64 generic_addr(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn,
			unsigned int lane)
{
	const u32 *a = row(wave, insn->a);
	const u32 offset = insn->imm;

	switch (insn->mod) {
	case VSVM_SPACE_SHARED:
		return VSVM_GENERIC_SHARED | (u32)(a[lane] + offset);
	case VSVM_SPACE_SCRATCH:
		return VSVM_GENERIC_SCRATCH | (u32)(a[lane] + offset);
	default:
		return pair(a, lane) + (s32)offset;
	}
}

static bool is_local(u64 addr)
{
	return addr >> GENERIC_SHIFT == VSVM_GENERIC_SHARED >> GENERIC_SHIFT ||
	       addr >> GENERIC_SHIFT == VSVM_GENERIC_SCRATCH >> GENERIC_SHIFT;
}

/**
 * vsvm_hw_local_generic() - which lanes go to shared or scratch memory
 * @wave: wave
 * @insn: memory instruction with GENERIC addresses
 *
 * Return: mask of those of the lanes that are on.
 */
u32 vsvm_hw_local_generic(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn)
{
	u32 on, local = 0;

	for (on = wave->on; on; on &= on - 1) {
		if (is_local(generic_addr(wave, insn, __ffs(on))))
			local |= BIT(__ffs(on));
	}
	return local;
}

static struct place find(const struct vsvm_hw_queue *queue, const struct vsvm_hw_wave *wave,
			 const struct vsvm_hw_insn *insn, unsigned int lane, u32 size)
{
	const struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	struct place place = { .addr = generic_addr(wave, insn, lane) };
	u64 offset = place.addr & GENMASK_ULL(GENERIC_SHIFT - 1, 0);
	bool shared = place.addr >> GENERIC_SHIFT == VSVM_GENERIC_SHARED >> GENERIC_SHIFT;
	u32 end = shared ? dispatch->shared_size : dispatch->program.scratch_size;

	if (end < size || offset > end - size)
		return place;
	place.ptr = (shared ? wave->team->shared :
			      wave->scratch + lane * dispatch->scratch_stride) + offset;
	return place;
}

static void set(u32 *dst, unsigned int lane, u32 size, u64 value)
{
	dst[lane] = value;
	if (size == 8)
		dst[VSVM_WAVE_LANES + lane] = value >> 32;
}

static void access_lane(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn,
			unsigned int lane, void *ptr, u32 size)
{
	const u32 *b = row(wave, insn->b), *c = row(wave, insn->c);
	const u32 op = insn->imm >> 32 & 0xff;
	u64 value = 0, compare = 0;

	if (insn->op == VSVM_OP_LD) {
		memcpy(&value, ptr, size);
		set(row(wave, insn->dst), lane, size, value);
		return;
	}
	value = size == 8 ? pair(b, lane) : b[lane];
	if (insn->op == VSVM_OP_ST) {
		memcpy(ptr, &value, size);
		return;
	}
	if (op == VSVM_ATOMIC_CMPXCHG)
		compare = size == 8 ? pair(c, lane) : c[lane];
	value = vsvm_hw_mem_atomic(ptr, op, size, value, compare);
	if (!(insn->flags & VSVM_INSN_NORET))
		set(row(wave, insn->dst), lane, size, value);
}

static enum vsvm_hw_result kill(struct vsvm_hw_queue *queue, const struct vsvm_hw_wave *wave,
				const struct vsvm_hw_insn *insn, u32 error, u64 addr)
{
	enum vsvm_access access = insn->op == VSVM_OP_LD ? VSVM_ACCESS_READ :
				  insn->op == VSVM_OP_ST ? VSVM_ACCESS_WRITE : VSVM_ACCESS_ATOMIC;

	vsvm_hw_queue_kill(queue, error, addr, access, wave->number);
	return VSVM_HW_DEAD;
}

/*
 * Load or store where the instruction says which of the two it is. Inlined with constants for
 * @size and @load.
 */
static __always_inline enum vsvm_hw_result move(struct vsvm_hw_queue *queue,
						const struct vsvm_hw_wave *wave,
						const struct vsvm_hw_insn *insn, u32 lanes,
						const u32 size, const bool load)
{
	const bool shared = insn->mod == VSVM_SPACE_SHARED;
	const u32 end = shared ? queue->dispatch.shared_size : queue->dispatch.program.scratch_size;
	const u32 stride = shared ? 0 : queue->dispatch.scratch_stride;
	const u32 *a = row(wave, insn->a), *b = row(wave, insn->b);
	u8 *memory = shared ? wave->team->shared : wave->scratch;
	u32 *dst = row(wave, insn->dst);
	u32 lane, offset;
	u64 value;

	for (; lanes; lanes &= lanes - 1) {
		lane = __ffs(lanes);
		offset = a[lane] + (u32)insn->imm;
		if (end < size || offset > end - size)
			return kill(queue, wave, insn, VSVM_ERROR_BOUNDS,
				    generic_addr(wave, insn, lane));
		if (load) {
			value = 0;
			memcpy(&value, memory + lane * stride + offset, size);
			set(dst, lane, size, value);
		} else {
			value = size == 8 ? pair(b, lane) : b[lane];
			memcpy(memory + lane * stride + offset, &value, size);
		}
	}
	return VSVM_HW_DONE;
}

static __always_inline enum vsvm_hw_result move_type(struct vsvm_hw_queue *queue,
						     const struct vsvm_hw_wave *wave,
						     const struct vsvm_hw_insn *insn, u32 lanes,
						     const bool load)
{
	switch (vsvm_hw_type_size(insn->type)) {
	case 1:
		return move(queue, wave, insn, lanes, 1, load);
	case 2:
		return move(queue, wave, insn, lanes, 2, load);
	case 4:
		return move(queue, wave, insn, lanes, 4, load);
	default:
		return move(queue, wave, insn, lanes, 8, load);
	}
}

/**
 * vsvm_hw_local_insn() - execute LD, ST or ATOM in shared or scratch memory
 * @queue: queue
 * @wave: wave
 * @insn: instruction
 * @lanes: lanes to do it for, all of which go there
 *
 * Context: the engine's thread.
 * Return: %VSVM_HW_DONE, or %VSVM_HW_DEAD.
 */
enum vsvm_hw_result vsvm_hw_local_insn(struct vsvm_hw_queue *queue,
				       const struct vsvm_hw_wave *wave,
				       const struct vsvm_hw_insn *insn, u32 lanes)
{
	const u32 size = vsvm_hw_type_size(insn->type);
	struct place place;

	if (insn->mod != VSVM_SPACE_GENERIC && insn->op == VSVM_OP_LD)
		return move_type(queue, wave, insn, lanes, true);
	if (insn->mod != VSVM_SPACE_GENERIC && insn->op == VSVM_OP_ST)
		return move_type(queue, wave, insn, lanes, false);
	for (; lanes; lanes &= lanes - 1) {
		place = find(queue, wave, insn, __ffs(lanes), size);
		if (insn->op == VSVM_OP_ATOM && place.addr % size)
			return kill(queue, wave, insn, VSVM_ERROR_MISALIGNED, place.addr);
		if (!place.ptr)
			return kill(queue, wave, insn, VSVM_ERROR_BOUNDS, place.addr);
		access_lane(wave, insn, __ffs(lanes), place.ptr, size);
	}
	return VSVM_HW_DONE;
}
