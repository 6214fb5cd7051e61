/* wkb_rows.h: small geometries as well-known binary. */
#ifndef RPM_WKB_ROWS_H
#define RPM_WKB_ROWS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define WKB_MOST_POINTS 400

typedef struct wkb_row
{
	uint8_t		bytes[32 + WKB_MOST_POINTS * 24];
	size_t		size;
} wkb_row;

static inline void
wkb_put(wkb_row *row, const void *from, size_t size)
{
	memcpy(row->bytes + row->size, from, size);
	row->size += size;
}

static inline void
wkb_put_number(wkb_row *row, uint32_t number)
{
	wkb_put(row, &number, sizeof(number));
}

/* The header of a geometry of this machine's byte order. */
static inline wkb_row
wkb_begin(uint32_t type, uint32_t count)
{
	const uint16_t one = 1;
	wkb_row		row = {.size = 0};

	wkb_put(&row, &one, 1);
	wkb_put_number(&row, type);
	wkb_put_number(&row, count);
	return row;
}

static inline wkb_row
wkb_box(double west, double south, double east, double north)
{
	const double corners[5][2] = {{west, south}, {east, south}, {east, north}, {west, north}, {west, south}};
	wkb_row		row = wkb_begin(3, 1);

	wkb_put_number(&row, 5);
	wkb_put(&row, corners, sizeof(corners));
	return row;
}

static inline wkb_row
wkb_line(double x0, double y0, double x1, double y1)
{
	const double ends[2][2] = {{x0, y0}, {x1, y1}};
	wkb_row		row = wkb_begin(2, 2);

	wkb_put(&row, ends, sizeof(ends));
	return row;
}

/* A disc with a round hole; count corners each. */
static inline wkb_row
wkb_ring(double x, double y, double outer, double inner, int count)
{
	wkb_row		row = wkb_begin(3, 2);

	for (int ring = 0; ring < 2; ring++)
	{
		wkb_put_number(&row, (uint32_t) count + 1);
		for (int i = 0; i <= count; i++)
		{
			double		angle = 2 * 3.14159265358979323846 * (i % count) / count,
						radius = ring == 0 ? outer : inner;
			double		p[2] = {x + radius * cos(angle), y + radius * sin(angle)};

			wkb_put(&row, p, sizeof(p));
		}
	}
	return row;
}

/* A rectangle with Z: z0 + slope_x (x - 1000) + slope_y (y - 2000). */
static inline wkb_row
wkb_plane(double west, double south, double east, double north, double z0, double slope_x, double slope_y)
{
	const double corners[5][2] = {{west, south}, {east, south}, {east, north}, {west, north}, {west, south}};
	wkb_row		row = wkb_begin(1003, 1);

	wkb_put_number(&row, 5);
	for (int i = 0; i < 5; i++)
	{
		double		z = z0 + slope_x * (corners[i][0] - 1000) + slope_y * (corners[i][1] - 2000);

		wkb_put(&row, corners[i], sizeof(corners[i]));
		wkb_put(&row, &z, sizeof(z));
	}
	return row;
}

#endif
