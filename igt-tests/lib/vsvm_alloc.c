// SPDX-License-Identifier: MIT
/*
 * The GPU at work in memory of all kinds; vsvm_alloc.h says what a source, a shape and a mode are.
 *
 * A worker is a thread, or a process: it must not end the subtest, and so leaves in @why what went
 * wrong, which whoever waits for it asserts to be nothing.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "vsvm_alloc.h"

#define PAGE		VSVM_PAGE_SIZE
#define RW		(PROT_READ | PROT_WRITE)

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21 << 26)
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* What the CPU has written everywhere, or the file has, before the GPU comes */
#define BACKGROUND	0xb5

/**
 * struct slot - the beginning of a slot
 */
struct slot {
	/** @fill: of @data */
	struct vsvm_cmd_fill fill;
	/** @copy: of the first word of @data to the end of the slot */
	struct vsvm_cmd_copy copy;
	/** @add: to @count */
	struct vsvm_cmd_atomic add;
	/** @count: background, plus the number of the submission */
	uint64_t count;
	/** @fence: of the submission */
	uint64_t fence;
	/** @data: up to the last word */
	uint64_t data[];
};

/* What of a slot is a stream */
#define STREAM_SIZE	offsetof(struct slot, count)

/**
 * struct family - what a child shares with its parent
 */
struct family {
	/** @go: the parent's GPU has written */
	uint32_t go;
	/** @why: what went wrong in the child */
	char why[160];
};

/**
 * struct alloc_run - a worker
 */
struct alloc_run {
	/** @fd: device */
	int fd;
	/** @vm: VM */
	uint32_t vm;
	/** @queue: queues */
	uint32_t queue[ALLOC_MAX_QUEUES];
	/** @source: source */
	const struct alloc_source *source;
	/** @shape: shape */
	const struct alloc_shape *shape;
	/** @index: which of the workers */
	unsigned int index;
	/** @workers: how many take turns in the buffer */
	unsigned int workers;
	/** @alone: nobody else uses the VM */
	bool alone;
	/** @own: the buffer is this worker's, to be given back */
	bool own;
	/** @buffer: buffers: one, or one for each submission */
	uint8_t *buffer[ALLOC_MAX_EXECS];
	/** @size: bytes of a buffer */
	size_t size;
	/** @file: what is mapped, or -1 */
	int file;
	/** @pattern: what the GPU has written to each slot */
	uint64_t pattern[ALLOC_MAX_EXECS];
	/** @at: where each slot was when its stream was written */
	uint64_t at[ALLOC_MAX_EXECS];
	/** @apart: streams and fences outside of the buffer, a slot's beginning for each */
	struct slot *apart;
	/** @want: room for a slot */
	uint8_t *want;
	/** @family: what a child shares with its parent */
	struct family *family;
	/** @posted: submissions that are on their way, for the thread that polls */
	unsigned int posted;
	/** @seen: of these, what it has found */
	unsigned int seen;
	/** @stop: it has to end */
	bool stop;
	/** @thread: worker */
	pthread_t thread;
	/** @why: what went wrong, empty if nothing has */
	char why[240];
};

static bool has(const struct alloc_run *r, unsigned int flags)
{
	return r->source->flags & flags;
}

/* Says what went wrong, and returns -1 */
static __attribute((format(printf, 2, 3))) int fail(struct alloc_run *r, const char *f, ...)
{
	va_list args;

	va_start(args, f);
	if (!r->why[0])
		vsnprintf(r->why, sizeof(r->why), f, args);
	va_end(args);
	return -1;
}

/* What is there before the GPU writes, or nothing is known: malloc() gives back what was freed. */
static bool is_known(const struct alloc_run *r)
{
	return has(r, ALLOC_MMAP) || !has(r, ALLOC_NOMEMSET);
}

static uint8_t background(const struct alloc_run *r)
{
	return has(r, ALLOC_NOMEMSET) && !has(r, ALLOC_ANY_FILE) ? 0 : BACKGROUND;
}

