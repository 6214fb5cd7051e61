/*
 * rpm_path_derivatives.h: how a path's gain changes with the antenna's place and direction and with the materials that it meets.
 *
 * The path keeps its interactions: its points move as images and Keller's law say, and its end stays.  What a derivative does not see is a
 * path that begins or ends to exist.
 */
#ifndef RPM_PATH_DERIVATIVES_H
#define RPM_PATH_DERIVATIVES_H

#include "rpm_trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A diffracting edge has a material on each side. */
#define RPM_PATH_MOST_MATERIALS (RPM_MAX_DEPTH + 1)

/* Derivatives of 10 log10 of the gain; NaN where there is none (a null of the gain, an end in the plane of a wall). */
typedef struct rpm_path_derivatives
{
	double		gain_db;
	double		position_db_m[3];	/* the antenna moved east, north and up, as the scene's grid has them */
	double		azimuth_db_deg, tilt_db_deg;	/* turned clockwise; mechanically tilted down */
	int			material_count;		/* each material once, in the order of travel */
	int32_t		materials[RPM_PATH_MOST_MATERIALS];	/* indices of the scene's */
	double		permittivity_db[RPM_PATH_MOST_MATERIALS];	/* for each unit of the real relative permittivity */
	double		conductivity_db_m_s[RPM_PATH_MOST_MATERIALS];	/* for each S/m */
	double		thickness_db_m[RPM_PATH_MOST_MATERIALS];	/* for each metre; NaN for a half-space */
} rpm_path_derivatives;

/*
 * Derivatives of the gain of a path that rpm_trace_paths found between these ends with these options.  slant_rad is the receive
 * polarisation's (rpm_path_gain); NaN sums both.  By central differences of the path's closed form, which are good to some 1e-6 of
 * themselves where the gain is smooth (a pattern between two measured degrees is); no ray is cast.  Errors: RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_path_derive(const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options,
							const rpm_path *path, double slant_rad, rpm_path_derivatives *derivatives, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
