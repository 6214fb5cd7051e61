/*
 * wkb.c: a reader of well-known binary that trusts no byte.
 *
 * ISO/IEC 13249-3 and OGC 06-103r4 codes (base + 1000 Z, 2000 M, 3000 ZM) and PostGIS's extended form (flags 0x80000000 Z,
 * 0x40000000 M, 0x20000000 SRID).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scene/polygons.h"

#define MAX_DEPTH 8				/* collections within collections */

typedef struct reader
{
	const uint8_t *at;
	size_t		left;
	polygon_set *set;
	row_problem *problem;
	bool		lines;			/* line strings are wanted, not polygons */
	bool		any, any_flat;	/* a polygon was read; one without Z was read */
} reader;

typedef struct header
{
	bool		little;
	uint32_t	type;			/* base code */
	int			dimensions;
	bool		has_z;
} header;

static rpm_code read_geometry(reader *in, int depth);
static rpm_code read_header(reader *in, header *head);
static rpm_code read_parts(reader *in, const header *head, int depth);
static rpm_code read_polygon(reader *in, const header *head);
static rpm_code read_ring(reader *in, const header *head);
static rpm_code read_line(reader *in, const header *head);
static rpm_code read_points(reader *in, const header *head);
static rpm_code read_count(reader *in, bool little, size_t item_bytes, uint32_t *count);
static uint32_t take_uint32(reader *in, bool little);
static double take_double(reader *in, bool little);
static const char *type_name(uint32_t type);
static rpm_code complain(reader *in, const char *problem, const char *detail);

static rpm_code read_all(reader *in);

rpm_code polygon_set_read_wkb(polygon_set *set, const uint8_t *wkb, size_t size, row_problem *problem)
{
	reader		in = {.at = wkb, .left = size, .set = set, .problem = problem};

	return read_all(&in);
}

rpm_code polygon_set_read_lines_wkb(polygon_set *set, const uint8_t *wkb, size_t size, row_problem *problem)
{
	reader		in = {.at = wkb, .left = size, .set = set, .problem = problem, .lines = true};

	return read_all(&in);
}

static rpm_code read_all(reader *in)
{
	rpm_code	code;

	if (in->at == NULL || in->left == 0)
		return complain(in, "null_geometry", "the row has no geometry");
	code = read_geometry(in, 0);
	if (code != RPM_OK)
		return code;
	if (in->left > 0)
		return complain(in, "broken_wkb", "bytes follow the end of the geometry");
	if (!in->any || in->set->point_count == 0)
		return complain(in, "empty_geometry", in->lines ? "the geometry has no line with two points" : "the geometry has no polygon with three points");
	return RPM_OK;
}

static rpm_code read_geometry(reader *in, int depth)
{
	header		head;
	rpm_code	code = read_header(in, &head);

	if (code != RPM_OK)
		return code;
	if (head.type == 7)
		return read_parts(in, &head, depth);
	if (in->lines && head.type == 2)
		return read_line(in, &head);
	if (!in->lines && (head.type == 3 || head.type == 17))
		return read_polygon(in, &head);
	if (in->lines ? head.type == 5 : head.type == 6 || head.type == 15 || head.type == 16)
		return read_parts(in, &head, depth);
	snprintf(in->problem->problem, sizeof in->problem->problem, "unsupported_type");
	snprintf(in->problem->detail, sizeof in->problem->detail, "a %s (WKB type %u) has no %s", type_name(head.type), head.type,
			 in->lines ? "lines" : "surface");
	return RPM_INVALID_GEOMETRY;
}

static rpm_code read_header(reader *in, header *head)
{
	uint32_t	code;

	if (in->left < 5)
		return complain(in, "broken_wkb", "the bytes end within a header");
	if (in->at[0] > 1)
		return complain(in, "broken_wkb", "the byte order is neither 0 nor 1");
	head->little = in->at[0] == 1;
	in->at++;
	in->left--;
	code = take_uint32(in, head->little);
	head->has_z = (code & 0x80000000u) != 0;
	head->dimensions = 2 + head->has_z + ((code & 0x40000000u) != 0);
	if (code & 0x20000000u)
	{
		if (in->left < 4)
			return complain(in, "broken_wkb", "the bytes end within the SRID");
		(void) take_uint32(in, head->little);
	}
	code &= 0x1fffffffu;
	if (code >= 1000 && code < 4000)
	{
		if (head->dimensions != 2)
			return complain(in, "broken_wkb", "the type says its dimensions twice");
		head->has_z = code / 1000 != 2;
		head->dimensions = code / 1000 == 3 ? 4 : 3;
		code %= 1000;
	}
	head->type = code;
	return RPM_OK;
}

