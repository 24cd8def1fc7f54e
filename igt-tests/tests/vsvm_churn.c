// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm churn
 * Description: A process changes its memory in every way there is while its GPU uses it, at random
 */
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>

#include "vsvm_churn.h"
#include "vsvm_mm.h"

IGT_TEST_DESCRIPTION("A process changes its memory while its GPU uses it, at random");

/* How long a shorter sequence is looked for, in s */
#define SHORTEN		60
/* Without an operation that ends */
#define STALL_NS	(100 * (int64_t)NSEC_PER_SEC)
#define CI_THREADS	3
/* Somewhere for MADV_PAGEOUT to put memory that has no file */
#define SWAP_PAGES	(96u << 8)

static struct {
	uint64_t seed;
	bool has_seed;
	unsigned int seconds;
	unsigned int threads;
	unsigned int flavour;
	unsigned int shorten;
	uint32_t ops;
	const char *only;
} opts = { .threads = CI_THREADS, .shorten = SHORTEN };

static const char *const flavours[CHURN_FLAVOURS] = {
	"mixed", "anon", "file", "fork", "huge", "bad",
};

/* Beside the one that VMs have unless told otherwise */
static const char *const policies[] = { "window:0x200000", "mm", "registered" };

static const char *policy_of(const struct churn_config *config)
{
	return config->policy ?: getenv("VSVM_INTERVAL_POLICY") ?: "vma";
}

/* A run, in a process of its own */

static struct churn_report *report;

static uint64_t total(const uint64_t *counts)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < CHURN_THREADS; i++)
		sum += counts[i];
	return sum;
}

static uint64_t ops_done(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < CHURN_THREADS; i++)
		sum += READ_ONCE(report->next[i]);
	return sum;
}

static void progress(int64_t start)
{
	igt_info("%4lld s: %llu operations, %llu streams, %llu bursts, %llu queues killed as expected; %llu faults, %llu invalidations, %llu pages dirtied, %llu to VRAM, %llu back, %llu evicted\n",
		 (long long)((vsvm_now() - start) / NSEC_PER_SEC), (long long)ops_done(),
		 (long long)total(report->gpu), (long long)total(report->bursts),
		 (long long)total(report->deaths), (long long)report->stats.faults,
		 (long long)report->stats.invalidations,
		 (long long)report->stats.pages_dirtied,
		 (long long)report->stats.pages_to_vram,
		 (long long)(report->stats.pages_faulted + report->stats.pages_to_system),
		 (long long)report->stats.pages_evicted);
	fflush(stdout);
}

/* Returns whether it passed; what failed is in the report */
static bool run(const struct churn_config *config, bool talk, int64_t deadline)
{
	int64_t start = vsvm_now(), said = start, moved = start;
	uint64_t ops = 0;
	int status = 0;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	fflush(stdout);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid)
		churn_run_here(config, report);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		int64_t now = vsvm_now();

		usleep(20000);
		if (talk && now - said >= 10 * (int64_t)NSEC_PER_SEC) {
			progress(start);
			said = now;
		}
		if (ops_done() != ops) {
			ops = ops_done();
			moved = now;
		}
		if (now - moved < STALL_NS && now < deadline)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (now >= deadline)
			return !report->failed;
		/* Who had failed by then has said what; but the process did not end of it. */
		if (report->failed && report->text[0])
			break;
		report->failed = 1;
		report->op = ~0u;
		snprintf(report->text, sizeof(report->text), "no operation has ended for %lld s\n",
			 (long long)(STALL_NS / NSEC_PER_SEC));
		for (unsigned int i = 0; i < config->threads; i++) {
			char op[256], line[320];
			struct churn_op made;

			churn_op_make(config, i, report->next[i], &made);
			snprintf(line, sizeof(line), "thread %u: %u %s\n", i, report->next[i],
				 churn_op_text(&made, op, sizeof(op)));
			strcat(report->text, line);
		}
	}
	if (!report->failed && !report->done) {
		report->failed = 1;
		report->op = ~0u;
		snprintf(report->text, sizeof(report->text), "the process ended, status %#x\n",
			 status);
	}
	if (talk && !report->failed)
		progress(start);
	return !report->failed;
}

/* Operations by number: "THREAD:3,7-9;THREAD:1" */

static void print_only(const struct churn_config *config)
{
	for (unsigned int t = 0; t < config->threads; t++) {
		const uint8_t *skip = config->skip[t];
		const char *mark = "";
		uint32_t last;

		igt_info("%s%u:", t ? ";" : "", t);
		for (uint32_t i = 0; i < config->ops; i++) {
			if (skip[i])
				continue;
			for (last = i; last + 1 < config->ops && !skip[last + 1]; last++)
				;
			igt_info("%s%u", mark, i);
			if (last > i)
				igt_info("-%u", last);
			mark = ",";
			i = last;
		}
	}
}

