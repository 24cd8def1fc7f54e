// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Waves
 *
 * A wave executes its program for 32 lanes at once, with a mask of those that are on. Control flow
 * changes the mask and only jumps where no lane is left on, to the next place where some may come
 * on again; so other instructions always have at least one lane.
 *
 * A frame for each open IF or LOOP keeps the mask from before. Lanes that BREAK or CONTINUE are in
 * @left until the innermost loop ends or begins its next round, lanes that EXIT are no longer in
 * @alive; ENDIF leaves both out when it brings back the lanes of its frame.
 *
 * A wave runs until its program ends, the engine's slice is used up, it has to wait for others of
 * its workgroup at a barrier, or a memory instruction has to wait for a page. That instruction is
 * then resumed for the lanes that are still to do.
 *
 * Instructions that need the CPU's floating point unit are done in sections of it, see hw_fpu.h:
 * vsvm_hw_wave_run() begins one where it needs it, and never has one where it calls what may fault,
 * sleep or take a lock.
 *
 * Locking: the engine's thread alone.
 */

#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "hw_fpu.h"
#include "hw_internal.h"

/**
 * vsvm_hw_wave_begin() - put a wave at the start of its program
 * @wave: wave
 * @num_regs: registers of the program
 * @lanes: lanes that have a work item
 */
void vsvm_hw_wave_begin(struct vsvm_hw_wave *wave, u32 num_regs, u32 lanes)
{
	wave->pc = 0;
	wave->on = lanes;
	wave->alive = lanes;
	wave->left = 0;
	wave->resume = 0;
	wave->pending = 0;
	wave->depth = 0;
	memset(wave->regs, 0, num_regs * VSVM_WAVE_LANES * sizeof(*wave->regs));
}

static u32 *row(const struct vsvm_hw_wave *wave, u8 reg)
{
	return wave->regs + reg * VSVM_WAVE_LANES;
}

/* Lanes that are on and for which the instruction's predicate, if it has one, holds. */
static u32 predicate(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn)
{
	const u32 *value = row(wave, insn->a);
	const u64 *pairs = (const u64 *)value;
	unsigned int lane;
	u64 any = 0;
	u32 set = 0;

	if (!(insn->flags & VSVM_INSN_PRED))
		return wave->on;
	/* Most branches leave a loop, and are not taken. */
	for (lane = 0; lane < VSVM_WAVE_LANES / 2; lane++)
		any |= pairs[lane];
	for (lane = 0; any && lane < VSVM_WAVE_LANES; lane++)
		set |= (u32)!!value[lane] << lane;
	return wave->on & (insn->flags & VSVM_INSN_NOT ? ~set : set);
}

static void push(struct vsvm_hw_wave *wave, u32 other)
{
	wave->frames[wave->depth++] = (struct vsvm_hw_frame) {
		.on = wave->on,
		.other = other,
		.left = wave->left,
		.resume = wave->resume,
	};
}

static void flow(struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn)
{
	const struct vsvm_hw_frame *frame;
	u32 lanes;

	wave->pc++;
	switch (insn->op) {
	case VSVM_OP_IF:
		lanes = predicate(wave, insn);
		push(wave, wave->on & ~lanes);
		wave->on = lanes;
		break;
	case VSVM_OP_ELSE:
		wave->on = wave->frames[wave->depth - 1].other;
		break;
	case VSVM_OP_ENDIF:
		frame = &wave->frames[--wave->depth];
		wave->on = frame->on & wave->alive & ~wave->left;
		break;
	case VSVM_OP_LOOP:
		push(wave, 0);
		wave->left = 0;
		wave->resume = 0;
		break;
	case VSVM_OP_ENDLOOP:
		wave->on |= wave->resume;
		if (wave->on) {
			wave->left &= ~wave->resume;
			wave->resume = 0;
			wave->pc = insn->again;
			return;
		}
		frame = &wave->frames[--wave->depth];
		wave->on = frame->on & wave->alive;
		wave->left = frame->left;
		wave->resume = frame->resume;
		break;
	case VSVM_OP_CONTINUE:
		lanes = predicate(wave, insn);
		wave->resume |= lanes;
		wave->left |= lanes;
		wave->on &= ~lanes;
		break;
	case VSVM_OP_BREAK:
		lanes = predicate(wave, insn);
		wave->left |= lanes;
		wave->on &= ~lanes;
		break;
	case VSVM_OP_EXIT:
		lanes = predicate(wave, insn);
		wave->alive &= ~lanes;
		wave->on &= ~lanes;
		break;
	}
	if (!wave->on)
		wave->pc = insn->next;
}

