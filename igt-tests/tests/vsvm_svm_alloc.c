// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm alloc
 * Description: Memory from everywhere, used in every way, by one and by many
 *
 * A table of sources and one of shapes; vsvm_alloc.h says what they are. Names of subtests are
 * those that upstream's tests of the same things have, as far as there are such.
 */
#include "vsvm_alloc.h"

IGT_TEST_DESCRIPTION("Memory from everywhere, used in every way, by one and by many");

/* Which shapes and modes a source is tested in. Once, twice and many times all are. */
/** SIZES - large slots, and slots far from each other */
#define SIZES	0x1
/** MODES - by threads and processes */
#define MODES	0x4
/** BUFFER - by threads in one buffer */
#define BUFFER	0x8

#define KB	1024ull

/* Small ones, which are the same for each source */
static const struct alloc_shape basic[] = {
	{ "once", "once", 1, 4 * KB, 4 * KB, 0, 1 },
	{ "twice", "twice", 2, 4 * KB, 4 * KB, 0, 1 },
	{ "many", "many times", 64, 512, 512, 0, 1 },
	{ "many-execqueues", "by 16 queues", 32, 512, 512, 0, 16 },
};

static const struct alloc_shape sizes[] = {
	{ "once-large", "2M at once", 1, VSVM_2M, VSVM_2M, 0, 1 },
	{ "twice-large", "2M twice", 2, VSVM_2M, VSVM_2M, 0, 1 },
	{ "many-stride", "many times, 40K apart", 64, 512, 40 * KB, 0, 1 },
	{ "many-64k", "64K many times", 16, 64 * KB, 64 * KB, 0, 1 },
	{ "many-large", "2M many times", 4, VSVM_2M, VSVM_2M, 0, 1 },
	{ "many-large-execqueues", "2M by 4 queues", 4, VSVM_2M, VSVM_2M, 0, 4 },
	{ "many-unaligned", "in chunks of 1.5M that are aligned to nothing", 4, 1536 * KB,
	  1536 * KB, 0x1238, 1 },
};

/* By each of the workers */
static const struct alloc_shape shared = { "many", "many times", 16, 512, 512, 0, 1 };
static const struct alloc_shape stride = {
	"many-stride", "many times, 40K apart", 16, 512, 40 * KB, 0, 1
};

static const struct {
	const char *name;
	const char *who;
	enum alloc_mode mode;
} modes[] = {
	{ "threads-", ", by threads with VMs", ALLOC_THREADS },
	{ "threads-shared-vm-", ", by threads with one VM", ALLOC_THREADS_VM },
	{ "process-", ", by processes", ALLOC_PROCESSES },
};

#define NOMEMSET	ALLOC_NOMEMSET
#define MMAP		ALLOC_MMAP
#define REMAP		(ALLOC_MMAP | ALLOC_REMAP)
#define DONTUNMAP	(REMAP | ALLOC_DONTUNMAP)

