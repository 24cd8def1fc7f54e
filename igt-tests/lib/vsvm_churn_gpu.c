// SPDX-License-Identifier: MIT
/*
 * What the GPU does in vsvm_churn: its programs and queues, and accesses that are waited for, of
 * which the model knows the one outcome.
 */
#include "vsvm_asm.h"
#include "vsvm_churn_gpu.h"

#define PAGE		VSVM_PAGE_SIZE
#define RW		(PROT_READ | PROT_WRITE)

/* Layout of a thread's own memory for the GPU: guard, stream, arguments, fences, scratch, guard */
#define STREAM_PAGES	16
#define ARGS_PAGE	(1 + STREAM_PAGES)
#define FENCE_PAGE	(ARGS_PAGE + 1)
#define SCRATCH_PAGE	(FENCE_PAGE + 1)
#define GPU_PAGES	(SCRATCH_PAGE + CHURN_SCRATCH_PAGES + 1)

/* Programs take base and value as arguments. */
enum { BASE = 0, VALUE = 2, X = 4, PTR = 6, WIDE = 8, MASKED = 10 };

static void asm_begin(struct vsvm_asm *as)
{
	memset(as, 0, sizeof(*as));
	asm_arg(as, VSVM_TYPE_U64, BASE, 0);
	asm_arg(as, VSVM_TYPE_U64, VALUE, 8);
	asm_sreg(as, X, VSVM_SREG_GLOBAL_X);
}

static struct vsvm_program *place(uint8_t **at, struct vsvm_asm *as)
{
	struct vsvm_program *made = asm_finish(as), *program = (struct vsvm_program *)*at;
	size_t size = asm_program_size(made);

	memcpy(program, made, size);
	free(made);
	*at += ALIGN(size, 64);
	return program;
}

void churn_gpu_init(struct churn *c)
{
	struct vsvm_asm as;
	uint8_t *at;

	c->programs = vsvm_reserve(3 * PAGE);
	at = c->programs + PAGE;
	if (mprotect(at, PAGE, RW))
		abort();

	asm_begin(&as);
	asm_index(&as, PTR, BASE, X, CHURN_ADD_STRIDE);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U64, PTR, 0, VALUE, 0);
	c->add = place(&at, &as);

	asm_begin(&as);
	asm_op2_imm(&as, VSVM_OP_AND, VSVM_TYPE_U32, MASKED, X, 7);
	asm_index(&as, PTR, BASE, MASKED, 8);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U64, PTR, 0, VALUE, 0);
	c->count = place(&at, &as);

	asm_begin(&as);
	asm_index(&as, PTR, BASE, X, CHURN_DISPATCH_STRIDE);
	asm_cvt(&as, VSVM_TYPE_U64, WIDE, VSVM_TYPE_U32, X);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U64, WIDE, WIDE, VALUE);
	asm_store(&as, VSVM_TYPE_U64, PTR, 0, WIDE);
	c->store = place(&at, &as);

	asm_begin(&as);
	asm_index(&as, PTR, BASE, X, CHURN_DISPATCH_STRIDE);
	asm_load(&as, VSVM_TYPE_U64, WIDE, PTR, 0);
	asm_index(&as, PTR, VALUE, X, 8);
	asm_store(&as, VSVM_TYPE_U64, PTR, 0, WIDE);
	c->load = place(&at, &as);
}

void churn_gpu_fini(struct churn *c)
{
	munmap(c->programs, 3 * PAGE);
}

static void queue_make(struct churn_thread *t, unsigned int q)
{
	int ret = __vsvm_queue_create(t->churn->config.fd, t->churn->vm, DRM_VSVM_ENGINE_ANY, 0,
				      &t->queues[q]);

	churn_check(t, !ret, "queue: %s", strerror(-ret));
	t->seqno[q] = 0;
	WRITE_ONCE(t->fences[q], 0);
}