/* Arithmetic, and what lanes do among themselves. */
static void run_alu(struct vsvm_hw_engine *engine, const struct vsvm_hw_wave *wave,
		    const struct vsvm_hw_insn *insn)
{
	const u32 *source[3] = { row(wave, insn->a), row(wave, insn->b), row(wave, insn->c) };

	if (insn->imm_source) {
		vsvm_hw_fill(engine->imm, VSVM_HW_ALL_LANES, insn->imm);
		if (insn->imm_wide)
			vsvm_hw_fill(engine->imm + VSVM_WAVE_LANES, VSVM_HW_ALL_LANES,
				     insn->imm >> 32);
		source[insn->imm_source - 1] = engine->imm;
	}
	if (insn->alu)
		insn->alu(insn->type, insn->mod, row(wave, insn->dst), source[0], source[1],
			  source[2], wave->on);
	else
		vsvm_hw_subgroup_insn(wave, insn, source[0], source[1]);
}

/* @first, @first + 1, ... */
static void set_sequence(u32 *dst, u32 on, u32 first)
{
	u64 *pairs = (u64 *)dst;
	unsigned int lane;

	if (on == VSVM_HW_ALL_LANES) {
		for (lane = 0; lane < VSVM_WAVE_LANES; lane += 2)
			pairs[lane / 2] = (first + lane) | (u64)(first + lane + 1) << 32;
		return;
	}
	for (; on; on &= on - 1)
		dst[__ffs(on)] = first + __ffs(on);
}

/*
 * Set to the number of the work item on an axis in its workgroup, plus @base. Lanes go through the
 * workgroup row by row, so that only the first one's place has to be computed.
 */
static void set_items(const struct vsvm_cmd_dispatch *cmd, const struct vsvm_hw_wave *wave,
		      u32 *dst, unsigned int axis, u32 base)
{
	const u32 first = wave->index * VSVM_WAVE_LANES;
	const u32 *size = cmd->local;
	u32 item[3] = { first % size[0], first / size[0] % size[1], first / size[0] / size[1] };
	unsigned int lane;

	if (item[0] + VSVM_WAVE_LANES <= size[0]) {
		if (axis)
			vsvm_hw_fill(dst, wave->on, base + item[axis]);
		else
			set_sequence(dst, wave->on, base + item[0]);
		return;
	}
	for (lane = 0; lane < VSVM_WAVE_LANES; lane++) {
		if (wave->on & BIT(lane))
			dst[lane] = base + item[axis];
		if (++item[0] < size[0])
			continue;
		item[0] = 0;
		if (++item[1] < size[1])
			continue;
		item[1] = 0;
		item[2]++;
	}
}

static void special(struct vsvm_hw_queue *queue, const struct vsvm_hw_wave *wave,
		    const struct vsvm_hw_insn *insn)
{
	const struct vsvm_cmd_dispatch *cmd = &queue->packet.dispatch;
	u32 *dst = row(wave, insn->dst);
	unsigned int axis;
	u64 now;

	switch (insn->mod) {
	case VSVM_SREG_LANE:
		set_sequence(dst, wave->on, 0);
		break;
	case VSVM_SREG_WAVE:
		vsvm_hw_fill(dst, wave->on, wave->index);
		break;
	case VSVM_SREG_LOCAL_X:
	case VSVM_SREG_LOCAL_Y:
	case VSVM_SREG_LOCAL_Z:
		set_items(cmd, wave, dst, insn->mod - VSVM_SREG_LOCAL_X, 0);
		break;
	case VSVM_SREG_GROUP_X:
	case VSVM_SREG_GROUP_Y:
	case VSVM_SREG_GROUP_Z:
		vsvm_hw_fill(dst, wave->on, wave->group[insn->mod - VSVM_SREG_GROUP_X]);
		break;
	case VSVM_SREG_LOCAL_SIZE_X:
	case VSVM_SREG_LOCAL_SIZE_Y:
	case VSVM_SREG_LOCAL_SIZE_Z:
		vsvm_hw_fill(dst, wave->on, cmd->local[insn->mod - VSVM_SREG_LOCAL_SIZE_X]);
		break;
	case VSVM_SREG_GRID_X:
	case VSVM_SREG_GRID_Y:
	case VSVM_SREG_GRID_Z:
		vsvm_hw_fill(dst, wave->on, cmd->grid[insn->mod - VSVM_SREG_GRID_X]);
		break;
	case VSVM_SREG_GLOBAL_X:
	case VSVM_SREG_GLOBAL_Y:
	case VSVM_SREG_GLOBAL_Z:
		axis = insn->mod - VSVM_SREG_GLOBAL_X;
		set_items(cmd, wave, dst, axis, wave->group[axis] * cmd->local[axis]);
		break;
	case VSVM_SREG_ENGINE:
		vsvm_hw_fill(dst, wave->on, queue->engine->id);
		break;
	case VSVM_SREG_LOCAL_INDEX:
		set_sequence(dst, wave->on, wave->index * VSVM_WAVE_LANES);
		break;
	case VSVM_SREG_WAVES:
		vsvm_hw_fill(dst, wave->on, queue->dispatch.group_waves);
		break;
	case VSVM_SREG_GLOBAL_SIZE_X:
	case VSVM_SREG_GLOBAL_SIZE_Y:
	case VSVM_SREG_GLOBAL_SIZE_Z:
		axis = insn->mod - VSVM_SREG_GLOBAL_SIZE_X;
		vsvm_hw_fill(dst, wave->on, cmd->grid[axis] * cmd->local[axis]);
		break;
	case VSVM_SREG_SHARED_SIZE:
		vsvm_hw_fill(dst, wave->on, queue->dispatch.shared_size);
		break;
	case VSVM_SREG_CLOCK:
		now = ktime_get_ns();
		vsvm_hw_fill(dst, wave->on, now);
		vsvm_hw_fill(dst + VSVM_WAVE_LANES, wave->on, now >> 32);
		break;
	}
}

