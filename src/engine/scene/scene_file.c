/*
 * scene_file.c: rows of comma separated values into a scene.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_material_table.h"
#include "rpm_scene_file.h"

#define MAX_MATERIALS 64
#define MAX_FIELDS 32

enum { COLUMN_NAME, COLUMN_MATERIAL, COLUMN_WKT, COLUMN_HEIGHT, COLUMN_ROOF, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"name", "material", "wkt", "height_m", "roof_material"};

/* A whole file in memory; records are cut in place. */
typedef struct scene_text
{
	const char *path;
	char	   *text, *at;
	char	   *field[MAX_FIELDS];
	int			fields;
	int			column[COLUMN_COUNT];	/* which field, or -1 */
	char	   *material_name[MAX_MATERIALS];
	rpm_material materials[MAX_MATERIALS];
	int			material_count;
	double		frequency_hz;
	const char *only_material;
	rpm_scene_weld weld;
} scene_text;

static rpm_code load(scene_text *file, rpm_status *status);
static bool next_record(scene_text *file);
static char *next_field(scene_text *file, bool *last);
static rpm_code read_header(scene_text *file, rpm_status *status);
static rpm_code read_materials(scene_text *file, rpm_status *status);
static int find_material(scene_text *file, const char *name, rpm_status *status);
static rpm_code read_rows(scene_text *file, rpm_scene_builder *builder, rpm_status *status);
static rpm_code add_row(scene_text *file, int64_t id, rpm_scene_builder *builder, rpm_status *status);
static int64_t name_group(const char *name);
static const char *column(const scene_text *file, int which);

rpm_code rpm_scene_file_read(const char *path, double frequency_hz, const rpm_scene_options *options, rpm_scene_weld weld,
							 const char *only_material, rpm_control *control, rpm_scene **scene, rpm_status *status)
{
	scene_text *file = calloc(1, sizeof *file);
	rpm_scene_builder *builder = NULL;
	rpm_code	code;

	*scene = NULL;
	if (file == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene file");
	file->path = path;
	file->frequency_hz = frequency_hz;
	file->only_material = only_material;
	file->weld = weld;
	code = load(file, status);
	if (code == RPM_OK)
		code = read_materials(file, status);
	free(file->text);
	file->text = NULL;
	/* Twice, since the builder wants its materials first and cutting destroys the text. */
	if (code == RPM_OK)
		code = load(file, status);
	if (code == RPM_OK)
	{
		builder = rpm_scene_builder_create(options, file->materials, (size_t) file->material_count, control, status);
		code = builder ? read_rows(file, builder, status) : status->code;
	}
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, scene, status);
	rpm_scene_builder_free(builder);
	for (int i = 0; i < file->material_count; i++)
		free(file->material_name[i]);
	free(file->text);
	free(file);
	return code;
}

