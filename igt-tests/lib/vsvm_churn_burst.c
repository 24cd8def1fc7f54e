// SPDX-License-Identifier: MIT
/*
 * Bursts of vsvm_churn: several passes of the GPU over pages that the process changes meanwhile,
 * and which outcomes are possible then.
 */
#include "vsvm_churn_gpu.h"

#define PAGE		VSVM_PAGE_SIZE

static bool burst_writes(const struct churn_thread *t)
{
	return t->burst.kind != CHURN_BURST_READ;
}

bool churn_burst_allows(const struct churn_thread *t, unsigned int word, uint64_t was,
			uint64_t got)
{
	if (t->burst.kind == CHURN_BURST_FILL)
		return got - t->burst.value < t->burst.passes;
	if (t->burst.kind == CHURN_BURST_ADD && !(word % (CHURN_ADD_STRIDE / 8)))
		return got - was <= t->burst.passes * t->burst.n;
	return false;
}

/* What a page may be seen to hold from now on */
static void add_view(struct churn_thread *t, unsigned int i, const uint64_t *words)
{
	uint64_t *view;

	if (t->burst.num_views[i] >= CHURN_BURST_VIEWS) {
		/* too many to know */
		t->burst.num_views[i] = CHURN_BURST_VIEWS + 1;
		return;
	}
	view = malloc(PAGE);
	if (words)
		memcpy(view, words, PAGE);
	else
		memset(view, 0, PAGE);
	t->burst.views[i][t->burst.num_views[i]++] = view;
}

/* The model has changed, or the burst begins: what the GPU may meet from now on */
void churn_burst_step(struct churn_thread *t)
{
	for (unsigned int i = 0; t->burst.kind && i < t->burst.n; i++) {
		uint32_t error = churn_error(&t->m, t->burst.a + i, burst_writes(t));
		struct churn_page *p = &t->m.pages[t->burst.a + i];
		struct churn_slot *slot;

		if (error) {
			t->burst.errors[i] |= 1ull << error;
			continue;
		}
		t->burst.good[i] = true;
		if (burst_writes(t)) {
			churn_taint(&t->m, t->burst.a + i);
			continue;
		}
		slot = churn_slot(&t->m, t->burst.a + i);
		if (t->burst.num_views[i] && t->burst.slots[i] == slot &&
		    t->burst.slot_gens[i] == slot->gen && t->burst.page_gens[i] == p->gen)
			continue;
		t->burst.slots[i] = slot;
		t->burst.slot_gens[i] = slot->gen;
		t->burst.page_gens[i] = p->gen;
		add_view(t, i, slot->w);
		if (slot->lazy)
			add_view(t, i, slot->alt);
	}
}

