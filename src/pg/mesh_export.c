/*
 * mesh_export.c: rpm_scene_ply, rpm_scene_meshes and rpm_scene_mitsuba: a scene's geometry for other tracers.
 */
#include "postgres.h"

#include <stdlib.h>

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "progress.h"
#include "rpm_scene_ply.h"
#include "rpm_settings.h"
#include "scene_cache.h"
#include "scene_report.h"
#include "varlena.h"
#include "worker.h"

#define HZ_PER_MHZ 1e6
#define LOWEST_MHZ 1.0
#define HIGHEST_MHZ 1e6
/* Sionna RT knows slabs only: so thick a one is a half-space. */
#define HALF_SPACE_M 10.0

typedef struct PlyCall
{
	const rpm_scene *scene;
	int			material;
	const char *const *names;
	uint8_t    *bytes;
	size_t		size;
	MemoryContextCallback release;
} PlyCall;

PG_FUNCTION_INFO_V1(rpm_sql_scene_ply);
PG_FUNCTION_INFO_V1(rpm_sql_scene_meshes);
PG_FUNCTION_INFO_V1(rpm_sql_scene_mitsuba);

static RpmScene *scene_of(FunctionCallInfo fcinfo, rpm_control *control);
static int	material_of(FunctionCallInfo fcinfo, const RpmScene *scene);
static rpm_code write_ply(void *argument, rpm_control *control, rpm_status *status);
static void release_ply(void *argument);
static char *file_of(const RpmScene *scene, int material);
static void append_escaped(StringInfo text, const char *value);
static void append_bsdf(StringInfo text, const RpmScene *scene, int material, const rpm_material *materials, double frequency_hz);
static void append_shape(StringInfo text, const RpmScene *scene, int material, const char *folder);

/* (scene, material) -> bytea */
Datum
rpm_sql_scene_ply(PG_FUNCTION_ARGS)
{
	PlyCall    *call = palloc0(sizeof(PlyCall));
	rpm_control control;
	RpmScene   *scene = scene_of(fcinfo, &control);
	bytea	   *result;

	call->scene = scene->scene;
	call->names = (const char *const *) scene->material_names;
	call->material = material_of(fcinfo, scene);
	call->release.func = release_ply;
	call->release.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->release);
	rpm_progress_phase(&control, RPM_PHASE_WRITING, 0);
	rpm_run_engine(write_ply, call, &control, NULL);
	if (!AllocSizeIsValid(call->size + VARHDRSZ))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the mesh has %zu MB, a value holds 1024 MB", call->size / 1048576),
				 errhint("Take one material at a time, or give the scene an extent.")));
	result = palloc(call->size + VARHDRSZ);
	SET_VARSIZE(result, call->size + VARHDRSZ);
	memcpy(VARDATA(result), call->bytes, call->size);
	release_ply(call);
	rpm_progress_end();
	PG_RETURN_BYTEA_P(result);
}

/* (scene) -> rows */
Datum
rpm_sql_scene_meshes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	rpm_control control;
	RpmScene   *scene;

	InitMaterializedSRF(fcinfo, 0);
	scene = scene_of(fcinfo, &control);
	for (int i = 0; i < scene->material_count; i++)
	{
		size_t		triangles = rpm_scene_triangles_of(scene->scene, i);
		Datum		values[3] = {CStringGetTextDatum(scene->material_names[i]), CStringGetTextDatum(file_of(scene, i)), Int64GetDatum((int64) triangles)};
		bool		nulls[3] = {false};

		if (triangles > 0)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	rpm_progress_end();
	return (Datum) 0;
}

/* (scene, frequency_mhz, folder) -> text */
Datum
rpm_sql_scene_mitsuba(PG_FUNCTION_ARGS)
{
	double		frequency_hz = PG_ARGISNULL(1) ? 0 : HZ_PER_MHZ * rpm_argument_number(fcinfo, 1, "frequency_mhz", LOWEST_MHZ, HIGHEST_MHZ);
	char	   *folder = rpm_argument_text(fcinfo, 2, "folder", "Give the folder of the PLY files beside the XML, or '.' for the same.");
	rpm_control control;
	RpmScene   *scene = scene_of(fcinfo, &control);
	RpmMaterials *materials = rpm_materials_read(scene->material_count, scene->material_names, scene->material_users);
	rpm_material *at = frequency_hz > 0 ? rpm_materials_at(materials, frequency_hz) : NULL;
	StringInfoData text;

	if (at != NULL)
		rpm_materials_notice(materials);
	initStringInfo(&text);
	appendStringInfo(&text, "<scene version=\"3.0.0\">\n\t<!-- metres east, north and up of %.3f %.3f %.3f -->\n", scene->scene->origin[0],
					 scene->scene->origin[1], scene->scene->origin[2]);
	for (int i = 0; i < scene->material_count; i++)
		if (rpm_scene_triangles_of(scene->scene, i) > 0)
			append_bsdf(&text, scene, i, at, frequency_hz);
	for (int i = 0; i < scene->material_count; i++)
		if (rpm_scene_triangles_of(scene->scene, i) > 0)
			append_shape(&text, scene, i, folder);
	appendStringInfoString(&text, "</scene>\n");
	rpm_progress_end();
	PG_RETURN_TEXT_P(cstring_to_text(text.data));
}

