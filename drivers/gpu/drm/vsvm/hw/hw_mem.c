// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Memory instructions
 *
 * A load, store or atomic of a wave is done in one section for all the lanes that it is still to be
 * done for. Lanes that translate are complete; the others stay in &vsvm_hw_wave.pending with their
 * pages noted, and after a replay the instruction goes on for them alone. So no atomic is applied
 * twice and no store is repeated. Neighbouring lanes that touch one page share its translation.
 *
 * Where all lanes are to do it, one address is as far from the next as any, and all are in one
 * page, they are looked at once, and what is left is a loop over the values.
 *
 * A naturally aligned access is a single access of the CPU, so it does not tear. An unaligned one
 * may, and may cross a page; then both pages are translated before a byte is moved.
 *
 * Locking: the engine's thread; memory is touched in sections only, see hw_mmu.c.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "hw_internal.h"

/**
 * struct outcome - how the lanes of an instruction fared
 */
struct outcome {
	/** @error: &enum vsvm_error if one had an address that no page could mend */
	u32 error;
	/** @addr: that address */
	u64 addr;
};

/* No page has this address. */
#define NO_PAGE		1ULL

/**
 * struct window - the page that a wave's lanes are touching, while in a section
 */
struct window {
	/** @va: address of the page */
	u64 va;
	/** @ptr: where it is */
	void *ptr;
	/** @missed: page that the last lane missed */
	u64 missed;
};

static u32 *row(const struct vsvm_hw_wave *wave, u8 reg)
{
	return wave->regs + reg * VSVM_WAVE_LANES;
}

static u64 pair(const u32 *row, unsigned int lane)
{
	return row[lane] | (u64)row[VSVM_WAVE_LANES + lane] << 32;
}

/* By integers: a section of the MMU is no place for one of the FPU. */
static u64 atomic_float(u8 type, u32 op, u64 old, u64 operand)
{
	const u64 one = type == VSVM_TYPE_F32 ? 0x3f800000 : 0x3ff0000000000000;

	if (op == VSVM_ATOMIC_FADD)
		return vsvm_hw_soft_fma(type, old, one, operand);
	return vsvm_hw_soft_min(type, old, operand, op == VSVM_ATOMIC_FMAX);
}

static u32 atomic_word(u32 *ptr, u32 op, u32 operand, u32 compare)
{
	u32 old, new;

	switch (op) {
	case VSVM_ATOMIC_ADD:
		return atomic_fetch_add(operand, (atomic_t *)ptr);
	case VSVM_ATOMIC_AND:
		return atomic_fetch_and(operand, (atomic_t *)ptr);
	case VSVM_ATOMIC_OR:
		return atomic_fetch_or(operand, (atomic_t *)ptr);
	case VSVM_ATOMIC_XOR:
		return atomic_fetch_xor(operand, (atomic_t *)ptr);
	case VSVM_ATOMIC_XCHG:
		return xchg(ptr, operand);
	case VSVM_ATOMIC_CMPXCHG:
		/* One that fails need not order, says the kernel; here it does. */
		smp_mb__before_atomic();
		old = cmpxchg(ptr, compare, operand);
		/* As above. */
		smp_mb__after_atomic();
		return old;
	}

	old = READ_ONCE(*ptr);
	do {
		switch (op) {
		case VSVM_ATOMIC_UMIN:
			new = min(old, operand);
			break;
		case VSVM_ATOMIC_UMAX:
			new = max(old, operand);
			break;
		case VSVM_ATOMIC_SMIN:
			new = min((s32)old, (s32)operand);
			break;
		case VSVM_ATOMIC_SMAX:
			new = max((s32)old, (s32)operand);
			break;
		default:
			new = atomic_float(VSVM_TYPE_F32, op, old, operand);
			break;
		}
	} while (!try_cmpxchg(ptr, &old, new));
	return old;
}

