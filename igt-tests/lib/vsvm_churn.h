/* SPDX-License-Identifier: MIT */
/*
 * The machine of vsvm_churn: threads that change their arenas of the address space by operations
 * drawn from a seed, with the GPU at work in the same pages, and compare with the model
 * (vsvm_churn_model.h) after each. The test program makes a process for each run and reports.
 *
 * Operation number i of thread t follows from the seed alone, and means something in every state:
 * what it finds impossible (GPU access where nothing is mapped) it takes as far as it is possible.
 * So any part of a run is a run too, which is how a shorter one that still fails is found.
 */
#ifndef VSVM_CHURN_H
#define VSVM_CHURN_H

#include <pthread.h>

#include "vsvm_churn_model.h"

#define CHURN_THREADS	8
/** CHURN_EPOCH - operations of each thread between two checks of everything */
#define CHURN_EPOCH	128
/** CHURN_SCRATCH_PAGES - memory of a thread for what its GPU reads */
#define CHURN_SCRATCH_PAGES	256
#define CHURN_COUNTERS	64

/** enum churn_flavour - what a run does most */
enum churn_flavour {
	CHURN_MIXED,
	CHURN_ANONYMOUS,
	CHURN_FILE,
	CHURN_FORK,
	CHURN_HUGE,
	CHURN_BAD,
	CHURN_FLAVOURS,
};

/**
 * struct churn_config - one run
 */
struct churn_config {
	/** @fd: device */
	int fd;
	/** @seed: what all operations follow from */
	uint64_t seed;
	/** @flavour: &enum churn_flavour */
	unsigned int flavour;
	/** @policy: for VSVM_INTERVAL_POLICY, or NULL */
	const char *policy;
	/** @threads: how many, 1..%CHURN_THREADS */
	unsigned int threads;
	/** @ops: operations of each thread, 0: until @seconds have passed */
	uint32_t ops;
	/** @seconds: see @ops */
	unsigned int seconds;
	/** @skip: for each thread a byte for each of @ops, not zero: leave it out; or NULL */
	const uint8_t *skip[CHURN_THREADS];
};

/**
 * struct churn_report - what a run says, in memory that it shares with the process that started it
 */
struct churn_report {
	/** @failed: set by the first who fails */
	uint32_t failed;
	/** @done: all of it was done, and nothing failed */
	uint32_t done;
	/** @thread: who failed */
	uint32_t thread;
	/** @op: in which operation, ~0 if in none */
	uint32_t op;
	/** @next: operation that each thread is in */
	uint32_t next[CHURN_THREADS];
	/** @gpu: what each thread had the GPU do */
	uint64_t gpu[CHURN_THREADS];
	/** @bursts: of these, while the process changed the memory */
	uint64_t bursts[CHURN_THREADS];
	/** @deaths: queues killed as they should be */
	uint64_t deaths[CHURN_THREADS];
	/** @stats: counters of the VM, when the last epoch ended */
	struct drm_vsvm_vm_stats stats;
	/** @text: what failed */
	char text[16384];
	/** @child: what a child after fork has to say */
	struct {
		/** @signal: it got this signal, because of @addr; or 0, and it read @got there */
		int signal;
		uint64_t addr;
		uint64_t got;
		uint64_t expected;
		/** @burst_over: the parent's GPU has written all that it is going to */
		bool burst_over;
	} child[CHURN_THREADS];
};

/** struct churn_op - an operation */
struct churn_op {
	uint8_t kind;
	/** @a: first page */
	uint16_t a;
	/** @n: pages */
	uint16_t n;
	/** @b: another page */
	uint16_t b;
	/** @value: what to write */
	uint64_t value;
	/** @bits: for whatever has to be decided */
	uint64_t bits;
};

/** enum churn_burst - what the GPU does while the process changes memory */
enum churn_burst {
	CHURN_BURST_NONE,
	CHURN_BURST_FILL,
	CHURN_BURST_ADD,
	CHURN_BURST_READ,
};

#define CHURN_BURST_PAGES	64
#define CHURN_BURST_VIEWS	6
/** CHURN_ADD_STRIDE - bytes between the words that atomics of a dispatch add to */
#define CHURN_ADD_STRIDE	1024

struct churn;

/**
 * struct churn_thread - a thread and its arena
 */
struct churn_thread {
	struct churn *churn;
	struct churn_model m;
	struct churn_op op;
	/** @stream: memory for command streams */
	struct vsvm_stream stream;
	/** @gpu: memory of @stream, @args, @fences and @scratch, between guards */
	uint8_t *gpu;
	uint64_t *args;
	/** @fences: a word for each queue, then one for the passes of a burst */
	uint64_t *fences;
	uint64_t *scratch;
	pthread_t thread;
	uint32_t id;
	/** @queues: its two queues */
	uint32_t queues[2];
	uint64_t seqno[2];
	/** @maps: /proc/self/maps */
	int maps;
	/** @piece: how many pages one call of the operation may be made for */
	unsigned int piece;
	/** @counted: what it has added to &churn.counters */
	uint64_t counted[CHURN_COUNTERS];
	/** @burst: what the GPU is doing while the operation runs */
	struct {
		unsigned int kind;
		unsigned int queue;
		unsigned int a, n;
		unsigned int passes;
		uint64_t value;
		/** @torn: words may be torn: write() copies bytes */
		bool torn;
		/** @slots: memory of each page when it began */
		struct churn_slot *slots[CHURN_BURST_PAGES];
		uint32_t slot_gens[CHURN_BURST_PAGES];
		uint32_t page_gens[CHURN_BURST_PAGES];
		/** @errors: a bit for each error that a page may give */
		uint64_t errors[CHURN_BURST_PAGES];
		/** @good: the page could be accessed for a while */
		bool good[CHURN_BURST_PAGES];
		/** @views: what it may be seen to hold */
		uint64_t *views[CHURN_BURST_PAGES][CHURN_BURST_VIEWS];
		uint8_t num_views[CHURN_BURST_PAGES];
	} burst;
};

