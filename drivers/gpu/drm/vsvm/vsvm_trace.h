/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Tracepoints: a line for each stage of a page fault and of an invalidation, with the VM (the
 * number that fault records and debugfs have for it), the range, how much, and how long it took.
 * A stage that is not traced is not timed.
 */
#ifndef _VSVM_TRACE_TIME_H_
#define _VSVM_TRACE_TIME_H_

#include <linux/ktime.h>

/* When a stage began, if somebody wants to know. */
#define vsvm_trace_begin(event) (trace_##event##_enabled() ? ktime_get_ns() : 0)

static inline u64 vsvm_trace_ns(u64 begin)
{
	return begin ? ktime_get_ns() - begin : 0;
}

#endif

#undef TRACE_SYSTEM
#define TRACE_SYSTEM vsvm

#if !defined(_VSVM_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _VSVM_TRACE_H_

#include <linux/mmu_notifier.h>
#include <linux/tracepoint.h>
#include <linux/vsvm_hw.h>

#include <drm/vsvm_isa.h>

#define VSVM_TRACE_EVENTS						\
	{ MMU_NOTIFY_UNMAP, "unmap" }, { MMU_NOTIFY_CLEAR, "clear" },	\
	{ MMU_NOTIFY_PROTECTION_VMA, "protection-vma" },		\
	{ MMU_NOTIFY_PROTECTION_PAGE, "protection-page" },		\
	{ MMU_NOTIFY_SOFT_DIRTY, "soft-dirty" },			\
	{ MMU_NOTIFY_RELEASE, "release" }, { MMU_NOTIFY_MIGRATE, "migrate" }, \
	{ MMU_NOTIFY_EXCLUSIVE, "exclusive" }

TRACE_EVENT(vsvm_fault_batch,
	TP_PROTO(u32 vm, unsigned int records, bool replay, u64 ns),
	TP_ARGS(vm, records, replay, ns),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(unsigned int, records)
		__field(bool, replay)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->records = records;
		__entry->replay = replay;
		__entry->ns = ns;
	),
	TP_printk("vm=%u records=%u replay=%d ns=%llu", __entry->vm, __entry->records,
		  __entry->replay, __entry->ns)
);

/* A run of pages from its VMA to the page table; the error is an enum vsvm_error, -2: it waits. */
TRACE_EVENT(vsvm_fault_run,
	TP_PROTO(u32 vm, u64 start, u64 end, bool write, int error, unsigned int tries, u64 ns),
	TP_ARGS(vm, start, end, write, error, tries, ns),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(bool, write)
		__field(int, error)
		__field(unsigned int, tries)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->write = write;
		__entry->error = error;
		__entry->tries = tries;
		__entry->ns = ns;
	),
	TP_printk("vm=%u %#llx-%#llx %s error=%d tries=%u ns=%llu", __entry->vm, __entry->start,
		  __entry->end, __entry->write ? "write" : "read", __entry->error, __entry->tries,
		  __entry->ns)
);

TRACE_EVENT(vsvm_map,
	TP_PROTO(u32 vm, u64 start, u64 end, unsigned int pages, bool huge),
	TP_ARGS(vm, start, end, pages, huge),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(unsigned int, pages)
		__field(bool, huge)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->pages = pages;
		__entry->huge = huge;
	),
	TP_printk("vm=%u %#llx-%#llx pages=%u%s", __entry->vm, __entry->start, __entry->end,
		  __entry->pages, __entry->huge ? " 2M" : "")
);

/* A page is out of the reach of CPUs for an atomic; vsvm_invalidate tells when that ends. */
TRACE_EVENT(vsvm_exclusive,
	TP_PROTO(u32 vm, u64 addr),
	TP_ARGS(vm, addr),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, addr)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->addr = addr;
	),
	TP_printk("vm=%u %#llx", __entry->vm, __entry->addr)
);

TRACE_EVENT(vsvm_invalidate,
	TP_PROTO(u32 vm, u64 start, u64 end, int event, u64 pages, u64 dirty, u64 ns),
	TP_ARGS(vm, start, end, event, pages, dirty, ns),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(int, event)
		__field(u64, pages)
		__field(u64, dirty)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->event = event;
		__entry->pages = pages;
		__entry->dirty = dirty;
		__entry->ns = ns;
	),
	TP_printk("vm=%u %#llx-%#llx %s pages=%llu dirty=%llu ns=%llu", __entry->vm,
		  __entry->start, __entry->end, __print_symbolic(__entry->event, VSVM_TRACE_EVENTS),
		  __entry->pages, __entry->dirty, __entry->ns)
);