void churn_burst_begin(struct churn_thread *t, unsigned int kind, unsigned int a, unsigned int n)
{
	const unsigned int q = t->op.bits >> 8 & 1;

	churn_settle_twins(t, a, n);
	memset(&t->burst, 0, sizeof(t->burst));
	t->burst.kind = kind;
	t->burst.queue = q;
	t->burst.a = a;
	t->burst.n = n;
	t->burst.value = t->op.value | 1ull << 63;
	t->burst.passes = kind == CHURN_BURST_READ ? 1 + (t->op.bits >> 9) % 4 :
						     1 + (t->op.bits >> 9) % 24;
	churn_burst_step(t);
	churn_stream(t);
	t->fences[2] = 0;
	t->args[0] = churn_page_ptr(t, a);
	t->args[1] = 1;
	if (kind == CHURN_BURST_READ)
		for (uint64_t i = 0; i < t->burst.passes * n * CHURN_WORDS; i++)
			t->scratch[i] = CHURN_POISON;
	for (unsigned int pass = 0; pass < t->burst.passes; pass++) {
		if (kind == CHURN_BURST_FILL)
			vsvm_emit_fill(&t->stream, churn_page_ptr(t, a), n * PAGE,
				       t->burst.value + pass, 8);
		else if (kind == CHURN_BURST_ADD)
			vsvm_emit_dispatch(&t->stream, t->churn->add, t->args, 16, n,
					   PAGE / CHURN_ADD_STRIDE);
		else
			vsvm_emit_copy(&t->stream,
				       vsvm_ptr(t->scratch + pass * n * CHURN_WORDS),
				       churn_page_ptr(t, a), n * PAGE);
		vsvm_emit_fence(&t->stream, vsvm_ptr(&t->fences[2]), pass + 1);
	}
	for (unsigned int i = 0; i < n && burst_writes(t); i++) {
		struct churn_page *p = &t->m.pages[a + i];

		if (!t->burst.good[i])
			continue;
		t->burst.slots[i] = churn_slot(&t->m, a + i);
		t->burst.slot_gens[i] = t->burst.slots[i]->gen;
		t->burst.page_gens[i] = p->gen;
	}
	churn_submit(t, q);
	t->churn->report->bursts[t->id]++;
	/* Before it has begun, or in its midst. */
	if (t->op.bits >> 14 & 1)
		__vsvm_wait(t->churn->config.fd, t->queues[q], &t->fences[2], 1, VSVM_WAIT_NS);
}

static void check_burst_death(struct churn_thread *t, const struct drm_vsvm_queue_query *state)
{
	static const uint32_t access[] = {
		[CHURN_BURST_FILL] = VSVM_ACCESS_WRITE,
		[CHURN_BURST_ADD] = VSVM_ACCESS_ATOMIC,
		[CHURN_BURST_READ] = VSVM_ACCESS_READ,
	};
	uint64_t offset = state->addr - churn_page_ptr(t, t->burst.a);
	uint64_t step = t->burst.kind == CHURN_BURST_ADD ? CHURN_ADD_STRIDE : PAGE;

	if (offset / PAGE < t->burst.n && !(offset % step) && state->error < 64 &&
	    t->burst.errors[offset / PAGE] & 1ull << state->error &&
	    state->access == access[t->burst.kind])
		return;
	churn_crit(t, "queue killed: %s, access %u, at %#llx, page %lld; burst %u on pages %u..%u, errors possible in it %#llx",
		   vsvm_error_name(state->error), state->access, (long long)state->addr,
		   (long long)(state->addr - churn_page_ptr(t, 0)) / (int)PAGE, t->burst.kind,
		   t->burst.a, t->burst.a + t->burst.n - 1, offset / PAGE < t->burst.n ?
		   (long long)t->burst.errors[offset / PAGE] : 0);
}

static bool bytes_of(uint64_t got, uint64_t a, uint64_t b)
{
	for (unsigned int i = 0; i < 64; i += 8)
		if ((got >> i & 255) != (a >> i & 255) && (got >> i & 255) != (b >> i & 255))
			return false;
	return true;
}

/* @t->burst.kind READ: is a word one of those that the page may have been seen to hold? */
static bool seen(struct churn_thread *t, unsigned int i, unsigned int word, uint64_t got,
		 bool died)
{
	if (t->burst.num_views[i] > CHURN_BURST_VIEWS || (died && got == CHURN_POISON))
		return true;
	for (unsigned int v = 0; v < t->burst.num_views[i]; v++) {
		uint64_t was = t->burst.views[i][v][word];

		if (got == was || (v && t->burst.torn && bytes_of(got, was,
								  t->burst.views[i][v - 1][word])))
			return true;
	}
	return false;
}

