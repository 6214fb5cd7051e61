/*
 * repair.c: flat polygons made valid by GEOS.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene/footprint.h"

bool flat_polygons_add_point(flat_polygons *set, flat_point p)
{
	if (!array_grow((void **) &set->point, sizeof p, set->point_count, &set->point_capacity))
		return false;
	set->point[set->point_count++] = p;
	return true;
}

bool flat_polygons_end_ring(flat_polygons *set)
{
	size_t		first = set->ring_count ? set->ring_end[set->ring_count - 1] : 0, kept = first;
	size_t		polygon_first = set->polygon_count ? set->polygon_end[set->polygon_count - 1] : 0;

	if (!array_grow((void **) &set->ring_end, sizeof *set->ring_end, set->ring_count, &set->ring_capacity))
		return false;
	for (size_t i = first; i < set->point_count; i++)
		if (kept == first || set->point[i].x != set->point[kept - 1].x || set->point[i].y != set->point[kept - 1].y)
			set->point[kept++] = set->point[i];
	while (kept > first + 1 && set->point[kept - 1].x == set->point[first].x && set->point[kept - 1].y == set->point[first].y)
		kept--;
	set->point_count = kept < first + 3 ? first : kept;
	/* A shell that vanished stays as an empty ring, so that its holes do not take its place. */
	if (kept >= first + 3 || set->ring_count == polygon_first)
		set->ring_end[set->ring_count++] = set->point_count;
	return true;
}

bool flat_polygons_end_polygon(flat_polygons *set)
{
	size_t		first = set->polygon_count ? set->polygon_end[set->polygon_count - 1] : 0;
	size_t		before = first ? set->ring_end[first - 1] : 0;

	if (set->ring_count == first)
		return true;
	if (set->ring_end[first] == before)
	{
		set->ring_count = first;
		set->point_count = before;
		return true;
	}
	if (!array_grow((void **) &set->polygon_end, sizeof *set->polygon_end, set->polygon_count, &set->polygon_capacity))
		return false;
	set->polygon_end[set->polygon_count++] = set->ring_count;
	return true;
}

void flat_polygons_free(flat_polygons *set)
{
	free(set->point);
	free(set->ring_end);
	free(set->polygon_end);
	*set = (flat_polygons) {0};
}

#ifndef RPM_HAVE_GEOS

rpm_code flat_polygons_repair(flat_polygons *set, const rpm_control *control, char *reason, size_t reason_size, flat_point *place)
{
	(void) control;
	(void) place;
	if (set->polygon_count == 0)
		snprintf(reason, reason_size, "Too few points");
	return RPM_OK;
}

#else

#include <geos_c.h>

/* Points from which GEOS is interrupted: it leaks then, and with fewer it is ready within 30 ms. */
#define LARGE 2000

static GEOSGeometry *to_geos(GEOSContextHandle_t geos, const flat_polygons *set, flat_point base);
static GEOSGeometry *ring_to_geos(GEOSContextHandle_t geos, const flat_polygons *set, size_t ring, flat_point base);
static GEOSGeometry *polygon_to_geos(GEOSContextHandle_t geos, const flat_polygons *set, size_t polygon, flat_point base);
static bool from_geos(GEOSContextHandle_t geos, const GEOSGeometry *geometry, flat_polygons *set, flat_point base);
static bool ring_from_geos(GEOSContextHandle_t geos, const GEOSGeometry *ring, flat_polygons *set, flat_point base);
static GEOSGeometry *make_valid(GEOSContextHandle_t geos, const GEOSGeometry *geometry);
static void where(GEOSContextHandle_t geos, const GEOSGeometry *point, flat_point base, flat_point *place);

static rpm_code repair(GEOSContextHandle_t geos, flat_polygons *set, char *reason, size_t reason_size, flat_point *place);
static void stop_geos(void);

/* What GEOS asks while it works in this thread. */
static _Thread_local const rpm_control *asked;

static void ignore_message(const char *message, void *user)
{
	(void) message;
	(void) user;
}

