// SPDX-License-Identifier: MIT
/*
 * opencl-filter: finds the edges in a picture, and writes them as a PNG. The rows of the picture
 * are allocated one by one, and the kernel has the array of pointers to them, as a program has
 * that never heard of a GPU.
 *
 * usage: opencl-filter [OUT.png [IN.ppm]]; without a picture, one is drawn
 */
#include <math.h>

#include "cl.h"

/* A smoothed picture's gradient; what lies outside is as the border. */
static const char source[] =
	"int grey(global const uchar *global const *rows, int x, int y, int w, int h)\n"
	"{\n"
	"	global const uchar *p = rows[clamp(y, 0, h - 1)] + 3 * clamp(x, 0, w - 1);\n"
	"	return (77 * p[0] + 151 * p[1] + 28 * p[2]) >> 8;\n"
	"}\n"
	"\n"
	"kernel void smooth(global const uchar *global const *in, global uchar *global *out,\n"
	"		    int w, int h)\n"
	"{\n"
	"	int x = get_global_id(0), y = get_global_id(1), sum = 0;\n"
	"	for (int j = -1; j <= 1; j++)\n"
	"		for (int i = -1; i <= 1; i++)\n"
	"			sum += grey(in, x + i, y + j, w, h) * (2 - abs(i)) *\n"
	"			       (2 - abs(j));\n"
	"	out[y][x] = sum / 16;\n"
	"}\n"
	"\n"
	"int at(global const uchar *global const *rows, int x, int y, int w, int h)\n"
	"{\n"
	"	return rows[clamp(y, 0, h - 1)][clamp(x, 0, w - 1)];\n"
	"}\n"
	"\n"
	"kernel void edges(global const uchar *global const *in, global uchar *global *out,\n"
	"		   int w, int h)\n"
	"{\n"
	"	int x = get_global_id(0), y = get_global_id(1), dx = 0, dy = 0;\n"
	"	for (int i = -1; i <= 1; i++) {\n"
	"		dx += (at(in, x + 1, y + i, w, h) - at(in, x - 1, y + i, w, h)) *\n"
	"		      (2 - abs(i));\n"
	"		dy += (at(in, x + i, y + 1, w, h) - at(in, x + i, y - 1, w, h)) *\n"
	"		      (2 - abs(i));\n"
	"	}\n"
	"	out[y][x] = min(abs(dx) + abs(dy), 255u);\n"
	"}\n";

static int w = 320, h = 240;

static uint8_t **make_rows(int width)
{
	uint8_t **rows = calloc(h, sizeof(*rows));

	CHECK(rows);
	for (int y = 0; y < h; y++) {
		rows[y] = calloc(width, 1);
		CHECK(rows[y]);
	}
	return rows;
}

static void free_rows(uint8_t **rows)
{
	for (int y = 0; y < h; y++)
		free(rows[y]);
	free(rows);
}

/* Rings, a square, a slope */
static uint8_t **draw(void)
{
	uint8_t **rows = make_rows(3 * w);

	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			const double r = hypot(x - w / 3.0, y - h / 2.0);
			const bool square = abs(x - 3 * w / 4) < w / 8 && abs(y - h / 3) < h / 6;

			rows[y][3 * x] = square ? 230 : 90 + 80 * sin(r / 8);
			rows[y][3 * x + 1] = square ? 60 : 255 * y / h;
			rows[y][3 * x + 2] = r < h / 4.0 ? 200 : 40;
		}
	}
	return rows;
}

static uint8_t **read_ppm(const char *name)
{
	FILE *file = fopen(name, "rb");
	uint8_t **rows;

	if (!file || fscanf(file, "P6 %d %d 255", &w, &h) != 2 || fgetc(file) == EOF ||
	    w < 1 || h < 1 || w > 16384 || h > 16384)
		FAIL("%s is no picture of type P6", name);
	rows = make_rows(3 * w);
	for (int y = 0; y < h; y++)
		CHECK(fread(rows[y], 3 * w, 1, file) == 1);
	fclose(file);
	return rows;
}

static uint32_t crc(uint32_t sum, const uint8_t *p, size_t size)
{
	while (size--) {
		sum ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
	}
	return sum;
}

static void big_endian(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> (24 - 8 * i);
}