/* Memory */

static uint8_t *map_at(struct alloc_run *r, size_t size)
{
	int flags = has(r, ALLOC_ANY_SHARED) ? MAP_SHARED : MAP_PRIVATE;
	uint8_t *p, *head;

	if (has(r, ALLOC_ANY_FILE))
		return mmap(NULL, size, RW, flags, r->file, 0);
	flags |= MAP_ANONYMOUS;
	if (has(r, ALLOC_HUGETLB))
		return mmap(NULL, size, RW, flags | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
	if (!has(r, ALLOC_HUGE))
		return mmap(NULL, size, RW, flags, -1, 0);
	head = mmap(NULL, size + VSVM_2M, PROT_NONE, flags | MAP_NORESERVE, -1, 0);
	if (head == MAP_FAILED)
		return head;
	p = (uint8_t *)ALIGN(vsvm_ptr(head), VSVM_2M);
	if (p > head)
		munmap(head, p - head);
	munmap(p + size, head + VSVM_2M - p);
	return mprotect(p, size, RW) || madvise(p, size, MADV_HUGEPAGE) ? MAP_FAILED : p;
}

static int get(struct alloc_run *r, uint8_t **buffer)
{
	uint8_t *p = has(r, ALLOC_MMAP) ? map_at(r, r->size) : malloc(r->size);

	if (!p || p == MAP_FAILED)
		return fail(r, "no memory: %m");
	*buffer = p;
	if (has(r, ALLOC_MLOCK) && mlock(p, r->size))
		return fail(r, "mlock: %m");
	if (!has(r, ALLOC_NOMEMSET))
		memset(p, BACKGROUND, r->size);
	return 0;
}

static void give_back(struct alloc_run *r, uint8_t **buffer)
{
	uint8_t *p = *buffer;

	*buffer = NULL;
	if (!p)
		return;
	if (has(r, ALLOC_MMAP)) {
		munmap(p, r->size);
		return;
	}
	if (has(r, ALLOC_MLOCK))
		munlock(p, r->size);
	free(p);
}

/* A file with background in it */
static int make_file(struct alloc_run *r)
{
	char path[] = "/var/tmp/vsvm-alloc-XXXXXX";
	uint8_t *content;
	ssize_t done;

	r->file = mkstemp(path);
	if (r->file < 0)
		return fail(r, "/var/tmp: %m");
	unlink(path);
	content = malloc(r->size);
	if (!content)
		return fail(r, "no memory");
	memset(content, BACKGROUND, r->size);
	done = pwrite(r->file, content, r->size, 0);
	free(content);
	return done == (ssize_t)r->size ? 0 : fail(r, "pwrite: %zd, %m", done);
}

/* What read() gives is what it was, or what the mapping has by now */
static int check_file(struct alloc_run *r)
{
	uint8_t *content = malloc(r->size);
	size_t i;

	if (!content || pread(r->file, content, r->size, 0) != (ssize_t)r->size) {
		free(content);
		return fail(r, "pread: %m");
	}
	for (i = 0; i < r->size; i++) {
		if (content[i] != (has(r, ALLOC_FILE) ? BACKGROUND : r->buffer[0][i]))
			break;
	}
	free(content);
	return i == r->size ? 0 : fail(r, "the file has another byte at %#zx", i);
}

/* Slots */

static struct slot *slot(const struct alloc_run *r, unsigned int i)
{
	const struct alloc_shape *shape = r->shape;

	if (has(r, ALLOC_ANY_NEW))
		return (struct slot *)(r->buffer[i] + shape->offset);
	return (struct slot *)(r->buffer[0] + shape->offset +
			       ((size_t)i * r->workers + r->index % r->workers) * shape->stride);
}

/* Where stream and fence of a submission are */
static struct slot *head(const struct alloc_run *r, unsigned int i)
{
	return has(r, ALLOC_NOMEMSET) ? &r->apart[i] : slot(r, i);
}

static uint64_t last_word(const struct alloc_run *r)
{
	return r->shape->bytes - 8;
}

/* Puts the packets of a submission into @at; returns how many bytes of them there are */
static size_t write_stream(struct alloc_run *r, unsigned int i, struct slot *at)
{
	struct slot *s = (struct slot *)r->at[i];

	at->fill = (struct vsvm_cmd_fill) {
		.head = { VSVM_CMD_FILL, sizeof(at->fill), 0 },
		.dst = vsvm_ptr(s->data),
		.size = last_word(r) - sizeof(*s),
		.pattern = r->pattern[i],
		.pattern_size = 8,
	};
	at->copy = (struct vsvm_cmd_copy) {
		.head = { VSVM_CMD_COPY, sizeof(at->copy), 0 },
		.src = vsvm_ptr(s->data),
		.dst = vsvm_ptr(s) + last_word(r),
		.size = 8,
	};
	at->add = (struct vsvm_cmd_atomic) {
		.head = { VSVM_CMD_ATOMIC, sizeof(at->add), 0 },
		.addr = vsvm_ptr(&s->count),
		.operand = i + 1,
		.op = VSVM_ATOMIC_ADD,
		.width = 8,
	};
	return is_known(r) ? STREAM_SIZE : STREAM_SIZE - sizeof(at->add);
}

/* Compares all that there is of a slot */
static int check_slot(struct alloc_run *r, unsigned int i)
{
	const uint8_t *got = (const uint8_t *)slot(r, i);
	struct slot *want = (struct slot *)r->want;
	const size_t bytes = r->shape->bytes;
	size_t at;

	memset(want, background(r), bytes);
	want->count += i + 1;
	for (at = 0; sizeof(*want) + 8 * at < bytes; at++)
		want->data[at] = r->pattern[i];
	if (!has(r, ALLOC_NOMEMSET)) {
		write_stream(r, i, want);
		want->fence = i + 1;
	}
	at = is_known(r) ? 0 : sizeof(*want);
	if (!memcmp(got + at, r->want + at, bytes - at))
		return 0;
	while (got[at] == r->want[at])
		at++;
	return fail(r, "submission %u: byte %#zx of its slot is %#x and not %#x", i, at, got[at],
		    r->want[at]);
}

static int check_range(struct alloc_run *r, const uint8_t *start, const uint8_t *end)
{
	if (start == end || (*start == background(r) && !memcmp(start, start + 1, end - start - 1)))
		return 0;
	while (*start == background(r))
		start++;
	return fail(r, "byte %#llx, between slots, is %#x", (long long)vsvm_ptr(start), *start);
}

/* Nothing has been written between the slots */
static int check_gaps(struct alloc_run *r)
{
	const unsigned int execs = r->shape->execs;
	const uint8_t *at = r->buffer[0];

	if (!is_known(r) || r->workers != 1 || has(r, ALLOC_ANY_NEW))
		return 0;
	for (unsigned int i = 0; i < execs; i++) {
		if (check_range(r, at, (uint8_t *)slot(r, i)))
			return -1;
		at = (uint8_t *)slot(r, i) + r->shape->bytes;
	}
	return check_range(r, at, r->buffer[0] + r->size);
}

/* A submission */

static int prefetch(struct alloc_run *r, unsigned int i)
{
	uint64_t start = ALIGN_DOWN(vsvm_ptr(slot(r, i)), PAGE);
	uint64_t end = ALIGN(vsvm_ptr(slot(r, i)) + r->shape->bytes, PAGE);
	int ret = __vsvm_prefetch(r->fd, r->vm, (void *)start, end - start,
				  DRM_VSVM_PREFETCH_WRITE, NULL);

	return ret ? fail(r, "VM_PREFETCH: %s", strerror(-ret)) : 0;
}

static int query_stats(struct alloc_run *r, struct drm_vsvm_vm_stats *stats)
{
	uint64_t size = sizeof(*stats);
	int ret;

	memset(stats, 0, sizeof(*stats));
	ret = __vsvm_vm_query(r->fd, r->vm, DRM_VSVM_VM_QUERY_STATS, stats, &size);
	return ret ? fail(r, "stats: %s", strerror(-ret)) : 0;
}

static int submit(struct alloc_run *r, unsigned int i)
{
	struct slot *at = head(r, i);
	size_t size;
	int ret;

	r->at[i] = vsvm_ptr(slot(r, i));
	size = write_stream(r, i, at);
	/* or it is greater than any value */
	at->fence = 0;
	ret = __vsvm_exec1(r->fd, r->queue[i % r->shape->queues], vsvm_ptr(at), size,
			   vsvm_ptr(&at->fence), i + 1, 0);
	return ret ? fail(r, "exec: %s", strerror(-ret)) : 0;
}

static int finish(struct alloc_run *r, unsigned int i)
{
	uint32_t queue = r->queue[i % r->shape->queues];
	struct drm_vsvm_queue_query state;
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int ret;

	do {
		ret = __vsvm_wait(r->fd, queue, &head(r, i)->fence, i + 1, deadline - vsvm_now());
	} while (ret == -EINTR);
	if (!ret)
		return 0;
	if (__vsvm_queue_query(r->fd, queue, &state))
		memset(&state, 0, sizeof(state));
	return fail(r, "submission %u: wait: %s, error %s at %#llx", i, strerror(-ret),
		    vsvm_error_name(state.error), (long long)state.addr);
}

/* Has the GPU needed a fault, though the kernel has taken nothing away? */
static int check_no_fault(struct alloc_run *r, const struct drm_vsvm_vm_stats *before)
{
	struct drm_vsvm_vm_stats after;

	if (query_stats(r, &after))
		return -1;
	if (after.faults == before->faults || after.invalidations != before->invalidations)
		return 0;
	return fail(r, "%llu faults after a prefetch",
		    (long long)(after.faults - before->faults));
}

/* What happens between submissions */

static void *poll_thread(void *data)
{
	struct alloc_run *r = data;
	unsigned int i = 0;

	while (!READ_ONCE(r->stop)) {
		if (i == __atomic_load_n(&r->posted, __ATOMIC_ACQUIRE)) {
			sched_yield();
			continue;
		}
		if (READ_ONCE(slot(r, i)->data[0]) != r->pattern[i]) {
			sched_yield();
			continue;
		}
		__atomic_store_n(&r->seen, ++i, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Until the thread that polls has seen what the GPU has written */
static int await_seen(struct alloc_run *r, unsigned int count)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (__atomic_load_n(&r->seen, __ATOMIC_ACQUIRE) < count) {
		if (vsvm_now() > deadline)
			return fail(r, "submission %u: a thread that polls never sees it", r->seen);
		sched_yield();
	}
	return 0;
}

static uint64_t new_pattern(uint64_t pattern)
{
	return pattern ^ 0xff00ff00ff00ff00;
}

static int run_again(struct alloc_run *r, unsigned int i)
{
	struct slot *at = &r->apart[i];
	uint32_t queue = r->queue[i % r->shape->queues];
	int ret;

	write_stream(r, i, at);
	at->fence = 0;
	ret = __vsvm_exec1(r->fd, queue, vsvm_ptr(at), sizeof(at->fill) + sizeof(at->copy),
			   vsvm_ptr(&at->fence), i + 1, 0);
	if (!ret)
		ret = __vsvm_wait(r->fd, queue, &at->fence, i + 1, VSVM_WAIT_NS);
	return ret ? fail(r, "once more: %s", strerror(-ret)) : 0;
}

static int check_up_to(struct alloc_run *r, unsigned int i)
{
	for (unsigned int k = 0; k <= i; k++) {
		if (check_slot(r, k))
			return -1;
	}
	return 0;
}

/*
 * The child has what was there at the fork, whatever the parent's GPU writes then; or, of shared
 * memory, just that.
 */
static int look_as_child(struct alloc_run *r, unsigned int i)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	const bool is_shared = has(r, ALLOC_ANY_SHARED);

	if (!is_shared && check_up_to(r, i))
		return -1;
	while (!__atomic_load_n(&r->family->go, __ATOMIC_SEQ_CST)) {
		if (vsvm_now() > deadline)
			return fail(r, "the parent is not done");
		usleep(200);
	}
	if (is_shared)
		r->pattern[i] = new_pattern(r->pattern[i]);
	return check_up_to(r, i);
}

static int fork_and_look(struct alloc_run *r, unsigned int i)
{
	int status;
	pid_t pid;

	r->family->go = 0;
	pid = fork();
	if (pid < 0)
		return fail(r, "fork: %m");
	if (!pid) {
		if (!look_as_child(r, i))
			_exit(0);
		memcpy(r->family->why, r->why, sizeof(r->family->why) - 1);
		_exit(1);
	}
	r->pattern[i] = new_pattern(r->pattern[i]);
	/* the stream in the slot is looked at too */
	if (!run_again(r, i) && !has(r, ALLOC_NOMEMSET))
		slot(r, i)->fill.pattern = r->pattern[i];
	__atomic_store_n(&r->family->go, 1, __ATOMIC_SEQ_CST);
	if (waitpid(pid, &status, 0) != pid)
		return fail(r, "waitpid: %m");
	if (status)
		return fail(r, "a child after submission %u (%#x): %s", i, status, r->family->why);
	return r->why[0] ? -1 : check_slot(r, i);
}

static int move(struct alloc_run *r)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED |
			  (has(r, ALLOC_DONTUNMAP) ? MREMAP_DONTUNMAP : 0);
	uint8_t *from = r->buffer[0], *to;

	/* an address of the kind that it has now, 2M aligned or not */
	to = map_at(r, r->size);
	if (to == MAP_FAILED)
		return fail(r, "no new address: %m");
	if (has(r, ALLOC_READONLY) && mprotect(from, r->size, PROT_READ))
		return fail(r, "mprotect: %m");
	if (mremap(from, r->size, r->size, flags, to) != to)
		return fail(r, "mremap: %m");
	if (has(r, ALLOC_READONLY) && mprotect(to, r->size, RW))
		return fail(r, "mprotect: %m");
	r->buffer[0] = to;
	if (!has(r, ALLOC_DONTUNMAP))
		return 0;
	for (size_t i = 0; i < r->size; i++) {
		if (from[i] != (has(r, ALLOC_ANY_SHARED) ? to[i] : 0))
			return fail(r, "byte %#zx was left behind", i);
	}
	munmap(from, r->size);
	return 0;
}

/* Submissions @first up to @end are done */
static int between(struct alloc_run *r, unsigned int first, unsigned int end)
{
	unsigned int execs = r->shape->execs;

	if (has(r, ALLOC_RACE) && await_seen(r, end))
		return -1;
	if (has(r, ALLOC_FORK_READ) && (end % 8 == 1 || end == execs) &&
	    fork_and_look(r, end - 1))
		return -1;
	if (!has(r, ALLOC_EOCHECK) || end % 2 == 0 || end == execs) {
		for (; first < end; first++) {
			if (has(r, ALLOC_EOCHECK) && first && check_slot(r, first - 1))
				return -1;
			if (check_slot(r, first))
				return -1;
		}
	}
	if (has(r, ALLOC_FORK_AFTER) && (end % 8 == 1 || end == execs) &&
	    fork_and_look(r, end - 1))
		return -1;
	if (has(r, ALLOC_REMAP) && move(r))
		return -1;
	if (has(r, ALLOC_FREE))
		give_back(r, &r->buffer[end - 1]);
	return has(r, ALLOC_ANY_NEW) && end < execs ? get(r, &r->buffer[end]) : 0;
}

static int use(struct alloc_run *r)
{
	const unsigned int execs = r->shape->execs;
	/* where each has a buffer, that is got when the one before is done with */
	const unsigned int at_once = has(r, ALLOC_ANY_NEW) ? 1 : r->shape->queues;
	struct drm_vsvm_vm_stats before;
	unsigned int i, end;

	for (unsigned int first = 0; first < execs; first = end) {
		end = first + at_once < execs ? first + at_once : execs;
		for (i = first; has(r, ALLOC_PREFETCH) && i < end; i++) {
			if (prefetch(r, i))
				return -1;
		}
		if (query_stats(r, &before))
			return -1;
		__atomic_store_n(&r->posted, end, __ATOMIC_RELEASE);
		for (i = first; i < end; i++) {
			if (submit(r, i))
				return -1;
		}
		for (i = first; i < end; i++) {
			if (finish(r, i))
				return -1;
		}
		if (has(r, ALLOC_PREFETCH) && r->alone && check_no_fault(r, &before))
			return -1;
		if (between(r, first, end))
			return -1;
	}
	/* all that is still there, wherever it has moved */
	for (i = 0; i < execs && !has(r, ALLOC_FREE); i++) {
		if (check_slot(r, i))
			return -1;
	}
	if (check_gaps(r))
		return -1;
	return has(r, ALLOC_ANY_FILE) ? check_file(r) : 0;
}

/* Workers */

static int begin(struct alloc_run *r)
{
	const size_t apart = ALIGN(r->shape->execs * sizeof(*r->apart), PAGE);
	static uint64_t runs;
	uint64_t run;
	int ret = 0;

	r->want = malloc(r->shape->bytes);
	r->apart = mmap(NULL, apart, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	r->family = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!r->want || r->apart == MAP_FAILED || r->family == MAP_FAILED)
		return fail(r, "no memory: %m");
	/* never the same twice: memory of malloc may still have what was written before */
	run = __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < r->shape->execs; i++)
		r->pattern[i] = run << 40 | (r->index + 1ull) << 32 | (i + 1) << 16 | 0x57a7;
	for (unsigned int i = 0; !ret && i < r->shape->queues; i++)
		ret = __vsvm_queue_create(r->fd, r->vm, DRM_VSVM_ENGINE_ANY, 0, &r->queue[i]);
	if (!ret && has(r, ALLOC_PREFETCH))
		ret = __vsvm_prefetch(r->fd, r->vm, r->apart, apart, DRM_VSVM_PREFETCH_WRITE, NULL);
	if (ret)
		return fail(r, "queue: %s", strerror(-ret));
	if (!r->own)
		return 0;
	if (has(r, ALLOC_ANY_FILE) && make_file(r))
		return -1;
	return get(r, &r->buffer[0]);
}

