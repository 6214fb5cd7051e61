/*
 * band_power.h: the power that comes along a band.
 */
#ifndef RPM_BAND_POWER_H
#define RPM_BAND_POWER_H

#include "trace/map_internal.h"

/* Where a band begins: the antenna, or its image in a wall. */
typedef struct rpm_band_source
{
	rpm_vec3	position;
	int32_t		facet;			/* RPM_NO_FACET: the antenna itself */
} rpm_band_source;

RPM_INLINE rpm_band_source
rpm_band_antenna(const rpm_map_job *job)
{
	return (rpm_band_source) {job->antenna->position, RPM_NO_FACET};
}

/*
 * The power at the band's end: free space along the band, times Vogler's attenuation by knife edges, times what each edge is as a wedge
 * of its walls' material over what it is as a knife edge; at most rpm_band_most_power.
 */
RPM_SHARED double rpm_band_power(const rpm_map_job *job, const rpm_band_source *source, const rpm_band *band);

/* What can come over the band at most: by the source's gain towards it and each corner alone. */
RPM_SHARED double rpm_band_most_power(const rpm_map_job *job, const rpm_band_source *source, const rpm_band *band);

/* The same where the band, of this length, has no corner. */
RPM_SHARED double rpm_band_free_power(const rpm_map_job *job, const rpm_band_source *source, rpm_vec3 towards, double length_m);

/*
 * A polarisation of unit power across a direction of travel, with the source's share across and along the vertical plane: that of the way
 * that leaves it along `first`.  Both parts are a quarter period apart.
 */
RPM_SHARED rpm_cvec3 rpm_band_polarisation(const rpm_map_job *job, const rpm_band_source *source, rpm_vec3 first, rpm_vec3 k);

/*
 * With one corner the band's power is that of its wedge, whose field the map has: takes from the fields of the band's corners what the band
 * has of them, its `several` of it times weight, and returns the band's share: weight where no corner has a field.
 */
RPM_SHARED double rpm_band_takes(const rpm_map_job *job, const rpm_band *band, double weight, rpm_map_diffracted *diffracted, int count);

#endif