void churn_gpu_thread_init(struct churn_thread *t)
{
	t->gpu = vsvm_reserve(GPU_PAGES * PAGE);
	if (mprotect(t->gpu + PAGE, (GPU_PAGES - 2) * PAGE, RW))
		abort();
	vsvm_stream_init_at(&t->stream, t->gpu + PAGE, vsvm_ptr(t->gpu + PAGE),
			    STREAM_PAGES * PAGE);
	t->args = (uint64_t *)(t->gpu + ARGS_PAGE * PAGE);
	t->fences = (uint64_t *)(t->gpu + FENCE_PAGE * PAGE);
	t->scratch = (uint64_t *)(t->gpu + SCRATCH_PAGE * PAGE);
	queue_make(t, 0);
	queue_make(t, 1);
}

void churn_gpu_thread_fini(struct churn_thread *t)
{
	churn_gpu_alive(t, 0);
	churn_gpu_alive(t, 1);
	__vsvm_queue_destroy(t->churn->config.fd, t->queues[0]);
	__vsvm_queue_destroy(t->churn->config.fd, t->queues[1]);
	munmap(t->gpu, GPU_PAGES * PAGE);
}

struct vsvm_stream *churn_stream(struct churn_thread *t)
{
	vsvm_stream_reset(&t->stream);
	return &t->stream;
}

void churn_submit(struct churn_thread *t, unsigned int q)
{
	int ret;

	t->churn->report->gpu[t->id]++;
	do {
		ret = __vsvm_exec1(t->churn->config.fd, t->queues[q],
				   vsvm_stream_addr(&t->stream, 0), t->stream.size,
				   vsvm_ptr(&t->fences[q]), ++t->seqno[q], 0);
	} while (ret == -EINTR);
	churn_check(t, !ret, "exec: %s", strerror(-ret));
}

/* Returns whether the queue lives; else what it died of */
bool churn_finish(struct churn_thread *t, unsigned int q, struct drm_vsvm_queue_query *state)
{
	int ret;

	do {
		ret = __vsvm_wait(t->churn->config.fd, t->queues[q], &t->fences[q], t->seqno[q],
				  2 * VSVM_WAIT_NS);
	} while (ret == -EINTR);
	if (!ret)
		return true;
	__vsvm_queue_query(t->churn->config.fd, t->queues[q], state);
	churn_check(t, ret == -EIO, "the GPU does not end: %s; parked %u", strerror(-ret),
		    state->parked);
	return false;
}

void churn_died(struct churn_thread *t, unsigned int q)
{
	t->churn->report->deaths[t->id]++;
	__vsvm_queue_destroy(t->churn->config.fd, t->queues[q]);
	queue_make(t, q);
	/* and it died alone */
	churn_gpu_alive(t, !q);
}

void churn_gpu_alive(struct churn_thread *t, unsigned int q)
{
	struct drm_vsvm_queue_query state;

	__vsvm_queue_query(t->churn->config.fd, t->queues[q], &state);
	churn_check(t, !state.error, "queue %u was killed by the way: %s at %#llx", t->queues[q],
		    vsvm_error_name(state.error), (long long)state.addr);
}

/*
 * Waits for a stream of which the model says that it dies of @error (0: not at all) by @access of
 * @addr, or, if @error2 is not 0, of that by @access2 of @addr2.
 */
static void expect2(struct churn_thread *t, unsigned int q, uint32_t error, uint32_t access,
		    uint64_t addr, uint32_t error2, uint32_t access2, uint64_t addr2)
{
	struct drm_vsvm_queue_query state;

	if (churn_finish(t, q, &state)) {
		churn_check(t, !error, "the GPU may %s %#llx, expected %s",
			    access == VSVM_ACCESS_READ ? "read" : "write", (long long)addr,
			    vsvm_error_name(error));
		return;
	}
	if ((state.error != error || state.access != access || state.addr != addr) &&
	    (!error2 || state.error != error2 || state.access != access2 || state.addr != addr2))
		churn_crit(t, "queue killed: %s, access %u, at %#llx, expected %s, access %u, at %#llx",
			   vsvm_error_name(state.error), state.access, (long long)state.addr,
			   vsvm_error_name(error), access, (long long)addr);
	churn_died(t, q);
}

