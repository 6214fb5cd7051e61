/*
 * touching_facets.c: facets by squares of the ground, see touching_facets.h.
 */
#include "trace/touching_facets.h"

#include <math.h>
#include <stdlib.h>

#define TOUCH_M 0.01
#define WHOLE_PLAIN_M 300.0
#define STEP_M 20.0
#define SIDE_MAX 1024
#define UPRIGHT_Z 0.1

/* Squares column_low <= column <= column_high, row_low <= row <= row_high. */
typedef struct squares { int column_low, column_high, row_low, row_high; } squares;

static bool counts(const rpm_facet *facet);
static bool is_upright(const rpm_facet *facet);
static squares squares_of(const rpm_touching_facets *touching, const rpm_facet *facet);
static void enclose(rpm_touching_facets *touching);
static int	step_of(double away_m, double step_m, int count);
static bool boxes_touch(const rpm_facet *a, const rpm_facet *b);

rpm_code
rpm_touching_facets_create(const rpm_scene *scene, rpm_control *control, rpm_touching_facets *touching, rpm_status *status)
{
	size_t		square_count, entries = 0;
	rpm_code	code = RPM_OK;

	*touching = (rpm_touching_facets) {.scene = scene};
	enclose(touching);
	square_count = (size_t) touching->columns * (size_t) touching->rows;
	touching->first = calloc(square_count + 2, sizeof(uint32_t));
	if (touching->first == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for neighbours of %zu facets", scene->facet_count);
	/* Counts, then places; the second time each square's first runs up to that of the next. */
	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t i = 0; i < scene->facet_count; i++)
		{
			const rpm_facet *facet = &scene->facets[i];
			squares		s = squares_of(touching, facet);

			for (int row = s.row_low; row <= s.row_high && counts(facet); row++)
				for (int column = s.column_low; column <= s.column_high; column++)
				{
					size_t		square = (size_t) row * (size_t) touching->columns + (size_t) column;

					if (pass == 0)
						touching->first[square + 2]++;
					else
						touching->facets[touching->first[square + 1]++] = (int32_t) i;
					entries += pass == 0;
				}
		}
		if (pass == 1)
			break;
		for (size_t i = 0; i < square_count; i++)
			touching->first[i + 2] += touching->first[i + 1];
		code = rpm_reserve(control, entries * sizeof(int32_t), "neighbours of facets", status);
		if (code != RPM_OK)
			return code;
		touching->facets = malloc((entries + 1) * sizeof(int32_t));
		if (touching->facets == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for neighbours of %zu facets", scene->facet_count);
	}
	return RPM_OK;
}

void
rpm_touching_facets_free(rpm_touching_facets *touching)
{
	free(touching->first);
	free(touching->facets);
	touching->first = NULL;
	touching->facets = NULL;
}

void
rpm_touching_facets_of(const rpm_touching_facets *touching, int32_t facet, rpm_touching_function function, void *context)
{
	const rpm_facet *own = &touching->scene->facets[facet];
	squares		s = squares_of(touching, own);

	if (!counts(own))
		return;
	for (int row = s.row_low; row <= s.row_high; row++)
		for (int column = s.column_low; column <= s.column_high; column++)
		{
			size_t		square = (size_t) row * (size_t) touching->columns + (size_t) column;

			for (uint32_t i = touching->first[square]; i < touching->first[square + 1]; i++)
			{
				const rpm_facet *other = &touching->scene->facets[touching->facets[i]];
				squares		o = squares_of(touching, other);

				/* In the first square that both are in. */
				if (touching->facets[i] != facet && is_upright(own) == is_upright(other) && boxes_touch(own, other)
					&& row == (s.row_low > o.row_low ? s.row_low : o.row_low)
					&& column == (s.column_low > o.column_low ? s.column_low : o.column_low))
					function(context, touching->facets[i]);
			}
		}
}

static bool
counts(const rpm_facet *facet)
{
	return rpm_norm(rpm_sub(facet->high, facet->low)) <= WHOLE_PLAIN_M;
}

static bool
is_upright(const rpm_facet *facet)
{
	return fabs(facet->normal.z) < UPRIGHT_Z;
}

/* With half of TOUCH_M around: boxes that touch share a square. */
static squares
squares_of(const rpm_touching_facets *touching, const rpm_facet *facet)
{
	double		x = touching->west, y = touching->south, step = touching->step_m, margin = TOUCH_M / 2;

	return (squares) {step_of(facet->low.x - margin - x, step, touching->columns), step_of(facet->high.x + margin - x, step, touching->columns),
	step_of(facet->low.y - margin - y, step, touching->rows), step_of(facet->high.y + margin - y, step, touching->rows)};
}

static int
step_of(double away_m, double step_m, int count)
{
	return (int) fmin(fmax(floor(away_m / step_m), 0), count - 1);
}

static void
enclose(rpm_touching_facets *touching)
{
	const rpm_scene *scene = touching->scene;
	double		west = INFINITY, east = -INFINITY, south = INFINITY, north = -INFINITY, side;

	for (size_t i = 0; i < scene->facet_count; i++)
		if (counts(&scene->facets[i]))
		{
			west = fmin(west, scene->facets[i].low.x);
			east = fmax(east, scene->facets[i].high.x);
			south = fmin(south, scene->facets[i].low.y);
			north = fmax(north, scene->facets[i].high.y);
		}
	if (!(west <= east))
		west = east = south = north = 0;
	side = fmax(east - west, north - south);
	touching->west = west;
	touching->south = south;
	touching->step_m = fmax(STEP_M, side / SIDE_MAX);
	touching->columns = 1 + (int) ((east - west) / touching->step_m);
	touching->rows = 1 + (int) ((north - south) / touching->step_m);
}

static bool
boxes_touch(const rpm_facet *a, const rpm_facet *b)
{
	double		x = fmax(0, fmax(a->low.x - b->high.x, b->low.x - a->high.x)), y = fmax(0, fmax(a->low.y - b->high.y, b->low.y - a->high.y));
	double		z = fmax(0, fmax(a->low.z - b->high.z, b->low.z - a->high.z));

	return fmax(x, fmax(y, z)) <= TOUCH_M;
}