static void check_views(struct churn_thread *t, bool died)
{
	for (unsigned int i = 0; i < t->burst.passes * t->burst.n * CHURN_WORDS; i++) {
		unsigned int page = i / CHURN_WORDS % t->burst.n, word = i % CHURN_WORDS;

		unsigned int num = t->burst.num_views[page];

		if (seen(t, page, word, t->scratch[i], died))
			continue;
		churn_crit(t, "the GPU reads %#llx at %#llx, page %u word %u, pass %u of %u; expected one of %u, the first %#llx, the last %#llx",
			   (long long)t->scratch[i],
			   (long long)churn_page_ptr(t, t->burst.a + page) + 8 * word,
			   t->burst.a + page, word, i / CHURN_WORDS / t->burst.n,
			   t->burst.passes, num,
			   (long long)(num ? t->burst.views[page][0][word] : 0),
			   (long long)(num ? t->burst.views[page][num - 1][word] : 0));
	}
}

/* Compare a page that the GPU may have written while other things were done to it. */
static void resolve(struct churn_thread *t, struct churn_slot *slot, const uint64_t *got,
		    uint64_t where)
{
	for (unsigned int i = 0; i < CHURN_WORDS; i++) {
		uint64_t w = churn_word(slot->w, i), alt = churn_word(slot->alt, i);

		if (got[i] == w || churn_burst_allows(t, i, w, got[i]))
			continue;
		if (slot->lazy && (got[i] == alt || churn_burst_allows(t, i, alt, got[i])))
			continue;
		if (t->burst.torn && bytes_of(got[i], w, t->burst.value))
			continue;
		churn_crit(t, "%#llx at %#llx after a burst (%u, pages %u..%u, value %#llx, %u passes), expected %#llx or what the GPU wrote",
			   (long long)got[i], (long long)where + 8 * i, t->burst.kind, t->burst.a,
			   t->burst.a + t->burst.n - 1, (long long)t->burst.value,
			   t->burst.passes, (long long)w);
	}
	churn_adopt(&t->m, slot, got);
}

/*
 * In how many pages of the burst some memory was, from its beginning to its end; a page of a file
 * may be mapped more than once. 0 if that has changed.
 */
static unsigned int times_mapped(struct churn_thread *t, const struct churn_slot *slot)
{
	unsigned int times = 0;

	for (unsigned int i = 0; i < t->burst.n; i++) {
		const unsigned int page = t->burst.a + i;
		const bool was = t->burst.slots[i] == slot;
		const bool is = t->m.pages[page].backing && churn_slot(&t->m, page) == slot;

		if (was != is || (was && t->m.pages[page].gen != t->burst.page_gens[i]))
			return 0;
		times += was;
	}
	return times;
}

/* The burst has come to its end: pages to which nothing else was done have to show all of it. */
static void check_exact(struct churn_thread *t)
{
	uint64_t got[CHURN_WORDS];

	for (unsigned int i = 0; i < t->burst.n; i++) {
		struct churn_slot *slot = t->burst.slots[i];
		unsigned int page = t->burst.a + i, times;

		if (!slot || !slot->taint || slot->gen != t->burst.slot_gens[i])
			continue;
		times = times_mapped(t, slot);
		if (!times)
			continue;
		churn_look(t, page, got);
		for (unsigned int w = 0; w < CHURN_WORDS; w++) {
			uint64_t expected = churn_word(slot->w, w);

			if (t->burst.kind == CHURN_BURST_FILL)
				expected = t->burst.value + t->burst.passes - 1;
			else if (slot->lazy)
				continue;
			else if (!(w % (CHURN_ADD_STRIDE / 8)))
				expected += t->burst.passes * times;
			churn_check(t, got[w] == expected,
				    "%#llx at %#llx, page %u word %u, after a burst (%u, pages %u..%u, value %#llx, %u passes) that nothing disturbed there, expected %#llx",
				    (long long)got[w],
				    (long long)churn_page_ptr(t, page) + 8 * w, page,
				    w, t->burst.kind, t->burst.a, t->burst.a + t->burst.n - 1,
				    (long long)t->burst.value, t->burst.passes,
				    (long long)expected);
		}
		if (t->burst.kind == CHURN_BURST_FILL)
			slot->lazy = CHURN_DEFINITE;
	}
}

