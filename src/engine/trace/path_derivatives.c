/*
 * path_derivatives.c: a path's closed form evaluated beside where it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "rpm_level.h"
#include "rpm_path_derivatives.h"
#include "trace/paths.h"

/*
 * The rounding of a gain is some 1e-14 of it, and a step cuts off the part of the third derivative: with 1 mm beside metres, 1e-5 radians
 * beside beams and 1e-5 of a material's number both are below 1e-8.
 */
#define STEP_M 1e-3
#define STEP_RAD 1e-5
#define STEP_OF_VALUE 1e-5
/* An insulator's conductivity is varied by as much as that of one with so many S/m. */
#define LEAST_CONDUCTIVITY_S_M 1e-3
/* A component with less of the power than this is a null with the rounding of the others in it. */
#define NULL_SHARE 1e-20

/* What is varied; scene.materials is a copy. */
typedef struct varied_path
{
	rpm_scene	scene;
	rpm_antenna antenna;
	rpm_paths_work work;
	const rpm_path *path;
	double		slant_rad;
} varied_path;

static int	materials_of(const rpm_scene *scene, const rpm_path *path, int32_t *materials);
static void derive_antenna(varied_path *varied, rpm_path_derivatives *derivatives);
static void derive_material(varied_path *varied, int i, rpm_path_derivatives *derivatives);
static double difference(const varied_path *varied, rpm_real *value, double step);
static double gain_db(const varied_path *varied);

rpm_code
rpm_path_derive(const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options,
				const rpm_path *path, double slant_rad, rpm_path_derivatives *derivatives, rpm_status *status)
{
	varied_path varied = {.scene = *scene, .antenna = *antenna, .path = path, .slant_rad = slant_rad};
	size_t		bytes = scene->material_count * sizeof(rpm_material);

	varied.work = (rpm_paths_work) {.scene = &varied.scene, .antenna = &varied.antenna, .options = options, .receiver = receiver};
	varied.scene.materials = malloc(bytes + 1);
	if (varied.scene.materials == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the materials of a path");
	if (bytes > 0)
		memcpy(varied.scene.materials, scene->materials, bytes);
	derivatives->gain_db = gain_db(&varied);
	derive_antenna(&varied, derivatives);
	derivatives->material_count = materials_of(scene, path, derivatives->materials);
	for (int i = 0; i < derivatives->material_count; i++)
		derive_material(&varied, i, derivatives);
	free(varied.scene.materials);
	return RPM_OK;
}

static void
derive_antenna(varied_path *varied, rpm_path_derivatives *derivatives)
{
	rpm_antenna *antenna = &varied->antenna;
	const double degree = RPM_PI / 180;

	derivatives->position_db_m[0] = difference(varied, &antenna->position.x, STEP_M);
	derivatives->position_db_m[1] = difference(varied, &antenna->position.y, STEP_M);
	derivatives->position_db_m[2] = difference(varied, &antenna->position.z, STEP_M);
	derivatives->azimuth_db_deg = difference(varied, &antenna->grid_azimuth_rad, STEP_RAD) * degree;
	derivatives->tilt_db_deg = difference(varied, &antenna->mechanical_tilt_rad, STEP_RAD) * degree;
}

static void
derive_material(varied_path *varied, int i, rpm_path_derivatives *derivatives)
{
	rpm_material *material = &varied->scene.materials[derivatives->materials[i]];
	rpm_material as_it_was = *material;
	double		frequency_hz = varied->antenna.frequency_hz;

	/* At one frequency the power laws are two numbers. */
	material->a = (rpm_real) rpm_real_permittivity(&as_it_was, frequency_hz);
	material->c = (rpm_real) rpm_conductivity_s_m(&as_it_was, frequency_hz);
	material->b = material->d = 0;
	derivatives->permittivity_db[i] = difference(varied, &material->a, STEP_OF_VALUE * material->a);
	derivatives->conductivity_db_m_s[i] = difference(varied, &material->c, STEP_OF_VALUE * fmax(material->c, LEAST_CONDUCTIVITY_S_M));
	derivatives->thickness_db_m[i] = NAN;
	if (material->thickness_m > 0)
		derivatives->thickness_db_m[i] = difference(varied, &material->thickness_m, STEP_OF_VALUE * material->thickness_m);
	*material = as_it_was;
}

static int
materials_of(const rpm_scene *scene, const rpm_path *path, int32_t *materials)
{
	int			count = 0;

	for (int i = 0; i < path->interaction_count; i++)
	{
		const rpm_interaction *interaction = &path->interactions[i];
		int32_t		sides[2] = {interaction->material, interaction->material};

		if (interaction->kind == RPM_INTERACTION_DIFFRACTION)
			sides[1] = scene->facets[scene->wedges[interaction->wedge].facet_n].material;
		for (int side = 0; side < 2; side++)
		{
			int			k = 0;

			while (k < count && materials[k] != sides[side])
				k++;
			if (k == count)
				materials[count++] = sides[side];
		}
	}
	return count;
}

/* For each unit of *value, which is put back. */
static double
difference(const varied_path *varied, rpm_real *value, double step)
{
	rpm_real	middle = *value, above, below;
	double		gain_above, gain_below;

	*value = above = (rpm_real) (middle + step);
	gain_above = gain_db(varied);
	*value = below = (rpm_real) (middle - step);
	gain_below = gain_db(varied);
	*value = middle;
	return (gain_above - gain_below) / ((double) above - (double) below);
}

/* NaN where the path's closed form has no value. */
static double
gain_db(const varied_path *varied)
{
	rpm_paths_work work = varied->work;
	rpm_path	path = *varied->path;
	double		total, gain;

	work.transmitter = varied->antenna.position;
	if (!rpm_paths_follow(&work, &path))
		return NAN;
	total = rpm_path_total_gain(&path);
	gain = isnan(varied->slant_rad) ? total : rpm_path_gain(&path, varied->slant_rad);
	return gain > NULL_SHARE * total ? rpm_decibels(gain) : NAN;
}