static RpmScene *
scene_of(FunctionCallInfo fcinfo, rpm_control *control)
{
	RpmSceneRow *row = rpm_scene_row_read(rpm_scene_argument(fcinfo, 0));
	RpmScene   *scene;

	rpm_control_from_settings(control);
	rpm_progress_begin(row->scene_id);
	scene = rpm_scene_get(row, NULL, control);
	rpm_scene_notice_problems(scene, row->name);
	return scene;
}

/* Of the argument, or every one. */
static int
material_of(FunctionCallInfo fcinfo, const RpmScene *scene)
{
	char	   *name;
	StringInfoData list;

	if (PG_ARGISNULL(1))
		return RPM_EVERY_MATERIAL;
	name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	initStringInfo(&list);
	for (int i = 0; i < scene->material_count; i++)
	{
		if (strcmp(scene->material_names[i], name) == 0)
			return i;
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", scene->material_names[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("the scene has no material \"%s\"", name),
			 errhint("It has %s.", list.data)));
	return 0;
}

static rpm_code
write_ply(void *argument, rpm_control *control, rpm_status *status)
{
	PlyCall    *call = argument;

	return rpm_scene_write_ply(call->scene, call->material, call->names, control, &call->bytes, &call->size, status);
}

static void
release_ply(void *argument)
{
	PlyCall    *call = argument;

	free(call->bytes);
	call->bytes = NULL;
}

/* A name of letters, digits, - and _, unlike that of any other material. */
static char *
file_of(const RpmScene *scene, int material)
{
	char	   *name = pstrdup(scene->material_names[material]);
	bool		changed = name[0] == '\0';

	for (char *c = name; *c != '\0'; c++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *c) == NULL)
		{
			*c = '_';
			changed = true;
		}
	return changed ? psprintf("%s.%d.ply", name, material) : psprintf("%s.ply", name);
}

static void
append_escaped(StringInfo text, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		switch (*c)
		{
			case '&':
				appendStringInfoString(text, "&amp;");
				break;
			case '<':
				appendStringInfoString(text, "&lt;");
				break;
			case '"':
				appendStringInfoString(text, "&quot;");
				break;
			default:
				appendStringInfoChar(text, (unsigned char) *c < ' ' ? ' ' : *c);
		}
}

/*
 * Greys of several tints where no frequency is given.  Sionna RT reads the numbers of a radio-material from XML, but no scattering pattern:
 * one that is not Lambert's is a comment.
 */
static void
append_bsdf(StringInfo text, const RpmScene *scene, int material, const rpm_material *materials, double frequency_hz)
{
	static const char *const patterns[] = {
		[RPM_SCATTERING_LAMBERTIAN] = "lambertian",
		[RPM_SCATTERING_DIRECTIVE] = "directive",
		[RPM_SCATTERING_BACKSCATTERING] = "backscattering"
	};
	const rpm_material *m = materials != NULL ? &materials[material] : NULL;

	appendStringInfo(text, "\t<bsdf type=\"%s\" id=\"material-", m != NULL ? "radio-material" : "twosided");
	append_escaped(text, scene->material_names[material]);
	appendStringInfoString(text, "\">\n");
	if (m == NULL)
		appendStringInfo(text, "\t\t<bsdf type=\"diffuse\"><rgb name=\"reflectance\" value=\"%.2f %.2f %.2f\"/></bsdf>\n",
						 0.3 + 0.1 * (material * 3 % 5), 0.3 + 0.1 * (material * 2 % 5), 0.3 + 0.1 * (material % 5));
	else
	{
		appendStringInfo(text, "\t\t<float name=\"relative_permittivity\" value=\"%.9g\"/>\n\t\t<float name=\"conductivity\" value=\"%.9g\"/>\n"
						 "\t\t<float name=\"thickness\" value=\"%.9g\"/>\n\t\t<float name=\"scattering_coefficient\" value=\"%.9g\"/>\n"
						 "\t\t<float name=\"xpd_coefficient\" value=\"%.9g\"/>\n", rpm_real_permittivity(m, frequency_hz),
						 rpm_conductivity_s_m(m, frequency_hz), m->thickness_m > 0 ? m->thickness_m : HALF_SPACE_M, m->scattering_coefficient,
						 m->cross_polarisation);
		if (m->scattering_pattern != RPM_SCATTERING_LAMBERTIAN)
			appendStringInfo(text, "\t\t<!-- %s, alpha_r %d, alpha_i %d, lambda %.9g: to be set on the material once loaded -->\n",
							 patterns[m->scattering_pattern], m->scattering_alpha_r, m->scattering_alpha_i, m->scattering_lambda);
	}
	appendStringInfoString(text, "\t</bsdf>\n");
}

static void
append_shape(StringInfo text, const RpmScene *scene, int material, const char *folder)
{
	appendStringInfoString(text, "\t<shape type=\"ply\" id=\"mesh-");
	append_escaped(text, scene->material_names[material]);
	appendStringInfoString(text, "\">\n\t\t<string name=\"filename\" value=\"");
	append_escaped(text, folder);
	appendStringInfo(text, "/%s\"/>\n\t\t<boolean name=\"face_normals\" value=\"true\"/>\n\t\t<ref name=\"bsdf\" id=\"material-", file_of(scene, material));
	append_escaped(text, scene->material_names[material]);
	appendStringInfoString(text, "\"/>\n\t</shape>\n");
}