/* Bounds have changed: one line for each interval that went, one for each that came. */
TRACE_EVENT(vsvm_interval,
	TP_PROTO(u32 vm, u64 start, u64 end, bool new),
	TP_ARGS(vm, start, end, new),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(bool, new)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->new = new;
	),
	TP_printk("vm=%u %#llx-%#llx %s", __entry->vm, __entry->start, __entry->end,
		  __entry->new ? "new" : "gone")
);

TRACE_EVENT(vsvm_update,
	TP_PROTO(u32 vm, u64 start, u64 end, int ret, u64 ns),
	TP_ARGS(vm, start, end, ret, ns),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->ret = ret;
		__entry->ns = ns;
	),
	TP_printk("vm=%u %#llx-%#llx ret=%d ns=%llu", __entry->vm, __entry->start, __entry->end,
		  __entry->ret, __entry->ns)
);

/* An access waits for the process; with done, it has been waited for. */
TRACE_EVENT(vsvm_wait,
	TP_PROTO(u32 vm, u64 addr, bool write, bool done),
	TP_ARGS(vm, addr, write, done),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, addr)
		__field(bool, write)
		__field(bool, done)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->addr = addr;
		__entry->write = write;
		__entry->done = done;
	),
	TP_printk("vm=%u %#llx %s %s", __entry->vm, __entry->addr,
		  __entry->write ? "write" : "read", __entry->done ? "done" : "begin")
);

TRACE_EVENT(vsvm_prefetch,
	TP_PROTO(u32 vm, u64 start, u64 end, bool write, int ret, u64 ns),
	TP_ARGS(vm, start, end, write, ret, ns),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(bool, write)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->write = write;
		__entry->ret = ret;
		__entry->ns = ns;
	),
	TP_printk("vm=%u %#llx-%#llx %s ret=%d ns=%llu", __entry->vm, __entry->start, __entry->end,
		  __entry->write ? "write" : "read", __entry->ret, __entry->ns)
);

/* Pages went to VRAM, or back; vm is 0 where a CPU wanted them, or they had to make room. */
TRACE_EVENT(vsvm_migrate,
	TP_PROTO(u32 vm, u64 start, u64 end, bool to_vram, unsigned int pages, u64 ns),
	TP_ARGS(vm, start, end, to_vram, pages, ns),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(bool, to_vram)
		__field(unsigned int, pages)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->to_vram = to_vram;
		__entry->pages = pages;
		__entry->ns = ns;
	),
	TP_printk("vm=%u %#llx-%#llx to %s pages=%u ns=%llu", __entry->vm, __entry->start,
		  __entry->end, __entry->to_vram ? "vram" : "system", __entry->pages, __entry->ns)
);

/* What became of pages in VRAM of another device; see enum vsvm_peer_what. */
TRACE_EVENT(vsvm_peer,
	TP_PROTO(u32 vm, u64 start, u64 end, unsigned int what, unsigned int pages),
	TP_ARGS(vm, start, end, what, pages),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u64, start)
		__field(u64, end)
		__field(unsigned int, what)
		__field(unsigned int, pages)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->start = start;
		__entry->end = end;
		__entry->what = what;
		__entry->pages = pages;
	),
	TP_printk("vm=%u %#llx-%#llx %s pages=%u", __entry->vm, __entry->start, __entry->end,
		  __print_symbolic(__entry->what, { 0, "mapped" }, { 1, "taken" },
				   { 2, "refused" }),
		  __entry->pages)
);

TRACE_EVENT(vsvm_evict,
	TP_PROTO(u64 offset, unsigned int pages, bool whole, u64 ns),
	TP_ARGS(offset, pages, whole, ns),
	TP_STRUCT__entry(
		__field(u64, offset)
		__field(unsigned int, pages)
		__field(bool, whole)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->offset = offset;
		__entry->pages = pages;
		__entry->whole = whole;
		__entry->ns = ns;
	),
	TP_printk("offset=%#llx pages=%u%s ns=%llu", __entry->offset, __entry->pages,
		  __entry->whole ? " 2M" : "", __entry->ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vsvm_trace
#include <trace/define_trace.h>