static u64 atomic_double(u64 *ptr, u32 op, u64 operand, u64 compare)
{
	u64 old, new;

	switch (op) {
	case VSVM_ATOMIC_ADD:
		return atomic64_fetch_add(operand, (atomic64_t *)ptr);
	case VSVM_ATOMIC_AND:
		return atomic64_fetch_and(operand, (atomic64_t *)ptr);
	case VSVM_ATOMIC_OR:
		return atomic64_fetch_or(operand, (atomic64_t *)ptr);
	case VSVM_ATOMIC_XOR:
		return atomic64_fetch_xor(operand, (atomic64_t *)ptr);
	case VSVM_ATOMIC_XCHG:
		return xchg(ptr, operand);
	case VSVM_ATOMIC_CMPXCHG:
		/* One that fails need not order, says the kernel; here it does. */
		smp_mb__before_atomic();
		old = cmpxchg(ptr, compare, operand);
		/* As above. */
		smp_mb__after_atomic();
		return old;
	}

	old = READ_ONCE(*ptr);
	do {
		switch (op) {
		case VSVM_ATOMIC_UMIN:
			new = min(old, operand);
			break;
		case VSVM_ATOMIC_UMAX:
			new = max(old, operand);
			break;
		case VSVM_ATOMIC_SMIN:
			new = min((s64)old, (s64)operand);
			break;
		case VSVM_ATOMIC_SMAX:
			new = max((s64)old, (s64)operand);
			break;
		default:
			new = atomic_float(VSVM_TYPE_F64, op, old, operand);
			break;
		}
	} while (!try_cmpxchg(ptr, &old, new));
	return old;
}

/**
 * vsvm_hw_mem_atomic() - do an atomic operation
 * @ptr: memory, translated for %VSVM_ACCESS_ATOMIC in this section; multiple of @width
 * @op: &enum vsvm_atomic_op; those on floating point are of as many bits as there are
 * @width: 4 or 8 bytes
 * @operand: right-hand side
 * @compare: comparand
 *
 * Return: what the memory held.
 */
u64 vsvm_hw_mem_atomic(void *ptr, u32 op, u32 width, u64 operand, u64 compare)
{
	if (width == 4)
		return atomic_word(ptr, op, operand, compare);
	return atomic_double(ptr, op, operand, compare);
}

static __always_inline u64 read_value(const void *ptr, u32 size)
{
	u64 value = 0;

	if ((unsigned long)ptr % size) {
		memcpy(&value, ptr, size);
		return value;
	}
	switch (size) {
	case 1:
		return READ_ONCE(*(const u8 *)ptr);
	case 2:
		return READ_ONCE(*(const u16 *)ptr);
	case 4:
		return READ_ONCE(*(const u32 *)ptr);
	default:
		return READ_ONCE(*(const u64 *)ptr);
	}
}

static __always_inline void write_value(void *ptr, u32 size, u64 value)
{
	if ((unsigned long)ptr % size) {
		memcpy(ptr, &value, size);
		return;
	}
	switch (size) {
	case 1:
		WRITE_ONCE(*(u8 *)ptr, value);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)ptr, value);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)ptr, value);
		break;
	default:
		WRITE_ONCE(*(u64 *)ptr, value);
		break;
	}
}

/* Move the window to the page of @va. Notes a miss, but of one page only once. */
static u32 open_window(struct vsvm_hw_queue *queue, struct window *window, u64 va,
		       enum vsvm_access access)
{
	u64 page = va & VSVM_HW_PAGE_MASK;
	u32 error;

	if (window->missed == page)
		return VSVM_HW_MISS;
	error = vsvm_hw_mmu_translate(queue->engine, queue->as, page, access, &window->ptr);
	if (!error) {
		window->va = page;
	} else if (error == VSVM_HW_MISS) {
		window->missed = page;
		vsvm_hw_fault_note(queue->engine, va, access, false);
	}
	return error;
}

