// SPDX-License-Identifier: MIT
/*
 * vsvm-walk: a GPU walks the pointers of an ordinary program.
 *
 * Maps a text file, builds a hash table of its words with plain malloc(), every node pointing into
 * the mapping, and lets the GPU use all of it by the same pointers: nothing is registered, nothing
 * copied. Then it moves memory under the GPU: munmap, mremap, fork. Whatever the GPU answers is
 * compared with what the CPU finds; the first difference ends the program with status 1.
 */
#include <ctype.h>
#include <getopt.h>
#include <glob.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "gpu.h"
#include "programs.h"

#define MAX_WORDS	1048576		/* of a larger file the beginning goes into the table */
#define AREA		1048576ul	/* bytes of the mappings that get moved */

static struct gpu gpu;
static bool verbose;

static const uint8_t *file;		/* the mapping */
static size_t file_size;
static struct node **buckets;		/* the hash table */
static uint32_t num_buckets;
static struct request *words;		/* words of the file, in order */
static uint32_t num_words, num_nodes;

/* What a stage took, and what it changed in the counters of the VM. */
static struct stage {
	const char *name;
	uint64_t bytes;			/* that the GPU was given to work on */
	int64_t ns;
	struct drm_vsvm_vm_stats stats;
} stages[8], *stage = stages;

static void stage_begin(const char *name)
{
	stage->name = name;
	query_vm(&gpu, &stage->stats);
	stage->ns = now_ns();
}

static void stage_end(void)
{
	struct drm_vsvm_vm_stats now, *s = &stage->stats;
	unsigned int i;

	sync_vm(&gpu);
	stage->ns = now_ns() - stage->ns;
	query_vm(&gpu, &now);
	for (i = 0; i < sizeof(now) / sizeof(__u64); i++)	/* it has nothing but counters */
		((__u64 *)s)[i] = ((__u64 *)&now)[i] - ((__u64 *)s)[i];
	if (verbose)
		printf("%-10s faults: %llu duplicate, %llu spurious; %llu runs, %llu retries\n"
		       "%-10s %llu invalidations, %llu deferred updates, %llu pages dirtied\n",
		       stage->name, s->faults_duplicate, s->faults_spurious, s->runs, s->retries,
		       "", s->invalidations, s->deferred_updates, s->pages_dirtied);
	stage++;
}

/* The file and its words. The CPU's lookup() is what lookup_program() is on the GPU. */

