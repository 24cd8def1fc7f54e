/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the benchmark know of each other.
 *
 * A contestant is something that accesses memory by the process's pointers: the CPU, a peer
 * (peers/), test_hmm, vsvm. A row is a workload. Each row runs with each contestant in a process of
 * its own, as often as is asked for, and what it measures is printed as a line:
 *
 *	<row> <metric> <contestant> <repetition> <value>
 *
 * All contestants get their memory from areas, so that all see the same.
 */
#ifndef VSVM_BENCH_H
#define VSVM_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE		4096ul
#define KIB		1024ul
#define MIB		(1024 * KIB)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* One access each, neither left out nor repeated. */
#define load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define store(p, value)	__atomic_store_n(p, value, __ATOMIC_RELAXED)

#define die(...)	(fprintf(stderr, "bench: " __VA_ARGS__), fputc('\n', stderr), exit(1))

/** now() - CLOCK_MONOTONIC in ns; under icount that is instructions */
uint64_t now(void);

/* Memory (area.c) */

/**
 * struct area - mappings of private anonymous memory, each a VMA
 */
struct area {
	/** @base: the first one */
	char *base;
	/** @size: bytes of each */
	size_t size;
	/** @stride: bytes from one to the next, of which what is not mapped is a hole */
	size_t stride;
	/** @count: how many */
	unsigned int count;
};

/** area_map() - map; at a multiple of 2M, with huge pages if @thp and without them else */
void area_map(struct area *a, size_t size, size_t stride, unsigned int count, bool thp);
/** area_pages() - pages of all mappings */
size_t area_pages(const struct area *a);
/** area_at() - page @i of all */
char *area_at(const struct area *a, size_t i);
/** area_touch() - the CPU writes a word in each page */
void area_touch(const struct area *a);
/** area_look() - the CPU reads a word of each page */
void area_look(const struct area *a);
/** area_load() - the same, and it must be what area_touch() wrote */
void area_load(const struct area *a);
/** area_in_device() - pages that are in memory of a device */
size_t area_in_device(const struct area *a);
/** area_forget() - MADV_DONTNEED */
void area_forget(const struct area *a);
/** area_unmap() - munmap, one call a mapping */
void area_unmap(const struct area *a);

/* Contestants */

/**
 * struct counters - what a contestant counts; 0 where it does not
 */
struct counters {
	/** @bytes: memory for the mirror now */
	uint64_t bytes;
	/** @invalidations: delivered */
	uint64_t invalidations;
	/** @service_ns: time spent serving faults, apart from who waits for it */
	uint64_t service_ns;
};

/**
 * struct contestant - one that accesses memory
 *
 * A process has one of them, so it may have static state.
 */
struct contestant {
	/** @name: in the output */
	const char *name;
	/** @service: the name of its fault service alone, if it counts that */
	const char *service;
	/** @arg: tells its kinds apart */
	uint64_t arg;
	/** @open: make ready to mirror this process; false if the machine has no such device */
	bool (*open)(const struct contestant *c);
	/** @prepare: for accesses of an area of that size, before the time counts; may be NULL */
	void (*prepare)(const struct area *a);
	/** @access: one word of each page of an area, which is there when the call returns */
	void (*access)(const struct area *a, bool write);
	/** @add: say what is to be said of an area before it is accessed; may be NULL */
	void (*add)(const struct area *a);
	/** @remove: take that back; the area may be unmapped by then; may be NULL */
	void (*remove)(const struct area *a);
	/** @refault: have an area mapped that is mapped already; may be NULL */
	void (*refault)(const struct area *a);
	/** @to_device: move an area to device memory; may be NULL */
	void (*to_device)(const struct area *a);
	/** @to_system: move it back; NULL if @to_device is */
	void (*to_system)(const struct area *a);
	/** @prefer_device: have accesses move an area to device memory; may be NULL */
	void (*prefer_device)(const struct area *a);
	/** @sync: have what is due after a munmap done; may be NULL */
	void (*sync)(void);
	/** @count: read the counters; may be NULL */
	void (*count)(struct counters *counters);
	/** @check: has the last access, a write, come to pass? May be NULL */
	void (*check)(const struct area *a);
	/** @copies: an access copies too; what that takes, another access tells, and is deducted */
	bool copies;
	/** @evicts: makes room in device memory if it has to */
	bool evicts;
};

extern const struct contestant on_cpu, on_floor, on_gpusvm_2m, on_gpusvm_64k, on_gpusvm_4k,
	on_test_hmm, on_vsvm, on_vsvm_fill;
/* vsvm by policies of intervals; the first one is on_vsvm's */
extern const struct contestant on_by_vma, on_by_window_2m, on_by_window_512m, on_by_mm,
	on_by_register;
/* what moves memory; the last part of a name says what comes back when a CPU touches a page */
extern const struct contestant on_floor_64k, on_floor_4k, on_pagemap_2m, on_pagemap_64k,
	on_pagemap_4k, on_vsvm_2m, on_vsvm_64k, on_vsvm_4k, on_vsvm_room;

/* Rows */

/**
 * struct row - a workload
 */
struct row {
	/** @name: in the output */
	const char *name;
	/** @run: measure, in a process of its own */
	void (*run)(const struct row *row, const struct contestant *c);
	/** @who: contestants, NULL at the end */
	const struct contestant *const *who;
	/** @size: of a mapping */
	size_t size;
	/** @count: mappings */
	unsigned int count;
	/** @room: of device memory, where that is to be short */
	size_t room;
	/** @thp: huge pages */
	bool thp;
	/** @quick: also in the quick profile */
	bool quick;
	/** @smp: says something only where threads run at the same time */
	bool smp;
};

/** report() - print a value of the row that is running */
void report(const char *metric, const char *contestant, double value);

/**
 * timed_access() - access an area and report what it took
 * @c: contestant, open
 * @metric: name of the result
 * @a: area
 * @write: write or read
 * @per: how many results are to be divided by, pages or mappings
 */
void timed_access(const struct contestant *c, const char *metric, const struct area *a, bool write,
		  double per);

/** count() - the counters, when they have come to rest */
struct counters count(const struct contestant *c);

/* rows_fault.c: what a fault, an invalidation, a mapping cost */
void run_area(const struct row *row, const struct contestant *c);
void run_populated(const struct row *row, const struct contestant *c);
void run_read(const struct row *row, const struct contestant *c);
void run_mixed(const struct row *row, const struct contestant *c);
void run_many(const struct row *row, const struct contestant *c);
void run_intervals(const struct row *row, const struct contestant *c);
void run_churn(const struct row *row, const struct contestant *c);
/* rows_move.c: what migration costs */
void run_move(const struct row *row, const struct contestant *c);
void run_touch(const struct row *row, const struct contestant *c);
void run_evict(const struct row *row, const struct contestant *c);
/* rows_noise.c: invalidations of other memory */
void run_unrelated(const struct row *row, const struct contestant *c);
void run_contended(const struct row *row, const struct contestant *c);
/* rows_density.c: what a description of memory takes */
void run_density(const struct row *row, const struct contestant *c);
/* on_vsvm.c: what only vsvm has */
void run_launch(const struct row *row, const struct contestant *c);
void run_copy(const struct row *row, const struct contestant *c);
void run_prefetch(const struct row *row, const struct contestant *c);

#endif