static const struct alloc_source sources[] = {
	{ "malloc", "Memory of malloc is not what the GPU made of it", 0,
	  SIZES | MODES | BUFFER },
	{ "malloc-nomemset", "Memory of malloc that the GPU touches first gets lost", NOMEMSET,
	  SIZES | MODES | BUFFER },
	{ "malloc-mlock", "Memory that is locked for the CPU is not there for the GPU",
	  ALLOC_MLOCK },
	{ "malloc-mlock-nomemset", "Locked memory that the GPU touches first is not there",
	  ALLOC_MLOCK | NOMEMSET },
	{ "malloc-race-nomemset", "A thread that polls untouched memory of malloc sees nothing",
	  ALLOC_RACE | NOMEMSET },
	{ "malloc-prefetch-race", "A thread that polls sees nothing in memory that was prefetched",
	  ALLOC_PREFETCH | ALLOC_RACE },
	{ "malloc-race", "A thread that polls never sees what the GPU writes", ALLOC_RACE,
	  MODES | BUFFER },
	{ "malloc-prefetch", "Memory of malloc that was prefetched faults", ALLOC_PREFETCH,
	  MODES },
	{ "malloc-fork-read", "A child has not what was there at its fork, before its parent looks",
	  ALLOC_FORK_READ, MODES },
	{ "malloc-fork-read-after", "A child has not what was there at its fork",
	  ALLOC_FORK_AFTER },
	{ "mmap", "Mapped memory is not what the GPU made of it", MMAP,
	  SIZES | MODES | BUFFER },
	{ "mmap-nomemset", "Mapped memory that the GPU touches first is not zero, or gets lost",
	  MMAP | NOMEMSET, SIZES | MODES | BUFFER },
	{ "mmap-mlock", "Mapped memory that is locked is not there for the GPU",
	  MMAP | ALLOC_MLOCK, MODES },
	{ "mmap-mlock-nomemset", "Locked memory that the GPU touches first is not zero",
	  MMAP | ALLOC_MLOCK | NOMEMSET },
	{ "mmap-race", "A thread that polls mapped memory never sees what the GPU writes",
	  MMAP | ALLOC_RACE, SIZES | MODES | BUFFER },
	{ "mmap-race-nomemset", "CPU and GPU that touch a page first at once get two",
	  MMAP | ALLOC_RACE | NOMEMSET, SIZES | MODES | BUFFER },
	{ "mmap-prefetch", "Memory that was prefetched faults", MMAP | ALLOC_PREFETCH,
	  SIZES | MODES },
	{ "mmap-prefetch-nomemset", "A prefetch of memory that nobody has touched is none",
	  MMAP | ALLOC_PREFETCH | NOMEMSET, SIZES },
	{ "mmap-prefetch-shared", "A prefetch of shared memory is none",
	  MMAP | ALLOC_PREFETCH | ALLOC_SHARED },
	{ "mmap-prefetch-huge", "A prefetch of 2M pages is none",
	  MMAP | ALLOC_PREFETCH | ALLOC_HUGE, SIZES },
	{ "mmap-fork-read", "A child has not the mapped memory that was there at its fork",
	  MMAP | ALLOC_FORK_READ },
	{ "mmap-fork-read-nomemset", "A child has not what the GPU alone had touched at its fork",
	  MMAP | ALLOC_FORK_READ | NOMEMSET, SIZES },
	{ "mmap-fork-read-huge", "A child has not the 2M pages that were there at its fork",
	  MMAP | ALLOC_FORK_READ | ALLOC_HUGE },
	{ "mmap-fork-read-shared", "A child does not share the memory that it should",
	  MMAP | ALLOC_FORK_READ | ALLOC_SHARED },
	{ "mmap-huge", "2M pages are not what the GPU made of them", MMAP | ALLOC_HUGE,
	  SIZES | MODES | BUFFER },
	{ "mmap-huge-nomemset", "2M pages that the GPU touches first are not zero",
	  MMAP | ALLOC_HUGE | NOMEMSET, SIZES },
	{ "mmap-hugetlb", "Memory of hugetlb is not what the GPU made of it",
	  MMAP | ALLOC_HUGETLB, SIZES | MODES },
	{ "mmap-hugetlb-nomemset", "Memory of hugetlb that the GPU touches first is not zero",
	  MMAP | ALLOC_HUGETLB | NOMEMSET },
	{ "mmap-shared", "Shared memory is not what the GPU made of it", MMAP | ALLOC_SHARED,
	  SIZES | MODES | BUFFER },
	{ "mmap-shared-nomemset", "Shared memory that the GPU touches first is not zero",
	  MMAP | ALLOC_SHARED | NOMEMSET, SIZES | MODES },
	{ "mmap-file", "A private mapping of a file loses bytes, or changes the file",
	  MMAP | ALLOC_FILE, SIZES | MODES },
	{ "mmap-file-nomemset", "A private mapping that the GPU writes first changes the file",
	  MMAP | ALLOC_FILE | NOMEMSET, SIZES | MODES },
	{ "mmap-file-mlock", "A private mapping of a file that is locked changes the file",
	  MMAP | ALLOC_FILE | ALLOC_MLOCK },
	{ "mmap-file-mlock-nomemset", "A locked mapping that the GPU writes first changes the file",
	  MMAP | ALLOC_FILE | ALLOC_MLOCK | NOMEMSET },
	{ "mmap-file-shared", "What the GPU writes to a mapped file is not in the file",
	  MMAP | ALLOC_FILE_SHARED, SIZES | MODES },
	{ "mmap-file-shared-nomemset", "What the GPU alone writes to a file is not in the file",
	  MMAP | ALLOC_FILE_SHARED | NOMEMSET, SIZES | MODES },
	{ "mmap-remap", "Memory that moves loses what the GPU wrote", REMAP,
	  SIZES | MODES },
	{ "mmap-remap-nomemset", "Memory that moves loses what the GPU alone wrote",
	  REMAP | NOMEMSET, SIZES },
	{ "mmap-remap-eocheck", "Memory that moves when only the GPU has it loses something",
	  REMAP | ALLOC_EOCHECK, MODES },
	{ "mmap-remap-ro", "Memory that is protected around a move loses something",
	  REMAP | ALLOC_READONLY },
	{ "mmap-remap-ro-eocheck", "Memory that only the GPU has loses something in such a move",
	  REMAP | ALLOC_READONLY | ALLOC_EOCHECK },
	{ "mmap-remap-huge", "2M pages that move lose what the GPU wrote", REMAP | ALLOC_HUGE,
	  SIZES },
	{ "mmap-remap-huge-eocheck", "2M pages that move when only the GPU has them get lost",
	  REMAP | ALLOC_HUGE | ALLOC_EOCHECK },
	{ "mmap-shared-remap", "Shared memory that moves loses what the GPU wrote",
	  REMAP | ALLOC_SHARED },
	{ "mmap-shared-remap-eocheck", "Shared memory that only the GPU has loses something",
	  REMAP | ALLOC_SHARED | ALLOC_EOCHECK },
	{ "mmap-remap-file", "A private mapping that moves loses bytes, or changes the file",
	  REMAP | ALLOC_FILE },
	{ "mmap-remap-dontunmap", "Pages that are taken from a mapping stay in it", DONTUNMAP,
	  SIZES | MODES },
	{ "mmap-remap-dontunmap-eocheck", "Pages that only the GPU has stay where they were",
	  DONTUNMAP | ALLOC_EOCHECK },
	{ "mmap-remap-ro-dontunmap", "Pages taken from a protected mapping stay in it",
	  DONTUNMAP | ALLOC_READONLY },
	{ "mmap-remap-ro-dontunmap-eocheck",
	  "Pages that only the GPU has stay in what is protected",
	  DONTUNMAP | ALLOC_READONLY | ALLOC_EOCHECK },
	{ "mmap-shared-remap-dontunmap-eocheck",
	  "Shared pages that only the GPU has are in one mapping",
	  DONTUNMAP | ALLOC_SHARED | ALLOC_EOCHECK },
	{ "mmap-shared-remap-dontunmap", "A shared mapping is not the same at both addresses",
	  DONTUNMAP | ALLOC_SHARED },
	{ "free", "Memory that malloc gives again is that of before", ALLOC_FREE, SIZES | MODES },
	{ "free-nomemset", "Memory given again that the GPU touches first is that of before",
	  ALLOC_FREE | NOMEMSET, SIZES },
	{ "free-race-nomemset", "A thread that polls memory given again, untouched, sees old bytes",
	  ALLOC_FREE | ALLOC_RACE | NOMEMSET },
	{ "free-race", "A thread that polls memory given again sees that of before",
	  ALLOC_FREE | ALLOC_RACE, MODES },
	{ "new", "New memory beside old is mixed up with it", ALLOC_NEW, SIZES | MODES },
	{ "new-nomemset", "New memory beside old that the GPU touches first is mixed up",
	  ALLOC_NEW | NOMEMSET },
	{ "new-race-nomemset", "A thread that polls new untouched memory sees old",
	  ALLOC_NEW | ALLOC_RACE | NOMEMSET },
	{ "new-race", "A thread that polls new memory sees old", ALLOC_NEW | ALLOC_RACE, MODES },
	{ "new-prefetch", "New memory that was prefetched faults", ALLOC_NEW | ALLOC_PREFETCH },
	{ "mmap-free", "What is mapped at an old address is what was there before",
	  MMAP | ALLOC_FREE, SIZES | MODES },
	{ "mmap-free-nomemset", "What is mapped at an old address is not zero for the GPU",
	  MMAP | ALLOC_FREE | NOMEMSET, SIZES | MODES },
	{ "mmap-free-race", "A thread that polls at an old address sees what was there before",
	  MMAP | ALLOC_FREE | ALLOC_RACE },
	{ "mmap-free-race-nomemset",
	  "A thread that polls untouched memory sees what was there before",
	  MMAP | ALLOC_FREE | ALLOC_RACE | NOMEMSET },
	{ "mmap-free-huge-nomemset", "2M pages at an old address are not zero for the GPU",
	  MMAP | ALLOC_FREE | ALLOC_HUGE | NOMEMSET },
	{ "mmap-free-huge", "2M pages at an old address are those of before",
	  MMAP | ALLOC_FREE | ALLOC_HUGE },
	{ "mmap-free-shared-nomemset", "Shared memory at an old address is not zero",
	  MMAP | ALLOC_FREE | ALLOC_SHARED | NOMEMSET },
	{ "mmap-new", "A new mapping beside old ones is mixed up with them", MMAP | ALLOC_NEW,
	  SIZES | MODES },
	{ "mmap-new-nomemset", "A new mapping beside old ones is not zero for the GPU",
	  MMAP | ALLOC_NEW | NOMEMSET },
	{ "mmap-new-race", "A thread that polls a new mapping sees an old one",
	  MMAP | ALLOC_NEW | ALLOC_RACE },
	{ "mmap-new-race-nomemset", "A thread that polls a new untouched mapping sees an old one",
	  MMAP | ALLOC_NEW | ALLOC_RACE | NOMEMSET },
	{ "mmap-new-huge-nomemset", "New 2M pages beside old ones are not zero for the GPU",
	  MMAP | ALLOC_NEW | ALLOC_HUGE | NOMEMSET },
	{ "mmap-new-huge", "New 2M pages beside old ones are mixed up with them",
	  MMAP | ALLOC_NEW | ALLOC_HUGE },
};