rpm_code flat_polygons_repair(flat_polygons *set, const rpm_control *control, char *reason, size_t reason_size, flat_point *place)
{
	GEOSInterruptCallback *before;
	GEOSContextHandle_t geos;
	rpm_code	code;

	if (set->polygon_count == 0)
	{
		snprintf(reason, reason_size, "Too few points");
		return RPM_OK;
	}
	if ((geos = GEOS_init_r()) == NULL)
		return RPM_OUT_OF_MEMORY;
	GEOSContext_setErrorMessageHandler_r(geos, ignore_message, NULL);
	GEOSContext_setNoticeMessageHandler_r(geos, ignore_message, NULL);
	/* Of up to 1e5 points it asks every 20 ms at least, of 1e6 every 0.3 s (GEOS 3.11).  Whoever asked before, as PostGIS may, asks again after. */
	asked = set->point_count >= LARGE ? control : NULL;
	before = GEOS_interruptRegisterCallback(stop_geos);
	code = repair(geos, set, reason, reason_size, place);
	GEOS_interruptRegisterCallback(before);
	GEOS_interruptCancel();
	asked = NULL;
	GEOS_finish_r(geos);
	return rpm_stopped(control) ? RPM_CANCELLED : code;
}

static void stop_geos(void)
{
	if (asked != NULL && rpm_stopped(asked))
		GEOS_interruptRequest();
}

static rpm_code repair(GEOSContextHandle_t geos, flat_polygons *set, char *reason, size_t reason_size, flat_point *place)
{
	GEOSGeometry *given, *valid = NULL, *location = NULL;
	flat_point	base = set->point[0];
	char	   *text = NULL;
	char		state;
	rpm_code	code = RPM_OK;

	given = to_geos(geos, set, base);
	state = given ? GEOSisValidDetail_r(geos, given, 0, &text, &location) : 2;
	if (state != 1)
	{
		snprintf(reason, reason_size, "%s", text ? text : "Invalid polygon");
		where(geos, location, base, place);
		if (given)
			valid = make_valid(geos, given);
		set->point_count = set->ring_count = set->polygon_count = 0;
		if (valid == NULL)
			code = RPM_INVALID_GEOMETRY;
		else if (!from_geos(geos, valid, set, base))
			code = RPM_OUT_OF_MEMORY;
	}
	if (text)
		GEOSFree_r(geos, text);
	if (location)
		GEOSGeom_destroy_r(geos, location);
	if (valid)
		GEOSGeom_destroy_r(geos, valid);
	if (given)
		GEOSGeom_destroy_r(geos, given);
	return code;
}

/* Areas united where they overlap, loops cut apart, lines and points that are left dropped. */
static GEOSGeometry *make_valid(GEOSContextHandle_t geos, const GEOSGeometry *geometry)
{
	GEOSMakeValidParams *method = GEOSMakeValidParams_create_r(geos);
	GEOSGeometry *valid = NULL;

	if (method && GEOSMakeValidParams_setMethod_r(geos, method, GEOS_MAKE_VALID_STRUCTURE) &&
		GEOSMakeValidParams_setKeepCollapsed_r(geos, method, 0))
		valid = GEOSMakeValidWithParams_r(geos, geometry, method);
	if (method)
		GEOSMakeValidParams_destroy_r(geos, method);
	return valid;
}

static void where(GEOSContextHandle_t geos, const GEOSGeometry *point, flat_point base, flat_point *place)
{
	double		x, y;

	if (point && GEOSGeomGetX_r(geos, point, &x) == 1 && GEOSGeomGetY_r(geos, point, &y) == 1 && isfinite(x) && isfinite(y))
		base = (flat_point) {base.x + llround(x), base.y + llround(y)};
	*place = base;
}

