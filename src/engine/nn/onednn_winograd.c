/* onednn_winograd.c: convolutions by Winograd's minimal filtering (onednn_winograd.h). */
#ifdef RPM_HAVE_DNNL

#include <omp.h>
#include <string.h>

#include "nn/onednn_winograd.h"
#include "nn/onednn_tile.h"

#define CHANNELS WINOGRAD_LANES
#define LEAST_OUTPUTS 32		/* channels out: with fewer the transforms outweigh the products */
#define TILE_BYTES (256 * 1024)	/* what the tiles of a piece may take: a part of the second cache */
#define LEAST_TILES 24			/* of a piece, else weights are read too often; */
#define LEAST_TILES_FAR 96		/* where they come from memory, as sums do, */
#define FAR_BYTES (16 * 1024 * 1024)	/* and so many weights */
/* Tiles must be at least the pairs of channels by these, else transforming the weights, or reading their sums, outweighs the products. */
#define PAIRS_PER_TILE_ONCE 8192	/* weights transformed once for all runs, */
#define PAIRS_PER_TILE 512		/* in each run, */
#define PAIRS_PER_TILE_SUMMED 128	/* or summed */
#define SPREAD 16				/* floats between the points' arrays, so that they do not share one set of the cache */
#define PIECE_OPERATIONS 5e9	/* multiplications between two looks at the control: 100 ms */

/* Of a tile: its image, and its first result in it. */
typedef struct tile_place
{
	int64_t		image, y, x;
} tile_place;

/* The kernels from channel i to WINOGRAD_LANES channels from o on, one way or the other. */
typedef void (*kernel_function) (const nn_winograd *plan, int64_t i, int64_t o, const float *from, float *to);

static int64_t tiles_at_a_time(const nn_winograd *plan, nn_direction direction);
static size_t thread_floats(const nn_winograd *plan);
static void run_tiles(const nn_winograd *plan, const float *in, const float *weights, const float *bias, float *out, float *room, int64_t first,
					  int64_t count);
static tile_place place_of(const nn_winograd *plan, int64_t tile);
static void cells_of_tile(const nn_winograd *plan, const float *in, const float *zeros, tile_place place, const float *cells[WINOGRAD_POINTS]);
static void results_of_tile(const nn_winograd *plan, float *out, float *outside, tile_place place, float *results[WINOGRAD_MOST_RESULTS]);
static void sum_tiles(const nn_winograd *plan, const float *in, const float *out_gradient, float *sums, float *room, int64_t first,
					  int64_t count);
static bool each_kernel(const nn_winograd *plan, kernel_function function, const float *from, float *to, const rpm_control *control);
static int64_t place_of_cell(const nn_winograd *plan, int64_t i, int64_t o, int64_t k);
static void lay_down_kernels(const nn_winograd *plan, int64_t i, int64_t o, const float *plain, float *weights);
static void add_kernels(const nn_winograd *plan, int64_t i, int64_t o, const float *sums, float *gradient);