static bool is_word(uint8_t c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

static uint32_t hash_of(const uint8_t *text, uint64_t size)
{
	uint32_t hash = FNV_BASIS;

	while (size--)
		hash = (hash ^ *text++) * FNV_PRIME;
	return hash;
}

static struct node *lookup(const uint8_t *text, uint64_t size)
{
	uint32_t hash = hash_of(text, size);
	struct node *node;

	for (node = buckets[hash & (num_buckets - 1)]; node; node = node->next)
		if (node->hash == hash && node->size == size && !memcmp(text, node->text, size))
			break;
	return node;
}

static void add_word(const uint8_t *text, uint64_t size)
{
	struct node *node = lookup(text, size);

	if (!node) {
		uint32_t hash = hash_of(text, size);
		struct node **bucket = &buckets[hash & (num_buckets - 1)];

		node = malloc(sizeof(*node));
		*node = (struct node) { *bucket, text, size, hash, 0, 0 };
		*bucket = node;
		num_nodes++;
	}
	node->expected++;
	words[num_words++] = (struct request) { text, size, NULL };
}

static void map_file(const char *name)
{
	static const char *const usual[] = {
		"/usr/share/dict/american-english-huge", "/usr/share/dict/words",
		"/boot/System.map-*",
	};
	struct stat st;
	glob_t found;
	unsigned int i;
	int fd;

	for (i = 0; !name && i < sizeof(usual) / sizeof(*usual); i++)
		name = glob(usual[i], 0, NULL, &found) ? NULL : found.gl_pathv[0];
	if (!name)
		die("no dictionary and no System.map here: say --file FILE");

	fd = open(name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %m", name);
	file_size = st.st_size;
	file = mmap(NULL, file_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		die("%s: mmap: %m", name);
	close(fd);
	printf("file       %s, %zu KiB\n", name, file_size >> 10);
}

static void build_table(void)
{
	const uint8_t *p = file, *word, *end = file + file_size;

	num_buckets = MAX_WORDS / 4;
	buckets = calloc(num_buckets, sizeof(*buckets));
	words = malloc(MAX_WORDS * sizeof(*words));
	while (num_words < MAX_WORDS) {
		while (p < end && !is_word(*p))
			p++;
		if (p == end)
			break;
		for (word = p; p < end && is_word(*p); p++)
			;
		add_word(word, p - word);
	}
	if (!num_words)
		die("there is no word in this file");
	printf("table      %u words, %u different, of the first %zu KiB\n", num_words, num_nodes,
	       (p - file) >> 10);
}

/* Let the GPU run @program for each of @requests, a part of them on each queue. */
static void run(const char *name, struct vsvm_program *program, struct request *requests,
		void *table)
{
	struct args args[MAX_QUEUES];
	uint32_t i, begin, end;

	stage_begin(name);
	for (i = 0; i < gpu.num_queues; i++) {
		begin = (uint64_t)num_words * i / gpu.num_queues;
		end = (uint64_t)num_words * (i + 1) / gpu.num_queues;
		args[i] = (struct args) { &requests[begin], end - begin, table, num_buckets - 1 };
		submit_dispatch(&gpu, &gpu.queues[i], program, &args[i], sizeof(args[i]),
				end - begin);
	}
	for (i = 0; i < gpu.num_queues; i++)
		finish(&gpu, &gpu.queues[i]);
	for (i = 0; i < num_words; i++)
		stage->bytes += requests[i].size;
	stage_end();
	free(program);
}

/* Which words are words without their first letter? */
static void gpu_search(void)
{
	struct request *requests = malloc(num_words * sizeof(*requests)), *longest = NULL, *r;
	uint32_t i, found = 0;

	for (i = 0; i < num_words; i++)
		requests[i] = (struct request) { words[i].text + 1, words[i].size - 1, NULL };
	run("search", lookup_program(false), requests, buckets);

	for (r = requests; r < requests + num_words; r++) {
		struct node *node = lookup(r->text, r->size);

		if (r->found != node)
			die("search: %.*s: node %p on the GPU, %p on the CPU", (int)r->size,
			    r->text, r->found, node);
		found += !!node;
		if (node && (!longest || r->size > longest->size))
			longest = r;
	}
	printf("search     %u words are words without their first letter too, the longest %.*s\n",
	       found, longest ? (int)longest->size + 1 : 4,
	       longest ? (const char *)longest->text - 1 : "none");
	free(requests);
}

/* How often is each word there? */
static void gpu_count(void)
{
	struct node *node, *most = buckets[0];
	uint32_t i;

	run("count", lookup_program(true), words, buckets);

	for (i = 0; i < num_buckets; i++) {
		for (node = buckets[i]; node; node = node->next) {
			if (node->count != node->expected)
				die("count: %.*s: %llu on the GPU, %u on the CPU", (int)node->size,
				    node->text, (unsigned long long)node->count, node->expected);
			most = !most || node->count > most->count ? node : most;
		}
	}
	printf("count      in the nodes themselves; most often %.*s, %llu times\n",
	       (int)most->size, most->text, (unsigned long long)most->count);
}

/* And how often each letter? */
static void gpu_histogram(void)
{
	uint64_t *letters = calloc(256, sizeof(*letters)), expected[256] = {};
	uint32_t i, j, most = 0;

	run("histogram", histogram_program(), words, letters);

	for (i = 0; i < num_words; i++)
		for (j = 0; j < words[i].size; j++)
			expected[words[i].text[j]]++;
	for (i = 0; i < 256; i++) {
		if (letters[i] != expected[i])
			die("histogram: %#x: %llu on the GPU, %llu on the CPU", i,
			    (unsigned long long)letters[i], (unsigned long long)expected[i]);
		most = letters[i] > letters[most] ? i : most;
	}
	printf("histogram  of letters; most often %c, %llu times\n", most,
	       (unsigned long long)letters[most]);
	free(letters);
}

/* Memory that moves under the GPU. */

/* A mapping with nothing like it on either side, so that it stays one of its own. */
static uint8_t *map_alone(size_t size)
{
	uint8_t *p = mmap(NULL, size + 2 * AREA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + AREA, size, PROT_READ | PROT_WRITE))
		die("mmap: %m");
	return p + AREA;
}

static void gpu_fill(void *p, size_t size, uint8_t byte)
{
	submit_fill(&gpu, &gpu.queues[0], p, size, byte);
	finish(&gpu, &gpu.queues[0]);
	stage->bytes += size;
}

/* The CPU reads what it should. */
static void cpu_expect(const uint8_t *p, size_t size, uint8_t byte)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (p[i] != byte)
			die("%s: %p: the CPU reads %#x, not %#x", stage->name, p + i, p[i], byte);
}

/* The GPU reads what the CPU reads. */
static void gpu_compare(const void *p, size_t size)
{
	static uint8_t seen[2 * AREA];	/* .bss is as good a place for the GPU as any other */

	submit_copy(&gpu, &gpu.queues[0], seen, p, size);
	finish(&gpu, &gpu.queues[0]);
	stage->bytes += size;
	if (memcmp(seen, p, size))
		die("%s: the GPU does not read what the CPU reads", stage->name);
}

static void move_munmap(void)
{
	uint8_t *area = map_alone(AREA), *hole = area + AREA / 4;

	stage_begin("munmap");
	gpu_fill(area, AREA, 'a');
	cpu_expect(area, AREA, 'a');

	/* A hole, and other memory in it: the same pointers, other bytes. */
	munmap(hole, AREA / 4);
	sync_vm(&gpu);			/* else it may be filled before the driver looks */
	if (mmap(hole, AREA / 4, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != hole)
		die("mmap: %m");
	memset(hole, 'b', AREA / 8);
	gpu_compare(area, AREA);

	munmap(area + AREA / 2, AREA / 2);
	gpu_compare(area, AREA / 2);
	munmap(area, AREA / 2);
	stage_end();
	printf("munmap     a hole, other memory in the hole, the end gone, all gone\n");
}

static void move_mremap(void)
{
	uint8_t *from = map_alone(AREA), *to = map_alone(2 * AREA);

	stage_begin("mremap");
	gpu_fill(from, AREA, 'c');
	if (mremap(from, AREA, 2 * AREA, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		die("mremap: %m");
	cpu_expect(to, AREA, 'c');
	gpu_fill(to + AREA, AREA, 'd');
	cpu_expect(to + AREA, AREA, 'd');
	gpu_compare(to, 2 * AREA);
	stage_end();
	printf("mremap     moved and grown: what the GPU had written went along\n");
}

static void move_fork(void)
{
	uint8_t *area = map_alone(AREA);
	int status, go[2];
	pid_t child;
	char c;

	stage_begin("fork");
	gpu_fill(area, AREA, 'e');
	child = pipe(go) ? -1 : fork();
	if (child < 0)
		die("fork: %m");
	if (!child) {
		/* By now the parent's GPU has written. Here all is as it was at the fork. */
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		cpu_expect(area, AREA, 'e');
		memset(area, 'f', AREA);
		_exit(0);
	}
	gpu_fill(area, AREA / 2, 'g');
	if (write(go[1], "", 1) != 1 || waitpid(child, &status, 0) != child || status)
		die("fork: the child does not see what it should");
	cpu_expect(area, AREA / 2, 'g');
	cpu_expect(area + AREA / 2, AREA / 2, 'e');
	gpu_compare(area, AREA);
	stage_end();
	printf("fork       child and parent's GPU wrote the same pages, each its own copy\n");
}

/* An access that cannot be ends its queue, and no other. */
static void expect_death(struct queue *queue, const char *why, uint32_t error, uint32_t access,
			 const void *addr)
{
	struct drm_vsvm_queue_query report;

	wait_for(&gpu, queue, &report);
	if (report.error != error || report.access != access || report.addr != (uintptr_t)addr)
		die("fault: expected error %u, %s of %p, have error %u, %s of %#llx", error,
		    access_names[access], addr, report.error, access_names[report.access],
		    report.addr);
	printf("fault      queue %u was killed: %s of %#llx, %s: %s\n", report.queue_id,
	       access_names[report.access], report.addr,
	       error == VSVM_ERROR_UNMAPPED ? "UNMAPPED" : "PERMISSION", why);
}

static void bad_pointers(void)
{
	struct vsvm_program *program = lookup_program(false);
	struct node *node = (struct node *)map_alone(AREA);
	struct args args = { words, 1, &node, 0 };
	struct queue dangling, readonly;
	uint8_t alive[MAX_QUEUES] = {};
	unsigned int i;

	stage_begin("fault");
	munmap(node, AREA);
	queue_init(&gpu, &dangling, DRM_VSVM_ENGINE_ANY);
	submit_dispatch(&gpu, &dangling, program, &args, sizeof(args), 1);
	expect_death(&dangling, "a node in memory that is gone", VSVM_ERROR_UNMAPPED,
		     VSVM_ACCESS_READ, &node->hash);

	queue_init(&gpu, &readonly, DRM_VSVM_ENGINE_ANY);
	submit_fill(&gpu, &readonly, file, 1, 'x');
	expect_death(&readonly, "the file, mapped for reading only", VSVM_ERROR_PERMISSION,
		     VSVM_ACCESS_WRITE, file);

	for (i = 0; i < gpu.num_queues; i++) {
		submit_fill(&gpu, &gpu.queues[i], &alive[i], 1, 'y');
		finish(&gpu, &gpu.queues[i]);
	}
	cpu_expect(alive, gpu.num_queues, 'y');
	stage_end();
	printf("fault      the other queues live\n");
	free(program);
}

static void print_row(const struct stage *row)
{
	const struct drm_vsvm_vm_stats *s = &row->stats;

	printf("%-10s %6lld %6llu %7llu %7llu %7llu %7llu %8llu %8llu %6llu %5llu %7llu\n",
	       row->name, row->ns / 1000000ll, row->bytes / 1024ull, s->faults, s->batches,
	       s->pages_mapped, s->pages_zapped, s->intervals_created, s->intervals_extended,
	       s->intervals_shrunk, s->intervals_split, s->intervals_removed);
}

static void print_table(void)
{
	struct stage all = { .name = "all" }, *row;
	const struct drm_vsvm_vm_stats *now = &all.stats;

	printf("\n%48s   %s\n%-10s %6s %6s %7s %7s %7s %7s %8s %8s %6s %5s %7s\n", "4K pages",
	       "intervals", "stage", "ms", "KiB", "faults", "batches", "mapped", "zapped",
	       "created", "extended", "shrunk", "split", "removed");
	for (row = stages; row < stage; row++) {
		print_row(row);
		all.bytes += row->bytes;
		all.ns += row->ns;
	}
	query_vm(&gpu, &all.stats);
	print_row(&all);
	printf("\nevents     %llu invalidations, %llu deferred updates, %llu pages dirtied\n"
	       "faults     %llu retried, %llu duplicate, %llu spurious, %llu had to wait\n"
	       "now        %llu intervals (%llu bytes), %llu pages mapped (%llu KiB of tables)\n",
	       now->invalidations, now->deferred_updates, now->pages_dirtied, now->retries,
	       now->faults_duplicate, now->faults_spurious, now->waits, now->intervals,
	       now->interval_bytes, now->pages, now->pt_bytes >> 10);
}

/* What is mapped at an address, as the kernel calls it. */
static const char *name_of(uint64_t addr, char line[512])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long long start, end;
	int at;

	while (maps && fgets(line, 512, maps)) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &at) < 2 ||
		    addr < start || addr >= end)
			continue;
		fclose(maps);
		return at && line[at] ? line + at : "anonymous";
	}
	if (maps)
		fclose(maps);
	return "not mapped";
}

