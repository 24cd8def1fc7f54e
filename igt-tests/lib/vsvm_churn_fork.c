// SPDX-License-Identifier: MIT
/*
 * Children in vsvm_churn: what fork() gives them is what the model says, and what they write is
 * theirs alone.
 */
#include <sys/wait.h>

#include "vsvm_churn_ops.h"

#define PAGE		VSVM_PAGE_SIZE

/* In the child there is nothing but system calls: other threads may have held any lock. */
static void child_wrong(struct churn_thread *t, const uint64_t *p, uint64_t expected)
{
	t->churn->report->child[t->id].addr = vsvm_ptr(p);
	t->churn->report->child[t->id].got = *p;
	t->churn->report->child[t->id].expected = expected;
	_exit(1);
}

static void child_check(struct churn_thread *t, unsigned int page)
{
	const struct churn_slot *slot = churn_slot(&t->m, page);
	const bool wipe = t->m.pages[page].wipe;
	uint64_t *p = (uint64_t *)churn_addr(&t->m, page);
	int word;

	if (wipe) {
		for (unsigned int i = 0; i < CHURN_WORDS; i++)
			if (p[i])
				child_wrong(t, p + i, 0);
		return;
	}
	if (!slot->taint) {
		word = churn_peek(slot, p);
		if (word >= 0)
			child_wrong(t, p + word, churn_word(slot->w, word));
		return;
	}
	for (unsigned int i = 0; i < CHURN_WORDS; i++) {
		uint64_t w = churn_word(slot->w, i), alt = churn_word(slot->alt, i);
		uint64_t got = READ_ONCE(p[i]);

		if (got != w && !churn_burst_allows(t, i, w, got) &&
		    (!slot->lazy || (got != alt && !churn_burst_allows(t, i, alt, got))))
			child_wrong(t, p + i, w);
	}
}

static bool burst_writes(const struct churn_thread *t)
{
	return t->burst.kind == CHURN_BURST_FILL || t->burst.kind == CHURN_BURST_ADD;
}

/* Is a page one that nobody but the child can change? What is lazy may become zeros at any time. */
static bool child_owns(struct churn_thread *t, unsigned int page)
{
	const struct churn_page *p = &t->m.pages[page];

	return !p->dontfork && !churn_error(&t->m, page, false) && !p->own.lazy &&
	       (p->backing == CHURN_ANON ||
		(p->backing == CHURN_PRIVATE && p->copied && !p->settle));
}

/*
 * What the GPU writes from now on is the parent's. Each pass of a burst writes the first word of
 * each page, so that tells.
 */
static void child_keeps(struct churn_thread *t)
{
	uint64_t seen[CHURN_BURST_PAGES];

	for (unsigned int i = 0; i < t->burst.n; i++)
		if (child_owns(t, t->burst.a + i))
			seen[i] = READ_ONCE(*(uint64_t *)churn_addr(&t->m, t->burst.a + i));
	while (!READ_ONCE(t->churn->report->child[t->id].burst_over) &&
	       getppid() == t->churn->pid)
		usleep(100);
	for (unsigned int i = 0; i < t->burst.n; i++) {
		const uint64_t *p = (uint64_t *)churn_addr(&t->m, t->burst.a + i);

		if (child_owns(t, t->burst.a + i) && READ_ONCE(*p) != seen[i])
			child_wrong(t, p, seen[i]);
	}
}

static void child(struct churn_thread *t, bool keeps)
{
	const unsigned int from = CHURN_HOT - 16, to = CHURN_HOT + CHURN_HOT_PAGES + 16;

	for (unsigned int i = from; i < to; i++)
		if (!t->m.pages[i].dontfork && !churn_error(&t->m, i, false))
			child_check(t, i);
	if (keeps)
		child_keeps(t);
	/* Its own copies, which must not be the parent's */
	for (unsigned int i = from; i < to; i++) {
		uint64_t *p = (uint64_t *)churn_addr(&t->m, i);

		if (t->m.pages[i].dontfork || churn_error(&t->m, i, true) ||
		    t->m.pages[i].backing == CHURN_SHARED)
			continue;
		for (unsigned int w = 0; w < CHURN_WORDS; w += 31)
			WRITE_ONCE(p[w], 0xc417d00000000000 + i);
	}
	for (unsigned int i = from; i < to; i++) {
		uint64_t *p = (uint64_t *)churn_addr(&t->m, i);

		if (t->m.pages[i].dontfork || churn_error(&t->m, i, true) ||
		    t->m.pages[i].backing == CHURN_SHARED)
			continue;
		for (unsigned int w = 0; w < CHURN_WORDS; w += 31)
			if (READ_ONCE(p[w]) != 0xc417d00000000000 + i)
				child_wrong(t, p + w, 0xc417d00000000000 + i);
	}
	_exit(0);
}

void churn_do_fork(struct churn_thread *t)
{
	/* Else the child changes its pages while the GPU is at work. */
	const bool keeps = burst_writes(t) && (t->op.bits >> 60 & 1);
	int status = -1;
	pid_t pid;

	WRITE_ONCE(t->churn->report->child[t->id].burst_over, false);
	pid = fork();
	if (!pid)
		child(t, keeps);
	churn_check(t, pid > 0, "fork: %m");
	/* Or its queue has been killed: there is nothing more to come. */
	if (keeps)
		__vsvm_wait(t->churn->config.fd, t->queues[t->burst.queue], &t->fences[2],
			    t->burst.passes, VSVM_WAIT_NS);
	WRITE_ONCE(t->churn->report->child[t->id].burst_over, true);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!status)
		return;
	churn_check(t, !t->churn->report->child[t->id].signal,
		    "a child after fork got signal %d at %#llx, page %lld",
		    t->churn->report->child[t->id].signal,
		    (long long)t->churn->report->child[t->id].addr,
		    (long long)(t->churn->report->child[t->id].addr - vsvm_ptr(t->m.base)) /
		    (int)PAGE);
	churn_crit(t, "a child after fork (status %#x) reads %#llx at %#llx, page %lld, expected %#llx",
		   status, (long long)t->churn->report->child[t->id].got,
		   (long long)t->churn->report->child[t->id].addr,
		   (long long)(t->churn->report->child[t->id].addr - vsvm_ptr(t->m.base)) /
		   (int)PAGE, (long long)t->churn->report->child[t->id].expected);
}