bool
nn_winograd_plan(nn_winograd *plan, nn_direction direction, const nn_conv_shape *shape, const nn_fused *fused, int threads)
{
	bool		data = direction == NN_DATA;
	bool		plain = !fused->activated || fused->activation == NN_RELU || fused->activation == NN_LEAKY_RELU;

	memset(plan, 0, sizeof(*plan));
	if (!plain || nn_dnnl_slowness() != 1 || shape->groups != 1 || shape->stride != 1 || shape->kernel != shape->across ||
		(shape->kernel != 3 && shape->kernel != 5) || shape->larger.c % CHANNELS != 0 || shape->smaller.c % CHANNELS != 0 ||
		(data ? shape->larger.c : shape->smaller.c) < LEAST_OUTPUTS ||
		shape->smaller.h * shape->smaller.w < WINOGRAD_POINTS)
		return false;
	plan->kernel = shape->kernel;
	plan->in = data ? shape->smaller : shape->larger;
	plan->out = data ? shape->larger : shape->smaller;
	plan->top = data ? shape->kernel - 1 - shape->top : shape->top;
	plan->left = data ? shape->kernel - 1 - shape->left : shape->left;
	plan->turned = data;
	plan->bias = fused->bias && !data;
	plan->slope = !fused->activated ? 1 : fused->activation == NN_RELU ? 0 : fused->slope;
	plan->side = WINOGRAD_SIDE + 1 - plan->kernel;
	plan->tiles_across = (plan->out.w + plan->side - 1) / plan->side;
	plan->tiles_down = (plan->out.h + plan->side - 1) / plan->side;
	plan->threads = threads;
	if (plan->in.c * plan->out.c > plan->out.n * plan->tiles_across * plan->tiles_down *
		(direction == NN_WEIGHTS ? PAIRS_PER_TILE_SUMMED : fused->weights_stay ? PAIRS_PER_TILE_ONCE : PAIRS_PER_TILE))
		return false;
	plan->weight_bytes = sizeof(float) * (size_t) (WINOGRAD_POINTS * plan->in.c * plan->out.c);
	plan->tiles_each = tiles_at_a_time(plan, direction);
	plan->scratch_bytes = sizeof(float) * thread_floats(plan) * (size_t) (direction == NN_WEIGHTS ? 1 : threads) + 64;
	return true;
}

static int64_t
tiles_at_a_time(const nn_winograd *plan, nn_direction direction)
{
	int64_t		all = plan->out.n * plan->tiles_across * plan->tiles_down,
				each = TILE_BYTES / ((int64_t) sizeof(float) * WINOGRAD_POINTS * (plan->in.c + plan->out.c)),
				most = (int64_t) (PIECE_OPERATIONS / (double) (WINOGRAD_POINTS * plan->in.c * plan->out.c)),
				least = direction == NN_WEIGHTS || plan->weight_bytes > FAR_BYTES ? LEAST_TILES_FAR : LEAST_TILES,
				pieces;

	each = each > least ? each : least;
	each = each < most ? each : most > 1 ? most : 1;
	/* As many pieces as threads, or twice that, and so on: none waits for the last. */
	pieces = ((all + each - 1) / each + plan->threads - 1) / plan->threads * plan->threads;
	each = (all + pieces - 1) / pieces;
	return (each + WINOGRAD_ROWS - 1) / WINOGRAD_ROWS * WINOGRAD_ROWS;
}

/* Transformed tiles, their products, zeros. */
static size_t
thread_floats(const nn_winograd *plan)
{
	return (size_t) (WINOGRAD_POINTS * (plan->tiles_each * (plan->in.c + plan->out.c) + 2 * SPREAD) + plan->in.c + plan->out.c);
}

/*
 * All pairs of a channel in and WINOGRAD_LANES channels out, which no other thread has; looks at the control before each (2 us).  False once
 * stopped.
 */
static bool
each_kernel(const nn_winograd *plan, kernel_function function, const float *from, float *to, const rpm_control *control)
{
#pragma omp parallel for num_threads(plan->threads)
	for (int64_t o = 0; o < plan->out.c; o += WINOGRAD_LANES)
		for (int64_t i = 0; i < plan->in.c && !rpm_stopped(control); i++)
			function(plan, i, o, from, to);
	return !rpm_stopped(control);
}

/* Cell k of the kernel from channel i to channel o in PyTorch's order. */
static int64_t
place_of_cell(const nn_winograd *plan, int64_t i, int64_t o, int64_t k)
{
	int64_t		cells = plan->kernel * plan->kernel;

	return plan->turned ? (i * plan->out.c + o) * cells + cells - 1 - k : (o * plan->in.c + i) * cells + k;
}

bool
nn_winograd_weights(const nn_winograd *plan, const float *plain, float *weights, const rpm_control *control)
{
	return each_kernel(plan, lay_down_kernels, plain, weights, control);
}

