/*
 * polygons.h: polygons as read from well-known binary, and the arrays that grow.
 */
#ifndef RPM_SCENE_POLYGONS_H
#define RPM_SCENE_POLYGONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_scene.h"

#define MAX_ROW_POINTS 1000000	/* a row with more is skipped */

/*
 * Rings without their closing point.  Ring r holds points ring_end[r - 1] .. ring_end[r] - 1, polygon p the rings
 * polygon_end[p - 1] .. polygon_end[p] - 1, the first of them its shell.
 */
typedef struct polygon_set
{
	double		(*point)[3];
	size_t	   *ring_end, *polygon_end;
	size_t		point_count, ring_count, polygon_count;
	size_t		point_capacity, ring_capacity, polygon_capacity;
	bool		has_z;
	size_t		unclosed_rings, repeated_points, short_rings;
} polygon_set;

/* A problem found in one row, before it has an id. */
typedef struct row_problem
{
	char		problem[64];
	char		detail[192];
} row_problem;

/*
 * Reads ISO or extended WKB of either byte order into set (empty before).  RPM_INVALID_GEOMETRY: problem says what;
 * RPM_OUT_OF_MEMORY.  Every count is checked against the bytes that are left before memory is taken.
 */
rpm_code	polygon_set_read_wkb(polygon_set *set, const uint8_t *wkb, size_t size, row_problem *problem);

/* The same for line strings and collections of them: each line is a ring of the set, as it is; there are no polygons. */
rpm_code	polygon_set_read_lines_wkb(polygon_set *set, const uint8_t *wkb, size_t size, row_problem *problem);
void		polygon_set_free(polygon_set *set);

/* Forgets what was read, keeps the memory for the next row. */
void		polygon_set_clear(polygon_set *set);

/* Memory of many packed sets, in blocks that are freed at once. */
typedef struct polygon_store
{
	struct polygon_block *blocks;	/* newest first */
} polygon_store;

/* A copy of set, without room to grow, that lives as long as the store; false when memory is out. */
bool		polygon_store_pack(polygon_store *store, const polygon_set *set, polygon_set *packed);
void		polygon_store_free(polygon_store *store);

/* Appends; false when memory is out. */
bool		polygon_set_add_point(polygon_set *set, double x, double y, double z);
bool		polygon_set_end_ring(polygon_set *set);
bool		polygon_set_end_line(polygon_set *set);
bool		polygon_set_end_polygon(polygon_set *set);

static inline size_t polygon_first_ring(const polygon_set *set, size_t polygon) { return polygon ? set->polygon_end[polygon - 1] : 0; }
static inline size_t ring_first_point(const polygon_set *set, size_t ring) { return ring ? set->ring_end[ring - 1] : 0; }

/* Makes room for one more item; false when memory is out. */
bool		array_grow(void **items, size_t item_size, size_t count, size_t *capacity);

#endif
