// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Dispatches
 *
 * A dispatch reads its arguments, reads and checks its program, and then keeps slots filled with
 * waves until every workgroup has been run. Whatever the grid's size, it holds no more than
 * %VSVM_HW_WAVE_SLOTS waves. A workgroup starts when there are slots for all of its waves, which
 * barriers need. The waves that can run take turns; those that are parked or wait at a barrier do
 * not hinder them.
 *
 * A barrier opens when every wave of the workgroup that has not ended is at one. Either a wave
 * arrives, or one ends: both look, so the last of them opens it, and a workgroup never waits for
 * itself. Waves are at a barrier as a whole, and barriers have no names, so programs whose waves
 * meet at different ones go on as well.
 *
 * Memory for the program and for registers is allocated when a dispatch starts, kept for the next
 * one, and given back when the queue is idle, or dies. This is the only place where an engine
 * allocates. It holds nothing then, but it may be in reclaim, so whoever waits for an engine in
 * vsvm_hw_queue_destroy() must hold nothing that reclaim needs. Without memory the queue is killed
 * with %VSVM_ERROR_NOMEM.
 *
 * Locking: the engine's thread alone, but that vsvm_hw_queue_destroy() frees the memory when the
 * engine has let go of the queue.
 */

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "hw_internal.h"

static u64 slots_mask(const struct vsvm_hw_dispatch *dispatch)
{
	return GENMASK_ULL(dispatch->slots - 1, 0);
}

/**
 * vsvm_hw_dispatch_trim() - give memory back
 * @queue: queue that has no dispatch under way, or none that will go on
 * @keep: what it may keep, bytes
 *
 * Context: the engine's thread, or no engine runs the queue any more.
 */
void vsvm_hw_dispatch_trim(struct vsvm_hw_queue *queue, size_t keep)
{
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	struct vsvm_hw_program *program = &dispatch->program;

	if (dispatch->memory_size > keep) {
		kvfree(dispatch->memory);
		dispatch->memory = NULL;
		dispatch->memory_size = 0;
	}
	if (program->capacity * sizeof(*program->insns) > keep) {
		kvfree(program->insns);
		program->insns = NULL;
		program->capacity = 0;
	}
}

/**
 * vsvm_hw_dispatch_begin() - start the dispatch of the queue's packet
 * @queue: queue
 */
void vsvm_hw_dispatch_begin(struct vsvm_hw_queue *queue)
{
	const struct vsvm_cmd_dispatch *cmd = &queue->packet.dispatch;
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;

	dispatch->phase = VSVM_HW_DISPATCH_ARGS;
	dispatch->groups = (u64)cmd->grid[0] * cmd->grid[1] * cmd->grid[2];
	dispatch->group_waves = DIV_ROUND_UP(cmd->local[0] * cmd->local[1] * cmd->local[2],
					     VSVM_WAVE_LANES);
	dispatch->next_group = 0;
	memset(dispatch->next, 0, sizeof(dispatch->next));
	dispatch->used = 0;
	dispatch->waiting = 0;
	dispatch->turn = 0;
	memset(dispatch->teams, 0, sizeof(dispatch->teams));
}

static enum vsvm_hw_result kill(struct vsvm_hw_queue *queue, u32 error, u64 addr)
{
	vsvm_hw_queue_kill(queue, error, addr, VSVM_ACCESS_READ, VSVM_HW_WAVE_NONE);
	return VSVM_HW_DEAD;
}

static enum vsvm_hw_result kill_nomem(struct vsvm_hw_queue *queue)
{
	return kill(queue, VSVM_ERROR_NOMEM, queue->stream.addr + queue->pos);
}

static enum vsvm_hw_result read_head(struct vsvm_hw_queue *queue)
{
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	struct vsvm_hw_program *program = &dispatch->program;
	u64 va = queue->packet.dispatch.program;
	enum vsvm_hw_result result;