static rpm_code read_parts(reader *in, const header *head, int depth)
{
	uint32_t	count;
	rpm_code	code;

	if (depth >= MAX_DEPTH)
		return complain(in, "nested_too_deep", "collections lie within collections more than 8 deep");
	code = read_count(in, head->little, 9, &count);
	for (uint32_t i = 0; i < count && code == RPM_OK; i++)
		code = read_geometry(in, depth + 1);
	return code;
}

static rpm_code read_polygon(reader *in, const header *head)
{
	uint32_t	rings;
	rpm_code	code = read_count(in, head->little, 4, &rings);
	size_t		before = in->set->ring_count;

	for (uint32_t i = 0; i < rings && code == RPM_OK; i++)
		code = read_ring(in, head);
	if (code != RPM_OK || in->set->ring_count == before)
		return code;
	if (in->any && in->any_flat == head->has_z)
		return complain(in, "mixed_dimensions", "some polygons of the row have Z and some have not");
	in->any = true;
	in->any_flat = !head->has_z;
	in->set->has_z = head->has_z;
	return polygon_set_end_polygon(in->set) ? RPM_OK : RPM_OUT_OF_MEMORY;
}

static rpm_code read_ring(reader *in, const header *head)
{
	rpm_code	code = read_points(in, head);

	if (code != RPM_OK)
		return code;
	return polygon_set_end_ring(in->set) ? RPM_OK : RPM_OUT_OF_MEMORY;
}

static rpm_code read_line(reader *in, const header *head)
{
	size_t		before = in->set->point_count;
	rpm_code	code = read_points(in, head);

	if (code != RPM_OK || in->set->point_count < before + 2)
	{
		in->set->point_count = before;
		return code;
	}
	in->any = true;
	return polygon_set_end_line(in->set) ? RPM_OK : RPM_OUT_OF_MEMORY;
}

static rpm_code read_points(reader *in, const header *head)
{
	uint32_t	count;
	rpm_code	code = read_count(in, head->little, 8 * (size_t) head->dimensions, &count);

	if (code != RPM_OK)
		return code;
	if (in->set->point_count + count > MAX_ROW_POINTS)
	{
		snprintf(in->problem->problem, sizeof in->problem->problem, "too_many_points");
		snprintf(in->problem->detail, sizeof in->problem->detail, "the row has %zu points or more, the limit is %d",
				 in->set->point_count + count, MAX_ROW_POINTS);
		return RPM_INVALID_GEOMETRY;
	}
	for (uint32_t i = 0; i < count; i++)
	{
		double		p[4] = {0, 0, 0, 0};

		for (int k = 0; k < head->dimensions; k++)
			p[k] = take_double(in, head->little);
		if (!head->has_z)
			p[2] = 0;
		if (!isfinite(p[0]) || !isfinite(p[1]) || !isfinite(p[2]))
			return complain(in, "not_finite", "a coordinate is NaN or infinite");
		if (!polygon_set_add_point(in->set, p[0], p[1], p[2]))
			return RPM_OUT_OF_MEMORY;
	}
	return RPM_OK;
}

/* A count of items of at least item_bytes each, which must still be there. */
static rpm_code read_count(reader *in, bool little, size_t item_bytes, uint32_t *count)
{
	*count = 0;
	if (in->left < 4)
		return complain(in, "broken_wkb", "the bytes end before a count");
	*count = take_uint32(in, little);
	if (*count > in->left / item_bytes)
	{
		*count = 0;
		return complain(in, "broken_wkb", "the geometry claims more parts than its bytes can hold");
	}
	return RPM_OK;
}

static uint32_t take_uint32(reader *in, bool little)
{
	const uint8_t *b = in->at;

	in->at += 4;
	in->left -= 4;
	if (little)
		return b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
	return b[3] | (uint32_t) b[2] << 8 | (uint32_t) b[1] << 16 | (uint32_t) b[0] << 24;
}

static double take_double(reader *in, bool little)
{
	uint64_t	first = take_uint32(in, little), second = take_uint32(in, little);
	uint64_t	bits = little ? second << 32 | first : first << 32 | second;
	double		value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static const char *type_name(uint32_t type)
{
	static const char *const names[] = {"geometry", "point", "line string", "polygon", "multipoint", "multi line string",
		"multipolygon", "collection", "circular string", "compound curve", "curve polygon", "multicurve", "multisurface",
	"curve", "surface", "polyhedral surface", "TIN", "triangle"};

	return type < sizeof names / sizeof *names ? names[type] : "geometry of unknown type";
}

static rpm_code complain(reader *in, const char *problem, const char *detail)
{
	snprintf(in->problem->problem, sizeof in->problem->problem, "%s", problem);
	snprintf(in->problem->detail, sizeof in->problem->detail, "%s", detail);
	return RPM_INVALID_GEOMETRY;
}