/* Move a value that lies in two pages: both, or nothing. */
static u32 move_split(struct vsvm_hw_queue *queue, u64 va, u32 size, enum vsvm_access access,
		      u64 *value, u64 *bad)
{
	u32 head = VSVM_HW_PAGE_SIZE - (va & ~VSVM_HW_PAGE_MASK);
	struct window first = { .missed = NO_PAGE };
	struct window second = { .missed = NO_PAGE };
	u32 error, second_error;
	void *low;

	error = open_window(queue, &first, va, access);
	if (error && error != VSVM_HW_MISS)
		return error;
	*bad = va + head;
	second_error = open_window(queue, &second, va + head, access);
	if (second_error && second_error != VSVM_HW_MISS)
		return second_error;
	if (error || second_error)
		return VSVM_HW_MISS;

	low = first.ptr + (va - first.va);
	if (access == VSVM_ACCESS_READ) {
		*value = 0;
		memcpy(value, low, head);
		memcpy((u8 *)value + head, second.ptr, size - head);
	} else {
		memcpy(low, value, head);
		memcpy(second.ptr, (u8 *)value + head, size - head);
	}
	return 0;
}

/*
 * Are the addresses of all lanes in one page, aligned, and each *@step beyond the one before? *@va
 * becomes the first one.
 */
static __always_inline bool is_regular(const u32 *a, u64 offset, const u32 size, u64 *va,
				       u32 *step)
{
	const u64 *low = (const u64 *)a, *high = (const u64 *)(a + VSVM_WAVE_LANES);
	const u64 both = BIT_ULL(32) + 1;
	u64 want, diff = 0;
	unsigned int i;
	u32 last;

	*step = a[1] - a[0];
	*va = pair(a, 0) + offset;
	if (*step > VSVM_HW_PAGE_SIZE / (VSVM_WAVE_LANES - 1) || (*va | *step) % size ||
	    (*va & ~VSVM_HW_PAGE_MASK) + *step * (VSVM_WAVE_LANES - 1) + size > VSVM_HW_PAGE_SIZE ||
	    check_add_overflow(a[0], *step * (VSVM_WAVE_LANES - 1), &last))
		return false;
	/* Two lanes at a time: as the last one does not, none carries into its neighbour. */
	want = a[0] * both + ((u64)*step << 32);
	for (i = 0; i < VSVM_WAVE_LANES / 2; i++, want += 2 * *step * both)
		diff |= (low[i] ^ want) | (high[i] ^ high[0]);
	return !diff && (u32)high[0] == high[0] >> 32;
}

/* All lanes load from or store to @ptr, each @step bytes further on, aligned. */
static __always_inline void move_regular(void *ptr, u32 step, enum vsvm_access access,
					 const u32 size, u32 *dst, const u32 *b)
{
	const u32 words = size == 4 ? VSVM_WAVE_LANES / 2 : 0;
	unsigned int lane;
	u64 value;

	if (words && step == size && IS_ALIGNED((unsigned long)ptr, sizeof(u64))) {
		/* Nor does half of a larger access tear. */
		for (lane = 0; lane < words; lane++) {
			if (access == VSVM_ACCESS_READ)
				((u64 *)dst)[lane] = READ_ONCE(((u64 *)ptr)[lane]);
			else
				WRITE_ONCE(((u64 *)ptr)[lane], ((const u64 *)b)[lane]);
		}
		return;
	}
	for (lane = 0; lane < VSVM_WAVE_LANES; lane++, ptr += step) {
		if (access == VSVM_ACCESS_WRITE) {
			write_value(ptr, size, size == 8 ? pair(b, lane) : b[lane]);
			continue;
		}
		value = read_value(ptr, size);
		dst[lane] = value;
		if (size == 8)
			dst[VSVM_WAVE_LANES + lane] = value >> 32;
	}
}