	result = vsvm_hw_cmd_fetch(queue, va, &dispatch->fetch.head, sizeof(dispatch->fetch.head));
	if (result != VSVM_HW_DONE)
		return result;
	if (!vsvm_hw_program_begin(program, &dispatch->fetch.head,
				   vsvm_hw_features(queue->hw)))
		return kill(queue, VSVM_ERROR_PROGRAM, va);
	dispatch->shared_size = program->shared_size + queue->packet.dispatch.shared_size;
	if (dispatch->shared_size > (program->features & VSVM_FEATURE_SHARED ?
				     VSVM_MAX_SHARED : 0))
		return kill(queue, VSVM_ERROR_COMMAND, queue->stream.addr + queue->pos);

	if (program->num_insns > program->capacity) {
		kvfree(program->insns);
		program->capacity = 0;
		program->known = 0;
		program->insns = kvmalloc_objs(*program->insns, program->num_insns,
					       GFP_KERNEL | __GFP_NOWARN);
		if (!program->insns)
			return kill_nomem(queue);
		program->capacity = program->num_insns;
	}
	return VSVM_HW_DONE;
}

static u64 insn_va(const struct vsvm_hw_queue *queue, u32 index)
{
	return queue->packet.dispatch.program + sizeof(struct vsvm_program) +
	       (u64)index * sizeof(struct vsvm_insn);
}

static enum vsvm_hw_result read_insns(struct vsvm_hw_queue *queue)
{
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	struct vsvm_hw_program *program = &dispatch->program;
	enum vsvm_hw_result result;
	u32 i, count, bad;

	while (program->checked < program->num_insns) {
		if (queue->engine->budget <= 0)
			return VSVM_HW_MORE;
		count = min(program->num_insns - program->checked, VSVM_HW_FETCH_INSNS);
		result = vsvm_hw_cmd_fetch(queue, insn_va(queue, program->checked),
					   dispatch->fetch.insns,
					   count * sizeof(dispatch->fetch.insns[0]));
		if (result != VSVM_HW_DONE)
			return result;
		for (i = 0; i < count; i++) {
			if (!vsvm_hw_program_add(program, &dispatch->fetch.insns[i]))
				return kill(queue, VSVM_ERROR_PROGRAM,
					    insn_va(queue, program->checked));
		}
		queue->engine->budget -= count;
	}
	/* A look at each. */
	queue->engine->budget -= program->num_insns / 64;
	bad = vsvm_hw_program_end(program);
	if (bad < program->num_insns)
		return kill(queue, VSVM_ERROR_PROGRAM, insn_va(queue, bad));
	return VSVM_HW_DONE;
}

/* Decide on the number of slots, and give each its part of the memory. */
static enum vsvm_hw_result make_slots(struct vsvm_hw_queue *queue)
{
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	const struct vsvm_hw_program *program = &dispatch->program;
	size_t frames_size = program->max_depth * sizeof(struct vsvm_hw_frame);
	size_t regs_size = program->num_regs * VSVM_WAVE_LANES * sizeof(u32);
	size_t shared_size = ALIGN(dispatch->shared_size, 8);
	size_t scratch_size, wave_size, total;
	void *memory;
	u32 i;

	/* Aligned, for atomics. */
	dispatch->scratch_stride = ALIGN(program->scratch_size, 8);
	scratch_size = dispatch->scratch_stride * VSVM_WAVE_LANES;
	wave_size = regs_size + frames_size + scratch_size;

	dispatch->slots = clamp(VSVM_HW_WAVE_BYTES /
				(wave_size + shared_size / dispatch->group_waves),
				dispatch->group_waves, VSVM_HW_WAVE_SLOTS);
	if (dispatch->groups * dispatch->group_waves < dispatch->slots)
		dispatch->slots = dispatch->groups * dispatch->group_waves;

