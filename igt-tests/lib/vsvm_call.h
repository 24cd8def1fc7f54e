/* SPDX-License-Identifier: MIT */
/*
 * A system call, or an access, in a thread of its own, for it will be stopped in the kernel.
 *
 * At some hold points whoever is held has mmap_lock for reading, and to make a thread takes it for
 * writing. A call that is to happen then is started before, by told_start(), and told to go on.
 */
#ifndef VSVM_CALL_H
#define VSVM_CALL_H

#include <pthread.h>

#include "vsvm_lib.h"

struct svm;

/* What is left of waiting for something that ought not to happen, in us */
#define MOMENT	50000

/**
 * struct call - a call in a thread of its own
 */
struct call {
	/** @thread: thread */
	pthread_t thread;
	/** @fn: what it does; returns 0 or -errno */
	int (*fn)(struct call *call);
	/** @p: memory that it is about */
	void *p;
	/** @size: how much */
	size_t size;
	/** @to: mremap: where to; fork: memory shared with the child */
	void *to;
	/** @prot: mprotect */
	int prot;
	/** @t: VM_SYNC: the VM */
	struct svm *t;
	/** @ret: what it returned; for fork, the child */
	int ret;
	/** @done: it has returned */
	bool done;
	/** @begun: it has begun */
	bool begun;
	/** @waits: it is not to begin before it is told to */
	bool waits;
};

/** call_start() - begin the call; @c has been filled in */
void call_start(struct call *c);
/** call_is_done() - has it returned? */
bool call_is_done(struct call *c);
/** call_finish() - wait for it; it has to succeed */
void call_finish(struct call *c);

/** told_start() - the same as call_start(), but it waits for told_go() */
void told_start(struct call *c);
/** told_go() - let it begin, and wait until it has */
void told_go(struct call *c);

#endif /* VSVM_CALL_H */