static void subtest(int fd, const struct alloc_source *source, const struct alloc_shape *shape,
		    const char *prefix, const char *who, enum alloc_mode mode)
{
	igt_describe_f("%s, used %s%s", source->wrong, shape->when, who);
	igt_subtest_f("%s%s-%s", prefix, shape->name, source->name)
		alloc_test(fd, source, shape, mode);
}

static void subtests(int fd, const struct alloc_source *source)
{
	/* what takes a buffer for each submission gets fewer of them */
	static const struct alloc_shape fewer = { "many", "many times", 24, 512, 512, 0, 1 };
	const struct alloc_shape *shape;

	for (unsigned int i = 0; i < ARRAY_SIZE(basic); i++) {
		shape = &basic[i];
		if (!strcmp(shape->name, fewer.name) &&
		    source->flags & (ALLOC_ANY_NEW | ALLOC_REMAP))
			shape = &fewer;
		subtest(fd, source, shape, "", "", ALLOC_ALONE);
	}
	for (unsigned int i = 0; source->sets & SIZES && i < ARRAY_SIZE(sizes); i++)
		subtest(fd, source, &sizes[i], "", "", ALLOC_ALONE);
	for (unsigned int i = 0; source->sets & MODES && i < ARRAY_SIZE(modes); i++)
		subtest(fd, source, &shared, modes[i].name, modes[i].who, modes[i].mode);
	if (source->sets & BUFFER) {
		subtest(fd, source, &shared, "threads-shared-alloc-", ", by threads in turns",
			ALLOC_THREADS_BUFFER);
		subtest(fd, source, &stride, "threads-shared-alloc-", ", by threads in turns",
			ALLOC_THREADS_BUFFER);
	}
}