static void
lay_down_kernels(const nn_winograd *plan, int64_t i, int64_t o, const float *plain, float *weights)
{
	float		kernel[WINOGRAD_MOST_KERNEL][WINOGRAD_LANES];

	for (int64_t lane = 0; lane < WINOGRAD_LANES; lane++)
		for (int64_t k = 0; k < plan->kernel * plan->kernel; k++)
			kernel[k][lane] = plain[place_of_cell(plan, i, o + lane, k)];
	winograd_kernel(kernel[0], plan->kernel, weights + winograd_weight_place(plan->in.c, plan->out.c, i, o), plan->in.c * plan->out.c);
}

bool
nn_winograd_run(const nn_winograd *plan, const float *in, const float *weights, const float *bias, float *out, void *scratch,
				const rpm_control *control)
{
	int64_t		all = plan->out.n * plan->tiles_across * plan->tiles_down,
				pieces = (all + plan->tiles_each - 1) / plan->tiles_each;
	float	   *room = (float *) (((uintptr_t) scratch + 63) / 64 * 64);

#pragma omp parallel for num_threads(plan->threads) schedule(dynamic)
	for (int64_t piece = 0; piece < pieces; piece++)
	{
		int64_t		first = piece * plan->tiles_each,
					count = all - first < plan->tiles_each ? all - first : plan->tiles_each;

		if (!rpm_stopped(control))
			run_tiles(plan, in, weights, bias, out, room + thread_floats(plan) * (size_t) omp_get_thread_num(), first, count);
	}
	return !rpm_stopped(control);
}

static void
run_tiles(const nn_winograd *plan, const float *in, const float *weights, const float *bias, float *out, float *room, int64_t first,
		  int64_t count)
{
	int64_t		rows = (count + WINOGRAD_ROWS - 1) / WINOGRAD_ROWS * WINOGRAD_ROWS,
				in_c = plan->in.c,
				out_c = plan->out.c,
				between_in = rows * in_c + SPREAD,
				between_out = rows * out_c + SPREAD;
	float	   *tiles = room,
			   *products = tiles + WINOGRAD_POINTS * between_in,
			   *zeros = products + WINOGRAD_POINTS * between_out;

	memset(zeros, 0, sizeof(float) * (size_t) in_c);
	for (int64_t t = 0; t < rows; t++)
	{
		const float *cells[WINOGRAD_POINTS];

		/* Rows beyond the last tile repeat it and are not used. */
		cells_of_tile(plan, in, zeros, place_of(plan, first + (t < count ? t : count - 1)), cells);
		winograd_tile(cells, in_c, tiles + t * in_c, between_in);
	}
	for (int64_t point = 0; point < WINOGRAD_POINTS; point++)
		winograd_multiply(tiles + point * between_in, weights + point * in_c * out_c, products + point * between_out, rows, in_c, out_c);
	for (int64_t t = 0; t < count; t++)
	{
		float	   *results[WINOGRAD_MOST_RESULTS];

		results_of_tile(plan, out, NULL, place_of(plan, first + t), results);
		winograd_results(products + t * out_c, between_out, out_c, plan->side, plan->bias ? bias : NULL, plan->slope, results);
	}
}

bool
nn_winograd_gradient(const nn_winograd *plan, const float *in, const float *out_gradient, float *room, float *gradient, void *scratch,
					 const rpm_control *control)
{
	int64_t		all = plan->out.n * plan->tiles_across * plan->tiles_down;

	memset(room, 0, plan->weight_bytes);
	for (int64_t first = 0; first < all && !rpm_stopped(control); first += plan->tiles_each)
		sum_tiles(plan, in, out_gradient, room, (float *) (((uintptr_t) scratch + 63) / 64 * 64), first,
				  all - first < plan->tiles_each ? all - first : plan->tiles_each);
	return each_kernel(plan, add_kernels, room, gradient, control);
}

