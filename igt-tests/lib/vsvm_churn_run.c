// SPDX-License-Identifier: MIT
/*
 * A run of vsvm_churn: threads, epochs, and what is checked when all of them pause.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>

#include "vsvm_churn.h"

#define PAGE		VSVM_PAGE_SIZE
#define RW		(PROT_READ | PROT_WRITE)
#define STRIDE		((CHURN_PAGES + 1) * PAGE)
#define GUARD		0x6775617264000000ull

/* The operation a thread is in, for who fails outside of the functions that know it */
static __thread struct churn_thread *current;
static struct churn *the_churn;

void churn_crit(struct churn_thread *t, const char *f, ...)
{
	struct churn_report *report = the_churn->report;
	const uint32_t index = t ? report->next[t->id] : ~0u;
	char *at = report->text, *end = at + sizeof(report->text), op[256];
	struct churn_op logged;
	unsigned int logs = 0;
	va_list args;

	/* The others see the end of the process. */
	if (__atomic_exchange_n(&report->failed, 1, __ATOMIC_SEQ_CST))
		for (;;)
			pause();

	report->thread = t ? t->id : 0;
	report->op = index;
	va_start(args, f);
	at += vsnprintf(at, end - at, f, args);
	va_end(args);
	at += snprintf(at, end - at, "\n");
	if (t) {
		at += snprintf(at, end - at, "thread %u, operation %u; its last ones:\n", t->id,
			       index);
		for (uint32_t i = index > 40 ? index - 40 : 0; i <= index && logs < 41; i++) {
			const uint8_t *skip = the_churn->config.skip[t->id];

			if (skip && skip[i])
				continue;
			churn_op_make(&the_churn->config, t->id, i, &logged);
			at += snprintf(at, end - at, "  %6u  %s\n", i,
				       churn_op_text(&logged, op, sizeof(op)));
			logs++;
		}
	}
	_exit(1);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	/* A child after fork has no say: the thread that waits for it reports. */
	if (getpid() != the_churn->pid) {
		the_churn->report->child[current->id].signal = sig;
		the_churn->report->child[current->id].addr = vsvm_ptr(info->si_addr);
		_exit(1);
	}
	churn_crit(current, "signal %d, the CPU at address %p%s", sig, info->si_addr,
		   current && (uint8_t *)info->si_addr >= current->m.base &&
		   (uint8_t *)info->si_addr < current->m.base + STRIDE ? " of its arena" : "");
}

/* Everything that can be compared */

static uint64_t *guard_page(struct churn *c, unsigned int i)
{
	return (uint64_t *)(c->base + i * STRIDE);
}

static void check_guards(struct churn_thread *t)
{
	struct churn *c = t->churn;

	for (unsigned int i = 0; i <= c->config.threads; i++)
		for (unsigned int w = 0; w < CHURN_WORDS; w++)
			churn_check(t, guard_page(c, i)[w] == GUARD + w,
				    "guard page %u, which nobody writes, has %#llx at %p", i,
				    (long long)guard_page(c, i)[w], &guard_page(c, i)[w]);
}

static void check_counters(struct churn_thread *t)
{
	struct churn *c = t->churn;

	for (unsigned int w = 0; w < CHURN_COUNTERS; w++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < c->config.threads; i++)
			sum += c->threads[i].counted[w];
		churn_check(t, c->counters[w] == sum, "counter %u is %#llx, expected %#llx", w,
			    (long long)c->counters[w], (long long)sum);
	}
}

/* No interval overlaps another, and by the policy vma none is where nothing is mapped. */
static void check_intervals(struct churn_thread *t)
{
	struct churn *c = t->churn;
	struct drm_vsvm_interval *intervals;
	struct procmap_query query;
	unsigned int count;
	uint64_t end = 0;

	churn_check(t, !__vsvm_vm_sync(c->config.fd, c->vm), "VM_SYNC: %m");
	count = vsvm_vm_intervals(c->config.fd, c->vm, &intervals);
	for (unsigned int i = 0; i < count; i++) {
		churn_check(t, end <= intervals[i].start && intervals[i].start < intervals[i].end,
			    "interval %u, %#llx..%#llx, overlaps the one before it", i,
			    (long long)intervals[i].start, (long long)intervals[i].end);
		end = intervals[i].end;
		if (!vsvm_is_vma_policy())
			continue;
		for (uint64_t addr = intervals[i].start; addr < end; addr = query.vma_end) {
			query = (struct procmap_query){
				.size = sizeof(query),
				.query_addr = addr,
			};
			churn_check(t, !ioctl(t->maps, PROCMAP_QUERY, &query),
				    "nothing is mapped at %#llx, but interval %#llx..%#llx has it",
				    (long long)addr, (long long)intervals[i].start,
				    (long long)end);
		}
	}
	free(intervals);
}

static void check_thread(struct churn_thread *t)
{
	churn_check_cpu(t, 0, CHURN_PAGES);
	churn_check_gpu(t, 0, 0, CHURN_PAGES);
	churn_gpu_alive(t, 0);
	churn_gpu_alive(t, 1);
}

