/*
 * bench_nn.c: time of U-Nets of several sizes on one tile: our back end, and the bare oneDNN primitives that their layers ask for.
 *
 * Usage: bench_nn [--threads=N] [--side=S] [--runs=R] [--reference] [--inference] BASE...   (bases: 8, 16, 64; default 8 and 16)
 *
 * "bare" is the sum over all layers of the best time of one primitive alone, arrays and weights in the layouts that the library itself
 * chooses (format any), with bias and leaky ReLU taken into the convolution as ours are; its reorders between layers are not counted.
 * Times are the best of R runs: wall clock, and for one thread also processor time, which a busy machine disturbs less.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "rpm_nn_train.h"
#include "rpm_nn_zoo.h"

#ifdef RPM_HAVE_DNNL
#include <dnnl.h>
#include <omp.h>
/* The bare primitives are asked for as version 2 has them. */
#if DNNL_VERSION_MAJOR == 2
#define BARE_PRIMITIVES
#endif
#endif

typedef struct times
{
	double		wall,
				processor;
} times;

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static times
now(void)
{
	return (times) {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

/* Keeps the least of both clocks since begin. */
static void
keep_best(times *best, times begin)
{
	times		end = now();

	best->wall = fmin(best->wall, end.wall - begin.wall);
	best->processor = fmin(best->processor, end.processor - begin.processor);
}

#ifdef BARE_PRIMITIVES
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static dnnl_memory_t
memory_of(const_dnnl_primitive_desc_t desc, dnnl_query_t query, int index)
{
	const dnnl_memory_desc_t *m = dnnl_primitive_desc_query_md(desc, query, index);
	size_t		size = dnnl_memory_desc_get_size(m);
	dnnl_memory_t memory;
	void	   *bytes = aligned_alloc(64, (size + 63) / 64 * 64 + 64);

	memset(bytes, 0, size);
	dnnl_memory_create(&memory, m, engine, bytes);
	return memory;
}

/* Best time of a primitive of up to four arguments. */
static times
time_primitive(dnnl_primitive_desc_t desc, const int *arguments, const dnnl_query_t *queries, const int *indexes, int count, int runs)
{
	dnnl_primitive_t primitive;
	dnnl_exec_arg_t list[4];
	times		best = {1e9, 1e9};

	dnnl_primitive_create(&primitive, desc);
	for (int i = 0; i < count; i++)
		list[i] = (dnnl_exec_arg_t) {arguments[i], memory_of(desc, queries[i], indexes[i])};
	for (int r = 0; r < runs; r++)
	{
		times		begin = now();

		dnnl_primitive_execute(primitive, stream, count, list);
		dnnl_stream_wait(stream);
		keep_best(&best, begin);
	}
	for (int i = 0; i < count; i++)
	{
		void	   *bytes;

		dnnl_memory_get_data_handle(list[i].memory, &bytes);
		free(bytes);
		dnnl_memory_destroy(list[i].memory);
	}
	dnnl_primitive_destroy(primitive);
	dnnl_primitive_desc_destroy(desc);
	return best;
}

static void
add_times(times *sum, times one)
{
	sum->wall += one.wall;
	sum->processor += one.processor;
}

static dnnl_memory_desc_t
any_image(int channels, int side)
{
	dnnl_dims_t dims = {1, channels, side, side};
	dnnl_memory_desc_t desc;

	dnnl_memory_desc_init_by_tag(&desc, 4, dims, dnnl_f32, dnnl_format_tag_any);
	return desc;
}

static times
bare_conv(int in, int out, int side, int kernel, bool active, int runs)
{
	dnnl_memory_desc_t src = any_image(in, side),
				dst = any_image(out, side),
				weights,
				bias;
	dnnl_dims_t w = {out, in, kernel, kernel},
				b = {out},
				strides = {1, 1},
				before = {(kernel - 1) / 2, (kernel - 1) / 2},
				after = {kernel / 2, kernel / 2};
	dnnl_convolution_desc_t conv;
	dnnl_primitive_desc_t desc;
	dnnl_primitive_attr_t attributes;
	dnnl_post_ops_t post;

	dnnl_memory_desc_init_by_tag(&weights, 4, w, dnnl_f32, dnnl_format_tag_any);
	dnnl_memory_desc_init_by_tag(&bias, 1, b, dnnl_f32, dnnl_a);
	dnnl_primitive_attr_create(&attributes);
	dnnl_post_ops_create(&post);
	if (active)
		dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_relu, 0.01f, 0);
	dnnl_primitive_attr_set_post_ops(attributes, post);
	dnnl_convolution_forward_desc_init(&conv, dnnl_forward_inference, dnnl_convolution_direct, &src, &weights, &bias, &dst, strides, before,
									   after);
	dnnl_primitive_desc_create(&desc, &conv, attributes, engine, NULL);
	dnnl_post_ops_destroy(post);
	dnnl_primitive_attr_destroy(attributes);
	return time_primitive(desc, (int[]) {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
						  (dnnl_query_t[]) {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_weights_md, dnnl_query_dst_md},
						  (int[]) {0, 0, 1, 0}, 4, runs);
}

/* Pooling or enlarging by 2, in the blocked layout that wide machines like for many channels. */
static times
bare_resize(int channels, int side, bool smaller, int runs)
{
	dnnl_dims_t in = {1, channels, side, side},
				out = {1, channels, smaller ? side / 2 : side * 2, smaller ? side / 2 : side * 2},
				two = {2, 2},
				none = {0, 0};
	dnnl_memory_desc_t src,
				dst;
	dnnl_primitive_desc_t desc;
	dnnl_pooling_desc_t pool;
	dnnl_resampling_desc_t resampling;
	dnnl_format_tag_t tag = channels % 16 == 0 ? dnnl_nChw16c : dnnl_nhwc;

	dnnl_memory_desc_init_by_tag(&src, 4, in, dnnl_f32, tag);
	dnnl_memory_desc_init_by_tag(&dst, 4, out, dnnl_f32, tag);
	if (smaller)
		dnnl_pooling_forward_desc_init(&pool, dnnl_forward_inference, dnnl_pooling_max, &src, &dst, two, two, none, none);
	else
		dnnl_resampling_forward_desc_init(&resampling, dnnl_forward_inference, dnnl_resampling_linear, NULL, &src, &dst);
	dnnl_primitive_desc_create(&desc, smaller ? (void *) &pool : (void *) &resampling, NULL, engine, NULL);
	return time_primitive(desc, (int[]) {DNNL_ARG_SRC, DNNL_ARG_DST}, (dnnl_query_t[]) {dnnl_query_src_md, dnnl_query_dst_md},
						  (int[]) {0, 0}, 2, runs);
}

static times
bare_join(int channels, int side, int runs)
{
	dnnl_dims_t dims = {1, channels, side, side};
	dnnl_memory_desc_t two[2];
	dnnl_primitive_desc_t desc;

	for (int i = 0; i < 2; i++)
		dnnl_memory_desc_init_by_tag(&two[i], 4, dims, dnnl_f32, channels % 16 == 0 ? dnnl_nChw16c : dnnl_nhwc);
	dnnl_concat_primitive_desc_create(&desc, NULL, 2, 1, two, NULL, engine);
	return time_primitive(desc, (int[]) {DNNL_ARG_MULTIPLE_SRC, DNNL_ARG_MULTIPLE_SRC + 1, DNNL_ARG_DST},
						  (dnnl_query_t[]) {dnnl_query_src_md, dnnl_query_src_md, dnnl_query_dst_md}, (int[]) {0, 1, 0}, 3, runs);
}

/* The paper's U-Net, primitive by primitive. */
static times
bare_unet(int base, int side, int threads, int runs)
{
	times		sum = {0, 0};
	int			before = 4;

	omp_set_num_threads(threads);
	if (engine == NULL)
	{
		dnnl_engine_create(&engine, dnnl_cpu, 0);
		dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
	}
	for (int i = 0; i <= 5; i++)
	{
		int			width = base << (i < 4 ? i : 4),
					size = side >> i;

		if (i > 0)
			add_times(&sum, bare_resize(before, 2 * size, true, runs));
		add_times(&sum, bare_conv(before, width, size, 5, true, runs));
		add_times(&sum, bare_conv(width, width, size, 5, true, runs));
		before = width;
	}
	for (int i = 4; i >= 0; i--)
	{
		int			width = base << i,
					size = side >> i;

		add_times(&sum, bare_resize(before, size / 2, false, runs));
		add_times(&sum, bare_conv(before, width, size, 2, false, runs));
		add_times(&sum, bare_join(width, size, runs));
		add_times(&sum, bare_conv(2 * width, width, size, 5, true, runs));
		add_times(&sum, bare_conv(width, width, size, 5, true, runs));
		before = width;
	}
	add_times(&sum, bare_conv(base, 1, side, 1, false, runs));
	return sum;
}
#else
static times
bare_unet(int base, int side, int threads, int runs)
{
	(void) base, (void) side, (void) threads, (void) runs;
	return (times) {NAN, NAN};
}
#endif

static void
fail(const rpm_status *status)
{
	fprintf(stderr, "%s\n", status->message);
	exit(1);
}

static void
bench(int base, int side, int threads, int runs, rpm_nn_backend backend, bool train)
{
	rpm_nn_unet unet = {base, 5, 4, 1, 5};
	rpm_nn_shape shape = {1, 4, side, side};
	rpm_control control = {.threads = threads};
	rpm_nn_training training = rpm_nn_training_default();
	rpm_nn_options options = {.backend = backend};
	rpm_nn_model *model;
	rpm_nn	   *net;
	rpm_nn_trainer *trainer = NULL;
	rpm_status	status;
	char	   *text;
	size_t		bytes[2];
	int64_t		cells = (int64_t) side * side;
	float	   *image = calloc((size_t) cells * 4, sizeof(float)),
			   *target = calloc((size_t) cells, sizeof(float)),
			   *weights;
	const void *inputs[1] = {image};
	times		inference = {1e9, 1e9},
				step = {INFINITY, INFINITY},
				bare;
	double		loss;

	rpm_status_clear(&status);
	training.net.backend = backend;
	if (rpm_nn_unet_declaration(&unet, &text, &status) != RPM_OK || rpm_nn_parse(text, strlen(text), &model, &status) != RPM_OK)
		fail(&status);
	weights = malloc(sizeof(float) * (size_t) rpm_nn_weight_count(model));
	rpm_nn_initialise(model, 1, weights);
	for (int64_t i = 0; i < 4 * cells; i++)
		image[i] = (float) (i * 7919 % 1009) / 500 - 1;
	if (rpm_nn_memory(model, &shape, &options, &control, &bytes[0], &status) != RPM_OK ||
		rpm_nn_trainer_memory(model, &shape, &training, &control, &bytes[1], &status) != RPM_OK ||
		rpm_nn_create(model, &shape, &options, weights, &control, &net, &status) != RPM_OK)
		fail(&status);
	for (int r = 0; r <= runs; r++)
	{
		times		begin = now();

		if (rpm_nn_forward(net, inputs, &control, &status) != RPM_OK)
			fail(&status);
		/* The first lays the weights down. */
		if (r > 0)
			keep_best(&inference, begin);
	}
	rpm_nn_free(net);
	bare = bare_unet(base, side, threads, runs);
	if (train && rpm_nn_trainer_create(model, &shape, &training, weights, &control, &trainer, &status) != RPM_OK)
		fail(&status);
	for (int r = 0; train && r <= runs; r++)
	{
		times		begin = now();

		if (rpm_nn_train_batch(trainer, inputs, target, NULL, &loss, &control, &status) != RPM_OK)
			fail(&status);
		if (r > 0)
			keep_best(&step, begin);
	}
	printf("U-Net base %d, %.1f M weights, %d x %d, %d threads: inference %.3f s wall %.3f s processor, bare primitives %.3f / %.3f, ratio %.2f / %.2f; "
		   "training step %.3f / %.3f; planned %.0f MB and %.0f MB\n", base, (double) rpm_nn_parameter_count(model) / 1e6, side, side, threads,
		   inference.wall, inference.processor, bare.wall, bare.processor, inference.wall / bare.wall, inference.processor / bare.processor,
		   step.wall, step.processor, (double) bytes[0] / 1e6, (double) bytes[1] / 1e6);
	fflush(stdout);
	rpm_nn_trainer_free(trainer);
	rpm_nn_model_free(model);
	free(text);
	free(weights);
	free(image);
	free(target);
}

int
main(int argc, char **argv)
{
	int			threads = rpm_thread_count(NULL),
				side = 512,
				runs = 3,
				bases = 0;
	rpm_nn_backend backend = RPM_NN_AUTO;
	bool		train = true;
	struct rusage usage;

	for (int i = 1; i < argc; i++)
	{
		if (strncmp(argv[i], "--threads=", 10) == 0)
			threads = atoi(argv[i] + 10);
		else if (strncmp(argv[i], "--side=", 7) == 0)
			side = atoi(argv[i] + 7);
		else if (strncmp(argv[i], "--runs=", 7) == 0)
			runs = atoi(argv[i] + 7);
		else if (strcmp(argv[i], "--reference") == 0)
			backend = RPM_NN_REFERENCE;
		else if (strcmp(argv[i], "--inference") == 0)
			train = false;
		else
		{
			bench(atoi(argv[i]), side, threads, runs, backend, train);
			bases++;
		}
	}
	if (bases == 0)
	{
		bench(8, side, threads, runs, backend, train);
		bench(16, side, threads, runs, backend, train);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("largest memory of the process: %.0f MB\n", (double) usage.ru_maxrss / 1024);
	return 0;
}