#define NR_HUGEPAGES	"/proc/sys/vm/nr_hugepages"

/* Whether the program ends by itself or by a signal */
static void drop_hugepages(int sig)
{
	FILE *f = fopen(NR_HUGEPAGES, "w");

	if (!f)
		return;
	fprintf(f, "0\n");
	fclose(f);
}

static void get_hugepages(void)
{
	FILE *f = fopen(NR_HUGEPAGES, "r+");
	unsigned int count = 0;

	igt_require_f(f, NR_HUGEPAGES ": %m\n");
	igt_install_exit_handler(drop_hugepages);
	fprintf(f, "%u\n", ALLOC_HUGE_PAGES);
	rewind(f);
	igt_assert_eq(fscanf(f, "%u", &count), 1);
	fclose(f);
	igt_require_f(count >= ALLOC_HUGE_PAGES, "%u 2M pages of %u\n", count, ALLOC_HUGE_PAGES);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		if (sources[i].flags & ALLOC_HUGETLB)
			continue;
		subtests(fd, &sources[i]);
	}

	igt_subtest_group() {
		igt_fixture()
			get_hugepages();
		for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
			if (sources[i].flags & ALLOC_HUGETLB)
				subtests(fd, &sources[i]);
		}
		igt_fixture()
			drop_hugepages(0);
	}

	igt_fixture()
		drm_close_driver(fd);
}