void churn_expect(struct churn_thread *t, unsigned int q, uint32_t error, uint32_t access,
		  uint64_t addr)
{
	expect2(t, q, error, access, addr, 0, 0, 0);
}

/* A write that failed at @bad may have made copies of the pages behind it, ahead of need. */
static void settle_ahead(struct churn_thread *t, unsigned int bad, unsigned int end)
{
	for (unsigned int i = bad; i < end; i++)
		if (!churn_error(&t->m, i, true))
			churn_settle(t, i);
}

/*
 * Faults come ahead of need. So when a range has a page of a file twice, once shared and once
 * private, nobody knows whether the copy is made before or after the write to the other. Have it
 * made now.
 */
void churn_settle_twins(struct churn_thread *t, unsigned int a, unsigned int n)
{
	const struct churn_page *p = t->m.pages;

	for (unsigned int i = a; i < a + n; i++) {
		if (p[i].backing != CHURN_PRIVATE || churn_error(&t->m, i, true))
			continue;
		for (unsigned int j = a; j < a + n; j++)
			if (p[j].backing == CHURN_SHARED && p[j].object == p[i].object &&
			    p[j].offset == p[i].offset) {
				churn_settle(t, i);
				break;
			}
	}
}

void churn_gpu_fill(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n,
		    uint64_t value)
{
	unsigned int good = churn_run(&t->m, a, n, true);

	churn_settle_twins(t, a, n);
	vsvm_emit_fill(churn_stream(t), churn_page_ptr(t, a), n * PAGE, value, 8);
	churn_submit(t, q);
	churn_expect(t, q, good < n ? churn_error(&t->m, a + good, true) : 0, VSVM_ACCESS_WRITE,
		     churn_page_ptr(t, a + good));
	for (unsigned int i = a; i < a + good; i++)
		churn_fill(&t->m, i, value);
	settle_ahead(t, a + good, a + n);
}

void churn_gpu_read(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n)
{
	unsigned int good = churn_run(&t->m, a, n, false);
	int word;

	vsvm_emit_copy(churn_stream(t), vsvm_ptr(t->scratch), churn_page_ptr(t, a), n * PAGE);
	churn_submit(t, q);
	churn_expect(t, q, good < n ? churn_error(&t->m, a + good, false) : 0, VSVM_ACCESS_READ,
		     churn_page_ptr(t, a + good));
	for (unsigned int i = 0; i < good; i++) {
		word = churn_match(&t->m, churn_slot(&t->m, a + i), t->scratch + i * CHURN_WORDS);
		if (word >= 0)
			churn_wrong(t, "GPU", a + i, word, t->scratch[i * CHURN_WORDS + word]);
	}
}

/* From scratch memory, beginning and ending in the midst of a page */
void churn_gpu_write(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n)
{
	const unsigned int first = t->op.bits >> 32 & 255, last = CHURN_WORDS - first / 2;
	unsigned int good = churn_run(&t->m, a, n, true);
	struct vsvm_rng rng = { t->op.value };
	uint64_t bad = churn_page_ptr(t, a + good);

	churn_settle_twins(t, a, n);
	vsvm_rand_fill(&rng, t->scratch, n * PAGE);
	vsvm_emit_copy(churn_stream(t), churn_page_ptr(t, a) + 8 * first,
		       vsvm_ptr(t->scratch + first), 8 * ((n - 1) * CHURN_WORDS + last - first));
	churn_submit(t, q);
	churn_expect(t, q, good < n ? churn_error(&t->m, a + good, true) : 0, VSVM_ACCESS_WRITE,
		     good ? bad : bad + 8 * first);
	for (unsigned int i = 0; i < good; i++) {
		unsigned int from = i ? 0 : first, to = i == n - 1 ? last : CHURN_WORDS;

		churn_write(&t->m, a + i, from, to - from, t->scratch + i * CHURN_WORDS + from);
	}
	settle_ahead(t, a + good, a + n);
}

