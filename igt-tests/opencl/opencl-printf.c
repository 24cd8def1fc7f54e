// SPDX-License-Identifier: MIT
/*
 * opencl-printf: what printf() writes, for vectors of all types above all, whose components are not
 * promoted as scalars are, and if it is more than there is room for.
 */
#include <unistd.h>

#include "cl.h"

static const struct {
	const char *format, *args, *text;
} rows[] = {
	{ "%v4hhd", "(char4)(-1, 2, -128, 127)", "-1,2,-128,127" },
	{ "%v3hhi", "(char3)(-1, 2, -3)", "-1,2,-3" },
	{ "%v2hhu", "(uchar2)(250, 1)", "250,1" },
	{ "%v2hhx", "(char2)(-1, -2)", "ff,fe" },
	{ "%#v2hhX", "(uchar2)(10, 251)", "0XA,0XFB" },
	{ "%v4hd", "(short4)(-1, 2, -32768, 127)", "-1,2,-32768,127" },
	{ "%v2hu", "(ushort2)(65535, 1)", "65535,1" },
	{ "%v2ho", "(short2)(-1, 8)", "177777,10" },
	{ "%v3hld", "(int3)(-1, 2, -3)", "-1,2,-3" },
	{ "%+v2hli", "(int2)(1, -2)", "+1,-2" },
	{ "%05v2hlu", "(uint2)(512, 1048576)", "00512,1048576" },
	{ "%-5v2hld|", "(int2)(1, 2)", "1    ,2    |" },
	{ "%v2ld", "(long2)(-1, 10000000000)", "-1,10000000000" },
	{ "%v2lx", "(ulong2)(0xffffffffffff, 1)", "ffffffffffff,1" },
	{ "%v3hf", "(half3)(1, -2.5, 65504)", "1.000000,-2.500000,65504.000000" },
	{ "%2.2v4hlf", "(float4)(1, 2, 3, -4)", "1.00,2.00,3.00,-4.00" },
	{ "%.1v2hla", "(float2)(0.25f, 1.5f)", "0x1.0p-2,0x1.8p+0" },
	{ "%v2lg", "(double2)(1.5, -1e100)", "1.5,-1e+100" },
	{ "%v16hhd", "(char16)(-1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, -16)",
	  "-1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,-16" },
	/* What is behind a vector in the same call */
	{ "%v3hhd %d %v3hd %ld", "(char3)(-1, 2, 3), 7, (short3)(1, -2, 3), 9L",
	  "-1,2,3 7 1,-2,3 9" },
	{ "%v2hhx %v2hhx %v3hhu %c", "(uchar2)(1, 2), (uchar2)(3, 4), (uchar3)(5, 6, 7), '.'",
	  "1,2 3,4 5,6,7 ." },
	{ "%v2hhd %v2hhd %v2hhd", "(char2)(-1, 2), (char2)(3, -4), (char2)(5, 6)",
	  "-1,2 3,-4 5,6" },
	{ "%v4hlf %s %c", "(float4)(1), \"text\", 'x'",
	  "1.000000,1.000000,1.000000,1.000000 text x" },

	{ "%hhd %hd %d %ld", "-128, -32767, -5, -9223372036854775807L",
	  "-128 -32767 -5 -9223372036854775807" },
	{ "%hhx %ho %lx", "-128, -32767, -1L", "80 100001 ffffffffffffffff" },
	{ "%i %u", "(char)-3, (uchar)253", "-3 253" },
	{ "%f %.3e %G", "0.5f, 1234.25, 1.0f / 0.0f", "0.500000 1.234e+03 INF" },
	{ "%4.2f", "1.25h", "1.25" },
	{ "%p", "(global void *)0x1234", "0x1234" },
	{ "100%% %s%%", "\"%d%%\"", "100% %d%%%" },
	{ "%.2s|%5s|%-5s|", "\"abc\", \"abc\", \"abc\"", "ab|  abc|abc  |" },

	/* Arguments that no conversion wants, and the call behind them */
	{ "none", "5, 6L, (float4)(7)", "none" },
	{ "%d", "1, 2, 3", "1" },
	{ "", "\"left out\"", "" },
	{ "%d %d", "8, 9", "8 9" },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* What the kernel writes to the standard output */
static size_t run(struct cl *cl, cl_kernel kernel, size_t items, char *text, size_t size)
{
	FILE *file = tmpfile();
	int saved;
	size_t n;

	CHECK(file);
	fflush(stdout);
	saved = dup(1);
	CHECK(saved >= 0 && dup2(fileno(file), 1) == 1);
	cl_run(cl, kernel, items, 0);
	fflush(stdout);
	CHECK(dup2(saved, 1) == 1);
	close(saved);
	rewind(file);
	n = fread(text, 1, size - 1, file);
	text[n] = 0;
	fclose(file);
	return n;
}

/* More than the buffer has room for: what fits is written, and the queue goes on. */
static void test_much(struct cl *cl)
{
	static const char source[] =
		"kernel void much(void)\n"
		"{\n"
		"	printf(\"%d %ld\\n\", (int)get_global_id(0), (long)get_global_id(0));\n"
		"}\n";
	cl_kernel kernel = cl_kernel_of(cl, source, "much");
	size_t size, n, room = 16 << 20;
	char *text = malloc(room);

	CHECK(text);
	CL(clGetDeviceInfo(cl->device, CL_DEVICE_PRINTF_BUFFER_SIZE, sizeof(size), &size, NULL));
	CHECK(size >= 1 << 20);
	/* A call takes 16 bytes. */
	n = run(cl, kernel, size / 16 + 1024, text, room);
	CHECK(n && n < room - 1 && text[n - 1] == '\n');
	for (char *line = text; line < text + n; line = strchr(line, '\n') + 1) {
		int i;
		long l;

		CHECK(sscanf(line, "%d %ld\n", &i, &l) == 2 && i == l);
	}
	n = run(cl, kernel, 1, text, room);
	CHECK(n == 4 && !strcmp(text, "0 0\n"));
	free(text);
	CL(clReleaseKernel(kernel));
}

int main(void)
{
	static char source[16384], text[16384];
	char *at = source, *line = text;
	cl_kernel kernel;
	struct cl cl;

	at += sprintf(at, "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
			  "kernel void say(void)\n{\n");
	for (size_t i = 0; i < ROWS; i++)
		at += sprintf(at, "\tprintf(\"%s\", %s);\n\tprintf(\"\\n\");\n", rows[i].format,
			      rows[i].args);
	sprintf(at, "}\n");

	cl_open(&cl);
	kernel = cl_kernel_of(&cl, source, "say");
	run(&cl, kernel, 1, text, sizeof(text));
	for (size_t i = 0; i < ROWS; i++) {
		char *end = strchr(line, '\n');

		if (!end)
			FAIL("%s: nothing was written", rows[i].format);
		*end = 0;
		if (strcmp(line, rows[i].text))
			FAIL("%s of %s: '%s', not '%s'", rows[i].format, rows[i].args, line,
			     rows[i].text);
		line = end + 1;
	}
	CHECK(!*line);
	CL(clReleaseKernel(kernel));
	test_much(&cl);
	cl_close(&cl);
	return cl_ok();
}
