/*
 * paths_solve.c: from a chain of facets to a path: points, free legs or crossed walls, and the field.
 */
#include "trace/paths.h"
#include "rpm_em.h"

static bool add_leg(const rpm_paths_work *work, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int room, rpm_path *path);
static void add_interaction(const rpm_scene *scene, rpm_path *path, char kind, int32_t facet, rpm_vec3 point);
static bool follow_field(const rpm_paths_work *work, rpm_path *path);

bool
rpm_paths_solve_chain(const rpm_paths_work *work, const int32_t *facets, int length, rpm_path *path)
{
	rpm_vec3	points[RPM_MAX_DEPTH + 2];

	if (length > work->options->max_depth
		|| !rpm_paths_image_points(work->scene, work->transmitter, work->receiver, facets, length, points + 1))
		return false;
	points[0] = work->transmitter;
	points[length + 1] = work->receiver;
	path->interaction_count = 0;
	for (int i = 0; i <= length; i++)
	{
		int32_t		own[2] = {i > 0 ? facets[i - 1] : RPM_NO_FACET, i < length ? facets[i] : RPM_NO_FACET};

		if (rpm_norm(rpm_sub(points[i + 1], points[i])) < RPM_DEGENERATE_M
			|| !add_leg(work, points[i], points[i + 1], own, work->options->max_depth - (length - i), path))
			return false;
		if (i < length)
			add_interaction(work->scene, path, RPM_INTERACTION_REFLECTION, facets[i], points[i + 1]);
	}
	if (path->interaction_count == 0 && !(work->options->mechanisms & RPM_LINE_OF_SIGHT))
		return false;
	return rpm_paths_follow(work, path);
}

/* Seen from the receiver the path is straight: from the image of the transmitter in all its mirrors. */
bool
rpm_paths_follow(const rpm_paths_work *work, rpm_path *path)
{
	rpm_vec3	image = work->transmitter;

	if (path->interaction_count == 1 && path->interactions[0].kind == RPM_INTERACTION_DIFFRACTION)
		return rpm_paths_follow_wedge(work, &work->scene->wedges[path->interactions[0].wedge], path);
	for (int i = 0; i < path->interaction_count; i++)
		if (path->interactions[i].kind == RPM_INTERACTION_REFLECTION)
			image = rpm_mirror(image, &work->scene->facets[path->interactions[i].facet]);
	path->length_m = rpm_norm(rpm_sub(work->receiver, image));
	path->arrival = path->departure = rpm_unit(rpm_sub(work->receiver, image));
	for (int i = path->interaction_count - 1; i >= 0; i--)
		if (path->interactions[i].kind == RPM_INTERACTION_REFLECTION)
			path->departure = rpm_mirror_direction(path->departure, work->scene->facets[path->interactions[i].facet].normal);
	return follow_field(work, path);
}

/* A leg is free, or with refraction goes through walls while the path has fewer than `room` interactions. */
static bool
add_leg(const rpm_paths_work *work, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int room, rpm_path *path)
{
	rpm_leg_crossing crossings[RPM_MAX_DEPTH];
	int			count;

	if (!(work->options->mechanisms & RPM_REFRACTION))
		return rpm_leg_clear(work->scene, work->query, p, q, own, 2);
	room -= path->interaction_count;
	count = rpm_leg_crossings(work->scene, work->query, p, q, own, 2, crossings, room);
	if (count > room)
		return false;
	for (int i = 0; i < count; i++)
		add_interaction(work->scene, path, RPM_INTERACTION_REFRACTION, crossings[i].facet, crossings[i].point);
	return true;
}

static void
add_interaction(const rpm_scene *scene, rpm_path *path, char kind, int32_t facet, rpm_vec3 point)
{
	rpm_interaction *interaction = &path->interactions[path->interaction_count++];

	interaction->kind = kind;
	interaction->facet = facet;
	interaction->wedge = -1;
	interaction->building = scene->facets[facet].building;
	interaction->material = scene->facets[facet].material;
	interaction->point = point;
	interaction->incidence_rad = 0;
}

/* The field along the points; false where nothing arrives (metal, the far side of a half-space, a null of the pattern). */
static bool
follow_field(const rpm_paths_work *work, rpm_path *path)
{
	double		frequency_hz = work->antenna->frequency_hz, wavelength_m = RPM_SPEED_OF_LIGHT_M_S / frequency_hz;
	rpm_vec3	direction = path->departure;
	rpm_cvec3	e = rpm_antenna_field(work->antenna, direction);

	for (int i = 0; i < path->interaction_count; i++)
	{
		rpm_interaction *interaction = &path->interactions[i];
		const rpm_material *material = &work->scene->materials[interaction->material];
		rpm_vec3	normal = work->scene->facets[interaction->facet].normal;
		double		cos_incidence = fmin(1.0, fabs(rpm_dot(direction, normal)));
		rpm_interface wall = rpm_wall(material, frequency_hz, cos_incidence);

		interaction->incidence_rad = acos(cos_incidence);
		if (interaction->kind == RPM_INTERACTION_REFRACTION)
			e = rpm_transmit_field(e, direction, normal, wall);
		else
		{
			e = rpm_cvec_scale(rpm_reflect_field(e, direction, normal, wall), rpm_paths_specular_share(work, material));
			direction = rpm_mirror_direction(direction, normal);
		}
	}
	e = rpm_cvec_scale(e, wavelength_m / (4 * RPM_PI * path->length_m));
	path->field = rpm_cvec_mul(e, rpm_cx_phase(-2 * RPM_PI * fmod(path->length_m / wavelength_m, 1)));
	return rpm_path_total_gain(path) > 0;
}

double
rpm_paths_specular_share(const rpm_paths_work *work, const rpm_material *material)
{
	double		s = fmin(1.0, material->scattering_coefficient * work->options->scattering_scale);

	return sqrt(1 - s * s);
}