/* An instruction that is neither arithmetic nor control flow. */
static enum vsvm_hw_result run_other(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,
				     const struct vsvm_hw_insn *insn)
{
	enum vsvm_hw_result result;

	switch (insn->op) {
	case VSVM_OP_SREG:
		special(queue, wave, insn);
		break;
	case VSVM_OP_MEMBAR:
		/* This is the instruction's meaning. */
		smp_mb();
		break;
	case VSVM_OP_BARRIER:
		/* It is a MEMBAR too. */
		smp_mb();
		wave->pc++;
		return vsvm_hw_dispatch_arrive(queue, wave) ? VSVM_HW_DONE : VSVM_HW_WAITING;
	default:
		queue->engine->budget -= VSVM_HW_COST_MEMORY;
		result = vsvm_hw_mem_insn(queue, wave, insn);
		if (result != VSVM_HW_DONE)
			return result;
		break;
	}
	wave->pc++;
	return VSVM_HW_DONE;
}

/**
 * vsvm_hw_wave_run() - run a wave for what is left of the engine's slice
 * @queue: its queue
 * @wave: wave that is not parked
 *
 * Context: the engine's thread.
 * Return: %VSVM_HW_DONE at the end of the program, %VSVM_HW_MORE at the end of the slice,
 * %VSVM_HW_PARKED, %VSVM_HW_WAITING or %VSVM_HW_DEAD.
 */
enum vsvm_hw_result vsvm_hw_wave_run(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave)
{
	const struct vsvm_hw_program *program = &queue->dispatch.program;
	enum vsvm_hw_result result = VSVM_HW_MORE;
	struct vsvm_hw_engine *engine = queue->engine;
	const struct vsvm_hw_insn *insn;
	/* What the present section of the FPU may still cost; 0: there is none. */
	int fpu = 0;
	u64 insns = 0;

	while (engine->budget > 0) {
		if (wave->pc == program->num_insns || !wave->alive) {
			result = VSVM_HW_DONE;
			break;
		}
		insn = &program->insns[wave->pc];
		insns++;
		engine->budget -= insn->cost;
		if (insn->fpu && !fpu) {
			vsvm_hw_fpu_begin();
			fpu = VSVM_HW_FPU_COST;
		}
		if (insn->alu || insn->op >> 4 == VSVM_OP_BALLOT >> 4) {
			run_alu(engine, wave, insn);
			wave->pc++;
		} else if (insn->op <= VSVM_OP_EXIT) {
			flow(wave, insn);
		} else {
			if (fpu)
				vsvm_hw_fpu_end();
			fpu = 0;
			result = run_other(queue, wave, insn);
			if (result != VSVM_HW_DONE)
				break;
			result = VSVM_HW_MORE;
		}
		if (fpu) {
			fpu = max(fpu - insn->cost, 0);
			if (!fpu)
				vsvm_hw_fpu_end();
		}
	}
	if (fpu)
		vsvm_hw_fpu_end();
	vsvm_hw_count(&engine->stats.insns, insns);
	return result;
}
