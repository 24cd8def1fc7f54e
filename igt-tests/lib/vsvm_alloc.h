/* SPDX-License-Identifier: MIT */
/*
 * The GPU at work in memory that a program gets, uses and gives back in its ways: a source says
 * where memory comes from and what happens to it between submissions, a shape how it is used, a
 * mode by whom. Every source can be used in every shape and mode, unless it says otherwise.
 *
 * A buffer is a row of slots. A submission is about one: a command stream, which lies in the slot,
 * fills most of it, copies a word and adds to one, and a fence, which lies there too. All bytes of
 * a slot, and those between slots, are known and compared by the CPU. With %ALLOC_NOMEMSET stream
 * and fence lie elsewhere, and the CPU has never touched the slot before the GPU does.
 */
#ifndef VSVM_ALLOC_H
#define VSVM_ALLOC_H

#include "vsvm_lib.h"

/* Where memory comes from; malloc() if nothing is said */
/** ALLOC_MMAP - private anonymous memory of mmap() */
#define ALLOC_MMAP		0x1
/** ALLOC_HUGE - of these, in 2M pages if the kernel has any */
#define ALLOC_HUGE		0x2
/** ALLOC_HUGETLB - memory of hugetlb */
#define ALLOC_HUGETLB		0x4
/** ALLOC_SHARED - shared anonymous memory */
#define ALLOC_SHARED		0x8
/** ALLOC_FILE - a private mapping of a file, which has to stay as it is */
#define ALLOC_FILE		0x10
/** ALLOC_FILE_SHARED - a shared one, and in the end all of it has to be in the file */
#define ALLOC_FILE_SHARED	0x20
/* What happens to it */
/** ALLOC_NOMEMSET - the GPU is the first to touch it */
#define ALLOC_NOMEMSET		0x40
/** ALLOC_MLOCK - mlock() */
#define ALLOC_MLOCK		0x80
/** ALLOC_RACE - a thread polls the words that the GPU is to write */
#define ALLOC_RACE		0x100
/** ALLOC_PREFETCH - VM_PREFETCH comes first, and no fault may follow */
#define ALLOC_PREFETCH		0x200
/** ALLOC_FORK_READ - a child compares before its parent does, and while that has it changed */
#define ALLOC_FORK_READ		0x400
/** ALLOC_FORK_AFTER - the same after its parent */
#define ALLOC_FORK_AFTER	0x800
/** ALLOC_REMAP - mremap() to another address after each submission */
#define ALLOC_REMAP		0x1000
/** ALLOC_DONTUNMAP - with the old mapping staying for a moment */
#define ALLOC_DONTUNMAP		0x2000
/** ALLOC_READONLY - with mprotect() before and after */
#define ALLOC_READONLY		0x4000
/** ALLOC_EOCHECK - the CPU looks after every other submission alone */
#define ALLOC_EOCHECK		0x8000
/** ALLOC_FREE - given back and got again after each submission */
#define ALLOC_FREE		0x10000
/** ALLOC_NEW - new memory after each submission, the old one is kept */
#define ALLOC_NEW		0x20000

/* Mappings whose writes are others' too */
#define ALLOC_ANY_SHARED	(ALLOC_SHARED | ALLOC_FILE_SHARED)
#define ALLOC_ANY_FILE		(ALLOC_FILE | ALLOC_FILE_SHARED)
/* One buffer for each submission */
#define ALLOC_ANY_NEW		(ALLOC_FREE | ALLOC_NEW)

/** ALLOC_HUGE_PAGES - 2M pages of hugetlb that all together take at most */
#define ALLOC_HUGE_PAGES	8

/**
 * struct alloc_shape - how memory is used
 */
struct alloc_shape {
	/** @name: in names of subtests */
	const char *name;
	/** @when: the same in words */
	const char *when;
	/** @execs: submissions, at most %ALLOC_MAX_EXECS */
	unsigned int execs;
	/** @bytes: of a slot, a multiple of 8, at least 512 */
	size_t bytes;
	/** @stride: from slot to slot */
	size_t stride;
	/** @offset: of the first one, a multiple of 8 */
	size_t offset;
	/** @queues: queues, taking turns; as many submissions at a time, if in one buffer */
	unsigned int queues;
};

/**
 * struct alloc_source - where memory comes from, and what happens to it
 */
struct alloc_source {
	/** @name: in names of subtests */
	const char *name;
	/** @wrong: what would go wrong */
	const char *wrong;
	/** @flags: ALLOC_* */
	unsigned int flags;
	/** @sets: for the table of the test */
	unsigned int sets;
};

/** enum alloc_mode - who uses it */
enum alloc_mode {
	/** @ALLOC_ALONE: one thread */
	ALLOC_ALONE,
	/** @ALLOC_THREADS: threads, each with a VM */
	ALLOC_THREADS,
	/** @ALLOC_THREADS_VM: threads with one VM */
	ALLOC_THREADS_VM,
	/** @ALLOC_THREADS_BUFFER: and with one buffer, in whose slots they take turns */
	ALLOC_THREADS_BUFFER,
	/** @ALLOC_PROCESSES: processes */
	ALLOC_PROCESSES,
};

#define ALLOC_MAX_EXECS		128
#define ALLOC_MAX_QUEUES	16
#define ALLOC_WORKERS		4

/** alloc_test() - a source in a shape and a mode */
void alloc_test(int fd, const struct alloc_source *source, const struct alloc_shape *shape,
		enum alloc_mode mode);

#endif /* VSVM_ALLOC_H */