	dispatch->num_teams = dispatch->slots / dispatch->group_waves;
	total = dispatch->slots * wave_size + dispatch->num_teams * shared_size;
	if (total > dispatch->memory_size) {
		kvfree(dispatch->memory);
		dispatch->memory_size = 0;
		dispatch->memory = kvmalloc(total, GFP_KERNEL | __GFP_NOWARN);
		if (!dispatch->memory)
			return kill_nomem(queue);
		dispatch->memory_size = total;
	}
	memory = dispatch->memory;
	for (i = 0; i < dispatch->slots; i++, memory += wave_size) {
		dispatch->waves[i].regs = memory;
		dispatch->waves[i].frames = memory + regs_size;
		dispatch->waves[i].scratch = memory + regs_size + frames_size;
	}
	for (i = 0; i < dispatch->num_teams; i++, memory += shared_size)
		dispatch->teams[i].shared = memory;
	return VSVM_HW_DONE;
}

/*
 * A place for one more workgroup, with slots for its waves, or NULL. Workgroups of which most waves
 * have ended leave slots, but keep their places, and their shared memory, until the last one has.
 */
static struct vsvm_hw_team *free_team(struct vsvm_hw_dispatch *dispatch)
{
	u32 i;

	if (hweight64(~dispatch->used & slots_mask(dispatch)) < dispatch->group_waves)
		return NULL;
	for (i = 0; i < dispatch->num_teams; i++)
		if (!dispatch->teams[i].members)
			return &dispatch->teams[i];
	return NULL;
}

static void open_barrier(struct vsvm_hw_dispatch *dispatch, struct vsvm_hw_team *team)
{
	dispatch->waiting &= ~team->arrived;
	team->arrived = 0;
}

/**
 * vsvm_hw_dispatch_arrive() - a wave is at a barrier
 * @queue: queue
 * @wave: wave, which then is beyond it if it does not have to wait
 *
 * Context: the engine's thread.
 * Return: true if the wave may go on, false if it has to wait.
 */
bool vsvm_hw_dispatch_arrive(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave)
{
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	struct vsvm_hw_team *team = wave->team;

	WARN_ON_ONCE(dispatch->waiting & BIT_ULL(wave->slot));
	team->arrived |= BIT_ULL(wave->slot);
	dispatch->waiting |= BIT_ULL(wave->slot);
	if (team->arrived != team->members)
		return false;
	open_barrier(dispatch, team);
	return true;
}

static void end_wave(struct vsvm_hw_dispatch *dispatch, u32 slot)
{
	struct vsvm_hw_team *team = dispatch->waves[slot].team;

	dispatch->used &= ~BIT_ULL(slot);
	team->members &= ~BIT_ULL(slot);
	/* It may be the one that the others wait for. */
	if (team->members && team->arrived == team->members)
		open_barrier(dispatch, team);
}

static void start_group(struct vsvm_hw_queue *queue, struct vsvm_hw_team *team)
{
	const struct vsvm_cmd_dispatch *cmd = &queue->packet.dispatch;
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	u32 items = cmd->local[0] * cmd->local[1] * cmd->local[2];
	size_t scratch_size = dispatch->scratch_stride * VSVM_WAVE_LANES;
	u64 group = dispatch->next_group++;
	struct vsvm_hw_wave *wave;
	u32 i, slot;

	memset(team->shared, 0, dispatch->shared_size);
	queue->engine->budget -= (dispatch->shared_size + dispatch->group_waves * scratch_size) /
				 VSVM_HW_CLEAR_BYTES;

	for (i = 0; i < dispatch->group_waves; i++, items -= VSVM_WAVE_LANES) {
		slot = __ffs64(~dispatch->used & slots_mask(dispatch));
		dispatch->used |= BIT_ULL(slot);
		team->members |= BIT_ULL(slot);
		wave = &dispatch->waves[slot];
		wave->team = team;
		memset(wave->scratch, 0, scratch_size);
		wave->slot = slot;
		wave->number = group * dispatch->group_waves + i;
		wave->index = i;
		memcpy(wave->group, dispatch->next, sizeof(wave->group));
		vsvm_hw_wave_begin(wave, dispatch->program.num_regs,
				   GENMASK(min(items, VSVM_WAVE_LANES) - 1, 0));
		queue->engine->budget -= 1 + dispatch->program.num_regs / 16;
	}

	for (i = 0; i < 2 && dispatch->next[i] == cmd->grid[i] - 1; i++)
		dispatch->next[i] = 0;
	dispatch->next[i]++;
}