static void parse_only(struct churn_config *config, const char *text)
{
	unsigned long t, from, to;
	uint32_t most = 0;
	char *end;

	/* twice: how many operations that makes, then which */
	for (int pass = 0; pass < 2; pass++) {
		const char *at = text;

		while (*at) {
			t = strtoul(at, &end, 0);
			igt_assert_f(*end == ':' && t < config->threads, "--only: %s\n", at);
			do {
				at = end + 1;
				if (!*at || *at == ';') {
					end = (char *)at;
					break;
				}
				from = strtoul(at, &end, 0);
				igt_assert_f(end != at, "--only: %s\n", at);
				to = *end == '-' ? strtoul(end + 1, &end, 0) : from;
				igt_assert_f(to < 100000000, "--only: %s\n", at);
				if (to >= most)
					most = to + 1;
				for (; pass && from <= to; from++)
					((uint8_t *)config->skip[t])[from] = 0;
			} while (*end == ',');
			at = *end == ';' ? end + 1 : end;
			igt_assert_f(!*end || *end == ';', "--only: %s\n", end);
		}
		for (unsigned int i = 0; !pass && i < config->threads; i++) {
			uint8_t *skip = malloc(most);

			memset(skip, 1, most);
			config->skip[i] = skip;
			config->ops = most;
		}
	}
}

/* Looking for a shorter sequence */

struct shorten {
	struct churn_config config;
	uint8_t *skip[CHURN_THREADS];
	int64_t deadline;
	unsigned int tries;
	unsigned int tries_each;
};

static bool still_fails(struct shorten *s)
{
	for (unsigned int i = 0; i < s->tries_each && vsvm_now() < s->deadline; i++) {
		s->tries++;
		if (!run(&s->config, false, s->deadline))
			return true;
	}
	return false;
}

/* Leave out [from, to) of a thread's operations, if it fails without them too */
static bool leave_out(struct shorten *s, unsigned int t, uint32_t from, uint32_t to)
{
	uint8_t *saved;
	bool any = false;

	for (uint32_t i = from; i < to; i++)
		any |= !s->skip[t][i];
	if (!any)
		return false;
	saved = malloc(to - from);
	memcpy(saved, s->skip[t] + from, to - from);
	memset(s->skip[t] + from, 1, to - from);
	any = still_fails(s);
	if (!any)
		memcpy(s->skip[t] + from, saved, to - from);
	free(saved);
	return any;
}

static uint32_t num_ops(const struct shorten *s)
{
	uint32_t count = 0;

	for (unsigned int t = 0; t < s->config.threads; t++)
		for (uint32_t i = 0; i < s->config.ops; i++)
			count += !s->skip[t][i];
	return count;
}

static void shorten(const struct churn_config *failed)
{
	struct churn_report *first = malloc(sizeof(*first));
	struct shorten s = { .config = *failed };
	uint32_t before;

	memcpy(first, report, sizeof(*first));
	s.deadline = vsvm_deadline(opts.shorten * NSEC_PER_SEC);
	s.config.ops = 0;
	for (unsigned int t = 0; t < s.config.threads; t++)
		if (first->next[t] >= s.config.ops)
			s.config.ops = first->next[t] + 1;
	for (unsigned int t = 0; t < s.config.threads; t++) {
		s.skip[t] = malloc(s.config.ops);
		s.config.skip[t] = s.skip[t];
		for (uint32_t i = 0; i < s.config.ops; i++)
			s.skip[t][i] = i > first->next[t] ||
				       (failed->skip[t] && failed->skip[t][i]);
	}
	igt_info("\nlooking for a shorter sequence, for %u s\n", opts.shorten);
	before = num_ops(&s);
	s.tries_each = 4;
	if (!still_fails(&s)) {
		igt_info("the same %u operations do not fail again in %u tries: a race\n", before,
			 s.tries);
		return;
	}
	/* What fails at every other try will do. */
	s.tries_each = s.tries > 1 ? 3 : 2;
	for (unsigned int t = 0; t < s.config.threads; t++)
		if (t != first->thread)
			leave_out(&s, t, 0, s.config.ops);
	for (unsigned int t = 0; t < s.config.threads; t++)
		for (uint32_t size = s.config.ops; size; size /= 2)
			for (uint32_t i = 0; i < s.config.ops; i += size)
				leave_out(&s, t, i, i + size < s.config.ops ?
					  i + size : s.config.ops);
	/* the report of what is left */
	igt_info("%u of %u operations fail too (%u tries):\n", num_ops(&s), before, s.tries);
	s.deadline = vsvm_deadline(15 * NSEC_PER_SEC);
	if (still_fails(&s))
		igt_info("%s", report->text);
	igt_info("to run them: make churn SEED=%llu FLAVOUR=%s THREADS=%u POLICY=%s ONLY='",
		 (long long)s.config.seed, flavours[s.config.flavour], s.config.threads,
		 policy_of(&s.config));
	print_only(&s.config);
	igt_info("'\n");
}