/*
 * Load or store for all lanes at once, if their addresses allow it. If the page of the first one
 * misses, or it has none, that is noted in *@missed, and run_lanes() finds it again. Inlined with
 * constants for @access and @size.
 */
static __always_inline bool run_regular(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,
					const struct vsvm_hw_insn *insn, enum vsvm_access access,
					const u32 size, u64 *missed)
{
	struct window window = { .missed = NO_PAGE };
	u32 step, error;
	u64 va;

	*missed = NO_PAGE;
	if (access == VSVM_ACCESS_ATOMIC || wave->pending != VSVM_HW_ALL_LANES ||
	    !is_regular(row(wave, insn->a), (s32)(u32)insn->imm, size, &va, &step))
		return false;
	error = open_window(queue, &window, va, access);
	*missed = window.missed;
	if (error)
		return false;
	move_regular(window.ptr + (va - window.va), step, access, size, row(wave, insn->dst),
		     row(wave, insn->b));
	wave->pending = 0;
	return true;
}

/*
 * Load, store, or do an atomic for the lanes of wave->pending, until one has an address that no
 * page could mend. @missed_page is one that has been asked for already. Inlined with constants for
 * @access and @size.
 */
static __always_inline void run_lanes(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,
				      const struct vsvm_hw_insn *insn, enum vsvm_access access,
				      const u32 size, u64 missed_page, struct outcome *outcome)
{
	const u64 offset = (s32)(u32)insn->imm;
	const u32 op = insn->imm >> 32 & 0xff;
	const bool wants_result = access == VSVM_ACCESS_READ ||
				  (access == VSVM_ACCESS_ATOMIC &&
				   !(insn->flags & VSVM_INSN_NORET));
	struct window window = { .missed = missed_page };
	u32 *dst = row(wave, insn->dst);
	const u32 *a = row(wave, insn->a);
	const u32 *b = row(wave, insn->b);
	const u32 *c = row(wave, insn->c);
	/* What the window shows: an access may start in the first @span bytes of @page. */
	u64 page = 0, span = 0;
	u64 va, value, compare;
	unsigned int lane;
	u32 missed = 0;
	u32 todo, error;
	void *ptr;

	for (todo = wave->pending; todo; todo &= todo - 1) {
		lane = __ffs(todo);
		va = pair(a, lane) + offset;
		if (access != VSVM_ACCESS_READ)
			value = size == 8 ? pair(b, lane) : b[lane];

		if (unlikely(va - page >= span)) {
			outcome->addr = va;
			if (access == VSVM_ACCESS_ATOMIC && va % size) {
				outcome->error = VSVM_ERROR_MISALIGNED;
				return;
			}
			if ((va & ~VSVM_HW_PAGE_MASK) > VSVM_HW_PAGE_SIZE - size) {
				error = move_split(queue, va, size, access, &value,
						   &outcome->addr);
				if (!error)
					goto moved;
			} else {
				error = open_window(queue, &window, va, access);
			}
			if (error == VSVM_HW_MISS) {
				missed |= 1U << lane;
				continue;
			}
			if (error) {
				outcome->error = error;
				return;
			}
			page = window.va;
			span = VSVM_HW_PAGE_SIZE - size + 1;
		}

		ptr = window.ptr + (va - page);
		switch (access) {
		case VSVM_ACCESS_READ:
			value = read_value(ptr, size);
			break;
		case VSVM_ACCESS_WRITE:
			write_value(ptr, size, value);
			break;
		default:
			if (va % size) {
				outcome->addr = va;
				outcome->error = VSVM_ERROR_MISALIGNED;
				return;
			}
			compare = 0;
			if (op == VSVM_ATOMIC_CMPXCHG)
				compare = size == 8 ? pair(c, lane) : c[lane];
			value = vsvm_hw_mem_atomic(ptr, op, size, value, compare);
			break;
		}
moved:
		if (wants_result) {
			dst[lane] = value;
			if (size == 8)
				dst[VSVM_WAVE_LANES + lane] = value >> 32;
		}
	}
	wave->pending = missed;
}

