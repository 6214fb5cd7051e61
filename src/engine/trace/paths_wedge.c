/*
 * paths_wedge.c: the path over one wedge: Keller's point in closed form, both legs free, the field by rpm_utd.h.
 */
#include "trace/paths.h"
#include "rpm_em.h"

static double keller_point(double along_in, double from_edge_in, double along_out, double from_edge_out);
static double distance_to_edge(const rpm_wedge *wedge, rpm_vec3 point, double *along_m);
static bool outside(const rpm_wedge *wedge, rpm_vec3 point, double distance_m);
static void wedge_field(const rpm_paths_work *work, const rpm_wedge *wedge, double s_in, double s_out, rpm_path *path);

bool
rpm_paths_solve_wedge(const rpm_paths_work *work, size_t index, rpm_path *path)
{
	const rpm_wedge *wedge = &work->scene->wedges[index];
	int32_t		own[2] = {wedge->facet_0, wedge->facet_n};
	double		along_in, along_out;
	double		from_edge_in = distance_to_edge(wedge, work->transmitter, &along_in);
	double		from_edge_out = distance_to_edge(wedge, work->receiver, &along_out);
	double		along = keller_point(along_in, from_edge_in, along_out, from_edge_out);
	rpm_vec3	point;
	rpm_interaction *interaction = &path->interactions[0];

	if (from_edge_in < RPM_DEGENERATE_M || from_edge_out < RPM_DEGENERATE_M)
		return false;
	if (along < 0 || along > wedge->length_m || !outside(wedge, work->transmitter, from_edge_in)
		|| !outside(wedge, work->receiver, from_edge_out))
		return false;
	point = rpm_along(wedge->start, along, wedge->direction);
	if (!rpm_leg_clear(work->scene, work->query, work->transmitter, point, own, 2)
		|| !rpm_leg_clear(work->scene, work->query, point, work->receiver, own, 2))
		return false;
	path->interaction_count = 1;
	interaction->kind = RPM_INTERACTION_DIFFRACTION;
	interaction->facet = wedge->facet_0;
	interaction->wedge = (int32_t) index;
	interaction->building = wedge->building;
	interaction->material = work->scene->facets[wedge->facet_0].material;
	return rpm_paths_follow_wedge(work, wedge, path);
}

bool
rpm_paths_follow_wedge(const rpm_paths_work *work, const rpm_wedge *wedge, rpm_path *path)
{
	double		along_in, along_out;
	double		from_edge_in = distance_to_edge(wedge, work->transmitter, &along_in);
	double		from_edge_out = distance_to_edge(wedge, work->receiver, &along_out);
	rpm_vec3	point = rpm_along(wedge->start, keller_point(along_in, from_edge_in, along_out, from_edge_out), wedge->direction);
	double		s_in = rpm_norm(rpm_sub(point, work->transmitter));
	double		s_out = rpm_norm(rpm_sub(work->receiver, point));

	path->departure = rpm_unit(rpm_sub(point, work->transmitter));
	path->arrival = rpm_unit(rpm_sub(work->receiver, point));
	path->length_m = s_in + s_out;
	path->interactions[0].point = point;
	path->interactions[0].incidence_rad = acos(fmin(1.0, fabs(rpm_dot(path->departure, wedge->direction))));
	wedge_field(work, wedge, s_in, s_out, path);
	return rpm_path_total_gain(path) > 0;
}

/* Unfolded into one half-plane the path is a straight line: equal angles with the edge. */
static double
keller_point(double along_in, double from_edge_in, double along_out, double from_edge_out)
{
	return along_in + (along_out - along_in) * from_edge_in / (from_edge_in + from_edge_out);
}

static double
distance_to_edge(const rpm_wedge *wedge, rpm_vec3 point, double *along_m)
{
	rpm_vec3	d = rpm_sub(point, wedge->start);

	*along_m = rpm_dot(d, wedge->direction);
	return rpm_norm(rpm_along(d, -*along_m, wedge->direction));
}

/* Not between the faces; a point on a face counts as outside. */
static bool
outside(const rpm_wedge *wedge, rpm_vec3 point, double distance_m)
{
	rpm_vec3	d = rpm_sub(point, wedge->start);
	double		phi = atan2(rpm_dot(d, wedge->normal_0), rpm_dot(d, wedge->tangent_0));
	double		rounding = RPM_DEGENERATE_M / distance_m;

	if (phi < 0)
		phi += 2 * RPM_PI;
	return phi <= wedge->n_pi + rounding || phi >= 2 * RPM_PI - rounding;
}

static void
wedge_field(const rpm_paths_work *work, const rpm_wedge *wedge, double s_in, double s_out, rpm_path *path)
{
	double		frequency_hz = work->antenna->frequency_hz, wavelength_m = RPM_SPEED_OF_LIGHT_M_S / frequency_hz;
	const rpm_material *face_0 = &work->scene->materials[work->scene->facets[wedge->facet_0].material];
	const rpm_material *face_n = &work->scene->materials[work->scene->facets[wedge->facet_n].material];
	rpm_cvec3	e = rpm_antenna_field(work->antenna, path->departure);
	rpm_diffraction d = rpm_wedge_diffraction(wedge->direction, wedge->tangent_0, wedge->normal_0, wedge->n_pi, path->departure,
											  path->arrival, s_in, s_out, frequency_hz, e, face_0, face_n);

	d.reflected_part_0 = rpm_cvec_scale(d.reflected_part_0, rpm_paths_specular_share(work, face_0));
	d.reflected_part_n = rpm_cvec_scale(d.reflected_part_n, rpm_paths_specular_share(work, face_n));
	e = rpm_cvec_scale(rpm_diffraction_total(&d), work->options->diffraction_scale * wavelength_m / (4 * RPM_PI));
	path->field = rpm_cvec_mul(e, rpm_cx_phase(-2 * RPM_PI * fmod(path->length_m / wavelength_m, 1)));
}
