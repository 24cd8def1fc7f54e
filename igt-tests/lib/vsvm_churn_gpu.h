/* SPDX-License-Identifier: MIT */
/*
 * What the files of vsvm_churn's GPU have of each other: vsvm_churn_gpu.c makes queues and streams,
 * vsvm_churn_burst.c has them run while memory changes, vsvm_churn_look.c compares.
 */
#ifndef VSVM_CHURN_GPU_H
#define VSVM_CHURN_GPU_H

#include "vsvm_churn.h"

/** CHURN_POISON - what is in scratch memory that the GPU is to write */
#define CHURN_POISON	0xdeadbeefdeadbeef

/** churn_page_ptr() - a page as the GPU has it */
static inline uint64_t churn_page_ptr(struct churn_thread *t, unsigned int page)
{
	return vsvm_ptr(churn_addr(&t->m, page));
}

/** churn_stream() - the thread's stream, empty */
struct vsvm_stream *churn_stream(struct churn_thread *t);
/** churn_submit() - give it to a queue */
void churn_submit(struct churn_thread *t, unsigned int q);
/** churn_finish() - wait for it; returns whether the queue lives, else @state has what killed it */
bool churn_finish(struct churn_thread *t, unsigned int q, struct drm_vsvm_queue_query *state);
/** churn_died() - a queue has died as it should: it gets a successor, and the other one lives */
void churn_died(struct churn_thread *t, unsigned int q);
/** churn_expect() - wait for a stream that dies of @error (0: not at all) by @access of @addr */
void churn_expect(struct churn_thread *t, unsigned int q, uint32_t error, uint32_t access,
		  uint64_t addr);
/** churn_settle_twins() - have copies made that faults ahead of need may or may not make */
void churn_settle_twins(struct churn_thread *t, unsigned int a, unsigned int n);
/** churn_wrong() - report a word that is not what the model says */
void churn_wrong(struct churn_thread *t, const char *who, unsigned int page, unsigned int word,
		 uint64_t got);

#endif /* VSVM_CHURN_GPU_H */