static GEOSGeometry *to_geos(GEOSContextHandle_t geos, const flat_polygons *set, flat_point base)
{
	GEOSGeometry **parts = malloc(set->polygon_count * sizeof *parts), *all = NULL;
	unsigned	count = 0;

	if (parts == NULL)
		return NULL;
	while (count < set->polygon_count && (parts[count] = polygon_to_geos(geos, set, count, base)) != NULL)
		count++;
	if (count == set->polygon_count)
		all = GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, parts, count);
	else
		while (count > 0)
			GEOSGeom_destroy_r(geos, parts[--count]);
	free(parts);
	return all;
}

static GEOSGeometry *polygon_to_geos(GEOSContextHandle_t geos, const flat_polygons *set, size_t polygon, flat_point base)
{
	size_t		first = polygon ? set->polygon_end[polygon - 1] : 0, rings = set->polygon_end[polygon] - first;
	GEOSGeometry **ring = malloc(rings * sizeof *ring), *result = NULL;
	size_t		count = 0;

	if (ring == NULL)
		return NULL;
	while (count < rings && (ring[count] = ring_to_geos(geos, set, first + count, base)) != NULL)
		count++;
	if (count == rings)
		result = GEOSGeom_createPolygon_r(geos, ring[0], ring + 1, (unsigned) (rings - 1));
	else
		while (count > 0)
			GEOSGeom_destroy_r(geos, ring[--count]);
	free(ring);
	return result;
}

static GEOSGeometry *ring_to_geos(GEOSContextHandle_t geos, const flat_polygons *set, size_t ring, flat_point base)
{
	size_t		first = ring ? set->ring_end[ring - 1] : 0, count = set->ring_end[ring] - first;
	GEOSCoordSequence *points = GEOSCoordSeq_create_r(geos, (unsigned) count + 1, 2);

	if (points == NULL)
		return NULL;
	for (size_t i = 0; i <= count; i++)
	{
		flat_point	p = set->point[first + (i < count ? i : 0)];

		GEOSCoordSeq_setXY_r(geos, points, (unsigned) i, (double) (p.x - base.x), (double) (p.y - base.y));
	}
	return GEOSGeom_createLinearRing_r(geos, points);
}

/* Takes the polygons of a polygon, multipolygon or collection, rounded to the lattice. */
static bool from_geos(GEOSContextHandle_t geos, const GEOSGeometry *geometry, flat_polygons *set, flat_point base)
{
	int			parts = GEOSGetNumGeometries_r(geos, geometry);

	for (int i = 0; i < parts; i++)
	{
		const GEOSGeometry *part = GEOSGetGeometryN_r(geos, geometry, i);
		int			holes;

		if (GEOSGeomTypeId_r(geos, part) == GEOS_MULTIPOLYGON)
		{
			if (!from_geos(geos, part, set, base))
				return false;
			continue;
		}
		if (GEOSGeomTypeId_r(geos, part) != GEOS_POLYGON || GEOSisEmpty_r(geos, part))
			continue;
		holes = GEOSGetNumInteriorRings_r(geos, part);
		if (!ring_from_geos(geos, GEOSGetExteriorRing_r(geos, part), set, base))
			return false;
		for (int h = 0; h < holes; h++)
			if (!ring_from_geos(geos, GEOSGetInteriorRingN_r(geos, part, h), set, base))
				return false;
		if (!flat_polygons_end_polygon(set))
			return false;
	}
	return true;
}

static bool ring_from_geos(GEOSContextHandle_t geos, const GEOSGeometry *ring, flat_polygons *set, flat_point base)
{
	const GEOSCoordSequence *points = GEOSGeom_getCoordSeq_r(geos, ring);
	unsigned	count = 0;

	if (points == NULL || !GEOSCoordSeq_getSize_r(geos, points, &count))
		return false;
	for (unsigned i = 0; i < count; i++)
	{
		double		x, y;

		GEOSCoordSeq_getXY_r(geos, points, i, &x, &y);
		if (!flat_polygons_add_point(set, (flat_point) {base.x + llround(x), base.y + llround(y)}))
			return false;
	}
	return flat_polygons_end_ring(set);
}

#endif
