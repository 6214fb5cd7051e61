/*
 * wkt.c: well-known text into well-known binary.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rpm_scene_file.h"

#define MAX_DEPTH 8

typedef struct writer
{
	const char *text, *at;
	uint8_t    *bytes;
	size_t		size, capacity;
	rpm_status *status;
} writer;

typedef struct wkt_type { const char *name; uint32_t code; } wkt_type;

static const wkt_type wkt_types[] = {{"POLYGON", 3}, {"MULTIPOLYGON", 6}, {"GEOMETRYCOLLECTION", 7}, {"POLYHEDRALSURFACE", 15}, {"TIN", 16},
{"TRIANGLE", 17}};

static rpm_code write_geometry(writer *out, int depth);
static rpm_code write_header(writer *out, uint32_t code);
static rpm_code write_list(writer *out, rpm_code (*item) (writer *, int, int), int argument, int depth);
static rpm_code write_member(writer *out, int unused, int depth);
static rpm_code write_patch(writer *out, int code, int depth);
static rpm_code write_ring(writer *out, int dimensions, int depth);
static rpm_code write_point(writer *out, int dimensions, int depth);
static bool take_word(writer *out, char *word, size_t size);
static bool take_char(writer *out, char wanted);
static rpm_code put(writer *out, const void *data, size_t size);
static rpm_code complain(writer *out, const char *what);

rpm_code rpm_wkb_from_wkt(const char *wkt, uint8_t **wkb, size_t *size, rpm_status *status)
{
	writer		out = {.text = wkt, .at = wkt, .status = status};
	rpm_code	code = write_geometry(&out, 0);

	while (code == RPM_OK && isspace((unsigned char) *out.at))
		out.at++;
	if (code == RPM_OK && *out.at != '\0')
		code = complain(&out, "text follows the geometry");
	if (code != RPM_OK)
	{
		free(out.bytes);
		return code;
	}
	*wkb = out.bytes;
	*size = out.size;
	return RPM_OK;
}

static rpm_code write_geometry(writer *out, int depth)
{
	char		word[32];
	uint32_t	code = 0, dimension_code = 0;
	int			dimensions;
	const char *before;

	if (!take_word(out, word, sizeof word))
		return complain(out, "a geometry type is missing");
	for (size_t i = 0; i < sizeof wkt_types / sizeof *wkt_types; i++)
		if (strcasecmp(word, wkt_types[i].name) == 0)
			code = wkt_types[i].code;
	if (code == 0 || depth > MAX_DEPTH)
		return complain(out, code ? "collections are nested too deep" : "the geometry type is unknown or no surface");
	before = out->at;
	if (take_word(out, word, sizeof word))
	{
		if (strcasecmp(word, "Z") == 0)
			dimension_code = 1000;
		else if (strcasecmp(word, "M") == 0)
			dimension_code = 2000;
		else if (strcasecmp(word, "ZM") == 0)
			dimension_code = 3000;
		else
			out->at = before;
	}
	dimensions = dimension_code == 0 ? 2 : dimension_code == 3000 ? 4 : 3;
	code += dimension_code;
	if (write_header(out, code) != RPM_OK)
		return out->status->code;
	before = out->at;
	if (take_word(out, word, sizeof word))
	{
		uint32_t	none = 0;

		if (strcasecmp(word, "EMPTY") == 0)
			return put(out, &none, sizeof none);
		out->at = before;
		return complain(out, "a parenthesis is missing");
	}
	switch (code % 1000)
	{
		case 3:
		case 17:
			return write_list(out, write_ring, dimensions, depth);
		case 7:
			return write_list(out, write_member, 0, depth);
		default:
			return write_list(out, write_patch, (int) (dimension_code + (code % 1000 == 16 ? 17 : 3)), depth);
	}
}

/* "(item, item, ...)" as a count and the items. */
static rpm_code write_list(writer *out, rpm_code (*item) (writer *, int, int), int argument, int depth)
{
	uint32_t	count = 0;
	size_t		place = out->size;

	if (put(out, &count, sizeof count) != RPM_OK)
		return out->status->code;
	if (!take_char(out, '('))
		return complain(out, "a parenthesis is missing");
	do
	{
		rpm_code	code = item(out, argument, depth);

		if (code != RPM_OK)
			return code;
		count++;
	} while (take_char(out, ','));
	if (!take_char(out, ')'))
		return complain(out, "a parenthesis is missing");
	memcpy(out->bytes + place, &count, sizeof count);
	return RPM_OK;
}

static rpm_code write_member(writer *out, int unused, int depth)
{
	(void) unused;
	return write_geometry(out, depth + 1);
}

/* A polygon or triangle within a collection of them: it has a header of its own in binary, none in text. */
static rpm_code write_patch(writer *out, int code, int depth)
{
	int			dimensions = code >= 3000 ? 4 : code >= 1000 ? 3 : 2;

	if (write_header(out, (uint32_t) code) != RPM_OK)
		return out->status->code;
	return write_list(out, write_ring, dimensions, depth);
}

static rpm_code write_ring(writer *out, int dimensions, int depth)
{
	return write_list(out, write_point, dimensions, depth);
}

static rpm_code write_point(writer *out, int dimensions, int depth)
{
	(void) depth;
	for (int k = 0; k < dimensions; k++)
	{
		char	   *end;
		double		value = strtod(out->at, &end);

		if (end == out->at)
			return complain(out, "a number is missing");
		out->at = end;
		if (put(out, &value, sizeof value) != RPM_OK)
			return out->status->code;
	}
	return RPM_OK;
}

static rpm_code write_header(writer *out, uint32_t code)
{
	const uint16_t probe = 1;
	uint8_t		little = *(const uint8_t *) &probe;

	if (put(out, &little, 1) != RPM_OK)
		return out->status->code;
	return put(out, &code, sizeof code);
}

static bool take_word(writer *out, char *word, size_t size)
{
	size_t		length = 0;

	while (isspace((unsigned char) *out->at))
		out->at++;
	while (isalpha((unsigned char) out->at[length]) && length + 1 < size)
	{
		word[length] = out->at[length];
		length++;
	}
	word[length] = '\0';
	out->at += length;
	return length > 0;
}

static bool take_char(writer *out, char wanted)
{
	while (isspace((unsigned char) *out->at))
		out->at++;
	if (*out->at != wanted)
		return false;
	out->at++;
	return true;
}

static rpm_code put(writer *out, const void *data, size_t size)
{
	if (out->size + size > out->capacity)
	{
		size_t		wanted = out->capacity * 2 + 256;
		uint8_t    *larger = realloc(out->bytes, wanted);

		if (larger == NULL)
			return rpm_fail(out->status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a geometry");
		out->bytes = larger;
		out->capacity = wanted;
	}
	memcpy(out->bytes + out->size, data, size);
	out->size += size;
	return RPM_OK;
}

static rpm_code complain(writer *out, const char *what)
{
	return rpm_fail(out->status, RPM_INVALID_GEOMETRY, NULL, "well-known text: %s at character %zu", what, (size_t) (out->at - out->text) + 1);
}