void churn_gpu_copy(struct churn_thread *t, unsigned int q, unsigned int from, unsigned int to,
		    unsigned int n)
{
	unsigned int src_good = churn_run(&t->m, from, n, false);
	unsigned int dst_good = churn_run(&t->m, to, n, true);
	unsigned int good = src_good < dst_good ? src_good : dst_good;
	uint32_t src_error = 0, dst_error = 0;
	uint64_t words[CHURN_WORDS];

	churn_settle_twins(t, to, n);
	if (good < n) {
		src_error = churn_error(&t->m, from + good, false);
		dst_error = churn_error(&t->m, to + good, true);
	}
	vsvm_emit_copy(churn_stream(t), churn_page_ptr(t, to), churn_page_ptr(t, from), n * PAGE);
	churn_submit(t, q);
	if (src_error)
		expect2(t, q, src_error, VSVM_ACCESS_READ, churn_page_ptr(t, from + good),
			dst_error, VSVM_ACCESS_WRITE, churn_page_ptr(t, to + good));
	else
		churn_expect(t, q, dst_error, VSVM_ACCESS_WRITE, churn_page_ptr(t, to + good));
	for (unsigned int i = 0; i < good; i++) {
		struct churn_slot *src = churn_slot(&t->m, from + i), *dst;
		uint8_t lazy = src->lazy;

		if (t->m.pages[to + i].backing != CHURN_PRIVATE && src == churn_slot(&t->m, to + i))
			continue;
		if (src->w)
			memcpy(words, src->w, sizeof(words));
		else
			memset(words, 0, sizeof(words));
		churn_write(&t->m, to + i, 0, CHURN_WORDS, words);
		dst = churn_slot(&t->m, to + i);
		if (!lazy)
			continue;
		/* Whichever of the two it has read. */
		churn_look(t, to + i, words);
		if (churn_peek(src, words) >= 0)
			churn_wrong(t, "CPU after a copy", to + i, churn_peek(src, words),
				    words[churn_peek(src, words)]);
		churn_adopt(&t->m, dst, words);
	}
	settle_ahead(t, to + good, to + n);
}

/* Packets, one after the other: what they find, and what they leave */
void churn_gpu_atomic(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n)
{
	static const uint32_t kinds[] = { VSVM_ATOMIC_ADD, VSVM_ATOMIC_XOR, VSVM_ATOMIC_XCHG };
	const unsigned int word = t->op.bits >> 32 & (CHURN_WORDS - 1);
	const uint32_t kind = kinds[(t->op.bits >> 44) % ARRAY_SIZE(kinds)];
	unsigned int good = churn_run(&t->m, a, n, true);

	churn_settle_twins(t, a, n);
	if (n > 64)
		n = 64;
	if (good > n)
		good = n;
	churn_stream(t);
	for (unsigned int i = 0; i < n; i++) {
		t->scratch[i] = CHURN_POISON;
		vsvm_emit_atomic(&t->stream, kind, 8, churn_page_ptr(t, a + i) + 8 * word,
				 t->op.value, 0, vsvm_ptr(&t->scratch[i]));
		vsvm_emit_barrier(&t->stream);
	}
	churn_submit(t, q);
	churn_expect(t, q, good < n ? churn_error(&t->m, a + good, true) : 0, VSVM_ACCESS_ATOMIC,
		     churn_page_ptr(t, a + good) + 8 * word);
	for (unsigned int i = 0; i < good; i++) {
		struct churn_slot *slot = churn_slot(&t->m, a + i);
		uint64_t got = t->scratch[i], now;

		if (got != churn_word(slot->w, word) &&
		    (!slot->lazy || got != churn_word(slot->alt, word)))
			churn_wrong(t, "GPU's atomic", a + i, word, got);
		now = kind == VSVM_ATOMIC_ADD ? got + t->op.value :
		      kind == VSVM_ATOMIC_XOR ? got ^ t->op.value : t->op.value;
		churn_write(&t->m, a + i, word, 1, &now);
	}
}