/* All threads come here after so many operations; true if that was all */
static bool epoch(struct churn_thread *t, uint32_t ops)
{
	struct churn *c = t->churn;

	check_thread(t);
	if (pthread_barrier_wait(&c->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
		check_counters(t);
		check_guards(t);
		check_intervals(t);
		vsvm_vm_stats(c->config.fd, c->vm, &c->report->stats);
		c->stop = c->config.ops ? ops >= c->config.ops : vsvm_now() >= c->deadline;
	}
	pthread_barrier_wait(&c->barrier);
	return c->stop;
}

static void *run_thread(void *data)
{
	struct churn_thread *t = data;
	struct churn *c = t->churn;
	const uint8_t *skip = c->config.skip[t->id];

	current = t;
	t->maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	churn_check(t, t->maps >= 0, "/proc/self: %m");
	for (uint32_t i = 0;; i++) {
		if (i && (!(i % CHURN_EPOCH) || i == c->config.ops) && epoch(t, i))
			break;
		if (skip && skip[i])
			continue;
		WRITE_ONCE(c->report->next[t->id], i);
		churn_op_make(&c->config, t->id, i, &t->op);
		churn_op_run(t);
	}
	close(t->maps);
	churn_gpu_thread_fini(t);
	return NULL;
}

/* A failed assertion in a thread is the end of the thread, and nobody else's. */
static void thread_gone(void *data)
{
	churn_crit(data, "a helper's assertion has failed, see above");
}

static void *start_thread(void *data)
{
	pthread_cleanup_push(thread_gone, data);
	run_thread(data);
	pthread_cleanup_pop(0);
	return NULL;
}

/* When everything has been unmapped nothing is mapped on the GPU, and no interval is left. */
static void check_end(struct churn *c)
{
	struct drm_vsvm_vm_stats stats;

	churn_check(NULL, !__vsvm_vm_sync(c->config.fd, c->vm), "VM_SYNC: %m");
	vsvm_vm_stats(c->config.fd, c->vm, &stats);
	churn_check(NULL, !stats.pages && (!stats.intervals || !vsvm_is_vma_policy()),
		    "%llu pages and %llu intervals are left when all is unmapped",
		    (long long)stats.pages, (long long)stats.intervals);
	churn_check(NULL, !__vsvm_vm_destroy(c->config.fd, c->vm), "VM_DESTROY: %m");
}

void churn_run_here(const struct churn_config *config, struct churn_report *report)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	const unsigned int threads = config->threads;
	struct churn c = { .config = *config, .report = report };
	uint64_t size = threads * STRIDE + PAGE;
	const char *policy;

	the_churn = &c;
	c.pid = getpid();
	/* The line by which a test ends is the parent's. */
	churn_check(NULL, freopen("/dev/null", "w", stdout), "/dev/null: %m");
	if (sigsetjmp(igt_subtest_jmpbuf, 1))
		churn_crit(NULL, "a helper's assertion has failed, see above\n");
	if (config->policy)
		setenv("VSVM_INTERVAL_POLICY", config->policy, 1);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	c.deadline = vsvm_deadline(config->seconds * NSEC_PER_SEC);
	pthread_barrier_init(&c.barrier, NULL, threads);
	policy = getenv("VSVM_INTERVAL_POLICY");
	c.registered = policy && !strcmp(policy, "registered");
	churn_check(NULL, !(c.registered ?
			    __vsvm_vm_create_policy(config->fd,
						    DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0, 0, 0,
						    &c.vm) :
			    __vsvm_vm_create(config->fd, DRM_VSVM_VM_SVM, 0, 0, &c.vm)),
		    "VM_CREATE: %m");
	churn_gpu_init(&c);

	/* Its page before each arena; arenas and guards are one mapping at first. */
	c.base = (uint8_t *)vsvm_reserve(size + 2 * VSVM_2M) + VSVM_2M - PAGE;
	churn_check(NULL, !mprotect(c.base, size, RW), "mprotect: %m");
	if (c.registered)
		churn_register_all(&c, vsvm_ptr(c.base), STRIDE);
	for (unsigned int i = 0; i <= threads; i++)
		for (unsigned int w = 0; w < CHURN_WORDS; w++)
			guard_page(&c, i)[w] = GUARD + w;
	c.counters = (uint64_t *)((uint8_t *)vsvm_reserve(3 * VSVM_2M) + VSVM_2M);
	churn_check(NULL, !mprotect(c.counters, VSVM_2M, RW), "mprotect: %m");

	c.threads = mmap(NULL, threads * sizeof(*c.threads), RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	churn_check(NULL, c.threads != MAP_FAILED, "mmap: %m");
	for (unsigned int i = 0; i < threads; i++) {
		struct churn_thread *t = &c.threads[i];

		t->churn = &c;
		t->id = i;
		churn_model_init(&t->m, c.base + i * STRIDE + PAGE);
		churn_gpu_thread_init(t);
	}
	for (unsigned int i = 0; i < threads; i++)
		churn_check(NULL, !pthread_create(&c.threads[i].thread, NULL, start_thread,
						  &c.threads[i]), "pthread_create");
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(c.threads[i].thread, NULL);
	for (unsigned int i = 0; i < threads; i++)
		churn_model_fini(&c.threads[i].m);
	munmap(c.base, size);
	munmap(c.counters, VSVM_2M);
	churn_gpu_fini(&c);
	check_end(&c);
	WRITE_ONCE(report->done, 1);
	_exit(0);
}