/* Two functions for each, as one alone has fewer registers for its loop. */
#define EACH(name, access, size)								\
static noinline void name(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,		\
			  const struct vsvm_hw_insn *insn, u64 missed, struct outcome *outcome)	\
{												\
	run_lanes(queue, wave, insn, access, size, missed, outcome);				\
}

#define LANES(name, each, access, size)								\
static void name(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,			\
		 const struct vsvm_hw_insn *insn, struct outcome *outcome)			\
{												\
	u64 missed;										\
												\
	if (!run_regular(queue, wave, insn, access, size, &missed))				\
		each(queue, wave, insn, missed, outcome);					\
}

EACH(load_each_1, VSVM_ACCESS_READ, 1)
EACH(load_each_2, VSVM_ACCESS_READ, 2)
EACH(load_each_4, VSVM_ACCESS_READ, 4)
EACH(load_each_8, VSVM_ACCESS_READ, 8)
EACH(store_each_1, VSVM_ACCESS_WRITE, 1)
EACH(store_each_2, VSVM_ACCESS_WRITE, 2)
EACH(store_each_4, VSVM_ACCESS_WRITE, 4)
EACH(store_each_8, VSVM_ACCESS_WRITE, 8)
EACH(atomic_each_4, VSVM_ACCESS_ATOMIC, 4)
EACH(atomic_each_8, VSVM_ACCESS_ATOMIC, 8)

LANES(load_1, load_each_1, VSVM_ACCESS_READ, 1)
LANES(load_2, load_each_2, VSVM_ACCESS_READ, 2)
LANES(load_4, load_each_4, VSVM_ACCESS_READ, 4)
LANES(load_8, load_each_8, VSVM_ACCESS_READ, 8)
LANES(store_1, store_each_1, VSVM_ACCESS_WRITE, 1)
LANES(store_2, store_each_2, VSVM_ACCESS_WRITE, 2)
LANES(store_4, store_each_4, VSVM_ACCESS_WRITE, 4)
LANES(store_8, store_each_8, VSVM_ACCESS_WRITE, 8)
LANES(atomic_4, atomic_each_4, VSVM_ACCESS_ATOMIC, 4)
LANES(atomic_8, atomic_each_8, VSVM_ACCESS_ATOMIC, 8)

/**
 * struct kind - what LD, ST or ATOM are
 */
struct kind {
	/** @access: how they fault */
	enum vsvm_access access;
	/** @lanes: what does it, for sizes of 1, 2, 4, 8 bytes */
	void (*lanes[4])(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,
			 const struct vsvm_hw_insn *insn, struct outcome *outcome);
};

static const struct kind kinds[] = {
	[VSVM_OP_LD - VSVM_OP_LD] = { VSVM_ACCESS_READ, { load_1, load_2, load_4, load_8 } },
	[VSVM_OP_ST - VSVM_OP_LD] = { VSVM_ACCESS_WRITE, { store_1, store_2, store_4, store_8 } },
	[VSVM_OP_ATOM - VSVM_OP_LD] = { VSVM_ACCESS_ATOMIC, { NULL, NULL, atomic_4, atomic_8 } },
};

/* The arguments are in the dispatch; all lanes that are on get the same. */
static enum vsvm_hw_result load_argument(struct vsvm_hw_queue *queue,
					 const struct vsvm_hw_wave *wave,
					 const struct vsvm_hw_insn *insn)
{
	const struct vsvm_cmd_dispatch *cmd = &queue->packet.dispatch;
	const u32 size = vsvm_hw_type_size(insn->type);
	u32 *dst = row(wave, insn->dst);
	u32 offset = insn->imm;
	u64 value = 0;

	if (offset > cmd->args_size || size > cmd->args_size - offset) {
		vsvm_hw_queue_kill(queue, VSVM_ERROR_ARGS,
				   cmd->program + sizeof(struct vsvm_program) +
				   (u64)wave->pc * sizeof(struct vsvm_insn),
				   VSVM_ACCESS_READ, wave->number);
		return VSVM_HW_DEAD;
	}
	memcpy(&value, queue->dispatch.args + offset, size);
	vsvm_hw_fill(dst, wave->on, value);
	if (size == 8)
		vsvm_hw_fill(dst + VSVM_WAVE_LANES, wave->on, value >> 32);
	return VSVM_HW_DONE;
}