static void end(struct alloc_run *r)
{
	for (unsigned int i = 0; i < r->shape->queues; i++) {
		if (r->queue[i] && __vsvm_queue_destroy(r->fd, r->queue[i]))
			fail(r, "a queue cannot be destroyed");
	}
	for (unsigned int i = 0; r->own && i < r->shape->execs; i++)
		give_back(r, &r->buffer[i]);
	if (r->own && r->file >= 0)
		close(r->file);
	munmap(r->apart, ALIGN(r->shape->execs * sizeof(*r->apart), PAGE));
	munmap(r->family, PAGE);
	free(r->want);
}

static void *work(void *data)
{
	struct alloc_run *r = data;
	pthread_t poll;

	if (!begin(r)) {
		if (has(r, ALLOC_RACE) && pthread_create(&poll, NULL, poll_thread, r))
			fail(r, "no thread");
		else
			use(r);
		WRITE_ONCE(r->stop, true);
		if (has(r, ALLOC_RACE))
			pthread_join(poll, NULL);
	}
	end(r);
	return NULL;
}

static size_t buffer_size(const struct alloc_source *source, const struct alloc_shape *shape,
			  unsigned int workers)
{
	unsigned int slots = source->flags & ALLOC_ANY_NEW ? 1 : shape->execs * workers;
	size_t size = shape->offset + (slots - 1) * shape->stride + shape->bytes;

	if (!(source->flags & ALLOC_MMAP))
		return size;
	return ALIGN(size, source->flags & (ALLOC_HUGE | ALLOC_HUGETLB) ? VSVM_2M : PAGE);
}