static enum vsvm_hw_result run_waves(struct vsvm_hw_queue *queue)
{
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	enum vsvm_hw_result result;
	struct vsvm_hw_team *team;
	bool runs;
	u64 ready;
	u32 slot;

	while (queue->engine->budget > 0) {
		vsvm_hw_fault_poll(queue);
		team = dispatch->next_group < dispatch->groups ? free_team(dispatch) : NULL;
		if (team)
			start_group(queue, team);
		ready = dispatch->used & ~(queue->parked | dispatch->waiting);
		if (!ready) {
			/* All cannot wait for each other: one of them waits for a page. */
			WARN_ON_ONCE(dispatch->used && !queue->parked);
			return dispatch->used ? VSVM_HW_PARKED : VSVM_HW_DONE;
		}

		slot = __ffs64(ready & GENMASK_ULL(63, dispatch->turn) ?: ready);
		/* To start a workgroup may have used up the slice. */
		runs = queue->engine->budget > 0;
		result = vsvm_hw_wave_run(queue, &dispatch->waves[slot]);
		if (runs)
			vsvm_hw_fault_tried(queue, BIT_ULL(slot));
		switch (result) {
		case VSVM_HW_DONE:
			end_wave(dispatch, slot);
			vsvm_hw_count(&queue->engine->stats.waves, 1);
			break;
		case VSVM_HW_PARKED:
		case VSVM_HW_WAITING:
			break;
		case VSVM_HW_MORE:
			dispatch->turn = (slot + 1) % VSVM_HW_WAVE_SLOTS;
			return result;
		case VSVM_HW_DEAD:
			return result;
		}
	}
	return VSVM_HW_MORE;
}

/**
 * vsvm_hw_dispatch_has_waves() - is it waves that run, or are parked?
 * @queue: queue
 *
 * Context: the engine's thread.
 * Return: false if it is the packet reader.
 */
bool vsvm_hw_dispatch_has_waves(const struct vsvm_hw_queue *queue)
{
	return queue->phase == VSVM_HW_PHASE_EXEC &&
	       queue->packet.head.op == VSVM_CMD_DISPATCH &&
	       queue->dispatch.phase == VSVM_HW_DISPATCH_RUN;
}

/**
 * vsvm_hw_dispatch_run() - go on with a dispatch
 * @queue: queue
 *
 * Context: the engine's thread.
 * Return: as vsvm_hw_cmd_run(); %VSVM_HW_DONE when the last wave has ended.
 */
enum vsvm_hw_result vsvm_hw_dispatch_run(struct vsvm_hw_queue *queue)
{
	const struct vsvm_cmd_dispatch *cmd = &queue->packet.dispatch;
	struct vsvm_hw_dispatch *dispatch = &queue->dispatch;
	enum vsvm_hw_result result = VSVM_HW_DONE;

	while (result == VSVM_HW_DONE) {
		switch (dispatch->phase) {
		case VSVM_HW_DISPATCH_ARGS:
			result = vsvm_hw_cmd_fetch(queue, cmd->args, dispatch->args,
						   cmd->args_size);
			if (result == VSVM_HW_DONE)
				dispatch->phase = VSVM_HW_DISPATCH_HEAD;
			break;
		case VSVM_HW_DISPATCH_HEAD:
			result = read_head(queue);
			if (result == VSVM_HW_DONE)
				dispatch->phase = VSVM_HW_DISPATCH_INSNS;
			break;
		case VSVM_HW_DISPATCH_INSNS:
			result = read_insns(queue);
			if (result == VSVM_HW_DONE)
				result = make_slots(queue);
			if (result == VSVM_HW_DONE) {
				/* That was the packet reader. */
				vsvm_hw_fault_tried(queue, ~0ULL);
				dispatch->phase = VSVM_HW_DISPATCH_RUN;
			}
			break;
		case VSVM_HW_DISPATCH_RUN:
			return run_waves(queue);
		}
	}
	return result;
}