static void churn(int fd, unsigned int flavour, const char *policy, uint64_t seed, uint32_t ops,
		  unsigned int seconds)
{
	struct churn_config config = {
		.fd = fd,
		.seed = seed,
		.flavour = flavour,
		.policy = policy,
		.threads = opts.threads,
		.ops = ops,
		.seconds = seconds,
	};
	int64_t start = vsvm_now();

	if (opts.only)
		parse_only(&config, opts.only);
	igt_info("seed %llu, %s, %s, %u threads\n", (long long)seed, flavours[flavour],
		 policy_of(&config), config.threads);
	if (run(&config, true, INT64_MAX))
		return;
	igt_info("\nseed %llu, %s, %s, %u threads, after %.1f s: %s", (long long)seed,
		 flavours[flavour], policy_of(&config), config.threads,
		 (vsvm_now() - start) / 1e9, report->text);
	if (!opts.only && opts.shorten && report->op != ~0u)
		shorten(&config);
	igt_assert_f(false, "the memory is not what it should be\n");
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static int opt_handler(int opt, int opt_index, void *data)
{
	switch (opt) {
	case 's':
		opts.seed = number(optarg);
		opts.has_seed = true;
		break;
	case 't':
		opts.seconds = number(optarg);
		break;
	case 'n':
		opts.ops = number(optarg);
		break;
	case 'j':
		opts.threads = number(optarg);
		break;
	case 'r':
		opts.shorten = number(optarg);
		break;
	case 'o':
		opts.only = optarg;
		break;
	case 'f':
		for (opts.flavour = 0; opts.flavour < CHURN_FLAVOURS; opts.flavour++)
			if (!strcmp(optarg, flavours[opts.flavour]))
				return IGT_OPT_HANDLER_SUCCESS;
		return IGT_OPT_HANDLER_ERROR;
	default:
		return IGT_OPT_HANDLER_ERROR;
	}
	return opts.threads && opts.threads <= CHURN_THREADS ? IGT_OPT_HANDLER_SUCCESS :
							       IGT_OPT_HANDLER_ERROR;
}

static const struct option long_opts[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "seconds", required_argument, NULL, 't' },
	{ "ops", required_argument, NULL, 'n' },
	{ "threads", required_argument, NULL, 'j' },
	{ "shorten", required_argument, NULL, 'r' },
	{ "only", required_argument, NULL, 'o' },
	{ "flavour", required_argument, NULL, 'f' },
	{}
};

static const char help[] =
	"  --seed N\tsubtest stress: what all operations follow from (VSVM_CHURN_SEED)\n"
	"  --seconds N\tsubtest stress: how long (VSVM_CHURN_SECONDS)\n"
	"  --ops N\tsubtest stress: how many operations of each thread instead\n"
	"  --threads N\tthreads (1..8)\n"
	"  --flavour F\tsubtest stress: mixed, anon, file, fork, huge, bad\n"
	"  --shorten N\tseconds to look for a shorter sequence that fails (60)\n"
	"  --only LIST\tthese operations only, THREAD:FIRST-LAST,NUMBER,...;THREAD:...\n";

int igt_main_args("", long_opts, help, opt_handler, NULL)
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(report != MAP_FAILED);
		if (!__vsvm_swapfile_on(SWAP_PAGES))
			igt_info("MADV_PAGEOUT leaves private memory where it is\n");
	}

	for (unsigned int seed = 1; seed <= 3; seed++) {
		igt_describe("Some changes leave the GPU with memory that is not the process's");
		igt_subtest_f("seed-%u", seed)
			churn(fd, CHURN_MIXED, NULL, seed, 2 * CHURN_EPOCH, 0);
	}
	for (unsigned int i = CHURN_MIXED + 1; i < CHURN_FLAVOURS; i++) {
		igt_describe("The same, with one kind of operation more than others");
		igt_subtest_f("%s", flavours[i])
			churn(fd, i, NULL, 1, CHURN_EPOCH, 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++) {
		igt_describe("The same, with intervals that are made in another way");
		igt_subtest_f("policy-%.*s", (int)strcspn(policies[i], ":"), policies[i])
			churn(fd, CHURN_MIXED, policies[i], 5 + i, CHURN_EPOCH, 0);
	}
	igt_describe("The same for as long, and from such a seed, as the options say");
	igt_subtest("stress") {
		const char *seed = getenv("VSVM_CHURN_SEED");
		const char *seconds = getenv("VSVM_CHURN_SECONDS");

		if (!opts.has_seed)
			opts.seed = seed && *seed ? number(seed) : 4;
		if (!opts.seconds && !opts.ops)
			opts.seconds = seconds && *seconds ? number(seconds) : 5;
		churn(fd, opts.flavour, NULL, opts.seed, opts.ops, opts.seconds);
	}

	igt_fixture() {
		drm_close_driver(fd);
	}
}