/**
 * struct churn - a run
 */
struct churn {
	struct churn_config config;
	struct churn_report *report;
	struct churn_thread *threads;
	/** @pid: the process, and not a child after fork */
	pid_t pid;
	uint32_t vm;
	/** @registered: the policy is the one that wants memory registered */
	bool registered;
	/** @base: guard page, arena, guard page, arena, ..., guard page */
	uint8_t *base;
	/** @counters: words that all CPU threads and queues add to */
	uint64_t *counters;
	/** @add: program: u64 at base + x * %CHURN_ADD_STRIDE += value, atomically */
	struct vsvm_program *add;
	/** @count: program: u64 at base + (x % 8) * 8 += value, atomically */
	struct vsvm_program *count;
	/** @store: program: u64 at base + x * 512 = value + x */
	struct vsvm_program *store;
	/** @load: program: u64 value[x] = u64 at base + x * 512 */
	struct vsvm_program *load;
	uint8_t *programs;
	pthread_barrier_t barrier;
	int64_t deadline;
	bool stop;
};

#define CHURN_DISPATCH_STRIDE	512

/**
 * churn_run_here() - do a run in this process, which is at its end afterwards
 *
 * Also by a failed assertion of a helper: it must not go where those of the test go.
 */
__attribute((noreturn))
void churn_run_here(const struct churn_config *config, struct churn_report *report);
/** churn_op_make() - operation @index of a thread */
void churn_op_make(const struct churn_config *config, unsigned int thread, uint32_t index,
		   struct churn_op *op);
/** churn_op_text() - describe it */
const char *churn_op_text(const struct churn_op *op, char *text, size_t size);

/* Between the files of the machine */

/** churn_register_all() - register all there is, each of the arenas by itself */
void churn_register_all(struct churn *c, uint64_t arenas, uint64_t size);

/** churn_crit() - report and end the process */
__attribute((noreturn, format(printf, 2, 3)))
void churn_crit(struct churn_thread *t, const char *f, ...);
#define churn_check(t, cond, f...) \
	do { \
		if (!(cond)) \
			churn_crit(t, f); \
	} while (0)

/** churn_gpu_init() - programs, which all threads use */
void churn_gpu_init(struct churn *c);
void churn_gpu_fini(struct churn *c);
/** churn_gpu_thread_init() - queues and memory of a thread */
void churn_gpu_thread_init(struct churn_thread *t);
void churn_gpu_thread_fini(struct churn_thread *t);

/* GPU accesses that are waited for: what is in the way of them is an error, and which one */

void churn_gpu_fill(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n,
		    uint64_t value);
void churn_gpu_read(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n);
void churn_gpu_write(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n);
void churn_gpu_copy(struct churn_thread *t, unsigned int q, unsigned int from, unsigned int to,
		    unsigned int n);
void churn_gpu_atomic(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n);
void churn_gpu_dispatch(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n);
void churn_gpu_count(struct churn_thread *t, unsigned int q);
/** churn_gpu_alive() - a queue has not been killed */
void churn_gpu_alive(struct churn_thread *t, unsigned int q);

/* GPU accesses while the process changes memory */

void churn_burst_begin(struct churn_thread *t, unsigned int kind, unsigned int a, unsigned int n);
/** churn_burst_step() - the model has changed */
void churn_burst_step(struct churn_thread *t);
void churn_burst_end(struct churn_thread *t);
/** churn_burst_may_die() - of this error too, wherever it is at the moment */
void churn_burst_may_die(struct churn_thread *t, uint32_t error);
/** churn_burst_allows() - may the GPU have made @got of a word, @was being there without it? */
bool churn_burst_allows(const struct churn_thread *t, unsigned int word, uint64_t was,
			uint64_t got);

/** churn_check_cpu() - compare what the CPU can read of a range */
void churn_check_cpu(struct churn_thread *t, unsigned int a, unsigned int n);
/** churn_check_gpu() - compare what the GPU can read of a range */
void churn_check_gpu(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n);
/** churn_look() - bytes of a page, whatever its protection */
void churn_look(struct churn_thread *t, unsigned int page, uint64_t *words);
/** churn_settle() - have a private page of a file be a copy */
void churn_settle(struct churn_thread *t, unsigned int page);

/** churn_op_run() - do t->op */
void churn_op_run(struct churn_thread *t);

#endif /* VSVM_CHURN_H */