int32_t rpm_scene_find_building(const rpm_scene *scene, int64_t id)
{
	size_t		low = 0, high = scene->building_count;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (scene->buildings[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < scene->building_count && scene->buildings[low].id == id ? (int32_t) low : RPM_NO_BUILDING;
}

static rpm_code load(scene_text *file, rpm_status *status)
{
	FILE	   *in = fopen(file->path, "rb");
	long		size = -1;

	if (in && fseek(in, 0, SEEK_END) == 0)
		size = ftell(in);
	if (size < 0 || fseek(in, 0, SEEK_SET) != 0)
	{
		if (in)
			fclose(in);
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Name a readable file.", "scene file \"%s\" cannot be read", file->path);
	}
	file->text = malloc((size_t) size + 1);
	if (file->text)
		file->text[fread(file->text, 1, (size_t) size, in)] = '\0';
	fclose(in);
	file->at = file->text;
	if (file->text == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene file");
	return read_header(file, status);
}

/* Cuts the next record into fields; false at the end.  Empty lines are passed over. */
static bool next_record(scene_text *file)
{
	bool		last = false;

	while (*file->at == '\n' || *file->at == '\r')
		file->at++;
	if (*file->at == '\0')
		return false;
	file->fields = 0;
	while (!last)
	{
		char	   *field = next_field(file, &last);

		if (file->fields < MAX_FIELDS)
			file->field[file->fields++] = field;
	}
	return true;
}

/* One field, its quotes taken off and doubled ones halved. */
static char *next_field(scene_text *file, bool *last)
{
	char	   *field = file->at, *to = field, end;
	bool		quoted = false;

	for (; *file->at != '\0'; file->at++)
	{
		if (*file->at == '"' && quoted && file->at[1] == '"')
			*to++ = *file->at++;
		else if (*file->at == '"')
			quoted = !quoted;
		else if (!quoted && (*file->at == ',' || *file->at == '\n'))
			break;
		else if (quoted || *file->at != '\r')
			*to++ = *file->at;
	}
	end = *file->at;
	if (end != '\0')
		file->at++;
	*to = '\0';
	*last = end != ',';
	return field;
}

static rpm_code read_header(scene_text *file, rpm_status *status)
{
	for (int c = 0; c < COLUMN_COUNT; c++)
		file->column[c] = -1;
	if (next_record(file))
		for (int i = 0; i < file->fields; i++)
			for (int c = 0; c < COLUMN_COUNT; c++)
				if (strcmp(file->field[i], column_names[c]) == 0)
					file->column[c] = i;
	for (int c = COLUMN_NAME; c <= COLUMN_WKT; c++)
		if (file->column[c] < 0)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "The first line names the columns: name, material, wkt, and optionally height_m and roof_material.",
							"scene file \"%s\" has no column \"%s\"", file->path, column_names[c]);
	return RPM_OK;
}

/* All materials of the file, in the order in which they appear. */
static rpm_code read_materials(scene_text *file, rpm_status *status)
{
	while (next_record(file))
	{
		if (find_material(file, column(file, COLUMN_MATERIAL), status) < 0)
			return status->code;
		if (column(file, COLUMN_ROOF)[0] && find_material(file, column(file, COLUMN_ROOF), status) < 0)
			return status->code;
	}
	return RPM_OK;
}

static int find_material(scene_text *file, const char *name, rpm_status *status)
{
	int			i = 0;

	if (file->only_material)
		name = file->only_material;
	while (i < file->material_count && strcmp(file->material_name[i], name) != 0)
		i++;
	if (i < file->material_count)
		return i;
	if (i == MAX_MATERIALS)
	{
		rpm_fail(status, RPM_LIMIT_EXCEEDED, NULL, "scene file \"%s\" has more than %d materials", file->path, MAX_MATERIALS);
		return -1;
	}
	if (rpm_find_material(name, file->frequency_hz, &file->materials[i], NULL, status) != RPM_OK)
		return -1;
	file->material_name[i] = strdup(name);
	if (file->material_name[i] == NULL)
	{
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene file");
		return -1;
	}
	return file->material_count++;
}

static rpm_code read_rows(scene_text *file, rpm_scene_builder *builder, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	for (int64_t id = 1; code == RPM_OK && next_record(file); id++)
		code = add_row(file, id, builder, status);
	return code;
}

static rpm_code add_row(scene_text *file, int64_t id, rpm_scene_builder *builder, rpm_status *status)
{
	const char *name = column(file, COLUMN_NAME), *height = column(file, COLUMN_HEIGHT), *roof = column(file, COLUMN_ROOF);
	rpm_building_row row = {.id = id, .height_m = NAN};
	uint8_t    *wkb = NULL;
	char	   *end;
	rpm_status	wkt_status = {0};
	rpm_code	code = rpm_wkb_from_wkt(column(file, COLUMN_WKT), &wkb, &row.wkb_size, &wkt_status);

	if (code != RPM_OK)
		return rpm_fail(status, code, NULL, "row %lld (\"%.80s\") of scene file: %.150s", (long long) id, name, wkt_status.message);
	row.wkb = wkb;
	if (*height)
	{
		row.height_m = strtod(height, &end);
		if (*end != '\0')
		{
			free(wkb);
			return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "row %lld (\"%.80s\") of scene file: height_m \"%.40s\" is no number", (long long) id,
							name, height);
		}
	}
	row.is_ground = strcmp(name, "ground") == 0 || strcmp(name, "floor") == 0;
	row.weld_group = file->weld == RPM_WELD_ROW ? id : file->weld == RPM_WELD_NAME ? name_group(name) : 0;
	row.wall_material = find_material(file, column(file, COLUMN_MATERIAL), status);
	row.roof_material = *roof ? find_material(file, roof, status) : row.wall_material;
	code = rpm_scene_builder_add(builder, &row, status);
	free(wkb);
	return code;
}

/* A number for a name: FNV-1a over 64 bits. */
static int64_t name_group(const char *name)
{
	uint64_t	hash = 0xcbf29ce484222325u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t) *name) * 0x100000001b3u;
	return (int64_t) hash;
}

static const char *column(const scene_text *file, int which)
{
	int			i = file->column[which];

	return i >= 0 && i < file->fields ? file->field[i] : "";
}