/* All threads share the tiles, then the points. */
static void
sum_tiles(const nn_winograd *plan, const float *in, const float *out_gradient, float *sums, float *room, int64_t first, int64_t count)
{
	int64_t		in_c = plan->in.c,
				out_c = plan->out.c,
				between_in = count * in_c + SPREAD,
				between_out = count * out_c + SPREAD;
	float	   *tiles = room,
			   *products = tiles + WINOGRAD_POINTS * between_in,
			   *zeros = products + WINOGRAD_POINTS * between_out;

	memset(zeros, 0, sizeof(float) * (size_t) (in_c + out_c));
#pragma omp parallel num_threads(plan->threads)
	{
#pragma omp for
		for (int64_t t = 0; t < count; t++)
		{
			const float *cells[WINOGRAD_POINTS];
			float	   *results[WINOGRAD_MOST_RESULTS];

			cells_of_tile(plan, in, zeros, place_of(plan, first + t), cells);
			winograd_tile(cells, in_c, tiles + t * in_c, between_in);
			results_of_tile(plan, (float *) out_gradient, zeros, place_of(plan, first + t), results);
			winograd_results_back((const float *const *) results, out_c, plan->side, products + t * out_c, between_out);
		}
#pragma omp for
		for (int64_t point = 0; point < WINOGRAD_POINTS; point++)
			winograd_sum(tiles + point * between_in, products + point * between_out, sums + point * in_c * out_c, count, in_c, out_c);
	}
}

static void
add_kernels(const nn_winograd *plan, int64_t i, int64_t o, const float *sums, float *gradient)
{
	float		kernel[WINOGRAD_MOST_KERNEL][WINOGRAD_LANES];

	winograd_kernel_back(sums + i * plan->out.c + o, plan->in.c * plan->out.c, plan->kernel, kernel[0]);
	for (int64_t lane = 0; lane < WINOGRAD_LANES; lane++)
		for (int64_t k = 0; k < plan->kernel * plan->kernel; k++)
			gradient[place_of_cell(plan, i, o + lane, k)] += kernel[k][lane];
}

/* Fewer tiles than 2^32: single-word divisions are five times as fast. */
static tile_place
place_of(const nn_winograd *plan, int64_t tile)
{
	uint32_t	across = (uint32_t) plan->tiles_across,
				down = (uint32_t) plan->tiles_down,
				row = (uint32_t) tile / across;

	return (tile_place) {row / down, row % down * plan->side, (uint32_t) tile % across * plan->side};
}

/* Where the 6 x 6 cells of a tile are, zeros outside the image. */
static void
cells_of_tile(const nn_winograd *plan, const float *in, const float *zeros, tile_place place, const float *cells[WINOGRAD_POINTS])
{
	int64_t		y0 = place.y - plan->top,
				x0 = place.x - plan->left;
	const float *corner = in + ((place.image * plan->in.h + y0) * plan->in.w + x0) * plan->in.c;
	bool		all = y0 >= 0 && x0 >= 0 && y0 + WINOGRAD_SIDE <= plan->in.h && x0 + WINOGRAD_SIDE <= plan->in.w;

	for (int64_t y = 0; y < WINOGRAD_SIDE; y++)
		for (int64_t x = 0; x < WINOGRAD_SIDE; x++)
		{
			bool		inside = all || (y0 + y >= 0 && y0 + y < plan->in.h && x0 + x >= 0 && x0 + x < plan->in.w);

			cells[y * WINOGRAD_SIDE + x] = inside ? corner + (y * plan->in.w + x) * plan->in.c : zeros;
		}
}

/* Where its results are; `outside` beyond the image. */
static void
results_of_tile(const nn_winograd *plan, float *out, float *outside, tile_place place, float *results[WINOGRAD_MOST_RESULTS])
{
	for (int64_t y = 0; y < plan->side; y++)
		for (int64_t x = 0; x < plan->side; x++)
			results[y * plan->side + x] = place.y + y < plan->out.h && place.x + x < plan->out.w
				? out + ((place.image * plan->out.h + place.y + y) * plan->out.w + place.x + x) * plan->out.c : outside;
}

#endif