/* What the driver listens to now: the lowest addresses. debugfs has all of it, for every VM. */
static void print_intervals(void)
{
	struct drm_vsvm_interval list[6];
	unsigned int i, count = query_intervals(&gpu, list, 6);
	char line[512];

	printf("\n%-29s %6s %13s  what is there\n", "interval", "KiB", "invalidations");
	for (i = 0; i < count; i++)
		printf("%#014llx-%#014llx %6llu %13llu  %s%s\n", list[i].start, list[i].end,
		       (list[i].end - list[i].start) >> 10, list[i].invalidations,
		       name_of(list[i].start, line),
		       list[i].flags & DRM_VSVM_INTERVAL_DEFERRED ? ", an update is due" : "");
}

/* Adds what all engines have done so far. */
static void sum_engines(struct drm_vsvm_engine_info *sum, int sign)
{
	struct drm_vsvm_engine_info e;
	unsigned int i;

	for (i = 0; i < gpu.num_engines; i++) {
		query_engine(&gpu, i, &e);
		sum->waves += sign * e.waves;
		sum->insns += sign * e.insns;
		sum->tlb_hits += sign * e.tlb_hits;
		sum->tlb_misses += sign * e.tlb_misses;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "queues", required_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct drm_vsvm_engine_info e = {};
	const char *name = NULL;
	unsigned int queues = 0;
	int c;

	while ((c = getopt_long(argc, argv, "f:q:vh", options, NULL)) != -1) {
		if (c == 'f') {
			name = optarg;
		} else if (c == 'q') {
			queues = strtoul(optarg, NULL, 0);
		} else if (c == 'v') {
			verbose = true;
		} else {
			printf("usage: vsvm-walk [OPTION]...\n"
			       "  --file FILE   text to work on (default: a dictionary or System.map)\n"
			       "  --queues N    queues, 1..%u (default: one on each engine)\n"
			       "  --verbose     more counters\n", MAX_QUEUES);
			return c != 'h';
		}
	}
	if (queues > MAX_QUEUES || optind < argc)
		die("see --help");

	setlinebuf(stdout);
	gpu_init(&gpu, queues);
	sum_engines(&e, -1);
	map_file(name);
	build_table();
	gpu_search();
	gpu_count();
	gpu_histogram();
	move_munmap();
	move_mremap();
	move_fork();
	bad_pointers();
	sum_engines(&e, 1);

	print_table();
	print_intervals();
	printf("\nGPU        %u queues on %u engines, %llu waves, %llu wave instructions\n"
	       "TLB        %llu hits, %llu misses\n"
	       "trace      cd /sys/kernel/tracing; echo 1 >events/vsvm/enable; cat trace_pipe\n"
	       "every result is the same on the CPU\n",
	       gpu.num_queues, gpu.num_engines, e.waves, e.insns, e.tlb_hits, e.tlb_misses);
	return 0;
}