static struct alloc_run *new_run(int fd, uint32_t vm, const struct alloc_source *source,
				 const struct alloc_shape *shape)
{
	struct alloc_run *r = calloc(1, sizeof(*r));

	igt_assert(r);
	igt_assert_lte(shape->execs, ALLOC_MAX_EXECS);
	igt_assert_lte(shape->queues, ALLOC_MAX_QUEUES);
	*r = (struct alloc_run) {
		.fd = fd,
		.vm = vm,
		.source = source,
		.shape = shape,
		.workers = 1,
		.alone = true,
		.own = true,
		.file = -1,
		.size = buffer_size(source, shape, 1),
	};
	return r;
}

static void check_run(struct alloc_run *r)
{
	char why[sizeof(r->why)];
	unsigned int index = r->index;

	memcpy(why, r->why, sizeof(why));
	free(r);
	igt_assert_f(!why[0], "worker %u: %s\n", index, why);
}

static void test_threads(int fd, const struct alloc_source *source,
			 const struct alloc_shape *shape, enum alloc_mode mode)
{
	uint32_t vm = mode == ALLOC_THREADS ? 0 : vsvm_vm_create(fd);
	struct alloc_run *r[ALLOC_WORKERS];

	for (unsigned int i = 0; i < ALLOC_WORKERS; i++) {
		r[i] = new_run(fd, vm ? vm : vsvm_vm_create(fd), source, shape);
		r[i]->index = i;
		r[i]->alone = !vm;
		if (mode != ALLOC_THREADS_BUFFER)
			continue;
		/* index and workers say which slots are whose */
		r[i]->workers = ALLOC_WORKERS;
		r[i]->size = buffer_size(source, shape, ALLOC_WORKERS);
		r[i]->own = false;
		if (i)
			r[i]->buffer[0] = r[0]->buffer[0];
		else
			igt_assert_f(!get(r[0], &r[0]->buffer[0]), "%s\n", r[0]->why);
	}
	for (unsigned int i = 0; i < ALLOC_WORKERS; i++)
		igt_assert_eq(pthread_create(&r[i]->thread, NULL, work, r[i]), 0);
	for (unsigned int i = 0; i < ALLOC_WORKERS; i++)
		igt_assert_eq(pthread_join(r[i]->thread, NULL), 0);
	if (mode == ALLOC_THREADS_BUFFER)
		give_back(r[0], &r[0]->buffer[0]);
	for (unsigned int i = 0; i < ALLOC_WORKERS; i++) {
		if (!vm)
			vsvm_vm_destroy(fd, r[i]->vm);
		check_run(r[i]);
	}
	if (vm)
		vsvm_vm_destroy(fd, vm);
}

static void test_alone(int fd, unsigned int index, const struct alloc_source *source,
		       const struct alloc_shape *shape)
{
	struct alloc_run *r = new_run(fd, vsvm_vm_create(fd), source, shape);

	r->index = index;
	work(r);
	vsvm_vm_destroy(fd, r->vm);
	check_run(r);
}

void alloc_test(int fd, const struct alloc_source *source, const struct alloc_shape *shape,
		enum alloc_mode mode)
{
	switch (mode) {
	case ALLOC_ALONE:
		test_alone(fd, 0, source, shape);
		break;
	case ALLOC_PROCESSES:
		igt_fork(child, ALLOC_WORKERS) {
			int own = drm_reopen_driver(fd);

			test_alone(own, child, source, shape);
			close(own);
		}
		igt_waitchildren();
		break;
	default:
		test_threads(fd, source, shape, mode);
	}
}