static void prefetch_lanes(struct vsvm_hw_queue *queue, const struct vsvm_hw_wave *wave,
			   const struct vsvm_hw_insn *insn)
{
	const u64 offset = (s32)(u32)insn->imm;
	const u32 *a = row(wave, insn->a);
	u64 last = NO_PAGE;
	u64 va;
	u32 on;

	vsvm_hw_mmu_begin(queue->engine);
	for (on = wave->on; on; on &= on - 1) {
		va = pair(a, __ffs(on)) + offset;
		if ((va & VSVM_HW_PAGE_MASK) == last)
			continue;
		last = va & VSVM_HW_PAGE_MASK;
		if (vsvm_hw_mmu_probe(queue->engine, queue->as, va, VSVM_ACCESS_READ) ==
		    VSVM_HW_MISS)
			vsvm_hw_fault_note(queue->engine, va, VSVM_ACCESS_PREFETCH, false);
	}
	vsvm_hw_mmu_end(queue->engine);
	vsvm_hw_fault_prefetch(queue, wave->number);
}

/**
 * vsvm_hw_mem_insn() - execute LD, ST, ATOM or PREFETCH
 * @queue: queue
 * @wave: wave; its pending lanes if the instruction has been begun, all that are on otherwise
 * @insn: instruction
 *
 * Context: the engine's thread.
 * Return: %VSVM_HW_DONE, %VSVM_HW_PARKED or %VSVM_HW_DEAD.
 */
enum vsvm_hw_result vsvm_hw_mem_insn(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,
				     const struct vsvm_hw_insn *insn)
{
	struct outcome outcome = {};
	const struct kind *kind;

	if (insn->op == VSVM_OP_PREFETCH) {
		prefetch_lanes(queue, wave, insn);
		return VSVM_HW_DONE;
	}
	switch (insn->mod) {
	case VSVM_SPACE_ARG:
		return load_argument(queue, wave, insn);
	case VSVM_SPACE_SHARED:
	case VSVM_SPACE_SCRATCH:
		return vsvm_hw_local_insn(queue, wave, insn, wave->on);
	}

	kind = &kinds[insn->op - VSVM_OP_LD];
	if (!wave->pending) {
		wave->pending = wave->on;
		if (insn->mod == VSVM_SPACE_GENERIC) {
			u32 local = vsvm_hw_local_generic(wave, insn);

			/* First those that do not fault, once; the others as for GLOBAL. */
			if (local && vsvm_hw_local_insn(queue, wave, insn, local) != VSVM_HW_DONE)
				return VSVM_HW_DEAD;
			wave->pending &= ~local;
			if (!wave->pending)
				return VSVM_HW_DONE;
		}
	}
	vsvm_hw_hold(queue->as, VSVM_HW_HOLD_TRANSLATE, 0, U64_MAX);
	vsvm_hw_mmu_begin(queue->engine);
	kind->lanes[insn->type & 3](queue, wave, insn, &outcome);
	vsvm_hw_mmu_end(queue->engine);
	if (outcome.error) {
		vsvm_hw_queue_kill(queue, outcome.error, outcome.addr, kind->access,
				   wave->number);
		return VSVM_HW_DEAD;
	}
	if (wave->pending) {
		vsvm_hw_fault_park(queue, BIT_ULL(wave->slot), wave->number);
		return VSVM_HW_PARKED;
	}
	return VSVM_HW_DONE;
}