static void chunk(FILE *file, const char *type, const uint8_t *data, uint32_t size)
{
	uint8_t word[4];

	big_endian(word, size);
	fwrite(word, 4, 1, file);
	fwrite(type, 4, 1, file);
	fwrite(data, size, 1, file);
	big_endian(word, ~crc(crc(~0u, (const uint8_t *)type, 4), data, size));
	fwrite(word, 4, 1, file);
}

/* Grey, each row a block of zlib's that is not compressed */
static void write_png(const char *name, uint8_t *const *rows)
{
	uint8_t head[13] = { [8] = 8 }, *data = malloc(6 + h * (w + 6ul)), *p = data;
	const int length = w + 1;
	uint32_t a = 1, b = 0;
	FILE *file = fopen(name, "wb");

	if (!file || !data)
		FAIL("%s can't be written", name);
	*p++ = 0x78;
	*p++ = 0x01;
	for (int y = 0; y < h; y++) {
		*p++ = y == h - 1;
		*p++ = length;
		*p++ = length >> 8;
		*p++ = ~length;
		*p++ = ~length >> 8;
		*p++ = 0;
		memcpy(p, rows[y], w);
		for (const uint8_t *q = p - 1; q < p + w; q++) {
			a = (a + *q) % 65521;
			b = (b + a) % 65521;
		}
		p += w;
	}
	big_endian(p, b << 16 | a);
	big_endian(head, w);
	big_endian(head + 4, h);
	fwrite("\x89PNG\r\n\x1a\n", 8, 1, file);
	chunk(file, "IHDR", head, sizeof(head));
	chunk(file, "IDAT", data, p + 4 - data);
	chunk(file, "IEND", NULL, 0);
	CHECK(!fclose(file));
	free(data);
}

static int clip(int v, int most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

static void host_smooth(uint8_t *const *in, uint8_t **out)
{
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			int sum = 0;

			for (int k = 0; k < 9; k++) {
				const int i = k % 3 - 1, j = k / 3 - 1;
				const uint8_t *p = in[clip(y + j, h - 1)] + 3 * clip(x + i, w - 1);

				sum += ((77 * p[0] + 151 * p[1] + 28 * p[2]) >> 8) *
				       (2 - abs(i)) * (2 - abs(j));
			}
			out[y][x] = sum / 16;
		}
	}
}

static int at(uint8_t *const *rows, int x, int y)
{
	return rows[clip(y, h - 1)][clip(x, w - 1)];
}

static void host_edges(uint8_t *const *in, uint8_t **out)
{
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			int dx = 0, dy = 0;

			for (int i = -1; i <= 1; i++) {
				dx += (at(in, x + 1, y + i) - at(in, x - 1, y + i)) * (2 - abs(i));
				dy += (at(in, x + i, y + 1) - at(in, x + i, y - 1)) * (2 - abs(i));
			}
			out[y][x] = clip(abs(dx) + abs(dy), 255);
		}
	}
}

static void run(struct cl *cl, const char *name, uint8_t **in, uint8_t **out)
{
	cl_kernel kernel = cl_kernel_of(cl, source, name);
	const size_t global[] = { w, h };

	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_arg(kernel, 2, w);
	cl_arg(kernel, 3, h);
	CL(clEnqueueNDRangeKernel(cl->queue, kernel, 2, NULL, global, NULL, 0, NULL, NULL));
	CL(clReleaseKernel(kernel));
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "/tmp/opencl-filter.png";
	uint8_t **in = argc > 2 ? read_ppm(argv[2]) : draw();
	uint8_t **soft = make_rows(w), **out = make_rows(w), **expect = make_rows(w);
	unsigned long bright = 0, wrong = 0;
	struct cl cl;

	cl_open(&cl);
	run(&cl, "smooth", in, soft);
	run(&cl, "edges", soft, out);
	CL(clFinish(cl.queue));
	write_png(name, out);

	host_smooth(in, soft);
	host_edges(soft, expect);
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			bright += out[y][x] > 100;
			wrong += out[y][x] != expect[y][x];
		}
	}
	printf("%s: %d x %d, %lu pixels of edges\n", name, w, h, bright);
	printf("GPU and CPU differ in %lu pixels\n", wrong);
	CHECK(!wrong);
	cl_close(&cl);
	free_rows(in);
	free_rows(soft);
	free_rows(out);
	free_rows(expect);
	return cl_ok();
}