static void resolve_all(struct churn_thread *t)
{
	uint64_t got[CHURN_WORDS];

	for (unsigned int i = 0; i < CHURN_PAGES; i++) {
		struct churn_page *p = &t->m.pages[i];

		if (p->settle)
			churn_settle(t, i);
		if (!p->own.taint)
			continue;
		churn_look(t, i, got);
		resolve(t, &p->own, got, churn_page_ptr(t, i));
	}
	for (unsigned int o = 0; o < CHURN_OBJECTS; o++) {
		struct churn_object *object = &t->m.objects[o];

		for (unsigned int i = 0; object->fd >= 0 && i < object->pages; i++) {
			if (!object->slots[i].taint)
				continue;
			churn_check(t, pread(object->fd, got, PAGE, i * PAGE) == PAGE,
				    "read of object %u page %u: %m", o, i);
			resolve(t, &object->slots[i], got, (uint64_t)o << 60 | i * PAGE);
		}
		for (unsigned int i = object->pages; i < CHURN_OBJECT_PAGES; i++)
			object->slots[i].taint = false;
	}
}

/*
 * What the GPU must not touch any more it cannot, not even by what it has in its TLB. Each try
 * costs a queue, so there are not many.
 */
static void probe(struct churn_thread *t)
{
	const bool write = t->burst.kind != CHURN_BURST_READ;
	unsigned int tries = t->op.bits >> 15 & 1 ? 2 : 12;

	for (unsigned int i = t->burst.a; tries && i < t->burst.a + t->burst.n; i++) {
		uint32_t error = churn_error(&t->m, i, write);

		if (!error)
			continue;
		if (write)
			vsvm_emit_fill(churn_stream(t), churn_page_ptr(t, i), 8, t->burst.value, 8);
		else
			vsvm_emit_copy(churn_stream(t), vsvm_ptr(t->fences + 8),
				       churn_page_ptr(t, i), 8);
		churn_submit(t, t->burst.queue);
		churn_expect(t, t->burst.queue, error, write, churn_page_ptr(t, i));
		tries--;
	}
}

void churn_burst_may_die(struct churn_thread *t, uint32_t error)
{
	for (unsigned int i = 0; t->burst.kind && i < t->burst.n; i++)
		t->burst.errors[i] |= 1ull << error;
}

void churn_burst_end(struct churn_thread *t)
{
	const unsigned int kind = t->burst.kind, q = t->burst.queue, a = t->burst.a, n = t->burst.n;
	struct drm_vsvm_queue_query state;
	bool lives;

	if (!kind)
		return;
	lives = churn_finish(t, q, &state);
	if (!lives) {
		check_burst_death(t, &state);
		churn_died(t, q);
	}
	for (unsigned int i = 0; lives && i < n; i++)
		churn_check(t, t->burst.good[i], "the GPU had access to page %u", a + i);
	probe(t);
	if (kind == CHURN_BURST_READ) {
		check_views(t, !lives);
		for (unsigned int i = 0; i < n; i++)
			for (unsigned int v = 0; v < CHURN_BURST_VIEWS; v++)
				free(t->burst.views[i][v]);
	} else {
		if (lives)
			check_exact(t);
		resolve_all(t);
	}
	t->burst.kind = CHURN_BURST_NONE;

	/*
	 * The same queue once more, whose TLB has seen the old pages: by now there is but one
	 * right answer.
	 */
	for (unsigned int i = 0; i < n; i++) {
		unsigned int run = churn_run(&t->m, a + i, n - i, kind != CHURN_BURST_READ);

		if (!run)
			continue;
		if (kind == CHURN_BURST_READ)
			churn_gpu_read(t, q, a + i, run);
		else
			churn_gpu_fill(t, q, a + i, run, ~t->op.value + i);
		churn_check_cpu(t, a + i, run);
		i += run;
	}
}