static void dispatch(struct churn_thread *t, const struct vsvm_program *program, uint64_t base,
		     uint64_t value, unsigned int items)
{
	const unsigned int local = items < 256 ? items : 256;

	t->args[0] = base;
	t->args[1] = value;
	vsvm_emit_dispatch(churn_stream(t), program, t->args, 16, items / local, local);
}

/* A few words of each page, by lanes; all of it is accessible, or the first page is all there is */
void churn_gpu_dispatch(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n)
{
	const unsigned int words = PAGE / CHURN_DISPATCH_STRIDE;
	const bool write = t->op.bits >> 32 & 1;
	unsigned int good = churn_run(&t->m, a, n, write);
	struct drm_vsvm_queue_query state;

	if (write)
		churn_settle_twins(t, a, n);
	if (good) {
		/* whole workgroups */
		while (good & (good - 1))
			good &= good - 1;
	}
	dispatch(t, write ? t->churn->store : t->churn->load, churn_page_ptr(t, a),
		 write ? t->op.value : vsvm_ptr(t->scratch), (good ? good : 1) * words);
	churn_submit(t, q);
	if (!good) {
		uint32_t error = churn_error(&t->m, a, write);

		churn_check(t, !churn_finish(t, q, &state), "the GPU may %s %#llx, expected %s",
			    write ? "write" : "read", (long long)churn_page_ptr(t, a),
			    vsvm_error_name(error));
		churn_check(t, state.error == error && state.access == write &&
			    state.addr - churn_page_ptr(t, a) < PAGE &&
			    !(state.addr % CHURN_DISPATCH_STRIDE),
			    "queue killed: %s, access %u, at %#llx, expected %s, access %u, in %#llx",
			    vsvm_error_name(state.error), state.access, (long long)state.addr,
			    vsvm_error_name(error), write, (long long)churn_page_ptr(t, a));
		churn_died(t, q);
		return;
	}
	churn_expect(t, q, 0, write, churn_page_ptr(t, a));
	for (unsigned int i = 0; i < good * words; i++) {
		struct churn_slot *slot = churn_slot(&t->m, a + i / words);
		unsigned int word = i % words * (CHURN_DISPATCH_STRIDE / 8);
		uint64_t value = t->op.value + i;

		if (write)
			churn_write(&t->m, a + i / words, word, 1, &value);
		else if (t->scratch[i] != churn_word(slot->w, word) &&
			 (!slot->lazy || t->scratch[i] != churn_word(slot->alt, word)))
			churn_wrong(t, "GPU's load", a + i / words, word, t->scratch[i]);
	}
}

/* Words that everybody counts in: a sum for all, see check_counters() */
void churn_gpu_count(struct churn_thread *t, unsigned int q)
{
	struct churn *c = t->churn;
	const unsigned int group = (t->op.bits >> 32) % (CHURN_COUNTERS / 8) * 8;
	const unsigned int items = 256;

	dispatch(t, c->count, vsvm_ptr(c->counters + group), t->op.value, items);
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int word = (t->op.value >> i) % CHURN_COUNTERS;

		vsvm_emit_atomic(&t->stream, VSVM_ATOMIC_ADD, 8, vsvm_ptr(c->counters + word),
				 i + 1, 0, 0);
		t->counted[word] += i + 1;
	}
	churn_submit(t, q);
	for (unsigned int i = 0; i < 64; i++) {
		unsigned int word = (t->op.value + i) % CHURN_COUNTERS;

		__atomic_fetch_add(&c->counters[word], 1, __ATOMIC_RELAXED);
		t->counted[word]++;
	}
	for (unsigned int i = 0; i < 8; i++)
		t->counted[group + i] += items / 8 * t->op.value;
	churn_expect(t, q, 0, 0, 0);
}
