// SPDX-License-Identifier: MIT
/*
 * opencl-words: how long the words of a file are, and with which letter they begin, by a kernel
 * that reads the file where it is mapped: the GPU's faults read it from the disk.
 *
 * usage: opencl-words [FILE]; without one, a file of 24 MiB is made
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cl.h"

#define LENGTHS 32
#define BINS (LENGTHS + 26)
#define PART 256
#define LOCAL 256
/* Bytes for one launch: no GPU may be busy with one for ever, and an emulated one is slow */
#define SLICE (2 << 20)

/*
 * An item looks at 256 bytes, and counts the words that begin there. Each workgroup counts in
 * local memory first: there are few bins, and many words.
 */
static const char source[] =
	"#define LENGTHS 32\n"
	"#define BINS (LENGTHS + 26)\n"
	"#define PART 256\n"
	"\n"
	"bool letter(uchar c) { return (uchar)((c | 32) - 'a') < 26; }\n"
	"\n"
	"kernel void words(global const uchar *text, ulong size, global ulong *bins)\n"
	"{\n"
	"	local uint mine[BINS];\n"
	"	for (uint b = get_local_id(0); b < BINS; b += get_local_size(0))\n"
	"		mine[b] = 0;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"\n"
	"	ulong at = get_global_id(0) * PART, end = min(at + PART, size);\n"
	"	bool before = at && at < size && letter(text[at - 1]);\n"
	"	for (; at < end; at++) {\n"
	"		bool now = letter(text[at]);\n"
	"		if (now && !before) {\n"
	"			ulong last = at + 1;\n"
	"			while (last < size && letter(text[last]))\n"
	"				last++;\n"
	"			atomic_inc(&mine[min(last - at, (ulong)LENGTHS - 1)]);\n"
	"			atomic_inc(&mine[LENGTHS + (text[at] | 32) - 'a']);\n"
	"		}\n"
	"		before = now;\n"
	"	}\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	for (uint b = get_local_id(0); b < BINS; b += get_local_size(0))\n"
	"		if (mine[b])\n"
	"			atom_add(&bins[b], (ulong)mine[b]);\n"
	"}\n";

static bool letter(unsigned char c)
{
	return (unsigned char)((c | 32) - 'a') < 26;
}

static void count(const unsigned char *text, size_t size, uint64_t *bins)
{
	for (size_t at = 0; at < size;) {
		size_t end = at;

		while (end < size && letter(text[end]))
			end++;
		if (end > at) {
			bins[end - at < LENGTHS ? end - at : LENGTHS - 1]++;
			bins[LENGTHS + (text[at] | 32) - 'a']++;
		}
		at = end + 1;
	}
}

/* Words with the letters of a language, or nearly so */
static const char *make_file(void)
{
	static const char letters[] = "eeeeeeetttttaaaaooooiinnnsshhhrrdddlluccmwfgypbvk";
	static const char name[] = "/tmp/opencl-words.txt";
	FILE *file = fopen(name, "w");
	uint64_t state = 1;

	CHECK(file);
	for (size_t size = 0; size < 24 << 20;) {
		int length;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		length = 1 + (state >> 60) % 11;
		for (int i = 0; i < length; i++)
			fputc(letters[(state >> (8 + 5 * i)) % (sizeof(letters) - 1)], file);
		fputc(state >> 33 & 15 ? ' ' : '\n', file);
		size += length + 1;
	}
	CHECK(!fclose(file));
	return name;
}

static void run(struct cl *cl, cl_kernel kernel, size_t size)
{
	const size_t local = LOCAL;

	for (size_t start = 0; start < size; start += SLICE) {
		size_t bytes = size - start < SLICE ? size - start : SLICE;
		size_t offset = start / PART, global = (bytes + PART - 1) / PART;
		cl_event event;

		global = (global + LOCAL - 1) / LOCAL * LOCAL;
		CL(clEnqueueNDRangeKernel(cl->queue, kernel, 1, &offset, &global, &local, 0, NULL,
					  &event));
		CL(clWaitForEvents(1, &event));
		CL(clReleaseEvent(event));
	}
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : make_file();
	const int fd = open(name, O_RDONLY);
	uint64_t bins[BINS] = { 0 }, expect[BINS] = { 0 }, words = 0;
	unsigned char *text;
	cl_kernel kernel;
	struct stat stat;
	struct cl cl;
	cl_ulong size;
	int most = 0;

	if (fd < 0 || fstat(fd, &stat) || !stat.st_size)
		FAIL("%s: no such file, or it is empty", name);
	size = stat.st_size;
	text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(text != MAP_FAILED);

	cl_open(&cl);
	kernel = cl_kernel_of(&cl, source, "words");
	cl_arg_ptr(kernel, 0, text);
	cl_arg(kernel, 1, size);
	cl_arg_ptr(kernel, 2, bins);
	run(&cl, kernel, size);

	count(text, size, expect);
	for (int i = 0; i < LENGTHS; i++)
		words += bins[i];
	printf("%s: %llu KiB, %llu words\n", name, (unsigned long long)size / 1024,
	       (unsigned long long)words);
	printf("letters         GPU         CPU\n");
	for (int i = 1; i < LENGTHS; i++) {
		if (bins[i] || expect[i])
			printf("%s%-5d %11llu %11llu\n", i == LENGTHS - 1 ? ">=" : "  ", i,
			       (unsigned long long)bins[i], (unsigned long long)expect[i]);
	}
	for (int i = 1; i < 26; i++)
		most = bins[LENGTHS + i] > bins[LENGTHS + most] ? i : most;
	printf("most begin with %c\n", 'a' + most);
	if (argc < 2)
		unlink(name);
	CHECK(!memcmp(bins, expect, sizeof(bins)));
	CL(clReleaseKernel(kernel));
	cl_close(&cl);
	munmap(text, size);
	return cl_ok();
}
